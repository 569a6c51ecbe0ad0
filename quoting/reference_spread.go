package quoting

// refPart is the smallest share of volatility that a side keeps (1 %).
const refPart = refPrice / 100

// volatility is step 1 of §4: the volatility spread of each side.
func (m *Reference) volatility(conf, price num) (long, short num) {
	average := m.OracleStd.add(m.MarkStd).times(refPrice).div(price).over(2)
	v := most(conf, average.over(4))
	floor := conf
	if !conf.gt(n64(2_500)) {
		floor = conf.over(20)
	}
	side := func(volume num) num {
		f := clamp(volume.times(refPrice).div(most(m.Volume24h, n64(1))), n64(refPart), n64(refPrice))
		return most(floor, v.mul(f).over(refPrice))
	}
	return side(m.LongVolume), side(m.ShortVolume)
}

// ratio is the inventory in the smaller open side, 0..1e6 (§4 step 4).
func (m *Reference) ratio() num {
	bids, asks := m.depth()
	side := least(bids, asks.neg())
	if !m.Users.abs().lt(side) {
		return n64(refPrice)
	}
	return least(n64(refPrice), m.Users.abs().times(refPrice).div(most(side, n64(1))))
}

// openShare is the inventory in the average open side, 0..1e6 (§4.9).
func (m *Reference) openShare() num {
	bids, asks := m.depth()
	side := bids.sub(asks).over(2)
	if !m.Users.abs().lt(side) {
		return n64(refPrice)
	}
	return m.Users.abs().times(refPrice).div(side)
}

// offsetRatio is the signed share, less the dead band.
func (m *Reference) offsetRatio() num {
	w, band := m.openShare(), m.Deadband.times(refPrice).over(100)
	if !w.gt(band) {
		return n64(0)
	}
	return w.sub(band).times(int64(m.Users.add(m.Unsettled).sign()))
}

// inventoryScale is how far the growing side widens with the inventory.
func (m *Reference) inventoryScale(side, max num) num {
	if m.Users.sign() == 0 {
		return n64(refPrice)
	}
	top := most(n64(10*refPrice), max.times(refPrice).div(most(side, n64(1))))
	return least(top, n64(refPrice).add(top.mul(m.ratio()).over(refPrice)))
}

// leverageScale is how far the growing side widens with leverage (§4 step 5).
func (m *Reference) leverageScale(price num) num {
	local := m.Users.mul(price).over(refReserve)
	value := m.Quote.sub(m.TerminalQuote).mul(m.Peg).over(refReserve)
	loss := most(n64(0), local.sub(value))
	lev := loss.times(refPrice).div(most(n64(0), m.Equity).plus(1))
	return least(n64(10*refPrice), n64(refPrice).add(lev).plus(1))
}

// revenueRetreat is what recent losses add (§4 step 6).
func revenueRetreat(base, max, revenue num) num {
	if !revenue.lt(n64(-25 * refPrice)) {
		return n64(0)
	}
	if revenue.lt(n64(-25_000 * refPrice)) {
		return max.over(10)
	}
	return least(max.over(10), base.mul(revenue.abs()).over(25*refPrice))
}

// refCap is step 8: both sides shrink in proportion to fit max.
func refCap(long, short, max num) (num, num) {
	sum := long.add(short)
	if !sum.gt(max) {
		return long, short
	}
	if long.gt(short) {
		long = long.mul(max).ceil(sum)
		return long, max.sub(long)
	}
	short = short.mul(max).ceil(sum)
	return max.sub(short), short
}

// adjust widens or narrows a side by a percentage (§4 step 7).
func adjust(side, pct num) num {
	if pct.sign() < 0 {
		return most(n64(1), side.sub(side.mul(pct.abs()).over(100)))
	}
	return most(n64(1), side.add(side.mul(pct).ceil(n64(100))))
}

// target is M, the largest full spread (§4 step 3).
func (m *Reference) target(price num) num {
	wild := most(m.ConfPct.times(2), most(m.MarkStd, m.OracleStd).times(refPrice).div(price))
	return most(most(m.MaxSpread, m.Gap.abs()), least(wild, n64(refPrice)))
}

// spread composes both sides in the order of §4, steps 1 to 8.
func (m *Reference) spread(price num) (long, short num) {
	return m.composed(price, func(step, num, num) {})
}

// composed is spread, telling what both sides are after each stage.
func (m *Reference) composed(price num, tell func(at step, long, short num)) (long, short num) {
	half := m.BaseSpread.over(2)
	volLong, volShort := m.volatility(m.ConfPct, price)
	long, short = most(half, volLong), most(half, volShort)
	tell(stepBase, half, half)
	tell(stepVolatility, long, short)
	if m.Gap.sign() < 0 {
		long = most(long, m.Gap.abs().add(volLong))
	} else if m.Gap.sign() > 0 {
		short = most(short, m.Gap.add(volShort))
	}
	tell(stepRetreat, long, short)
	max := m.target(price)
	scale := func(s num) {
		if m.Users.sign() > 0 {
			long = long.mul(s).over(refPrice)
		} else if m.Users.sign() < 0 {
			short = short.mul(s).over(refPrice)
		}
	}
	if m.Users.sign() > 0 {
		scale(m.inventoryScale(long, max))
	} else if m.Users.sign() < 0 {
		scale(m.inventoryScale(short, max))
	}
	tell(stepInventory, long, short)
	if m.Equity.sign() <= 0 {
		long, short = long.times(10), short.times(10)
	} else {
		scale(m.leverageScale(price))
	}
	tell(stepLeverage, long, short)
	x := revenueRetreat(m.BaseSpread, max, m.Revenue)
	switch m.Users.sign() {
	case 1:
		long, short = long.add(x), short.add(x.over(2))
	case -1:
		long, short = long.add(x.over(2)), short.add(x)
	default:
		long, short = long.add(x.over(2)), short.add(x.over(2))
	}
	if m.InventoryAdjust.sign() != 0 {
		long = most(adjust(long, m.InventoryAdjust), most(half, volLong))
		short = most(adjust(short, m.InventoryAdjust), most(half, volShort))
	}
	tell(stepRevenue, long, short)
	long, short = refCap(long, short, max)
	tell(stepCap, long, short)
	return long, short
}

// updateSpreads sets spreads, offset and spread reserves. It returns the
// spreads before the offset is smoothed.
func (m *Reference) updateSpreads(price, slot num) (long, short num) {
	if m.Intensity.sign() == 0 {
		long, short = m.BaseSpread.over(2), m.BaseSpread.over(2)
	} else {
		long, short = m.spread(price)
	}
	if m.SpreadAdjust.sign() != 0 {
		long, short = adjust(long, m.SpreadAdjust), adjust(short, m.SpreadAdjust)
	}
	m.LongSpread, m.ShortSpread = long, short
	m.smoothOffset(m.wantedOffset(price), slot)
	m.setSpreadReserves()
	return long, short
}

// maxOffset is the largest offset that the intensity allows (§4.9).
func (m *Reference) maxOffset() num {
	switch {
	case !m.Intensity.gt(n64(100)):
		return n64(0)
	case m.Intensity.lt(n64(200)):
		return least(m.MaxSpread.over(2), m.Intensity.plus(-100).times(100))
	}
	return most(m.MaxSpread.over(2), n64(refPart))
}

func (m *Reference) wantedOffset(price num) num {
	max := m.maxOffset()
	if max.sign() == 0 {
		return max
	}
	return refOffset(price, m.Funding24h, m.offsetRatio(), m.OracleTwap5, m.MarkTwap5, m.OracleTwap, m.MarkTwap, max)
}

// refOffset leans quotes with premium and inventory, saturating as the
// reference does: the inventory ratio is not divided out (§4.9 "Flaw").
func refOffset(price, funding, ratio, oracleFast, markFast, oracleSlow, markSlow, max num) num {
	if ratio.sign() == 0 || funding.sign() == 0 {
		return n64(0)
	}
	limit := max.mul(price).over(refPrice)
	part := func(v num) num { return clamp(v, limit.neg(), limit) }
	premium := funding.over(1000).times(24).sub(oracleSlow.abs().over(5000))
	average := part(markFast.sub(oracleFast)).add(part(markSlow.sub(oracleSlow))).add(part(premium)).over(3)
	pct := average.times(refPrice).div(price)
	if pct.sign() != 0 && pct.sign() != ratio.sign() {
		return n64(0)
	}
	return clamp(pct.mul(ratio.abs()).over(2), max.neg(), max)
}

// smoothOffset moves the offset towards the wanted one; a change of sign takes
// steps and widens the spreads meanwhile (§4.9 "Smoothing").
func (m *Reference) smoothOffset(want, slot num) {
	if !m.Intensity.gt(n64(100)) || want.sign() == m.Offset.sign() {
		m.Offset = want
		return
	}
	diff := want.sub(m.Offset)
	since := slot.sub(m.UpdateSlot)
	step := most(n64(10), least(diff.abs(), since.times(1000)).over(10))
	if m.Offset.sign() != 0 {
		step = least(step, m.Offset.abs())
	} else {
		step = least(step, want.abs())
	}
	if diff.sign() < 0 {
		m.Offset = m.Offset.sub(step)
		m.LongSpread = m.LongSpread.add(step)
		m.ShortSpread = m.ShortSpread.add(m.Offset.abs())
	} else {
		m.Offset = m.Offset.add(step)
		m.ShortSpread = m.ShortSpread.add(step)
		m.LongSpread = m.LongSpread.add(m.Offset.abs())
	}
}
