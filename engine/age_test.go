package engine

import (
	"fmt"
	"testing"

	"backstop/perp"
)

// TestMaxOrderAge: B4. A repeated order is done at the price of now only if it is
// not older than configured, and an order that waited in the gateway no more so;
// what is refused fills nothing, and a repetition of what was done is still
// answered with its state.
func TestMaxOrderAge(t *testing.T) {
	for _, c := range []struct {
		configured, most perp.Time
	}{{0, 5 * perp.Second}, {perp.Second, perp.Second}, {-1, 0}} {
		s := opened(t)
		s.e.Apply(Configure{RequestAge: c.configured}, s.e.Seq()+1, s.now)
		s.run("tick BTC-PERP 60000\n\ntick BTC-PERP 60000\n\ntick BTC-PERP 60000\n\nwait 600\n\ntick BTC-PERP 60000")
		n := 0
		try := func(what string, change func(*perp.PlaceOrder, perp.Time), age perp.Time, taken bool) {
			n++
			o := s.command([]string{"order", "alice", fmt.Sprint("x", n), "side=buy", "size=0.001"}).(perp.PlaceOrder)
			change(&o, s.now-age)
			entry := s.s.Step([]perp.Input{{Command: o}}, s.now)[0]
			stale, fills := false, 0
			for _, ev := range entry.Events {
				switch ev := ev.(type) {
				case perp.OrderRejected:
					stale = ev.Verdict.Reject == perp.StaleRequest && ev.Verdict.Have == int64(age)
				case perp.Filled:
					fills++
				}
			}
			if stale == taken || fills > 0 != taken {
				t.Errorf("%v: %s of age %d: stale %v, %d fills: %+v", c, what, age, stale, fills, entry.Events)
			}
		}
		dup := func(o *perp.PlaceOrder, at perp.Time) { o.PossDup, o.Sent = true, at }
		resent := func(o *perp.PlaceOrder, at perp.Time) { o.PossResend, o.Sent = true, at }
		waited := func(o *perp.PlaceOrder, at perp.Time) { o.Arrival = at }
		if c.most > 0 {
			try("a resend", dup, c.most, true)
			try("a resend", resent, c.most, true)
			try("an order that waited", waited, c.most+1, false)
		}
		try("a resend", dup, c.most+1, false)
		try("a resend", resent, c.most+1, false)
		try("an order", waited, 0, true)
		if again := s.e.Snapshot(); c.configured != 0 {
			if r, err := Restore(again); err != nil || r.requestAge() != c.most {
				t.Errorf("%v: a restored engine takes orders of an age of %d, %v", c, r.requestAge(), err)
			}
		}
	}
}
