package acceptance

import (
	"context"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// copiesUntil reads copies until one of a kind comes for an order, and returns it.
// Every report has to be a copy, and the next one of its account: seen has the
// number of the last one.
func copiesUntil(ctx context.Context, t *testing.T, c *Client, seen map[string]int, id, kind string) Fields {
	t.Helper()
	for {
		f, err := c.NextOf(ctx, "8")
		if err != nil {
			t.Fatalf("copy of %s 150=%s: %v", id, kind, err)
		}
		seen[f.Get(1)]++
		if f.Get(797) != "Y" || f.Get(22007) != strconv.Itoa(seen[f.Get(1)]) {
			t.Fatalf("no copy, or not event %d: %s", seen[f.Get(1)], f)
		}
		if f.Get(11) == id && f.Get(150) == kind {
			return f
		}
	}
}

// TestDropCopy: the demo's DEMODC is told what its clients are told, live, after
// it was away, after a sequence reset and after the gateway was killed; it may not
// trade, and the end of an order at a disconnect reaches it at once.
func TestDropCopy(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := filepath.Join(t.TempDir(), "data")
	g := startGateway(t, demoArgs(dir)...)
	copies := NewClient("DEMODC", "BACKSTOP", "DEMODC", "demo")
	c, d := leaver{NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo"), map[string]int{}}, leaver{NewClient("DEMO2", "BACKSTOP", "DEMO2", "demo"), map[string]int{}}
	logon := func(c *Client, extra ...string) {
		t.Helper()
		if _, err := c.Logon(ctx, g.FIX, extra...); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]int{}
	logon(copies, "22000=VAMM1")
	logon(c.Client)
	logon(d.Client)
	waitForQuotes(ctx, t, c.Client, "MD", newAnswers())
	c.place(ctx, t, "DC-1")
	d.place(ctx, t, "DC-2")
	if f := copiesUntil(ctx, t, copies, seen, "DC-1", "0"); f.Get(1) != "DEMO1" || f.Get(43) == "Y" {
		t.Errorf("live copy %s", f)
	}
	copiesUntil(ctx, t, copies, seen, "DC-2", "0")
	if err := copies.Send("D", "11=DC-X", "1=DEMO1", "55=BTC-PERP", "54=1", "60="+Now(), "38=0.001", "40=1"); err != nil {
		t.Fatal(err)
	}
	if f, err := copies.NextOf(ctx, "j"); err != nil || f.Get(380) != "6" || f.Get(379) != "DC-X" {
		t.Errorf("an order of a drop copy session: %s, %v", f, err)
	}
	c.Drop()
	if f := copiesUntil(ctx, t, copies, seen, "DC-1", "4"); f.Get(58) != "CANCEL_ON_DISCONNECT" {
		t.Errorf("copy of the end %s", f)
	}

	copies.Drop()
	d.place(ctx, t, "DC-3")
	g.Kill()
	d.Drop()
	g = startGateway(t, demoArgs(dir)...)
	logon(copies, "22000=VAMM1") // with its numbers: the gap is asked for
	// The orders of both ended and began while it was away: nothing is missing.
	if f := copiesUntil(ctx, t, copies, seen, "DC-3", "0"); f.Get(43) != "Y" {
		t.Errorf("copy made while away %s", f)
	}
	copiesUntil(ctx, t, copies, seen, "DC-3", "4") // The kill ended the session of DEMO2.
	copies.Drop()

	logon(c.Client)
	waitForQuotes(ctx, t, c.Client, "MD2", newAnswers())
	c.place(ctx, t, "DC-4")
	again := NewClient("DEMODC", "BACKSTOP", "DEMODC", "demo")
	logon(again, "141=Y")
	repeatedCopies(ctx, t, again, "DC-4")
	if err := again.Logout(ctx); err != nil {
		t.Error(err)
	}
	if err := c.Logout(ctx); err != nil {
		t.Error(err)
	}
	verify(ctx, t, g, dir)
}

// repeatedCopies reads what comes after a reset, up to the report of an order.
func repeatedCopies(ctx context.Context, t *testing.T, c *Client, id string) {
	t.Helper()
	for {
		f, err := c.NextOf(ctx, "8")
		if err != nil {
			t.Fatal(err)
		}
		if f.Get(97) != "Y" || f.Get(797) != "Y" {
			t.Fatalf("after the reset: %s", f)
		}
		if f.Get(11) == id {
			return
		}
	}
}
