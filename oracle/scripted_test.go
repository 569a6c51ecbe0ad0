package oracle

import (
	"context"
	"errors"
	"slices"
	"testing"

	"backstop/perp"
)

func follow(t *testing.T, script string, span perp.Time) []perp.OracleTick {
	t.Helper()
	ctx, cut := context.WithCancelCause(t.Context())
	feed := NewScripted(ScriptedOptions{Script: script, Markets: twoMarkets[:1], Clock: &leapClock{now: epoch, end: epoch + span, cut: cut}})
	var ticks []perp.OracleTick
	if err := feed.Run(ctx, func(k perp.OracleTick) { ticks = append(ticks, k) }); !errors.Is(err, context.Canceled) {
		t.Fatalf("%s: %v", script, err)
	}
	if s := feed.Status(); len(s) != 1 || s[0].Messages != int64(len(ticks)) || !s[0].Up {
		t.Errorf("%s: status %+v of %d ticks", script, s, len(ticks))
	}
	return ticks
}

func TestScripts(t *testing.T) {
	start := twoMarkets[0].Start
	for script, every := range map[string]perp.Time{ScriptSteady: 100 * perp.Millisecond, ScriptSlow: 500 * perp.Millisecond} {
		ticks := follow(t, script, 10*perp.Second)
		for i, k := range ticks {
			if k.Price != start || k.Sources != 1 || k.Publish != epoch+perp.Time(i)*every {
				t.Fatalf("%s: tick %d is %+v", script, i, k)
			}
		}
		if len(ticks) < int(10*perp.Second/every) {
			t.Errorf("%s: %d ticks", script, len(ticks))
		}
	}
	var top perp.Price
	ticks := follow(t, ScriptWave, 61*perp.Second)
	for i, k := range ticks[1:] {
		if off := distance(k.Price, ticks[i].Price); off < 4*perp.BP || off > 6*perp.BP {
			t.Fatalf("wave: %v after %v", k.Price, ticks[i].Price)
		}
		top = max(top, k.Price)
	}
	if ticks[120].Price != start || top <= start+start/40 {
		t.Errorf("wave: from %v over %v to %v", start, top, ticks[120].Price)
	}
	ticks = follow(t, ScriptJump, 10*perp.Second)
	for i, k := range ticks {
		if want := start + start/1000*perp.Price(i%2); k.Price != want {
			t.Fatalf("jump: tick %d is %v, want %v", i, k.Price, want)
		}
	}
	var gap perp.Time
	ticks = follow(t, ScriptStale, 40*perp.Second)
	for i, k := range ticks[1:] {
		gap = max(gap, k.Publish-ticks[i].Publish)
	}
	if gap < 10*perp.Second || gap > 11*perp.Second {
		t.Errorf("stale: silent for %v", gap)
	}
}

func TestBadScripts(t *testing.T) {
	for _, o := range []ScriptedOptions{{Script: "dance", Markets: twoMarkets}, {Script: ScriptSlow}, {Script: ScriptSlow, Markets: []SyntheticMarket{{Symbol: "X"}}}} {
		if err := NewScripted(o).Run(t.Context(), func(perp.OracleTick) { t.Error("a tick") }); err == nil {
			t.Errorf("%+v runs", o)
		}
	}
}

// TestHaltScript: the sources agree, are far apart, then less far, and agree again.
func TestHaltScript(t *testing.T) {
	var last perp.Ratio
	var turns []perp.Ratio
	for i, k := range follow(t, ScriptHalt, 13*perp.Second) {
		if k.Price != twoMarkets[0].Start {
			t.Fatalf("tick %d is %+v", i, k)
		}
		if k.Divergence != last {
			turns = append(turns, k.Divergence)
			last = k.Divergence
		}
	}
	if want := []perp.Ratio{haltApart, easedApart, 0}; !slices.Equal(turns, want) {
		t.Errorf("divergences %v, want %v", turns, want)
	}
}

// TestSqueezeScript: no step is far, the top is 10 % up, and the way ends where it began.
func TestSqueezeScript(t *testing.T) {
	start := twoMarkets[0].Start
	ticks := follow(t, ScriptSqueeze, 41*perp.Second)
	var top perp.Price
	for i, k := range ticks[1:] {
		if off := distance(k.Price, ticks[i].Price); off > 30*perp.BP {
			t.Fatalf("tick %d: %v after %v", i, k.Price, ticks[i].Price)
		}
		top = max(top, k.Price)
	}
	if top != start+start/10 {
		t.Errorf("from %v to %v", start, top)
	}
	for _, still := range []int{0, 39, 200, 239, 400} {
		if ticks[still].Price != start || ticks[still].Divergence != 0 {
			t.Errorf("tick %d is %+v", still, ticks[still])
		}
	}
}
