package perp

// Event is one thing that happened because of a command. The doors turn
// events into messages, rows and metrics; nothing else leaves the engine.
type Event interface{ Kind() string }

// OrderAccepted: the order exists and works (150=0).
type OrderAccepted struct {
	Origin Origin
	ExecID string
	Order  Order
}

// OrderRejected: the order never came to be (150=8). For a duplicate ClOrdID
// Order is the first order of that id; otherwise it is the refused one, with an
// empty OrderID if none was assigned (37=NONE).
type OrderRejected struct {
	Origin  Origin
	ExecID  string
	Order   Order
	Verdict Verdict
}

// Filled: part of an order was dealt (150=F). Order is the state after it.
type Filled struct {
	ExecID    string
	TradeID   string
	Order     Order
	Price     Price
	Quoted    Price // of the level dealt on; Price is as good or better for the client. Zero: no level
	Size      Size
	Fee       Money // paid by the client; negative would be a rebate
	Liquidity Liquidity
	Realised  Money       // the client's P&L realised by this fill, before fees
	Oracle    OracleState // price that it was decided with; zero in older journals
}

// OrderCanceled: the order ended early (150=4; if its time is over, 150=C). OrigClOrdID is set when a
// client's request did it; then Order.ClOrdID is that request's id.
type OrderCanceled struct {
	Origin      Origin
	ExecID      string
	Order       Order
	OrigClOrdID string
	Reason      CancelReason
	Detail      string
	Clipped     Size `json:",omitempty"` // for ReduceOnlyCancel: what was more than the position
}

// OrderReplaced: size or price changed (150=5).
type OrderReplaced struct {
	Origin      Origin
	ExecID      string
	Order       Order
	OrigClOrdID string
}

// CancelRejected: a cancel or replace was refused (FIX 9). Order is the state
// of the order it named; Order.OrderID is empty when there is none.
type CancelRejected struct {
	Origin      Origin
	ClOrdID     string
	OrigClOrdID string
	Order       Order
	Replace     bool // the request was a replace (434=2)
	Verdict     Verdict
}

// StatusReported answers a status request, or a repeated order whose terms
// are the same (150=I). Order.OrderID is empty when there is no such order.
type StatusReported struct {
	Origin   Origin
	ExecID   string
	Order    Order
	StatusID string
	Reject   Reject // UnknownOrder when there is none
}

// QuoteIssued answers a quote request with one firm quote (FIX S).
type QuoteIssued struct {
	Origin     Origin
	ReqID      string
	QuoteID    string
	Account    string
	Symbol     string
	Side       Side // zero: two-way
	Bid, Ask   Level
	ValidUntil Time
	Held       bool `json:",omitempty"` // an order on it that comes later than the grace waits for a newer price
	Indicative bool `json:",omitempty"` // not to be dealt on
	Firm       bool `json:",omitempty"` // no order on it waits, as was asked for
}

// QuoteRefused answers a quote request with a no (FIX AG).
type QuoteRefused struct {
	Origin  Origin
	ReqID   string
	Symbol  string
	Verdict Verdict
}

// PositionView is one position as its account may see it.
type PositionView struct {
	Account       string
	Symbol        string
	Size          Size  // signed: long is positive
	EntryNotional Money // signed cash of the open part: negative for a long
	Mark          Price
	PriorMark     Price // mark at the previous settlement; the mark if none
	Unrealised    Money
	Claim         Money // realised, not yet settled
	Settled       Money // settled since the account was opened
	Funding       Money // accrued, not yet paid
	Pool          Money `json:",omitempty"` // in the market, for winners to be paid from
	Liquidation   Price `json:",omitempty"` // where the account is liquidated if only this market moves; zero: nowhere
}

// PositionsReported answers a position request (FIX AO, AP).
type PositionsReported struct {
	Origin    Origin
	ReqID     string
	Account   string
	Positions []PositionView
	Verdict   Verdict

	Unsolicited bool // told to a subscriber because something changed
}

// QuoteChanged: the maker's offer in a market is now this one.
type QuoteChanged struct{ Quote Quote }

// ClassQuoted: the maker's offer to clients of Quote.Class is now this one. The
// offer to everybody else is told by QuoteChanged.
type ClassQuoted struct{ Quote Quote }

// StateChanged: a market opened, narrowed or closed, or is closed for another
// reason (From and To are the same then).
type StateChanged struct {
	Symbol string
	From   MarketState
	To     MarketState
	Cause  Reject
}

// Recentred: reserves moved to the oracle before any trade. Cost is what the
// maker paid for it out of its equity; negative means that it earned.
type Recentred struct {
	Symbol string
	Peg    Price
	Cost   Money
}

// PositionChanged: a client's or the maker's position after a fill.
type PositionChanged struct {
	Account       string
	Symbol        string
	Size          Size
	EntryNotional Money
}

// Posted: one transfer was booked.
type Posted struct{ Transfer Transfer }

// Settled: a claim was turned into cash, in full or in part.
type Settled struct {
	SettlementID string
	Account      string
	Symbol       string
	Claim        Money // what was owed; negative: what the account owed
	Cash         Money // what moved
	Deferred     Money // Claim - Cash: stays a claim
}

// MarketListed: a market came to be or its parameters changed.
type MarketListed struct {
	Instrument Instrument
	Terms      Terms `json:",omitzero"`
}

// Terms are what clients are told of a market beside its instrument.
type Terms struct {
	InitialMargin     Ratio // of a small position's value
	MaintenanceMargin Ratio
	LookTolerance     Ratio // part of the quoted half-spread; below zero: no held order is judged by the move
	Life              Time  // of a quote
}

// AccountOpened: an account may trade through these sessions.
type AccountOpened struct {
	Account  string
	Sessions []string
}

// BalanceStated: what an account of the books holds now; told at start only,
// so that a door which was not there for the transfers knows it.
type BalanceStated struct {
	Account LedgerAccount
	Balance Money
}

// Kind names the event.
func (OrderAccepted) Kind() string     { return "OrderAccepted" }
func (OrderRejected) Kind() string     { return "OrderRejected" }
func (Filled) Kind() string            { return "Filled" }
func (OrderCanceled) Kind() string     { return "OrderCanceled" }
func (OrderReplaced) Kind() string     { return "OrderReplaced" }
func (CancelRejected) Kind() string    { return "CancelRejected" }
func (StatusReported) Kind() string    { return "StatusReported" }
func (QuoteIssued) Kind() string       { return "QuoteIssued" }
func (QuoteRefused) Kind() string      { return "QuoteRefused" }
func (PositionsReported) Kind() string { return "PositionsReported" }
func (QuoteChanged) Kind() string      { return "QuoteChanged" }
func (ClassQuoted) Kind() string       { return "ClassQuoted" }
func (StateChanged) Kind() string      { return "StateChanged" }
func (Recentred) Kind() string         { return "Recentred" }
func (PositionChanged) Kind() string   { return "PositionChanged" }
func (Posted) Kind() string            { return "Posted" }
func (Settled) Kind() string           { return "Settled" }
func (MarketListed) Kind() string      { return "MarketListed" }
func (AccountOpened) Kind() string     { return "AccountOpened" }
func (BalanceStated) Kind() string     { return "BalanceStated" }

// Settleable is what of the claim could become cash now, if nobody else were paid:
// all of a loss, and of a profit what the pool holds.
func (v PositionView) Settleable() Money { return min(v.Claim, max(0, v.Pool)) }

// BreakEven is the price at which closing the position makes up for what it cost,
// before fees; rounded against the account. Zero without a position.
func (v PositionView) BreakEven() Price {
	switch {
	case v.Size > 0:
		return Price(MulDiv(int64(-v.EntryNotional), int64(SizeOne), int64(v.Size), Ceil))
	case v.Size < 0:
		return Price(MulDiv(int64(v.EntryNotional), int64(SizeOne), int64(-v.Size), Floor))
	}
	return 0
}
