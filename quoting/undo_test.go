package quoting

import (
	"testing"

	"pgregory.net/rapid"

	"backstop/perp"
)

// dealt is a fill that may be undone.
type dealt struct {
	side perp.Side
	perp.Level
}

func (d dealt) fee() perp.Money { return perp.Notional(d.Price, d.Size, perp.Floor) / 5000 }

// TestUndo deals, moves the price and undoes at random. What the clients hold is the
// sum of what stands, and what backs the maker is its money less what they paid for
// that, fees among it, to the last unit; what is undone is neither flow nor a loss of
// late, and the mid stands where the price and the budget have it.
func TestUndo(t *testing.T) {
	undone := 0
	rapid.Check(t, func(t *rapid.T) {
		w := open(t, 60_000*perp.PriceOne)
		price := perp.Price(60_000 * perp.PriceOne)
		var stand []dealt
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			switch n := rapid.IntRange(0, 5).Draw(t, "what"); {
			case n < 2:
				price = max(perp.PriceOne, price+price.Of(perp.Ratio(rapid.IntRange(-500, 500).Draw(t, "move")), perp.Trunc))
				w.step(100*perp.Millisecond, price)
			case n == 2 && len(stand) > 0:
				i := rapid.IntRange(0, len(stand)-1).Draw(t, "which")
				d := stand[i]
				if !w.m.Undoable(d.side, d.Size) {
					t.Fatalf("%s of %s cannot be undone in a market that is hardly loaded", d.side, d.Size)
				}
				before := w.m.Stats
				w.m.Undo(d.side, d.Size, d.Price, d.fee())
				if w.m.Stats != before {
					t.Fatal("what is known of price and flow is another")
				}
				if mid := w.m.Curve.Price(); perp.Abs(mid-w.m.Stats.Price) > w.m.Stats.Price.Of(perp.BP/10, perp.Ceil) {
					t.Fatalf("mid %s with the oracle at %s", mid, w.m.Stats.Price)
				}
				stand = append(stand[:i:i], stand[i+1:]...)
				w.requote()
				undone++
			default:
				side := perp.Side(rapid.IntRange(1, 2).Draw(t, "side"))
				for _, l := range w.m.Take(perp.Class{}, side, perp.Size(rapid.IntRange(1, 2_000).Draw(t, "lots"))*w.m.Instrument.Lot, 0, nil) {
					d := dealt{side, l}
					w.m.Filled(side, l.Size, l.Price, d.fee())
					stand = append(stand, d)
				}
				w.requote()
			}
			var users perp.Size
			var paid, fees perp.Money
			for _, d := range stand {
				users += perp.Size(d.side.Sign()) * d.Size
				paid += perp.Money(d.side.Sign()) * perp.Notional(d.Price, d.Size, perp.Floor)
				fees += d.fee()
			}
			if w.m.Curve.Users != users || w.m.Fees != fees || w.m.Backing() != w.funds+paid+fees {
				t.Fatalf("clients hold %s, want %s; fees %s, want %s; backing %s, want %s", w.m.Curve.Users, users, w.m.Fees, fees,
					w.m.Backing(), w.funds+paid+fees)
			}
		}
	})
	if undone == 0 {
		t.Error("nothing was undone")
	}
}

// TestUndoable: what would leave clients with more than the curve has is not undone.
func TestUndoable(t *testing.T) {
	w := open(t, 60_000*perp.PriceOne)
	room := w.m.Curve.Depth(perp.Sell, w.m.Params.Concentration)
	if !w.m.Undoable(perp.Buy, room) {
		t.Errorf("a buy of %s cannot be undone where %s may be sold", room, room)
	}
	if w.m.Undoable(perp.Buy, room+1) {
		t.Errorf("a buy of %s can be undone where %s may be sold", room+1, room)
	}
	if w := newWorld(btc, DefaultParams(), 0); w.m.Undoable(perp.Buy, 1) {
		t.Error("a market without a curve takes a fill back")
	}
}
