package certify

import (
	"slices"
	"time"
)

// Needs of the checks of resilience.
const (
	needCopy      = "a report and its copy on another session, with 797=Y"
	needCopyAgain = "a copy again after a reset of that session, with 97=Y"
	needStall     = "a client that was cut because it did not read"
	needMissed    = "a report that it had missed, asked for"
)

var resilienceChecks = []Check{
	{"C37", areaResilience, true, "Drop copies", "the same ExecIDs in the same order, each with 797=Y, none left out",
		[]string{needCopy, needCopyAgain}, func() automaton { return &copies{ids: map[string]bool{}, copied: map[string]bool{}} }},
	{"C38", areaResilience, true, "A client that does not read", "it is cut; no price comes again or runs out before it is sent; the reports it missed come",
		[]string{needStall, needMissed}, func() automaton { return &stalled{} }},
}

// copies is C37. The other session is in a record of all connections alone.
type copies struct {
	ids     map[string]bool // ClOrdIDs of the client
	reports []string        // ExecIDs in their order
	came    []*Entry        // copies
	again   []*Entry        // copies with 97=Y
	copied  map[string]bool
}

func (a *copies) see(e *Entry, n *notes) {
	switch {
	case e.FromClient && (e.Kind == "D" || e.Kind == "F" || e.Kind == "G"):
		a.ids[e.get(11)] = true
	case e.FromClient || !a.about(e) || slices.Contains(a.reports, e.get(17)):
	case len(a.reports) < recentMax:
		a.reports = append(a.reports, e.get(17))
	}
}

// about tells whether a message is a report about an order of the client.
func (a *copies) about(e *Entry) bool {
	return e.Kind == "8" && e.get(150) != "I" && (a.ids[e.get(11)] || a.ids[e.get(41)])
}

func (a *copies) aside(e *Entry, n *notes) {
	if e.FromClient || e.Kind != "8" || e.get(150) == "I" || len(a.came) >= recentMax {
		return
	}
	switch {
	case e.get(797) != "Y":
		if a.about(e) {
			n.fault(e, "a copy without 797=Y")
		}
	case e.get(97) == "Y":
		a.again = append(a.again, e)
	case !a.copied[e.get(17)]:
		a.copied[e.get(17)] = true
		a.came = append(a.came, e)
	}
}

// end compares: a copy may come before the report, so nothing can be said earlier.
// Copies of what other clients do are not looked at.
func (a *copies) end(_ time.Time, n *notes) {
	first, last := -1, -1
	for _, e := range a.came {
		if !a.about(e) {
			continue
		}
		at := slices.Index(a.reports, e.get(17))
		switch {
		case at < 0:
			n.fault(e, "ExecID %s is of no report", e.get(17))
			continue
		case at < last:
			n.fault(e, "ExecID %s comes after a later one", e.get(17))
		default:
			n.meet(needCopy, e)
		}
		if first < 0 {
			first = at
		}
		last = max(last, at)
	}
	for at := first; first >= 0 && at <= last; at++ {
		if !a.copied[a.reports[at]] {
			n.fault(a.came[0], "of ExecID %s there is no copy", a.reports[at])
		}
	}
	for _, e := range a.again {
		if a.copied[e.get(17)] || slices.Contains(a.reports, e.get(17)) {
			n.meet(needCopyAgain, e)
		}
	}
}

// stalled is C38.
type stalled struct{ cut bool }

// prices are messages whose content is old as soon as there is a newer one.
var prices = []string{"W", "X", "S"}

func (a *stalled) see(e *Entry, n *notes) {
	if e.Cut {
		a.cut = true
		n.meet(needStall, e)
	}
	if e.FromClient {
		return
	}
	again := e.get(43) == "Y"
	if slices.Contains(prices, e.Kind) {
		if again {
			n.fault(e, "a price comes again")
		}
		if until := fixStamp(e.get(62)); !until.IsZero() && until.Before(fixStamp(e.get(52))) {
			n.fault(e, "a quote that had run out when it was sent")
		}
	}
	if a.cut && again && e.Kind == "8" {
		n.meet(needMissed, e)
	}
}

func (a *stalled) end(time.Time, *notes) {}
