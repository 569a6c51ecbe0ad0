package acceptance

import (
	"context"
	"fmt"
	"go/parser"
	gotoken "go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"backstop/certify"
)

// rulesRows are the rows of the rules of engagement that no published table has.
// Each is held by a scenario in testdata/rules whose @row says so, or by the test of
// this package that is named here.
var rulesRows = map[string]string{
	// Which reply for which bad input.
	"input garbled":               "",
	"input begin string":          "",
	"input comp id":               "",
	"input sending time":          "",
	"input undefined tag":         "",
	"input missing tag":           "",
	"input foreign tag":           "",
	"input empty tag":             "",
	"input bad value":             "",
	"input bad format":            "",
	"input repeated tag":          "",
	"input field out of order":    "",
	"input group out of order":    "",
	"input group count":           "",
	"input no type of FIX":        "",
	"input type not served":       "",
	"input role":                  "",
	"input not ready":             "",
	"input rate":                  "",
	"input condition of an order": "",
	"input condition of a change": "",
	"input condition of a hit":    "",
	"input condition elsewhere":   "",
	"input order":                 "",
	"input duplicate":             "",
	"input repeated alike":        "",
	"input repeated otherwise":    "",
	"input change":                "",
	"input mass cancel":           "",
	"input status":                "",
	"input market data":           "",
	"input quote request":         "",
	"input quote":                 "",
	"input quotes of a provider":  "",
	"input hit":                   "",
	"input positions":             "",
	"input collateral":            "",
	"input trades":                "",
	"input user":                  "",
	"input list":                  "",
	"input definition":            "",
	"input status of a market":    "",
	"input status of the venue":   "",
	// Repetitions and restarts.
	"again too low":                   "",
	"again as expected, known":        "",
	"again as expected, fresh":        "",
	"again as expected, stale":        "",
	"again without time":              "",
	"again from the future":           "",
	"again possible, alike":           "",
	"again possible, otherwise":       "",
	"again possible, fresh":           "",
	"again possible, stale":           "",
	"again plain":                     "",
	"again after a restart":           "TestKilledGatewayLosesNothing",
	"again held at a restart":         "TestKilledWhileHeld",
	"again before the answer is said": "TestFailedCommitEndsTheProcess",
	// Flows.
	"flow prices and a deal":       "",
	"flow stream and last look":    "",
	"flow positions and money":     "",
	"flow call and liquidation":    "",
	"flow disconnect and reset":    "",
	"flow changes and nothing":     "",
	"flow repetition":              "",
	"sequence quoted, dealt":       "",
	"sequence quoted, refused":     "",
	"sequence quoted, held":        "",
	"sequence moved":               "",
	"sequence part":                "",
	"sequence none":                "",
	"sequence fill or kill":        "",
	"sequence market, bounded":     "",
	"sequence rest":                "TestOrderKinds",
	"sequence change, then cancel": "",
	"sequence chained changes":     "",
	"sequence stop":                "",
	"sequence stop held":           "TestStopsAreHeld",
	"sequence reduce-only":         "",
	"sequence liquidation":         "",
}

// TestRules: every row of the rules of engagement, each reason with its codes, each
// transition and each flow, over the wire and in both dialects. It takes half a minute,
// most of it waiting for what a price does. A row, reason or value that nothing
// here brings about fails.
func TestRules(t *testing.T) {
	t.Parallel()
	g := startWith(t, rulesVenue())
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	seen, held := newRulesSeen(), rulesHeld(t)
	bySession := map[string][]*certify.Case{}
	suite, err := certify.LoadSuite(filepath.Join("testdata", "rules"), 0, certify.Target{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range suite.Cases {
		as, rows := rulesHeader(t, c.File)
		bySession[as] = append(bySession[as], c)
		for _, row := range rows {
			if _, known := rulesRows[row]; !known {
				t.Errorf("%s: there is no row %q", c.File, row)
			}
			held[row] = true
		}
	}
	rulesReady(ctx, t, g)
	t.Run("scenarios", func(t *testing.T) {
		for _, as := range slices.Sorted(maps.Keys(bySession)) {
			t.Run(as, func(t *testing.T) {
				t.Parallel() // Most wait for a price.
				for i, dialect := range []string{strict44, vamm1} {
					names := strings.Fields(as)
					t.Run(dialect, func(t *testing.T) {
						if len(names) > 1 {
							t.Parallel()
						}
						for _, c := range bySession[as] {
							playRule(ctx, t, g, seen, names[min(i, len(names)-1)], dialect, c)
						}
					})
				}
			})
		}
	})
	if !t.Failed() {
		seen.complete(t)
	}
	for v, why := range rulesElsewhere {
		if word, _, _ := strings.Cut(why, " "); strings.HasSuffix(word, ":") {
			continue
		}
		if room, test, _ := strings.Cut(why, " "); !testsOf(t, "../"+room)[test] {
			t.Errorf("%s: %s is not there", v, why)
		}
	}
	for row := range rulesRows {
		if !held[row] {
			t.Errorf("nothing tries the row %q", row)
		}
	}
}

// complete names what was promised and not met, and what was said against it.
func (s *RulesSeen) complete(t *testing.T) {
	t.Helper()
	for _, dialect := range []string{strict44, vamm1} {
		for _, token := range s.rules.reasons {
			if !s.Reasons[dialect+" "+token] {
				t.Errorf("nothing was refused with %s in %s", token, dialect)
			}
		}
		for _, token := range s.rules.ends {
			if !s.Ends[dialect+" "+token] {
				t.Errorf("no order ended with %s in %s", token, dialect)
			}
		}
	}
	if len(s.rules.reasons) < 50 || len(s.rules.ends) < 10 || len(s.rules.transitions) < 20 {
		t.Fatalf("the page was not read: %d reasons, %d ends, %d transitions", len(s.rules.reasons), len(s.rules.ends), len(s.rules.transitions))
	}
	for _, want := range s.rules.transitions {
		if !s.Transitions[want] {
			t.Errorf("the transition %q was not met", want)
		}
	}
	for got := range s.Transitions {
		if !slices.Contains(s.rules.transitions, got) {
			t.Errorf("the transition %q is not in the matrix", got)
		}
	}
	s.values(t)
	for _, fault := range s.Faults {
		t.Error(fault)
	}
}

// rulesWait is the longest wait for one message: some come with the script of a
// price, which takes up to 20 s.
const rulesWait = 25 * time.Second

// rulesWords are further words of the scenarios, in either dialect.
var rulesWords = map[string]map[string]string{
	strict44: {"dialect": strict44, "set_off": "D", "step": "0.04", "over": "CERT-OVER", "long": "LONG", "short": "SHORT"},
	vamm1:    {"dialect": vamm1, "set_off": "L", "step": "0.04", "over": "CERT-OVER2", "long": "LONG2", "short": "SHORT2"},
}

// playRule plays a case in a dialect. One that depends on what comes first, a price
// or a request, may be tried again.
func playRule(ctx context.Context, t *testing.T, g *Gateway, seen *RulesSeen, as, dialect string, c *certify.Case) {
	t.Helper()
	began := time.Now()
	var err error
	var said []string
	for range rulesTries(c) {
		ear := seen.ear(c.Name+" in "+dialect, dialect)
		err = c.Play(ctx, certify.Target{
			Addr: g.FIX, BeginString: "FIX.4.4", Sender: as, Target: "BACKSTOP", Username: as, Password: "demo", Wait: rulesWait,
			Vars: rulesWords[dialect],
			Record: func(_ time.Time, m string) {
				m = m[max(0, strings.Index(m, "8=FIX")):] // Further connections are marked.
				said = append(said, readable(m))
				ear.hear(Parse(m))
			},
			Do: func(ctx context.Context, what string) error {
				out, talk, code, err := Run(ctx, append(strings.Fields(what), "--data-dir", g.DataDir)...)
				if err == nil && code != 0 {
					err = fmt.Errorf("exit %d: %s%s", code, out, talk)
				}
				return err
			},
		})
		if err == nil {
			break
		}
	}
	t.Logf("%s took %v", c.Name, time.Since(began).Round(100*time.Millisecond))
	if err != nil {
		t.Errorf("%v\n%s", err, strings.Join(said[max(0, len(said)-40):], "\n"))
	}
}

// rulesReady waits until every market deals that ever does by itself.
func rulesReady(ctx context.Context, t *testing.T, g *Gateway) {
	t.Helper()
	c := NewClient("OTHER", "BACKSTOP", "OTHER", "demo")
	if _, err := c.Logon(ctx, g.FIX); err != nil {
		t.Fatal(err)
	}
	for _, m := range rulesMarkets {
		if m.symbol == "CERT-JUMP" {
			continue // Its price is soon too far away.
		}
		if err := c.Send("e", "324="+m.symbol, "55="+m.symbol, "263=1"); err != nil {
			t.Fatal(err)
		}
		for state := ""; state != "17" && state != "3"; {
			f, err := c.NextOf(ctx, "f")
			if err != nil {
				t.Fatalf("%s: %v", m.symbol, err)
			}
			if f.Get(55) == m.symbol {
				state = f.Get(326)
			}
		}
	}
	if err := c.Logout(ctx); err != nil {
		t.Fatal(err)
	}
}

// rulesTries are how often a case may be tried.
func rulesTries(c *certify.Case) int {
	if c.Given == "prices that come between" {
		return 5
	}
	return 1
}

// rulesHeader reads who plays a scenario, and which rows it tries.
func rulesHeader(t *testing.T, file string) (as string, rows []string) {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", "rules", file))
	if err != nil {
		t.Fatal(err)
	}
	as = "GENERAL"
	for _, line := range strings.Split(string(src), "\n") {
		if who, ok := strings.CutPrefix(line, "# @as "); ok {
			as = who
		}
		if row, ok := strings.CutPrefix(line, "# @row "); ok {
			rows = append(rows, row)
		}
	}
	return as, rows
}

// rulesHeld are the rows that a test of this package holds, which must be there.
func rulesHeld(t *testing.T) map[string]bool {
	t.Helper()
	held, tests := map[string]bool{}, testsHere(t)
	for row, test := range rulesRows {
		if test != "" && !tests[test] {
			t.Errorf("the row %q names %s, which is not there", row, test)
		}
		held[row] = test != ""
	}
	return held
}

// testsHere are the functions in the tests of this package.
func testsHere(t *testing.T) map[string]bool {
	t.Helper()
	return testsOf(t, ".")
}

func testsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	for _, file := range files {
		f, err := parser.ParseFile(gotoken.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for name := range f.Scope.Objects {
			tests[name] = true
		}
	}
	return tests
}
