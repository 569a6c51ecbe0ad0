package ops

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"backstop/perp"
)

// Status is the whole view: what /api/v1/status answers and the page shows.
// An amount is a decimal text, so that nothing is lost on the way; the field
// beside it that ends in _units is the same amount as a whole number of the
// smallest unit (1e-6 quote, 1e-9 base, 1e-6 for ratios).
type Status struct {
	Version  string    `json:"version"`
	Time     string    `json:"time"`
	Uptime   int64     `json:"uptime_seconds"`
	Seq      int64     `json:"seq"`
	Ready    bool      `json:"ready"`
	Warnings []string  `json:"warnings"`
	Markets  []Market  `json:"markets"`
	Sessions []Session `json:"sessions"`
	Fills    []Fill    `json:"fills"` // newest first
	Orders   Orders    `json:"orders"`
	Ledger   Ledger    `json:"ledger"`
	Clients  []Client  `json:"clients"`

	Liquidating        []string `json:"liquidating"` // accounts
	WithdrawalsStopped bool     `json:"withdrawals_stopped"`
}

// Market is one market as operators see it.
type Market struct {
	Symbol            string      `json:"symbol"`
	Currency          string      `json:"currency"`
	Tick              string      `json:"tick"`
	Lot               string      `json:"lot"`
	State             string      `json:"state"`
	Cause             string      `json:"cause,omitempty"`
	Offer             string      `json:"quote_state"`
	Version           int64       `json:"quote_version"`
	Time              string      `json:"quote_time"`
	Bids              []Level     `json:"bids"` // best first
	Asks              []Level     `json:"asks"`
	Oracle            string      `json:"oracle"`
	OracleUnits       int64       `json:"oracle_units"`
	Confidence        string      `json:"confidence"`
	ConfidenceUnits   int64       `json:"confidence_units"`
	OracleTime        string      `json:"oracle_time"`
	OracleAge         int64       `json:"oracle_age_ms"`
	OracleMaxAge      int64       `json:"oracle_max_age_ms,omitempty"` // absent: unknown
	Sources           int64       `json:"oracle_sources"`
	Mid               string      `json:"mid"`
	MidUnits          int64       `json:"mid_units"`
	Inventory         string      `json:"inventory"`
	InventoryUnits    int64       `json:"inventory_units"`
	Leverage          string      `json:"leverage"`
	LeverageUnits     int64       `json:"leverage_units"`
	LeverageCap       string      `json:"leverage_cap,omitempty"` // absent: unknown
	CapUnits          int64       `json:"leverage_cap_units,omitempty"`
	Equity            string      `json:"equity"`
	EquityUnits       int64       `json:"equity_units"`
	Interest          string      `json:"open_interest"`
	InterestUnits     int64       `json:"open_interest_units"`
	BidParts          []Component `json:"bid_components"`
	AskParts          []Component `json:"ask_components"`
	Fills             int64       `json:"fills"`
	Mode              string      `json:"mode"`         // what the desk asked for
	FundingLong       string      `json:"funding_long"` // rate per day: what longs pay
	FundingLongUnits  int64       `json:"funding_long_units"`
	FundingShort      string      `json:"funding_short"` // what shorts receive
	FundingShortUnits int64       `json:"funding_short_units"`
	FundingCapped     bool        `json:"funding_capped"` // receivers get less: the maker's budget is short
	FundingNext       string      `json:"funding_next"`   // when it is booked
	Pool              string      `json:"pool"`           // losses paid in, not yet paid out
	PoolUnits         int64       `json:"pool_units"`
	Fees              string      `json:"fees"`
	FeesUnits         int64       `json:"fees_units"`
	Insurance         string      `json:"insurance"`
	InsuranceUnits    int64       `json:"insurance_units"`
	Claims            string      `json:"claims"` // realised and not settled, owed to clients
	ClaimsUnits       int64       `json:"claims_units"`
	Debts             string      `json:"debts"` // realised and not settled, owed by clients
	DebtsUnits        int64       `json:"debts_units"`
	Hedged            string      `json:"hedged"` // the maker's position at the outside venue
	HedgedUnits       int64       `json:"hedged_units"`
	// Ticks not taken at their word since the start, by quality: stale, wide,
	// divergent, jump, invalid.
	Refused   map[string]int64 `json:"ticks_refused"`
	Providers []Provider       `json:"providers"` // who quote to the maker
}

// Level is one rung of the ladder.
type Level struct {
	Price      string `json:"price"`
	PriceUnits int64  `json:"price_units"`
	Size       string `json:"size"`
	SizeUnits  int64  `json:"size_units"`
}

// Component is one part of the best price; the parts add up to it.
type Component struct {
	Name   string `json:"name"`
	Amount string `json:"amount"`
	Units  int64  `json:"amount_units"`
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
	// Disabled says why the desk has shut the client out; absent: it has not.
	Disabled           string `json:"disabled,omitempty"`
	CancelOnDisconnect bool   `json:"cancel_on_disconnect"` // as configured; a Logon may ask otherwise
}

// Knock is how often one address was turned away as one client.
type Knock struct {
	Addr   string `json:"addr"`
	CompID string `json:"comp_id"`
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
	Last   string `json:"last"`
}

// Fill is one trade.
type Fill struct {
	Time       string `json:"time"`
	TradeID    string `json:"trade_id"`
	ExecID     string `json:"exec_id"`
	OrderID    string `json:"order_id"`
	Account    string `json:"account"`
	Symbol     string `json:"symbol"`
	Side       string `json:"side"`
	Size       string `json:"size"`
	SizeUnits  int64  `json:"size_units"`
	Price      string `json:"price"`
	PriceUnits int64  `json:"price_units"`
	Fee        string `json:"fee"`
	FeeUnits   int64  `json:"fee_units"`
	Liquidity  string `json:"liquidity"`
	Busted     bool   `json:"busted"` // taken back: nothing of it counts
}

// Orders counts what became of requests since the start.
type Orders struct {
	Accepted      int64    `json:"accepted"`
	Rejected      int64    `json:"rejected"`
	Canceled      int64    `json:"canceled"`
	Fills         int64    `json:"fills"`
	CancelRejects int64    `json:"cancel_rejects"`
	QuoteRefusals int64    `json:"quote_refusals"`
	Reasons       []Reason `json:"reasons"` // those that occurred, most frequent first
}

// Reason is how often a request was refused for one reason.
type Reason struct {
	Reject string `json:"reject"`
	Count  int64  `json:"count"`
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
	Units   int64  `json:"balance_units"`
}

// Status is the whole view.
func (m *Model) Status() Status {
	checks, ready := m.readiness()
	sessions := m.sessionViews()
	now := m.now()
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := Status{
		Version: m.version, Time: now.UTC().Format(time.RFC3339Nano), Uptime: int64(now.Sub(m.started).Seconds()),
		Seq: m.seq, Ready: ready, Warnings: []string{}, Sessions: sessions,
		Markets: m.marketViews(now), Fills: m.fillViews(), Orders: m.tally.view(), Ledger: m.ledgerView(),
		Clients: m.clientViews(), Liquidating: slices.Sorted(maps.Keys(m.liquidating)), WithdrawalsStopped: m.stopped,
	}
	if s.Liquidating == nil {
		s.Liquidating = []string{}
	}
	for _, c := range checks {
		if !c.OK || c.Detail != "" {
			s.Warnings = append(s.Warnings, c.Name+": "+c.Detail)
		}
	}
	return s
}

// The views below need the lock held.

func (m *Model) marketViews(now time.Time) []Market {
	all := make([]Market, 0, len(m.order))
	for _, symbol := range m.order {
		v := m.markets[symbol].view(m.limits[symbol], perp.Time(now.UnixNano()))
		m.money(symbol).view(&v)
		all = append(all, v)
	}
	return all
}

func (k *market) view(l Limits, now perp.Time) Market {
	q, i := k.quote, k.instrument
	v := Market{
		Symbol: i.Symbol, Currency: i.Currency, Tick: i.Tick.String(), Lot: i.Lot.String(),
		State: k.state.String(), Cause: k.cause.String(), Offer: offerOf(q), Version: q.Version, Time: stampOf(q.Time),
		Bids: levels(q.Bids), Asks: levels(q.Asks), BidParts: components(q.BidParts), AskParts: components(q.AskParts),
		Oracle: q.Oracle.String(), OracleUnits: int64(q.Oracle), OracleTime: stampOf(q.OracleTime), Sources: k.sources,
		Confidence: q.Confidence.String(), ConfidenceUnits: int64(q.Confidence), OracleMaxAge: int64(l.OracleMaxAge / perp.Millisecond),
		Mid: q.Mid.String(), MidUnits: int64(q.Mid), Inventory: q.Inventory.String(), InventoryUnits: int64(q.Inventory),
		Leverage: q.Leverage.String(), LeverageUnits: int64(q.Leverage), CapUnits: int64(l.LeverageCap),
		Equity: q.Equity.String(), EquityUnits: int64(q.Equity), Interest: q.OpenInterest.String(), InterestUnits: int64(q.OpenInterest),
		Fills: k.fills, Mode: k.mode.String(), FundingCapped: k.funding.Capped, FundingNext: stampOf(k.funding.Next),
		FundingLong: k.funding.Long.String(), FundingLongUnits: int64(k.funding.Long),
		FundingShort: k.funding.Short.String(), FundingShortUnits: int64(k.funding.Short),
		Hedged: k.hedged.String(), HedgedUnits: int64(k.hedged), Refused: maps.Clone(k.refused),
		Providers: k.providerViews(now),
	}
	if q.OracleTime > 0 {
		v.OracleAge = int64(max(0, now-q.OracleTime) / perp.Millisecond)
	}
	if l.LeverageCap > 0 {
		v.LeverageCap = l.LeverageCap.String()
	}
	return v
}

// offerOf says which sides are offered.
func offerOf(q perp.Quote) string {
	switch {
	case len(q.Bids) > 0 && len(q.Asks) > 0:
		return "two_sided"
	case len(q.Bids) > 0:
		return "bid_only"
	case len(q.Asks) > 0:
		return "ask_only"
	}
	return "withdrawn"
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
		out = append(out, Level{l.Price.String(), int64(l.Price), l.Size.String(), int64(l.Size)})
	}
	return out
}

func components(in []perp.Component) []Component {
	out := make([]Component, 0, len(in))
	for _, c := range in {
		out = append(out, Component{c.Name, c.Amount.String(), int64(c.Amount)})
	}
	return out
}

func (m *Model) fillViews() []Fill {
	out := make([]Fill, 0, m.fills.len())
	for i := m.fills.len() - 1; i >= 0; i-- {
		out = append(out, *m.fills.at(i))
	}
	return out
}

func (t *tally) view() Orders {
	o := Orders{
		Accepted: t.accepted, Rejected: t.rejected, Canceled: t.canceled, Fills: t.fills,
		CancelRejects: t.cancels, QuoteRefusals: t.quotes, Reasons: []Reason{},
	}
	for r, n := range t.reasons {
		if n > 0 {
			o.Reasons = append(o.Reasons, Reason{perp.Reject(r).String(), n})
		}
	}
	slices.SortStableFunc(o.Reasons, func(a, b Reason) int { return cmp.Compare(b.Count, a.Count) })
	return o
}

func (m *Model) ledgerView() Ledger {
	l := Ledger{Sum: m.sum.String(), SumUnits: int64(m.sum), Balances: make([]Balance, 0, len(m.balances))}
	for a, v := range m.balances {
		l.Balances = append(l.Balances, Balance{a.Owner, a.String(), v.String(), int64(v)})
	}
	slices.SortFunc(l.Balances, func(a, b Balance) int {
		return cmp.Or(cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Account, b.Account))
	})
	return l
}

// pointsSince returns, for each market, the points from a time in milliseconds
// on. The point of that very time is among them: it may have changed.
func (m *Model) pointsSince(since map[string]int64) map[string][]Point {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := map[string][]Point{}
	for symbol, k := range m.markets {
		n := k.points.len()
		i := n
		for i > 0 && k.points.at(i-1).Time >= since[symbol] {
			i--
		}
		if i == n {
			continue
		}
		fresh := make([]Point, 0, n-i)
		for ; i < n; i++ {
			fresh = append(fresh, *k.points.at(i))
		}
		out[symbol] = fresh
	}
	return out
}

// sessionViews asks without the lock, since the answer may wait for the door.
func (m *Model) sessionViews() []Session {
	m.mu.RLock()
	ask := m.sessions
	m.mu.RUnlock()
	if ask == nil {
		return []Session{}
	}
	return ask()
}
