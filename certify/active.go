package certify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Active is what the reference client is to trade.
type Active struct {
	Account, Symbol string
	Size            string // of each order
	Away            string // how far from the market an order rests
	Copy            string // CompID of a session that gets drop copies; may be empty
	Cert            bool   // there are certification markets: an engine is not asked which
	Repeat          int    // plays of each scenario; 0: one
}

// words are what scenarios call it.
func (a Active) words() map[string]string {
	return map[string]string{"account": a.Account, "symbol": a.Symbol, "size": a.Size, "away": a.Away, "copy": a.Copy, "stranger": strangerID}
}

// has tells whether there is what a scenario needs.
func (a Active) has(need string, to Target) bool {
	switch need {
	case "password":
		return to.Password != ""
	case "copy":
		return a.Copy != ""
	}
	return false
}

// RunClient plays the reference client against a gateway, keeps what was said in
// log, and judges it as any other session. The outcomes say how the gateway did,
// the report how the client did. Scenarios of markets that the gateway does not list
// are left out: what they show is not observed. Through an engine it plays what an
// engine can be told, and the report is on that engine.
func RunClient(ctx context.Context, to Target, a Active, only string, log io.Writer, tell func(Outcome)) (*Results, *Report, error) {
	suite, err := ClientSuite(only)
	if err != nil {
		return nil, nil, err
	}
	suite.Cases = slices.DeleteFunc(suite.Cases, func(c *Case) bool {
		return slices.ContainsFunc(c.Needs, func(need string) bool { return !a.has(need, to) })
	})
	if len(suite.Cases) == 0 {
		return nil, nil, fmt.Errorf("what the scenarios named %q need is not there: %w", only, ErrNoSuite)
	}
	suite.Cases = slices.Repeat(suite.Cases, max(1, a.Repeat))
	if len(to.Through) > 0 {
		suite.Cases = slices.DeleteFunc(suite.Cases, func(c *Case) bool { return len(c.Markets) > 0 && !a.Cert })
	} else if suite, err = suite.listed(ctx, to); err != nil {
		return nil, nil, err
	}
	to.Vars = a.words()
	var said bytes.Buffer
	var failed error
	to.Record = func(at time.Time, m string) {
		line := at.UTC().Format("20060102-15:04:05.000000") + " : " + m + "\n"
		said.WriteString(line)
		if _, err := io.WriteString(log, line); err != nil && failed == nil {
			failed = fmt.Errorf("writing the log: %w", err)
		}
	}
	results, err := runThrough(ctx, suite, to, tell)
	if err = errors.Join(err, failed); err != nil {
		return results, nil, err
	}
	l, err := ReadLog(&said, OfClient, to.Sender, to.Target)
	if err != nil {
		return results, nil, err
	}
	report, err := NewReport(l, nil)
	return results, report, err
}

// runThrough is Run, by way of the target's engine if it has one.
func runThrough(ctx context.Context, suite Suite, to Target, tell func(Outcome)) (*Results, error) {
	if len(to.Through) == 0 {
		return Run(ctx, suite, to, tell)
	}
	for _, c := range suite.Cases {
		if why := c.plays(); why != nil {
			tell(Outcome{Suite: suite.Name, Case: c, Verdict: NotRun, Why: "the engine does that by itself (" + why.Error() + ")"})
		}
	}
	suite.Cases = slices.DeleteFunc(suite.Cases, func(c *Case) bool { return c.plays() != nil })
	engine, err := StartEngine(ctx, to.Through, to.Talk, to.Record)
	if err != nil {
		return nil, err
	}
	to.engine = engine
	greeting, err := ParseScript("greeting", "greeting", []byte("logon"))
	if err == nil {
		err = greeting.Play(ctx, to)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrUnreachable, err), engine.Close())
	}
	results, err := Run(ctx, suite, to, tell)
	return results, errors.Join(err, engine.Close())
}

// listed leaves out the cases whose markets the gateway does not list.
func (s Suite) listed(ctx context.Context, to Target) (Suite, error) {
	if !slices.ContainsFunc(s.Cases, func(c *Case) bool { return len(c.Markets) > 0 }) {
		return s, nil
	}
	ask, err := ParseScript("list", "list", []byte("logon\nsend x|320={run}|559=4\nawait 35=y|320={run}"))
	if err != nil {
		return s, err
	}
	known := map[string]bool{}
	to.Record = func(_ time.Time, m string) {
		f := Parse(m)
		for _, field := range f {
			if symbol, ok := strings.CutPrefix(field, "55="); ok && f.Get(35) == "y" {
				known[symbol] = true
			}
		}
	}
	if err := ask.Play(ctx, to); err != nil {
		return s, fmt.Errorf("asking for the markets: %w", err)
	}
	s.Cases = slices.DeleteFunc(slices.Clone(s.Cases), func(c *Case) bool {
		return slices.ContainsFunc(c.Markets, func(symbol string) bool { return !known[symbol] })
	})
	if len(s.Cases) == 0 {
		return s, fmt.Errorf("no scenario is left for the markets that are listed: %w", ErrNoSuite)
	}
	return s, nil
}
