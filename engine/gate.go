package engine

import (
	"slices"

	"backstop/perp"
	"backstop/risk"
)

// facts gathers what risk needs to judge a request of an account in a market;
// either may be missing. The portfolio counts all working orders as they are.
func (e *Engine) facts(account string, m *market) risk.Facts {
	f := risk.Facts{Now: e.now, RequestAge: e.requestAge(), Account: e.account(account)}
	if f.Account != nil {
		f.Portfolio = e.portfolio(account)
	}
	if m == nil {
		return f
	}
	f.Instrument, f.Limits = &m.Instrument, m.Limits
	f.State, f.Cause = m.Quoting.State()
	f.Oracle = m.Quoting.Mark()
	long, short := e.state.Ledger.OpenInterest(m.Instrument.Symbol)
	f.Maker = risk.MakerFacts{
		Limits:    m.Limits,
		Inventory: perp.Add(e.state.Ledger.Position(perp.Maker, m.Instrument.Symbol).Size, m.Quoting.Hedged),
		Long:      long, Short: short,
		Client: e.state.Ledger.Position(account, m.Instrument.Symbol).Size,
		Equity: m.Quoting.Funds(), Oracle: f.Oracle,
	}
	return f
}

func (e *Engine) requestAge() perp.Time {
	if e.state.RequestAge == 0 {
		return risk.DefaultRequestAge
	}
	return max(0, e.state.RequestAge)
}

// portfolio is all that an account has at stake: every market with a position,
// a claim or a working order, sorted by symbol. Markets in which it has nothing
// cost nothing. The list is good until the next portfolio is made.
func (e *Engine) portfolio(account string) risk.Portfolio {
	e.stakes = e.state.Ledger.Stakes(account, e.stakes[:0])
	e.exposures = e.exposures[:0]
	for i := range e.stakes {
		s := &e.stakes[i]
		m := e.markets[s.Symbol]
		if s.Claim == 0 && s.Position.Size == 0 && s.Funding == 0 || m == nil {
			continue
		}
		x := e.expose(len(e.exposures), m)
		x.Position, x.Claim, x.Funding = s.Position, s.Claim, s.Funding
	}
	for _, o := range e.working(account) {
		i, found := slices.BinarySearchFunc(e.exposures, o.Symbol, func(x risk.Exposure, symbol string) int { return compare(x.Symbol, symbol) })
		if !found {
			e.expose(i, e.markets[o.Symbol])
		}
		x := &e.exposures[i]
		x.Orders++
		switch {
		case o.Reduce != 0 || o.Armed(): // They take no position further from flat, now at least.
		case o.Side == perp.Buy:
			x.Bids = perp.Add(x.Bids, o.Leaves())
		default:
			x.Asks = perp.Add(x.Asks, o.Leaves())
		}
	}
	return risk.Portfolio{
		Cash:      e.state.Ledger.Balance(perp.LedgerAccount{Owner: account, Name: perp.Cash}),
		Exposures: e.exposures,
	}
}

// expose makes room for a market in the portfolio that is being made.
func (e *Engine) expose(i int, m *market) *risk.Exposure {
	symbol, mark := m.Instrument.Symbol, m.Quoting.Mark()
	e.exposures = slices.Insert(e.exposures, i, risk.Exposure{
		Symbol: symbol, Limits: m.Limits, Oracle: mark, Imbalance: e.state.Ledger.Imbalance(symbol, mark),
	})
	return &e.exposures[i]
}

// preTrade walks a new order down the ladder of refusals.
func (e *Engine) preTrade(o perp.PlaceOrder, known *order, m *market, d dealing) perp.Verdict {
	f := e.facts(o.Account, m)
	f.Used = known != nil
	f.Quote = risk.QuoteFacts{
		Found: d.found, Foreign: d.foreign, Expired: d.expired, Superseded: d.old, Side: d.side, Level: d.level, Consumed: d.used,
	}
	if m != nil && o.Type == perp.Market {
		f.Unpriced = len(m.Quoting.Take(m.Quoting.ClassOf(o.Session), o.Side, 1, 0, e.levels[:0])) == 0
	}
	f.Marketable = e.marketable(m, o.Session, o.Side, o.Price, o.PostOnly)
	return e.checker.PreTrade(&o, &f)
}

// mayFill judges a passive fill at the moment at which the quote reaches it.
func (e *Engine) mayFill(m *market, o *order, levels []perp.Level) perp.Verdict {
	return risk.Fill(o.Order, total(levels), e.facts(o.Account, m))
}

// mayReplace judges a change of a working order.
func (e *Engine) mayReplace(o *order, r perp.ReplaceOrder) perp.Verdict {
	m := e.markets[o.Symbol]
	f := e.facts(o.Account, m)
	f.Marketable = e.marketable(m, o.Session, o.Side, r.Price, o.PostOnly)
	return risk.Replace(r, o.Order, f)
}

// marketable tells whether an order that must not deal at once would. It is
// asked of such orders only.
func (e *Engine) marketable(m *market, session string, side perp.Side, limit perp.Price, asked bool) bool {
	return asked && m != nil && len(m.Quoting.Take(m.Quoting.ClassOf(session), side, 1, limit, e.levels[:0])) > 0
}

// mayQuote judges a quote request.
func (e *Engine) mayQuote(r perp.RequestQuote, m *market) perp.Verdict {
	v := risk.Quote(r, e.facts(r.Account, m))
	if m != nil && len(m.RFQs) >= rfqMax {
		v = v.Worse(perp.Verdict{Reject: perp.Throttled, Need: int64(len(m.RFQs)), Have: rfqMax, Detail: "open quote requests"})
	}
	return v
}
