package engine_test

import (
	"testing"

	"pgregory.net/rapid"

	"backstop/engine"
	"backstop/perp"
	"backstop/quoting"
)

// ask draws what an order asks for beyond its terms.
func (w *lookWorld) ask(t *rapid.T, o *perp.PlaceOrder) {
	half := perp.PriceOne / 2
	near := func(label string) perp.Price {
		return (w.price + w.price.Of(perp.Ratio(rapid.IntRange(-800, 800).Draw(t, label)), perp.Trunc)) / half * half
	}
	if o.Type.Stops() {
		o.Stop, o.Trigger = near("stop"), perp.TriggerPrice(rapid.IntRange(1, 3).Draw(t, "trigger"))
		if !o.TIF.Waits() {
			o.TIF = perp.GTC
		}
	}
	if o.Type == perp.StopLimit {
		o.Price = near("stop limit")
	}
	if o.TIF == perp.GTD {
		o.Expires = w.now + perp.Time(rapid.IntRange(1, 2_000).Draw(t, "for"))*ms
	}
	o.Reduce = perp.Reduction(max(0, rapid.IntRange(-3, 2).Draw(t, "reduce")))
	if o.Type == perp.Limit && o.TIF.Waits() {
		o.PostOnly = rapid.IntRange(0, 3).Draw(t, "post") == 3
	}
	if o.Type == perp.Market {
		o.Slippage = perp.Ratio(rapid.IntRange(0, 5).Draw(t, "slippage")) * perp.BP
	}
}

// clip is what a reducing order deals by the dumbest rule: lot by lot, as long as
// there is a position on the other side, an offer within the limit, and a lot left.
func clip(position, size, lot perp.Size, side perp.Side, levels []perp.Level, limit perp.Price) (dealt perp.Size) {
	for _, l := range levels {
		for n := l.Size; n > 0; n -= lot {
			beyond := limit > 0 && (l.Price-limit)*perp.Price(side.Sign()) > 0
			if dealt == size || beyond || position*perp.Size(side.Sign()) >= 0 {
				return dealt
			}
			position += lot * perp.Size(side.Sign())
			dealt += lot
		}
	}
	return dealt
}

// TestReduceOnlyAgainstTheDumbRule: what reducing orders deal on arrival is what
// the dumb rule deals, whatever position, offer and limit they meet.
func TestReduceOnlyAgainstTheDumbRule(t *testing.T) {
	clipped := 0
	rapid.Check(t, func(t *rapid.T) {
		p := quoting.DefaultParams()
		p.LastLook, p.Probation, p.StrikeSpan, p.FillBucket, p.Improve = quoting.LookOff, 0, 0, 0, 0
		w := newLookWorld(p)
		lot := perp.SizeOne / 1000
		positions := map[string]perp.Size{}
		play := func(c perp.Command) (dealt perp.Size, why perp.CancelReason) {
			for _, ev := range w.do(c) {
				switch ev := ev.(type) {
				case perp.PositionChanged:
					positions[ev.Account] = ev.Size
				case perp.Filled:
					if o, is := c.(perp.PlaceOrder); is && ev.Order.ClOrdID == o.ClOrdID {
						dealt += ev.Size
					}
				case perp.OrderCanceled:
					why = ev.Reason
				}
			}
			return dealt, why
		}
		for range rapid.IntRange(5, 30).Draw(t, "steps") {
			w.tick(perp.Ratio(rapid.IntRange(-30, 30).Draw(t, "move")))
			w.n++
			who := rapid.SampledFrom(lookClients).Draw(t, "who")
			o := perp.PlaceOrder{
				Origin: perp.Origin{Session: who, Arrival: w.now}, ClOrdID: who + string(rune('A'+w.n)), Account: who, Symbol: "BTC-PERP",
				Side: perp.Side(rapid.IntRange(1, 2).Draw(t, "side")), Type: perp.Market, TIF: perp.IOC,
				Size: perp.Size(rapid.IntRange(1, 3_000).Draw(t, "size")) * lot, Transact: w.now,
			}
			if rapid.Bool().Draw(t, "limited") {
				o.Type, o.Price = perp.Limit, w.price/perp.PriceOne*perp.PriceOne+perp.Price(rapid.IntRange(-60, 60).Draw(t, "limit"))*perp.PriceOne
			}
			if rapid.Bool().Draw(t, "reducing") {
				o.Reduce = perp.Reducing
			}
			before, q := positions[who], w.quotes[w.classes[who]]
			dealt, why := play(o)
			if o.Reduce == 0 {
				continue
			}
			want := clip(before, o.Size, lot, o.Side, q.Offered(o.Side), o.Price)
			if dealt != want {
				t.Fatalf("%s %s at %s with a position of %s: dealt %s, the dumb rule %s", o.Side, o.Size, o.Price, before, dealt, want)
			}
			if why == perp.ReduceOnlyCancel {
				clipped++
			}
			if left := positions[who] * perp.Size(o.Side.Sign()); (why == perp.ReduceOnlyCancel) && left < 0 {
				t.Fatalf("ended as reduce-only with %s to reduce", left)
			}
		}
	})
	if clipped == 0 {
		t.Error("nothing was ever clipped: the test has lost its meaning")
	}
}

// TestStopsSurviveASnapshot: armed, timed and held orders are the same after a
// restore, and what follows is too.
func TestStopsSurviveASnapshot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newLookWorld(quoting.DefaultParams())
		for range rapid.IntRange(5, 40).Draw(t, "before") {
			if rapid.Bool().Draw(t, "tick") {
				w.tick(perp.Ratio(rapid.IntRange(-400, 400).Draw(t, "move")))
			} else {
				w.do(w.draw(t))
			}
		}
		restored, err := engine.Restore(w.e.Snapshot())
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 20).Draw(t, "after") {
			w.now += 100 * ms
			w.price = max(perp.PriceOne, w.price+w.price.Of(perp.Ratio(rapid.IntRange(-900, 900).Draw(t, "move")), perp.Trunc))
			tick := perp.OracleTick{Symbol: "BTC-PERP", Price: w.price, Confidence: w.price / 50_000, Publish: w.now - 150*ms, Receive: w.now, Sources: 3}
			w.do(tick)
			restored.Apply(tick, restored.Seq()+1, w.now)
			if w.e.StateHash() != restored.StateHash() {
				t.Fatal("a restored engine goes another way")
			}
		}
	})
}
