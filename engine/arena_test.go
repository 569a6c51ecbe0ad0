package engine

import (
	"fmt"
	"slices"
	"testing"

	"backstop/perp"
)

// TestEventsAreKept: what a command told stays as it was, whatever is applied after
// it: the next batch is applied while the one before it is written.
func TestEventsAreKept(t *testing.T) {
	f := busy(t, 2, 4, false)
	var kept [][]perp.Event
	var said []string
	for i := range 600 {
		f.now += 50 * perp.Millisecond
		var events []perp.Event
		if i%2 == 0 {
			events = f.deal("dealer", perp.Side(1+i/2%2))
		} else {
			events = f.do(f.tickOf(i / 2 % 2))
		}
		if i%7 == 0 { // Whoever adds to a list must not reach into the next one.
			_ = append(events, perp.HedgeWanted{Symbol: "nobody's"})
		}
		kept, said = append(kept, events), append(said, fmt.Sprintf("%+v", events))
	}
	for i, events := range kept {
		if now := fmt.Sprintf("%+v", events); now != said[i] {
			t.Fatalf("command %d of %d said\n%s\nand now\n%s", i, len(kept), said[i], now)
		}
	}
}

// TestPiecesAreApart: pieces of one memory are equal to what was copied and never
// share any of it, and one that is too large stands alone.
func TestPiecesAreApart(t *testing.T) {
	var from []int
	var all [][]int
	for i := range 200 {
		list := make([]int, i%23)
		for k := range list {
			list[k] = i
		}
		all = append(all, piece(&from, 16, list))
	}
	for i, p := range all {
		want := slices.Repeat([]int{i}, i%23)
		if !slices.Equal(p, want) || cap(p) != len(p) && len(p) <= 16 {
			t.Fatalf("piece %d: %v with room for %d", i, p, cap(p))
		}
	}
	if piece[int](&from, 16, nil) != nil || piece(&from, 16, []int{}) == nil {
		t.Error("nothing and an empty list are not told apart")
	}
}

// TestManyEvents: a command that tells more than a piece holds is told whole.
func TestManyEvents(t *testing.T) {
	var a arena
	for _, n := range []int{0, 1, eventsMost, arenaEvents - 1, arenaEvents, 3 * arenaEvents, 5} {
		out := a.begin()
		for i := range n {
			out = append(out, perp.PositionChanged{Size: perp.Size(i)})
		}
		done := a.end(out)
		next := append(a.begin(), perp.PositionChanged{Size: -1})
		if len(done) != n || len(next) != 1 {
			t.Fatalf("%d events became %d", n, len(done))
		}
		for i, ev := range done {
			if ev.(perp.PositionChanged).Size != perp.Size(i) {
				t.Fatalf("event %d of %d is %+v", i, n, ev)
			}
		}
	}
}

// TestNamesAgainstId: ids that are made in advance are those that are made one by
// one, also out of order.
func TestNamesAgainstId(t *testing.T) {
	x := names{prefix: "E-"}
	for _, n := range []int64{1, 2, 16, 17, 18, 5, 40, 39, 1_000_000_000_000_000_000, 1_000_000_000_000_000_001, 0} {
		if have, want := x.of(n), id("E-", n); have != want {
			t.Errorf("%q for %q", have, want)
		}
	}
}
