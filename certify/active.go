package certify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Active is what the reference client is to trade.
type Active struct {
	Account, Symbol string
	Size            string // of each order
	Away            string // how far from the market an order rests
	Repeat          int    // plays of each scenario; 0: one
}

// RunClient plays the reference client against a gateway, keeps what was said in
// log, and judges it as any other session. The outcomes say how the gateway did,
// the report how the client did.
func RunClient(ctx context.Context, to Target, a Active, only string, log io.Writer, tell func(Outcome)) (*Results, *Report, error) {
	cases, err := loadFiles(scripts, suiteClient)
	if err != nil {
		return nil, nil, err
	}
	suite := Suite{Name: suiteClient, Cases: cases}.Only(only)
	if len(suite.Cases) == 0 {
		return nil, nil, fmt.Errorf("no scenario has %q in its name: %w", only, ErrNoSuite)
	}
	suite.Cases = slices.Repeat(suite.Cases, max(1, a.Repeat))
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
