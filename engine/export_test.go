package engine

import "backstop/perp"

// KeepEnded sets how many ended orders are kept in mind at least.
func (e *Engine) KeepEnded(n int) { e.state.Book.kept = n }

// InMind is how many orders are.
func (e *Engine) InMind() int { return len(e.state.Book.byID) }

// Positions is the position of an account in the first market.
func (e *Engine) Positions(account string) perp.Position {
	return e.state.Ledger.Position(account, e.state.Markets[0].Instrument.Symbol)
}
