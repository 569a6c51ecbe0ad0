package risk

import (
	"testing"

	"pgregory.net/rapid"

	"backstop/perp"
)

// The search finds the same price as asking at each one, one after the other.
func TestLiquidationPriceAgainstTheDumbWay(t *testing.T) {
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		size := perp.Size(rapid.Int64Range(1, 50).Draw(t, "size")) * perp.SizeOne
		if rapid.Bool().Draw(t, "short") {
			size = -size
		}
		l := DefaultMarketLimits()
		l.OrderReserve = 1
		now := perp.Price(rapid.Int64Range(1, 400).Draw(t, "price"))
		e := Exposure{
			Symbol: "A", Limits: l, Oracle: now, Bids: perp.SizeOne, Orders: 1,
			Position: perp.Position{Size: size, Entry: -notionalOf(perp.Price(rapid.Int64Range(1, 400).Draw(t, "entry")), size)},
		}
		other := Exposure{Symbol: "B", Limits: l, Oracle: 77, Position: perp.Position{Size: perp.SizeOne, Entry: -70}}
		p := Portfolio{Cash: perp.Money(rapid.Int64Range(0, 9_000).Draw(t, "cash")), Exposures: []Exposure{other, e}}
		got, want := LiquidationPrice(p, "A"), dumbLiquidationPrice(p, now)
		if got != want {
			t.Fatalf("%d, one after the other %d", got, want)
		}
		if want != 0 && want != now {
			found++
		}
	})
	if found == 0 {
		t.Error("no account could be liquidated: the test has lost its meaning")
	}
}

func notionalOf(p perp.Price, s perp.Size) perp.Money {
	return perp.Money(int64(p) * int64(s) / int64(perp.SizeOne))
}

// dumbLiquidationPrice walks from the present price to where it ends.
func dumbLiquidationPrice(p Portfolio, now perp.Price) perp.Price {
	q := Portfolio{Cash: p.Cash}
	for _, e := range p.Exposures {
		e.Bids, e.Asks, e.Orders = 0, 0, 0
		q.Exposures = append(q.Exposures, e)
	}
	step, end := perp.Price(-1), perp.Price(0)
	if q.Exposures[1].Position.Size > 0 {
		end = 0
	} else {
		step, end = 1, now*liquidationReach+1
	}
	for price := now; price != end; price += step {
		q.Exposures[1].Oracle = price
		if h := Judge(q); h.Equity < h.Maintenance {
			return price
		}
	}
	return 0
}

func TestLiquidationPriceOfNothing(t *testing.T) {
	e := Exposure{Symbol: "A", Limits: DefaultMarketLimits(), Oracle: perp.PriceOne}
	if got := LiquidationPrice(Portfolio{Exposures: []Exposure{e}}, "A"); got != 0 {
		t.Errorf("flat: %d", got)
	}
	if got := LiquidationPrice(Portfolio{}, "A"); got != 0 {
		t.Errorf("no market: %d", got)
	}
}
