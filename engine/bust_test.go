package engine_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"backstop/engine"
	"backstop/ledger"
	"backstop/perp"
	"backstop/quoting"
)

// bustWorld is a market with what was dealt in it and what came of that.
type bustWorld struct {
	*lookWorld
	fills  map[string]perp.Filled // that stand, by trade
	trades []string               // of them, in order
	funded map[string]perp.Money
	cash   map[string]perp.Money
	claims map[string]perp.Money
	keys   int
	busts  int
	sized  map[string]perp.Size
	void   map[string]perp.Size // of each order, that was busted since it was last replaced
}

// play applies a command and follows it by its events alone.
func (w *bustWorld) play(t *rapid.T, c perp.Command) (busted bool, v perp.Verdict) {
	for _, ev := range w.do(c) {
		switch ev := ev.(type) {
		case perp.Filled:
			w.fills[ev.TradeID], w.trades = ev, append(w.trades, ev.TradeID)
			w.orderIs(t, ev.Order)
		case perp.OrderReplaced:
			w.void[ev.Order.OrderID] = 0
			w.orderIs(t, ev.Order)
		case perp.TradeBusted:
			f, stands := w.fills[ev.TradeID]
			if !stands || f.ExecID != ev.Fill || f.Price != ev.Price || f.Size != ev.Size || f.Fee != ev.Fee || f.Order.OrderID != ev.Order.OrderID {
				t.Fatalf("%+v of %+v", ev, f)
			}
			delete(w.fills, ev.TradeID)
			w.void[ev.Order.OrderID] += ev.Size
			w.orderIs(t, ev.Order)
			busted = true
		case perp.FundingPaid:
			w.funded[ev.Account] += ev.Payment
		case perp.Posted:
			w.moved(ev.Transfer.Debit, -ev.Transfer.Amount)
			w.moved(ev.Transfer.Credit, ev.Transfer.Amount)
		case perp.OperatorAnswered:
			v = ev.Verdict
		case perp.PositionChanged:
			w.sized[ev.Account] = ev.Size
		}
	}
	return busted, v
}

func (w *bustWorld) moved(a perp.LedgerAccount, by perp.Money) {
	switch a.Name {
	case perp.Cash:
		w.cash[a.Owner] += by
	case perp.Claim:
		w.claims[a.Owner] += by
	}
}

// orderIs holds an order to the sum of its fills that stand.
func (w *bustWorld) orderIs(t *rapid.T, o perp.Order) {
	var cum perp.Size
	var paid perp.Wide
	for _, f := range w.fills {
		if f.Order.OrderID == o.OrderID {
			cum, paid = cum+f.Size, paid.Plus(f.Price, f.Size)
		}
	}
	if o.Cum != cum || o.Paid != paid {
		t.Fatalf("%s: cum %s paid %v, its fills sum to %s and %v", o.OrderID, o.Cum, o.Paid, cum, paid)
	}
	if want := o.Size - cum - w.void[o.OrderID]; o.Status.Working() && o.Leaves() != want {
		t.Fatalf("%s: leaves %s of %s, want %s", o.OrderID, o.Leaves(), o.Size, want)
	}
}

// bust takes a trade back and tells whether that was possible.
func (w *bustWorld) bust(t *rapid.T, trade string) bool {
	w.keys++
	_, stands := w.fills[trade]
	busted, v := w.play(t, perp.BustTrade{Operator: perp.Operator{Key: fmt.Sprint("k", w.keys), By: "desk", Reason: "wrong price"}, TradeID: trade})
	if busted != v.OK() || busted && !stands {
		t.Fatalf("%s, which stands %v: busted %v, %+v", trade, stands, busted, v)
	}
	if busted {
		w.busts++
	}
	return busted
}

// TestBustedWorldIsAsIfNever deals and busts at random. Whatever stands, the money of
// each account is what was paid in, funding, and what the fills that stand brought
// it: of a world without the trades that were busted. When all are busted it is what
// was paid in, and funding. The engine checks its books after each command.
func TestBustedWorldIsAsIfNever(t *testing.T) {
	busts, left, all := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := &bustWorld{
			lookWorld: newLookWorld(quoting.DefaultParams()), fills: map[string]perp.Filled{}, funded: map[string]perp.Money{},
			cash: map[string]perp.Money{}, claims: map[string]perp.Money{}, sized: map[string]perp.Size{}, void: map[string]perp.Size{},
		}
		for range rapid.IntRange(5, 50).Draw(t, "steps") {
			switch n := rapid.IntRange(0, 9).Draw(t, "what"); {
			case n < 2:
				w.bust(t, fmt.Sprint("T-", rapid.IntRange(1, len(w.trades)+1).Draw(t, "trade")))
			case n < 4:
				w.now += 100 * ms
				w.price = max(perp.PriceOne, w.price+w.price.Of(perp.Ratio(rapid.IntRange(-300, 300).Draw(t, "move")), perp.Trunc))
				w.play(t, perp.OracleTick{Symbol: "BTC-PERP", Price: w.price, Confidence: w.price / 50_000, Publish: w.now - 150*ms, Receive: w.now, Sources: 3})
			case n == 4:
				w.now += perp.Time(rapid.IntRange(1, 2_000).Draw(t, "wait")) * perp.Second / 1_000
				w.play(t, perp.ClockTick{})
			case n == 5:
				again, err := engine.Restore(w.e.Snapshot())
				if err != nil {
					t.Fatal(err)
				}
				w.e, w.seq = again, engine.NewSequencer(again)
			default:
				w.play(t, w.draw(t))
			}
			w.standing(t)
		}
		for i := len(w.trades) - 1; i >= 0; i-- {
			if _, stands := w.fills[w.trades[i]]; stands {
				w.bust(t, w.trades[i])
				w.standing(t)
			}
		}
		busts, left, all = busts+w.busts, left+len(w.fills), all+len(w.trades)
	})
	if busts < all/2 || busts == 0 {
		t.Errorf("%d of %d trades were busted, %d stand", busts, all, left)
	}
}

// standing holds the money of each account to the fills that stand.
func (w *bustWorld) standing(t *rapid.T) {
	for _, account := range lookClients {
		var cash perp.Money
		var want perp.Position
		for _, trade := range w.trades {
			if f, stands := w.fills[trade]; stands && f.Order.Account == account {
				sign := f.Order.Side.Sign()
				paid := perp.Money(-sign) * perp.Notional(f.Price, f.Size, perp.Ceil) // whole, as the market is configured
				want, _ = ledger.Apply(want, perp.Size(sign)*f.Size, paid)
				cash += paid - f.Fee
			}
		}
		p := w.e.Positions(account)
		if p != want || w.sized[account] != want.Size {
			t.Fatalf("%s holds %+v, told %s, its fills make %+v", account, p, w.sized[account], want)
		}
		// All cash of the fills is in the entry of what is open, or was realised.
		if got, want := w.cash[account]+w.claims[account]+p.Entry-w.funded[account], cash; got != want {
			t.Fatalf("%s has %s of its fills, which brought %s", account, got, want)
		}
	}
}
