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

// depthWorld is a market whose users are short by 12.3 base, intensity 100.
func depthWorld(t *testing.T) *Reference {
	m := new(Reference)
	m.Base, m.Quote, m.L = n64(512_295_081_967), n64(488_000_000_000), n64(500_000_000_000)
	m.Peg, m.Concentration, m.Users = n64(50_000_000), n64(1_414_200), n64(-12_295_081_967)
	m.Equity, m.Intensity, m.MinOrder = n64(1_000_000_000), n64(100), n64(1)
	if m.price().sign() <= 0 {
		t.Fatal("no price")
	}
	return m
}

// TestDepthNeverCostsReserved drives L up with an unlimited budget: it ends
// just past the bound that stops it, and equity pays for it exactly once.
func TestDepthNeverCostsReserved(t *testing.T) {
	m := depthWorld(t)
	closing := m.closing()
	for range 100 {
		before := m.L
		if err := m.formulaicK(n64(-100_000_000_000)); err != nil {
			t.Fatal(err)
		}
		if !m.L.gt(before) {
			t.Fatalf("L stays at %s", m.L)
		}
		if m.L.gt(before.times(1001).over(1000)) {
			t.Fatalf("L from %s to %s is more than 0.1 %%", before, m.L)
		}
	}
	paid := n64(1_000_000_000).sub(m.Equity)
	if cost := m.closing().sub(closing); paid.cmp(cost) != 0 {
		t.Errorf("equity paid %s, closing became dearer by %s", paid, cost)
	}
	m.Fees = m.Equity.times(2)
	if before := m.L; m.formulaicK(n64(-100_000_000_000)) != nil || m.L.cmp(before) != 0 {
		t.Error("what is reserved was spent on depth")
	}
}
