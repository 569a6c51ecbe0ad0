package engine_test

import (
	"testing"

	"backstop/perp"
	"backstop/quoting"
)

// TestHeldBeyondTheOracle: a quoted price that the oracle price is beyond does not
// stand, though the price has not moved while the order waited. It deals at the
// current price, and if its limit does not allow that it is not refused for a
// move that there was not.
func TestHeldBeyondTheOracle(t *testing.T) {
	for _, c := range []struct {
		name    string
		before  int // orders that deal first and take the current price away from the quoted one
		limited bool
		move    perp.Ratio
		outcome perp.LookOutcome
		reject  perp.Reject
	}{
		{"the current price is the quoted one", 0, true, 0, perp.LookAccepted, perp.RejectNone},
		{"the current price is worse", 1, false, 0, perp.LookCurrent, perp.RejectNone},
		{"the current price is worse, and the price moved against the client", 1, false, -100, perp.LookCurrent, perp.RejectNone},
		{"a limit does not allow it", 1, true, 0, perp.LookInvalid, perp.LastLookValidity},
		{"a limit does not allow it, and the price moved against the client", 1, true, -100, perp.LookInvalid, perp.LastLookValidity},
		{"a limit does not allow it, and the price moved for the client", 1, true, 100, perp.LookAgainst, perp.LastLookPrice},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := quoting.DefaultParams()
			p.Design, p.LastLook, p.Probation, p.FillBucket = quoting.Naive, quoting.LookAlways, 0, 0
			w := newLookWorld(p)
			for range 60 { // Naive quotes do not follow: the ask falls 30 bp behind.
				w.tick(50)
			}
			ask := w.quotes[perp.Class{}].Asks[0].Price
			if ask >= w.price {
				t.Fatalf("offered at %s, the oracle price is %s", ask, w.price)
			}
			buy := func(id string, size perp.Size, limit perp.Price) {
				o := perp.PlaceOrder{
					Origin: perp.Origin{Session: "alice", Arrival: w.now}, ClOrdID: id, Account: "alice", Symbol: "BTC-PERP",
					Side: perp.Buy, Type: perp.Market, TIF: perp.IOC, Size: size, Price: limit,
				}
				if limit != 0 {
					o.Type = perp.Limit
				}
				if _, n := only[perp.OrderHeld](w.do(o)); n != 1 {
					t.Fatalf("order %s is not held", id)
				}
			}
			for i := range c.before {
				buy(string(rune('a'+i)), 10*perp.SizeOne, 0)
			}
			limit := perp.Price(0)
			if c.limited {
				limit = ask
			}
			buy("last", perp.SizeOne/10, limit)
			w.tick(0) // As of before the orders.
			last, refused := decided(w.tick(c.move), "last")
			if last.Outcome != c.outcome || refused.Verdict.Reject != c.reject {
				t.Fatalf("quoted %s, moved by %s to %s: %s, refused for %s", last.Quoted, last.Move, last.After, last.Outcome, refused.Verdict.Reject)
			}
			if c.outcome == perp.LookInvalid && (refused.Verdict.Detail != "oracle price beyond the quoted one" ||
				refused.Verdict.Need != int64(last.After) || refused.Verdict.Have != int64(ask)) {
				t.Errorf("refused with %+v", refused.Verdict)
			}
			if c.outcome == perp.LookCurrent && last.Price <= ask {
				t.Errorf("dealt at %s, quoted %s", last.Price, ask)
			}
		})
	}
}
