package ops

import (
	"slices"
	"sync"
	"testing"

	"backstop/perp"

	"pgregory.net/rapid"
)

// TestRing compares the ring with a slice that is cut by hand.
func TestRing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 7).Draw(t, "most")
		r, naive := newRing[int](most), []int{}
		for _, v := range rapid.SliceOfN(rapid.Int(), 0, 40).Draw(t, "values") {
			r.add(v)
			naive = append(naive, v)
			naive = naive[max(0, len(naive)-most):]
			kept := make([]int, 0, most)
			for i := range r.len() {
				kept = append(kept, *r.at(i))
			}
			if !slices.Equal(kept, naive) {
				t.Fatalf("%v, want %v", kept, naive)
			}
		}
	})
}

// TestBounded feeds far more than there is room for.
func TestBounded(t *testing.T) {
	w := newWorld("BTC-PERP")
	for i := range int64(3 * pointsMax) {
		w.tick("BTC-PERP", price(60_000+i), 0)
		w.wait(pointGap)
		if i%20 == 0 {
			w.fill("BTC-PERP", "DEMO1", perp.Buy, perp.SizeOne, price(60_000+i))
		}
	}
	points := w.pointsSince(nil)["BTC-PERP"]
	if len(points) != pointsMax {
		t.Errorf("%d points, want %d", len(points), pointsMax)
	}
	if last := points[len(points)-1]; last.Oracle != price(60_000+3*pointsMax-1) {
		t.Errorf("the last point shows %s", last.Oracle)
	}
	s := w.Status()
	if len(s.Fills) != fillsMax || s.Fills[0].Price != price(60_000+3*pointsMax-20).String() {
		t.Errorf("%d fills, the first at %s", len(s.Fills), s.Fills[0].Price)
	}
	if s.Orders.Fills != 3*pointsMax/20 || s.Orders.Accepted != s.Orders.Fills {
		t.Errorf("%+v", s.Orders)
	}
}

// TestPlotMerges: quotes that come close together share one point, which shows
// the last of them.
// TestBustedFill: of the newest fills, those that were taken back say so.
func TestBustedFill(t *testing.T) {
	w := newWorld("BTC-PERP")
	for range 3 {
		w.fill("BTC-PERP", "DEMO1", perp.Buy, perp.SizeOne, price(60_000))
	}
	before := w.Status().Fills
	w.do(perp.BustTrade{}, perp.TradeBusted{TradeID: before[1].TradeID, Order: perp.Order{Symbol: "BTC-PERP"}})
	for i, f := range w.Status().Fills {
		if f.Busted != (i == 1) || f.TradeID != before[i].TradeID {
			t.Errorf("fill %d: %+v", i, f)
		}
	}
}

func TestPlotMerges(t *testing.T) {
	w := newWorld("BTC-PERP")
	begin := w.at()
	for i := range int64(10) {
		w.tick("BTC-PERP", price(60_000+i), 0)
		w.wait(pointGap / 5)
	}
	points := w.pointsSince(nil)["BTC-PERP"]
	if len(points) != 2 || points[0].Oracle != price(60_004) || points[1].Oracle != price(60_009) {
		t.Errorf("points %+v", points)
	}
	if points[0].Time != int64(begin/perp.Millisecond) {
		t.Errorf("the first point moved to %d", points[0].Time)
	}
	if again := w.pointsSince(map[string]int64{"BTC-PERP": points[1].Time})["BTC-PERP"]; len(again) != 1 || again[0] != points[1] {
		t.Errorf("since the last point: %+v", again)
	}
}

// TestComponentsAddUp: what the page shows as parts is what it shows as price.
func TestComponentsAddUp(t *testing.T) {
	w := newWorld("BTC-PERP")
	w.tick("BTC-PERP", price(61_409), -3*perp.SizeOne)
	m := w.Status().Markets[0]
	for _, side := range []struct {
		parts []Component
		best  Level
	}{{m.BidParts, m.Bids[0]}, {m.AskParts, m.Asks[0]}} {
		var sum int64
		for _, c := range side.parts {
			sum += c.Units
		}
		if sum != side.best.PriceUnits || len(side.parts) == 0 {
			t.Errorf("parts %+v come to %d, the price is %d", side.parts, sum, side.best.PriceUnits)
		}
	}
	if m.Inventory != "-3" || m.InventoryUnits != -3*int64(perp.SizeOne) || m.LeverageCap != "3" {
		t.Errorf("inventory %s (%d), cap %s", m.Inventory, m.InventoryUnits, m.LeverageCap)
	}
}

// TestBalances: transfers and restated balances lead to the same books, and a
// balance that does not belong shows in the sum.
func TestBalances(t *testing.T) {
	w := newWorld("BTC-PERP")
	w.deposit("DEMO1", 1_000*perp.MoneyOne)
	w.fill("BTC-PERP", "DEMO1", perp.Buy, perp.SizeOne, price(60_000))
	told := w.Status().Ledger
	if told.SumUnits != 0 || len(told.Balances) != 3 {
		t.Fatalf("%+v", told)
	}
	fresh := newWorld("BTC-PERP")
	var events []perp.Event
	for a, v := range w.balances {
		events = append(events, perp.BalanceStated{Account: a, Balance: v})
	}
	fresh.Restate(events)
	fresh.Restate(events) // Twice is once.
	if got := fresh.Status().Ledger; !slices.Equal(got.Balances, told.Balances) || got.SumUnits != 0 {
		t.Errorf("restated %+v, told %+v", got, told)
	}
	fresh.Restate([]perp.Event{perp.BalanceStated{Account: cash("DEMO9"), Balance: 1}})
	if got := fresh.Status(); got.Ledger.Sum != "0.000001" || got.Ready {
		t.Errorf("one unit too many: sum %s, ready %t", got.Ledger.Sum, got.Ready)
	}
}

// TestRestate shows the quote of the last run, but draws nothing of it.
func TestRestate(t *testing.T) {
	w := newWorld("BTC-PERP")
	w.Restate([]perp.Event{perp.QuoteChanged{Quote: w.quote("BTC-PERP", price(60_000), 0)}})
	if len(w.pointsSince(nil)) != 0 {
		t.Error("an old quote is on the plot")
	}
	if m := w.Status().Markets[0]; m.Oracle != "60000" || m.Offer != "two_sided" {
		t.Errorf("%+v", m)
	}
}

// TestStrangers: events about what is not listed change nothing.
func TestStrangers(t *testing.T) {
	w := newWorld("BTC-PERP")
	w.tick("ZZZ-PERP", price(1), 0)
	w.do(perp.ClockTick{}, perp.StateChanged{Symbol: "ZZZ-PERP", To: perp.Halted}, perp.Recentred{Symbol: "ZZZ-PERP", Peg: 1})
	w.do(perp.PlaceOrder{}, perp.OrderRejected{Verdict: perp.Verdict{Reject: perp.Reject(255)}})
	s := w.Status()
	if len(s.Markets) != 1 || s.Markets[0].State != "warming" || s.Orders.Rejected != 1 || len(s.Orders.Reasons) != 0 {
		t.Errorf("%+v", s)
	}
}

// TestReadersAndWriter lets many read while one writes; the race detector looks.
func TestReadersAndWriter(t *testing.T) {
	w := newWorld("BTC-PERP")
	w.Watch(func() []Session { return []Session{{CompID: "DEMO1", Up: true}} })
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					w.Status()
					w.pointsSince(nil)
					if _, err := w.Registry().Gather(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	for i := range int64(300) {
		w.tick("BTC-PERP", price(60_000+i), 0)
		w.fill("BTC-PERP", "DEMO1", perp.Sell, perp.SizeOne, price(60_000))
		w.wait(pointGap)
	}
	close(stop)
	readers.Wait()
	if got := w.Status().Orders.Fills; got != 300 {
		t.Errorf("%d fills", got)
	}
}

// BenchmarkApply is what the model costs the loop for one tick.
func BenchmarkApply(b *testing.B) {
	w := newWorld("BTC-PERP")
	q := w.quote("BTC-PERP", price(60_000), 0)
	entries := []perp.Entry{{Command: perp.OracleTick{Symbol: "BTC-PERP"}, Events: []perp.Event{perp.QuoteChanged{Quote: q}}}}
	b.ReportAllocs()
	for b.Loop() {
		q.Time += pointGap
		entries[0].Events[0] = perp.QuoteChanged{Quote: q}
		w.Apply(entries)
	}
}
