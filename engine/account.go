package engine

import (
	"backstop/perp"
	"backstop/risk"
)

// may judges whether a session may ask about an account.
func (e *Engine) may(session, asked, account string, flaws perp.Flawed) perp.Verdict {
	switch v := flaws.First(); {
	case !v.OK():
		return v
	case e.account(account) == nil:
		return perp.Verdict{Reject: perp.UnknownAccount, Detail: asked}
	case e.permitted(session, account) == nil:
		return perp.Verdict{Reject: perp.AccountNotPermitted, Detail: account}
	}
	return perp.Verdict{}
}

// trades answers with the account's trades that match.
func (e *Engine) trades(r perp.RequestTrades) {
	account := e.ownAccount(r.Session, r.Account)
	answer := perp.TradesReported{Origin: r.Origin, ReqID: r.ReqID, Account: account}
	answer.Verdict = e.may(r.Session, r.Account, account, r.Flawed)
	if answer.Verdict.OK() && r.Symbol != "" && e.markets[r.Symbol] == nil {
		answer.Verdict = perp.Verdict{Reject: perp.UnknownSymbol, Detail: r.Symbol}
	}
	if h := e.histories[account]; h != nil && answer.Verdict.OK() {
		for i := h.latest(); i < h.len(); i++ {
			if t := h.at(i); matches(&t.TradeView, r) {
				answer.Trades = append(answer.Trades, t.TradeView)
			}
		}
	}
	e.emit(answer)
}

func matches(t *perp.TradeView, r perp.RequestTrades) bool {
	same := func(asked, have string) bool { return asked == "" || asked == have }
	return same(r.Symbol, t.Symbol) && same(r.OrderID, t.OrderID) && same(r.ClOrdID, t.ClOrdID) &&
		(r.TradeID == "" || r.TradeID == t.TradeID || r.TradeID == t.ExecID) &&
		t.Time >= r.From && (r.To == 0 || t.Time < r.To)
}

// collateral answers with the account's money as margin counts it.
func (e *Engine) collateral(r perp.RequestCollateral) {
	account := e.ownAccount(r.Session, r.Account)
	answer := perp.CollateralReported{Origin: r.Origin, ReqID: r.ReqID, Unsolicited: r.Unsolicited}
	answer.View.Account = account
	if answer.Verdict = e.may(r.Session, r.Account, account, r.Flawed); answer.Verdict.OK() {
		answer.View = e.collateralView(account)
	}
	e.emit(answer)
}

func (e *Engine) collateralView(account string) perp.CollateralView {
	p := e.portfolio(account)
	v := perp.CollateralView{Account: account, Cash: p.Cash}
	for _, x := range p.Exposures {
		v.Claims = perp.Add(v.Claims, x.Claim)
		v.Unrealised = perp.Add(v.Unrealised, perp.Add(x.Position.Unrealised(x.Oracle), x.Funding))
	}
	initial, keep := risk.Margin(p, risk.Initial), risk.Margin(p, risk.Maintenance)
	v.Equity = perp.Add(v.Cash, perp.Add(v.Claims, v.Unrealised))
	v.Counted, v.Initial, v.Free, v.Maintenance = initial.Collateral, initial.Required, initial.Free, keep.Required
	v.Withdrawable = risk.Withdrawable(p)
	if i := e.endangered(account); i >= 0 {
		v.Liquidating = e.state.Dangers[i].Since > 0
	}
	return v
}
