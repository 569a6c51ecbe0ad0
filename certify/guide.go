package certify

import (
	"fmt"
	"slices"
	"strings"
)

// Words that begin a line of a guide.
const (
	guideOpen      = "OPEN"
	guidePassed    = "PASSED"
	guideFailed    = "FAILED"
	guideUnseen    = "NOT_OBSERVED"
	guideCertified = "CERTIFIED"
)

// A Guide follows a session while it goes on and says how its certification
// stands: which check is open, what has passed, what has failed and by which
// message. It judges with the automata of a report; what only the end of a log
// shows, such as an answer that never came, is left to the report.
type Guide struct {
	of     Log // without its entries
	order  inOrder
	checks []*guided
	beside []string // checks that only further connections can show: they are left to the report
	here   bool     // the client has been welcomed
	open   string   // the check that was last said to be open
	lines  []string // to be said
}

// guided is one check of a session that goes on.
type guided struct {
	check Check
	a     automaton
	n     *notes
	told  string // the verdict that was last said
	late  bool   // a report has failed it for what the messages alone do not show yet
}

// NewGuide follows the session between two CompIDs, as the gateway hears it.
func NewGuide(client, gateway string) *Guide {
	g := &Guide{of: Log{Source: OfGateway, Client: client, Gateway: gateway}}
	for _, c := range Checks() {
		a := c.start()
		if _, is := a.(onlooker); is {
			g.beside = append(g.beside, c.ID)
			continue
		}
		g.checks = append(g.checks, &guided{check: c, a: a, n: newNotes(g.of.Source), told: NotObserved})
	}
	return g
}

// See takes the next line of the log. It reports whether that is the gateway's
// answer to a Logon: the client is here, and has to be welcomed.
func (g *Guide) See(line string) (loggedOn bool) {
	g.of.Lines++
	e := readEntry(line)
	if e == nil {
		g.of.event(line)
		return false
	}
	if e.Conn > 0 || !g.of.owns(e) {
		return false
	}
	e.Line = g.of.Lines
	e.Cut, g.of.cut = g.of.cut, false
	turn := g.order.take(e)
	for _, c := range g.checks {
		c.see(e, turn)
		v := c.n.verdict(c.check)
		if v == c.told || v == NotObserved || c.late && v == Passed {
			continue
		}
		c.told = v
		g.lines = append(g.lines, verdictLine(c.n.finding(c.check)))
	}
	if g.here {
		g.offer()
	}
	return e.Kind == "A" && !e.FromClient
}

// see shows a check the message that has come, or those that have their turn by it.
func (c *guided) see(e *Entry, turn []*Entry) {
	if c.check.asTheyCome() {
		turn = []*Entry{e}
	}
	for _, e := range turn {
		c.a.see(e, c.n)
	}
}

// offer says which check is open: the first of those that have to be passed and
// have not been.
func (g *Guide) offer() {
	for _, c := range g.checks {
		if !c.check.Mandatory || c.told != NotObserved {
			continue
		}
		if g.open != c.check.ID {
			g.open = c.check.ID
			g.lines = append(g.lines, openLine(c.n.finding(c.check)))
		}
		return
	}
	if g.open != "" && !slices.ContainsFunc(g.checks, func(c *guided) bool { return c.told == Failed && c.check.Mandatory }) {
		g.lines = append(g.lines, guideCertified+" every mandatory check passes so far, but for those that take further connections: "+strings.Join(g.beside, " "))
	}
	g.open = ""
}

// Welcome takes the verdicts of a report on the session as it was before it came
// back, and says how all stands instead of what was to be said.
func (g *Guide) Welcome(r *Report) {
	var failed, unseen []string
	for _, f := range r.Findings {
		i := slices.IndexFunc(g.checks, func(c *guided) bool { return c.check.ID == f.Check.ID })
		if i < 0 {
			continue
		}
		c := g.checks[i]
		now := c.n.finding(c.check)
		if c.late = f.Verdict == Failed && now.Verdict != Failed; !c.late {
			f = now
		}
		c.told = f.Verdict
		switch f.Verdict {
		case Failed:
			failed = append(failed, verdictLine(f))
		case NotObserved:
			unseen = append(unseen, f.Check.ID)
		}
	}
	g.lines = failed
	passed := len(g.checks) - len(failed) - len(unseen)
	g.lines = append(g.lines, fmt.Sprintf("%s %d of %d checks", guidePassed, passed, len(g.checks)))
	if len(unseen) > 0 {
		g.lines = append(g.lines, guideUnseen+" "+strings.Join(unseen, " "))
	}
	g.here, g.open = true, "-" // Whatever is open is said, also that nothing is.
	g.offer()
}

// Lines returns what is to be said, and forgets it.
func (g *Guide) Lines() []string {
	lines := g.lines
	g.lines = nil
	return lines
}

func verdictLine(f Finding) string {
	if f.Verdict == Passed {
		return fmt.Sprintf("%s %s %s", guidePassed, f.Check.ID, f.Check.Title)
	}
	e := f.Evidence[0]
	return fmt.Sprintf("%s %s %s; %s 34=%d %s: %s", guideFailed, f.Check.ID, f.Check.Title, e.From, e.Seq, typeName(e.Type), f.Why)
}

func openLine(f Finding) string {
	return fmt.Sprintf("%s %s %s; %s; %s", guideOpen, f.Check.ID, f.Check.Title, f.Check.Criteria, f.Why)
}
