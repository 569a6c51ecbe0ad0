package fix

import (
	"strconv"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// mainSession is the only TradingSessionID(336): trading goes on day and night.
const mainSession = "MAIN"

// venueSubscription is a session's wish to be told the state of the venue, and of
// every change of what its markets are.
type venueSubscription struct {
	reqID string
	sent  string // TradSesStatus(340) last told; empty: none yet
	lists map[string]int64
}

// venueState is TradSesStatus(340): open while a market deals, closed when all have
// expired, halted between.
func (k *desk) venueState() string {
	state := venueClosed
	for _, m := range k.markets {
		switch m.state {
		case perp.Open, perp.WideSpread, perp.ReduceOnly:
			return venueOpen
		case perp.Expired:
		default:
			state = venueHalted
		}
	}
	return state
}

// venue answers g: once (263=0), now and at every change (1), or no more (2).
func (k *desk) venue(r *request, msg *quickfix.Message, session string) (replies []*quickfix.Message, waits bool) {
	r.require(335, 263)
	reqID, kind := r.id(335), r.code(263)
	id := r.id(336)
	if r.rej != nil {
		return nil, false
	}
	c := k.client(session)
	r.only([]int{335, 336, 263})
	why, reason := "", "99"
	switch {
	case kind == '2' && c.venue == nil:
		r.fail(businessReject(perp.UnknownQuoteRequest, msg, "no subscription "+reqID))
		return nil, false
	case kind == '2':
		c.venue = nil
		return nil, false
	case kind != '0' && kind != '1':
		r.wrong(263, rejectValue)
		return nil, false
	case id != "" && id != mainSession && (id != "1" || k.dialect(session) != fix50): // FIX 5.0 SP2 has numbers for it.
		why, reason = perp.Unsupported.String()+" 336", "1"
	case len(r.flaws) > 0:
		why = text(r.flaws[0])
	}
	if why != "" {
		b := newBody("h").add(335, reqID).add(336, mainSession).add(340, venueRefused).add(567, reason).add(58, why)
		return []*quickfix.Message{b.in(k.dialect(session))}, false
	}
	s := &venueSubscription{reqID: reqID, lists: map[string]int64{}}
	if kind == '0' {
		return []*quickfix.Message{k.tradingSession(s).message()}, false
	}
	for symbol, m := range k.markets {
		s.lists[symbol] = m.lists
	}
	c.venue = s
	return nil, true
}

// tradingSession is h: as the answer to a request, or unasked (325=Y).
func (k *desk) tradingSession(s *venueSubscription) *body {
	b := newBody("h").add(335, s.reqID).add(336, mainSession)
	if s.sent != "" {
		b.add(325, "Y")
	}
	s.sent = k.venueState()
	return b.add(340, s.sent)
}

// dueVenue is what a session has to be told of the venue, and of markets that have
// become others than it was told (y).
func (k *desk) dueVenue(d dialect, c *client) (out []*quickfix.Message) {
	if s := c.venue; s != nil {
		if s.sent != k.venueState() {
			out = append(out, k.tradingSession(s).message())
		}
		for _, symbol := range k.order {
			if m := k.markets[symbol]; s.lists[symbol] != m.lists {
				s.lists[symbol] = m.lists
				out = append(out, k.listed(s.reqID, m, d).in(d))
			}
		}
	}
	for _, s := range c.statuses {
		m := k.markets[s.symbol]
		if s.lists != m.lists && c.venue == nil { // Else it has been told above.
			out = append(out, k.listed(s.reqID, m, d).in(d))
		}
		s.lists = m.lists
	}
	return out
}

// listed is y without a request: one market has come to be or has changed. The id
// is that of the subscription.
func (k *desk) listed(reqID string, m *listed, d dialect) *body {
	id := reqID + "-U" + strconv.FormatInt(m.lists, 10)
	return newBody("y").add(320, reqID).add(322, id).num(560, listValid).num(393, 1).group(146, m.row(d))
}

// instrumentRow is a market as an entry of y.
func instrumentRow(i perp.Instrument) []pair {
	return []pair{{55, i.Symbol}, {167, securityType}, {762, securitySubType}, {231, "1"}, {15, i.Currency}, {561, i.Lot.String()}, {562, i.MinSize.String()}}
}

// row is a market as an entry of y, with its terms if the dialect has them.
func (m *listed) row(d dialect) []pair {
	row := instrumentRow(m.instrument)
	if d != vamm1 {
		return row
	}
	row = append(row, fundingPairs(m.offers.quotes[perp.Class{}].Funding)...)
	row = append(row, pair{22032, strconv.FormatInt(int64(m.terms.Life/perp.Millisecond), 10)})
	row = append(row, pair{22091, m.instrument.Tick.String()}, pair{22092, m.instrument.MaxSize.String()})
	row = append(row, pair{22093, m.terms.InitialMargin.String()}, pair{22094, m.terms.MaintenanceMargin.String()})
	if m.terms.LookTolerance >= 0 {
		row = append(row, pair{22095, m.terms.LookTolerance.String()})
	}
	return row
}

// define answers c: what one market is (321=0).
func (k *desk) define(r *request, d dialect) []*quickfix.Message {
	r.require(320, 321)
	reqID, symbol := r.id(320), r.id(55)
	kind := r.code(321)
	if r.rej == nil && (kind < '0' || kind > '3') {
		r.wrong(321, rejectValue)
	}
	if r.rej != nil {
		return nil
	}
	m := k.markets[symbol]
	if once := r.code(263); kind != '0' {
		r.flaw(perp.Unsupported, "321="+string(kind))
	} else if once != 0 && once != '0' {
		r.flaw(perp.Unsupported, "263="+string(once))
	}
	r.security()
	switch {
	case symbol == "":
		r.missing(55)
	case m == nil:
		r.flaw(perp.UnknownSymbol, symbol)
	}
	r.only([]int{320, 321, 55, 263, 167, 58})
	b := newBody("d").add(320, reqID).add(322, reqID+"-D")
	if v := r.flawed().First(); !v.OK() {
		return []*quickfix.Message{b.add(323, definitionRefused).opt(55, symbol).refusal(v).in(d)}
	}
	b.add(323, definitionAccepted)
	for _, f := range instrumentRow(m.instrument) {
		b.add(f.tag, f.value)
	}
	return []*quickfix.Message{b.in(d)}
}
