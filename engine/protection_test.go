package engine_test

import (
	"testing"

	"backstop/engine"
	"backstop/perp"
	"backstop/quoting"
)

// TestBadTicks: each tick that cannot be taken at its word leads to the stated
// state at once, is told, and nothing fills that the state forbids.
func TestBadTicks(t *testing.T) {
	good := func(w *lookWorld) perp.OracleTick {
		return perp.OracleTick{
			Symbol: "BTC-PERP", Price: w.price, Confidence: w.price / 50_000, Publish: w.now - 150*ms, Receive: w.now, Sources: 3,
		}
	}
	for _, c := range []struct {
		name    string
		bend    func(*lookWorld, *perp.OracleTick)
		state   perp.MarketState
		quality string
		reject  perp.Reject // of a buy that opens a position
	}{
		{"good", func(*lookWorld, *perp.OracleTick) {}, perp.Open, "", perp.RejectNone},
		{"zero", func(_ *lookWorld, x *perp.OracleTick) { x.Price = 0 }, perp.Halted, "invalid", perp.OracleDivergent},
		{"negative", func(_ *lookWorld, x *perp.OracleTick) { x.Price = -x.Price }, perp.Halted, "invalid", perp.OracleDivergent},
		{"too large", func(_ *lookWorld, x *perp.OracleTick) { x.Price = quoting.PriceMax + 1 }, perp.Halted, "invalid", perp.OracleDivergent},
		{"unsure beyond zero", func(_ *lookWorld, x *perp.OracleTick) { x.Confidence = x.Price }, perp.Halted, "invalid", perp.OracleDivergent},
		{"from the future", func(w *lookWorld, x *perp.OracleTick) { x.Publish = w.now + 2*perp.Second }, perp.Halted, "invalid", perp.OracleDivergent},
		{"a little ahead", func(w *lookWorld, x *perp.OracleTick) { x.Publish = w.now + 500*ms }, perp.Open, "", perp.RejectNone},
		{"without a time", func(_ *lookWorld, x *perp.OracleTick) { x.Publish = 0 }, perp.Halted, "invalid", perp.OracleDivergent},
		{"out of order", func(w *lookWorld, x *perp.OracleTick) { x.Publish = w.now - 900*ms }, perp.Open, "stale", perp.RejectNone},
		{"duplicated", func(w *lookWorld, x *perp.OracleTick) { x.Publish = w.now - 250*ms }, perp.Open, "stale", perp.RejectNone},
		{"five times as much", func(_ *lookWorld, x *perp.OracleTick) { x.Price *= 5 }, perp.Halted, "jump", perp.OracleDivergent},
		{"a fifth", func(_ *lookWorld, x *perp.OracleTick) { x.Price /= 5 }, perp.Halted, "jump", perp.OracleDivergent},
		{"a jump of 50 bp", func(_ *lookWorld, x *perp.OracleTick) { x.Price += x.Price / 200 }, perp.WideSpread, "jump", perp.RejectNone},
		{"sources 20 bp apart", func(_ *lookWorld, x *perp.OracleTick) { x.Divergence = 20 * perp.BP }, perp.WideSpread, "divergent", perp.RejectNone},
		{"sources 50 bp apart", func(_ *lookWorld, x *perp.OracleTick) { x.Divergence = 50 * perp.BP }, perp.ReduceOnly, "divergent", perp.ReduceOnlyMode},
		{"sources 2 % apart", func(_ *lookWorld, x *perp.OracleTick) { x.Divergence = 200 * perp.BP }, perp.Halted, "divergent", perp.OracleDivergent},
		{"unsure by 3 %", func(_ *lookWorld, x *perp.OracleTick) { x.Confidence = x.Price * 3 / 100 }, perp.Halted, "wide", perp.OracleDivergent},
		{"no live source", func(_ *lookWorld, x *perp.OracleTick) { x.Sources = 0 }, perp.Halted, "stale", perp.OracleStale},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newLookWorld(quoting.DefaultParams())
			w.now += 100 * ms
			x := good(w)
			c.bend(w, &x)
			events := w.do(x)
			if w.state != c.state {
				t.Errorf("the market is %s, want %s", w.state, c.state)
			}
			if refused, n := only[perp.TickRefused](events); refused.Quality != c.quality || (n == 1) != (c.quality != "") {
				t.Errorf("told %d times: %+v, want %q", n, refused, c.quality)
			}
			answer := w.do(perp.PlaceOrder{
				Origin: perp.Origin{Session: "alice", Arrival: w.now}, ClOrdID: "a1", Account: "alice", Symbol: "BTC-PERP",
				Side: perp.Buy, Type: perp.Market, TIF: perp.IOC, Size: perp.SizeOne / 10,
			})
			refused, n := only[perp.OrderRejected](answer)
			if refused.Verdict.Reject != c.reject || (n == 1) != (c.reject != perp.RejectNone) {
				t.Errorf("an order gets %s", refused.Verdict.Reject)
			}
		})
	}
}

// TestSteppingClocks: a clock of the gateway that steps back or far ahead, and an
// oracle clock that does, close the market rather than deal on what cannot be
// compared.
func TestSteppingClocks(t *testing.T) {
	w := newLookWorld(quoting.DefaultParams())
	w.now += 3_600 * perp.Second // forward: every price is old
	w.do(perp.ClockTick{})
	if w.state != perp.Halted {
		t.Errorf("an hour ahead the market is %s", w.state)
	}
	w = newLookWorld(quoting.DefaultParams())
	was := w.now
	w.now -= 3_600 * perp.Second // back: time stands still until it has caught up
	for range 5 {
		w.now += 100 * ms
		w.do(perp.OracleTick{Symbol: "BTC-PERP", Price: w.price, Publish: w.now - 150*ms, Receive: w.now, Sources: 3})
	}
	w.now = was + 6*perp.Second
	w.do(perp.ClockTick{})
	if w.state != perp.Halted {
		t.Errorf("after prices an hour back the market is %s", w.state)
	}
}

// dealOn deals on a quote id and returns what it is refused for.
func dealOn(w *lookWorld, who, id, n string) perp.Reject {
	events := w.do(perp.PlaceOrder{
		Origin: perp.Origin{Session: who, Arrival: w.now - 300*ms}, ClOrdID: n, Account: who, Symbol: "BTC-PERP",
		Side: perp.Buy, Type: perp.PreviouslyQuoted, TIF: perp.FOK, Size: perp.SizeOne / 10, QuoteID: id,
	})
	r, _ := only[perp.OrderRejected](events)
	return r.Verdict.Reject
}

// TestQuoteIDReasons: each way in which a quote id is no good has its reason.
func TestQuoteIDReasons(t *testing.T) {
	p := quoting.DefaultParams()
	p.Probation = 0
	for _, c := range []struct {
		name string
		want perp.Reject
		id   func(*lookWorld) string
	}{
		{"good", perp.RejectNone, func(w *lookWorld) string { return perp.QuoteID(w.quotes[perp.Class{}].Version, perp.Buy, 0) }},
		{"no id", perp.QuoteUnknown, func(*lookWorld) string { return "quote" }},
		{"never given", perp.QuoteUnknown, func(w *lookWorld) string { return perp.QuoteID(w.quotes[perp.Class{}].Version+1, perp.Buy, 0) }},
		{"no such level", perp.QuoteUnknown, func(w *lookWorld) string { return perp.QuoteID(w.quotes[perp.Class{}].Version, perp.Buy, 19) }},
		{"within the grace", perp.RejectNone, func(w *lookWorld) string {
			id := perp.QuoteID(w.quotes[perp.Class{}].Version, perp.Buy, 0)
			w.tick(0)
			w.now += 49 * ms
			return id
		}},
		{"superseded", perp.QuoteSuperseded, func(w *lookWorld) string {
			id := perp.QuoteID(w.quotes[perp.Class{}].Version, perp.Buy, 0)
			w.tick(0)
			w.now += 50 * ms
			return id
		}},
		{"left by the oracle within the grace", perp.QuoteSuperseded, func(w *lookWorld) string {
			id := perp.QuoteID(w.quotes[perp.Class{}].Version, perp.Buy, 0)
			w.tick(400)
			return id
		}},
		{"expired", perp.QuoteExpired, func(w *lookWorld) string {
			q, _ := only[perp.QuoteIssued](w.do(perp.RequestQuote{
				Origin: perp.Origin{Session: "alice"}, ReqID: "r", Account: "alice", Symbol: "BTC-PERP", Side: perp.Buy, Size: perp.SizeOne / 10,
			}))
			for range 12 {
				w.tick(0)
			}
			return q.QuoteID
		}},
		{"somebody else's", perp.QuoteForeign, func(w *lookWorld) string {
			q, _ := only[perp.QuoteIssued](w.do(perp.RequestQuote{
				Origin: perp.Origin{Session: "bob"}, ReqID: "r", Account: "bob", Symbol: "BTC-PERP", Side: perp.Buy, Size: perp.SizeOne / 10,
			}))
			return q.QuoteID
		}},
		{"consumed", perp.QuoteConsumed, func(w *lookWorld) string {
			id := perp.QuoteID(w.quotes[perp.Class{}].Version, perp.Buy, 0)
			dealOn(w, "alice", id, "first")
			return id
		}},
	} {
		w := newLookWorld(p)
		if got := dealOn(w, "alice", c.id(w), "a1"); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestQuotesOfOtherClasses: the quotes of another class are another client's.
func TestQuotesOfOtherClasses(t *testing.T) {
	p := quoting.DefaultParams()
	p.Probation = 1
	w := newLookWorld(p)
	if got := dealOn(w, "alice", perp.QuoteID(w.quotes[perp.Class{}].Version, perp.Buy, 0), "a1"); got != perp.QuoteForeign {
		t.Errorf("the quote of a better class: %s", got)
	}
	if got := dealOn(w, "alice", perp.QuoteID(w.quotes[w.classes["alice"]].Version, perp.Buy, 0), "a2"); got != perp.RejectNone {
		t.Errorf("its own quote: %s", got)
	}
}

// TestReplaceIsNoWayAroundLastLook: a resting order that is replaced so that it
// crosses deals only with a price that is newer than the request.
func TestReplaceIsNoWayAroundLastLook(t *testing.T) {
	w := newLookWorld(quoting.DefaultParams())
	o := perp.PlaceOrder{
		Origin: perp.Origin{Session: "alice", Arrival: w.now}, ClOrdID: "a1", Account: "alice", Symbol: "BTC-PERP",
		Side: perp.Buy, Type: perp.Limit, TIF: perp.GTC, Size: perp.SizeOne / 10, Price: 59_000 * perp.PriceOne,
	}
	w.do(o)
	events := w.do(perp.ReplaceOrder{
		Origin: perp.Origin{Session: "alice", Arrival: w.now}, ClOrdID: "a2", OrigClOrdID: "a1", Account: "alice", Symbol: "BTC-PERP",
		Side: perp.Buy, Type: perp.Limit, Size: perp.SizeOne / 10, Price: 60_100 * perp.PriceOne,
	})
	if _, n := only[perp.Filled](events); n != 0 {
		t.Fatal("filled on a price that is older than the request")
	}
	if _, n := only[perp.Filled](w.tick(0)); n != 0 { // as of 50 ms before the request
		t.Fatal("filled on a price that is older than the request")
	}
	if _, n := only[perp.Filled](w.tick(0)); n == 0 {
		t.Fatal("not filled on a newer price")
	}
}

// TestFillBucket: what a client deals beyond two best levels a second is held,
// and where nothing is held it is refused.
func TestFillBucket(t *testing.T) {
	p := quoting.DefaultParams()
	p.Probation = 0
	buy := func(w *lookWorld, id string) []perp.Event {
		return w.do(perp.PlaceOrder{
			Origin: perp.Origin{Session: "alice", Arrival: w.now}, ClOrdID: id, Account: "alice", Symbol: "BTC-PERP",
			Side: perp.Buy, Type: perp.Market, TIF: perp.IOC, Size: 4 * perp.SizeOne,
		})
	}
	w := newLookWorld(p)
	for i, want := range []int{0, 0, 1} { // 240,000 each; the bucket holds 500,000
		if _, n := only[perp.OrderHeld](buy(w, string(rune('a'+i)))); n != want {
			t.Errorf("order %d: held %d times, want %d", i, n, want)
		}
	}
	for range 20 {
		w.tick(0)
	}
	if _, n := only[perp.OrderHeld](buy(w, "later")); n != 0 {
		t.Error("two seconds later the bucket is still full")
	}
	p.LastLook = quoting.LookOff
	w = newLookWorld(p)
	buy(w, "a")
	buy(w, "b")
	if r, n := only[perp.OrderRejected](buy(w, "c")); n != 1 || r.Verdict.Reject != perp.FillLimit {
		t.Errorf("without last look: %+v", r.Verdict)
	}
}

// TestUnloading: who brings the maker closer to flat gets a better price than is
// published, and an order that rests between the quotes deals at its own.
func TestUnloading(t *testing.T) {
	p := quoting.DefaultParams()
	p.Probation, p.FillBucket = 0, 0
	w := newLookWorld(p)
	order := func(who, id string, side perp.Side, kind perp.OrderType, size perp.Size, price perp.Price) []perp.Event {
		o := perp.PlaceOrder{
			Origin: perp.Origin{Session: who, Arrival: w.now - 300*ms}, ClOrdID: id, Account: who, Symbol: "BTC-PERP",
			Side: side, Type: kind, TIF: perp.IOC, Size: size, Price: price,
		}
		if kind == perp.Limit {
			o.TIF = perp.GTC
		}
		return w.do(o)
	}
	f, _ := only[perp.Filled](order("alice", "a1", perp.Buy, perp.Market, 30*perp.SizeOne, 0))
	if f.Price != f.Quoted {
		t.Errorf("loading at %s, quoted %s", f.Price, f.Quoted)
	}
	w.tick(0)
	f, n := only[perp.Filled](order("bob", "b1", perp.Sell, perp.Market, perp.SizeOne, 0))
	if n == 0 || f.Price <= f.Quoted || f.Price >= w.price {
		t.Errorf("unloading at %s, quoted %s, oracle %s", f.Price, f.Quoted, w.price)
	}
	rest := w.price - 8*perp.PriceOne // 1.3 bp: between the bid and the oracle
	if _, n := only[perp.Filled](order("carol", "c1", perp.Sell, perp.Limit, perp.SizeOne, rest)); n != 0 {
		t.Error("a resting order was filled before a newer price")
	}
	if f, n := only[perp.Filled](w.tick(0)); n == 0 || f.Price < rest || f.Liquidity != perp.Added {
		t.Errorf("a resting sell at %s: %d fills at %s", rest, n, f.Price)
	}
	far := w.price + 8*perp.PriceOne // beyond what the maker pays
	order("carol", "c2", perp.Sell, perp.Limit, perp.SizeOne, far)
	if _, n := only[perp.Filled](w.tick(0)); n != 0 {
		t.Errorf("bought at %s with the oracle at %s", far, w.price)
	}
}

// TestHedging: too much inventory becomes a wish; the venue's reports move money
// and exposure, once each, and what cannot be paid stays owed.
func TestHedging(t *testing.T) {
	p := quoting.DefaultParams()
	p.Probation, p.FillBucket, p.HedgeFrom, p.HedgeTo = 0, 0, 15*perp.RatioOne/100, 75*perp.RatioOne/1000
	w := newLookWorld(p)
	w.do(perp.PlaceOrder{
		Origin: perp.Origin{Session: "alice", Arrival: w.now - 300*ms}, ClOrdID: "a1", Account: "alice", Symbol: "BTC-PERP",
		Side: perp.Buy, Type: perp.Market, TIF: perp.IOC, Size: 40 * perp.SizeOne,
	})
	wish, n := only[perp.HedgeWanted](w.tick(0))
	if n != 1 || wish.Size < 26*perp.SizeOne || wish.Size > 28*perp.SizeOne { // 2.4 million of 10 down to 0.75
		t.Fatalf("wished %d times: %+v", n, wish)
	}
	if _, n := only[perp.HedgeWanted](w.tick(0)); n != 0 {
		t.Error("wished again before the answer")
	}
	report := func(r perp.HedgeReport) (perp.Hedged, []perp.Event) {
		r.Symbol = "BTC-PERP"
		events := w.do(r)
		h, _ := only[perp.Hedged](events)
		return h, events
	}
	h, events := report(perp.HedgeReport{Number: 1, Answers: wish.Key, Position: wish.Size, Variation: -100 * perp.MoneyOne})
	if posted, n := only[perp.Posted](events); !h.Verdict.OK() || n != 1 || posted.Transfer.Amount != 100*perp.MoneyOne || posted.Transfer.Reason != perp.HedgeSettled {
		t.Errorf("%+v %+v", h, posted)
	}
	if q := w.quotes[perp.Class{}]; q.Leverage > 8*perp.RatioOne/100 || q.Hedged != wish.Size {
		t.Errorf("leverage %s, hedged %s", q.Leverage, q.Hedged)
	}
	for _, bad := range []perp.HedgeReport{
		{Number: 1, Position: wish.Size}, {Number: 0}, {Number: 9, Position: 2_000_000_000 * perp.SizeOne}, {Number: 9, Variation: -1 << 62},
	} {
		before := w.e.StateHash()
		if h, events := report(bad); h.Verdict.OK() || len(events) != 1 {
			t.Errorf("%+v was booked: %+v", bad, events)
		}
		if before == w.e.StateHash() { // number and time of the command have changed
			t.Error("the command left no trace in the journal's state")
		}
	}
	if h, _ := only[perp.Hedged](w.do(perp.HedgeReport{Symbol: "NO-PERP", Number: 2})); h.Verdict.Reject != perp.UnknownSymbol {
		t.Errorf("unknown market: %+v", h)
	}
	h, _ = report(perp.HedgeReport{Number: 2, Position: wish.Size, Variation: -30_000_000 * perp.MoneyOne}) // more than there is
	if h.Debt <= 0 {
		t.Errorf("a loss beyond the equity leaves no debt: %+v", h)
	}
	again, _ := report(perp.HedgeReport{Number: 3, Position: wish.Size, Variation: h.Debt + 5*perp.MoneyOne})
	if again.Debt != 0 {
		t.Errorf("a gain does not pay the debt: %+v", again)
	}
	if other, err := engine.Restore(w.e.Snapshot()); err != nil || other.StateHash() != w.e.StateHash() {
		t.Errorf("restore: %v", err)
	}
}

// TestHoldIsNoWayAroundSize: many orders that wait for the same tick do not all
// deal at the one quote that stood when they came.
func TestHoldIsNoWayAroundSize(t *testing.T) {
	w := newLookWorld(quoting.DefaultParams())
	quote := w.quotes[w.classes["alice"]]
	best, _ := quote.Best(perp.Buy)
	for i := range 12 {
		if _, n := only[perp.OrderHeld](w.do(perp.PlaceOrder{
			Origin: perp.Origin{Session: "alice", Arrival: w.now}, ClOrdID: string(rune('a' + i)), Account: "alice", Symbol: "BTC-PERP",
			Side: perp.Buy, Type: perp.Market, TIF: perp.IOC, Size: best.Size,
		})); n != 1 {
			t.Fatal("not held")
		}
	}
	w.tick(0)
	atQuote, beyond, last := perp.Size(0), perp.Size(0), perp.Price(0)
	for _, ev := range w.tick(0) {
		if f, ok := ev.(perp.Filled); ok && f.Price <= best.Price {
			atQuote += f.Size
		} else if ok {
			beyond, last = beyond+f.Size, max(last, f.Price)
		}
	}
	if most := 5 * best.Size; atQuote > most || atQuote < best.Size { // the bucket holds four of its halved levels
		t.Errorf("%s dealt at the quote of %s", atQuote, best.Size)
	}
	if beyond == 0 || last <= best.Price+quote.Oracle.Of(perp.BP, perp.Floor) {
		t.Errorf("%s beyond it, the last at %s after %s", beyond, last, best.Price)
	}
}

// TestOthersDoNotFeelAHold: while an order of one firm waits on a quote, another
// firm of the same class can still deal on it.
func TestOthersDoNotFeelAHold(t *testing.T) {
	w := newLookWorld(quoting.DefaultParams())
	id := perp.QuoteID(w.quotes[w.classes["alice"]].Version, perp.Buy, 0)
	deal := func(who, n string) []perp.Event {
		return w.do(perp.PlaceOrder{
			Origin: perp.Origin{Session: who, Arrival: w.now}, ClOrdID: n, Account: who, Symbol: "BTC-PERP",
			Side: perp.Buy, Type: perp.PreviouslyQuoted, TIF: perp.FOK, Size: perp.SizeOne / 10, QuoteID: id,
		})
	}
	if _, n := only[perp.OrderHeld](deal("alice", "a1")); n != 1 {
		t.Fatal("not held")
	}
	if r, n := only[perp.OrderRejected](deal("bob", "b1")); n != 0 {
		t.Errorf("bob is refused: %s", r.Verdict.Reject)
	}
	if r, _ := only[perp.OrderRejected](deal("alice", "a2")); r.Verdict.Reject != perp.QuoteConsumed {
		t.Errorf("alice deals twice on one quote: %s", r.Verdict.Reject)
	}
}
