package engine_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"backstop/engine"
	"backstop/perp"
	"backstop/quoting"
)

// stored is the store as the engine's memory needs it, made from events.
type stored struct {
	orders map[string]perp.Order
	names  map[perp.OrderRef]string
}

func (s *stored) take(events []perp.Event) {
	for _, ev := range events {
		switch ev := ev.(type) {
		case perp.OrderAccepted:
			s.put(ev.Order)
		case perp.OrderRejected:
			if old, known := s.orders[ev.Order.OrderID]; ev.Order.OrderID != "" && (!known || !old.Status.Ended()) {
				s.put(ev.Order)
			}
		case perp.Filled:
			s.put(ev.Order)
		case perp.OrderCanceled:
			s.put(ev.Order)
		case perp.OrderReplaced:
			s.put(ev.Order)
		case perp.TradeBusted:
			s.put(ev.Order)
		}
	}
}

func (s *stored) put(o perp.Order) {
	s.orders[o.OrderID] = o
	s.names[perp.OrderRef{OrderID: o.OrderID}] = o.OrderID
	for _, n := range []string{o.First, o.ClOrdID} {
		s.names[perp.OrderRef{Account: o.Account, ClOrdID: n}] = o.OrderID
	}
}

func (s *stored) recall(refs []perp.OrderRef) (all []perp.Command) {
	for _, r := range refs {
		if id, found := s.names[r]; found {
			all = append(all, perp.RecallOrder{Order: s.orders[id], Names: []string{r.ClOrdID}})
		}
	}
	return all
}

// TestForgettingIsInvisible: an engine that forgets what ended and is told again
// what a request names says the same as one that remembers everything, and keeps
// less in mind. Snapshots in between change nothing.
func TestForgettingIsInvisible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		smart, dumb := newLookWorld(quoting.DefaultParams()), newLookWorld(quoting.DefaultParams())
		smart.e.KeepEnded(2)
		st := &stored{orders: map[string]perp.Order{}, names: map[perp.OrderRef]string{}}
		var ids []perp.PlaceOrder
		renamed := 0
		do := func(c perp.Command) {
			for _, r := range st.recall(smart.e.Forgotten(c)) {
				smart.do(r)
			}
			got, want := smart.do(c), dumb.do(c)
			st.take(got)
			if a, b := told(got), told(want); a != b {
				t.Fatalf("%s:\nforgetting: %s\nremembering: %s", c.Kind(), a, b)
			}
		}
		for range rapid.IntRange(10, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 8).Draw(t, "what") {
			case 0:
				smart.do(perp.ForgetOrders{Through: smart.e.Seq() - int64(rapid.IntRange(0, 5).Draw(t, "lag"))})
			case 1:
				again, err := engine.Restore(smart.e.Snapshot())
				if err != nil || again.StateHash() != smart.e.StateHash() {
					t.Fatalf("restored: %v", err)
				}
				again.KeepEnded(2)
				smart.e, smart.seq = again, engine.NewSequencer(again)
			case 2:
				move := perp.Ratio(rapid.IntRange(-300, 300).Draw(t, "move"))
				smart.now, dumb.now = smart.now+100*ms, dumb.now+100*ms
				smart.price = max(perp.PriceOne, smart.price+smart.price.Of(move, perp.Trunc))
				dumb.price = smart.price
				do(perp.OracleTick{Symbol: "BTC-PERP", Price: smart.price, Confidence: smart.price / 50_000, Publish: smart.now - 150*ms, Receive: smart.now, Sources: 3})
			case 8:
				renamed++
				do(perp.BustTrade{Operator: perp.Operator{Key: fmt.Sprint("bust", renamed), By: "desk"}, TradeID: fmt.Sprint("T-", rapid.IntRange(1, 12).Draw(t, "trade"))})
			case 3, 4:
				o := smart.draw(t)
				ids = append(ids, o)
				do(o)
			default:
				if len(ids) == 0 {
					continue
				}
				o := rapid.SampledFrom(ids).Draw(t, "named")
				renamed++
				do(named(t, o, fmt.Sprintf("x%d", rapid.IntRange(1, renamed).Draw(t, "id"))))
			}
		}
		smart.do(perp.ForgetOrders{Through: smart.e.Seq()})
		if smart.e.InMind() > dumb.e.InMind() {
			t.Fatalf("%d orders in mind, %d without forgetting", smart.e.InMind(), dumb.e.InMind())
		}
	})
}

// named is a request that names an order: again, or to change or ask for it.
func named(t *rapid.T, o perp.PlaceOrder, id string) perp.Command {
	orig := rapid.SampledFrom([]string{o.ClOrdID, "x1", "x2"}).Draw(t, "orig")
	switch rapid.IntRange(0, 4).Draw(t, "request") {
	case 0:
		o.PossDup = rapid.Bool().Draw(t, "dup")
		return o
	case 1:
		return perp.CancelOrder{Origin: o.Origin, ClOrdID: id, OrigClOrdID: orig, Account: o.Account, Symbol: o.Symbol, Side: o.Side}
	case 2:
		return perp.ReplaceOrder{
			Origin: o.Origin, ClOrdID: id, OrigClOrdID: orig, Account: o.Account, Symbol: o.Symbol, Side: o.Side,
			Type: o.Type, TIF: o.TIF, Size: o.Size * 2, Price: o.Price,
		}
	case 3:
		return perp.RequestStatus{Origin: o.Origin, OrderID: fmt.Sprintf("O-%d", rapid.IntRange(1, 30).Draw(t, "order")), Account: o.Account}
	}
	return perp.RequestStatus{Origin: o.Origin, ClOrdID: orig, Account: o.Account, Symbol: o.Symbol, Side: o.Side}
}

// told is what came of a command. When a recall stands in between, both engines
// count their commands apart, and nothing that is told depends on it.
func told(events []perp.Event) string {
	all := make([]string, 0, len(events))
	for _, ev := range events {
		b, err := json.Marshal(ev)
		if err != nil {
			panic(err)
		}
		all = append(all, ev.Kind()+string(b))
	}
	return fmt.Sprint(slices.Clip(all))
}

// TestRecallOfWhatWorks: only an ended order can have been forgotten.
func TestRecallOfWhatWorks(t *testing.T) {
	w := newLookWorld(quoting.DefaultParams())
	defer func() {
		if _, fault := recover().(perp.Fault); !fault {
			t.Error("an order that works was recalled")
		}
	}()
	w.do(perp.RecallOrder{Order: perp.Order{OrderID: "O-77", ClOrdID: "a", First: "a", Account: "alice", Status: perp.New}})
}

// TestOverfull: it is said when there is something to forget, and what has ended
// after the named command stays.
func TestOverfull(t *testing.T) {
	w := newLookWorld(quoting.DefaultParams())
	place := func(n int) {
		w.do(perp.PlaceOrder{
			Origin: perp.Origin{Session: "alice"}, ClOrdID: fmt.Sprintf("c%d", n), Account: "alice", Symbol: "NONE-PERP",
			Side: perp.Buy, Type: perp.Market, TIF: perp.IOC, Size: perp.SizeOne, Transact: w.now,
		})
	}
	n := 0
	for ; !w.e.Overfull(); n++ {
		if n > 20_000 {
			t.Fatal("never")
		}
		place(n)
	}
	if refs := w.e.Forgotten(perp.CancelOrder{Origin: perp.Origin{Session: "alice"}, ClOrdID: "new", OrigClOrdID: "old"}); refs != nil {
		t.Errorf("nothing was forgotten, and %v", refs)
	}
	w.do(perp.ForgetOrders{Through: 20})
	if w.e.InMind() < n-10 {
		t.Error("forgot what ended later")
	}
	w.do(perp.ForgetOrders{Through: w.e.Seq()})
	if w.e.Overfull() || w.e.InMind() != 2_048 {
		t.Errorf("%d of %d in mind", w.e.InMind(), n)
	}
	want := []perp.OrderRef{{Account: "alice", ClOrdID: "new"}, {Account: "alice", ClOrdID: "c0"}}
	if refs := w.e.Forgotten(perp.CancelOrder{Origin: perp.Origin{Session: "alice"}, ClOrdID: "new", OrigClOrdID: "c0"}); !slices.Equal(refs, want) {
		t.Errorf("looks up %v, want %v", refs, want)
	}
}
