package ledger

import "backstop/perp"

// Hedge moves what the maker's hedges gained at an outside venue into the equity
// of a market, or what they lost out of it, as far as it is there. It returns
// what moved, signed.
func (l *Ledger) Hedge(symbol string, gained perp.Money, ref string) (paid perp.Money, events []perp.Event) {
	var w writer
	b := l.book(symbol)
	venue := perp.LedgerAccount{Owner: perp.Outside, Name: perp.Venue, Symbol: symbol}
	if gained >= 0 {
		paid = max(0, min(gained, perp.Add(l.Balance(venue), BalanceMax)))
		l.transfer(&w, venue, equityOf(b), paid, perp.HedgeSettled, ref)
		return paid, w.events
	}
	paid = max(gained, -l.Balance(equityOf(b)))
	l.transfer(&w, equityOf(b), venue, -paid, perp.HedgeSettled, ref)
	return paid, w.events
}
