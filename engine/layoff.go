package engine

import (
	"slices"

	"backstop/perp"
	"backstop/risk"
)

// layOff deals on the best quotes of liquidity providers while the maker bears more
// than it wants to, before it wishes for a hedge outside. It depends on what the
// maker holds and on the price alone: an order that is held leaves no trace in it.
// Every turn deals on a quote, takes quotes away or passes an account, so it ends.
func (e *Engine) layOff(m *market) {
	e.tidyProviders(m)
	dealt := false
	var passed []string // accounts that may not deal now, though nothing is wrong with them
	for {
		n := m.Quoting.LaysOff(e.now)
		if n == 0 {
			break
		}
		p, at := e.bestProvided(m, n, passed)
		if p == nil {
			break
		}
		size := min(perp.Abs(n), p.Quotes[at].Level.Size)
		o := providedOrder(p, p.Quotes[at], m.Instrument.Symbol, size)
		o.Created, o.Updated = e.now, e.now
		switch v := risk.Deal(o, e.facts(p.Account, m)); v.Reject {
		case perp.RejectNone:
			e.dealProvided(m, p, at, o)
			dealt = true
		case perp.OILimit, perp.DealerLeverage, perp.ReduceOnlyMode, perp.Drawdown:
			passed = append(passed, p.Account)
		default:
			e.pull(m, p, v)
		}
	}
	e.tidyProviders(m)
	if dealt {
		e.requote(m)
		e.sweep(m)
	}
}

// bestProvided is the best quote that takes n off the maker: the highest bid if it
// sells (n is negative), the lowest offer if it buys, close enough to the oracle
// price; of equal ones that which came first.
func (e *Engine) bestProvided(m *market, n perp.Size, passed []string) (best *provider, at int) {
	side := perp.Buy
	if n > 0 {
		side = perp.Sell
	}
	for i := range m.Providers {
		p := &m.Providers[i]
		if slices.Contains(passed, p.Account) {
			continue
		}
		for k, q := range p.Quotes {
			if q.Side != side || !m.Quoting.Near(q.Level.Price) {
				continue
			}
			if best == nil || q.beats(best.Quotes[at]) {
				best, at = p, k
			}
		}
	}
	return best, at
}

func (q provided) beats(o provided) bool {
	if q.Level.Price != o.Level.Price {
		return (q.Level.Price > o.Level.Price) == (q.Side == perp.Buy)
	}
	return q.Rank < o.Rank
}

func providedOrder(p *provider, q provided, symbol string, size perp.Size) perp.Order {
	return perp.Order{
		Session: p.Session, Account: p.Account, Symbol: symbol, Side: q.Side, Type: perp.Limit, TIF: perp.FOK, Size: size,
		Price: q.Level.Price, QuoteID: q.Entry, Status: perp.New, Provided: true,
	}
}

// dealProvided books a fill on a provider's quote, at its price and without a fee,
// as that of an order which the gateway makes for it; then its protection counts.
func (e *Engine) dealProvided(m *market, p *provider, at int, terms perp.Order) {
	q := &p.Quotes[at]
	o := &order{Rank: e.state.Seq, Order: terms}
	o.OrderID = e.orderID()
	e.state.Book.add(o, e.state.Seq)
	e.emit(perp.OrderAccepted{ExecID: e.execID(), Order: o.Order})
	l := perp.Level{Price: q.Level.Price, Size: terms.Size}
	m.Quoting.LaidOff(o.Side, l.Size, l.Price)
	e.noteProvider(m, p.Account)
	e.book(m, o, l, 0, perp.Added, 0, 0)
	e.emit(perp.LaidOff{
		Symbol: o.Symbol, Account: o.Account, QuoteID: p.QuoteID, EntryID: q.Entry, OrderID: o.OrderID,
		Price: l.Price, Size: -l.Size * perp.Size(o.Side.Sign()),
	})
	if q.Level.Size -= l.Size; q.Level.Size == 0 {
		p.Quotes = slices.Delete(p.Quotes, at, at+1)
	}
	a := e.account(p.Account)
	dealt := append(p.Dealt, risk.Dealt{At: e.now, Size: l.Size, Notional: perp.Notional(l.Price, l.Size, perp.Floor)})
	var v perp.Verdict
	if p.Dealt, v = a.Protection.Trips(dealt, e.now); v.OK() {
		return
	}
	p.Dealt, p.Frozen, p.Thaw = nil, true, 0
	if cool := a.Protection.Cool; cool > 0 {
		p.Thaw = e.now + cool
	}
	e.tellPulled(m, p, v)
}
