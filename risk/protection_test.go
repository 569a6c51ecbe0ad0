package risk_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"backstop/perp"
	"backstop/risk"
)

// TestProtection is a story of fills; ms is when, and what is told of the last one.
func TestProtection(t *testing.T) {
	full := risk.Protection{Fills: 4, Size: 10 * perp.SizeOne, Notional: 500_000 * perp.MoneyOne, Window: perp.Second}
	fill := func(at perp.Time, size perp.Size) risk.Dealt {
		return risk.Dealt{At: at * perp.Millisecond, Size: size * perp.SizeOne, Notional: perp.Money(size) * 60_000 * perp.MoneyOne}
	}
	for _, c := range []struct {
		what  string
		p     risk.Protection
		fills []risk.Dealt
		want  string
		kept  int
	}{
		{"one small fill", full, []risk.Dealt{fill(0, 1)}, "", 1},
		{"the fourth within a second", full, []risk.Dealt{fill(0, 1), fill(300, 1), fill(600, 1), fill(999, 1)}, "fills=4", 4},
		{"the first is a second old", full, []risk.Dealt{fill(0, 1), fill(300, 1), fill(600, 1), fill(1000, 1)}, "", 3},
		{"value before size", full, []risk.Dealt{fill(0, 4), fill(10, 5)}, "notional=540000", 2},
		{"size", risk.Protection{Fills: 4, Size: 10 * perp.SizeOne, Window: perp.Second}, []risk.Dealt{fill(0, 4), fill(10, 6)}, "size=10", 2},
		{"just below the size", risk.Protection{Fills: 4, Size: 10 * perp.SizeOne, Window: perp.Second}, []risk.Dealt{fill(0, 4), fill(10, 5)}, "", 2},
		{"no limit named: the default's fills", risk.Protection{}, []risk.Dealt{fill(0, 1_000_000)}, "", 1},
	} {
		kept, v := c.p.Trips(c.fills, c.fills[len(c.fills)-1].At)
		if v.Detail != c.want || (v.Reject == perp.MMPFrozen) != (c.want != "") || len(kept) != c.kept {
			t.Errorf("%s: %v %q with %d kept, want %q with %d", c.what, v.Reject, v.Detail, len(kept), c.want, c.kept)
		}
	}
	most := make([]risk.Dealt, risk.DefaultProtection().Fills)
	if _, v := (risk.Protection{}).Trips(most, 0); v.Reject != perp.MMPFrozen {
		t.Error("a provider that names nothing is not protected")
	}
}

// TestProtectionOfCheapUnits: fills whose sum no number holds reach every limit that is
// named, and are no fault.
func TestProtectionOfCheapUnits(t *testing.T) {
	large := slices.Repeat([]risk.Dealt{{Size: 1_000_000_000 * perp.SizeOne, Notional: math.MaxInt64 / 2}}, 20)
	for want, p := range map[string]risk.Protection{
		"": {}, "size=": {Size: 1_000_000_000 * perp.SizeOne}, "notional=": {Notional: math.MaxInt64},
	} {
		if kept, v := p.Trips(large, 0); len(kept) != 20 || !strings.HasPrefix(v.Detail, want) || (v.Reject == perp.MMPFrozen) != (want != "") {
			t.Errorf("%+v: %v %q with %d kept", p, v.Reject, v.Detail, len(kept))
		}
	}
}

func TestProtectionFaults(t *testing.T) {
	for _, c := range []struct {
		p    risk.Protection
		want string
	}{
		{risk.DefaultProtection(), ""}, {risk.Protection{}, ""},
		{risk.Protection{Fills: -1}, "Fills"}, {risk.Protection{Fills: 1_001}, "Fills"}, {risk.Protection{Size: -1}, "Size"},
		{risk.Protection{Notional: -1}, "Notional"}, {risk.Protection{Window: -1}, "Window"}, {risk.Protection{Cool: 25 * 3600 * perp.Second}, "Cool"},
	} {
		a := *account()
		a.Protection = c.p
		if err := a.Validate(); (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.p, err, c.want)
		}
	}
}

// TestProvideLadder mends one rule a row of an entry that breaks all: the earliest
// reason of both its sides and of its flaws is told.
func TestProvideLadder(t *testing.T) {
	x := perp.ProvidedQuote{
		Flawed: perp.Flawed{Flaws: []perp.Verdict{{Reject: perp.BadRequest}}}, Symbol: "BTC-PERP",
		Bid: perp.Level{Price: 70_000*perp.PriceOne + 1, Size: 30 * perp.SizeOne}, Ask: perp.Level{Price: 60_000 * perp.PriceOne, Size: 1},
	}
	f := risk.Facts{State: perp.Halted, Oracle: 60_000 * perp.PriceOne, Limits: risk.DefaultMarketLimits()}
	for _, row := range []struct {
		want perp.Reject
		mend func()
	}{
		{perp.UnknownSymbol, func() {}},
		{perp.MarketHalted, func() { f.Instrument = instrument() }},
		{perp.OracleStale, func() { f.Cause = perp.OracleStale }},
		{perp.UnknownAccount, func() { f.State, f.Cause = perp.ReduceOnly, perp.OracleStale }},
		{perp.AccountNotPermitted, func() { f.Account = &risk.Account{Name: "ACME", Limits: risk.DefaultLimits()} }},
		{perp.BadLot, func() { f.Account = account() }},
		{perp.MinQty, func() { x.Ask.Size = perp.SizeOne / 1000 }},
		{perp.MaxOrderSize, func() { x.Ask.Size = perp.SizeOne }},
		{perp.BadTick, func() { x.Bid.Size = perp.SizeOne }},
		{perp.PriceBand, func() { x.Bid.Price = 70_000 * perp.PriceOne }},
		{perp.BadRequest, func() { x.Bid.Price = 60_000 * perp.PriceOne }},
		{perp.QuoteCrossed, func() { x.Flaws = nil }},
		{perp.RejectNone, func() { x.Bid.Price = 59_999 * perp.PriceOne }},
	} {
		row.mend()
		if v := risk.Provide("ACME1", "ACME", x, f); v.Reject != row.want {
			t.Errorf("got %v (%s), want %v", v.Reject, v.Detail, row.want)
		}
	}
	// What offers nothing takes quotes away in any state of the market.
	f.State, x.Bid, x.Ask = perp.Halted, perp.Level{}, perp.Level{}
	if v := risk.Provide("ACME1", "ACME", x, f); !v.OK() {
		t.Errorf("an entry of nothing is refused: %v", v.Reject)
	}
	if v := risk.Provide("OTHER", "ACME", x, f); v.Reject != perp.AccountNotPermitted {
		t.Errorf("of another session's account: %v", v.Reject)
	}
}
