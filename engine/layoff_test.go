package engine_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"backstop/perp"
	"backstop/quoting"

	"pgregory.net/rapid"
)

// laying are parameters under which every order waits and inventory is laid off.
func laying() quoting.Params {
	p := quoting.DefaultParams()
	p.LastLook, p.Probation, p.FillBucket = quoting.LookAlways, 0, 0
	p.LayOffFrom, p.LayOffTo, p.LayOffWithin = perp.RatioOne/10, perp.RatioOne/20, 5*perp.BP
	return p
}

func (w *lookWorld) provides(who string, entries ...perp.ProvidedQuote) []perp.Event {
	for i := range entries {
		entries[i].Symbol, entries[i].ID = "BTC-PERP", fmt.Sprint(i)
	}
	return w.do(perp.ProvideQuotes{Origin: perp.Origin{Session: who}, QuoteID: "q", Account: who, Reset: true, Entries: entries})
}

func (w *lookWorld) buys(who, id string, size perp.Size) {
	w.do(perp.PlaceOrder{
		Origin: perp.Origin{Session: who, Arrival: w.now}, ClOrdID: id, Account: who, Symbol: "BTC-PERP",
		Side: perp.Buy, Type: perp.Market, TIF: perp.IOC, Size: size, Transact: w.now,
	})
}

// TestLayOffDependsOnNoHold: what is laid off while an order is held is what would be
// laid off without it, and the deciding tick deals with it first (I11).
func TestLayOffDependsOnNoHold(t *testing.T) {
	with, without := newLookWorld(laying()), newLookWorld(laying())
	for _, w := range []*lookWorld{with, without} {
		w.buys("alice", "a1", 25*perp.SizeOne)
		w.tick(0)
		w.tick(0)
		w.provides("bob", perp.ProvidedQuote{Ask: perp.Level{Price: 60_001 * perp.PriceOne, Size: 2 * perp.SizeOne}})
	}
	with.buys("carol", "c1", 3*perp.SizeOne)
	laid := func(events []perp.Event) (all []string) {
		for _, ev := range events {
			if l, is := ev.(perp.LaidOff); is {
				all = append(all, fmt.Sprint(l.Account, l.Price, l.Size))
			}
		}
		return all
	}
	a, b := with.tick(0), without.tick(0)
	if _, decided := only[perp.LastLook](a); decided != 0 {
		t.Fatal("the order was not held")
	}
	if got, want := laid(a), laid(b); len(want) != 1 || !reflect.DeepEqual(got, want) {
		t.Errorf("laid off %v with a held order, %v without", got, want)
	}
	if q, r := with.quotes[perp.Class{}], without.quotes[perp.Class{}]; q.Inventory != r.Inventory || !reflect.DeepEqual(q.Asks, r.Asks) || !reflect.DeepEqual(q.Bids, r.Bids) {
		t.Errorf("quotes after it are %+v with a held order, %+v without", q, r)
	}
	if _, decided := only[perp.LastLook](with.tick(0)); decided != 1 {
		t.Error("the order was not decided")
	}
}

// TestLayOffAgainstTheDumbRule compares what a tick deals with providers with a list that
// is sorted anew for each lot: the best price near the oracle price, then the older one,
// until the maker bears what it wants to.
func TestLayOffAgainstTheDumbRule(t *testing.T) {
	fills := 0
	rapid.Check(t, func(t *rapid.T) {
		p := laying()
		p.LastLook = quoting.LookOff
		w := newLookWorld(p)
		size := perp.Size(rapid.IntRange(1, 60).Draw(t, "crowd")) * perp.SizeOne
		w.buys("alice", "a1", size)
		before := w.quotes[perp.Class{}].Inventory // minus what alice got
		var all []perp.Level
		for _, who := range []string{"bob", "carol"} {
			var entries []perp.ProvidedQuote
			for range rapid.IntRange(0, 5).Draw(t, "entries") {
				l := perp.Level{
					Price: 60_000*perp.PriceOne + perp.Price(rapid.IntRange(-5, 40).Draw(t, "away"))*perp.PriceOne,
					Size:  perp.Size(rapid.IntRange(1, 900).Draw(t, "size")) * perp.SizeOne / 100,
				}
				entries, all = append(entries, perp.ProvidedQuote{Ask: l}), append(all, l)
			}
			if v, _ := only[perp.QuotesProvided](w.provides(who, entries...)); !v.Verdict.OK() {
				t.Fatalf("refused: %+v", v)
			}
		}
		var got []perp.Level
		for _, ev := range w.tick(0) {
			if l, is := ev.(perp.LaidOff); is {
				got = append(got, perp.Level{Price: l.Price, Size: l.Size})
			}
		}
		fills += len(got)
		bears := -before
		var want []perp.Level
		slices.SortStableFunc(all, func(a, b perp.Level) int { return int(a.Price - b.Price) })
		const from, to = 10_000_000 / 10, 10_000_000 / 20 // of the maker's money, at 60,000
		least, most := int64(to)*int64(perp.SizeOne)/60_000, int64(from)*int64(perp.SizeOne)/60_000
		for _, l := range all {
			if l.Price < 59_970*perp.PriceOne || l.Price > 60_030*perp.PriceOne || int64(bears) < most {
				continue
			}
			// Fees and spreads move the equity a little: the last fill is compared loosely.
			n := min(l.Size, bears-perp.Size(least))
			want, bears = append(want, perp.Level{Price: l.Price, Size: n}), bears-n
		}
		if len(got) != len(want) {
			t.Fatalf("crowd %s: laid off %v, want %v", size, got, want)
		}
		for i := range got {
			if got[i].Price != want[i].Price || perp.Abs(got[i].Size-want[i].Size) > perp.SizeOne/5 {
				t.Fatalf("crowd %s: laid off %v, want %v", size, got, want)
			}
		}
	})
	if fills == 0 {
		t.Error("nothing was laid off: the test has lost its meaning")
	}
}
