package quoting

import "testing"

func TestFundingVectors(t *testing.T) { runVectors(t, "funding") }
func TestDepthVectors(t *testing.T)   { runVectors(t, "formulaic_k") }

func vecFundingSplit(m *Reference, a args) (results, error) {
	next := *m
	long, short, share, err := next.fundingSplit(a.num("rate"))
	if err != nil {
		return nil, err
	}
	*m = next
	return results{"long": long, "short": short, "imbalance_revenue": share}, nil
}

func vecMaxDivergence(m *Reference, a args) (results, error) {
	return results{"max": m.maxDivergence(a.num("twap"))}, nil
}

func vecHour(_ *Reference, a args) (results, error) {
	return results{"wait": onTheHour(a.num("now"), a.num("last"), a.num("period"))}, nil
}

func vecBlocked(m *Reference, a args) (results, error) {
	return results{"blocked": m.fundingBlocked(a.oracle(), a.guard(), a.num("slot"))}, nil
}

func vecFunding(m *Reference, a args) (results, error) {
	updated, err := m.updateFunding(a.oracle(), a.guard(), a.num("now"), a.num("slot"), a.flag("paused"))
	return results{"updated": updated}, err
}

func vecBasis(m *Reference, a args) (results, error) {
	return results{"basis": m.fundingBasis(a.num("oracle_price"), a.num("now"))}, nil
}

func vecFormulaicK(m *Reference, a args) (results, error) {
	next := *m
	if err := next.formulaicK(a.num("funding_imbalance_cost")); err != nil {
		return nil, err
	}
	*m = next
	return nil, nil
}

// vecFormulaicLoop repeats one cost until L stands still, a number of rounds is
// reached, or the L before a round had already reached the given one.
func vecFormulaicLoop(m *Reference, a args) (results, error) {
	cost, stop := a.num("funding_imbalance_cost"), a.num("stop_at_sqrt_k")
	rounds := int(a.num("max_iterations").big().Int64())
	done := 0
	for ; rounds == 0 || done < rounds; done++ {
		before := m.L
		if err := m.formulaicK(cost); err != nil {
			return nil, err
		}
		if m.L.cmp(before) == 0 || stop.sign() > 0 && !before.lt(stop) {
			done++
			break
		}
	}
	return results{"iterations": n64(int64(done)), "sqrt_k": m.L}, nil
}
