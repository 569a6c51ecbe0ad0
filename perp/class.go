package perp

// Tier is how the orders of a client are treated, by what its past ones have
// shown (pricing: "Tiers"). It is disclosed to the client.
type Tier uint8

// Tiers, best first.
const (
	TierFirm   Tier = iota // quotes are firm
	TierHeld               // new, or perhaps ahead of the price: last look with half the tolerance, half the size
	TierPriced             // ahead of the price: last look without tolerance, a quarter of the size, surcharge
	TierToxic              // far ahead of it
	TierEnd
)

// String names the tier.
func (t Tier) String() string { return name(tierNames, t) }

var tierNames = []string{"firm", "held", "priced", "toxic"}

// Class is the terms on which a client is quoted. Clients of one class see the
// same quotes; the zero Class is that of everybody nothing is known against.
type Class struct {
	Tier      Tier  `json:",omitempty"`
	Surcharge Ratio `json:",omitempty"` // added to both half-spreads, in whole steps
}

// ClientGraded: a session is quoted on these terms in a market from now on.
type ClientGraded struct {
	Session string
	Symbol  string
	From    Class
	Class   Class
	Why     string // what decided: new, markout, strike, recovered
	Score   Ratio  // the t statistic behind it, in 1e-6
	Until   Time   // a strike: orders are held until then; zero: none
	Since   Time   `json:",omitempty"` // when this was decided
}

// MarkedOut: what a fill, or a refusal of a held order, looked like a while
// later. Move is how far the oracle moved for the client from what it was when
// the order arrived.
type MarkedOut struct {
	OrderID string
	ExecID  string // empty: a refusal
	Session string
	Account string
	Symbol  string
	Side    Side
	Size    Size
	Horizon Time // after arrival
	Before  Price
	After   Price
	Move    Ratio
}

// HedgeWanted: the maker wants to lay inventory off to an outside venue. Size is
// signed: positive to buy there. Key names the wish; a report answers it.
type HedgeWanted struct {
	Symbol string
	Key    string
	Size   Size
}

// HedgeReport is the outside venue's word on the maker's position there: what
// it is now and what it gained or lost, fees included, since the last report.
// The gain is paid by the venue, the loss to it, out of the market's equity.
type HedgeReport struct {
	Symbol    string
	Number    int64  // 1, 2, …: one that is not above the last changes nothing
	Answers   string `json:",omitempty"` // the Key of the wish that it answers; empty: a mark
	Position  Size   // signed, after
	Variation Money  // gained (or lost) since the last report
}

// Hedged: a report was booked, or refused.
type Hedged struct {
	Symbol    string
	Number    int64
	Position  Size
	Variation Money
	Debt      Money // what the market could not pay of it: it is taken from later gains
	Verdict   Verdict
}

// TickRefused: a tick was not taken at its word. State is the best state that the
// market may have on it; zero: it says nothing new.
type TickRefused struct {
	Symbol  string
	Quality string // stale, wide, divergent, jump, invalid
	Check   string
	Have    int64
	Limit   int64
	State   MarketState
}

// Kind names the command or event.
func (ClientGraded) Kind() string { return "ClientGraded" }
func (MarkedOut) Kind() string    { return "MarkedOut" }
func (HedgeWanted) Kind() string  { return "HedgeWanted" }
func (HedgeReport) Kind() string  { return "HedgeReport" }
func (Hedged) Kind() string       { return "Hedged" }
func (TickRefused) Kind() string  { return "TickRefused" }
