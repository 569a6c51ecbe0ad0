package perp

// Conditions are what an order asks for beyond side, size and price. The zero
// value asks for nothing.
type Conditions struct {
	Expires  Time         `json:",omitempty"` // GTD: it ends then
	MinSize  Size         `json:",omitempty"` // the least that may deal at a time, or the rest if that is less
	PostOnly bool         `json:",omitempty"` // it waits for the quote, and never takes it
	Tied     bool         `json:",omitempty"` // it ends with the connection, whatever the session asked for
	Reduce   Reduction    `json:",omitempty"`
	Stop     Price        `json:",omitempty"` // stop orders: the price that sets them off
	Trigger  TriggerPrice `json:",omitempty"` // and which price that is compared with
	Slippage Ratio        `json:",omitempty"` // market orders: how much worse than the best level they may deal; zero: as the account has it
}

// Reduction is how an order is bound to the position that it meets.
type Reduction uint8

// Reductions. A reducing order deals no more than closes the position, and its
// rest ends; a closing one is refused besides unless the position is there.
const (
	Reducing Reduction = iota + 1
	Closing
)

// String names the reduction.
func (r Reduction) String() string { return name(reductionNames, r) }

// TriggerPrice is what sets a stop order off.
type TriggerPrice uint8

// Trigger prices, as in TriggerPxType(22080). The maker's price is the one that
// the order would deal at.
const (
	TriggerOracle TriggerPrice = iota + 1
	TriggerMark
	TriggerMaker
)

// String names the trigger price.
func (t TriggerPrice) String() string { return name(triggerNames, t) }

var (
	reductionNames = []string{"", "reducing", "closing"}
	triggerNames   = []string{"", "oracle", "mark", "maker"}
)

// Stops tells whether orders of this type wait for a price before they deal.
func (t OrderType) Stops() bool { return t == Stop || t == StopLimit }

// Waits tells whether orders with this time in force outlive their arrival.
func (t TimeInForce) Waits() bool { return t == GTC || t == GTD }

// Armed tells whether the order is a stop that has not been set off: it waits,
// and nothing is at stake for it yet.
func (o Order) Armed() bool { return o.Type.Stops() && !o.Triggered }

// Rests tells whether what does not deal at once stays in the market. What a
// stop lets go deals at once or ends.
func (o Order) Rests() bool { return o.TIF.Waits() && !o.Triggered }

// OrderTriggered: a stop order was set off (150=D, in VAMM1 150=L). Price is what
// its trigger price was compared with.
type OrderTriggered struct {
	ExecID string
	Order  Order
	Price  Price
}

// Kind names the event.
func (OrderTriggered) Kind() string { return "OrderTriggered" }
