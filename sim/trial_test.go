package sim

import (
	"math"
	"testing"

	"backstop/perp"
)

func scenario(t testing.TB, name string, span perp.Time) Scenario {
	t.Helper()
	for _, s := range Scenarios(span) {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no scenario %s", name)
	return Scenario{}
}

func design(t testing.TB, name string) Design {
	t.Helper()
	d, ok := DesignOf(name)
	if !ok {
		t.Fatalf("no design %s", name)
	}
	return d
}

func try(t testing.TB, s Scenario, d string, seed uint64) Score {
	t.Helper()
	r, err := Try(t.Context(), s, design(t, d), seed)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTrialIsRepeatable: the same seed gives the same score and state, another
// one another.
func TestTrialIsRepeatable(t *testing.T) {
	s := scenario(t, "jump", 60*perp.Second)
	a, b, c := try(t, s, "firm", 5), try(t, s, "firm", 5), try(t, s, "firm", 6)
	if a.StateHash != b.StateHash || a.ArbPnL != b.ArbPnL || a.MakerPnL != b.MakerPnL || a.Fills != b.Fills {
		t.Errorf("seed 5 twice: %+v and %+v", a, b)
	}
	if a.StateHash == c.StateHash {
		t.Error("seeds 5 and 6 end in the same state")
	}
	if a.Fills == 0 || a.ZeroSum != 0 {
		t.Errorf("%+v", a)
	}
}

// TestDesignsDiffer: in a market that jumps, who sees prices early earns from a
// maker that stands still and from one that merely follows, and less from the
// full design; ordinary clients are served by all three.
func TestDesignsDiffer(t *testing.T) {
	s := scenario(t, "jump", 600*perp.Second)
	naive, pegged, full := try(t, s, "naive", 3), try(t, s, "pegged", 3), try(t, s, "firm", 3)
	if naive.ArbPnLByClass["arb"] <= pegged.ArbPnLByClass["arb"] || pegged.ArbPnLByClass["arb"] <= full.ArbPnLByClass["arb"] {
		t.Errorf("arbs earn %.0f from naive, %.0f from pegged, %.0f from full", naive.ArbPnLByClass["arb"], pegged.ArbPnLByClass["arb"], full.ArbPnLByClass["arb"])
	}
	for _, r := range []Score{naive, pegged, full} {
		if r.BenignFill < 0.95 || r.BenignCost <= 0 {
			t.Errorf("%s: benign clients fill %.3f at %.2f bp", r.Design, r.BenignFill, r.BenignCost)
		}
	}
}

// TestSilenceStopsTheFullDesign: while the oracle is silent the full design
// deals nothing, the naive one goes on.
func TestSilenceStopsTheFullDesign(t *testing.T) {
	s := scenario(t, "gbm", 60*perp.Second)
	s.Silent = func(now perp.Time) bool { return now > 5*perp.Second }
	full, naive := try(t, s, "firm", 2), try(t, s, "naive", 2)
	if full.BenignFill > 0.5 || naive.BenignFill < 0.95 {
		t.Errorf("benign clients fill %.2f at full, %.2f at naive", full.BenignFill, naive.BenignFill)
	}
}

// TestPathsAreWhatTheySay: a made-up path has the volatility that was asked for
// and its jumps.
func TestPathsAreWhatTheySay(t *testing.T) {
	for _, c := range []struct {
		w    walk
		want float64 // bp per root second
	}{
		{walk{start: start, sigma: 1.25}, 1.25},
		{walk{start: start, sigma: 1.25, jumpEvery: 60, jumpSize: 30}, math.Sqrt(1.25*1.25 + 30*30/60.0)},
	} {
		p := c.w.path(9, scenarioSpan)
		var sum float64
		for i := 40; i < len(p); i += 40 { // a second
			r := math.Log(float64(p[i].Price)/float64(p[i-40].Price)) * 1e4
			sum += r * r
		}
		if got := math.Sqrt(sum / float64(len(p)/40)); got < c.want*0.8 || got > c.want*1.2 {
			t.Errorf("%+v: %.2f bp per root second, want %.2f", c.w, got, c.want)
		}
	}
}

func TestShortPathIsRefused(t *testing.T) {
	if _, err := Try(t.Context(), FromPoints("one", Path{{0, start}}), Designs()[0], 1); err == nil {
		t.Error("no error for a path of one price")
	}
}
