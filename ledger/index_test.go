package ledger_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"backstop/ledger"
	"backstop/perp"
)

// dumbStakes is what Stakes says, found by looking through all there is.
func dumbStakes(l *ledger.Ledger, account string) (all []ledger.Stake) {
	for _, symbol := range markets {
		s := ledger.Stake{Symbol: symbol, Funding: l.Funding(account, symbol)}
		for _, h := range l.Positions() {
			if h.Account == account && h.Symbol == symbol {
				s.Position = h.Position
			}
		}
		for _, b := range l.Balances() {
			if b.Account == claim(account, symbol) {
				s.Claim = b.Amount
			}
		}
		if s != (ledger.Stake{Symbol: symbol}) {
			all = append(all, s)
		}
	}
	return all
}

// dumbWorth is what Worth says, from the rows.
func dumbWorth(l *ledger.Ledger, symbol string) (sum perp.Money) {
	for _, b := range l.Balances() {
		funds := []perp.LedgerAccount{of(perp.Pool, symbol), of(perp.Equity, symbol), of(perp.Fees, symbol), claim(perp.Maker, symbol)}
		if slices.Contains(funds, b.Account) {
			sum += b.Amount
		}
	}
	for _, h := range l.Positions() {
		if h.Symbol == symbol && h.Account != perp.Maker {
			sum -= h.Position.Entry
		}
	}
	return sum
}

// TestIndexAgainstRows: what the index finds is what a search through all rows
// finds, after every command, in books that were read back or copied too; and a
// market of which a row changed is among those that are said to have changed.
func TestIndexAgainstRows(t *testing.T) {
	stakes, spared := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		l := ledger.New()
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			before := worths(l)
			drawStep(t).do(l)
			changed, err := l.CheckChanged()
			if err = errors.Join(err, l.Check()); err != nil {
				t.Fatal(err)
			}
			for symbol, now := range worths(l) {
				if now != before[symbol] && !slices.Contains(changed, symbol) {
					t.Fatalf("%s changed, and only %v is said to have", symbol, changed)
				}
			}
			if spared += len(markets) - len(changed); len(changed) > len(markets) {
				t.Fatalf("changed: %v", changed)
			}
			switch rapid.IntRange(0, 20).Draw(t, "again") {
			case 0:
				l = l.Clone()
			case 1:
				text, err := json.Marshal(l)
				next := ledger.New()
				if err = errors.Join(err, json.Unmarshal(text, next)); err != nil {
					t.Fatal(err)
				}
				l = next
			}
			for _, account := range accounts {
				want := dumbStakes(l, account)
				if d := cmp.Diff(want, l.Stakes(account, nil)); d != "" {
					t.Fatalf("stakes of %s:\n%s", account, d)
				}
				stakes += len(want)
			}
			for _, b := range l.Balances() {
				if have := l.Balance(b.Account); have != b.Amount {
					t.Fatalf("%v has %s, its row says %s", b.Account, have, b.Amount)
				}
			}
			for _, symbol := range markets {
				if have, want := l.Worth(symbol), dumbWorth(l, symbol); have != want {
					t.Fatalf("worth of %s %s, by its rows %s", symbol, have, want)
				}
			}
		}
	})
	if stakes == 0 || spared == 0 {
		t.Errorf("the run says nothing: %d stakes, %d markets spared", stakes, spared)
	}
}

func worths(l *ledger.Ledger) map[string]perp.Money {
	all := map[string]perp.Money{}
	for _, symbol := range markets {
		all[symbol] = dumbWorth(l, symbol)
	}
	return all
}

// TestCopyStandsAlone: what happens to a copy does not reach the original.
func TestCopyStandsAlone(t *testing.T) {
	l := ledger.New()
	l.Deposit(perp.Deposit{Account: "alice", Amount: 1_000_000, Key: "a"})
	l.Fill(ledger.Fill{Account: "alice", Symbol: "BTC-PERP", Side: perp.Buy, Size: 1_000, Price: 1_000_000, Ref: "T1"})
	before, err1 := json.Marshal(l)
	c := l.Clone()
	c.Deposit(perp.Deposit{Account: "alice", Amount: 1_000_000, Key: "b"})
	c.Fill(ledger.Fill{Account: "alice", Symbol: "BTC-PERP", Side: perp.Sell, Size: 2_000, Price: 1_000_000, Ref: "T2"})
	after, err2 := json.Marshal(l)
	if err := errors.Join(err1, err2); err != nil || string(before) != string(after) {
		t.Errorf("%v: before\n%s\nafter\n%s", err, before, after)
	}
}

// TestRowsWithoutContent: a state with a hole in it is refused.
func TestRowsWithoutContent(t *testing.T) {
	for _, text := range []string{`{"Rows":[null]}`, `{"Books":[null]}`, `{"Books":[{"Symbol":"A","Holders":[null]}]}`} {
		if err := json.Unmarshal([]byte(text), ledger.New()); !errors.Is(err, ledger.ErrUnbalanced) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
