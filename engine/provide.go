package engine

import (
	"slices"

	"backstop/perp"
	"backstop/risk"
)

// Limits on what liquidity providers quote.
const (
	// providedEach bounds the quotes of an account in one market, providersMax the
	// accounts that quote in a market; perp.ProvidedMax, the entries of one request.
	providedEach = 20
	providersMax = 50
	// providedFor is how long a quote stands that names no time, or a later one.
	providedFor = 60 * perp.Second
)

// provider is what an account quotes to the maker in one market.
type provider struct {
	Account string
	Session string
	QuoteID string
	Quotes  []provided   `json:",omitempty"` // in the order in which they came
	Dealt   []risk.Dealt `json:",omitempty"` // that its protection still counts
	Frozen  bool         `json:",omitempty"` // until it says that it goes on, or Thaw
	Thaw    perp.Time    `json:",omitempty"`
}

// provided is one bid or offer of a provider.
type provided struct {
	Entry string
	Side  perp.Side // of the provider: Buy is a bid
	Level perp.Level
	Until perp.Time
	Rank  int64 // number of the command that it came with
}

// provide takes the quotes of a liquidity provider, all of them or none. They are
// never dealt on here: only a tick lays off, at a price that it brought.
func (e *Engine) provide(c perp.ProvideQuotes) {
	c.Account = e.ownAccount(c.Session, c.Account)
	answer := perp.QuotesProvided{Origin: c.Origin, QuoteID: c.QuoteID, Account: c.Account, Quiet: c.Quiet, Verdict: c.First()}
	if len(c.Entries) > perp.ProvidedMax {
		answer.Verdict = answer.Verdict.Worse(perp.Verdict{Reject: perp.QuoteEntries, Need: perp.ProvidedMax, Have: int64(len(c.Entries)), Detail: "entries"})
		c.Entries = c.Entries[:perp.ProvidedMax] // What stood there is pulled, as far as it is looked at.
	}
	for i := range c.Entries {
		x := &c.Entries[i]
		v := e.mayProvide(c, i)
		answer.Entries = append(answer.Entries, perp.ProvidedAnswer{Set: x.Set, ID: x.ID, Symbol: x.Symbol, Verdict: v})
		answer.Verdict = answer.Verdict.Worse(v)
	}
	if e.permitted(c.Session, c.Account) != nil {
		for i := range c.Entries {
			if m := e.markets[c.Entries[i].Symbol]; m != nil && !named(c.Entries[:i], m.Instrument.Symbol) {
				e.placeProvided(m, c, answer.Verdict.OK())
			}
		}
	}
	if answer.Verdict.OK() { // There is nothing to say of each.
		answer.Entries = nil
	}
	e.emit(answer)
}

func named(entries []perp.ProvidedQuote, symbol string) bool {
	return slices.ContainsFunc(entries, func(x perp.ProvidedQuote) bool { return x.Symbol == symbol })
}

// mayProvide judges one entry by itself, and among those before it.
func (e *Engine) mayProvide(c perp.ProvideQuotes, at int) perp.Verdict {
	x := c.Entries[at]
	m := e.markets[x.Symbol]
	e.freshen(m)
	v := risk.Provide(c.Session, c.Account, x, e.facts(c.Account, m))
	if m == nil {
		return v
	}
	if m.Quoting.Params.LayOffFrom == 0 {
		v = v.Worse(perp.Verdict{Reject: perp.Unsupported, Detail: "nothing is laid off in this market"})
	}
	quotes := 0
	for _, y := range c.Entries[:at+1] {
		if y.Symbol != x.Symbol {
			continue
		}
		quotes += sides(y)
		if x.Bid.Size > 0 && y.Ask.Size > 0 && x.Bid.Price >= y.Ask.Price || y.Bid.Size > 0 && x.Ask.Size > 0 && y.Bid.Price >= x.Ask.Price {
			v = v.Worse(perp.Verdict{Reject: perp.QuoteCrossed, Detail: "with entry " + y.ID})
		}
	}
	if quotes > providedEach {
		v = v.Worse(perp.Verdict{Reject: perp.QuoteEntries, Need: providedEach, Have: int64(quotes), Detail: "quotes in a market"})
	}
	i, known := m.provider(c.Account)
	switch {
	case !known && quotes > 0 && len(m.Providers) >= providersMax:
		v = v.Worse(perp.Verdict{Reject: perp.QuoteEntries, Need: providersMax, Have: int64(len(m.Providers)) + 1, Detail: "providers in a market"})
	case known && quotes > 0 && !c.Reset && m.Providers[i].frozen(e.now):
		v = v.Worse(perp.Verdict{Reject: perp.MMPFrozen, Detail: "22090=Y ends it"})
	}
	return v
}

func sides(x perp.ProvidedQuote) (n int) {
	for _, l := range []perp.Level{x.Bid, x.Ask} {
		if l.Size > 0 {
			n++
		}
	}
	return n
}

func (p *provider) frozen(now perp.Time) bool { return p.Frozen && (p.Thaw == 0 || now < p.Thaw) }

// provider finds what an account quotes in a market, and where it belongs if it
// quotes nothing.
func (m *market) provider(account string) (i int, known bool) {
	return slices.BinarySearchFunc(m.Providers, account, func(p provider, name string) int { return compare(p.Account, name) })
}

// placeProvided lets the entries of a market take the place of what its account
// quoted there; of a request that is refused, none do.
func (e *Engine) placeProvided(m *market, c perp.ProvideQuotes, accepted bool) {
	i, known := m.provider(c.Account)
	if !known {
		if !accepted {
			return
		}
		m.Providers = slices.Insert(m.Providers, i, provider{Account: c.Account})
	}
	p := &m.Providers[i]
	p.Quotes = nil
	if accepted {
		p.Session, p.QuoteID = c.Session, c.QuoteID
		if c.Reset || p.Frozen && !p.frozen(e.now) {
			p.goOn()
		}
		for _, x := range c.Entries {
			if x.Symbol == m.Instrument.Symbol {
				p.take(x, e.now, e.state.Seq)
			}
		}
	}
	e.noteProvider(m, c.Account)
	e.tidyProviders(m)
}

func (p *provider) take(x perp.ProvidedQuote, now perp.Time, rank int64) {
	until := now + providedFor
	if x.Until != 0 {
		until = min(until, x.Until)
	}
	for _, side := range []perp.Side{perp.Buy, perp.Sell} {
		l := x.Bid
		if side == perp.Sell {
			l = x.Ask
		}
		if l.Size > 0 {
			p.Quotes = append(p.Quotes, provided{Entry: x.ID, Side: side, Level: l, Until: until, Rank: rank})
		}
	}
}

// tidyProviders drops quotes whose time is over, fills that no protection counts any
// more, and providers of whom nothing is left to know: their places are few.
func (e *Engine) tidyProviders(m *market) {
	for i := range m.Providers {
		p, stood := &m.Providers[i], len(m.Providers[i].Quotes)
		p.Quotes = slices.DeleteFunc(p.Quotes, func(q provided) bool { return q.Until <= e.now })
		if len(p.Quotes) < stood {
			e.noteProvider(m, p.Account)
		}
		if len(p.Quotes) == 0 {
			p.Quotes = nil
		}
		if p.Dealt = e.account(p.Account).Protection.Counts(p.Dealt, e.now); len(p.Dealt) == 0 {
			p.Dealt = nil
		}
	}
	m.Providers = slices.DeleteFunc(m.Providers, func(p provider) bool {
		over := len(p.Quotes) == 0 && len(p.Dealt) == 0 && !p.frozen(e.now)
		if over && p.Frozen {
			e.noteProvider(m, p.Account)
		}
		return over
	})
	if len(m.Providers) == 0 {
		m.Providers = nil
	}
}

// pull takes the quotes of a provider away and tells it why.
func (e *Engine) pull(m *market, p *provider, why perp.Verdict) {
	if len(p.Quotes) > 0 {
		e.tellPulled(m, p, why)
	}
}

// tellPulled also tells a provider that its last quote was dealt on, and that there
// must be none after it.
func (e *Engine) tellPulled(m *market, p *provider, why perp.Verdict) {
	p.Quotes = nil
	e.noteProvider(m, p.Account)
	told := perp.QuotesPulled{Session: p.Session, Account: p.Account, Symbol: m.Instrument.Symbol, QuoteID: p.QuoteID, Why: why}
	if p.Frozen {
		told.Until = p.Thaw
	}
	e.emit(told)
}

// pullMarket takes all quotes of a market away.
func (e *Engine) pullMarket(m *market, why perp.Verdict) {
	for i := range m.Providers {
		e.pull(m, &m.Providers[i], why)
	}
	e.tidyProviders(m)
}

// pullAccount takes all quotes of an account away.
func (e *Engine) pullAccount(account string, why perp.Verdict) {
	for _, m := range e.state.Markets {
		if i, known := m.provider(account); known {
			e.pull(m, &m.Providers[i], why)
			e.tidyProviders(m)
		}
	}
}

// dropProvided ends what a session quotes, or every one: nobody is there who could
// take it back.
func (e *Engine) dropProvided(session string) {
	for _, m := range e.state.Markets {
		for i := range m.Providers {
			if p := &m.Providers[i]; len(p.Quotes) > 0 && (session == "" || p.Session == session) {
				p.Quotes = nil
				e.noteProvider(m, p.Account)
			}
		}
		e.tidyProviders(m)
	}
}

// quitProvided ends what a session quotes in a market because it says so, and
// counts the quotes.
func (e *Engine) quitProvided(m *market, session, quoteID string) (ended int) {
	e.tidyProviders(m) // What is over is not ended.
	for i := range m.Providers {
		if p := &m.Providers[i]; p.Session == session && (quoteID == "" || p.QuoteID == quoteID) {
			if len(p.Quotes) > 0 {
				e.noteProvider(m, p.Account)
			}
			ended += len(p.Quotes)
			p.Quotes = nil
		}
	}
	e.tidyProviders(m)
	return ended
}
