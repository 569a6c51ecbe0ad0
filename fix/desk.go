package fix

import (
	"slices"
	"strings"
	"sync"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// Limits of the desk, per session.
const (
	bookSubscriptionsMax = 50   // market data requests (262) that are live
	symbolsPerRequestMax = 50   // markets in one of them
	depthMax             = 1000 // MarketDepth(264)
)

// desk answers what needs no engine (x, c, e, g, V, BE) from what was published, and
// keeps the subscriptions of each session. It never waits on anything but its
// own short lock: local runs on session goroutines, publish on the sequencer's.
//
// Everything that a subscription gets comes from publish, the first snapshot
// too, so that one goroutine decides the order of a stream.
type desk struct {
	mu      sync.Mutex
	markets map[string]*listed
	order   []string // symbols, sorted
	clients map[string]*client
	wake    func()                  // tells the loop that publish has something to send
	ask     func(perp.Command) bool // leaves a command in the inbox, if there is room
	dialect func(session string) dialect
	keeps   func(session string) dialect // of what is stored
	now     perp.Time                    // of the newest entry

	sessions   map[string][]string       // of each account
	positions  map[holding]perp.Position // open ones
	against    holding                   // the good side of a deleveraging that is being told
	deleverage string                    // the order made for it
	asked      map[requestID]inquiry     // trade requests that the engine has not answered
	users      map[string]userFacts      // by session
	regrades   map[regraded]bool         // that have to be told
	regradedAt map[regraded]perp.Time    // when they were last told

	currencies sync.Map // of each market; of its own, for currencyOf
}

// listed is what the desk knows of one market.
type listed struct {
	instrument perp.Instrument
	terms      perp.Terms
	offers     *graded
	views      map[viewKey]*view // since the last change
	trade      perp.Level        // the last one; no size: none yet
	trades     int64
	state      perp.MarketState
	from       perp.MarketState
	cause      perp.Reject
	since      perp.Time
	lists      int64 // grows with every change of the instrument
	states     int64 // grows with every change of state
	incident   incident
	voided     voided
}

// client is what one session has subscribed to.
type client struct {
	books    []*bookSubscription
	statuses []*statusSubscription
	venue    *venueSubscription
	watches  []*watch
	changes  map[watchKey]*change
	streams  map[streamID]*streamTold // by the request
	news     []newsItem               // that it is owed
}

type statusSubscription struct {
	symbol string
	reqID  string
	sent   int64 // states of the market when it was last told
	lists  int64 // of the market, the same
	first  bool  // has not been told yet
}

// newDesk makes a desk. Wake, if not nil, is called without the lock when a
// subscription waits for the next publish.
func newDesk(wake func()) *desk {
	if wake == nil {
		wake = func() {}
	}
	k := &desk{
		markets: map[string]*listed{}, clients: map[string]*client{}, wake: wake,
		sessions: map[string][]string{}, positions: map[holding]perp.Position{},
		ask:      func(perp.Command) bool { return false },
		dialect:  func(string) dialect { return strict44 },
		asked:    map[requestID]inquiry{},
		users:    map[string]userFacts{},
		regrades: map[regraded]bool{}, regradedAt: map[regraded]perp.Time{},
	}
	k.keeps = func(session string) dialect { return k.dialect(session) }
	return k
}

// restate takes over the state of the engine at start.
func (k *desk) restate(events []perp.Event) {
	for _, ev := range events {
		k.note(ev)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, ev := range events {
		k.apply(ev, 0)
	}
	for _, m := range k.markets { // Nobody is here to be told.
		m.incident.told = m.incident.is
	}
}

func (k *desk) instrument(symbol string) (perp.Instrument, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if m := k.markets[symbol]; m != nil {
		return m.instrument, true
	}
	return perp.Instrument{}, false
}

// currencyOf is that of a market; empty if there is no such market. It takes no lock:
// what a reset repeats is brought into another version under that of the numbers, for
// which a connection's writer may wait, and publish for that.
func (k *desk) currencyOf(symbol string) string {
	currency, _ := k.currencies.Load(symbol)
	text, _ := currency.(string)
	return text
}

// apply takes in one event; the lock is held.
func (k *desk) apply(ev perp.Event, at perp.Time) {
	switch ev := ev.(type) {
	case perp.MarketListed:
		m := k.markets[ev.Instrument.Symbol]
		if m == nil {
			m = &listed{state: perp.Warming, since: at, offers: newGraded(), views: map[viewKey]*view{}}
			k.markets[ev.Instrument.Symbol] = m
			k.order = append(k.order, ev.Instrument.Symbol)
			slices.Sort(k.order)
		}
		if m.instrument != ev.Instrument || m.terms != ev.Terms {
			m.lists++
		}
		m.instrument, m.terms = ev.Instrument, ev.Terms
		k.currencies.Store(ev.Instrument.Symbol, ev.Instrument.Currency)
		m.changed(nil)
	case perp.QuoteChanged:
		if m := k.markets[ev.Quote.Symbol]; m != nil {
			m.quoted(ev.Quote, perp.Class{})
			m.enter(ev.Quote.State, ev.Quote.Cause, ev.Quote.Time)
		}
	case perp.ClassQuoted:
		if m := k.markets[ev.Quote.Symbol]; m != nil {
			m.quoted(ev.Quote, ev.Quote.Class)
		}
	case perp.ClientGraded:
		if m := k.markets[ev.Symbol]; m != nil {
			k.grades(m, ev, at)
		}
	case perp.StateChanged:
		if m := k.markets[ev.Symbol]; m != nil {
			m.enter(ev.To, ev.Cause, at)
		}
	case perp.TickRefused:
		if m := k.markets[ev.Symbol]; m != nil {
			m.refused(ev, at)
		}
	case perp.TradeBusted:
		if m := k.markets[ev.Order.Symbol]; m != nil {
			m.busted(at)
		}
	case perp.Filled:
		if m := k.markets[ev.Order.Symbol]; m != nil {
			m.trade = perp.Level{Price: ev.Price, Size: ev.Size}
			m.trades++
			m.changed(nil)
		}
	}
}

func (m *listed) quoted(q perp.Quote, class perp.Class) {
	m.offers.quotes[class] = q
	m.changed(&class)
}

func (m *listed) enter(s perp.MarketState, cause perp.Reject, at perp.Time) {
	if s == 0 || s == m.state && cause == m.cause || m.state == perp.Expired {
		return // An expired market never opens again.
	}
	m.from, m.state, m.cause, m.since = m.state, s, cause, at
	m.states++
	m.doubted(at)
}

// local answers x, c, e, g, V and BE. A request that cannot be read gets rej instead.
// Now is the time of arrival.
func (k *desk) local(msg *quickfix.Message, session string, now perp.Time) (replies []*quickfix.Message, rej quickfix.MessageRejectError) {
	r := newRequest(msg)
	var waits bool
	k.mu.Lock()
	switch r.msgType {
	case "x":
		replies = k.list(r, k.dialect(session))
	case "e":
		replies, waits = k.status(r, msg, session, now)
	case "c":
		replies = k.define(r, k.dialect(session))
	case "g":
		replies, waits = k.venue(r, msg, session)
	case "V":
		replies, waits = k.market(r, msg, session)
	case "BE":
		replies = k.user(r, session, now)
	default:
		r.fail(quickfix.UnsupportedMessageType())
	}
	k.mu.Unlock()
	if r.rej != nil {
		return nil, r.rej
	}
	if waits {
		k.wake()
	}
	return replies, nil
}

// publish takes in what a commit made public and returns what the subscribers
// get for it: of each market only the newest state, and only what changed since
// they were last told. Ready tells whether a session is logged on and has room;
// one that is not ready now gets the newest state when it is. Call it too, with
// no entries, after wake. News of accounts it does not tell itself: it asks the
// engine for them.
func (k *desk) publish(entries []perp.Entry, ready func(session string) bool) (out []outMessage) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range entries {
		for _, ev := range e.Events {
			k.apply(ev, e.Time)
			k.quoted(ev, e.Time)
		}
		k.follow(e)
	}
	k.announce(ready)
	sessions := make([]string, 0, len(k.clients))
	for s := range k.clients {
		sessions = append(sessions, s)
	}
	slices.Sort(sessions)
	made := bodies{}
	for _, s := range sessions {
		if ready(s) {
			d := k.dialect(s)
			for _, msg := range k.due(s, d, made) {
				out = append(out, outMessage{session: s, msg: msg, dialect: d})
			}
			k.inquire(s, k.clients[s])
		}
	}
	return out
}

// due returns what a client has to be told: News, then states, then prices.
func (k *desk) due(session string, d dialect, made bodies) (out []*quickfix.Message) {
	c := k.clients[session]
	for _, b := range k.dueNews(session, c) {
		out = append(out, b.in(d))
	}
	out = append(out, k.dueVenue(d, c)...)
	for _, s := range c.statuses {
		m := k.markets[s.symbol]
		if s.first || s.sent != m.states {
			out = append(out, securityStatus(s, m).in(d))
			s.sent, s.first = m.states, false
		}
	}
	for _, s := range c.books {
		out = append(out, k.dueBook(session, d, s, made)...)
	}
	return append(out, k.dueStreams(session, d, c)...)
}

// forget drops the subscriptions of a session that has logged out.
func (k *desk) forget(session string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.clients, session)
}

func (k *desk) client(session string) *client {
	c := k.clients[session]
	if c == nil {
		c = &client{}
		k.clients[session] = c
	}
	return c
}

// list answers x with every market (559=4) or with one (559=0).
func (k *desk) list(r *request, d dialect) []*quickfix.Message {
	r.require(320, 559)
	reqID, kind, symbol := r.id(320), r.code(559), r.id(55)
	symbols, result := k.order, listValid
	switch {
	case kind == '0' && symbol == "":
		result = listUnsupported
	case kind == '0' && k.markets[symbol] == nil:
		result = listNothing
	case kind == '0':
		symbols = []string{symbol}
	case kind != '4':
		result = listUnsupported
	case len(k.order) == 0:
		result = listNothing
	}
	b := newBody("y").add(320, reqID).add(322, reqID+"-R").num(560, result)
	if result == listValid {
		var rows [][]pair
		for _, s := range symbols {
			rows = append(rows, k.markets[s].row(d))
		}
		b.num(393, len(rows)).group(146, rows...)
	}
	return []*quickfix.Message{b.in(d)}
}

// status answers e: once (263=0), now and at every change (1), or no more (2).
func (k *desk) status(r *request, msg *quickfix.Message, session string, now perp.Time) (replies []*quickfix.Message, waits bool) {
	r.require(324, 55, 263)
	s := &statusSubscription{reqID: r.id(324), symbol: r.id(55), first: true}
	kind := r.code(263)
	if r.rej != nil {
		return nil, false
	}
	c, m := k.client(session), k.markets[s.symbol]
	if kind == '2' {
		before := len(c.statuses)
		c.statuses = slices.DeleteFunc(c.statuses, func(o *statusSubscription) bool { return o.symbol == s.symbol })
		if len(c.statuses) == before {
			r.fail(businessReject(perp.UnknownQuoteRequest, msg, "no subscription to "+s.symbol))
		}
		return nil, false
	}
	switch {
	case m == nil:
		b := newBody("f").add(324, s.reqID).add(55, s.symbol).add(326, "20").time(60, now)
		return []*quickfix.Message{b.add(58, perp.UnknownSymbol.String()).message()}, false
	case kind == '0':
		return []*quickfix.Message{securityStatus(s, m).in(k.dialect(session))}, false
	case kind != '1':
		r.wrong(263, rejectValue)
		return nil, false
	}
	c.statuses = slices.DeleteFunc(c.statuses, func(o *statusSubscription) bool { return o.symbol == s.symbol })
	s.lists = m.lists
	c.statuses = append(c.statuses, s)
	slices.SortFunc(c.statuses, func(a, b *statusSubscription) int { return strings.Compare(a.symbol, b.symbol) })
	return nil, true
}

// securityStatus is f: as the answer to a request (324), or unasked (325=Y).
func securityStatus(s *statusSubscription, m *listed) *body {
	b := newBody("f")
	if s.first {
		b.add(324, s.reqID)
	}
	b.add(55, s.symbol)
	if !s.first {
		b.add(325, "Y")
	}
	b.add(326, tradingStatus(m, s.first))
	if m.since != 0 { // known unless the state is from before the start
		b.time(60, m.since)
	}
	if m.cause != perp.RejectNone {
		b.add(58, m.cause.String())
	} else if m.state == perp.ReduceOnly || m.state == perp.WideSpread || m.state == perp.Expired {
		b.add(58, strings.ToUpper(m.state.String()))
	}
	return b.outside(m.offers.quotes[perp.Class{}], m.offers.refused)
}

// tradingStatus is SecurityTradingStatus(326): ready, halted, warming up, gone
// for ever; a market that comes back from a halt is told as resumed.
func tradingStatus(m *listed, first bool) string {
	switch {
	case m.state == perp.Halted:
		return "2"
	case m.state == perp.Warming:
		return "21"
	case m.state == perp.Expired:
		return "18"
	case m.from == perp.Halted && !first:
		return "3"
	}
	return "17"
}
