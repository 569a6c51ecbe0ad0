package sim

import (
	"testing"

	"backstop/perp"
)

// TestVenueDealsLateAndAtACost: a wish is dealt a latency later at what the price
// is then, half a spread and a fee dearer; the position is marked every second,
// and all variations add up to what the position made, less the cost.
func TestVenueDealsLateAndAtACost(t *testing.T) {
	v := newVenue()
	if _, ok := v.Next(); ok {
		t.Error("a venue without a position has something to say")
	}
	now := trialStart
	v.Want(perp.HedgeWanted{Symbol: trialSymbol, Key: "h1", Size: 2 * perp.SizeOne}, now)
	at, ok := v.Next()
	if !ok || at != now+venueLatency {
		t.Fatalf("speaks at %d, %v", at-now, ok)
	}
	for _, c := range []struct {
		truth perp.Price
		want  perp.HedgeReport
	}{
		// 2 at 100 cost 1.5 bp of 200.
		{100 * perp.PriceOne, perp.HedgeReport{Number: 1, Answers: "h1", Position: 2 * perp.SizeOne, Variation: -30_000}},
		{101 * perp.PriceOne, perp.HedgeReport{Number: 2, Position: 2 * perp.SizeOne, Variation: 2 * perp.MoneyOne}},
		{99 * perp.PriceOne, perp.HedgeReport{Number: 3, Position: 2 * perp.SizeOne, Variation: -4 * perp.MoneyOne}},
	} {
		at, ok := v.Next()
		c.want.Symbol = trialSymbol
		if got := v.Report(at, c.truth); !ok || got != c.want {
			t.Errorf("%+v instead of %+v", got, c.want)
		}
		now = at
	}
	v.Want(perp.HedgeWanted{Key: "h2", Size: -perp.SizeOne}, now)
	v.Want(perp.HedgeWanted{Key: "h3", Size: -perp.SizeOne}, now)
	at, _ = v.Next()
	two, three := v.Report(at, 99*perp.PriceOne), v.Report(at, 99*perp.PriceOne)
	if at != now+venueLatency || two.Answers != "h2" || two.Position != perp.SizeOne || three.Answers != "h3" || three.Position != 0 {
		t.Errorf("%+v and %+v at %d", two, three, at-now)
	}
	if _, ok := v.Next(); ok || v.Cost() != 30_000+2*14_850 {
		t.Errorf("flat, but goes on: %v; cost %v", ok, v.Cost())
	}
}
