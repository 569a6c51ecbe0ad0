package engine

import (
	"slices"

	"backstop/perp"
)

// resting holds the working limit orders of one market in price-time order:
// the first of a side is the one that is reached first. It is rebuilt from the
// orders, so it is not state of its own.
type resting struct{ buys, sells []*order }

func (r *resting) side(s perp.Side) *[]*order {
	if s == perp.Sell {
		return &r.sells
	}
	return &r.buys
}

// before tells whether a has priority over b on their side.
func before(a, b *order) int {
	if a.Price != b.Price {
		better := a.Price > b.Price
		if a.Side == perp.Sell {
			better = !better
		}
		if better {
			return -1
		}
		return 1
	}
	switch {
	case a.Rank < b.Rank:
		return -1
	case a.Rank > b.Rank:
		return 1
	}
	return 0
}

func (r *resting) add(o *order) {
	list := r.side(o.Side)
	i, _ := slices.BinarySearchFunc(*list, o, before)
	*list = slices.Insert(*list, i, o)
}

func (r *resting) remove(o *order) {
	list := r.side(o.Side)
	if i := slices.Index(*list, o); i >= 0 {
		*list = slices.Delete(*list, i, i+1)
	}
}

// sweep fills resting orders that the quote now reaches, in price-time order,
// at the quote's price. Every fill moves the reserves away from the next
// order, so the sweep ends; the bound makes a broken curve a Fault.
func (e *Engine) sweep(m *market) {
	for turns := 0; ; turns++ {
		if turns > sweepMax {
			panic(perp.Fault{What: "sweep does not end in " + m.Instrument.Symbol, Args: []int64{sweepMax}})
		}
		if !e.sweepOne(m, perp.Buy) && !e.sweepOne(m, perp.Sell) {
			return
		}
	}
}

// sweepMax bounds the fills that one command may cause in one market.
const sweepMax = 100_000

// sweepOne fills the first resting order of a side that the quote reaches and
// that may be filled, and reports whether anything happened. An order whose
// account can no longer bear the fill is cancelled; one that only the market or
// the maker cannot take now goes on waiting and lets those behind it pass.
func (e *Engine) sweepOne(m *market, side perp.Side) bool {
	for _, o := range *m.resting.side(side) {
		levels := m.Quoting.Take(side, o.Leaves(), o.Price)
		if len(levels) == 0 {
			return false // Those behind it ask for no better price.
		}
		switch v := e.mayFill(m, o, levels); v.Reject {
		case perp.RejectNone:
			e.deal(m, o, levels, perp.Added, 0)
			e.requote(m)
			return true
		case perp.OILimit, perp.DealerLeverage, perp.ReduceOnlyMode:
		default:
			e.end(m, o, perp.OrderCanceled{Reason: perp.RiskCancel, Detail: v.Reject.String()})
			return true
		}
	}
	return false
}
