package ops

import (
	"sync"
	"time"

	"backstop/perp"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	pointsMax   = 1200 // of the plot, per market: five minutes
	fillsMax    = 50
	watchersMax = 64 // readers of /events at once
)

// pointGap is the least time between two points of the plot; a quote that
// comes sooner takes the place of the last point.
const pointGap = 250 * perp.Millisecond

// Model is what operators see, kept up to date from events: O(1) for each, and
// everything in it has a limit. It is safe for concurrent use.
type Model struct {
	mu       sync.RWMutex
	markets  map[string]*market
	order    []string // of markets, as listed
	limits   map[string]Limits
	fills    *ring[Fill]
	balances map[perp.LedgerAccount]perp.Money
	sum      perp.Money // of balances; must be 0
	tally    tally
	seq      int64
	started  time.Time
	watchers map[chan struct{}]bool
	metrics  *metrics
	sessions func() []Session // nil: none
	checks   []Check
	storage  func() Storage // nil: unknown
	version  string
	now      func() time.Time // the wall, which a test may replace

	liquidating map[string]bool // accounts; there are no more than accounts
	stopped     bool            // withdrawals

	clients  map[clientKey]*client
	accounts map[string][]string // sessions that may trade each
}

// Check is one condition of readiness. It is asked for every answer and every
// message of the stream, so it must be quick.
type Check struct {
	Name string
	Ask  func() error
}

// Storage is what the disk holds, and what holds it back.
type Storage struct {
	WAL, WALAlarm int64 // bytes of the write-ahead log, and when somebody must look
	Cut           int64 // own reads that were ended because they took too long
	Err           error
	Books         Books
}

// Books is what the full check of the stored books found.
type Books struct {
	Differences int
	First       string    // of the differences
	Checked     time.Time // when they were last compared whole; zero: not yet
}

// Stored tells where the state of the disk comes from. It is called once, before
// the server starts.
func (m *Model) Stored(ask func() Storage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.storage = ask
}

// Limits are the bounds of one market that quotes do not carry. Zero: unknown,
// and then not shown.
type Limits struct {
	LeverageCap  perp.Ratio // at which the maker takes no more on a side
	OracleMaxAge perp.Time  // at which the market is halted
}

// tally counts what became of requests since the start. Its arrays are indexed
// by the reject and so have a fixed length.
type tally struct {
	accepted, rejected, canceled int64
	fills, cancels, quotes       int64 // fills; refused cancels, refused quote requests
	reasons                      []int64
}

type market struct {
	instrument perp.Instrument
	state      perp.MarketState
	cause      perp.Reject
	quote      perp.Quote
	peg        perp.Price // 0 until reserves moved for the first time
	sources    int64      // live sources of the newest tick
	ticked     bool
	points     *ring[Point]
	fills      int64
	mode       perp.MarketMode
	funding    perp.FundingAccrued
	classes    classes
	hedged     perp.Size                      // the maker's position at the outside venue
	providers  map[string]perp.ProviderStated // by account; of those who quote, or whose protection acted
	refused    map[string]int64               // ticks not taken at their word, by quality, since the start
}

// Point is one moment of a market's plot, in 1e-6 quote per base; 0 is nothing
// to show.
type Point struct {
	Time   int64      `json:"t"` // milliseconds since 1970
	Bid    perp.Price `json:"b,omitempty"`
	Ask    perp.Price `json:"a,omitempty"`
	Oracle perp.Price `json:"o,omitempty"`
	Low    perp.Price `json:"lo,omitempty"` // oracle minus confidence
	High   perp.Price `json:"hi,omitempty"`
}

// NewModel returns an empty model with a metrics registry of its own.
func NewModel(version string) *Model {
	m := &Model{
		markets: map[string]*market{}, liquidating: map[string]bool{}, limits: map[string]Limits{}, balances: map[perp.LedgerAccount]perp.Money{},
		fills: newRing[Fill](fillsMax), watchers: map[chan struct{}]bool{}, started: time.Now(), version: version,
		tally: tally{reasons: make([]int64, len(perp.Rejects())+1)}, now: time.Now,
		clients: map[clientKey]*client{}, accounts: map[string][]string{},
	}
	m.metrics = newMetrics(m, version)
	return m
}

// Watch tells where session states and the conditions of readiness come from.
// It is called once, before the server starts.
func (m *Model) Watch(sessions func() []Session, checks ...Check) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions, m.checks = sessions, checks
}

// Limit tells the bounds of a market, which may be listed later.
func (m *Model) Limit(symbol string, l Limits) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limits[symbol] = l
}

// Restate takes over the state of the engine at start. It makes no point of
// the plot: the quote in it may be from long ago.
func (m *Model) Restate(events []perp.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, ev := range events {
		if q, ok := ev.(perp.QuoteChanged); ok {
			m.offer(q.Quote)
			continue
		}
		m.apply(ev, 0)
	}
}

// Apply takes in what a commit made durable.
func (m *Model) Apply(entries []perp.Entry) {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	told := false
	for i := range entries {
		e := &entries[i]
		m.seq = e.Seq
		m.command(e.Command)
		for _, ev := range e.Events {
			m.apply(ev, e.Time)
			m.metrics.count(ev)
			told = true
		}
		m.metrics.answered(e.Command, now)
	}
	if !told {
		return
	}
	for w := range m.watchers {
		select {
		case w <- struct{}{}:
		default: // It has been told and has not looked yet.
		}
	}
}

// Committed notes how long a commit took.
func (m *Model) Committed(took time.Duration) { m.metrics.commit.Observe(took.Seconds()) }

// command takes from a command what no event tells.
func (m *Model) command(c perp.Command) {
	if t, ok := c.(perp.OracleTick); ok {
		if k := m.markets[t.Symbol]; k != nil {
			k.sources, k.ticked = t.Sources, true
		}
	}
}

func (m *Model) apply(ev perp.Event, at perp.Time) {
	switch ev := ev.(type) {
	case perp.MarketListed:
		if m.markets[ev.Instrument.Symbol] == nil {
			m.markets[ev.Instrument.Symbol] = &market{
				state: perp.Warming, points: newRing[Point](pointsMax), refused: map[string]int64{},
				providers: map[string]perp.ProviderStated{},
			}
			m.order = append(m.order, ev.Instrument.Symbol)
		}
		m.markets[ev.Instrument.Symbol].instrument = ev.Instrument
	case perp.StateChanged:
		if k := m.markets[ev.Symbol]; k != nil {
			k.state, k.cause = ev.To, ev.Cause
		}
	case perp.TickRefused:
		if k := m.markets[ev.Symbol]; k != nil {
			k.refused[ev.Quality]++
		}
	case perp.QuoteChanged:
		if k := m.offer(ev.Quote); k != nil {
			k.plot(ev.Quote)
		}
	case perp.Recentred:
		if k := m.markets[ev.Symbol]; k != nil {
			k.peg = ev.Peg
		}
	case perp.ProviderStated:
		m.provided(ev)
	case perp.Filled:
		m.fill(ev, at)
	case perp.TradeBusted:
		m.bust(ev)
	case perp.Posted:
		m.move(ev.Transfer.Debit, -ev.Transfer.Amount)
		m.move(ev.Transfer.Credit, ev.Transfer.Amount)
	case perp.BalanceStated:
		m.move(ev.Account, ev.Balance-m.balances[ev.Account])
	default:
		m.tally.count(ev)
		m.desk(ev)
		m.treat(ev)
	}
}

// count counts the answers that are not fills.
func (t *tally) count(ev perp.Event) {
	switch ev := ev.(type) {
	case perp.OrderAccepted:
		t.accepted++
	case perp.OrderRejected:
		t.rejected++
		t.reason(ev.Verdict.Reject)
	case perp.OrderCanceled:
		t.canceled++
	case perp.CancelRejected:
		t.cancels++
		t.reason(ev.Verdict.Reject)
	case perp.QuoteRefused:
		t.quotes++
		t.reason(ev.Verdict.Reject)
	}
}

func (t *tally) reason(r perp.Reject) {
	if int(r) < len(t.reasons) {
		t.reasons[r]++
	}
}

func (m *Model) move(a perp.LedgerAccount, by perp.Money) {
	m.balances[a] += by
	m.sum += by
}

// offer makes a quote the present one of its market.
func (m *Model) offer(q perp.Quote) *market {
	k := m.markets[q.Symbol]
	if k != nil {
		k.quote, k.state, k.cause, k.hedged = q, q.State, q.Cause, q.Hedged
	}
	return k
}

// plot adds a point. A point keeps the time of the first quote that it stands
// for and shows the last one.
func (k *market) plot(q perp.Quote) {
	p := Point{Time: int64(q.Time / perp.Millisecond), Oracle: q.Oracle}
	if q.Oracle > 0 {
		p.Low, p.High = q.Oracle-q.Confidence, q.Oracle+q.Confidence
	}
	if b, ok := q.Best(perp.Sell); ok {
		p.Bid = b.Price
	}
	if a, ok := q.Best(perp.Buy); ok {
		p.Ask = a.Price
	}
	if n := k.points.len(); n > 0 {
		last := k.points.at(n - 1)
		if p.Time-last.Time < int64(pointGap/perp.Millisecond) {
			p.Time = last.Time
			*last = p
			return
		}
	}
	k.points.add(p)
}

func (m *Model) fill(ev perp.Filled, at perp.Time) {
	m.tally.fills++
	if k := m.markets[ev.Order.Symbol]; k != nil {
		k.fills++
	}
	m.fills.add(Fill{
		Time: stampOf(at), TradeID: ev.TradeID, ExecID: ev.ExecID, OrderID: ev.Order.OrderID,
		Account: ev.Order.Account, Symbol: ev.Order.Symbol, Side: ev.Order.Side.String(),
		Size: ev.Size.String(), SizeUnits: int64(ev.Size), Price: ev.Price.String(), PriceUnits: int64(ev.Price),
		Fee: ev.Fee.String(), FeeUnits: int64(ev.Fee), Liquidity: ev.Liquidity.String(),
	})
}

// bust marks a fill that was taken back, if it is among the newest.
func (m *Model) bust(ev perp.TradeBusted) {
	for i := range m.fills.len() {
		if f := m.fills.at(i); f.TradeID == ev.TradeID {
			f.Busted = true
		}
	}
}

// watch returns a channel that holds one token whenever something changed, and
// a function that ends the watch; ok is false when too many watch already.
func (m *Model) watch() (changed <-chan struct{}, end func(), ok bool) {
	w := make(chan struct{}, 1)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.watchers) >= watchersMax {
		return nil, nil, false
	}
	m.watchers[w] = true
	return w, func() {
		m.mu.Lock()
		delete(m.watchers, w)
		m.mu.Unlock()
	}, true
}

// Registry is where the metrics are, for tests and for other collectors.
func (m *Model) Registry() *prometheus.Registry { return m.metrics.registry }
