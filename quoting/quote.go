package quoting

import "backstop/perp"

// formersMax bounds how many replaced quotes of a class are remembered; with
// more of them within the grace the oldest are forgotten early.
const formersMax = 16

// Former is a replaced quote whose ids may still be dealt on for the grace.
type Former struct {
	Version int64
	Bids    []perp.Level `json:",omitempty"`
	Asks    []perp.Level `json:",omitempty"`
	Until   perp.Time
	Ends    perp.Time // of the quote's own life
}

// Offer is what clients of one class are quoted. Its memory is used again for
// the next quote: whoever keeps one takes a Clone.
type Offer struct {
	Quote   perp.Quote
	AskAway perp.Ratio // distance of the sides from the mid
	BidAway perp.Ratio
	Formers []Former `json:",omitempty"` // quotes replaced a moment ago, oldest first
	idle    bool     // nobody is quoted on it any more
}

// Found is what an id of a level leads to. Of ids that this market may have
// given out earlier it tells whether their time was over or a newer quote
// replaced them: ids carry versions, which only grow.
type Found struct {
	OK         bool
	Expired    bool
	Superseded bool
	Side       perp.Side // of the client's order
	Level      perp.Level
	Version    int64
	Class      perp.Class // that it was made for; known if OK
}

// Current is the offer to everybody that nothing is known against. Its slices
// change with the next Requote.
func (m *Market) Current() *perp.Quote { return &m.Offers[0].Quote }

// OfferTo is the offer to a class; nil if no client of it is known.
func (m *Market) OfferTo(class perp.Class) *Offer {
	for i := range m.Offers {
		if m.Offers[i].Quote.Class == class {
			return &m.Offers[i]
		}
	}
	return nil
}

// Requote replaces the quotes of all classes in use by ones made from the
// present state, numbers them from first on, and returns how many they are.
func (m *Market) Requote(first int64, now perp.Time) int {
	m.seat()
	if m.First == 0 {
		m.First = first
	}
	x, quotes, all := pressure{}, false, m.common(now)
	if !m.Curve.L.IsZero() && m.Allows(OfferQuote) {
		x, quotes = m.pressure(now), true
		m.rooms = [2]perp.Size{m.room(perp.Buy), m.room(perp.Sell)} // the same for all classes
	}
	n := 0
	for i := range m.Offers {
		o := &m.Offers[i]
		o.retire(now, m.Params.Grace)
		if o.idle {
			m.blank(&o.Quote, &all, 0)
			continue
		}
		m.blank(&o.Quote, &all, first+int64(n))
		o.AskAway, o.BidAway = 0, 0
		if quotes {
			m.offer(o, x)
		}
		n++
	}
	m.Newest = first + int64(n) - 1
	return n
}

// common is a quote without prices as it is for all classes.
func (m *Market) common(now perp.Time) perp.Quote {
	q := perp.Quote{
		Symbol: m.Instrument.Symbol, Time: now, ValidUntil: now + m.Params.TTL, State: m.Phase, Cause: m.Why,
		Oracle: m.Stats.Price, Confidence: m.Stats.Width, OracleTime: m.Stats.Publish,
		Index:     perp.Price(m.Stats.Index / fine),
		Inventory: -m.Curve.Users, Hedged: m.Hedged, Equity: m.Equity,
	}
	if !m.Curve.L.IsZero() {
		q.Mid, q.Leverage = m.Curve.Price(), m.leverage()
	}
	return q
}

// blank makes the quote of a class one without prices. The memory of its slices is
// used again.
func (m *Market) blank(q, common *perp.Quote, version int64) {
	class, bids, asks, below, above := q.Class, q.Bids[:0], q.Asks[:0], q.BidParts[:0], q.AskParts[:0]
	*q = *common
	q.Version, q.Class, q.Held = version, class, m.holds(class.Tier)
	q.Bids, q.Asks, q.BidParts, q.AskParts = bids, asks, below, above
}

// offer makes the ladders of one class.
func (m *Market) offer(o *Offer, x pressure) {
	q := &o.Quote
	x.toxic = q.Class.Surcharge
	var ask, bid Steps
	if m.Params.Design == Full {
		ask, bid = m.Params.compose(x)
	} else if m.Params.Design == ByReference {
		ask, bid = m.referSteps(q.Time)
	} else {
		ask, bid = m.Params.plain()
	}
	o.AskAway, o.BidAway = ask[stepCount-1], bid[stepCount-1]
	var above, below perp.Price
	q.Asks, above = m.ladder(perp.Buy, m.rooms[0], o.AskAway, q.Class.Tier, q.Asks)
	q.Bids, below = m.ladder(perp.Sell, m.rooms[1], o.BidAway, q.Class.Tier, q.Bids)
	if len(q.Asks) > 0 {
		q.AskParts = m.parts(perp.Buy, q.Mid, &ask, above, q.Asks[0], q.AskParts)
	}
	if len(q.Bids) > 0 {
		q.BidParts = m.parts(perp.Sell, q.Mid, &bid, below, q.Bids[0], q.BidParts)
	}
}

// retire puts the current quote among the former ones and forgets those whose
// grace is over. The memory of forgotten ones is used again.
func (o *Offer) retire(now, grace perp.Time) {
	n := 0
	for i := range o.Formers {
		if now < o.Formers[i].Until {
			o.Formers[n], o.Formers[i] = o.Formers[i], o.Formers[n]
			n++
		}
	}
	if n == formersMax {
		first := o.Formers[0]
		copy(o.Formers, o.Formers[1:n])
		n--
		o.Formers[n] = first
	}
	o.Formers = o.Formers[:n]
	q := &o.Quote
	until := min(q.ValidUntil, now+grace)
	if q.Version == 0 || now >= until || len(q.Asks)+len(q.Bids) == 0 {
		return
	}
	if n < cap(o.Formers) {
		o.Formers = o.Formers[:n+1]
	} else {
		o.Formers = append(o.Formers, Former{})
	}
	f := &o.Formers[n]
	f.Version, f.Until, f.Ends = q.Version, until, q.ValidUntil
	f.Bids, f.Asks = append(f.Bids[:0], q.Bids...), append(f.Asks[:0], q.Asks...)
}

// Find looks up the level that an id names, in a current quote or one that was
// replaced within the grace.
func (m *Market) Find(id string, now perp.Time) Found {
	version, side, level, ok := parseID(id)
	if !ok || version < m.First || version > m.Newest || m.First == 0 {
		return Found{}
	}
	f := Found{Side: side, Version: version}
	if !m.Allows(OfferQuote) {
		f.Expired = true
		return f
	}
	for i := range m.Offers {
		o := &m.Offers[i]
		bids, asks, until, ends := o.Quote.Bids, o.Quote.Asks, o.Quote.ValidUntil, o.Quote.ValidUntil
		if version != o.Quote.Version {
			former := o.former(version)
			if former == nil {
				continue
			}
			bids, asks, until, ends = former.Bids, former.Asks, former.Until, former.Ends
		}
		if now >= until {
			f.Expired, f.Superseded = now >= ends, now < ends
			return f
		}
		levels := bids
		if side == perp.Buy {
			levels = asks
		}
		if level >= len(levels) {
			return Found{}
		}
		f.Level, f.Class = levels[level], o.Quote.Class
		f.OK = version == o.Quote.Version || m.Stands(side, f.Level.Price)
		f.Superseded = !f.OK
		return f
	}
	f.Superseded = true
	return f
}

// Stands tells whether a price that was given out keeps its distance from the
// present oracle price. One that does not would be a gift to whoever was quick.
func (m *Market) Stands(side perp.Side, price perp.Price) bool {
	return m.floorFor(side, price) == price
}

func (o *Offer) former(version int64) *Former {
	for i := range o.Formers {
		if o.Formers[i].Version == version {
			return &o.Formers[i]
		}
	}
	return nil
}

// parseID takes perp.QuoteID apart; only the exact form that it prints is read.
func parseID(id string) (version int64, side perp.Side, level int, ok bool) {
	if len(id) < 3 || id[0] != 'Q' {
		return 0, 0, 0, false
	}
	version, rest, ok := digits(id[1:])
	if !ok || rest == "" {
		return 0, 0, 0, false
	}
	switch rest[0] {
	case 'A':
		side = perp.Buy
	case 'B':
		side = perp.Sell
	default:
		return 0, 0, 0, false
	}
	if rest = rest[1:]; rest == "" {
		return version, side, 0, true
	}
	if rest[0] != '.' {
		return 0, 0, 0, false
	}
	n, rest, ok := digits(rest[1:])
	if !ok || rest != "" || n < 1 || n >= levelsMax {
		return 0, 0, 0, false
	}
	return version, side, int(n), true
}

// digits reads a whole number without leading zeros and returns what follows.
func digits(s string) (v int64, rest string, ok bool) {
	i := 0
	for ; i < len(s) && i < 18 && s[i] >= '0' && s[i] <= '9'; i++ {
		v = v*10 + int64(s[i]-'0')
	}
	return v, s[i:], i > 0 && s[0] != '0'
}

// Take appends to out the slices that an order of a class would deal on now,
// best first; a limit of 0 means any price. It changes nothing.
func (m *Market) Take(class perp.Class, side perp.Side, size perp.Size, limit perp.Price, out []perp.Level) []perp.Level {
	o := m.OfferTo(class)
	if o == nil {
		return out
	}
	left := size
	for _, l := range o.Quote.Offered(side) {
		if left <= 0 || limit > 0 && (side == perp.Buy && l.Price > limit || side == perp.Sell && l.Price < limit) {
			break
		}
		l.Size = min(l.Size, left)
		left -= l.Size
		out = append(out, l)
	}
	return out
}

// PriceFor is one price for the whole of size (a quote request), no better
// than the curve and no more than the ladder of the class offers; false if it
// is more.
func (m *Market) PriceFor(class perp.Class, side perp.Side, size perp.Size) (perp.Level, bool) {
	o := m.OfferTo(class)
	if o == nil {
		return perp.Level{}, false
	}
	var total perp.Size
	for _, l := range o.Quote.Offered(side) {
		total += l.Size
	}
	if size <= 0 || size > total || size%m.Instrument.Lot != 0 || !m.Allows(OfferQuote) {
		return perp.Level{}, false
	}
	away := o.AskAway
	if side == perp.Sell {
		away = o.BidAway
	}
	price := m.rounded(side, m.floorFor(side, m.slice(side, 0, size, away)))
	return perp.Level{Price: price, Size: size}, m.inBand(side, price)
}
