package engine

import (
	"slices"

	"backstop/ledger"
	"backstop/perp"
	"backstop/quoting"
	"backstop/risk"
)

// bounds spare the engine judging every account at every tick. An account that
// was judged and is well has a bound: prices and funding may move so far before it
// has to be looked at again. Bounds only leave out what would have changed
// nothing, so decisions are the same with and without them; they are no state, and
// a restored engine makes them anew.
type bounds struct {
	known map[string]*bound
	open  []*bound // those that do not hold, and what became of some since
	mixed bool     // open is not sorted by account
	read  int      // events of the present command that are noted
	lost  bool     // nothing is known: at the start, or the limits are others
	off   bool     // judge everybody: only to compare with
	reach []risk.Reach
	last  *bound // that was touched
	era   int    // grows when all are made anew
}

// bound is what is known of one account.
type bound struct {
	account string
	round   int64 // grows when it is lost, so that its triggers mean nothing any more
	holds   bool
	listed  bool // among the open ones
	era     int  // in which it was made
}

// trigger is where a bound ends: when a value rises above at.
type trigger struct {
	at    int64
	of    *bound
	round int64
}

// triggers are a heap, the smallest on top. Those that mean nothing any more are
// cleared away when they are more than half.
type triggers []trigger

// triggersFew is how many triggers are never cleared away.
const triggersFew = 64

// limits are the triggers of one market.
type limits struct {
	rises, falls, drifts triggers
	drift                int64 // funding since the start, both sides, without sign
}

// driftMax is where drift starts again from zero.
const driftMax = 1 << 60

func (h *triggers) add(t trigger, live int) {
	if len(*h) >= 2*live+triggersFew {
		*h = slices.DeleteFunc(*h, func(t trigger) bool { return t.round != t.of.round })
		for i := len(*h)/2 - 1; i >= 0; i-- {
			h.sink(i)
		}
	}
	*h = append(*h, t)
	for i := len(*h) - 1; i > 0; {
		up := (i - 1) / 2
		if (*h)[up].at <= (*h)[i].at {
			break
		}
		(*h)[up], (*h)[i] = (*h)[i], (*h)[up]
		i = up
	}
}

func (h triggers) sink(i int) {
	for {
		least := i
		for _, down := range [2]int{2*i + 1, 2*i + 2} {
			if down < len(h) && h[down].at < h[least].at {
				least = down
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}

// rise takes the bounds away that a value has passed.
func (h *triggers) rise(value int64, b *bounds) {
	for len(*h) > 0 && (*h)[0].at < value {
		t := (*h)[0]
		last := len(*h) - 1
		(*h)[0] = (*h)[last]
		(*h)[last] = trigger{}
		*h = (*h)[:last]
		h.sink(0)
		if t.round == t.of.round {
			b.lose(t.of)
		}
	}
}

// touch takes the bound of a client away: something of the account has changed.
// A refusal may name one that is nobody's.
func (e *Engine) touch(account string) {
	b := &e.bounds
	if b.lost || account == perp.Maker || account == perp.Outside {
		return
	}
	if x := b.last; x != nil && x.account == account {
		b.lose(x) // Most events of a command are about the same one.
		return
	}
	x := e.boundOf(account)
	if x == nil {
		return
	}
	b.last = x
	b.lose(x)
}

// boundOf is what is known of an account; nil if it is nobody's.
func (e *Engine) boundOf(account string) *bound {
	b, s := &e.bounds, e.seat(account)
	if s != nil && s.bound != nil && s.bound.era == b.era {
		return s.bound
	}
	x := b.known[account]
	if x == nil && s != nil {
		x = &bound{account: account, era: b.era, holds: true}
		b.known[account] = x
	}
	if s != nil {
		s.bound = x
	}
	return x
}

func (b *bounds) lose(x *bound) {
	if !x.holds {
		return
	}
	x.holds = false
	x.round++
	if !x.listed { // In any order: an insertion would cost more the more accounts deal between two ticks.
		x.listed = true
		b.mixed = b.mixed || len(b.open) > 0 && b.open[len(b.open)-1].account > x.account
		b.open = append(b.open, x)
	}
}

// sort puts those that do not hold in order.
func (b *bounds) sort() {
	if b.mixed {
		slices.SortFunc(b.open, func(x, y *bound) int { return compare(x.account, y.account) })
		b.mixed = false
	}
}

// tidy takes those that hold again out of the open ones.
func (b *bounds) tidy() {
	b.open = slices.DeleteFunc(b.open, func(x *bound) bool {
		x.listed = !x.holds
		return x.holds
	})
}

// note takes in what the command has changed so far. Everything that margin
// depends on is told by an event, but for prices and funding that runs.
func (e *Engine) note() {
	b := &e.bounds
	for ; b.read < len(e.out); b.read++ {
		switch ev := e.out[b.read].(type) {
		case perp.PositionChanged:
			e.touch(ev.Account)
		case perp.Posted:
			e.touch(ev.Transfer.Debit.Owner)
			e.touch(ev.Transfer.Credit.Owner)
		case perp.OrderAccepted:
			e.touch(ev.Order.Account)
		case perp.OrderHeld:
			e.touch(ev.Order.Account)
		case perp.OrderRejected:
			e.touch(ev.Order.Account)
		case perp.OrderReplaced:
			e.touch(ev.Order.Account)
		case perp.OrderTriggered:
			e.touch(ev.Order.Account)
		case perp.OrderCanceled:
			e.touch(ev.Order.Account)
		case perp.Filled:
			e.touch(ev.Order.Account)
		case perp.TradeBusted:
			e.touch(ev.Order.Account)
		case perp.MarginCalled:
			e.touch(ev.Account)
		case perp.LiquidationChanged:
			e.touch(ev.Account)
		case perp.MarketListed:
			b.lost = true
		}
	}
}

// drifted notes funding that runs and is not booked.
func (e *Engine) drifted(m *market, a quoting.Accrual) {
	long, short := perp.Abs(a.Long), perp.Abs(a.Short)
	if long >= driftMax || short >= driftMax || m.limits.drift >= driftMax {
		e.bounds.lost, m.limits.drift = true, 0
		return
	}
	m.limits.drift += long + short
	m.limits.drifts.rise(m.limits.drift, &e.bounds)
}

// find makes bounds for all who hold anything, of which none holds yet.
func (e *Engine) find() {
	b := &e.bounds
	if !b.lost {
		return
	}
	*b = bounds{known: map[string]*bound{}, read: b.read, off: b.off, era: b.era + 1}
	for _, m := range e.state.Markets {
		m.limits = limits{drift: m.limits.drift}
		for _, account := range e.state.Ledger.Owners(m.Instrument.Symbol) {
			if b.known[account] == nil {
				x := &bound{account: account, era: b.era, listed: true}
				b.known[account] = x
				b.open = append(b.open, x)
			}
		}
	}
	b.mixed = true
}

// marked judges those who hold a position in a market at its new price.
func (e *Engine) marked(m *market) {
	e.note()
	e.find()
	b, price := &e.bounds, int64(m.Quoting.Mark())
	m.limits.rises.rise(price, b)
	m.limits.falls.rise(-price, b)
	if !m.Quoting.Allows(quoting.MarkAccounts) {
		return
	}
	symbol := m.Instrument.Symbol
	if b.off {
		e.watchAll(e.state.Ledger.Owners(symbol))
		return
	}
	b.sort()
	var first *bound // that is called or dealt for
	for _, x := range b.open {
		held := e.state.Ledger.Position(x.account, symbol).Size != 0
		if !held && e.endangered(x.account) >= 0 {
			continue
		}
		if h, well := e.excuse(x); well || !held || !e.acts(x.account, h) {
			continue
		}
		first = x
		break
	}
	b.tidy()
	if first != nil {
		owners := e.state.Ledger.Owners(symbol)
		i, _ := slices.BinarySearch(owners, first.account)
		e.watchOpen(owners[i:])
	}
}

// watchOpen judges accounts in order, of which the first one is going to be called
// or dealt for. That may change others, which then lose their bounds.
func (e *Engine) watchOpen(accounts []string) {
	for _, account := range accounts {
		if x := e.bounds.known[account]; x == nil || !x.holds {
			e.watch(account)
			e.note()
		}
	}
}

func (e *Engine) watchAll(accounts []string) {
	for _, account := range accounts {
		e.watch(account)
	}
}

// excuse judges an account and gives it a bound if it is well, or flat: then no
// price does anything to it.
func (e *Engine) excuse(x *bound) (risk.Health, bool) {
	p := e.portfolio(x.account)
	h := risk.Judge(p)
	b := &e.bounds
	if e.endangered(x.account) >= 0 {
		return h, false
	}
	flat := true
	for _, s := range p.Exposures {
		flat = flat && s.Position.Size == 0
	}
	var sure bool
	if !flat {
		if b.reach, sure = risk.Reaches(p, h, b.reach[:0]); !sure {
			return h, false
		}
		for i, s := range p.Exposures {
			l, price, r := &e.markets[s.Symbol].limits, int64(s.Oracle), b.reach[i]
			l.rises.add(trigger{price + int64(r.Price), x, x.round}, len(b.known))
			l.falls.add(trigger{int64(r.Price) - price, x, x.round}, len(b.known))
			l.drifts.add(trigger{l.drift + r.Funding, x, x.round}, len(b.known))
		}
	}
	x.holds = true // and is no longer open, when all are judged
	return h, true
}

// The scale of funding is the same on both sides.
const _ = uint(risk.FundingUnit-ledger.FundingScale) + uint(ledger.FundingScale-risk.FundingUnit)
