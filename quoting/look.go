package quoting

import "backstop/perp"

// LookMode says whose aggressive orders wait for the next tick.
type LookMode uint8

// Modes of last look.
const (
	LookOff    LookMode = iota // none: every quote is firm
	LookWide                   // those that come while the market is wide
	LookTiered                 // those, and those of clients that are new or ahead of the price
	LookAlways                 // all
)

var lookModes = [...]string{"off", "wide", "tiered", "always"}

// String names the mode.
func (m LookMode) String() string {
	if int(m) < len(lookModes) {
		return lookModes[m]
	}
	return "?"
}

// Holds tells whether an aggressive order that arrived then has to wait: the
// price on which the quote stands is older than the order, so its sender may
// know a newer one.
func (m *Market) Holds(arrival perp.Time) bool {
	if m.Stats.Publish >= arrival {
		return false
	}
	switch m.Params.LastLook {
	case LookAlways:
		return true
	case LookWide, LookTiered:
		return m.Phase == perp.WideSpread
	}
	return false
}

// Decides tells whether the accepted price is new enough for an order that
// arrived then.
func (m *Market) Decides(arrival perp.Time) bool { return m.Stats.Publish >= arrival }

// Source is the source time of the accepted price.
func (m *Market) Source() perp.Time { return m.Stats.Publish }

// LookDeadline is when an order that arrived then is refused if no newer tick
// came: half a second, or the lag and two usual intervals if that is more.
func (m *Market) LookDeadline(arrival perp.Time) perp.Time {
	return arrival + max(lookLeast, m.Params.Lag+2*m.Stats.Beat+lookSlack)
}

// How long an order waits at most (pricing: "Timeout").
const (
	lookLeast = 500 * perp.Millisecond
	lookSlack = 100 * perp.Millisecond
)

// Tolerated is how far the oracle may move in a held client's favour while the
// quoted price stands: a part of the half-spread that was quoted.
func (m *Market) Tolerated(quoted, before perp.Price) perp.Ratio {
	if m.Params.Design == ByReference {
		return referNothing
	}
	if before <= 0 {
		return 0
	}
	half := perp.Ratio(mulDivSat(abs(int64(quoted-before)), int64(perp.RatioOne), int64(before)))
	return perp.Ratio(mulDivSat(int64(half), int64(m.Params.LookTolerance), int64(perp.RatioOne)))
}
