package fix

import (
	"testing"

	"backstop/perp"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// checkIdentity checks the promise of spec/ROE.md from what a client reads.
func checkIdentity(t rapid.TB, e explained, oracle, tick perp.Price, sides map[perp.Side]dealt) {
	t.Helper()
	read := func(d decimal.Decimal) decimal.Decimal { return must(decimal.NewFromString(d.String())) }
	bp := decimal.New(1, -4)
	centre := read(e.reservation)
	skew := read(e.inventory).Add(read(e.funding))
	if want := must(decimal.NewFromString(oracle.String())).Mul(decimal.NewFromInt(1).Add(skew.Mul(bp))); !centre.Equal(want) {
		t.Errorf("22060=%s, want %s", centre, want)
	}
	sum := decimal.Zero
	for i, h := range e.halves {
		if h.IsNegative() {
			t.Errorf("half %d is %s", i, h)
		}
		sum = sum.Add(read(h))
	}
	step := must(decimal.NewFromString(tick.String()))
	for side, d := range sides {
		away := sum.Add(read(e.impact[side])).Mul(bp).Mul(decimal.NewFromInt(side.Sign()))
		exact := centre.Mul(decimal.NewFromInt(1).Add(away))
		ticks, rest := exact.QuoRem(step, 0)
		if side == perp.Buy && !rest.IsZero() {
			ticks = ticks.Add(decimal.NewFromInt(1))
		}
		if got := ticks.Mul(step); !got.Equal(must(decimal.NewFromString(d.price.String()))) {
			t.Errorf("side %s: the parts give %s (%s before the tick), the price is %s", side, got, exact, d.price)
		}
	}
	if len(e.impact) != len(sides) {
		t.Errorf("%d impacts for %d sides", len(e.impact), len(sides))
	}
}

// checkPartsOf checks the same of a message with prices, from its bytes alone.
func checkPartsOf(t *testing.T, name string, m Message) {
	t.Helper()
	number := func(tag int) decimal.Decimal { return must(decimal.NewFromString(m.Get(tag))) }
	if m.Get(22060) == "" {
		return
	}
	e := explained{reservation: number(22060), inventory: number(22066), funding: number(22067), impact: map[perp.Side]decimal.Decimal{}}
	for i := range e.halves {
		e.halves[i] = number(22061 + i)
	}
	best := map[perp.Side]string{perp.Sell: m.Get(132), perp.Buy: m.Get(133)}
	side := perp.Side(0)
	for _, f := range m.Fields {
		switch {
		case f.Tag == 269:
			side = map[string]perp.Side{"0": perp.Sell, "1": perp.Buy}[f.Value]
		case f.Tag == 270 && side != 0 && best[side] == "":
			best[side] = f.Value
		}
	}
	sides := map[perp.Side]dealt{}
	for side, tag := range map[perp.Side]int{perp.Sell: 22068, perp.Buy: 22069} {
		if m.Get(tag) == "" {
			continue
		}
		if e.impact[side] = number(tag); best[side] != "" {
			sides[side] = dealt{price: price(best[side])}
		} else {
			delete(e.impact, side) // X says nothing of a side that has not changed.
		}
	}
	if checkIdentity(t, e, price(m.Get(22010)), testInstrument.Tick, sides); t.Failed() {
		t.Fatal(name)
	}
}

// Whatever the maker's components are, also ones that this room does not know or
// that do not add up, the tags give the published price to the tick.
func TestPartsOnTheWireGiveThePrice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		oracle := perp.Price(rapid.Int64Range(1, 1e15).Draw(t, "oracle"))
		tick := perp.Price(rapid.SampledFrom([]int64{1, 10, 50, 5000, 100_000, 1_000_000, 250_000_000}).Draw(t, "tick"))
		name := rapid.SampledFrom([]string{
			"base", "volatility", "conf", "retreat", "wide", "inventory", "leverage", "flow", "toxicity", "revenue", "cap", "offset",
			"funding", "impact", "floor", "rounding", "oracle", "recentre", "something new",
		})
		near := int64(max(oracle/20, 10))
		sides := map[perp.Side]dealt{}
		for _, side := range rapid.SampledFrom([][]perp.Side{{perp.Buy, perp.Sell}, {perp.Buy}, {perp.Sell}}).Draw(t, "sides") {
			wide := near
			if rapid.Bool().Draw(t, "far") {
				wide = 3 * int64(oracle)
			}
			price := max(0, oracle+perp.Price(rapid.Int64Range(-wide, wide).Draw(t, "away")))
			d := dealt{price: price - price%tick}
			for range rapid.IntRange(0, 12).Draw(t, "parts") {
				d.parts = append(d.parts, perp.Component{Name: name.Draw(t, "name"), Amount: perp.Price(rapid.Int64Range(-wide, wide).Draw(t, "amount"))})
			}
			sides[side] = d
		}
		e, ok := explain(oracle, tick, sides)
		if !ok {
			t.Fatal("not explained")
		}
		checkIdentity(t, e, oracle, tick, sides)
	})
}

// A quote as the maker makes it: each component is told under its tag, and what
// one side has more than the other is the lean of the centre.
func TestPartsHaveTheirTags(t *testing.T) {
	part := func(name, amount string) perp.Component { return perp.Component{Name: name, Amount: price(amount)} }
	both := map[perp.Side]dealt{
		perp.Buy: {price("100.33"), []perp.Component{
			part("oracle", "100"), part("recentre", "0.02"), part("base", "0.1"), part("volatility", "0.04"), part("retreat", "0.06"),
			part("flow", "0.02"), part("funding", "0.01"), part("impact", "0.075"), part("rounding", "0.005"),
		}},
		perp.Sell: {price("99.82"), []perp.Component{
			part("oracle", "100"), part("recentre", "0.02"), part("base", "-0.1"), part("volatility", "-0.04"), part("conf", "-0.03"),
			part("cap", "0.01"), part("funding", "0.01"), part("impact", "-0.046"), part("rounding", "-0.004"),
		}},
	}
	for _, c := range []struct {
		name                       string
		sides                      map[perp.Side]dealt
		halves                     [halfCount]string
		inventory, funding, centre string
	}{
		{"both", both, [halfCount]string{"9.994", "3.9976", "0.4997", "2.9982", "1.4991"}, "5", "1", "100.06"},
		{"asks", map[perp.Side]dealt{perp.Buy: both[perp.Buy]}, [halfCount]string{"9.997", "3.9988", "1.9994", "5.9982", "0"}, "2", "1", "100.03"},
		{"bids", map[perp.Side]dealt{perp.Sell: both[perp.Sell]}, [halfCount]string{"9.997", "3.9988", "0", "0", "1.9994"}, "2", "1", "100.03"},
	} {
		e, ok := explain(price("100"), price("0.01"), c.sides)
		if !ok {
			t.Fatal(c.name)
		}
		checkIdentity(t, e, price("100"), price("0.01"), c.sides)
		for i, h := range e.halves {
			if h.String() != c.halves[i] {
				t.Errorf("%s: half %d is %s, want %s", c.name, i, h, c.halves[i])
			}
		}
		if e.inventory.String() != c.inventory || e.funding.String() != c.funding || e.reservation.String() != c.centre {
			t.Errorf("%s: skew %s and %s, centre %s", c.name, e.inventory, e.funding, e.reservation)
		}
	}
	if _, ok := explain(0, 1, both); ok {
		t.Error("explained without an oracle price")
	}
	if _, ok := explain(1, 1, nil); ok {
		t.Error("explained without a side")
	}
}
