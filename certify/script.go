package certify

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of a script.
const (
	scriptMax = 1 << 20 // bytes of a file
	stepsMax  = 10_000
	connsMax  = 9
	floodMax  = 1_000 // messages of one flood
)

// A Case is one scenario: what is said to an acceptor, and what it has to answer.
type Case struct {
	Name   string `json:"name"`
	File   string `json:"file"`
	Rule   string `json:"rule,omitempty"`   // which rule it holds the acceptor to
	Given  string `json:"given,omitempty"`  // in which state
	Expect string `json:"expect,omitempty"` // what has to happen
	// Since names the versions whose rule it is; empty: all.
	Since []string `json:"since,omitempty"`
	// Needs are words without which it cannot be played: a password, a session for copies.
	Needs []string `json:"needs,omitempty"`
	// Markets names those without which it cannot be played; empty: any will do.
	Markets []string `json:"markets,omitempty"`

	wait time.Duration // that one message may take at least; zero: what the target says

	source []string // lines of the file, to show around a failure
	steps  []step
}

// Verbs of our own; those of QuickFIX are the letters I, E, i and e.
const (
	verbConnect = "connect"
	verbLogon   = "logon"
	verbSend    = "send"
	verbFlood   = "flood"
	verbRaw     = "raw"
	verbFramed  = "framed"
	verbCalm    = "calm"
	verbExpect  = "expect"
	verbAwait   = "await"
	verbFence   = "fence"
	verbEnded   = "ended"
	verbAlive   = "alive"
	verbNumber  = "number"
	verbMute    = "mute"
	verbLogout  = "logout"
	verbDrop    = "drop"
	verbDo      = "do"
	verbBack    = "back"
	verbAsks    = "asks"
	verbWhole   = "whole"
	verbLate    = "late"
	verbStall   = "stall"
)

// takes tells, for each verb, whether it needs something behind it.
var takes = map[string]bool{
	verbConnect: false, verbLogon: false, verbSend: true, verbFlood: true, verbRaw: true, verbFramed: true, verbCalm: false, verbExpect: true, verbAwait: true, verbFence: false,
	verbEnded: false, verbAlive: false, verbNumber: true, verbMute: false, verbLogout: false, verbDrop: false, verbDo: true,
	verbBack: false, verbAsks: false, verbWhole: false, verbLate: true, verbStall: true,
}

type step struct {
	line    int
	text    string
	verb    string // one of ours, or "I", "E", "i", "e"
	conn    int
	body    string
	demands []matcher
	times   int           // of a flood
	least   time.Duration // that has to pass before
}

// A ScriptError names the line of a script that cannot be read.
type ScriptError struct {
	File string
	Line int
	Err  error
}

func (e *ScriptError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

func (e *ScriptError) Unwrap() error { return e.Err }

// ParseScript reads a scenario. A QuickFIX definition is one; its lines and ours
// may stand in one file.
func ParseScript(file, name string, src []byte) (*Case, error) {
	if len(src) > scriptMax {
		return nil, &ScriptError{file, 1, fmt.Errorf("%d bytes, at most %d", len(src), scriptMax)}
	}
	c := &Case{Name: name, File: file, source: strings.Split(string(src), "\n")}
	for n, line := range c.source {
		line = strings.TrimRight(line, "\r")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if line[0] == '#' {
			if err := c.header(strings.TrimSpace(line[1:])); err != nil {
				return nil, &ScriptError{file, n + 1, err}
			}
			continue
		}
		s, err := parseStep(line)
		if err != nil {
			return nil, &ScriptError{file, n + 1, err}
		}
		s.line, s.text = n+1, line
		c.steps = append(c.steps, s)
		if len(c.steps) > stepsMax {
			return nil, &ScriptError{file, n + 1, fmt.Errorf("more than %d steps", stepsMax)}
		}
	}
	if len(c.steps) == 0 {
		return nil, &ScriptError{file, len(c.source), errors.New("nothing is done here")}
	}
	return c, nil
}

// header reads what a comment says of the scenario. A definition of QuickFIX has
// no marks; its first comment is taken for what it expects.
func (c *Case) header(comment string) error {
	mark, text, _ := strings.Cut(comment, " ")
	switch {
	case mark == "@rule":
		c.Rule = text
	case mark == "@given":
		c.Given = text
	case mark == "@expect":
		c.Expect = text
	case mark == "@since":
		c.Since = strings.Fields(text)
	case mark == "@needs":
		c.Needs = strings.Fields(text)
	case mark == "@market":
		c.Markets = strings.Fields(text)
	case mark == "@wait":
		return c.waits(text)
	case c.Expect == "" && len(c.steps) == 0 && !strings.HasPrefix(mark, "@"):
		c.Expect = comment
	}
	return nil
}

// caseWaitMax is the longest wait that a scenario may ask for.
const caseWaitMax = 10 * time.Minute

// waits reads how many seconds one message may take.
func (c *Case) waits(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || time.Duration(n) > caseWaitMax/time.Second {
		return fmt.Errorf("@wait %s: it is whole seconds, 1 to %d", text, caseWaitMax/time.Second)
	}
	c.wait = time.Duration(n) * time.Second
	return nil
}

func parseStep(line string) (step, error) {
	if strings.ContainsRune("IEie", rune(line[0])) && (len(line) < 2 || !('a' <= line[1] && line[1] <= 'z')) {
		return parseDefinition(line)
	}
	verb, rest, _ := strings.Cut(line, " ")
	needs, known := takes[verb]
	if !known {
		return step{}, fmt.Errorf("%q is no step; there are I, E, i, e and %s", verb, strings.Join(verbs(), ", "))
	}
	s := step{verb: verb, conn: 1}
	s.conn, s.body = cutConn(strings.TrimSpace(rest), !needs)
	if needs != (s.body != "") && verb != verbLogon && verb != verbBack {
		return step{}, fmt.Errorf("%s: something is missing or too much behind it", verb)
	}
	if err := checkReferences(s.body); err != nil {
		return step{}, err
	}
	if verb == verbFlood {
		var n string
		n, s.body, _ = strings.Cut(s.body, " ")
		var err error
		if s.times, err = strconv.Atoi(n); err != nil || s.times < 1 || s.times > floodMax || s.body == "" {
			return step{}, fmt.Errorf("flood takes a number up to %d and a message", floodMax)
		}
	}
	if verb != verbExpect && verb != verbAwait && verb != verbLate {
		return s, nil
	}
	if verb == verbLate {
		ms, rest, _ := strings.Cut(s.body, " ")
		n, err := strconv.Atoi(ms)
		if err != nil || n < 1 || rest == "" {
			return step{}, errors.New("late: want milliseconds and demands behind it")
		}
		s.least, s.body = time.Duration(n)*time.Millisecond, rest
	}
	for _, d := range splitDemands(s.body) {
		m, err := parseMatcher(d)
		if err != nil {
			return step{}, err
		}
		s.demands = append(s.demands, m)
	}
	return s, nil
}

// splitDemands cuts at each bar that is not inside parentheses, where it belongs to
// a regular expression.
func splitDemands(s string) (all []string) {
	depth, from := 0, 0
	for i := range len(s) {
		switch {
		case s[i] == '(':
			depth++
		case s[i] == ')':
			depth--
		case s[i] == '|' && depth <= 0:
			all, from = append(all, s[from:i]), i+1
		}
	}
	return append(all, s[from:])
}

func verbs() []string {
	var all []string
	for v := range takes {
		all = append(all, v)
	}
	slices.Sort(all)
	return all
}

// cutConn takes the number of a connection, a digit before a comma, off the front.
// Where nothing else can follow, the digit may stand alone.
func cutConn(s string, alone bool) (conn int, rest string) {
	if alone && len(s) == 1 && s[0] >= '1' && s[0] <= '0'+connsMax {
		return int(s[0] - '0'), ""
	}
	if len(s) > 1 && s[0] >= '1' && s[0] <= '0'+connsMax && s[1] == ',' {
		return int(s[0] - '0'), strings.TrimSpace(s[2:])
	}
	return 1, s
}

func parseDefinition(line string) (step, error) {
	s := step{verb: line[:1]}
	s.conn, s.body = 1, line[1:]
	if len(line) > 2 && line[1] >= '0' && line[1] <= '9' && line[2] == ',' {
		s.conn, s.body = int(line[1]-'0'), line[3:]
	}
	if action := strings.TrimRight(s.body, " "); s.verb == "i" || s.verb == "e" {
		s.body = action
		if action != "DISCONNECT" && (s.verb == "e" || action != "CONNECT") {
			return step{}, fmt.Errorf("unknown action %q", line)
		}
	}
	return s, nil
}

var (
	nameShape = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	reference = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*)([+-](\d+|[A-Za-z_][A-Za-z0-9_]*))?\}`)
	timeMark  = regexp.MustCompile(`<TIME([+-]\d+)?>`)
)

// checkReferences finds a brace that opens no reference: it is a slip of the pen.
// Bytes that are meant as they are can be written \x7b. In a regular expression
// a count in braces begins with a digit.
func checkReferences(s string) error {
	rest := reference.ReplaceAllString(s, "")
	for i := range len(rest) {
		if rest[i] == '{' && (i+1 == len(rest) || rest[i+1] < '0' || rest[i+1] > '9') {
			return fmt.Errorf("%q is no reference; write {name}, {name+1} or {name-other}", rest[i:])
		}
	}
	return nil
}

// fill puts earlier values where {name}, {name+1}, {name-1} or {name-other} stand.
func fill(s string, vars map[string]string) (string, error) {
	var faults []error
	out := reference.ReplaceAllStringFunc(s, func(mark string) string {
		parts := reference.FindStringSubmatch(mark)
		value, known := vars[parts[1]]
		if !known {
			faults = append(faults, fmt.Errorf("nothing is called %s yet", parts[1]))
			return mark
		}
		if parts[2] == "" {
			return value
		}
		by, named := vars[parts[3]]
		if !named {
			by = parts[3]
		}
		n, more := number(value), number(by)
		if n == nil || more == nil {
			faults = append(faults, fmt.Errorf("%s: %q and %q are not both numbers", mark, value, by))
			return mark
		}
		if parts[2][0] == '-' {
			more.Neg(more)
		}
		return text(n.Add(n, more))
	})
	return out, errors.Join(faults...)
}

// withTimes replaces <TIME>, <TIME+n> and <TIME-n> by now, n seconds on or back.
func withTimes(s string, now time.Time) string {
	return timeMark.ReplaceAllStringFunc(s, func(mark string) string {
		n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(mark, "<TIME"), ">"))
		if err != nil {
			n = 0 // plain <TIME>
		}
		return now.UTC().Add(time.Duration(n) * time.Second).Format("20060102-15:04:05")
	})
}
