package perp

// Owners that are not clients. Client accounts may not have these names.
const (
	Maker   = "maker"   // the vAMM
	Outside = "outside" // where collateral comes from and goes to
)

// Ledger account names. One owner has one account of a name (and market).
const (
	Cash      = "cash"      // a client's settled collateral
	Claim     = "claim"     // realised P&L not yet settled; one per market
	Equity    = "equity"    // the maker's funds in a market
	Pool      = "pool"      // losses paid in, not yet paid out; one per market
	Fees      = "fees"      // fees collected in a market
	Remainder = "rounding"  // remainders smaller than one unit
	Deposits  = "deposits"  // counterpart of collateral paid in
	Insurance = "insurance" // what covers bankruptcies in a market
	Venue     = "venue"     // what an outside venue has paid the maker for its hedges
)

// LedgerAccount names one account of the books. Symbol is empty for accounts
// that are not kept per market.
type LedgerAccount struct {
	Owner  string
	Name   string
	Symbol string `json:",omitempty"`
}

// String is the name under which api_balances shows the account.
func (a LedgerAccount) String() string {
	if a.Symbol == "" {
		return a.Name
	}
	return a.Name + "/" + a.Symbol
}

// TransferReason is why money moved.
type TransferReason uint8

// Transfer reasons.
const (
	DepositMade TransferReason = iota + 1
	TradeFee
	ProfitRealised // between the claims of a client and the maker
	LossSettled    // a loser's cash into the pool, and its claim taken back
	ProfitSettled  // the pool's cash to a winner, and its claim taken back
	PoolFunded     // the maker pays its own loss into the pool
	PoolReleased   // what no claim needs any more goes to the maker
	WithdrawalMade
	FundingBooked    // between the claims of a client and the maker
	LiquidationFee   // a client's cash to the insurance
	InsurancePaid    // the insurance pays what a bankrupt account owes
	MakerAbsorbed    // the maker gives up what a bankrupt account owes it
	LossSocialised   // a bankrupt account's debt moves to open positions
	ExpiryFunded     // fees and equity that pay claims at expiry
	DeleverageBooked // between the claims of two clients through the maker
	HedgeSettled     // what the maker's hedges gained or lost at the outside venue
	BustBooked       // between the claims of a client and the maker, for a trade that was taken back
	FeeReturned      // the fee of such a trade, back to the client's cash
)

// String names the reason.
func (r TransferReason) String() string { return name(transferNames, r) }

var transferNames = []string{
	"", "deposit", "fee", "profit_realised", "loss_settled", "profit_settled", "pool_funded", "pool_released",
	"withdrawal", "funding", "liquidation_fee", "insurance_paid", "maker_absorbed", "loss_socialised", "expiry_funded", "deleverage",
	"hedge", "bust", "fee_returned",
}

// Transfer moves Amount from Debit to Credit: the balance of Debit falls, that
// of Credit rises. Amount is positive and the accounts differ, so each transfer
// balances by construction.
type Transfer struct {
	ID     int64
	Debit  LedgerAccount
	Credit LedgerAccount
	Amount Money
	Reason TransferReason
	Ref    string // exec, settlement or deposit id behind it
}

// Position is an open position and the cash that opened it (vAMM reference
// §9.1): Entry is signed cash, negative for a long.
type Position struct {
	Size  Size
	Entry Money
}

// Unrealised is the P&L if the position closed at price; rounded down, against
// the owner.
func (p Position) Unrealised(at Price) Money { return Notional(at, p.Size, Floor) + p.Entry }
