package sim

import (
	"backstop/perp"
	"backstop/quoting"
)

// Design is a maker to try: a name and its parameters.
type Design struct {
	Name   string
	Params quoting.Params
}

// Designs are the makers that can be compared, the plainest first.
func Designs() []Design {
	full := quoting.DefaultParams()
	full.FundingBase, full.FundingMax = 0, 0 // trials last minutes; funding would only blur them
	full.LastLook = quoting.LookAlways
	firm := full
	firm.LastLook = quoting.LookOff
	return []Design{
		{"naive", bare(firm, quoting.Naive)}, {"pegged", bare(firm, quoting.Pegged)},
		{"reference", byReference(firm)}, {"firm", firm}, {"full", full},
	}
}

// bare takes away everything that stands between a maker and the world but its
// curve and its spread.
func bare(p quoting.Params, d quoting.Design) quoting.Params {
	const week = 7 * 24 * 3600 * perp.Second
	p.Design = d
	p.WideAge, p.ReduceAge, p.HaltAge = week, week, week
	p.HaltTravel, p.JumpSigmas, p.JumpFloor = perp.RatioOne, 100*perp.RatioOne, perp.RatioOne
	p.GoodTicks, p.GoodSpan, p.Band = 1, 0, perp.RatioOne/2
	p.LeverageCap = 100 * perp.RatioOne
	p.Concentration = 1_414_200
	return p
}

// byReference leaves the curve, the spreads and every judgement to the reference
// vAMM, whose only limit on one fill is the band (its initial margin ratio).
func byReference(p quoting.Params) quoting.Params {
	p.Design = quoting.ByReference
	p.MinHalf, p.Band = 1, perp.RatioOne/10
	p.GoodTicks, p.GoodSpan = 1, 0 // a valid price is dealt on at once
	p.Grace = 0                    // there are no quotes to come back to
	p.DepthStep, p.DepthVol = 0, 0 // L moves with peg and funding alone
	p.LeverageCap, p.UnloadShare = 100*perp.RatioOne, 0
	return p
}

// honest tells whether the design keeps its quotes around the oracle price.
func (d Design) honest() bool {
	return d.Params.Design == quoting.Full || d.Params.Design == quoting.ByReference
}
