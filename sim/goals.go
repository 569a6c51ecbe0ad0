package sim

import (
	"fmt"
	"slices"
)

// Goal is one thing that the full design is to reach in a scenario.
type Goal struct {
	Scenario string
	Name     string
	Want     string
	Value    string
	Met      bool
	Open     string // why it cannot be judged here; empty: it is judged
}

// Verdict is the goal's outcome in a word or a few.
func (g Goal) Verdict() string {
	switch {
	case g.Open != "":
		return g.Open
	case g.Met:
		return "met"
	}
	return "MISSED"
}

// judge adds up the goals of one score.
type judge struct {
	score Score
	goals []Goal
}

func (j *judge) goal(name, want, value string, met bool) {
	j.goals = append(j.goals, Goal{Scenario: j.score.Scenario, Name: name, Want: want, Value: value, Met: met})
}

// least and most are goals for a number.
func (j *judge) most(name string, v, limit float64, digits int, unit string) {
	j.goal(name, "at most "+number(limit, digits)+unit, number(v, digits)+unit, v <= limit)
}

func (j *judge) least(name string, v, limit float64, digits int) {
	j.goal(name, "at least "+number(limit, digits), number(v, digits), v >= limit)
}

// open is a goal that nothing here can judge.
func (j *judge) open(name, want, value, why string) {
	j.goals = append(j.goals, Goal{Scenario: j.score.Scenario, Name: name, Want: want, Value: value, Open: why})
}

// Goals compares the full design of each scenario with what it is to reach, per
// hour and per million of the maker's collateral. Costs are compared with other
// designs of the same scenario, if they are there. That a seed gives one state
// hash is for a second run to tell.
func Goals(scores []Score) (all []Goal) {
	for _, s := range scores {
		if s.Design != fullDesign {
			continue
		}
		j := &judge{score: s}
		j.toxic()
		j.benign(scores)
		j.safety()
		all = append(all, j.goals...)
	}
	return all
}

func (j *judge) toxic() {
	s := j.score
	j.most("toxic takers' P&L, all their orders", perHour(s.ArbPnL, s), 5, 2, " $/h")
	j.most("toxic takers' P&L, their attacks alone", perHour(s.ArbAttackPnL, s), 5, 2, " $/h")
	j.detection("orders until a toxic client is found out", s.DetectFills, detectToxic)
	j.detection("orders until a half-toxic client is found out", s.DetectHalf, detectHalf)
}

func perHour(v float64, s Score) float64 { return ratio(v, s.Hours) }

func (j *judge) detection(name string, v float64, goal int) {
	want := fmt.Sprintf("at most %d", goal)
	switch {
	case v >= 0:
		j.goal(name, want, number(v, 0), v <= float64(goal))
	case j.score.Undetected > 0:
		j.goal(name, want, "never", false)
	default:
		j.open(name, want, "-", "too few were dealt")
	}
}

func (j *judge) benign(scores []Score) {
	s := j.score
	switch s.Kind {
	case Crash:
		j.cost(scores, "reference", 0.6)
	case Calm, Outage:
		j.cost(scores, "pegged", 1.2)
	}
	refusals := 0.01
	if s.Kind == Crash || s.Kind == Outage {
		refusals = 0.02
	} else {
		j.least("benign orders filled", s.BenignFill, 0.98, 3)
	}
	j.most("benign orders refused by last look", s.BenignRejects, refusals, 4, "")
	j.most("added hold, p99 of benign orders", s.HoldP99, s.Lag+2*s.Period, 0, " ms")
	j.most("mean surcharge of benign orders", s.Surcharge, s.HalfSpread/100, 4, " bp")
}

// cost compares what benign clients pay with what they pay elsewhere.
func (j *judge) cost(scores []Score, with string, share float64) {
	name, value := "benign cost", number(j.score.BenignCost, 2)+" bp"
	i := slices.IndexFunc(scores, func(o Score) bool { return o.Scenario == j.score.Scenario && o.Design == with })
	if i < 0 {
		j.open(name, fmt.Sprintf("at most %.0f %% of %s", share*100, with), value, with+" was not run")
		return
	}
	limit := share * scores[i].BenignCost
	j.goal(name, fmt.Sprintf("at most %.2f bp, %.0f %% of %s", limit, share*100, with), value, j.score.BenignCost <= limit)
}

func (j *judge) safety() {
	s := j.score
	j.goal("maker's edge a minute later", "above 0", number(s.MakerEdge, 2)+" bp", s.MakerEdge > 0)
	limit := 3.0
	if s.Kind == Crowd {
		limit = 0.5
	}
	j.most("maker's leverage", s.MaxLeverage, limit, 2, "")
	j.goal("fills in a halt", "0", fmt.Sprint(s.FillsInHalt), s.FillsInHalt == 0)
	j.goal("sum of all balances", "0", fmt.Sprint(s.ZeroSum), s.ZeroSum == 0)
}

// GoalTable is the goals as text for people: one line each.
func GoalTable(goals []Goal) string {
	rows := [][]string{{"scenario", "goal of the full design", "wanted", "measured", ""}}
	for _, g := range goals {
		rows = append(rows, []string{g.Scenario, g.Name, g.Want, g.Value, g.Verdict()})
	}
	return columns(rows, 5)
}
