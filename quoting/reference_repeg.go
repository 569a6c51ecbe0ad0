package quoting

// reserved is what is never spent on prices, budget what may be (§3.1).
func (m *Reference) reserved() num { return m.Fees.over(2).add(m.LiquidationFees).sub(m.Withdrawn) }

func (m *Reference) budget() num { return most(n64(0), m.Equity.sub(m.reserved())) }

// refPeg is the peg at which the mid is target.
func refPeg(quote, base, target num) num { return most(n64(1), target.mul(base).div(quote)) }

// pegCost is what moving the peg costs (§3.2).
func (m *Reference) pegCost(peg num) num {
	return m.Quote.sub(m.TerminalQuote).mul(peg.sub(m.Peg)).over(refReserve)
}

// optimal chooses peg and budget; check is false when the move is forced.
func (m *Reference) optimal(o num) (peg, budget num, check bool) {
	peg, budget = refPeg(m.Quote, m.Base, o), m.budget()
	if !budget.lt(most(n64(0), m.pegCost(peg))) {
		return peg, budget, true
	}
	half := o.mul(m.MaxSpread.over(2)).over(refPrice)
	gap := m.price().sub(o)
	if gap.abs().gt(half) {
		target := m.price()
		if gap.sign() > 0 {
			target = target.sub(gap.abs().sub(half))
		} else {
			target = target.add(gap.abs().sub(half))
		}
		peg = refPeg(m.Quote, m.Base, target)
		return peg, m.pegCost(peg), false
	}
	return peg, budget, budget.sign() != 0
}

// perUnit is the cost of one peg unit, scaled 1e6 and pushed from zero.
func (m *Reference) perUnit() num {
	d := m.Quote.sub(m.TerminalQuote)
	return d.ceil(n64(1000)).plus(int64(d.sign()))
}

// mayLower tells whether L may go down, and the lowest it may reach (§3.4).
func (m *Reference) mayLower() (bool, num) {
	bids, asks := m.depth()
	u := m.Users.abs()
	ok := u.lt(least(bids, asks.neg())) && most(u, m.MinOrder).lt(m.L) && m.MinOrder.lt(most(bids, asks.neg()))
	return ok, least(m.L, most(m.MinOrder, u))
}

// adjusted moves the peg as far towards peg as the budget reaches, and may
// lower L to pay for it (§3.3). It returns the new market and the cost.
func (m *Reference) adjusted(peg, budget num, lowerK bool) (Reference, num, error) {
	next := *m
	d, ppc := peg.sub(m.Peg), m.perUnit()
	if d.sign() == 0 || m.Intensity.sign() == 0 {
		return next, n64(0), nil
	}
	chosen := peg
	if ppc.sign() != 0 && ppc.sign() == d.sign() && !budget.times(refPrice).div(ppc).abs().gt(d.abs()) {
		gain := n64(0)
		if ok, lowest := m.mayLower(); ok && lowerK && !m.KFixed {
			l := most(m.L.sub(m.L.over(1000)), lowest)
			cost, err := m.scaleCost(l, true)
			if err != nil {
				return next, num{}, err
			}
			if next, err = m.scaled(l, true); err != nil {
				return next, num{}, err
			}
			gain, ppc = cost.abs(), next.perUnit()
		}
		if ppc.sign() == 0 {
			return next, num{}, errReference
		}
		chosen = most(n64(1), m.Peg.add(budget.add(gain).times(refPrice).div(ppc)))
	}
	cost := next.pegCost(chosen)
	next.Peg = chosen
	return next, cost, nil
}

// update is the whole pre-trade update: curve, averages, spreads, freshness.
func (m *Reference) update(exchange RefOracle, g RefGuard, now, slot num) (num, error) {
	if m.Status == "Settlement" || m.Status == "Delisted" {
		return n64(0), nil
	}
	o := m.safe(exchange, g, slot)
	valid := m.validity(o, g)
	if valid.State == refNonPositive {
		return num{}, errReference
	}
	cost, refused := n64(0), false
	if m.Intensity.sign() > 0 {
		peg, budget, check := m.optimal(o.Price)
		next, c, err := m.adjusted(peg, budget, !m.Intensity.lt(n64(100)))
		if err != nil {
			return num{}, err
		}
		if refused = !m.spend(c, check); !refused {
			m.adopt(&next)
			m.Peg, cost = next.Peg, c
		}
	}
	m.observe(now, exchange, o, m.price(), m.clampDivisor())
	m.updateSpreads(m.price(), slot)
	m.OracleValid = valid.lowRisk()
	if m.OracleValid && !refused {
		m.UpdateSlot = slot
	}
	return cost, nil
}
