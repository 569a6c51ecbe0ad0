package engine_test

import (
	"testing"

	"backstop/perp"
	"backstop/quoting"
)

// TestHeldBeyondTheBucket: what was quoted is firm for so much a second. An order with
// which a client deals more gets the current price though the oracle price has not
// moved, and if its limit does not allow that it is refused for it, not for the price.
func TestHeldBeyondTheBucket(t *testing.T) {
	for _, c := range []struct {
		name    string
		before  int // orders of its client in the same second, of nearly half of the bucket
		limited bool
		outcome perp.LookOutcome
		reject  perp.Reject
	}{
		{"within it", 0, false, perp.LookAccepted, perp.RejectNone},
		{"within it, with a limit", 0, true, perp.LookAccepted, perp.RejectNone},
		{"beyond it", 2, false, perp.LookCurrent, perp.RejectNone},
		{"beyond it, with a limit", 2, true, perp.LookInvalid, perp.LastLookValidity},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := quoting.DefaultParams()
			p.LastLook, p.Probation = quoting.LookAlways, 0
			w := newLookWorld(p)
			buy := func(id string, limit perp.Price) {
				o := perp.PlaceOrder{
					Origin: perp.Origin{Session: "alice", Arrival: w.now}, ClOrdID: id, Account: "alice", Symbol: "BTC-PERP",
					Side: perp.Buy, Type: perp.Market, TIF: perp.IOC, Size: 4 * perp.SizeOne, Price: limit,
				}
				if limit != 0 {
					o.Type = perp.Limit
				}
				if _, n := only[perp.OrderHeld](w.do(o)); n != 1 {
					t.Fatalf("order %s is not held", id)
				}
			}
			ask := w.quotes[perp.Class{}].Asks[0].Price
			for i := range c.before {
				buy(string(rune('a'+i)), 0)
			}
			limit := perp.Price(0)
			if c.limited {
				limit = ask
			}
			buy("last", limit)
			w.tick(0) // As of before the orders.
			last, refused := decided(w.tick(0), "last")
			if last.Move != 0 || last.Outcome != c.outcome || refused.Verdict.Reject != c.reject {
				t.Fatalf("moved by %s: %s, refused for %s", last.Move, last.Outcome, refused.Verdict.Reject)
			}
			switch c.outcome {
			case perp.LookAccepted:
				if last.Price != ask {
					t.Errorf("dealt at %s, quoted %s", last.Price, ask)
				}
			case perp.LookCurrent:
				if last.Price <= ask {
					t.Errorf("dealt at %s, quoted %s", last.Price, ask)
				}
			default:
				if refused.Verdict.Detail != perp.FillLimit.String() {
					t.Errorf("refused with %q", refused.Verdict.Detail)
				}
			}
		})
	}
}

// decided is what was decided of an order, and the refusal if there is one.
func decided(events []perp.Event, id string) (look perp.LastLook, refused perp.OrderRejected) {
	for _, ev := range events {
		switch ev := ev.(type) {
		case perp.LastLook:
			if ev.ClOrdID == id {
				look = ev
			}
		case perp.OrderRejected:
			refused = ev
		}
	}
	return look, refused
}
