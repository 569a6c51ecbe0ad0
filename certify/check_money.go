package certify

import (
	"math/big"
	"slices"
	"strings"
	"time"
)

// Needs of the checks about money.
const (
	needCollateral     = "a collateral report"
	needForeignAccount = "an inquiry about an account of somebody else, refused (946=9)"
	needFunding        = "a funding payment"
	needThree          = "three funding payments of a market"
	needPaid           = "a collateral report after a funding payment, with nothing dealt since the one before"
	needSettled        = "a settlement"
	needCash           = "a collateral report after a settlement"
)

// fundingsMin is how many payments show that each comes once.
const fundingsMin = 3

var moneyChecks = []Check{
	{"C29", areaAccount, true, "Collateral", "each inquiry has one answer; equity is balance, claims and unrealised; accounts of others are not told",
		[]string{needCollateral, needForeignAccount}, func() automaton { return &collateral{map[string]*Entry{}, map[string]*Entry{}} }},
	{"C30", areaAccount, true, "Funding", "each payment comes once, and balance and claims move by what the reports say",
		[]string{needFunding, needThree, needPaid}, func() automaton { return &fundings{newPurses(), map[string]*Entry{}, map[string]int{}} }},
	{"C31", areaAccount, true, "Settlement", "what was owed is what moved and what stays; the balance moves by it, and what stayed is owed the next time",
		[]string{needSettled, needCash}, func() automaton { return &settlements{newPurses(), map[string]*big.Rat{}} }},
}

// collateral is C29.
type collateral struct {
	asked map[string]*Entry // BB without an answer
	due   map[string]*Entry // BG that said that a report follows
}

func (a *collateral) see(e *Entry, n *notes) {
	id := e.get(909)
	a.overdue(e.At, n)
	switch {
	case e.Kind == "A":
		a.asked, a.due = map[string]*Entry{}, map[string]*Entry{}
	case e.FromClient && e.Kind == "BB" && e.get(43) != "Y":
		a.asked[id] = e
	case e.FromClient:
	case e.Kind == "3" || e.Kind == "j":
		dropRefused(a.asked, e)
	case e.Kind == "BG":
		delete(a.asked, id)
		switch {
		case e.get(945) == "0":
			a.due[id] = e
		case e.get(946) == "9":
			n.meet(needForeignAccount, e)
		}
	case e.Kind == "BA":
		if bg := a.due[id]; id != "" && bg != nil && bg.get(1) != "" && bg.get(1) != e.get(1) {
			n.fault(e, "tells of %s, asked was %s", e.get(1), bg.get(1))
		}
		delete(a.due, id)
		n.meet(needCollateral, e)
		if why := sums(e); why != "" {
			n.fault(e, "%s", why)
		}
	}
}

// sums says what does not add up in a report, as far as it says its parts.
func sums(e *Entry) string {
	equity, cash, all := number(e.get(900)), number(e.get(901)), number(e.get(922))
	if equity == nil || cash == nil || all == nil {
		return ""
	}
	if start := number(e.get(921)); start != nil && start.Cmp(cash) != 0 {
		return "StartCash(921) is " + e.get(921) + ", but the balance is " + e.get(901)
	}
	claims, open := told(e, "claims"), told(e, "unrealised")
	if claims != nil && all.Cmp(new(big.Rat).Add(cash, claims)) != 0 {
		return "EndCash(922) is " + e.get(922) + ", but balance and claims are " + text(new(big.Rat).Add(cash, claims))
	}
	if open != nil && equity.Cmp(new(big.Rat).Add(all, open)) != 0 {
		return "equity (900) is " + e.get(900) + ", but balance, claims and unrealised are " + text(new(big.Rat).Add(all, open))
	}
	return ""
}

// told is a number that a text says by name; nil if it does not.
func told(e *Entry, name string) *big.Rat {
	for _, word := range strings.Fields(e.get(58)) {
		if v, ok := strings.CutPrefix(word, name+"="); ok {
			return number(v)
		}
	}
	return nil
}

// overdue judges what was not answered in time.
func (a *collateral) overdue(at time.Time, n *notes) {
	for _, waiting := range []map[string]*Entry{a.asked, a.due} {
		for _, e := range byLine(waiting) {
			if at.Sub(e.At) > quoteAnswer {
				n.fault(e, "no collateral report follows")
				delete(waiting, e.get(909))
			}
		}
	}
}

func (a *collateral) end(at time.Time, n *notes) { a.overdue(at, n) }

// purse is what an account has by its latest collateral report, and what came and
// went since.
type purse struct {
	cash, all   *big.Rat // balance; balance and claims
	cashBy, by  *big.Rat // how much they have moved since
	dealt       bool     // a fill realises what no message says
	funded, due bool     // funding, settlements are among what moved
	event       int      // AccountEventSeq of the latest event
}

// purses follows the money of accounts. A report is compared with the one before
// only if nothing can be missing between them: a connection that began anew, a
// repetition or a hole in the numbers of the account's events starts it again.
type purses struct {
	of    map[string]*purse
	seen  map[string]bool // 721 and 17 of what was counted
	fresh bool            // whether the latest message was counted
}

func newPurses() *purses { return &purses{map[string]*purse{}, map[string]bool{}, false} }

// see counts a message. Of a collateral report it returns the purse as it stood
// before; nil of anything else, or if there is nothing to compare with.
func (p *purses) see(e *Entry) *purse {
	p.fresh = false
	if e.Kind == "A" {
		p.of = map[string]*purse{}
	}
	if e.FromClient || !slices.Contains([]string{"8", "AM", "AX", "BA"}, e.Kind) {
		return nil
	}
	w := p.of[e.get(1)]
	if isAgain(e) { // What else came between, nobody can tell.
		delete(p.of, e.get(1))
		w = nil
	}
	if e.Kind == "BA" {
		if !isAgain(e) {
			p.of[e.get(1)] = opened(e, w)
		}
		return w
	}
	if id := e.Kind + " " + e.get(17) + e.get(721); e.Kind != "AX" {
		p.fresh = !p.seen[id]
		p.seen[id] = true
	}
	if w == nil {
		return nil
	}
	if n := e.Fields.Int(22007); n > 0 {
		if w.event > 0 && n > w.event+1 {
			delete(p.of, e.get(1))
			return nil
		}
		w.event = max(w.event, n)
	}
	switch {
	case !p.fresh:
	case e.Kind == "AM":
		w.move(e)
	case e.get(150) == "F":
		w.dealt = true
		for _, fee := range each(e, 137) {
			w.cashBy.Sub(w.cashBy, fee)
		}
	}
	return nil
}

// opened is the purse that a report tells of; nil if it does not say what is in it.
func opened(e *Entry, before *purse) *purse {
	w := &purse{cash: number(e.get(901)), all: number(e.get(922)), cashBy: new(big.Rat), by: new(big.Rat)}
	if w.cash == nil || w.all == nil {
		return nil
	}
	if before != nil {
		w.event = before.event
	}
	return w
}

// move adds what an AM says. A settlement turns a claim into balance, so that both
// together stay.
func (w *purse) move(e *Entry) {
	a := amounts(e)
	switch reason(e) {
	case "SETTLEMENT", "PARTIAL_SETTLEMENT":
		w.cashBy.Add(w.cashBy, a["CASH"])
		w.due = true
	case "DEPOSIT", "WITHDRAWAL", "LIQUIDATION_FEE":
		w.cashBy.Add(w.cashBy, a["CASH"])
		w.by.Add(w.by, a["CASH"])
	case "FUNDING":
		w.funded = true
		w.by.Add(w.by, a["VADJ"])
	case "LOSS_SOCIALISED":
		w.by.Add(w.by, a["VADJ"])
	default: // Of BANKRUPTCY and EXPIRED no message says where it goes.
		w.dealt = true
	}
}

// amounts are the rows of 753 by their type; what is not said is zero.
func amounts(e *Entry) map[string]*big.Rat {
	all := map[string]*big.Rat{"VADJ": new(big.Rat), "CASH": new(big.Rat), "FMTM": new(big.Rat), "CRES": new(big.Rat)}
	kind := ""
	for _, f := range e.Fields {
		tag, v, _ := strings.Cut(f, "=")
		switch tag {
		case "707":
			kind = v
		case "708":
			if r := number(v); r != nil {
				all[kind] = r
			}
		}
	}
	return all
}

// each is every number that a message has in a field.
func each(e *Entry, tag int) (all []*big.Rat) {
	for _, f := range e.Fields {
		if v, ok := strings.CutPrefix(f, fieldKey(tag, "")); ok {
			if r := number(v); r != nil {
				all = append(all, r)
			}
		}
	}
	return all
}

// fundings is C30.
type fundings struct {
	purses *purses
	seen   map[string]*Entry // by account, market and event
	count  map[string]int    // by account and market
}

func (a *fundings) see(e *Entry, n *notes) {
	before := a.purses.see(e)
	if before != nil && e.Kind == "BA" {
		a.compare(before, e, n)
	}
	if e.FromClient || e.Kind != "AM" || reason(e) != "FUNDING" {
		return
	}
	key := positionKey(e)
	event := key + " " + e.get(713)
	if a.seen[event] != nil {
		if !isAgain(e) {
			n.fault(e, "funding %s comes a second time", e.get(713))
		}
		return
	}
	a.seen[event] = e
	n.meet(needFunding, e)
	if a.count[key]++; a.count[key] == fundingsMin {
		n.meet(needThree, e)
	}
}

func (a *fundings) compare(before *purse, e *Entry, n *notes) {
	now := number(e.get(922))
	if before.dealt || !before.funded || now == nil {
		return
	}
	n.meet(needPaid, e)
	if want := new(big.Rat).Add(before.all, before.by); now.Cmp(want) != 0 {
		n.fault(e, "balance and claims are %s, by what was told they are %s", e.get(922), text(want))
	}
}

func (a *fundings) end(time.Time, *notes) {}

// settlements is C31.
type settlements struct {
	purses *purses
	claims map[string]*big.Rat // by account and market, since the last settlement
}

func (a *settlements) see(e *Entry, n *notes) {
	before := a.purses.see(e)
	switch {
	case e.Kind == "A":
		a.claims = map[string]*big.Rat{}
	case e.FromClient:
	case e.Kind == "BA" && before != nil:
		a.compare(before, e, n)
	case e.Kind == "8" && e.get(150) == "F":
		delete(a.claims, positionKey(e)) // What it realised is not told.
	case e.Kind == "AM" && a.purses.fresh:
		a.moved(e, n)
	}
}

func (a *settlements) moved(e *Entry, n *notes) {
	key, m := positionKey(e), amounts(e)
	claim := a.claims[key]
	switch reason(e) {
	case "SETTLEMENT", "PARTIAL_SETTLEMENT":
		n.meet(needSettled, e)
		switch rest := new(big.Rat).Sub(m["FMTM"], m["CASH"]); {
		case rest.Cmp(m["CRES"]) != 0:
			n.fault(e, "of %s owed %s moved and %s stays", text(m["FMTM"]), text(m["CASH"]), text(m["CRES"]))
		case (m["CRES"].Sign() != 0) != (e.get(722) == "4"):
			n.fault(e, "PosMaintStatus(722) is %s, but %s stays owed", e.get(722), text(m["CRES"]))
		case claim != nil && !isAgain(e) && claim.Cmp(m["FMTM"]) != 0:
			n.fault(e, "settles %s, by what was told %s was owed", text(m["FMTM"]), text(claim))
		}
		a.claims[key] = m["CRES"]
	case "FUNDING", "LOSS_SOCIALISED":
		if claim != nil {
			a.claims[key] = new(big.Rat).Add(claim, m["VADJ"])
		}
	default:
		delete(a.claims, key)
	}
}

// compare holds the balance to what was told. An account without a balance owes
// its fees as a claim.
func (a *settlements) compare(before *purse, e *Entry, n *notes) {
	now := number(e.get(901))
	if !before.due || now == nil || now.Sign() == 0 || before.cash.Sign() == 0 {
		return
	}
	n.meet(needCash, e)
	if want := new(big.Rat).Add(before.cash, before.cashBy); now.Cmp(want) != 0 {
		n.fault(e, "the balance is %s, by what was told it is %s", e.get(901), text(want))
	}
}

func (a *settlements) end(time.Time, *notes) {}
