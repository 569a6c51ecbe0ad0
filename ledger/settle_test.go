package ledger_test

import (
	"testing"

	"backstop/ledger"
	"backstop/perp"
)

const unit = perp.MoneyOne

func expect(t *testing.T, l *ledger.Ledger, a perp.LedgerAccount, want perp.Money) {
	t.Helper()
	if got := l.Balance(a); got != want {
		t.Errorf("%s of %s is %s, want %s", a, a.Owner, got, want)
	}
}

// TestWinnerIsPaidByTheMaker: a profit against a solvent maker is cash at
// once, out of its equity, and the claims are gone.
func TestWinnerIsPaidByTheMaker(t *testing.T) {
	l := ledger.New()
	l.Deposit(perp.Deposit{Account: "alice", Amount: 100 * unit, Key: "a"})
	l.Deposit(perp.Deposit{Account: perp.Maker, Symbol: "BTC-PERP", Amount: 50 * unit, Key: "m"})
	l.Fill(fill("alice", perp.Buy, 2, 100))
	realised, events := l.Fill(fill("alice", perp.Sell, 2, 110))
	if realised != 20*unit {
		t.Errorf("realised %s, want 20", realised)
	}
	var reasons []perp.TransferReason
	var settled perp.Settled
	for _, ev := range events {
		switch ev := ev.(type) {
		case perp.Posted:
			reasons = append(reasons, ev.Transfer.Reason)
		case perp.Settled:
			settled = ev
		}
	}
	want := []perp.TransferReason{perp.ProfitRealised, perp.PoolFunded, perp.ProfitSettled, perp.ProfitSettled}
	if len(reasons) != len(want) {
		t.Fatalf("transfers %v, want %v", reasons, want)
	}
	for i := range want {
		if reasons[i] != want[i] {
			t.Errorf("transfer %d is %v, want %v", i, reasons[i], want[i])
		}
	}
	if settled != (perp.Settled{SettlementID: "S1", Account: "alice", Symbol: "BTC-PERP", Claim: 20 * unit, Cash: 20 * unit}) {
		t.Errorf("settled %+v", settled)
	}
	expect(t, l, cash("alice"), 120*unit)
	expect(t, l, of(perp.Equity, "BTC-PERP"), 30*unit)
	expect(t, l, claim("alice", "BTC-PERP"), 0)
	expect(t, l, claim(perp.Maker, "BTC-PERP"), 0)
	if l.Settled("alice", "BTC-PERP") != 20*unit || l.Settled(perp.Maker, "BTC-PERP") != -20*unit {
		t.Error("settled sums are wrong")
	}
}

// TestClaimsAreSharedOut: with an empty maker winners wait; what a loser pays
// is divided among them in proportion, and what is left over is the maker's.
func TestClaimsAreSharedOut(t *testing.T) {
	l := ledger.New()
	for _, a := range []string{"alice", "bob", "carol"} {
		l.Deposit(perp.Deposit{Account: a, Amount: 100 * unit, Key: a})
	}
	for _, a := range []string{"bob", "alice"} { // bob wins first
		l.Fill(fill(a, perp.Buy, 1, 100))
		l.Fill(fill(a, perp.Sell, 1, 130))
	}
	expect(t, l, claim("alice", "BTC-PERP"), 30*unit)
	expect(t, l, claim("bob", "BTC-PERP"), 30*unit)
	lose := func(a string, amount perp.Price) {
		l.Fill(fill(a, perp.Buy, 1, 200))
		l.Fill(fill(a, perp.Sell, 1, 200-amount))
	}
	lose("carol", 40)
	expect(t, l, cash("bob"), 120*unit)
	expect(t, l, cash("alice"), 120*unit)
	expect(t, l, claim("alice", "BTC-PERP"), 10*unit)
	lose("carol", 30)
	expect(t, l, cash("alice"), 130*unit)
	expect(t, l, of(perp.Equity, "BTC-PERP"), 10*unit) // released: nobody waits any more
	expect(t, l, of(perp.Pool, "BTC-PERP"), 0)
}

// TestLossBeyondCashStaysAClaim: the loser pays what it has; a later deposit
// pays the rest, and the winner who waited for it.
func TestLossBeyondCashStaysAClaim(t *testing.T) {
	l := ledger.New()
	l.Deposit(perp.Deposit{Account: "alice", Amount: 10 * unit, Key: "a"})
	l.Fill(fill("bob", perp.Buy, 1, 100))
	l.Fill(fill("alice", perp.Sell, 1, 100))
	l.Fill(fill("bob", perp.Sell, 1, 150))
	l.Fill(fill("alice", perp.Buy, 1, 150))
	expect(t, l, cash("alice"), 0)
	expect(t, l, claim("alice", "BTC-PERP"), -40*unit)
	expect(t, l, cash("bob"), 10*unit)
	expect(t, l, claim("bob", "BTC-PERP"), 40*unit)
	l.Deposit(perp.Deposit{Account: "alice", Amount: 60 * unit, Key: "a2"})
	expect(t, l, cash("alice"), 20*unit)
	expect(t, l, cash("bob"), 50*unit)
	expect(t, l, claim("bob", "BTC-PERP"), 0)
	expect(t, l, claim(perp.Maker, "BTC-PERP"), 0)
}

// TestFeeComesFromCashThenClaim: what cash does not cover is owed.
func TestFeeComesFromCashThenClaim(t *testing.T) {
	l := ledger.New()
	l.Deposit(perp.Deposit{Account: "alice", Amount: 3, Key: "a"})
	f := fill("alice", perp.Buy, 1, 100)
	f.Fee = 5
	l.Fill(f)
	expect(t, l, cash("alice"), 0)
	expect(t, l, of(perp.Fees, "BTC-PERP"), 3)
	expect(t, l, claim("alice", "BTC-PERP"), -2)
}

func TestOpenInterestAndPositions(t *testing.T) {
	l := ledger.New()
	l.Fill(fill("bob", perp.Buy, 3, 100))
	l.Fill(fill("alice", perp.Sell, 1, 100))
	l.Fill(fill("bob", perp.Sell, 5, 100)) // flips to short 2
	if long, short := l.OpenInterest("BTC-PERP"); long != 0 || short != 3*perp.SizeOne {
		t.Errorf("open interest %s long, %s short; want 0, 3", long, short)
	}
	if got := l.Position(perp.Maker, "BTC-PERP"); got != (perp.Position{Size: 3 * perp.SizeOne, Entry: -300 * unit}) {
		t.Errorf("maker %+v", got)
	}
	var order []string
	for _, h := range l.Positions() {
		order = append(order, h.Account)
	}
	if len(order) != 3 || order[0] != "alice" || order[1] != "bob" || order[2] != perp.Maker {
		t.Errorf("positions of %v", order)
	}
	if l.Position("nobody", "BTC-PERP") != (perp.Position{}) || l.Position("bob", "NONE") != (perp.Position{}) {
		t.Error("an unknown position is not flat")
	}
}

func BenchmarkFill(b *testing.B) {
	l := ledger.New()
	l.Deposit(perp.Deposit{Account: perp.Maker, Symbol: "BTC-PERP", Amount: 1_000_000 * unit, Key: "m"})
	l.Deposit(perp.Deposit{Account: "alice", Amount: 1_000_000 * unit, Key: "a"})
	sides := []perp.Side{perp.Buy, perp.Sell}
	for i := range b.N {
		f := fill("alice", sides[i%2], 1, 100)
		f.Fee = 50_000
		l.Fill(f)
		if err := l.Check(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestGainPaysDebtsElsewhere: what alice wins in one market pays what she owes
// in another, and at once the winner who waits there.
func TestGainPaysDebtsElsewhere(t *testing.T) {
	l := ledger.New()
	eth := func(account string, side perp.Side, price perp.Price) {
		f := fill(account, side, 1, price)
		f.Symbol = "ETH-PERP"
		l.Fill(f)
	}
	eth("bob", perp.Buy, 100)
	eth("bob", perp.Sell, 140)
	eth("alice", perp.Sell, 100)
	eth("alice", perp.Buy, 140)
	expect(t, l, claim("bob", "ETH-PERP"), 40*unit)
	l.Deposit(perp.Deposit{Account: perp.Maker, Symbol: "BTC-PERP", Amount: 100 * unit, Key: "m"})
	l.Fill(fill("alice", perp.Buy, 1, 100))
	l.Fill(fill("alice", perp.Sell, 1, 150))
	expect(t, l, cash("alice"), 50*unit)
	l.SettleAll()
	expect(t, l, cash("bob"), 40*unit)
	expect(t, l, cash("alice"), 10*unit)
	expect(t, l, claim("alice", "ETH-PERP"), 0)
	expect(t, l, claim("bob", "ETH-PERP"), 0)
	expect(t, l, of(perp.Equity, "BTC-PERP"), 50*unit)
}

// TestPartialCloseWaitsForTheSchedule: what a reduction realises is a claim
// until the market settles.
func TestPartialCloseWaitsForTheSchedule(t *testing.T) {
	l := ledger.New()
	l.Deposit(perp.Deposit{Account: "alice", Amount: 100 * unit, Key: "a"})
	l.Fill(fill("alice", perp.Buy, 2, 100))
	l.Fill(fill("alice", perp.Sell, 1, 90))
	expect(t, l, cash("alice"), 100*unit)
	expect(t, l, claim("alice", "BTC-PERP"), -10*unit)
	l.Settle("BTC-PERP")
	expect(t, l, cash("alice"), 90*unit)
	expect(t, l, claim("alice", "BTC-PERP"), 0)
	expect(t, l, of(perp.Equity, "BTC-PERP"), 10*unit)
}

// TestMakerPaysItsOwnLossOnly: what a bankrupt client owes does not come out of
// the maker's equity through the pool.
func TestMakerPaysItsOwnLossOnly(t *testing.T) {
	l := ledger.New()
	l.Deposit(perp.Deposit{Account: "carol", Amount: 20 * unit, Key: "c"})
	l.Deposit(perp.Deposit{Account: perp.Maker, Symbol: "BTC-PERP", Amount: 1000 * unit, Key: "m"})
	l.Fill(fill("carol", perp.Sell, 1, 100))
	l.Fill(fill("carol", perp.Buy, 1, 200)) // owes 100, pays 20
	l.Fill(fill("alice", perp.Buy, 1, 100))
	l.Fill(fill("alice", perp.Sell, 1, 200)) // is owed 100
	expect(t, l, cash("alice"), 20*unit)
	expect(t, l, claim("alice", "BTC-PERP"), 80*unit)
	expect(t, l, of(perp.Equity, "BTC-PERP"), 1000*unit)
}

// TestBankruptcyIsBorneInOrder: insurance, then the maker up to what it may,
// then open positions in proportion to size; each step balances.
func TestBankruptcyIsBorneInOrder(t *testing.T) {
	l := ledger.New()
	l.Deposit(perp.Deposit{Account: perp.Maker, Symbol: "BTC-PERP", Fund: perp.Insurance, Amount: 10 * unit, Key: "i"})
	l.Fill(fill("dave", perp.Sell, 1, 100))
	l.Fill(fill("dave", perp.Buy, 1, 200)) // owes 100 and has nothing
	l.Fill(fill("alice", perp.Buy, 3, 200))
	l.Fill(fill("bob", perp.Sell, 1, 200))
	if got := l.Bankrupt("BTC-PERP"); len(got) != 1 || got[0] != "dave" {
		t.Fatalf("bankrupt: %v", got)
	}
	r, _ := l.Resolve("dave", "BTC-PERP", "L-1", 30*unit)
	want := perp.Bankrupted{
		LossID: "L-1", Account: "dave", Symbol: "BTC-PERP", Loss: 100 * unit,
		Insurance: 10 * unit, Maker: 30 * unit, Socialised: 60 * unit,
	}
	if r != want {
		t.Errorf("got %+v, want %+v", r, want)
	}
	expect(t, l, claim("dave", "BTC-PERP"), 0)
	expect(t, l, claim("alice", "BTC-PERP"), -45*unit)
	expect(t, l, claim("bob", "BTC-PERP"), -15*unit)
	expect(t, l, of(perp.Insurance, "BTC-PERP"), 0)
	if err := l.Audit(); err != nil {
		t.Error(err)
	}
}

// TestFundingSumsToZero: what clients pay and get, the maker gets and pays; a
// position pays for the time that it was held, whatever it is at booking.
func TestFundingSumsToZero(t *testing.T) {
	l := ledger.New()
	l.Fill(fill("alice", perp.Buy, 2, 100))
	l.Accrue("BTC-PERP", 3_000_000_000_000, 1_000_000_000_000) // longs pay 3, shorts get 1 a unit
	if got := l.Funding("alice", "BTC-PERP"); got != -6*unit {
		t.Errorf("alice accrued %s, want -6", got)
	}
	l.Fill(fill("alice", perp.Sell, 2, 100))
	l.Fill(fill("bob", perp.Sell, 1, 100))
	l.Accrue("BTC-PERP", 3_000_000_000_000, 1_000_000_000_000)
	maker, events := l.BookFunding("BTC-PERP", "F-1", ledger.FundingTerms{Long: 30_000, Short: 10_000})
	if maker != 5*unit {
		t.Errorf("the maker got %s, want 5", maker)
	}
	var sum perp.Money
	for _, ev := range events {
		if p, ok := ev.(perp.FundingPaid); ok {
			sum += p.Payment
		}
	}
	if sum != 0 {
		t.Errorf("payments sum to %s", sum)
	}
	expect(t, l, claim("alice", "BTC-PERP"), -6*unit)
	expect(t, l, claim("bob", "BTC-PERP"), 1*unit)
	if got := l.Funding("alice", "BTC-PERP"); got != 0 {
		t.Errorf("alice accrued %s after booking", got)
	}
}

// TestExpiryPaysNoMoreThanThereIs: all positions close at the price at which
// cash covers all claims; a debt of a bankrupt account is not counted on.
func TestExpiryPaysNoMoreThanThereIs(t *testing.T) {
	l := ledger.New()
	l.Deposit(perp.Deposit{Account: "carol", Amount: 50 * unit, Key: "c"})
	l.Deposit(perp.Deposit{Account: perp.Maker, Symbol: "BTC-PERP", Amount: 100 * unit, Key: "m"})
	l.Fill(fill("alice", perp.Buy, 3, 100))
	l.Fill(fill("bob", perp.Buy, 2, 100))
	l.Fill(fill("carol", perp.Sell, 1, 100))
	price := l.ExpiryPrice("BTC-PERP", 200*perp.PriceOne)
	if want := 125*perp.PriceOne - 1; price != want { // 4 net longs share the maker's 100
		t.Errorf("price %s, want %s", price, want)
	}
	claims, cashThere, deferred, _ := l.Expire("BTC-PERP", price)
	if deferred != 0 || claims > cashThere {
		t.Errorf("claims %s, cash %s, deferred %s", claims, cashThere, deferred)
	}
	for _, a := range []string{"alice", "bob", "carol"} {
		if l.Position(a, "BTC-PERP").Size != 0 || l.Balance(claim(a, "BTC-PERP")) != 0 {
			t.Errorf("%s still has something open", a)
		}
	}
	if err := l.Audit(); err != nil {
		t.Error(err)
	}
}

// TestDebtThatNobodyBearsStaysOpen: with no position open, what insurance and
// maker do not cover stays the account's debt, and others' claim.
func TestDebtThatNobodyBearsStaysOpen(t *testing.T) {
	l := ledger.New()
	l.Deposit(perp.Deposit{Account: perp.Maker, Symbol: "BTC-PERP", Fund: perp.Insurance, Amount: 10 * unit, Key: "i"})
	l.Fill(fill("dave", perp.Sell, 1, 100))
	l.Fill(fill("dave", perp.Buy, 1, 200))
	l.Fill(fill("alice", perp.Buy, 1, 100))
	l.Fill(fill("alice", perp.Sell, 1, 200))
	r, _ := l.Resolve("dave", "BTC-PERP", "L-1", 0)
	if r.Insurance != 10*unit || r.Maker != 0 || r.Socialised != 0 || r.Open != 90*unit {
		t.Errorf("%+v", r)
	}
	expect(t, l, claim("dave", "BTC-PERP"), -90*unit)
	expect(t, l, cash("alice"), 10*unit)
	expect(t, l, claim("alice", "BTC-PERP"), 90*unit)
}
