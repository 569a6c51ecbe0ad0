package risk

import "backstop/perp"

// The reference's margin for accounts with high leverage and for liquidation
// (vAMM reference §10 rules 2 and 8), for its published cases. The product has
// one ratio for all accounts.

// ReferenceLeveraged is the ratio (1e4) of an account with high leverage: its own
// lower one, gliding up to the ordinary one as the size premium reaches it.
func ReferenceLeveraged(l, high MarketLimits, size perp.Size, kind Kind) int64 {
	w, least := baseRatio(l, kind), baseRatio(high, kind)
	if kind == Maintenance {
		return max(least, premium(size, l.SizePremium, least))
	}
	switch r := premium(size, l.SizePremium, w); {
	case r < w:
		return least + max(1, w-least)*(w/5-(w-r))/max(1, w/5)
	case r == w:
		return least
	default:
		return r
	}
}

func baseRatio(l MarketLimits, kind Kind) int64 {
	w := int64(l.InitialMargin / perp.BP)
	switch kind {
	case Maintenance:
		w = int64(l.MaintenanceMargin / perp.BP)
	case Filling:
		w = (w + int64(l.MaintenanceMargin/perp.BP)) / 2
	}
	return w
}

// ReferenceShortage is what is missing with a buffer (1e4): that much more of the
// notional is needed, and losses count that much heavier.
func ReferenceShortage(p Portfolio, buffer int64) perp.Money {
	r := Margin(p, Maintenance)
	need, have := r.Required, r.Collateral
	for _, e := range p.Exposures {
		need = sum(need, scaled(notional(e.Oracle, e.worst()), perp.Ratio(buffer)*perp.BP))
		if loss := e.pnl(); loss < 0 {
			have = sum(have, -scaled(-loss, perp.Ratio(buffer)*perp.BP))
		}
	}
	return max(0, sum(need, -have))
}

// ReferenceProfitWeight is the weight (1e4) of a profit for opening: less when
// clients together are owed more than most, then less for its size (§9.5).
func ReferenceProfitWeight(pnl perp.Money, weight int64, imf perp.Ratio, owed, most perp.Money) int64 {
	if most > 0 && owed > most {
		weight = perp.MulDiv(weight, int64(most), int64(owed), perp.Floor)
	}
	return discount(pnl, weight, imf)
}
