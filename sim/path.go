package sim

import (
	"math"
	"math/rand/v2"

	"backstop/perp"
)

// Point is the true price at a moment: what everybody outside can see at once,
// and the maker only when its oracle tells.
type Point struct {
	At    perp.Time
	Price perp.Price
}

// Path is a true price over time, from 0, in order.
type Path []Point

// at is the price that stood at a time, and its index; the first one before the
// path begins. From is an index not after the answer.
func (p Path) at(t perp.Time, from int) (perp.Price, int) {
	i := max(0, min(from, len(p)-1))
	for i+1 < len(p) && p[i+1].At <= t {
		i++
	}
	return p[i].Price, i
}

// walk says how a made-up price moves. Volatility is in bp per square root of a
// second.
type walk struct {
	start     perp.Price
	sigma     float64
	jumpEvery float64 // mean seconds between jumps; 0: none
	jumpSize  float64 // standard deviation of a jump in bp
	trend     float64 // bp per second
}

// pathStep is how finely made-up paths move.
const pathStep = 25 * perp.Millisecond

// path makes the price from a seed: geometric Brownian motion, jumps, a trend.
func (w walk) path(seed uint64, span perp.Time) Path {
	random := rand.New(rand.NewPCG(seed, 0x9a7))
	dt := float64(pathStep) / float64(perp.Second)
	log := math.Log(float64(w.start))
	p := make(Path, 0, span/pathStep+1)
	for t := perp.Time(0); t <= span; t += pathStep {
		p = append(p, Point{t, perp.Price(math.Exp(log))})
		log += w.sigma*1e-4*math.Sqrt(dt)*random.NormFloat64() + w.trend*1e-4*dt
		if w.jumpEvery > 0 && random.Float64() < dt/w.jumpEvery {
			log += w.jumpSize * 1e-4 * random.NormFloat64()
		}
	}
	return p
}

// Scenario is a world to trade in.
type Scenario struct {
	Name   string
	Path   func(seed uint64) Path
	Lag    perp.Time // from the source to the gateway
	Period perp.Time // between two ticks of the oracle
	Silent func(t perp.Time) bool
	Crowd  int // percent of benign orders that buy; 50: none is preferred
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
	const ms = perp.Millisecond
	return []Scenario{
		{Name: "gbm", Path: made(calm), Lag: 150 * ms, Period: 100 * ms, Crowd: 50},
		{Name: "jump", Path: made(jumps), Lag: 150 * ms, Period: 100 * ms, Crowd: 50},
		{Name: "jump400", Path: made(jumps), Lag: 400 * ms, Period: 400 * ms, Crowd: 50},
		{Name: "crowd", Path: made(walk{sigma: 1.25, jumpEvery: 300, jumpSize: 20, trend: 0.03}), Lag: 150 * ms, Period: 100 * ms, Crowd: 80},
		{
			Name: "outage", Path: made(jumps), Lag: 150 * ms, Period: 100 * ms, Crowd: 50,
			Silent: func(t perp.Time) bool { return t%(300*perp.Second) > 280*perp.Second },
		},
	}
}

// FromPoints is a world that plays prices that were recorded.
func FromPoints(name string, p Path) Scenario {
	return Scenario{
		Name: name, Path: func(uint64) Path { return p }, Lag: 150 * perp.Millisecond, Period: 100 * perp.Millisecond, Crowd: 50,
	}
}
