package ops

import (
	"slices"
	"strings"

	"backstop/perp"
)

// Limits of what is kept of clients. Sessions and horizons come from the
// configuration and the code; the limits hold should that ever change.
const (
	clientsMax  = 2_000 // sessions times markets
	horizonsMax = 8     // of one client
	marksMax    = 64    // newest markouts behind a mean
	classesMax  = 128   // quotes for classes of one market
)

// clientKey is one session in one market.
type clientKey struct{ session, symbol string }

// client is how a session is treated in a market and what it showed, since the
// start of the process; its class survives a restart.
type client struct {
	grade perp.ClientGraded
	looks [perp.LookImproved + 1]int64 // by outcome
	marks []*marks                     // by horizon
}

// marks are the newest markouts of one horizon.
type marks struct {
	horizon         perp.Time
	fills, refusals recent
}

// recent is the mean of the newest moves.
type recent struct {
	moves *ring[perp.Ratio]
	sum   perp.Ratio
}

func (r *recent) add(move perp.Ratio) {
	if r.moves == nil {
		r.moves = newRing[perp.Ratio](marksMax)
	}
	if r.moves.len() == marksMax {
		r.sum -= *r.moves.at(0)
	}
	r.moves.add(move)
	r.sum += move
}

func (r *recent) count() int64 {
	if r.moves == nil {
		return 0
	}
	return int64(r.moves.len())
}

func (r *recent) mean() perp.Ratio { return r.sum / perp.Ratio(max(1, r.count())) }

// classes are the quotes of a market that are not everybody's, and how many
// sessions each is made for.
type classes struct {
	quotes map[perp.Class]perp.Quote
	users  map[perp.Class]int
}

// client finds what is kept of a session in a market; nil if it is not listed,
// or if there are too many.
func (m *Model) client(session, symbol string) *client {
	key := clientKey{session, symbol}
	c := m.clients[key]
	if c == nil && session != "" && m.markets[symbol] != nil && len(m.clients) < clientsMax {
		c = &client{}
		m.clients[key] = c
	}
	return c
}

// treat takes in how clients are treated and what their orders showed.
func (m *Model) treat(ev perp.Event) {
	switch ev := ev.(type) {
	case perp.ClientGraded:
		if c := m.client(ev.Session, ev.Symbol); c != nil {
			m.markets[ev.Symbol].classes.move(c.grade.Class, ev.Class)
			c.grade = ev
		}
	case perp.ClassQuoted:
		if k := m.markets[ev.Quote.Symbol]; k != nil {
			k.classes.offer(ev.Quote)
		}
	case perp.LastLook:
		if c := m.client(ev.Session, ev.Symbol); c != nil && int(ev.Outcome) < len(c.looks) {
			c.looks[ev.Outcome]++
		}
	case perp.MarkedOut:
		if c := m.client(ev.Session, ev.Symbol); c != nil {
			c.mark(ev)
		}
	case perp.Hedged:
		if k := m.markets[ev.Symbol]; k != nil {
			k.hedged = ev.Position
		}
	case perp.AccountOpened:
		m.accounts[ev.Account] = slices.Clone(ev.Sessions)
	}
}

func (c *client) mark(ev perp.MarkedOut) {
	i := slices.IndexFunc(c.marks, func(x *marks) bool { return x.horizon >= ev.Horizon })
	if i < 0 {
		i = len(c.marks)
	}
	if i == len(c.marks) || c.marks[i].horizon != ev.Horizon {
		if len(c.marks) == horizonsMax {
			return
		}
		c.marks = slices.Insert(c.marks, i, &marks{horizon: ev.Horizon})
	}
	if ev.ExecID == "" {
		c.marks[i].refusals.add(ev.Move)
	} else {
		c.marks[i].fills.add(ev.Move)
	}
}

// offer keeps the newest quote for a class.
func (c *classes) offer(q perp.Quote) {
	if _, known := c.quotes[q.Class]; !known && len(c.quotes) >= classesMax {
		return
	}
	if c.quotes == nil {
		c.quotes = map[perp.Class]perp.Quote{}
	}
	c.quotes[q.Class] = q
}

// move notes that a client left a class for another. The quote of a class that
// nobody is in any more is old from then on, so it goes.
func (c *classes) move(from, to perp.Class) {
	if c.users == nil {
		c.users = map[perp.Class]int{}
	}
	c.users[to]++
	if c.users[from]--; c.users[from] <= 0 {
		delete(c.users, from)
		if from != to {
			delete(c.quotes, from)
		}
	}
}

// blockers are the refusals that keep a client from dealing on an old price.
var blockers = []perp.Reject{
	perp.QuoteForeign, perp.QuoteExpired, perp.QuoteSuperseded, perp.FillLimit, perp.LastLookPrice, perp.LastLookValidity,
}

// rule is the label of a refusal.
func rule(r perp.Reject) string { return strings.ToLower(r.String()) }
