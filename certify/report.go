package certify

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"backstop/spec"
)

// ReportSchema is the version of report.json.
const ReportSchema = 2

// Report is what is said of one session. It has nothing in it that is not in the
// log or in the program, so that anybody who has both gets the same bytes.
type Report struct {
	Schema    int        `json:"schema"`
	Source    Source     `json:"source"` // whose log it is
	Client    string     `json:"client"`
	Gateway   string     `json:"gateway"`
	Begin     string     `json:"begin_string"`
	Dialect   string     `json:"dialect"`
	Rules     string     `json:"rules_sha256"`      // of the rules of engagement
	Dict      string     `json:"dictionary_sha256"` // of the dictionary of the version and dialect
	Scope     []string   `json:"out_of_scope"`
	Certified bool       `json:"certified"`
	Areas     []Grade    `json:"areas"`
	Findings  []Finding  `json:"checks"`
	Rejects   []Tally    `json:"rejects"`
	Coverage  []Coverage `json:"coverage"`
	Timing    Timing     `json:"timing"`
	Sequence  Sequence   `json:"sequence"`
	Positions []Position `json:"fills"`
	Log       Sealed     `json:"log"`
}

// Grade sums up the checks of one area.
type Grade struct {
	Area        string `json:"area"`
	Verdict     string `json:"verdict"`
	Passed      int    `json:"passed"`
	Failed      int    `json:"failed"`
	NotObserved int    `json:"not_observed"`
}

// Tally counts refusals of one reason.
type Tally struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// Coverage counts the messages of one type.
type Coverage struct {
	Type        string `json:"type"`
	Name        string `json:"name"`
	FromClient  int    `json:"from_client"`
	FromGateway int    `json:"from_gateway"`
}

// Timing is how fast the client answers TestRequests, and the gateway orders, by the
// clock of the log. It is recorded and not judged: it is the machine's.
type Timing struct {
	Answers int   `json:"test_request_answers"`
	P50     int64 `json:"p50_ms"`
	P99     int64 `json:"p99_ms"`

	Orders   int   `json:"order_answers"`
	OrderP50 int64 `json:"order_p50_ms"`
	OrderP99 int64 `json:"order_p99_ms"`
}

// Sequence counts what happened to the numbers.
type Sequence struct {
	Logons    int `json:"logons"`
	Resets    int `json:"resets"`
	Asked     int `json:"resend_requests"`
	GapFills  int `json:"gap_fills"`
	PossDup   int `json:"poss_dup"`
	PossAgain int `json:"poss_resend"`
}

// Position is what the fills of the log add up to, in one account and market.
type Position struct {
	Account string `json:"account"`
	Symbol  string `json:"symbol"`
	Fills   int    `json:"fills"`
	Net     string `json:"net"`
}

// Sealed is the chain of hashes over the log.
type Sealed struct {
	Lines    int      `json:"lines"`
	Messages int      `json:"messages"`
	First    string   `json:"first"`
	Last     string   `json:"last"`
	Head     string   `json:"head"`
	Chain    []string `json:"chain"`
}

// NewReport judges a log. Checks in outOfScope are not applicable.
func NewReport(l *Log, outOfScope []string) (*Report, error) {
	known := map[string]bool{}
	for _, c := range Checks() {
		known[c.ID] = true
	}
	scope := slices.Clone(outOfScope)
	slices.Sort(scope)
	scope = append([]string{}, slices.Compact(scope)...)
	for _, id := range scope {
		if !known[id] {
			return nil, fmt.Errorf("%w %q", ErrNoCheck, id)
		}
	}
	if err := l.gradable(); err != nil {
		return nil, err
	}
	r := &Report{Schema: ReportSchema, Source: l.Source, Client: l.Client, Gateway: l.Gateway, Begin: l.begin(), Dialect: "STRICT44",
		Scope: scope, Certified: true, Rejects: []Tally{}, Positions: []Position{}}
	for _, e := range l.Entries {
		if d := e.get(22000); e.Kind == "A" && d != "" {
			r.Dialect = d
		}
	}
	r.Rules, r.Dict = digest([]byte(spec.ROE())), digest(spec.Dictionary())
	if v, known := spec.VersionOf(r.Begin); known {
		r.Dict = digest(v.App)
	}
	if r.Dialect == "VAMM1" {
		r.Dict = digest(spec.DictionaryVAMM1())
	}
	for _, c := range Checks() {
		f := c.judge(l)
		if slices.Contains(scope, c.ID) {
			f = Finding{Check: c, Verdict: NotApplicable, Why: "declared to be out of scope", Evidence: []Evidence{}}
		}
		if c.Mandatory && f.Verdict != Passed && f.Verdict != NotApplicable {
			r.Certified = false
		}
		r.Findings = append(r.Findings, f)
	}
	r.grade()
	r.count(l)
	r.Log = Sealed{l.Lines, len(l.Entries), said(l.Entries[0].At), said(l.Entries[len(l.Entries)-1].At), l.Head, l.Chain}
	return r, nil
}

func said(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Failed counts the checks that fail.
func (r *Report) Failed() (n int) {
	for _, f := range r.Findings {
		if f.Verdict == Failed {
			n++
		}
	}
	return n
}

func (r *Report) grade() {
	for _, area := range Areas {
		g := Grade{Area: area, Verdict: NotApplicable}
		for _, f := range r.Findings {
			if f.Check.Area != area {
				continue
			}
			switch f.Verdict {
			case Passed:
				g.Passed++
			case Failed:
				g.Failed++
			case NotObserved:
				g.NotObserved++
			}
		}
		switch {
		case g.Failed > 0:
			g.Verdict = Failed
		case g.NotObserved > 0:
			g.Verdict = NotObserved
		case g.Passed > 0:
			g.Verdict = Passed
		}
		r.Areas = append(r.Areas, g)
	}
}

// count fills what is counted and not judged.
func (r *Report) count(l *Log) {
	rejects, seen := map[string]int{}, map[string]*Coverage{}
	held, fills := newPositions(), map[string]*Position{}
	asked := map[string]time.Time{}
	sent := map[string]time.Time{}
	var took, orders []time.Duration
	for _, e := range l.Entries {
		c := seen[e.Kind]
		if c == nil {
			c = &Coverage{Type: e.Kind, Name: strings.TrimSuffix(typeName(e.Kind), " ("+e.Kind+")")}
			seen[e.Kind] = c
		}
		if e.FromClient {
			c.FromClient++
		} else {
			c.FromGateway++
		}
		r.Sequence.count(e)
		switch {
		case !e.FromClient && refusal(e):
			rejects[reason(e)]++
		case !e.FromClient && e.Kind == "1":
			asked[e.get(112)] = e.At
		case e.FromClient && e.Kind == "0" && !asked[e.get(112)].IsZero():
			took = append(took, e.At.Sub(asked[e.get(112)]))
			delete(asked, e.get(112))
		case e.FromClient && e.Kind == "D" && e.get(43) != "Y":
			sent[e.get(11)] = e.At
		}
		if at, first := sent[e.get(11)]; first && !e.FromClient && e.Kind == "8" && e.get(150) != "I" {
			orders = append(orders, e.At.Sub(at))
			delete(sent, e.get(11))
		}
		if change := held.see(e); change != nil {
			key := positionKey(e)
			if fills[key] == nil {
				fills[key] = &Position{Account: e.get(1), Symbol: e.get(55), Net: "0"}
			}
			fills[key].Fills++
			fills[key].Net = text(change.Add(change, number(fills[key].Net)))
		}
	}
	for _, key := range sortedKeys(rejects) {
		r.Rejects = append(r.Rejects, Tally{cmp.Or(key, "(no reason)"), rejects[key]})
	}
	for _, key := range sortedKeys(seen) {
		r.Coverage = append(r.Coverage, *seen[key])
	}
	for _, key := range sortedKeys(fills) {
		r.Positions = append(r.Positions, *fills[key])
	}
	r.Timing.Answers, r.Timing.P50, r.Timing.P99 = percentiles(took)
	r.Timing.Orders, r.Timing.OrderP50, r.Timing.OrderP99 = percentiles(orders)
}

// percentiles counts times, and returns the median and the 99th percentile in ms.
func percentiles(took []time.Duration) (n int, p50, p99 int64) {
	if n = len(took); n == 0 {
		return 0, 0, 0
	}
	slices.Sort(took)
	return n, took[n/2].Milliseconds(), took[n*99/100].Milliseconds()
}

func (s *Sequence) count(e *Entry) {
	switch {
	case e.Kind == "A" && e.FromClient:
		s.Logons++
		if e.get(141) == "Y" {
			s.Resets++
		}
	case e.Kind == "2":
		s.Asked++
	case e.Kind == "4":
		s.GapFills++
	}
	if e.get(43) == "Y" && e.Kind != "4" {
		s.PossDup++
	}
	if e.get(97) == "Y" {
		s.PossAgain++
	}
}

// JSON is the report as it is kept; the other forms follow from it.
func (r *Report) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(r, "", " ")
	return append(b, '\n'), err
}

// A Changed error tells where a log or a report is not what it was.
type Changed struct {
	Line int // of the log; 0: the report itself
	What string
}

func (c *Changed) Error() string {
	if c.Line == 0 {
		return c.What
	}
	return fmt.Sprintf("line %d of the log %s", c.Line, c.What)
}

// Verify derives a report from the log once more and compares. A difference is a
// *Changed.
func Verify(report []byte, read func(source Source, client, gateway string) (*Log, error)) error {
	var old Report
	if err := json.Unmarshal(report, &old); err != nil {
		return fmt.Errorf("the report cannot be read: %w", err)
	}
	if old.Schema != ReportSchema {
		return fmt.Errorf("the report has schema %d, this program %d", old.Schema, ReportSchema)
	}
	l, err := read(old.Source, old.Client, old.Gateway)
	if errors.Is(err, ErrNoSource) {
		return &Changed{0, err.Error()}
	}
	if err != nil && !errors.Is(err, ErrNoSession) {
		return err
	}
	if l != nil {
		if line := firstDifference(old.Log.Chain, l.Chain); line > 0 {
			return &Changed{line, differs(line, len(old.Log.Chain), len(l.Chain))}
		}
	}
	if err != nil {
		return err
	}
	again, err := NewReport(l, old.Scope)
	if errors.Is(err, ErrNoCheck) {
		return &Changed{0, "of what is out of scope: " + err.Error()}
	}
	if err != nil {
		return err
	}
	text, err := again.JSON()
	if err != nil {
		return err
	}
	if string(text) == string(report) {
		return nil
	}
	if again.Rules != old.Rules || again.Dict != old.Dict {
		return &Changed{0, "the report was made with other rules of engagement or another dictionary"}
	}
	was, is := strings.Split(string(report), "\n"), strings.Split(string(text), "\n")
	line := firstDifference(was, is)
	return &Changed{0, fmt.Sprintf("line %d of the report is %q, the log says %q", line, at(was, line), at(is, line))}
}

func at(lines []string, n int) string {
	if n < 1 || n > len(lines) {
		return ""
	}
	return strings.TrimSpace(lines[n-1])
}

// firstDifference is the number of the first line that two lists do not share; 0 if
// they are the same.
func firstDifference(a, b []string) int {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return i + 1
		}
	}
	return 0
}

func differs(line, had, has int) string {
	switch {
	case line > has:
		return "is gone"
	case line > had:
		return "was not there"
	}
	return "is not what was judged"
}
