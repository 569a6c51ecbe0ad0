package certify

import (
	"math/big"
	"strings"
	"time"
)

// orderAnswer is how long a request about an order may be without an answer.
const orderAnswer = 10 * time.Second

// Needs of the order checks.
const (
	needFilled      = "an immediate order that fills"
	needKilled      = "an immediate order, or its rest, that is canceled"
	needRests       = "an order that rests"
	needRestEnds    = "a resting order that ends"
	needCanceled    = "a cancel that succeeds"
	needTooLate     = "a cancel that is refused"
	needReplaced    = "a replace that succeeds"
	needNotReplaced = "a replace that is refused"
	needMassCancel  = "a mass cancel and its report"
	needMassStatus  = "a mass status and its last report"
	needExecuted    = "an order that fills"
	needArmed       = "a stop order that is accepted"
	needTriggered   = "a stop order that is set off"
	needReducing    = "a fill of a reduce-only order at a known position"
)

var orderChecks = []Check{
	{"C20", areaOrders, true, "Immediate orders: IOC, FOK, market", "accepted before they fill, ended at once with LeavesQty 0; FOK fills whole or not",
		[]string{needFilled, needKilled}, func() automaton { return &immediate{orders: newBook(isImmediate)} }},
	{"C21", areaOrders, true, "Resting orders: GTC, GTD", "quantities add up in every report; nothing after the end",
		[]string{needRests, needRestEnds}, func() automaton { return &resting{orders: newBook(isResting)} }},
	{"C22", areaOrders, true, "Cancel", "one answer each; 37=NONE only for unknown orders; too late only for ended ones",
		[]string{needCanceled, needTooLate}, func() automaton { return newChanges("F", "1", "4", needCanceled, needTooLate) }},
	{"C23", areaOrders, true, "Replace", "one answer each; 37=NONE only for unknown orders; too late only for ended ones",
		[]string{needReplaced, needNotReplaced}, func() automaton { return newChanges("G", "2", "5", needReplaced, needNotReplaced) }},
	{"C24", areaOrders, true, "Mass cancel and mass status", "r to each q; to each AF reports up to one with 912=Y",
		[]string{needMassCancel, needMassStatus}, func() automaton { return &masses{open: map[string]*Entry{}} }},
	{"C25", areaOrders, true, "A ClOrdID executes once", "no id is used again but with 97=Y or 43=Y; no more is filled than was ordered",
		[]string{needExecuted}, func() automaton { return &once{orders: newBook(func(*order) bool { return true })} }},
	{"C26", areaOrders, true, "Stop orders", "no fill before 636=Y or 150=L",
		[]string{needArmed, needTriggered}, func() automaton { return &stops{orders: newBook(isStop)} }},
	{"C27", areaOrders, true, "Reduce-only orders", "they never open or turn a position",
		[]string{needReducing}, func() automaton { return &reducing{orders: newBook(isReducing), held: newPositions()} }},
}

func isStop(o *order) bool { return o.get(40) == "3" || o.get(40) == "4" }

func isImmediate(o *order) bool {
	tif := o.get(59)
	return o.get(40) != "D" && !isStop(o) && (tif == "3" || tif == "4" || o.get(40) == "1")
}

func isResting(o *order) bool {
	tif := o.get(59)
	return o.get(40) == "2" && (tif == "" || tif == "1" || tif == "6")
}

func isReducing(o *order) bool { return strings.Contains(o.get(18), "E") || o.get(77) == "C" }

// immediate is C20.
type immediate struct{ orders *book }

func (a *immediate) see(e *Entry, n *notes) {
	o := a.orders.told(e, n)
	if o == nil {
		return
	}
	switch e.get(150) {
	case "F":
		if !o.accepted {
			n.fault(e, "filled before it was accepted")
		}
		n.meet(needFilled, e)
	case "4":
		if o.get(59) == "4" && o.fills > 0 {
			n.fault(e, "a fill-or-kill order was filled in part")
		}
		n.meet(needKilled, e)
	}
}

func (a *immediate) end(at time.Time, n *notes) {
	for _, o := range a.orders.sorted() {
		if !o.ended && o.accepted && at.Sub(o.sent.At) > orderAnswer {
			n.fault(o.told, "an immediate order is still working after %v", orderAnswer)
		}
	}
}

// resting is C21.
type resting struct{ orders *book }

func (a *resting) see(e *Entry, n *notes) {
	o := a.orders.told(e, n)
	if o == nil {
		return
	}
	switch {
	case o.accepted && o.status == "0":
		n.meet(needRests, e)
	case o.ended && o.status != "8":
		n.meet(needRestEnds, e)
	}
}

func (a *resting) end(time.Time, *notes) {}

// dropRefused takes the request that a Reject names by its number off those that are
// open.
func dropRefused(open map[string]*Entry, reject *Entry) {
	for id, asked := range open {
		if asked.Seq == reject.Fields.Int(45) {
			delete(open, id)
		}
	}
}

// changes is C22 and C23.
type changes struct {
	kind, to, done string // MsgType, CxlRejResponseTo, ExecType of success
	good, bad      string
	open           map[string]*Entry
	closed         map[string]bool
}

func newChanges(kind, to, done, good, bad string) *changes {
	return &changes{kind, to, done, good, bad, map[string]*Entry{}, map[string]bool{}}
}

func (a *changes) see(e *Entry, n *notes) {
	id := e.get(11)
	switch {
	case e.FromClient && e.Kind == a.kind:
		a.open[id] = e
	case e.FromClient || (isAgain(e) || isCopy(e)) && a.open[id] == nil:
	case e.Kind == "8" && e.get(150) == a.done && (a.open[id] != nil || a.closed[id]):
		a.answer(id, e, n)
		n.meet(a.good, e)
	case e.Kind == "9" && e.get(434) == a.to:
		a.answer(id, e, n)
		a.refused(e, n)
	case e.Kind == "3" || e.Kind == "j":
		dropRefused(a.open, e)
	}
}

func (a *changes) answer(id string, e *Entry, n *notes) {
	if a.closed[id] && a.open[id] == nil {
		n.fault(e, "a second answer to %s", id)
	}
	delete(a.open, id)
	a.closed[id] = true
}

func (a *changes) refused(e *Entry, n *notes) {
	none, unknown := e.get(37) == "NONE", e.get(102) == "1"
	switch {
	case none && !unknown && e.get(102) == "0":
		n.fault(e, "OrderID is NONE though the order is known")
	case unknown && !none:
		n.fault(e, "the order is unknown but has an OrderID")
	case unknown && e.get(39) != "8":
		n.fault(e, "the order is unknown but has a state")
	}
	n.meet(a.bad, e)
}

func (a *changes) end(at time.Time, n *notes) {
	for _, e := range byLine(a.open) {
		if at.Sub(e.At) > orderAnswer {
			n.fault(e, "%s has no answer", e.get(11))
		}
	}
}

// masses is C24.
type masses struct{ open map[string]*Entry }

func (a *masses) see(e *Entry, n *notes) {
	switch {
	case e.FromClient && e.Kind == "q":
		a.open["11="+e.get(11)] = e
	case e.FromClient && e.Kind == "AF":
		a.open["584="+e.get(584)] = e
	case e.FromClient:
	case e.Kind == "r":
		// Which of 11 and 37 names the request is the dialect's affair.
		for _, id := range []string{e.get(11), e.get(37)} {
			if a.open["11="+id] != nil {
				delete(a.open, "11="+id)
				n.meet(needMassCancel, e)
			}
		}
	case e.Kind == "8" && e.get(584) != "" && (e.get(912) == "Y" || e.get(911) == "0"):
		if a.open["584="+e.get(584)] != nil {
			delete(a.open, "584="+e.get(584))
			n.meet(needMassStatus, e)
		}
	case e.Kind == "3" || e.Kind == "j":
		dropRefused(a.open, e)
	}
}

func (a *masses) end(at time.Time, n *notes) {
	for _, e := range byLine(a.open) {
		if at.Sub(e.At) > orderAnswer {
			n.fault(e, "the request has no last answer")
		}
	}
}

// once is C25.
type once struct{ orders *book }

func (a *once) see(e *Entry, n *notes) {
	o := a.orders.see(e)
	if again := a.orders.again; again != nil && e.get(97) != "Y" && e.get(43) != "Y" {
		n.fault(e, "ClOrdID %s was used before", e.get(11))
	}
	if o == nil || e.FromClient || e.get(150) != "F" {
		return
	}
	if o.size != nil && o.cum.Cmp(o.size) > 0 {
		n.fault(e, "%s is filled of %s", text(o.cum), text(o.size))
	}
	n.meet(needExecuted, e)
}

func (a *once) end(time.Time, *notes) {}

// stops is C26.
type stops struct{ orders *book }

func (a *stops) see(e *Entry, n *notes) {
	o := a.orders.see(e)
	if o == nil || e.FromClient {
		return
	}
	switch {
	case e.get(150) == "F" && !o.triggered:
		n.fault(e, "filled before it was set off")
	case o.triggered:
		n.meet(needTriggered, e)
	case e.get(150) == "0":
		n.meet(needArmed, e)
	}
}

func (a *stops) end(time.Time, *notes) {}

// reducing is C27.
type reducing struct {
	orders *book
	held   *positions
}

func (a *reducing) see(e *Entry, n *notes) {
	o := a.orders.see(e)
	before, known := a.held.of(e)
	change := a.held.see(e)
	if o == nil || e.FromClient || e.get(150) != "F" || !known || change == nil {
		return
	}
	after := new(big.Rat).Add(before, change)
	if before.Sign()*after.Sign() < 0 || abs(after).Cmp(abs(before)) > 0 {
		n.fault(e, "the position goes from %s to %s", text(before), text(after))
	}
	n.meet(needReducing, e)
}

func (a *reducing) end(time.Time, *notes) {}

func abs(r *big.Rat) *big.Rat { return new(big.Rat).Abs(r) }
