package engine

import (
	"slices"

	"backstop/perp"
	"backstop/quoting"
)

// heldMax bounds the orders that wait in one market.
const heldMax = 10_000

// held is an order that waits for the tick that decides it.
type held struct {
	OrderID  string
	Arrival  perp.Time
	Deadline perp.Time
	Tier     perp.Tier // of its client then
	Why      string
	Version  int64        // of the quote that stood then
	Before   perp.Price   // oracle price at arrival
	Seen     perp.Time    // and its source time
	Quoted   []perp.Level // what it would have dealt on then
}

// hold lets an aggressive order wait. Its quote is spent, its margin is taken,
// and nothing else changes.
func (e *Engine) hold(m *market, o *order, req perp.PlaceOrder, quoted []perp.Level, why string, d dealing) {
	o.Status = perp.PendingNew
	e.state.Book.add(o, e.state.Seq)
	deadline := e.wait(m, o, req.Arrival, quoted, why, d)
	e.emit(perp.OrderHeld{Origin: req.Origin, ExecID: e.execID(), Order: o.Order, Deadline: deadline})
}

// wait puts an order among those that the next price decides.
func (e *Engine) wait(m *market, o *order, arrival perp.Time, quoted []perp.Level, why string, d dealing) (deadline perp.Time) {
	class := m.Quoting.ClassOf(o.Session)
	h := held{
		OrderID: o.OrderID, Arrival: arrival, Tier: class.Tier, Why: why, Version: d.version,
		Before: m.Quoting.Mark(), Seen: m.Quoting.Source(), Quoted: slices.Clone(quoted),
		Deadline: m.Quoting.LookDeadline(arrival),
	}
	if offer := m.Quoting.OfferTo(class); o.Type != perp.PreviouslyQuoted && offer != nil {
		h.Version = offer.Quote.Version
	}
	if d.given.ID != "" { // what it was made from counts, not what came since
		h.Before, h.Seen = d.given.Oracle, d.given.Seen
	}
	m.Held = append(m.Held, h)
	return h.Deadline
}

// record is what is kept of a decision about a held order.
func (e *Engine) record(m *market, o *order, h held) perp.LastLook {
	return perp.LastLook{
		OrderID: o.OrderID, ClOrdID: o.ClOrdID, Session: o.Session, Account: o.Account, Symbol: o.Symbol, Side: o.Side, Size: o.Size,
		Tier: h.Tier, Why: h.Why, QuoteID: o.QuoteID, Version: h.Version,
		Arrival: h.Arrival, Decided: e.now, Seen: h.Seen, Source: m.Quoting.Source(),
		Quoted: h.Quoted[0].Price, Before: h.Before, After: m.Quoting.Mark(),
		Move: h.move(o.Side, m.Quoting.Mark()),
	}
}

// move is how far the oracle has moved for the client since the order came,
// towards zero.
func (h held) move(side perp.Side, mark perp.Price) perp.Ratio {
	if h.Before <= 0 {
		return 0
	}
	return perp.Ratio(side.Sign() * perp.MulDiv(int64(mark-h.Before), int64(perp.RatioOne), int64(h.Before), perp.Trunc))
}

// decide settles the held orders that the accepted price is newer than, in order
// of arrival, before anything else deals on the new quote.
func (e *Engine) decide(m *market) {
	waiting := m.Held
	m.Held = nil
	for i, h := range waiting {
		if !m.Quoting.Decides(h.Arrival) {
			m.Held = append(m.Held, waiting[i])
			continue
		}
		e.look(m, h)
	}
}

// look decides one order at the new price (pricing: "Last look"). If the oracle
// moved in the client's favour by no more than is tolerated, or against it, the
// client gets the better of what was quoted and what is quoted now. If it moved
// further, or what was quoted does not stand for another reason, the order deals
// at the current quote if its limit allows, and is refused if not. Moves against
// the client are wholly its gain.
func (e *Engine) look(m *market, h held) {
	o := e.state.Book.byID[h.OrderID]
	r := e.record(m, o, h)
	r.Tolerance = m.Quoting.Tolerated(o.Side, h.Tier, r.Quoted, h.Before)
	limit := o.Price
	if o.Type == perp.Market || o.Type == perp.Stop {
		limit = o.Bound
	}
	class := m.Quoting.ClassOf(o.Session)
	wants := e.wants(o)
	quoted := e.fits(o, slices.Clone(h.Quoted))
	current := e.fits(o, m.Quoting.Take(class, o.Side, o.Size, limit, nil))
	levels := current
	v := e.stands(m, o, r, cost(quoted))
	stands := v.OK()
	if stands && better(o.Side, quoted, current) {
		levels = quoted
	}
	if o.Type == perp.PreviouslyQuoted && total(levels) < wants { // all of it at one quote, or nothing
		levels = nil
		if stands {
			levels = quoted
		}
	}
	if len(levels) > 0 {
		r.Price = m.Quoting.Improved(class, o.Side, levels[0])
		v = e.mayFill(m, o, levels)
		if !v.OK() {
			v = perp.Verdict{Reject: perp.LastLookValidity, Need: v.Need, Have: v.Have, Detail: v.Reject.String()}
		}
	}
	if why := e.outdated(o); why != perp.RejectNone {
		v = perp.Verdict{Reject: perp.LastLookValidity, Detail: why.String()}
	}
	switch {
	case v.Reject == perp.LastLookPrice:
		r.Outcome = perp.LookAgainst
	case !v.OK():
		r.Outcome = perp.LookInvalid
	case r.Price == r.Quoted:
		r.Outcome = perp.LookAccepted
	case (r.Price < r.Quoted) == (o.Side == perp.Buy):
		r.Outcome = perp.LookImproved
	default:
		r.Outcome = perp.LookCurrent
	}
	e.emit(r)
	if !v.OK() {
		e.turnDown(o, v)
		if r.Outcome == perp.LookAgainst {
			w := h.watched()
			w.OrderID, w.Session, w.Account, w.Firm = o.OrderID, o.Session, o.Account, e.firm(o.Account)
			w.Side, w.Size, w.Notional, w.Quoted = o.Side, o.Size, cost(h.Quoted), r.Quoted
			m.Quoting.Watch(w, e.now)
		}
		return
	}
	e.deliver(m, o, h, levels)
}

// stands tells whether a held order may still deal at what was quoted, which costs
// so much, and what it is refused for if nothing else is open to it.
func (e *Engine) stands(m *market, o *order, r perp.LastLook, quoted perp.Money) perp.Verdict {
	if r.Move > r.Tolerance {
		return perp.Verdict{Reject: perp.LastLookPrice, Need: int64(r.Tolerance), Have: int64(r.Move), Detail: "move"}
	}
	// The quote was behind when the order came: it need not have moved since.
	if (r.Quoted-r.After)*perp.Price(o.Side.Sign()) < 0 {
		return perp.Verdict{
			Reject: perp.LastLookValidity, Need: int64(r.After), Have: int64(r.Quoted), Detail: "oracle price beyond the quoted one",
		}
	}
	// What was quoted is honoured for what a client may deal in a second: during a
	// hold no quote moves, so many orders would all have met the same one.
	if room := m.Quoting.Room(o.Session, e.firms[o.Session], e.now); quoted > room {
		return perp.Verdict{Reject: perp.LastLookValidity, Need: int64(quoted), Have: int64(room), Detail: perp.FillLimit.String()}
	}
	return perp.Verdict{}
}

// watched is from where a held order is looked at again: what its client could
// know when it came.
func (h held) watched() quoting.Watched {
	return quoting.Watched{Arrived: h.Arrival, Before: h.Before, Seen: h.Seen}
}

// better tells whether a deals the same size at no worse a total than b.
func better(side perp.Side, a, b []perp.Level) bool {
	if total(a) != total(b) {
		return total(a) > total(b)
	}
	return side.Sign()*int64(cost(a)) < side.Sign()*int64(cost(b))
}

func cost(levels []perp.Level) (sum perp.Money) {
	for _, l := range levels {
		sum = perp.Add(sum, perp.Notional(l.Price, l.Size, perp.Ceil))
	}
	return sum
}

// deliver accepts a held order and deals it. What a stop let go was accepted
// before.
func (e *Engine) deliver(m *market, o *order, h held, levels []perp.Level) {
	o.Status, o.Updated = perp.New, e.now
	if !o.Triggered {
		e.emit(perp.OrderAccepted{ExecID: e.execID(), Order: o.Order})
	}
	if o.Rests() {
		m.resting.add(o)
	}
	if o.TIF == perp.FOK && total(levels) < e.wants(o) {
		e.end(m, o, perp.OrderCanceled{Reason: perp.FOKUnfillable})
		return
	}
	e.aggress(m, o, levels, h.watched())
	e.requote(m)
	e.finish(m, o, true)
	e.strand(m, o)
}

// turnDown refuses a held order. What a stop let go is there already, so it ends.
func (e *Engine) turnDown(o *order, v perp.Verdict) {
	if o.Triggered {
		e.end(e.markets[o.Symbol], o, childEnd(o, v, e.now))
		return
	}
	o.Status, o.Reason, o.Updated = perp.Rejected, v.Reject.String(), e.now
	e.state.Book.close(o, e.state.Seq)
	e.emit(perp.OrderRejected{ExecID: e.execID(), Order: o.Order, Verdict: v})
}

// release refuses held orders for which no tick came in time; with all set,
// every one of them: the market closes, or the gateway starts again and would
// otherwise fill at a price from after an outage.
func (e *Engine) release(m *market, all bool, why string) {
	m.Held = slices.DeleteFunc(m.Held, func(h held) bool {
		if !all && e.now < h.Deadline {
			return false
		}
		o := e.state.Book.byID[h.OrderID]
		r := e.record(m, o, h)
		r.Outcome = perp.LookExpired
		if all {
			r.Outcome = perp.LookInvalid
		}
		e.emit(r)
		e.turnDown(o, perp.Verdict{Reject: perp.LastLookValidity, Detail: why})
		return true
	})
}

// releaseOf refuses the held orders of one account.
func (e *Engine) releaseOf(m *market, account, why string) {
	mine := []held{}
	m.Held = slices.DeleteFunc(m.Held, func(h held) bool {
		if e.state.Book.byID[h.OrderID].Account != account {
			return false
		}
		mine = append(mine, h)
		return true
	})
	rest := m.Held
	m.Held = mine
	e.release(m, true, why)
	m.Held = rest
}
