package oracle

import (
	"cmp"
	"errors"
	"slices"

	"backstop/perp"
)

// Limits on what is taken from outside.
const (
	venuesMax    = 16                            // of one market
	venueNameMax = 16                            // bytes
	priceMax     = 1_000_000_000 * perp.PriceOne // as in the configuration
)

// Vote is what one venue says: the price is p, give or take half.
type Vote struct {
	Venue string
	Price perp.Price
	Half  perp.Price // half spread or the venue's own confidence
	At    perp.Time  // when the venue said so
}

// Reason says why a message or a venue does not count.
type Reason string

// Reasons; Kept is none.
const (
	Kept     Reason = ""
	Crossed  Reason = "crossed"   // bid above ask
	BadPrice Reason = "bad price" // zero, negative, too large, or half too wide
	BadVenue Reason = "bad venue" // no name, or a name too long
	Crowded  Reason = "too many venues"
	Older    Reason = "out of order" // an older vote than the venue's newest
	Stale    Reason = "stale"        // silent for too long
	Far      Reason = "too far off"  // the other venues, a majority, agree on another price
)

// AggregatorLimits are the tolerances of an Aggregator.
type AggregatorLimits struct {
	// Stale is how long a vote counts; 0 means for ever.
	Stale perp.Time
	// MaxDeviation is how far a venue may be from the middle one; 0: any.
	MaxDeviation perp.Ratio
}

// Standing is a venue and why it does not count; Kept if it does.
type Standing struct {
	Venue  string
	Reason Reason
}

// Result is the price that the live venues agree on.
type Result struct {
	Price      perp.Price
	Confidence perp.Price // max(|P25 - p|, |P75 - p|) of the ballot
	Divergence perp.Ratio // largest distance of a venue that counts, rounded up
	Sources    int64      // venues that count
	Publish    perp.Time  // newest vote that counts
	Standings  []Standing // every venue, by name
}

// Aggregate is the pure rule. Each live venue puts p, p - c and p + c on the
// ballot and the price is the ballot's median, so one liar among three cannot
// move it outside what the two others say. The order of votes has no effect.
// With no live venue it says false.
func Aggregate(votes []Vote, now perp.Time, l AggregatorLimits) (Result, bool) {
	votes = slices.Clone(votes)
	slices.SortFunc(votes, func(a, b Vote) int {
		return cmp.Or(cmp.Compare(a.Venue, b.Venue), cmp.Compare(a.At, b.At), cmp.Compare(a.Price, b.Price), cmp.Compare(a.Half, b.Half))
	})
	reasons := make([]Reason, len(votes))
	var live []Vote
	for i, v := range votes {
		if l.Stale > 0 && now-v.At > l.Stale {
			reasons[i] = Stale
			continue
		}
		live = append(live, v)
	}
	live = leaveOut(votes, reasons, live, l.MaxDeviation)
	var r Result
	for i, v := range votes {
		r.Standings = append(r.Standings, Standing{v.Venue, reasons[i]})
	}
	if len(live) == 0 {
		return r, false
	}
	ballot := make([]perp.Price, 0, 3*len(live))
	for _, v := range live {
		ballot = append(ballot, v.Price, v.Price-v.Half, v.Price+v.Half)
	}
	slices.Sort(ballot)
	n := len(ballot)
	low, high := ballot[(n-1)/2], ballot[n/2]
	r.Price = low + (high-low)/2
	r.Confidence = max(r.Price-ballot[n/4], ballot[n-1-n/4]-r.Price)
	r.Sources = int64(len(live))
	for _, v := range live {
		r.Divergence = max(r.Divergence, distance(v.Price, r.Price))
		r.Publish = max(r.Publish, v.At)
	}
	return r, true
}

// leaveOut drops the venues too far from the middle one, if those that stay
// are a majority; two venues that disagree are both kept, because nobody can
// tell which is right, and the divergence shows it.
func leaveOut(votes []Vote, reasons []Reason, live []Vote, limit perp.Ratio) []Vote {
	if limit <= 0 || len(live) < 3 {
		return live
	}
	prices := make([]perp.Price, 0, len(live))
	for _, v := range live {
		prices = append(prices, v.Price)
	}
	slices.Sort(prices)
	middle := prices[(len(prices)-1)/2]
	var near []Vote
	for _, v := range live {
		if distance(v.Price, middle) <= limit {
			near = append(near, v)
		}
	}
	if 2*len(near) <= len(live) {
		return live
	}
	for i, v := range votes {
		if reasons[i] == Kept && distance(v.Price, middle) > limit {
			reasons[i] = Far
		}
	}
	return near
}

// distance is |a - b| / b, rounded up so that a limit is never overstepped
// unseen. Prices are at most priceMax, so the product fits in 128 bits and
// the quotient is capped.
func distance(a, b perp.Price) perp.Ratio {
	d := max(a-b, b-a)
	if int64(d)/int64(b) >= int64(distanceMax/perp.RatioOne) {
		return distanceMax
	}
	return perp.Ratio(perp.MulDiv(int64(d), int64(perp.RatioOne), int64(b), perp.Ceil))
}

// distanceMax caps a divergence: a thousand times the price.
const distanceMax = 1000 * perp.RatioOne

// Aggregator keeps the newest vote of each venue of one market. It has no
// clock: the caller says what time it is.
type Aggregator struct {
	limits AggregatorLimits
	votes  map[string]Vote
}

// NewAggregator checks the limits.
func NewAggregator(l AggregatorLimits) (*Aggregator, error) {
	if l.Stale < 0 || l.MaxDeviation < 0 {
		return nil, errors.New("oracle: a tolerance below zero")
	}
	return &Aggregator{limits: l, votes: map[string]Vote{}}, nil
}

// Vote takes a venue's newest word, or says why not.
func (a *Aggregator) Vote(v Vote) Reason {
	if v.Venue == "" || len(v.Venue) > venueNameMax {
		return BadVenue
	}
	if v.Price <= 0 || v.Price > priceMax || v.Half < 0 || v.Half >= v.Price {
		return BadPrice
	}
	old, known := a.votes[v.Venue]
	if !known && len(a.votes) >= venuesMax {
		return Crowded
	}
	if known && v.At < old.At {
		return Older
	}
	a.votes[v.Venue] = v
	return Kept
}

// Alive says that a venue's last word still holds at a later time; it says
// false for a venue that has not voted.
func (a *Aggregator) Alive(venue string, at perp.Time) bool {
	v, known := a.votes[venue]
	if known {
		v.At = max(v.At, at)
		a.votes[venue] = v
	}
	return known
}

// Price is what the live venues agree on now.
func (a *Aggregator) Price(now perp.Time) (Result, bool) {
	votes := make([]Vote, 0, len(a.votes))
	for _, v := range a.votes {
		votes = append(votes, v)
	}
	return Aggregate(votes, now, a.limits)
}

func tick(symbol string, r Result, publish, receive perp.Time) perp.OracleTick {
	return perp.OracleTick{
		Symbol: symbol, Price: r.Price, Confidence: r.Confidence, Divergence: r.Divergence,
		Publish: publish, Receive: receive, Sources: r.Sources,
	}
}
