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
	{"maker_mark_pnl", func(s *Score) *float64 { return &s.MakerMark }},
	{"maker_edge_60s", func(s *Score) *float64 { return &s.MakerEdge }},
	{"hedge_cost", func(s *Score) *float64 { return &s.HedgeCost }},
	{"arb_pnl", func(s *Score) *float64 { return &s.ArbPnL }},
	{"arb_attack_pnl", func(s *Score) *float64 { return &s.ArbAttackPnL }},
	{"half_pnl", func(s *Score) *float64 { return &s.HalfPnL }},
	{"benign_cost_bp", func(s *Score) *float64 { return &s.BenignCost }},
	{"benign_fill_ratio", func(s *Score) *float64 { return &s.BenignFill }},
	{"benign_ll_reject_ratio", func(s *Score) *float64 { return &s.BenignRejects }},
	{"benign_ll_reject_ratio_of_held", func(s *Score) *float64 { return &s.RejectsOfHeld }},
	{"hold_ms_p99", func(s *Score) *float64 { return &s.HoldP99 }},
	{"hold_held_ms_p99", func(s *Score) *float64 { return &s.HoldHeldP99 }},
	{"improved_ratio", func(s *Score) *float64 { return &s.Improved }},
	{"surcharge_benign_bp", func(s *Score) *float64 { return &s.Surcharge }},
	{"half_spread_bp", func(s *Score) *float64 { return &s.HalfSpread }},
	{"max_leverage", func(s *Score) *float64 { return &s.MaxLeverage }},
	{"max_inventory", func(s *Score) *float64 { return &s.MaxInventory }},
}

// Mean averages the scores of one design over seeds, with the half width of a
// 95 % interval of each mean (1.96 standard errors; none for one seed). State
// hashes are joined, counts added, so that a run can be compared as a whole, and
// the clients of all seeds are one crowd to detect.
func Mean(all []Score) Score {
	out := all[0]
	out.Seeds, out.ZeroSum, out.Fills, out.ToxicFills, out.FillsInHalt, out.Hedges, out.watched = len(all), 0, 0, 0, 0, 0, nil
	n := float64(len(all))
	if len(all) > 1 {
		out.Spread = map[string]float64{}
	}
	for _, m := range measures {
		var sum, squares float64
		for i := range all {
			sum += *m.of(&all[i])
		}
		mean := sum / n
		for i := range all {
			squares += (*m.of(&all[i]) - mean) * (*m.of(&all[i]) - mean)
		}
		*m.of(&out) = mean
		if len(all) > 1 {
			out.Spread[m.name] = 1.96 * math.Sqrt(squares/n/(n-1))
		}
	}
	out.ArbPnLByClass = map[string]float64{}
	var hashes []string
	for i := range all {
		out.ZeroSum += all[i].ZeroSum
		out.Fills += all[i].Fills
		out.ToxicFills += all[i].ToxicFills
		out.FillsInHalt += all[i].FillsInHalt
		out.Hedges += all[i].Hedges
		out.OldestFill = max(out.OldestFill, all[i].OldestFill)
		out.watched = append(out.watched, all[i].watched...)
		hashes = append(hashes, all[i].StateHash)
		for class, v := range all[i].ArbPnLByClass {
			out.ArbPnLByClass[class] += v / n
		}
	}
	out.detect(out.watched)
	out.StateHash = strings.Join(hashes, ",")
	return out
}

// Table is the scores as text for people: one line each.
func Table(all []Score) string {
	rows := [][]string{{
		"scenario", "design", "maker $", "mark $", "edge 60s", "arb $", "attacks $", "cost bp", "filled", "refused", "hold p99", "lev", "detect", "fills",
	}}
	for _, s := range all {
		rows = append(rows, []string{
			s.Scenario, s.Design, number(s.MakerPnL, 0), number(s.MakerMark, 0), number(s.MakerEdge, 2), number(s.ArbPnL, 0), number(s.ArbAttackPnL, 0),
			number(s.BenignCost, 2), number(s.BenignFill, 3), number(s.BenignRejects, 4), number(s.HoldP99, 0), number(s.MaxLeverage, 2),
			detected(s.DetectFills) + "/" + detected(s.DetectHalf), strconv.Itoa(s.Fills),
		})
	}
	return columns(rows, 2)
}

func number(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }

func detected(v float64) string {
	if v < 0 {
		return "-"
	}
	return number(v, 0)
}

// columns lays out rows; the first few columns are words.
func columns(rows [][]string, words int) string {
	wide := map[int]int{}
	for _, row := range rows {
		for i, c := range row {
			wide[i] = max(wide[i], len([]rune(c)))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, c := range row {
			pad := strings.Repeat(" ", wide[i]-len([]rune(c)))
			if i < words {
				line.WriteString(c + pad + "  ")
			} else {
				line.WriteString(pad + c + "  ")
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
