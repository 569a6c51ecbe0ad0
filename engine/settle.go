package engine

import (
	"strconv"

	"backstop/ledger"
	"backstop/perp"
)

// settle turns the claims of a market into cash and spreads what bankrupt
// accounts cannot pay.
func (e *Engine) settle(m *market) {
	e.emit(e.state.Ledger.Settle(m.Instrument.Symbol)...)
	e.resolve(m)
}

// resolve spreads the debts of accounts that have nothing left, as long as
// there is anyone to bear them. What nobody bears is looked at again with the
// next settlement.
func (e *Engine) resolve(m *market) {
	symbol := m.Instrument.Symbol
	for _, account := range e.state.Ledger.Bankrupt(symbol) {
		long, short := e.state.Ledger.OpenInterest(symbol)
		insurance := e.state.Ledger.Balance(perp.LedgerAccount{Owner: perp.Maker, Name: perp.Insurance, Symbol: symbol})
		if insurance == 0 && m.Quoting.Spare() == 0 && long+short == 0 {
			return
		}
		e.cancelAll(account, perp.LiquidationCancel)
		e.state.Losses++
		r, events := e.state.Ledger.Resolve(account, symbol, id("L-", e.state.Losses), m.Quoting.Spare())
		m.Quoting.Fund(-r.Maker)
		if h := e.histories[account]; h != nil && r.Loss > r.Open {
			h.borne = e.now
		}
		e.emit(events...)
	}
}

// cancelAll ends every working order of an account, and what it quotes.
func (e *Engine) cancelAll(account string, why perp.CancelReason) {
	for _, m := range e.state.Markets {
		e.releaseOf(m, account, why.String())
	}
	e.pullAccount(account, perp.Verdict{Reject: perp.InsufficientMargin, Detail: why.String()})
	for len(e.state.Book.at(account)) > 0 {
		o := e.state.Book.at(account)[0]
		e.end(e.markets[o.Symbol], o, perp.OrderCanceled{Reason: why})
	}
}

// funding lets the funding of a market run and books it when it is due.
func (e *Engine) funding(m *market) {
	symbol := m.Instrument.Symbol
	long, short := e.state.Ledger.OpenInterest(symbol)
	a := m.Quoting.Accrue(e.now, long, short)
	if a.Long != 0 || a.Short != 0 {
		e.state.Ledger.Accrue(symbol, a.Long, a.Short)
		e.drifted(m, a)
	}
	if m.Quoting.FundingDue(e.now) {
		e.bookFunding(m)
		e.watchAll(e.state.Ledger.Owners(symbol))
	}
	if f := &m.Quoting.Funding; perp.Abs(f.Long-m.ToldLong) >= perp.BP || perp.Abs(f.Short-m.ToldShort) >= perp.BP {
		e.tellFunding(m)
	}
}

// bookFunding turns accrued funding into claims.
func (e *Engine) bookFunding(m *market) {
	e.state.Fundings++
	f, symbol := &m.Quoting.Funding, m.Instrument.Symbol
	long, short := e.state.Ledger.FundingOpen(symbol)
	terms := ledger.FundingTerms{
		Long: f.Long, Short: f.Short, Every: m.Quoting.Params.FundingEvery,
		BookedLong: m.Quoting.FundingRate(long), BookedShort: m.Quoting.FundingRate(short),
	}
	maker, events := e.state.Ledger.BookFunding(symbol, "F-"+strconv.FormatInt(e.state.Fundings, 10), terms)
	m.Quoting.FundingBooked(maker, e.now)
	f.LastRate = terms.BookedLong
	e.emit(events...)
	e.tellFunding(m)
}

// fundingTold is what the quotes of a market say of its funding.
func (e *Engine) fundingTold(m *market) perp.Funding {
	moved, _ := e.state.Ledger.FundingOpen(m.Instrument.Symbol)
	told := m.Quoting.FundingTold(e.now, moved)
	if told.Every != 0 {
		told.Long, told.Short = e.state.Ledger.FundingIndex(m.Instrument.Symbol)
	}
	return told
}

func (e *Engine) tellFunding(m *market) {
	m.ToldLong, m.ToldShort = m.Quoting.Funding.Long, m.Quoting.Funding.Short
	e.emit(e.rate(m))
}

// rate is the funding in force.
func (e *Engine) rate(m *market) perp.FundingAccrued {
	f := m.Quoting.Funding
	return perp.FundingAccrued{
		Symbol: m.Instrument.Symbol, Premium: perp.Ratio(f.Premium / 1_000), Long: f.Long, Short: f.Short,
		Capped: f.Capped, Next: m.Quoting.FundingNext(e.now),
	}
}
