package quoting

import "backstop/perp"

// step is one stage of the composition of a half-spread, in the order of vAMM
// reference §4.
type step int

const (
	stepBase step = iota
	stepVolatility
	stepRetreat
	stepInventory
	stepLeverage
	stepRevenue
	stepWide
	stepCap
	stepOffset
	stepCount
)

var stepNames = [stepCount]string{
	"base", "volatility", "retreat", "inventory", "leverage", "revenue", "wide", "cap", "offset",
}

// Steps is how far a side lies from the mid after each stage, in 1e-6 of the
// mid; positive is away from it.
type Steps [stepCount]perp.Ratio

// pressure is what the stages look at, in ratios.
type pressure struct {
	conf     perp.Ratio // decayed confidence
	vol      perp.Ratio // volatility over the age of the price
	storm    perp.Ratio // volatility over a minute
	gap      perp.Ratio // (mid - oracle)/mid
	bought   perp.Ratio // clients' recent buys in the day's flow
	sold     perp.Ratio
	fullness perp.Ratio // inventory in the smaller open side of the curve, 0..1
	lev      perp.Ratio // inventory value over equity
	crowd    int        // sign of the clients' net position
	loss     perp.Ratio // recent net loss in units of the one that is tolerated
	wide     bool
}

// pressure gathers the market's numbers at now.
func (m *Market) pressure(now perp.Time) pressure {
	p, s := &m.Params, &m.Stats
	const toRatio = returnOne / int64(perp.RatioOne)
	mid := m.Curve.Price()
	day := int64(max(s.Day, 1))
	buy, sell := m.Curve.Depth(perp.Buy, p.Concentration), m.Curve.Depth(perp.Sell, p.Concentration)
	x := pressure{
		conf:     s.Conf,
		vol:      perp.Ratio(mulDivSat(s.sigma(p, max(p.Lag+s.Beat, now-s.Publish)), int64(p.VolMultiple), int64(perp.RatioOne)) / toRatio),
		storm:    perp.Ratio(s.sigma(p, stormSpan) / toRatio),
		gap:      perp.Ratio(mulDivSat(int64(mid-s.Price), int64(perp.RatioOne), int64(max(mid, 1)))),
		bought:   perp.Ratio(mulDivSat(int64(s.Bought), int64(perp.RatioOne), day)),
		sold:     perp.Ratio(mulDivSat(int64(s.Sold), int64(perp.RatioOne), day)),
		fullness: perp.Ratio(mulDivSat(abs(int64(m.Curve.Users)), int64(perp.RatioOne), int64(max(1, min(buy, sell))))),
		lev:      m.leverage(),
		wide:     m.Phase == perp.WideSpread || m.Phase == perp.ReduceOnly,
	}
	switch {
	case m.Curve.Users > 0:
		x.crowd = 1
	case m.Curve.Users < 0:
		x.crowd = -1
	}
	if p.RetreatLoss > 0 && s.Revenue < 0 {
		tolerated := max(1, mulDivSat(int64(max(m.Equity, 0)), int64(p.RetreatLoss), int64(perp.RatioOne)))
		x.loss = perp.Ratio(mulDivSat(-int64(s.Revenue), int64(perp.RatioOne), tolerated))
	}
	return x
}

// compose walks the stages. Both sides are computed by the same code: swapping
// the signs of gap and crowd and the two flows swaps the sides.
func (p *Params) compose(x pressure) (ask, bid Steps) {
	half := p.BaseSpread / 2
	ask[stepBase], bid[stepBase] = half, half

	floor := x.conf
	if floor <= confFull {
		floor /= confPart
	}
	volAsk, volBid := p.flowVol(x, x.bought, floor), p.flowVol(x, x.sold, floor)
	ask[stepVolatility], bid[stepVolatility] = max(half, volAsk), max(half, volBid)

	// A mid that could not afford to follow the oracle offers no free trade.
	ask[stepRetreat], bid[stepRetreat] = ask[stepVolatility], bid[stepVolatility]
	gap := perp.Ratio(abs(int64(x.gap)))
	if x.gap < 0 {
		ask[stepRetreat] = bound(max(ask[stepRetreat], bound(gap)+volAsk))
	} else if x.gap > 0 {
		bid[stepRetreat] = bound(max(bid[stepRetreat], bound(gap)+volBid))
	}
	most := max(p.MaxSpread, min(gap, perp.RatioOne), min(max(2*min(x.conf, perp.RatioOne), x.storm), perp.RatioOne))

	loadAsk, loadBid := x.crowd > 0, x.crowd < 0
	ask[stepInventory] = p.inventory(ask[stepRetreat], x, most, loadAsk)
	bid[stepInventory] = p.inventory(bid[stepRetreat], x, most, loadBid)
	ask[stepLeverage] = p.leverage(ask[stepInventory], x, loadAsk)
	bid[stepLeverage] = p.leverage(bid[stepInventory], x, loadBid)
	ask[stepRevenue] = bound(ask[stepLeverage] + p.retreat(x, most, loadAsk))
	bid[stepRevenue] = bound(bid[stepLeverage] + p.retreat(x, most, loadBid))
	ask[stepWide], bid[stepWide] = ask[stepRevenue], bid[stepRevenue]
	if x.wide {
		ask[stepWide] = scale(ask[stepRevenue], p.WideWiden)
		bid[stepWide] = scale(bid[stepRevenue], p.WideWiden)
	}
	ask[stepCap], bid[stepCap] = capSpread(ask[stepWide], bid[stepWide], most)

	// Continuous in the inventory, and with a proper scale (§4.9 flaw).
	offset := perp.Ratio(mulDivSat(int64(p.OffsetMax), int64(min(x.lev, p.LeverageCap)), int64(p.LeverageCap)))
	offset *= perp.Ratio(x.crowd)
	ask[stepOffset], bid[stepOffset] = ask[stepCap]+offset, bid[stepCap]-offset
	return ask, bid
}

// flowVol is the volatility part of a side: the more of the flow it sees, the
// nearer to the whole of it; never less than what confidence asks for.
func (p *Params) flowVol(x pressure, flow, floor perp.Ratio) perp.Ratio {
	weight := perp.Clamp(flow, p.FlowFloor, perp.RatioOne)
	return bound(max(floor, scale(max(x.conf, x.vol), weight)))
}

// inventory widens the loading side with what it already carries.
func (p *Params) inventory(side perp.Ratio, x pressure, most perp.Ratio, loads bool) perp.Ratio {
	if !loads || p.InventoryWiden == 0 {
		return side
	}
	top := max(p.InventoryWiden, perp.Ratio(mulDivSat(int64(most), int64(perp.RatioOne), int64(max(side, 1)))))
	return scale(side, min(top, perp.RatioOne+scale(top, min(x.fullness, perp.RatioOne))))
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
