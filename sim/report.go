package sim

import (
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
)

// plot is one picture of the report: lines over the same seconds.
type plot struct {
	Title string
	Lines []line
	Low   string
	High  string
}

type line struct{ Name, Points, Colour string }

const plotWide, plotHigh = 900.0, 180.0

var colours = []string{"#444", "#b3261e", "#1a5fb4", "#26794a", "#8a4fb0"}

// Report writes one self-contained page: the table, and for each scenario and
// design how prices, inventory, leverage and P&L went in the first seed.
func Report(w io.Writer, all []Score) error {
	type section struct {
		Score
		Plots []plot
	}
	var sections []section
	for _, s := range all {
		pick := func(title string, names []string, of ...func(Sample) float64) plot {
			return draw(title, names, s.Samples, of...)
		}
		sections = append(sections, section{s, []plot{
			pick("true price, bid and ask", []string{"true", "bid", "ask"},
				func(x Sample) float64 { return x.Truth }, func(x Sample) float64 { return x.Bid }, func(x Sample) float64 { return x.Ask }),
			pick("inventory, net of hedges (base)", []string{"inventory"}, func(x Sample) float64 { return x.Inventory }),
			pick("leverage", []string{"leverage"}, func(x Sample) float64 { return x.Leverage }),
			pick("P&L (quote)", []string{"maker's equity", "toxic takers", "benign takers"},
				func(x Sample) float64 { return x.Maker }, func(x Sample) float64 { return x.Arb }, func(x Sample) float64 { return x.Ordinary }),
			pick("half-spread of the firm quote and surcharge of an arb (bp)", []string{"half-spread", "surcharge"},
				func(x Sample) float64 { return x.Half }, func(x Sample) float64 { return x.Surcharge }),
			pick("tier of an arb", []string{"tier"}, func(x Sample) float64 { return x.Tier }),
		}})
	}
	if err := reportPage.Execute(w, map[string]any{"Table": Table(all), "Goals": Goals(all), "Sections": sections}); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// draw scales lines into one picture; a price of zero is a gap: nothing offered.
func draw(title string, names []string, all []Sample, of ...func(Sample) float64) plot {
	low, high, end := math.Inf(1), math.Inf(-1), 1.0
	prices := strings.Contains(title, "price")
	for _, x := range all {
		end = max(end, x.Second)
		for _, f := range of {
			if v := f(x); v != 0 || !prices {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if !(high > low) {
		low, high = low-1, high+1
	}
	p := plot{Title: title, Low: fmt.Sprintf("%.4g", low), High: fmt.Sprintf("%.4g", high)}
	for i, f := range of {
		var b strings.Builder
		open := false
		for _, x := range all {
			v := f(x)
			if prices && v == 0 {
				open = false
				continue
			}
			mark := "L"
			if !open {
				mark, open = "M", true
			}
			fmt.Fprintf(&b, "%s%.1f %.1f", mark, x.Second/end*plotWide, plotHigh-(v-low)/(high-low)*plotHigh)
		}
		p.Lines = append(p.Lines, line{names[i], b.String(), colours[i%len(colours)]})
	}
	return p
}

var reportPage = template.Must(template.New("report").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Backstop simulation</title>
<style>
body{font:14px/1.4 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#222;background:#fff}
pre{overflow-x:auto;background:#f5f5f5;padding:.8rem}
svg{width:100%;height:auto;background:#fafafa;border:1px solid #ddd}
table{border-collapse:collapse} td,th{text-align:left;padding:.15rem .8rem .15rem 0;border-bottom:1px solid #eee}
.met td:last-child{color:#26794a} .missed td:last-child{color:#b3261e;font-weight:bold}
h2{margin-top:2.5rem} h3{margin:.9rem 0 .2rem;font-size:1rem} .key{margin-right:1rem}
</style></head><body>
<h1>Simulation</h1>
<p>The gateway's own engine in virtual time; prices and takers are the same for every design of a seed. Toxic takers see prices
before the maker does and hedge at once outside. Money is quote currency, costs are basis points of what was dealt.</p>
<pre>{{.Table}}</pre>
{{if .Goals}}<h2>Goals of the full design</h2>
<p>Per hour and per million of the maker's collateral.</p>
<table><tr><th>scenario</th><th>goal</th><th>wanted</th><th>measured</th><th></th></tr>
{{range .Goals}}<tr{{if not .Open}} class="{{if .Met}}met{{else}}missed{{end}}"{{end}}><td>{{.Scenario}}</td><td>{{.Name}}</td><td>{{.Want}}</td><td>{{.Value}}</td><td>{{.Verdict}}</td></tr>
{{end}}</table>
{{end}}{{range .Sections}}<h2>{{.Scenario}}: {{.Design}}</h2>
{{range .Plots}}<h3>{{.Title}}</h3>
<svg viewBox="0 0 900 180" role="img" aria-label="{{.Title}}">{{range .Lines}}<path d="{{.Points}}" fill="none" stroke="{{.Colour}}" stroke-width="1.2"/>{{end}}</svg>
<div>{{range .Lines}}<span class="key" style="color:{{.Colour}}">{{.Name}}</span>{{end}} from {{.Low}} to {{.High}}</div>
{{end}}{{end}}</body></html>
`))
