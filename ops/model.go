package ops

import (
	"sync"
	"time"

	"backstop/perp"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	pointsMax = 600 // of the plot, per market
	fillsMax  = 50
)

// pointGap is the least time between two points of the plot.
const pointGap = 100 * perp.Millisecond

// Model is what operators see, kept up to date from events. It is safe for
// concurrent use.
type Model struct {
	mu       sync.RWMutex
	markets  map[string]*market
	order    []string // of markets, as listed
	fills    []Fill   // newest last
	balances map[perp.LedgerAccount]perp.Money
	sum      perp.Money
	seq      int64
	started  time.Time
	watchers map[chan struct{}]bool
	metrics  *metrics
	sessions func() []Session // nil: none
	checks   []Check
	version  string
}

// Check is one condition of readiness, asked each time.
type Check struct {
	Name string
	Ask  func() error
}

// Watch tells where session states and the conditions of readiness come from.
// It is called once, before the server starts.
func (m *Model) Watch(sessions func() []Session, checks ...Check) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions, m.checks = sessions, checks
}

type market struct {
	instrument perp.Instrument
	state      perp.MarketState
	cause      perp.Reject
	quote      perp.Quote
	points     []Point
	fills      int64
}

// Point is one moment of a market's plot, prices in quote currency. The plot
// needs numbers, so these are floats; the exact texts stand in Quote.
type Point struct {
	Time   int64   `json:"t"` // milliseconds since 1970
	Bid    float64 `json:"b,omitempty"`
	Ask    float64 `json:"a,omitempty"`
	Oracle float64 `json:"o,omitempty"`
	Low    float64 `json:"lo,omitempty"` // oracle minus confidence
	High   float64 `json:"hi,omitempty"`
}

// NewModel returns an empty model with a metrics registry of its own.
func NewModel(version string) *Model {
	m := &Model{
		markets: map[string]*market{}, balances: map[perp.LedgerAccount]perp.Money{},
		watchers: map[chan struct{}]bool{}, started: time.Now(), version: version,
	}
	m.metrics = newMetrics(m, version)
	return m
}

// Restate takes over the state of the engine at start.
func (m *Model) Restate(events []perp.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, ev := range events {
		m.apply(ev, 0)
	}
}

// Apply takes in what a commit made durable.
func (m *Model) Apply(entries []perp.Entry) {
	if len(entries) == 0 {
		return
	}
	now := time.Now()
	m.mu.Lock()
	for _, e := range entries {
		m.seq = e.Seq
		for _, ev := range e.Events {
			m.apply(ev, e.Time)
			m.metrics.count(ev)
		}
		m.metrics.answered(e, now)
	}
	for w := range m.watchers {
		select {
		case w <- struct{}{}:
		default: // It has been told and has not looked yet.
		}
	}
	m.mu.Unlock()
}

// Committed notes how long a commit took.
func (m *Model) Committed(took time.Duration) { m.metrics.commit.Observe(took.Seconds()) }

func (m *Model) apply(ev perp.Event, at perp.Time) {
	switch ev := ev.(type) {
	case perp.MarketListed:
		if m.markets[ev.Instrument.Symbol] == nil {
			m.markets[ev.Instrument.Symbol] = &market{state: perp.Warming}
			m.order = append(m.order, ev.Instrument.Symbol)
		}
		m.markets[ev.Instrument.Symbol].instrument = ev.Instrument
	case perp.StateChanged:
		if k := m.markets[ev.Symbol]; k != nil {
			k.state, k.cause = ev.To, ev.Cause
		}
	case perp.QuoteChanged:
		if k := m.markets[ev.Quote.Symbol]; k != nil {
			k.show(ev.Quote)
		}
	case perp.Filled:
		m.fill(ev, at)
	case perp.Posted:
		m.move(ev.Transfer.Debit, -ev.Transfer.Amount)
		m.move(ev.Transfer.Credit, ev.Transfer.Amount)
	case perp.BalanceStated:
		m.move(ev.Account, ev.Balance-m.balances[ev.Account])
	}
}

func (m *Model) move(a perp.LedgerAccount, by perp.Money) {
	m.balances[a] += by
	m.sum += by
}

// show makes a quote the present one and adds a point to the plot.
func (k *market) show(q perp.Quote) {
	k.quote, k.state, k.cause = q, q.State, q.Cause
	p := Point{Time: int64(q.Time / perp.Millisecond), Oracle: number(q.Oracle)}
	p.Low, p.High = number(q.Oracle-q.Confidence), number(q.Oracle+q.Confidence)
	if b, ok := q.Best(perp.Sell); ok {
		p.Bid = number(b.Price)
	}
	if a, ok := q.Best(perp.Buy); ok {
		p.Ask = number(a.Price)
	}
	if n := len(k.points); n > 0 && p.Time-k.points[n-1].Time < int64(pointGap/perp.Millisecond) {
		k.points[n-1] = Point{Time: k.points[n-1].Time, Bid: p.Bid, Ask: p.Ask, Oracle: p.Oracle, Low: p.Low, High: p.High}
		return
	}
	if len(k.points) == pointsMax {
		k.points = append(k.points[:0], k.points[1:]...)
	}
	k.points = append(k.points, p)
}

func number(p perp.Price) float64 { return float64(p) / float64(perp.PriceOne) }

func (m *Model) fill(ev perp.Filled, at perp.Time) {
	if k := m.markets[ev.Order.Symbol]; k != nil {
		k.fills++
	}
	if len(m.fills) == fillsMax {
		m.fills = append(m.fills[:0], m.fills[1:]...)
	}
	m.fills = append(m.fills, Fill{
		Time: time.Unix(0, int64(at)).UTC().Format(time.RFC3339Nano), TradeID: ev.TradeID, OrderID: ev.Order.OrderID,
		Account: ev.Order.Account, Symbol: ev.Order.Symbol, Side: ev.Order.Side.String(),
		Size: ev.Size.String(), Price: ev.Price.String(), Fee: ev.Fee.String(), Liquidity: ev.Liquidity.String(),
	})
}

// watch returns a channel that holds a token whenever something changed, and a
// function that ends the watch.
func (m *Model) watch() (<-chan struct{}, func()) {
	w := make(chan struct{}, 1)
	m.mu.Lock()
	m.watchers[w] = true
	m.mu.Unlock()
	return w, func() {
		m.mu.Lock()
		delete(m.watchers, w)
		m.mu.Unlock()
	}
}

// Registry is where the metrics are, for tests and for other collectors.
func (m *Model) Registry() *prometheus.Registry { return m.metrics.registry }
