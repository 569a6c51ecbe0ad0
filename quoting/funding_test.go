package quoting

import (
	"testing"

	"pgregory.net/rapid"

	"backstop/perp"
)

// run lets funding accrue for a while with a price that stands still, and adds
// the steps up.
func (w *world) run(span perp.Time, long, short perp.Size) (sum Accrual) {
	price := w.m.Mark()
	for end := w.now + span; w.now < end; {
		w.step(perp.Second, price)
		a := w.m.Accrue(w.now, long, short)
		sum.Long += a.Long
		sum.Short += a.Short
	}
	return sum
}

// TestFundingFollowsThePremium: while clients are long the offer leans up and
// longs pay; while they are short it leans down and shorts pay. A day at the
// rate costs the rate.
func TestFundingFollowsThePremium(t *testing.T) {
	for _, c := range []struct {
		side perp.Side
		sign int64
	}{{perp.Buy, 1}, {perp.Sell, -1}} {
		w := open(t, 60_000*perp.PriceOne)
		w.m.Params.FundingBase = 0
		w.m.Params.FundingSpan = 10 * perp.Second
		w.m.Accrue(w.now, 0, 0)
		_, got := w.deal(c.side, 100*perp.SizeOne)
		long, short := got, perp.Size(0)
		if c.side == perp.Sell {
			long, short = 0, got
		}
		a := w.run(60*perp.Second, long, short)
		if a.Long*c.sign <= 0 || a.Short*c.sign <= 0 {
			t.Errorf("clients %s: longs pay %d, shorts get %d", c.side, a.Long, a.Short)
		}
		f := w.m.Funding
		if day := f.Long; perp.Abs(day) > w.m.Params.FundingMax || int64(day)*c.sign <= 0 {
			t.Errorf("clients %s: rate %s", c.side, day)
		}
		w.m.Funding.Premium = 1_000_000_000 * c.sign // 100 %: the clamp holds
		w.run(perp.Second, long, short)
		if got := w.m.Funding.Long; got != perp.Ratio(c.sign)*w.m.Params.FundingMax {
			t.Errorf("clamped rate %s", got)
		}
	}
}

// TestDayOfFundingCostsTheRate: a unit held for a day at a constant rate pays
// the price times the rate, to less than one part in a thousand.
func TestDayOfFundingCostsTheRate(t *testing.T) {
	w := open(t, 60_000*perp.PriceOne)
	w.m.Params.FundingMax = 200
	w.m.Params.FundingBase = 200 // 0.02 % a day: 12 quote
	w.m.Accrue(w.now, 0, 0)
	w.m.Funding.Premium = 0
	sum := w.run(864*perp.Second, perp.SizeOne, perp.SizeOne) // a hundredth of a day
	if want := int64(120_000_000_000); sum.Long < want*99/100 || sum.Long > want*101/100 || sum.Short != sum.Long {
		t.Errorf("longs paid %d, shorts got %d, want %d (1e-12 quote)", sum.Long, sum.Short, want)
	}
}

// TestMakerPaysNoMoreThanAThird: however one-sided the crowd and however long,
// what the maker accrues within a period stays within a third of what it may
// spend, and receivers never get more than payers and maker bring.
func TestMakerPaysNoMoreThanAThird(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(btc, DefaultParams(), perp.Money(rapid.Int64Range(1_000, 50_000).Draw(t, "funds"))*perp.MoneyOne)
		for range 10 {
			w.step(100*perp.Millisecond, 60_000*perp.PriceOne)
		}
		w.m.Params.FundingEvery = 60 * perp.Second
		w.m.Params.FundingMax = perp.RatioOne / 2
		w.m.Accrue(w.now, 0, 0)
		w.m.Funding.Premium = rapid.Int64Range(-500_000_000, 500_000_000).Draw(t, "premium")
		long := perp.Size(rapid.Int64Range(0, 1_000).Draw(t, "long")) * perp.SizeOne
		short := perp.Size(rapid.Int64Range(0, 1_000).Draw(t, "short")) * perp.SizeOne
		spare := w.m.Spare()
		sum := w.run(60*perp.Second, long, short)
		paid := perp.Add(part(sum.Long, long), -part(sum.Short, short))
		if -paid > spare/3+60 {
			t.Fatalf("the maker paid %s of %s", -paid, spare)
		}
		if w.m.Funding.Owed > spare/3+60 {
			t.Fatalf("the maker owes %s of %s", w.m.Funding.Owed, spare)
		}
	})
}

func part(index int64, size perp.Size) perp.Money {
	return perp.Money(perp.MulDiv(index, int64(size), 1_000_000_000_000_000, perp.Floor))
}

// TestFundingRestsWhileClosed: nothing accrues while the market is halted, and
// the time that it was closed is not made up for.
func TestFundingRestsWhileClosed(t *testing.T) {
	w := open(t, 60_000*perp.PriceOne)
	w.m.Accrue(w.now, 0, 0)
	w.m.Force(perp.Halted)
	if a := w.run(10*perp.Second, perp.SizeOne, 0); a != (Accrual{}) {
		t.Errorf("accrued %+v while halted", a)
	}
	w.m.Force(perp.Open)
	w.run(3*perp.Second, 0, 0)
	w.now += 3600 * perp.Second
	for range 10 {
		w.step(100*perp.Millisecond, 60_000*perp.PriceOne)
	}
	price := int64(60_000 * perp.PriceOne)
	a := w.m.Accrue(w.now, perp.SizeOne, 0)
	if most := price * int64(w.m.Params.FundingMax) / 8640; perp.Abs(a.Long) > most {
		t.Errorf("one step accrued %d, at most %d for ten seconds", a.Long, most)
	}
}

// TestForce: the desk can only make a market worse; it opens again by good
// ticks, and never after it expired.
func TestForce(t *testing.T) {
	w := open(t, 60_000*perp.PriceOne)
	if s := w.m.Force(perp.ReduceOnly); s.From != perp.Open || s.To != perp.ReduceOnly {
		t.Errorf("%s -> %s", s.From, s.To)
	}
	for range 20 {
		w.step(100*perp.Millisecond, 60_000*perp.PriceOne)
	}
	if s, why := w.m.State(); s != perp.ReduceOnly || why != perp.ReduceOnlyMode {
		t.Errorf("after good ticks: %s %s", s, why)
	}
	w.m.Force(perp.Halted)
	w.requote()
	if q := w.m.Current(); len(q.Bids)+len(q.Asks) != 0 {
		t.Error("a halted market offers")
	}
	w.m.Force(perp.Open)
	if s, _ := w.m.State(); s != perp.Halted {
		t.Errorf("resumed without a tick: %s", s)
	}
	for range 20 {
		w.step(100*perp.Millisecond, 60_000*perp.PriceOne)
	}
	if s, _ := w.m.State(); s != perp.Open {
		t.Errorf("resumed: %s", s)
	}
	w.m.Expire(5)
	for range 20 {
		w.step(100*perp.Millisecond, 60_000*perp.PriceOne)
		w.m.Clock(w.now)
	}
	if s, _ := w.m.State(); s != perp.Expired || w.m.Backing() != 5 {
		t.Errorf("expired: %s, backing %s", s, w.m.Backing())
	}
	for a := MoveCurve; a < actionEnd; a++ {
		if w.m.Allows(a) {
			t.Errorf("%s is allowed in an expired market", a)
		}
	}
}

// TestPricesAreContinuousInEquity: as the maker's funds run out, prices and
// sizes on both sides change by small steps down to nothing; no cliff.
func TestPricesAreContinuousInEquity(t *testing.T) {
	w := open(t, 60_000*perp.PriceOne)
	w.deal(perp.Buy, 20*perp.SizeOne)
	start, most := w.m.Equity, w.m.afford(w.m.Params.TopShare)
	var before perp.Quote
	for i := int64(1000); i >= 0; i-- {
		w.m.Equity = perp.Money(perp.MulDiv(int64(start), i, 1000, perp.Floor))
		q := w.requote()
		if i < 1000 {
			for _, side := range []perp.Side{perp.Buy, perp.Sell} {
				a, was := before.Best(side)
				b, is := q.Best(side)
				if was && is && perp.Abs(b.Price-a.Price) > a.Price/400 {
					t.Fatalf("%d/1000 of equity: %s moves from %s to %s", i, side, a.Price, b.Price)
				}
				if drop := a.Size - b.Size; was && drop > most/100 {
					t.Fatalf("%d/1000 of equity: size of %s falls from %s to %s", i, side, a.Size, b.Size)
				}
			}
			if q.Leverage < before.Leverage {
				t.Fatalf("%d/1000 of equity: leverage falls from %s to %s", i, before.Leverage, q.Leverage)
			}
		}
		before = q
	}
	if _, offered := before.Best(perp.Buy); offered {
		t.Error("without equity the maker still sells what loads it")
	}
	if _, offered := before.Best(perp.Sell); !offered {
		t.Error("without equity clients cannot close")
	}
}
