package sim

import "backstop/perp"

// Venue is the outside market at which the maker lays off inventory. Time and
// the true price come from the world.
type Venue interface {
	// Want takes a wish of the maker.
	Want(w perp.HedgeWanted, now perp.Time)
	// Next is when the venue next has something to say; false: not by itself.
	Next() (perp.Time, bool)
	// Report is what it then says.
	Report(now perp.Time, truth perp.Price) perp.HedgeReport
	// Cost is what its fills have cost so far against the true price, fees
	// included.
	Cost() perp.Money
}

// What laying off costs at the simulated venue.
const (
	venueLatency = 50 * perp.Millisecond // from a wish to its execution
	venueHalf    = perp.BP               // half the spread that is paid
	venueFee     = perp.BP / 2
	venueMark    = perp.Second // between marks while a position is open
)

// outsideVenue deals every wish in full, in order, a latency after it was told,
// at the true price and a half-spread, and marks its position to the true price.
type outsideVenue struct {
	latency   perp.Time
	half, fee perp.Ratio
	wishes    []wish
	position  perp.Size
	last      perp.Price // at which the position was last marked
	mark      perp.Time  // when it is next
	cost      perp.Money
	reports   int64
}

type wish struct {
	at   perp.Time
	key  string
	size perp.Size
}

func newVenue() *outsideVenue {
	return &outsideVenue{latency: venueLatency, half: venueHalf, fee: venueFee}
}

// Want implements Venue.
func (v *outsideVenue) Want(w perp.HedgeWanted, now perp.Time) {
	v.wishes = append(v.wishes, wish{now + v.latency, w.Key, w.Size})
}

// Next implements Venue.
func (v *outsideVenue) Next() (at perp.Time, ok bool) {
	if v.position != 0 {
		at, ok = v.mark, true
	}
	if len(v.wishes) > 0 && (!ok || v.wishes[0].at < at) {
		at, ok = v.wishes[0].at, true
	}
	return at, ok
}

// Report implements Venue. What the position gained is rounded down, what dealing
// cost up: a venue gives nothing away.
func (v *outsideVenue) Report(now perp.Time, truth perp.Price) perp.HedgeReport {
	v.reports++
	r := perp.HedgeReport{Symbol: trialSymbol, Number: v.reports}
	r.Variation = worth(v.position, truth-v.last, perp.Floor)
	v.last, v.mark = truth, now+venueMark
	if len(v.wishes) > 0 && v.wishes[0].at <= now {
		w := v.wishes[0]
		v.wishes = append(v.wishes[:0], v.wishes[1:]...)
		value := worth(perp.Abs(w.size), truth, perp.Ceil)
		cost := perp.Money(perp.MulDiv(int64(value), int64(v.half+v.fee), int64(perp.RatioOne), perp.Ceil))
		v.position = perp.Add(v.position, w.size)
		v.cost = perp.Add(v.cost, cost)
		r.Answers, r.Variation = w.key, perp.Sub(r.Variation, cost)
	}
	r.Position = v.position
	return r
}

// Cost implements Venue.
func (v *outsideVenue) Cost() perp.Money { return v.cost }

// worth is the cash of a signed size at a price or a difference of prices.
func worth(size perp.Size, price perp.Price, r perp.Rounding) perp.Money {
	return perp.Money(perp.MulDiv(int64(size), int64(price), int64(perp.SizeOne), r))
}
