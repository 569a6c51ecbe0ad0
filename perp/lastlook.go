package perp

// OrderHeld: the order waits for the first oracle tick whose source time is not
// before its arrival (150=A). Nothing that is published meanwhile depends on it.
type OrderHeld struct {
	Origin   Origin
	ExecID   string
	Order    Order
	Deadline Time // when it is refused if no such tick came
}

// LookOutcome is how a held order was decided.
type LookOutcome uint8

// Outcomes, as LastLookOutcome(22040) has them where it has them.
const (
	LookAccepted LookOutcome = iota + 1 // at the quoted price
	LookAgainst                         // refused: the price moved against the quote
	LookCurrent                         // at the current price, which the client's limit allows
	LookInvalid                         // refused: margin, limits, or the market closed
	LookExpired                         // refused: no newer tick in time
	LookImproved                        // at a better price than quoted
)

// String names the outcome.
func (o LookOutcome) String() string { return name(lookNames, o) }

var lookNames = []string{"", "accepted", "against", "current", "invalid", "expired", "improved"}

// LastLook is the record of one decision about a held order: what was known
// when it was quoted, when it arrived and when it was decided. It is kept and
// told to the client, and is what the symmetry report adds up.
type LastLook struct {
	OrderID   string
	ClOrdID   string
	Session   string
	Account   string
	Symbol    string
	Side      Side
	Size      Size
	Tier      Tier   // of the client when it was held
	Why       string // why it was held: tier, strike, wide
	QuoteID   string // that the order named, if any
	Version   int64  // of the quote that stood on arrival, or that QuoteID names
	Arrival   Time   // socket read of the request
	Decided   Time   // of the command that decided
	Seen      Time   // source time of the oracle price on arrival
	Source    Time   // source time of the deciding tick
	Quoted    Price  // what the order would have dealt at on arrival
	Before    Price  // oracle price at arrival
	After     Price  // oracle price that decided
	Move      Ratio  // of the oracle, signed: positive is in the client's favour
	Tolerance Ratio  // what of it was tolerated
	Outcome   LookOutcome
	Price     Price // dealt at, or what it would have been dealt at; 0: nothing was offered
}

// Hold is how long the order waited.
func (l LastLook) Hold() Time { return max(0, l.Decided-l.Arrival) }

// Refused tells whether the order was turned down.
func (l LastLook) Refused() bool {
	return l.Outcome == LookAgainst || l.Outcome == LookInvalid || l.Outcome == LookExpired
}

// Improvement is by how much the dealt price is better for the client than the
// quoted one; never negative.
func (l LastLook) Improvement() Price {
	if l.Refused() || l.Price == 0 {
		return 0
	}
	return Improvement(l.Side, l.Quoted, l.Price)
}

// Improvement is by how much a price is better for a client of a side than the
// quoted one; never negative.
func Improvement(side Side, quoted, price Price) Price {
	return max(0, Price(side.Sign())*(quoted-price))
}

// Kind names the event.
func (OrderHeld) Kind() string { return "OrderHeld" }
func (LastLook) Kind() string  { return "LastLook" }
