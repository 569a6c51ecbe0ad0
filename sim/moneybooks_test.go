package sim_test

import (
	"fmt"

	"backstop/perp"
)

// moneyBooks are books kept from events alone, by code that shares nothing with
// the ledger.
type moneyBooks struct {
	balance   map[perp.LedgerAccount]perp.Money
	size      map[[2]string]perp.Size // account, market
	settled   map[string]perp.Money   // cash that settlements brought each client
	paidIn    map[string]perp.Money   // into the pool of each market
	paidOut   map[string]perp.Money   // to winners of each market
	deposited map[string]perp.Money
	withdrawn map[string]perp.Money
}

func newMoneyBooks() *moneyBooks {
	return &moneyBooks{
		balance: map[perp.LedgerAccount]perp.Money{}, size: map[[2]string]perp.Size{}, settled: map[string]perp.Money{},
		paidIn: map[string]perp.Money{}, paidOut: map[string]perp.Money{},
		deposited: map[string]perp.Money{}, withdrawn: map[string]perp.Money{},
	}
}

// follow takes in the events of one command and returns what does not hold.
func (b *moneyBooks) follow(events []perp.Event) error {
	funding := map[string]perp.Money{}
	for _, ev := range events {
		switch ev := ev.(type) {
		case perp.Posted:
			if err := b.post(ev.Transfer); err != nil {
				return err
			}
		case perp.PositionChanged:
			b.size[[2]string{ev.Account, ev.Symbol}] = ev.Size
		case perp.FundingPaid:
			funding[ev.FundingID] += ev.Payment
		case perp.Settled:
			b.settled[ev.Account] += ev.Cash
			if ev.Claim != ev.Cash+ev.Deferred {
				return fmt.Errorf("%+v does not add up", ev)
			}
		case perp.Bankrupted:
			if ev.Loss != ev.Insurance+ev.Maker+ev.Socialised+ev.Open {
				return fmt.Errorf("%+v does not add up", ev)
			}
		}
	}
	for id, sum := range funding {
		if sum != 0 {
			return fmt.Errorf("funding %s sums to %s", id, sum)
		}
	}
	return b.check()
}

func (b *moneyBooks) post(t perp.Transfer) error {
	if t.Amount <= 0 {
		return fmt.Errorf("transfer %+v", t)
	}
	if (t.Debit.Name == perp.Claim) != (t.Credit.Name == perp.Claim) {
		return fmt.Errorf("%+v makes cash of a claim, or a claim of cash", t)
	}
	b.balance[t.Debit] -= t.Amount
	b.balance[t.Credit] += t.Amount
	if t.Credit.Name == perp.Pool {
		b.paidIn[t.Credit.Symbol] += t.Amount
	}
	if t.Debit.Name == perp.Pool {
		b.paidOut[t.Debit.Symbol] += t.Amount
	}
	if t.Reason == perp.ProfitSettled && t.Credit.Name == perp.Cash && t.Debit.Name != perp.Pool {
		return fmt.Errorf("%+v pays a winner from elsewhere than the pool", t)
	}
	if t.Debit.Owner == perp.Outside {
		b.deposited[t.Credit.Owner] += t.Amount
	}
	if t.Credit.Owner == perp.Outside {
		b.withdrawn[t.Debit.Owner] += t.Amount
	}
	return nil
}

func (b *moneyBooks) check() error {
	var cash, claims perp.Money
	for a, amount := range b.balance {
		if a.Name == perp.Claim {
			claims += amount
			continue
		}
		cash += amount
		if amount < 0 && a.Owner != perp.Outside {
			return fmt.Errorf("%s of %s is %s", a, a.Owner, amount)
		}
	}
	if cash != 0 || claims != 0 {
		return fmt.Errorf("cash sums to %s, claims to %s", cash, claims)
	}
	net := map[string]perp.Size{}
	for at, size := range b.size {
		net[at[1]] += size
	}
	for symbol, size := range net {
		if size != 0 {
			return fmt.Errorf("positions in %s sum to %s", symbol, size)
		}
	}
	for symbol, out := range b.paidOut {
		if out > b.paidIn[symbol] {
			return fmt.Errorf("%s: %s left the pool, %s was paid in", symbol, out, b.paidIn[symbol])
		}
	}
	for account, out := range b.withdrawn {
		if account != perp.Maker && out > b.deposited[account]+b.settled[account] {
			return fmt.Errorf("%s took out %s, paid in %s and has settled %s", account, out, b.deposited[account], b.settled[account])
		}
	}
	return nil
}
