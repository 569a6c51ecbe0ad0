package engine

import (
	"backstop/perp"
	"backstop/risk"
)

// status answers a status request with the order as it is now.
func (e *Engine) status(r perp.RequestStatus) {
	account := e.ownAccount(r.Session, r.Account)
	var o *order
	if e.permitted(r.Session, account) != nil {
		if o = e.state.Book.find(account, r.ClOrdID); o == nil && r.OrderID != "" {
			if x := e.state.Book.byID[r.OrderID]; x != nil && x.Account == account {
				o = x
			}
		}
	}
	answer := perp.StatusReported{Origin: r.Origin, ExecID: e.execID(), StatusID: r.StatusID}
	if o == nil || (r.OrderID != "" && r.OrderID != o.OrderID) {
		answer.Reject = perp.UnknownOrder
		answer.Order = perp.Order{ClOrdID: r.ClOrdID, Account: account, Symbol: r.Symbol, Side: r.Side, Session: r.Session, Updated: e.now}
	} else {
		answer.Order = o.Order
	}
	e.emit(answer)
}

// positions answers a position request, one view per market with a position,
// a claim or a settled amount.
func (e *Engine) positions(r perp.RequestPositions) {
	account := e.ownAccount(r.Session, r.Account)
	answer := perp.PositionsReported{Origin: r.Origin, ReqID: r.ReqID, Account: account, Verdict: r.First(), Unsolicited: r.Unsolicited}
	switch {
	case !answer.Verdict.OK():
	case e.account(account) == nil:
		answer.Verdict = perp.Verdict{Reject: perp.UnknownAccount, Detail: r.Account}
	case e.permitted(r.Session, account) == nil:
		answer.Verdict = perp.Verdict{Reject: perp.AccountNotPermitted, Detail: account}
	case r.Symbol != "" && e.markets[r.Symbol] == nil:
		answer.Verdict = perp.Verdict{Reject: perp.UnknownSymbol, Detail: r.Symbol}
	default:
		whole := e.portfolio(account)
		for _, m := range e.state.Markets {
			if r.Symbol == "" || r.Symbol == m.Instrument.Symbol {
				if v, any := e.view(account, m, whole); any || r.Unsolicited {
					answer.Positions = append(answer.Positions, v)
				}
			}
		}
	}
	e.emit(answer)
}

// view is what an account has in one market, and whether that is anything. whole is
// all that the account has.
func (e *Engine) view(account string, m *market, whole risk.Portfolio) (perp.PositionView, bool) {
	symbol := m.Instrument.Symbol
	p := e.state.Ledger.Position(account, symbol)
	claim := e.state.Ledger.Balance(perp.LedgerAccount{Owner: account, Name: perp.Claim, Symbol: symbol})
	settled := e.state.Ledger.Settled(account, symbol)
	mark := m.Quoting.Mark()
	return perp.PositionView{
		Account: account, Symbol: symbol, Size: p.Size, EntryNotional: p.Entry,
		Mark: mark, PriorMark: mark, Unrealised: p.Unrealised(mark), Claim: claim, Settled: settled,
		Funding:     e.state.Ledger.Funding(account, symbol),
		Pool:        e.state.Ledger.Balance(perp.LedgerAccount{Owner: perp.Maker, Name: perp.Pool, Symbol: symbol}),
		Liquidation: risk.LiquidationPrice(whole, symbol),
	}, p.Size != 0 || claim != 0 || settled != 0
}
