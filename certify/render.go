package certify

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"
)

// verdictLine is what the report says in the end.
func (r *Report) verdictLine() string {
	if r.Certified {
		return "certified: every mandatory check in scope passes"
	}
	return "not certified"
}

// Text is the table for a terminal.
func (r *Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s to %s, %s %s, %d messages in the %s's log\n\n", r.Client, r.Gateway, r.Begin, r.Dialect, r.Log.Messages, r.Source)
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%-4s %-14s %s\n", f.Check.ID, f.Verdict, f.Check.Title)
		if f.Verdict == Failed {
			for _, e := range f.Evidence {
				fmt.Fprintf(&b, "     %s\n", e)
			}
		} else if f.Why != "" {
			fmt.Fprintf(&b, "     %s\n", f.Why)
		}
	}
	b.WriteString("\n")
	for _, g := range r.Areas {
		fmt.Fprintf(&b, "%-10s %-14s %d passed, %d failed, %d not observed\n", g.Area, g.Verdict, g.Passed, g.Failed, g.NotObserved)
	}
	fmt.Fprintf(&b, "%s\n", r.verdictLine())
	return b.String()
}

// Markdown is the report for people who read text.
func (r *Report) Markdown() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# Certification of %s\n\n%s.\n\n", cell(r.Client), r.verdictLine())
	fmt.Fprintf(&b, "| | |\n|---|---|\n| session | %s to %s |\n| version | %s %s |\n| log | the %s's, %d messages in %d lines, %s to %s |\n| chain | %s |\n| rules | %s |\n| dictionary | %s |\n\n",
		cell(r.Client), cell(r.Gateway), r.Begin, cell(r.Dialect), r.Source, r.Log.Messages, r.Log.Lines, r.Log.First, r.Log.Last, r.Log.Head, r.Rules, r.Dict)
	b.WriteString("## Checks\n\n| Check | Area | Verdict | What | Why, evidence |\n|---|---|---|---|---|\n")
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", f.Check.ID, f.Check.Area, f.Verdict, f.Check.Title, cell(f.text()))
	}
	b.WriteString("\n## Areas\n\n| Area | Verdict | Passed | Failed | Not observed |\n|---|---|---|---|---|\n")
	for _, g := range r.Areas {
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d |\n", g.Area, g.Verdict, g.Passed, g.Failed, g.NotObserved)
	}
	b.WriteString("\n## Messages\n\n| Type | From the client | From the gateway |\n|---|---|---|\n")
	for _, c := range r.Coverage {
		fmt.Fprintf(&b, "| %s (%s) | %d | %d |\n", cell(c.Name), cell(c.Type), c.FromClient, c.FromGateway)
	}
	if len(r.Rejects) > 0 {
		b.WriteString("\n## Refusals\n\n| Reason | Count |\n|---|---|\n")
		for _, t := range r.Rejects {
			fmt.Fprintf(&b, "| %s | %d |\n", cell(t.Reason), t.Count)
		}
	}
	if len(r.Positions) > 0 {
		b.WriteString("\n## Fills\n\n| Account | Market | Fills | Net |\n|---|---|---|---|\n")
		for _, p := range r.Positions {
			fmt.Fprintf(&b, "| %s | %s | %d | %s |\n", cell(p.Account), cell(p.Symbol), p.Fills, p.Net)
		}
	}
	return []byte(b.String())
}

func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(printable(s))
}

// text is why a verdict is what it is.
func (f Finding) text() string {
	parts := []string{}
	if f.Why != "" && f.Verdict != Failed {
		parts = append(parts, f.Why)
	}
	for _, e := range f.Evidence {
		parts = append(parts, e.String())
	}
	return strings.Join(parts, "; ")
}

// JUnit is the form that build servers read.
func (r *Report) JUnit() ([]byte, error) {
	s := junitSuite{Name: "certify " + printable(r.Client), Tests: len(r.Findings)}
	for _, f := range r.Findings {
		c := junitCase{Class: "certify." + f.Check.Area, Name: f.Check.ID + " " + f.Check.Title}
		switch f.Verdict {
		case Failed:
			s.Failures++
			c.Failure = &junitText{printable(f.Why), printable(f.text())}
		case Passed:
		default:
			s.Skipped++
			c.Skipped = &junitText{Message: printable(f.Why)}
		}
		s.Cases = append(s.Cases, c)
	}
	return asXML(s)
}

// page needs nothing but itself: it is read where there is no network.
var page = template.Must(template.New("report").Funcs(template.FuncMap{"why": Finding.text}).Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Certification of {{.Client}}</title>
<style>
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1c2530;background:#fff}
h1{margin-bottom:.2rem} h2{margin-top:2rem} table{border-collapse:collapse;width:100%} th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #d8dee6;vertical-align:top}
.n{text-align:right} code{font-size:.85em;word-break:break-all} .pass{color:#0a6b3d;font-weight:600} .fail{color:#b3261e;font-weight:600}
.not-observed,.not-applicable{color:#5b6673}
@media (prefers-color-scheme:dark){body{color:#dfe6ee;background:#10161d} th,td{border-color:#2b3643} .pass{color:#5fd39a} .fail{color:#ff8a80} .not-observed,.not-applicable{color:#9aa7b5}}
</style></head><body>
<h1>Certification of {{.Client}}</h1>
<p class="{{if .Certified}}pass{{else}}fail{{end}}">{{if .Certified}}Certified: every mandatory check in scope passes.{{else}}Not certified.{{end}}</p>
<table><tr><th>Session</th><td>{{.Client}} to {{.Gateway}}</td></tr><tr><th>Version</th><td>{{.Begin}} {{.Dialect}}</td></tr>
<tr><th>Log</th><td>the {{.Source}}'s, {{.Log.Messages}} messages in {{.Log.Lines}} lines, {{.Log.First}} to {{.Log.Last}}</td></tr>
<tr><th>Chain</th><td><code>{{.Log.Head}}</code></td></tr><tr><th>Rules</th><td><code>{{.Rules}}</code></td></tr><tr><th>Dictionary</th><td><code>{{.Dict}}</code></td></tr></table>
<h2>Areas</h2><table><tr><th>Area<th>Verdict<th class="n">Passed<th class="n">Failed<th class="n">Not observed</tr>
{{range .Areas}}<tr><td>{{.Area}}<td class="{{.Verdict}}">{{.Verdict}}<td class="n">{{.Passed}}<td class="n">{{.Failed}}<td class="n">{{.NotObserved}}</tr>
{{end}}</table>
<h2>Checks</h2><table><tr><th>Check<th>Verdict<th>What<th>Why, evidence</tr>
{{range .Findings}}<tr><td>{{.Check.ID}}<td class="{{.Verdict}}">{{.Verdict}}<td>{{.Check.Title}}<br><small>{{.Check.Criteria}}</small><td>{{why .}}</tr>
{{end}}</table>
<h2>Messages</h2><table><tr><th>Type<th class="n">From the client<th class="n">From the gateway</tr>
{{range .Coverage}}<tr><td>{{.Name}} ({{.Type}})<td class="n">{{.FromClient}}<td class="n">{{.FromGateway}}</tr>
{{end}}</table>
{{if .Rejects}}<h2>Refusals</h2><table><tr><th>Reason<th class="n">Count</tr>
{{range .Rejects}}<tr><td>{{.Reason}}<td class="n">{{.Count}}</tr>
{{end}}</table>{{end}}
{{if .Positions}}<h2>Fills</h2><table><tr><th>Account<th>Market<th class="n">Fills<th class="n">Net</tr>
{{range .Positions}}<tr><td>{{.Account}}<td>{{.Symbol}}<td class="n">{{.Fills}}<td class="n">{{.Net}}</tr>
{{end}}</table>{{end}}
<h2>Session</h2><table>
<tr><th>TestRequests answered<td>{{.Timing.Answers}}, half within {{.Timing.P50}} ms, 99 of 100 within {{.Timing.P99}} ms</tr>
<tr><th>Orders answered<td>{{.Timing.Orders}}, half within {{.Timing.OrderP50}} ms, 99 of 100 within {{.Timing.OrderP99}} ms</tr>
<tr><th>Logons, resets<td>{{.Sequence.Logons}}, {{.Sequence.Resets}}</tr>
<tr><th>ResendRequests, gap fills<td>{{.Sequence.Asked}}, {{.Sequence.GapFills}}</tr>
<tr><th>PossDup, PossResend<td>{{.Sequence.PossDup}}, {{.Sequence.PossAgain}}</tr></table>
</body></html>
`))

// HTML is the report as one page that needs nothing else.
func (r *Report) HTML() ([]byte, error) {
	var b bytes.Buffer
	err := page.Execute(&b, r)
	return b.Bytes(), err
}
