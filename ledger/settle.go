package ledger

import (
	"slices"
	"strings"

	"backstop/perp"
)

// Settle turns claims of one market into cash: losers pay first, then winners
// are paid from the P&L pool and from nothing else, in proportion to their
// claims if it is short. The maker is a loser like any other: it pays into the
// pool what it lost itself and has, and no more.
func (l *Ledger) Settle(symbol string) []perp.Event {
	var w writer
	if b := l.look(symbol); b != nil {
		l.settle(&w, b)
	}
	return w.events
}

// SettleAll settles every market. Cash that a winner gets may pay its debt in
// another market, so it goes round until nothing moves.
func (l *Ledger) SettleAll() []perp.Event {
	var w writer
	for { // Each turn that moves anything shrinks what is owed, so it ends.
		before := l.s.Transfers
		for _, b := range l.s.Books {
			l.settle(&w, b)
		}
		if l.s.Transfers == before {
			return w.events
		}
	}
}

func (l *Ledger) settle(w *writer, b *book) {
	if len(b.Owing) == 0 && len(b.Waiting) == 0 {
		return
	}
	l.payLosses(w, b)
	l.fundPool(w, b)
	l.payWinners(w, b)
	if len(b.Waiting) == 0 {
		// No claim needs the cash any more: it is the maker's.
		l.transfer(w, poolOf(b), equityOf(b), l.Balance(poolOf(b)), perp.PoolReleased, b.Symbol)
	}
}

// payLosses has all pay who owe in a market. Those who owe nothing any more leave the
// list together: one by one, each would move all others.
func (l *Ledger) payLosses(w *writer, b *book) {
	some := false
	for _, account := range b.Owing {
		some = l.payLoss(w, b, account) || some
	}
	if some {
		b.Owing = slices.DeleteFunc(b.Owing, func(account string) bool { return l.Balance(claimOf(account, b)) == 0 })
	}
}

// payLoss takes what an account owes in a market from its cash, at most what
// it has: cash never becomes negative. The rest stays a claim of the maker.
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

// fundPool lets the maker pay what it lost itself: its negative claim, less
// what losers have already brought for it, as far as winners wait for it.
func (l *Ledger) fundPool(w *writer, b *book) {
	pool := l.Balance(poolOf(b))
	lost := -l.Balance(claimOf(perp.Maker, b)) - pool
	paid := min(lost, l.waiting(b)-pool, l.Balance(equityOf(b)))
	l.transfer(w, equityOf(b), poolOf(b), max(0, paid), perp.PoolFunded, b.Symbol)
}

// waiting is the sum of the positive claims.
func (l *Ledger) waiting(b *book) (sum perp.Money) {
	for _, account := range b.Waiting {
		sum = perp.Add(sum, l.Balance(claimOf(account, b)))
	}
	return sum
}

// payWinners divides the pool among those who wait, in proportion to their
// claims, rounded down: a remainder stays in the pool for the next time.
func (l *Ledger) payWinners(w *writer, b *book) {
	pool, due := l.Balance(poolOf(b)), l.waiting(b)
	if pool <= 0 {
		return
	}
	for _, account := range b.Waiting {
		claim := l.Balance(claimOf(account, b))
		cash := claim
		if pool < due {
			cash = perp.Money(perp.MulDiv(int64(claim), int64(pool), int64(due), perp.Floor))
		}
		if cash == 0 {
			continue
		}
		id := l.nextSettlement()
		l.transfer(w, poolOf(b), perp.LedgerAccount{Owner: account, Name: perp.Cash}, cash, perp.ProfitSettled, id)
		l.transfer(w, claimOf(account, b), claimOf(perp.Maker, b), cash, perp.ProfitSettled, id)
		l.settled(w, b, account, id, claim, cash)
	}
	b.Waiting = slices.DeleteFunc(b.Waiting, func(account string) bool { return l.Balance(claimOf(account, b)) == 0 })
}

// forgive moves amount of the maker's claim to an account, whose debt falls.
func (l *Ledger) forgive(w *writer, b *book, account string, amount perp.Money, why perp.TransferReason, ref string) {
	l.transfer(w, claimOf(perp.Maker, b), claimOf(account, b), amount, why, ref)
	b.queue(account, l.Balance(claimOf(account, b)))
}

// settled notes what a settlement moved and tells it.
func (l *Ledger) settled(w *writer, b *book, account, id string, claim, cash perp.Money) {
	h := l.holder(b, account)
	h.Settled = perp.Add(h.Settled, cash)
	b.Settled = perp.Add(b.Settled, cash)
	w.emit(perp.Settled{
		SettlementID: id, Account: account, Symbol: b.Symbol, Claim: claim, Cash: cash, Deferred: claim - cash,
	})
}

func (l *Ledger) nextSettlement() string {
	l.s.Settlements++
	return settlementID(l.s.Settlements)
}

// queue keeps the lists of those who have a claim and of those who owe, each
// sorted by name: settlement is in proportion, so order is nobody's advantage.
func (b *book) queue(account string, claim perp.Money) {
	b.Waiting = listed(b.Waiting, account, claim > 0)
	b.Owing = listed(b.Owing, account, claim < 0)
}

func listed(list []string, account string, in bool) []string {
	i, found := slices.BinarySearchFunc(list, account, strings.Compare)
	switch {
	case in && !found:
		return slices.Insert(list, i, account)
	case !in && found:
		return slices.Delete(list, i, i+1)
	}
	return list
}

func poolOf(b *book) perp.LedgerAccount      { return of(perp.Pool, b.Symbol) }
func equityOf(b *book) perp.LedgerAccount    { return of(perp.Equity, b.Symbol) }
func feesOf(b *book) perp.LedgerAccount      { return of(perp.Fees, b.Symbol) }
func insuranceOf(b *book) perp.LedgerAccount { return of(perp.Insurance, b.Symbol) }

func of(name, symbol string) perp.LedgerAccount {
	return perp.LedgerAccount{Owner: perp.Maker, Name: name, Symbol: symbol}
}
