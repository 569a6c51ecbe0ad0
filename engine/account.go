package engine

import (
	"slices"

	"backstop/perp"
	"backstop/risk"
)

// tradesKept is how many trades of an account can be asked for or busted; older ones are
// in its statement.
const tradesKept = 1_000

// history is what an account dealt lately, oldest first.
type history struct {
	Account string
	Trades  []dealt
	Borne   perp.Time // when others last bore a loss of it
}

// dealt is a trade with what it takes to take it back.
type dealt struct {
	perp.TradeView
	Realised perp.Money // with all that is busted left out
	Paid     perp.Money // of the fee, in cash at once
}

func (e *Engine) remember(t dealt) {
	h := e.histories[t.Account]
	if h == nil {
		h = &history{Account: t.Account}
		i, _ := slices.BinarySearchFunc(e.state.History, t.Account, func(h *history, n string) int { return compare(h.Account, n) })
		e.state.History = slices.Insert(e.state.History, i, h)
		e.histories[t.Account] = h
	}
	if len(h.Trades) == 2*tradesKept { // Half at a time: a move for each trade would cost more than the trade.
		h.Trades = append(h.Trades[:0], h.Trades[tradesKept:]...)
	}
	h.Trades = append(h.Trades, t)
}

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
		all := h.Trades
		for _, t := range all[max(0, len(all)-tradesKept):] {
			if matches(t.TradeView, r) {
				answer.Trades = append(answer.Trades, t.TradeView)
			}
		}
	}
	e.emit(answer)
}

func matches(t perp.TradeView, r perp.RequestTrades) bool {
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
