package acceptance

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// leaver is a client that places orders and goes.
type leaver struct {
	*Client
	ended map[string]int // ends of orders that it was told of, by ClOrdID
}

// until reads reports until one of a kind comes for an order, and counts ends.
func (c leaver) until(ctx context.Context, t *testing.T, id, kind string) {
	t.Helper()
	for {
		f, err := c.NextOf(ctx, "8")
		if err != nil {
			t.Fatalf("%s 150=%s: %v", id, kind, err)
		}
		if f.Get(150) == "4" {
			c.ended[f.Get(11)]++
			if f.Get(378) != "99" || f.Get(58) != "CANCEL_ON_DISCONNECT" || f.Get(39) != "4" {
				t.Errorf("ended with %s", f)
			}
		}
		if f.Get(11) == id && f.Get(150) == kind {
			return
		}
	}
}

// place places an order that rests, a stop order if it is to be one.
func (c leaver) place(ctx context.Context, t *testing.T, id string, stop ...string) {
	t.Helper()
	terms := append([]string{"11=" + id, "55=BTC-PERP", "54=1", "60=" + Now(), "38=0.001"}, stop...)
	if len(stop) == 0 {
		terms = append(terms, "40=2", "44=57000", "59=1")
	}
	err := c.Send("D", terms...)
	if err != nil {
		t.Fatal(err)
	}
	c.until(ctx, t, id, "0")
}

// TestOrdersEndWithTheSession: working orders end with the connection of their
// session, or with the gateway, and their client reads so at its next logon, once
// for each; an order of a client that asked to keep its orders stays.
func TestOrdersEndWithTheSession(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := filepath.Join(t.TempDir(), "data")
	c := leaver{NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo"), map[string]int{}}
	g := startGateway(t, demoArgs(dir)...)
	logon := func(wish ...string) {
		t.Helper()
		if _, err := c.Logon(ctx, g.FIX, wish...); err != nil {
			t.Fatal(err)
		}
	}
	logon()
	waitForQuotes(ctx, t, c.Client, "MD", newAnswers())
	c.place(ctx, t, "U-1")
	c.Drop()
	logon()
	c.until(ctx, t, "U-1", "4")
	c.place(ctx, t, "U-2", "40=3", "99=90000")
	g.Kill()
	c.Drop()
	g = startGateway(t, demoArgs(dir)...)
	logon()
	c.until(ctx, t, "U-2", "4")
	c.place(ctx, t, "U-3")
	if err := c.Logout(ctx); err != nil {
		t.Fatal(err)
	}
	logon("8013=N")
	c.until(ctx, t, "U-3", "4")
	for i := range 2 { // kept over a disconnect, and over one that the gateway is
		id := fmt.Sprint("K-", i)
		c.place(ctx, t, id, [][]string{nil, {"40=4", "99=90000", "44=90100", "59=6", "126=" + in(time.Hour)}}[i]...)
		c.Drop()
		if i == 1 {
			g.Kill()
			g = startGateway(t, demoArgs(dir)...)
		}
		logon("8013=N")
		if err := c.Send("H", "11="+id, "55=BTC-PERP", "54=1", "790="+id); err != nil {
			t.Fatal(err)
		}
		c.until(ctx, t, id, "I")
	}
	if err := c.Send("D", "11=S-1", "55=BTC-PERP", "54=1", "60="+Now(), "38=0.001", "40=2", "44=57000", "59=1", "18=o"); err != nil {
		t.Fatal(err)
	}
	c.until(ctx, t, "S-1", "8") // STRICT44 has no such value.
	if err := c.Logout(ctx); err != nil {
		t.Fatal(err)
	}
	logon("8013=N", "22000=VAMM1")
	c.place(ctx, t, "T-1", "40=2", "44=57000", "59=1", "18=6 o") // tied to the connection, whatever 8013 says
	c.place(ctx, t, "K-2")
	c.Drop()
	logon("8013=N", "22000=VAMM1")
	c.until(ctx, t, "T-1", "4")
	if err := c.Send("H", "11=K-2", "55=BTC-PERP", "54=1", "790=K-2"); err != nil {
		t.Fatal(err)
	}
	c.until(ctx, t, "K-2", "I")
	if want := map[string]int{"U-1": 1, "U-2": 1, "U-3": 1, "T-1": 1}; fmt.Sprint(c.ended) != fmt.Sprint(want) {
		t.Errorf("ended %v, want %v", c.ended, want)
	}
	verify(ctx, t, g, dir)
}
