package ledger_test

import (
	"testing"

	"pgregory.net/rapid"

	"backstop/ledger"
	"backstop/perp"
)

// trade is a fill that may be taken back, with what its taker keeps of it.
type trade struct {
	ledger.Fill
	realised, paid perp.Money
}

// bustWorld deals and busts in one market, and keeps every trade that stands.
type bustWorld struct {
	l       *ledger.Ledger
	stand   map[string][]trade
	funding map[string]perp.Money
}

func (w *bustWorld) deal(f ledger.Fill) {
	realised, _ := w.l.Fill(f)
	w.stand[f.Account] = append(w.stand[f.Account], trade{f, realised, w.l.FeePaid()})
}

// bust takes one back as a caller has to.
func (w *bustWorld) bust(account string, i int) []perp.Event {
	all := w.stand[account]
	var since []ledger.Dealt
	for _, t := range all[i:] {
		since = append(since, ledger.Dealt{Side: t.Side, Size: t.Size, Price: t.Price, Realised: t.realised})
	}
	t := all[i]
	next, change := ledger.Without(w.l.Position(account, t.Symbol), since)
	for k := range since[1:] {
		all[i+1+k].realised = since[1+k].Realised
	}
	w.stand[account] = append(all[:i:i], all[i+1:]...)
	return w.l.Bust(ledger.Bust{
		Account: account, Symbol: t.Symbol, Next: next, Realised: change, Fee: t.Fee, Paid: t.paid, Ref: t.Ref,
	})
}

// money is all that an account has had of the market: cash and claim.
func (w *bustWorld) money(account, symbol string) perp.Money {
	return w.l.Balance(cash(account)) + w.l.Balance(claim(account, symbol))
}

// dumb is the position of an account after the trades that stand, and all that they
// made it gain before anything is funded, one after the other from the beginning.
func (w *bustWorld) dumb(account string) (p perp.Position, gain perp.Money) {
	for _, t := range w.stand[account] {
		base, cash := t.Size, -perp.Notional(t.Price, t.Size, perp.Ceil)
		if t.Side == perp.Sell {
			base, cash = -t.Size, perp.Notional(t.Price, t.Size, perp.Floor)
		}
		var realised perp.Money
		p, realised = ledger.Apply(p, base, cash)
		gain += realised - t.Fee
	}
	return p, gain
}

// TestBustIsAsIfNever: whatever is busted, in whatever order, positions and money
// are those of books in which these trades were never dealt; the books add up after
// each of them, and when all trades are busted nothing but funding is left.
func TestBustIsAsIfNever(t *testing.T) {
	busted, funded := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		const symbol = "BTC-PERP"
		w := &bustWorld{l: ledger.New(), stand: map[string][]trade{}, funding: map[string]perp.Money{}}
		paidIn := map[string]perp.Money{}
		for i, a := range accounts {
			paidIn[a] = perp.Money(rapid.Int64Range(1, 2_000_000_000).Draw(t, "cash"))
			w.l.Deposit(perp.Deposit{Account: a, Amount: paidIn[a], Key: string(rune('a' + i))})
		}
		check := func() {
			if err := w.l.Audit(); err != nil {
				t.Fatal(err)
			}
			for _, a := range accounts {
				p, gain := w.dumb(a)
				if have := w.l.Position(a, symbol); have != p {
					t.Fatalf("%s has %+v, without what was busted %+v", a, have, p)
				}
				if have, want := w.money(a, symbol), paidIn[a]+gain+w.funding[a]; have != want {
					t.Fatalf("%s has %s, without what was busted %s", a, have, want)
				}
			}
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			a := rapid.SampledFrom(accounts).Draw(t, "account")
			switch n := rapid.IntRange(0, 9).Draw(t, "what"); {
			case n < 2 && len(w.stand[a]) > 0:
				w.bust(a, rapid.IntRange(0, len(w.stand[a])-1).Draw(t, "which"))
				busted++
			case n == 2:
				w.l.Settle(symbol)
			case n == 3:
				w.l.Accrue(symbol, 7_000_000_000, 5_000_000_000)
				_, events := w.l.BookFunding(symbol, "F", ledger.FundingTerms{Long: 100, Short: 80})
				for _, ev := range events {
					if f, ok := ev.(perp.FundingPaid); ok {
						w.funding[f.Account] += f.Payment
						funded++
					}
				}
			default:
				f := drawStep(t)
				if f.Fill.Account == "" {
					continue
				}
				f.Fill.Symbol = symbol
				w.deal(f.Fill)
			}
			check()
		}
		for _, a := range accounts {
			for len(w.stand[a]) > 0 {
				w.bust(a, rapid.IntRange(0, len(w.stand[a])-1).Draw(t, "which"))
				check()
			}
		}
		if fees := w.l.Balance(of(perp.Fees, symbol)); fees != 0 {
			t.Fatalf("%s of fees are left when every trade is busted", fees)
		}
	})
	if busted == 0 || funded == 0 {
		t.Errorf("%d busts, %d payments of funding: nothing was tried", busted, funded)
	}
}

// TestBustReversesTheLastTrade: what nothing followed goes back by the same amounts,
// from where they went to where they came from.
func TestBustReversesTheLastTrade(t *testing.T) {
	w := &bustWorld{l: ledger.New(), stand: map[string][]trade{}}
	w.l.Deposit(perp.Deposit{Account: "alice", Amount: 1_000 * perp.MoneyOne, Key: "k"})
	w.deal(fill("alice", perp.Buy, 3, 100))
	before, held := w.l.Balances(), w.l.Position("alice", "BTC-PERP")
	f := fill("alice", perp.Sell, 2, 90)
	f.Fee = 5 * perp.MoneyOne
	w.deal(f)
	w.bust("alice", 1)
	if got := w.l.Position("alice", "BTC-PERP"); got != held {
		t.Errorf("position %+v, want %+v", got, held)
	}
	for _, b := range w.l.Balances() {
		was := perp.Money(0)
		for _, o := range before {
			if o.Account == b.Account {
				was = o.Amount
			}
		}
		if b.Amount != was {
			t.Errorf("%s of %s: %s, want %s", b.Account, b.Account.Owner, b.Amount, was)
		}
	}
}

// TestBrokenBustIsFault: a trade of nobody, and fees that are not there.
func TestBrokenBustIsFault(t *testing.T) {
	good := ledger.Bust{Account: "alice", Symbol: "BTC-PERP", Ref: "T-1"}
	for name, spoil := range map[string]func(*ledger.Bust){
		"no market":          func(b *ledger.Bust) { b.Symbol = "NONE" },
		"no position":        func(b *ledger.Bust) { b.Account = "bob" },
		"more paid than due": func(b *ledger.Bust) { b.Paid = 1 },
		"no fees":            func(b *ledger.Bust) { b.Fee, b.Paid = 1, 1 },
		"paid below zero":    func(b *ledger.Bust) { b.Paid = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			l := ledger.New()
			l.Fill(fill("alice", perp.Buy, 1, 100))
			b := good
			spoil(&b)
			defer func() {
				if _, fault := recover().(perp.Fault); !fault {
					t.Error("no Fault")
				}
			}()
			l.Bust(b)
		})
	}
}
