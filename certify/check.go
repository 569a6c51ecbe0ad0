package certify

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Further verdicts of a check.
const (
	NotObserved   = "not-observed"
	NotApplicable = "not-applicable" // declared to be out of scope
)

// Areas that checks are graded in.
const (
	areaSession = "Session"
	areaPricing = "Pricing"
	areaOrders  = "Orders"
	areaAccount = "Account"

	areaFairness   = "Fairness"
	areaResilience = "Resilience"
)

// Areas lists them in the order of a report.
var Areas = []string{areaSession, areaPricing, areaOrders, areaAccount, areaFairness, areaResilience}

// A Check is one scenario of the certification, and what is judged of it.
type Check struct {
	ID        string `json:"id"`
	Area      string `json:"area"`
	Mandatory bool   `json:"mandatory"`
	Title     string `json:"title"`
	Criteria  string `json:"criteria"`
	// Needs are what has to be seen before it can be passed.
	Needs []string `json:"needs"`

	start func() automaton
}

// An automaton sees every message of a session in its order and notes what it
// means for its check.
type automaton interface {
	see(e *Entry, n *notes)
	// end is called once, with the time of the last message.
	end(at time.Time, n *notes)
}

// Evidence is a message that a verdict rests on.
type Evidence struct {
	Line int    `json:"line"`
	From string `json:"from"`
	Seq  int    `json:"seq"`
	Type string `json:"type"`
	Why  string `json:"why"`
}

func (e Evidence) String() string {
	return fmt.Sprintf("line %d, %s 34=%d %s: %s", e.Line, e.From, e.Seq, typeName(e.Type), e.Why)
}

// evidenceMax is how many messages a verdict names; it counts the others.
const evidenceMax = 10

// notes are what an automaton has found in a record.
type notes struct {
	source Source // of the record
	met    map[string]Evidence
	faults []Evidence
}

func newNotes(s Source) *notes { return &notes{source: s, met: map[string]Evidence{}} }

// meet notes that something that the check needs was seen; the first time counts.
func (n *notes) meet(need string, e *Entry) {
	if _, before := n.met[need]; !before {
		n.met[need] = evidence(e, need)
	}
}

func (n *notes) fault(e *Entry, why string, args ...any) {
	n.faults = append(n.faults, evidence(e, fmt.Sprintf(why, args...)))
}

func evidence(e *Entry, why string) Evidence {
	from := "gateway"
	if e.FromClient {
		from = "client"
	}
	return Evidence{e.Line, from, e.Seq, e.Kind, why}
}

// Finding is the verdict of one check.
type Finding struct {
	Check    Check      `json:"check"`
	Verdict  string     `json:"verdict"`
	Why      string     `json:"why,omitempty"`
	Evidence []Evidence `json:"evidence"`
}

// judge runs one automaton over a log.
func (c Check) judge(l *Log) Finding {
	n := newNotes(l.Source)
	a := c.start()
	l.watch(c, a, n)
	return n.finding(c)
}

// verdict is that on what was found so far.
func (n *notes) verdict(c Check) string {
	switch {
	case len(n.faults) > 0:
		return Failed
	case len(n.met) < len(c.Needs): // Nothing else is ever met.
		return NotObserved
	}
	return Passed
}

// finding is the verdict with what it rests on.
func (n *notes) finding(c Check) Finding {
	f := Finding{Check: c, Verdict: n.verdict(c), Evidence: []Evidence{}}
	switch f.Verdict {
	case Failed:
		f.Evidence, f.Why = n.faults, n.faults[0].Why
		if more := len(n.faults) - 1; more > 0 {
			f.Why += fmt.Sprintf(", and %d more", more)
		}
	default:
		var unseen []string
		for _, need := range c.Needs {
			if e, met := n.met[need]; met {
				f.Evidence = append(f.Evidence, e)
			} else {
				unseen = append(unseen, need)
			}
		}
		if len(unseen) > 0 {
			f.Why = "not seen: " + strings.Join(unseen, ", ")
		}
	}
	f.Evidence = f.Evidence[:min(len(f.Evidence), evidenceMax)]
	return f
}

// Checks returns every check that is built, in the order of their ids.
func Checks() []Check {
	all := slices.Concat(sessionChecks, resendChecks, refusedChecks, pricingChecks, streamChecks, orderChecks, accountChecks, moneyChecks, marginChecks, fairnessChecks, resilienceChecks, restartChecks)
	slices.SortFunc(all, func(a, b Check) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// reason is the token that a refusal gives: in a field of its own, or first in Text(58).
func reason(e *Entry) string {
	if code := e.get(22004); code != "" {
		return code
	}
	token, _, _ := strings.Cut(e.get(58), " ")
	return token
}

// refusal tells whether a message of the gateway refuses a request.
func refusal(e *Entry) bool {
	switch e.Kind {
	case "3", "j", "9", "Y", "AG":
		return true
	case "8":
		return e.get(150) == "8"
	case "AI":
		return slices.Contains([]string{"5", "9"}, e.get(297))
	}
	return false
}

// isAgain tells that a message says itself that it may have come before.
func isAgain(e *Entry) bool { return e.get(43) == "Y" || e.get(97) == "Y" }

// isCopy tells that a report is a copy of one that another session, or this one, gets.
func isCopy(e *Entry) bool { return e.get(797) == "Y" }
