package quoting

// Funding of the reference (§8), once per period with an index per side. The
// product accrues it by the second instead and books what it really pays.

// refFundingBit is the bit of a market's paused operations that stops funding.
const refFundingBit = 1

// onTheHour is the wait until the next multiple of a period; an update later
// than a third of the period pushes it one further.
func onTheHour(now, last, period num) num {
	wait := period
	if period.gt(n64(1)) {
		late := last.sub(last.div(period).mul(period))
		if late.sign() < 0 {
			late = late.add(period)
		}
		if late.sign() != 0 {
			wait = period.sub(late)
			if late.gt(period.over(3)) {
				wait = wait.add(period)
			}
		}
	}
	return most(n64(0), wait.sub(now.sub(last)))
}

// fundingPayment is what a position receives (pays, if negative) for a change
// of its index: longs pay when it rises.
func fundingPayment(delta, base num) num {
	size := delta.abs().mul(base.abs()).over(refPrice).over(1000).over(1000)
	if (base.sign() > 0) == (delta.sign() > 0) {
		return size.neg()
	}
	return size
}

// maxDivergence is the largest premium that funding charges, by tier.
func (m *Reference) maxDivergence(twap num) num {
	switch m.Tier {
	case "A", "B":
		return twap.over(33)
	case "C":
		return twap.over(20)
	}
	return twap.over(10)
}

// fundingSplit books the maker's share of a rate and returns the rates of both
// sides and that share before it was capped. A capped maker pays a third of its
// free budget, and receivers share it with what payers pay. Refused if equity
// would fall under half of the fees.
func (m *Reference) fundingSplit(rate num) (long, short, share num, err error) {
	share = fundingPayment(rate, m.Users.add(m.Unsettled)).neg()
	paid := share
	long, short = rate, rate
	if limit := m.budget().over(3).neg(); share.sign() < 0 && share.lt(limit) {
		paid = limit
		payers, receivers := m.Longs, m.Shorts
		if rate.sign() < 0 {
			payers, receivers = m.Shorts, m.Longs
		}
		received := rateWithin(limit.sub(fundingPayment(rate, payers).abs()), receivers)
		if rate.sign() < 0 {
			long = received
		} else {
			short = received
		}
	}
	equity := m.Equity.add(paid)
	if paid.sign() < 0 && equity.lt(m.Fees.over(2)) {
		return long, short, share, errReference
	}
	m.Equity, m.Revenue = equity, m.Revenue.add(paid)
	return long, short, share, nil
}

// rateWithin is the rate at which an open interest receives a (negative) total,
// less one unit.
func rateWithin(total, base num) num {
	if base.sign() == 0 {
		return n64(0)
	}
	if total.sign() < 0 {
		total = total.plus(1)
	}
	return total.times(refPrice * refPrice).div(base)
}

// fundingBlocked tells whether the market is in no state to compute funding.
func (m *Reference) fundingBlocked(o RefOracle, g RefGuard, slot num) bool {
	v, _, divergent := m.refStatus(o, g)
	return v.State <= refUncertain || divergent || slot.sub(m.UpdateSlot).gt(m.FundingPeriod) ||
		m.Paused.big().Bit(0) == refFundingBit
}

// updateFunding is the whole hourly update; false if it is not due or blocked.
func (m *Reference) updateFunding(o RefOracle, g RefGuard, now, slot num, paused bool) (bool, error) {
	if o.Price.sign() <= 0 {
		return false, errReference
	}
	if paused || m.fundingBlocked(o, g, slot) || onTheHour(now, m.FundingTime, m.FundingPeriod).sign() != 0 {
		return false, nil
	}
	next := *m
	price := next.price()
	next.observe(now, o, next.safe(o, g, slot), price, next.clampDivisor())
	bid, ask := next.bidAsk()
	trade, side := price, refNone
	switch next.LongSpread.cmp(next.ShortSpread) {
	case 1:
		trade, side = ask, refLong
	case -1:
		trade, side = bid, refShort
	}
	mark, err := next.markTrade(now, &trade, side, next.clampDivisor())
	if err != nil {
		return false, err
	}
	max := next.maxDivergence(next.OracleTwap)
	premium := clamp(mark.sub(next.OracleTwap).add(next.OracleTwap.abs().over(5000)), max.neg(), max)
	day := n64(24 * refHour).div(most(n64(refHour), next.FundingPeriod))
	rate := premium.times(1000).div(day)
	if err := next.applyFunding(rate, now); err != nil {
		return false, err
	}
	*m = next
	return true, nil
}

// applyFunding books a rate: maker's share, depth, indexes, averages.
func (m *Reference) applyFunding(rate, now num) error {
	long, short, share, err := m.fundingSplit(rate)
	if err != nil {
		return err
	}
	if m.Intensity.sign() > 0 {
		if err := m.formulaicK(share.neg()); err != nil {
			return err
		}
	}
	m.IndexLong, m.IndexShort = m.IndexLong.add(long), m.IndexShort.add(short)
	m.Rate, m.RateLong, m.RateShort = rate, long, short
	m.FundingTwap = m.OracleTwap
	m.Funding24h = newTwap(rate, m.Funding24h, now.sub(m.FundingTime), n64(24*refHour))
	m.UnsettledRate = m.UnsettledRate.sub(share) // the whole share, though less was paid (§8 "Criticism")
	m.FundingTime, m.Revenue = now, n64(0)
	return nil
}

// fundingBasis is what the last rate says about the price above the oracle; it
// fades over one period.
func (m *Reference) fundingBasis(price, now num) num {
	if m.FundingTwap.sign() <= 0 {
		return n64(0)
	}
	day := m.Rate.times(refPrice).div(m.FundingTwap).times(24).plus(-refReserve / 5000)
	left := m.FundingPeriod.sub(least(m.FundingPeriod, now.sub(m.FundingTime)))
	return price.mul(day).over(refPrice).mul(left).div(m.FundingPeriod).over(1000)
}
