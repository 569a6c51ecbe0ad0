package engine

import (
	"slices"

	"backstop/perp"
	"backstop/quoting"
	"backstop/risk"
)

// fire sets off the stop orders whose price is reached, in order of arrival. What
// one of them deals may move the maker's price, so it is looked again until none
// is reached; each is set off once, so this ends.
func (e *Engine) fire(m *market) {
	if !m.Quoting.Allows(quoting.OfferQuote) {
		return // Nothing deals now: they wait for a price at which they can.
	}
	for again := len(m.resting.stops) > 0; again; {
		again = false
		for _, o := range slices.Clone(m.resting.stops) {
			if o.Status.Working() && o.Armed() {
				if price, reached := e.reachedStop(m, o); reached {
					e.trigger(m, o, price)
					again = true
				}
			}
		}
	}
}

// reachedStop compares the price of a stop order with the one that it goes by. A
// buy waits for a rise, a sell for a fall.
func (e *Engine) reachedStop(m *market, o *order) (price perp.Price, reached bool) {
	switch o.Trigger {
	case perp.TriggerMaker: // what it would deal at
		levels := m.Quoting.Take(m.Quoting.ClassOf(o.Session), o.Side, m.Instrument.Lot, 0, nil)
		if len(levels) == 0 {
			return 0, false
		}
		price = levels[0].Price
	default: // Positions are marked at the oracle price, so that the two are one.
		price = m.Quoting.Mark()
	}
	return price, price > 0 && (price-o.Stop)*perp.Price(o.Side.Sign()) >= 0
}

// trigger sets off a stop order. From here on it is what a new order would be:
// judged again, held if one would be held, and ended if it cannot deal.
func (e *Engine) trigger(m *market, o *order, price perp.Price) {
	m.resting.remove(o)
	f := e.facts(o.Account, m)
	o.Triggered, o.Updated = true, e.now
	e.emit(perp.OrderTriggered{ExecID: e.execID(), Order: o.Order, Price: price})
	if v := risk.Trigger(o.Order, f); !v.OK() {
		e.end(m, o, perp.OrderCanceled{Reason: unbearable(v.Reject), Detail: v.Reject.String()})
		return
	}
	levels := e.fits(o, e.bind(o, e.open(m, o)))
	why, held, v := e.mayDeal(m, o, e.now, levels, dealing{})
	switch {
	case !v.OK():
		e.end(m, o, perp.OrderCanceled{Reason: perp.RiskCancel, Detail: v.Reject.String()})
	case held:
		o.Status = perp.PendingNew
		e.wait(m, o, e.now, levels, why, dealing{})
	default:
		e.match(m, o, e.now)
	}
}

// unbearable is why a stop order ends that is refused when it is set off: for
// want of margin, or because of something that is not its account's.
func unbearable(r perp.Reject) perp.CancelReason {
	if slices.Contains([]perp.Reject{perp.PositionLimit, perp.NotionalLimit, perp.InsufficientMargin, perp.CollateralCap}, r) {
		return perp.TriggerCancel
	}
	return perp.RiskCancel
}

// childEnd is how what a stop let go ends when it is refused.
func childEnd(o *order, v perp.Verdict, now perp.Time) perp.OrderCanceled {
	if o.overdue(now) {
		return perp.OrderCanceled{Reason: perp.ExpiredCancel}
	}
	return perp.OrderCanceled{Reason: perp.RiskCancel, Detail: v.Reject.String()}
}
