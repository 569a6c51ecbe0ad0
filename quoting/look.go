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

// Reasons for a hold, as they are told.
const (
	HeldAlways = "always"
	HeldWide   = "wide"   // the market is not sure of its price
	HeldTier   = "tier"   // the client is new, or its orders have been ahead of the price
	HeldStrike = "strike" // its last fill was
	HeldSize   = "size"   // it deals faster than quotes are firm for
	HeldAge    = "age"    // the price is old, or the quote that it names was given some time ago
)

// Holds tells whether and why an aggressive order that arrived then has to wait:
// the price on which the quote stands is older than the order, so its sender
// may know a newer one. Beyond tells that it is more than the fill bucket holds.
func (m *Market) Holds(side perp.Side, arrival perp.Time, s Standing, beyond bool) (string, bool) {
	if m.Params.Design == ByReference {
		return HeldAlways, m.referWaits(side, arrival)
	}
	mode := m.Params.LastLook
	if m.Stats.Publish >= arrival || mode == LookOff {
		return "", false
	}
	switch {
	case mode == LookAlways:
		return HeldAlways, true
	case m.doubts():
		return HeldWide, true
	case mode == LookWide:
	case m.Params.FirmAge > 0 && arrival-m.Stats.Publish > m.Params.FirmAge:
		return HeldAge, true
	case s.Class.Tier > perp.TierFirm:
		return HeldTier, true
	case s.Struck:
		return HeldStrike, true
	case beyond:
		return HeldSize, true
	}
	return "", false
}

// holds tells whether orders of a tier wait whatever their clients did lately.
func (m *Market) holds(tier perp.Tier) bool {
	switch mode := m.Params.LastLook; {
	case m.Params.Design == ByReference || mode == LookAlways:
		return true
	case mode == LookOff:
		return false
	default:
		slow := m.Params.FirmAge > 0 && m.Params.Lag+m.Stats.Beat > m.Params.FirmAge
		return m.doubts() || mode == LookTiered && (slow || tier > perp.TierFirm)
	}
}

// Firm tells whether an answer to a request that is made now may be one on which no
// order waits, and if not, what an order would wait for. Beyond as in Holds.
func (m *Market) Firm(s Standing, beyond bool, now perp.Time) (why string, ok bool) {
	if m.FirmLife() == 0 {
		return HeldAlways, false
	}
	why, held := m.Holds(perp.Buy, max(now, m.Stats.Publish+1), s, beyond)
	return why, !held
}

// FirmLife is how long such an answer may be dealt on. There is no surcharge for it,
// so it is as long as a price that has been replaced: waiting protects the maker
// from then on. Where nothing waits it is the life of any quote.
func (m *Market) FirmLife() perp.Time {
	switch {
	case m.Params.Design == ByReference:
		return 0
	case m.Params.LastLook == LookOff:
		return m.Params.TTL
	}
	return m.Params.Grace
}

// doubts tells whether the market is not sure enough of its price to be firm.
func (m *Market) doubts() bool { return m.Phase == perp.WideSpread || m.Phase == perp.ReduceOnly }

// Expects tells whether a newer price is due soon enough for an order to wait
// for it. When the oracle has been silent for longer than an order waits, holding
// one would only delay its refusal.
func (m *Market) Expects(now perp.Time) bool { return now < m.LookDeadline(m.Stats.Publish) }

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

// tolerances is the part of the tolerated move that each tier gets, in halves.
var tolerances = [perp.TierEnd]int64{2, 1, 0, 0}

// Tolerance is the part of the half-spread that is tolerated of a client of the
// best tier; below zero: held orders are not judged by the move, or none is held.
func (m *Market) Tolerance() perp.Ratio {
	if m.Params.Design == ByReference || m.Params.LastLook == LookOff {
		return referNothing
	}
	return m.Params.LookTolerance
}

// Tolerated is how far the oracle may move in a held client's favour while the
// quoted price stands: a part of the half-spread that was quoted, by tier.
// A price on the wrong side of the oracle price has no half-spread.
func (m *Market) Tolerated(side perp.Side, tier perp.Tier, quoted, before perp.Price) perp.Ratio {
	if m.Params.Design == ByReference {
		return referNothing
	}
	if before <= 0 {
		return 0
	}
	half := max(0, side.Sign()*mulDivSat(int64(quoted-before), int64(perp.RatioOne), int64(before)))
	return perp.Ratio(mulDivSat(half, int64(m.Params.LookTolerance)*tolerances[tier]/2, int64(perp.RatioOne)))
}
