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
	if o.Confidence.times(refPrice).div(o.Price).gt(g.Confidence.mul(multiplier)) {
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

// refFar tells whether the oracle is off its 5-minute average by max or more.
// Who calls it takes the larger of the configured limit and half (§6.4).
func refFar(price, twap, max num) bool {
	return !price.sub(twap).abs().times(refPrice).div(twap.abs()).lt(max)
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

// makerFeed is a reading of the maker's own feed.
type makerFeed struct {
	Price    num `json:"price"`
	Delay    num `json:"delay"`
	Sequence num `json:"sequence_id"`
}

// apart is how far the maker's feed lies from the exchange's, 1e6.
func (f makerFeed) apart(o RefOracle) num {
	return f.Price.sub(o.Price).abs().times(refPrice).div(most(n64(1), o.Price.abs()))
}

// older tells whether the exchange has the newer reading: by sequence numbers
// where they are of one kind, else by delay.
func (f makerFeed) older(o RefOracle) bool {
	if o.Sequence != nil && o.Sequence.sign() != 0 && f.Sequence.sign() != 0 &&
		f.Sequence.sub(*o.Sequence).abs().lt(o.Sequence.over(10_000)) {
		return o.Sequence.gt(f.Sequence)
	}
	return f.Delay.gt(o.Delay)
}

// safe chooses between the maker's own feed and the exchange's (§6.3).
func (m *Reference) safe(o RefOracle, g RefGuard, slot num) RefOracle {
	f := makerFeed{Price: m.MMPrice, Delay: slot.sub(m.MMSlot), Sequence: m.MMSequence}
	wild := most(f.Price, m.OracleTwap).div(most(n64(1), least(f.Price, m.OracleTwap))).gt(g.Volatile)
	return f.choose(o, f.Price.sign() > 0 && !wild)
}

// choose takes the maker's reading if it is usable, recent and within 1 %.
func (f makerFeed) choose(o RefOracle, usable bool) RefOracle {
	if !usable || f.Price.sign() == 0 || f.older(o) || f.apart(o).gt(n64(refPart)) {
		return o
	}
	enough := true
	return RefOracle{
		Price: f.Price, Confidence: o.Confidence.add(f.Price.sub(o.Price).abs()), Delay: f.Delay,
		Sufficient: &enough, Sequence: &f.Sequence,
	}
}
