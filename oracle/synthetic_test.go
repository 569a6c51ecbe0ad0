package oracle

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"backstop/perp"
)

var twoMarkets = []SyntheticMarket{{"BTC-PERP", 60_000 * perp.PriceOne}, {"USDE-PERP", perp.PriceOne}}

// invent runs a synthetic feed for a span of the clock's time.
func invent(t *testing.T, opt SyntheticOptions, span perp.Time) ([]perp.OracleTick, []SourceStatus) {
	t.Helper()
	ctx, cut := context.WithCancelCause(t.Context())
	defer cut(nil)
	opt.Clock = &leapClock{now: epoch, end: epoch + span, cut: cut}
	feed := NewSynthetic(opt)
	var ticks []perp.OracleTick
	if err := feed.Run(ctx, func(k perp.OracleTick) { ticks = append(ticks, k) }); !errors.Is(err, context.Canceled) {
		t.Fatalf("Run: %v", err)
	}
	return ticks, feed.Status()
}

func TestSameSeedSameTicks(t *testing.T) {
	opt := SyntheticOptions{Seed: 7, Speed: 10, Markets: twoMarkets}
	first, _ := invent(t, opt, 30*perp.Second)
	again, _ := invent(t, opt, 30*perp.Second)
	if len(first) < 4_000 || !slices.Equal(first, again) {
		t.Fatalf("%d ticks, then %d", len(first), len(again))
	}
	opt.Seed = 8
	if other, _ := invent(t, opt, 30*perp.Second); slices.Equal(first, other) {
		t.Error("another seed, the same ticks")
	}
}

func TestPhases(t *testing.T) {
	ticks, status := invent(t, SyntheticOptions{Seed: 1, Markets: twoMarkets[:1]}, 280*perp.Second)
	var before perp.OracleTick
	var jumps, duos, silences int
	for i, k := range ticks {
		if k.Publish > k.Receive || k.Confidence <= 0 {
			t.Fatalf("%+v", k)
		}
		if i > 0 {
			moved := distance(k.Price, before.Price)
			calmTime := k.Receive < epoch+60*perp.Second
			if calmTime && (moved > 2*perp.BP || k.Sources != 3 || k.Receive-before.Receive != step) {
				t.Fatalf("not calm: %+v after %+v", k, before)
			}
			if moved > 100*perp.BP {
				jumps++
			}
			if k.Receive-before.Receive > 5*perp.Second {
				silences++
			}
		}
		if k.Sources == 2 {
			duos++
		}
		before = k
	}
	if jumps != 1 || silences != 1 || duos < 100 {
		t.Errorf("%d jumps, %d silences, %d ticks of two venues", jumps, silences, duos)
	}
	if len(status) != 3 || status[0].Messages < 1_000 || status[0].Ended {
		t.Errorf("%+v", status)
	}
}

func TestSyntheticStaysInBounds(t *testing.T) {
	for _, start := range []perp.Price{1, 100, perp.PriceOne, priceMax} {
		ticks, status := invent(t, SyntheticOptions{Seed: 3, Speed: 100, Markets: []SyntheticMarket{{"X-PERP", start}}}, 10*perp.Second)
		for _, k := range ticks {
			if k.Price <= 0 || k.Price > priceMax || k.Price > 3*start || k.Price < start/3 {
				t.Fatalf("start %v: %+v", start, k)
			}
		}
		for _, s := range status {
			if len(ticks) == 0 || start >= perp.PriceOne && len(s.Dropped) > 0 {
				t.Fatalf("start %v: %d ticks, %+v", start, len(ticks), s)
			}
		}
	}
}

func TestSyntheticRefuses(t *testing.T) {
	for name, opt := range map[string]SyntheticOptions{
		"no market":       {},
		"no symbol":       {Markets: []SyntheticMarket{{"", 1}}},
		"symbol twice":    {Markets: []SyntheticMarket{{"A", 1}, {"A", 1}}},
		"start zero":      {Markets: []SyntheticMarket{{"A", 0}}},
		"start too large": {Markets: []SyntheticMarket{{"A", priceMax + 1}}},
		"speed negative":  {Speed: -1, Markets: twoMarkets},
		"speed no number": {Speed: math.NaN(), Markets: twoMarkets},
		"too many":        {Markets: make([]SyntheticMarket, syntheticMarketsMax+1)},
	} {
		err := NewSynthetic(opt).Run(t.Context(), func(perp.OracleTick) { t.Errorf("%s: a tick", name) })
		if err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestContextEndsRun(t *testing.T) {
	path := write(t, "a.csv", seriesHeader, "1652069091,61.5", "1652069991,61.6")
	for name, open := range map[string]func(Clock) (Feed, error){
		"synthetic": func(c Clock) (Feed, error) {
			return NewSynthetic(SyntheticOptions{Markets: twoMarkets, Clock: c}), nil
		},
		"file": func(c Clock) (Feed, error) {
			feed, _, err := OpenFile(path, FileOptions{Clock: c})
			return feed, err
		},
	} {
		for _, c := range []Clock{stuckClock{make(chan struct{})}, machineClock{}} {
			feed, err := open(c)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done, first := make(chan error, 1), make(chan struct{}, 1_000)
			go func() { done <- feed.Run(ctx, func(perp.OracleTick) { first <- struct{}{} }) }()
			<-first // Then it waits for the next price.
			if stuck, is := c.(stuckClock); is {
				<-stuck.waits
			}
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
