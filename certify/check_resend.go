package certify

import (
	"slices"
	"strings"
	"time"
)

// Needs of the checks about what is said again.
const (
	needCrossing = "ResendRequests of both sides at once, both answered"
	needFlowing  = "a ResendRequest while requests were open, answered as they were"
	needOwed     = "a report again after a reset, with 97=Y"
	needEnded    = "an order that ended with its connection (8013=Y)"
	needKept     = "an order that outlived its connection (8013=N)"
)

var resendChecks = []Check{
	{"C05", areaSession, true, "ResendRequests that meet, and in the flow of orders", "all that was asked for comes within 5 s; no ExecID comes twice without 43=Y",
		[]string{needCrossing, needFlowing}, func() automaton { return &crossing{execs: map[string]bool{}, open: map[string]bool{}} }},
	{"C07", areaSession, true, "A reset with reports that are owed", "each ExecID once, or again with 97=Y",
		[]string{needOwed}, func() automaton { return &resets{seen: map[string]int{}} }},
	{"C08", areaSession, true, "A broken connection with working orders", "8013=Y: each is reported as canceled; 8013=N: none is, and each still works",
		[]string{needEnded, needKept}, func() automaton { return newLeftovers() }},
}

// span is a range of numbers that was asked for.
type span struct {
	ask        *Entry // nil: none is open
	next, upTo int
	crossed    bool // the other side had asked as well
	flowing    bool // requests were open
}

// ask opens a span with a ResendRequest; highest is what had been said by then.
func (s *span) open(e *Entry, highest int) {
	*s = span{ask: e, next: e.Fields.Int(7), upTo: highest}
	if to := e.Fields.Int(16); to > 0 {
		s.upTo = min(to, highest)
	}
}

// came notes a message that is said again, and tells whether it was the last one.
func (s *span) came(e *Entry) bool {
	if s.ask == nil {
		return false
	}
	next := e.Seq + 1
	if e.Kind == "4" {
		next = e.Fields.Int(36)
	}
	s.next = max(s.next, next)
	return s.next > s.upTo
}

// crossing is C05.
type crossing struct {
	high             [2]int // MsgSeqNum of the gateway, of the client
	gateway, client  span   // what each has asked for
	execs            map[string]bool
	open             map[string]bool // ClOrdIDs without a report
	crossed, flowing *Entry          // the first half is done
}

func (a *crossing) see(e *Entry, n *notes) {
	a.overdue(e.At, n)
	side := 0
	if e.FromClient {
		side = 1
	}
	again := e.get(43) == "Y"
	if e.Kind == "A" && e.FromClient {
		a.gateway, a.client, a.crossed, a.flowing = span{}, span{}, nil, nil
		if e.get(141) == "Y" {
			a.high = [2]int{}
			clear(a.execs)
		}
	}
	if !again {
		a.high[side] = max(a.high[side], e.Seq)
	}
	switch {
	case e.Kind == "2":
		a.ask(e)
	case again && e.FromClient && a.gateway.came(e):
		a.done(&a.gateway, e, n)
	case again && !e.FromClient && a.client.came(e):
		a.done(&a.client, e, n)
	}
	a.reports(e, again, n)
}

func (a *crossing) ask(e *Entry) {
	mine, other := &a.gateway, &a.client
	highest := a.high[1]
	if e.FromClient {
		mine, other, highest = &a.client, &a.gateway, a.high[0]
	}
	mine.open(e, highest)
	if other.ask != nil {
		mine.crossed, other.crossed = true, true
	}
	mine.flowing = e.FromClient && len(a.open) > 0
}

func (a *crossing) done(s *span, e *Entry, n *notes) {
	if s.crossed {
		if a.crossed != nil {
			n.meet(needCrossing, e)
		}
		a.crossed = e
	}
	if s.flowing {
		a.flowing = e
	}
	*s = span{}
	a.flowed(e, n)
}

// flowed: the answers to the requests that were open came as well, as new messages.
func (a *crossing) flowed(e *Entry, n *notes) {
	if a.flowing != nil && len(a.open) == 0 {
		n.meet(needFlowing, e)
	}
}

func (a *crossing) reports(e *Entry, again bool, n *notes) {
	switch {
	case e.FromClient && e.Kind == "D":
		a.open[e.get(11)] = true
		if len(a.open) > recentMax {
			clear(a.open)
		}
	case e.FromClient || e.Kind != "8" || e.get(150) == "I":
	default:
		id := e.get(17)
		if a.execs[id] && !again && e.get(97) != "Y" {
			n.fault(e, "ExecID %s comes a second time, as if it were new", id)
		}
		a.execs[id] = true
		delete(a.open, e.get(11))
		a.flowed(e, n)
	}
}

func (a *crossing) overdue(at time.Time, n *notes) {
	if s := &a.client; s.ask != nil && at.Sub(s.ask.At) > gapAskMax && s.next <= s.upTo {
		n.fault(s.ask, "asked for, but %d to %d did not come within %v", s.next, s.upTo, gapAskMax)
		*s = span{}
	}
}

func (a *crossing) end(at time.Time, n *notes) { a.overdue(at, n) }

// resets is C07.
type resets struct {
	epoch int
	seen  map[string]int // ExecID -> the epoch in which it came last
}

func (a *resets) see(e *Entry, n *notes) {
	if e.Kind == "A" && !e.FromClient && e.get(141) == "Y" {
		a.epoch++
	}
	if e.FromClient || e.Kind != "8" || e.get(150) == "I" || e.get(43) == "Y" {
		return
	}
	id, marked := e.get(17), e.get(97) == "Y"
	last, before := a.seen[id]
	switch {
	case before && last < a.epoch && !marked:
		n.fault(e, "ExecID %s comes again after a reset, without 97=Y", id)
	case before && last == a.epoch && marked:
		n.fault(e, "ExecID %s comes twice after one reset", id)
	case marked:
		n.meet(needOwed, e)
	}
	a.seen[id] = a.epoch
}

func (a *resets) end(time.Time, *notes) {}

// leftovers is C08.
type leftovers struct {
	book *book
	mode string // 8013 of the session
	over bool   // it was logged out
	left map[*order]string
}

func newLeftovers() *leftovers {
	return &leftovers{book: newBook(func(*order) bool { return true }), over: true, left: map[*order]string{}}
}

func (a *leftovers) see(e *Entry, n *notes) {
	switch {
	case e.Kind == "5":
		a.over = true
	case e.Kind == "A" && e.FromClient:
		a.enter(e)
	case e.Kind == "8" && e.get(150) == "I":
		a.status(e, n)
	default:
		if o := a.book.see(e); o != nil && !e.FromClient {
			a.report(o, e, n)
		}
	}
}

// enter: a Logon that follows on no Logout follows on a connection that broke.
func (a *leftovers) enter(e *Entry) {
	if !a.over && a.mode != "" {
		for _, o := range a.book.orders {
			if o.accepted && !o.ended {
				a.left[o] = a.mode
			}
		}
	}
	a.mode, a.over = e.get(8013), false
}

func (a *leftovers) report(o *order, e *Entry, n *notes) {
	mode := a.left[o]
	if mode == "" || e.get(150) != "4" {
		return
	}
	if mode == "Y" {
		n.meet(needEnded, e)
	} else if strings.HasPrefix(e.get(58), "CANCEL_ON_DISCONNECT") {
		n.fault(e, "ended with the connection, though the Logon had 8013=N")
	}
}

func (a *leftovers) status(e *Entry, n *notes) {
	o := a.book.orders[e.get(11)]
	mode := a.left[o]
	if o == nil || mode == "" || !slices.Contains([]string{"0", "1"}, e.get(39)) {
		return
	}
	if mode == "N" {
		n.meet(needKept, e)
	} else {
		n.fault(e, "still works, though the Logon before had 8013=Y")
	}
}

func (a *leftovers) end(time.Time, *notes) {}
