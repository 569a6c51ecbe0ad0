package risk

// The reference's fee arithmetic (vAMM reference §12), for its published cases.
// The product has one fee for each client and none of the rest.

// ReferenceTier is one line of the reference's fee table.
type ReferenceTier struct {
	FeeNum, FeeDen           int64
	RebateNum, RebateDen     int64
	ReferrerNum, ReferrerDen int64
	RefereeNum, RefereeDen   int64
}

// ReferenceFees is who gets what of one fill, in 1e-6 quote.
type ReferenceFees struct {
	User, Rebate, Market, Filler, Referrer, Discount int64
}

// ReferenceFill is what the fees of one fill depend on.
type ReferenceFill struct {
	Quote        int64
	Tier         ReferenceTier
	Adjustment   int64 // percent, -100 to 100
	HighLeverage bool
	Referrer     bool
	Filler       bool
	Multiplier   int64 // of the filler's reward; with a match
	FillerNum    int64
	FillerDen    int64
	TimeFloor    int64
	Slots        int64 // since the order was placed
	Surplus      int64
	PostOnly     bool
}

func ceilPart(v, num, den int64) int64 {
	if den == 0 {
		return 0
	}
	return (v*num + den - 1) / den
}

func floorPart(v, num, den int64) int64 {
	if den == 0 {
		return 0
	}
	return v * num / den
}

// taker is the fee before discounts: the tier's part rounded up, doubled for
// high leverage, adjusted: down rounds down, up rounds up.
func (f ReferenceFill) taker() int64 {
	fee := ceilPart(f.Quote, f.Tier.FeeNum, f.Tier.FeeDen)
	if f.HighLeverage {
		fee *= 2
	}
	if f.Adjustment < 0 {
		return fee - floorPart(fee, -f.Adjustment, 100)
	}
	return fee + ceilPart(fee, f.Adjustment, 100)
}

// rebate rounds down, and its adjustment against the maker.
func (f ReferenceFill) rebate() int64 {
	r := floorPart(f.Quote, f.Tier.RebateNum, f.Tier.RebateDen)
	if f.Adjustment < 0 {
		return r - ceilPart(r, -f.Adjustment, 100)
	}
	return r + floorPart(r, f.Adjustment, 100)
}

// referral is the referrer's reward and the referee's discount, of the full fee.
func (f ReferenceFill) referral(fee int64) (reward, discount int64) {
	if !f.Referrer {
		return 0, 0
	}
	return floorPart(fee, f.Tier.ReferrerNum, f.Tier.ReferrerDen), floorPart(fee, f.Tier.RefereeNum, f.Tier.RefereeDen)
}

// filler is the smaller of its part of the fee and the reward for age: the fourth
// root of the slots in 1e-2, at least 100, times the least reward.
func (f ReferenceFill) filler(fee, multiplier int64) int64 {
	bySize := floorPart(fee, f.FillerNum, f.FillerDen)
	age := max(100, fourthRoot(f.Slots*100_000_000))
	return min(bySize, floorPart(f.TimeFloor, age, 100)*multiplier)
}

func fourthRoot(v int64) int64 { return squareRoot(squareRoot(v)) }

func squareRoot(v int64) int64 {
	if v < 2 {
		return max(v, 0)
	}
	x := v
	for y := (x + 1) / 2; y < x; y = (x + v/x) / 2 {
		x = y
	}
	return x
}

// ReferenceFeesWithMatch is a fill against a resting order.
func ReferenceFeesWithMatch(f ReferenceFill) ReferenceFees {
	fee, rebate := f.taker(), f.rebate()
	reward, discount := f.referral(fee)
	out := ReferenceFees{User: fee - discount, Rebate: rebate, Referrer: reward, Discount: discount}
	if f.Multiplier > 0 {
		out.Filler = f.filler(out.User, f.Multiplier)
	}
	out.Market = out.User - rebate - out.Filler - reward
	return out
}

// ReferenceFeesWithMaker is a fill against the vAMM.
func ReferenceFeesWithMaker(f ReferenceFill) ReferenceFees {
	if f.PostOnly {
		rebate := f.rebate()
		out := ReferenceFees{User: -rebate}
		if f.Filler {
			out.Filler = f.filler(f.Surplus, 1)
		}
		out.Market = f.Surplus - rebate - out.Filler
		return out
	}
	fee := f.taker()
	reward, discount := f.referral(fee)
	out := ReferenceFees{User: fee - discount, Referrer: reward, Discount: discount}
	if f.Filler {
		out.Filler = f.filler(out.User, 1)
	}
	out.Market = out.User - out.Filler - reward + f.Surplus
	return out
}

// ReferenceTierFor is the tier of a volume over 30 days (1e-6 quote) with the
// benefit of a stake (1e-6); a small tolerance forgives what is missing to it.
func ReferenceTierFor(tiers []ReferenceTier, volume, stake int64, highLeverage bool) ReferenceTier {
	const million = 1_000_000 * 1_000_000
	index := 0
	for i, bound := range []int64{2 * million, 10 * million, 20 * million, 80 * million, 200 * million} {
		if volume >= bound {
			index = i + 1
		}
	}
	if highLeverage {
		return tiers[0]
	}
	tier := tiers[min(index, len(tiers)-1)]
	benefit := int64(0)
	for i, bound := range []int64{1_000, 10_000, 50_000, 100_000, 250_000} {
		if stake >= bound*1_000_000-stakeTolerance {
			benefit = []int64{5, 10, 20, 30, 40}[i]
		}
	}
	tier.FeeNum -= tier.FeeNum * benefit / 100
	tier.RebateNum += tier.RebateNum * benefit / 100
	return tier
}

// stakeTolerance is what a stake may miss, 1e-6.
const stakeTolerance = 10_000

// ReferenceFillerMultiplier grows as a resting price is worse for its maker than
// the oracle: 2,000 at the oracle, one more for
// each millionth, between 1,000 and 100,000.
func ReferenceFillerMultiplier(price, oracle int64, buys bool) int64 {
	const base = 1_000
	if oracle == 0 {
		return base
	}
	pct := (price - oracle) * 1_000_000 / oracle
	if !buys {
		pct = -pct
	}
	return max(base, min(100*base, 2*base+pct))
}
