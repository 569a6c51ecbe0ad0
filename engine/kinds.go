package engine

import (
	"backstop/perp"
	"backstop/risk"
)

// wants is what an order may still deal: a reducing one no more than it closes
// of the position that is there now.
func (e *Engine) wants(o *order) perp.Size {
	if o.Reduce == 0 {
		return o.Leaves()
	}
	return min(o.Leaves(), risk.Reducible(e.state.Ledger.Position(o.Account, o.Symbol).Size, o.Side))
}

// passive tells whether an order never takes the offer when it comes.
func (o *order) passive() bool { return o.Armed() || o.PostOnly }

// limit is the worst price that an order may deal at; zero: any.
func (o *order) limit() perp.Price {
	if o.Bound != 0 {
		return o.Bound
	}
	return o.Price
}

// cut shortens levels to a size.
func cut(levels []perp.Level, size perp.Size) []perp.Level {
	for i := range levels {
		if levels[i].Size >= size {
			levels[i].Size = size
			if size > 0 {
				i++
			}
			return levels[:i]
		}
		size -= levels[i].Size
	}
	return levels
}

// fits is what an order deals of levels that are open to it: what it wants, and
// nothing if that is less than its minimum. The slice is shortened in place.
func (e *Engine) fits(o *order, levels []perp.Level) []perp.Level {
	wants := e.wants(o)
	levels = cut(levels, wants)
	if total(levels) < min(o.MinSize, wants) {
		return levels[:0]
	}
	return levels
}

// open is what is offered to an order at its limit, for all that is left of it.
func (e *Engine) open(m *market, o *order) []perp.Level {
	e.levels = m.Quoting.Take(m.Quoting.ClassOf(o.Session), o.Side, o.Leaves(), o.limit(), e.levels[:0])
	return e.levels
}

// bind bounds an order that names no price by the best level that it meets, and
// leaves out the levels beyond. What it deals later has the same bound.
func (e *Engine) bind(o *order, levels []perp.Level) []perp.Level {
	if o.Type != perp.Market && o.Type != perp.Stop || len(levels) == 0 {
		return levels
	}
	slippage := o.Slippage
	if a := e.account(o.Account); slippage == 0 && a != nil {
		slippage = a.Limits.Slippage
	}
	if slippage == 0 {
		return levels
	}
	best := levels[0].Price
	o.Bound = max(1, best+perp.Price(o.Side.Sign())*best.Of(slippage, perp.Floor))
	for i, l := range levels {
		if (l.Price-o.Bound)*perp.Price(o.Side.Sign()) > 0 {
			return levels[:i]
		}
	}
	return levels
}

// finish ends what may not wait of an order that has dealt all it could. met
// tells that something was offered to it.
func (e *Engine) finish(m *market, o *order, met bool) {
	switch {
	case !o.Status.Working():
	case met && o.Reduce != 0 && e.wants(o) == 0:
		e.unreduced(m, o)
	case !o.Rests():
		e.end(m, o, perp.OrderCanceled{Reason: perp.IOCRemainder})
	}
}

// unreduced ends what is left of a reducing order when there is nothing more to
// reduce.
func (e *Engine) unreduced(m *market, o *order) {
	e.end(m, o, perp.OrderCanceled{Reason: perp.ReduceOnlyCancel, Clipped: o.Leaves()})
}

// overdue tells whether the time of an order is over.
func (o *order) overdue(now perp.Time) bool { return o.TIF == perp.GTD && o.Expires <= now }

// outdated is what has made an order pointless while it was held.
func (e *Engine) outdated(o *order) perp.Reject {
	switch {
	case o.overdue(e.now):
		return perp.ExpireTime
	case e.wants(o) == 0:
		return perp.ReduceOnlyFlat
	}
	return perp.RejectNone
}

// lapse ends the orders of a market whose time is over, before anything else may
// deal with them.
func (e *Engine) lapse(m *market) {
	for len(m.resting.timed) > 0 && m.resting.timed[0].overdue(e.now) {
		e.end(m, m.resting.timed[0], perp.OrderCanceled{Reason: perp.ExpiredCancel})
	}
}
