package certify

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Verdicts of a case.
const (
	Passed = "pass"
	Failed = "fail"
	NotRun = "not-run" // the acceptor was gone before its turn
)

// Outcome is what came of one case.
type Outcome struct {
	Suite   string `json:"suite"`
	Case    *Case  `json:"case"`
	Verdict string `json:"verdict"`
	// Millis is how long it took: the only field that two runs may differ in.
	Millis int64  `json:"millis"`
	Line   int    `json:"line,omitempty"` // of the file, which does not hold
	Why    string `json:"why,omitempty"`
	// Got is the message that was judged, decoded the same for people.
	Got     string `json:"got,omitempty"`
	decoded string
}

// Results are the outcomes of a run.
type Results struct {
	Schema   int       `json:"schema"`
	Against  string    `json:"against"`
	Suite    string    `json:"suite"`
	Seed     int64     `json:"seed"`
	Passed   int       `json:"passed"`
	Failed   int       `json:"failed"`
	NotRun   int       `json:"not_run"`
	Outcomes []Outcome `json:"cases"`
}

// resultsSchema is the version of the JSON form.
const resultsSchema = 1

// Run plays every case, one after the other, and tells each outcome as it comes.
// ErrUnreachable or ErrHandshake is returned if there was no connection to begin with.
func Run(ctx context.Context, suite Suite, to Target, tell func(Outcome)) (*Results, error) {
	r := &Results{Schema: resultsSchema, Against: to.Addr, Suite: suite.Name, Seed: suite.Seed}
	lost := ""
	for i, c := range suite.Cases {
		o := Outcome{Suite: suite.Name, Case: c, Verdict: NotRun, Why: "the acceptor is gone since " + lost}
		if lost == "" {
			began := time.Now()
			err := c.Play(ctx, to)
			if ctx.Err() != nil {
				return r, ctx.Err()
			}
			if i == 0 && (errors.Is(err, ErrUnreachable) || errors.Is(err, ErrHandshake)) && !everConnected(err, c) {
				return r, err
			}
			o = outcome(suite.Name, c, err)
			o.Millis = time.Since(began).Milliseconds()
			if errors.Is(err, ErrUnreachable) {
				lost = c.Name
			}
		}
		r.add(o)
		tell(o)
	}
	return r, nil
}

// Greet logs on and out: whoever is not let in need not wait for every case to say so.
func Greet(ctx context.Context, to Target) error {
	c, err := ParseScript("greeting", "greeting", []byte("logon\nlogout"))
	if err != nil {
		return err
	}
	return c.Play(ctx, to)
}

// everConnected tells whether the first step that connects did.
func everConnected(err error, c *Case) bool {
	var f *Failure
	return errors.As(err, &f) && len(c.steps) > 0 && f.Line != c.steps[0].line
}

func outcome(suite string, c *Case, err error) Outcome {
	o := Outcome{Suite: suite, Case: c, Verdict: Passed}
	if err == nil {
		return o
	}
	o.Verdict, o.Why = Failed, err.Error()
	var f *Failure
	if errors.As(err, &f) {
		o.Line, o.Why = f.Line, f.Err.Error()
		if f.Got != nil {
			o.Got, o.decoded = f.Got.String(), decoded(f.Got)
		}
	}
	return o
}

func (r *Results) add(o Outcome) {
	r.Outcomes = append(r.Outcomes, o)
	switch o.Verdict {
	case Passed:
		r.Passed++
	case Failed:
		r.Failed++
	default:
		r.NotRun++
	}
}

// OK tells whether every case ran and passed.
func (r *Results) OK() bool { return r.Failed == 0 && r.NotRun == 0 && len(r.Outcomes) > 0 }

// String shows an outcome in one line, and a failure with the line of the script
// that does not hold and the message that broke it.
func (o Outcome) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-7s %s", o.Verdict, o.Case.Name)
	switch o.Verdict {
	case Passed:
		fmt.Fprintf(&b, "  %d ms\n", o.Millis)
		return b.String()
	case NotRun:
		fmt.Fprintf(&b, "  %s\n", o.Why)
		return b.String()
	}
	b.WriteString("\n")
	if o.Case.Rule != "" {
		fmt.Fprintf(&b, "  rule    %s\n", o.Case.Rule)
	}
	if o.Case.Expect != "" {
		fmt.Fprintf(&b, "  expect  %s\n", o.Case.Expect)
	}
	if o.Line > 0 && o.Line <= len(o.Case.source) {
		fmt.Fprintf(&b, "  line    %s:%d: %s\n", o.Case.File, o.Line, readable(strings.TrimRight(o.Case.source[o.Line-1], "\r")))
	}
	fmt.Fprintf(&b, "  but     %s\n", strings.ReplaceAll(o.Why, "\n", "\n          "))
	if o.decoded != "" {
		fmt.Fprintf(&b, "  got\n%s", o.decoded)
	}
	return b.String()
}

// Summary is the last line of a run.
func (r *Results) Summary() string {
	s := fmt.Sprintf("%d passed, %d failed", r.Passed, r.Failed)
	if r.NotRun > 0 {
		s += fmt.Sprintf(", %d not run", r.NotRun)
	}
	return s
}

// JSON is the machine's form.
func (r *Results) JSON() ([]byte, error) { return json.MarshalIndent(r, "", "  ") }

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string     `xml:"classname,attr"`
	Name    string     `xml:"name,attr"`
	Seconds string     `xml:"time,attr,omitempty"`
	Failure *junitText `xml:"failure"`
	Skipped *junitText `xml:"skipped"`
}

type junitText struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit is the form that build servers read.
func (r *Results) JUnit() ([]byte, error) {
	s := junitSuite{Name: "conform " + r.Suite, Tests: len(r.Outcomes), Failures: r.Failed, Skipped: r.NotRun}
	for _, o := range r.Outcomes {
		c := junitCase{Class: "conform." + r.Suite, Name: o.Case.Name, Seconds: fmt.Sprintf("%.3f", float64(o.Millis)/1000)}
		switch o.Verdict {
		case Failed:
			c.Failure = &junitText{printable(o.Why), printable(o.String())}
		case NotRun:
			c.Skipped = &junitText{Message: printable(o.Why)}
		}
		s.Cases = append(s.Cases, c)
	}
	return asXML(s)
}

func asXML(v any) ([]byte, error) {
	b, err := xml.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(b, '\n')...), nil
}

// printable leaves out what XML cannot hold.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return '.'
		}
		return r
	}, s)
}
