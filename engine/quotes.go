package engine

import (
	"slices"

	"backstop/perp"
	"backstop/quoting"
)

// rfqMax bounds the answered quote requests of one market that may still be
// dealt on; beyond it requests are refused until some expire.
const rfqMax = 1000

// rfq is a firm quote given to one session for one size.
type rfq struct {
	ID         string
	ReqID      string // of the request
	Session    string
	Account    string
	Bid, Ask   perp.Level
	Issued     perp.Time
	Oracle     perp.Price // oracle price that it was made from
	Seen       perp.Time  // and its source time
	ValidUntil perp.Time
	Firm       bool `json:",omitempty"` // no order on it waits
}

// consumed is the id of a quote that a firm has dealt on, kept while it could
// still be named in good faith. To another firm of the same class it is as good
// as ever: it must not learn from it that somebody deals, or waits to (I11).
type consumed struct {
	ID    string
	Firm  string
	Until perp.Time
}

// consumedFor is how long a consumed quote is told apart from an unknown one.
const consumedFor = 10 * perp.Second

// dealing is what the quote that an order names offers.
type dealing struct {
	found   bool // the quote exists and is this session's to deal on
	foreign bool // it was given to somebody else
	expired bool
	old     bool // a newer one replaced it
	used    bool
	side    perp.Side // of the orders that it takes; zero: both
	level   perp.Level
	expires perp.Time
	firm    bool  // no order on it waits
	version int64 // of the published quote, if it is one
	given   rfq   // the answer to a request, if it was given some time ago
}

// requestQuote gives a session a firm price for one size (FIX R), or says why
// it does not.
func (e *Engine) requestQuote(r perp.RequestQuote) {
	r.Account = e.ownAccount(r.Session, r.Account)
	m := e.markets[r.Symbol]
	e.freshen(m)
	if r.Stream.Wanted {
		e.openStream(m, r)
		return
	}
	q := rfq{ReqID: r.ReqID, Session: r.Session, Account: r.Account}
	v := e.mayQuote(r, m)
	if v.OK() {
		q.Bid, q.Ask, v = e.price(m, r)
	}
	life := perp.Time(0)
	if v.OK() {
		life, v = e.quoteLife(m, r, q)
	}
	if !v.OK() {
		e.emit(perp.QuoteRefused{Origin: r.Origin, ReqID: r.ReqID, Symbol: r.Symbol, Verdict: v})
		return
	}
	q.ID = id("Q", e.version())
	q.Issued, q.ValidUntil, q.Firm = e.now, e.now+life, r.Firm
	q.Oracle, q.Seen = m.Quoting.Mark(), m.Quoting.Source()
	if !r.Indicative {
		m.RFQs = append(m.RFQs, q)
	}
	e.emit(perp.QuoteIssued{
		Origin: r.Origin, ReqID: r.ReqID, QuoteID: q.ID, Account: r.Account, Symbol: r.Symbol,
		Side: r.Side, Bid: q.Bid, Ask: q.Ask, ValidUntil: q.ValidUntil, Held: !r.Firm && m.Quoting.Params.LastLook != quoting.LookOff,
		Indicative: r.Indicative, Firm: r.Firm,
	})
}

// quoteLife is how long the answer to a request may be dealt on, or why there is none
// on which no order waits, which was asked for.
func (e *Engine) quoteLife(m *market, r perp.RequestQuote, q rfq) (life perp.Time, v perp.Verdict) {
	if !r.Firm {
		return m.Quoting.Life(), v
	}
	firms := e.firms[r.Session]
	value := max(cost([]perp.Level{q.Bid}), cost([]perp.Level{q.Ask}))
	beyond := value > m.Quoting.Room(r.Session, firms, e.now)
	if why, firm := m.Quoting.Firm(m.Quoting.Standing(r.Session, firms, e.now), beyond, e.now); !firm {
		return 0, notFirm(why)
	}
	return m.Quoting.FirmLife(), v
}

// notFirm is that a price is offered, but not one on which no order waits.
func notFirm(why string) perp.Verdict {
	return perp.Verdict{Reject: perp.PriceUnavailable, Detail: "not firm: " + why}
}

// notOffered is why a size has no price.
const notOffered = "the maker does not offer this size now"

// price asks the curve for each wanted side of a request.
func (e *Engine) price(m *market, r perp.RequestQuote) (bid, ask perp.Level, v perp.Verdict) {
	ok := true
	if r.Side != perp.Sell {
		ask, ok = m.Quoting.PriceFor(m.Quoting.ClassOf(r.Session), perp.Buy, r.Size)
	}
	if ok && r.Side != perp.Buy {
		bid, ok = m.Quoting.PriceFor(m.Quoting.ClassOf(r.Session), perp.Sell, r.Size)
	}
	if !ok {
		v = perp.Verdict{Reject: perp.PriceUnavailable, Detail: notOffered}
	}
	return bid, ask, v
}

// dealOf looks up the quote that an order deals on: an answer to a request of
// the same session and account, or a level of the published ladder.
func (e *Engine) dealOf(m *market, o perp.PlaceOrder) dealing {
	if m == nil || o.Type != perp.PreviouslyQuoted {
		return dealing{}
	}
	used := slices.ContainsFunc(m.Consumed, func(c consumed) bool { return c.ID == o.QuoteID && c.Firm == e.firm(o.Account) })
	for _, q := range m.RFQs {
		if q.ID != o.QuoteID {
			continue
		}
		if q.Session != o.Session || q.Account != o.Account {
			return dealing{found: true, foreign: true}
		}
		d := q.dealing(o.Side, e.now, used)
		d.firm = q.Firm
		if e.now >= q.Issued+m.Quoting.Params.Grace {
			d.given = q
			firm := m.Quoting.Params.LastLook == quoting.LookOff
			d.old = !d.expired && firm && !m.Quoting.Stands(o.Side, d.level.Price)
		}
		return d
	}
	if d, streamed := e.streamDealing(m, o, used); streamed {
		return d
	}
	f := m.Quoting.Find(o.QuoteID, e.now)
	return dealing{
		found: f.OK || f.Expired || f.Superseded, expired: f.Expired, old: f.Superseded, used: used,
		foreign: f.OK && !m.Quoting.Entitled(o.Session, f.Class, e.now),
		side:    f.Side, level: f.Level, expires: e.now + consumedFor, version: f.Version,
	}
}

func (q rfq) dealing(side perp.Side, now perp.Time, used bool) dealing {
	d := dealing{found: true, expired: now >= q.ValidUntil, used: used, expires: q.ValidUntil + consumedFor}
	if side == perp.Buy {
		d.level = q.Ask
	} else {
		d.level = q.Bid
	}
	if d.level == (perp.Level{}) {
		d.side, d.level = side.Opposite(), q.other(side)
	} else {
		d.side = side
	}
	return d
}

func (q rfq) other(side perp.Side) perp.Level {
	if side == perp.Buy {
		return q.Bid
	}
	return q.Ask
}

// consume marks a quote as dealt on: it takes no second order of the firm.
func (e *Engine) consume(m *market, o *order, d dealing) {
	m.Consumed = append(m.Consumed, consumed{o.QuoteID, e.firm(o.Account), d.expires})
}

// forget drops what has run out, so that the lists stay short.
func (m *market) forget(now perp.Time) {
	m.RFQs = slices.DeleteFunc(m.RFQs, func(q rfq) bool { return now >= q.ValidUntil+consumedFor })
	m.Streams = slices.DeleteFunc(m.Streams, func(s stream) bool { return s.Ended != 0 && now >= s.Ended+consumedFor })
	m.Consumed = slices.DeleteFunc(m.Consumed, func(c consumed) bool { return now >= c.Until })
}
