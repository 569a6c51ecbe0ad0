package fix

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// viewsMax bounds the selections that are kept of one market; with more of them
// all are made again.
const viewsMax = 1024

// graded is what a market offers to each class, and which class a session is in.
type graded struct {
	quotes  map[perp.Class]perp.Quote
	grades  map[string]grade // of a session that is not here: the zero class
	refused doubt            // of the newest tick that was not believed
}

type grade struct {
	class perp.Class
	until perp.Time // a strike: its orders are held until then
	why   string    // what decided; empty: nothing yet
	since perp.Time
}

func gradeOf(ev perp.ClientGraded) grade { return grade{ev.Class, ev.Until, ev.Why, ev.Since} }

// graded adds why a session is in its tier, and since when. Prices that many are told
// at once do not have it.
func (b *body) graded(g grade) *body {
	if g.why == "" {
		return b
	}
	return b.add(22051, strings.ToUpper(g.why)).time(22052, g.since)
}

// worstGrade is the grade of a session in the market where its tier is the highest,
// of several the latest: who watches its account sees that it is treated otherwise.
func (k *desk) worstGrade(session string) (worst grade) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, symbol := range k.order {
		g := k.markets[symbol].offers.grades[session]
		if g.class.Tier > worst.class.Tier || g.class.Tier == worst.class.Tier && g.since > worst.since {
			worst = g
		}
	}
	return worst
}

func newGraded() *graded {
	return &graded{quotes: map[perp.Class]perp.Quote{}, grades: map[string]grade{}}
}

// doubts takes in a tick that was not believed. One that is not newer than the last
// says nothing of the price.
func (g *graded) doubts(ev perp.TickRefused) { g.refused = cmp.Or(doubtOf[ev.Quality], g.refused) }

// of is the quote that a session may deal on. One of a class that has none gets
// none: never that of a better class. Held tells whether its orders wait.
func (g *graded) of(session string, now perp.Time) (q perp.Quote, held bool) {
	s := g.grades[session]
	q = g.quotes[s.class]
	return q, q.Held || s.until > now
}

// view is what one selection shows of a market to one class. It is made once
// and never changed: subscribers that were told the same have the same view.
type view struct {
	symbol  string
	tick    perp.Price
	quote   perp.Quote
	refused doubt // of the newest tick that was not believed
	priced  bool  // the selection has prices of the quote
	trades  int64
	entries []entry
}

type viewKey struct {
	class     perp.Class
	selection string
}

// view returns what a subscription sees of the market as it is now. The quote of
// a class that nobody was in for a while may be an old one: it shows nothing.
func (m *listed) view(s *bookSubscription, class perp.Class, now perp.Time) *view {
	key := viewKey{class, s.selection}
	if v := m.views[key]; v != nil {
		return v
	}
	q := m.offers.quotes[class]
	if class != (perp.Class{}) && q.ValidUntil <= now {
		q.Bids, q.Asks = nil, nil
	}
	v := &view{
		symbol: m.instrument.Symbol, tick: m.instrument.Tick, quote: q, refused: m.offers.refused, trades: m.trades, entries: s.entries(m, q),
		priced: q.Version != 0 && slices.ContainsFunc(s.types, func(t byte) bool { return t == entryBid || t == entryOffer || t == entryIndex }),
	}
	if len(m.views) >= viewsMax {
		clear(m.views)
	}
	m.views[key] = v
	return v
}

// changed forgets what was shown to a class, or to all of them.
func (m *listed) changed(class *perp.Class) {
	for key := range m.views {
		if class == nil || key.class == *class {
			delete(m.views, key)
		}
	}
}

// bodyKey names a body that several subscribers get: what they have seen (nothing:
// a snapshot), what they see now, and how they are told.
type bodyKey struct {
	from, to *view
	dialect  dialect
	held     bool
}

// bodies are those of one publish. They are not kept longer: what was seen
// before would never be let go.
type bodies map[bodyKey][]byte

// due returns the messages that bring a subscription up to date. The body is
// written once for all that see the same; only its first fields are their own.
func (k *desk) dueBook(session string, d dialect, s *bookSubscription, made bodies) (out []*quickfix.Message) {
	for _, t := range s.symbols {
		m := k.markets[t.symbol]
		now := m.view(s, m.offers.grades[session].class, k.now)
		from := t.seen
		if now == from {
			continue
		}
		t.seen = now
		if from != nil && s.full {
			if from.trades == now.trades && slices.Equal(from.entries, now.entries) {
				continue
			}
			from = nil
		}
		_, held := m.offers.of(session, k.now)
		key := bodyKey{from, now, d, held}
		body, known := made[key]
		if !known {
			body = key.write(k.now)
			made[key] = body
		}
		if len(body) > 0 {
			t.seq++
			out = append(out, bookMessage(s.reqID, t.seq, key, body))
		}
	}
	return out
}

// write is the body of W or X after what is the subscriber's own; none if there
// is nothing to tell.
func (key bodyKey) write(now perp.Time) []byte {
	v := key.to
	b := newBody("W")
	var rows [][]pair
	if key.from == nil {
		b.add(55, v.symbol)
		rows = v.all()
	} else if rows = key.from.changes(v); len(rows) == 0 {
		return nil
	}
	if v.priced && key.dialect == vamm1 { // Not worked out for those who are not told.
		b.add(22015, v.quote.Oracle.String()).outside(v.quote, v.refused).offered(v.quote, firmnessOf(key.held, false), v.quote.ValidUntil-now, v.tick, v.best()).funding(v.quote.Funding)
	}
	kind, order := "W", snapshotOrder
	if key.from != nil {
		kind, order = "X", changeOrder
	}
	return key.dialect.translated(kind, b.sorted(268, order, rows).written(key.dialect))
}

// bookMessage puts a body behind the fields that are the subscriber's own.
func bookMessage(reqID string, seq int64, key bodyKey, body []byte) *quickfix.Message {
	own := appendField(make([]byte, 0, len(reqID)+len(body)+32), pair{262, reqID})
	if key.dialect == vamm1 {
		own = appendField(own, pair{22031, strconv.FormatInt(seq, 10)})
	}
	msg := quickfix.NewMessage()
	msg.Header.SetString(35, "W")
	if key.from != nil {
		msg.Header.SetString(35, "X")
	}
	setBody(msg, append(own, body...))
	return msg
}

// best are the sides of a quote to be explained.
func (v *view) best() map[perp.Side]dealt {
	sides := map[perp.Side]dealt{}
	if l, ok := v.quote.Best(perp.Buy); ok {
		sides[perp.Buy] = dealt{l.Price, v.quote.AskParts}
	}
	if l, ok := v.quote.Best(perp.Sell); ok {
		sides[perp.Sell] = dealt{l.Price, v.quote.BidParts}
	}
	return sides
}

// Firmness(22033).
const (
	indicative = "0"
	lastLook   = "1"
	firm       = "2"
)

// firmnessOf says what dealing on a quote is worth at this moment.
func firmnessOf(held, shown bool) string {
	switch {
	case shown:
		return indicative
	case held:
		return lastLook
	}
	return firm
}

// offered adds what VAMM1 says about a quote besides the price outside: how long and
// how firmly it is offered, to which tier, and what its prices are made of.
func (b *body) offered(q perp.Quote, firmness string, valid perp.Time, tick perp.Price, sides map[perp.Side]dealt) *body {
	b.add(22032, strconv.FormatInt(int64(max(0, valid)/perp.Millisecond), 10)).add(tagFirmness, firmness).num(22050, int(q.Class.Tier))
	e, ok := explain(q.Oracle, tick, sides)
	if !ok {
		return b
	}
	b.add(22060, e.reservation.String())
	for i, h := range e.halves {
		b.add(22061+i, h.String())
	}
	b.add(22066, e.inventory.String()).add(22067, e.funding.String())
	for i, side := range []perp.Side{perp.Sell, perp.Buy} { // bid, then offer
		if impact, ok := e.impact[side]; ok {
			b.add(22068+i, impact.String())
		}
	}
	return b
}

// outside adds what VAMM1 says about the price outside; nothing before the first one
// that was quoted. Refused is the doubt of the newest tick that was not believed.
func (b *body) outside(q perp.Quote, refused doubt) *body {
	if q.Version == 0 {
		return b
	}
	return b.oracle(q.OracleState(), refused)
}

// oracle adds the price outside, when its source saw it, how sure it is and what it
// is worth.
func (b *body) oracle(o perp.OracleState, refused doubt) *body {
	b.add(22010, o.Price.String())
	if o.Time != 0 {
		b.time(22011, o.Time)
	}
	return b.add(22012, o.Confidence.String()).num(22013, oracleStatus(o, refused))
}

// oracleStatus is OracleStatus(22013): what the price outside is worth, in the words
// of News about it. Where the market's reason is not its price, its state decides.
func oracleStatus(o perp.OracleState, refused doubt) int {
	d, _ := doubtIn(o.Cause, refused)
	switch {
	case d != sound:
	case o.State == perp.WideSpread:
		d = doubtWide
	case o.State == perp.Halted || o.State == perp.Warming || o.State == perp.Expired:
		d = doubtInvalid
	}
	return int(d)
}
