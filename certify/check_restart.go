package certify

import (
	"fmt"
	"slices"
	"time"
)

// Bounds of the resilience checks.
const (
	afterReturn       = 10 * time.Second // for what is owed to a client that is back
	enduranceMessages = 1000
	enduranceTime     = 10 * time.Minute
	execsKept         = 200_000 // ExecIDs whose reports are compared
)

// Needs of the resilience checks.
const (
	needAbrupt     = "an end without a Logout, and a Logon after it"
	needBothSides  = "a report about an order from before it"
	needListed     = "an AF after it, answered in full"
	needHeldAfter  = "a position report after it"
	needTradeAgain = "a trade from before it in the answer to an AD"
)

var (
	needMessages = fmt.Sprintf("%d messages", enduranceMessages)
	needTime     = fmt.Sprintf("%v of a session", enduranceTime)
)

var restartChecks = []Check{
	{"C39", areaResilience, true, "An abrupt end, and all is as it was",
		"no report says something else than before; what was held is decided; AF and AD agree with what was reported",
		[]string{needAbrupt, needBothSides, needListed, needHeldAfter, needTradeAgain}, func() automaton { return newRestarts() }},
	{"C40", areaResilience, false, "Endurance", "over a long session each order has an answer",
		[]string{needMessages, needTime}, func() automaton { return newEndurance() }},
}

// sense is what a report says, without what is new each time that it is sent.
func sense(e *Entry) string {
	s := ""
	for _, tag := range []int{37, 11, 41, 150, 39, 55, 54, 38, 32, 31, 151, 14} {
		s += fieldKey(tag, e.get(tag)) + "|"
	}
	return s
}

// restarts is C39. A gateway that dies and a line that breaks look alike to a
// client; what it may rely on is the same.
type restarts struct {
	orders  *book
	in      bool // a Logon was answered, and nobody has logged out
	lives   int  // abrupt ends, with a return
	back    *Entry
	said    map[string]earlier // reports by ExecID
	held    map[string]*order
	asked   map[string]*Entry   // AF for all orders, since the return
	listed  map[string][]string // OrderIDs that answered it
	wrong   map[string]*Entry   // AF rows that differ, by OrderID
	unknown map[string]*Entry   // AD rows without a report, by ExecID
}

// earlier is a report and the life that it was first said in.
type earlier struct {
	sense string
	life  int
	size  string // 54, 32, 31 of a fill
}

func newRestarts() *restarts {
	a := &restarts{orders: newBook(func(*order) bool { return true }), said: map[string]earlier{}, held: map[string]*order{}}
	a.forget()
	return a
}

func (a *restarts) forget() {
	a.asked, a.listed, a.wrong, a.unknown = map[string]*Entry{}, map[string][]string{}, map[string]*Entry{}, map[string]*Entry{}
}

func (a *restarts) see(e *Entry, n *notes) {
	o := a.orders.see(e)
	switch {
	case e.Kind == "A" && e.FromClient:
		a.logon(e, n)
	case e.Kind == "A":
		a.in = true
	case e.Kind == "5":
		a.in = false
	case e.FromClient && e.Kind == "AF" && a.back != nil && e.get(585) == "7" && e.get(1) == "" && e.get(54) == "":
		a.asked[e.get(584)] = e
	case e.FromClient:
	case e.Kind == "8" && e.get(150) == "I":
		a.status(e, n)
	case e.Kind == "8":
		a.report(e, o, n)
	case e.Kind == "AP" && a.back != nil && e.get(55) != "":
		n.meet(needHeldAfter, e)
	case e.Kind == "AE" && a.back != nil:
		a.trade(e, n)
	}
	a.overdue(e.At, n)
}

// logon notes whether the client comes back from an end that nobody announced. With
// a reset of the numbers, what it did not get comes again as it is judged elsewhere.
func (a *restarts) logon(e *Entry, n *notes) {
	abrupt := a.in
	a.in = false
	a.forget()
	if !abrupt || e.get(141) == "Y" {
		return
	}
	a.lives++
	a.back = e
	n.meet(needAbrupt, e)
	for _, o := range a.orders.sorted() {
		if o.held && !o.accepted && !o.ended {
			a.held[o.get(11)] = o
		}
	}
}

func (a *restarts) report(e *Entry, o *order, n *notes) {
	id := e.get(17)
	old, known := a.said[id]
	switch {
	case known && old.sense != sense(e) && old.life != a.lives:
		n.fault(e, "ExecID %s said something else before the end", id)
	case !known && len(a.said) < execsKept:
		a.said[id] = earlier{sense(e), a.lives, e.get(54) + " " + e.get(32) + " " + e.get(31)}
	}
	delete(a.unknown, id)
	if o == nil {
		return
	}
	if a.back != nil && o.sent.Line < a.back.Line {
		n.meet(needBothSides, e)
	}
	if o.accepted || o.ended {
		delete(a.held, o.get(11))
	}
	if row := a.wrong[e.get(37)]; row != nil && agrees(row, o) {
		delete(a.wrong, e.get(37))
	}
}

// status compares a row of an answer to AF with what was reported. Reports that were
// missed may still be on their way.
func (a *restarts) status(e *Entry, n *notes) {
	request := a.asked[e.get(584)]
	if request == nil {
		return
	}
	none := e.get(911) == "0"
	if !none {
		a.listed[e.get(584)] = append(a.listed[e.get(584)], e.get(37))
		o := a.orders.orders[e.get(11)]
		if o != nil && !agrees(e, o) {
			a.wrong[e.get(37)] = e
		}
	}
	if e.get(912) != "Y" {
		return
	}
	n.meet(needListed, e)
	for _, o := range a.orders.sorted() {
		if o.accepted && !o.ended && !isImmediate(o) && o.told != nil && o.sent.Line < request.Line && !slices.Contains(a.listed[e.get(584)], o.told.get(37)) {
			a.wrong[o.told.get(37)] = e
		}
	}
	delete(a.asked, e.get(584))
}

// agrees tells whether a row of AF says what the reports of an order add up to. A
// row of another order says that this one is not there: that is so once it ended.
func agrees(row *Entry, o *order) bool {
	if o.told != nil && row.get(37) != o.told.get(37) {
		return o.ended
	}
	cum := number(row.get(14))
	return cum != nil && cum.Cmp(o.cum) == 0 && (row.get(39) == o.status || o.status == "")
}

// trade compares a row of an answer to AD with the fill that was reported.
func (a *restarts) trade(e *Entry, n *notes) {
	was, known := a.said[e.get(17)]
	switch {
	case !known && a.orders.orders[e.get(11)] != nil && len(a.said) < execsKept:
		a.unknown[e.get(17)] = e
	case known && was.size != e.get(54)+" "+e.get(32)+" "+e.get(31):
		n.fault(e, "trade %s is not the fill that was reported", e.get(17))
	case known && was.life < a.lives:
		n.meet(needTradeAgain, e)
	}
}

func (a *restarts) overdue(at time.Time, n *notes) {
	if a.back != nil && at.Sub(a.back.At) > afterReturn {
		for _, id := range sortedKeys(a.held) {
			n.fault(a.held[id].told, "%s was held at the end, and is not decided %v after the return", id, afterReturn)
			delete(a.held, id)
		}
	}
	for _, late := range []struct {
		of  map[string]*Entry
		why string
	}{{a.wrong, "the answer to AF does not agree with the reports about order %s"}, {a.unknown, "trade %s has no report"}} {
		for _, e := range byLine(late.of) {
			if at.Sub(e.At) <= afterReturn {
				continue
			}
			for _, id := range sortedKeys(late.of) {
				if late.of[id] == e {
					n.fault(e, late.why, id)
					delete(late.of, id)
				}
			}
		}
	}
}

func (a *restarts) end(at time.Time, n *notes) { a.overdue(at, n) }

// endurance is C40: promises that need no more than counting, over a long time.
type endurance struct {
	first    time.Time
	messages int
	open     map[string]*Entry // orders without an answer
	answered map[string]bool
}

func newEndurance() *endurance {
	return &endurance{open: map[string]*Entry{}, answered: map[string]bool{}}
}

func (a *endurance) see(e *Entry, n *notes) {
	if a.first.IsZero() {
		a.first = e.At
	}
	if a.messages++; a.messages >= enduranceMessages {
		n.meet(needMessages, e)
	}
	if e.At.Sub(a.first) >= enduranceTime {
		n.meet(needTime, e)
	}
	switch {
	case e.FromClient && e.Kind == "D" && !a.answered[e.get(11)]:
		a.open[e.get(11)] = e
	case e.FromClient && e.Kind == "A" && e.get(141) == "Y":
		clear(a.open) // What was on its way is nobody's any more.
	case e.FromClient:
	case e.Kind == "2":
		a.missed(e)
	case e.Kind == "3" || e.Kind == "j":
		dropRefused(a.open, e)
	case e.Kind == "8" && e.get(150) != "I":
		a.report(e)
	}
}

func (a *endurance) report(e *Entry) {
	delete(a.open, e.get(11))
	if len(a.answered) < execsKept {
		a.answered[e.get(11)] = true
	}
}

// missed takes back what the gateway says it did not get: a client may send it again,
// or not.
func (a *endurance) missed(e *Entry) {
	from, to := e.Fields.Int(7), e.Fields.Int(16)
	for id, order := range a.open {
		if order.Seq >= from && (to <= 0 || order.Seq <= to) {
			delete(a.open, id)
		}
	}
}

func (a *endurance) end(at time.Time, n *notes) {
	for _, e := range byLine(a.open) {
		if at.Sub(e.At) > orderAnswer {
			n.fault(e, "%s has no answer", e.get(11))
		}
	}
}
