package perp

// Operator is part of every command of the desk: who gave it and why, and the
// key under which it counts once.
type Operator struct {
	Key    string // idempotency key: a second command with it is refused
	By     string `json:",omitempty"` // who asked; empty: the configuration at start, which gets no answer
	Reason string `json:",omitempty"` // for people
}

// Withdraw moves settled free collateral of a client out of the venue, or takes
// from the maker's funds what no client's price depends on.
type Withdraw struct {
	Operator
	Account string
	Symbol  string `json:",omitempty"` // for Maker: the market
	Fund    string `json:",omitempty"` // for Maker: Equity (default) or Insurance
	Amount  Money
}

// MarketMode is what the desk wants of a market. The market's own state still
// applies: the worse of both counts.
type MarketMode uint8

// Modes of a market.
const (
	ModeNormal     MarketMode = iota // resume
	ModeReduceOnly                   // clients may only reduce
	ModeHalted                       // nothing is quoted or filled; cancels work
	ModeExpired                      // closed for ever: positions were closed at the expiry price
)

// String names the mode.
func (m MarketMode) String() string { return name(modeNames, m) }

var modeNames = []string{"normal", "reduce_only", "halted", "expired"}

// SetMarket asks for another mode of a market. ModeExpired closes all positions
// at the price at which cash covers all claims; nothing follows it.
type SetMarket struct {
	Operator
	Symbol string
	Mode   MarketMode
}

// OpenWithdrawals lets withdrawals go on after the outflow limit stopped them.
type OpenWithdrawals struct{ Operator }

// StopWithdrawals lets nothing leave until OpenWithdrawals.
type StopWithdrawals struct{ Operator }

// RequestCollateral asks for the collateral of an account (FIX BB).
type RequestCollateral struct {
	Origin
	Flawed
	ReqID       string
	Account     string
	Unsolicited bool `json:",omitempty"` // a change told to a subscriber, not an answer
}

// RequestTrades asks for the trades of an account (FIX AD). Empty fields match
// everything.
type RequestTrades struct {
	Origin
	Flawed
	ReqID     string
	Account   string
	Symbol    string
	OrderID   string
	ClOrdID   string
	TradeID   string
	From, To  Time // To is exclusive; zero: no bound
	Subscribe bool `json:",omitempty"`
}

// Kind names the command in the journal.
func (Withdraw) Kind() string          { return "Withdraw" }
func (SetMarket) Kind() string         { return "SetMarket" }
func (OpenWithdrawals) Kind() string   { return "OpenWithdrawals" }
func (StopWithdrawals) Kind() string   { return "StopWithdrawals" }
func (RequestCollateral) Kind() string { return "RequestCollateral" }
func (RequestTrades) Kind() string     { return "RequestTrades" }

// OperatorAnswered ends every command of the desk: done if the verdict is OK.
type OperatorAnswered struct {
	Key     string
	Command string // its kind
	By      string
	Verdict Verdict
	Text    string // what was done, for people
}

// ModeChanged: the desk changed what a market may do.
type ModeChanged struct {
	Symbol   string
	From, To MarketMode
	By       string
	Reason   string
}

// Withdrawn: collateral left the venue.
type Withdrawn struct {
	Account string
	Symbol  string
	Fund    string
	Amount  Money
	Key     string
}

// WithdrawalsStopped: the outflow limit was reached, or the desk stopped them;
// OpenWithdrawals ends it.
type WithdrawalsStopped struct {
	Stopped bool // false: open again
	Out     Money
	Limit   Money
}

// FundingAccrued: the funding rate in force and what it was made of. Rates are
// per day, as a part of the oracle price; positive: longs pay.
type FundingAccrued struct {
	Symbol  string
	Premium Ratio // slow average of quote mid over oracle
	Long    Ratio // what longs pay; negative: receive
	Short   Ratio // what shorts receive; negative: pay
	Capped  bool  // receivers get less because the maker's budget is short
	Next    Time  // when it is booked
}

// FundingPaid: the funding of one position was booked as a claim. All payments
// of one FundingID, the maker's included, sum to zero.
type FundingPaid struct {
	FundingID string
	Account   string
	Symbol    string
	Size      Size
	Payment   Money // what the account received; negative: paid
	Rate      Ratio // per day, of the side that the position was on

	Every  Time        // between bookings
	Booked FundingRate // of the side that the position was on, since the booking before
	Long   FundingIndex
	Short  FundingIndex
}

// MarginCalled: an account came near to liquidation (FIX AX), or away from it.
type MarginCalled struct {
	CallID    string
	Account   string
	Lifted    bool
	Equity    Money // collateral as margin counts it
	Required  Money // what keeps the call away
	Shortfall Money // what must be paid in; zero when lifted
}

// LiquidationChanged: an account fell below maintenance, or is cured or flat.
type LiquidationChanged struct {
	Account  string
	Active   bool
	Equity   Money
	Required Money // maintenance; with the buffer once it is active
}

// Bankrupted: what an account could not pay in a market, and who bore it. Loss is
// the sum of the other amounts.
type Bankrupted struct {
	LossID     string
	Account    string
	Symbol     string
	Loss       Money
	Insurance  Money // paid by the market's insurance
	Maker      Money // borne by the maker's equity
	Socialised Money // borne by open positions, pro rata to size
	Open       Money // nobody could bear it: stays the account's debt and others' claim
}

// LossShared: what one position bore of a socialised loss.
type LossShared struct {
	LossID  string
	Account string
	Symbol  string
	Amount  Money
}

// Deleveraged: a position was closed against one in liquidation at the mark
// because the maker could not take it on. Both sides see Filled events.
type Deleveraged struct {
	Symbol  string
	Account string // the one in liquidation
	Against string
	Size    Size
	Price   Price
}

// MarketExpired: all positions of a market were closed at Price.
type MarketExpired struct {
	Symbol   string
	Price    Price
	Fair     Price // slow average of the oracle
	Claims   Money // clients' claims after closing; negative: they owed
	Cash     Money // what there was to pay them
	Deferred Money // claims that were not paid
}

// CollateralView is an account's money as margin counts it.
type CollateralView struct {
	Account      string
	Cash         Money
	Claims       Money // realised, not settled, over all markets
	Unrealised   Money
	Equity       Money // Cash + Claims + Unrealised
	Counted      Money // of it, as initial margin counts it
	Initial      Money
	Maintenance  Money
	Free         Money // Counted - Initial; negative: short
	Withdrawable Money
	Liquidating  bool
}

// CollateralReported answers a collateral request (FIX BG, BA).
type CollateralReported struct {
	Origin      Origin
	ReqID       string
	View        CollateralView
	Verdict     Verdict
	Unsolicited bool
}

// TradeView is one trade as its account may see it.
type TradeView struct {
	ExecID      string
	TradeID     string
	OrderID     string
	ClOrdID     string
	Account     string
	Symbol      string
	Side        Side
	Price       Price
	Size        Size
	Fee         Money
	Liquidation bool
	Time        Time
	Busted      bool `json:",omitempty"` // taken back: nothing of it counts
}

// TradesReported answers a trade request (FIX AQ, AE), oldest first.
type TradesReported struct {
	Origin  Origin
	ReqID   string
	Account string
	Trades  []TradeView
	Verdict Verdict
}

// Kind names the event.
func (OperatorAnswered) Kind() string   { return "OperatorAnswered" }
func (ModeChanged) Kind() string        { return "ModeChanged" }
func (Withdrawn) Kind() string          { return "Withdrawn" }
func (WithdrawalsStopped) Kind() string { return "WithdrawalsStopped" }
func (FundingAccrued) Kind() string     { return "FundingAccrued" }
func (FundingPaid) Kind() string        { return "FundingPaid" }
func (MarginCalled) Kind() string       { return "MarginCalled" }
func (LiquidationChanged) Kind() string { return "LiquidationChanged" }
func (Bankrupted) Kind() string         { return "Bankrupted" }
func (LossShared) Kind() string         { return "LossShared" }
func (Deleveraged) Kind() string        { return "Deleveraged" }
func (MarketExpired) Kind() string      { return "MarketExpired" }
func (CollateralReported) Kind() string { return "CollateralReported" }
func (TradesReported) Kind() string     { return "TradesReported" }
