package perp

// Side is the side of an order as its client sees it.
type Side uint8

// Sides. The zero Side is no side.
const (
	Buy Side = iota + 1
	Sell
)

// String names the side.
func (s Side) String() string { return name(sideNames, s) }

// Sign is +1 for Buy and -1 for Sell: the sign of the client's position change.
func (s Side) Sign() int64 {
	if s == Sell {
		return -1
	}
	return 1
}

// Opposite returns the other side.
func (s Side) Opposite() Side { return Buy + Sell - s }

// OrderType is how an order is priced.
type OrderType uint8

// Order types.
const (
	Market OrderType = iota + 1
	Limit
	PreviouslyQuoted
	Stop      // at whatever is offered once its stop price is reached
	StopLimit // the same, no worse than its limit
)

// String names the order type.
func (t OrderType) String() string { return name(typeNames, t) }

// TimeInForce says how long an order may wait.
type TimeInForce uint8

// Times in force: immediate or cancel, fill or kill, good till cancel, good till
// its time is over.
const (
	IOC TimeInForce = iota + 1
	FOK
	GTC
	GTD
)

// String names the time in force.
func (t TimeInForce) String() string { return name(tifNames, t) }

// OrderStatus is the state of an order.
type OrderStatus uint8

// Order states (roe.md b.9). Filled, Canceled and Rejected are terminal.
const (
	New OrderStatus = iota + 1
	PartiallyFilled
	FullyFilled
	Canceled
	Rejected
	PendingNew // held until an oracle tick that is newer than the order decides it
)

// String names the status.
func (s OrderStatus) String() string { return name(statusNames, s) }

// Working tells whether the order may still fill.
func (s OrderStatus) Working() bool { return s == New || s == PartiallyFilled }

// Ended tells whether nothing more can happen to the order.
func (s OrderStatus) Ended() bool { return s != 0 && !s.Working() && s != PendingNew }

// Order is one order as its client may see it: a value, copied into events.
type Order struct {
	OrderID string
	// ClOrdID is the latest accepted client id, First the one of the original
	// order; they differ after a replace or cancel.
	ClOrdID string
	First   string
	Session string
	Account string
	Symbol  string
	Side    Side
	Type    OrderType
	TIF     TimeInForce
	Size    Size
	Price   Price  // zero for a market or stop order
	QuoteID string // the quote dealt on, for PreviouslyQuoted
	Cum     Size
	Paid    Wide // sum of price times size over all fills
	Status  OrderStatus
	Reason  string // token of the reject or cancel reason, else empty
	Created Time
	Updated Time

	// Wait: a replaced order that crosses deals only at a price that is not older
	// than this; zero: at any.
	Wait Time `json:",omitempty"`

	Conditions
	Triggered bool `json:",omitempty"` // a stop that was set off

	RespID string `json:",omitempty"` // 693 of the answer to a quote that made it

	// Freed is the size of fills that were busted: it is not worked again, unless a
	// replace asks for it.
	Freed Size `json:",omitempty"`

	// Liquidation: made by the gateway to close a position of an account in
	// danger; it has no ClOrdID and every session of the account is told.
	Liquidation bool `json:",omitempty"`

	// Provided: made by the gateway to deal on a quote of a provider, at its price;
	// it has no ClOrdID, and QuoteID is the entry.
	Provided bool `json:",omitempty"`
}

// Leaves is what may still fill: zero in a terminal state.
func (o Order) Leaves() Size {
	if !o.Status.Working() && o.Status != PendingNew {
		return 0
	}
	return o.Size - o.Cum - o.Freed
}

// AvgPrice is the average over all fills, rounded to the nearest unit.
func (o Order) AvgPrice() Price { return o.Paid.Average(o.Cum) }

// Liquidity says whether a fill took the quote or waited for it.
type Liquidity uint8

// Liquidity of a fill, as in LastLiquidityInd(851).
const (
	Added Liquidity = iota + 1
	Removed
)

// String names the liquidity.
func (l Liquidity) String() string { return name(liquidityNames, l) }

var (
	sideNames      = []string{"", "buy", "sell"}
	typeNames      = []string{"", "market", "limit", "quoted", "stop", "stop_limit"}
	tifNames       = []string{"", "ioc", "fok", "gtc", "gtd"}
	statusNames    = []string{"", "new", "partially_filled", "filled", "canceled", "rejected", "pending_new"}
	liquidityNames = []string{"", "added", "removed"}
)

// name looks an enum up in its table; an unknown value shows as "?".
func name[T ~uint8](names []string, v T) string {
	if int(v) < len(names) {
		return names[v]
	}
	return "?"
}
