package ledger

import "backstop/perp"

// Dealt is one fill as far as a position goes, and what it realised.
type Dealt struct {
	Side     perp.Side
	Size     perp.Size
	Price    perp.Price
	Realised perp.Money
}

// Without is the position that would be there if the first of some fills had never
// been: they are all that the account dealt in a market from that one on, oldest
// first, and now is what they led to. The others realise anew, from the position
// before them, and say so in their Realised; change is by how much all that was
// realised differs. Cash moves entry or is realised (vAMM reference §9.1), so each
// fill can be taken off exactly, and no money depends on the order of busts.
func Without(now perp.Position, fills []Dealt) (next perp.Position, change perp.Money) {
	next = now
	for _, f := range fills {
		base, cash := flow(f.Side, f.Size, f.Price)
		next.Size = perp.Sub(next.Size, base)
		next.Entry = perp.Sub(next.Entry, perp.Sub(cash, f.Realised))
		change = perp.Sub(change, f.Realised)
	}
	for i := range fills[1:] {
		f := &fills[i+1]
		base, cash := flow(f.Side, f.Size, f.Price)
		next, f.Realised = Apply(next, base, cash)
		change = perp.Add(change, f.Realised)
	}
	return next, change
}

// Bust is a trade between a client and the maker that is taken back.
type Bust struct {
	Account  string
	Symbol   string
	Next     perp.Position // of the client, as Without gives it
	Realised perp.Money    // change of what the client has realised
	Fee      perp.Money    // that it was to pay
	Paid     perp.Money    // of it, in cash at once
	Ref      string        // trade id
}

// Bust takes one trade back: the position, what it realised as a claim, and the
// fee, from where that went to where it came from. Then the market settles, so
// that what was paid out for the trade comes back as any loss does. Funding stays
// where it is. That the fees of the market do not hold the fee is a Fault: they
// leave it only when it expires.
func (l *Ledger) Bust(t Bust) []perp.Event {
	b := l.look(t.Symbol)
	if b == nil || l.held(t.Account, t.Symbol) == nil || t.Paid < 0 || t.Paid > t.Fee || t.Paid > l.Balance(feesOf(b)) {
		panic(perp.Fault{What: "bust of " + t.Ref + " of " + t.Account + " in " + t.Symbol, Args: []int64{int64(t.Fee), int64(t.Paid)}})
	}
	var w writer
	l.move(&w, b, t.Account, t.Next)
	l.realise(&w, b, t.Account, t.Realised, perp.BustBooked, t.Ref)
	l.transfer(&w, feesOf(b), cashOf(t.Account), t.Paid, perp.FeeReturned, t.Ref)
	l.realise(&w, b, t.Account, perp.Sub(t.Fee, t.Paid), perp.FeeReturned, t.Ref)
	l.settle(&w, b)
	return w.events
}
