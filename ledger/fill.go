package ledger

import "backstop/perp"

// Fill is one trade between a client and the maker.
type Fill struct {
	Account string
	Symbol  string
	Side    perp.Side // of the client
	Size    perp.Size
	Price   perp.Price
	Fee     perp.Money // the client pays it to the maker; must not be negative
	Extra   perp.Money // goes to the insurance, as far as there is cash; must not be negative
	Ref     string     // trade id
}

// Fill books one trade: the position, what it realises as a claim, and the fee.
// A fill that closes a position settles the market. It returns the client's
// realised P&L before the fee, and events that are good until the next fill. A fill
// without size, price or client is a Fault: whoever asks has checked that.
//
// Cash of a price times size that is not whole rounds against the client, as
// at the curve (vAMM reference §0); whole tick times lot makes it exact.
func (l *Ledger) Fill(f Fill) (realised perp.Money, events []perp.Event) {
	if f.Size <= 0 || f.Price <= 0 || f.Fee < 0 || f.Extra < 0 || f.Side != perp.Buy && f.Side != perp.Sell || !client(f.Account) || f.Symbol == "" {
		panic(perp.Fault{What: "fill of " + f.Account + " in " + f.Symbol, Args: []int64{int64(f.Side), int64(f.Size), int64(f.Price), int64(f.Fee)}})
	}
	base, cash := flow(f.Side, f.Size, f.Price)
	w := &l.w
	w.events = w.events[:0]
	b := l.book(f.Symbol)
	realised = l.trade(w, b, f.Account, base, cash)
	l.realise(w, b, f.Account, realised, perp.ProfitRealised, f.Ref)
	l.fee(w, b, f)
	if h := l.holder(b, f.Account); h.Size == 0 || (h.Size > 0) == (base > 0) && perp.Abs(h.Size) < perp.Abs(base) {
		l.settle(w, b) // closed, or flipped
	}
	return realised, w.events
}

// flow is what a fill adds to a position, and the cash of it: both with their sign.
func flow(side perp.Side, size perp.Size, price perp.Price) (base perp.Size, cash perp.Money) {
	if side == perp.Sell {
		return -size, perp.Notional(price, size, perp.Floor)
	}
	return size, -perp.Notional(price, size, perp.Ceil)
}

func client(account string) bool {
	return account != "" && account != perp.Maker && account != perp.Outside
}

// FeePaid is what of the fee of the last Fill was taken from cash; the rest is a debt.
func (l *Ledger) FeePaid() perp.Money { return l.w.paid }

// trade books a fill in the client's position and, against it, in the maker's.
func (l *Ledger) trade(w *writer, b *book, account string, base perp.Size, cash perp.Money) perp.Money {
	next, realised := Apply(l.holder(b, account).Position, base, cash)
	l.move(w, b, account, next)
	return realised
}

// move sets the client's position and, against it, moves the maker's.
func (l *Ledger) move(w *writer, b *book, account string, next perp.Position) {
	h := l.holder(b, account)
	l.x.touch(h.stake.market)
	b.note(h)
	old := h.Position
	h.Position = next
	b.start(h)
	h.stake.weigh()
	b.Net = perp.Add(b.Net, perp.Sub(next.Size, old.Size))
	b.Entry = perp.Add(b.Entry, perp.Sub(next.Entry, old.Entry))
	b.Maker = perp.Position{
		Size:  perp.Sub(b.Maker.Size, perp.Sub(next.Size, old.Size)),
		Entry: perp.Sub(b.Maker.Entry, perp.Sub(next.Entry, old.Entry)),
	}
	b.Long = perp.Add(b.Long, max(next.Size, 0)-max(old.Size, 0))
	b.Short = perp.Add(b.Short, max(-next.Size, 0)-max(-old.Size, 0))
	w.emit(perp.PositionChanged{Account: account, Symbol: b.Symbol, Size: next.Size, EntryNotional: next.Entry})
	w.emit(perp.PositionChanged{Account: perp.Maker, Symbol: b.Symbol, Size: b.Maker.Size, EntryNotional: b.Maker.Entry})
}

// Apply is a position after a fill of base (a buy is positive) for cash (a buy
// is negative), and the P&L that the fill realised (vAMM reference §9.1).
// Closing a part takes its share of the entry cash, truncated towards zero.
func Apply(p perp.Position, base perp.Size, cash perp.Money) (next perp.Position, realised perp.Money) {
	size := perp.Add(p.Size, base)
	switch {
	case base == 0:
		panic(perp.Fault{What: "fill without size", Args: []int64{int64(p.Size), int64(cash)}})
	case p.Size == 0 || (p.Size > 0) == (base > 0): // open or increase
		return perp.Position{Size: size, Entry: perp.Add(p.Entry, cash)}, 0
	case size == 0 || (size > 0) == (p.Size > 0): // reduce or close
		closed := share(p.Entry, base, p.Size)
		return perp.Position{Size: size, Entry: perp.Sub(p.Entry, closed)}, perp.Add(closed, cash)
	default: // flip: a part of the cash closes the old side, the rest opens the new one
		closing := share(cash, p.Size, base)
		return perp.Position{Size: size, Entry: perp.Sub(cash, closing)}, perp.Add(p.Entry, closing)
	}
}

// share is the part of amount that size is of whole, truncated towards zero.
func share(amount perp.Money, size, whole perp.Size) perp.Money {
	return perp.Money(perp.MulDiv(int64(amount), int64(perp.Abs(size)), int64(perp.Abs(whole)), perp.Trunc))
}

// realise books a client's profit (or, negative, loss) as a claim on the maker.
func (l *Ledger) realise(w *writer, b *book, account string, amount perp.Money, why perp.TransferReason, ref string) {
	owed, owes := claimOf(account, b), claimOf(perp.Maker, b)
	if amount < 0 {
		owed, owes = owes, owed
	}
	l.transfer(w, owes, owed, perp.Abs(amount), why, ref)
	b.queue(account, l.Balance(claimOf(account, b)))
}

// fee takes the fee of a fill from the client's cash. What cash does not cover
// becomes a debt of the client, a claim of the maker, and is settled like a
// loss once there is cash. What is due to the insurance is never a debt.
func (l *Ledger) fee(w *writer, b *book, f Fill) {
	cash := cashOf(f.Account)
	paid := min(f.Fee, max(0, l.Balance(cash)))
	w.paid = paid
	l.transfer(w, cash, feesOf(b), paid, perp.TradeFee, f.Ref)
	if paid < f.Fee {
		l.realise(w, b, f.Account, paid-f.Fee, perp.TradeFee, f.Ref)
	}
	l.transfer(w, cash, insuranceOf(b), min(f.Extra, max(0, l.Balance(cash))), perp.LiquidationFee, f.Ref)
}

func claimOf(owner string, b *book) perp.LedgerAccount {
	return perp.LedgerAccount{Owner: owner, Name: perp.Claim, Symbol: b.Symbol}
}
