package acceptance

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestForgottenOrders: the gateway keeps a bounded number of ended orders in mind.
// What a client says about older ones gets the same answers as ever, also after
// the gateway was killed, and a ClOrdID is never good for a second order.
func TestForgottenOrders(t *testing.T) {
	const orders, window = 6_000, 500 // more than are kept
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	args, dir := lastingVenue(t, Venue{LastLook: "off", Bucket: "0"})
	g := startGateway(t, args...)
	c := NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")
	if _, err := c.Logon(ctx, g.FIX); err != nil {
		t.Fatal(err)
	}
	got := newAnswers()
	waitForQuotes(ctx, t, c, "MD", got)
	f := forgetting{t, ctx, c}
	f.place("first", "BTC-PERP")
	filled := f.answer("first")
	if filled.Get(150) != "F" {
		t.Fatalf("not filled: %s", filled)
	}
	f.fill(orders, window)
	for round := range 2 {
		f.asks(round, filled)
		if round > 0 {
			break
		}
		g.Kill()
		readToEnd(ctx, t, c, got)
		g = startGateway(t, args...)
		if _, err := c.Logon(ctx, g.FIX); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Logout(ctx); err != nil {
		t.Error(err)
	}
	verify(ctx, t, g, dir)
	for kind, least := range map[string]int{"ForgetOrders": 1, "RecallOrder": 3} {
		out, talk, code, err := Run(ctx, "journal", "dump", "--data-dir", dir, "--kind", kind)
		if n := strings.Count(out, "\n"); err != nil || code != 0 || n < least {
			t.Errorf("%d commands %s in the journal: exit %d, %v\n%s", n, kind, code, err, talk)
		}
	}
}

// forgetting is a client that names old orders.
type forgetting struct {
	t   *testing.T
	ctx context.Context
	c   *Client
}

func (f forgetting) send(msgType string, body ...string) {
	f.t.Helper()
	if err := f.c.Send(msgType, body...); err != nil {
		f.t.Fatal(err)
	}
}

func (f forgetting) place(id, symbol string) {
	f.t.Helper()
	f.send("D", "11="+id, "55="+symbol, "54=1", "60="+Now(), "38=0.001", "40=1", "59=3")
}

func (f forgetting) answer(id string) Fields {
	f.t.Helper()
	for {
		m, err := f.c.NextOf(f.ctx, "8", "9")
		if err != nil {
			f.t.Fatal(err)
		}
		if m.Get(11) == id && m.Get(150) != "0" {
			return m
		}
	}
}

// fill makes so many orders that end at once, with a window of them unanswered.
func (f forgetting) fill(orders, window int) {
	f.t.Helper()
	for done, sent := 0, 0; done < orders; done++ {
		for ; sent < orders && sent-done < window; sent++ {
			f.place(fmt.Sprintf("M-%d", sent), "NONE-PERP")
		}
		m, err := f.c.NextOf(f.ctx, "8")
		if err != nil || m.Get(39) != "8" {
			f.t.Fatalf("%s, %v", m, err)
		}
	}
}

// asks names the first order and refused ones in every request that can.
func (f forgetting) asks(round int, filled Fields) {
	f.t.Helper()
	f.send("H", "11=first", "55=BTC-PERP", "54=1", fmt.Sprintf("790=st%d", round))
	if m := f.answer("first"); m.Get(150) != "I" || m.Get(39) != "2" || m.Get(37) != filled.Get(37) || m.Get(6) != filled.Get(6) {
		f.t.Errorf("state of the first order: %s\nwas %s", m, filled)
	}
	f.place("first", "BTC-PERP")
	if m := f.answer("first"); m.Get(150) != "8" || m.Get(103) != "6" || m.Get(37) != filled.Get(37) || m.Get(14) != "0.001" {
		f.t.Errorf("its id again: %s", m)
	}
	cancel := fmt.Sprintf("x%d", round)
	f.send("F", "41=M-3", "11="+cancel, "55=NONE-PERP", "54=1", "38=0.001", "60="+Now())
	if m := f.answer(cancel); m.Get(35) != "9" || m.Get(102) != "0" || m.Get(39) != "8" {
		f.t.Errorf("too late to cancel a refused one: %s", m)
	}
	f.place("M-7", "BTC-PERP")
	if m := f.answer("M-7"); m.Get(150) != "8" || m.Get(103) != "6" || m.Get(39) != "8" {
		f.t.Errorf("the id of a refused one again: %s", m)
	}
}
