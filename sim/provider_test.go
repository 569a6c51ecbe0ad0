package sim

import (
	"testing"

	"backstop/perp"
)

// layingOff is the full design without an outside venue, which lays off to providers.
func layingOff() Design {
	p := fullParams()
	p.HedgeFrom, p.HedgeTo = 0, 0
	p.LayOffFrom, p.LayOffTo, p.LayOffWithin = perp.RatioOne/10, perp.RatioOne/20, 3*perp.BP
	return Design{Name: "laying off", Params: p}
}

// TestProviderUnloadsTheMaker: where a crowd wants one side, a maker that lays off to a
// provider bears less of it than the same maker without one, over several seeds.
func TestProviderUnloadsTheMaker(t *testing.T) {
	alone := scenario(t, "crowd", 300*perp.Second)
	helped := alone
	helped.Provided = 2 * perp.BP
	for seed := uint64(1); seed <= 3; seed++ {
		without, err := Try(t.Context(), alone, layingOff(), seed)
		if err != nil {
			t.Fatal(err)
		}
		with, err := Try(t.Context(), helped, layingOff(), seed)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("seed %d: leverage %.3f without, %.3f with, %d fills of the provider, P&L %.0f and %.0f", seed,
			without.MaxLeverage, with.MaxLeverage, with.LaidOff, without.MakerPnL, with.MakerPnL)
		if with.MaxLeverage >= without.MaxLeverage || with.LaidOff == 0 || without.LaidOff != 0 {
			t.Errorf("seed %d: leverage %.3f without a provider, %.3f with %d fills of one", seed, without.MaxLeverage, with.MaxLeverage, with.LaidOff)
		}
		if with.ZeroSum != 0 || without.ZeroSum != 0 || with.Hedges != 0 {
			t.Errorf("seed %d: sums %d and %d, %d hedges", seed, with.ZeroSum, without.ZeroSum, with.Hedges)
		}
	}
}
