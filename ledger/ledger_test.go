package ledger_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"backstop/ledger"
	"backstop/perp"
)

var (
	accounts = []string{"alice", "bob", "carol", "dave"}
	markets  = []string{"BTC-PERP", "ETH-PERP"}
)

func cash(owner string) perp.LedgerAccount {
	return perp.LedgerAccount{Owner: owner, Name: perp.Cash}
}

func claim(owner, symbol string) perp.LedgerAccount {
	return perp.LedgerAccount{Owner: owner, Name: perp.Claim, Symbol: symbol}
}

func of(name, symbol string) perp.LedgerAccount {
	return perp.LedgerAccount{Owner: perp.Maker, Name: name, Symbol: symbol}
}

// step is one random command on the books.
type step struct {
	Deposit *perp.Deposit
	Settle  string // a market
	Fund    string // a market
	Resolve string // a market
	Fill    ledger.Fill
}

func drawStep(t *rapid.T) step {
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0:
		return step{Settle: rapid.SampledFrom(markets).Draw(t, "market")}
	case 1:
		return step{Fund: rapid.SampledFrom(markets).Draw(t, "market")}
	case 2:
		return step{Resolve: rapid.SampledFrom(markets).Draw(t, "market")}
	case 3:
		return step{Deposit: &perp.Deposit{
			Account: rapid.SampledFrom(append([]string{perp.Maker}, accounts...)).Draw(t, "to"),
			Symbol:  rapid.SampledFrom(markets).Draw(t, "market"),
			Amount:  perp.Money(rapid.Int64Range(1, 2_000_000_000).Draw(t, "amount")),
			Fund:    rapid.SampledFrom([]string{"", perp.Insurance}).Draw(t, "fund"),
			Key:     rapid.StringMatching(`[a-h]{1,2}`).Draw(t, "key"),
		}}
	}
	return step{Fill: ledger.Fill{
		Account: rapid.SampledFrom(accounts).Draw(t, "account"),
		Symbol:  rapid.SampledFrom(markets).Draw(t, "symbol"),
		Side:    rapid.SampledFrom([]perp.Side{perp.Buy, perp.Sell}).Draw(t, "side"),
		Size:    perp.Size(rapid.Int64Range(1, 5_000_000_000).Draw(t, "size")),
		Price:   perp.Price(rapid.Int64Range(1, 900_000_000).Draw(t, "price")),
		Fee:     perp.Money(rapid.Int64Range(0, 3_000_000).Draw(t, "fee")),
		Ref:     "T1",
	}}
}

func (s step) do(l *ledger.Ledger) []perp.Event {
	switch {
	case s.Deposit != nil:
		_, events := l.Deposit(*s.Deposit)
		return events
	case s.Settle != "":
		return l.Settle(s.Settle)
	case s.Fund != "":
		l.Accrue(s.Fund, 7_000_000_000, 5_000_000_000)
		_, events := l.BookFunding(s.Fund, "F", ledger.FundingTerms{Long: 100, Short: 80})
		return events
	case s.Resolve != "":
		var events []perp.Event
		for _, account := range l.Bankrupt(s.Resolve) {
			_, more := l.Resolve(account, s.Resolve, "L", 1_000_000)
			events = append(events, more...)
		}
		return events
	}
	_, events := l.Fill(s.Fill)
	return events
}

// TestBooksSumToZero re-adds the books after every random command, and plays
// every transfer into a dumb map that must end with the same balances.
func TestBooksSumToZero(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := ledger.New()
		dumb := map[perp.LedgerAccount]perp.Money{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			for _, ev := range drawStep(t).do(l) {
				if p, ok := ev.(perp.Posted); ok {
					dumb[p.Transfer.Debit] -= p.Transfer.Amount
					dumb[p.Transfer.Credit] += p.Transfer.Amount
				}
			}
			if err := errors.Join(l.Check(), l.Audit()); err != nil {
				t.Fatal(err)
			}
		}
		for _, b := range l.Balances() {
			if dumb[b.Account] != b.Amount {
				t.Fatalf("%v: balance %s, transfers sum to %s", b.Account, b.Amount, dumb[b.Account])
			}
		}
		for _, symbol := range markets {
			var sum perp.Position
			for _, h := range l.Positions() {
				if h.Symbol == symbol {
					sum.Size += h.Position.Size
					sum.Entry += h.Position.Entry
				}
			}
			if sum != (perp.Position{}) {
				t.Fatalf("%s: positions sum to %+v", symbol, sum)
			}
		}
	})
}

// TestNothingGoesNegative: no account but claims and the outside owes money.
func TestNothingGoesNegative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := ledger.New()
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			drawStep(t).do(l)
			for _, b := range l.Balances() {
				if b.Amount < 0 && b.Account.Name != perp.Claim && b.Account.Owner != perp.Outside {
					t.Fatalf("%v holds %s", b.Account, b.Amount)
				}
			}
		}
	})
}

// TestSettledNeverExceedsPaid: what winners got in a market is at most what
// losers, the maker and the insurance paid in there, after every command; and
// once all is settled a client waits only while there is nothing to pay it with.
func TestSettledNeverExceedsPaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := ledger.New()
		in, out := map[string]perp.Money{}, map[string]perp.Money{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			for _, ev := range drawStep(t).do(l) {
				p, ok := ev.(perp.Posted)
				if !ok {
					continue
				}
				if p.Transfer.Credit.Name == perp.Pool {
					in[p.Transfer.Credit.Symbol] += p.Transfer.Amount
				}
				if p.Transfer.Debit.Name == perp.Pool {
					out[p.Transfer.Debit.Symbol] += p.Transfer.Amount
				}
				if s := p.Transfer.Debit.Symbol; out[s] > in[s] {
					t.Fatalf("%s: paid out %s, paid in %s", s, out[s], in[s])
				}
			}
		}
		l.SettleAll()
		for _, symbol := range markets {
			for _, a := range accounts {
				// Rounding down may leave less than one unit a winner.
				if left := l.Balance(of(perp.Pool, symbol)); l.Balance(claim(a, symbol)) > 0 && left >= perp.Money(len(accounts)) {
					t.Fatalf("%s waits for %s in %s while there is %s", a, l.Balance(claim(a, symbol)), symbol, left)
				}
				if l.Balance(claim(a, symbol)) < 0 && l.Balance(cash(a)) > 0 {
					t.Fatalf("%s owes %s in %s and has cash", a, l.Balance(claim(a, symbol)), symbol)
				}
			}
		}
	})
}

// TestRoundTripContinues: books read back from JSON go on as the original
// does, event for event, and end with the same bytes.
func TestRoundTripContinues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := ledger.New()
		for range rapid.IntRange(0, 30).Draw(t, "before") {
			drawStep(t).do(l)
		}
		first := encode(t, l)
		other := ledger.New()
		if err := json.Unmarshal(first, other); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(0, 30).Draw(t, "after") {
			s := drawStep(t)
			if a, b := s.do(l), s.do(other); !slices.Equal(a, b) {
				t.Fatalf("events differ:\n%v\n%v", a, b)
			}
		}
		if a, b := encode(t, l), encode(t, other); !bytes.Equal(a, b) {
			t.Fatalf("states differ:\n%s\n%s", a, b)
		}
	})
}

func encode(t rapid.TB, l *ledger.Ledger) []byte {
	data, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestUnbalancedStateIsRefused: a state that was tampered with does not load,
// and the books that should have taken it stay as they were.
func TestUnbalancedStateIsRefused(t *testing.T) {
	l := ledger.New()
	l.Deposit(perp.Deposit{Account: "alice", Amount: 500, Key: "k"})
	l.Fill(fill("alice", perp.Buy, 1, 100))
	good, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new string }{
		{"balance", `"Amount":500`, `"Amount":501`},
		{"running sum", `"CashSum":0`, `"CashSum":1`},
		{"position", `"Size":1000000000,`, `"Size":1000000001,`},
		{"waiting", `"Waiting":null`, `"Waiting":["bob"]`},
		{"market", `"Books":[{`, `"Books":[null,{`},
		{"syntax", `{"Rows"`, `["Rows"`},
	} {
		bad := bytes.Replace(good, []byte(c.old), []byte(c.new), 1)
		if bytes.Equal(bad, good) {
			t.Fatalf("%s: the state has no %s", c.name, c.old)
		}
		into := ledger.New()
		if err := json.Unmarshal(bad, into); err == nil {
			t.Errorf("%s: no error", c.name)
		}
		if len(into.Balances()) != 0 {
			t.Errorf("%s: changed the books", c.name)
		}
	}
}

// fill is a trade of whole base units at a whole price in BTC-PERP.
func fill(account string, side perp.Side, size perp.Size, price perp.Price) ledger.Fill {
	return ledger.Fill{
		Account: account, Symbol: "BTC-PERP", Side: side,
		Size: size * perp.SizeOne, Price: price * perp.PriceOne, Ref: "T",
	}
}

func TestDepositCountsOnce(t *testing.T) {
	l := ledger.New()
	d := perp.Deposit{Account: "alice", Amount: 700, Key: "k1"}
	if v, ev := l.Deposit(d); !v.OK() || len(ev) != 1 {
		t.Errorf("%v, %d events, want one transfer", v, len(ev))
	}
	before := encode(t, l)
	for _, bad := range []perp.Deposit{
		d,
		{Account: "bob", Amount: 5, Key: "k1"},
		{Account: "alice", Amount: 0, Key: "k2"},
		{Account: "alice", Amount: -5, Key: "k2"},
		{Account: "alice", Amount: 5},
		{Amount: 5, Key: "k2"},
		{Account: perp.Outside, Amount: 5, Key: "k2"},
		{Account: perp.Maker, Amount: 5, Key: "k2"},
		{Account: perp.Maker, Symbol: "BTC-PERP", Fund: perp.Fees, Amount: 5, Key: "k2"},
		{Account: "alice", Amount: math.MaxInt64, Key: "k2"},
		{Account: "alice", Amount: ledger.BalanceMax, Key: "k2"}, // with the 700 before it
	} {
		if v, ev := l.Deposit(bad); v.OK() || len(ev) != 0 {
			t.Errorf("%+v: %v, booked %v", bad, v, ev)
		}
	}
	if !bytes.Equal(before, encode(t, l)) {
		t.Error("a refused deposit changed the books")
	}
	if got := l.Balance(cash("alice")); got != 700 {
		t.Errorf("alice has %d, want 700", got)
	}
}

func TestBrokenFillIsFault(t *testing.T) {
	good := fill("alice", perp.Buy, 1, 100)
	for name, spoil := range map[string]func(*ledger.Fill){
		"no size":    func(f *ledger.Fill) { f.Size = 0 },
		"no price":   func(f *ledger.Fill) { f.Price = 0 },
		"no side":    func(f *ledger.Fill) { f.Side = 0 },
		"rebate":     func(f *ledger.Fill) { f.Fee = -1 },
		"no account": func(f *ledger.Fill) { f.Account = "" },
		"the maker":  func(f *ledger.Fill) { f.Account = perp.Maker },
		"no market":  func(f *ledger.Fill) { f.Symbol = "" },
	} {
		l, f := ledger.New(), good
		spoil(&f)
		func() {
			defer func() {
				if _, ok := recover().(perp.Fault); !ok {
					t.Errorf("%s: no Fault", name)
				}
			}()
			l.Fill(f)
		}()
	}
}

// TestFillRoundsAgainstTheClient: half a unit of cash is paid by a buyer and
// not paid to a seller.
func TestFillRoundsAgainstTheClient(t *testing.T) {
	for side, want := range map[perp.Side]perp.Money{perp.Buy: -2, perp.Sell: 1} {
		l := ledger.New()
		l.Fill(ledger.Fill{Account: "alice", Symbol: "BTC-PERP", Side: side, Size: perp.SizeOne / 2, Price: 3})
		if got := l.Position("alice", "BTC-PERP").Entry; got != want {
			t.Errorf("%s of 1.5 units: entry %d, want %d", side, got, want)
		}
	}
}
