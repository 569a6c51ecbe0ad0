package certify

import (
	"strings"
	"time"
)

// strangerID is a CompID that no gateway knows: the reference client tries it.
const strangerID = "NOBODY"

// Needs of the checks about what is refused, and who leaves in time.
const (
	needBadProof = "a Logon with other credentials, refused"
	needStranger = "a Logon of an unknown CompID, refused"
	needSecond   = "a second Logon of a live session, refused"
	needVersion  = "a Logon with another BeginString, refused"

	needNoTag   = "a missing tag (373=1)"
	needEmpty   = "an empty tag (373=4)"
	needUnknown = "an unknown tag (373=0)"
	needForeign = "a tag of other messages (373=2)"
	needValue   = "a wrong value (373=5 or 6)"
	needTwice   = "a tag twice (373=13)"
	needType    = "an unknown MsgType (373=11)"

	needNotice   = "a planned stop, announced"
	needLeft     = "a Logout of the client before it"
	needReturned = "a Logon of the client after it"
)

var refusedChecks = []Check{
	{"C02", areaSession, true, "Logons that are refused", "nobody is let in, no number of the live session is used up, and it goes on",
		[]string{needBadProof, needStranger, needSecond, needVersion}, func() automaton { return &strangers{tries: map[int]*attempt{}} }},
	{"C09", areaSession, true, "Malformed messages", "each gets one Reject that names it, with 371, 372 and 373 that fit; no Reject is answered by one",
		[]string{needNoTag, needEmpty, needUnknown, needForeign, needValue, needTwice, needType}, func() automaton { return newRejects() }},
	{"C12", areaSession, false, "A planned stop", "the client logs out before the announced time, and comes back",
		[]string{needNotice, needLeft, needReturned}, func() automaton { return &planned{} }},
}

// attempt is a Logon that has to be refused.
type attempt struct {
	logon *Entry
	need  string
}

// strangers is C02. What is refused is in a record of all connections alone.
type strangers struct {
	begin, user string
	up          bool
	next        int // MsgSeqNum of the gateway
	tries       map[int]*attempt
	waits       []*attempt
}

func (a *strangers) see(e *Entry, n *notes) {
	switch {
	case e.Kind == "A" && e.FromClient:
		a.begin, a.user, a.up, a.waits = e.get(8), e.get(553), false, nil
		return
	case e.Kind == "5":
		if a.up && !e.FromClient && len(a.waits) > 0 {
			n.fault(e, "a Logon that was refused ends the session that was there")
		}
		a.up, a.waits = false, nil
		return
	case e.FromClient || e.get(43) == "Y":
		return
	}
	if e.Kind == "A" {
		a.up = true
	} else if len(a.waits) > 0 && e.Seq > a.next {
		n.fault(e, "%d to %d were used up by a Logon that was refused", a.next, e.Seq-1)
	}
	a.next = e.Seq + 1
	if e.Kind == "4" {
		a.next = e.Fields.Int(36)
	}
	if e.Kind == "0" && e.get(112) != "" {
		for _, t := range a.waits {
			n.meet(t.need, t.logon)
		}
		a.waits = nil
	}
}

// aside looks at Logons on other connections while the session is up.
func (a *strangers) aside(e *Entry, n *notes) {
	if e.Kind != "A" || !a.up {
		return
	}
	if !e.FromClient {
		if t := a.tries[e.Conn]; t != nil {
			n.fault(e, "let in: %s", strings.TrimSuffix(t.need, ", refused"))
			a.drop(t)
		}
		return
	}
	delete(a.tries, e.Conn)
	t := &attempt{logon: e, need: needSecond}
	switch {
	case e.get(8) != a.begin:
		t.need = needVersion
	case e.get(49) == strangerID:
		t.need = needStranger
	case e.get(553) != a.user:
		t.need = needBadProof
	}
	if e.get(49) == strangerID || e.get(49) == e.client {
		a.tries[e.Conn] = t
		a.waits = append(a.waits, t)
	}
}

func (a *strangers) drop(t *attempt) {
	delete(a.tries, t.logon.Conn)
	for i := range a.waits {
		if a.waits[i] == t {
			a.waits = append(a.waits[:i], a.waits[i+1:]...)
			return
		}
	}
}

func (a *strangers) end(time.Time, *notes) {}

// rejects is C09.
type rejects struct {
	sent     map[int]*Entry // of the client, by number
	order    []int
	rejected map[int]bool // numbers of the client
	refusals map[int]bool // numbers of the gateway's Rejects
}

func newRejects() *rejects {
	return &rejects{sent: map[int]*Entry{}, rejected: map[int]bool{}, refusals: map[int]bool{}}
}

func (a *rejects) see(e *Entry, n *notes) {
	switch {
	case e.Kind == "A" && e.FromClient && e.get(141) == "Y":
		*a = *newRejects()
		a.keep(e)
	case e.FromClient:
		if e.Kind == "3" && a.refusals[e.Fields.Int(45)] {
			n.fault(e, "answers a Reject with a Reject")
		}
		a.keep(e)
	case e.Kind == "3" && e.get(43) != "Y":
		a.refusals[e.Seq] = true
		a.judge(e, n)
	}
}

func (a *rejects) keep(e *Entry) {
	if e.get(43) == "Y" {
		return
	}
	a.sent[e.Seq] = e
	if a.order = append(a.order, e.Seq); len(a.order) > recentMax {
		delete(a.sent, a.order[0])
		a.order = a.order[1:]
	}
}

// judge compares a Reject with what it rejects.
func (a *rejects) judge(e *Entry, n *notes) {
	number := e.Fields.Int(45)
	m := a.sent[number]
	if m == nil {
		if len(a.order) > 0 && len(a.order) < recentMax {
			n.fault(e, "rejects %d, which was not sent", number)
		}
		return
	}
	if a.rejected[number] {
		n.fault(e, "rejects %d a second time", number)
		return
	}
	a.rejected[number] = true
	if kind := e.get(372); kind != "" && kind != m.Kind {
		n.fault(e, "says of %d that it is %s, but it is %s", number, kind, m.Kind)
		return
	}
	tag := e.Fields.Int(371)
	values := m.Fields.All(tag)
	need, fits := "", true
	switch e.get(373) {
	case "1":
		need, fits = needNoTag, len(values) == 0 || grouped(m)
	case "4":
		need, fits = needEmpty, len(values) > 0 && values[0] == ""
	case "0":
		need, fits = needUnknown, len(values) > 0
	case "2":
		need, fits = needForeign, len(values) > 0
	case "5", "6":
		need, fits = needValue, len(values) > 0
	case "13":
		need, fits = needTwice, len(values) > 1
	case "11":
		need, fits = needType, e.get(372) == m.Kind
	default:
		return
	}
	if !fits {
		n.fault(e, "373=%s and 371=%s do not fit %d", e.get(373), e.get(371), number)
		return
	}
	n.meet(need, e)
}

// grouped tells whether a message has a repeating group with more than one entry: what
// is missing in one of them may be there in another.
func grouped(m *Entry) bool {
	seen := map[string]bool{}
	for _, f := range m.Fields {
		tag, _, _ := strings.Cut(f, "=")
		if seen[tag] {
			return true
		}
		seen[tag] = true
	}
	return false
}

func (a *rejects) end(time.Time, *notes) {}

// What the announcement of a planned stop says.
const (
	stopHeadline = "PLANNED_MAINTENANCE"
	stopText     = "session will be logged out at "
)

// planned is C12.
type planned struct {
	at   time.Time // announced; zero: nothing is
	left bool
}

func (a *planned) see(e *Entry, n *notes) {
	switch {
	case e.Kind == "B" && !e.FromClient && e.get(148) == stopHeadline && e.get(43) != "Y":
		n.meet(needNotice, e)
		text := strings.TrimSuffix(strings.TrimPrefix(e.get(58), stopText), "Z")
		if a.at = fixStamp(text); a.at.IsZero() {
			n.fault(e, "announces a stop and does not say when")
		}
	case a.at.IsZero():
	case e.Kind == "5" && e.FromClient && !a.left && e.At.Before(a.at):
		a.left = true
		n.meet(needLeft, e)
	case e.Kind == "5" && !e.FromClient && !a.left:
		n.fault(e, "the client was still there at the announced time")
		a.at = time.Time{}
	case e.Kind == "A" && e.FromClient && a.left:
		n.meet(needReturned, e)
		a.at, a.left = time.Time{}, false
	}
}

func (a *planned) end(time.Time, *notes) {}
