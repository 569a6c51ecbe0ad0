package quoting

import (
	"math"
	"testing"

	"backstop/perp"
)

func TestGuard(t *testing.T) {
	const price = 60_000 * perp.PriceOne
	const second, ms = perp.Second, perp.Millisecond
	for _, c := range []struct {
		name   string
		change func(*perp.OracleTick)
		want   Quality
		state  perp.MarketState
	}{
		{"good", func(*perp.OracleTick) {}, Valid, perp.Open},
		{"zero price", func(t *perp.OracleTick) { t.Price = 0 }, Invalid, perp.Halted},
		{"negative price", func(t *perp.OracleTick) { t.Price = -price }, Invalid, perp.Halted},
		{"most negative price", func(t *perp.OracleTick) { t.Price = math.MinInt64 }, Invalid, perp.Halted},
		{"price beyond the limit", func(t *perp.OracleTick) { t.Price = PriceMax + 1 }, Invalid, perp.Halted},
		{"largest price", func(t *perp.OracleTick) { t.Price = math.MaxInt64 }, Invalid, perp.Halted},
		{"negative confidence", func(t *perp.OracleTick) { t.Confidence = -1 }, Invalid, perp.Halted},
		{"confidence crosses zero", func(t *perp.OracleTick) { t.Confidence = t.Price }, Invalid, perp.Halted},
		{"negative divergence", func(t *perp.OracleTick) { t.Divergence = -1 }, Invalid, perp.Halted},
		{"no source time", func(t *perp.OracleTick) { t.Publish = 0 }, Invalid, perp.Halted},
		{"a little in the future", func(t *perp.OracleTick) { t.Publish += 900 * ms }, Valid, perp.Open},
		{"in the future", func(t *perp.OracleTick) { t.Publish += 2 * second }, Invalid, perp.Halted},
		{"the end of time", func(t *perp.OracleTick) { t.Publish = math.MaxInt64 }, Invalid, perp.Halted},
		{"duplicate", func(t *perp.OracleTick) { t.Publish -= 100 * ms }, Stale, 0},
		{"from the past", func(t *perp.OracleTick) { t.Publish -= 5 * second }, Stale, 0},
		{"no sources", func(t *perp.OracleTick) { t.Sources = 0 }, Stale, perp.Halted},
		{"negative sources", func(t *perp.OracleTick) { t.Sources = -1 }, Stale, perp.Halted},
		{"confidence 0.3 %", func(t *perp.OracleTick) { t.Confidence = price / 333 }, Wide, perp.WideSpread},
		{"confidence 3 %", func(t *perp.OracleTick) { t.Confidence = price / 33 }, Wide, perp.Halted},
		{"divergence 11 bp", func(t *perp.OracleTick) { t.Divergence = 1_100 }, Divergent, perp.WideSpread},
		{"divergence 31 bp", func(t *perp.OracleTick) { t.Divergence = 3_100 }, Divergent, perp.ReduceOnly},
		{"divergence 1.1 %", func(t *perp.OracleTick) { t.Divergence = 11_000 }, Divergent, perp.Halted},
		{"largest divergence", func(t *perp.OracleTick) { t.Divergence = math.MaxInt64 }, Divergent, perp.Halted},
		{"up 20 bp", func(t *perp.OracleTick) { t.Price += t.Price / 500 }, Jump, perp.WideSpread},
		{"down 20 bp", func(t *perp.OracleTick) { t.Price -= t.Price / 500 }, Jump, perp.WideSpread},
		{"up 15 %", func(t *perp.OracleTick) { t.Price += 15 * t.Price / 100 }, Jump, perp.Halted},
		{"five times", func(t *perp.OracleTick) { t.Price *= 5 }, Jump, perp.Halted},
		{"a fifth", func(t *perp.OracleTick) { t.Price /= 5 }, Jump, perp.Halted},
		{"a jump in wide sources", func(t *perp.OracleTick) { t.Price += t.Price / 500; t.Confidence = price / 33 }, Wide, perp.Halted},
	} {
		w := open(t, price)
		w.now += 100 * ms
		tick := w.tick(price)
		c.change(&tick)
		before := w.m.Curve.Price()
		d := w.feed(tick).Decision
		if d.Quality != c.want || d.State != c.state {
			t.Errorf("%s: %s, at best %s (%s: %d against %d), want %s, %s",
				c.name, d.Quality, d.State, d.Check, d.Have, d.Limit, c.want, c.state)
		}
		if state, _ := w.m.State(); c.state > perp.Open && state != c.state {
			t.Errorf("%s: the market is %s", c.name, state)
		}
		if !d.Accepted() && (w.m.Curve.Price() != before || w.m.Mark() != price) {
			t.Errorf("%s: an untrusted price moved the curve", c.name)
		}
		checkOffer(t, w.m)
	}
}

func TestAgeClosesTheMarket(t *testing.T) {
	w := open(t, 60_000*perp.PriceOne)
	published := w.now
	for _, c := range []struct {
		age  perp.Time
		want perp.MarketState
	}{
		{400 * perp.Millisecond, perp.Open}, {501 * perp.Millisecond, perp.WideSpread},
		{2001 * perp.Millisecond, perp.ReduceOnly}, {5001 * perp.Millisecond, perp.Halted},
	} {
		w.now = published + c.age
		if s := w.m.Clock(w.now); s.To != c.want || (s.To > perp.Open) != (s.Cause == perp.OracleStale) {
			t.Errorf("%d ms old: %s (%s), want %s", c.age/perp.Millisecond, s.To, s.Cause, c.want)
		}
	}
	if q := w.requote(); len(q.Bids)+len(q.Asks) != 0 {
		t.Error("a halted market quotes")
	}
	if s := w.m.Clock(w.now); s.To != perp.Halted {
		t.Error("the clock opened a market")
	}
}

// TestReasonIsTold: while a market is closed, age and ticks that are not believed
// do not take turns as the reason; each new one is a change that is told, and
// that of the desk or of the maker stands before that of the price.
func TestReasonIsTold(t *testing.T) {
	w := open(t, 60_000*perp.PriceOne)
	told, why := w.m.State()
	hear := func(s Shift) {
		t.Helper()
		if s.Was != why || s.From != told {
			t.Errorf("changed from %s (%s), told was %s (%s)", s.From, s.Was, told, why)
		}
		if s.Changed() != (s.To != told || s.Cause != why) {
			t.Errorf("%+v: changed is %t", s, s.Changed())
		}
		told, why = s.To, s.Cause
	}
	expect := func(state perp.MarketState, cause perp.Reject) {
		t.Helper()
		if told != state || why != cause {
			t.Errorf("told %s (%s), want %s (%s)", told, why, state, cause)
		}
	}
	wait := func(dt perp.Time) { w.now += dt; hear(w.m.Clock(w.now)) }
	for range 8 { // six seconds and more of prices that nobody believes
		hear(w.step(900*perp.Millisecond, 90_000*perp.PriceOne).Shift)
		wait(0)
		expect(perp.Halted, perp.OracleDivergent)
	}
	bad := w.tick(0) // no price at all, which has no time of its own either
	bad.Publish = 0
	hear(w.feed(bad).Shift)
	expect(perp.Halted, perp.OracleDivergent)
	wait(4 * perp.Second)
	expect(perp.Halted, perp.OracleDivergent)
	wait(4 * perp.Second)
	expect(perp.Halted, perp.OracleStale)
	hear(w.m.Force(perp.Halted))
	expect(perp.Halted, perp.MarketHalted)
	wait(perp.Second)
	hear(w.step(perp.Second, 90_000*perp.PriceOne).Shift)
	expect(perp.Halted, perp.MarketHalted)
	hear(w.m.Force(perp.Open))
	hear(w.step(perp.Second, 90_000*perp.PriceOne).Shift)
	expect(perp.Halted, perp.OracleDivergent)
	for range 20 {
		hear(w.step(100*perp.Millisecond, 60_000*perp.PriceOne).Shift)
	}
	expect(perp.Open, perp.RejectNone)
	w.m.Equity = 0
	wait(2100 * perp.Millisecond) // reduce-only for its age alone, too
	expect(perp.ReduceOnly, perp.DealerLeverage)
}

func TestRecoveryIsSlow(t *testing.T) {
	w := open(t, 60_000*perp.PriceOne)
	bad := func() {
		w.now += 100 * perp.Millisecond
		tick := w.tick(60_000 * perp.PriceOne)
		tick.Price = 0
		w.feed(tick)
	}
	bad()
	start, ticks := w.now, 0
	for w.m.Phase == perp.Halted && ticks < 50 {
		w.step(100*perp.Millisecond, 60_000*perp.PriceOne)
		ticks++
	}
	if w.m.Phase != perp.Open || ticks < 3 || w.now-start < 500*perp.Millisecond || w.now-start > perp.Second {
		t.Errorf("%s after %d ticks, %d ms", w.m.Phase, ticks, (w.now-start)/perp.Millisecond)
	}
	for range 20 { // a bad tick in between starts the count anew
		bad()
		w.step(100*perp.Millisecond, 60_000*perp.PriceOne)
		w.step(100*perp.Millisecond, 60_000*perp.PriceOne)
	}
	if w.m.Phase != perp.Halted {
		t.Errorf("%s although every third tick is bad", w.m.Phase)
	}
}

// TestLastingMoveIsBelieved: a true move of 40 % halts, and trading resumes
// once the averages have followed.
func TestLastingMoveIsBelieved(t *testing.T) {
	w := open(t, 60_000*perp.PriceOne)
	start := w.now
	w.step(perp.Second, 84_000*perp.PriceOne)
	if w.m.Phase != perp.Halted {
		t.Fatalf("%s after 40 %%", w.m.Phase)
	}
	for w.m.Phase != perp.Open && w.now-start < 7200*perp.Second {
		w.step(perp.Second, 84_000*perp.PriceOne)
	}
	if took := w.now - start; w.m.Phase != perp.Open || took < 300*perp.Second {
		t.Errorf("%s after %d s", w.m.Phase, took/perp.Second)
	}
	if w.m.Curve.Price() < 83_999*perp.PriceOne {
		t.Errorf("mid %s", w.m.Curve.Price())
	}
}

// TestSlowFeedOpens: one tick in three seconds is enough to quote on, in time;
// a single silence does not make a fast feed's old prices acceptable.
func TestSlowFeedOpens(t *testing.T) {
	w := newWorld(btc, DefaultParams(), 1_000_000*perp.MoneyOne)
	for range 30 {
		w.step(3*perp.Second, 60_000*perp.PriceOne)
		w.m.Clock(w.now + 2900*perp.Millisecond)
	}
	if w.m.Phase != perp.Open {
		t.Errorf("%s on a feed of one tick in three seconds", w.m.Phase)
	}
	fast := open(t, 60_000*perp.PriceOne)
	fast.step(30*perp.Second, 60_000*perp.PriceOne)
	if beat := fast.m.Stats.Beat; beat > 400*perp.Millisecond {
		t.Errorf("one silence made the usual interval %d ms", beat/perp.Millisecond)
	}
}

func TestActionTable(t *testing.T) {
	for _, row := range ActionTable() {
		for i, want := range row.Allowed {
			if got := Allows(row.Action, perp.Open+perp.MarketState(i)); got != want {
				t.Errorf("%s in %s: %t", row.Action, perp.Open+perp.MarketState(i), got)
			}
		}
		if Allows(row.Action, 0) || Allows(row.Action, perp.Warming+1) || row.Action.String() == "?" {
			t.Errorf("%s in no state", row.Action)
		}
	}
	if len(ActionTable()) != int(actionEnd)-1 || Allows(0, perp.Open) || Allows(actionEnd, perp.Open) {
		t.Error("an action without a row")
	}
	if Allows(FillLoading, perp.ReduceOnly) || Allows(OfferQuote, perp.Halted) || !Allows(CancelOrders, perp.Halted) {
		t.Error("the table does not fail closed")
	}
}
