package risk_test

import (
	"testing"

	"backstop/perp"
	"backstop/risk"
)

// TestConditions: what an order may ask for, and of what kind it must be.
func TestConditions(t *testing.T) {
	at := 60_000 * perp.PriceOne
	stop := func(o *perp.PlaceOrder) { o.Type, o.Price, o.Stop = perp.Stop, 0, at }
	for _, c := range []struct {
		name   string
		change func(*perp.PlaceOrder)
		want   perp.Reject
		detail string
	}{
		{"GTD", func(o *perp.PlaceOrder) { o.TIF, o.Expires = perp.GTD, 11*perp.Second }, perp.RejectNone, ""},
		{"GTD without a time", func(o *perp.PlaceOrder) { o.TIF = perp.GTD }, perp.CondField, "126"},
		{"a time without GTD", func(o *perp.PlaceOrder) { o.Expires = 11 * perp.Second }, perp.Unsupported, "OrdType with TimeInForce"},
		{"GTD that is over", func(o *perp.PlaceOrder) { o.TIF, o.Expires = perp.GTD, 10*perp.Second }, perp.ExpireTime, "ExpireTime"},
		{"post-only", func(o *perp.PlaceOrder) { o.PostOnly = true }, perp.RejectNone, ""},
		{"post-only IOC", func(o *perp.PlaceOrder) { o.PostOnly, o.TIF = true, perp.IOC }, perp.Unsupported, "OrdType with TimeInForce"},
		{"post-only stop", func(o *perp.PlaceOrder) { stop(o); o.PostOnly = true }, perp.Unsupported, "OrdType with TimeInForce"},
		{"minimum", func(o *perp.PlaceOrder) { o.MinSize = o.Size }, perp.RejectNone, ""},
		{"minimum off the lot", func(o *perp.PlaceOrder) { o.MinSize = 1 }, perp.BadLot, "MinQty"},
		{"minimum above the size", func(o *perp.PlaceOrder) { o.MinSize = 2 * o.Size }, perp.MinQty, "MinQty"},
		{"stop", stop, perp.RejectNone, ""},
		{"stop without a price", func(o *perp.PlaceOrder) { stop(o); o.Stop = 0 }, perp.CondField, "99"},
		{"stop off the tick", func(o *perp.PlaceOrder) { stop(o); o.Stop++ }, perp.BadTick, "StopPx"},
		{"stop IOC", func(o *perp.PlaceOrder) { stop(o); o.TIF = perp.IOC }, perp.Unsupported, "OrdType with TimeInForce"},
		{"stop price on a limit", func(o *perp.PlaceOrder) { o.Stop = at }, perp.Unsupported, "OrdType with TimeInForce"},
		{"stop limit without a limit", func(o *perp.PlaceOrder) { stop(o); o.Type = perp.StopLimit }, perp.CondField, "44"},
		{"stop limit in the band of its stop", func(o *perp.PlaceOrder) { o.Type, o.Stop, o.Price = perp.StopLimit, 2*at, 2*at+at/20 }, perp.RejectNone, ""},
		{"stop limit out of it", func(o *perp.PlaceOrder) { o.Type, o.Stop, o.Price = perp.StopLimit, at/2, at }, perp.PriceBand, "Price"},
		{"trigger without a stop", func(o *perp.PlaceOrder) { o.Trigger = perp.TriggerMark }, perp.Unsupported, "OrdType with TimeInForce"},
		{"trigger that is none", func(o *perp.PlaceOrder) { stop(o); o.Trigger = perp.TriggerMaker + 1 }, perp.Unsupported, "OrdType with TimeInForce"},
		{"slippage", func(o *perp.PlaceOrder) { o.Type, o.TIF, o.Price, o.Slippage = perp.Market, perp.IOC, 0, perp.BP }, perp.RejectNone, ""},
		{"slippage of a limit", func(o *perp.PlaceOrder) { o.Slippage = perp.BP }, perp.Unsupported, "OrdType with TimeInForce"},
		{"in time", func(o *perp.PlaceOrder) { o.Transact, o.MaxAge = 9*perp.Second, perp.Second }, perp.RejectNone, ""},
		{"late", func(o *perp.PlaceOrder) { o.Transact, o.MaxAge = 9*perp.Second-1, perp.Second }, perp.StaleRequest, "age"},
		{"late without a time", func(o *perp.PlaceOrder) { o.MaxAge = perp.Second }, perp.StaleRequest, "age"},
		{"closing nothing", func(o *perp.PlaceOrder) { o.Reduce = perp.Closing }, perp.ReduceOnlyFlat, "position"},
		{"reducing nothing", func(o *perp.PlaceOrder) { o.Reduce = perp.Reducing }, perp.RejectNone, ""},
	} {
		r := good()
		c.change(&r.o)
		if got := risk.PreTrade(r.o, r.f); got.Reject != c.want || got.Detail != c.detail {
			t.Errorf("%s: got %s %q, want %s %q", c.name, got.Reject, got.Detail, c.want, c.detail)
		}
	}
}

// TestReducingOrdersNeedNothing: whatever is asked of them, no more than the
// position is at stake, and a stop is judged when it is set off.
func TestReducingOrdersNeedNothing(t *testing.T) {
	r := good()
	r.f.Portfolio = risk.Portfolio{Cash: perp.MoneyOne, Exposures: []risk.Exposure{{
		Symbol: "BTC-PERP", Limits: r.f.Limits, Oracle: r.f.Oracle, Position: perp.Position{Size: -perp.SizeOne, Entry: 60_000 * perp.MoneyOne},
	}}}
	r.f.Maker.Client, r.f.State = -perp.SizeOne, perp.ReduceOnly
	r.o.Size, r.o.Reduce = 20*perp.SizeOne, perp.Reducing
	if got := risk.PreTrade(r.o, r.f); !got.OK() {
		t.Errorf("reducing: %+v", got)
	}
	for size, want := range map[perp.Size]perp.Reject{perp.SizeOne: perp.RejectNone, perp.SizeOne + perp.SizeOne/1000: perp.ReduceOnlyFlat} {
		r.o.Size, r.o.Reduce = size, perp.Closing
		if got := risk.PreTrade(r.o, r.f); got.Reject != want {
			t.Errorf("closing %s: %+v", size, got)
		}
	}
	r.o.Size, r.o.Reduce, r.o.Side = perp.SizeOne, perp.Closing, perp.Sell
	if got := risk.PreTrade(r.o, r.f); got.Reject != perp.ReduceOnlyFlat {
		t.Errorf("closing on the wrong side: %+v", got)
	}
}

func TestStopsAreJudgedWhenSetOff(t *testing.T) {
	r := good()
	r.f.Portfolio.Cash, r.f.Limits.MaxPosition = perp.MoneyOne, perp.SizeOne/2
	r.o.Type, r.o.Price, r.o.Stop = perp.Stop, 0, r.f.Oracle
	if got := risk.PreTrade(r.o, r.f); !got.OK() {
		t.Errorf("placed: %+v", got)
	}
	o := perp.Order{Account: r.o.Account, Symbol: r.o.Symbol, Side: r.o.Side, Type: r.o.Type, TIF: r.o.TIF, Size: r.o.Size, Conditions: r.o.Conditions, Status: perp.New}
	for _, row := range []struct {
		want perp.Reject
		mend func()
	}{
		{perp.MarketHalted, func() { r.f.State = perp.Halted }},
		{perp.ReduceOnlyMode, func() { r.f.State = perp.ReduceOnly }},
		{perp.PositionLimit, func() { r.f.State = perp.Open }},
		{perp.InsufficientMargin, func() { r.f.Limits.MaxPosition = perp.SizeOne }},
		{perp.OILimit, func() { r.f.Portfolio.Cash, r.f.Maker.Limits.OpenInterest = 100_000*perp.MoneyOne, 0 }},
		{perp.RejectNone, func() { r.f.Maker.Limits.OpenInterest = perp.SizeOne }},
	} {
		row.mend()
		if got := risk.Trigger(o, r.f); got.Reject != row.want {
			t.Errorf("got %+v, want %s", got, row.want)
		}
	}
}
