package quoting

import "fmt"

// RefOracle is an oracle reading as the reference sees it.
type RefOracle struct {
	Price      num   `json:"price"`
	Confidence num   `json:"confidence"`
	Delay      num   `json:"delay"`
	Sufficient *bool `json:"sufficient"`
	Sequence   *num  `json:"sequence_id"`
}

// RefGuard holds the limits of §6.1.
type RefGuard struct {
	MarkDivergence num `json:"mark_oracle_percent_divergence"`
	TwapDivergence num `json:"oracle_twap_5min_percent_divergence"`
	StaleAMM       num `json:"slots_before_stale_for_amm"`
	StaleMargin    num `json:"slots_before_stale_for_margin"`
	Confidence     num `json:"confidence_interval_max_size"`
	Volatile       num `json:"too_volatile_ratio"`
}

// refGuard is the reference's default.
func refGuard() RefGuard {
	return RefGuard{n64(100_000), n64(500_000), n64(10), n64(120), n64(20_000), n64(5)}
}

// refState is one of the validity states, worst first.
type refState int

const (
	refNonPositive refState = iota
	refVolatile
	refUncertain
	refStaleMargin
	refInsufficient
	refStaleAMM
	refValid
)

// refValidity judges a reading (§6.1).
type refValidity struct {
	State              refState
	Immediate, LowRisk bool // stale for these, in refStaleAMM
}

// String is the name that the vectors use.
func (v refValidity) String() string {
	if v.State == refStaleAMM {
		return fmt.Sprintf("StaleForAMM(immediate=%t,low_risk=%t)", v.Immediate, v.LowRisk)
	}
	return [...]string{
		"NonPositive", "TooVolatile", "TooUncertain", "StaleForMargin", "InsufficientDataPoints", "", "Valid",
	}[v.State]
}

// lowRisk tells whether low-risk fills may use the price (§6.2).
func (v refValidity) lowRisk() bool {
	return v.State == refValid || v.State == refStaleAMM && !v.LowRisk
}

func refJudge(twap num, o RefOracle, g RefGuard, multiplier, immediate, lowRisk num, stable bool) refValidity {
	if o.Price.sign() <= 0 {
		return refValidity{State: refNonPositive}
	}
	if most(o.Price, twap).div(most(n64(1), least(o.Price, twap))).gt(g.Volatile) {
		return refValidity{State: refVolatile}
	}
	if most(n64(1), o.Confidence).times(refPrice).div(o.Price).gt(g.Confidence.mul(multiplier)) {
		return refValidity{State: refUncertain}
	}
	margin := g.StaleMargin
	if stable {
		margin = margin.times(3)
	}
	if o.Delay.gt(margin) {
		return refValidity{State: refStaleMargin}
	}
	if o.Sufficient != nil && !*o.Sufficient {
		return refValidity{State: refInsufficient}
	}
	v := refValidity{State: refStaleAMM}
	v.Immediate = immediate.sign() == 0 || o.Delay.gt(most(n64(0), immediate))
	if lowRisk.sign() == 0 {
		v.LowRisk = o.Delay.gt(g.StaleAMM)
	} else {
		v.LowRisk = o.Delay.gt(most(n64(0), lowRisk))
	}
	if !v.Immediate && !v.LowRisk {
		v.State = refValid
	}
	return v
}

// confidenceMultiplier and clampDivisor depend on the market's tier.
func (m *Reference) confidenceMultiplier() num {
	switch m.Tier {
	case "A", "B":
		return n64(1)
	case "C":
		return n64(2)
	case "Speculative":
		return n64(10)
	}
	return n64(50)
}

func (m *Reference) clampDivisor() num {
	switch m.Tier {
	case "A":
		return n64(10)
	case "B":
		return n64(5)
	case "C":
		return n64(2)
	}
	return n64(3)
}

// validity judges a reading with the market's own delays.
func (m *Reference) validity(o RefOracle, g RefGuard) refValidity {
	return refJudge(m.OracleTwap, o, g, m.confidenceMultiplier(), m.ImmediateDelay, m.LowRiskDelay, m.StableQuote)
}

// refStatus is the public view: validity, how far the mid is from the 5-minute
// average of the oracle, and whether that is too far (§6.4).
func (m *Reference) refStatus(o RefOracle, g RefGuard) (v refValidity, pct num, divergent bool) {
	v = refJudge(m.OracleTwap, o, g, m.confidenceMultiplier(), g.StaleAMM, g.StaleAMM, m.StableQuote)
	pct, divergent = refDivergence(m.price(), m.OracleTwap5, g.MarkDivergence)
	return v, pct, divergent
}

func refDivergence(price, twap, configured num) (num, bool) {
	pct := price.sub(twap).times(refPrice).div(price)
	return pct, pct.abs().gt(most(configured, n64(refPrice/10)))
}

// refFar tells whether the oracle is half off its 5-minute average or more.
func refFar(price, twap, configured num) bool {
	pct := price.sub(twap).times(refPrice).div(twap)
	return !pct.abs().lt(most(configured, n64(refPrice/2)))
}

// settleOK is the guard before settlement (§6.4).
func (m *Reference) settleOK(price num) bool {
	off := m.OracleTwap5.sub(price).abs().times(refPrice).div(most(n64(1), least(price, m.OracleTwap5)))
	near, calm := int64(25_000), int64(refPrice/10)
	switch m.Tier {
	case "A", "B":
		near, calm = 5_000, 2*refPart
	case "C":
		near, calm = 10_000, 5*refPart
	}
	std := most(m.MarkStd, m.OracleStd)
	return off.lt(n64(near)) && std.lt(least(price, m.OracleTwap5).times(calm).over(refPrice))
}

// safe chooses between the maker's own feed and the exchange's (§6.3).
func (m *Reference) safe(o RefOracle, slot num) RefOracle {
	if m.MMPrice.sign() == 0 {
		return o
	}
	delay := most(n64(0), slot.sub(m.MMSlot))
	recent := !delay.gt(o.Delay)
	if o.Sequence != nil && o.Sequence.sign() > 0 && m.MMSequence.sign() > 0 {
		apart := m.MMSequence.sub(*o.Sequence).abs()
		if !apart.times(10_000).gt(*o.Sequence) {
			recent = !m.MMSequence.lt(*o.Sequence)
		}
	}
	away := m.MMPrice.sub(o.Price).abs()
	wild := most(m.MMPrice, m.OracleTwap).div(most(n64(1), least(m.MMPrice, m.OracleTwap)))
	if !recent || m.MMPrice.sign() < 0 || wild.gt(n64(5)) || away.times(refPrice).div(o.Price).gt(n64(refPart)) {
		return o
	}
	return RefOracle{Price: m.MMPrice, Confidence: o.Confidence.add(away), Delay: delay, Sufficient: o.Sufficient}
}

// weighted is the reference's weighted average with its nudge (§5 "Flaw").
func weighted(a, b, wa, wb num) num {
	if wa.sign() == 0 {
		return b
	}
	if wb.sign() == 0 {
		return a
	}
	x, y := a.mul(wa), b.mul(wb)
	nudge := int64(0)
	if wb.gt(n64(1)) {
		nudge = int64(y.cmp(x))
	}
	return x.add(y).div(wa.add(wb)).plus(nudge)
}

// observe updates the oracle averages, confidence and gap (§5.4).
func (m *Reference) observe(now num, o RefOracle, price num) {
	near := price.over(4000)
	point := most(least(price.add(near), o.Price), o.Price.sub(o.Confidence))
	if price.gt(o.Price) {
		point = least(most(price.sub(near), o.Price), o.Price.add(o.Confidence))
	}
	limit := m.OracleTwap.div(m.clampDivisor())
	point = clamp(point, m.OracleTwap.sub(limit), m.OracleTwap.add(limit))
	since := most(n64(0), now.sub(m.OracleTwapTime))
	if point.sign() > 0 {
		m.Normalised = point
		m.OracleStd = point.sub(most(m.OracleTwap, m.OracleTwap5)).abs()
		five := m.average(point, m.OracleTwap5, m.MarkTwap5, since, n64(300))
		m.OracleTwap = m.average(point, m.OracleTwap, m.MarkTwap, since, m.FundingPeriod)
		m.OracleTwap5 = five
		decayed := m.ConfPct
		if since.sign() > 0 { // two readings of one second: the larger stays
			decayed = decayed.sub(decayed.div(most(n64(21).sub(since), n64(5))))
		}
		m.ConfPct = most(o.Confidence.times(refPrice).div(price), decayed)
		m.LastPrice, m.LastConf, m.LastDelay, m.OracleTwapTime = o.Price, o.Confidence, o.Delay, now
	}
	m.Gap = price.sub(o.Price).times(refPrice).div(price)
}

// average moves one oracle average to the point, first blended towards the mark
// average if that one is newer.
func (m *Reference) average(point, old, mark, since, period num) num {
	if m.MarkTwapTime.gt(m.OracleTwapTime) {
		lag := m.MarkTwapTime.sub(m.OracleTwapTime)
		point = weighted(mark, point, lag, most(n64(1), m.FundingPeriod.sub(lag)))
	}
	return weighted(point, old, since, most(n64(0), period.sub(since)))
}
