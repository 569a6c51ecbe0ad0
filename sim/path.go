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

// Path is a true price over time, from 0, in order. Its last price stands until
// the next point; nothing is known of the time between.
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

// extremes are the lowest and the highest price.
func (p Path) extremes() (low, high perp.Price) {
	low, high = p[0].Price, p[0].Price
	for _, x := range p {
		low, high = min(low, x.Price), max(high, x.Price)
	}
	return low, high
}

// usual is the median interval between ticks of an oracle that says what the
// path shows at most once a period.
func (p Path) usual(period perp.Time) perp.Time {
	var gaps []perp.Time
	last := p[0].At
	for _, x := range p[1:] {
		if x.At-last >= period {
			gaps = append(gaps, x.At-last)
			last = x.At
		}
	}
	if len(gaps) == 0 {
		return period
	}
	return max(period, median(gaps))
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
