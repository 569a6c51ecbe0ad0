package engine

import (
	"testing"

	"backstop/perp"
)

// TestOrderAllocatesWhatLeaves: what an order allocates is itself, its ids and events, each of
// which somebody else keeps, beside what memory of the arena costs now and then.
func TestOrderAllocatesWhatLeaves(t *testing.T) {
	f := busy(t, 2, 40, true)
	f.settle()
	var orders []perp.PlaceOrder
	for i := range 600 {
		f.n++
		o := f.order
		o.Origin = perp.Origin{Session: "dealer", Arrival: f.now}
		o.Account, o.Side, o.Size, o.ClOrdID, o.Transact = "dealer", perp.Side(1+i%2), perp.SizeOne/1000, id("c", f.n), f.now
		orders = append(orders, o)
	}
	told, n := 0, 0
	next := func() {
		told += len(f.do(orders[n]))
		n++
	}
	for range 90 {
		next()
	}
	told = 0
	allocs := testing.AllocsPerRun(499, next)
	if events := float64(told) / 500; allocs > events+3 {
		t.Errorf("%.1f allocations of an order for %.1f events", allocs, events)
	}
}
