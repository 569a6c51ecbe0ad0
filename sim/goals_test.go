package sim

import (
	"strings"
	"testing"
)

// TestGoals: a score that reaches everything, and each way to miss one thing.
func TestGoals(t *testing.T) {
	good := Score{
		Scenario: "s", Design: "full", Kind: Calm, Hours: 2, Lag: 150, Period: 100, ArbPnL: 9, ArbAttackPnL: 10, BenignCost: 2.9,
		BenignFill: 0.99, BenignRejects: 0.005, HoldP99: 350, HalfSpread: 2.5, Surcharge: 0.02, MakerEdge: 0.1, MaxLeverage: 2.9,
		DetectFills: 10, DetectHalf: 30,
	}
	others := []Score{
		{Scenario: "s", Design: "pegged", BenignCost: 2.5}, {Scenario: "s", Design: "reference", BenignCost: 5}, {Scenario: "r", Design: "pegged"},
	}
	missed := func(s Score) (names []string) {
		for _, g := range Goals(append(others[:3:3], s)) {
			if !g.Met && g.Open == "" {
				names = append(names, g.Name)
			}
		}
		return names
	}
	if all := missed(good); len(all) > 0 {
		t.Fatalf("a good score misses %v", all)
	}
	for want, spoil := range map[string]func(*Score){
		"toxic takers' P&L, all their orders":           func(s *Score) { s.ArbPnL = 10.1 },
		"toxic takers' P&L, their attacks alone":        func(s *Score) { s.Hours, s.ArbPnL = 1.9, 0 },
		"benign cost":                                   func(s *Score) { s.BenignCost = 3.1 },
		"benign orders filled":                          func(s *Score) { s.BenignFill = 0.97 },
		"benign orders refused by last look":            func(s *Score) { s.BenignRejects = 0.011 },
		"added hold, p99 of benign orders":              func(s *Score) { s.HoldP99 = 351 },
		"mean surcharge of benign orders":               func(s *Score) { s.Surcharge = 0.026 },
		"maker's edge a minute later":                   func(s *Score) { s.MakerEdge = 0 },
		"maker's leverage":                              func(s *Score) { s.Kind, s.MaxLeverage = Crowd, 0.6 },
		"orders until a toxic client is found out":      func(s *Score) { s.DetectFills = 11 },
		"orders until a half-toxic client is found out": func(s *Score) { s.DetectHalf, s.Undetected = -1, 1 },
		"fills in a halt":                               func(s *Score) { s.FillsInHalt = 1 },
		"sum of all balances":                           func(s *Score) { s.ZeroSum = -1 },
	} {
		bad := good
		spoil(&bad)
		if got := strings.Join(missed(bad), ", "); got != want {
			t.Errorf("%s: misses %s", want, got)
		}
	}
	crash := good
	crash.Kind, crash.BenignCost, crash.BenignRejects, crash.BenignFill = Crash, 3, 0.02, 0.5
	if all := missed(crash); len(all) > 0 {
		t.Errorf("a crash misses %v", all)
	}
	crash.BenignCost = 3.1
	if all := missed(crash); len(all) != 1 || all[0] != "benign cost" {
		t.Errorf("a dear crash misses %v", all)
	}
	open := good
	open.Scenario, open.DetectFills = "alone", -1
	var text []string
	for _, g := range Goals([]Score{open}) {
		if g.Open != "" {
			text = append(text, g.Verdict())
		}
	}
	if got := strings.Join(text, ", "); got != "too few were dealt, pegged was not run" {
		t.Errorf("alone: %s", got)
	}
	if table := GoalTable(Goals([]Score{good})); !strings.Contains(table, "MISSED") && !strings.Contains(table, "met") {
		t.Error(table)
	}
}

// TestDetection: the median over all clients of all seeds; those that dealt too
// little to be found say nothing, those that dealt on count as never.
func TestDetection(t *testing.T) {
	toxic := func(deals int, found bool) watched { return watched{arb, deals, found} }
	for _, c := range []struct {
		all    []watched
		fills  float64
		half   float64
		escape int
	}{
		{nil, -1, -1, 0},
		{[]watched{toxic(4, true), toxic(9, true), toxic(6, true)}, 6, -1, 0},
		{[]watched{toxic(4, true), toxic(9, false)}, 4, -1, 0},
		{[]watched{toxic(9, false)}, -1, -1, 0},
		{[]watched{toxic(4, true), toxic(11, false), toxic(12, false)}, -1, -1, 2},
		{[]watched{toxic(0, true), {half, 12, true}, {half, 31, false}, {benign, 3, true}}, 0, -1, 1},
		{[]watched{{sniper, 5, true}, {half, 12, true}, {half, 30, false}}, 5, 12, 0},
	} {
		var s Score
		if s.detect(c.all); s.DetectFills != c.fills || s.DetectHalf != c.half || s.Undetected != c.escape {
			t.Errorf("%v: %v, %v, %d escaped", c.all, s.DetectFills, s.DetectHalf, s.Undetected)
		}
	}
}
