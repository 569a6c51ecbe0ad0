package acceptance

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"
	"unicode"
)

// hostileName would run in a page, and clear a terminal and set its title.
const hostileName = "<script>x=1</script>\x1b[2J\x1b]0;owned\x07"

// TestHostileNames: C13. A stranger whose name steers terminals, and a client who
// calls orders and says texts so, are shown by no command and no page as anything
// but text.
func TestHostileNames(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args, dir := lastingVenue(t, Venue{})
	g := startGateway(t, args...)
	stranger := NewClient(hostileName, "BACKSTOP", hostileName, "demo")
	if _, err := stranger.Logon(ctx, g.FIX); err == nil {
		t.Fatal("a stranger was let in")
	}
	c := NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")
	if _, err := c.Logon(ctx, g.FIX); err != nil {
		t.Fatal(err)
	}
	waitForQuotes(ctx, t, c, "MD", newAnswers())
	tags := "<script>y=1</script>" // What an id may hold: no control characters.
	for _, id := range []string{tags, hostileName} {
		if err := c.Send("D", order(id, "1", "40=1", "59=3", "58="+hostileName)[1:]...); err != nil {
			t.Fatal(err)
		}
		if _, err := c.NextOf(ctx, "8", "3", "j"); err != nil {
			t.Fatal(err)
		}
	}
	for _, command := range [][]string{
		{"session", "knocks", "--data-dir", dir}, {"session", "knocks", "--data-dir", dir, "--json"},
		{"explain", "order", tags, "--account", "DEMO1", "--data-dir", dir}, {"explain", "order", hostileName, "--account", "DEMO1", "--data-dir", dir},
		{"statement", "--account", "DEMO1", "--data-dir", dir}, {"statement", "--account", "DEMO1", "--format", "html", "--data-dir", dir},
		{"journal", "dump", "--kind", "PlaceOrder", "--data-dir", dir}, {"audit", "list", "--data-dir", dir},
	} {
		out, talk, _, err := Run(ctx, command...)
		if err != nil {
			t.Fatal(err)
		}
		if at := strings.IndexFunc(out+talk, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' }); at >= 0 {
			t.Errorf("%q lets a terminal obey: %.80q", command, (out + talk)[at:])
		}
		if command[0] == "statement" && strings.Contains(out, "<script") {
			t.Errorf("%q holds a tag", command)
		}
		if command[1] == "knocks" && !strings.Contains(out, "script") {
			t.Errorf("%q does not show the stranger: %s", command, out)
		}
	}
	for _, path := range []string{"/api/v1/status", "/api/v1/fills", "/readyz"} {
		if _, text := page(ctx, t, g, path); strings.Contains(text, "<script") {
			t.Errorf("%s holds a tag", path)
		}
	}
	if host, _, err := net.SplitHostPort(g.HTTP); err != nil || !net.ParseIP(host).IsLoopback() {
		t.Errorf("the page is at %s", g.HTTP)
	}
	if err := c.Logout(ctx); err != nil {
		t.Error(err)
	}
}
