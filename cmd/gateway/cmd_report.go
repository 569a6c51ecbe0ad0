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
	"text/tabwriter"

	"backstop/config"
	"backstop/ops"
	"backstop/perp"
	"backstop/store"
)

func reportSymmetry() config.Command {
	var o statementOptions
	return config.Command{
		Path: "report symmetry", Group: groupBooks,
		Short: "Add up how held orders were decided, and markouts",
		Long: `Per client, tier and market: orders held for a newer price and what became of
them, how long they were held, how the price moved meanwhile for those that were
dealt and those that were refused, for the client and against it, and what
improvement was given; and for each horizon how the price moved after fills and
after refusals. Positive moves are in the client's favour. A row with
* is the sum over all. Times are 2026-01-31, or RFC 3339; without: everything.`,
		Examples: "gateway report symmetry --from 2026-01-31 --to 2026-02-01\ngateway report symmetry --account DEMO1 --format html > symmetry.html",
		Flags: func(f *config.Flags) {
			f.StringVar(&o.dir, "data-dir", "gateway-data", "data `DIR` of the gateway, running or not")
			f.StringVar(&o.account, "account", "", "only this `ACCOUNT`")
			f.StringVar(&o.from, "from", "", "first `TIME`")
			f.StringVar(&o.to, "to", "", "`TIME` after the last")
			f.StringVar(&o.format, "format", "text", "text, csv, json or html")
		},
		Run: func(_ context.Context, env *config.Env, _ []string) int { return o.symmetry(env) },
	}
}

func (o *statementOptions) symmetry(env *config.Env) int {
	from, to, err := o.span()
	if err == nil && !slices.Contains([]string{"text", "csv", "json", "html"}, o.format) {
		err = fmt.Errorf("--format %q: text, csv, json or html", o.format)
	}
	if err != nil {
		return env.Fail(config.ExitUsage, err, spanHint)
	}
	return withReader(env, o.dir, func(r *store.Reader) (int, error) {
		if o.account != "" {
			known, err := r.Knows(o.account)
			if err != nil {
				return 0, err
			}
			if !known {
				return env.Fail(config.ExitNotFound, fmt.Errorf("the books know no account %q", o.account)), nil
			}
		}
		s, err := readSymmetry(r, o.account, from, to)
		if err != nil {
			return 0, err
		}
		p := symmetryPage{Account: o.account, From: spanText(from, 0), To: spanText(to, endless), Empty: s.empty(), Tables: s.tables()}
		return p.print(env, o.format, s), nil
	})
}

// readSymmetry adds up what the database has of a span.
func readSymmetry(r *store.Reader, account string, from, to perp.Time) (*symmetry, error) {
	s := newSymmetry(account, from)
	err := r.Grades(0, to, func(g store.Grade) error { s.grade(g); return nil })
	if err == nil {
		err = r.Looks(from, to, func(l store.Look) error { s.look(l); return nil })
	}
	if err == nil {
		err = r.Markouts(from, to, func(m store.Markout) error { s.mark(m); return nil })
	}
	return s, err
}

// symmetryTable is one part of the report. The first three columns say whose it
// is, but for the last table.
type symmetryTable struct {
	Title, Note string
	Head        []string
	Rows        [][]string
}

type symmetryPage struct {
	Account  string
	From, To string // empty: no bound
	Empty    bool
	Tables   []symmetryTable
}

// whose is the head of the first columns.
var whose = []string{"account", "tier", "market"}

// tables are the report as texts, for people and for csv.
func (s *symmetry) tables() []symmetryTable {
	head := func(names ...string) []string { return append(slices.Clone(whose), names...) }
	all := []symmetryTable{
		{Title: "held orders", Head: head("held", "accepted", "improved", "current", "against", "invalid", "expired", "refused"),
			Note: "Dealt at the quoted, a better or the current price; refused because the price moved too far, the order could not be filled, or no price came."},
		{Title: "time held, ms", Head: head("p50", "p90", "p99", "max")},
		{Title: "move of the price while held, bp", Head: head("dealt", "refused", "for", "for_bp", "for_refused", "for_improved", "vs", "vs_bp", "vs_refused", "vs_improved"),
			Note: "For: it moved in the client's favour; vs: against the client. Symmetric treatment improves as freely as it refuses."},
		{Title: "improvement given", Head: head("orders", "money", "per_order")},
	}
	for _, g := range s.lookGroups() {
		t := s.looks[g]
		who := []string{g.account, g.tierName(), g.symbol}
		for i, cells := range [][]string{t.outcomeCells(), t.holdCells(), t.moveCells(), t.improvementCells()} {
			all[i].Rows = append(all[i].Rows, slices.Concat(who, cells))
		}
	}
	return append(all, s.markTable("markouts of fills, bp", func(t *markTally) mean { return t.fills }),
		s.markTable("markouts of refusals, bp", func(t *markTally) mean { return t.refusals }), s.gradeTable())
}

func (t *lookTally) outcomeCells() []string {
	var cells []string
	for _, n := range []int64{
		t.held, t.outcomes[perp.LookAccepted], t.outcomes[perp.LookImproved], t.outcomes[perp.LookCurrent],
		t.outcomes[perp.LookAgainst], t.outcomes[perp.LookInvalid], t.outcomes[perp.LookExpired],
	} {
		cells = append(cells, fmt.Sprint(n))
	}
	return append(cells, percent(rate(t.refused, t.held)))
}

func (t *lookTally) holdCells() []string {
	return []string{
		millis(percentile(t.holds, 50)), millis(percentile(t.holds, 90)), millis(percentile(t.holds, 99)), millis(percentile(t.holds, 100)),
	}
}

func (t *lookTally) moveCells() []string {
	cells := []string{bpMean(t.dealt), bpMean(t.turned)}
	for _, d := range []direction{t.favour, t.worse} {
		cells = append(cells, fmt.Sprint(d.orders), bpMean(d.moves), percent(rate(d.refused, d.orders)), fmt.Sprint(d.improved))
	}
	return cells
}

func (t *lookTally) improvementCells() []string {
	return []string{fmt.Sprint(t.outcomes[perp.LookImproved]), t.improvement.String(), t.perOrder().String()}
}

// perOrder is the improvement of one improved order, rounded down.
func (t *lookTally) perOrder() perp.Money {
	return t.improvement / perp.Money(max(1, t.outcomes[perp.LookImproved]))
}

// markTable has two columns for each horizon: how many, and the mean move.
func (s *symmetry) markTable(title string, of func(*markTally) mean) symmetryTable {
	t := symmetryTable{Title: title, Head: slices.Clone(whose)}
	groups := s.markGroups()
	var horizons []perp.Time
	for _, g := range groups {
		if i, found := slices.BinarySearch(horizons, g.horizon); !found {
			horizons = slices.Insert(horizons, i, g.horizon)
		}
	}
	for _, h := range horizons {
		t.Head = append(t.Head, "n_"+ops.Horizon(h), "bp_"+ops.Horizon(h))
	}
	for i, g := range groups {
		if i > 0 && groups[i-1].group == g.group {
			continue
		}
		row, any := []string{g.account, g.tierName(), g.symbol}, false
		for _, h := range horizons {
			var m mean
			if found := s.marks[markGroup{g.group, h}]; found != nil {
				m = of(found)
			}
			any = any || m.n > 0
			row = append(row, fmt.Sprint(m.n), bpMean(m))
		}
		if any {
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

func (s *symmetry) gradeTable() symmetryTable {
	t := symmetryTable{Title: "changes of terms", Head: []string{"time", "session", "market", "from", "to", "surcharge_bp", "why", "score", "held_until"}}
	for _, g := range s.shown() {
		until := ""
		if g.Until > 0 {
			until = stamp(g.Until)
		}
		t.Rows = append(t.Rows, []string{
			stamp(g.Time), g.Session, g.Symbol, g.From.Tier.String(), g.Class.Tier.String(), bp(g.Class.Surcharge), g.Why, g.Score.String(), until,
		})
	}
	return t
}

// bp is a ratio in basis points with two decimals, which is exact.
func bp(r perp.Ratio) string {
	sign := ""
	if r < 0 {
		sign, r = "-", -r
	}
	return fmt.Sprintf("%s%d.%02d", sign, r/perp.BP, r%perp.BP)
}

// bpMean is a mean in basis points; of nothing there is none.
func bpMean(m mean) string {
	if m.n == 0 {
		return "-"
	}
	return bp(m.value())
}

// percent is a part of 1 that is not negative, in hundredths of a percent.
func percent(r perp.Ratio) string {
	const one = perp.RatioOne / 100
	return fmt.Sprintf("%d.%02d%%", r/one, r%one*100/one)
}

func millis(t perp.Time) string {
	return fmt.Sprintf("%d.%03d", t/perp.Millisecond, t%perp.Millisecond/1000)
}

func (p symmetryPage) print(env *config.Env, format string, s *symmetry) int {
	var b strings.Builder
	switch format {
	case "json":
		return env.JSON(symmetryJSON(p, s))
	case "html":
		if err := symmetryTemplate.Execute(&b, p); err != nil {
			return env.Fail(config.ExitFailure, err)
		}
	case "csv":
		if p.Empty {
			env.Say("%s", p.Nothing())
		}
		if err := p.csv(&b); err != nil {
			return env.Fail(config.ExitFailure, err)
		}
	default:
		if err := p.text(&b); err != nil {
			return env.Fail(config.ExitFailure, err)
		}
	}
	return env.Print(b.String())
}

// Span says which time the report is about.
func (p symmetryPage) Span() string {
	return "from " + cmp.Or(p.From, "the beginning") + " to " + cmp.Or(p.To, "now")
}

// Nothing says that the period is empty.
func (p symmetryPage) Nothing() string {
	of := ""
	if p.Account != "" {
		of = " of " + p.Account
	}
	return "no order" + of + " was held, and no fill marked out, " + p.Span()
}

func (p symmetryPage) text(b *strings.Builder) error {
	if p.Empty {
		fmt.Fprintln(b, p.Nothing())
		return nil
	}
	fmt.Fprintln(b, "held orders and markouts", p.Span())
	for _, t := range p.Tables {
		if len(t.Rows) == 0 {
			continue
		}
		fmt.Fprintf(b, "\n%s\n", t.Title)
		w := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.TabIndent)
		for _, row := range slices.Concat([][]string{t.Head}, t.Rows) {
			fmt.Fprintln(w, "  "+strings.Join(row, "\t"))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// csv has one row for each number, so that a program need not know the tables.
func (p symmetryPage) csv(b *strings.Builder) error {
	rows := [][]string{append(slices.Clone(whose), "table", "measure", "value")}
	for _, t := range p.Tables {
		if !slices.Equal(t.Head[:len(whose)], whose) {
			continue
		}
		for _, r := range t.Rows {
			for i := len(whose); i < len(r); i++ {
				rows = append(rows, append(slices.Clone(r[:len(whose)]), t.Title, t.Head[i], strings.TrimSuffix(r[i], "%")))
			}
		}
	}
	return csv.NewWriter(b).WriteAll(rows)
}

// spanHint says how times are written.
const spanHint = "a day such as 2026-01-31, or 2026-01-31T12:00:00Z"

// endless is a time after every other.
const endless perp.Time = 1 << 62

// span reads --from and --to.
func (o *statementOptions) span() (from, to perp.Time, err error) {
	from, err = statementTime(o.from, 0)
	to, err2 := statementTime(o.to, endless)
	if err = errors.Join(err, err2); err == nil && from >= to {
		err = errors.New("--from is not before --to")
	}
	return from, to, err
}

// spanText is a bound of the span; the one that stands for none is empty.
func spanText(t, none perp.Time) string {
	if t == none {
		return ""
	}
	return stamp(t)
}

var symmetryTemplate = template.Must(template.New("symmetry").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Held orders{{with .Account}} of {{.}}{{end}}</title>
<style>body{font:14px/1.4 system-ui,sans-serif;margin:2rem auto;max-width:78rem;padding:0 1rem;color:#222;background:#fff}
table{border-collapse:collapse;width:100%}td,th{padding:.2rem .6rem;border-bottom:1px solid #ddd;text-align:right;font-variant-numeric:tabular-nums}
td:nth-child(-n+3),th:nth-child(-n+3){text-align:left}</style></head><body>
<h1>Held orders and markouts{{with .Account}} of {{.}}{{end}}</h1>
<p>{{.Span}}. Moves are of the outside price; positive is in the client's favour. * is the sum over all.</p>
{{if .Empty}}<p>{{.Nothing}}.</p>{{end}}
{{range .Tables}}{{if .Rows}}<h2>{{.Title}}</h2>{{with .Note}}<p>{{.}}</p>{{end}}
<table><tr>{{range .Head}}<th>{{.}}</th>{{end}}</tr>
{{range .Rows}}<tr>{{range .}}<td>{{.}}</td>{{end}}</tr>
{{end}}</table>{{end}}{{end}}</body></html>
`))
