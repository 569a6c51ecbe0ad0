package engine

import (
	"backstop/perp"
	"backstop/quoting"
)

// place answers a new order. A request that repeats a known ClOrdID never makes
// a second order: with equal terms and a sign that it is a repetition (43 or
// 97=Y) it gets the present state, else a refusal that carries it (roe.md b.10).
func (e *Engine) place(o perp.PlaceOrder) {
	o.Account = e.ownAccount(o.Session, o.Account)
	var known *order
	if e.permitted(o.Session, o.Account) != nil {
		known = e.state.Book.find(o.Account, o.ClOrdID)
	}
	if known != nil && (o.PossDup || o.PossResend) && known.repeats(o) {
		e.emit(perp.StatusReported{Origin: o.Origin, ExecID: e.execID(), Order: known.Order})
		return
	}
	m := e.markets[o.Symbol]
	e.freshen(m)
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
		QuoteID: o.QuoteID, RespID: o.RespID, Created: now, Updated: now, Conditions: o.Conditions,
	}
}

// reject refuses an order. It gets an OrderID, and its ClOrdID is spent, only if
// the session may use the account: nobody spends the ids of another firm.
func (e *Engine) reject(o perp.PlaceOrder, v perp.Verdict) {
	r := newOrder(o, e.now)
	r.Status, r.Reason = perp.Rejected, v.Reject.String()
	if v.Reject > perp.BadClOrdID && e.permitted(o.Session, o.Account) != nil {
		r.OrderID = e.orderID()
		e.state.Book.add(&order{Order: r, Rank: e.state.Seq}, e.state.Seq)
	}
	e.emit(perp.OrderRejected{Origin: o.Origin, ExecID: e.execID(), Order: r, Verdict: v})
}

// accept makes the order and deals what can be dealt at once, or holds it.
func (e *Engine) accept(m *market, req perp.PlaceOrder, d dealing) {
	o := &order{Order: newOrder(req, e.now), Rank: e.state.Seq}
	o.Status = perp.New
	levels := e.levels[:0]
	switch {
	case o.Type == perp.PreviouslyQuoted:
		o.Price = d.level.Price
		levels = append(levels, perp.Level{Price: o.Price, Size: o.Size})
	case !o.passive():
		levels = e.bind(o, e.open(m, o))
	}
	levels = e.fits(o, levels)
	if req.Arrival == 0 {
		req.Arrival = e.now
	}
	why, held, v := e.mayDeal(m, o, req.Arrival, levels, d)
	if !v.OK() {
		e.reject(req, v)
		return
	}
	o.OrderID = e.orderID()
	if o.Type == perp.PreviouslyQuoted {
		e.consume(m, o, d)
	}
	if held {
		e.hold(m, o, req, levels, why, d)
		return
	}
	e.state.Book.add(o, e.state.Seq)
	e.emit(perp.OrderAccepted{Origin: req.Origin, ExecID: e.execID(), Order: o.Order})
	if o.Type == perp.PreviouslyQuoted {
		if len(levels) > 0 {
			e.aggress(m, o, levels, quoting.Watched{Arrived: req.Arrival})
			e.requote(m)
		}
		e.finish(m, o, true)
		e.sweep(m)
		return
	}
	if o.Rests() {
		m.resting.add(o)
	}
	if !o.passive() {
		e.match(m, o, req.Arrival)
	}
	e.strand(m, o)
}

// mayDeal says whether an order that would deal on levels has to wait for a
// newer price, and why, or what stands against it: it would wait in vain, too
// many wait already, or its client deals faster than a firm quote allows. Of the
// quote that it names counts whether it was given as firm, or some time ago.
func (e *Engine) mayDeal(m *market, o *order, arrival perp.Time, levels []perp.Level, d dealing) (why string, held bool, v perp.Verdict) {
	if len(levels) == 0 || o.TIF == perp.FOK && total(levels) < e.wants(o) {
		return "", false, v // nothing deals
	}
	firms := e.firms[o.Session]
	value, room := cost(levels), m.Quoting.Room(o.Session, firms, e.now)
	why, held = m.Quoting.Holds(o.Side, arrival, m.Quoting.Standing(o.Session, firms, e.now), value > room)
	firm := d.firm || m.Quoting.Params.LastLook == quoting.LookOff
	switch {
	case d.firm:
		why, held = "", false
	case d.given.ID != "" && !held && !firm:
		why, held = quoting.HeldAge, true
	}
	switch {
	case held && !m.Quoting.Expects(e.now):
		v = perp.Verdict{Reject: perp.LastLookValidity, Detail: "no newer price is due"}
	case held && len(m.Held) >= heldMax:
		v = perp.Verdict{Reject: perp.FillLimit, Need: int64(len(m.Held)), Have: heldMax, Detail: "held orders"}
	case !held && value > room && firm:
		v = perp.Verdict{Reject: perp.FillLimit, Need: int64(value), Have: int64(room), Detail: "dealt within a second"}
	}
	return why, held, v
}

// match deals a working order against the current quote as an aggressor and
// then does with the rest what its time in force says.
func (e *Engine) match(m *market, o *order, arrival perp.Time) {
	levels := e.open(m, o)
	met := len(levels) > 0
	levels = e.fits(o, levels)
	if o.TIF == perp.FOK && (!met || total(levels) < e.wants(o)) {
		e.end(m, o, perp.OrderCanceled{Reason: perp.FOKUnfillable})
		return
	}
	if len(levels) > 0 {
		e.aggress(m, o, levels, quoting.Watched{Arrived: arrival})
		e.requote(m)
	}
	e.finish(m, o, met)
	if len(levels) > 0 {
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
	e.state.Book.close(o, e.state.Seq)
	why.ExecID, why.Order = e.execID(), o.Order
	e.emit(why)
}
