package engine

import (
	"backstop/perp"
	"backstop/risk"
)

// answer ends a command of the desk. The configuration at start asks for none.
func (e *Engine) answer(key, by, kind string, v perp.Verdict, text string) {
	if by == "" {
		return
	}
	if !v.OK() {
		text = ""
	}
	e.emit(perp.OperatorAnswered{Key: key, Command: kind, By: by, Verdict: v, Text: text})
}

// deposit pays collateral in. One that does not stand changes nothing.
func (e *Engine) deposit(d perp.Deposit) {
	v := e.mayHold(d.Account, d.Symbol, d.Key)
	if v.OK() {
		var events []perp.Event
		v, events = e.state.Ledger.Deposit(d)
		e.emit(events...)
	}
	if m := e.markets[d.Symbol]; v.OK() && d.Account == perp.Maker && d.Fund != perp.Insurance && m.Mode != perp.ModeExpired {
		m.Quoting.Fund(d.Amount)
	}
	e.answer(d.Key, d.By, d.Kind(), v, d.Amount.String()+" paid in")
}

// mayHold finds what stands against moving money of an account.
func (e *Engine) mayHold(account, symbol, key string) perp.Verdict {
	switch {
	case e.state.Ledger.Used(key):
		return perp.Verdict{Reject: perp.DuplicateKey, Detail: key}
	case account == perp.Maker && e.markets[symbol] == nil:
		return perp.Verdict{Reject: perp.UnknownSymbol, Detail: symbol}
	case account == perp.Maker && e.markets[symbol].Mode == perp.ModeExpired:
		return perp.Verdict{Reject: perp.WrongState, Detail: symbol + " has expired"}
	case account != perp.Maker && e.account(account) == nil:
		return perp.Verdict{Reject: perp.UnknownAccount, Detail: account}
	case account != perp.Maker && symbol != "":
		return perp.Verdict{Reject: perp.BadRequest, Detail: "a client's cash is of no market"}
	}
	return perp.Verdict{}
}

// withdraw pays out. A client may take settled free collateral only: claims are
// settled first, on a copy of the books, which replaces them if all is well, so
// that a refusal changes nothing.
func (e *Engine) withdraw(w perp.Withdraw) {
	v, before := e.mayHold(w.Account, w.Symbol, w.Key), e.state.Outflow.Stopped
	switch {
	case !v.OK():
	case w.Amount <= 0:
		v = perp.Verdict{Reject: perp.OutOfRange, Have: int64(w.Amount), Need: 1, Detail: "amount"}
	case w.Account == perp.Maker:
		v = e.withdrawMaker(w)
	default:
		v = e.withdrawClient(w)
	}
	if v.OK() {
		e.emit(perp.Withdrawn{Account: w.Account, Symbol: w.Symbol, Fund: w.Fund, Amount: w.Amount, Key: w.Key})
	}
	if e.state.Outflow.Stopped && !before && e.state.Venue.HaltMarkets {
		e.haltAll("outflow limit")
	}
	e.answer(w.Key, w.By, w.Kind(), v, w.Amount.String()+" paid out")
}

func (e *Engine) withdrawClient(w perp.Withdraw) perp.Verdict {
	books := e.state.Ledger
	trial := books.Clone()
	events := trial.SettleAll()
	e.state.Ledger = trial
	free := risk.Withdrawable(e.portfolio(w.Account))
	v := perp.Verdict{}
	switch {
	case e.endangered(w.Account) >= 0:
		v = perp.Verdict{Reject: perp.WrongState, Detail: w.Account + " is under a margin call"}
	case w.Amount > free:
		v = perp.Verdict{Reject: perp.InsufficientFunds, Need: int64(w.Amount), Have: int64(free), Detail: "settled free collateral"}
	default:
		var next risk.Outflow
		next, v = e.state.Venue.Withdraw(e.state.Outflow, w.Amount, trial.ClientCash(), e.now)
		if next.Stopped && !e.state.Outflow.Stopped {
			e.emit(perp.WithdrawalsStopped{Stopped: true, Out: perp.Money(v.Need), Limit: perp.Money(v.Have)})
		}
		e.state.Outflow = next
	}
	if v.OK() {
		var paid []perp.Event
		if v, paid = trial.Withdraw(w); v.OK() {
			e.emit(events...)
			e.emit(paid...)
			return v
		}
	}
	e.state.Ledger = books
	return v
}

// withdrawMaker takes from the insurance, or from the equity what is not needed
// to keep half of the fees (vAMM reference §3.1).
func (e *Engine) withdrawMaker(w perp.Withdraw) perp.Verdict {
	m := e.markets[w.Symbol]
	if w.Fund != "" && w.Fund != perp.Equity && w.Fund != perp.Insurance {
		return perp.Verdict{Reject: perp.BadRequest, Detail: "fund " + w.Fund}
	}
	insurance := w.Fund == perp.Insurance
	if spare := m.Quoting.Spare(); !insurance && w.Amount > spare {
		return perp.Verdict{Reject: perp.InsufficientFunds, Need: int64(w.Amount), Have: int64(spare), Detail: "spare equity"}
	}
	v, events := e.state.Ledger.Withdraw(w)
	e.emit(events...)
	if v.OK() && !insurance {
		m.Quoting.Fund(-w.Amount)
	}
	return v
}

func (e *Engine) stopWithdrawals(c perp.StopWithdrawals) {
	v, text := e.state.Ledger.UseKey(c.Key), "withdrawals are stopped"
	switch {
	case !v.OK():
	case e.state.Outflow.Stopped:
		text = "already_stopped"
	default:
		e.state.Outflow.Stopped = true
		e.emit(perp.WithdrawalsStopped{Stopped: true})
	}
	e.answer(c.Key, c.By, c.Kind(), v, text)
}

func (e *Engine) openWithdrawals(c perp.OpenWithdrawals) {
	v, text := e.state.Ledger.UseKey(c.Key), "withdrawals are open"
	switch {
	case !v.OK():
	case !e.state.Outflow.Stopped:
		text = "already_open"
	default:
		e.state.Outflow = risk.Outflow{At: e.now}
		e.emit(perp.WithdrawalsStopped{})
	}
	e.answer(c.Key, c.By, c.Kind(), v, text)
}

// setMarket changes what the desk wants of a market.
func (e *Engine) setMarket(c perp.SetMarket) {
	m := e.markets[c.Symbol]
	v := perp.Verdict{}
	switch {
	case e.state.Ledger.Used(c.Key):
		v = perp.Verdict{Reject: perp.DuplicateKey, Detail: c.Key}
	case m == nil:
		v = perp.Verdict{Reject: perp.UnknownSymbol, Detail: c.Symbol}
	case c.Mode > perp.ModeExpired:
		v = perp.Verdict{Reject: perp.OutOfRange, Detail: "mode"}
	case m.Mode == perp.ModeExpired && c.Mode != m.Mode:
		v = perp.Verdict{Reject: perp.WrongState, Detail: c.Symbol + " is " + m.Mode.String()}
	case c.Mode == perp.ModeExpired && m.Mode != c.Mode && (m.Mode == perp.ModeNormal || m.Quoting.Mark() == 0):
		v = perp.Verdict{Reject: perp.WrongState, Detail: c.Symbol + " must be halted or reduce-only, with a price, before it expires"}
	default:
		v = e.state.Ledger.UseKey(c.Key)
	}
	text := c.Symbol + " is " + c.Mode.String()
	switch {
	case !v.OK():
	case c.Mode == m.Mode:
		text = "already_" + c.Mode.String()
	default:
		e.force(m, c.Mode, c.By, c.Reason)
	}
	e.answer(c.Key, c.By, c.Kind(), v, text)
}

// haltAll halts every market that is not, in the command in which it is called.
func (e *Engine) haltAll(why string) {
	for _, m := range e.state.Markets {
		if m.Mode < perp.ModeHalted {
			e.force(m, perp.ModeHalted, "gateway", why)
		}
	}
}

// force puts a market into a mode and does what follows from it.
func (e *Engine) force(m *market, mode perp.MarketMode, by, reason string) {
	e.emit(perp.ModeChanged{Symbol: m.Instrument.Symbol, From: m.Mode, To: mode, By: by, Reason: reason})
	m.Mode = mode
	if mode == perp.ModeExpired {
		e.expire(m)
		return
	}
	state := map[perp.MarketMode]perp.MarketState{
		perp.ModeNormal: perp.Open, perp.ModeReduceOnly: perp.ReduceOnly, perp.ModeHalted: perp.Halted,
	}[mode]
	e.changed(m, m.Quoting.Force(state))
	e.requote(m)
}

// expire closes a market for ever: its orders end, funding is booked, every
// position closes at the price at which cash covers all claims, and claims are
// settled, losers first (vAMM reference §13).
func (e *Engine) expire(m *market) {
	symbol := m.Instrument.Symbol
	e.release(m, true, "market expired")
	for _, list := range []*[]*order{&m.resting.buys, &m.resting.sells, &m.resting.stops} {
		for len(*list) > 0 {
			e.end(m, (*list)[0], perp.OrderCanceled{Reason: perp.OperatorCancel, Detail: "market expired"})
		}
	}
	e.bookFunding(m)
	e.settle(m)
	fair := m.Quoting.Fair()
	price := e.state.Ledger.ExpiryPrice(symbol, fair)
	claims, cash, deferred, events := e.state.Ledger.Expire(symbol, price)
	e.emit(perp.MarketExpired{Symbol: symbol, Price: price, Fair: fair, Claims: claims, Cash: cash, Deferred: deferred})
	e.emit(events...)
	ended := m.Quoting.Expire(e.state.Ledger.Worth(symbol))
	m.RFQs, m.Consumed = nil, nil
	e.changed(m, ended)
	e.requote(m)
	e.resolve(m)
}
