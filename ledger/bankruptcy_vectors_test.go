package ledger

import (
	"errors"
	"testing"
)

func TestBankruptcyVectors(t *testing.T) { runVectors(t, "bankruptcy") }

func vectorResolve(m *refMarket, a vectorArgs) (vectorResults, error) {
	p := a.position()
	loss, err := m.resolve(&p, a.number("insurance_vault"))
	return vectorResults{
		"insurance_payment": loss.Insurance, "fee_pool_payment": loss.FeePool, "socialized": loss.Socialised, "position": p,
	}, err
}

func vectorLossRate(m *refMarket, a vectorArgs) (vectorResults, error) {
	rate, err := m.lossRate(a.number("loss"))
	return vectorResults{"delta": rate}, err
}

func vectorBankrupt(_ *refMarket, a vectorArgs) (vectorResults, error) {
	var positions []refPosition
	a.read("positions", &positions)
	return vectorResults{"bankrupt": bankrupt(a.number("deposit"), positions)}, nil
}

// TestReferenceLossIsBorneInOrder covers what no published case does: insurance
// with its cap and its last unit, a loss that needs no funding, and refusals.
func TestReferenceLossIsBorneInOrder(t *testing.T) {
	for _, c := range []struct {
		name                          string
		vault, limit, spent, fees     int64
		quote, base, open             int64
		insurance, feePool, shared    int64
		refused                       bool
		indexLong, pool, quoteOfUsers int64
	}{
		{name: "all of it insured", vault: 101, limit: 500, quote: -100, open: 10, insurance: 100, pool: 100},
		{name: "one unit stays in the vault", vault: 100, limit: 500, fees: 7, quote: -100, open: 10, insurance: 99, feePool: 1, pool: 99},
		{name: "cap left", vault: 1000, limit: 50, spent: 20, fees: 7, quote: -100, open: 10,
			insurance: 30, feePool: 7, shared: 63, indexLong: 6_300_000_000_000, pool: 30},
		{name: "rate rounds up", quote: -1, open: 3_000_000_000, shared: 1, indexLong: 1000},
		{name: "empty vault", limit: 50, quote: -10, open: 10, shared: 10, indexLong: 1_000_000_000_000},
		{name: "nobody open", vault: 1000, limit: 500, quote: -100, refused: true},
		{name: "cap overdrawn", limit: 10, spent: 11, quote: -100, open: 10, refused: true},
		{name: "owes nothing", open: 10, refused: true},
		{name: "still has a position", quote: -100, base: 1, open: 10, refused: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := refMarket{
				Longs: exactly(c.open), MaxInsurance: exactly(c.limit), SettledInsurance: exactly(c.spent),
				FeePool: exactly(c.fees), Quote: exactly(c.quote),
			}
			p, before := refPosition{Quote: exactly(c.quote), Base: exactly(c.base)}, m
			loss, err := m.resolve(&p, exactly(c.vault))
			if c.refused {
				if !errors.Is(err, errRefused) || m != before {
					t.Errorf("refused is %v, market changed is %t", err, m != before)
				}
				return
			}
			must(t, err)
			want := []int64{c.insurance, c.feePool, c.shared, c.indexLong, -c.indexLong, c.pool, c.spent + c.insurance, c.fees - c.feePool, 0, 0}
			got := []exact{loss.Insurance, loss.FeePool, loss.Socialised, m.IndexLong, m.IndexShort, m.PnlPool, m.SettledInsurance, m.FeePool, m.Quote, p.Quote}
			for i := range want {
				if !got[i].equal(exactly(want[i])) {
					t.Errorf("figure %d is %v, want %d", i, got[i], want[i])
				}
			}
		})
	}
}
