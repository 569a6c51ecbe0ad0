package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"backstop/config"
	"backstop/perp"
	"backstop/store"
)

// statementLine is one movement with the balance after it.
type statementLine struct {
	Time    string `json:"time"`
	ID      int64  `json:"transfer_id"`
	Account string `json:"account"`
	Reason  string `json:"reason"`
	Ref     string `json:"ref"`
	Other   string `json:"other"`
	Amount  string `json:"amount"`
	Units   int64  `json:"amount_units"`
	Balance string `json:"balance"`
}

// statementTotal is one account of the owner: what it had, what moved, what it has.
type statementTotal struct {
	Account string `json:"account"`
	Opening string `json:"opening"`
	Moved   string `json:"moved"`
	Closing string `json:"closing"`
	Units   int64  `json:"closing_units"`
}

// statement is what an owner's accounts did in a span.
type statement struct {
	Owner  string           `json:"account"`
	From   string           `json:"from"`
	To     string           `json:"to"`
	Totals []statementTotal `json:"totals"`
	Lines  []statementLine  `json:"lines"`
	// Adds is true when opening plus movements is closing in every account, and
	// the movements of all time are the balances of the ledger.
	Adds bool `json:"adds_up"`

	differences []string
}

type statementOptions struct{ dir, account, from, to, format string }

func statementCommand() config.Command {
	var o statementOptions
	return config.Command{
		Path: "statement", Group: groupBooks,
		Short: "Print what an account did, re-added to the ledger",
		Long: `Every movement of the account's cash and claims from one time (included) to
another (not), with the balances before and after. All movements ever are
re-added and compared with the ledger to the last unit; exit 7 if they differ.
Times are 2026-01-31, or RFC 3339. Without them: everything.`,
		Examples: "gateway statement --account DEMO1\ngateway statement --account DEMO1 --from 2026-01-01 --format html > s.html",
		Flags: func(f *config.Flags) {
			f.StringVar(&o.dir, "data-dir", "gateway-data", "data `DIR` of the gateway, running or not")
			f.StringVar(&o.account, "account", "", "`ACCOUNT` of a client, or maker")
			f.StringVar(&o.from, "from", "", "first `TIME`")
			f.StringVar(&o.to, "to", "", "`TIME` after the last")
			f.StringVar(&o.format, "format", "csv", "csv, json or html")
		},
		Run: func(_ context.Context, env *config.Env, _ []string) int { return o.run(env) },
	}
}

func (o *statementOptions) run(env *config.Env) int {
	from, to, err := o.span()
	switch {
	case err != nil:
		return env.Fail(config.ExitUsage, err, spanHint)
	case o.account == "":
		return env.Fail(config.ExitUsage, errors.New("--account is missing"))
	case !slices.Contains([]string{"csv", "json", "html"}, o.format):
		return env.Fail(config.ExitUsage, fmt.Errorf("--format %q: csv, json or html", o.format))
	}
	return withReader(env, o.dir, func(r *store.Reader) (int, error) {
		s, err := makeStatement(r, o.account, from, to)
		if err != nil {
			return 0, err
		}
		if len(s.Totals) == 0 {
			return env.Fail(config.ExitNotFound, fmt.Errorf("the books know no account %q", o.account)), nil
		}
		code := s.print(env, o.format)
		if code == config.ExitOK && !s.Adds {
			return env.Fail(config.ExitCheck, fmt.Errorf("the statement does not add up: %s", strings.Join(s.differences, "; "))), nil
		}
		return code, nil
	})
}

// The years that times may lie in.
const firstYear, lastYear = 1970, 2261

func statementTime(text string, none perp.Time) (perp.Time, error) {
	if text == "" {
		return none, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339Nano} {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if year := t.Year(); year < firstYear || year > lastYear { // Beyond, nanoseconds do not fit 64 bits.
			return 0, fmt.Errorf("%q is not between the years %d and %d", text, firstYear, lastYear)
		}
		return perp.Time(t.UnixNano()), nil
	}
	return 0, fmt.Errorf("%q is no time", text)
}

// makeStatement reads and re-adds every movement of an owner.
func makeStatement(r *store.Reader, owner string, from, to perp.Time) (*statement, error) {
	s := &statement{
		Owner: owner, From: spanText(from, 0), To: spanText(to, endless), Adds: true, Lines: []statementLine{}, Totals: []statementTotal{},
	}
	opening, now := map[string]perp.Money{}, map[string]perp.Money{}
	var accounts []string
	closing := map[string]perp.Money{}
	err := r.Movements(owner, func(m store.Movement) error {
		if _, known := now[m.Account]; !known {
			accounts = append(accounts, m.Account)
		}
		now[m.Account] += m.Amount
		if m.Time < from {
			opening[m.Account] = now[m.Account]
		}
		if m.Time < to {
			closing[m.Account] = now[m.Account]
		}
		if m.Time >= from && m.Time < to {
			s.Lines = append(s.Lines, statementLine{
				stamp(m.Time), m.ID, m.Account, m.Reason, m.Ref, m.Other, m.Amount.String(), int64(m.Amount), now[m.Account].String(),
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	moved := map[string]perp.Money{}
	for _, l := range s.Lines {
		moved[l.Account] += perp.Money(l.Units)
	}
	slices.Sort(accounts)
	for _, a := range accounts {
		s.Totals = append(s.Totals, statementTotal{a, opening[a].String(), moved[a].String(), closing[a].String(), int64(closing[a])})
		if opening[a]+moved[a] != closing[a] {
			s.differ("%s: %s and %s moved is not %s", a, opening[a], moved[a], closing[a])
		}
	}
	balances, err := r.Balances()
	for _, b := range balances {
		if b.Owner == owner && perp.Money(b.Balance) != now[b.Account] {
			s.differ("%s: the ledger has %s, the movements sum to %s", b.Account, perp.Money(b.Balance), now[b.Account])
		}
	}
	return s, err
}

func (s *statement) differ(format string, args ...any) {
	s.Adds = false
	s.differences = append(s.differences, fmt.Sprintf(format, args...))
}

func stamp(t perp.Time) string { return time.Unix(0, int64(t)).UTC().Format(time.RFC3339Nano) }

func (s *statement) print(env *config.Env, format string) int {
	var b strings.Builder
	switch format {
	case "json":
		return env.JSON(s)
	case "html":
		if err := statementPage.Execute(&b, s); err != nil {
			return env.Fail(config.ExitFailure, err)
		}
	default:
		w := csv.NewWriter(&b)
		rows := [][]string{{"time", "transfer_id", "account", "reason", "ref", "other", "amount", "balance"}}
		for _, t := range s.Totals {
			rows = append(rows, []string{s.From, "", t.Account, "opening", "", "", "", t.Opening})
		}
		for _, l := range s.Lines {
			rows = append(rows, []string{l.Time, fmt.Sprint(l.ID), l.Account, l.Reason, l.Ref, l.Other, l.Amount, l.Balance})
		}
		for _, t := range s.Totals {
			rows = append(rows, []string{cmp.Or(s.To, "now"), "", t.Account, "closing", "", "", t.Moved, t.Closing})
		}
		if err := w.WriteAll(rows); err != nil {
			return env.Fail(config.ExitFailure, err)
		}
	}
	return env.Print(b.String())
}

var statementPage = template.Must(template.New("statement").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Statement of {{.Owner}}</title>
<style>body{font:14px/1.4 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#222;background:#fff}
table{border-collapse:collapse;width:100%}td,th{padding:.2rem .6rem;border-bottom:1px solid #ddd;text-align:left}
.n{text-align:right;font-variant-numeric:tabular-nums}</style></head><body>
<h1>Statement of {{.Owner}}</h1>
<p>{{if .From}}From {{.From}} (included){{else}}From the beginning{{end}} {{if .To}}to {{.To}} (not included).{{else}}until now.{{end}}
{{if .Adds}}It adds up to the ledger.{{else}}It does NOT add up to the ledger.{{end}}</p>
<table><tr><th>account</th><th class="n">opening</th><th class="n">moved</th><th class="n">closing</th></tr>
{{range .Totals}}<tr><td>{{.Account}}</td><td class="n">{{.Opening}}</td><td class="n">{{.Moved}}</td><td class="n">{{.Closing}}</td></tr>{{end}}</table>
<h2>Movements</h2>
<table><tr><th>time</th><th>account</th><th>reason</th><th>reference</th><th>other side</th><th class="n">amount</th><th class="n">balance</th></tr>
{{range .Lines}}<tr><td>{{.Time}}</td><td>{{.Account}}</td><td>{{.Reason}}</td><td>{{.Ref}}</td><td>{{.Other}}</td><td class="n">{{.Amount}}</td><td class="n">{{.Balance}}</td></tr>
{{end}}</table></body></html>
`))
