package acceptance

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"backstop/spec"
)

// RulesSeen is what was met on the wire of the rules of engagement, and what was
// said against them. It is safe for concurrent use.
type RulesSeen struct {
	rules rulesTables

	mu          sync.Mutex
	Reasons     map[string]bool // "DIALECT TOKEN", of refusals
	Ends        map[string]bool // "DIALECT TOKEN", of reports of an end
	Transitions map[string]bool // as rulesTables.transitions
	Values      map[string]bool // "TYPE TAG", "TYPE TAG=VALUE" and "TAG=VALUE", in either dialect
	Faults      []string
	states      map[string]string // OrderID -> last OrdStatus; an order may outlive a play
}

// rulesTables is what the published tables promise.
type rulesTables struct {
	reasons     []string                     // tokens in order
	codes       map[string]map[string]string // "DIALECT TOKEN" -> tag -> code
	ends        []string                     // tokens of reports of an end
	transitions []string                     // "0 150=F 1": from, report or reject, to
}

// The dialects of FIX 4.4.
const (
	strict44 = "STRICT44"
	vamm1    = "VAMM1"
)

// reasonColumns are the tags of the columns of the table of reasons.
var reasonColumns = [][]int{{103}, {102}, {380}, {658}, {728}, {946, 749}}

// readRules reads the tables of the published page: it is the page that clients
// were promised.
func readRules() rulesTables {
	r := rulesTables{codes: map[string]map[string]string{}}
	for _, cells := range tableOf("| Token | 103 |") {
		r.reasons = append(r.reasons, cells[0])
		for _, dialect := range []string{strict44, vamm1} {
			codes := map[string]string{}
			for i, tags := range reasonColumns {
				strict, later, both := strings.Cut(cells[i+1], " → ")
				if both && dialect == vamm1 {
					strict = later
				}
				for _, tag := range tags {
					codes[fmt.Sprint(tag)] = strict
				}
			}
			r.codes[dialect+" "+cells[0]] = codes
		}
	}
	for _, cells := range tableOf("| Token | Why an order ended |") {
		r.ends = append(r.ends, cells[0])
	}
	r.transitions = matrix(tableOf("| from | accept |"))
	return r
}

// tableOf returns the rows below a heading of the rules of engagement.
func tableOf(heading string) (rows [][]string) {
	in := false
	for _, line := range strings.Split(spec.ROE(), "\n") {
		switch {
		case strings.HasPrefix(line, heading):
			in = true
		case in && !strings.HasPrefix(line, "|"):
			return rows
		case in && !strings.HasPrefix(line, "|---"):
			cells := strings.Split(strings.Trim(line, "|"), "|")
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			rows = append(rows, cells)
		}
	}
	return rows
}

var (
	reported = regexp.MustCompile(`^([0-9AC])(?:, or ([0-9AC])[^(]*)? ?\(150=([0-9A-Z])\)`)
	refused  = regexp.MustCompile(`^9 102=([0-9])$`)
)

// matrix lists the transitions of the state matrix. The columns of a cancel and of
// a replace are the two that a reject can answer.
func matrix(rows [][]string) (all []string) {
	const cancel, replace = 5, 6
	for _, cells := range rows {
		for _, from := range strings.Split(cells[0], ", ") {
			from, _, _ = strings.Cut(from, " ")
			for column, cell := range cells {
				if m := reported.FindStringSubmatch(cell); m != nil {
					all = append(all, from+" 150="+m[3]+" "+m[1])
					if m[2] != "" {
						all = append(all, from+" 150="+m[3]+" "+m[2])
					}
				}
				if m := refused.FindStringSubmatch(cell); m != nil && (column == cancel || column == replace) {
					all = append(all, fmt.Sprintf("%s 9 434=%d 102=%s", from, column-cancel+1, m[1]))
				}
			}
		}
	}
	return all
}

func newRulesSeen() *RulesSeen {
	return &RulesSeen{
		rules: readRules(), Reasons: map[string]bool{}, Ends: map[string]bool{}, Transitions: map[string]bool{}, Values: map[string]bool{}, states: map[string]string{},
	}
}

// rulesEar hears one play of a scenario in one dialect.
type rulesEar struct {
	seen    *RulesSeen
	name    string // of the play, for faults
	dialect string
}

func (s *RulesSeen) ear(name, dialect string) *rulesEar {
	return &rulesEar{seen: s, name: name, dialect: dialect}
}

func (e *rulesEar) fault(format string, args ...any) {
	e.seen.Faults = append(e.seen.Faults, e.name+": "+fmt.Sprintf(format, args...))
}

// hear judges a message of the gateway.
func (e *rulesEar) hear(f Fields) {
	if f.Get(49) != "BACKSTOP" || f.Get(43) == "Y" {
		return
	}
	e.seen.mu.Lock()
	defer e.seen.mu.Unlock()
	for _, field := range f {
		e.seen.Values[f.Get(35)+" "+field] = true
		e.seen.Values[field] = true
		tag, _, _ := strings.Cut(field, "=")
		e.seen.Values[f.Get(35)+" "+tag] = true
	}
	if f.Get(97) == "Y" { // It may have been said in another dialect, and of an earlier state.
		if token := rulesToken(f); f.Get(150) == "4" && slices.Contains(e.seen.rules.ends, token) {
			e.seen.Ends[e.dialect+" "+token] = true
		}
		return
	}
	e.reason(f)
	e.dialectOf(f)
	e.transition(f)
}

// rulesToken is the first word of Text(58), without what follows a colon.
func rulesToken(f Fields) string {
	word, _, _ := strings.Cut(f.Get(58), " ")
	word, _, _ = strings.Cut(word, ":")
	return word
}

// reason holds the code beside a token to the table of reasons.
func (e *rulesEar) reason(f Fields) {
	token := rulesToken(f)
	key := e.dialect + " " + token
	if slices.Contains(e.seen.rules.ends, token) && f.Get(35) == "8" && strings.Contains("4C", f.Get(150)) {
		e.seen.Ends[key] = true
		if e.dialect == vamm1 && f.Get(22084) == "" {
			e.fault("an end without 22084: %s", f)
		}
		return
	}
	codes := e.seen.rules.codes[key]
	if codes == nil || !strings.Contains(" 8 9 j AG AI AO AQ BG Y b d r h y ", " "+f.Get(35)+" ") || f.Get(150) != "" && f.Get(150) != "8" && f.Get(911) != "0" {
		return
	}
	e.seen.Reasons[key] = true
	for _, tags := range reasonColumns {
		for _, tag := range tags {
			got, there := f.Lookup(tag)
			if !there || got == codes[fmt.Sprint(tag)] || token == "LAST_LOOK_VALIDITY" && e.dialect == vamm1 && slices.Contains([]string{"25", "31"}, got) {
				continue
			}
			e.fault("%d should be %s in %s: %s", tag, codes[fmt.Sprint(tag)], e.dialect, f)
		}
	}
	if e.dialect == vamm1 && slices.Contains(reasonCarriers, f.Get(35)) && f.Get(22004) != token {
		e.fault("22004 is not the token: %s", f)
	}
}

// reasonCarriers are the messages that have ReasonCode(22004) in VAMM1.
var reasonCarriers = func() []string {
	for _, own := range spec.Promised().Own {
		if own.Tag == 22004 {
			return own.In
		}
	}
	return nil
}()

// dialectOf: a stock client gets no tag of our own, but in the answer to a Logon
// that had one.
func (e *rulesEar) dialectOf(f Fields) {
	for _, field := range f {
		tag, _, _ := strings.Cut(field, "=")
		if e.dialect == strict44 && len(tag) > 4 && f.Get(35) != "A" {
			e.fault("STRICT44 was sent %s: %s", field, f)
		}
	}
}

// transition notes what became of an order.
func (e *rulesEar) transition(f Fields) {
	id, state := f.Get(37), f.Get(39)
	switch f.Get(35) {
	case "8":
		from, known := e.seen.states[id]
		if !known {
			from = "none"
		}
		kind := f.Get(150)
		if kind == "L" {
			kind = "D" // As VAMM1 says it.
		}
		if kind == "I" || id == "NONE" || f.Get(103) == "6" || f.Get(797) == "Y" {
			return
		}
		e.seen.states[id] = state
		e.seen.Transitions[from+" 150="+kind+" "+state] = true
	case "9":
		if id == "NONE" {
			state = "unknown"
		}
		if code := f.Get(102); code != "0" && code != "1" {
			return // Refused for its terms, in whatever state.
		}
		e.seen.Transitions[fmt.Sprintf("%s 9 434=%s 102=%s", state, f.Get(434), f.Get(102))] = true
	}
}
