package sim

import (
	"context"
	"errors"
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

// TestTrialIsRepeatable: every design in every scenario ends in the same state
// and score with the same seed, and in another with another seed.
func TestTrialIsRepeatable(t *testing.T) {
	for _, s := range Scenarios(15 * perp.Second) {
		for _, d := range DesignNames() {
			a, b := try(t, s, d, 5), try(t, s, d, 5)
			if a.StateHash != b.StateHash || a.ArbPnL != b.ArbPnL || a.MakerPnL != b.MakerPnL || a.Fills != b.Fills {
				t.Errorf("%s, %s: seed 5 twice: %+v and %+v", s.Name, d, a, b)
			}
			if a.Fills == 0 || a.ZeroSum != 0 || a.FillsInHalt != 0 {
				t.Errorf("%s, %s: %d fills, %d in a halt, sum %d", s.Name, d, a.Fills, a.FillsInHalt, a.ZeroSum)
			}
		}
		if try(t, s, "full", 5).StateHash == try(t, s, "full", 6).StateHash {
			t.Errorf("%s: seeds 5 and 6 end in the same state", s.Name)
		}
	}
}

// TestDesignsDiffer: in a market that jumps, who sees prices early earns from a
// maker that stands still and from one that merely follows, less from the full
// design without last look, and no more from the full one; ordinary clients are
// served by all.
func TestDesignsDiffer(t *testing.T) {
	s := scenario(t, "jump", 600*perp.Second)
	naive, pegged, firm, full := try(t, s, "naive", 3), try(t, s, "pegged", 3), try(t, s, "firm", 3), try(t, s, "full", 3)
	arbs := func(s Score) float64 { return s.ArbPnLByClass["arb"] }
	if arbs(naive) <= arbs(pegged) || arbs(pegged) <= arbs(firm) || full.ArbPnL > firm.ArbPnL+1 || full.ArbAttackPnL > firm.ArbAttackPnL+1 {
		t.Errorf("arbs earn %.0f from naive, %.0f from pegged, %.0f from firm; all toxic takers %.0f from firm, %.0f from full",
			arbs(naive), arbs(pegged), arbs(firm), firm.ArbPnL, full.ArbPnL)
	}
	for _, r := range []Score{naive, pegged, firm, full} {
		if r.BenignFill < 0.95 || r.BenignCost <= 0 {
			t.Errorf("%s: benign clients fill %.3f at %.2f bp", r.Design, r.BenignFill, r.BenignCost)
		}
	}
}

// TestDesignsHaveNames: each name finds its design, the other name too; what is
// run by default ends with the full one.
func TestDesignsHaveNames(t *testing.T) {
	for _, name := range DesignNames() {
		d, ok := DesignOf(name)
		if !ok || d.Name != name {
			t.Errorf("%s: %s, %v", name, d.Name, ok)
		}
		if err := d.Params.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if design(t, "firm").Params != design(t, "full-nolook").Params {
		t.Error("firm is not full-nolook")
	}
	if _, ok := DesignOf("clever"); ok {
		t.Error("there is a clever design")
	}
	if names := SideBySide(); names[0] != "naive" || names[len(names)-1] != "full" {
		t.Errorf("%v", names)
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

// TestFilesAreSilent: between the rows of a file nobody says anything. The oracle
// repeats no old price as if it were new, and after a while nothing is dealt on
// it; a file of slow rows is told with its own interval.
func TestFilesAreSilent(t *testing.T) {
	var p Path
	for i := range perp.Time(120) {
		at := 3 * i * perp.Second
		if i >= 60 {
			at += 5_000 * perp.Second
		}
		p = append(p, Point{at, start + perp.Price(i%7)*perp.PriceOne})
	}
	s := FromPoints("gap", p)
	tr := newTrial(s, design(t, "full"), p, 2)
	if err := tr.open(); err != nil {
		t.Fatal(err)
	}
	ticks := map[perp.Time]bool{}
	for now := perp.Time(0); now <= p[len(p)-1].At; now = tr.next(now) {
		if err := tr.moment(now); err != nil {
			t.Fatal(err)
		}
		if tr.told >= 0 && !ticks[tr.ticked] {
			ticks[tr.ticked] = true
			if now != tr.ticked+s.Lag {
				t.Fatalf("the price of %d ms is told at %d ms", tr.ticked/perp.Millisecond, now/perp.Millisecond)
			}
		}
	}
	got := tr.total(p[len(p)-1].At)
	if len(ticks) != 119 || got.Period != 3_000 || got.Kind != Calm { // The last row is never a lag old.
		t.Errorf("%d ticks, %v ms apart, %s", len(ticks), got.Period, got.Kind)
	}
	if limit := inMillis(tr.design.Params.FirmAge); got.OldestFill > limit || got.OldestFill < limit/2 || got.FillsInHalt != 0 {
		t.Errorf("dealt on a price of %v ms, at most %v; %d fills in a halt", got.OldestFill, limit, got.FillsInHalt)
	}
	if naive := try(t, s, "naive", 2); naive.OldestFill < 4_000_000 {
		t.Errorf("the naive design deals on %v ms alone", naive.OldestFill)
	}
}

// TestKindOfAFile: what moved far is a crash.
func TestKindOfAFile(t *testing.T) {
	for want, high := range map[Kind]perp.Price{Calm: start * 109 / 100, Crash: start * 111 / 100} {
		if got := FromPoints("x", nil).kind(Path{{0, start}, {1, high}, {2, start}}); got != want {
			t.Errorf("%s instead of %s", got, want)
		}
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

// TestTrialEndsWithItsContext: who waits for a long one may give up.
func TestTrialEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Try(ctx, scenario(t, "gbm", 0), Designs()[0], 1); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
