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
}

// RunClient plays the reference client against a gateway, keeps what was said in
// log, and judges it as any other session. The outcomes say how the gateway did,
// the report how the client did. Scenarios of markets that the gateway does not list
// are left out: what they show is not observed.
func RunClient(ctx context.Context, to Target, a Active, only string, log io.Writer, tell func(Outcome)) (*Results, *Report, error) {
	cases, err := loadFiles(scripts, suiteClient)
	if err != nil {
		return nil, nil, err
	}
	suite := Suite{Name: suiteClient, Cases: cases}.Only(only)
	if len(suite.Cases) == 0 {
		return nil, nil, fmt.Errorf("no scenario has %q in its name: %w", only, ErrNoSuite)
	}
	if suite, err = suite.listed(ctx, to); err != nil {
		return nil, nil, err
	}
	to.Vars = map[string]string{"account": a.Account, "symbol": a.Symbol, "size": a.Size, "away": a.Away}
	var said bytes.Buffer
	var failed error
	to.Record = func(at time.Time, m string) {
		line := at.UTC().Format("20060102-15:04:05.000000") + " : " + m + "\n"
		said.WriteString(line)
		if _, err := io.WriteString(log, line); err != nil && failed == nil {
			failed = fmt.Errorf("writing the log: %w", err)
		}
	}
	results, err := Run(ctx, suite, to, tell)
	if err = errors.Join(err, failed); err != nil {
		return results, nil, err
	}
	l, err := ReadLog(&said, to.Sender, to.Target)
	if err != nil {
		return results, nil, err
	}
	report, err := NewReport(l, nil)
	return results, report, err
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
