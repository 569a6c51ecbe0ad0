package quoting

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"backstop/perp"
)

func TestOpensOnGoodTicks(t *testing.T) {
	w := newWorld(btc, DefaultParams(), 1_000_000*perp.MoneyOne)
	start := w.now
	for w.m.Phase == perp.Warming {
		if q := w.m.Current(); len(q.Bids)+len(q.Asks) > 0 {
			t.Fatal("a warming market quotes")
		}
		w.step(100*perp.Millisecond, 60_000*perp.PriceOne)
		if w.now-start > 2*perp.Second {
			t.Fatal("not open after two seconds of good ticks")
		}
	}
	q := w.m.Current()
	if q.State != perp.Open || len(q.Bids) != 5 || len(q.Asks) != 5 || q.Mid != 60_000*perp.PriceOne {
		t.Errorf("opened as %+v", q)
	}
	if got := q.ValidUntil - q.Time; got != w.m.Life() {
		t.Errorf("quote lives %d", got)
	}
}

func TestNoFundsNoQuote(t *testing.T) {
	w := newWorld(btc, DefaultParams(), 0)
	for range 20 {
		w.step(100*perp.Millisecond, 60_000*perp.PriceOne)
	}
	if s, _ := w.m.State(); s != perp.Warming {
		t.Errorf("a maker without equity is %s", s)
	}
	w.m.Fund(1_000_000 * perp.MoneyOne)
	for range 20 {
		w.step(100*perp.Millisecond, 60_000*perp.PriceOne)
	}
	if s, _ := w.m.State(); s != perp.Open {
		t.Errorf("a funded maker is %s", s)
	}
}

// instruments are as different as one can list.
var instruments = []perp.Instrument{
	btc,
	{Symbol: "SOL", Tick: perp.PriceOne / 100, Lot: perp.SizeOne / 10, MinSize: perp.SizeOne / 10},
	{Symbol: "DUST", Tick: 1, Lot: perp.SizeOne},
	{Symbol: "COARSE", Tick: 1000 * perp.PriceOne, Lot: 1},
}

// checkOffer holds what must be true of any quote.
func checkOffer(t interface{ Fatalf(string, ...any) }, m *Market) {
	q, p := m.Current(), m.Params
	limit := q.Oracle.Of(p.Band, perp.Floor)
	check := func(side perp.Side, levels []perp.Level, parts []perp.Component) {
		away := perp.Price(side.Sign())
		for i, l := range levels {
			d := away * (l.Price - q.Oracle)
			if d <= 0 || d > limit || l.Price%m.Instrument.Tick != 0 {
				t.Fatalf("%s level %d at %s, oracle %s, band %s", side, i, l.Price, q.Oracle, limit)
			}
			if l.Size < m.least() || l.Size%m.Instrument.Lot != 0 {
				t.Fatalf("%s level %d has size %s", side, i, l.Size)
			}
			if i > 0 && away*(l.Price-levels[i-1].Price) <= 0 {
				t.Fatalf("%s level %d at %s is no worse than %s", side, i, l.Price, levels[i-1].Price)
			}
		}
		if len(levels) == 0 {
			if len(parts) > 0 {
				t.Fatalf("%s: parts of nothing", side)
			}
			return
		}
		var sum perp.Price
		for _, c := range parts {
			sum += c.Amount
		}
		if parts[0].Name != "oracle" || parts[0].Amount != q.Oracle || sum != levels[0].Price {
			t.Fatalf("%s: parts %v add up to %s, best %s", side, parts, sum, levels[0].Price)
		}
	}
	check(perp.Buy, q.Asks, q.AskParts)
	check(perp.Sell, q.Bids, q.BidParts)
	if !Allows(OfferQuote, q.State) && len(q.Asks)+len(q.Bids) > 0 {
		t.Fatalf("%s market quotes", q.State)
	}
}

// TestLadderStaysInBand and TestPartsAddUp share one random walk.
func TestLadderStaysInBand(t *testing.T) { rapid.Check(t, offers) }
func TestPartsAddUp(t *testing.T)        { rapid.Check(t, offers) }

func offers(t *rapid.T) {
	inst := rapid.SampledFrom(instruments).Draw(t, "instrument")
	price := perp.Price(rapid.Int64Range(1, int64(PriceMax)).Draw(t, "price"))
	w := newWorld(inst, DefaultParams(), perp.Money(rapid.Int64Range(1, 1_000_000_000_000_000).Draw(t, "funds")))
	for range 8 {
		w.step(100*perp.Millisecond, price)
		checkOffer(t, w.m)
	}
	for range rapid.IntRange(1, 30).Draw(t, "events") {
		switch rapid.IntRange(0, 3).Draw(t, "what") {
		case 0:
			w.feed(perp.OracleTick{
				Price:      perp.Price(rapid.Int64().Draw(t, "any price")),
				Confidence: perp.Price(rapid.Int64().Draw(t, "any confidence")),
				Divergence: perp.Ratio(rapid.Int64().Draw(t, "any divergence")),
				Publish:    perp.Time(rapid.Int64().Draw(t, "any time")),
				Sources:    rapid.Int64().Draw(t, "any sources"),
			})
		case 1:
			w.m.Fund(perp.Money(rapid.Int64Range(-1_000_000_000_000, 1_000_000_000_000).Draw(t, "more funds")))
			w.requote()
		default:
			price = min(price, PriceMax/2)
			w.draw(t, &price)
		}
		checkOffer(t, w.m)
	}
}

func TestWorseWithSize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, price := openFor(t)
		for range rapid.IntRange(0, 10).Draw(t, "events") {
			w.draw(t, &price)
		}
		side := perp.Side(rapid.IntRange(1, 2).Draw(t, "side"))
		small := perp.Size(rapid.IntRange(1, 50_000).Draw(t, "small")) * btc.Lot
		large := small + perp.Size(rapid.IntRange(0, 50_000).Draw(t, "more"))*btc.Lot
		a, okA := w.m.PriceFor(perp.Class{}, side, small)
		b, okB := w.m.PriceFor(perp.Class{}, side, large)
		if okB && !okA {
			t.Fatalf("%s is priced, %s is not", large, small)
		}
		if okB && perp.Price(side.Sign())*(b.Price-a.Price) < 0 {
			t.Fatalf("%s: %s costs %s, %s costs %s", side, small, a.Price, large, b.Price)
		}
	})
}

func openFor(t *rapid.T) (*world, perp.Price) {
	price := perp.Price(rapid.Int64Range(1_000, 100_000).Draw(t, "price")) * perp.PriceOne
	w := newWorld(btc, DefaultParams(), perp.Money(rapid.Int64Range(10_000, 100_000_000).Draw(t, "funds"))*perp.MoneyOne)
	for range 10 {
		w.step(100*perp.Millisecond, price)
	}
	return w, price
}

func TestRoundTripNeverProfits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, price := openFor(t)
		for range rapid.IntRange(0, 15).Draw(t, "events before") { // any inventory, any gap
			w.draw(t, &price)
		}
		var position perp.Size
		var paid perp.Money
		for range rapid.IntRange(1, 12).Draw(t, "trades") {
			side := perp.Side(rapid.IntRange(1, 2).Draw(t, "side"))
			cash, got := w.deal(side, perp.Size(rapid.IntRange(1, 60_000).Draw(t, "lots"))*btc.Lot)
			position += perp.Size(side.Sign()) * got
			paid += cash
			if rapid.Bool().Draw(t, "tick") { // the same price again
				w.step(100*perp.Millisecond, w.m.Mark())
			}
		}
		// What is left counts at the oracle price, better than it could close.
		if worth := perp.Notional(w.m.Mark(), position, perp.Ceil); worth > paid {
			t.Fatalf("paid %s for what is worth %s", paid, worth)
		}
	})
}

func TestEquityIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, price := openFor(t)
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			w.draw(t, &price)
			if got, want := w.m.Backing(), w.funds+w.fees+w.paid; got != want {
				t.Fatalf("backing %s, by the books %s after %d events", got, want, w.events)
			}
			want := w.funds + w.fees + w.paid - w.m.Curve.Closing()
			if off := want - w.m.Funds(); off < 0 || off > 3*perp.Money(w.events) {
				t.Fatalf("equity %s, by the books %s after %d events", w.m.Funds(), want, w.events)
			}
		}
	})
}

func TestNoLoadingAtCap(t *testing.T) {
	for _, side := range []perp.Side{perp.Buy, perp.Sell} {
		w := open(t, 60_000*perp.PriceOne)
		for range 400 {
			w.deal(side, 1_000*perp.SizeOne)
			w.step(100*perp.Millisecond, 60_000*perp.PriceOne)
			if lev := w.m.Current().Leverage; lev > w.m.Params.LeverageCap {
				t.Fatalf("leverage %s beyond the cap", lev)
			}
		}
		q := w.m.Current().Clone()
		if size := total(q.Offered(side)); size > perp.SizeOne {
			t.Errorf("%s of %s still offered at leverage %s", side, size, q.Leverage)
		}
		if len(q.Offered(side.Opposite())) != 5 {
			t.Errorf("unloading side shows %d levels", len(q.Offered(side.Opposite())))
		}
		w.m.Fund(-w.m.Funds() * 9 / 10) // now far beyond the cap
		if q = w.requote(); len(q.Offered(side)) != 0 || len(q.Offered(side.Opposite())) == 0 {
			t.Errorf("beyond the cap: %v / %v", q.Offered(side), q.Offered(side.Opposite()))
		}
		w.m.Fund(-2 * w.m.Funds())
		w.m.Clock(w.now)
		q = w.requote()
		if q.State != perp.ReduceOnly || q.Cause != perp.DealerLeverage || len(q.Offered(side)) != 0 {
			t.Errorf("without equity: %s %s %v", q.State, q.Cause, q.Offered(side))
		}
	}
}

func total(levels []perp.Level) (sum perp.Size) {
	for _, l := range levels {
		sum += l.Size
	}
	return sum
}

// TestMirror: swapping buys and sells swaps the spreads exactly, and at equal
// pressure the two sides lie equally far away.
func TestMirror(t *testing.T) {
	p := DefaultParams()
	rapid.Check(t, func(t *rapid.T) {
		r := func(name string, hi int64) perp.Ratio { return perp.Ratio(rapid.Int64Range(0, hi).Draw(t, name)) }
		x := pressure{
			conf: r("conf", 2_000_000), vol: r("vol", 2_000_000), storm: r("storm", 2_000_000),
			gap: r("gap", 4_000_000) - 2_000_000, flow: r("flow", 2_000_000) - 1_000_000, gust: r("gust", 2_000_000), lev: r("lev", 6_000_000),
			crowd: rapid.IntRange(-1, 1).Draw(t, "crowd"), loss: r("loss", 100_000_000), wide: rapid.Bool().Draw(t, "wide"),
		}
		y := x
		y.gap, y.crowd, y.flow = -x.gap, -x.crowd, -x.flow
		askX, bidX := p.compose(x)
		askY, bidY := p.compose(y)
		// A tie at the cap goes to the bid (vAMM reference §4 step 8), one unit.
		for i := range askX {
			if abs(int64(askX[i]-bidY[i])) > 1 || abs(int64(bidX[i]-askY[i])) > 1 {
				t.Fatalf("%s: ask %d bid %d, mirrored ask %d bid %d", stepNames[i], askX[i], bidX[i], askY[i], bidY[i])
			}
		}
		if askX[stepCap] < 0 || bidX[stepCap] < 0 {
			t.Fatalf("negative spread: %v %v", askX, bidX)
		}
	})
}

func TestSpreadGrows(t *testing.T) {
	p := DefaultParams()
	base := pressure{conf: 10, vol: 10, crowd: 1, lev: 100_000, storm: 500, gust: 200}
	grow := func(name string, change func(*pressure, perp.Ratio)) {
		last := perp.Ratio(0)
		for v := perp.Ratio(0); v < 3_000_000; v += 50_000 {
			x := base
			change(&x, v)
			ask, bid := p.compose(x)
			if ask[stepRevenue] < last { // Before the cap, which divides what there is by proportion.
				t.Errorf("%s %s: ask half-spread falls from %s to %s", name, v, last, ask[stepRevenue])
			}
			if last = ask[stepRevenue]; ask[stepCap]+bid[stepCap] > max(p.MaxSpread, min(perp.RatioOne, max(2*x.conf, x.storm, x.gap, -x.gap))) {
				t.Errorf("%s %s: full spread %s", name, v, ask[stepCap]+bid[stepCap])
			}
		}
	}
	grow("leverage", func(x *pressure, v perp.Ratio) { x.lev = v })
	grow("one-sided flow", func(x *pressure, v perp.Ratio) { x.flow = v / 3 })
	grow("volatility", func(x *pressure, v perp.Ratio) { x.vol = v / 100 })
	grow("confidence", func(x *pressure, v perp.Ratio) { x.conf = v / 100 })
	grow("loss", func(x *pressure, v perp.Ratio) { x.loss = v * 10 })
	grow("mid below the oracle", func(x *pressure, v perp.Ratio) { x.gap = -v / 100 })
}

func TestRoundTripContinues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, price := openFor(t)
		for range rapid.IntRange(0, 20).Draw(t, "before") {
			w.draw(t, &price)
		}
		data, err := json.Marshal(w.m)
		if err != nil {
			t.Fatal(err)
		}
		twin := *w
		twin.m = new(Market)
		if err := json.Unmarshal(data, twin.m); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 10).Draw(t, "after") {
			w.step(100*perp.Millisecond, price)
			twin.step(100*perp.Millisecond, price)
			w.deal(perp.Buy, perp.SizeOne)
			twin.deal(perp.Buy, perp.SizeOne)
		}
		a, _ := json.Marshal(w.m)
		b, _ := json.Marshal(twin.m)
		if string(a) != string(b) {
			t.Fatalf("original %s\ntwin     %s", a, b)
		}
	})
	for _, bad := range []string{`{"Curve":{"Base":5}}`, `{"Curve":{"Base":"x"}}`, `{"Curve":{"L":"-1"}}`} {
		if err := json.Unmarshal([]byte(bad), new(Market)); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func TestIDs(t *testing.T) {
	w := open(t, 60_000*perp.PriceOne)
	q := w.m.Current()
	for i, l := range q.Asks {
		f := w.m.Find(perp.QuoteID(q.Version, perp.Buy, i), w.now)
		if !f.OK || f.Side != perp.Buy || f.Level != l || f.Version != q.Version {
			t.Errorf("ask %d: %+v", i, f)
		}
	}
	bid := perp.QuoteID(q.Version, perp.Sell, 0)
	if f := w.m.Find(bid, w.now); !f.OK || f.Level != q.Bids[0] || f.Side != perp.Sell {
		t.Errorf("bid: %+v", f)
	}
	if f := w.m.Find(bid, q.ValidUntil); f.OK || !f.Expired {
		t.Errorf("after its life: %+v", f)
	}
	for _, id := range []string{
		"", "Q", "Q1", "QA", "Q0A", "Q01A", "q5A", "Q5C", "Q5A.", "Q5A.0", "Q5A.01", "Q5A.1x", "Q5A1", "Q-5A", "Q5A.99",
		"Q999999999999999999999A", perp.QuoteID(q.Version+1, perp.Buy, 0), perp.QuoteID(q.Version, perp.Buy, 5), "X" + bid,
	} {
		if f := w.m.Find(id, w.now); f.OK || f.Expired || f.Superseded {
			t.Errorf("%q: %+v", id, f)
		}
	}
}

func TestGraceOfReplacedQuotes(t *testing.T) {
	w := open(t, 60_000*perp.PriceOne)
	old := w.m.Current().Clone()
	id := perp.QuoteID(old.Version, perp.Buy, 0)
	w.step(10*perp.Millisecond, 60_010*perp.PriceOne)
	replaced := w.now
	for range 5 {
		w.step(10*perp.Millisecond, 60_010*perp.PriceOne)
		f := w.m.Find(id, w.now)
		if in := w.now < replaced+w.m.Params.Grace; f.OK != in || f.Superseded == in || f.Expired {
			t.Errorf("%d ms after it was replaced: %+v", (w.now-replaced)/perp.Millisecond, f)
		} else if in && f.Level != old.Asks[0] {
			t.Errorf("found %+v, want %+v", f.Level, old.Asks[0])
		}
	}
	for range 100 { // far more quotes within the grace than are remembered
		w.step(perp.Microsecond, 60_010*perp.PriceOne)
	}
	if n := len(w.m.Offers[0].Formers); n > formersMax {
		t.Errorf("%d former quotes kept", n)
	}
	last := w.m.Current().Clone()
	w.now += 60 * perp.Second
	w.m.Clock(w.now)
	w.requote()
	if f := w.m.Find(perp.QuoteID(last.Version, perp.Buy, 0), w.now); f.OK {
		t.Error("a halted market honours a quote")
	}
}

func TestTake(t *testing.T) {
	w := open(t, 60_000*perp.PriceOne)
	asks := w.m.Current().Asks
	for _, c := range []struct {
		name  string
		size  perp.Size
		limit perp.Price
		want  []perp.Level
	}{
		{"part of the best", perp.SizeOne, 0, []perp.Level{{Price: asks[0].Price, Size: perp.SizeOne}}},
		{"into the second", asks[0].Size + 1, 0, []perp.Level{asks[0], {Price: asks[1].Price, Size: 1}}},
		{"limit at the best", 1_000_000 * perp.SizeOne, asks[0].Price, asks[:1]},
		{"limit below the best", perp.SizeOne, asks[0].Price - 1, nil},
		{"more than there is", 1_000_000 * perp.SizeOne, 0, asks},
		{"nothing", 0, 0, nil},
	} {
		if got := w.m.Take(perp.Class{}, perp.Buy, c.size, c.limit, nil); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	bids := w.m.Current().Bids
	if got := w.m.Take(perp.Class{}, perp.Sell, perp.SizeOne, bids[0].Price+1, nil); got != nil {
		t.Errorf("a sell above the bid deals on %v", got)
	}
	if l, ok := w.m.PriceFor(perp.Class{}, perp.Buy, asks[0].Size); !ok || l != asks[0] {
		t.Errorf("quote request for the best size: %+v, ladder %+v", l, asks[0])
	}
	for _, size := range []perp.Size{0, -btc.Lot, btc.Lot / 2, total(asks) + btc.Lot} {
		if l, ok := w.m.PriceFor(perp.Class{}, perp.Buy, size); ok {
			t.Errorf("size %s is priced at %s", size, l.Price)
		}
	}
}

func TestBadConfigurationIsFault(t *testing.T) {
	for name, f := range map[string]func(){
		"zero params": func() { New(btc, Params{}) },
		"zero tick":   func() { New(perp.Instrument{Lot: 1}, DefaultParams()) },
		"zero fill":   func() { open(t, 60_000*perp.PriceOne).m.Filled(perp.Buy, 0, 1, 0) },
		"huge fill":   func() { open(t, 60_000*perp.PriceOne).m.Filled(perp.Buy, 1_000_000*perp.SizeOne, 1, 0) },
	} {
		func() {
			defer func() {
				if _, ok := recover().(perp.Fault); !ok {
					t.Errorf("%s: no Fault", name)
				}
			}()
			f()
		}()
	}
	if err := DefaultParams().Validate(); err != nil {
		t.Error(err)
	}
	p := DefaultParams()
	p.MinHalf, p.HaltAge = 0, p.ReduceAge-1
	if err := p.Validate(); err == nil {
		t.Error("two faults pass")
	}
}

// TestMulDivSat compares with 256-bit arithmetic.
func TestMulDivSat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		c := rapid.Int64Range(1, math.MaxInt64).Draw(t, "c")
		x, y, d := signed(a), signed(b), signed(c)
		x.Mul(&x, &y)
		x.SDiv(&x, &d)
		if got, want := mulDivSat(a, b, c), saturate(&x); got != want {
			t.Fatalf("%d x %d / %d is %d, want %d", a, b, c, got, want)
		}
	})
}

// TestDrawdown: a market that has lately lost more than DrawdownLoss and more
// than DrawdownShare only reduces, until the loss has faded; the clock notices it
// without a tick.
func TestDrawdown(t *testing.T) {
	for _, c := range []struct {
		lost   perp.Money
		equity perp.Money
		want   perp.MarketState
	}{
		{9_999, 100_000, perp.Open}, {10_000, 100_000, perp.ReduceOnly}, {10_000, 10_000_000, perp.Open}, {200_001, 10_000_000, perp.ReduceOnly},
	} {
		w := open(t, 60_000*perp.PriceOne)
		w.m.Equity, w.m.Stats.Revenue = c.equity*perp.MoneyOne, -c.lost*perp.MoneyOne
		w.m.Clock(w.now)
		if s, why := w.m.State(); s != c.want || (why == perp.Drawdown) != (s == perp.ReduceOnly) {
			t.Errorf("lost %s of %s: %s (%s)", c.lost*perp.MoneyOne, c.equity*perp.MoneyOne, s, why)
		}
	}
	w := open(t, 60_000*perp.PriceOne)
	w.m.Equity, w.m.Stats.Revenue = 100_000*perp.MoneyOne, -20_000*perp.MoneyOne
	for range 4_000 * 2 {
		w.step(500*perp.Millisecond, 60_000*perp.PriceOne)
	}
	if s, why := w.m.State(); s != perp.Open {
		t.Errorf("after more than an hour: %s (%s), recent revenue %s", s, why, w.m.Stats.Revenue)
	}
}
