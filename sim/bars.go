package sim

import (
	"math"
	"math/rand/v2"

	"backstop/perp"
)

// Bar is a minute of which four prices are known, in the order in which they are
// taken to have come: open, the first extreme, the other one, close.
type Bar struct {
	At      perp.Time
	Corners [4]perp.Price
}

// How a minute is filled.
const (
	barSpan = 60 * perp.Second
	barStep = 500 * perp.Millisecond // finer would say more than a minute does, and days would take hours
)

// rangeOfWalk is the mean range of a Brownian motion in standard deviations over
// its span, sqrt(8/pi): what a bar's range says of its volatility.
var rangeOfWalk = math.Sqrt(8 / math.Pi)

// bridge fills minutes: both extremes come at random times, and between two
// corners the price wanders as a Brownian bridge with the volatility that the
// range of the minute suggests, turned back where it would leave that range. A
// minute that is missing stays silent. Times count from the first bar.
func bridge(bars []Bar, seed uint64) Path {
	random := rand.New(rand.NewPCG(seed, 0xba5))
	p := make(Path, 0, len(bars)*int(barSpan/barStep))
	for _, b := range bars {
		p = b.fill(p, b.At-bars[0].At, random)
	}
	return p
}

func (b Bar) fill(p Path, at perp.Time, random *rand.Rand) Path {
	const steps = int(barSpan / barStep)
	// The extremes lie on different steps, neither on the first nor on the last.
	i := 1 + random.IntN(steps-3)
	j := i + 1 + random.IntN(steps-2-i)
	where := [4]int{0, i, j, steps - 1}
	low, high := min(b.Corners[1], b.Corners[2]), max(b.Corners[1], b.Corners[2])
	lo, hi := math.Log(float64(low)), math.Log(float64(high))
	sigma := (hi - lo) / rangeOfWalk / math.Sqrt(float64(steps)) // per step
	for leg := range 3 {
		from, to := where[leg], where[leg+1]
		end := math.Log(float64(b.Corners[leg+1]))
		p = append(p, Point{at + perp.Time(from)*barStep, b.Corners[leg]})
		x := math.Log(float64(b.Corners[leg]))
		for k := from + 1; k < to; k++ {
			left := float64(to - k + 1) // steps that remain, this one included
			x += (end-x)/left + sigma*math.Sqrt((left-1)/left)*random.NormFloat64()
			x = turned(x, lo, hi)
			p = append(p, Point{at + perp.Time(k)*barStep, min(max(low, perp.Price(math.Round(math.Exp(x)))), high)})
		}
	}
	return append(p, Point{at + perp.Time(steps-1)*barStep, b.Corners[3]})
}

// turned reflects x into lo..hi.
func turned(x, lo, hi float64) float64 {
	if x < lo {
		x = 2*lo - x
	}
	if x > hi {
		x = 2*hi - x
	}
	return min(max(lo, x), hi)
}
