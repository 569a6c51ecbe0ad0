package perp

import "testing"

func TestSettleable(t *testing.T) {
	for _, c := range []struct{ claim, pool, want Money }{{-5, 0, -5}, {-5, 9, -5}, {5, 0, 0}, {5, 3, 3}, {5, 9, 5}, {0, 9, 0}} {
		if got := (PositionView{Claim: c.claim, Pool: c.pool}).Settleable(); got != c.want {
			t.Errorf("of %d with %d: %d, want %d", c.claim, c.pool, got, c.want)
		}
	}
}

func TestBreakEven(t *testing.T) {
	for _, c := range []struct {
		size  Size
		entry Money
		want  Price
	}{
		{0, 0, 0},
		{2 * SizeOne, -300_000_000, 150_000_000},
		{-2 * SizeOne, 300_000_000, 150_000_000},
		{3 * SizeOne, -100, 34}, // A long has to get more, a short to pay less.
		{-3 * SizeOne, 100, 33},
	} {
		if got := (PositionView{Size: c.size, EntryNotional: c.entry}).BreakEven(); got != c.want {
			t.Errorf("%d for %d: %d, want %d", c.size, c.entry, got, c.want)
		}
	}
}
