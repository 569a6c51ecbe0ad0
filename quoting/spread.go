package quoting

import "backstop/perp"

// step is one stage of the composition of a half-spread, after vAMM reference
// §4 with the half-spread of the pricing page: what protects from the price's
// own movement first, then what inventory and flow add, then the bounds.
type step int

const (
	stepBase step = iota
	stepConf
	stepVolatility
	stepSources
	stepRetreat
	stepWide
	stepInventory
	stepLeverage
	stepFlow
	stepToxicity
	stepRevenue
	stepCap
	stepOffset
	stepFunding
	stepCount
)

var stepNames = [stepCount]string{
	"base", "conf", "volatility", "sources", "retreat", "wide", "inventory", "leverage", "flow", "toxicity", "revenue",
	"cap", "offset", "funding",
}

// Steps is how far a side lies from the mid after each stage, in 1e-6 of the
// mid; positive is away from it.
type Steps [stepCount]perp.Ratio

// pressure is what the stages look at, in ratios.
type pressure struct {
	conf  perp.Ratio // decayed confidence
	split perp.Ratio // how far either of two sources lies from the price
	vol   perp.Ratio // volatility over the age of the price
	gust  perp.Ratio // volatility over ten seconds
	storm perp.Ratio // volatility over a minute
	gap   perp.Ratio // (mid - oracle)/mid
	flow  perp.Ratio // clients' recent net buying in their recent volume, -1..1
	lev   perp.Ratio // inventory value over equity
	crowd int        // sign of the clients' net position
	loss  perp.Ratio // recent net loss in units of the one that is tolerated
	wide  bool
	rate  perp.Ratio // funding of an hour: positive is paid by long clients
	toxic perp.Ratio // surcharge of the class
}

// pressure gathers the market's numbers at now.
func (m *Market) pressure(now perp.Time) pressure {
	p, s := &m.Params, &m.Stats
	const toRatio = returnOne / int64(perp.RatioOne)
	mid := m.Curve.Price()
	age := max(p.Lag+s.Beat, now-s.Publish)
	if p.FirmAge > 0 && p.LastLook >= LookTiered { // beyond it, waiting protects
		age = min(age, p.FirmAge)
	}
	x := pressure{
		conf:  s.Conf,
		split: s.Split,
		vol:   perp.Ratio(mulDivSat(s.sigma(p, age), int64(p.VolMultiple), int64(perp.RatioOne)) / toRatio),
		gust:  perp.Ratio(s.sigma(p, gustSpan) / toRatio),
		storm: perp.Ratio(s.sigma(p, stormSpan) / toRatio),
		gap:   perp.Ratio(mulDivSat(int64(mid-s.Price), int64(perp.RatioOne), int64(max(mid, 1)))),
		flow:  m.flow(),
		lev:   m.leverage(),
		wide:  m.Phase == perp.WideSpread || m.Phase == perp.ReduceOnly,
	}
	switch e := m.exposure(); {
	case e > 0:
		x.crowd = 1
	case e < 0:
		x.crowd = -1
	}
	x.rate = (m.Funding.Long + m.Funding.Short) / 2 / 24
	if p.RetreatLoss > 0 && s.Revenue < 0 {
		tolerated := max(1, mulDivSat(int64(max(m.Equity, 0)), int64(p.RetreatLoss), int64(perp.RatioOne)))
		x.loss = perp.Ratio(mulDivSat(-int64(s.Revenue), int64(perp.RatioOne), tolerated))
	}
	return x
}

// flow is the signed part of the clients' recent volume: F/(G + a twentieth of
// the equity), so that a few small orders are no pressure.
func (m *Market) flow() perp.Ratio {
	s := &m.Stats
	gross := addSat(addSat(int64(s.Bought), int64(s.Sold)), int64(max(m.Equity, 0))/20+1)
	return perp.Ratio(mulDivSat(int64(s.Bought-s.Sold), int64(perp.RatioOne), gross))
}

// compose walks the stages. Both sides are computed by the same code: swapping
// the signs of gap, crowd and flow swaps the sides.
func (p *Params) compose(x pressure) (ask, bid Steps) {
	most := max(p.MaxSpread, min(perp.Abs(x.gap), perp.RatioOne), min(max(2*min(x.conf, perp.RatioOne), x.storm), perp.RatioOne))
	p.side(&ask, x, most, x.crowd > 0, -x.gap, x.flow)
	p.side(&bid, x, most, x.crowd < 0, x.gap, -x.flow)
	ask[stepCap], bid[stepCap] = capSpread(ask[stepRevenue], bid[stepRevenue], most)
	// Continuous in the inventory, and with a proper scale (§4.9 flaw).
	offset := perp.Ratio(mulDivSat(int64(p.OffsetMax), int64(min(x.lev, p.LeverageCap)), int64(p.LeverageCap)))
	offset *= perp.Ratio(x.crowd)
	ask[stepOffset], bid[stepOffset] = ask[stepCap]+offset, bid[stepCap]-offset
	// What the crowded side pays as funding it also meets in the price.
	shift := perp.Ratio(0)
	if x.crowd > 0 && x.rate > 0 || x.crowd < 0 && x.rate < 0 {
		most := scale(min(ask[stepWide], bid[stepWide]), p.FundingShift)
		shift = perp.Clamp(x.rate, -most, most)
	}
	ask[stepFunding], bid[stepFunding] = ask[stepOffset]+shift, bid[stepOffset]-shift
	return ask, bid
}

// side composes one side up to the cap. Loads tells whether dealing on it grows
// the maker's inventory, behind how far its mid lies on the wrong side of the
// oracle for it, flow how much of the recent flow came to it.
func (p *Params) side(s *Steps, x pressure, most perp.Ratio, loads bool, behind, flow perp.Ratio) {
	s[stepBase] = p.BaseSpread / 2
	s[stepConf] = bound(max(s[stepBase], x.conf))
	s[stepVolatility] = bound(max(s[stepConf], x.vol))
	core := bound(s[stepVolatility] + x.split) // bid off the lower source, ask off the higher
	s[stepSources] = core
	// A mid that could not afford to follow the oracle offers no free trade.
	if behind > 0 {
		core = bound(max(core, bound(behind)+core))
	}
	s[stepRetreat] = core
	if x.wide {
		core = scale(core, p.WideWiden)
	}
	s[stepWide] = core
	s[stepInventory] = p.inventory(core, x, loads, behind > 0)
	s[stepLeverage] = p.leverage(s[stepInventory], x, loads)
	s[stepFlow] = bound(s[stepLeverage] + p.pressed(x, flow))
	s[stepToxicity] = bound(s[stepFlow] + x.toxic)
	s[stepRevenue] = bound(s[stepToxicity] + p.retreat(x, most, loads))
}

// inventory adds to the loading side what a minute may move, in full once
// leverage reaches LeverageSoft, and takes from the unloading side up to
// UnloadRelief of it, never below MinHalf and not while the mid is behind.
func (p *Params) inventory(core perp.Ratio, x pressure, loads, behind bool) perp.Ratio {
	if x.crowd == 0 {
		return core
	}
	way := perp.RatioOne
	if p.LeverageSoft > 0 {
		way = perp.Ratio(mulDivSat(int64(min(x.lev, p.LeverageSoft)), int64(perp.RatioOne), int64(p.LeverageSoft)))
	}
	switch {
	case loads:
		return bound(core + scale(scale(x.storm, p.InventoryWiden), way))
	case behind:
		return core
	}
	relief := core - scale(core, perp.RatioOne-perp.Ratio(mulDivSat(int64(p.UnloadRelief), int64(way), int64(perp.RatioOne))))
	return max(min(core, p.MinHalf), core-relief)
}

// leverage widens the loading side smoothly from LeverageSoft to the cap, with
// the square of the way: 1 + widen*x*x.
func (p *Params) leverage(side perp.Ratio, x pressure, loads bool) perp.Ratio {
	if !loads || x.lev <= p.LeverageSoft {
		return side
	}
	way := perp.Ratio(mulDivSat(int64(min(x.lev, p.LeverageCap)-p.LeverageSoft), int64(perp.RatioOne), int64(p.LeverageCap-p.LeverageSoft)))
	return scale(side, perp.RatioOne+scale(p.LeverageWiden, scale(way, way)))
}

// pressed is what one-sided flow adds to the side that it comes to, beyond the
// part that is free.
func (p *Params) pressed(x pressure, flow perp.Ratio) perp.Ratio {
	if flow <= flowFree {
		return 0
	}
	way := perp.Ratio(mulDivSat(int64(min(flow, perp.RatioOne)-flowFree), int64(perp.RatioOne), int64(perp.RatioOne-flowFree)))
	return scale(scale(x.gust, p.FlowWiden), way)
}

// retreat is what recent losses add: base spreads in proportion to the loss,
// at most a tenth of the largest spread; half of it on the side that unloads.
func (p *Params) retreat(x pressure, most perp.Ratio, loads bool) perp.Ratio {
	if x.loss <= perp.RatioOne {
		return 0
	}
	add := min(most/10, bound(perp.Ratio(mulDivSat(int64(p.BaseSpread), int64(x.loss), int64(perp.RatioOne)))))
	if !loads {
		return add / 2
	}
	return add
}

// capSpread shrinks both sides in proportion if they exceed the largest spread
// together (§4 step 8).
func capSpread(ask, bid, most perp.Ratio) (perp.Ratio, perp.Ratio) {
	sum := ask + bid
	if sum <= most {
		return ask, bid
	}
	if ask > bid {
		a := perp.Ratio(perp.MulDiv(int64(ask), int64(most), int64(sum), perp.Ceil))
		return a, most - a
	}
	b := perp.Ratio(perp.MulDiv(int64(bid), int64(most), int64(sum), perp.Ceil))
	return most - b, b
}

// scale is v times a ratio, rounded up (away from the mid), bounded.
func scale(v, by perp.Ratio) perp.Ratio {
	return bound(perp.Ratio(perp.MulDiv(int64(v), int64(by), int64(perp.RatioOne), perp.Ceil)))
}

func bound(v perp.Ratio) perp.Ratio { return min(v, ratioCap) }
