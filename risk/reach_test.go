package risk

import (
	"testing"

	"backstop/perp"

	"pgregory.net/rapid"
)

// reachRounds is how often accounts are drawn anew until some came near their end.
const reachRounds = 30

// TestReachesHold: whatever an account has, as long as each price and each funding
// moves no further than its reach, it stays above its margin call.
func TestReachesHold(t *testing.T) {
	var sure, near int
	for range reachRounds {
		rapid.Check(t, func(t *rapid.T) {
			held, tight := reachHolds(t)
			sure, near = sure+held, near+tight
		})
		if t.Failed() || near > 0 {
			break
		}
	}
	t.Logf("%d accounts had a reach, %d came near its end", sure, near)
	if sure == 0 || near == 0 {
		t.Error("the run says nothing")
	}
}

// reachHolds draws an account and moves everything as far as its reach allows. It
// tells whether it had one, and whether little was left above the call.
func reachHolds(t *rapid.T) (sure, near int) {
	var p Portfolio
	for range rapid.IntRange(1, 4).Draw(t, "markets") {
		l := DefaultMarketLimits()
		l.SizePremium = perp.Ratio(rapid.Int64Range(0, 50_000).Draw(t, "premium"))
		size := rapid.Int64Range(-1_000_000_000_000, 1_000_000_000_000).Draw(t, "size")
		if rapid.Bool().Draw(t, "small") {
			size %= 1_000
		}
		orders := rapid.SampledFrom([]int64{0, 0, 1e11}).Draw(t, "orders")
		p.Exposures = append(p.Exposures, Exposure{
			Limits: l, Oracle: perp.Price(rapid.Int64Range(1_000_000_000, 1_000_000_000_000).Draw(t, "price")),
			Position: perp.Position{Size: perp.Size(size), Entry: perp.Money(rapid.Int64Range(-1e12, 1e12).Draw(t, "entry"))},
			Bids:     perp.Size(rapid.Int64Range(0, orders).Draw(t, "bids")), Asks: perp.Size(rapid.Int64Range(0, orders).Draw(t, "asks")),
		})
	}
	// Cash that is enough, and mostly only just.
	h := Judge(p)
	p.Cash = sum(h.Call, -h.Equity) + perp.Money(rapid.SampledFrom([]int64{-5, 0, 5, 50, 1_000, 1e6, 1e9}).Draw(t, "above"))
	h = Judge(p)
	reach, ok := Reaches(p, h, nil)
	if !ok {
		return 0, 0
	}
	for i := range p.Exposures {
		e, r := &p.Exposures[i], reach[i]
		// Mostly against the account, all the way.
		way := rapid.SampledFrom([]int64{-1, -1, -1, 0, 1}).Draw(t, "way")
		if e.Position.Size < 0 {
			way = -way
		}
		e.Oracle = max(0, e.Oracle+min(r.Price, 1_000_000_000_000)*perp.Price(way))
		// What the ledger makes of it, rounded down twice.
		drift := min(r.Funding, 1_000_000_000_000_000_000) * way
		e.Funding = perp.Money(perp.MulDiv(drift, int64(e.Position.Size), FundingUnit, perp.Floor)) - 1
	}
	if g := Judge(p); g.Equity < g.Call {
		t.Fatalf("equity %s below the call at %s; before %s and %s, reaches %v", g.Equity, g.Call, h.Equity, h.Call, reach)
	} else if (h.Equity-h.Call)/4 > g.Equity-g.Call {
		near = 1
	}
	return 1, near
}

// TestNoReach: an account at its call, and one that has nothing at stake, get none.
func TestNoReach(t *testing.T) {
	p := Portfolio{Exposures: []Exposure{{Limits: DefaultMarketLimits(), Oracle: perp.PriceOne, Position: perp.Position{Size: perp.SizeOne, Entry: -1_000_000}}}}
	h := Judge(p)
	for name, test := range map[string]struct {
		cash  perp.Money
		wants bool
	}{"below": {h.Call - h.Equity - 1, false}, "at": {h.Call - h.Equity, false}, "above": {h.Call - h.Equity + 1_000, true}} {
		p.Cash = test.cash
		if _, ok := Reaches(p, Judge(p), nil); ok != test.wants {
			t.Errorf("%s the call: %v", name, ok)
		}
	}
	if _, ok := Reaches(Portfolio{Cash: 1}, Judge(Portfolio{Cash: 1}), nil); ok {
		t.Error("nothing at stake")
	}
}
