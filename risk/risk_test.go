package risk_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"backstop/perp"
	"backstop/risk"
)

func drawExposure(t *rapid.T, name string) risk.Exposure {
	size := func(lo, hi int64) perp.Size { return perp.Size(rapid.Int64Range(lo, hi).Draw(t, name)) }
	l := risk.DefaultMarketLimits()
	l.SizePremium = perp.Ratio(rapid.Int64Range(0, 50_000).Draw(t, "imf"))
	l.ProfitDiscount = perp.Ratio(rapid.Int64Range(0, 50_000).Draw(t, "discount"))
	return risk.Exposure{
		Symbol: name, Limits: l, Oracle: perp.Price(rapid.Int64Range(1, 1_000_000_000_000).Draw(t, "oracle")),
		Position: perp.Position{Size: size(-1e12, 1e12), Entry: perp.Money(rapid.Int64Range(-1e15, 1e15).Draw(t, "entry"))},
		Bids:     size(0, 1e12), Asks: size(0, 1e12), Orders: rapid.Int64Range(0, 500).Draw(t, "orders"),
	}
}

// TestMarginGrowsWithSize: a position further from flat never needs less.
func TestMarginGrowsWithSize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawExposure(t, "a")
		e.Bids, e.Asks = 0, 0
		before := required(e)
		further := perp.Size(rapid.Int64Range(0, 1e12).Draw(t, "further"))
		if e.Position.Size < 0 {
			further = -further
		}
		e.Position.Size += further
		if after := required(e); after < before {
			t.Fatalf("%s before, %s after %s more", before, after, further)
		}
	})
}

// TestMarginGrowsWithOrders: another working order never lowers what is
// needed, whichever side it is on and whatever other markets hold.
func TestMarginGrowsWithOrders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, other := drawExposure(t, "a"), drawExposure(t, "b")
		before := required(e, other)
		more := perp.Size(rapid.Int64Range(0, 1e12).Draw(t, "more"))
		if rapid.Bool().Draw(t, "buy") {
			e.Bids += more
		} else {
			e.Asks += more
		}
		e.Orders++
		after := required(e, other)
		if after < before || after-before < e.Limits.OrderReserve {
			t.Fatalf("%s before, %s after an order of %s", before, after, more)
		}
	})
}

func required(e ...risk.Exposure) perp.Money {
	return risk.Margin(risk.Portfolio{Exposures: e}, risk.Initial).Required
}

// TestCollateral: profits count up to the cap, losses and debts in full.
func TestCollateral(t *testing.T) {
	l := risk.DefaultMarketLimits()
	l.ProfitCap = 100 * perp.MoneyOne
	long := func(entry, claim perp.Money) risk.Exposure {
		return risk.Exposure{
			Limits: l, Oracle: 1_000 * perp.PriceOne, Claim: claim * perp.MoneyOne,
			Position: perp.Position{Size: perp.SizeOne, Entry: entry * perp.MoneyOne},
		}
	}
	for _, c := range []struct {
		name string
		e    risk.Exposure
		kind risk.Kind
		want perp.Money // whole quote, on top of 500 cash
	}{
		{"profit within the cap", long(-960, 0), risk.Initial, 40},
		{"profit beyond it", long(-500, 0), risk.Initial, 100},
		{"all profit keeps a position", long(-500, 0), risk.Maintenance, 500},
		{"loss in full", long(-1_400, 0), risk.Initial, -400},
		{"unsettled profit is capped too", long(-1_000, 300), risk.Initial, 100},
		{"a debt counts in full", long(-960, -90), risk.Initial, -50},
	} {
		r := risk.Margin(risk.Portfolio{Cash: 500 * perp.MoneyOne, Exposures: []risk.Exposure{c.e}}, c.kind)
		if want := (500 + c.want) * perp.MoneyOne; r.Collateral != want || r.Free != r.Collateral-r.Required {
			t.Errorf("%s: collateral %s, want %s (free %s, required %s)", c.name, r.Collateral, want, r.Free, r.Required)
		}
	}
}

// TestAbsurdSizesAreRefused: no configuration makes the ladder overflow.
func TestAbsurdSizesAreRefused(t *testing.T) {
	r := good()
	r.f.Instrument.MaxSize = 1 << 62
	r.f.Limits.MaxPosition = 1 << 62
	r.f.Account.Limits.Notional = 1 << 62
	r.o.Size = perp.SizeOne * 1_000_000_000
	if got := risk.PreTrade(r.o, r.f); got.Reject != perp.InsufficientMargin {
		t.Errorf("got %s", got.Reject)
	}
}

func TestFeeRoundsUp(t *testing.T) {
	for _, c := range []struct {
		notional perp.Money
		rate     perp.Ratio
		want     perp.Money
	}{{1, 1, 1}, {1_000_000, 500, 500}, {1_000_001, 500, 501}, {5, 0, 0}, {0, 500, 0}} {
		if got := risk.Fee(c.notional, c.rate); got != c.want {
			t.Errorf("fee of %d at %s: %d, want %d", c.notional, c.rate, got, c.want)
		}
	}
}

func drawMaker(t *rapid.T) (risk.MakerFacts, perp.Side) {
	l := risk.DefaultMarketLimits()
	l.OpenInterest = perp.Size(rapid.Int64Range(0, 100).Draw(t, "cap"))
	l.MakerLeverage = perp.Ratio(rapid.Int64Range(0, 10).Draw(t, "leverage")) * perp.RatioOne
	inventory := perp.Size(rapid.Int64Range(-60, 60).Draw(t, "inventory"))
	short := perp.Size(rapid.Int64Range(0, 60).Draw(t, "short"))
	return risk.MakerFacts{
		Limits: l, Inventory: inventory, Short: max(short, inventory), Long: max(short, inventory) - inventory,
		Client: perp.Size(rapid.Int64Range(-20, 20).Draw(t, "client")),
		Equity: perp.Money(rapid.Int64Range(-10, 100).Draw(t, "equity")), Oracle: 1_000_000_000,
	}, rapid.SampledFrom([]perp.Side{perp.Buy, perp.Sell}).Draw(t, "side")
}

// TestRoomIsWhereDealerTurns: Room against asking for every size in turn, and
// what passes keeps both limits or brings the maker closer to flat.
func TestRoomIsWhereDealerTurns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, side := drawMaker(t)
		room := risk.Room(f, side)
		for n := perp.Size(1); n < 200; n++ {
			v := risk.Dealer(f, side, n)
			if v.OK() != (n <= room) {
				t.Fatalf("size %d: %s, room %d", n, v.Reject, room)
			}
			after := f.Inventory - n*perp.Size(side.Sign())
			value := perp.Money(perp.Abs(after)) // the oracle makes one size unit one money unit
			fits := f.Equity > 0 && value <= perp.Share(f.Equity, f.Limits.MakerLeverage, perp.Floor)
			crossed := (after < 0) != (f.Inventory < 0) && after != 0
			closer := !crossed && perp.Abs(after) < perp.Abs(f.Inventory)
			if v.OK() && !fits && !closer || v.Reject == perp.DealerLeverage && (fits || closer) {
				t.Fatalf("size %d: %s with inventory %d after, equity %d", n, v.Reject, after, f.Equity)
			}
		}
	})
}

func TestDealerLetsInventoryShrink(t *testing.T) {
	f := risk.MakerFacts{Inventory: 50, Short: 50, Client: -50, Oracle: perp.PriceOne}
	if v := risk.Dealer(f, perp.Buy, 50); !v.OK() {
		t.Errorf("to flat: %+v", v)
	}
	if v := risk.Dealer(f, perp.Sell, 1); v.Reject != perp.OILimit {
		t.Errorf("further away: %s", v.Reject)
	}
	f.Limits.OpenInterest = 1_000
	if v := risk.Dealer(f, perp.Buy, 51); v.Reject != perp.DealerLeverage {
		t.Errorf("through flat without equity: %s", v.Reject)
	}
}

func TestFillAndQuote(t *testing.T) {
	r := good()
	o := perp.Order{Symbol: "BTC-PERP", Side: perp.Buy, Type: perp.Limit, Size: perp.SizeOne, Price: r.f.Oracle, Status: perp.New}
	e := risk.Exposure{Symbol: "BTC-PERP", Limits: r.f.Limits, Oracle: r.f.Oracle, Bids: o.Size, Orders: 1}
	r.f.Portfolio.Exposures = []risk.Exposure{e}
	if v := risk.Fill(o, o.Size, r.f); !v.OK() {
		t.Errorf("with money: %+v", v)
	}
	r.f.Portfolio.Cash = 0
	if v := risk.Fill(o, o.Size, r.f); v.Reject != perp.InsufficientMargin {
		t.Errorf("without money: %s", v.Reject)
	}
	r.f.Portfolio.Exposures[0].Position = perp.Position{Size: -perp.SizeOne, Entry: 60_000 * perp.MoneyOne}
	if v := risk.Fill(o, o.Size, r.f); !v.OK() {
		t.Errorf("closing without money: %+v", v)
	}
	ask := perp.RequestQuote{Origin: r.o.Origin, Account: "ACME", Symbol: "BTC-PERP", Side: perp.Buy, Size: perp.SizeOne}
	if v := risk.Quote(ask, r.f); !v.OK() {
		t.Errorf("quote: %+v", v)
	}
	ask.Size = 26 * perp.SizeOne
	if v := risk.Quote(ask, r.f); v.Reject != perp.MaxOrderSize {
		t.Errorf("large quote: %s", v.Reject)
	}
	ask.Size, r.f.Maker.Equity = perp.SizeOne, 0
	if v := risk.Quote(ask, r.f); v.Reject != perp.DealerLeverage {
		t.Errorf("maker without equity: %s", v.Reject)
	}
	ask.Side = 0
	if v := risk.Quote(ask, r.f); !v.OK() {
		t.Errorf("two-way: %+v", v)
	}
}

func TestValidate(t *testing.T) {
	if err := risk.DefaultMarketLimits().Validate(); err != nil {
		t.Error(err)
	}
	if err := account().Validate(); err != nil {
		t.Error(err)
	}
	for word, spoil := range map[string]func(*risk.MarketLimits){
		"TakerFee":          func(l *risk.MarketLimits) { l.TakerFee = -1 },
		"InitialMargin":     func(l *risk.MarketLimits) { l.InitialMargin = 50_001 },
		"MaintenanceMargin": func(l *risk.MarketLimits) { l.MaintenanceMargin = l.InitialMargin },
		"SizePremium":       func(l *risk.MarketLimits) { l.SizePremium = -1 },
		"ProfitCap":         func(l *risk.MarketLimits) { l.ProfitCap = -1 },
		"ProfitDiscount":    func(l *risk.MarketLimits) { l.ProfitDiscount = 2 * perp.RatioOne },
		"OrderReserve":      func(l *risk.MarketLimits) { l.OrderReserve = -1 },
		"PriceBand":         func(l *risk.MarketLimits) { l.PriceBand = perp.RatioOne },
		"MaxPosition":       func(l *risk.MarketLimits) { l.MaxPosition = 0 },
		"OpenInterest":      func(l *risk.MarketLimits) { l.OpenInterest = -1 },
		"MakerLeverage":     func(l *risk.MarketLimits) { l.MakerLeverage = -1 },
	} {
		l := risk.DefaultMarketLimits()
		spoil(&l)
		if err := l.Validate(); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", word, err)
		}
	}
	for word, spoil := range map[string]func(*risk.Account){
		"reserved":     func(a *risk.Account) { a.Name = perp.Maker },
		"session":      func(a *risk.Account) { a.Sessions = []string{""} },
		"OpenOrders":   func(a *risk.Account) { a.Limits.OpenOrders = 0 },
		"Notional":     func(a *risk.Account) { a.Limits.Notional = 0 },
		"twice":        func(a *risk.Account) { a.Limits.Positions = []risk.PositionLimit{{"X", 1}, {"X", 2}} },
		"name a marke": func(a *risk.Account) { a.Limits.Positions = []risk.PositionLimit{{"", 1}} },
	} {
		a := account()
		spoil(a)
		if err := a.Validate(); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", word, err)
		}
	}
}

func BenchmarkPreTrade(b *testing.B) {
	r := good()
	for range b.N {
		if v := risk.PreTrade(r.o, r.f); !v.OK() {
			b.Fatal(v)
		}
	}
}
