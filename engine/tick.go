package engine

import (
	"slices"

	"backstop/perp"
	"backstop/quoting"
)

// tick moves the reserves of one market to the outside price and quotes anew,
// before any order of the batch is priced; then resting orders that the new
// quote reaches fill. A tick for a market that is not listed changes nothing.
func (e *Engine) tick(t perp.OracleTick) {
	m := e.markets[t.Symbol]
	if m == nil || m.Mode == perp.ModeExpired {
		return
	}
	moved := m.Quoting.Tick(t, e.now)
	if d := moved.Decision; d.Quality != quoting.Valid {
		e.emit(perp.TickRefused{
			Symbol: t.Symbol, Quality: d.Quality.String(), Check: d.Check, Have: d.Have, Limit: d.Limit, State: d.State,
		})
	}
	if moved.Cost != 0 {
		e.emit(perp.Recentred{Symbol: t.Symbol, Peg: moved.Peg, Cost: moved.Cost})
	}
	e.changed(m, moved.Shift)
	if moved.Decision.Accepted() {
		e.learn(m)
	}
	e.requote(m)
	e.decide(m)
	e.sweep(m)
	if moved.Decision.Accepted() {
		e.fire(m)
		e.layOff(m)
	}
	e.wish(m)
	e.marked(m)
}

// clock lets quotes expire and old prices close markets. Then funding,
// settlement and liquidations that are under way go on.
func (e *Engine) clock() {
	e.partOverdue()
	e.age()
	for _, m := range e.state.Markets {
		if m.Mode == perp.ModeExpired {
			continue
		}
		e.lapse(m)
		e.funding(m)
		if e.now-m.Settled >= m.Limits.SettleEvery {
			m.Settled = e.now
			e.settle(m)
		}
	}
	for _, d := range slices.Clone(e.state.Dangers) {
		if e.endangered(d.Account) >= 0 {
			e.watch(d.Account)
		}
	}
}

// age closes markets whose price is old. A quote that would run out before the
// next half of its life is renewed while the price it stands on may still be
// trusted.
func (e *Engine) age() {
	for _, m := range e.state.Markets {
		m.forget(e.now)
		e.tidyProviders(m)
		e.closeStreams(m)
		e.release(m, false, "no newer price in time")
		graded := e.now-m.Graded >= gradeEvery && e.regradeAll(m)
		if shift := m.Quoting.Clock(e.now); shift.Changed() || graded {
			e.changed(m, shift)
			e.requote(m)
			e.sweep(m)
			continue
		}
		if q := m.Quoting.Current(); q.Version != 0 && e.now-q.Time >= (q.ValidUntil-q.Time)/2 {
			e.requote(m)
		}
	}
}

// freshen lets age close a market before a request is judged, however long ago
// the clock last ticked.
func (e *Engine) freshen(m *market) {
	if m == nil || m.Mode == perp.ModeExpired {
		return
	}
	if shift := m.Quoting.Clock(e.now); shift.Changed() {
		e.changed(m, shift)
		e.requote(m)
	}
}

// changed tells what became of a market's state. The reason alone may have
// changed; then nothing follows from it but that it is told.
func (e *Engine) changed(m *market, s quoting.Shift) {
	if !s.Changed() {
		return
	}
	e.emit(perp.StateChanged{Symbol: m.Instrument.Symbol, From: s.From, To: s.To, Cause: s.Cause})
	if s.From != s.To && s.To >= perp.Halted {
		e.release(m, true, "market "+s.To.String())
		e.pullMarket(m, perp.Verdict{Reject: perp.MarketHalted, Detail: s.To.String()})
	}
}

// requote replaces the offers of a market by ones made from its state now.
func (e *Engine) requote(m *market) {
	first := e.state.Versions + 1
	e.state.Versions += int64(m.Quoting.Requote(first, e.now))
	long, short := e.state.Ledger.OpenInterest(m.Instrument.Symbol)
	told := e.fundingTold(m)
	for i := range m.Quoting.Offers {
		q := &m.Quoting.Offers[i].Quote
		q.OpenInterest, q.Funding = max(long, short), told
	}
	if !e.quiet {
		e.out = e.arena.offers(e.out, m, first)
	}
	e.stream(m)
}
