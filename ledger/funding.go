package ledger

import "backstop/perp"

// FundingScale turns an index (1e-12 quote per base unit) times a size (1e-9
// base) into money (1e-6).
const FundingScale = 1_000_000_000_000_000

// Accrue moves the funding indexes of a market: what a long pays and what a
// short receives per base unit, in 1e-12 quote. Nothing is booked yet.
func (l *Ledger) Accrue(symbol string, long, short int64) {
	b := l.book(symbol)
	b.FundLong = perp.Add(b.FundLong, long)
	b.FundShort = perp.Add(b.FundShort, short)
}

// Funding is what an account has accrued in a market and not yet been booked:
// positive is to be received. Rounded down, against the account.
func (l *Ledger) Funding(account, symbol string) perp.Money {
	b := l.look(symbol)
	if b == nil {
		return 0
	}
	h := l.held(account, symbol)
	if h == nil {
		return 0
	}
	return perp.Add(h.Pending, b.accrued(h))
}

// accrued is the funding of a position since its index was last noted.
func (b *book) accrued(h *holder) perp.Money {
	switch {
	case h.Size > 0:
		return perp.Money(perp.MulDiv(h.Index-b.FundLong, int64(h.Size), FundingScale, perp.Floor))
	case h.Size < 0:
		return perp.Money(perp.MulDiv(b.FundShort-h.Index, int64(-h.Size), FundingScale, perp.Floor))
	}
	return 0
}

// note moves what a position accrued to Pending, before its size changes.
func (b *book) note(h *holder) { h.Pending = perp.Add(h.Pending, b.accrued(h)) }

// start sets the index from which the position accrues.
func (b *book) start(h *holder) {
	h.Index = 0
	switch {
	case h.Size > 0:
		h.Index = b.FundLong
	case h.Size < 0:
		h.Index = b.FundShort
	}
}

// FundingOpen is what the indexes of a market moved by since funding was last
// booked, in 1e-12 quote.
func (l *Ledger) FundingOpen(symbol string) (long, short int64) {
	if b := l.look(symbol); b != nil {
		return b.FundLong, b.FundShort
	}
	return 0, 0
}

// FundingIndex is what a long has paid and a short received per base unit since
// the market was listed, booked or not.
func (l *Ledger) FundingIndex(symbol string) (long, short perp.FundingIndex) {
	if b := l.look(symbol); b != nil {
		return b.PaidLong.Plus(b.FundLong), b.PaidShort.Plus(b.FundShort)
	}
	return long, short
}

// FundingTerms are what a booking tells those whom it touches.
type FundingTerms struct {
	Long, Short             perp.Ratio // rates in force, per day
	Every                   perp.Time
	BookedLong, BookedShort perp.FundingRate
}

// BookFunding turns what every position accrued into claims and sets the
// indexes back to zero. What the clients get and pay, the maker pays and gets
// to the last unit: it returns the maker's part.
func (l *Ledger) BookFunding(symbol, id string, terms FundingTerms) (maker perp.Money, events []perp.Event) {
	b := l.look(symbol)
	if b == nil {
		return 0, nil
	}
	var w writer
	b.PaidLong, b.PaidShort = b.PaidLong.Plus(b.FundLong), b.PaidShort.Plus(b.FundShort)
	of := perp.FundingPaid{FundingID: id, Symbol: symbol, Every: terms.Every, Long: b.PaidLong, Short: b.PaidShort}
	for _, h := range b.holders() {
		b.note(h)
		paid, size := h.Pending, h.Size
		h.Pending, h.Index = 0, 0
		h.stake.weigh()
		if paid == 0 {
			continue
		}
		l.realise(&w, b, h.Account, paid, perp.FundingBooked, id)
		maker = perp.Sub(maker, paid)
		of.Account, of.Size, of.Payment, of.Rate, of.Booked = h.Account, size, paid, terms.Long, terms.BookedLong
		if size < 0 {
			of.Rate, of.Booked = terms.Short, terms.BookedShort
		}
		w.emit(of)
	}
	b.FundLong, b.FundShort = 0, 0
	if len(w.events) > 0 {
		of.Account, of.Size, of.Payment, of.Rate, of.Booked = perp.Maker, b.Maker.Size, maker, terms.Long, terms.BookedLong
		w.emit(of)
	}
	return maker, w.events
}
