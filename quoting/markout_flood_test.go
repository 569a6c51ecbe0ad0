package quoting

import (
	"testing"

	"backstop/perp"
)

// TestFloodHidesNothing: of more orders than may wait, only the oldest are looked at
// before their time, and each horizon by itself. A client that is ahead of the price is
// found out while others send as many orders as they like. Journals from before had all
// orders looked at at once, at every horizon but the last, and are replayed so.
func TestFloodHidesNothing(t *testing.T) {
	const over = 100
	for _, oldest := range []bool{true, false} {
		w := open(t, 60_000*perp.PriceOne)
		w.m.Params.OldestFirst, w.m.Params.Probation = oldest, 0
		crowd := func(orders int) {
			for range orders {
				w.mark("crowd", perp.Buy, 100*perp.MoneyOne, false)
			}
		}
		crowd(markoutsMax + over)
		looked := [horizons]int{}
		for _, x := range w.m.Ripen(w.now) {
			for h, span := range Horizons {
				if x.Horizon == span {
					looked[h]++
				}
			}
		}
		want := [horizons]int{over, over, over, over}
		if !oldest {
			want = [horizons]int{markoutsMax + over, markoutsMax + over, markoutsMax + over, over}
		}
		if looked != want {
			t.Errorf("oldest first: %t: looked at %v of %d orders, want %v", oldest, looked, markoutsMax+over, want)
		}
		price := w.m.Stats.Price
		for range 40 {
			w.mark("ahead", perp.Buy, 30_000*perp.MoneyOne, false)
			crowd(over)
			w.pass(perp.Second/2, price) // What it knew comes some ticks later.
			price += price.Of(20*perp.BP, perp.Floor)
			w.pass(3*perp.Second/2, price)
		}
		if s := w.m.Review("ahead", []string{"ahead"}, w.now); (s.Class.Tier == perp.TierToxic) != oldest {
			t.Errorf("oldest first: %t: the client that was ahead of the price is %+v", oldest, s)
		}
	}
}
