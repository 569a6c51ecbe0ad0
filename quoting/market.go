package quoting

import (
	"github.com/holiman/uint256"

	"backstop/perp"
)

// Market is the whole state of the maker in one instrument. It is plain data;
// JSON carries it exactly, after CatchUp. All changes go through its methods.
type Market struct {
	Instrument perp.Instrument
	Params     Params
	Curve      Curve
	Stats      Stats
	Equity     perp.Money // E: what the maker would own if all clients closed along the curve
	Rounding   perp.Money // units by which Equity is kept too low, so that the identity is exact
	Fees       perp.Money // F: fees ever paid by clients; half of it is never spent on prices
	Phase      perp.MarketState
	Why        perp.Reject      // why the market is not open
	Heard      perp.Time        // when a tick last had a say in that
	Forced     perp.MarketState // the best state that the desk allows; zero: any
	Funding    Funding
	Good       int       // good ticks in a row towards a better state
	GoodFrom   perp.Time // when the first of them came
	Deepened   perp.Time // when L last followed equity
	First      int64     // version of the first quote
	Newest     int64     // and of the newest one
	Offers     []Offer   // one for each class in use, that of everybody first

	Sessions Roster // what is known of who trades
	Firms    Roster
	Markouts Markouts         // orders that are looked at again later
	Ticks    [qualities]int64 // that came, by quality

	Hedged    perp.Size  // position at the outside venue
	VenueDebt perp.Money // that the market could not pay it yet
	Wish      string     // key of the hedge that was asked for; empty: none
	Wished    perp.Time

	Ref *referenceState `json:",omitempty"` // of the design ByReference alone

	scratch []*Client
	groups  map[string]*group // of sessions that deal
	rooms   [2]perp.Size      // of the sides, while offers are made
	marked  []perp.MarkedOut
	seated  bool // Offers are those of the classes in use
}

// Moved is what a tick did.
type Moved struct {
	Decision Decision
	Peg      perp.Price
	Cost     perp.Money // paid by the maker for re-centring; negative: earned
	Shift
}

// Shift is what became of the state of a market, and of the reason for it.
type Shift struct {
	From, To   perp.MarketState
	Was, Cause perp.Reject
}

// Changed tells whether there is anything to say. A reason that became another
// one is news too: clients are refused for it.
func (s Shift) Changed() bool { return s.From != s.To || s.Was != s.Cause }

// since completes what began with a state and its reason.
func (m *Market) since(from perp.MarketState, was perp.Reject) Shift {
	return Shift{From: from, To: m.Phase, Was: was, Cause: m.Why}
}

// New is a market that waits for its first good ticks. It panics with a Fault
// on parameters that Validate refuses.
func New(inst perp.Instrument, p Params) *Market {
	m := &Market{Phase: perp.Warming, Why: perp.OracleStale, Offers: make([]Offer, 1)}
	m.Configure(inst, p)
	m.Stats.Beat = p.Beat
	return m
}

// Configure changes instrument and parameters of a live market. They must be
// valid: the door that read them has said so to its operator.
func (m *Market) Configure(inst perp.Instrument, p Params) {
	if err := p.Validate(); err != nil {
		panic(perp.Fault{What: "parameters of " + inst.Symbol + ": " + err.Error()})
	}
	if inst.Tick <= 0 || inst.Lot <= 0 {
		panic(perp.Fault{What: "steps of " + inst.Symbol, Args: []int64{int64(inst.Tick), int64(inst.Lot)}})
	}
	m.Instrument, m.Params = inst, p
}

// Fund adds to the maker's equity; a negative amount takes from it.
func (m *Market) Fund(amount perp.Money) { m.Equity = perp.Add(m.Equity, amount) }

// Funds is the maker's equity in this market.
func (m *Market) Funds() perp.Money { return m.Equity }

// Backing is what the maker's equity is made of: what it would own if every
// client closed along the curve, plus that closing value and the units that
// rounding withheld. It changes only when cash or claims do (§9.4).
func (m *Market) Backing() perp.Money {
	v := perp.Add(m.Equity, m.Rounding)
	if !m.Curve.L.IsZero() {
		v = perp.Add(v, m.Curve.Closing())
	}
	return v
}

// Force holds the market at a state or worse; Open lets it be as good as its
// prices allow. It tells what changed.
func (m *Market) Force(to perp.MarketState) Shift {
	from, was := m.Phase, m.Why
	m.Forced, m.Good = to, 0
	if m.Phase <= to && to > perp.Open {
		m.Phase, m.Why = to, forcedCause(to)
	}
	return m.since(from, was)
}

func forcedCause(s perp.MarketState) perp.Reject {
	if s == perp.ReduceOnly {
		return perp.ReduceOnlyMode
	}
	return perp.MarketHalted
}

// Expire ends the market for ever, after every client was closed: what is left
// is the maker's.
func (m *Market) Expire(equity perp.Money) Shift {
	from, was := m.Phase, m.Why
	m.Curve, m.Offers, m.seated, m.Markouts = Curve{}, make([]Offer, 1), false, Markouts{}
	m.Equity, m.Rounding = equity, 0
	m.Forced, m.Phase, m.Why = perp.Expired, perp.Expired, perp.MarketHalted
	return m.since(from, was)
}

// Fair is the slow average of the oracle price.
func (m *Market) Fair() perp.Price { return perp.Price(m.Stats.Index / fine) }

// Spare is what the maker may spend: equity less half of the fees (§3.1).
func (m *Market) Spare() perp.Money { return m.budget() }

// Mark is the newest accepted oracle price; zero before the first.
func (m *Market) Mark() perp.Price { return m.Stats.Price }

// OracleState is the newest accepted oracle price, and what it is worth now.
func (m *Market) OracleState() perp.OracleState {
	return perp.OracleState{
		Price: m.Stats.Price, Confidence: m.Stats.Width, Time: m.Stats.Publish, State: m.Phase, Cause: m.Why,
	}
}

// State is what the market is open for, and why not more.
func (m *Market) State() (perp.MarketState, perp.Reject) { return m.Phase, m.Why }

// Allows tells whether the market permits an action now.
func (m *Market) Allows(a Action) bool { return Allows(a, m.Phase) }

// Life is how long a quote may be dealt on.
func (m *Market) Life() perp.Time { return m.Params.TTL }

// Tick takes an oracle tick: judge it, move the reserves to it within the
// budget, learn from it. Quotes follow with Requote.
func (m *Market) Tick(t perp.OracleTick, now perp.Time) Moved {
	p, s := &m.Params, &m.Stats
	if m.Phase == perp.Expired {
		return Moved{Shift: m.since(m.Phase, m.Why)}
	}
	if p.Design == ByReference {
		return m.referTick(t, now)
	}
	from, was := m.Phase, m.Why
	moved := Moved{Decision: Guard(p, s, t, now)}
	d := moved.Decision
	m.Ticks[d.Quality]++
	if d.State != 0 {
		if d.Accepted() {
			s.observe(p, t)
			moved.Cost = m.follow(now)
		} else if d.Quality == Jump {
			s.doubt(p, t)
		}
		if d.Quality != Invalid {
			s.beat(p, t.Publish)
			s.Seen = t.Publish
		}
		m.Heard = now
		m.enter(d.State, d.Cause(), now, true)
	} else { // nothing new: what is known has only grown older
		m.Clock(now)
	}
	moved.Peg, moved.Shift = m.Curve.Peg, m.since(from, was)
	return moved
}

// Clock lets age alone close the market. It never opens it.
func (m *Market) Clock(now perp.Time) Shift {
	if m.Params.Design == ByReference {
		return m.referClock(now)
	}
	from, was := m.Phase, m.Why
	if m.Phase != perp.Warming && m.Phase != perp.Expired {
		d := m.Stats.age(&m.Params, m.Stats.Publish, now)
		if d.State > perp.Open {
			m.enter(d.State, m.agedCause(d, now), now, false)
		} else if m.Equity <= 0 || m.drawdown() {
			m.enter(perp.Open, perp.RejectNone, now, false)
		}
	}
	return m.since(from, was)
}

// agedCause is why a market is where the age of its price puts it. While ticks
// come that are not believed, they are the reason for it, not that none came.
func (m *Market) agedCause(d Decision, now perp.Time) perp.Reject {
	if m.Why == perp.OracleDivergent && d.State <= m.Phase && m.Stats.age(&m.Params, m.Heard, now).State < d.State {
		return m.Why
	}
	return d.Cause()
}

// enter moves towards a state: at once to a worse one, after GoodTicks ticks
// in a row and GoodSpan to a better one. Of several reasons for one state the one
// that will last is told: the desk's, then the maker's own, then the price's.
func (m *Market) enter(to perp.MarketState, cause perp.Reject, now perp.Time, tick bool) {
	if to <= perp.ReduceOnly {
		switch {
		case m.Equity <= 0:
			to, cause = perp.ReduceOnly, perp.DealerLeverage
		case m.drawdown():
			to, cause = perp.ReduceOnly, perp.Drawdown
		}
	}
	if m.Forced > perp.Open && to <= m.Forced {
		to, cause = m.Forced, forcedCause(m.Forced)
	}
	better := to < m.Phase
	if m.Phase == perp.Warming && (to >= perp.ReduceOnly || m.Curve.L.IsZero()) {
		m.Good, better = 0, false
		return
	}
	switch {
	case !better:
		m.Good = 0
		m.Phase, m.Why = to, cause
	case tick:
		if m.Good == 0 {
			m.GoodFrom = now
		}
		m.Good++
		if m.Good >= m.Params.GoodTicks && now-m.GoodFrom >= m.Params.GoodSpan {
			m.Phase, m.Why, m.Good = to, cause, 0
		}
	}
}

// drawdown tells whether the market has lately lost too much, both in money and
// as a share of what is left (vAMM reference §6.5 rule 2).
func (m *Market) drawdown() bool {
	p, lost := &m.Params, -m.Stats.Revenue
	if p.DrawdownLoss == 0 || p.Design != Full || lost < p.DrawdownLoss {
		return false
	}
	return int64(lost) >= mulDivSat(int64(max(m.Equity, 1)), int64(p.DrawdownShare), int64(perp.RatioOne))
}

// follow moves the curve to the accepted price: the first one makes it, each
// later one re-centres it (vAMM reference §3). It returns what that cost.
func (m *Market) follow(now perp.Time) perp.Money {
	if m.Curve.L.IsZero() {
		if m.Equity > 0 {
			m.Curve = newCurve(m.depth(), m.Stats.Price)
			m.Deepened = now
		}
		return 0
	}
	if m.Params.Design == Naive {
		return 0
	}
	before := m.Curve.Closing()
	cost := m.recentre()
	m.pay(cost, before)
	before = m.Curve.Closing()
	deeper := m.deepen(now)
	m.pay(deeper, before)
	return perp.Add(cost, deeper)
}

// pay books what moving the curve cost: out of equity and recent revenue. What
// the cost exceeds the change of the closing value by is rounding.
func (m *Market) pay(cost, before perp.Money) {
	m.Rounding = perp.Add(m.Rounding, perp.Sub(cost, perp.Sub(m.Curve.Closing(), before)))
	m.Equity = perp.Sub(m.Equity, cost)
	m.Stats.Revenue = perp.Money(addSat(int64(m.Stats.Revenue), -int64(cost)))
}

// budget is what may be spent on prices: equity less half of the fees (§3.1).
func (m *Market) budget() perp.Money { return max(0, perp.Sub(m.Equity, m.Fees/2)) }

// recentre moves the peg so that the mid meets the oracle, or as far towards it
// as the budget reaches; but never leaves it further away than half the largest
// spread, whatever that costs (§3.2, §3.3). It returns the cost.
func (m *Market) recentre() perp.Money {
	c, o := &m.Curve, m.Stats.Price
	best := c.PegFor(o)
	cost := c.PegCost(best)
	if budget := m.budget(); cost > budget && m.Params.Design == Full {
		best = m.further(best, c.PegWithin(best, budget))
		cost = c.PegCost(best)
	}
	c.Peg = best
	return cost
}

// further returns the peg nearer to best: the affordable one, or the one that
// brings the mid to the near limit of half the largest spread.
func (m *Market) further(best, affordable perp.Price) perp.Price {
	c, o := &m.Curve, m.Stats.Price
	half := o.Of(m.Params.MaxSpread/2, perp.Floor)
	p := c.Price()
	switch {
	case p > o+half:
		return min(affordable, max(best, c.PegFor(o+half)))
	case p < o-half:
		return max(affordable, min(best, c.PegFor(o-half)))
	}
	return affordable
}

// depth is L for the present equity, price and volatility: Depth x E/P, less in
// proportion when volatility is above DepthVol (§16 "Depth rule").
func (m *Market) depth() Reserve {
	var r Reserve
	e, k, p := signed(int64(max(m.Equity, 0))), signed(m.Params.Depth), signed(int64(m.Stats.Price))
	r.Mul(&e, &k)
	r.Mul(&r.Int, &nano)
	r.Div(&r.Int, &p)
	calm := int64(m.Params.DepthVol) * (returnOne / int64(perp.RatioOne))
	if vol := m.Stats.sigma(&m.Params, perp.Second); calm > 0 && vol > calm {
		c, v := signed(calm), signed(vol)
		r.Mul(&r.Int, &c)
		r.Div(&r.Int, &v)
	}
	if least := reserve(lMin); r.Lt(&least.Int) {
		return least
	}
	if r.Gt(&lMax) {
		r.Int = lMax
	}
	return r
}

// lMin is the smallest L: one base unit a side.
const lMin = 1_000_000_000

// deepen lets L follow equity and price by at most DepthStep every DepthEvery,
// and only if the budget bears the cost, which it returns.
func (m *Market) deepen(now perp.Time) perp.Money {
	p, c := &m.Params, &m.Curve
	if p.DepthStep == 0 || now-m.Deepened < p.DepthEvery {
		return 0
	}
	m.Deepened = now
	want := m.depth()
	lo, hi := share(&c.L.Int, perp.RatioOne-p.DepthStep), share(&c.L.Int, perp.RatioOne+p.DepthStep)
	if want.Lt(&lo) {
		want.Int = lo
	} else if want.Gt(&hi) {
		want.Int = hi
	}
	next := c.Scaled(want)
	users := signed(abs(int64(c.Users)))
	if !users.Lt(&want.Int) || next.Base.IsZero() || next.Depth(perp.Buy, p.Concentration) == 0 ||
		next.Depth(perp.Sell, p.Concentration) == 0 {
		return 0
	}
	cost := perp.Add(perp.Sub(next.Closing(), c.Closing()), 1) // both were cut off
	if cost > m.budget() {
		return 0
	}
	*c = next
	return cost
}

func share(v *uint256.Int, r perp.Ratio) (z uint256.Int) {
	k := signed(int64(r))
	z.Mul(v, &k)
	z.Div(&z, &one6)
	return z
}

// Filled moves the mid reserves by a fill and books what it brought: the
// surplus over the mid cash, and the fee. It returns the surplus, which is
// negative when an older quote was honoured at a loss.
func (m *Market) Filled(side perp.Side, size perp.Size, price perp.Price, fee perp.Money) perp.Money {
	cash, surplus := m.move(side, size, price, fee)
	m.Stats.Revenue = perp.Money(addSat(int64(m.Stats.Revenue), addSat(int64(surplus), int64(fee))))
	m.Stats.traded(side, cash)
	if m.Params.Design == ByReference {
		m.referTraded(side, price, cash)
	}
	return surplus
}

// move moves the mid reserves by a fill and books what it brought into equity and
// fees. It returns the cash of the fill and its surplus.
func (m *Market) move(side perp.Side, size perp.Size, price perp.Price, fee perp.Money) (cash, surplus perp.Money) {
	if size <= 0 || price <= 0 {
		panic(perp.Fault{What: "fill of nothing", Args: []int64{int64(size), int64(price)}})
	}
	cash = perp.Notional(price, size, perp.Floor) // whole by configuration
	before := m.Curve.Closing()
	m.Curve.Trade(side, size)
	// What the clients could close for changed by the mid cash; equity takes the
	// rest, one unit less because both closing values were cut off.
	surplus = perp.Sub(perp.Money(side.Sign())*cash, perp.Sub(m.Curve.Closing(), before)) - 1
	m.Equity = perp.Add(m.Equity, perp.Add(surplus, fee))
	m.Rounding++
	m.Fees = perp.Add(m.Fees, fee)
	return cash, surplus
}
