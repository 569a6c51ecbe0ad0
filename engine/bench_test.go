package engine

import (
	"fmt"
	"testing"

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

// BenchmarkApplyMarketOrder is a market order that fills.
// go test ./engine -run xxx -bench Apply -benchtime 50000x
func BenchmarkApplyMarketOrder(b *testing.B) {
	for _, plain := range []bool{true, false} {
		for _, holders := range []int{10, 10_000} {
			b.Run(fmt.Sprintf("plain=%v/accounts=%d", plain, holders), func(b *testing.B) {
				f := busy(b, 1, holders, plain)
				b.ReportAllocs()
				for b.Loop() {
					f.deal("dealer", perp.Side(1+f.n%2))
				}
			})
		}
	}
}

// BenchmarkApplyOracleTick is a tick that is believed.
func BenchmarkApplyOracleTick(b *testing.B) {
	for _, plain := range []bool{true, false} {
		for _, size := range [][2]int{{1, 10}, {10, 10}, {100, 10}, {10, 1_000}, {10, 10_000}} {
			b.Run(fmt.Sprintf("plain=%v/markets=%d/accounts=%d", plain, size[0], size[1]), func(b *testing.B) {
				f := busy(b, size[0], size[1], plain)
				b.ReportAllocs()
				for b.Loop() {
					f.now += perp.Millisecond
					f.do(f.tickOf(0))
				}
			})
		}
	}
}
