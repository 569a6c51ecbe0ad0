package engine

import (
	"backstop/perp"
	"backstop/quoting"
)

// gradeEvery is how often sessions are judged although nothing happened: time
// alone makes up for what they did.
const gradeEvery = perp.Second

// enrol notes where each account stands, and which sessions there are with the
// accounts and firms that each trades for, none of them twice.
func (e *Engine) enrol() {
	e.firms, e.traded, e.traders = map[string][]string{}, map[string][]string{}, nil
	e.seats, e.seated = make(map[string]*seat, len(e.state.Accounts)), nil
	type ties struct{ session, firm string }
	tied := map[ties]bool{}
	for i := range e.state.Accounts {
		a := &e.state.Accounts[i]
		e.seats[a.Name] = &seat{account: a.Name, at: i}
		for _, session := range a.Sessions {
			all := e.traded[session]
			if len(all) == 0 {
				e.traders = append(e.traders, session)
			}
			if len(all) == 0 || all[len(all)-1] != a.Name { // A session may be named twice.
				e.traded[session] = append(all, a.Name)
			}
			if x := (ties{session, firmOf(a.Name, a.Firm)}); !tied[x] {
				tied[x] = true
				e.firms[session] = append(e.firms[session], x.firm)
			}
		}
	}
}

func firmOf(account, firm string) string {
	if firm == "" {
		return account
	}
	return firm
}

// firm is whose account it is.
func (e *Engine) firm(account string) string {
	if a := e.account(account); a != nil {
		return firmOf(a.Name, a.Firm)
	}
	return account
}

// learn looks again at the orders whose time has come, and judges those that
// sent them.
func (e *Engine) learn(m *market) {
	before, dwells := "", m.Quoting.Params.TierDwell > 0
	for i, x := range m.Quoting.Ripen(e.now) {
		e.emit(x)
		// All of them are learned from already, and nobody's tier moves twice at once.
		if i == 0 || x.Session != before || !dwells {
			e.regrade(m, x.Session)
		}
		before = x.Session
	}
}

// regrade judges a session and tells it if its terms are others now.
func (e *Engine) regrade(m *market, session string) bool {
	s := m.Quoting.Review(session, e.firms[session], e.now)
	from, changed, struck := m.Quoting.Regrade(session, s, e.now)
	if !changed && !struck {
		return false
	}
	g := graded(m, session, from, s, struck)
	g.Since = e.now
	m.Quoting.Explain(session, g.Why, e.now)
	e.emit(g)
	return changed
}

// graded tells what decided.
func graded(m *market, session string, from perp.Class, s quoting.Standing, struck bool) perp.ClientGraded {
	g := perp.ClientGraded{Session: session, Symbol: m.Instrument.Symbol, From: from, Class: s.Class, Score: s.Score, Why: "recovered"}
	if s.Struck && m.Quoting.Params.LastLook >= quoting.LookTiered {
		g.Until = s.Until
	}
	switch {
	case struck:
		g.Why = "strike"
	case s.New && s.Class.Tier == perp.TierHeld:
		g.Why = "new"
	case s.Class.Tier > from.Tier || s.Class.Surcharge > from.Surcharge:
		g.Why = "markout"
	}
	return g
}

// regradeAll judges all sessions, because evidence fades with time, and tells
// whether any is quoted on other terms.
func (e *Engine) regradeAll(m *market) (changed bool) {
	m.Graded = e.now
	if m.Quoting.Params.TierDwell > 0 { // Nobody's tier moves twice at once, so once is enough.
		for _, session := range e.traders {
			changed = e.regrade(m, session) || changed
		}
		return changed
	}
	for i := range e.state.Accounts {
		for _, session := range e.state.Accounts[i].Sessions {
			changed = e.regrade(m, session) || changed
		}
	}
	return changed
}

// grades tells the present terms of all sessions.
func (e *Engine) grades(m *market) (all []perp.Event) {
	for i := range m.Quoting.Sessions.Clients {
		c := &m.Quoting.Sessions.Clients[i]
		if !c.Seated {
			continue
		}
		g := perp.ClientGraded{Session: c.Key, Symbol: m.Instrument.Symbol, From: c.Class, Class: c.Class, Why: c.Ruled, Since: c.RuledAt}
		if e.now < c.Told && m.Quoting.Params.LastLook >= quoting.LookTiered {
			g.Until = c.Told
		}
		all = append(all, g)
	}
	return all
}

// wish asks for a hedge outside when the maker bears too much itself.
func (e *Engine) wish(m *market) {
	size, wants := m.Quoting.Wants(e.now)
	if !wants {
		return
	}
	e.state.Hedges++
	key := id("H-", e.state.Hedges)
	m.Quoting.Wishes(key, e.now)
	e.emit(perp.HedgeWanted{Symbol: m.Instrument.Symbol, Key: key, Size: size})
}

// hedged books the outside venue's word: its position, and what it gained or
// lost, which is paid at once as far as the market has it.
func (e *Engine) hedged(r perp.HedgeReport) {
	m := e.markets[r.Symbol]
	told := perp.Hedged{Symbol: r.Symbol, Number: r.Number, Position: r.Position, Variation: r.Variation}
	switch {
	case m == nil:
		told.Verdict = perp.Verdict{Reject: perp.UnknownSymbol, Detail: r.Symbol}
	case r.Number <= m.Reported:
		told.Verdict = perp.Verdict{Reject: perp.DuplicateKey, Have: r.Number, Need: m.Reported + 1, Detail: "report"}
	case perp.Abs(r.Position) > hedgeMax || perp.Abs(r.Variation) > variationMax:
		told.Verdict = perp.Verdict{Reject: perp.OutOfRange, Detail: "position or variation"}
	default:
		m.Reported = r.Number
		due := perp.Sub(r.Variation, m.Quoting.VenueDebt)
		paid, events := e.state.Ledger.Hedge(r.Symbol, due, id("V-", r.Number))
		told.Debt = perp.Sub(paid, due)
		m.Quoting.Hedge(r, paid, told.Debt)
		e.emit(events...)
	}
	e.emit(told)
	if told.Verdict.OK() && m.Mode != perp.ModeExpired { // what is open there outlives the market
		e.requote(m)
	}
}

// Bounds of what a venue may say at once.
const (
	hedgeMax     = 1_000_000_000 * perp.SizeOne
	variationMax = 1_000_000_000_000 * perp.MoneyOne
)
