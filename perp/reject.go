package perp

// Reject is an expected no. The constants stand in order of precedence
// (spec/ROE.md, "Order of checks"): of several reasons the smallest is told.
type Reject uint8

// Rejects, first failing check first.
const (
	RejectNone Reject = iota
	NotReady
	NotPermitted // the session's role or account does not allow the request
	Throttled
	BadClOrdID
	DuplicateClOrdID
	PossResendMismatch
	StaleRequest
	UnknownSymbol
	MarketHalted
	OracleStale
	OracleDivergent
	Drawdown // the market has lost too much of late: it only reduces
	ReduceOnlyMode
	UnknownAccount
	AccountNotPermitted
	CondField // a field that the order type needs is missing
	Unsupported
	ExpireTime // its time is over already
	BadLot
	MinQty
	MaxOrderSize
	BadTick
	PriceBand
	PostOnlyMarketable // it would deal at once
	QuoteUnknown
	QuoteForeign    // it was given to somebody else
	QuoteExpired    // its time is over
	QuoteSuperseded // a newer one replaced it, and the grace is over
	QuoteSide
	QuotePrice
	QuoteSize
	QuoteConsumed
	ReduceOnlyFlat // there is no such position to close
	OpenOrdersLimit
	PositionLimit
	NotionalLimit
	InsufficientMargin
	CollateralCap // the order is too large for the account's collateral
	OILimit
	DealerLeverage
	FillLimit // the client has dealt all that it may in a second
	PriceUnavailable
	LastLookPrice    // held: the price moved further than is tolerated
	LastLookValidity // held: no newer price came in time, or the order may no longer be filled

	// Rejects of a cancel or replace.
	UnknownOrder
	TooLate
	NotAmendable
	OrderMismatch
	NoOrders // there is none to report

	// Rejects of other requests.
	UnknownQuoteRequest
	BadRequest

	// Rejects of the desk's commands.
	DuplicateKey
	WrongState
	OutOfRange
	InsufficientFunds
	OutflowLimit
	UnknownSession

	// Rejects of requests about quotes; they stand last so that what is stored keeps
	// its numbers.
	CounterUnsupported // quotes are taken or left
	QuoteNotLive       // there is no such quote of the client's to end

	// Rejects of quotes that a provider gives.
	QuoteCrossed // its bid is not below its offer
	QuoteEntries // there are too many of them
	MMPFrozen    // its protection took its quotes away, and it has not said that it goes on

	// UnknownTrade is of the desk's commands: there is no such trade to bust.
	UnknownTrade

	rejectEnd
)

// String is the stable token that clients see first in Text(58).
func (r Reject) String() string { return name(rejectNames, r) }

// OfTheDesk tells whether only commands of the desk are refused for it: then no client
// is ever told.
func (r Reject) OfTheDesk() bool {
	return r >= DuplicateKey && r <= UnknownSession || r == UnknownTrade
}

// Rejects returns every reject in order of precedence.
func Rejects() []Reject {
	all := make([]Reject, 0, rejectEnd-1)
	for r := RejectNone + 1; r < rejectEnd; r++ {
		all = append(all, r)
	}
	return all
}

var rejectNames = []string{
	"", "NOT_READY", "NOT_PERMITTED", "THROTTLED", "BAD_CLORDID", "DUPLICATE_CLORDID", "POSSRESEND_MISMATCH",
	"STALE_REQUEST", "UNKNOWN_SYMBOL", "MARKET_HALTED", "ORACLE_STALE", "ORACLE_DIVERGENT", "DRAWDOWN", "REDUCE_ONLY_MODE",
	"UNKNOWN_ACCOUNT", "ACCOUNT_NOT_PERMITTED", "COND_FIELD", "UNSUPPORTED", "EXPIRE_TIME", "BAD_LOT", "MIN_QTY", "MAX_ORDER_SIZE",
	"BAD_TICK", "PRICE_BAND", "POST_ONLY_MARKETABLE", "QUOTE_UNKNOWN", "QUOTE_FOREIGN", "QUOTE_EXPIRED", "QUOTE_SUPERSEDED", "QUOTE_SIDE", "QUOTE_PRICE", "QUOTE_SIZE",
	"QUOTE_CONSUMED", "REDUCE_ONLY_FLAT", "OPEN_ORDERS_LIMIT", "POSITION_LIMIT", "NOTIONAL_LIMIT", "INSUFFICIENT_MARGIN", "COLLATERAL_CAP", "OI_LIMIT",
	"DEALER_LEVERAGE", "FILL_LIMIT", "PRICE_UNAVAILABLE", "LAST_LOOK_PRICE", "LAST_LOOK_VALIDITY", "UNKNOWN_ORDER", "TOO_LATE", "NOT_AMENDABLE", "ORDER_MISMATCH", "NO_ORDERS",
	"UNKNOWN_QUOTE_REQUEST", "BAD_REQUEST", "DUPLICATE_KEY", "WRONG_STATE", "OUT_OF_RANGE", "INSUFFICIENT_FUNDS", "OUTFLOW_LIMIT", "UNKNOWN_SESSION",
	"COUNTER_UNSUPPORTED", "QUOTE_NOT_LIVE", "QUOTE_CROSSED", "QUOTE_ENTRIES", "MMP_FROZEN", "UNKNOWN_TRADE",
}

// Verdict is a decision about a request with the numbers behind it: what the
// check needed and what it had, in the unit that the check speaks of.
type Verdict struct {
	Reject Reject
	Need   int64
	Have   int64
	Detail string // for people; the field or limit concerned
}

// OK tells whether nothing stands against the request.
func (v Verdict) OK() bool { return v.Reject == RejectNone }

// Worse returns the verdict that takes precedence: a reject over none, and of
// two rejects the earlier in the order of checks.
func (v Verdict) Worse(w Verdict) Verdict {
	if w.Reject != RejectNone && (v.Reject == RejectNone || w.Reject < v.Reject) {
		return w
	}
	return v
}

// CancelReason is why an order ended without being filled in full.
type CancelReason uint8

// Cancel reasons; the token opens Text(58).
const (
	ClientCancel CancelReason = iota + 1
	IOCRemainder
	FOKUnfillable
	RiskCancel
	OperatorCancel
	LiquidationCancel
	DisconnectCancel
	ExpiredCancel
	ReduceOnlyCancel
	TriggerCancel // a stop was set off, and its account has no margin for it
	MassCancel
)

// String is the stable token.
func (c CancelReason) String() string { return name(cancelNames, c) }

var cancelNames = []string{"", "CLIENT_CANCEL", "IOC_REMAINDER", "FOK_UNFILLABLE", "RISK", "OPERATOR", "LIQUIDATION", "CANCEL_ON_DISCONNECT",
	"EXPIRED", "REDUCE_ONLY", "MARGIN_AT_TRIGGER", "MASS_CANCEL"}
