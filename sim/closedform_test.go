package sim

import (
	"math"
	"math/rand/v2"
	"testing"

	"backstop/perp"
	"backstop/quoting"
)

// TestLossMatchesClosedForm: a quote that nobody defends, on the product's own
// curve, loses what Nezlobin and Tassy (2025) derive: in blocks whose log returns
// are Gaussian with deviation s, and with one optimal arbitrageur at the end of
// each, s*s/(2 + 1.7164*g/s) a block in units of P*P*|dx/dP|, which is a quarter
// of the value of an x*y=k curve. 1.7164 is sqrt(2 pi)/|zeta(1/2)|.
//
// g is the FULL width of the band in the logarithm of the price: the marginal
// ask is the mid times exp(g/2), the marginal bid the mid times exp(-g/2), and
// that multiple of the mid cash is what a trade pays. With g the half-width or
// twice the width the ratio below is far from 1. The arbitrageur trades until the
// marginal price is the true one, so the true price stays within the band around
// the mid and every excursion u beyond it costs the maker u*u/2.
func TestLossMatchesClosedForm(t *testing.T) {
	const sigma, blocks = 0.0005, 400_000
	for _, wide := range []float64{0.5, 1, 2, 5, 10} {
		got := undefended(t, sigma, wide*sigma, blocks)
		want := sigma * sigma / (2 + math.Sqrt(2*math.Pi)/1.4603545088*wide)
		t.Logf("g/s = %4.1f: %.4f of the closed form", wide, got/want)
		if math.Abs(got/want-1) > 0.1 {
			t.Errorf("g/s = %.1f: loses %.4g a block, want %.4g", wide, got, want)
		}
		if other := sigma * sigma / (2 + math.Sqrt(2*math.Pi)/1.4603545088*2*wide); math.Abs(got/other-1) < 0.1 {
			t.Errorf("g/s = %.1f: a band of twice the width fits as well", wide)
		}
	}
}

// undefended plays blocks against the curve of a market and returns the mean
// loss of a block in units of a quarter of the curve's value.
func undefended(t *testing.T, sigma, gamma float64, blocks int) float64 {
	t.Helper()
	c := bareCurve(t)
	random := rand.New(rand.NewPCG(13, uint64(gamma*1e9)))
	// An x*y=k curve is its L and its peg: base at mid p is L*sqrt(peg/p).
	l, peg := float64(c.L.Uint64()), float64(c.Peg)
	mid := func() float64 { b := float64(c.Base.Uint64()) / l; return peg / (b * b) }
	edge := math.Exp(gamma / 2)
	truth, loss := mid(), 0.0
	for range blocks {
		truth *= math.Exp(sigma * random.NormFloat64())
		side, until, pays := perp.Buy, truth/edge, edge
		switch p := mid(); {
		case truth > p*edge:
		case truth < p/edge:
			side, until, pays = perp.Sell, truth*edge, 1/edge
		default:
			continue
		}
		quarter := mid() * float64(c.Base.Uint64()) / 2 // in the unit of price times size
		size := perp.Size(math.Abs(float64(c.Base.Uint64()) - l*math.Sqrt(peg/until)))
		before := c.Closing()
		c.Trade(side, size)
		cash := float64(perp.Abs(c.Closing()-before)) * float64(perp.SizeOne) // at mid, as the product books it
		loss += float64(side.Sign()) * (truth*float64(size) - pays*cash) / quarter
	}
	return loss / float64(blocks)
}

// bareCurve is the curve of a market after its first price, with nothing traded.
func bareCurve(t *testing.T) quoting.Curve {
	t.Helper()
	inst := perp.Instrument{Symbol: trialSymbol, Currency: "USDC", Tick: 1, Lot: perp.SizeOne, MinSize: perp.SizeOne, MaxSize: perp.SizeOne}
	m := quoting.New(inst, quoting.DefaultParams())
	m.Fund(1_000_000 * perp.MoneyOne)
	m.Tick(perp.OracleTick{Symbol: trialSymbol, Price: 100 * perp.PriceOne, Publish: trialStart, Receive: trialStart, Sources: 1}, trialStart)
	if m.Curve.L.IsZero() || !m.Curve.L.IsUint64() {
		t.Fatalf("no curve to trade on: %+v", m.Curve)
	}
	return m.Curve
}
