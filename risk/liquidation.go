package risk

import "backstop/perp"

// Health is how far an account is from losing its positions. All bounds
// are compared with Equity; they rise in the order Maintenance, Call, Safe.
type Health struct {
	Equity      perp.Money // collateral as maintenance margin counts it
	Maintenance perp.Money // below it: liquidation
	Call        perp.Money // below it: a margin call
	Safe        perp.Money // at or above it: the call is lifted
	Shortage    perp.Money // what is missing to the buffered requirement; 0 if nothing
}

// Judge measures an account (vAMM reference §10 rules 7 and 8). The call stands
// at the filling margin, half way between initial and maintenance.
func Judge(p Portfolio) Health {
	keep, call := Margin(p, Maintenance), Margin(p, Filling)
	h := Health{Equity: keep.Collateral, Maintenance: keep.Required, Call: call.Required, Safe: Margin(p, Initial).Required}
	need, have := keep.Required, keep.Collateral
	for i := range p.Exposures {
		e := &p.Exposures[i]
		need = sum(need, scaled(notional(e.Oracle, e.worst()), e.Limits.LiquidationBuffer))
		if loss := e.pnl(); loss < 0 {
			have = sum(have, -scaled(-loss, e.Limits.LiquidationBuffer))
		}
	}
	h.Shortage = max(0, sum(need, -have))
	return h
}

// Slice is how much of a position to close now. Shortage is what the account
// lacks, freed what earlier slices of this liquidation brought, elapsed its
// age. The size that cures is paced: of the whole shortage only the part that
// LiquidationStart and the time allow (vAMM reference §11 rules 2 and 4). It is
// rounded up to the lot and never more than the position.
func Slice(e Exposure, shortage, freed perp.Money, elapsed perp.Time, lot perp.Size) perp.Size {
	held := perp.Abs(e.Position.Size)
	if shortage <= 0 || held == 0 {
		return 0
	}
	if notional(e.Oracle, held) < e.Limits.LiquidationDust {
		return held
	}
	part := shortage
	if shortage >= e.Limits.LiquidationDust {
		allowed := pace(e.Limits, elapsed)
		// Of all that was ever short so much may be cured by now.
		part = min(shortage, sum(perp.Money(saturateDown(perp.Size(sum(shortage, freed)), int64(allowed), int64(perp.RatioOne))), -freed))
	}
	if part <= 0 {
		return 0
	}
	size := e.cure(part)
	if rest := size % lot; rest != 0 {
		size = perp.Add(size, lot-rest)
	}
	return min(size, held)
}

func pace(l MarketLimits, elapsed perp.Time) perp.Ratio {
	if l.LiquidationSpan == 0 || elapsed >= l.LiquidationSpan {
		return perp.RatioOne
	}
	run := perp.Ratio(perp.MulDiv(int64(max(0, elapsed)), int64(perp.RatioOne), int64(l.LiquidationSpan), perp.Floor))
	return min(perp.RatioOne, l.LiquidationStart+run)
}

// cure is the size whose closing makes up for a shortage: each unit frees its
// margin and buffer and costs its fees. It is everything if the fees eat what
// it frees.
func (e Exposure) cure(shortage perp.Money) perp.Size {
	held := perp.Abs(e.Position.Size)
	frees := Ratio(e.Limits, held, Maintenance) + e.Limits.LiquidationBuffer - e.Limits.LiquidationFee - e.Limits.TakerFee
	if frees <= 0 || e.Oracle <= 0 {
		return held
	}
	value := saturate(perp.Size(shortage), int64(perp.RatioOne), int64(frees))
	return perp.Size(saturate(perp.Size(value), int64(perp.SizeOne), int64(e.Oracle)))
}

// LiquidationCharge is what a slice pays to the insurance: the fee, but never
// more than the account still has (vAMM reference §11 rule 3).
func LiquidationCharge(l MarketLimits, value, equity perp.Money) perp.Money {
	return min(scaled(value, l.LiquidationFee), max(0, equity))
}

// Withdrawable is what an account may take out: cash, less what initial margin
// needs, with losses counted in full and profits, claims included, not at all.
func Withdrawable(p Portfolio) perp.Money {
	have := p.Cash
	for i := range p.Exposures {
		e := &p.Exposures[i]
		have = sum(have, min(0, e.pnl()))
	}
	return max(0, min(p.Cash, sum(have, -Margin(p, Initial).Required)))
}

// liquidationReach bounds the search for the liquidation price of a short: so many
// times the present price.
const liquidationReach = 16

// LiquidationPrice is the price of one market at which the account would be
// liquidated if nothing else moved, its working orders being canceled first: of a
// long the highest, of a short the lowest one. It is the present price if the
// account is there already, and zero without a position or if no price leads there.
func LiquidationPrice(p Portfolio, symbol string) perp.Price {
	q := Portfolio{Cash: p.Cash, Exposures: append([]Exposure(nil), p.Exposures...)}
	at := -1
	for i := range q.Exposures {
		q.Exposures[i].Bids, q.Exposures[i].Asks, q.Exposures[i].Orders = 0, 0, 0
		if q.Exposures[i].Symbol == symbol {
			at = i
		}
	}
	if at < 0 || q.Exposures[at].Position.Size == 0 || q.Exposures[at].Oracle <= 0 {
		return 0
	}
	e := &q.Exposures[at]
	now := e.Oracle
	below := func(price perp.Price) bool {
		e.Oracle = price
		r := Margin(q, Maintenance)
		return r.Collateral < r.Required
	}
	// safe is a price at which the account stands, gone one at which it does not.
	safe, gone := now, perp.Price(1)
	if e.Position.Size < 0 {
		gone = perp.Price(saturate(perp.Size(now), liquidationReach, 1))
	}
	if below(now) {
		return now
	}
	if !below(gone) {
		return 0
	}
	for perp.Abs(safe-gone) > 1 {
		if mid := safe + (gone-safe)/2; below(mid) {
			gone = mid
		} else {
			safe = mid
		}
	}
	return gone
}
