package sim

import (
	"math"
	"strconv"
	"strings"
)

// measures are the numbers of a score that are averaged over seeds.
var measures = []struct {
	name string
	of   func(*Score) *float64
}{
	{"maker_pnl", func(s *Score) *float64 { return &s.MakerPnL }},
	{"maker_edge_60s", func(s *Score) *float64 { return &s.MakerEdge60s }},
	{"arb_pnl", func(s *Score) *float64 { return &s.ArbPnL }},
	{"benign_cost_bp", func(s *Score) *float64 { return &s.BenignCost }},
	{"benign_fill_ratio", func(s *Score) *float64 { return &s.BenignFill }},
	{"benign_ll_reject_ratio", func(s *Score) *float64 { return &s.BenignRejects }},
	{"hold_ms_p99", func(s *Score) *float64 { return &s.HoldP99 }},
	{"max_leverage", func(s *Score) *float64 { return &s.MaxLeverage }},
	{"max_inventory", func(s *Score) *float64 { return &s.MaxInventory }},
}

// Mean averages the scores of one design over seeds, with the half width of a
// 95 % interval of each mean (1.96 standard errors; none for one seed). State
// hashes are joined, sums added, so that a run can be compared as a whole.
func Mean(all []Score) Score {
	out := all[0]
	out.Seeds, out.ZeroSum, out.Fills, out.ToxicFills = len(all), 0, 0, 0
	n := float64(len(all))
	if len(all) > 1 {
		out.Spread = map[string]float64{}
	}
	for _, m := range measures {
		var sum, squares float64
		for i := range all {
			v := *m.of(&all[i])
			sum += v
			squares += v * v
		}
		mean := sum / n
		*m.of(&out) = mean
		if len(all) > 1 {
			out.Spread[m.name] = 1.96 * math.Sqrt(max(0, squares/n-mean*mean)/(n-1))
		}
	}
	out.ArbPnLByClass = map[string]float64{}
	var hashes []string
	for i := range all {
		out.ZeroSum += all[i].ZeroSum
		out.Fills += all[i].Fills
		out.ToxicFills += all[i].ToxicFills
		hashes = append(hashes, all[i].StateHash)
		for class, v := range all[i].ArbPnLByClass {
			out.ArbPnLByClass[class] += v / n
		}
	}
	out.StateHash = strings.Join(hashes, ",")
	return out
}

// Table is the scores as text for people: one line each.
func Table(all []Score) string {
	var b strings.Builder
	row := func(cells ...string) {
		for i, c := range cells {
			if i < 2 {
				b.WriteString(c + strings.Repeat(" ", max(1, 11-len(c))))
				continue
			}
			b.WriteString(strings.Repeat(" ", max(1, 12-len(c))) + c)
		}
		b.WriteString("\n")
	}
	number := func(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }
	row("scenario", "design", "maker $", "edge 60s bp", "toxic $", "benign bp", "fill ratio", "refused", "hold p99", "max lev", "fills")
	for _, s := range all {
		row(s.Scenario, s.Design, number(s.MakerPnL, 0), number(s.MakerEdge60s, 2), number(s.ArbPnL, 0),
			number(s.BenignCost, 2), number(s.BenignFill, 3), number(s.BenignRejects, 4), number(s.HoldP99, 0), number(s.MaxLeverage, 2), strconv.Itoa(s.Fills))
	}
	return b.String()
}
