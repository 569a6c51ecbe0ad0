package risk_test

import (
	"slices"
	"testing"

	"backstop/perp"
	"backstop/risk"
)

func instrument() *perp.Instrument {
	return &perp.Instrument{
		Symbol: "BTC-PERP", Currency: "USDC", Tick: perp.PriceOne / 10, Lot: perp.SizeOne / 1000,
		MinSize: perp.SizeOne / 100, MaxSize: 25 * perp.SizeOne,
	}
}

func account() *risk.Account {
	return &risk.Account{Name: "ACME", Sessions: []string{"ACME1"}, Limits: risk.DefaultLimits()}
}

// request is an order with the state that it meets; a row mends one of them.
type request struct {
	o perp.PlaceOrder
	f risk.Facts
}

// broken breaks every rule of the ladder at once.
func broken() request {
	limits := risk.DefaultMarketLimits()
	limits.MaxPosition, limits.OpenInterest = perp.SizeOne, 0
	limits.MakerLeverage, limits.PriceBand = 0, 100*perp.BP
	a := account()
	a.Sessions, a.Limits = nil, risk.Limits{OpenOrders: 1, Notional: 1}
	return request{
		o: perp.PlaceOrder{
			Origin:  perp.Origin{Session: "ACME1", PossDup: true, Sent: 1 * perp.Second},
			Flawed:  perp.Flawed{Flaws: []perp.Verdict{{Reject: perp.BadClOrdID, Detail: "11"}}},
			ClOrdID: "1", Account: "ACME", Symbol: "BTC-PERP", Side: perp.Buy, Type: perp.Limit,
			TIF: 0, Size: 30*perp.SizeOne + 1,
		},
		f: risk.Facts{
			Now: 10 * perp.Second, RequestAge: risk.DefaultRequestAge, Used: true, State: perp.Halted,
			Limits: limits, Oracle: 60_000 * perp.PriceOne, Account: nil,
			Quote:     risk.QuoteFacts{Foreign: true, Expired: true, Superseded: true, Side: perp.Sell, Level: perp.Level{Price: 60_000 * perp.PriceOne, Size: perp.SizeOne}, Consumed: true},
			Portfolio: risk.Portfolio{Exposures: []risk.Exposure{{Symbol: "BTC-PERP", Limits: limits, Oracle: 60_000 * perp.PriceOne, Orders: 1}}},
			Maker:     risk.MakerFacts{Limits: limits, Oracle: 60_000 * perp.PriceOne},
			Unpriced:  true,
		},
	}
}

// TestLadder starts with an order that breaks every rule and mends one rule a
// row: the reason told is always the next one of the enum.
func TestLadder(t *testing.T) {
	r := broken()
	permitted := account()
	limited := *account()
	limited.Sessions, limited.Limits = nil, risk.Limits{OpenOrders: 1, Notional: 1, OrderLeverage: perp.RatioOne}
	previous := perp.RejectNone
	for _, row := range []struct {
		want perp.Reject
		mend func() // what the row before this one stumbled over
	}{
		{perp.BadClOrdID, func() {}},
		{perp.DuplicateClOrdID, func() { r.o.Flaws = nil }},
		{perp.PossResendMismatch, func() { r.o.PossResend = true }},
		{perp.StaleRequest, func() { r.f.Used = false }},
		{perp.UnknownSymbol, func() { r.o.Sent = r.f.Now }},
		{perp.MarketHalted, func() { r.f.Instrument = instrument() }},
		{perp.OracleStale, func() { r.f.Cause = perp.OracleStale }},
		{perp.OracleDivergent, func() { r.f.Cause = perp.OracleDivergent }},
		{perp.Drawdown, func() { r.f.State, r.f.Cause = perp.ReduceOnly, perp.Drawdown }},
		{perp.ReduceOnlyMode, func() { r.f.Cause = perp.OracleDivergent }},
		{perp.UnknownAccount, func() { r.f.State = perp.Open }},
		{perp.AccountNotPermitted, func() { r.f.Account = &limited }},
		{perp.CondField, func() { limited.Sessions = permitted.Sessions }},
		{perp.Unsupported, func() { r.o.Price = 99_999_999_999_999 }},
		{perp.ExpireTime, func() { r.o.TIF, r.o.Expires = perp.GTD, r.f.Now }},
		{perp.BadLot, func() { r.o.TIF, r.o.Expires = perp.IOC, 0 }},
		{perp.MinQty, func() { r.o.Size = 0 }},
		{perp.MaxOrderSize, func() { r.o.Size = 30 * perp.SizeOne }},
		{perp.BadTick, func() { r.o.Size = 2 * perp.SizeOne }},
		{perp.PriceBand, func() { r.o.Price = 70_000 * perp.PriceOne }},
		{perp.PostOnlyMarketable, func() { r.o.Price, r.o.TIF, r.o.PostOnly, r.f.Marketable = 60_100*perp.PriceOne, perp.GTC, true, true }},
		{perp.QuoteUnknown, func() {
			r.o.Type, r.o.TIF, r.o.PostOnly, r.o.QuoteID = perp.PreviouslyQuoted, perp.IOC, false, "Q1B"
		}},
		{perp.QuoteForeign, func() { r.f.Quote.Found = true }},
		{perp.QuoteExpired, func() { r.f.Quote.Foreign = false }},
		{perp.QuoteSuperseded, func() { r.f.Quote.Expired = false }},
		{perp.QuoteSide, func() { r.f.Quote.Superseded = false }},
		{perp.QuotePrice, func() { r.f.Quote.Side = perp.Buy }},
		{perp.QuoteSize, func() { r.o.Price = r.f.Quote.Level.Price }},
		{perp.QuoteConsumed, func() { r.f.Quote.Level.Size = r.o.Size }},
		{perp.ReduceOnlyFlat, func() { r.f.Quote.Consumed, r.o.Reduce = false, perp.Closing }},
		{perp.OpenOrdersLimit, func() { r.o.Reduce = 0 }},
		{perp.PositionLimit, func() { limited.Limits.OpenOrders = 2 }},
		{perp.NotionalLimit, func() { r.f.Limits.MaxPosition = 2 * perp.SizeOne }},
		{perp.InsufficientMargin, func() { limited.Limits.Notional = 120_000 * perp.MoneyOne }},
		{perp.CollateralCap, func() { r.f.Portfolio.Cash = 100_000 * perp.MoneyOne }},
		{perp.OILimit, func() { limited.Limits.OrderLeverage = 2 * perp.RatioOne }},
		{perp.DealerLeverage, func() { r.f.Maker.Limits.OpenInterest = 2 * perp.SizeOne }},
		{perp.PriceUnavailable, func() { r.f.Maker.Limits.MakerLeverage, r.f.Maker.Equity = perp.RatioOne, 120_000*perp.MoneyOne }},
		{perp.RejectNone, func() { r.f.Unpriced = false }},
	} {
		row.mend()
		if got := risk.PreTrade(r.o, r.f); got.Reject != row.want {
			t.Fatalf("got %s %+v, want %s", got.Reject, got, row.want)
		}
		if row.want != perp.RejectNone && row.want <= previous {
			t.Errorf("%s stands after %s: the rows must follow the enum", row.want, previous)
		}
		previous = row.want
	}
}

// TestFlawsMerge: a flaw that the door found is told where it belongs.
func TestFlawsMerge(t *testing.T) {
	for _, c := range []struct {
		flaw, want perp.Reject
		mend       func(*request)
	}{
		{perp.BadTick, perp.BadTick, func(*request) {}},
		{perp.BadTick, perp.BadLot, func(r *request) { r.o.Size++ }},
		{perp.BadTick, perp.BadTick, func(r *request) { r.o.Price = 90_000 * perp.PriceOne }}, // before the band
		{perp.BadTick, perp.BadTick, func(r *request) { r.o.Price = 0 }},                      // flawed is not missing
		{perp.Unsupported, perp.Unsupported, func(r *request) { r.o.Size++ }},
		{perp.BadLot, perp.CondField, func(r *request) { r.o.Price = 0 }},
	} {
		r := good()
		r.o.Flaws = []perp.Verdict{{Reject: perp.PriceBand}, {Reject: c.flaw}}
		c.mend(&r)
		if got := risk.PreTrade(r.o, r.f); got.Reject != c.want {
			t.Errorf("flaw %s: got %s, want %s", c.flaw, got.Reject, c.want)
		}
	}
}

// TestFlawsNameTheField: where the door and the ladder refuse for one reason, the client
// is told the field that the door found.
func TestFlawsNameTheField(t *testing.T) {
	r := good()
	r.o.Side, r.o.Flaws = 0, []perp.Verdict{{Reject: perp.Unsupported, Detail: "54=5"}}
	if got := risk.PreTrade(r.o, r.f); got.Reject != perp.Unsupported || got.Detail != "54=5" {
		t.Errorf("got %+v, want UNSUPPORTED 54=5", got)
	}
	r.o.Flaws = nil
	if got := risk.PreTrade(r.o, r.f); got.Reject != perp.Unsupported || got.Detail == "54=5" {
		t.Errorf("without the door: %+v", got)
	}
}

// good is a limit order that passes, with room on every side.
func good() request {
	limits := risk.DefaultMarketLimits()
	oracle := 60_000 * perp.PriceOne
	return request{
		o: perp.PlaceOrder{
			Origin: perp.Origin{Session: "ACME1"}, ClOrdID: "1", Account: "ACME", Symbol: "BTC-PERP",
			Side: perp.Buy, Type: perp.Limit, TIF: perp.GTC, Size: perp.SizeOne, Price: oracle,
		},
		f: risk.Facts{
			Now: 10 * perp.Second, RequestAge: risk.DefaultRequestAge, Instrument: instrument(), Limits: limits,
			State: perp.Open, Oracle: oracle, Account: account(),
			Portfolio: risk.Portfolio{Cash: 1_000_000 * perp.MoneyOne},
			Maker:     risk.MakerFacts{Limits: limits, Equity: 10_000_000 * perp.MoneyOne, Oracle: oracle},
		},
	}
}

func TestOrderTypeTable(t *testing.T) {
	table := map[perp.OrderType][]perp.TimeInForce{
		perp.Market: {perp.IOC, perp.FOK}, perp.PreviouslyQuoted: {perp.IOC, perp.FOK},
		perp.Limit: {perp.IOC, perp.FOK, perp.GTC, perp.GTD}, perp.Stop: {perp.GTC, perp.GTD}, perp.StopLimit: {perp.GTC, perp.GTD},
	}
	for typ := perp.OrderType(0); typ <= perp.StopLimit+1; typ++ {
		for tif := perp.TimeInForce(0); tif <= perp.GTD+1; tif++ {
			if got, want := risk.Supported(typ, tif), slices.Contains(table[typ], tif); got != want {
				t.Errorf("%s %s: %t, want %t", typ, tif, got, want)
			}
		}
	}
}

func TestPriceBandBindsTheAggressiveSideOnly(t *testing.T) {
	for _, c := range []struct {
		side  perp.Side
		price perp.Price // whole quote; the oracle is 60,000, the band 5%
		want  perp.Reject
	}{
		{perp.Buy, 63_000, perp.RejectNone},
		{perp.Buy, 63_001, perp.PriceBand},
		{perp.Buy, 1, perp.RejectNone},
		{perp.Sell, 57_000, perp.RejectNone},
		{perp.Sell, 56_999, perp.PriceBand},
		{perp.Sell, 900_000, perp.RejectNone},
		{perp.Sell, 9_000_000_000_000, perp.RejectNone}, // near the end of the type: no overflow
		{perp.Sell, -1, perp.BadTick},
	} {
		r := good()
		r.o.Side, r.o.Price = c.side, c.price*perp.PriceOne
		r.o.Size = perp.SizeOne / 100
		if got := risk.PreTrade(r.o, r.f); got.Reject != c.want {
			t.Errorf("%s at %d: got %s, want %s", c.side, c.price, got.Reject, c.want)
		}
	}
}

func TestStaleRepeats(t *testing.T) {
	for _, c := range []struct {
		name   string
		origin perp.Origin
		age    perp.Time
		want   perp.Reject
	}{
		{"fresh resend", perp.Origin{PossResend: true, Sent: 5 * perp.Second}, risk.DefaultRequestAge, perp.RejectNone},
		{"old resend", perp.Origin{PossResend: true, Sent: 5*perp.Second - 1}, risk.DefaultRequestAge, perp.StaleRequest},
		{"old duplicate", perp.Origin{PossDup: true, Sent: 1}, risk.DefaultRequestAge, perp.StaleRequest},
		{"no time", perp.Origin{PossDup: true}, risk.DefaultRequestAge, perp.StaleRequest},
		{"none taken", perp.Origin{PossDup: true, Sent: 10 * perp.Second}, 0, perp.StaleRequest},
		{"old, not repeated", perp.Origin{Sent: 1}, risk.DefaultRequestAge, perp.RejectNone},
		{"waited long enough", perp.Origin{Arrival: 5 * perp.Second}, risk.DefaultRequestAge, perp.RejectNone},
		{"waited too long", perp.Origin{Arrival: 5*perp.Second - 1}, risk.DefaultRequestAge, perp.StaleRequest},
		{"waited where only repetitions are refused", perp.Origin{Arrival: 1}, 0, perp.RejectNone},
	} {
		r := good()
		c.origin.Session = "ACME1"
		r.o.Origin, r.f.RequestAge = c.origin, c.age
		if got := risk.PreTrade(r.o, r.f); got.Reject != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got.Reject, c.want)
		}
	}
}

// TestReducingPasses: an account beyond every limit may still get flatter.
func TestReducingPasses(t *testing.T) {
	r := good()
	r.o.Side, r.o.Price = perp.Sell, r.f.Oracle
	r.f.State = perp.ReduceOnly
	r.f.Account.Limits.Notional = 1
	r.f.Limits.MaxPosition = 1
	r.f.Portfolio = risk.Portfolio{Exposures: []risk.Exposure{{
		Symbol: "BTC-PERP", Limits: r.f.Limits, Oracle: r.f.Oracle,
		Position: perp.Position{Size: perp.SizeOne, Entry: -90_000 * perp.MoneyOne},
	}}}
	r.f.Maker.Client = perp.SizeOne
	if got := risk.PreTrade(r.o, r.f); !got.OK() {
		t.Errorf("closing: %+v", got)
	}
	r.f.Portfolio.Exposures[0].Asks = perp.SizeOne / 1000 // already spoken for
	if got := risk.PreTrade(r.o, r.f); got.Reject != perp.ReduceOnlyMode {
		t.Errorf("closing more than is open: %s", got.Reject)
	}
}

func replaceOf(o perp.PlaceOrder) (perp.ReplaceOrder, perp.Order) {
	old := perp.Order{
		ClOrdID: o.ClOrdID, Account: o.Account, Symbol: o.Symbol, Side: o.Side, Type: o.Type, TIF: o.TIF,
		Size: o.Size, Price: o.Price, Status: perp.New,
	}
	return perp.ReplaceOrder{
		Origin: o.Origin, ClOrdID: "2", OrigClOrdID: o.ClOrdID, Account: o.Account, Symbol: o.Symbol,
		Side: o.Side, Type: o.Type, Size: o.Size, Price: o.Price,
	}, old
}

func TestLadderReplace(t *testing.T) {
	r := broken()
	rep, old := replaceOf(good().o)
	limited := *account()
	limited.Sessions, limited.Limits = nil, risk.Limits{OpenOrders: 1, Notional: 1}
	rep.Price, rep.Size, rep.Type = 0, 30*perp.SizeOne+1, perp.Market
	r.f.Portfolio.Exposures[0].Bids = old.Size
	previous := perp.RejectNone
	for _, row := range []struct {
		want perp.Reject
		mend func()
	}{
		{perp.UnknownSymbol, func() {}},
		{perp.MarketHalted, func() { r.f.Instrument = instrument() }},
		{perp.OracleStale, func() { r.f.Cause = perp.OracleStale }},
		{perp.OracleDivergent, func() { r.f.Cause = perp.OracleDivergent }},
		{perp.ReduceOnlyMode, func() { r.f.State = perp.ReduceOnly }},
		{perp.UnknownAccount, func() { r.f.State = perp.Open }},
		{perp.AccountNotPermitted, func() { r.f.Account = &limited }},
		{perp.CondField, func() { limited.Sessions = account().Sessions }},
		{perp.ExpireTime, func() { rep.Price, rep.Expires, old.TIF = 70_000*perp.PriceOne+1, r.f.Now, perp.GTD }},
		{perp.BadLot, func() { rep.Expires, old.TIF = 0, perp.GTC }},
		{perp.MinQty, func() { rep.Size = 0 }},
		{perp.MaxOrderSize, func() { rep.Size = 30 * perp.SizeOne }},
		{perp.BadTick, func() { rep.Size = 2 * perp.SizeOne }},
		{perp.PriceBand, func() { rep.Price = 70_000 * perp.PriceOne }},
		{perp.PostOnlyMarketable, func() { rep.Price, old.PostOnly, r.f.Marketable = 60_000*perp.PriceOne, true, true }},
		{perp.ReduceOnlyFlat, func() { old.PostOnly, old.Reduce = false, perp.Closing }},
		{perp.PositionLimit, func() { old.Reduce = 0 }},
		{perp.NotionalLimit, func() { r.f.Limits.MaxPosition = 2 * perp.SizeOne }},
		{perp.InsufficientMargin, func() { limited.Limits.Notional = 120_000 * perp.MoneyOne }},
		{perp.OILimit, func() { r.f.Portfolio.Cash = 100_000 * perp.MoneyOne }},
		{perp.DealerLeverage, func() { r.f.Maker.Limits.OpenInterest = 2 * perp.SizeOne }},
		{perp.NotAmendable, func() { r.f.Maker.Limits.MakerLeverage, r.f.Maker.Equity = perp.RatioOne, 120_000*perp.MoneyOne }},
		{perp.RejectNone, func() { rep.Type = old.Type }},
	} {
		row.mend()
		if got := risk.Replace(rep, old, r.f); got.Reject != row.want {
			t.Fatalf("got %s %+v, want %s", got.Reject, got, row.want)
		}
		if row.want != perp.RejectNone && row.want <= previous {
			t.Errorf("%s stands after %s", row.want, previous)
		}
		previous = row.want
	}
}

// TestShrinkingReplacePasses: a smaller size at the same price works in every
// market state, and a size at or below what is filled too.
func TestShrinkingReplacePasses(t *testing.T) {
	r := good()
	r.f.State, r.f.Cause = perp.Halted, perp.OracleStale
	rep, old := replaceOf(r.o)
	old.Cum, old.Status = perp.SizeOne/2, perp.PartiallyFilled
	r.f.Portfolio.Exposures = []risk.Exposure{{Symbol: "BTC-PERP", Limits: r.f.Limits, Oracle: r.f.Oracle, Bids: old.Leaves(), Orders: 1}}
	for _, size := range []perp.Size{perp.SizeOne * 3 / 4, perp.SizeOne / 2, perp.SizeOne / 1000} {
		rep.Size = size
		if got := risk.Replace(rep, old, r.f); !got.OK() {
			t.Errorf("to %s: %+v", size, got)
		}
	}
	rep.Size = 2 * perp.SizeOne
	if got := risk.Replace(rep, old, r.f); got.Reject != perp.OracleStale {
		t.Errorf("growing in a closed market: %s", got.Reject)
	}
	for field, spoil := range map[string]func(*perp.ReplaceOrder){
		"ExecInst":       func(r *perp.ReplaceOrder) { r.PostOnly = true },
		"PositionEffect": func(r *perp.ReplaceOrder) { r.Reduce = perp.Closing },
		"TriggerPxType":  func(r *perp.ReplaceOrder) { r.Trigger = perp.TriggerMark },
		"MaxSlippageBps": func(r *perp.ReplaceOrder) { r.Slippage = perp.BP },
		"ExpireTime":     func(r *perp.ReplaceOrder) { r.Expires = 99 * perp.Second },
		"StopPx":         func(r *perp.ReplaceOrder) { r.Stop = perp.PriceOne },
		"Account":        func(r *perp.ReplaceOrder) { r.Account = "OTHER" },
		"Symbol":         func(r *perp.ReplaceOrder) { r.Symbol = "ETH-PERP" },
		"Side":           func(r *perp.ReplaceOrder) { r.Side = perp.Sell },
		"OrdType":        func(r *perp.ReplaceOrder) { r.Type = perp.Market },
		"TimeInForce":    func(r *perp.ReplaceOrder) { r.TIF = perp.IOC },
	} {
		bad, _ := replaceOf(r.o)
		spoil(&bad)
		if got := risk.Replace(bad, old, r.f); got.Reject != perp.NotAmendable || got.Detail != field {
			t.Errorf("%s: %+v", field, got)
		}
	}
}
