package acceptance

import (
	"context"
	"path/filepath"
	"testing"
	"time"
)

// TestResetLosesNothing: the fill of an order whose sender hung up comes after a
// sequence reset, marked with 97=Y, also if the gateway was killed in between, and
// until the client is known to have it; with the same ExecID each time.
func TestResetLosesNothing(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := filepath.Join(t.TempDir(), "data")
	g := startGateway(t, demoArgs(dir)...)
	got := newAnswers()
	c := NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")
	if _, err := c.Logon(ctx, g.FIX, "141=Y"); err != nil {
		t.Fatal(err)
	}
	waitForQuotes(ctx, t, c, "MD", got)
	if err := c.Send("D", "11=RESET-1", "55=BTC-PERP", "54=1", "60="+Now(), "38=0.001", "40=1", "59=3"); err != nil {
		t.Fatal(err)
	}
	// The fill is said; this client hangs up, and nobody knows whether it read it.
	readUntil(ctx, t, c, got, func() bool { return got.fills["RESET-1"] == 1 })
	c.Drop()

	var exec string
	repeated := func(what string) *Client {
		t.Helper()
		c := NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")
		if _, err := c.Logon(ctx, g.FIX, "141=Y"); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for {
			f, err := c.NextOf(ctx, "8")
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if f.Get(11) != "RESET-1" || f.Get(97) != "Y" || f.Get(43) == "Y" {
				t.Fatalf("%s: got %s", what, f)
			}
			if old := got.byExec[f.Get(17)]; old == nil || old.Get(60) != f.Get(60) || old.Get(31) != f.Get(31) {
				t.Fatalf("%s: %s was %s", what, f, old)
			}
			if f.Get(150) == "F" {
				exec = f.Get(17)
				return c
			}
		}
	}
	repeated("after the hang-up").Drop()
	first := exec
	g.Kill()
	g = startGateway(t, demoArgs(dir)...)
	c = repeated("after the kill")
	if exec != first {
		t.Errorf("ExecID %s, then %s", first, exec)
	}
	// A logout to its end shows that the client has all: nothing comes again.
	if err := c.Logout(ctx); err != nil {
		t.Fatal(err)
	}
	c = NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")
	if _, err := c.Logon(ctx, g.FIX, "141=Y"); err != nil {
		t.Fatal(err)
	}
	if err := c.Send("D", "11=RESET-1", "55=BTC-PERP", "54=1", "60="+Now(), "38=0.001", "40=1", "59=3"); err != nil {
		t.Fatal(err)
	}
	if f, err := c.NextOf(ctx, "8"); err != nil || f.Get(150) != "I" && f.Get(103) != "6" || f.Get(97) == "Y" {
		t.Errorf("the order again: %s, %v", f, err)
	}
	if err := c.Logout(ctx); err != nil {
		t.Error(err)
	}
	verify(ctx, t, g, dir)
}
