package engine

import (
	"testing"

	"backstop/perp"
)

// TestAuditFaults: a maker's equity that is off by one unit is a Fault at the next
// command about its market, and of any other market at the next tick of the clock;
// books that are right are none.
func TestAuditFaults(t *testing.T) {
	for name, test := range map[string]struct {
		spoilt string
		do     func(*floor)
		faults bool
	}{
		"tick":             {"M001", func(f *floor) { f.do(f.tickOf(1)) }, true},
		"order":            {"M000", func(f *floor) { f.deal("dealer", perp.Buy) }, true},
		"clock":            {"M001", func(f *floor) { f.do(perp.ClockTick{}) }, true},
		"deposit":          {"M001", func(f *floor) { f.do(perp.Deposit{Account: "dealer", Amount: 1, Key: "d"}) }, true},
		"nothing spoilt":   {"", func(f *floor) { f.do(perp.ClockTick{}) }, false},
		"of another":       {"M001", func(f *floor) { f.deal("dealer", perp.Buy) }, false},
		"another, by book": {"M001", func(f *floor) { f.lose("M001"); f.deal("dealer", perp.Buy) }, true},
	} {
		f := busy(t, 2, 2, false)
		f.now += perp.Millisecond
		if m := f.e.markets[test.spoilt]; m != nil {
			m.Quoting.Equity++
		}
		if faulted := faults(func() { test.do(f) }); faulted != test.faults {
			t.Errorf("%s: faulted %v", name, faulted)
		}
	}
}

// lose takes a unit out of the books of a market behind the engine's back.
func (f *floor) lose(symbol string) {
	f.e.state.Ledger.Withdraw(perp.Withdraw{
		Operator: perp.Operator{Key: "lost", By: "nobody"}, Account: perp.Maker, Symbol: symbol, Amount: 1,
	})
}

func faults(do func()) (faulted bool) {
	defer func() { _, faulted = recover().(perp.Fault) }()
	do()
	return false
}
