package acceptance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"backstop/certify"
)

// guidedClient is a client of a certification gateway that keeps what it is told of
// its certification.
type guidedClient struct {
	*Client
	t    *testing.T
	said []string
}

// next returns the next message that is no News of the certification; those are kept.
func (c *guidedClient) next() Fields {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), answerMax)
	defer cancel()
	f, err := c.Next(ctx)
	if err != nil {
		c.t.Fatalf("%v, after %q", err, c.said)
	}
	if f.Get(35) == "B" {
		if !strings.HasPrefix(f.Get(148), "CERTIFICATION ") {
			c.t.Errorf("News of something else: %s", f)
		}
		c.said = append(c.said, f.All(58)...)
	}
	return f
}

// told waits until a line that begins so was said, and returns the newest one.
func (c *guidedClient) told(begin string) string {
	c.t.Helper()
	for {
		for _, line := range slices.Backward(c.said) {
			if strings.HasPrefix(line, begin) {
				return line
			}
		}
		c.next()
	}
}

// answer waits for a message with these fields.
func (c *guidedClient) answer(fields ...string) {
	c.t.Helper()
	for {
		f := c.next()
		if !slices.ContainsFunc(fields, func(want string) bool { return !slices.Contains(f, want) }) {
			return
		}
	}
}

// open waits until a market is: it may still wait for its first price.
func (c *guidedClient) open(symbol string) {
	c.t.Helper()
	c.say("e", "324=E-"+symbol, "55="+symbol, "263=1")
	for {
		f := c.next()
		if f.Get(35) == "f" && f.Get(55) == symbol && slices.Contains([]string{"17", "3"}, f.Get(326)) {
			return
		}
	}
}

func (c *guidedClient) say(kind string, fields ...string) (seq int) {
	c.t.Helper()
	seq, err := c.SendNumbered(kind, fields...)
	if err != nil {
		c.t.Fatal(err)
	}
	return seq
}

func (c *guidedClient) order(id, side, kind string, more ...string) (seq int) {
	c.t.Helper()
	return c.say("D", append([]string{"11=" + id, "1=DEMO3", "55=CERT-FILL", "54=" + side, "60=" + Now(), "38=1", "40=" + kind}, more...)...)
}

// TestGuided: a client runs its own software on a certification gateway. It is told
// which check is open, what passes, and what fails with the number of its message;
// the report is there at any time and says the same; a restart forgets nothing.
func TestGuided(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{"demo", "--cert", "--dir", filepath.Join(dir, "data"), "--fix", "127.0.0.1:0", "--http", "127.0.0.1:0"}
	log, err := os.Create(filepath.Join(dir, "gateway.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	g, err := Start(t.Context(), log, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { g.Kill() }()
	alone := NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")
	if _, err := alone.Logon(t.Context(), g.FIX); err != nil {
		t.Fatal(err)
	}
	defer alone.Drop()

	c := &guidedClient{Client: NewClient("DEMO3", "BACKSTOP", "DEMO3", "demo"), t: t}
	if _, err := c.Logon(t.Context(), g.FIX, "141=Y"); err != nil {
		t.Fatal(err)
	}
	c.does()
	wrong := c.order("A1", "2", "1") // An id that was used before.
	if line := c.told("FAILED C25 "); !strings.Contains(line, fmt.Sprintf("client 34=%d NewOrderSingle (D)", wrong)) {
		t.Errorf("told %q, the mistake is message %d", line, wrong)
	}
	guidedReport(t, g, filepath.Join(dir, "out"), wrong)
	if err := c.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	leftAlone(t, alone)
	if code, err := g.Stop(); err != nil || code != 0 {
		t.Fatalf("the gateway ended with %d, %v", code, err)
	}
	if g, err = Start(t.Context(), log, args...); err != nil {
		t.Fatal(err)
	}
	c.said = nil
	if _, err := c.Logon(t.Context(), g.FIX); err != nil {
		t.Fatal(err)
	}
	if line := c.told("FAILED C25 "); !strings.Contains(line, fmt.Sprintf("client 34=%d", wrong)) {
		t.Errorf("after the restart told %q", line)
	}
	c.told("NOT_OBSERVED ")
	if err := c.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	if code, err := g.Stop(); err != nil || code != 0 {
		t.Fatalf("the gateway ended with %d, %v", code, err)
	}
}

// does what several checks want, well.
func (c *guidedClient) does() {
	c.t.Helper()
	c.told("OPEN C01 ")
	c.told("NOT_OBSERVED C01 ")
	c.say("x", "320=L", "559=4")
	c.answer("35=y", "320=L")
	c.open("CERT-FILL")
	c.order("A1", "1", "1")
	c.answer("35=8", "11=A1", "39=2")
	c.told("PASSED C13 ")
	c.told("PASSED C25 ")
	c.order("A2", "1", "2", "44=90", "59=1")
	c.answer("35=8", "11=A2", "150=0")
	c.say("F", "11=A3", "41=A2", "55=CERT-FILL", "54=1", "60="+Now(), "38=1")
	c.answer("35=8", "11=A3", "150=4")
	c.say("F", "11=A4", "41=NOPE", "55=CERT-FILL", "54=1", "60="+Now(), "38=1")
	c.answer("35=9", "11=A4")
	c.told("PASSED C22 ")
	if i := slices.IndexFunc(c.said, func(l string) bool { return strings.HasPrefix(l, "FAILED") }); i >= 0 {
		c.t.Fatalf("nothing was done wrong, but %s", c.said[i])
	}
}

// leftAlone: a session that is not guided was told nothing of a certification.
func leftAlone(t *testing.T, c *Client) {
	t.Helper()
	if err := c.Send("5"); err != nil {
		t.Fatal(err)
	}
	for {
		f, err := c.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil || f.Get(35) != "5" {
			t.Fatalf("a session that is not guided was told %s, %v", f, err)
		}
	}
}

// guidedReport: what the command says of the running session is what its client was
// told, and can be derived again from the log that it leaves.
func guidedReport(t *testing.T, g *Gateway, out string, wrong int) {
	t.Helper()
	text, talk, code, err := Run(t.Context(), "certify", "report", "--session", "DEMO3", "--data-dir", g.DataDir, "--out", out, "--json")
	if err != nil || code != 7 {
		t.Fatalf("certify report ended with %d, %v, %s", code, err, talk)
	}
	r := reportOf(t, text)
	want := map[string]string{"C13": certify.Passed, "C22": certify.Passed, "C25": certify.Failed, "C03": certify.NotObserved}
	for _, f := range r.Findings {
		if v, named := want[f.Check.ID]; named && f.Verdict != v || f.Verdict == certify.Failed && f.Check.ID != "C25" {
			t.Errorf("%s is %s: %s", f.Check.ID, f.Verdict, f.Why)
		}
		if f.Check.ID == "C25" && f.Evidence[0].Seq != wrong {
			t.Errorf("C25: the evidence is %s, want message %d", f.Evidence[0], wrong)
		}
	}
	log := filepath.Join(out, "messages.log")
	if _, talk, code, err := Run(t.Context(), "certify", "report", "--verify", filepath.Join(out, "report.json"), "--log", log); err != nil || code != 0 {
		t.Errorf("the report is not what its log says: %d, %v, %s", code, err, talk)
	}
	said, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(said), "554=demo") {
		t.Error("the password stands in the log")
	}
	if _, _, code, err := Run(t.Context(), "certify", "report", "--session", "DEMO1", "--data-dir", g.DataDir); err != nil || code != 4 {
		t.Errorf("a session that is not guided: exit %d, %v", code, err)
	}
}

// TestGuidedGap: a report that is left out on purpose is not in what the gateway keeps
// of a guided session until it has been asked for, and a client that asks for it is
// told of no failure.
func TestGuidedGap(t *testing.T) {
	t.Parallel()
	g := startGateway(t, "demo", "--cert", "--fix", "127.0.0.1:0", "--http", "127.0.0.1:0")
	c := &guidedClient{Client: NewClient("DEMO3", "BACKSTOP", "DEMO3", "demo"), t: t}
	if _, err := c.Logon(t.Context(), g.FIX, "141=Y"); err != nil {
		t.Fatal(err)
	}
	c.open("CERT-GAP")
	c.say("D", "11=G1", "1=DEMO3", "55=CERT-GAP", "54=1", "60="+Now(), "38=1", "40=1")
	c.answer("35=8", "11=G1", "39=2")
	c.told("PASSED C03 ")
	if i := slices.IndexFunc(c.said, func(l string) bool { return strings.HasPrefix(l, "FAILED") }); i >= 0 {
		t.Errorf("nothing was done wrong, but %s", c.said[i])
	}
	if err := c.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	if _, talk, code, err := Run(t.Context(), "certify", "report", "--session", "DEMO3", "--data-dir", g.DataDir, "--out", out); err != nil || code != 7 {
		t.Fatalf("certify report ended with %d, %v, %s", code, err, talk)
	}
	for _, f := range reportIn(t, out).Findings {
		if f.Verdict == certify.Failed {
			t.Errorf("%s: %s %v", f.Check.ID, f.Why, f.Evidence)
		}
	}
	log, err := os.ReadFile(filepath.Join(out, "messages.log"))
	if err != nil {
		t.Fatal(err)
	}
	came := 0
	for line := range strings.Lines(string(log)) {
		if f := Parse(line); slices.Contains(f, "11=G1") && slices.Contains(f, "150=0") {
			came++
			if f.Get(43) != "Y" {
				t.Errorf("it is there though it never went out: %s", f)
			}
		}
	}
	if came != 1 {
		t.Errorf("it came %d times, want once", came)
	}
}
