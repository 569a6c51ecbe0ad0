package risk_test

import (
	"testing"

	"backstop/risk"
)

// TestJudgingAllocatesNothing: an order is judged in memory that is used again, and as
// without it.
func TestJudgingAllocatesNothing(t *testing.T) {
	var d risk.Checker
	for _, r := range []request{good(), broken(), good()} {
		if have, want := d.PreTrade(&r.o, &r.f), risk.PreTrade(r.o, r.f); have != want {
			t.Errorf("%+v, want %+v", have, want)
		}
	}
	r := good()
	if n := testing.AllocsPerRun(100, func() { d.PreTrade(&r.o, &r.f) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
