package fix

import (
	"backstop/perp"

	"github.com/shopspring/decimal"
)

// explained is a quote taken apart as VAMM1 tells it (tags 22060 to 22069). The
// prices follow from the parts exactly, in decimal arithmetic:
//
//	reservation = oracle x (1 + (inventory + funding)/1e4)
//	bid   = floor to the tick of reservation x (1 - (sum of halves + bid impact)/1e4)
//	offer = ceil to the tick of reservation x (1 + (sum of halves + offer impact)/1e4)
type explained struct {
	reservation        decimal.Decimal
	halves             [halfCount]decimal.Decimal // basis points, none negative
	inventory, funding decimal.Decimal            // basis points, signed
	impact             map[perp.Side]decimal.Decimal
}

// half is one part of the half-spread, the same on both sides, in the order of
// its tags.
type half int

const (
	halfBase half = iota
	halfVolatility
	halfToxicity
	halfLatency
	halfConfidence
	halfCount

	// What moves both sides the same way, what narrows them, and what belongs to
	// one side and its size.
	leaning
	funding
	narrowing
	ofSide
	partCount
)

// partOf says where the maker's components belong. What is not named here is left
// to the impact of its side.
var partOf = map[string]half{
	"base": halfBase, "volatility": halfVolatility, "inventory": halfVolatility, "leverage": halfVolatility,
	"flow": halfToxicity, "toxicity": halfToxicity, "surcharge": halfToxicity, "revenue": halfToxicity,
	"retreat": halfLatency, "wide": halfLatency, "latency": halfLatency, "conf": halfConfidence, "sources": halfConfidence,
	"recentre": leaning, "offset": leaning, "funding": funding, "cap": narrowing,
}

// narrowed is the order in which a cap is taken off the halves.
var narrowed = []half{halfToxicity, halfLatency, halfConfidence, halfVolatility, halfBase}

// partDigits is how many decimal places of a basis point the parts have; the
// impacts have as many as the tick needs.
const partDigits = 4

var bpsOne = decimal.New(1, 4)

// dealt is the side of a quote to be explained: its price, and the components of
// the market's price on that side.
type dealt struct {
	price perp.Price
	parts []perp.Component
}

// explain takes a quote apart. A side that is not offered is absent from sides;
// nothing can be said without an oracle price.
func explain(oracle, tick perp.Price, sides map[perp.Side]dealt) (e explained, ok bool) {
	if oracle <= 0 || len(sides) == 0 {
		return e, false
	}
	// Distances of each part from the oracle, away from it: what both sides have
	// in common makes the halves, what differs leans the centre.
	var common, lean [partCount]decimal.Decimal
	weight := decimal.NewFromInt(int64(len(sides)))
	for side, d := range sides {
		sign := decimal.NewFromInt(side.Sign())
		for _, p := range d.parts {
			if p.Name == "oracle" {
				continue
			}
			at, known := partOf[p.Name]
			if !known {
				at = ofSide
			}
			amount := decimal.NewFromInt(int64(p.Amount))
			common[at] = common[at].Add(amount.Mul(sign))
			lean[at] = lean[at].Add(amount)
		}
	}
	centre := decimal.NewFromInt(int64(oracle))
	e.lean(lean, centre.Mul(weight), len(sides) == 2)
	e.reservation = centre.Mul(bpsOne.Add(e.inventory).Add(e.funding)).Shift(-4)
	if !e.reservation.IsPositive() {
		e.inventory, e.funding, e.reservation = decimal.Zero, decimal.Zero, centre
	}
	e.share(common, e.reservation.Mul(weight))
	e.impact = map[perp.Side]decimal.Decimal{}
	for side, d := range sides {
		e.impact[side] = e.left(side, decimal.NewFromInt(int64(d.price)), decimal.NewFromInt(int64(tick)))
	}
	e.reservation = e.reservation.Shift(-6)
	return e, true
}

// lean finds by how much the centre is off the oracle. With both sides there, it
// is half of what they differ by; with one alone, only what is known to lean.
func (e *explained) lean(lean [partCount]decimal.Decimal, per decimal.Decimal, both bool) {
	inventory := lean[leaning]
	if both {
		inventory = inventory.Add(lean[narrowing])
		for h := range halfCount {
			inventory = inventory.Add(lean[h])
		}
	}
	e.inventory, e.funding = inBps(inventory, per), inBps(lean[funding], per)
}

// share finds the halves. A cap, and any part that narrows, is taken off the
// others, the charge for toxicity first, so that none is negative.
func (e *explained) share(common [partCount]decimal.Decimal, per decimal.Decimal) {
	excess := decimal.Min(inBps(common[narrowing], per), decimal.Zero)
	for h := range halfCount {
		e.halves[h] = inBps(common[h], per)
		if e.halves[h].IsNegative() {
			excess, e.halves[h] = excess.Add(e.halves[h]), decimal.Zero
		}
	}
	for _, h := range narrowed {
		off := decimal.Min(e.halves[h], excess.Neg())
		e.halves[h], excess = e.halves[h].Sub(off), excess.Add(off)
	}
}

// left is what remains between the parts and the price of a side: the size, the
// tick and everything else that is only its own. It is cut off, towards the
// reservation price, where rounding to the tick gives the price again.
func (e *explained) left(side perp.Side, price, tick decimal.Decimal) decimal.Decimal {
	digits := int32(partDigits)
	for e.reservation.Shift(-4 - digits).GreaterThanOrEqual(tick) {
		digits++
	}
	away := price.Sub(e.reservation).Mul(decimal.NewFromInt(side.Sign()))
	whole, rest := away.Shift(4).QuoRem(e.reservation, digits)
	if rest.IsNegative() {
		whole = whole.Sub(decimal.New(1, -digits))
	}
	for _, h := range e.halves {
		whole = whole.Sub(h)
	}
	return whole
}

// inBps is a distance in basis points of what it is counted on, cut off.
func inBps(distance, per decimal.Decimal) decimal.Decimal {
	q, _ := distance.Shift(4).QuoRem(per, partDigits)
	return q
}
