package quoting

import (
	"math"

	"backstop/perp"
)

// Quality is what a tick is worth.
type Quality uint8

// Qualities. How bad one is stands in the Decision's State.
const (
	Valid     Quality = iota + 1
	Stale             // too old, too few sources, or not newer than the last one
	Wide              // the sources are not sure
	Divergent         // the sources disagree
	Jump              // it moved more than can be believed at once
	Invalid           // not a price
	qualityEnd
)

// qualities is how many there are, and none.
const qualities = int(qualityEnd)

var qualityNames = [...]string{"", "valid", "stale", "wide", "divergent", "jump", "invalid"}

// String names the quality.
func (q Quality) String() string {
	if int(q) < len(qualityNames) {
		return qualityNames[q]
	}
	return "?"
}

// Decision is the guard's word on one tick, with the check that decided and
// its numbers. State is the best state that the market may have on it; zero
// means that the tick says nothing (it is not newer than the last one).
type Decision struct {
	Quality Quality
	State   perp.MarketState
	Check   string
	Have    int64
	Limit   int64
}

// Accepted tells whether the price may move reserves and statistics.
func (d Decision) Accepted() bool { return d.State >= perp.Open && d.State < perp.Halted }

// Cause is the decision as clients are told it.
func (d Decision) Cause() perp.Reject {
	switch d.Quality {
	case Valid:
		return perp.RejectNone
	case Stale:
		return perp.OracleStale
	}
	return perp.OracleDivergent
}

// worse keeps the decision with the worse state; of equal ones the first.
func (d Decision) worse(e Decision) Decision {
	if e.State > d.State {
		return e
	}
	return d
}

// grade is the worst state whose limit have exceeds; limits in the order wide,
// reduce-only, halted.
func grade(q Quality, check string, have int64, limits [3]int64) Decision {
	for i, state := range [...]perp.MarketState{perp.Halted, perp.ReduceOnly, perp.WideSpread} {
		if limit := limits[2-i]; have > limit {
			return Decision{q, state, check, have, limit}
		}
	}
	return Decision{Valid, perp.Open, check, have, limits[0]}
}

// Guard judges a tick against what is known at now (pricing: market states).
// It fails closed: whatever cannot be compared is Invalid, and halts.
func Guard(p *Params, s *Stats, t perp.OracleTick, now perp.Time) Decision {
	if d := sane(p, t, now); d.Quality == Invalid {
		return d
	}
	if t.Publish <= s.Seen {
		return Decision{Stale, 0, "not newer than the last tick", int64(t.Publish), int64(s.Seen)}
	}
	if t.Sources < p.SourcesMin {
		return Decision{Stale, perp.Halted, "live sources", t.Sources, p.SourcesMin}
	}
	conf := mulDivSat(int64(t.Confidence), int64(perp.RatioOne), int64(t.Price))
	d := s.age(p, t.Publish, now)
	d = d.worse(grade(Divergent, "divergence of sources", int64(t.Divergence),
		[3]int64{int64(p.WideDiverge), int64(p.ReduceDiverge), int64(p.HaltDiverge)}))
	d = d.worse(grade(Wide, "confidence", conf, [3]int64{int64(p.WideConf), int64(p.HaltConf), int64(p.HaltConf)}))
	if s.Price == 0 {
		return d
	}
	short := s.Short / fine
	travel := mulDivSat(abs(int64(t.Price)-short), int64(perp.RatioOne), max(1, min(short, int64(t.Price))))
	d = d.worse(grade(Jump, "distance from the short average", travel,
		[3]int64{int64(p.HaltTravel), int64(p.HaltTravel), int64(p.HaltTravel)}))
	jump := max(mulDivSat(s.sigma(p, t.Publish-s.Publish), int64(p.JumpSigmas), int64(perp.RatioOne)),
		int64(p.JumpFloor)*(returnOne/int64(perp.RatioOne)))
	return d.worse(grade(Jump, "move since the last tick", abs(s.move(t.Price)), [3]int64{jump, math.MaxInt64, math.MaxInt64}))
}

// sane finds what makes a tick no price at all.
func sane(p *Params, t perp.OracleTick, now perp.Time) Decision {
	bad := func(check string, have, limit int64) Decision {
		return Decision{Invalid, perp.Halted, check, have, limit}
	}
	switch {
	case t.Price <= 0:
		return bad("price not positive", int64(t.Price), 1)
	case t.Price > PriceMax:
		return bad("price too large", int64(t.Price), int64(PriceMax))
	case t.Confidence < 0 || t.Confidence >= t.Price:
		return bad("confidence crosses zero", int64(t.Confidence), int64(t.Price))
	case t.Divergence < 0:
		return bad("divergence negative", int64(t.Divergence), 0)
	case t.Publish <= 0:
		return bad("no source time", int64(t.Publish), 1)
	case t.Publish > now && t.Publish-now > p.FutureMax:
		return bad("source time in the future", int64(t.Publish-now), int64(p.FutureMax))
	}
	return Decision{Quality: Valid, State: perp.Open}
}

// age judges a price by its age alone. Slow feeds get more time: 2, 4 and 10
// times the lag plus the usual interval between their ticks.
func (s *Stats) age(p *Params, publish, now perp.Time) Decision {
	usual := p.Lag + s.Beat
	return grade(Stale, "age", int64(max(0, now-publish)), [3]int64{
		int64(max(p.WideAge, 2*usual)), int64(max(p.ReduceAge, 4*usual)), int64(max(p.HaltAge, 10*usual)),
	})
}

// Action is something that the state of a market allows or blocks.
type Action uint8

// Actions.
const (
	MoveCurve    Action = iota + 1 // re-centre reserves on an accepted tick
	OfferQuote                     // publish a ladder, answer quote requests
	FillLoading                    // fill what grows the client's position
	FillReducing                   // fill what reduces the client's position
	MarkAccounts                   // judge margin at the newest accepted price
	CancelOrders                   // clients take back their orders
	actionEnd
)

var actionNames = [...]string{"", "move_curve", "offer_quote", "fill_loading", "fill_reducing", "mark_accounts", "cancel_orders"}

// String names the action.
func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return "?"
}

// ActionRow is one line of the table state x action.
type ActionRow struct {
	Action  Action
	Allowed [5]bool // in Open, WideSpread, ReduceOnly, Halted, Warming
}

// actionTable is policy (vAMM reference §6.2): which states block what.
var actionTable = [...]ActionRow{
	//                    open  wide  reduce halted warming
	{MoveCurve, [5]bool{true, true, true, true, true}},
	{OfferQuote, [5]bool{true, true, true, false, false}},
	{FillLoading, [5]bool{true, true, false, false, false}},
	{FillReducing, [5]bool{true, true, true, false, false}},
	{MarkAccounts, [5]bool{true, true, true, true, false}},
	{CancelOrders, [5]bool{true, true, true, true, true}},
}

// ActionTable returns the table, one row per action.
func ActionTable() []ActionRow { return append([]ActionRow(nil), actionTable[:]...) }

// Allows tells whether a state permits an action; nothing is allowed in a
// state that does not exist.
func Allows(a Action, s perp.MarketState) bool {
	if a < 1 || a >= actionEnd || s < perp.Open || s > perp.Warming {
		return false
	}
	return actionTable[a-1].Allowed[s-perp.Open]
}
