package ledger

import (
	"slices"

	"backstop/perp"
)

// settle pays waiting winners of the given markets. Cash that a winner gets
// pays its debts in other markets first, and that may let winners there be
// paid, so those markets follow; every turn shrinks what is owed, so it ends.
func (l *Ledger) settle(w *writer, markets []*book, ref string) {
	for len(markets) > 0 {
		b := markets[0]
		markets = markets[1:]
		for _, account := range slices.Clone(b.Waiting) {
			if l.payWinner(w, b, account) {
				markets = append(markets, l.payDebts(w, account)...)
			}
		}
		if len(b.Waiting) == 0 {
			// No claim needs the cash any more: it is the maker's.
			pool := poolOf(b)
			l.transfer(w, pool, equityOf(b), l.Balance(pool), perp.PoolReleased, ref)
		}
	}
}

// payDebts lets an account pay its negative claims out of its cash, market by
// market, and returns the markets that got something.
func (l *Ledger) payDebts(w *writer, account string) (paid []*book) {
	for _, b := range l.s.Books {
		if l.payLoss(w, b, account) {
			paid = append(paid, b)
		}
	}
	return paid
}

// payLoss takes what an account owes in a market from its cash, at most what
// it has: cash never becomes negative. The rest stays a claim of the maker. It
// reports whether cash moved.
func (l *Ledger) payLoss(w *writer, b *book, account string) bool {
	cash := perp.LedgerAccount{Owner: account, Name: perp.Cash}
	owed := -l.Balance(claimOf(account, b))
	paid := min(owed, l.Balance(cash))
	if owed <= 0 || paid <= 0 {
		return false
	}
	id := l.nextSettlement()
	l.transfer(w, cash, poolOf(b), paid, perp.LossSettled, id)
	l.transfer(w, claimOf(perp.Maker, b), claimOf(account, b), paid, perp.LossSettled, id)
	l.settled(w, b, account, id, -owed, -paid)
	return true
}

// payWinner pays a positive claim from the pool account and, where that is
// short, from the maker's equity: the maker pays its own loss. It reports
// whether cash moved.
func (l *Ledger) payWinner(w *writer, b *book, account string) bool {
	claim := l.Balance(claimOf(account, b))
	pool, equity := poolOf(b), equityOf(b)
	cash := min(claim, perp.Add(l.Balance(pool), max(0, l.Balance(equity))))
	if claim <= 0 || cash <= 0 {
		return false
	}
	id := l.nextSettlement()
	l.transfer(w, equity, pool, max(0, cash-l.Balance(pool)), perp.PoolFunded, id)
	l.transfer(w, pool, perp.LedgerAccount{Owner: account, Name: perp.Cash}, cash, perp.ProfitSettled, id)
	l.transfer(w, claimOf(account, b), claimOf(perp.Maker, b), cash, perp.ProfitSettled, id)
	l.settled(w, b, account, id, claim, cash)
	return true
}

// settled notes what a settlement moved and tells it.
func (l *Ledger) settled(w *writer, b *book, account, id string, claim, cash perp.Money) {
	h := b.holder(account)
	h.Settled = perp.Add(h.Settled, cash)
	b.Settled = perp.Add(b.Settled, cash)
	b.queue(account, l.Balance(claimOf(account, b)))
	w.emit(perp.Settled{
		SettlementID: id, Account: account, Symbol: b.Symbol, Claim: claim, Cash: cash, Deferred: claim - cash,
	})
}

func (l *Ledger) nextSettlement() string {
	l.s.Settlements++
	return settlementID(l.s.Settlements)
}

// queue keeps the list of those who wait for cash: an account joins at the end
// when its claim becomes positive, keeps its place while it stays so, and
// leaves when it is paid.
func (b *book) queue(account string, claim perp.Money) {
	i := slices.Index(b.Waiting, account)
	switch {
	case claim > 0 && i < 0:
		b.Waiting = append(b.Waiting, account)
	case claim <= 0 && i >= 0:
		b.Waiting = slices.Delete(b.Waiting, i, i+1)
	}
}

func poolOf(b *book) perp.LedgerAccount {
	return perp.LedgerAccount{Owner: perp.Maker, Name: perp.Pool, Symbol: b.Symbol}
}

func equityOf(b *book) perp.LedgerAccount {
	return perp.LedgerAccount{Owner: perp.Maker, Name: perp.Equity, Symbol: b.Symbol}
}
