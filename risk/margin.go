package risk

import (
	"math"
	"math/bits"

	"backstop/perp"
)

// Kind says what a margin is asked for (vAMM reference §10 rules 1 and 7).
type Kind uint8

// Kinds of margin: to place an order, to keep a position, to be filled.
const (
	Initial Kind = iota
	Maintenance
	Filling
)

// Exposure is what an account has at stake in one market.
type Exposure struct {
	Symbol   string
	Limits   MarketLimits
	Position perp.Position
	Claim    perp.Money // realised, not yet settled; negative: owed
	Oracle   perp.Price
	Bids     perp.Size  // what working buy orders may still fill
	Asks     perp.Size  // what working sell orders may still fill
	Orders   int64      // working orders
	Funding  perp.Money // accrued and not yet booked; negative: to be paid
	// Imbalance is what all clients together would be owed at the oracle price.
	Imbalance perp.Money
}

// Portfolio is all that margin depends on.
type Portfolio struct {
	Cash      perp.Money
	Exposures []Exposure
}

// Requirement is what an account has and needs; Free is negative when it is
// short.
type Requirement struct {
	Collateral perp.Money
	Required   perp.Money
	Free       perp.Money
	Notional   perp.Money // worst-case value over all markets
}

// Margin adds up what the account needs in the worst case, with each market's
// open orders filled on the side that hurts, and what it has: cash plus
// profits as far as they count, minus all losses (vAMM reference §10).
// Requirements round up, collateral down, both in the maker's favour. Sums
// beyond the type stay at its limit, so that absurd positions are refused.
func Margin(p Portfolio, kind Kind) Requirement {
	r := Requirement{Collateral: p.Cash}
	for i := range p.Exposures {
		r.take(&p.Exposures[i], kind)
	}
	r.Free = sum(r.Collateral, -r.Required)
	return r
}

// take adds what one market needs and brings.
func (r *Requirement) take(e *Exposure, kind Kind) {
	worst := e.worst()
	value := notional(e.Oracle, worst)
	need := scaled(value, e.Limits.ratio(perp.Abs(worst), kind))
	reserve := saturate(perp.Size(e.Orders), int64(e.Limits.OrderReserve), 1)
	r.Required = sum(r.Required, sum(need, perp.Money(reserve)))
	r.Notional = sum(r.Notional, value)
	r.Collateral = sum(r.Collateral, e.counted(kind))
}

// worst is the position after the open orders of the side with the larger
// result; the sell side on a tie (vAMM reference §10 rule 4).
func (e *Exposure) worst() perp.Size {
	long, short := perp.Add(e.Position.Size, e.Bids), perp.Sub(e.Position.Size, e.Asks)
	if perp.Abs(long) > perp.Abs(short) {
		return long
	}
	return short
}

// pnl is what the account would win or lose if the position closed at the
// oracle price, with what is realised or accrued and not settled; rounded down.
func (e *Exposure) pnl() perp.Money {
	value := notional(e.Oracle, e.Position.Size)
	if e.Position.Size < 0 {
		value = -value // rounded up, so a short is worth less
	} else {
		value = perp.Money(saturateDown(e.Position.Size, int64(e.Oracle), int64(perp.SizeOne)))
	}
	return sum(value, sum(e.Position.Entry, sum(e.Claim, e.Funding)))
}

// counted is what a position's P&L adds to collateral: losses in full, profit
// only up to the market's cap unless it is about keeping a position, and less
// while clients together are owed more than the market's limit (vAMM reference
// §9.5).
func (e *Exposure) counted(kind Kind) perp.Money {
	pnl := e.pnl()
	if pnl <= 0 || kind == Maintenance {
		return pnl
	}
	weight := discount(pnl, bpOne, e.Limits.ProfitDiscount)
	if most := e.Limits.MaxImbalance; most > 0 && e.Imbalance > most {
		weight = perp.MulDiv(weight, int64(most), int64(e.Imbalance), perp.Floor)
	}
	return min(e.Limits.ProfitCap, perp.Money(saturateDown(perp.Size(pnl), weight, bpOne)))
}

// bpOne is 100% in basis points, the unit of the reference's margin ratios.
const bpOne = 10_000

// Ratio is the margin ratio of a position of this size, in whole basis points
// rounded down as the reference does: the base ratio, or the size premium if
// that is more (vAMM reference §10 rule 1).
func Ratio(l MarketLimits, size perp.Size, kind Kind) perp.Ratio { return l.ratio(size, kind) }

func (l *MarketLimits) ratio(size perp.Size, kind Kind) perp.Ratio {
	w := int64(l.InitialMargin / perp.BP)
	switch kind {
	case Maintenance:
		w = int64(l.MaintenanceMargin / perp.BP)
	case Filling:
		w = (w + int64(l.MaintenanceMargin/perp.BP)) / 2
	}
	return perp.Ratio(max(w, premium(size, l.SizePremium, w))) * perp.BP
}

// premium is w - w/5 + isqrt(10n+1)*imf/1e7 in basis points, n in 1e-9 base.
func premium(size perp.Size, imf perp.Ratio, w int64) int64 {
	if imf == 0 {
		return w
	}
	return w - w/5 + perp.MulDiv(root(int64(size)), int64(imf), 10_000_000, perp.Floor)
}

// discount is how much of a profit counts, in basis points: w, or less for a
// large profit (vAMM reference §10 rule 3, profit scaled to 1e-9).
func discount(profit perp.Money, w int64, imf perp.Ratio) int64 {
	return sizeDiscount(saturateDown(perp.Size(profit), 1000, 1), w, imf)
}

func sizeDiscount(n, w int64, imf perp.Ratio) int64 {
	if imf == 0 {
		return w
	}
	return min(w, 1_100_000*bpOne/(int64(perp.RatioOne)+perp.MulDiv(root(n), int64(imf), 100_000, perp.Floor)))
}

// root is the integer square root of 10n+1, rounded down.
func root(n int64) int64 {
	hi, lo := bits.Mul64(uint64(n), 10)
	lo, carry := bits.Add64(lo, 1, 0)
	hi += carry
	low, high := uint64(0), uint64(1)<<33 // 10 * 2^63 + 1 < 2^67
	high <<= 1
	for low+1 < high {
		mid := (low + high) / 2
		if h, l := bits.Mul64(mid, mid); h < hi || h == hi && l <= lo {
			low = mid
		} else {
			high = mid
		}
	}
	return int64(low)
}

// moneyMax is where the sums of this room stop growing: far beyond any real
// limit, far below what would wrap.
const moneyMax = math.MaxInt64 / 4

// notional is the value of a size, without its sign, rounded up.
func notional(p perp.Price, s perp.Size) perp.Money {
	return perp.Money(saturate(perp.Abs(s), int64(p), int64(perp.SizeOne)))
}

func scaled(m perp.Money, r perp.Ratio) perp.Money {
	return perp.Money(saturate(perp.Size(m), int64(r), int64(perp.RatioOne)))
}

// saturate is a*b/c for non-negative a and b, rounded up, at most moneyMax.
func saturate(a perp.Size, b, c int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi >= uint64(c) {
		return moneyMax
	}
	q, rem := bits.Div64(hi, lo, uint64(c))
	if rem != 0 {
		q++
	}
	return int64(min(q, moneyMax))
}

// saturateDown is saturate rounded down.
func saturateDown(a perp.Size, b, c int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi >= uint64(c) {
		return moneyMax
	}
	q, _ := bits.Div64(hi, lo, uint64(c))
	return int64(min(q, moneyMax))
}

// sum adds two amounts of at most moneyMax each way and stays within it.
func sum(a, b perp.Money) perp.Money {
	return perp.Clamp(perp.Clamp(a, -moneyMax, moneyMax)+perp.Clamp(b, -moneyMax, moneyMax), -moneyMax, moneyMax)
}

// Fee is what a client pays on a notional, rounded up to the maker.
func Fee(amount perp.Money, rate perp.Ratio) perp.Money { return perp.Share(amount, rate, perp.Ceil) }
