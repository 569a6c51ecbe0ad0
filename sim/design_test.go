package sim

import (
	"testing"

	"backstop/perp"
)

// TestByReferenceLiesBetween: in a market that jumps, who sees prices early earns
// less from the reference than from a maker that merely follows, but more than
// from the full design; ordinary clients pay more for it. It is repeatable.
func TestByReferenceLiesBetween(t *testing.T) {
	s := scenario(t, "jump", 900*perp.Second)
	pegged, reference, full := try(t, s, "pegged", 4), try(t, s, "reference", 4), try(t, s, "full", 4)
	follows, gated, closed := pegged.ArbPnLByClass["arb"], reference.ArbPnLByClass["arb"], full.ArbPnLByClass["arb"]
	if max(0, closed) >= gated || gated >= follows/2 {
		t.Errorf("arbs earn %.0f from pegged, %.0f from the reference, %.0f from full", follows, gated, closed)
	}
	if reference.ArbPnL >= pegged.ArbPnL/2 {
		t.Errorf("toxic takers earn %.0f from pegged, %.0f from the reference", pegged.ArbPnL, reference.ArbPnL)
	}
	if reference.BenignCost <= pegged.BenignCost || reference.BenignFill < 0.95 {
		t.Errorf("benign clients pay %.2f bp, %.2f at pegged, fill %.3f", reference.BenignCost, pegged.BenignCost, reference.BenignFill)
	}
	if again := try(t, s, "reference", 4); again.StateHash != reference.StateHash || again.ArbPnL != reference.ArbPnL || again.ZeroSum != 0 {
		t.Errorf("twice: %+v and %+v", reference, again)
	}
}
