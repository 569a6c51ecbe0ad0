package ledger

import (
	"math"

	"backstop/perp"
)

// Bankrupt lists the accounts that owe in a market and have nothing left to
// pay with: no position, no cash and no claim anywhere (vAMM reference §11.7).
func (l *Ledger) Bankrupt(symbol string) (accounts []string) {
	b := l.look(symbol)
	if b == nil {
		return nil
	}
	for _, account := range b.Owing {
		if l.Balance(perp.LedgerAccount{Owner: account, Name: perp.Cash}) == 0 && !l.holds(account) {
			accounts = append(accounts, account)
		}
	}
	return accounts
}

// holds tells whether an account has a position, accrued funding or a positive
// claim anywhere.
func (l *Ledger) holds(account string) bool {
	c := l.x.known(account)
	if c == nil {
		return false
	}
	for _, s := range c.open {
		if h := s.holder; h != nil && (h.Size != 0 || h.Pending != 0) {
			return true
		}
		if s.claim.amount() > 0 {
			return true
		}
	}
	return false
}

// Resolve spreads what a bankrupt account owes in a market: the insurance pays
// first, then the maker bears up to makerMax, then open positions in proportion
// to their sizes; what nobody can bear stays a debt, and others' claim. Each
// step is a transfer of its own. The caller takes Maker off the maker's equity.
func (l *Ledger) Resolve(account, symbol, id string, makerMax perp.Money) (perp.Bankrupted, []perp.Event) {
	b := l.book(symbol)
	var w writer
	loss := max(0, -l.Balance(claimOf(account, b)))
	r := perp.Bankrupted{LossID: id, Account: account, Symbol: symbol, Loss: loss}
	r.Insurance = min(loss, l.Balance(insuranceOf(b)))
	l.transfer(&w, insuranceOf(b), poolOf(b), r.Insurance, perp.InsurancePaid, id)
	l.forgive(&w, b, account, r.Insurance, perp.InsurancePaid, id)
	r.Maker = max(0, min(loss-r.Insurance, makerMax))
	l.forgive(&w, b, account, r.Maker, perp.MakerAbsorbed, id)
	rest := loss - r.Insurance - r.Maker
	r.Socialised = l.socialise(&w, b, account, rest, id)
	r.Open = rest - r.Socialised
	// The account goes first, so that readers know what its rows are about.
	events := append([]perp.Event{r}, w.events...)
	if r.Insurance > 0 {
		events = append(events, l.Settle(symbol)...)
	}
	return r, events
}

// socialise moves a debt to the open positions, in proportion to size whatever
// their side; remainders of the division go to the last ones in order.
func (l *Ledger) socialise(w *writer, b *book, account string, amount perp.Money, id string) perp.Money {
	open := perp.Add(b.Long, b.Short)
	if amount <= 0 || open <= 0 {
		return 0
	}
	left, size := amount, open
	for _, h := range b.holders() {
		if h.Size == 0 {
			continue
		}
		// Of what is left, its share of the sizes that are left: sums exactly.
		part := perp.Money(perp.MulDiv(int64(left), int64(perp.Abs(h.Size)), int64(size), perp.Floor))
		left, size = left-part, size-perp.Abs(h.Size)
		if part == 0 {
			continue
		}
		l.transfer(w, claimOf(h.Account, b), claimOf(account, b), part, perp.LossSocialised, id)
		b.queue(h.Account, l.Balance(claimOf(h.Account, b)))
		w.emit(perp.LossShared{LossID: id, Account: h.Account, Symbol: b.Symbol, Amount: part})
	}
	b.queue(account, l.Balance(claimOf(account, b)))
	return amount
}

// Owners lists the accounts with an open position in a market, sorted.
func (l *Ledger) Owners(symbol string) (accounts []string) {
	if b := l.look(symbol); b != nil {
		for _, h := range b.holders() {
			if h.Size != 0 {
				accounts = append(accounts, h.Account)
			}
		}
	}
	return accounts
}

// Expire closes every position of a market at price against the maker, then
// settles: losers first, then the maker's equity, fees and insurance, then
// winners in proportion to their claims if there is less. It returns what the
// clients together claimed, what cash there was, and what stayed unpaid.
func (l *Ledger) Expire(symbol string, price perp.Price) (claims, cash, deferred perp.Money, events []perp.Event) {
	b := l.book(symbol)
	var w writer
	for _, account := range l.Owners(symbol) {
		size := l.holder(b, account).Size
		// Floor of a signed value: against the client on both sides.
		realised := l.trade(&w, b, account, -size, perp.Notional(price, size, perp.Floor))
		l.realise(&w, b, account, realised, perp.ProfitRealised, symbol)
	}
	l.payLosses(&w, b)
	claims = l.waiting(b)
	for _, from := range []perp.LedgerAccount{equityOf(b), feesOf(b), insuranceOf(b)} {
		need := max(0, claims-l.Balance(poolOf(b)))
		l.transfer(&w, from, poolOf(b), min(need, l.Balance(from)), perp.ExpiryFunded, symbol)
	}
	cash = l.Balance(poolOf(b))
	l.payWinners(&w, b)
	deferred = l.waiting(b)
	if deferred == 0 {
		l.transfer(&w, poolOf(b), equityOf(b), l.Balance(poolOf(b)), perp.PoolReleased, symbol)
	}
	return claims, cash, deferred, w.events
}

// ExpiryPrice is the price at which the cash of a market covers all claims, or
// the fair one if that is worse for the clients together, one unit further in
// the maker's favour (vAMM reference §13). Debts of bankrupt accounts are not
// counted as if they were paid.
func (l *Ledger) ExpiryPrice(symbol string, fair perp.Price) perp.Price {
	b := l.look(symbol)
	if b == nil || b.Net == 0 {
		return fair
	}
	// Net*p + Entry + claims = cash, solved for p.
	rest := l.Worth(symbol)
	for _, account := range l.Bankrupt(symbol) {
		rest = perp.Add(rest, l.Balance(claimOf(account, b)))
	}
	best := priceOf(rest, b.Net)
	if b.Net > 0 {
		return max(1, min(best, fair)-1)
	}
	return max(1, max(best, fair)+1)
}

// priceOf is cash per size, rounded down, held inside half of what a price can say.
func priceOf(cash perp.Money, size perp.Size) perp.Price {
	const most = math.MaxInt64 / 2
	if perp.Abs(cash)/perp.Money(perp.Abs(size)) >= most/perp.Money(perp.SizeOne) {
		if (cash < 0) != (size < 0) {
			return -most
		}
		return most
	}
	return perp.Price(perp.MulDiv(int64(cash), int64(perp.SizeOne), int64(size), perp.Floor))
}

// Funds is the cash that answers for the clients' claims in a market: the
// pool, the maker's equity and the fees. The insurance is not in it.
func (l *Ledger) Funds(symbol string) perp.Money {
	m := l.x.markets[symbol]
	if m == nil {
		return 0
	}
	return perp.Add(perp.Add(m.pool.amount(), m.equity.amount()), m.fees.amount())
}

// amount is what a row holds; nothing if there is none.
func (r *Balance) amount() perp.Money {
	if r == nil {
		return 0
	}
	return r.Amount
}

// Imbalance is what all clients together would be owed if every position closed
// at price (vAMM reference §9.2); 0 if they owe. It stays at its limit rather
// than overflow.
func (l *Ledger) Imbalance(symbol string, price perp.Price) perp.Money {
	m := l.x.markets[symbol]
	if m == nil || m.book == nil {
		return 0
	}
	b := m.book
	const most = math.MaxInt64 / 4
	if price > 0 && int64(perp.Abs(b.Net))/int64(perp.SizeOne) >= most/int64(price) {
		return most
	}
	owed := perp.Add(perp.Notional(price, b.Net, perp.Floor), perp.Add(b.Entry, -m.claim.amount()))
	return max(0, owed)
}

// Worth is what is left of Funds when every client has its claims and its
// entry cash: the clients' closing value is not in it yet. The maker's equity
// as the curve keeps it, plus that value, is this number exactly (vAMM
// reference §9.4).
func (l *Ledger) Worth(symbol string) perp.Money {
	m := l.x.markets[symbol]
	if m == nil || m.book == nil {
		return l.Funds(symbol)
	}
	// Clients' claims are minus the maker's.
	return perp.Add(perp.Sub(l.Funds(symbol), m.book.Entry), m.claim.amount())
}
