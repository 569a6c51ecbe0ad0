package quoting

import (
	"github.com/holiman/uint256"

	"backstop/perp"
)

// ByReference prices as the reference vAMM does: its own re-centring, spreads,
// validity rules and fill gate (vAMM reference §3, §4, §6), on this engine and
// its ladder. The arithmetic is that of Reference; here a Market's state is
// brought to it and its answers are brought back.

// refSlot is the reference's unit of time (§0); ages of prices count whole slots.
// Which came first, an order or a price, is compared by nanoseconds instead: on
// its chain an order of the price's own slot passes for an earlier one, which
// with this oracle would let in every order that the gate is there for.
const refSlot = 400 * perp.Millisecond

// The reference's day and hour, over which volumes fade (§5.6).
const refDay = 24 * refHour

// referenceState is what the reference remembers beyond a Market. Only a market
// of that design has one.
type referenceState struct {
	Books  Reference // what the Market knows itself is brought in before each use
	Now    perp.Time // of the newest tick or clock
	Opened perp.Time // when these books began
	Traded perp.Time // when clients dealt last
	Day    num       // what clients dealt, fading over a day
	Enough bool      // the newest price had enough sources
}

// refSlots is a time in whole slots.
func refSlots(t perp.Time) num { return n64(int64(t / refSlot)) }

// refSeconds is a time in whole seconds.
func refSeconds(t perp.Time) num { return n64(int64(t / perp.Second)) }

// refSideOf is a client's side as the reference calls it.
func refSideOf(side perp.Side) refSide {
	if side == perp.Buy {
		return refLong
	}
	return refShort
}

// newReference opens the books of the reference at a price: a market of its best
// tier with the usual intensities. At 100 it re-centres and may lower L, and has
// no reference price offset.
func newReference(price perp.Price, now perp.Time) *referenceState {
	p, at := n64(int64(price)), refSeconds(now)
	return &referenceState{Now: now, Opened: now, Traded: now, Enough: true, Books: Reference{
		Tier: "A", Contract: "Perpetual", Status: "Active", Intensity: n64(100), Jit: n64(100),
		ImmediateDelay: n64(-1), // immediate fills need a price of this very slot (§6.1)
		FundingPeriod:  n64(refHour), LastPrice: p,
		OracleTwap: p, OracleTwap5: p, MarkTwap: p, MarkTwap5: p, BidTwap: p, AskTwap: p,
		OracleTwapTime: at, MarkTwapTime: at,
	}}
}

// referred brings the reference's books up to the market, which must have its
// curve; the first time it opens them at the accepted price.
func (m *Market) referred() *Reference {
	if m.Ref == nil {
		m.Ref = newReference(m.Stats.Price, m.Stats.Publish)
	}
	r, c, p := &m.Ref.Books, &m.Curve, &m.Params
	r.Base, r.Quote, r.L = num{c.Base.ToBig()}, num{c.Quote.ToBig()}, num{c.L.ToBig()}
	r.Peg, r.Users, r.Concentration = n64(int64(c.Peg)), n64(int64(c.Users)), n64(int64(p.Concentration))
	r.Equity, r.Fees, r.Revenue = n64(int64(m.Equity)), n64(int64(m.Fees)), n64(int64(m.Stats.Revenue))
	r.BaseSpread, r.MaxSpread = n64(int64(p.BaseSpread)), n64(int64(p.MaxSpread))
	r.Tick, r.Step, r.MinOrder = n64(int64(m.Instrument.Tick)), n64(int64(m.Instrument.Lot)), n64(int64(m.least()))
	// A market younger than a day counts as one that always traded like this: on
	// its first day every order would look like half of the day's flow.
	age := clamp(refSeconds(m.Ref.Now-m.Ref.Opened), n64(1), n64(refDay))
	r.Volume24h = m.Ref.Day.times(refDay).div(age)
	r.settleBounds()
	return r
}

// reading is the accepted price as the reference sees it, with its age in slots.
func (m *Market) reading() RefOracle {
	s, enough := &m.Stats, m.Ref.Enough
	return RefOracle{
		Price: n64(int64(s.Price)), Confidence: n64(int64(s.Width)),
		Delay: refSlots(m.Ref.Now).sub(refSlots(s.Publish)), Sufficient: &enough,
	}
}

// referTick takes a tick as the reference does: only what is no price at all
// keeps the curve from moving (§6.2); whether anything is dealt is judged apart.
func (m *Market) referTick(t perp.OracleTick, now perp.Time) Moved {
	p, s := &m.Params, &m.Stats
	from, was := m.Phase, m.Why
	moved := Moved{Decision: sane(p, t, now)}
	cause := moved.Decision.Cause()
	switch {
	case moved.Decision.Quality == Invalid:
	case t.Publish <= s.Seen:
		moved.Decision = Decision{Stale, 0, "not newer than the last tick", int64(t.Publish), int64(s.Seen)}
	default:
		s.observe(p, t)
		s.beat(p, t.Publish)
		s.Seen = t.Publish
		if m.Curve.L.IsZero() {
			m.follow(now)
		}
		if !m.Curve.L.IsZero() {
			m.referAt(now)
			m.Ref.Enough = t.Sources >= p.SourcesMin
			moved.Cost = m.referMove()
			moved.Decision, cause = m.referJudge()
		}
	}
	if moved.Decision.State != 0 {
		m.enter(moved.Decision.State, cause, now, true)
	}
	moved.Peg, moved.Shift = m.Curve.Peg, m.since(from, was)
	return moved
}

// referClock lets age and losses close the market, like Clock.
func (m *Market) referClock(now perp.Time) Shift {
	from, was := m.Phase, m.Why
	if m.Phase != perp.Warming && m.Phase != perp.Expired && !m.Curve.L.IsZero() {
		m.referAt(now)
		if d, why := m.referJudge(); d.State > perp.Open {
			m.enter(d.State, why, now, false)
		}
	}
	return m.since(from, was)
}

// referAt notes the time, which the gate is not told.
func (m *Market) referAt(now perp.Time) {
	m.referred()
	m.Ref.Now = now
}

// referMove runs the reference's whole update before trades (§3) and takes its
// curve over. What it cost is the change of the clients' closing value: the
// reference spends what lowering L gains without booking it (§15.11), which
// would break the equity identity here.
func (m *Market) referMove() perp.Money {
	r := m.referred()
	if _, err := r.update(m.reading(), refGuard(), refSeconds(m.Ref.Now), refSlots(m.Ref.Now)); err != nil {
		return 0 // The reference fails as a whole: nothing has moved.
	}
	c, before := &m.Curve, m.Curve.Closing()
	c.Base, c.Quote, c.L = refReserves(r.Base), refReserves(r.Quote), refReserves(r.L)
	c.Peg = perp.Price(r.Peg.int64("peg"))
	cost := perp.Sub(c.Closing(), before)
	m.pay(cost, before)
	return cost
}

// referJudge tells whether the reference's maker fills at all now, and why not
// (§6.5 steps 2 to 4, the 50 % band of §6.4). It fills in full or not at all.
func (m *Market) referJudge() (Decision, perp.Reject) {
	r, o, g := m.referred(), m.reading(), refGuard()
	v := r.validity(o, g)
	d := Decision{Quality: Valid, State: perp.Open, Check: v.String()}
	switch {
	case v.lowRisk() && r.drawdown():
		d.State, d.Check = perp.Halted, "drawdown"
		return d, perp.Drawdown
	case v.lowRisk() && refFar(o.Price, r.OracleTwap5, g.TwapDivergence):
		d.Quality, d.State, d.Check = Jump, perp.Halted, "distance from the 5-minute average"
	case v.lowRisk():
	case v.State == refVolatile:
		d.Quality, d.State = Jump, perp.Halted
	case v.State == refUncertain:
		d.Quality, d.State = Wide, perp.Halted
	default:
		d.Quality, d.State = Stale, perp.Halted
	}
	return d, d.Cause()
}

// referWaits tells whether an aggressive order of a side that arrived then has
// to wait for the next price. The reference asks its gate (§6.5): an order that
// was committed before the price was observed deals, another only if it
// relieves a maker with little inventory and no losses, on a price of this slot.
func (m *Market) referWaits(side perp.Side, arrival perp.Time) bool {
	r, o, now := m.referred(), m.reading(), n64(int64(m.Ref.Now))
	valid := r.validity(o, refGuard())
	o.Delay = now.sub(n64(int64(m.Stats.Publish))) // from here on in nanoseconds
	order := gateOrder{Slot: n64(int64(arrival)), Side: refSideOf(side), Trusted: true}
	return !r.canFill(order, o, makerFeed{}, false, valid, now, false)
}

// referNothing is what the reference tolerates of a move: no held order ever
// deals at a price that no longer stands.
const referNothing = -perp.RatioOne

// referSteps are the half-spreads of the reference after each of its stages;
// stages that it does not know repeat the one before.
func (m *Market) referSteps(now perp.Time) (ask, bid Steps) {
	r := m.referred()
	price := r.price()
	// The mid may have moved since the tick; the reference would look again
	// before each fill.
	r.Gap = price.sub(n64(int64(m.Stats.Price))).times(refPrice).div(price)
	var known [stepCount]bool
	r.composed(price, func(s step, long, short num) {
		known[s], ask[s], bid[s] = true, refRatio(long), refRatio(short)
	})
	r.updateSpreads(price, refSlots(now))
	known[stepOffset] = true
	ask[stepOffset] = refRatio(r.LongSpread.add(r.Offset))
	bid[stepOffset] = refRatio(r.ShortSpread.sub(r.Offset))
	for i := stepBase + 1; i < stepCount; i++ {
		if !known[i] {
			ask[i], bid[i] = ask[i-1], bid[i-1]
		}
	}
	return ask, bid
}

// referTraded counts a client's fill: volumes and intensities (§5.6), and the
// averages of the mark, whose failures the reference skips too.
func (m *Market) referTraded(side perp.Side, price perp.Price, cash perp.Money) {
	r, v, now := m.referred(), n64(int64(cash)), m.Ref.Now
	since := most(n64(1), refSeconds(now).sub(refSeconds(m.Ref.Traded)))
	bought, sold := v, n64(0)
	if side == perp.Sell {
		bought, sold = sold, bought
	}
	r.LongVolume = refFaded(r.LongVolume, since, refHour).add(bought)
	r.ShortVolume = refFaded(r.ShortVolume, since, refHour).add(sold)
	m.Ref.Day = refFaded(m.Ref.Day, since, refDay).add(v)
	m.Ref.Traded = now
	trade := n64(int64(price))
	_, _ = r.markTrade(refSeconds(now), &trade, refSideOf(side), r.clampDivisor()) // Refused: the averages stay.
}

// refFaded is what is left of a sum that fades in a straight line over a span.
func refFaded(v, since num, span int64) num {
	return v.mul(most(n64(0), n64(span).sub(since))).over(span)
}

// refRatio is a spread as a distance; beyond the bound they are not told apart.
func refRatio(v num) perp.Ratio {
	return perp.Ratio(clamp(v, n64(-int64(ratioCap)), n64(int64(ratioCap))).big().Int64())
}

// int64 turns a number back; one that does not fit is a Fault.
func (a num) int64(what string) int64 {
	if !a.big().IsInt64() {
		panic(perp.Fault{What: what + " overflow"})
	}
	return a.big().Int64()
}

// refReserves turns a reserve back.
func refReserves(v num) Reserve {
	z, over := uint256.FromBig(v.big())
	if over || v.sign() <= 0 {
		panic(perp.Fault{What: "reserve of the reference is " + v.String()})
	}
	return Reserve{*z}
}
