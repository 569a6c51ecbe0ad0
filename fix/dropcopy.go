package fix

import (
	"slices"

	"backstop/perp"
)

// reported addresses a report about an order: to the session that asked and to
// the one that owns the order; one that the gateway made to close a position, to
// every session of its account. Drop copy sessions of the account get each of
// them too. All go into the batch of the event, so that a copy is as durable as
// the report, and comes in the same order.
func (c *codec) reported(asked, owner string, r *execution) (out []outMessage) {
	sessions := []string{asked, owner}
	if r.order.Liquidation {
		c.closes(r)
		if sessions = c.desk.sessionsOf(r.order.Account); len(sessions) == 0 {
			sessions = []string{asked, r.order.Session}
		}
	}
	if r.order.Provided && r.text == "" {
		r.text = laidOff + " " + r.order.QuoteID
	}
	concerned := c.concerned(asked, r.order)
	if len(concerned) > 0 { // The event has the same number in every copy.
		r.eventSeq = c.events.next(r.order.Account)
	}
	for _, session := range sessions {
		out = c.told(out, session, asked, owner, r)
	}
	for _, session := range concerned {
		if c.copies(session) {
			out = c.told(out, session, asked, owner, r)
		}
	}
	return out
}

// told adds the report for a session that has not got it yet.
func (c *codec) told(out []outMessage, session, asked, owner string, r *execution) []outMessage {
	if session == "" || slices.ContainsFunc(out, func(m outMessage) bool { return m.session == session }) {
		return out
	}
	r.copy = c.copies(session) && session != asked && session != owner
	b := r.write()
	out = append(out, c.message(session, b))
	b.done()
	return out
}

// copies tells whether a session gets copies. It has to be said: a session
// without a list of roles trades, and is told only its own.
func (c *codec) copies(session string) bool { return slices.Contains(c.roles[session], roleDropCopy) }

// concerned are the sessions of the account of an order. A refused order that
// names an account of others is no news of that account.
func (c *codec) concerned(asked string, o perp.Order) []string {
	all := c.desk.sessionsOf(o.Account)
	if o.OrderID == "" && !slices.Contains(all, asked) {
		return nil
	}
	return all
}
