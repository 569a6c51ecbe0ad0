package engine

import (
	"backstop/ledger"
	"backstop/perp"
	"backstop/quoting"
	"backstop/risk"
)

// deal books one fill for each slice: the order, the books and the reserves
// move together, slice by slice, so that every step leaves all three in line.
// The charge goes to the insurance with the first slice; only liquidation has one.
func (e *Engine) deal(m *market, o *order, levels []perp.Level, liquidity perp.Liquidity, charge perp.Money) {
	class, improves := m.Quoting.ClassOf(o.Session), liquidity == perp.Removed && !o.Liquidation
	for _, l := range levels {
		quoted := l.Price
		if improves {
			l.Price = m.Quoting.Improved(class, o.Side, l)
		}
		// Exact: configuration requires tick x lot to be whole money.
		notional := perp.Notional(l.Price, l.Size, perp.Ceil)
		fee := risk.Fee(notional, m.Limits.TakerFee)
		m.Quoting.Filled(o.Side, l.Size, l.Price, fee)
		e.book(m, o, l, quoted, liquidity, fee, charge)
		charge = 0
	}
}

// aggress deals an order that takes the offer, and has it looked at again later.
func (e *Engine) aggress(m *market, o *order, levels []perp.Level, w quoting.Watched) {
	before, notional := o.Cum, cost(levels)
	exec := e.execIDs.of(e.state.Execs + 1) // of the first fill
	w.OrderID, w.ExecID, w.Session, w.Account, w.Firm = o.OrderID, exec, o.Session, o.Account, e.firm(o.Account)
	w.Side, w.Notional, w.Quoted = o.Side, notional, levels[0].Price
	e.deal(m, o, levels, perp.Removed, 0)
	w.Size = o.Cum - before
	if o.Type == perp.PreviouslyQuoted {
		e.streamDealt(m, o.QuoteID)
	}
	m.Quoting.Watch(w, e.now)
	m.Quoting.Dealt(o.Session, e.firms[o.Session], notional, e.now)
}

// book takes one fill into the books and the order and tells it.
func (e *Engine) book(m *market, o *order, l perp.Level, quoted perp.Price, liquidity perp.Liquidity, fee, charge perp.Money) {
	trade := e.tradeID()
	realised, events := e.state.Ledger.Fill(ledger.Fill{
		Account: o.Account, Symbol: o.Symbol, Side: o.Side, Size: l.Size, Price: l.Price, Fee: fee, Extra: charge, Ref: trade,
	})
	e.fill(m, o, l)
	exec := e.execID()
	e.emit(perp.Filled{
		ExecID: exec, TradeID: trade, Order: o.Order, Price: l.Price, Quoted: quoted, Size: l.Size,
		Fee: fee, Liquidity: liquidity, Realised: realised, Oracle: m.Quoting.OracleState(),
	})
	e.emit(events...)
	e.remember(&dealt{perp.TradeView{
		ExecID: exec, TradeID: trade, OrderID: o.OrderID, ClOrdID: o.ClOrdID, Account: o.Account, Symbol: o.Symbol,
		Side: o.Side, Price: l.Price, Size: l.Size, Fee: fee, Liquidation: o.Liquidation, Time: e.now,
	}, realised, e.state.Ledger.FeePaid()})
	if o.Status.Working() && o.Leaves() == 0 { // All but what was busted.
		e.end(m, o, perp.OrderCanceled{Reason: perp.OperatorCancel, Detail: "the rest was busted"})
	}
}

// fill moves the order itself on.
func (e *Engine) fill(m *market, o *order, l perp.Level) {
	o.Cum = perp.Add(o.Cum, l.Size)
	o.Paid = o.Paid.Plus(l.Price, l.Size)
	o.Status, o.Updated = perp.PartiallyFilled, e.now
	if o.Cum+o.Freed > o.Size {
		panic(perp.Fault{What: "order " + o.OrderID + " overfilled", Args: []int64{int64(o.Cum), int64(o.Size)}})
	}
	if o.Cum == o.Size {
		o.Status = perp.FullyFilled
		m.resting.remove(o)
		e.state.Book.close(o, e.state.Seq)
	}
}
