package certify

import (
	"math/big"
	"slices"
	"strings"
	"time"
)

// Needs of the checks about margin and the state of markets.
const (
	needCall    = "a margin call"
	needCure    = "a margin call that was lifted without a liquidation"
	needLiq     = "a fill of a liquidation"
	needFollows = "a position or collateral report after it"
	needHalt    = "a market that was halted"
	needShut    = "an order refused for it"
	needReduces = "an order refused as the market only takes what reduces"
	needEased   = "an order that reduces, filled meanwhile"
	needResumed = "the market resumed"
)

var marginChecks = []Check{
	{"C32", areaAccount, true, "Margin calls and liquidation", "called first; working orders end before the first fill; fills without a ClOrdID are accepted",
		[]string{needCall, needCure, needLiq, needFollows}, func() automaton { return newCalls() }},
	{"C33", areaAccount, true, "States of a market", "1 s after a halt no price and no order is taken, by either side; once told that only what reduces is taken, nothing else is sent; orders into a halt are C13",
		[]string{needHalt, needShut, needReduces, needEased, needResumed}, func() automaton { return &states{map[string]*state{}, map[string]*Entry{}} }},
}

// danger is a margin call of an account.
type danger struct {
	id     string
	sliced bool // it has come to a liquidation
}

// calls is C32.
type calls struct {
	orders *book
	called map[string]*danger
	judged map[string]bool // accounts of which a call cannot have been missed
	fills  map[string]bool // accounts with a fill of a liquidation
	execs  map[string]bool
	liqs   map[int]*Entry // by MsgSeqNum
}

func newCalls() *calls {
	return &calls{newBook(func(*order) bool { return true }), map[string]*danger{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[int]*Entry{}}
}

// ofLiquidation tells whether a report is about an order that the gateway made to
// close a position.
func ofLiquidation(e *Entry) bool {
	_, asked := e.Fields.Lookup(11)
	return !e.FromClient && e.Kind == "8" && !asked && e.get(150) != "I" && strings.HasPrefix(e.get(58), "LIQUIDATION")
}

func (a *calls) see(e *Entry, n *notes) {
	a.orders.see(e)
	account := e.get(1)
	switch {
	case e.Kind == "A":
		a.liqs = map[int]*Entry{}
		if e.get(141) == "Y" {
			a.judged = map[string]bool{}
		}
	case e.FromClient && (e.Kind == "3" || e.Kind == "j"):
		if report := a.liqs[e.Fields.Int(45)]; report != nil {
			n.fault(e, "refuses the report of a liquidation, line %d", report.Line)
		}
	case e.FromClient:
	case e.Kind == "AX":
		a.call(e, n)
	case e.Kind == "8" && ofLiquidation(e):
		a.liqs[e.Seq] = e
		a.slice(e, n)
	case e.Kind == "8" && e.get(150) == "F":
		a.judged[account] = true
	case (e.Kind == "AP" || e.Kind == "BA") && a.fills[account]:
		n.meet(needFollows, e)
	}
}

func (a *calls) call(e *Entry, n *notes) {
	account := e.get(1)
	a.judged[account] = true
	switch d := a.called[account]; {
	case e.get(895) == "3":
		n.meet(needCall, e)
		if d == nil || d.id != e.get(894) {
			a.called[account] = &danger{id: e.get(894)}
		}
	case e.get(895) == "4" && d != nil && d.id == e.get(894):
		if !d.sliced {
			n.meet(needCure, e)
		}
		delete(a.called, account)
	}
}

// slice judges a report of a liquidation; one that comes again says nothing new.
func (a *calls) slice(e *Entry, n *notes) {
	account, id := e.get(1), e.get(17)
	if a.execs[id] {
		return
	}
	a.execs[id] = true
	if e.get(150) == "F" {
		n.meet(needLiq, e)
		a.fills[account] = true
	}
	d := a.called[account]
	if d == nil {
		if a.judged[account] && !isAgain(e) {
			n.fault(e, "%s is liquidated without a margin call before", account)
		}
		a.called[account] = &danger{sliced: true}
		return
	}
	if d.sliced {
		return
	}
	d.sliced = true
	for _, o := range a.orders.sorted() {
		if o.accepted && !o.ended && o.told.get(1) == account && !isAgain(e) {
			n.fault(e, "%s is liquidated while its order %s works", account, o.get(11))
		}
	}
}

func (a *calls) end(time.Time, *notes) {}

// state is what a client was told of a market.
type state struct {
	halted   time.Time // zero: it is not
	reducing *Entry    // the refusal that said that only what reduces is taken
}

// states is C33. Whether a market only takes what reduces is told by f (58=REDUCE_ONLY)
// or by the first order that is refused for it: with another reason in f it may also be wide.
type states struct {
	of   map[string]*state
	sent map[string]*Entry // orders by ClOrdID
}

// shutReasons are those of orders refused as a market does not trust its price or
// is halted.
var shutReasons = []string{"ORACLE_STALE", "ORACLE_DIVERGENT", "MARKET_HALTED"}

func (a *states) see(e *Entry, n *notes) {
	switch {
	case e.FromClient && e.Kind == "D":
		a.sent[e.get(11)] = e
	case e.FromClient:
	case e.Kind == "f":
		a.status(e, n)
	case a.of[e.get(55)] == nil:
	case e.Kind == "8" && e.get(150) != "I" && !isAgain(e):
		a.report(e, a.of[e.get(55)], n)
	case (e.Kind == "W" || e.Kind == "X" || e.Kind == "S") && priced(e) && a.of[e.get(55)].since(e):
		n.fault(e, "prices of %s, which is halted", e.get(55))
	}
}

// since tells that a message comes when a halt was told long enough ago.
func (s *state) since(e *Entry) bool { return !s.halted.IsZero() && e.At.Sub(s.halted) > inFlightMax }

func (a *states) status(e *Entry, n *notes) {
	s := a.of[e.get(55)]
	if s == nil {
		s = &state{}
		a.of[e.get(55)] = s
	}
	before := *s
	*s = state{}
	switch e.get(326) {
	case "2":
		n.meet(needHalt, e)
		s.halted = e.At
		if !before.halted.IsZero() {
			s.halted = before.halted
		}
	case "17", "3":
		if e.get(58) == "REDUCE_ONLY" {
			s.reducing = e
		} else if _, halted := n.met[needHalt]; halted && e.get(58) == "" {
			n.meet(needResumed, e)
		}
	}
}

func (a *states) report(e *Entry, s *state, n *notes) {
	asked := a.sent[e.get(11)]
	why := reason(e)
	switch {
	case e.get(150) == "8" && why == "REDUCE_ONLY_MODE":
		n.meet(needReduces, e)
		if asked != nil && s.reducing != nil && asked.At.Sub(s.reducing.At) > inFlightMax {
			n.fault(asked, "does not reduce, and the client was told that nothing else is taken")
		}
		if s.reducing == nil {
			s.reducing = e
		}
	case e.get(150) == "8" && slices.Contains(shutReasons, why):
		n.meet(needShut, e)
	case e.get(150) == "F" && s.reducing != nil:
		n.meet(needEased, e)
	}
	taken := e.get(150) == "0" && asked != nil && asked.At.After(s.halted) || e.get(150) == "F"
	if taken && s.since(e) {
		n.fault(e, "%s in %s, which is halted", fieldText(150, e.get(150)), e.get(55))
	}
}

// priced tells whether a message offers anything.
func priced(e *Entry) bool {
	if e.Kind == "S" {
		return slices.ContainsFunc(append(each(e, 132), each(e, 133)...), func(r *big.Rat) bool { return r.Sign() > 0 })
	}
	_, quoted := e.Fields.Lookup(299)
	return quoted
}

func (a *states) end(time.Time, *notes) {}
