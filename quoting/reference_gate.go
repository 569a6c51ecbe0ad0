package quoting

// Whether the reference's maker may fill an order now (§6.5). The product asks
// the same questions of its own clock and ticks; see guard and engine.

// Bits of a market's paused operations that stop the maker's fills (§13).
const (
	refFillBit      = 1
	refImmediateBit = 6
)

// gateOrder is what the gate wants to know of an order and its sender.
type gateOrder struct {
	Slot        num
	Side        refSide
	Liquidation bool // or another order that counts as low risk
	Trusted     bool // the sender is not flagged
}

// drawdown tells whether the maker lost too much in this funding period, both
// in cash and as a share of its equity.
func (m *Reference) drawdown() bool {
	cash, part := int64(5_000), int64(20)
	switch m.Tier {
	case "A":
		cash, part = 10_000, 50
	case "B":
		cash, part = 10_000, 33
	case "C":
		part = 25
	}
	if m.Revenue.gt(n64(-cash * refPrice)) {
		return false
	}
	share := m.Revenue.times(refPrice).div(most(m.Equity, n64(1)))
	return !share.gt(n64(-refPrice / part))
}

// canFill is the whole gate, in the order of §6.5; v is the validity of the
// safe price, stopped the exchange-wide stop of immediate fills.
func (m *Reference) canFill(o gateOrder, exchange RefOracle, feed makerFeed, feedUsable bool, v refValidity, slot num, stopped bool) bool {
	if m.Paused.big().Bit(refFillBit) == 1 || m.drawdown() {
		return false
	}
	safe := feed.choose(exchange, feedUsable)
	recent := feed.Price.sign() != 0 && feed.Delay.sign() >= 0 && !feed.Delay.gt(safe.Delay)
	if recent && feed.apart(exchange).gt(n64(refPart)) || !v.lowRisk() {
		return false
	}
	before := slot.sub(safe.Delay).cmp(o.Slot)
	if o.Liquidation || before > 0 || before == 0 && o.Trusted {
		return true
	}
	stopped = stopped || m.Paused.big().Bit(refImmediateBit) == 1
	return o.Trusted && !stopped && v.State == refValid && m.wants(o.Side) && m.low() &&
		!m.Revenue.lt(n64(-25*refPrice))
}

// wants tells whether a fill of that side would shrink what the maker holds.
func (m *Reference) wants(side refSide) bool {
	return m.Jit.sign() > 0 && m.Users.times(int64(-side)).gt(m.Step)
}

// low tells whether the maker holds less than a tenth of the smaller open side.
func (m *Reference) low() bool {
	bids, asks := m.depth()
	return m.Users.abs().lt(least(bids, asks.neg()).over(10))
}
