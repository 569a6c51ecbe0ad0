package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"backstop/engine"
	"backstop/perp"
	"backstop/risk"
)

const trialSymbol = "SIM-PERP"

// trialFunds is what the maker has: the goals are told per million.
const trialFunds = 1_000_000 * perp.MoneyOne

// samplesMax bounds the points of a plot.
const samplesMax = 1_200

// trialStart is when the world begins; quotes need a time after zero.
const trialStart = 1_000_000 * perp.Second

// Trial is one run of one design in one scenario: the real engine in virtual
// time, with the same prices and takers for every design of a seed.
type trial struct {
	scenario Scenario
	design   Design
	path     Path
	engine   *engine.Engine
	seq      *engine.Sequencer
	takers   []*taker
	flight   []sent
	quote    perp.Quote
	checker  *Checker
	score    score
	cursor   int              // in the path, not after now
	back     int              // in the path, five seconds ago
	origin   map[string]class // of accounts
}

// Try runs one design once and returns what it measured. The error says what did
// not hold.
func Try(s Scenario, design Design, seed uint64) (Score, error) {
	t := &trial{scenario: s, design: design, path: s.Path(seed), engine: engine.New(), takers: takers(seed), checker: NewChecker(), origin: map[string]class{}}
	if len(t.path) < 2 {
		return Score{}, fmt.Errorf("scenario %s: %d prices are no path", s.Name, len(t.path))
	}
	t.seq = engine.NewSequencer(t.engine)
	t.score.path = t.path
	if err := t.open(design); err != nil {
		return Score{}, err
	}
	end := t.path[len(t.path)-1].At
	var nextTick, nextClock, nextSample perp.Time
	for now := perp.Time(0); now <= end; now += lookEvery / 2 {
		if now >= nextTick {
			nextTick += s.Period
			if err := t.tick(now); err != nil {
				return Score{}, err
			}
		}
		if now >= nextClock {
			nextClock += 100 * perp.Millisecond
			if err := t.apply(perp.ClockTick{}, now); err != nil {
				return Score{}, err
			}
		}
		if err := t.arrive(now); err != nil {
			return Score{}, err
		}
		if now%lookEvery == 0 {
			t.looks(now)
		}
		if now >= nextSample {
			nextSample += max(perp.Second, end/samplesMax/perp.Second*perp.Second)
			t.score.sample(now, t.truth(now), t.quote)
		}
	}
	out := t.score.total(s.Name, design.Name, t.quote, t.engine.StateHash(), end)
	for _, b := range t.checker.balances {
		out.ZeroSum += int64(b)
	}
	return out, nil
}

// open lists the market for a design and gives everybody money.
func (t *trial) open(design Design) error {
	q := design.Params
	inst := perp.Instrument{Symbol: trialSymbol, Currency: "USDC", MaxSize: 1_000_000_000 * perp.SizeOne}
	inst.Tick, inst.Lot = stepsFor(t.path[0].Price)
	inst.MinSize = inst.Lot
	if t.scenario.Period > q.Beat {
		q.Beat = t.scenario.Period
	}
	l := risk.DefaultMarketLimits()
	l.TakerFee, l.PriceBand = 0, perp.RatioOne-1
	l.MaxPosition, l.OpenInterest, l.MakerLeverage = 900_000_000*perp.SizeOne, 900_000_000*perp.SizeOne, 1_000*perp.RatioOne
	c := engine.Configure{Markets: []engine.MarketSpec{{Instrument: inst, Quoting: q, Limits: l}}}
	limits := risk.Limits{OpenOrders: 1_000, Notional: 9_000_000_000_000 * perp.MoneyOne / 10}
	for _, x := range t.takers {
		t.origin[x.name] = x.class
		c.Accounts = append(c.Accounts, risk.Account{Name: x.name, Sessions: []string{x.name}, Limits: limits})
	}
	if err := t.apply(c, 0); err != nil {
		return err
	}
	if err := t.apply(perp.Deposit{Account: perp.Maker, Symbol: trialSymbol, Amount: trialFunds, Key: "maker"}, 0); err != nil {
		return err
	}
	for _, x := range t.takers {
		if err := t.apply(perp.Deposit{Account: x.name, Amount: 100_000_000_000 * perp.MoneyOne, Key: x.name}, 0); err != nil {
			return err
		}
	}
	return nil
}

// stepsFor chooses a tick of about a tenth of a basis point and a lot of about
// one quote.
func stepsFor(p perp.Price) (perp.Price, perp.Size) {
	tick := perp.Price(1)
	for tick*100_000 < p {
		tick *= 10
	}
	lot := perp.Size(1_000_000) // 1e-3 base: whole money at any tick of 1e-3 or more
	for int64(tick)*int64(lot)%int64(perp.SizeOne) != 0 {
		lot *= 10
	}
	return tick, lot
}

func (t *trial) truth(now perp.Time) perp.Price {
	p, _ := t.path.at(now, t.cursor)
	return p
}

// tick tells the maker the price that was true a lag ago.
func (t *trial) tick(now perp.Time) error {
	source := now - t.scenario.Lag
	if source < 0 || t.scenario.Silent != nil && t.scenario.Silent(now) {
		return nil
	}
	p, i := t.path.at(source, t.cursor)
	t.cursor = i // nobody looks further back than the oracle does
	return t.apply(perp.OracleTick{
		Symbol: trialSymbol, Price: p, Confidence: p / 50_000,
		Publish: trialStart + source, Receive: trialStart + now, Sources: 3,
	}, now)
}

// looks lets every taker see the market; what they send arrives a reach later.
func (t *trial) looks(now perp.Time) {
	before, back := t.path.at(now-5*perp.Second, t.back)
	t.back = back
	v := view{now: trialStart + now, quote: t.quote, truth: t.truth(now), before: before, crowd: t.scenario.Crowd}
	if m := t.quote; m.Version == 0 {
		return
	}
	v.tick, v.lot = stepsFor(t.path[0].Price)
	for i, x := range t.takers {
		x.next = max(x.next, trialStart)
		if o, ok := x.look(v); ok {
			reach := reachLeast + perp.Time(x.random.Int64N(int64(reachMost-reachLeast)))
			o.Arrival = trialStart + now + reach
			t.flight = append(t.flight, sent{now + reach, o, x.class, i})
		}
	}
	slices.SortStableFunc(t.flight, func(a, b sent) int { return cmp.Compare(a.at, b.at) })
}

// arrive lets in the orders whose time has come.
func (t *trial) arrive(now perp.Time) error {
	n := 0
	for ; n < len(t.flight) && t.flight[n].at <= now; n++ {
		s := t.flight[n]
		t.score.asked(s.class, s.order.Size)
		if err := t.apply(s.order, max(s.at, now)); err != nil {
			return err
		}
	}
	t.flight = append(t.flight[:0], t.flight[n:]...)
	return nil
}

// apply runs one command through the engine and checks and scores its events.
func (t *trial) apply(c perp.Command, now perp.Time) error {
	for _, e := range t.seq.Step([]perp.Input{{Command: c, Source: "sim"}}, trialStart+now) {
		if err := t.checker.After(e.Command, t.checked(e.Events)); err != nil {
			return fmt.Errorf("%s at %d ms, %s: %w", t.scenario.Name, now/perp.Millisecond, c.Kind(), err)
		}
		for _, ev := range e.Events {
			switch ev := ev.(type) {
			case perp.QuoteChanged:
				t.quote = ev.Quote
				t.score.quoted(ev.Quote)
			case perp.OrderHeld:
				t.score.held++
			case perp.LastLook:
				t.score.looked(t.origin[ev.Account], ev)
			case perp.Filled:
				t.score.filled(t.origin[ev.Order.Account], ev, now, t.truth(now))
			}
		}
	}
	return nil
}

// checked leaves out the quotes of the designs that keep no distance from the
// oracle price: it is what they are compared for.
func (t *trial) checked(events []perp.Event) []perp.Event {
	if t.design.honest() {
		return events
	}
	return slices.DeleteFunc(slices.Clone(events), func(ev perp.Event) bool { return ev.Kind() == perp.QuoteChanged{}.Kind() })
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
