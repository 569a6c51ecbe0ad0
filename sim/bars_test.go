package sim

import (
	"math"
	"slices"
	"testing"

	"backstop/perp"
)

func bar(minute int, corners ...perp.Price) Bar {
	b := Bar{At: 1_700_000_000*perp.Second + perp.Time(minute)*barSpan}
	for i, p := range corners {
		b.Corners[i] = p * perp.PriceOne
	}
	return b
}

// TestBarsAreBridged: a minute goes through its corners in their order, stays
// within its range, and moves as its range says; a missing minute is silent; the
// same seed draws the same path.
func TestBarsAreBridged(t *testing.T) {
	bars := []Bar{bar(0, 1000, 990, 1015, 1010), bar(1, 1010, 1010, 1010, 1010), bar(3, 1010, 1020, 900, 950)}
	p, again, other := bridge(bars, 5), bridge(bars, 5), bridge(bars, 6)
	if !slices.Equal(p, again) || slices.Equal(p, other) {
		t.Error("the path does not follow from the seed")
	}
	if len(p) != 3*int(barSpan/barStep) {
		t.Fatalf("%d points", len(p))
	}
	for i := 1; i < len(p); i++ {
		want := barStep
		if i == 2*int(barSpan/barStep) {
			want += barSpan
		}
		if gap := p[i].At - p[i-1].At; gap != want {
			t.Fatalf("point %d comes %d ms after the one before", i, gap/perp.Millisecond)
		}
	}
	const n = int(barSpan / barStep)
	for k, b := range bars {
		minute := p[k*n : (k+1)*n]
		low, high := minute.extremes()
		if low != min(b.Corners[1], b.Corners[2]) || high != max(b.Corners[1], b.Corners[2]) {
			t.Errorf("minute %d: from %v to %v", k, low, high)
		}
		where := func(p perp.Price) int { return slices.IndexFunc(minute, func(x Point) bool { return x.Price == p }) }
		if minute[0].Price != b.Corners[0] || minute[n-1].Price != b.Corners[3] || where(b.Corners[1]) > where(b.Corners[2]) {
			t.Errorf("minute %d: %v ... %v, extremes at %d and %d", k, minute[0].Price, minute[n-1].Price, where(b.Corners[1]), where(b.Corners[2]))
		}
	}
}

// TestBridgeIsAsRoughAsTheRangeSays: over many minutes of a known range the
// steps have the deviation that a Brownian motion of that range has.
func TestBridgeIsAsRoughAsTheRangeSays(t *testing.T) {
	var bars []Bar
	for i := range 200 {
		bars = append(bars, bar(i, 10_000, 9_990, 10_010, 10_000))
	}
	var sum float64
	p := bridge(bars, 1)
	for i := 1; i < len(p); i++ {
		r := math.Log(float64(p[i].Price) / float64(p[i-1].Price))
		sum += r * r
	}
	got := math.Sqrt(sum/float64(len(p))) / (math.Log(10_010.0/9_990) / rangeOfWalk / math.Sqrt(float64(barSpan/barStep)))
	if got < 0.8 || got > 1.25 {
		t.Errorf("%.2f of the deviation that the range suggests", got)
	}
}
