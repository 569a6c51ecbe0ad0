package quoting

import (
	"pgregory.net/rapid"

	"backstop/perp"
)

var btc = perp.Instrument{
	Symbol: "BTC-PERP", Currency: "USDC", Tick: perp.PriceOne / 2, Lot: perp.SizeOne / 1000,
	MinSize: perp.SizeOne / 1000, MaxSize: 25 * perp.SizeOne,
}

// world drives one market like the engine does and remembers the cash that
// clients paid for their net position.
type world struct {
	m       *Market
	now     perp.Time
	version int64
	funds   perp.Money
	paid    perp.Money // by clients for positions, net
	fees    perp.Money
	events  int64
}

func newWorld(inst perp.Instrument, p Params, funds perp.Money) *world {
	w := &world{m: New(inst, p), now: 1_700_000_000 * perp.Second, funds: funds}
	w.m.Fund(funds)
	return w
}

// open is a market that quotes at price.
func open(t rapid.TB, price perp.Price) *world {
	t.Helper()
	w := newWorld(btc, DefaultParams(), 10_000_000*perp.MoneyOne)
	for range 10 {
		w.step(100*perp.Millisecond, price)
	}
	if s, why := w.m.State(); s != perp.Open {
		t.Fatalf("market is %s (%s) after ten good ticks", s, why)
	}
	return w
}

func (w *world) tick(price perp.Price) perp.OracleTick {
	return perp.OracleTick{
		Symbol: w.m.Instrument.Symbol, Price: price, Confidence: price / 20_000,
		Publish: w.now, Receive: w.now, Sources: 3,
	}
}

func (w *world) step(dt perp.Time, price perp.Price) Moved {
	w.now += dt
	return w.feed(w.tick(price))
}

func (w *world) feed(t perp.OracleTick) Moved {
	moved := w.m.Tick(t, w.now)
	w.events++
	w.requote()
	return moved
}

func (w *world) requote() perp.Quote {
	w.version += int64(w.m.Requote(w.version+1, w.now))
	return w.m.Current().Clone()
}

// deal takes up to size from the ladder and returns what the client paid
// (positive for a buy) and how much it got.
func (w *world) deal(side perp.Side, size perp.Size) (cash perp.Money, got perp.Size) {
	for _, l := range w.m.Take(perp.Class{}, side, size, 0, nil) {
		w.fill(side, l)
		cash += perp.Money(side.Sign()) * perp.Notional(l.Price, l.Size, perp.Floor)
		got += l.Size
	}
	w.requote()
	return cash, got
}

func (w *world) fill(side perp.Side, l perp.Level) {
	cash := perp.Notional(l.Price, l.Size, perp.Floor)
	fee := cash / 5000
	w.m.Filled(side, l.Size, l.Price, fee)
	w.paid += perp.Money(side.Sign()) * cash
	w.fees += fee
	w.events++
}

// draw plays a random but plausible market: calm moves, jumps, trades, silence.
func (w *world) draw(t *rapid.T, price *perp.Price) {
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0:
		w.now += perp.Time(rapid.IntRange(1, 7_000).Draw(t, "silence")) * perp.Millisecond
		w.m.Clock(w.now)
		w.requote()
	case 1:
		*price = max(perp.PriceOne, *price+price.Of(perp.Ratio(rapid.IntRange(-80_000, 80_000).Draw(t, "jump")), perp.Trunc))
		w.step(100*perp.Millisecond, *price)
	case 2, 3, 4, 5:
		*price = max(perp.PriceOne, *price+price.Of(perp.Ratio(rapid.IntRange(-500, 500).Draw(t, "move")), perp.Trunc))
		w.step(perp.Time(rapid.IntRange(1, 400).Draw(t, "ms"))*perp.Millisecond, *price)
	default:
		side := perp.Side(rapid.IntRange(1, 2).Draw(t, "side"))
		w.deal(side, perp.Size(rapid.IntRange(1, 40_000).Draw(t, "lots"))*w.m.Instrument.Lot)
	}
}
