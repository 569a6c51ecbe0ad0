package sim

import "backstop/perp"

// Kind is which goals a scenario has.
type Kind string

// Kinds of scenarios.
const (
	Calm   Kind = "calm"   // prices move as on any day, jumps included
	Crowd  Kind = "crowd"  // most clients want the same side
	Outage Kind = "outage" // the oracle falls silent again and again
	Crash  Kind = "crash"  // prices move further than crashMove
)

// crashMove is from which ratio of highest to lowest price recorded prices are a
// crash.
const crashMove = 1.1

// Scenario is a world to trade in.
type Scenario struct {
	Name   string
	Kind   Kind // empty: told by the path
	Path   func(seed uint64) Path
	Lag    perp.Time // from the source to the gateway
	Period perp.Time // between two ticks of the oracle, at least
	Silent func(t perp.Time) bool
	Crowd  int // percent of benign orders that buy; 50: none is preferred

	Provided perp.Ratio // how far from the price a liquidity provider quotes; zero: there is none
}

// kind is the kind of a world on a path.
func (s Scenario) kind(p Path) Kind {
	if s.Kind != "" {
		return s.Kind
	}
	if low, high := p.extremes(); float64(high) > crashMove*float64(low) {
		return Crash
	}
	return Calm
}

// scenarioSpan is how long a made-up scenario lasts.
const scenarioSpan = 3600 * perp.Second

var start = 60_000 * perp.PriceOne

// Scenarios are the made-up worlds, in the order in which they are told. Each
// lasts span; zero: an hour.
func Scenarios(span perp.Time) []Scenario {
	if span == 0 {
		span = scenarioSpan
	}
	made := func(w walk) func(uint64) Path {
		w.start = start
		return func(seed uint64) Path { return w.path(seed, span) }
	}
	calm := walk{sigma: 1.25}
	jumps := walk{sigma: 1.25, jumpEvery: 60, jumpSize: 30}
	crowd := walk{sigma: 1.25, jumpEvery: 300, jumpSize: 20, trend: 0.03}
	const ms = perp.Millisecond
	return []Scenario{
		{Name: "gbm", Kind: Calm, Path: made(calm), Lag: 150 * ms, Period: 100 * ms, Crowd: 50},
		{Name: "jump", Kind: Calm, Path: made(jumps), Lag: 150 * ms, Period: 100 * ms, Crowd: 50},
		{Name: "jump400", Kind: Calm, Path: made(jumps), Lag: 400 * ms, Period: 400 * ms, Crowd: 50},
		{Name: "crowd", Kind: Crowd, Path: made(crowd), Lag: 150 * ms, Period: 100 * ms, Crowd: 80},
		{
			Name: "outage", Kind: Outage, Path: made(jumps), Lag: 150 * ms, Period: 100 * ms, Crowd: 50,
			Silent: func(t perp.Time) bool { return t%(300*perp.Second) > 280*perp.Second },
		},
	}
}

// FromPoints is a world that plays prices that were recorded. Between two of
// them nobody knows anything new, the oracle least of all.
func FromPoints(name string, p Path) Scenario {
	return recorded(name, func(uint64) Path { return p })
}

// FromBars is a world that plays minutes of which only the corners were
// recorded; what lies between is drawn from the seed.
func FromBars(name string, bars []Bar) Scenario {
	return recorded(name, func(seed uint64) Path { return bridge(bars, seed) })
}

func recorded(name string, path func(uint64) Path) Scenario {
	return Scenario{Name: name, Path: path, Lag: 150 * perp.Millisecond, Period: 100 * perp.Millisecond, Crowd: 50}
}
