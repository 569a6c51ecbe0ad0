package risk

import "backstop/perp"

// FundingUnit turns a funding index (1e-12 quote per base unit) times a size into
// money; the ledger's indexes have this scale.
const FundingUnit = 1_000_000_000_000_000

// Reach is how far one market may move before an account has to be judged again.
type Reach struct {
	Price   perp.Price // either way
	Funding int64      // of the indexes together, in 1e-12 quote per base unit
}

// Reaches appends, for each exposure of an account that is above its margin call,
// moves within which it certainly stays there, whatever the other exposures do
// within theirs. It answers false if it cannot say, or if there is no such room.
// All else (cash, positions, claims, orders, limits) must stay as it is.
//
// The room above the call is shared out evenly: half for prices, half for funding.
// A price move costs at most the position and, by the ratio, the margin of the
// worst case, and what rounding takes; profits are given away, so that both
// directions count as losses.
func Reaches(p Portfolio, h Health, out []Reach) ([]Reach, bool) {
	room := sum(h.Equity, -h.Call)
	if room <= 0 || len(p.Exposures) == 0 {
		return out, false
	}
	part := room / perp.Money(2*len(p.Exposures))
	for _, e := range p.Exposures {
		worst, held := perp.Abs(e.worst()), perp.Abs(e.Position.Size)
		ratio := Ratio(e.Limits, worst, Filling)
		margin := saturate(worst, int64(ratio), int64(perp.RatioOne))
		rounding := perp.Money(ratio/perp.RatioOne) + 4
		if part <= rounding || held >= moneyMax || margin >= moneyMax || e.Oracle >= moneyMax || ratio < 0 {
			return out, false
		}
		r := Reach{Price: moneyMax, Funding: moneyMax}
		if weight := int64(held) + margin; weight > 0 {
			r.Price = perp.Price(saturateDown(perp.Size(part-rounding), int64(perp.SizeOne), weight))
		}
		if held > 0 {
			r.Funding = saturateDown(perp.Size(part-rounding), FundingUnit, int64(held))
		}
		out = append(out, r)
	}
	return out, true
}
