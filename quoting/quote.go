package quoting

import "backstop/perp"

// formersMax bounds how many replaced quotes are remembered; with more of them
// within the grace the oldest are forgotten early.
const formersMax = 16

// Former is a replaced quote whose ids may still be dealt on for the grace.
type Former struct {
	Version    int64
	Bids, Asks []perp.Level
	Until      perp.Time
}

// Found is what an id of a level leads to. Expired is told for ids that this
// market may have given out earlier: ids carry versions, which only grow.
type Found struct {
	OK      bool
	Expired bool
	Side    perp.Side // of the client's order
	Level   perp.Level
	Version int64
}

// Current is the quote that stands now. Its levels and parts are never changed
// afterwards, so the value may be kept.
func (m *Market) Current() perp.Quote { return m.Offer }

// Requote replaces the quote by one made from the present state.
func (m *Market) Requote(version int64, now perp.Time) perp.Quote {
	m.retire(now)
	if m.First == 0 {
		m.First = version
	}
	q := perp.Quote{
		Symbol: m.Instrument.Symbol, Version: version, Time: now, ValidUntil: now + m.Params.TTL,
		State: m.Phase, Cause: m.Why,
		Oracle: m.Stats.Price, Confidence: m.Stats.Width, OracleTime: m.Stats.Publish,
		Index:     perp.Price(m.Stats.Index / fine),
		Inventory: -m.Curve.Users, Equity: m.Equity,
	}
	m.AskAway, m.BidAway = 0, 0
	if !m.Curve.L.IsZero() {
		q.Mid, q.Leverage = m.Curve.Price(), m.leverage()
	}
	if !m.Curve.L.IsZero() && m.Allows(OfferQuote) {
		m.offer(&q, now)
	}
	m.Offer = q
	return q
}

func (m *Market) offer(q *perp.Quote, now perp.Time) {
	var ask, bid Steps
	if m.Params.Design == Full {
		ask, bid = m.Params.compose(m.pressure(now))
	} else if m.Params.Design == ByReference {
		ask, bid = m.referSteps(now)
	} else {
		ask, bid = m.Params.plain()
	}
	m.AskAway, m.BidAway = ask[stepCount-1], bid[stepCount-1]
	n := m.Params.Levels
	rungs := make([]perp.Level, 2*n)
	q.Asks = m.ladder(perp.Buy, m.AskAway, rungs[:0:n])
	q.Bids = m.ladder(perp.Sell, m.BidAway, rungs[n:n:2*n])
	if len(q.Asks) > 0 {
		q.AskParts = m.parts(perp.Buy, ask, q.Asks[0])
	}
	if len(q.Bids) > 0 {
		q.BidParts = m.parts(perp.Sell, bid, q.Bids[0])
	}
}

// retire puts the current quote among the former ones and forgets those whose
// grace is over.
func (m *Market) retire(now perp.Time) {
	kept := m.Formers[:0]
	for _, f := range m.Formers {
		if now < f.Until {
			kept = append(kept, f)
		}
	}
	m.Formers = kept
	q := &m.Offer
	until := min(q.ValidUntil, now+m.Params.Grace)
	if q.Version == 0 || now >= until || len(q.Asks)+len(q.Bids) == 0 {
		return
	}
	if len(m.Formers) == formersMax {
		m.Formers = append(m.Formers[:0], m.Formers[1:]...)
	}
	m.Formers = append(m.Formers, Former{q.Version, q.Bids, q.Asks, until})
}

// Find looks up the level that an id names, in the current quote or one that
// was replaced within the grace.
func (m *Market) Find(id string, now perp.Time) Found {
	version, side, level, ok := parseID(id)
	if !ok || version < m.First || version > m.Offer.Version || m.First == 0 {
		return Found{}
	}
	f := Found{Expired: true, Side: side, Version: version}
	if !m.Allows(OfferQuote) {
		return f
	}
	bids, asks, until := m.Offer.Bids, m.Offer.Asks, m.Offer.ValidUntil
	if version != m.Offer.Version {
		until = 0
		for i := range m.Formers {
			if m.Formers[i].Version == version {
				bids, asks, until = m.Formers[i].Bids, m.Formers[i].Asks, m.Formers[i].Until
			}
		}
	}
	if now >= until {
		return f
	}
	levels := bids
	if side == perp.Buy {
		levels = asks
	}
	if level >= len(levels) {
		return Found{}
	}
	return Found{OK: true, Side: side, Level: levels[level], Version: version}
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

// Take returns the slices that an order of size would deal on now, best first;
// a limit of 0 means any price. It changes nothing.
func (m *Market) Take(side perp.Side, size perp.Size, limit perp.Price) []perp.Level {
	levels := m.Offer.Offered(side)
	n, left := 0, size
	for ; n < len(levels) && left > 0; n++ {
		p := levels[n].Price
		if limit > 0 && (side == perp.Buy && p > limit || side == perp.Sell && p < limit) {
			break
		}
		left -= levels[n].Size
	}
	if n == 0 {
		return nil
	}
	out := append(make([]perp.Level, 0, n), levels[:n]...)
	if left < 0 {
		out[n-1].Size += left
	}
	return out
}

// PriceFor is one price for the whole of size (a quote request), no better
// than the curve and no more than the ladder offers; false if it is more.
func (m *Market) PriceFor(side perp.Side, size perp.Size) (perp.Level, bool) {
	var total perp.Size
	for _, l := range m.Offer.Offered(side) {
		total += l.Size
	}
	if size <= 0 || size > total || size%m.Instrument.Lot != 0 || !m.Allows(OfferQuote) {
		return perp.Level{}, false
	}
	away := m.AskAway
	if side == perp.Sell {
		away = m.BidAway
	}
	price := m.rounded(side, m.floorFor(side, m.slice(side, 0, size, away)))
	return perp.Level{Price: price, Size: size}, m.inBand(side, price)
}
