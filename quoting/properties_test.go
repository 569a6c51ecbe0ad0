package quoting

import (
	"testing"

	"pgregory.net/rapid"

	"backstop/perp"
)

// The properties P1 to P8 and P12 of the pricing rules. P4, P10 and P11 need
// orders and stand in engine/; P9 is engine's TestReplayGivesSameHash; P13 is sim's.

func drawPressure(t *rapid.T) pressure {
	r := func(name string, lo, hi int) perp.Ratio { return perp.Ratio(rapid.IntRange(lo, hi).Draw(t, name)) }
	x := pressure{
		conf: r("conf", 0, 3_000), split: r("split", 0, 2_000), vol: r("vol", 0, 3_000), gust: r("gust", 0, 3_000), storm: r("storm", 0, 6_000),
		gap: r("gap", -2_000, 2_000), flow: r("flow", -1_000_000, 1_000_000), lev: r("lev", 0, 4_000_000), crowd: rapid.IntRange(-1, 1).Draw(t, "crowd"),
		loss: r("loss", 0, 30_000_000), wide: rapid.Bool().Draw(t, "wide"), rate: r("rate", -1_200, 1_200), toxic: r("toxic", 0, 25) * perp.BP,
	}
	return x
}

// TestP1HalfSpreadIsMonotone: what makes dealing riskier never narrows a side,
// and what the maker wants never widens one. The cap on both sides together is
// left out: it may give one side what it takes from the other.
func TestP1HalfSpreadIsMonotone(t *testing.T) { rapid.Check(t, halfSpreadIsMonotone) }

func halfSpreadIsMonotone(t *rapid.T) {
	p := DefaultParams()
	p.MaxSpread = perp.RatioOne
	x := drawPressure(t)
	ask, bid := p.compose(x)
	by := perp.Ratio(rapid.IntRange(1, 5_000).Draw(t, "by"))
	for name, change := range map[string]func(*pressure){
		"volatility or age": func(y *pressure) { y.vol += by },
		"confidence":        func(y *pressure) { y.conf += by },
		"sources":           func(y *pressure) { y.split += by },
		"surcharge":         func(y *pressure) { y.toxic += by },
		"wide":              func(y *pressure) { y.wide = true },
	} {
		y := x
		change(&y)
		if a, b := p.compose(y); a[stepOffset] < ask[stepOffset] || b[stepOffset] < bid[stepOffset] {
			t.Fatalf("%s narrows: ask %d to %d, bid %d to %d", name, ask[stepOffset], a[stepOffset], bid[stepOffset], b[stepOffset])
		}
	}
	y := x
	y.flow = min(y.flow+100*by, perp.RatioOne)
	if a, _ := p.compose(y); a[stepOffset] < ask[stepOffset] {
		t.Fatalf("more buying narrows the ask: %d to %d", ask[stepOffset], a[stepOffset])
	}
	y = x
	y.lev += 100 * by
	a, b := p.compose(y)
	loads, unloads := [2]perp.Ratio{ask[stepOffset], a[stepOffset]}, [2]perp.Ratio{bid[stepOffset], b[stepOffset]}
	if x.crowd < 0 {
		loads, unloads = unloads, loads
	}
	if x.crowd != 0 && loads[1] < loads[0] {
		t.Fatalf("leverage narrows the loading side: %d to %d", loads[0], loads[1])
	}
	if x.crowd != 0 && unloads[1] > unloads[0] {
		t.Fatalf("leverage widens the unloading side: %d to %d", unloads[0], unloads[1])
	}
}

// classed is a market whose sessions are quoted on all kinds of terms.
func classed(t rapid.TB, price perp.Price) *world {
	w := open(t, price)
	for i, c := range []perp.Class{{Tier: perp.TierHeld}, {Tier: perp.TierPriced, Surcharge: 3 * perp.BP}, {Tier: perp.TierToxic, Surcharge: 25 * perp.BP}, {Surcharge: perp.BP}} {
		w.m.Regrade(string(rune('a'+i)), Standing{Class: c}, w.now)
	}
	w.requote()
	return w
}

// TestP2AndP12QuotesOfAllClasses: whatever comes in, each class is quoted both
// sides at least MinHalf from the oracle price, never crossed, and the parts add
// up to the price to the unit.
func TestP2AndP12QuotesOfAllClasses(t *testing.T) { rapid.Check(t, quotesOfAllClasses) }

func quotesOfAllClasses(t *rapid.T) {
	price := perp.Price(rapid.Int64Range(100, 200_000).Draw(t, "price")) * perp.PriceOne
	w := classed(t, price)
	for range rapid.IntRange(1, 12).Draw(t, "steps") {
		w.draw(t, &price)
		for i := range w.m.Offers {
			q := &w.m.Offers[i].Quote
			checkSides(t, w.m, *q)
			floor := q.Oracle.Of(w.m.Params.MinHalf, perp.Floor)
			if a, ok := q.Best(perp.Buy); ok && a.Price < q.Oracle+floor {
				t.Fatalf("class %+v: ask %s at oracle %s", q.Class, a.Price, q.Oracle)
			}
			if b, ok := q.Best(perp.Sell); ok && b.Price > q.Oracle-floor {
				t.Fatalf("class %+v: bid %s at oracle %s", q.Class, b.Price, q.Oracle)
			}
		}
	}
}

// checkSides checks that the parts of both sides add up to their best prices.
func checkSides(t *rapid.T, m *Market, q perp.Quote) {
	for side, parts := range map[perp.Side][]perp.Component{perp.Buy: q.AskParts, perp.Sell: q.BidParts} {
		best, ok := q.Best(side)
		var sum perp.Price
		for _, c := range parts {
			sum += c.Amount
		}
		if ok && sum != best.Price || !ok && len(parts) > 0 {
			t.Fatalf("class %+v, %s: parts add up to %s, price %s", q.Class, side, sum, best.Price)
		}
	}
}

// mark is one order of a client that is looked at again at all horizons.
func (w *world) mark(session string, side perp.Side, notional perp.Money, refused bool) {
	x := Watched{
		OrderID: "O", ExecID: "E", Session: session, Firm: session, Account: session, Side: side, Size: perp.SizeOne, Notional: notional,
		Arrived: w.now, Quoted: w.m.Stats.Price + perp.Price(side.Sign())*w.m.Stats.Price.Of(25*perp.BP/10, perp.Floor),
	}
	if refused {
		x.ExecID = ""
	}
	w.m.Watch(x, w.now)
}

// pass lets time go by with ticks at a price.
func (w *world) pass(span perp.Time, price perp.Price) {
	for end := w.now + span; w.now < end; {
		w.step(min(100*perp.Millisecond, end-w.now), price)
		w.m.Ripen(w.now)
	}
}

// TestP3SurchargeNeedsEvidence: no surcharge while no horizon's score is above
// 2, never more than the most, and never because of somebody else's orders.
func TestP3SurchargeNeedsEvidence(t *testing.T) { rapid.Check(t, surchargeNeedsEvidence) }

func surchargeNeedsEvidence(t *rapid.T) {
	price := 60_000 * perp.PriceOne
	w, alone := open(t, price), open(t, price)
	for _, x := range []*world{w, alone} {
		x.m.Params.Probation = 0
	}
	for range rapid.IntRange(5, 40).Draw(t, "orders") {
		who := rapid.SampledFrom([]string{"toxic", "other"}).Draw(t, "who")
		side := perp.Side(rapid.IntRange(1, 2).Draw(t, "side"))
		usd := perp.Money(rapid.IntRange(100, 30_000).Draw(t, "usd")) * perp.MoneyOne
		refused := rapid.Bool().Draw(t, "refused")
		w.mark(who, side, usd, refused)
		if who == "toxic" {
			alone.mark(who, side, usd, refused)
		}
		move := price.Of(perp.Ratio(rapid.IntRange(-3_000, 3_000).Draw(t, "move")), perp.Floor)
		price += move
		span := perp.Time(rapid.IntRange(100, 3_000).Draw(t, "ms")) * perp.Millisecond
		w.pass(span, price)
		alone.pass(span, price)
		s, same := w.m.Review("toxic", []string{"toxic"}, w.now), alone.m.Review("toxic", []string{"toxic"}, alone.now)
		if s.Class != same.Class || s.Score != same.Score {
			t.Fatalf("with others %+v, alone %+v", s, same)
		}
		if s.Class.Surcharge > w.m.Params.SurchargeMax || s.Class.Surcharge < 0 {
			t.Fatalf("surcharge %s", s.Class.Surcharge)
		}
		if s.Score <= 2*perp.RatioOne && s.Class.Surcharge != 0 {
			t.Fatalf("score %s and a surcharge of %s", s.Score, s.Class.Surcharge)
		}
	}
}

// TestP5Mirror: swapping the sides and turning the price path around swaps the
// distances of the two sides, but for the tick and for the curve, which is not a
// straight line.
func TestP5Mirror(t *testing.T) { rapid.Check(t, mirrored) }

func mirrored(t *rapid.T) {
	const c = 60_000 * perp.PriceOne
	a, b := open(t, c), open(t, c)
	price := c
	for range rapid.IntRange(1, 30).Draw(t, "steps") {
		if rapid.Bool().Draw(t, "deal") {
			side, size := perp.Side(rapid.IntRange(1, 2).Draw(t, "side")), perp.Size(rapid.IntRange(1, 2_000).Draw(t, "size"))*btc.Lot
			a.deal(side, size)
			b.deal(side.Opposite(), size)
		}
		price += price.Of(perp.Ratio(rapid.IntRange(-200, 200).Draw(t, "move")), perp.Floor) / btc.Tick * btc.Tick
		a.step(100*perp.Millisecond, price)
		b.step(100*perp.Millisecond, 2*c-price)
		p, q := a.m.Current(), b.m.Current()
		ask, ok := p.Best(perp.Buy)
		bid, good := q.Best(perp.Sell)
		if ok != good {
			t.Fatalf("ask offered %v, mirrored bid %v", ok, good)
		}
		far := perp.Abs((ask.Price - p.Oracle) - (q.Oracle - bid.Price))
		if tolerated := 2*btc.Tick + p.Oracle.Of(perp.BP/2, perp.Ceil); ok && far > tolerated {
			t.Fatalf("ask is %s from %s, mirrored bid %s from %s", ask.Price-p.Oracle, p.Oracle, q.Oracle-bid.Price, q.Oracle)
		}
	}
}

// TestP6SizeGrowsWithEquity: at each leverage up to the cap the loading size
// grows with equity, without a jump, and is nothing at the cap.
func TestP6SizeGrowsWithEquity(t *testing.T) {
	w := open(t, 60_000*perp.PriceOne)
	w.m.Curve.Users = 200 * perp.SizeOne // 12 million
	var last perp.Size
	for e := perp.Money(3_000_000); e < 60_000_000; e += 10_000 {
		w.m.Equity = e * perp.MoneyOne
		size, _ := w.m.top(perp.Buy, perp.TierFirm)
		if w.m.leverage() >= w.m.Params.LeverageCap && size != 0 {
			t.Fatalf("size %s at leverage %s", size, w.m.leverage())
		}
		if size < last || size > last+perp.SizeOne/50 {
			t.Fatalf("at equity %d the size goes from %s to %s", e, last, size)
		}
		last = size
	}
}

// TestP7Recovery: from any state that evidence can lead to, two idle hours or a
// hundred benign fills bring a client back to firm quotes without a surcharge.
func TestP7Recovery(t *testing.T) { rapid.Check(t, recovers) }

func recovers(t *rapid.T) {
	p := DefaultParams()
	draw := func() (c Client) {
		for h := range c.Marks {
			k := &c.Marks[h]
			for range rapid.IntRange(0, 120).Draw(t, "evidence") {
				k.add(rapid.Int64Range(1, one10).Draw(t, "w"), rapid.Int64Range(-zMax, zMax).Draw(t, "z"), rapid.Int64Range(-rateMax, rateMax).Draw(t, "e"), p.ToxMemory)
			}
		}
		c.Tier, c.Fills = perp.Tier(rapid.IntRange(0, int(perp.TierEnd)-1).Draw(t, "tier")), p.Probation
		return c
	}
	idle, busy, now := draw(), Client{}, perp.Time(1_000*perp.Second)
	idle.Faded, idle.Since = now, now
	busy = idle
	for s := perp.Time(0); s <= 7_200; s += 30 {
		w := idle.weigh(&p, now+s*perp.Second)
		idle.review(&p, &w, now+s*perp.Second)
	}
	last := idle.weigh(&p, now+7_200*perp.Second)
	if got := idle.terms(&p, &last); got != (perp.Class{}) {
		t.Fatalf("after two hours: %+v", got)
	}
	for i := range 100 {
		now += 10 * perp.Second
		for h := range busy.Marks { // what ordinary orders look like: as often up as down
			z := int64(one10)
			if (i+h)%2 == 0 {
				z = -z
			}
			busy.learn(&p, h, one10, z, -100*rateOne, now)
		}
		w := busy.weigh(&p, now)
		busy.review(&p, &w, now)
	}
	last = busy.weigh(&p, now)
	if got := busy.terms(&p, &last); got != (perp.Class{}) {
		t.Fatalf("after a hundred benign fills: %+v, scores %d %d", got, busy.Marks[0].score(), busy.Marks[1].score())
	}
}

// TestP8StateFollowsAge: however ticks come, the market is never in a better
// state than the age of its price alone allows, and closed it offers nothing.
func TestP8StateFollowsAge(t *testing.T) { rapid.Check(t, stateFollowsAge) }

func stateFollowsAge(t *rapid.T) {
	price := 60_000 * perp.PriceOne
	w := classed(t, price)
	for range rapid.IntRange(1, 40).Draw(t, "steps") {
		w.now += perp.Time(rapid.IntRange(1, 3_000).Draw(t, "ms")) * perp.Millisecond
		if rapid.Bool().Draw(t, "tick") {
			late := perp.Time(rapid.IntRange(-500, 7_000).Draw(t, "late")) * perp.Millisecond
			x := w.tick(price)
			x.Publish -= late
			w.feed(x)
		} else {
			w.m.Clock(w.now)
			w.requote()
		}
		state, _ := w.m.State()
		if best := w.m.Stats.age(&w.m.Params, w.m.Stats.Publish, w.now).State; state < best {
			t.Fatalf("%s although age allows no more than %s", state, best)
		}
		for i := range w.m.Offers {
			if q := &w.m.Offers[i].Quote; state >= perp.Halted && len(q.Bids)+len(q.Asks) > 0 {
				t.Fatalf("%s and an offer to %+v", state, q.Class)
			}
		}
	}
}

// The same properties as fuzz targets:
// go test ./quoting -run xxx -fuzz FuzzP2 -fuzztime 60s

func FuzzP1(f *testing.F) { f.Fuzz(rapid.MakeFuzz(halfSpreadIsMonotone)) }
func FuzzP2(f *testing.F) { f.Fuzz(rapid.MakeFuzz(quotesOfAllClasses)) }
func FuzzP3(f *testing.F) { f.Fuzz(rapid.MakeFuzz(surchargeNeedsEvidence)) }
func FuzzP5(f *testing.F) { f.Fuzz(rapid.MakeFuzz(mirrored)) }
func FuzzP7(f *testing.F) { f.Fuzz(rapid.MakeFuzz(recovers)) }
func FuzzP8(f *testing.F) { f.Fuzz(rapid.MakeFuzz(stateFollowsAge)) }
