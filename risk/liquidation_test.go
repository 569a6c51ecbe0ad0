package risk_test

import (
	"testing"

	"pgregory.net/rapid"

	"backstop/perp"
	"backstop/risk"
)

// held is a position of size at entry, marked at oracle (whole quote), with the
// default limits and no size premium.
func held(size perp.Size, entry, oracle perp.Price) risk.Exposure {
	l := risk.DefaultMarketLimits()
	l.SizePremium = 0
	return risk.Exposure{
		Symbol: "BTC-PERP", Limits: l, Oracle: oracle * perp.PriceOne,
		Position: perp.Position{Size: size, Entry: -perp.Notional(entry*perp.PriceOne, size, perp.Floor)},
	}
}

// TestJudge walks one unit bought at 100 down: a call below 4 %, liquidation
// below 3 %, and 2 % more, with losses counted 2 % heavier, to get out of it.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		cash                     perp.Money // in 0.01 quote
		called, liquidated, left bool
	}{
		{550, false, false, true},
		{500, false, false, true},
		{499, false, false, false},
		{400, false, false, false},
		{399, true, false, false},
		{300, true, false, false},
		{299, true, true, false},
		{-100, true, true, false},
	} {
		h := risk.Judge(risk.Portfolio{Cash: c.cash * perp.MoneyOne / 100, Exposures: []risk.Exposure{held(perp.SizeOne, 100, 100)}})
		if got := h.Equity < h.Call; got != c.called {
			t.Errorf("cash %d: called %v (%+v)", c.cash, got, h)
		}
		if got := h.Equity < h.Maintenance; got != c.liquidated {
			t.Errorf("cash %d: liquidated %v (%+v)", c.cash, got, h)
		}
		if got := h.Shortage == 0; got != c.left {
			t.Errorf("cash %d: let go %v (%+v)", c.cash, got, h)
		}
	}
	h := risk.Judge(risk.Portfolio{Cash: 50 * perp.MoneyOne, Exposures: []risk.Exposure{held(perp.SizeOne, 150, 100)}})
	if want := 6 * perp.MoneyOne; h.Shortage != want { // 5 buffered + 50 loss + 1 for the heavier loss - 50
		t.Errorf("shortage %s with a loss, want %s", h.Shortage, want)
	}
}

// TestSliceCuresAndIsPaced: the whole cure size when there is no hurry any
// more, a tenth of it at once, and never more than the position.
func TestSliceCuresAndIsPaced(t *testing.T) {
	const lot = perp.SizeOne / 1000
	e := held(1000*perp.SizeOne, 100, 100)
	span := e.Limits.LiquidationSpan
	// Each unit frees 3 % + 2 % and costs 0.5 % + 0.05 % of 100: 4.45.
	for _, c := range []struct {
		shortage, freed perp.Money
		elapsed         perp.Time
		want            perp.Size // in lots
	}{
		{445 * perp.MoneyOne, 0, span, 100_000},
		{445 * perp.MoneyOne, 0, 2 * span, 100_000},
		{445 * perp.MoneyOne, 0, 0, 10_000},
		{445 * perp.MoneyOne, 0, span / 2, 60_000},
		{400 * perp.MoneyOne, 45 * perp.MoneyOne, span / 2, 49_888}, // 60 % of 445, less the 45 freed: 222
		{400 * perp.MoneyOne, 45 * perp.MoneyOne, 0, 0},
		{49 * perp.MoneyOne, 0, 0, 11_012},                 // below the dust: at once
		{1_000_000 * perp.MoneyOne, 0, span, 1_000 * 1000}, // more than all of it cures
		{0, 0, span, 0},
	} {
		if got := risk.Slice(e, c.shortage, c.freed, c.elapsed, lot); got != c.want*lot {
			t.Errorf("short %s, freed %s, after %d s: %s, want %s", c.shortage, c.freed, c.elapsed/perp.Second, got, c.want*lot)
		}
	}
	if got := risk.Slice(held(perp.SizeOne/10, 100, 100), 100*perp.MoneyOne, 0, 0, lot); got != perp.SizeOne/10 {
		t.Errorf("a small position goes whole: %s", got)
	}
}

// TestSliceStaysInBounds: a slice is whole lots or the whole position, and
// closing the cure size at the mark ends the shortage.
func TestSliceStaysInBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lot := perp.SizeOne / 1000
		size := perp.Size(rapid.Int64Range(1, 1_000_000).Draw(t, "lots")) * lot
		if rapid.Bool().Draw(t, "short") {
			size = -size
		}
		e := held(size, perp.Price(rapid.Int64Range(50, 150).Draw(t, "entry")), perp.Price(rapid.Int64Range(50, 150).Draw(t, "oracle")))
		p := risk.Portfolio{Cash: perp.Money(rapid.Int64Range(0, 1e12).Draw(t, "cash")), Exposures: []risk.Exposure{e}}
		h := risk.Judge(p)
		n := risk.Slice(e, h.Shortage, 0, e.Limits.LiquidationSpan, lot)
		if n < 0 || n > perp.Abs(size) || n%lot != 0 || (n > 0) != (h.Shortage > 0) {
			t.Fatalf("slice %s of %s for %s", n, size, h.Shortage)
		}
		if h.Shortage == 0 || n == perp.Abs(size) {
			return
		}
		// Closed at the mark for the fees that the cure size reckons with.
		part := perp.Money(perp.MulDiv(int64(e.Position.Entry), int64(n), int64(perp.Abs(size)), perp.Trunc))
		value := perp.Notional(e.Oracle, n, perp.Floor)
		sign := perp.Size(1)
		if size < 0 {
			sign, value = -1, -value
		}
		e.Claim += value + part
		e.Position = perp.Position{Size: size - sign*n, Entry: e.Position.Entry - part}
		fees := perp.Share(perp.Money(perp.Abs(value)), e.Limits.LiquidationFee+e.Limits.TakerFee, perp.Ceil)
		after := risk.Judge(risk.Portfolio{Cash: p.Cash - fees, Exposures: []risk.Exposure{e}})
		if after.Shortage > 100 { // units: roundings of the parts
			t.Fatalf("short %s before, still %s after closing %s of %s", h.Shortage, after.Shortage, n, size)
		}
	})
}

// TestWithdrawable: only settled free collateral: profit does not count, loss
// does, margin stays behind.
func TestWithdrawable(t *testing.T) {
	const m = perp.MoneyOne
	for _, c := range []struct {
		name  string
		cash  perp.Money
		e     risk.Exposure
		claim perp.Money
		want  perp.Money
	}{
		{"flat", 100 * m, held(0, 0, 100), 0, 100 * m},
		{"margin", 100 * m, held(perp.SizeOne, 100, 100), 0, 95 * m},
		{"profit", 100 * m, held(perp.SizeOne, 50, 100), 0, 95 * m},
		{"claim", 100 * m, held(0, 0, 100), 40 * m, 100 * m},
		{"loss", 100 * m, held(perp.SizeOne, 150, 100), 0, 45 * m},
		{"debt", 100 * m, held(0, 0, 100), -40 * m, 60 * m},
		{"nothing left", 10 * m, held(perp.SizeOne, 150, 100), 0, 0},
	} {
		c.e.Claim = c.claim
		if got := risk.Withdrawable(risk.Portfolio{Cash: c.cash, Exposures: []risk.Exposure{c.e}}); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestProfitCountsLessInAnImbalance: once clients together are owed more than
// the market's limit, profits count in proportion for opening, not for keeping.
func TestProfitCountsLessInAnImbalance(t *testing.T) {
	e := held(perp.SizeOne, 50, 100)
	e.Limits.ProfitCap, e.Limits.MaxImbalance = 1_000*perp.MoneyOne, 1_000*perp.MoneyOne
	for _, c := range []struct {
		imbalance, want perp.Money
	}{{0, 50}, {1_000, 50}, {2_000, 25}, {10_000, 5}} {
		e.Imbalance = c.imbalance * perp.MoneyOne
		p := risk.Portfolio{Exposures: []risk.Exposure{e}}
		if got := risk.Margin(p, risk.Initial).Collateral; got != c.want*perp.MoneyOne {
			t.Errorf("owed %s: counts %s, want %d", e.Imbalance, got, c.want)
		}
		if got := risk.Margin(p, risk.Maintenance).Collateral; got != 50*perp.MoneyOne {
			t.Errorf("owed %s: keeps %s", e.Imbalance, got)
		}
	}
}

// TestOutflow: half may leave within the span, more stops everything until the
// desk opens it; what left is forgotten in a straight line.
func TestOutflow(t *testing.T) {
	v := risk.Venue{OutflowShare: perp.RatioOne / 2, OutflowSpan: 100 * perp.Second}
	var o risk.Outflow
	var verdict perp.Verdict
	take := func(amount, cash perp.Money, at perp.Time, want perp.Reject) {
		t.Helper()
		if o, verdict = v.Withdraw(o, amount, cash, at*perp.Second); verdict.Reject != want {
			t.Fatalf("%d of %d at %d: %+v, want %s", amount, cash, at, verdict, want)
		}
	}
	take(30, 100, 0, perp.RejectNone)
	take(20, 70, 0, perp.RejectNone)
	take(12, 50, 50, perp.RejectNone) // half of the 50 is forgotten: 25 of 75 are out
	take(1, 38, 50, perp.OutflowLimit)
	if !o.Stopped {
		t.Fatal("not stopped")
	}
	take(1, 1_000_000, 100_000, perp.OutflowLimit)
	o = risk.Outflow{At: 60 * perp.Second}
	take(1, 25, 60, perp.RejectNone)
}
