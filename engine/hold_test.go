package engine_test

import (
	"reflect"
	"testing"

	"backstop/engine"
	"backstop/perp"
	"backstop/quoting"
	"backstop/risk"
)

const ms = perp.Millisecond

// holdWorld is a market in which every aggressive order waits for a newer price.
// Ticks come a lag of 150 ms after their source time.
type holdWorld struct {
	t   *testing.T
	seq *engine.Sequencer
	e   *engine.Engine
	now perp.Time
}

func newHoldWorld(t *testing.T) *holdWorld { return holdWorldWith(t, func(*quoting.Params) {}) }

// holdWorldWith is the same with other parameters.
func holdWorldWith(t *testing.T, change func(*quoting.Params)) *holdWorld {
	e := engine.New()
	w := &holdWorld{t: t, e: e, seq: engine.NewSequencer(e), now: 1_000_000 * perp.Second}
	q := quoting.DefaultParams()
	q.LastLook, q.Probation, q.FillBucket = quoting.LookAlways, 0, 0
	change(&q)
	l := risk.DefaultMarketLimits()
	l.TakerFee = 0
	w.do(engine.Configure{
		Markets: []engine.MarketSpec{{Instrument: perp.Instrument{
			Symbol: "BTC-PERP", Currency: "USDC", Tick: perp.PriceOne / 2, Lot: perp.SizeOne / 1000,
			MinSize: perp.SizeOne / 1000, MaxSize: 100 * perp.SizeOne,
		}, Quoting: q, Limits: l}},
		Accounts: []risk.Account{{Name: "alice", Sessions: []string{"alice"}, Limits: risk.DefaultLimits()}},
	})
	w.do(perp.Deposit{Account: perp.Maker, Symbol: "BTC-PERP", Amount: 10_000_000 * perp.MoneyOne, Key: "m"})
	w.do(perp.Deposit{Account: "alice", Amount: 1_000_000 * perp.MoneyOne, Key: "a"})
	for range 10 {
		w.tick(60_000 * perp.PriceOne)
	}
	return w
}

func (w *holdWorld) do(c perp.Command) []perp.Event {
	return w.seq.Step([]perp.Input{{Command: c, Source: "test"}}, w.now)[0].Events
}

// tick lets 100 ms pass and tells a price from 150 ms ago.
func (w *holdWorld) tick(p perp.Price) []perp.Event {
	w.now += 100 * ms
	return w.do(perp.OracleTick{Symbol: "BTC-PERP", Price: p, Confidence: p / 50_000, Publish: w.now - 150*ms, Receive: w.now, Sources: 3})
}

func (w *holdWorld) order(change func(*perp.PlaceOrder)) []perp.Event {
	o := perp.PlaceOrder{
		Origin: perp.Origin{Session: "alice", Arrival: w.now}, ClOrdID: "a1", Account: "alice", Symbol: "BTC-PERP",
		Side: perp.Buy, Type: perp.Market, TIF: perp.IOC, Size: perp.SizeOne / 10, Transact: w.now,
	}
	change(&o)
	return w.do(o)
}

func (w *holdWorld) ask() perp.Price {
	for _, ev := range w.e.Restate() {
		if q, ok := ev.(perp.QuoteChanged); ok {
			l, _ := q.Quote.Best(perp.Buy)
			return l.Price
		}
	}
	w.t.Fatal("nothing is quoted")
	return 0
}

func only[E perp.Event](events []perp.Event) (found E, n int) {
	for _, ev := range events {
		if e, ok := ev.(E); ok {
			found, n = e, n+1
		}
	}
	return found, n
}

// TestHeldOrders decides a held buy at prices that moved by so many basis points
// while it waited; the half-spread that was quoted is about 2.5.
func TestHeldOrders(t *testing.T) {
	quoted := func(o *perp.PlaceOrder) {}
	limit := func(o *perp.PlaceOrder) { o.Type, o.Price = perp.Limit, 60_030*perp.PriceOne }
	for _, c := range []struct {
		name    string
		change  func(*perp.PlaceOrder)
		move    perp.Price // 0.01 bp of 60,000
		outcome perp.LookOutcome
	}{
		{"market, no move", quoted, 0, perp.LookAccepted},
		{"market, small move up", quoted, 150, perp.LookAccepted},
		{"market, large move up", quoted, 2_000, perp.LookCurrent},
		{"market, move down", quoted, -500, perp.LookImproved},
		{"limit, small move up", limit, 150, perp.LookAccepted},
		{"limit, large move up", limit, 2_000, perp.LookAgainst},
		{"limit, move down", limit, -500, perp.LookImproved},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newHoldWorld(t)
			ask := w.ask()
			h, n := only[perp.OrderHeld](w.order(c.change))
			if n != 1 || h.Order.Status != perp.PendingNew || h.Order.Leaves() != h.Order.Size {
				t.Fatalf("not held: %+v", h)
			}
			price := 60_000*perp.PriceOne + c.move*6*perp.PriceOne/100
			if _, n := only[perp.LastLook](w.tick(price)); n != 0 {
				t.Fatal("decided by a price that is older than the order")
			}
			events := w.tick(price)
			look, n := only[perp.LastLook](events)
			if n != 1 || look.Outcome != c.outcome {
				t.Fatalf("decided %d times: %s %+v", n, look.Outcome, look)
			}
			fill, filled := only[perp.Filled](events)
			_, accepted := only[perp.OrderAccepted](events)
			refused, no := only[perp.OrderRejected](events)
			if c.outcome == perp.LookAgainst {
				if filled != 0 || accepted != 0 || no != 1 || refused.Verdict.Reject != perp.LastLookPrice || refused.Order.Status != perp.Rejected {
					t.Fatalf("%d fills, %d accepted, refused %+v", filled, accepted, refused)
				}
				return
			}
			if accepted != 1 || filled == 0 || no != 0 || fill.Price != look.Price {
				t.Fatalf("%d accepted, %d fills at %s, %d refused", accepted, filled, fill.Price, no)
			}
			if fill.Price > ask && c.outcome != perp.LookCurrent || c.outcome == perp.LookAccepted && fill.Price != ask {
				t.Errorf("filled at %s, quoted %s", fill.Price, ask)
			}
			if edge := fill.Price - price; edge < 0 { // P4: the maker never sells below the deciding price
				t.Errorf("sold at %s with the oracle at %s", fill.Price, price)
			}
		})
	}
}

// TestHeldQuotedOrder: an order on a quote deals at that price or better, or not
// at all, and the quote is spent meanwhile.
func TestHeldQuotedOrder(t *testing.T) {
	for move, want := range map[perp.Price]perp.LookOutcome{0: perp.LookAccepted, 60: perp.LookAgainst, -60: perp.LookImproved} {
		w := newHoldWorld(t)
		q, _ := only[perp.QuoteIssued](w.do(perp.RequestQuote{
			Origin: perp.Origin{Session: "alice"}, ReqID: "r", Account: "alice", Symbol: "BTC-PERP", Side: perp.Buy, Size: perp.SizeOne / 10,
		}))
		deal := func(id string) []perp.Event {
			return w.order(func(o *perp.PlaceOrder) {
				o.ClOrdID, o.Type, o.TIF, o.QuoteID, o.Price = id, perp.PreviouslyQuoted, perp.FOK, q.QuoteID, q.Ask.Price
			})
		}
		if _, n := only[perp.OrderHeld](deal("a1")); n != 1 {
			t.Fatal("not held")
		}
		if r, _ := only[perp.OrderRejected](deal("a2")); r.Verdict.Reject != perp.QuoteConsumed {
			t.Errorf("a second order on the quote: %+v", r.Verdict)
		}
		w.tick(60_000*perp.PriceOne + move*perp.PriceOne)
		events := w.tick(60_000*perp.PriceOne + move*perp.PriceOne)
		look, _ := only[perp.LastLook](events)
		if look.Outcome != want {
			t.Errorf("moved by %s: %s, want %s", move, look.Outcome, want)
		}
		if f, n := only[perp.Filled](events); n > 0 && f.Price > q.Ask.Price {
			t.Errorf("filled at %s, quoted %s", f.Price, q.Ask.Price)
		}
	}
}

// TestHoldEnds: without a newer price the order is refused in time; a restart
// refuses it at once; it cannot be cancelled or replaced; it takes margin.
func TestHoldEnds(t *testing.T) {
	w := newHoldWorld(t)
	w.order(func(*perp.PlaceOrder) {})
	from := w.now
	for w.now < from+perp.Second {
		w.now += 50 * ms
		r, n := only[perp.OrderRejected](w.do(perp.ClockTick{}))
		if n == 1 {
			if r.Verdict.Reject != perp.LastLookValidity || w.now-from < 500*ms || w.now-from > 600*ms {
				t.Errorf("refused after %d ms: %+v", (w.now-from)/ms, r.Verdict)
			}
			break
		}
	}
	if w.now >= from+perp.Second {
		t.Error("never refused")
	}

	w = newHoldWorld(t)
	w.order(func(*perp.PlaceOrder) {})
	c, _ := only[perp.CancelRejected](w.do(perp.CancelOrder{
		Origin: perp.Origin{Session: "alice"}, ClOrdID: "a2", OrigClOrdID: "a1", Account: "alice", Symbol: "BTC-PERP", Side: perp.Buy,
	}))
	if c.Verdict.Reject != perp.TooLate || c.Order.Status != perp.PendingNew {
		t.Errorf("cancel while held: %+v", c)
	}
	v, _ := only[perp.CollateralReported](w.do(perp.RequestCollateral{Origin: perp.Origin{Session: "alice"}, Account: "alice"}))
	if v.View.Initial == 0 {
		t.Error("a held order takes no margin")
	}
	s, _ := only[perp.StatusReported](w.do(perp.RequestStatus{Origin: perp.Origin{Session: "alice"}, ClOrdID: "a1", Account: "alice"}))
	if s.Order.Status != perp.PendingNew {
		t.Errorf("status of a held order: %s", s.Order.Status)
	}
	other, err := engine.Restore(w.e.Snapshot())
	if err != nil || other.StateHash() != w.e.StateHash() {
		t.Fatalf("restore: %v", err)
	}
	w.seq, w.e = engine.NewSequencer(other), other
	if r, n := only[perp.OrderRejected](w.do(engine.Configure{})); n != 1 || r.Verdict.Reject != perp.LastLookValidity {
		t.Errorf("after a restart: %+v", r.Verdict)
	}
}

// TestOlderOrdersAreFirm: an order that arrived before the source time of the
// price it deals on cannot have known it, and is not held; nor is one that rests.
func TestOlderOrdersAreFirm(t *testing.T) {
	w := newHoldWorld(t)
	if _, n := only[perp.Filled](w.order(func(o *perp.PlaceOrder) { o.Arrival = w.now - 200*ms })); n == 0 {
		t.Error("an order older than the price was held")
	}
	events := w.order(func(o *perp.PlaceOrder) {
		o.ClOrdID, o.Type, o.TIF, o.Price = "a2", perp.Limit, perp.GTC, 59_000*perp.PriceOne
	})
	if _, n := only[perp.OrderAccepted](events); n != 1 {
		t.Error("a passive order was held")
	}
}

// TestHoldLeavesNoTrace: what is published while an order is held is what would
// be published without it (I11).
func TestHoldLeavesNoTrace(t *testing.T) {
	with, without := newHoldWorld(t), newHoldWorld(t)
	with.order(func(o *perp.PlaceOrder) { o.Size = 5 * perp.SizeOne })
	for i := range perp.Price(3) {
		for _, w := range []*holdWorld{with, without} {
			w.now += 5 * ms
		}
		a, b := with.do(perp.ClockTick{}), without.do(perp.ClockTick{})
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("clock tick %d differs:\n%v\n%v", i, a, b)
		}
	}
	a, b := with.tick(60_001*perp.PriceOne), without.tick(60_001*perp.PriceOne)
	if !reflect.DeepEqual(a, b) {
		t.Fatalf("the tick before the deciding one differs:\n%v\n%v", a, b)
	}
	if a, b = with.tick(60_002*perp.PriceOne), without.tick(60_002*perp.PriceOne); reflect.DeepEqual(a, b) {
		t.Fatal("the deciding tick decided nothing")
	}
}
