package quoting

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"backstop/perp"
)

// referent is a market of the reference's design that quotes at price.
func referent(t testing.TB, price perp.Price) *world {
	t.Helper()
	p := DefaultParams()
	p.Design, p.MinHalf, p.GoodTicks, p.GoodSpan, p.Grace, p.DepthStep = ByReference, 1, 1, 0, 0, 0
	p.LeverageCap, p.FundingBase, p.FundingMax = 100*perp.RatioOne, 0, 0
	w := newWorld(btc, p, 1_000_000*perp.MoneyOne)
	w.step(100*perp.Millisecond, price)
	if s, why := w.m.State(); s != perp.Open {
		t.Fatalf("market is %s (%s) after a good tick", s, why)
	}
	return w
}

// published is what the reference itself makes of a market: its fields set from
// the market's own and the statistics that only the reference keeps.
func published(m *Market) (long, short num) {
	n := func(v int64) num { return n64(v) }
	r := Reference{
		Base: num{m.Curve.Base.ToBig()}, Quote: num{m.Curve.Quote.ToBig()}, L: num{m.Curve.L.ToBig()},
		Peg: n(int64(m.Curve.Peg)), Users: n(int64(m.Curve.Users)), Concentration: n(int64(m.Params.Concentration)),
		Equity: n(int64(m.Equity)), Revenue: n(int64(m.Stats.Revenue)), Intensity: n(100),
		BaseSpread: n(int64(m.Params.BaseSpread)), MaxSpread: n(int64(m.Params.MaxSpread)),
		ConfPct: m.Ref.Books.ConfPct, MarkStd: m.Ref.Books.MarkStd, OracleStd: m.Ref.Books.OracleStd,
		LongVolume: m.Ref.Books.LongVolume, ShortVolume: m.Ref.Books.ShortVolume, Volume24h: m.Ref.Books.Volume24h,
	}
	r.settleBounds()
	p := r.price()
	r.Gap = p.sub(n(int64(m.Stats.Price))).times(refPrice).div(p)
	return r.updateSpreads(p, n(0))
}

// TestByReferenceSpreads: in calm, crowded, losing, moving and insolvent markets
// both sides lie where the reference puts them, and no stage is left out.
func TestByReferenceSpreads(t *testing.T) {
	const price = 60_000 * perp.PriceOne
	for _, c := range []struct {
		name   string
		before func(w *world)
		differ step // a stage that must have added something to a side; 0: none
	}{
		{"calm", func(*world) {}, 0},
		{"buyers", func(w *world) { w.deal(perp.Buy, 3*perp.SizeOne) }, stepInventory},
		{"sellers", func(w *world) { w.deal(perp.Sell, 3*perp.SizeOne) }, stepInventory},
		{"off the oracle", func(w *world) { w.m.Curve.Peg += w.m.Curve.Peg / 500 }, stepRetreat},
		{"unsure", func(w *world) {
			w.now += 100 * perp.Millisecond
			tick := w.tick(price)
			tick.Confidence = price * 3 / 1_000
			w.feed(tick)
		}, stepVolatility},
		{"losing", func(w *world) { w.m.Stats.Revenue = -3_000 * perp.MoneyOne }, stepRevenue},
		{"levered", func(w *world) {
			w.deal(perp.Buy, 4*perp.SizeOne)
			w.m.Fund(-w.m.Funds() * 9_999 / 10_000)
		}, stepLeverage},
		{"broken", func(w *world) {
			w.deal(perp.Sell, 4*perp.SizeOne)
			w.m.Fund(-2 * w.m.Funds())
		}, stepLeverage},
		{"moved", func(w *world) {
			for i := range perp.Price(200) {
				w.deal(perp.Buy, perp.SizeOne/10)
				w.step(perp.Second, price+i*20*perp.PriceOne)
			}
		}, stepInventory},
	} {
		w := referent(t, price)
		c.before(w)
		q := w.requote()
		long, short := published(w.m)
		if int64(w.m.Offers[0].AskAway) != long.int64("long") || int64(w.m.Offers[0].BidAway) != short.int64("short") {
			t.Errorf("%s: sides at %s and %s, the reference at %s and %s", c.name, w.m.Offers[0].AskAway, w.m.Offers[0].BidAway, long, short)
		}
		ask, bid := w.m.referSteps(w.now)
		if i := c.differ; i > 0 && ask[i] == ask[i-1] && bid[i] == bid[i-1] {
			t.Errorf("%s: %s added nothing: %v, %v", c.name, stepNames[i], ask, bid)
		}
		for side, parts := range map[perp.Side][]perp.Component{perp.Buy: q.AskParts, perp.Sell: q.BidParts} {
			best, ok := q.Best(side)
			for _, p := range parts {
				best.Price -= p.Amount
			}
			if ok && best.Price != 0 {
				t.Errorf("%s: parts of the %s side miss its price by %s", c.name, side, best.Price)
			}
		}
	}
}

// TestByReferenceGate: an order older than the price deals; a younger one waits,
// unless it relieves a maker with little inventory and no losses on a price of
// this slot. A held one never deals at a price that no longer stands.
func TestByReferenceGate(t *testing.T) {
	const price = 60_000 * perp.PriceOne
	for _, c := range []struct {
		name      string
		held      perp.Size // by clients
		late      perp.Time // of the order after the price
		old       perp.Time // of the price now
		loss      perp.Money
		buy, sell bool // waits
	}{
		{name: "before the price"},
		{name: "after it, no inventory", late: 1, buy: true, sell: true},
		{name: "after it, maker short", held: perp.SizeOne, late: 1, buy: true},
		{name: "after it, maker long", held: -perp.SizeOne, late: 1, sell: true},
		{name: "much inventory", held: 12 * perp.SizeOne, late: 1, buy: true, sell: true},
		{name: "price of an earlier slot", held: perp.SizeOne, late: 1, old: 800 * perp.Millisecond, buy: true, sell: true},
		{name: "old price, older order", held: perp.SizeOne, old: 800 * perp.Millisecond},
		{name: "losses", held: perp.SizeOne, late: 1, loss: 26 * perp.MoneyOne, buy: true, sell: true},
		{name: "drawdown", loss: 30_000 * perp.MoneyOne, buy: true, sell: true},
	} {
		w := referent(t, price)
		side := perp.Buy
		if c.held < 0 {
			side = perp.Sell
		}
		w.m.Curve.Trade(side, perp.Abs(c.held))
		w.m.Stats.Revenue = -c.loss
		at := w.now
		w.now += c.old
		w.m.Clock(w.now)
		if buy, sell := w.m.referWaits(perp.Buy, at+c.late), w.m.referWaits(perp.Sell, at+c.late); buy != c.buy || sell != c.sell {
			t.Errorf("%s: a buy waits %t, a sell %t", c.name, buy, sell)
		}
	}
	w := referent(t, price)
	if tol := w.m.Tolerated(perp.Buy, perp.TierFirm, price+1, price); tol > -perp.RatioOne {
		t.Errorf("a move of %s is tolerated", tol)
	}
	if w = open(t, price); w.m.Ref != nil {
		t.Error("the full design asks the reference")
	}
}

// TestByReferenceJudges: what the reference does not fill on closes the market,
// and the next price that it fills on opens it.
func TestByReferenceJudges(t *testing.T) {
	const price = 60_000 * perp.PriceOne
	for _, c := range []struct {
		name  string
		spoil func(w *world)
		cause perp.Reject
	}{
		{"old price", func(w *world) { w.now += 5 * perp.Second; w.m.Clock(w.now) }, perp.OracleStale},
		{"late tick", func(w *world) {
			tick := w.tick(price)
			tick.Publish++
			w.now += 5 * perp.Second
			w.feed(tick)
		}, perp.OracleStale},
		{"few sources", func(w *world) {
			w.now++
			tick := w.tick(price)
			tick.Sources = 0
			w.feed(tick)
		}, perp.OracleStale},
		{"unsure", func(w *world) {
			w.now++
			tick := w.tick(price)
			tick.Confidence = price / 40
			w.feed(tick)
		}, perp.OracleDivergent},
		{"six times", func(w *world) { w.step(1, 7*price) }, perp.OracleDivergent},
		{"far from the average", func(w *world) { w.step(1, price*8/5) }, perp.OracleDivergent},
		{"no price", func(w *world) { w.step(1, 0) }, perp.OracleDivergent},
		{"drawdown", func(w *world) { w.m.Stats.Revenue = -30_000 * perp.MoneyOne; w.m.Clock(w.now) }, perp.Drawdown},
	} {
		w := referent(t, price)
		c.spoil(w)
		if s, why := w.m.State(); s != perp.Halted || why != c.cause {
			t.Errorf("%s: market is %s (%s), want halted (%s)", c.name, s, why, c.cause)
		}
		w.m.Stats.Revenue = 0
		w.step(perp.Second, price)
		if s, why := w.m.State(); s != perp.Open {
			t.Errorf("%s: market is %s (%s) after a good tick", c.name, s, why)
		}
	}
	w := referent(t, price)
	moved := w.m.Tick(w.tick(price), w.now)
	if moved.Decision.State != 0 || moved.To != perp.Open {
		t.Errorf("the same tick again: %+v", moved)
	}
}

// TestByReferenceBooks: whatever happens, equity is what the books say, and a
// market read back from JSON continues as the original.
func TestByReferenceBooks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		price := perp.Price(60_000 * perp.PriceOne)
		w := referent(t, price)
		for range rapid.IntRange(1, 40).Draw(rt, "events") {
			w.draw(rt, &price)
			if got, want := w.m.Backing(), w.funds+w.fees+w.paid; got != want {
				rt.Fatalf("backing %s, by the books %s after %d events", got, want, w.events)
			}
		}
		data, err := json.Marshal(w.m)
		if err != nil {
			rt.Fatal(err)
		}
		twin := *w
		twin.m = new(Market)
		if err := json.Unmarshal(data, twin.m); err != nil {
			rt.Fatal(err)
		}
		for _, x := range []*world{w, &twin} {
			x.step(100*perp.Millisecond, price)
			x.deal(perp.Buy, perp.SizeOne)
			x.step(perp.Second, price)
		}
		a, _ := json.Marshal(w.m)
		b, _ := json.Marshal(twin.m)
		if string(a) != string(b) {
			rt.Fatalf("original %s\ntwin     %s", a, b)
		}
	})
}

// TestByReferenceSpendsLittle: short of money the mid stays behind the oracle
// by no more than half the largest spread, and lowering L helps to pay.
func TestByReferenceSpendsLittle(t *testing.T) {
	const price = 60_000 * perp.PriceOne
	w := referent(t, price)
	for range 8 {
		w.deal(perp.Buy, 5*perp.SizeOne)
		w.step(perp.Second, price)
	}
	w.m.Fund(perp.MoneyOne - w.m.Funds())
	l := w.m.Curve.L
	w.step(perp.Second, price*101/100)
	if mid := w.m.Curve.Price(); mid >= price*101/100 || !w.m.Curve.L.Lt(&l.Int) {
		t.Errorf("mid %s, L %s after %s", mid, w.m.Curve.L.Dec(), l.Dec())
	}
	w.step(perp.Second, price*110/100)
	half := (price * 110 / 100).Of(w.m.Params.MaxSpread/2, perp.Ceil)
	if mid := w.m.Curve.Price(); mid < price*110/100-half-perp.PriceOne || w.m.Funds() > 0 {
		t.Errorf("mid %s with equity %s", mid, w.m.Funds())
	}
}
