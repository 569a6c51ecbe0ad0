package main

import (
	"os"
	"path/filepath"
	"testing"

	"backstop/perp"
	"backstop/sim"
)

// TestRealFeedsAreWorlds plays, where real prices are at hand, the neighbourhood
// of the longest silence of each file: nothing is dealt on a price that is older
// than the guard's last limit, and the balances sum to zero.
func TestRealFeedsAreWorlds(t *testing.T) {
	dir := os.Getenv("BACKSTOP_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("no real prices here: set BACKSTOP_DATA to a folder of .csv.gz files")
	}
	full, _ := sim.DesignOf("full")
	for _, file := range files {
		world, err := feedWorld(file)
		if err != nil {
			t.Fatal(err)
		}
		path, silence := around(t, world.Path(1))
		got, err := sim.Try(t.Context(), sim.FromPoints(world.Name, path), full, 1)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: silent for %d s, %d fills, the oldest price of one %.0f ms", world.Name, silence/perp.Second, got.Fills, got.OldestFill)
		usual := max(full.Params.BeatMax, perp.Time(got.Period)*perp.Millisecond)
		limit := max(full.Params.HaltAge, 10*(world.Lag+usual)) + 100*perp.Millisecond
		if got.Fills == 0 || got.OldestFill > float64(limit/perp.Millisecond) || got.ZeroSum != 0 {
			t.Errorf("%s: %d fills, on a price of %.0f ms, sum %d", world.Name, got.Fills, got.OldestFill, got.ZeroSum)
		}
	}
}

// around cuts a path to ten minutes before and after its longest silence.
func around(t *testing.T, p sim.Path) (cut sim.Path, longest perp.Time) {
	t.Helper()
	const margin = 600 * perp.Second
	var from, to perp.Time
	for i := 1; i < len(p); i++ {
		gap := p[i].At - p[i-1].At
		if gap <= 0 {
			t.Fatalf("point %d comes %d ns after the one before", i, gap)
		}
		if gap > longest {
			longest, from, to = gap, p[i-1].At-margin, p[i].At+margin
		}
	}
	for _, x := range p {
		if x.At >= from && x.At <= to {
			cut = append(cut, x)
		}
	}
	first := cut[0].At
	for i := range cut {
		cut[i].At -= first
	}
	return cut, longest
}
