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

// group is whose orders a row adds up.
type group struct {
	account string
	tier    perp.Tier // TierEnd: all
	symbol  string
}

func (g group) tierName() string {
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

// markGroup is which markouts a number adds up.
type markGroup struct {
	group
	horizon perp.Time
}

// markTally is how far the price moved for the client after fills, and after
// refusals.
type markTally struct{ fills, refusals mean }

// client is a session in a market, which has one tier at a time.
type client struct{ session, symbol string }

// symmetry adds up what happened to held orders and what fills and refusals
// looked like later. It is the same whichever way the price moved: what shows
// an asymmetry is for the reader to see.
type symmetry struct {
	only     string    // account; empty: all
	from     perp.Time // grades before it are known, and not shown
	looks    map[group]*lookTally
	marks    map[markGroup]*markTally
	sessions map[string]bool          // that the rows speak of
	tiers    map[string]perp.Tier     // of held orders
	grades   map[client][]store.Grade // oldest first
}

func newSymmetry(account string, from perp.Time) *symmetry {
	return &symmetry{
		only: account, from: from, looks: map[group]*lookTally{}, marks: map[markGroup]*markTally{}, sessions: map[string]bool{},
		tiers: map[string]perp.Tier{}, grades: map[client][]store.Grade{},
	}
}

// groups are the rows that an order is in.
func (s *symmetry) groups(account string, tier perp.Tier, symbol string) []group {
	all := []group{{account, tier, symbol}, {account, perp.TierEnd, every}}
	if s.only == "" {
		all = append(all, group{every, tier, every}, group{every, perp.TierEnd, symbol}, group{every, perp.TierEnd, every})
	}
	return all
}

func (s *symmetry) look(l store.Look) {
	if s.only != "" && l.Account != s.only {
		return
	}
	s.sessions[l.Session] = true
	s.tiers[l.OrderID] = l.Tier
	for _, g := range s.groups(l.Account, l.Tier, l.Symbol) {
		if s.looks[g] == nil {
			s.looks[g] = &lookTally{}
		}
		s.looks[g].add(l)
	}
}

// mark takes a markout; call it after all grades and looks, which tell the tier
// under which its order came.
func (s *symmetry) mark(m store.Markout) {
	if s.only != "" && m.Account != s.only {
		return
	}
	s.sessions[m.Session] = true
	tier, held := s.tiers[m.OrderID]
	if !held {
		tier = s.tierAt(client{m.Session, m.Symbol}, m.Time-m.Horizon)
	}
	for _, whose := range s.groups(m.Account, tier, m.Symbol) {
		g := markGroup{whose, m.Horizon}
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

// grade takes a change of terms, oldest first.
func (s *symmetry) grade(g store.Grade) {
	c := client{g.Session, g.Symbol}
	s.grades[c] = append(s.grades[c], g)
}

// tierAt is the tier of a client at a time; firm before anything was told.
func (s *symmetry) tierAt(c client, at perp.Time) perp.Tier {
	i, _ := slices.BinarySearchFunc(s.grades[c], at+1, func(g store.Grade, t perp.Time) int { return cmp.Compare(g.Time, t) })
	if i == 0 {
		return perp.TierFirm
	}
	return s.grades[c][i-1].Class.Tier
}

// shown are the changes of terms in the span, of the sessions that the report
// speaks of.
func (s *symmetry) shown() (all []store.Grade) {
	for c, grades := range s.grades {
		if s.only != "" && !s.sessions[c.session] {
			continue
		}
		for _, g := range grades {
			if g.Time >= s.from {
				all = append(all, g)
			}
		}
	}
	slices.SortFunc(all, func(a, b store.Grade) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Session, b.Session), cmp.Compare(a.Symbol, b.Symbol))
	})
	return all
}

func (s *symmetry) empty() bool {
	return len(s.looks) == 0 && len(s.marks) == 0 && len(s.shown()) == 0
}

// order is the order of the report: accounts, then sums.
func (g group) order(h group) int {
	return cmp.Or(names(g.account, h.account), cmp.Compare(g.tier, h.tier), names(g.symbol, h.symbol))
}

func (s *symmetry) lookGroups() []group {
	for _, t := range s.looks {
		slices.Sort(t.holds)
	}
	return slices.SortedFunc(maps.Keys(s.looks), group.order)
}

func (s *symmetry) markGroups() []markGroup {
	return slices.SortedFunc(maps.Keys(s.marks), func(a, b markGroup) int {
		return cmp.Or(a.order(b.group), cmp.Compare(a.horizon, b.horizon))
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
