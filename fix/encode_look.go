package fix

import (
	"fmt"
	"strconv"

	"backstop/perp"

	"github.com/shopspring/decimal"
)

// hear notes the request that the events which follow come from.
func (c *codec) hear(cmd perp.Command) {
	c.origin, c.clOrdID = perp.Origin{}, ""
	switch cmd := cmd.(type) {
	case perp.PlaceOrder:
		c.origin, c.clOrdID = cmd.Origin, cmd.ClOrdID
	case perp.ReplaceOrder:
		c.origin, c.clOrdID = cmd.Origin, cmd.ClOrdID
	}
}

// stands takes in what the maker offers to whom, which a quote that is issued in
// the same batch is explained with.
func (c *codec) stands(ev perp.Event) {
	of := func(symbol string) *graded {
		if _, known := c.offers[symbol]; !known {
			c.offers[symbol] = newGraded()
		}
		return c.offers[symbol]
	}
	switch ev := ev.(type) {
	case perp.QuoteChanged:
		of(ev.Quote.Symbol).quotes[perp.Class{}] = ev.Quote
	case perp.ClassQuoted:
		of(ev.Quote.Symbol).quotes[ev.Quote.Class] = ev.Quote
	case perp.ClientGraded:
		of(ev.Symbol).grades[ev.Session] = gradeOf(ev)
	case perp.TickRefused:
		of(ev.Symbol).doubts(ev)
	}
}

// received is when the request came that made an order deal; zero if none did,
// because the price came to the order.
func (c *codec) received(o perp.Order) perp.Time {
	if c.origin.Session == o.Session && c.clOrdID != "" && c.clOrdID == o.ClOrdID {
		return c.origin.Arrival
	}
	return 0
}

// looked is the decision that has just been told about an order, if it was held.
func (c *codec) looked(o perp.Order) *perp.LastLook {
	if o.OrderID == "" || o.OrderID != c.look.OrderID {
		return nil
	}
	look := c.look
	return &look
}

// asked notes the request that a report answers.
func (r *execution) asked(o perp.Origin) *execution {
	r.received = o.Arrival
	return r
}

// accepted is 150=0; of an order that was held it says how that was decided.
func (c *codec) accepted(ev perp.OrderAccepted, at perp.Time) *execution {
	r := report(ev.ExecID, '0', ev.Order, at).asked(ev.Origin)
	if r.look = c.looked(ev.Order); r.look != nil {
		r.text = lookAccepted(*r.look)
	}
	return r
}

// lookRefused says how a held order was refused: the token, the category of the
// disclosure, how far the price moved for the client, what was tolerated, and
// how long it was held.
func lookRefused(v perp.Verdict, l perp.LastLook) string {
	if v.Reject != perp.LastLookPrice {
		return fmt.Sprintf("%s C-1 %s hold=%dms", v.Reject, v.Detail, l.Hold()/perp.Millisecond)
	}
	return fmt.Sprintf("%s A-1 move=%sbp tol=%sbp hold=%dms", v.Reject, bps(l.Move, true), bps(l.Tolerance, false), l.Hold()/perp.Millisecond)
}

// lookTokens are the first words about a held order that was accepted.
var lookTokens = map[perp.LookOutcome]string{
	perp.LookAccepted: "LAST_LOOK_ACCEPTED", perp.LookCurrent: "LAST_LOOK_CURRENT", perp.LookImproved: "LAST_LOOK_IMPROVED",
}

// lookAccepted says the same of an order that was not refused.
func lookAccepted(l perp.LastLook) string {
	return fmt.Sprintf("%s move=%sbp tol=%sbp hold=%dms", lookTokens[l.Outcome], bps(l.Move, true), bps(l.Tolerance, false), l.Hold()/perp.Millisecond)
}

// bps prints a ratio in basis points with two decimals, cut off.
func bps(r perp.Ratio, signed bool) string {
	sign := ""
	if r < 0 {
		sign = "-"
	} else if signed {
		sign = "+"
	}
	v := perp.Abs(r)
	return fmt.Sprintf("%s%d.%02d", sign, v/perp.BP, v%perp.BP)
}

// exactBps prints a ratio in basis points, as a FIX number.
func exactBps(r perp.Ratio) string { return decimal.New(int64(r), -2).String() }

// custom adds what only VAMM1 says about an order.
func (r *execution) custom(b *body) *body {
	l := r.look
	received := r.received
	if l != nil {
		received = l.Arrival
	}
	b.opt(22004, r.token).nanos(22005, r.at).nanos(22006, received).eventSeq(r.eventSeq)
	if r.execType == 'F' && r.outside.Price != 0 {
		b.oracle(r.outside, r.refused).add(22015, r.outside.Price.String())
	}
	b.opt(22030, r.order.QuoteID)
	r.ending(b)
	if l == nil {
		if r.execType == 'F' {
			b.add(22040, "0")
		}
		return b
	}
	b.num(22040, int(l.Outcome)).add(22041, strconv.FormatInt(int64(l.Hold()/perp.Microsecond), 10))
	if l.Outcome != perp.LookExpired { // Without a newer price there is no move.
		b.add(22042, exactBps(l.Tolerance)).add(22043, exactBps(l.Move))
	}
	b.add(22044, l.Before.String())
	if l.Outcome != perp.LookExpired {
		b.add(22045, l.After.String())
	}
	if r.execType == 'F' && r.quoted != 0 { // The level dealt on may be the current one: what was quoted is older.
		b.add(22046, perp.Improvement(r.order.Side, l.Quoted, r.lastPrice).String())
	}
	return b
}

// refusal adds why a request is refused: in words, and in VAMM1 as a code.
func (b *body) refusal(v perp.Verdict) *body { return b.add(58, text(v)).add(22004, v.Reject.String()) }

// nanos adds a time in nanoseconds, for VAMM1, if it is known.
func (b *body) nanos(tag int, t perp.Time) *body {
	if t == 0 {
		return b
	}
	return b.add(tag, strconv.FormatInt(int64(t), 10))
}
