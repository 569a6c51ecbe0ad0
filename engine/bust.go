package engine

import (
	"backstop/ledger"
	"backstop/perp"
)

// bust takes a trade back, if it is one of the last of its account and nothing has
// been built on it that cannot be taken back with it.
func (e *Engine) bust(c perp.BustTrade) {
	h, at, v := e.bustable(c)
	if v.OK() {
		v = e.state.Ledger.UseKey(c.Key)
	}
	text := ""
	if v.OK() {
		t := h.at(at)
		text = t.TradeID + " of " + t.Account + " is busted: " + t.Side.String() + " " + t.Size.String() + " " + t.Symbol + " at " + t.Price.String()
		e.takeBack(h, at, c.Operator)
	}
	e.answer(c.Key, c.By, c.Kind(), v, text)
}

// bustable finds a trade, and what stands against taking it back.
func (e *Engine) bustable(c perp.BustTrade) (h *history, at int, v perp.Verdict) {
	h, at = e.dealtAs(c.TradeID)
	refuse := func(why string) (*history, int, perp.Verdict) {
		return nil, 0, perp.Verdict{Reject: perp.WrongState, Detail: why}
	}
	switch {
	case e.state.Ledger.Used(c.Key):
		return nil, 0, perp.Verdict{Reject: perp.DuplicateKey, Detail: c.Key}
	case h == nil:
		return nil, 0, perp.Verdict{Reject: perp.UnknownTrade, Detail: c.TradeID + " is no trade, or none of the last 1000 of its account"}
	}
	t, liquidated := h.at(at), false
	for i := at; i < h.len(); i++ {
		liquidated = liquidated || h.at(i).Liquidation
	}
	m := e.markets[t.Symbol]
	switch i := e.endangered(t.Account); {
	case t.Busted:
		return refuse(t.TradeID + " is busted already")
	case m == nil || m.Mode == perp.ModeExpired:
		return refuse(t.Symbol + " has expired and is settled")
	case t.Liquidation:
		return refuse(t.TradeID + " closed a position of an account in liquidation, or against one")
	case i >= 0 && e.state.Dangers[i].Since > 0, liquidated:
		return refuse(t.Account + " has been liquidated or deleveraged since")
	case h.borne > 0 && t.Time <= h.borne:
		return refuse("a loss of " + t.Account + " has been borne by others since")
	case e.state.Book.byID[t.OrderID] == nil:
		return refuse("its order " + t.OrderID + " is not in mind")
	case !m.Quoting.Undoable(t.Side, t.Size):
		return nil, 0, perp.Verdict{Reject: perp.DealerLeverage, Detail: "without it clients would hold more than the curve has"}
	}
	return h, at, v
}

// dealtAs finds one of the last trades of all accounts by its id.
func (e *Engine) dealtAs(trade string) (*history, int) {
	for _, h := range e.state.History {
		for i := h.latest(); i < h.len(); i++ {
			if h.at(i).TradeID == trade {
				return h, i
			}
		}
	}
	return nil, 0
}

// takeBack undoes a trade in the order, the reserves and the books, all at once.
func (e *Engine) takeBack(h *history, at int, op perp.Operator) {
	t := h.at(at)
	m := e.markets[t.Symbol]
	next, change := e.without(h, at)
	t.Busted = true
	o := e.state.Book.byID[t.OrderID]
	filled := o.Status == perp.FullyFilled
	o.Cum, o.Paid, o.Freed, o.Updated = o.Cum-t.Size, o.Paid.Minus(t.Price, t.Size), o.Freed+t.Size, e.now
	if filled || o.Status == perp.PartiallyFilled {
		o.Status = perp.PartiallyFilled
		if o.Cum == 0 {
			o.Status = perp.New
		}
	}
	e.emit(perp.TradeBusted{
		ExecID: e.execID(), Fill: t.ExecID, TradeID: t.TradeID, Order: o.Order, Price: t.Price, Size: t.Size, Fee: t.Fee,
		Realised: change, By: op.By, Why: op.Reason,
	})
	if filled { // It was over, and what is free again is not worked.
		e.end(m, o, perp.OrderCanceled{Reason: perp.OperatorCancel, Detail: t.TradeID + " is busted"})
	}
	e.state.Book.change(o, e.state.Seq)
	m.Quoting.Undo(t.Side, t.Size, t.Price, t.Fee)
	e.emit(e.state.Ledger.Bust(ledger.Bust{
		Account: t.Account, Symbol: t.Symbol, Next: next, Realised: change, Fee: t.Fee, Paid: t.Paid, Ref: t.TradeID,
	})...)
	e.requote(m)
	e.sweep(m)
}

// without is the position of an account as if a trade of it had never been, and by
// how much what it realised is another; what its later trades realised is put right.
func (e *Engine) without(h *history, at int) (perp.Position, perp.Money) {
	var fills []ledger.Dealt
	var places []int
	for i := at; i < h.len(); i++ {
		if t := h.at(i); t.Symbol == h.at(at).Symbol && !t.Busted {
			fills = append(fills, ledger.Dealt{Side: t.Side, Size: t.Size, Price: t.Price, Realised: t.Realised})
			places = append(places, i)
		}
	}
	next, change := ledger.Without(e.state.Ledger.Position(h.account, h.at(at).Symbol), fills)
	for k := range fills {
		h.at(places[k]).Realised = fills[k].Realised
	}
	return next, change
}
