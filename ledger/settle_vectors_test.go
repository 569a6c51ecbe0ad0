package ledger

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestPnlSettleVectors(t *testing.T) { runVectors(t, "pnl_settle") }

func vectorNetPnl(m *refMarket, a vectorArgs) (vectorResults, error) {
	pnl, err := m.netUserPnl(a.number("price"))
	return vectorResults{"pnl": pnl}, err
}

func vectorExpiry(m *refMarket, a vectorArgs) (vectorResults, error) {
	return vectorResults{"price": m.expiryPrice(a.number("target"), a.number("excess"))}, nil
}

func vectorSettle(m *refMarket, a vectorArgs) (vectorResults, error) {
	c := refSettle{Position: a.position(), Price: a.number("oracle_price"), Slot: a.number("slot"), Time: a.number("now")}
	a.read("user", &c.User)
	if guard, ok := a.in["guard"]; ok {
		var g struct {
			Band exact `json:"mark_oracle_percent_divergence"` // the others guard other actions
		}
		must(a.t, json.Unmarshal(guard, &g))
		c.Band = g.Band
		delete(a.in, "guard")
	}
	var spot refRevenue
	a.read("spot", &spot)
	moved, err := m.settle(&c, &spot)
	return vectorResults{"moved": moved, "position": c.Position, "user": c.User, "revenue_pool": spot.Pool}, err
}

func vectorBalance(m *refMarket, a vectorArgs) (vectorResults, error) {
	var spot refRevenue
	a.read("spot", &spot)
	settled, err := m.balance(a.number("user_unsettled_pnl"), &spot, a.number("now"))
	return vectorResults{"settled": settled, "revenue_pool": spot.Pool}, err
}

func vectorRevenue(m *refMarket, a vectorArgs) (vectorResults, error) {
	sent, err := m.revenueTransfer(a.number("revenue_pool"), a.number("fee_pool_after"), a.number("terminal_surplus"))
	return vectorResults{"transfer": sent}, err
}

// quiet is a market whose mid, oracle and average agree on 100 quote, and a
// client who is 10 quote up on a position of one base unit.
func quiet() (refMarket, refSettle) {
	price, one := exactly(100_000_000), exactly(1_000_000_000)
	m := refMarket{
		BaseReserve: one, QuoteReserve: one, Peg: price, OracleTwap5: price, Status: "Active",
		Users: one, Longs: one, Quote: exactly(-90_000_000), PnlPool: exactly(500_000_000),
	}
	p := refPosition{Base: one, Quote: exactly(-90_000_000), Entry: exactly(-90_000_000)}
	return m, refSettle{Position: p, Price: price}
}

// TestReferenceMaySettle covers the refusals of a settlement one by one.
func TestReferenceMaySettle(t *testing.T) {
	const bit = 1
	for _, c := range []struct {
		name   string
		change func(*refMarket, *refSettle)
		moved  int64 // 0: refused
	}{
		{"as it is", func(*refMarket, *refSettle) {}, 10_000_000},
		{"no oracle price", func(_ *refMarket, c *refSettle) { c.Price = exact{} }, 0},
		{"mid a tenth under the average", func(m *refMarket, _ *refSettle) { m.Peg = exactly(90_909_091) }, 10_000_000},
		{"mid further under", func(m *refMarket, _ *refSettle) { m.Peg = exactly(90_909_000) }, 0},
		{"mid further under, wider band", func(m *refMarket, c *refSettle) {
			m.Peg, c.Band = exactly(90_909_000), exactly(110_000)
		}, 10_000_000},
		{"oracle far above", func(_ *refMarket, c *refSettle) { c.Price = exactly(112_000_000) }, 0},
		{"settling paused", func(m *refMarket, _ *refSettle) { m.Paused = exactly(bit << refPauseSettle) }, 0},
		{"with a position paused", func(m *refMarket, _ *refSettle) { m.Paused = exactly(bit << refPauseSettleWithBase) }, 0},
		{"reduce-only with a position", func(m *refMarket, _ *refSettle) { m.Status = "ReduceOnly" }, 0},
		{"reduce-only without", func(m *refMarket, c *refSettle) {
			m.Status, c.Position = "ReduceOnly", refPosition{Quote: exactly(3)}
		}, 3},
		{"in settlement without", func(m *refMarket, c *refSettle) {
			m.Status, c.Position = "Settlement", refPosition{Quote: exactly(3)}
		}, 0},
		{"curve stale, deviation too large", func(m *refMarket, _ *refSettle) {
			m.CurveIntensity, m.MarkDeviation = exactly(100), exactly(10_000_000)
		}, 0},
		{"curve stale, calm", func(m *refMarket, _ *refSettle) {
			m.CurveIntensity, m.MarkDeviation = exactly(100), exactly(9_999_999)
		}, 10_000_000},
		{"curve fresh, deviation too large", func(m *refMarket, c *refSettle) {
			m.CurveIntensity, m.MarkDeviation, m.OracleValid = exactly(100), exactly(10_000_000), true
			m.UpdateSlot, c.Slot = exactly(7), exactly(7)
		}, 10_000_000},
		{"by another, nothing in excess", func(m *refMarket, c *refSettle) {
			c.ByOther, c.Position.Entry, m.PnlPool = true, exactly(-100_000_000), exactly(10_000_000)
		}, 0},
		{"by another, loser", func(m *refMarket, c *refSettle) {
			c.ByOther, c.Position.Quote = true, exactly(-101_000_000)
		}, -1_000_000},
		{"only realised, no excess", func(m *refMarket, c *refSettle) {
			c.Position.Entry, m.PnlPool = exactly(-94_000_000), exactly(10_000_000)
		}, 4_000_000},
		{"nothing to settle", func(_ *refMarket, c *refSettle) { c.Position.Quote = exactly(-100_000_000) }, 0},
		{"funding first", func(m *refMarket, _ *refSettle) { m.IndexLong = exactly(2_000_000_000) }, 8_000_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, call := quiet()
			c.change(&m, &call)
			before, asked := m, call
			var spot refRevenue
			moved, err := m.settle(&call, &spot)
			if c.moved == 0 {
				if !errors.Is(err, errRefused) || m != before || call != asked {
					t.Errorf("moved %v (%v), or half applied", moved, err)
				}
				return
			}
			must(t, err)
			if !moved.equal(exactly(c.moved)) || !call.User.Deposit.equal(moved) || !call.Position.Settled.equal(moved) {
				t.Errorf("moved %v, user has %v, want %d", moved, call.User.Deposit, c.moved)
			}
			pools := func(m refMarket) exact { return m.PnlPool.plus(m.FeePool) }
			if !pools(before).minus(pools(m)).equal(moved) {
				t.Errorf("the pools paid %v, not %v", pools(before).minus(pools(m)), moved)
			}
		})
	}
}

// TestReferenceRevenue covers the limits of what a market sends and draws.
func TestReferenceRevenue(t *testing.T) {
	const q = 1_000_000
	for _, c := range []struct {
		name    string
		change  func(*refMarket)
		surplus int64
		want    int64
		refused bool
	}{
		{"half of the fees", func(*refMarket) {}, 251 * q, 50 * q, false},
		{"at the cushion", func(*refMarket) {}, 250 * q, 0, false},
		{"paused", func(m *refMarket) { m.Paused = exactly(1 << refPauseRevenue) }, 251 * q, 0, false},
		{"liquidation fees, insured part", func(m *refMarket) {
			m.LiquidationFees, m.MaxInsurance, m.SettledInsurance = exactly(30*q), exactly(5*q), exactly(2*q)
		}, 251 * q, 57 * q, false},
		{"less what was withdrawn", func(m *refMarket) { m.Withdrawn = exactly(20 * q) }, 251 * q, 30 * q, false},
		{"all withdrawn", func(m *refMarket) { m.Withdrawn = exactly(70 * q) }, 251 * q, 0, false},
		{"what social loss leaves", func(m *refMarket) { m.SocialLoss = exactly(740 * q) }, 251 * q, 10 * q, false},
		{"revenue of the period", func(m *refMarket) { m.PeriodRevenue = exactly(3) }, 251 * q, 3, false},
		{"loss of the period", func(m *refMarket) { m.PeriodRevenue = exactly(-3) }, 251 * q, 0, false},
		{"sent before", func(m *refMarket) { m.RevenueDrawn = exactly(-80 * q) }, 251 * q, 20 * q, false},
		{"draws the shortfall", func(*refMarket) {}, 249 * q, -1 * q, false},
		{"draws the allowance", func(m *refMarket) { m.RevenueDrawn = exactly(60 * q) }, 0, -40 * q, false},
		{"sending does not raise the allowance", func(m *refMarket) { m.RevenueDrawn = exactly(-60 * q) }, 0, -100 * q, false},
		{"draws what the pool has", func(m *refMarket) { m.MaxRevenue = exactly(900 * q) }, 0, -150 * q, false},
		{"drew more than it may", func(m *refMarket) { m.RevenueDrawn = exactly(101 * q) }, 0, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := refMarket{ExchangeFees: exactly(100 * q), MaxRevenue: exactly(100 * q), PeriodRevenue: exactly(1000 * q)}
			c.change(&m)
			got, err := m.revenueTransfer(exactly(150*q), exactly(1000*q), exactly(c.surplus))
			if c.refused != errors.Is(err, errRefused) || !got.equal(exactly(c.want)) {
				t.Errorf("sent %v (%v), want %d", got, err, c.want)
			}
		})
	}
}

// TestReferenceFigures covers single figures that no published case tells apart.
func TestReferenceFigures(t *testing.T) {
	one, price := exactly(1_000_000_000), exactly(100_000_000)
	m, call := quiet()
	m.FeePool, m.UnsettledFunding = exactly(50), exactly(-20)
	check := func(what string, got exact, want int64) {
		t.Helper()
		if !got.equal(exactly(want)) {
			t.Errorf("%s is %v, want %d", what, got, want)
		}
	}
	net, err := m.netUserPnl(price)
	must(t, err)
	check("what users are owed, funding included", net, 9_999_980)
	excess, err := m.excess(price)
	must(t, err)
	check("excess with a fifth of the fees", excess, 490_000_030)
	m.Quote = exactly(-200_000_000)
	excess, err = m.excess(price)
	must(t, err)
	check("excess when users owe", excess, 500_000_010)
	if _, err = m.netUserPnl(exact{}); !errors.Is(err, errRefused) {
		t.Errorf("users valued at no price: %v", err)
	}

	m.Step = exactly(1_000_000_001)
	check("expiry of less than a step", m.expiryPrice(price, exact{}), 100_000_000)
	m.Step = one
	check("expiry of one step", m.expiryPrice(price, exact{}), 99_999_999)

	m.OracleTwap5, m.MarkDeviation = exactly(99_000_000), exactly(9_900_000)
	if m.calm(price) {
		t.Error("a deviation of a tenth of the lower price is calm")
	}

	m, call = quiet()
	m.IndexLong = exactly(3_000_000_999_999)
	check("funding a long pays", m.fund(&call.Position), -3_000_000_999)
	check("what users paid and the pool has not", m.UnsettledFunding, 3_000_000_999)
	check("break-even of longs", m.BreakEvenLong, -3_000_000_999)
	check("entry of longs", m.EntryLong, 0)
	check("entry of the position", call.Position.Entry, -90_000_000)

	m = refMarket{Equity: exactly(900_000_000), ExchangeFees: exactly(80), FeePool: exactly(500_000_000),
		MaxRevenue: exactly(50), PeriodRevenue: exactly(50)}
	var spot refRevenue
	_, err = m.balance(exact{}, &spot, exactly(9))
	must(t, err)
	check("revenue pool", spot.Pool, 40)
	check("withdrawn", m.Withdrawn, 40)
	check("equity", m.Equity, 899_999_960)
	before, now := m, exactly(9)
	m.Withdrawn = exactly(41)
	if _, err = m.balance(exactly(5), &spot, now); !errors.Is(err, errRefused) || m.FeePool != before.FeePool {
		t.Errorf("more withdrawn than reserved: %v", err)
	}
}
