package certify

import (
	"slices"
	"strings"
	"time"
)

// Bounds of the session checks.
const (
	testAnswerMax = 2 * time.Second // for a Heartbeat in answer to a TestRequest
	gapAskMax     = 5 * time.Second // for a ResendRequest after a gap
	loopSpan      = time.Minute     // in which the same may be refused loopMax times
	loopMax       = 3
	backOffMax    = time.Second // in which a throttled client has to stop
	recentMax     = 4096        // messages that a refusal may refer to
)

// Needs of the session checks.
const (
	needLogon     = "a Logon and its answer"
	needTest      = "a TestRequest of the gateway, answered"
	needLogout    = "a Logout and its answer"
	needGap       = "a gap in the gateway's numbers, asked for"
	needResend    = "a ResendRequest of the gateway, answered"
	needNumbers   = "ten messages of the client"
	needRefusal   = "a refused request"
	needThrottled = "a throttled request"
)

var sessionChecks = []Check{
	{"C01", areaSession, true, "Logon, heartbeat, TestRequest, Logout", "TestReqID echoed within 2 s; no end before the answer to a Logout",
		[]string{needLogon, needTest, needLogout}, func() automaton { return &liveness{asked: map[string]*Entry{}} }},
	{"C03", areaSession, true, "The client detects a gap", "ResendRequest from the first missing number within 5 s, no Logout",
		[]string{needGap}, func() automaton { return &gapSeen{} }},
	{"C04", areaSession, true, "The client repeats what is asked for", "43=Y and 122, or gap fills; no message of the session repeated",
		[]string{needResend}, func() automaton { return &repeats{} }},
	{"C06", areaSession, true, "The client's numbers", "each message has the next number; a gap only at a Logon",
		[]string{needLogon, needNumbers}, func() automaton { return &numbering{} }},
	{"C10", areaSession, true, "The client's reaction to a refusal", "the same is not refused more than 3 times a minute",
		[]string{needRefusal}, func() automaton { return newLoops() }},
	{"C11", areaSession, true, "The client backs off", "no request is throttled later than 1 s after the first, without a pause of 1 s",
		[]string{needThrottled}, func() automaton { return &throttled{} }},
}

// liveness is C01.
type liveness struct {
	logon, client, gateway *Entry // Logon of the client, Logouts of both
	asked                  map[string]*Entry
}

func (a *liveness) see(e *Entry, n *notes) {
	if e.Kind != "A" && !(e.FromClient && a.asked[e.get(112)] != nil) {
		a.overdue(e.At, n)
	}
	switch {
	case e.Kind == "A" && e.FromClient:
		if a.client != nil && a.gateway == nil {
			n.fault(e, "the client came back before its Logout was answered")
		}
		*a = liveness{logon: e, asked: map[string]*Entry{}}
	case e.Kind == "A":
		if a.logon != nil {
			n.meet(needLogon, e)
		}
	case e.Kind == "1" && !e.FromClient && !e.Unread:
		a.asked[e.get(112)] = e
	case e.Kind == "0" && e.FromClient:
		a.answer(e, n)
	case e.Kind == "5":
		if e.FromClient {
			a.client = e
		} else {
			a.gateway = e
		}
		if a.client != nil && a.gateway != nil {
			n.meet(needLogout, e)
		}
	}
}

func (a *liveness) answer(e *Entry, n *notes) {
	asked := a.asked[e.get(112)]
	if asked == nil {
		return
	}
	delete(a.asked, e.get(112))
	if late := e.At.Sub(asked.At); late > testAnswerMax {
		n.fault(e, "TestRequest %s answered after %v", e.get(112), late)
		return
	}
	n.meet(needTest, e)
}

func (a *liveness) overdue(at time.Time, n *notes) {
	for _, e := range byLine(a.asked) {
		if at.Sub(e.At) > testAnswerMax && a.client == nil && a.gateway == nil {
			n.fault(e, "TestRequest %s was not answered within %v", e.get(112), testAnswerMax)
			delete(a.asked, e.get(112))
		}
	}
}

func (a *liveness) end(at time.Time, n *notes) { a.overdue(at, n) }

// gapSeen is C03. What the gateway skips is a gap for the client. So may be what it
// sent last on a connection that broke: its own log does not say whether that arrived,
// the client's does.
type gapSeen struct {
	next  int
	gap   *Entry
	from  int
	there bool // the client is logged on
	torn  bool // and its connection before this one broke
}

func (a *gapSeen) see(e *Entry, n *notes) {
	a.overdue(e.At, n)
	if e.FromClient {
		a.enter(e)
	}
	switch {
	case e.FromClient && a.gap != nil && e.Kind == "2":
		if got := e.Fields.Int(7); got > a.from || got < a.from && !(a.torn && n.source == OfGateway) {
			n.fault(e, "asks from %d, but %d is the first that is missing", got, a.from)
		} else {
			n.meet(needGap, e)
		}
		a.gap, a.torn = nil, false
	case e.FromClient && a.gap != nil && (e.Kind == "5" || e.Kind == "A"):
		n.fault(e, "leaves instead of asking for %d", a.from)
		a.gap = nil
	case e.FromClient || e.get(43) == "Y" || e.Kind == "5" && e.Seq == 0:
	case e.Kind == "A" && e.get(141) == "Y":
		a.next = 2
	case e.Kind == "4":
		a.next = e.Fields.Int(36)
	default:
		if a.next > 0 && e.Seq > a.next && a.gap == nil {
			a.gap, a.from = e, a.next
		}
		a.next = max(a.next, e.Seq+1)
	}
}

// enter follows the client's Logons and Logouts.
func (a *gapSeen) enter(e *Entry) {
	switch e.Kind {
	case "A":
		a.there, a.torn = true, a.there && e.get(141) != "Y"
	case "5":
		a.there, a.torn = false, false
	}
}

func (a *gapSeen) overdue(at time.Time, n *notes) {
	if a.gap != nil && at.Sub(a.gap.At) > gapAskMax {
		n.fault(a.gap, "nothing from %d on was asked for within %v", a.from, gapAskMax)
		a.gap = nil
	}
}

func (a *gapSeen) end(at time.Time, n *notes) { a.overdue(at, n) }

// repeats is C04.
type repeats struct {
	sent int // the client's highest number
	ask  *Entry
	want int
	upTo int
}

func (a *repeats) see(e *Entry, n *notes) {
	switch {
	case !e.FromClient && e.Kind == "2":
		a.ask, a.want, a.upTo = e, e.Fields.Int(7), a.sent
		if to := e.Fields.Int(16); to > 0 && to < a.upTo {
			a.upTo = to
		}
	case !e.FromClient:
	case a.ask != nil && (e.get(43) == "Y" || e.Kind == "4"):
		a.repeated(e, n)
	case e.Kind == "A" && e.get(141) == "Y":
		a.ask, a.sent = nil, 1
	default:
		a.sent = max(a.sent, e.Seq)
	}
}

func (a *repeats) repeated(e *Entry, n *notes) {
	switch {
	case e.Kind == "4" && e.get(123) != "Y":
		n.fault(e, "answers a ResendRequest with a reset of the numbers")
	case e.Kind != "4" && admin(e.Kind):
		n.fault(e, "repeats a message of the session")
	case e.Kind != "4" && e.get(122) == "":
		n.fault(e, "repeats without OrigSendingTime(122)")
	case e.Seq != a.want:
		n.fault(e, "repeats %d, but %d is next", e.Seq, a.want)
	}
	a.want = e.Seq + 1
	if e.Kind == "4" {
		a.want = e.Fields.Int(36)
	}
	if a.want > a.upTo {
		n.meet(needResend, e)
		a.ask = nil
	}
}

func (a *repeats) end(at time.Time, n *notes) {
	if a.ask != nil && at.Sub(a.ask.At) > gapAskMax {
		n.fault(a.ask, "%d to %d were not repeated", a.want, a.upTo)
	}
}

// numbering is C06. Within a connection TCP loses nothing, so that a skipped number
// is the client's doing.
type numbering struct{ next, count int }

func (a *numbering) see(e *Entry, n *notes) {
	if !e.FromClient {
		if e.Kind == "A" {
			n.meet(needLogon, e)
		}
		return
	}
	if a.count++; a.count >= 10 {
		n.meet(needNumbers, e)
	}
	switch {
	case e.get(43) == "Y":
	case e.Kind == "A" && e.get(141) == "Y":
		if e.Seq != 1 {
			n.fault(e, "a Logon with 141=Y has number %d", e.Seq)
		}
		a.next = 2
	case a.next > 0 && e.Seq < a.next:
		n.fault(e, "number %d was used before; %d is next", e.Seq, a.next)
	case a.next > 0 && e.Seq > a.next && e.Kind != "A":
		n.fault(e, "numbers %d to %d are skipped", a.next, e.Seq-1)
		a.next = e.Seq + 1
	default:
		a.next = e.Seq + 1
	}
	if e.Kind == "4" {
		a.next = max(a.next, e.Fields.Int(36))
	}
}

func (a *numbering) end(time.Time, *notes) {}

// loops is C10.
type loops struct {
	recent  map[string]string // what names a request -> what it asks for
	order   []string
	refused map[string][]time.Time
}

func newLoops() *loops {
	return &loops{recent: map[string]string{}, refused: map[string][]time.Time{}}
}

// named are the ids that a request and its refusal share, besides its number.
var named = []int{11, 131, 262, 117}

// fresh are fields that differ each time though the same is asked for.
var fresh = []string{"8", "9", "10", "34", "52", "60", "11", "131", "262", "43", "97", "122", "693"}

func (a *loops) see(e *Entry, n *notes) {
	if e.FromClient {
		sense := senseOf(e)
		a.keep("34="+e.get(34), sense)
		for _, tag := range named {
			if id, ok := e.Fields.Lookup(tag); ok {
				a.keep(fieldKey(tag, id), sense)
			}
		}
		return
	}
	if !refusal(e) || reason(e) == "THROTTLED" || isAgain(e) || isCopy(e) {
		return
	}
	n.meet(needRefusal, e)
	sense := a.recent["34="+e.get(45)]
	for _, tag := range named {
		if id, ok := e.Fields.Lookup(tag); ok && sense == "" {
			sense = a.recent[fieldKey(tag, id)]
		}
	}
	if sense == "" {
		return
	}
	var within []time.Time
	for _, t := range a.refused[sense] {
		if e.At.Sub(t) < loopSpan {
			within = append(within, t)
		}
	}
	a.refused[sense] = append(within, e.At)
	if len(within) == loopMax {
		n.fault(e, "the same was refused %d times within %v: %s", loopMax+1, loopSpan, reason(e))
	}
}

func (a *loops) keep(key, sense string) {
	if _, known := a.recent[key]; !known {
		a.order = append(a.order, key)
	}
	a.recent[key] = sense
	if len(a.order) > recentMax {
		delete(a.recent, a.order[0])
		a.order = a.order[1:]
	}
}

func (a *loops) end(time.Time, *notes) {}

// senseOf is what a message asks for, without what is new each time.
func senseOf(e *Entry) string {
	var kept []string
	for _, f := range e.Fields {
		tag, _, _ := strings.Cut(f, "=")
		if !slices.Contains(fresh, tag) {
			kept = append(kept, f)
		}
	}
	return strings.Join(kept, "|")
}

// throttled is C11.
type throttled struct{ first, last time.Time }

func (a *throttled) see(e *Entry, n *notes) {
	if e.FromClient || e.Kind != "j" || reason(e) != "THROTTLED" {
		return
	}
	n.meet(needThrottled, e)
	if a.last.IsZero() || e.At.Sub(a.last) > backOffMax {
		a.first = e.At
	}
	a.last = e.At
	if on := e.At.Sub(a.first); on > backOffMax {
		n.fault(e, "still sends too much after %v", on)
		a.first = e.At
	}
}

func (a *throttled) end(time.Time, *notes) {}
