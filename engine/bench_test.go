package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"backstop/perp"
	"backstop/quoting"
	"backstop/risk"
)

// floor is an engine in the steady state: markets that quote, and holders with a
// position in the first of them, long and short by turns.
type floor struct {
	e     *Engine
	now   perp.Time
	n     int64
	order perp.PlaceOrder
}

// busy makes a floor. Plain has last look and classes turned off, so that there is
// one ladder a market; else the one client that deals has been graded.
func busy(t testing.TB, markets, holders int, plain bool) *floor {
	t.Helper()
	f := &floor{e: New(), now: 1_000 * perp.Second}
	p := quoting.DefaultParams()
	p.FillBucket = 0
	if plain {
		p.LastLook = quoting.LookOff
	}
	var c Configure
	for i := range markets {
		c.Markets = append(c.Markets, MarketSpec{Instrument: perp.Instrument{
			Symbol: fmt.Sprintf("M%03d", i), Currency: "USDC", Tick: perp.PriceOne / 2, Lot: perp.SizeOne / 1000,
			MinSize: perp.SizeOne / 1000, MaxSize: 100 * perp.SizeOne,
		}, Quoting: p, Limits: risk.DefaultMarketLimits()})
	}
	names := []string{"dealer"}
	for i := range holders {
		names = append(names, fmt.Sprintf("holder%05d", i))
	}
	for _, n := range names {
		l := risk.DefaultLimits()
		c.Accounts = append(c.Accounts, risk.Account{Name: n, Sessions: []string{n}, Limits: l})
	}
	f.do(c)
	for i := range markets {
		f.do(perp.Deposit{Account: perp.Maker, Symbol: fmt.Sprintf("M%03d", i), Amount: 100_000_000 * perp.MoneyOne, Key: fmt.Sprint("m", i)})
	}
	for range 12 {
		f.now += 100 * perp.Millisecond
		for i := range markets {
			f.do(f.tickOf(i))
		}
	}
	f.order = perp.PlaceOrder{Symbol: "M000", Type: perp.Market, TIF: perp.IOC}
	for i, n := range names {
		f.do(perp.Deposit{Account: n, Amount: 1_000_000 * perp.MoneyOne, Key: n})
		f.deal(n, perp.Side(1+i%2))
	}
	for range 60 { // until the dealer is known well enough to be filled at once
		f.orders(10)
	}
	if !slices.ContainsFunc(f.deal("dealer", perp.Buy), func(ev perp.Event) bool { _, is := ev.(perp.Filled); return is }) {
		t.Fatal("the dealer is not filled")
	}
	return f
}

func (f *floor) do(c perp.Command) []perp.Event { return f.e.Apply(c, f.e.Seq()+1, f.now) }

func (f *floor) tickOf(i int) perp.OracleTick {
	f.n++
	return perp.OracleTick{
		Symbol: f.e.state.Markets[i].Instrument.Symbol, Price: 60_000*perp.PriceOne + perp.Price(f.n%7)*perp.PriceOne, Confidence: perp.PriceOne,
		Publish: f.now, Receive: f.now, Sources: 3,
	}
}

// deal sends a market order for a lot; its ids are made here, as the door does.
func (f *floor) deal(who string, side perp.Side) []perp.Event {
	f.n++
	o := f.order
	o.Origin = perp.Origin{Session: who, Arrival: f.now}
	o.Account, o.Side, o.Size, o.ClOrdID, o.Transact = who, side, perp.SizeOne/1000, id("c", f.n), f.now
	return f.do(o)
}

// orders is what each of some orders costs. A price comes before, outside the
// measure, so that what is looked at again later does not pile up.
func (f *floor) orders(n int) time.Duration {
	f.settle()
	start := time.Now()
	for range n {
		f.deal("dealer", perp.Side(1+f.n%2))
	}
	return time.Since(start) / time.Duration(n)
}

// ticks is likewise what a tick costs, over all markets by turns.
func (f *floor) ticks(n int) time.Duration {
	f.settle()
	start := time.Now()
	for i := range n {
		f.now += perp.Millisecond
		f.do(f.tickOf(i % len(f.e.state.Markets)))
	}
	return time.Since(start) / time.Duration(n)
}

// settle lets a price come in each market and the clock tick.
func (f *floor) settle() {
	f.now += 100 * perp.Millisecond
	for i := range f.e.state.Markets {
		f.do(f.tickOf(i))
	}
	f.do(perp.ClockTick{})
}

// BenchmarkApply is P4 of docs/bench.md without the configuration of the gateway:
// an order that fills and a tick that is believed, with ten markets.
// go test ./engine -run xxx -bench 'Apply$' -benchmem
func BenchmarkApply(b *testing.B) {
	b.Run("order", func(b *testing.B) {
		f := busy(b, 10, 10, false)
		b.ReportAllocs()
		for left := b.N; left > 0; left -= 100 {
			b.StopTimer()
			f.settle()
			b.StartTimer()
			for range min(left, 100) {
				f.deal("dealer", perp.Side(1+f.n%2))
			}
		}
	})
	b.Run("tick", func(b *testing.B) {
		f := busy(b, 10, 10, false)
		b.ReportAllocs()
		b.ResetTimer()
		for i := range b.N {
			f.now += perp.Millisecond
			f.do(f.tickOf(i % 10))
		}
	})
}

// BenchmarkApplyGrowth is P6: what an order and a tick cost in larger worlds, as a
// multiple of what they cost in the smallest. The worlds take turns and the best
// round of each counts, so that other work of the machine falls out.
// go test ./engine -run xxx -bench ApplyGrowth -benchtime 30x
func BenchmarkApplyGrowth(b *testing.B) {
	for name, sizes := range map[string][][2]int{
		"accounts": {{1, 10}, {1, 1_000}, {1, 10_000}}, "markets": {{1, 10}, {10, 10}, {100, 10}},
	} {
		for what, cost := range map[string]func(*floor, int) time.Duration{"order": (*floor).orders, "tick": (*floor).ticks} {
			b.Run(name+"/"+what, func(b *testing.B) {
				floors, best := make([]*floor, len(sizes)), make([]time.Duration, len(sizes))
				for i, size := range sizes {
					floors[i] = busy(b, size[0], size[1], false)
				}
				b.ResetTimer()
				for round := range b.N {
					for i, f := range floors {
						if took := cost(f, 100); round == 0 || took < best[i] {
							best[i] = took
						}
					}
				}
				b.ReportMetric(float64(best[0]), "ns/least")
				for i, size := range sizes[1:] {
					n := max(size[0]/sizes[0][0], size[1]/sizes[0][1])
					b.ReportMetric(float64(best[i+1])/float64(best[0]), fmt.Sprintf("x/%d", n))
				}
			})
		}
	}
}
