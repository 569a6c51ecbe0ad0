package engine

import (
	"slices"

	"backstop/ledger"
	"backstop/perp"
	"backstop/quoting"
	"backstop/risk"
)

// sliceEvery is the shortest time between two slices of one liquidation.
const sliceEvery = perp.Second

// danger is an account under a margin call or in liquidation.
type danger struct {
	Account string
	Since   perp.Time  // when its liquidation began; zero: only called
	Last    perp.Time  // when the last slice was dealt
	Freed   perp.Money // what slices have cured so far
	CallID  string
}

func (e *Engine) endangered(account string) int {
	i, found := slices.BinarySearchFunc(e.state.Dangers, account, func(d danger, n string) int { return compare(d.Account, n) })
	if !found {
		return -1
	}
	return i
}

// watch judges an account at the present marks: it is called before it is
// liquidated, liquidated when it falls below maintenance, and let go when it
// has its margin again (vAMM reference §11).
func (e *Engine) watch(account string) {
	h := risk.Judge(e.portfolio(account))
	if !e.acts(account, h) {
		return
	}
	i := e.endangered(account)
	if i < 0 {
		i = e.call(account, h)
	}
	switch d := &e.state.Dangers[i]; {
	case d.Since == 0 && h.Equity < h.Maintenance:
		d.Since = e.now
		e.emit(perp.LiquidationChanged{Account: account, Active: true, Equity: h.Equity, Required: h.Maintenance})
		e.cancelAll(account, perp.LiquidationCancel)
		e.liquidate(account)
	case d.Since > 0:
		e.liquidate(account)
	case h.Equity >= h.Safe:
		e.lift(i, h)
	}
}

// acts tells whether anything follows from the health of an account.
func (e *Engine) acts(account string, h risk.Health) bool {
	i := e.endangered(account)
	if i < 0 {
		return h.Equity < h.Call
	}
	d := &e.state.Dangers[i]
	if d.Since > 0 { // The next slice may not be due yet.
		return !e.paces(d) || h.Shortage == 0 || e.flat(account)
	}
	return h.Equity < h.Maintenance || h.Equity >= h.Safe
}

// paces tells that a liquidation waits for the time of its next slice.
func (e *Engine) paces(d *danger) bool { return d.Last != 0 && e.now-d.Last < sliceEvery }

// call tells the account what it lacks and returns its row.
func (e *Engine) call(account string, h risk.Health) int {
	e.state.Calls++
	d := danger{Account: account, CallID: id("M-", e.state.Calls)}
	i, _ := slices.BinarySearchFunc(e.state.Dangers, account, func(d danger, n string) int { return compare(d.Account, n) })
	e.state.Dangers = slices.Insert(e.state.Dangers, i, d)
	e.emit(perp.MarginCalled{CallID: d.CallID, Account: account, Equity: h.Equity, Required: h.Safe, Shortfall: h.Safe - h.Equity})
	return i
}

func (e *Engine) lift(i int, h risk.Health) {
	d := e.state.Dangers[i]
	e.state.Dangers = slices.Delete(e.state.Dangers, i, i+1)
	e.emit(perp.MarginCalled{CallID: d.CallID, Account: d.Account, Lifted: true, Equity: h.Equity, Required: h.Safe})
}

// liquidate deals the next slice in every market in which the account has a
// position, and ends the liquidation once the account is cured or flat.
func (e *Engine) liquidate(account string) {
	d := &e.state.Dangers[e.endangered(account)]
	if !e.paces(d) {
		for _, m := range e.state.Markets {
			before := risk.Judge(e.portfolio(account))
			if before.Shortage == 0 {
				break
			}
			if e.slice(m, account, before, *d) {
				d.Last = e.now
				d.Freed = perp.Add(d.Freed, max(0, before.Shortage-risk.Judge(e.portfolio(account)).Shortage))
			}
		}
	}
	h := risk.Judge(e.portfolio(account))
	flat := e.flat(account)
	if h.Shortage > 0 && !flat {
		return
	}
	e.emit(perp.LiquidationChanged{Account: account, Equity: h.Equity, Required: h.Maintenance})
	d.Since, d.Last, d.Freed = 0, 0, 0
	if flat {
		for _, m := range e.state.Markets {
			if e.state.Ledger.Funding(account, m.Instrument.Symbol) != 0 {
				e.bookFunding(m) // Nothing of the account's is left open.
			}
			e.settle(m)
		}
		// What it still owes is its loss, not its margin.
		h = risk.Judge(e.portfolio(account))
		e.lift(e.endangered(account), h)
	}
}

func (e *Engine) flat(account string) bool {
	e.stakes = e.state.Ledger.Stakes(account, e.stakes[:0])
	return !slices.ContainsFunc(e.stakes, func(s ledger.Stake) bool { return s.Position.Size != 0 })
}

// slice closes a part of one position against the curve, at its price, as any
// client would. What the maker may not take on, and what the curve does not take
// of an account that has nothing left, is closed against clients on the other
// side. It reports whether anything was dealt.
func (e *Engine) slice(m *market, account string, h risk.Health, d danger) bool {
	symbol := m.Instrument.Symbol
	p := e.state.Ledger.Position(account, symbol)
	if p.Size == 0 || !m.Quoting.Allows(quoting.FillReducing) {
		return false
	}
	x := risk.Exposure{Symbol: symbol, Limits: m.Limits, Position: p, Oracle: m.Quoting.Mark()}
	size := risk.Slice(x, h.Shortage, d.Freed, e.now-d.Since, m.Instrument.Lot)
	side := perp.Buy
	if p.Size > 0 {
		side = perp.Sell
	}
	room := risk.Room(e.facts(account, m).Maker, side)
	levels := m.Quoting.Take(perp.Class{}, side, min(size, room-room%m.Instrument.Lot), 0, nil)
	dealt := total(levels)
	if dealt > 0 {
		o := e.liquidation(m, account, side, dealt)
		charge := risk.LiquidationCharge(m.Limits, perp.Notional(m.Quoting.Mark(), dealt, perp.Floor), h.Equity)
		e.deal(m, o, levels, perp.Removed, charge)
		e.requote(m)
		e.sweep(m)
	}
	_, offered := m.Quoting.Current().Best(side)
	// Each further moment of an account that has nothing left is at others' cost.
	if dealt < size && (room < size || !offered || h.Equity <= 0) {
		return e.deleverage(m, account, side, size-dealt) || dealt > 0
	}
	return dealt > 0
}

// liquidation makes an order of the gateway's own for an account. It has no
// ClOrdID and belongs to the account's first session; all of them are told.
func (e *Engine) liquidation(m *market, account string, side perp.Side, size perp.Size) *order {
	session := ""
	if a := e.account(account); a != nil && len(a.Sessions) > 0 {
		session = a.Sessions[0]
	}
	o := &order{Rank: e.state.Seq, Order: perp.Order{
		OrderID: e.orderID(), Session: session, Account: account, Symbol: m.Instrument.Symbol, Side: side,
		Type: perp.Market, TIF: perp.IOC, Size: size, Status: perp.New, Created: e.now, Updated: e.now, Liquidation: true,
	}}
	e.state.Book.add(o, e.state.Seq)
	e.emit(perp.OrderAccepted{ExecID: e.execID(), Order: o.Order})
	return o
}

// deleverage closes a position at the mark against clients who hold the other
// side, those with the largest profit per value first. The maker's inventory
// stays as it is. It reports whether anyone was found.
func (e *Engine) deleverage(m *market, account string, side perp.Side, size perp.Size) (done bool) {
	mark := m.Quoting.Mark()
	price := mark - mark%m.Instrument.Tick
	if price <= 0 {
		return false
	}
	for _, other := range e.opposite(m, account, side, price) {
		n := min(size, perp.Abs(e.state.Ledger.Position(other, m.Instrument.Symbol).Size))
		if n == 0 {
			continue
		}
		e.emit(perp.Deleveraged{Symbol: m.Instrument.Symbol, Account: account, Against: other, Size: n, Price: price})
		first := e.liquidation(m, account, side, n)
		e.book(m, first, perp.Level{Price: price, Size: n}, 0, perp.Removed, 0, 0)
		second := e.liquidation(m, other, side.Opposite(), n)
		e.book(m, second, perp.Level{Price: price, Size: n}, 0, perp.Added, 0, 0)
		done = true
		if size -= n; size == 0 {
			break
		}
	}
	return done
}

// opposite ranks those who hold what an order of side closes against.
func (e *Engine) opposite(m *market, account string, side perp.Side, price perp.Price) (accounts []string) {
	symbol := m.Instrument.Symbol
	profit := map[string]perp.Ratio{}
	for _, other := range e.state.Ledger.Owners(symbol) {
		p := e.state.Ledger.Position(other, symbol)
		if other == account || (p.Size > 0) == (side == perp.Sell) {
			continue
		}
		accounts = append(accounts, other)
		gain := p.Unrealised(price)
		profit[other] = perp.Ratio(perp.MulDiv(int64(gain), int64(perp.RatioOne), max(1, int64(perp.Abs(p.Entry))), perp.Floor))
	}
	slices.SortStableFunc(accounts, func(a, b string) int {
		switch {
		case profit[a] > profit[b]:
			return -1
		case profit[a] < profit[b]:
			return 1
		}
		return compare(a, b)
	})
	return accounts
}
