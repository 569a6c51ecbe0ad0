package engine

import (
	"slices"

	"backstop/perp"
)

// endedTold bounds the orders that the answer to a mass cancel names; each has had
// its own report before.
const endedTold = 100

// cancelOrders ends the working orders that a session placed. It works in every
// market state, and finding nothing is an answer. One that is held is decided.
func (e *Engine) cancelOrders(c perp.CancelOrders) {
	answer := perp.OrdersCanceled{
		Origin: c.Origin, ClOrdID: c.ClOrdID, Said: c.Said, Symbol: c.Symbol, Side: c.Side,
		Verdict: e.scoped(c.Scope, c.Symbol, c.First()),
	}
	if answer.Verdict.OK() {
		for _, o := range e.ordersOf(c.Session) {
			if within(o, c.Scope, c.Symbol, c.Side) {
				e.end(e.markets[o.Symbol], o, perp.OrderCanceled{Reason: perp.MassCancel})
				if answer.Count++; answer.Count <= endedTold {
					answer.Ended = append(answer.Ended, perp.EndedOrder{ClOrdID: o.ClOrdID, OrderID: o.OrderID})
				}
			}
		}
	}
	e.emit(answer)
}

// requestOrders answers with all orders that may still fill.
func (e *Engine) requestOrders(r perp.RequestOrders) {
	answer := perp.OrdersReported{Origin: r.Origin, ReqID: r.ReqID, Account: r.Account, Symbol: r.Symbol, Side: r.Side}
	answer.Verdict = e.scoped(r.Scope, r.Symbol, r.First())
	if r.Account != "" {
		answer.Verdict = answer.Verdict.Worse(e.may(r.Session, r.Account, r.Account, r.Flawed))
	}
	if answer.Verdict.OK() {
		for _, a := range e.state.Accounts {
			if r.Account != "" && r.Account != a.Name || !slices.Contains(a.Sessions, r.Session) {
				continue
			}
			for _, o := range e.state.Book.at(a.Name) {
				if within(o, r.Scope, r.Symbol, r.Side) {
					answer.Orders = append(answer.Orders, o.Order)
					answer.Execs = append(answer.Execs, e.execID())
				}
			}
		}
		if len(answer.Orders) == 0 {
			answer.Verdict = perp.Verdict{Reject: perp.NoOrders}
		}
	}
	if len(answer.Orders) == 0 {
		answer.Execs = []string{e.execID()}
	}
	e.emit(answer)
}

// scoped judges which orders a request means.
func (e *Engine) scoped(s perp.Scope, symbol string, flaw perp.Verdict) perp.Verdict {
	v := perp.Verdict{}
	switch {
	case s != perp.ScopeMarket && s != perp.ScopeAll:
		v = perp.Verdict{Reject: perp.Unsupported, Detail: "scope"}
	case s == perp.ScopeMarket && symbol == "":
		v = perp.Verdict{Reject: perp.CondField, Need: 55, Detail: "55"}
	case s == perp.ScopeMarket && e.markets[symbol] == nil:
		v = perp.Verdict{Reject: perp.UnknownSymbol, Detail: symbol}
	}
	return v.Worse(flaw)
}

func within(o *order, s perp.Scope, symbol string, side perp.Side) bool {
	return (s == perp.ScopeAll || o.Symbol == symbol) && (side == 0 || o.Side == side)
}
