package sim

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"backstop/engine"
	"backstop/perp"
	"backstop/quoting"
	"backstop/risk"
)

const trialSymbol = "SIM-PERP"

// trialFunds is what the maker has: the goals are told per million.
const trialFunds = 1_000_000 * perp.MoneyOne

// trialStart is when the world begins; quotes need a time after zero.
const trialStart = 1_000_000 * perp.Second

// clockEvery is how often time passes by itself, as in the gateway.
const clockEvery = 100 * perp.Millisecond

// never is a time that does not come.
const never = perp.Time(math.MaxInt64)

// Trial is one run of one design in one scenario: the real engine in virtual
// time, with the same prices and takers for every design of a seed. It goes from
// one thing that happens to the next; times are since trialStart unless they
// are the engine's.
type trial struct {
	scenario Scenario
	design   Design
	path     Path
	usual    perp.Time // between ticks of the oracle
	engine   *engine.Engine
	venue    Venue
	takers   []*taker
	byName   map[string]*taker
	flight   []sent
	checker  *Checker
	score    *score
	tick     perp.Price
	lot      perp.Size

	quote   perp.Quote                // of those that nothing is known against
	quotes  map[perp.Class]perp.Quote // of the others
	grades  map[string]perp.Class     // of sessions
	refused bool                      // the order that was just applied

	provides int64 // requests of the liquidity provider

	true_, back       int // in the path: now, and five seconds ago
	told              int // in the path: what the oracle said last; -1: nothing
	ticked            perp.Time
	nextTick, nextLk  perp.Time
	nextClk, nextSmpl perp.Time
}

// Try runs one design once and returns what it measured. The error says what did
// not hold, or that the context ended.
func Try(ctx context.Context, s Scenario, design Design, seed uint64) (out Score, err error) {
	path := s.Path(seed)
	if len(path) < 2 {
		return Score{}, fmt.Errorf("scenario %s: %d prices are no path", s.Name, len(path))
	}
	defer func() {
		if p := recover(); p != nil {
			fault, ok := p.(perp.Fault)
			if !ok {
				panic(p)
			}
			err = fmt.Errorf("%s, design %s, seed %d: %w", s.Name, design.Name, seed, fault)
		}
	}()
	t := newTrial(s, design, path, seed)
	if err := t.open(); err != nil {
		return Score{}, err
	}
	end := path[len(path)-1].At
	for now, n := perp.Time(0), 0; now <= end; now, n = t.next(now), n+1 {
		if n%4096 == 0 && ctx.Err() != nil {
			return Score{}, ctx.Err()
		}
		if err := t.moment(now); err != nil {
			return Score{}, fmt.Errorf("%s, design %s, seed %d, at %d ms: %w", s.Name, design.Name, seed, now/perp.Millisecond, err)
		}
	}
	return t.total(end), nil
}

func newTrial(s Scenario, design Design, path Path, seed uint64) *trial {
	t := &trial{
		scenario: s, design: design, path: path, usual: path.usual(s.Period), engine: engine.New(), venue: newVenue(),
		takers: takers(seed), byName: map[string]*taker{}, checker: NewChecker(), score: newScore(path),
		quotes: map[perp.Class]perp.Quote{}, grades: map[string]perp.Class{}, told: -1, nextTick: path[0].At + s.Lag,
	}
	t.checker.halts = true // Counted here instead.
	low, _ := path.extremes()
	t.tick, t.lot = stepsFor(low)
	for _, x := range t.takers {
		t.byName[x.name] = x
	}
	return t
}

// next is when the next thing happens.
func (t *trial) next(now perp.Time) perp.Time {
	next := min(t.nextTick, t.nextLk, t.nextClk, t.nextSmpl)
	if len(t.flight) > 0 {
		next = min(next, t.flight[0].at)
	}
	if at, ok := t.venue.Next(); ok {
		next = min(next, at-trialStart)
	}
	return max(now+1, next)
}

// moment lets everything happen that is due, the oracle first.
func (t *trial) moment(now perp.Time) error {
	if now >= t.nextTick {
		if err := t.speak(now); err != nil {
			return err
		}
	}
	for {
		at, ok := t.venue.Next()
		if !ok || at > trialStart+now {
			break
		}
		r := t.venue.Report(trialStart+now, t.truth(now))
		t.score.outside += r.Variation
		if err := t.apply(r, now); err != nil {
			return err
		}
	}
	if now >= t.nextClk {
		t.nextClk = now + clockEvery
		if err := t.apply(perp.ClockTick{}, now); err != nil {
			return err
		}
	}
	if err := t.arrive(now); err != nil {
		return err
	}
	if now >= t.nextLk {
		t.looks(now)
	}
	if now >= t.nextSmpl {
		t.nextSmpl = now + max(perp.Second, t.path[len(t.path)-1].At/samplesMax/perp.Second*perp.Second)
		t.score.sample(now, t.truth(now), t.quote, t.grades["a1"])
	}
	return nil
}

// open lists the market for a design and gives everybody money.
func (t *trial) open() error {
	inst := perp.Instrument{Symbol: trialSymbol, Currency: "USDC", MaxSize: 1_000_000_000 * perp.SizeOne, Tick: t.tick, Lot: t.lot, MinSize: t.lot}
	l := risk.DefaultMarketLimits()
	l.TakerFee, l.PriceBand = 0, perp.RatioOne-1
	l.MaxPosition, l.OpenInterest, l.MakerLeverage = 900_000_000*perp.SizeOne, 900_000_000*perp.SizeOne, 1_000*perp.RatioOne
	c := engine.Configure{Markets: []engine.MarketSpec{{Instrument: inst, Quoting: t.params(), Limits: l}}}
	limits := risk.Limits{OpenOrders: 1_000, Notional: 9_000_000_000_000 * perp.MoneyOne / 10}
	for _, x := range t.takers {
		c.Accounts = append(c.Accounts, risk.Account{Name: x.name, Sessions: []string{x.name}, Limits: limits})
	}
	if t.scenario.Provided > 0 {
		c.Accounts = append(c.Accounts, risk.Account{
			Name: providerName, Sessions: []string{providerName}, Limits: limits, Protection: risk.Protection{Fills: providerFills},
		})
	}
	if err := t.apply(c, 0); err != nil {
		return err
	}
	if err := t.apply(perp.Deposit{Account: perp.Maker, Symbol: trialSymbol, Amount: trialFunds, Key: "maker"}, 0); err != nil {
		return err
	}
	for i := range c.Accounts {
		name := c.Accounts[i].Name
		if err := t.apply(perp.Deposit{Account: name, Amount: 100_000_000_000 * perp.MoneyOne, Key: name}, 0); err != nil {
			return err
		}
	}
	return nil
}

// params are the design's, told what an operator knows of the feed: how far
// behind it is and how often it speaks.
func (t *trial) params() quoting.Params {
	q := t.design.Params
	q.Lag, q.Beat = max(q.Lag, t.scenario.Lag), max(q.Beat, t.usual)
	q.BeatMax = max(q.BeatMax, q.Beat)
	return q
}

// stepsFor chooses a tick of less than a tenth of a basis point and the smallest
// lot at which that is whole money.
func stepsFor(p perp.Price) (perp.Price, perp.Size) {
	tick := perp.Price(1)
	for tick*10*100_000 <= p {
		tick *= 10
	}
	lot := perp.Size(1)
	for int64(tick)*int64(lot)%int64(perp.SizeOne) != 0 {
		lot *= 10
	}
	return tick, lot
}

// truth is the price that is true now.
func (t *trial) truth(now perp.Time) (p perp.Price) {
	p, t.true_ = t.path.at(now, t.true_)
	return p
}

// speak tells the maker the newest price that is a lag old, with the time at
// which it came to be. A source that has nothing new says nothing.
func (t *trial) speak(now perp.Time) error {
	if t.scenario.Silent != nil && t.scenario.Silent(now) {
		t.nextTick = now + t.scenario.Period
		return nil
	}
	p, i := t.path.at(now-t.scenario.Lag, t.told)
	t.told, t.ticked, t.nextTick = i, t.path[i].At, never
	if i+1 < len(t.path) {
		t.nextTick = max(now+t.scenario.Period, t.path[i+1].At+t.scenario.Lag)
	}
	if err := t.provide(p, now); err != nil {
		return err
	}
	return t.apply(perp.OracleTick{
		Symbol: trialSymbol, Price: p, Confidence: p / 50_000,
		Publish: trialStart + t.ticked, Receive: trialStart + now, Sources: 3,
	}, now)
}

// looks lets every taker see its market; what they send arrives a reach later.
// They look again when there is something to see, or at once if one attacks.
func (t *trial) looks(now perp.Time) {
	v := view{now: trialStart + now, truth: t.truth(now), crowd: t.scenario.Crowd, tick: t.tick, lot: t.lot}
	v.before, t.back = t.path.at(now-5*perp.Second, t.back)
	t.nextLk = never
	if i := t.true_; i+1 < len(t.path) {
		t.nextLk = grid(max(now+1, t.path[i+1].At))
	}
	for _, x := range t.takers {
		if v.quote = t.offered(x, v.now); v.quote.Version == 0 {
			continue
		}
		o, ok := x.look(v)
		if ok {
			reach := reachLeast + perp.Time(x.random.Int64N(int64(reachMost-reachLeast)))
			o.Arrival = v.now + reach
			t.flight = append(t.flight, sent{now + reach, o, x})
			if isAttack(o.ClOrdID) {
				t.nextLk = grid(now + 1)
			}
		}
		if x.rate > 0 {
			t.nextLk = min(t.nextLk, grid(max(now+1, x.next-trialStart)))
		}
	}
	slices.SortStableFunc(t.flight, func(a, b sent) int { return cmp.Compare(a.at, b.at) })
}

// grid is the first moment not before now at which takers look.
func grid(now perp.Time) perp.Time { return (now + lookEvery - 1) / lookEvery * lookEvery }

// offered is the quote that a taker sees: its class's, or everybody's while there
// is none.
func (t *trial) offered(x *taker, now perp.Time) perp.Quote {
	if q, ok := t.quotes[t.grades[x.name]]; ok && (q.ValidUntil > now || q.Version > t.quote.Version) {
		return q
	}
	return t.quote
}

// arrive lets in the orders whose time has come.
func (t *trial) arrive(now perp.Time) error {
	n := 0
	for ; n < len(t.flight) && t.flight[n].at <= now; n++ {
		s := t.flight[n]
		t.score.asked(s.taker.class, s.order.Size, t.grades[s.taker.name], t.quote)
		t.refused = false
		if err := t.apply(s.order, now); err != nil {
			return err
		}
		if t.refused && isAttack(s.order.ClOrdID) && s.taker.class != sniper { // It tries each quote once.
			s.taker.refused(trialStart + now)
		}
	}
	t.flight = append(t.flight[:0], t.flight[n:]...)
	return nil
}

// total is what the trial measured.
func (t *trial) total(end perp.Time) Score {
	out := t.score.total(t.quote, end)
	out.Scenario, out.Design, out.Kind = t.scenario.Name, t.design.Name, t.scenario.kind(t.path)
	out.Lag, out.Period = inMillis(t.scenario.Lag), inMillis(t.usual)
	out.HedgeCost = float64(t.venue.Cost()) / float64(perp.MoneyOne)
	out.StateHash = t.engine.StateHash()
	for _, b := range t.checker.balances {
		out.ZeroSum += int64(b)
	}
	return out
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
