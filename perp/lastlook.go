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

// LastLook is the record of one decision, kept and shown to the client's side.
type LastLook struct {
	OrderID   string
	Account   string
	Symbol    string
	Side      Side
	Size      Size
	Arrival   Time  // socket read of the request
	Decided   Time  // of the command that decided
	Source    Time  // source time of the deciding tick
	Quoted    Price // what the order would have dealt at on arrival
	Before    Price // oracle price at arrival
	After     Price // oracle price that decided
	Move      Ratio // of the oracle, signed: positive is in the client's favour
	Tolerance Ratio // what of it was tolerated
	Outcome   LookOutcome
	Price     Price // dealt at, or what it would have been dealt at; 0: nothing was offered
}

// Hold is how long the order waited.
func (l LastLook) Hold() Time { return max(0, l.Decided-l.Arrival) }

// Kind names the event.
func (OrderHeld) Kind() string { return "OrderHeld" }
func (LastLook) Kind() string  { return "LastLook" }
