package engine_test

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"backstop/engine"
	"backstop/perp"
	"backstop/quoting"
	"backstop/risk"
)

// The properties P4, P8 (fills), P10 and P11 of the pricing rules, and I11, over
// random markets. The others stand in quoting/properties_test.go.

// lookWorld is a market with three clients and what was published of it.
type lookWorld struct {
	e       *engine.Engine
	seq     *engine.Sequencer
	p       quoting.Params
	now     perp.Time
	price   perp.Price
	state   perp.MarketState
	n       int
	quotes  map[perp.Class]perp.Quote
	gone    map[int64]perp.Time // versions that were replaced, and when
	classes map[string]perp.Class
	looks   []perp.LastLook
}

var lookClients = []string{"alice", "bob", "carol"}

func newLookWorld(p quoting.Params) *lookWorld {
	e := engine.New()
	w := &lookWorld{
		e: e, seq: engine.NewSequencer(e), p: p, now: 1_000_000 * perp.Second, price: 60_000 * perp.PriceOne,
		quotes: map[perp.Class]perp.Quote{}, gone: map[int64]perp.Time{}, classes: map[string]perp.Class{},
	}
	c := engine.Configure{Markets: []engine.MarketSpec{{Instrument: perp.Instrument{
		Symbol: "BTC-PERP", Currency: "USDC", Tick: perp.PriceOne / 2, Lot: perp.SizeOne / 1000,
		MinSize: perp.SizeOne / 1000, MaxSize: 100 * perp.SizeOne,
	}, Quoting: p, Limits: risk.DefaultMarketLimits()}}}
	for _, name := range lookClients {
		c.Accounts = append(c.Accounts, risk.Account{Name: name, Sessions: []string{name}, Limits: risk.DefaultLimits()})
	}
	w.do(c)
	w.do(perp.Deposit{Account: perp.Maker, Symbol: "BTC-PERP", Amount: 10_000_000 * perp.MoneyOne, Key: "m"})
	for _, name := range lookClients {
		w.do(perp.Deposit{Account: name, Amount: 5_000_000 * perp.MoneyOne, Key: name})
	}
	for range 12 {
		w.tick(0)
	}
	return w
}

func (w *lookWorld) do(c perp.Command) []perp.Event {
	events := w.seq.Step([]perp.Input{{Command: c, Source: "test"}}, w.now)[0].Events
	for _, ev := range events {
		switch ev := ev.(type) {
		case perp.QuoteChanged:
			w.quoted(ev.Quote)
		case perp.ClassQuoted:
			w.quoted(ev.Quote)
		case perp.ClientGraded:
			w.classes[ev.Session] = ev.Class
		case perp.StateChanged:
			w.state = ev.To
		}
	}
	return events
}

func (w *lookWorld) quoted(q perp.Quote) {
	if old, known := w.quotes[q.Class]; known {
		w.gone[old.Version] = w.now
	}
	w.quotes[q.Class] = q
}

// tick lets 100 ms pass and tells a price, moved by so many basis points of a
// hundredth, as it was 150 ms ago.
func (w *lookWorld) tick(move perp.Ratio) []perp.Event {
	w.now += 100 * ms
	w.price = max(perp.PriceOne, w.price+w.price.Of(move, perp.Trunc))
	return w.do(perp.OracleTick{Symbol: "BTC-PERP", Price: w.price, Confidence: w.price / 50_000, Publish: w.now - 150*ms, Receive: w.now, Sources: 3})
}

// draw makes an order of some client: any type, at the quote or around it.
func (w *lookWorld) draw(t *rapid.T) perp.PlaceOrder {
	w.n++
	who := rapid.SampledFrom(lookClients).Draw(t, "who")
	o := perp.PlaceOrder{
		Origin: perp.Origin{Session: who, Arrival: w.now - perp.Time(rapid.IntRange(0, 300).Draw(t, "waited"))*ms}, ClOrdID: who + string(rune('A'+w.n%26)) + string(rune('a'+w.n/26)),
		Account: who, Symbol: "BTC-PERP", Side: perp.Side(rapid.IntRange(1, 2).Draw(t, "side")), Type: perp.OrderType(rapid.IntRange(1, 5).Draw(t, "type")),
		TIF: perp.TimeInForce(rapid.IntRange(1, 4).Draw(t, "tif")), Size: perp.Size(rapid.IntRange(1, 4_000).Draw(t, "size")) * perp.SizeOne / 1000, Transact: w.now,
	}
	switch o.Type {
	case perp.Limit:
		o.Price = (w.price + w.price.Of(perp.Ratio(rapid.IntRange(-1_500, 1_500).Draw(t, "limit")), perp.Trunc)) / (perp.PriceOne / 2) * (perp.PriceOne / 2)
	case perp.PreviouslyQuoted:
		q := w.quotes[w.classes[who]]
		back := int64(rapid.IntRange(0, 12).Draw(t, "back"))
		o.QuoteID = perp.QuoteID(q.Version-back, o.Side, 0)
		if o.TIF.Waits() {
			o.TIF = perp.FOK
		}
	}
	w.ask(t, &o)
	return o
}

// check holds every fill of one command against the properties.
func (w *lookWorld) check(t *rapid.T, events []perp.Event, firm *perp.PlaceOrder) {
	looks := map[string]perp.LastLook{}
	for _, ev := range events {
		switch ev := ev.(type) {
		case perp.LastLook:
			looks[ev.OrderID] = ev
			w.looks = append(w.looks, ev)
			if against := ev.Outcome == perp.LookAgainst; against && ev.Move <= 0 {
				t.Fatalf("P10: refused although the price moved by %s against the client", ev.Move)
			}
		case perp.Filled:
			if w.state >= perp.Halted {
				t.Fatalf("P8: fill in a market that is %s", w.state)
			}
			away := perp.Price(ev.Order.Side.Sign())
			if look, held := looks[ev.Order.OrderID]; held {
				if away*(ev.Price-look.After) < 0 {
					t.Fatalf("P4: %s at %s with the oracle at %s", ev.Order.Side, ev.Price, look.After)
				}
				first := ev.Order.Cum == ev.Size
				if first && look.Move <= look.Tolerance && look.Outcome != perp.LookCurrent && away*(ev.Price-look.Quoted) > 0 {
					t.Fatalf("P10: filled at %s, quoted %s, moved %s", ev.Price, look.Quoted, look.Move)
				}
				if first && look.Move < 0 && away*(ev.Price-look.Quoted) > 0 {
					t.Fatalf("P10: moved %s against the client, and filled at %s after %s", look.Move, ev.Price, look.Quoted)
				}
			} else if firm != nil && ev.Order.Type == perp.PreviouslyQuoted {
				q := w.versionOf(firm.QuoteID)
				if gone, replaced := w.gone[q]; replaced && gone < w.now && w.now-gone >= w.p.Grace {
					t.Fatalf("P11: quote %s was replaced %d ms ago", firm.QuoteID, (w.now-gone)/ms)
				}
			}
		}
	}
}

func (w *lookWorld) versionOf(id string) (v int64) {
	for _, c := range id[1:] {
		if c < '0' || c > '9' {
			break
		}
		v = v*10 + int64(c-'0')
	}
	return v
}

// looksHold plays one random market and returns how held orders were decided.
func looksHold(t *rapid.T) []perp.LastLook {
	p := quoting.DefaultParams()
	p.LastLook = rapid.SampledFrom([]quoting.LookMode{quoting.LookTiered, quoting.LookAlways}).Draw(t, "mode")
	p.Probation = int64(rapid.SampledFrom([]int{0, 3, 30}).Draw(t, "probation"))
	w := newLookWorld(p)
	for range rapid.IntRange(40, 150).Draw(t, "steps") {
		switch rapid.IntRange(0, 60).Draw(t, "what") / 5 {
		case 12:
			w.check(t, w.do(perp.OracleTick{Symbol: "BTC-PERP", Publish: w.now, Receive: w.now, Sources: 3}), nil) // no price: halts
		case 0, 1, 2, 3, 4:
			w.check(t, w.tick(perp.Ratio(rapid.IntRange(-600, 600).Draw(t, "move"))), nil)
		case 5, 6:
			w.now += perp.Time(rapid.IntRange(1, 60).Draw(t, "ms")) * ms
			w.check(t, w.do(perp.ClockTick{}), nil)
		default:
			o := w.draw(t)
			w.check(t, w.do(o), &o)
		}
	}
	return w.looks
}

// FuzzP4 is the same as a fuzz target.
func FuzzP4(f *testing.F) { f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { looksHold(t) })) }

// TestP4P10P11 plays random markets in which orders are held by tier or always.
func TestP4P10P11(t *testing.T) {
	looks := map[perp.LookOutcome]int{}
	rapid.Check(t, func(t *rapid.T) {
		for _, l := range looksHold(t) {
			looks[l.Outcome]++
		}
	})
	for _, want := range []perp.LookOutcome{perp.LookAccepted, perp.LookAgainst, perp.LookCurrent, perp.LookImproved, perp.LookInvalid} {
		if looks[want] == 0 && !testing.Short() {
			t.Errorf("no order was ever decided %s: the test has lost its meaning (%v)", want, looks)
		}
	}
}

// public is what everybody may see of an event; what is told to one client alone
// is nil. Ids count all orders, also those that nobody else is told of.
func public(ev perp.Event, of string) perp.Event {
	switch ev := ev.(type) {
	case perp.QuoteChanged, perp.ClassQuoted, perp.StateChanged, perp.FundingAccrued:
		return ev
	case perp.Filled:
		ev.ExecID, ev.TradeID, ev.Order.OrderID = "", "", ""
		if ev.Order.Account == of {
			return ev
		}
	case perp.OrderAccepted:
		ev.ExecID, ev.Order.OrderID = "", ""
		if ev.Order.Account == of {
			return ev
		}
	case perp.OrderRejected:
		ev.ExecID, ev.Order.OrderID = "", ""
		if ev.Order.Account == of {
			return ev
		}
	case perp.ClientGraded:
		if ev.Session == of {
			return ev
		}
	case perp.StreamQuoted:
		if ev.Account == of {
			return ev
		}
	case perp.StreamWithdrawn:
		if ev.Origin.Session == of {
			return ev
		}
	}
	return nil
}

// TestI11TwinRun plays the same random market twice, once with an order of alice
// that is held: until it is decided, nothing that bob can see differs.
func TestI11TwinRun(t *testing.T) { rapid.Check(t, twinRun) }

// FuzzI11 is the same as a fuzz target.
func FuzzI11(f *testing.F) { f.Fuzz(rapid.MakeFuzz(twinRun)) }

func twinRun(t *rapid.T) {
	p := quoting.DefaultParams()
	a, b := newLookWorld(p), newLookWorld(p)
	for range rapid.IntRange(0, 8).Draw(t, "before") {
		move := perp.Ratio(rapid.IntRange(-300, 300).Draw(t, "move"))
		a.tick(move)
		b.tick(move)
	}
	watch := perp.RequestQuote{
		Origin: perp.Origin{Session: "bob", InSeq: 1}, ReqID: "watch", Account: "bob", Symbol: "BTC-PERP", Stream: perp.Stream{Wanted: true},
		Size: perp.Size(rapid.IntRange(0, 3_000).Draw(t, "watched")) * perp.SizeOne / 1000,
	}
	a.do(watch)
	b.do(watch)
	held := perp.PlaceOrder{
		Origin: perp.Origin{Session: "alice", Arrival: a.now}, ClOrdID: "held", Account: "alice", Symbol: "BTC-PERP",
		Side: perp.Side(rapid.IntRange(1, 2).Draw(t, "side")), Type: perp.Market, TIF: perp.IOC,
		Size: perp.Size(rapid.IntRange(1, 6_000).Draw(t, "size")) * perp.SizeOne / 1000,
	}
	if rapid.Bool().Draw(t, "quoted") { // its quote is spent, but not for others
		held.Type, held.TIF, held.QuoteID = perp.PreviouslyQuoted, perp.FOK, perp.QuoteID(a.quotes[a.classes["alice"]].Version, held.Side, 0)
	}
	if _, n := only[perp.OrderHeld](a.do(held)); n != 1 {
		t.Skip("not held")
	}
	b.do(perp.ClockTick{}) // takes the same number
	for range rapid.IntRange(1, 12).Draw(t, "during") {
		var x, y []perp.Event
		switch rapid.IntRange(0, 3).Draw(t, "what") {
		case 0:
			move := perp.Ratio(rapid.IntRange(-300, 300).Draw(t, "move"))
			x, y = a.tick(move), b.tick(move)
		case 1:
			a.now += 10 * ms
			b.now += 10 * ms
			x, y = a.do(perp.ClockTick{}), b.do(perp.ClockTick{})
		default:
			o := a.draw(t)
			o.Session, o.Account = "bob", "bob"
			x, y = a.do(o), b.do(o)
		}
		if _, decided := only[perp.LastLook](x); decided > 0 && slices.ContainsFunc(x, func(ev perp.Event) bool {
			l, is := ev.(perp.LastLook)
			return is && l.Account == "alice"
		}) {
			return
		}
		if seen, alone := shown(x), shown(y); !reflect.DeepEqual(seen, alone) {
			t.Fatalf("with a held order:\n%v\nwithout:\n%v", seen, alone)
		}
	}
}

func shown(events []perp.Event) (all []perp.Event) {
	for _, ev := range events {
		if p := public(ev, "bob"); p != nil {
			all = append(all, p)
		}
	}
	return all
}
