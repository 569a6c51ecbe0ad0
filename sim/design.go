package sim

import (
	"slices"

	"backstop/perp"
	"backstop/quoting"
)

// Design is a maker to try: a name and its parameters.
type Design struct {
	Name   string
	Params quoting.Params
}

// Designs are the makers that can be compared, the plainest first, then the full
// one and what is left of it without one of its means.
func Designs() []Design {
	full := fullParams()
	without := func(change func(*quoting.Params)) quoting.Params {
		p := full
		change(&p)
		return p
	}
	return []Design{
		{"naive", bare(full, quoting.Naive)},
		{"pegged", bare(full, quoting.Pegged)},
		{"reference", byReference(full)},
		{fullDesign, full},
		{"full-nolook", without(func(p *quoting.Params) { p.LastLook = quoting.LookOff })},
		{"full-nosurcharge", without(func(p *quoting.Params) { p.SurchargeMax = 0 })},
		{"full-noskew", without(func(p *quoting.Params) {
			p.InventoryWiden, p.UnloadRelief, p.OffsetMax, p.LeverageWiden, p.Improve, p.HedgeFrom = 0, 0, 0, 0, 0, 0
		})},
	}
}

// fullDesign is the design that has goals, as it would run with an outside venue.
const fullDesign = "full"

func fullParams() quoting.Params {
	p := quoting.DefaultParams()
	p.LastLook = quoting.LookTiered
	p.HedgeFrom, p.HedgeTo = 15*perp.RatioOne/100, 75*perp.RatioOne/1000
	return p
}

// alias are other names of designs.
var alias = map[string]string{"firm": "full-nolook"}

// DesignOf finds a design by its name or its other name, under which it is then
// told.
func DesignOf(name string) (Design, bool) {
	known := name
	if a, ok := alias[name]; ok {
		known = a
	}
	for _, d := range Designs() {
		if d.Name == known {
			d.Name = name
			return d, true
		}
	}
	return Design{}, false
}

// SideBySide are the names of the designs that are compared unless others are
// asked for: all that are no cut of the full one.
func SideBySide() (names []string) {
	for _, d := range Designs() {
		if names = append(names, d.Name); d.Name == fullDesign {
			break
		}
	}
	return names
}

// DesignNames are all names that DesignOf knows.
func DesignNames() (names []string) {
	for _, d := range Designs() {
		names = append(names, d.Name)
	}
	for name := range alias {
		names = append(names, name)
	}
	slices.Sort(names[len(Designs()):])
	return names
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
	p.InventoryWiden, p.UnloadRelief, p.OffsetMax, p.LeverageWiden = 0, 0, 0, 0
	return alike(p)
}

// alike takes away what treats clients by what they have shown, what needs an
// outside venue, and funding.
func alike(p quoting.Params) quoting.Params {
	p.LastLook, p.Probation, p.SurchargeMax, p.StrikeSpan, p.FillBucket = quoting.LookOff, 0, 0, 0, 0
	p.Improve, p.HedgeFrom, p.DrawdownLoss = 0, 0, 0
	p.FundingBase, p.FundingMax, p.FundingShift = 0, 0, 0
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
	return alike(p)
}

// honest tells whether the design keeps its quotes around the oracle price.
func (d Design) honest() bool {
	return d.Params.Design == quoting.Full || d.Params.Design == quoting.ByReference
}
