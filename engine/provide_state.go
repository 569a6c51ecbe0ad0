package engine

import (
	"slices"
	"strings"

	"backstop/perp"
)

// touched is a provider of whom there is something new to tell.
type touched struct {
	m       *market
	account string
}

// noteProvider notes that there is. What is to be told is read when the command is done, as
// one command may change it several times.
func (e *Engine) noteProvider(m *market, account string) {
	if t := (touched{m, account}); !slices.Contains(e.touched, t) {
		e.touched = append(e.touched, t)
	}
}

// stateProviders tells it, behind all else: the events that are stored keep their
// places so.
func (e *Engine) stateProviders() {
	for _, t := range e.touched {
		e.emit(t.m.stateOf(t.account))
	}
	clear(e.touched)
	e.touched = e.touched[:0]
}

// stateOf is what an account quotes in a market.
func (m *market) stateOf(account string) perp.ProviderStated {
	told := perp.ProviderStated{Symbol: m.Instrument.Symbol, Account: account}
	i, known := m.provider(account)
	if !known {
		return told
	}
	p := &m.Providers[i]
	told.Session, told.QuoteID, told.Frozen, told.Thaw = p.Session, p.QuoteID, p.Frozen, p.Thaw
	for _, q := range p.Quotes {
		told.Quotes = append(told.Quotes, perp.StandingQuote{Entry: q.Entry, Side: q.Side, Level: q.Level, Until: q.Until})
	}
	return told
}

// frozenOf are the accounts of a session whose protection has acted, by market, in
// one market or all.
func (e *Engine) frozenOf(session, symbol string) (all []touched) {
	for _, m := range e.state.Markets {
		if symbol != "" && m.Instrument.Symbol != symbol {
			continue
		}
		for i := range m.Providers {
			p := &m.Providers[i]
			if p.frozen(e.now) && (p.Session == session || e.permitted(session, p.Account) != nil) {
				all = append(all, touched{m, p.Account})
			}
		}
	}
	return all
}

// mayReset judges that the desk lets a provider quote again.
func (e *Engine) mayReset(c perp.SteerSession) perp.Verdict {
	switch {
	case c.Symbol != "" && e.markets[c.Symbol] == nil:
		return perp.Verdict{Reject: perp.UnknownSymbol, Detail: c.Symbol}
	case len(e.frozenOf(c.Session, c.Symbol)) == 0:
		return perp.Verdict{Reject: perp.WrongState, Detail: strings.TrimSpace("no protection of " + c.Session + " has acted " + in(c.Symbol))}
	}
	return perp.Verdict{}
}

func in(symbol string) string {
	if symbol == "" {
		return ""
	}
	return "in " + symbol
}

// resetProtection lets the accounts of a session quote again as if they had said so
// themselves, and says where.
func (e *Engine) resetProtection(c perp.SteerSession) string {
	var where []string
	for _, t := range e.frozenOf(c.Session, c.Symbol) {
		i, _ := t.m.provider(t.account)
		t.m.Providers[i].goOn()
		e.noteProvider(t.m, t.account)
		if symbol := t.m.Instrument.Symbol; !slices.Contains(where, symbol) {
			where = append(where, symbol)
		}
		e.tidyProviders(t.m)
	}
	return c.Session + " may quote again in " + strings.Join(where, ", ")
}

// goOn ends what a protection has stopped, and what it had counted.
func (p *provider) goOn() { p.Frozen, p.Thaw, p.Dealt = false, 0, nil }
