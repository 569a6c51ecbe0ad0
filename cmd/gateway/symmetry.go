package main

import (
	"cmp"
	"maps"
	"slices"

	"backstop/perp"
	"backstop/store"
)

// every stands for all accounts, tiers or markets in a row of the report. It is
// no name that an account or market may have.
const every = "*"

// lookGroup is whose held orders a row adds up.
type lookGroup struct {
	account string
	tier    perp.Tier // TierEnd: all
	symbol  string
}

func (g lookGroup) tierName() string {
	if g.tier == perp.TierEnd {
		return every
	}
	return g.tier.String()
}

// direction adds up the held orders for which the price moved one way.
type direction struct {
	orders, refused, improved int64
	moves                     mean
}

// mean is a sum of ratios and how many they are.
type mean struct{ sum, n int64 }

func (m *mean) add(r perp.Ratio) { m.sum, m.n = m.sum+int64(r), m.n+1 }

// value is the mean to the nearest unit, halves away from zero; 0 of nothing.
func (m mean) value() perp.Ratio {
	if m.n == 0 {
		return 0
	}
	half := m.n / 2
	if m.sum < 0 {
		half = -half
	}
	return perp.Ratio((m.sum + half) / m.n)
}

// lookTally is what became of the held orders of a group.
type lookTally struct {
	outcomes      [perp.LookImproved + 1]int64
	held, refused int64
	holds         []perp.Time
	dealt, turned mean // moves of the price for the client, of orders dealt and refused
	favour, worse direction
	improvement   perp.Money
}

// rate is refused over held.
func rate(refused, held int64) perp.Ratio {
	if held == 0 {
		return 0
	}
	return perp.Ratio(perp.MulDiv(refused, int64(perp.RatioOne), held, perp.Floor))
}

// percentile is the nearest-rank one of sorted values; 0 of none.
func percentile(sorted []perp.Time, p int) perp.Time {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

func (t *lookTally) add(l store.Look) {
	t.held++
	t.outcomes[l.Outcome]++
	t.holds = append(t.holds, l.Hold())
	way := &t.favour
	if l.Move < 0 {
		way = &t.worse
	}
	if l.Move != 0 {
		way.orders++
		way.moves.add(l.Move)
	}
	if l.Refused() {
		t.refused++
		t.turned.add(l.Move)
		if l.Move != 0 {
			way.refused++
		}
		return
	}
	t.dealt.add(l.Move)
	if l.Move != 0 && l.Outcome == perp.LookImproved {
		way.improved++
	}
	if by := l.Improvement(); by > 0 && l.Dealt > 0 {
		t.improvement += perp.Notional(by, l.Dealt, perp.Floor)
	}
}

// markGroup is whose markouts a row adds up.
type markGroup struct {
	account, symbol string
	horizon         perp.Time
}

// markTally is how far the price moved for the client after fills, and after
// refusals.
type markTally struct{ fills, refusals mean }

// symmetry adds up what happened to held orders and what fills and refusals
// looked like later. It is the same whichever way the price moved: what shows
// an asymmetry is for the reader to see.
type symmetry struct {
	only     string // account; empty: all
	looks    map[lookGroup]*lookTally
	marks    map[markGroup]*markTally
	sessions map[string]bool // that the rows speak of
	grades   []store.Grade
}

func newSymmetry(account string) *symmetry {
	return &symmetry{only: account, looks: map[lookGroup]*lookTally{}, marks: map[markGroup]*markTally{}, sessions: map[string]bool{}}
}

func (s *symmetry) look(l store.Look) {
	if s.only != "" && l.Account != s.only {
		return
	}
	s.sessions[l.Session] = true
	groups := []lookGroup{{l.Account, l.Tier, l.Symbol}, {l.Account, perp.TierEnd, every}}
	if s.only == "" {
		groups = append(groups, lookGroup{every, l.Tier, every}, lookGroup{every, perp.TierEnd, l.Symbol}, lookGroup{every, perp.TierEnd, every})
	}
	for _, g := range groups {
		if s.looks[g] == nil {
			s.looks[g] = &lookTally{}
		}
		s.looks[g].add(l)
	}
}

func (s *symmetry) mark(m store.Markout) {
	if s.only != "" && m.Account != s.only {
		return
	}
	s.sessions[m.Session] = true
	groups := []markGroup{{m.Account, m.Symbol, m.Horizon}}
	if s.only == "" {
		groups = append(groups, markGroup{every, m.Symbol, m.Horizon}, markGroup{every, every, m.Horizon})
	}
	for _, g := range groups {
		if s.marks[g] == nil {
			s.marks[g] = &markTally{}
		}
		if m.ExecID == "" {
			s.marks[g].refusals.add(m.Move)
		} else {
			s.marks[g].fills.add(m.Move)
		}
	}
}

// grade takes a change of terms; call it after all looks and markouts, from
// which the sessions of an account are known.
func (s *symmetry) grade(g store.Grade) {
	if s.only == "" || s.sessions[g.Session] {
		s.grades = append(s.grades, g)
	}
}

func (s *symmetry) empty() bool { return len(s.looks) == 0 && len(s.marks) == 0 && len(s.grades) == 0 }

// lookGroups are the groups in the order of the report: accounts, then sums.
func (s *symmetry) lookGroups() []lookGroup {
	for _, t := range s.looks {
		slices.Sort(t.holds)
	}
	return slices.SortedFunc(maps.Keys(s.looks), func(a, b lookGroup) int {
		return cmp.Or(names(a.account, b.account), cmp.Compare(a.tier, b.tier), names(a.symbol, b.symbol))
	})
}

func (s *symmetry) markGroups() []markGroup {
	return slices.SortedFunc(maps.Keys(s.marks), func(a, b markGroup) int {
		return cmp.Or(names(a.account, b.account), names(a.symbol, b.symbol), cmp.Compare(a.horizon, b.horizon))
	})
}

// names compares two names; sums over all stand last.
func names(a, b string) int {
	if a == every || b == every {
		return cmp.Compare(last(a), last(b))
	}
	return cmp.Compare(a, b)
}

func last(name string) int {
	if name == every {
		return 1
	}
	return 0
}
