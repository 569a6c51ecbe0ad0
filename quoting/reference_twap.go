package quoting

// The statistics of the reference (§5). The product keeps averages with exact
// time decay and a real variance instead; these exist to be measured against.

const (
	refHour = 3600
	refFive = 300
)

// refSide is the direction of a taker's trade, or none.
type refSide int

const (
	refNone  refSide = 0
	refLong  refSide = 1
	refShort refSide = -1
)

// weighted is the reference's weighted average with its nudge (§5 "Flaw").
func weighted(a, b, wa, wb num) num {
	nudge := int64(0)
	if wb.gt(n64(1)) {
		nudge = int64(b.mul(wb).cmp(a.mul(wa)))
	}
	return nudged(a, b, wa, wb, nudge)
}

// nudged is the weighted average with a given nudge; either weight zero gives
// the other value as it is.
func nudged(a, b, wa, wb num, nudge int64) num {
	if wa.sign() == 0 {
		return b
	}
	if wb.sign() == 0 {
		return a
	}
	average := a.mul(wa).add(b.mul(wb)).div(wa.add(wb))
	if average.sign() == 0 && nudge < 0 {
		return average
	}
	return average.plus(nudge)
}

// newTwap moves an average of a period to a point, since seconds later (§5.1).
func newTwap(point, old, since, period num) num {
	since = most(n64(0), since)
	return weighted(point, old, since, most(n64(1), period.sub(since)))
}

// sanitise keeps a new point within a share of its average (§5.2). Without an
// average, or with a divisor of 0, the point stays.
func sanitise(point, twap, divisor num) num {
	if twap.sign() == 0 || divisor.sign() == 0 {
		return point
	}
	limit := twap.div(divisor).abs()
	return clamp(point, twap.sub(limit), twap.add(limit))
}

// deviation is the reference's "standard deviation": how far the last price
// lay from the farther of two averages. Its rolling sum weighs with at least an
// hour out of an hour, so nothing of the old value ever stays (§5.5 "Flaw").
func deviation(price, slow, fast num) num {
	return most(price.sub(slow).abs(), price.sub(fast).abs())
}

// observe updates the oracle averages, confidence and gap (§5.4). Averages are
// those of the exchange's price; confidence and gap are those of the safe one.
func (m *Reference) observe(now num, exchange, safe RefOracle, price, divisor num) {
	near := price.over(4000)
	point := most(least(price.add(near), exchange.Price), exchange.Price.sub(exchange.Confidence))
	if price.gt(exchange.Price) {
		point = least(most(price.sub(near), exchange.Price), exchange.Price.add(exchange.Confidence))
	}
	kept := sanitise(point, m.OracleTwap, divisor)
	if kept.sign() <= 0 || point.sign() <= 0 {
		return
	}
	since := most(n64(0), now.sub(m.OracleTwapTime))
	slow := m.oracleAverage(kept, m.OracleTwap, m.MarkTwap, since, m.FundingPeriod)
	fast := m.oracleAverage(kept, m.OracleTwap5, m.MarkTwap5, since, n64(refFive))
	decayed := m.ConfPct
	if since.sign() > 0 { // two readings of one second: the larger stays
		decayed = decayed.sub(decayed.div(most(n64(21).sub(since), n64(5))))
	}
	m.ConfPct = most(safe.Confidence.times(refPrice).div(price), decayed)
	m.OracleStd = deviation(point, m.OracleTwap, m.OracleTwap5)
	m.Normalised, m.LastPrice, m.LastDelay = kept, exchange.Price, exchange.Delay
	m.Gap = price.sub(safe.Price).times(refPrice).div(price)
	m.OracleTwap, m.OracleTwap5, m.OracleTwapTime = slow, fast, now
}

// oracleAverage moves one oracle average to the point, first blended towards
// the mark average if that one is newer. A period of 0 forgets at once.
func (m *Reference) oracleAverage(point, old, mark, since, period num) num {
	if period.sign() == 0 {
		since = most(n64(1), since)
	}
	if lag := m.MarkTwapTime.sub(m.OracleTwapTime); lag.sign() > 0 {
		point = weighted(mark, point, lag, most(n64(1), period.sub(lag)))
	}
	return weighted(point, old, since, most(n64(0), period.sub(since)))
}

// estimate guesses the best bid and ask around a trade from the displayed ones
// and the premium paid (§5.3). Without a trade it is the oracle's price.
func (m *Reference) estimate(trade *num, side refSide) (bid, ask num, err error) {
	if m.LastPrice.sign() <= 0 {
		return bid, ask, errReference
	}
	price := m.LastPrice
	if trade != nil {
		price = *trade
	}
	modelBid, modelAsk := m.bidAsk()
	premium := price.sub(m.LastPrice)
	// The spreads are shares, used here as if they were prices (§15.5).
	bid, ask = price, price
	if premium.sign() > 0 {
		off := least(least(m.BaseSpread, m.ShortSpread.over(2)), premium)
		bid = most(m.Tick, most(n64(0), m.LastPrice.sub(off)))
	} else if premium.sign() < 0 {
		ask = m.LastPrice.add(least(least(m.BaseSpread, m.LongSpread.over(2)), premium.abs()))
	}
	bid, ask = most(bid, modelBid), least(ask, modelAsk)
	switch side {
	case refLong:
		ask = most(price, bid)
	case refShort:
		bid = least(price, ask)
	default:
		bid = least(most(price, modelBid), modelAsk)
		ask = bid
	}
	if bid.gt(ask) {
		return bid, ask, errReference
	}
	return bid, ask, nil
}

// markTrade updates the mark averages from a trade and returns the middle one.
func (m *Reference) markTrade(now num, trade *num, side refSide, divisor num) (num, error) {
	bid, ask, err := m.estimate(trade, side)
	if err != nil {
		return num{}, err
	}
	return m.markTwap(now, bid, ask, trade, divisor)
}

// markTwap updates the averages of bid, ask and mark. If the mark has been
// silent for long after the oracle, its averages first move to the oracle's.
func (m *Reference) markTwap(now, bid, ask num, trade *num, divisor num) (num, error) {
	keptBid, keptAsk := sanitise(bid, m.BidTwap, divisor), sanitise(ask, m.AskTwap, divisor)
	if keptBid.gt(keptAsk) {
		return num{}, errReference
	}
	oldBid, oldAsk := m.BidTwap, m.AskTwap
	if lag := m.OracleTwapTime.sub(m.MarkTwapTime); lag.gt(most(m.FundingPeriod.over(60), n64(60))) {
		towards := func(old num) num {
			rest := most(n64(0), m.FundingPeriod.sub(lag))
			return nudged(m.OracleTwap, old, lag, rest, int64(m.OracleTwap.cmp(old)))
		}
		oldBid, oldAsk = towards(oldBid), towards(oldAsk)
	}
	since := now.sub(m.MarkTwapTime)
	price := bid.add(ask).over(2)
	if trade != nil {
		price = *trade
	}
	m.MarkStd = deviation(price, m.MarkTwap, m.MarkTwap5)
	m.BidTwap = newTwap(keptBid, oldBid, since, m.FundingPeriod)
	m.AskTwap = newTwap(keptAsk, oldAsk, since, m.FundingPeriod)
	m.MarkTwap = m.BidTwap.add(m.AskTwap).over(2)
	m.MarkTwap5 = newTwap(keptBid.add(keptAsk).over(2), m.MarkTwap5, since, n64(refFive))
	m.MarkTwapTime = now
	return m.MarkTwap, nil
}
