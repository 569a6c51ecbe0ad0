package acceptance

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// TestOrdersEndWithTheSession: working orders end with the connection of their
// session, or with the gateway, and their client reads so at its next logon, once
// for each; an order of a client that asked to keep its orders stays.
func TestOrdersEndWithTheSession(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := filepath.Join(t.TempDir(), "data")
	ended := map[string]int{}
	c := NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")
	g := startGateway(t, demoArgs(dir)...)
	logon := func(wish ...string) {
		t.Helper()
		if _, err := c.Logon(ctx, g.FIX, wish...); err != nil {
			t.Fatal(err)
		}
	}
	// until reads reports until one of a kind comes for an order, and counts ends.
	until := func(id, kind string) {
		t.Helper()
		for {
			f, err := c.NextOf(ctx, "8")
			if err != nil {
				t.Fatalf("%s 150=%s: %v", id, kind, err)
			}
			if f.Get(150) == "4" {
				ended[f.Get(11)]++
				if f.Get(378) != "99" || f.Get(58) != "CANCEL_ON_DISCONNECT" || f.Get(39) != "4" {
					t.Errorf("ended with %s", f)
				}
			}
			if f.Get(11) == id && f.Get(150) == kind {
				return
			}
		}
	}
	place := func(id string) {
		t.Helper()
		err := c.Send("D", "11="+id, "55=BTC-PERP", "54=1", "60="+Now(), "38=0.001", "40=2", "44=57000", "59=1")
		if err != nil {
			t.Fatal(err)
		}
		until(id, "0")
	}
	logon()
	waitForQuotes(ctx, t, c, "MD", &answers{byExec: map[string]Fields{}, fills: map[string]int{}, first: map[string]int{}})
	place("U-1")
	c.Drop()
	logon()
	until("U-1", "4")
	place("U-2")
	g.Kill()
	c.Drop()
	g = startGateway(t, demoArgs(dir)...)
	logon()
	until("U-2", "4")
	place("U-3")
	if err := c.Logout(ctx); err != nil {
		t.Fatal(err)
	}
	logon("8013=N")
	until("U-3", "4")
	for i := range 2 { // kept over a disconnect, and over one that the gateway is
		id := fmt.Sprint("K-", i)
		place(id)
		c.Drop()
		if i == 1 {
			g.Kill()
			g = startGateway(t, demoArgs(dir)...)
		}
		logon("8013=N")
		if err := c.Send("H", "11="+id, "55=BTC-PERP", "54=1", "790="+id); err != nil {
			t.Fatal(err)
		}
		until(id, "I")
	}
	if want := map[string]int{"U-1": 1, "U-2": 1, "U-3": 1}; fmt.Sprint(ended) != fmt.Sprint(want) {
		t.Errorf("ended %v, want %v", ended, want)
	}
	verify(ctx, t, g, dir)
}
