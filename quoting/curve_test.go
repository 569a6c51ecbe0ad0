package quoting

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"backstop/perp"
)

func drawCurve(t *rapid.T) Curve {
	l := reserve(rapid.Int64Range(1_000, 4_000_000_000_000_000).Draw(t, "L") * 1000)
	c := newCurve(l, perp.Price(rapid.Int64Range(1_000, 100_000_000_000).Draw(t, "peg")))
	if users := rapid.Int64Range(-200, 200).Draw(t, "users in 1/1000 of L"); users != 0 {
		n := int64(l.Uint64()) / 1000 * users
		if n > 0 {
			c.Trade(perp.Buy, perp.Size(n))
		} else {
			c.Trade(perp.Sell, perp.Size(-n))
		}
	}
	return c
}

// TestClosedFormAgainstStepping: the price of a slice, times its size, is what
// stepping through it lot by lot costs, computed in plain big fractions; and
// one trade leaves the curve where many small ones leave it.
func TestClosedFormAgainstStepping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Market{Curve: drawCurve(t)}
		lots := rapid.IntRange(1, 50).Draw(t, "lots")
		lot := perp.Size(rapid.Int64Range(1, max(1, int64(m.Curve.L.Uint64())/1000)).Draw(t, "lot"))
		side := perp.Side(rapid.IntRange(1, 2).Draw(t, "side"))
		n := lot * perp.Size(lots)

		base, k := m.Curve.Base.ToBig(), new(big.Int).Mul(m.Curve.L.ToBig(), m.Curve.L.ToBig())
		step, cash := m.Curve, new(big.Rat)
		for range lots {
			next := new(big.Int).Sub(base, big.NewInt(side.Sign()*int64(lot)))
			dq := new(big.Rat).Sub(new(big.Rat).SetFrac(k, next), new(big.Rat).SetFrac(k, base))
			cash.Add(cash, dq)
			base = next
			step.Trade(side, lot)
		}
		cash.Mul(cash.Abs(cash), new(big.Rat).SetInt64(int64(m.Curve.Peg)))
		exact := cash.Quo(cash, new(big.Rat).SetInt64(int64(n))) // price units per base

		got := m.slice(side, 0, n, 0)
		low, high := new(big.Rat).SetInt64(int64(got-1)), new(big.Rat).SetInt64(int64(got))
		if side == perp.Sell {
			low, high = high, new(big.Rat).SetInt64(int64(got+1))
		}
		if exact.Cmp(low) < 0 || exact.Cmp(high) > 0 {
			t.Fatalf("%s: closed form %d, stepping %s", side, got, exact.FloatString(3))
		}
		jumped := m.Curve
		jumped.Trade(side, n)
		if jumped != step {
			t.Fatalf("one trade leaves %+v, steps leave %+v", jumped, step)
		}
	})
}

// TestPegWithin: the affordable peg costs no more than the budget and the next
// one would cost more.
func TestPegWithin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCurve(t)
		best := max(1, c.Peg+perp.Price(rapid.Int64Range(-int64(c.Peg)/2, int64(c.Peg)).Draw(t, "way")))
		budget := perp.Money(rapid.Int64Range(0, 1_000_000_000_000).Draw(t, "budget"))
		got := c.PegWithin(best, budget)
		if cost := c.PegCost(got); cost > budget {
			t.Fatalf("peg %d to %d costs %s, budget %s", c.Peg, got, cost, budget)
		}
		next := got + 1
		if best < c.Peg {
			next = got - 1
		}
		if got != best && c.PegCost(next) <= budget {
			t.Fatalf("stopped at %d although %d is affordable", got, next)
		}
	})
}

// TestRecentreKeepsWithinReach: after a tick the mid is at the oracle if the
// budget allows, and never further away than half the largest spread.
func TestRecentreKeepsWithinReach(t *testing.T) {
	w := open(t, 60_000*perp.PriceOne)
	w.m.Params.DepthStep = 0
	for range 30 {
		w.deal(perp.Buy, 1000*perp.SizeOne)
		w.step(100*perp.Millisecond, 60_000*perp.PriceOne)
	}
	w.m.Fund(-w.m.Funds() + 50_000*perp.MoneyOne) // too little to follow far
	w.m.Fees = 0
	before := w.m.Funds()
	moved := w.step(perp.Second, 60_600*perp.PriceOne) // 1 %: within half of 5 %
	if moved.Cost <= 0 || moved.Cost > before || w.m.Funds() != before-moved.Cost {
		t.Errorf("cost %s of %s, left %s", moved.Cost, before, w.m.Funds())
	}
	if mid := w.m.Curve.Price(); mid >= 60_600*perp.PriceOne || before-moved.Cost > perp.MoneyOne {
		t.Errorf("mid %s with %s left", mid, w.m.Funds())
	}
	w.step(perp.Second, 64_000*perp.PriceOne) // beyond: forced, although nothing is left
	if mid := w.m.Curve.Price(); mid < 62_399*perp.PriceOne || mid > 62_401*perp.PriceOne || w.m.Funds() >= 0 {
		t.Errorf("mid %s, equity %s", mid, w.m.Funds())
	}
	w.requote()
	checkOffer(t, w.m)
	w.step(perp.Second, 62_400*perp.PriceOne)
	moved = w.step(perp.Second, 61_000*perp.PriceOne) // falling earns while clients are long
	if moved.Cost >= 0 || w.m.Curve.Price() < 60_999*perp.PriceOne || w.m.Curve.Price() > 61_000*perp.PriceOne {
		t.Errorf("falling cost %s, mid %s", moved.Cost, w.m.Curve.Price())
	}
}

func TestDepthFollowsEquity(t *testing.T) {
	w := open(t, 60_000*perp.PriceOne)
	w.deal(perp.Buy, 10*perp.SizeOne)
	w.m.Fund(w.m.Funds())
	for range 6000 {
		w.step(perp.Second, 60_000*perp.PriceOne)
	}
	want := w.m.depth()
	got := w.m.Curve.L.Uint64()
	if diff := abs(int64(got) - int64(want.Uint64())); diff > int64(got)/50 {
		t.Errorf("L %d, wanted %s", got, want.Dec())
	}
	if mid := w.m.Curve.Price(); mid != 60_000*perp.PriceOne && mid != 60_000*perp.PriceOne-1 {
		t.Errorf("mid %s", mid)
	}
}

func TestDecay(t *testing.T) {
	half := 10 * perp.Second
	for _, dt := range []perp.Time{
		0, -5, 1, perp.Millisecond, 50 * perp.Millisecond, perp.Second, 9_999_999_999, half, half + 1,
		25 * perp.Second, 310 * perp.Second, 320 * perp.Second, math.MaxInt64,
	} {
		x := float64(max(dt, 0)) / float64(half)
		want := math.Exp2(-x)
		got := float64(decay(dt, half)) / (1 << 32)
		if math.Abs(got-want) > 2e-5*want+1e-9 {
			t.Errorf("%d ns: %.9f, want %.9f", dt, got, want)
		}
	}
	last := uint64(math.MaxUint64)
	for dt := perp.Time(0); dt < 40*perp.Second; dt += 7 * perp.Millisecond {
		d := decay(dt, half)
		if d > last {
			t.Fatalf("decay grows at %d", dt)
		}
		last = d
	}
}

func TestRoot(t *testing.T) {
	for _, v := range []int64{0, 1, 2, 3, 4, 8, 9, 15, 16, 1 << 40, 999_999_999_999, math.MaxInt64, math.MaxInt64 - 1} {
		r := big.NewInt(root(v))
		if want := new(big.Int).Sqrt(big.NewInt(v)); r.Cmp(want) != 0 {
			t.Errorf("root(%d) = %s, want %s", v, r, want)
		}
	}
}

// TestVolatilityIsMeasured: returns of 5 bp every second are a volatility of
// 5 bp per root second, and the quote widens with it.
func TestVolatilityIsMeasured(t *testing.T) {
	w := open(t, 60_000*perp.PriceOne)
	calm := w.m.Current().Clone()
	for i := range 600 {
		w.step(perp.Second, 60_000*perp.PriceOne+perp.Price(i%2)*30*perp.PriceOne)
	}
	s, p := &w.m.Stats, w.m.Params
	if sigma := s.sigma(&p, perp.Second); sigma < 490_000 || sigma > 510_000 {
		t.Errorf("volatility %d, want about 500000 (1e-9)", sigma)
	}
	wild := w.m.Current().Clone()
	if wild.Asks[0].Price-wild.Bids[0].Price <= calm.Asks[0].Price-calm.Bids[0].Price {
		t.Errorf("calm %s/%s, wild %s/%s", calm.Bids[0].Price, calm.Asks[0].Price, wild.Bids[0].Price, wild.Asks[0].Price)
	}
	if index := wild.Index; index < 60_000*perp.PriceOne || index > 60_030*perp.PriceOne {
		t.Errorf("index %s", index)
	}
}

func BenchmarkTick(b *testing.B) {
	w := open(b, 60_000*perp.PriceOne)
	w.deal(perp.Buy, 10*perp.SizeOne)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		w.now += 100 * perp.Millisecond
		w.m.Tick(w.tick(60_000*perp.PriceOne+perp.Price(i%7)*perp.PriceOne), w.now)
	}
}

func BenchmarkRequote(b *testing.B) {
	w := open(b, 60_000*perp.PriceOne)
	w.deal(perp.Buy, 10*perp.SizeOne)
	b.ReportAllocs()
	for b.Loop() {
		w.now += 10 * perp.Millisecond
		w.requote()
	}
}

func BenchmarkTakeFilled(b *testing.B) {
	w := open(b, 60_000*perp.PriceOne)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		side := perp.Side(1 + i%2)
		for _, l := range w.m.Take(perp.Class{}, side, perp.SizeOne, 0, nil) {
			w.m.Filled(side, l.Size, l.Price, 0)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	w := open(b, 60_000*perp.PriceOne)
	id := perp.QuoteID(w.m.Current().Version, perp.Buy, 3)
	b.ReportAllocs()
	for b.Loop() {
		w.m.Find(id, w.now)
	}
}
