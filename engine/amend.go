package engine

import (
	"backstop/perp"
	"backstop/risk"
)

// amendment is what cancel and replace requests have in common.
type amendment struct {
	origin                        perp.Origin
	clOrdID, origClOrdID, orderID string
	account, symbol               string
	side                          perp.Side
	replace                       bool
	flaw                          perp.Verdict
}

// cancel ends a working order at its client's request. It works in every
// market state: an order can always be taken back.
func (e *Engine) cancel(c perp.CancelOrder) {
	a := amendment{
		origin: c.Origin, clOrdID: c.ClOrdID, origClOrdID: c.OrigClOrdID, orderID: c.OrderID,
		account: e.ownAccount(c.Session, c.Account), symbol: c.Symbol, side: c.Side, flaw: c.First(),
	}
	o, v := e.amendable(a)
	if !v.OK() {
		e.refuseAmendment(a, o, v)
		return
	}
	previous := o.ClOrdID
	e.state.Book.rename(o, c.ClOrdID)
	e.end(e.markets[o.Symbol], o, perp.OrderCanceled{Origin: c.Origin, OrigClOrdID: previous, Reason: perp.ClientCancel})
}

// amendable finds the order that a cancel or replace names and says what
// stands against changing it, in the order of the rejects.
func (e *Engine) amendable(a amendment) (*order, perp.Verdict) {
	if e.permitted(a.origin.Session, a.account) == nil {
		return nil, a.flaw.Worse(perp.Verdict{Reject: perp.UnknownOrder})
	}
	o := e.state.Book.find(a.account, a.origClOrdID)
	switch {
	case a.flaw.Reject == perp.BadClOrdID:
		return o, a.flaw
	case e.state.Book.find(a.account, a.clOrdID) != nil:
		return o, perp.Verdict{Reject: perp.DuplicateClOrdID, Detail: a.clOrdID}
	case !a.flaw.OK():
		return o, a.flaw
	case o == nil, o.ClOrdID != a.origClOrdID && o.Status.Working():
		return nil, perp.Verdict{Reject: perp.UnknownOrder, Detail: a.origClOrdID}
	case a.orderID != "" && a.orderID != o.OrderID:
		return o, perp.Verdict{Reject: perp.OrderMismatch, Detail: "OrderID"}
	case !a.replace && a.symbol != o.Symbol:
		return o, perp.Verdict{Reject: perp.OrderMismatch, Detail: "Symbol"}
	case !a.replace && a.side != o.Side:
		return o, perp.Verdict{Reject: perp.OrderMismatch, Detail: "Side"}
	case !o.Status.Working():
		return o, perp.Verdict{Reject: perp.TooLate, Detail: o.Status.String()}
	}
	return o, perp.Verdict{}
}

func (e *Engine) refuseAmendment(a amendment, o *order, v perp.Verdict) {
	rejected := perp.CancelRejected{
		Origin: a.origin, ClOrdID: a.clOrdID, OrigClOrdID: a.origClOrdID, Replace: a.replace, Verdict: v,
	}
	if o != nil {
		rejected.Order = o.Order
	}
	e.emit(rejected)
}

// replace changes the terms of a working order. A new price or a larger
// size loses time priority, and the order is matched as if it were new. A size
// at or below what is filled ends the order as filled (roe.md b.5).
func (e *Engine) replace(c perp.ReplaceOrder) {
	a := amendment{
		origin: c.Origin, clOrdID: c.ClOrdID, origClOrdID: c.OrigClOrdID, orderID: c.OrderID,
		account: e.ownAccount(c.Session, c.Account), symbol: c.Symbol, side: c.Side, replace: true, flaw: c.First(),
	}
	o, v := e.amendable(a)
	if v.OK() {
		v = e.mayReplace(o, c)
	}
	if !v.OK() {
		e.refuseAmendment(a, o, v)
		return
	}
	m := e.markets[o.Symbol]
	m.resting.remove(o)
	previous := o.ClOrdID
	e.state.Book.rename(o, c.ClOrdID)
	conditions := risk.Changed(o.Order, c.Conditions)
	if o.Price != c.Price || c.Size-o.Cum > o.Leaves() || conditions.Stop != o.Stop {
		o.Rank = e.state.Seq
	}
	o.Price, o.Size, o.Conditions, o.Updated = c.Price, max(c.Size, o.Cum), conditions, e.now
	o.Freed = 0 // The whole size is asked for anew.
	if o.Size == o.Cum {
		o.Status = perp.FullyFilled
		e.state.Book.close(o, e.state.Seq)
	} else {
		m.resting.add(o)
	}
	e.emit(perp.OrderReplaced{Origin: c.Origin, ExecID: e.execID(), Order: o.Order, OrigClOrdID: previous})
	if o.Status.Working() && !o.passive() {
		e.rematch(m, o, c.Arrival)
	}
}

// rematch deals a replaced order that now crosses. Where a new order would be
// held, this one rests until there is a price that is newer than its change.
func (e *Engine) rematch(m *market, o *order, arrival perp.Time) {
	if arrival == 0 {
		arrival = e.now
	}
	if _, held, v := e.mayDeal(m, o, arrival, e.fits(o, e.open(m, o)), dealing{}); held || !v.OK() {
		o.Wait = arrival
		return
	}
	e.match(m, o, arrival)
}
