package risk_test

import (
	"testing"

	"backstop/perp"
	"backstop/risk"
)

// worth is what one base unit at 60,000 needs to be placed with the default
// limits: 5% margin, 0.01 for the order, 5 bp fee; a limit that reaches 600
// through the oracle needs those 600 and the fee on them too.
var worth = []struct {
	side  perp.Side
	price perp.Price // whole quote
	need  perp.Money
}{
	{perp.Buy, 60_000, 3_030_010_000},
	{perp.Buy, 50_000, 3_030_010_000},
	{perp.Buy, 60_600, 3_630_310_000},
	{perp.Sell, 60_000, 3_030_010_000},
	{perp.Sell, 70_000, 3_030_010_000},
	{perp.Sell, 59_400, 3_630_310_000},
}

// TestMarginOfAnOrder: enough to the unit passes, one unit less does not.
func TestMarginOfAnOrder(t *testing.T) {
	for _, c := range worth {
		r := good()
		r.o.Side, r.o.Price, r.f.Portfolio.Cash = c.side, c.price*perp.PriceOne, c.need
		if got := risk.PreTrade(r.o, r.f); !got.OK() {
			t.Errorf("%s at %d with %s: %+v", c.side, c.price, c.need, got)
		}
		r.f.Portfolio.Cash--
		got := risk.PreTrade(r.o, r.f)
		if got.Reject != perp.InsufficientMargin || got.Need != int64(c.need) || got.Have != int64(c.need-1) {
			t.Errorf("%s at %d with one unit less: %+v", c.side, c.price, got)
		}
	}
}

// TestReplaceTakesTheOldOrderOut: an order that is worth all the cash may move
// its price, because it does not count beside its new self.
func TestReplaceTakesTheOldOrderOut(t *testing.T) {
	for _, c := range worth {
		r := good()
		r.o.Side = c.side
		rep, old := replaceOf(r.o)
		old.Price++
		rep.Price = c.price * perp.PriceOne
		e := risk.Exposure{Symbol: "BTC-PERP", Limits: r.f.Limits, Oracle: r.f.Oracle, Orders: 1}
		if c.side == perp.Buy {
			e.Bids = old.Size
		} else {
			e.Asks = old.Size
		}
		r.f.Portfolio = risk.Portfolio{Cash: c.need, Exposures: []risk.Exposure{e}}
		if got := risk.Replace(rep, old, r.f); !got.OK() {
			t.Errorf("%s to %d: %+v", c.side, c.price, got)
		}
		r.f.Portfolio.Cash--
		if got := risk.Replace(rep, old, r.f); got.Reject != perp.InsufficientMargin {
			t.Errorf("%s to %d with one unit less: %s", c.side, c.price, got.Reject)
		}
	}
}

// TestPositionLimits: the account's own limit goes before the market's, on
// both sides, with what is working counted in.
func TestPositionLimits(t *testing.T) {
	for _, c := range []struct {
		name     string
		side     perp.Side
		position perp.Size // tenths of a base unit, like all sizes here
		working  perp.Size // on the side of the order
		own      perp.Size // -1: none
		size     perp.Size
		want     perp.Reject
	}{
		{"market's limit, reached", perp.Buy, 0, 0, -1, 50, perp.RejectNone},
		{"market's limit, passed", perp.Buy, 0, 0, -1, 51, perp.PositionLimit},
		{"own limit, reached", perp.Sell, 0, 0, 20, 20, perp.RejectNone},
		{"own limit, passed", perp.Sell, 0, 0, 20, 21, perp.PositionLimit},
		{"own limit above the market's", perp.Sell, 0, 0, 80, 80, perp.RejectNone},
		{"working orders count", perp.Buy, 0, 15, 20, 6, perp.PositionLimit},
		{"working sells count", perp.Sell, 0, 15, 20, 6, perp.PositionLimit},
		{"position counts", perp.Sell, -15, 0, 20, 6, perp.PositionLimit},
		{"through flat", perp.Sell, 15, 0, 20, 35, perp.RejectNone},
		{"too far through flat", perp.Sell, 15, 0, 20, 36, perp.PositionLimit},
		{"own limit of zero", perp.Buy, 0, 0, 0, 1, perp.PositionLimit},
		{"own limit of zero, closing", perp.Buy, -5, 0, 0, 5, perp.RejectNone},
	} {
		const tenth = perp.SizeOne / 10
		r := good()
		r.f.Limits.MaxPosition = 50 * tenth
		if c.own >= 0 {
			r.f.Account.Limits.Positions = []risk.PositionLimit{{Symbol: "ETH-PERP", Size: 0}, {Symbol: "BTC-PERP", Size: c.own * tenth}}
		}
		e := risk.Exposure{
			Symbol: "BTC-PERP", Limits: r.f.Limits, Oracle: r.f.Oracle,
			Position: perp.Position{Size: c.position * tenth, Entry: -perp.Notional(r.f.Oracle, c.position*tenth, perp.Floor)},
		}
		if c.side == perp.Buy {
			e.Bids = c.working * tenth
		} else {
			e.Asks = c.working * tenth
		}
		r.f.Portfolio.Exposures = []risk.Exposure{e}
		r.o.Side, r.o.Size = c.side, c.size*tenth
		if got := risk.PreTrade(r.o, r.f); got.Reject != c.want {
			t.Errorf("%s: %+v, want %s", c.name, got, c.want)
		}
	}
}

// TestOtherMarketsCount: working orders, value and losses elsewhere weigh on
// an order here.
func TestOtherMarketsCount(t *testing.T) {
	elsewhere := func(r request) *risk.Exposure {
		return &risk.Exposure{Symbol: "ETH-PERP", Limits: r.f.Limits, Oracle: 1_000 * perp.PriceOne}
	}
	for _, c := range []struct {
		want perp.Reject
		set  func(*request, *risk.Exposure)
	}{
		{perp.RejectNone, func(*request, *risk.Exposure) {}},
		{perp.OpenOrdersLimit, func(r *request, e *risk.Exposure) { e.Orders = r.f.Account.Limits.OpenOrders }},
		{perp.NotionalLimit, func(_ *request, e *risk.Exposure) { e.Bids = 24_941 * perp.SizeOne }},
		{perp.InsufficientMargin, func(_ *request, e *risk.Exposure) { e.Position.Entry = -997_000 * perp.MoneyOne }},
		{perp.InsufficientMargin, func(_ *request, e *risk.Exposure) { e.Claim = -997_000 * perp.MoneyOne }},
	} {
		r := good()
		e := elsewhere(r)
		c.set(&r, e)
		r.f.Portfolio.Exposures = []risk.Exposure{*e}
		if got := risk.PreTrade(r.o, r.f); got.Reject != c.want {
			t.Errorf("got %+v, want %s", got, c.want)
		}
	}
}
