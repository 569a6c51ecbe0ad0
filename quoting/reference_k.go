package quoting

// spend books a cost of moving the curve (a gain if negative). With check it
// refuses to touch what is reserved (§3.3 "Booking").
func (m *Reference) spend(cost num, check bool) bool {
	left := m.Equity.sub(cost)
	if cost.sign() > 0 && check && left.lt(m.reserved()) {
		return false
	}
	m.Equity, m.Revenue = left, m.Revenue.sub(cost)
	return true
}

// kBudget is what a funding period leaves for depth: half of what was earned,
// if the market is calm, or minus half of what was lost beyond the revenue.
func (m *Reference) kBudget(cost num) num {
	if cost.sign() < 0 {
		if most(m.LongSpread, m.ShortSpread).gt(m.BaseSpread) {
			return n64(0)
		}
		return cost.over(2).abs()
	}
	if m.Revenue.lt(cost) {
		return most(n64(0), m.Revenue).sub(cost).over(2)
	}
	return n64(0)
}

// formulaicK moves L with the cost of the funding imbalance in a period
// (positive: the maker paid), by at most 0.1 % times the intensity (§3.4). What
// it may not afford is left undone; what the curve refuses is refused.
func (m *Reference) formulaicK(cost num) error {
	budget := m.kBudget(cost)
	lower, _ := m.mayLower()
	raise := budget.sign() > 0 && m.L.lt(refMaxL())
	if m.KFixed || !raise && !(budget.sign() < 0 && lower) {
		return nil
	}
	step := m.Intensity.times(1000).over(100)
	scale, err := budgetedScale(m.Base, m.Quote, budget, m.Peg, m.Users, n64(refPrice).add(step), n64(refPrice).sub(step))
	if err != nil {
		return err
	}
	l := m.L.mul(scale).over(refPrice)
	next, err := m.scaled(l, true)
	if err != nil {
		return err
	}
	if m.spend(next.closing().sub(m.closing()), true) {
		m.adopt(&next)
	}
	return nil
}
