package engine

import "backstop/perp"

// place answers a new order. A request that repeats a known ClOrdID never makes
// a second order: with equal terms and a sign that it is a repetition (43 or
// 97=Y) it gets the present state, else a refusal that carries it (roe.md b.10).
func (e *Engine) place(o perp.PlaceOrder) {
	o.Account = e.ownAccount(o.Session, o.Account)
	var known *order
	if e.permitted(o.Session, o.Account) != nil {
		known = e.state.Book.find(o.Account, o.ClOrdID)
	}
	if known != nil && (o.PossDup || o.PossResend) && known.ClOrdID == o.ClOrdID && known.Terms == termsOf(o) {
		e.emit(perp.StatusReported{Origin: o.Origin, ExecID: e.execID(), Order: known.Order})
		return
	}
	m := e.markets[o.Symbol]
	deal := e.dealOf(m, o)
	v := e.preTrade(o, known, m, deal)
	switch {
	case known != nil:
		first := known.Order
		first.ClOrdID = o.ClOrdID // The id that the client just sent, whatever replaced it since.
		e.emit(perp.OrderRejected{Origin: o.Origin, ExecID: e.execID(), Order: first, Verdict: v})
	case !v.OK():
		e.reject(o, v)
	default:
		e.accept(m, o, deal)
	}
}

func newOrder(o perp.PlaceOrder, now perp.Time) perp.Order {
	return perp.Order{
		ClOrdID: o.ClOrdID, First: o.ClOrdID, Session: o.Session, Account: o.Account,
		Symbol: o.Symbol, Side: o.Side, Type: o.Type, TIF: o.TIF, Size: o.Size, Price: o.Price,
		QuoteID: o.QuoteID, Created: now, Updated: now,
	}
}

// reject refuses an order. It gets an OrderID, and its ClOrdID is spent, only if
// the session may use the account: nobody spends the ids of another firm.
func (e *Engine) reject(o perp.PlaceOrder, v perp.Verdict) {
	r := newOrder(o, e.now)
	r.Status, r.Reason = perp.Rejected, v.Reject.String()
	if v.Reject > perp.BadClOrdID && e.permitted(o.Session, o.Account) != nil {
		r.OrderID = e.orderID()
		e.state.Book.add(&order{Order: r, Rank: e.state.Seq, Terms: termsOf(o)})
	}
	e.emit(perp.OrderRejected{Origin: o.Origin, ExecID: e.execID(), Order: r, Verdict: v})
}

// accept makes the order and deals what can be dealt at once.
func (e *Engine) accept(m *market, req perp.PlaceOrder, d dealing) {
	o := &order{Order: newOrder(req, e.now), Rank: e.state.Seq, Terms: termsOf(req)}
	o.OrderID, o.Status = e.orderID(), perp.New
	aggressive := m.Quoting.Take(o.Side, o.Size, o.Price)
	if o.Type == perp.PreviouslyQuoted {
		o.Price = d.level.Price
		aggressive = []perp.Level{{Price: o.Price, Size: o.Size}}
	}
	if req.Arrival == 0 {
		req.Arrival = e.now
	}
	if len(aggressive) > 0 && m.Quoting.Waits(o.Side, req.Arrival) && (o.TIF != perp.FOK || total(aggressive) == o.Size) {
		if o.Type == perp.PreviouslyQuoted {
			e.consume(m, o.QuoteID, d)
		}
		e.hold(m, o, req, aggressive)
		return
	}
	e.state.Book.add(o)
	e.emit(perp.OrderAccepted{Origin: req.Origin, ExecID: e.execID(), Order: o.Order})
	if o.Type == perp.PreviouslyQuoted {
		e.consume(m, o.QuoteID, d)
		e.deal(m, o, []perp.Level{{Price: o.Price, Size: o.Size}}, perp.Removed, 0)
		e.requote(m)
		e.sweep(m)
		return
	}
	if o.Type == perp.Limit && o.TIF == perp.GTC {
		m.resting.add(o)
	}
	e.match(m, o)
}

// match deals a working order against the current quote as an aggressor and
// then does with the rest what its time in force says.
func (e *Engine) match(m *market, o *order) {
	slices := m.Quoting.Take(o.Side, o.Leaves(), o.Price)
	if o.TIF == perp.FOK && total(slices) < o.Leaves() {
		e.end(m, o, perp.OrderCanceled{Reason: perp.FOKUnfillable})
		return
	}
	if len(slices) > 0 {
		e.deal(m, o, slices, perp.Removed, 0)
		e.requote(m)
	}
	if o.Status.Working() && o.TIF != perp.GTC {
		e.end(m, o, perp.OrderCanceled{Reason: perp.IOCRemainder})
	}
	if len(slices) > 0 {
		e.sweep(m)
	}
}

func total(slices []perp.Level) (sum perp.Size) {
	for _, s := range slices {
		sum += s.Size
	}
	return sum
}

// end cancels what is left of an order. why carries the reason and, for a
// client's own request, its origin.
func (e *Engine) end(m *market, o *order, why perp.OrderCanceled) {
	o.Status, o.Updated = perp.Canceled, e.now
	o.Reason = why.Reason.String()
	m.resting.remove(o)
	e.state.Book.close(o)
	why.ExecID, why.Order = e.execID(), o.Order
	e.emit(why)
}
