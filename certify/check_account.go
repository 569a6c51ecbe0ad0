package certify

import (
	"math/big"
	"slices"
	"time"
)

// Needs of the account checks.
const (
	needPosition = "a position report"
	needFolded   = "a position report after a fill"
)

var accountChecks = []Check{
	{"C28", areaAccount, true, "Positions", "each request has its answer; what position reports say is what the fills add up to",
		[]string{needPosition, needFolded}, func() automaton {
			return &fold{newPositions(), map[string]bool{}, map[string]*Entry{}, map[string]*Entry{}}
		}},
}

// positions are what a client holds, by account and symbol, as far as it can be
// known: from the first position report on. What was held before the log began,
// nobody can tell.
type positions struct {
	size  map[string]*big.Rat
	execs map[string]bool
}

func newPositions() *positions {
	return &positions{map[string]*big.Rat{}, map[string]bool{}}
}

func positionKey(e *Entry) string { return e.get(1) + " " + e.get(55) }

// of returns the position that a message is about, and whether it is known.
func (p *positions) of(e *Entry) (*big.Rat, bool) {
	size, known := p.size[positionKey(e)]
	return size, known
}

// see adds a fill, takes a busted one off or takes a first report. It returns the
// change of a fill or bust that is new, else nil.
func (p *positions) see(e *Entry) *big.Rat {
	switch {
	case e.FromClient:
	case e.Kind == "AP":
		if _, known := p.of(e); !known {
			p.size[positionKey(e)] = reported(e)
		}
	case e.Kind == "8" && (e.get(150) == "F" || e.get(150) == "H") && !p.execs[e.get(17)]:
		p.execs[e.get(17)] = true
		change := number(e.get(32))
		if change == nil {
			return nil
		}
		if (e.get(54) != "1") != (e.get(150) == "H") { // A bust takes back what it names.
			change = new(big.Rat).Neg(change)
		}
		if size, known := p.of(e); known {
			p.size[positionKey(e)] = new(big.Rat).Add(size, change)
		}
		return change
	}
	return nil
}

// reported is the position of an AP: long minus short.
func reported(e *Entry) *big.Rat {
	sum := new(big.Rat)
	if long := number(e.get(704)); long != nil {
		sum.Add(sum, long)
	}
	if short := number(e.get(705)); short != nil {
		sum.Sub(sum, short)
	}
	return sum
}

// fold is C28. A report and the fill that it tells of may come in either order, so
// a difference has to be made good within inFlightMax.
type fold struct {
	held  *positions
	dealt map[string]bool
	off   map[string]*Entry // reports that differ
	asked map[string]*Entry // requests (AN) without an answer
}

func (a *fold) see(e *Entry, n *notes) {
	key := positionKey(e)
	before, known := a.held.of(e)
	change := a.held.see(e)
	a.overdue(e.At, n)
	a.answers(e, n)
	switch {
	case e.FromClient:
	case e.Kind == "AP" && e.get(55) != "":
		n.meet(needPosition, e)
		if !known {
			return
		}
		if a.dealt[key] {
			n.meet(needFolded, e)
		}
		if delete(a.off, key); reported(e).Cmp(before) != 0 {
			a.off[key] = e
		}
	case change != nil:
		a.dealt[key] = true
		if now, known := a.held.of(e); known && a.off[key] != nil && reported(a.off[key]).Cmp(now) == 0 {
			delete(a.off, key)
		}
	}
}

// answers follows requests to their answers. What a connection asked ends with it.
func (a *fold) answers(e *Entry, n *notes) {
	for _, open := range byLine(a.asked) {
		if e.At.Sub(open.At) > quoteAnswer {
			n.fault(open, "request for positions %s has no answer", open.get(710))
			delete(a.asked, open.get(710))
		}
	}
	switch {
	case e.Kind == "A":
		a.asked = map[string]*Entry{}
	case e.FromClient && e.Kind == "AN" && e.get(43) != "Y":
		a.asked[e.get(710)] = e
	case e.FromClient:
	case e.Kind == "AO" || e.Kind == "AP":
		delete(a.asked, e.get(710))
	case e.Kind == "3" || e.Kind == "j":
		dropRefused(a.asked, e)
	}
}

func (a *fold) overdue(at time.Time, n *notes) {
	for _, key := range sortedKeys(a.off) {
		if e := a.off[key]; at.Sub(e.At) > inFlightMax {
			n.fault(e, "says %s, but the fills add up to %s", text(reported(e)), text(a.held.size[key]))
			delete(a.off, key)
		}
	}
}

func (a *fold) end(at time.Time, n *notes) { a.overdue(at.Add(2*inFlightMax), n) }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// byLine returns messages in the order of the log: what is found must not depend
// on the order of a map.
func byLine(m map[string]*Entry) []*Entry {
	all := make([]*Entry, 0, len(m))
	for _, key := range sortedKeys(m) {
		all = append(all, m[key])
	}
	slices.SortStableFunc(all, func(a, b *Entry) int { return a.Line - b.Line })
	return all
}

// sorted are the orders by ClOrdID, each once.
func (b *book) sorted() []*order {
	all, seen := make([]*order, 0, len(b.orders)), map[*order]bool{}
	for _, key := range sortedKeys(b.orders) {
		if o := b.orders[key]; !seen[o] {
			all, seen[o] = append(all, o), true
		}
	}
	return all
}
