package perp

// BustTrade asks to take a trade back as if it had never been (FIX 150=H).
type BustTrade struct {
	Operator
	TradeID string
}

// Kind names the command in the journal.
func (BustTrade) Kind() string { return "BustTrade" }

// TradeBusted: a trade was taken back. Order is the state after it.
type TradeBusted struct {
	ExecID   string // of the report of it
	Fill     string // ExecID of the fill that is void
	TradeID  string
	Order    Order
	Price    Price
	Size     Size
	Fee      Money // given back to the client
	Realised Money // by how much the client's realised P&L changed, before fees
	By       string
	Why      string
}

// Kind names the event.
func (TradeBusted) Kind() string { return "TradeBusted" }
