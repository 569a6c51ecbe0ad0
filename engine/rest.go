package engine

import (
	"cmp"
	"slices"

	"backstop/perp"
)

// resting holds the working orders of one market: those with a limit in
// price-time order, the first of a side being the one that is reached first, and
// stop orders in order of arrival. It is rebuilt from the orders, so it is not
// state of its own.
type resting struct {
	buys, sells, stops []*order
	timed              []*order // all of them whose time runs out, the next one first
}

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
	if o.Armed() {
		insert(&r.stops, o, func(a, b *order) int { return cmp.Compare(a.Rank, b.Rank) })
	} else {
		insert(r.side(o.Side), o, before)
	}
	if o.TIF == perp.GTD {
		insert(&r.timed, o, func(a, b *order) int {
			return cmp.Or(cmp.Compare(a.Expires, b.Expires), cmp.Compare(a.Rank, b.Rank))
		})
	}
}

func (r *resting) remove(o *order) {
	for _, list := range []*[]*order{r.side(o.Side), &r.stops, &r.timed} {
		if i := slices.Index(*list, o); i >= 0 {
			*list = slices.Delete(*list, i, i+1)
		}
	}
}

func insert(list *[]*order, o *order, by func(a, b *order) int) {
	i, _ := slices.BinarySearchFunc(*list, o, by)
	*list = slices.Insert(*list, i, o)
}

// sweep fills resting orders that the quote now reaches, in price-time order,
// at the quote's price; those of the side that brings the maker closer to flat
// first (pricing: "Unload"). Every fill moves the reserves away from the next
// order, so the sweep ends; the bound makes a broken curve a Fault.
func (e *Engine) sweep(m *market) {
	e.lapse(m)
	for turns := 0; ; turns++ {
		if turns > sweepMax {
			panic(perp.Fault{What: "sweep does not end in " + m.Instrument.Symbol, Args: []int64{sweepMax}})
		}
		first := perp.Buy
		if m.Quoting.Reduces(perp.Sell) {
			first = perp.Sell
		}
		if !e.sweepOne(m, first) && !e.sweepOne(m, first.Opposite()) {
			return
		}
	}
}

// sweepMax bounds the fills that one command may cause in one market.
const sweepMax = 100_000

// sweepOne fills the first resting order of a side that the quote reaches and
// that may be filled, and reports whether anything happened. An order whose
// account can no longer bear the fill is cancelled; one that only the market or
// the maker cannot take now goes on waiting and lets those behind it pass, as
// does one that waits for a newer price.
func (e *Engine) sweepOne(m *market, side perp.Side) bool {
	for _, o := range *m.resting.side(side) {
		if o.Wait > 0 {
			if !m.Quoting.Decides(o.Wait) {
				continue
			}
			o.Wait = 0
		}
		levels := e.reached(m, o)
		if len(levels) == 0 {
			if !m.Quoting.Reaches(side, o.Price) {
				return false // Nor does anybody's behind it, whatever they are quoted.
			}
			continue
		}
		if o.Reduce != 0 && e.wants(o) == 0 {
			e.unreduced(m, o)
			return true
		}
		if levels = e.fits(o, levels); len(levels) == 0 {
			continue // Less than its minimum.
		}
		switch v := e.mayFill(m, o, levels); v.Reject {
		case perp.RejectNone:
			e.deal(m, o, levels, perp.Added, 0)
			e.requote(m)
			e.finish(m, o, true)
			return true
		case perp.OILimit, perp.DealerLeverage, perp.ReduceOnlyMode:
		default:
			e.end(m, o, perp.OrderCanceled{Reason: perp.RiskCancel, Detail: v.Reject.String()})
			return true
		}
	}
	return false
}

// reached is what a resting order deals now: levels that are no worse than its
// limit, or its own limit where the maker wants to unload.
func (e *Engine) reached(m *market, o *order) []perp.Level {
	if levels := e.open(m, o); len(levels) > 0 {
		return levels
	}
	if l, wants := m.Quoting.Unload(o.Side, o.Leaves(), o.Price); wants {
		e.levels = append(e.levels, l)
	}
	return e.levels
}
