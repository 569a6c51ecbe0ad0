package acceptance

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// signedFrame is a Logon with this number, signed now.
func signedFrame(c *Client, key ed25519.PrivateKey, number int, more ...string) string {
	now := Now()
	text := strings.Join([]string{"A", c.Sender, c.Target, strconv.Itoa(number), now}, soh)
	sig := base64.StdEncoding.EncodeToString(ed25519.Sign(key, []byte(text)))
	fields := append([]string{"35=A", "34=" + strconv.Itoa(number), "49=" + c.Sender, "56=" + c.Target, "52=" + now,
		"98=0", "108=30", "95=" + strconv.Itoa(len(sig)), "96=" + sig}, more...)
	return complete("8=FIX.4.4" + soh + strings.Join(fields, soh) + soh)
}

// TestSignedLogon: a client that signs logs on; what it sent is of no use to
// another, also after the gateway was killed; a password is not either. Refusals
// are in the audit.
func TestSignedLogon(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	args, dir := lastingVenue(t, Venue{})
	file := args[len(args)-1]
	config := strings.Replace(Venue{}.TOML(), "comp_id = \"DEMO1\"\nsecret = \"plain:demo\"",
		"comp_id = \"DEMO1\"\nauth = \"signature\"\nsecret = \"ed25519:"+base64.StdEncoding.EncodeToString(public)+"\"", 1)
	if config == (Venue{}).TOML() {
		t.Fatal("the venue has no such session")
	}
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	g := startGateway(t, args...)
	say := func(frame, text string) {
		t.Helper()
		c := NewClient("DEMO1", "BACKSTOP", "", "")
		if err := c.Dial(g.FIX); err != nil {
			t.Fatal(err)
		}
		defer c.Drop()
		if err := c.SendRaw(frame); err != nil {
			t.Fatal(err)
		}
		f, err := c.Next(ctx)
		if text == "" && (err != nil || f.Get(35) != "A") || text != "" && !refusedWith(err, text) {
			t.Errorf("answered with %s, %v; want %q", f, err, text)
		}
	}
	c := NewClient("DEMO1", "BACKSTOP", "", "")
	captured := signedFrame(c, private, 1, "141=Y")
	say(captured, "")
	say(captured, "Logon refused")
	g.Kill()
	g = startGateway(t, args...)
	say(captured, "Logon refused")
	say(signedFrame(c, private, 1, "141=Y"), "")
	p := NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")
	if f, err := p.Logon(ctx, g.FIX); !refusedWith(err, "Logon refused") {
		t.Errorf("a password: %s, %v", f, err)
	}
	if code, err := g.Stop(); err != nil || code != 0 {
		t.Fatalf("%d, %v", code, err)
	}
	out, talk, code, err := Run(ctx, "audit", "list", "--data-dir", dir)
	if err != nil || code != 0 || !strings.Contains(out, "signature was used before") {
		t.Errorf("audit: exit %d, %v\n%s%s", code, err, out, talk)
	}
}

// refusedWith tells whether a Logon was answered with a Logout of number 0, which
// the client takes for an error.
func refusedWith(err error, text string) bool {
	return err != nil && strings.Contains(err.Error(), "|35=5|34=0|") && strings.Contains(err.Error(), "|58="+text+"|")
}
