package perp

import (
	"slices"
	"strconv"
)

// Instrument is what a client must know to trade a market.
type Instrument struct {
	Symbol   string
	Currency string // of prices, margin and settlement
	Tick     Price  // prices are multiples of it
	Lot      Size   // sizes are multiples of it; Tick x Lot is whole Money
	MinSize  Size
	MaxSize  Size // of one order
}

// MarketState is what a market is open for.
type MarketState uint8

// Market states, worst last. Warming is before the first good price.
const (
	Open MarketState = iota + 1
	WideSpread
	ReduceOnly
	Halted
	Warming
	Expired // for ever
)

// Level is one rung of the ladder: Size may be dealt at Price.
type Level struct {
	Price Price
	Size  Size
}

// Component is one signed part of a price in price units. The parts of a side,
// added up, are the price of its best level exactly.
type Component struct {
	Name   string
	Amount Price
}

// String names the state.
func (s MarketState) String() string { return name(stateNames, s) }

var stateNames = []string{"", "open", "wide", "reduce_only", "halted", "warming", "expired"}

// OracleState is the outside price of a market at a moment, and what it is worth.
// Positions are marked at it, whatever it is worth.
type OracleState struct {
	Price      Price
	Confidence Price
	Time       Time        // at its source; zero: not known
	State      MarketState // of the market
	Cause      Reject      // why the state is not Open, or RejectNone
}

// OracleState is the outside price that the quote was made from.
func (q Quote) OracleState() OracleState {
	return OracleState{Price: q.Oracle, Confidence: q.Confidence, Time: q.OracleTime, State: q.State, Cause: q.Cause}
}

// Quote is the maker's two-sided offer in one market, best level first. An
// empty side is not offered. It is a value: the next one replaces it.
type Quote struct {
	Symbol     string
	Version    int64 // unique over all markets, increasing
	Time       Time
	ValidUntil Time
	State      MarketState
	Cause      Reject  // why the state is not Open, or RejectNone
	Bids, Asks []Level `json:",omitempty"`

	Oracle       Price
	Confidence   Price
	OracleTime   Time        // source time of the tick
	Mid          Price       // reserve price after re-centring
	Index        Price       // slow average of the oracle
	Inventory    Size        // maker's net position: minus that of all clients
	Leverage     Ratio       // |inventory| value over maker equity
	Equity       Money       // of the maker in this market
	BidParts     []Component `json:",omitempty"`
	AskParts     []Component `json:",omitempty"`
	OpenInterest Size        // larger of the clients' long and short sums

	Class  Class // of the clients that it is made for
	Hedged Size  // maker's position at the outside venue; its exposure is Inventory + Hedged

	Funding Funding `json:",omitzero"` // of the market when the quote was made

	// Held: whoever deals on it waits for a newer price, whatever its class.
	Held bool `json:",omitempty"`
}

// QuoteID is the id under which the level of a quote can be dealt:
// Q<version><B|A> for the best one, with "." and the level for deeper ones.
// Side is the side of the client's order, so Buy deals on the ask (A).
func QuoteID(version int64, side Side, level int) string {
	b := append([]byte("Q"), strconv.FormatInt(version, 10)...)
	if side == Buy {
		b = append(b, 'A')
	} else {
		b = append(b, 'B')
	}
	if level > 0 {
		b = append(b, '.')
		b = strconv.AppendInt(b, int64(level), 10)
	}
	return string(b)
}

// Clone is a copy that shares nothing with q.
func (q Quote) Clone() Quote {
	q.Bids, q.Asks = slices.Clone(q.Bids), slices.Clone(q.Asks)
	q.BidParts, q.AskParts = slices.Clone(q.BidParts), slices.Clone(q.AskParts)
	return q
}

// Best returns the best level that an order of this side would deal on.
func (q Quote) Best(side Side) (Level, bool) {
	levels := q.Offered(side)
	if len(levels) == 0 {
		return Level{}, false
	}
	return levels[0], true
}

// Offered returns the levels that an order of this side deals on.
func (q Quote) Offered(side Side) []Level {
	if side == Buy {
		return q.Asks
	}
	return q.Bids
}
