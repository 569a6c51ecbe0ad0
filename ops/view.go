package ops

import (
	"slices"
	"strings"
	"time"

	"backstop/perp"
)

// Status is the whole view: what /api/v1/status answers and the page shows.
// Amounts are decimal texts, so that nothing is lost on the way.
type Status struct {
	Version  string    `json:"version"`
	Uptime   int64     `json:"uptime_seconds"`
	Seq      int64     `json:"seq"`
	Ready    bool      `json:"ready"`
	Warnings []string  `json:"warnings"`
	Markets  []Market  `json:"markets"`
	Sessions []Session `json:"sessions"`
	Fills    []Fill    `json:"fills"` // newest first
	Ledger   Ledger    `json:"ledger"`
}

// Market is one market as operators see it.
type Market struct {
	Symbol     string      `json:"symbol"`
	Currency   string      `json:"currency"`
	State      string      `json:"state"`
	Cause      string      `json:"cause,omitempty"`
	Version    int64       `json:"quote_version"`
	Time       string      `json:"quote_time"`
	Bids       []Level     `json:"bids"`
	Asks       []Level     `json:"asks"`
	Oracle     string      `json:"oracle"`
	Confidence string      `json:"confidence"`
	OracleTime string      `json:"oracle_time"`
	Mid        string      `json:"mid"`
	Inventory  string      `json:"inventory"`
	Leverage   string      `json:"leverage"`
	Equity     string      `json:"equity"`
	Interest   string      `json:"open_interest"`
	BidParts   []Component `json:"bid_components"`
	AskParts   []Component `json:"ask_components"`
	Fills      int64       `json:"fills"`
}

// Level is one rung of the ladder.
type Level struct {
	Price string `json:"price"`
	Size  string `json:"size"`
}

// Component is one part of the best price; the parts add up to it.
type Component struct {
	Name   string `json:"name"`
	Amount string `json:"amount"`
}

// Session is one FIX session.
type Session struct {
	CompID  string `json:"comp_id"`
	Up      bool   `json:"up"`
	Addr    string `json:"addr,omitempty"`
	InSeq   int64  `json:"next_in"`
	OutSeq  int64  `json:"next_out"`
	Queue   int    `json:"queue_bytes"`
	LastIn  string `json:"last_in,omitempty"`
	LastOut string `json:"last_out,omitempty"`
}

// Fill is one trade.
type Fill struct {
	Time      string `json:"time"`
	TradeID   string `json:"trade_id"`
	OrderID   string `json:"order_id"`
	Account   string `json:"account"`
	Symbol    string `json:"symbol"`
	Side      string `json:"side"`
	Size      string `json:"size"`
	Price     string `json:"price"`
	Fee       string `json:"fee"`
	Liquidity string `json:"liquidity"`
}

// Ledger is the books: every account, and the sum that must be zero.
type Ledger struct {
	Sum      string    `json:"sum"`
	SumUnits int64     `json:"sum_units"`
	Balances []Balance `json:"balances"`
}

// Balance is one account of the books.
type Balance struct {
	Owner   string `json:"owner"`
	Account string `json:"account"`
	Balance string `json:"balance"`
	Units   int64  `json:"units"`
}

func (m *Model) marketViews() []Market {
	m.mu.RLock()
	defer m.mu.RUnlock()
	all := make([]Market, 0, len(m.order))
	for _, symbol := range m.order {
		all = append(all, m.markets[symbol].view())
	}
	return all
}

func (k *market) view() Market {
	q := k.quote
	return Market{
		Symbol: k.instrument.Symbol, Currency: k.instrument.Currency, State: k.state.String(), Cause: k.cause.String(),
		Version: q.Version, Time: stampOf(q.Time), Bids: levels(q.Bids), Asks: levels(q.Asks),
		Oracle: q.Oracle.String(), Confidence: q.Confidence.String(), OracleTime: stampOf(q.OracleTime), Mid: q.Mid.String(),
		Inventory: q.Inventory.String(), Leverage: q.Leverage.String(), Equity: q.Equity.String(), Interest: q.OpenInterest.String(),
		BidParts: components(q.BidParts), AskParts: components(q.AskParts), Fills: k.fills,
	}
}

func stampOf(t perp.Time) string {
	if t == 0 {
		return ""
	}
	return time.Unix(0, int64(t)).UTC().Format(time.RFC3339Nano)
}

func levels(in []perp.Level) []Level {
	out := make([]Level, 0, len(in))
	for _, l := range in {
		out = append(out, Level{l.Price.String(), l.Size.String()})
	}
	return out
}

func components(in []perp.Component) []Component {
	out := make([]Component, 0, len(in))
	for _, c := range in {
		out = append(out, Component{c.Name, c.Amount.String()})
	}
	return out
}

func (m *Model) fillViews() []Fill {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := slices.Clone(m.fills)
	slices.Reverse(out)
	return out
}

func (m *Model) ledgerView() Ledger {
	m.mu.RLock()
	defer m.mu.RUnlock()
	l := Ledger{Sum: m.sum.String(), SumUnits: int64(m.sum), Balances: make([]Balance, 0, len(m.balances))}
	for a, v := range m.balances {
		l.Balances = append(l.Balances, Balance{a.Owner, a.String(), v.String(), int64(v)})
	}
	slices.SortFunc(l.Balances, func(a, b Balance) int {
		if c := strings.Compare(a.Owner, b.Owner); c != 0 {
			return c
		}
		return strings.Compare(a.Account, b.Account)
	})
	return l
}

// pointsSince returns the points of every market after a time in milliseconds.
func (m *Model) pointsSince(since map[string]int64) map[string][]Point {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := map[string][]Point{}
	for symbol, k := range m.markets {
		i := len(k.points)
		for i > 0 && k.points[i-1].Time >= since[symbol] {
			i--
		}
		if i < len(k.points) {
			out[symbol] = slices.Clone(k.points[i:])
		}
	}
	return out
}

// Status is the whole view.
func (m *Model) Status() Status {
	checks, ready := m.readiness()
	s := Status{
		Version: m.version, Uptime: int64(time.Since(m.started).Seconds()), Ready: ready, Warnings: []string{},
		Markets: m.marketViews(), Sessions: m.sessionViews(), Fills: m.fillViews(), Ledger: m.ledgerView(),
	}
	for _, c := range checks {
		if !c.OK || c.Detail != "" {
			s.Warnings = append(s.Warnings, c.Name+": "+c.Detail)
		}
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	s.Seq = m.seq
	return s
}

func (m *Model) sessionViews() []Session {
	m.mu.RLock()
	ask := m.sessions
	m.mu.RUnlock()
	if ask == nil {
		return []Session{}
	}
	return ask()
}

// Result is the outcome of one condition of readiness.
type Result struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

// readiness asks every condition. A market that does not quote is fine if it
// says why; a ledger that does not sum to zero never is.
func (m *Model) readiness() ([]Result, bool) {
	m.mu.RLock()
	checks := m.checks
	var all []Result
	for _, symbol := range m.order {
		all = append(all, m.markets[symbol].quoting())
	}
	ledger := Result{Name: "ledger", OK: m.sum == 0}
	if !ledger.OK {
		ledger.Detail = "balances sum to " + m.sum.String()
	}
	m.mu.RUnlock()
	all = append(all, ledger)
	for _, c := range checks {
		r := Result{Name: c.Name, OK: true}
		if err := c.Ask(); err != nil {
			r.OK, r.Detail = false, err.Error()
		}
		all = append(all, r)
	}
	ready := true
	for _, r := range all {
		ready = ready && r.OK
	}
	return all, ready
}

func (k *market) quoting() Result {
	r := Result{Name: "market " + k.instrument.Symbol}
	switch state := quoteStateOf(k.quote); {
	case state == "two_sided" && k.cause == perp.RejectNone:
		r.OK = true
	case k.state == perp.Warming:
		r.Detail = "waits for its first good prices"
	default:
		r.OK, r.Detail = true, k.state.String()+", "+state
		if k.cause != perp.RejectNone {
			r.Detail += ": " + k.cause.String()
		}
	}
	return r
}

// watching is how many readers of changes there are.
func (m *Model) watching() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.watchers)
}
