package main

import (
	"backstop/perp"
)

// symmetryLooks is one group of held orders for programs: counts, ratios of 1 in
// units of 0.000001, times in microseconds, money in both forms.
type symmetryLooks struct {
	Account       string       `json:"account"`
	Tier          string       `json:"tier"`
	Market        string       `json:"market"`
	Held          int64        `json:"held"`
	Accepted      int64        `json:"accepted"`
	Improved      int64        `json:"improved"`
	Current       int64        `json:"current"`
	Against       int64        `json:"refused_price"`
	Invalid       int64        `json:"refused_validity"`
	Expired       int64        `json:"refused_expired"`
	RejectRate    perp.Ratio   `json:"reject_rate_units"`
	HoldP50       int64        `json:"hold_p50_us"`
	HoldP90       int64        `json:"hold_p90_us"`
	HoldP99       int64        `json:"hold_p99_us"`
	HoldMax       int64        `json:"hold_max_us"`
	MoveDealt     *perp.Ratio  `json:"move_dealt_units"`   // null: there was none
	MoveRefused   *perp.Ratio  `json:"move_refused_units"` // null: there was none
	For           symmetryMove `json:"moved_for_client"`
	Versus        symmetryMove `json:"moved_against_client"`
	Improvement   string       `json:"improvement"`
	ImprovedUnits perp.Money   `json:"improvement_units"`
	PerOrder      string       `json:"improvement_per_order"`
	PerOrderUnits perp.Money   `json:"improvement_per_order_units"`
}

type symmetryMove struct {
	Orders     int64       `json:"orders"`
	Move       *perp.Ratio `json:"move_units"`
	Refused    int64       `json:"refused"`
	RejectRate perp.Ratio  `json:"reject_rate_units"`
	Improved   int64       `json:"improved"`
}

type symmetryMark struct {
	Account  string      `json:"account"`
	Tier     string      `json:"tier"`
	Market   string      `json:"market"`
	Horizon  int64       `json:"horizon_ms"`
	Fills    int64       `json:"fills"`
	FillMove *perp.Ratio `json:"fills_move_units"`
	Refusals int64       `json:"refusals"`
	Turned   *perp.Ratio `json:"refusals_move_units"`
}

type symmetryGrade struct {
	Time      string     `json:"time"`
	Session   string     `json:"session"`
	Market    string     `json:"market"`
	From      string     `json:"from"`
	To        string     `json:"to"`
	Surcharge perp.Ratio `json:"surcharge_units"`
	Why       string     `json:"why"`
	Score     perp.Ratio `json:"score_units"`
	Until     string     `json:"held_until,omitempty"`
}

// optional is the mean, or nothing if it is of nothing.
func (m mean) optional() *perp.Ratio {
	if m.n == 0 {
		return nil
	}
	v := m.value()
	return &v
}

func symmetryJSON(p symmetryPage, s *symmetry) map[string]any {
	looks, marks, grades := []symmetryLooks{}, []symmetryMark{}, []symmetryGrade{}
	for _, g := range s.lookGroups() {
		t := s.looks[g]
		us := func(percent int) int64 { return int64(percentile(t.holds, percent)) / 1000 }
		looks = append(looks, symmetryLooks{
			Account: g.account, Tier: g.tierName(), Market: g.symbol, Held: t.held,
			Accepted: t.outcomes[perp.LookAccepted], Improved: t.outcomes[perp.LookImproved], Current: t.outcomes[perp.LookCurrent],
			Against: t.outcomes[perp.LookAgainst], Invalid: t.outcomes[perp.LookInvalid], Expired: t.outcomes[perp.LookExpired],
			RejectRate: rate(t.refused, t.held), HoldP50: us(50), HoldP90: us(90), HoldP99: us(99), HoldMax: us(100),
			MoveDealt: t.dealt.optional(), MoveRefused: t.turned.optional(), For: t.favour.view(), Versus: t.worse.view(),
			Improvement: t.improvement.String(), ImprovedUnits: t.improvement, PerOrder: t.perOrder().String(), PerOrderUnits: t.perOrder(),
		})
	}
	for _, g := range s.markGroups() {
		t := s.marks[g]
		marks = append(marks, symmetryMark{
			g.account, g.tierName(), g.symbol, int64(g.horizon / perp.Millisecond), t.fills.n, t.fills.optional(), t.refusals.n, t.refusals.optional(),
		})
	}
	for _, g := range s.shown() {
		one := symmetryGrade{
			Time: stamp(g.Time), Session: g.Session, Market: g.Symbol, From: g.From.Tier.String(), To: g.Class.Tier.String(),
			Surcharge: g.Class.Surcharge, Why: g.Why, Score: g.Score,
		}
		if g.Until > 0 {
			one.Until = stamp(g.Until)
		}
		grades = append(grades, one)
	}
	return map[string]any{
		"account": p.Account, "from": p.From, "to": p.To, "empty": p.Empty, "held_orders": looks, "markouts": marks, "grades": grades,
	}
}

func (d direction) view() symmetryMove {
	return symmetryMove{d.orders, d.moves.optional(), d.refused, rate(d.refused, d.orders), d.improved}
}
