package quoting

import (
	"math/bits"

	"backstop/perp"
)

// Scales of the statistics.
const (
	returnOne   = 1_000_000_000                    // returns and volatility in 1e-9
	fine        = 1_000_000                        // averages of a price keep six more digits
	varianceMax = 10_000_000_000_000_000           // 10 % per square root of a second, squared
	returnMax   = returnOne                        // a return beyond 100 % counts as 100 %
	gapMin      = perp.Millisecond                 // shortest time a return is spread over
	horizonMax  = 100 * perp.Second                // longest time volatility is projected
	clipSigmas  = 8                                // returns beyond it count as it
	ratioCap    = perp.Ratio(10) * perp.RatioOne   // spreads in the making never exceed it
	beatGrowth  = 4                                // an interval counts at most this many usual ones
	beatSpan    = 10 * perp.Second                 // half-life of the usual interval
	stormSpan   = 60 * perp.Second                 // the market's own movement over it may exceed MaxSpread
	gustSpan    = 10 * perp.Second                 // what one-sided flow is priced for
	flowFree    = 3 * perp.RatioOne / 10           // one-sidedness that costs nothing
	leverageTop = 1_000_000 * int64(perp.RatioOne) // leverage beyond it is not told apart
)

// Stats is what the maker remembers of prices and flow: O(1) per event, decay
// exact in time (vAMM reference §5, "Gateway").
type Stats struct {
	Price   perp.Price // last accepted oracle price
	Publish perp.Time  // its time at the source
	Width   perp.Price // its confidence
	Seen    perp.Time  // newest source time of any tick that could be read
	Beat    perp.Time  // usual interval between ticks
	Fast    int64      // variance of returns per second in 1e-18, short memory
	Slow    int64      // the same, long memory
	Short   int64      // short average of the price in 1e-12
	Index   int64      // slow average of the price in 1e-12
	Conf    perp.Ratio
	Split   perp.Ratio // of two sources: how far either lies from the price
	Bought  perp.Money // decayed notional of clients' buys
	Sold    perp.Money
	Day     perp.Money // decayed notional of both over a day
	Revenue perp.Money // decayed net revenue
}

// halves holds 2^(-i/64) in 2^-32.
var halves = [65]uint64{
	4294967296, 4248701965, 4202935003, 4157661043, 4112874773, 4068570940, 4024744348, 3981389855,
	3938502376, 3896076880, 3854108391, 3812591987, 3771522796, 3730896002, 3690706840, 3650950594,
	3611622603, 3572718252, 3534232978, 3496162267, 3458501653, 3421246719, 3384393094, 3347936457,
	3311872529, 3276197082, 3240905930, 3205994934, 3171459999, 3137297074, 3103502151, 3070071267,
	3037000500, 3004285971, 2971923842, 2939910317, 2908241642, 2876914102, 2845924021, 2815267765,
	2784941738, 2754942382, 2725266179, 2695909648, 2666869345, 2638141863, 2609723834, 2581611923,
	2553802834, 2526293303, 2499080105, 2472160047, 2445529972, 2419186755, 2393127307, 2367348571,
	2341847524, 2316621173, 2291666561, 2266980759, 2242560872, 2218404036, 2194507417, 2170868212,
	2147483648,
}

// decay is 2^(-dt/half) in 2^-32: a table of 64 steps with a straight line
// between them, off by less than 2e-5.
func decay(dt, half perp.Time) uint64 {
	if dt <= 0 {
		return halves[0]
	}
	whole := dt / half
	if whole >= 32 {
		return 0
	}
	// Both factors stay below 2^63: half is at most a week, some 2^50 ns.
	at := uint64(dt%half) * 64
	i, rest := at/uint64(half), at%uint64(half)
	hi, lo := bits.Mul64(halves[i]-halves[i+1], rest)
	step, _ := bits.Div64(hi, lo, uint64(half))
	return (halves[i] - step) >> uint(whole)
}

// fade is v times a decay, towards zero.
func fade(v int64, d uint64) int64 {
	negative := v < 0
	if negative {
		v = -v
	}
	hi, lo := bits.Mul64(uint64(v), d)
	v = int64(hi<<32 | lo>>32)
	if negative {
		return -v
	}
	return v
}

// blend moves an average towards v: v + (avg-v)*d.
func blend(avg, v int64, d uint64) int64 { return v + fade(avg-v, d) }

// observe takes an accepted price into the statistics.
func (s *Stats) observe(p *Params, t perp.OracleTick) {
	conf := perp.Ratio(perp.MulDiv(int64(t.Confidence), int64(perp.RatioOne), int64(t.Price), perp.Ceil))
	if s.Price == 0 {
		s.Short, s.Index = int64(t.Price)*fine, int64(t.Price)*fine
		s.Conf = conf
	} else {
		dt := max(t.Publish-s.Publish, gapMin)
		s.Conf = max(conf, perp.Ratio(fade(int64(s.Conf), decay(dt, p.ConfSpan))))
		v := s.variance(p, t.Price, dt)
		s.Fast = blend(s.Fast, v, decay(dt, p.VolFast))
		s.Slow = blend(s.Slow, v, decay(dt, p.VolSlow))
		s.drift(p, s.Price, t.Publish-s.Seen)
		flow := decay(dt, p.FlowSpan)
		s.Bought, s.Sold = perp.Money(fade(int64(s.Bought), flow)), perp.Money(fade(int64(s.Sold), flow))
		s.Day = perp.Money(fade(int64(s.Day), decay(dt, p.DaySpan)))
		s.Revenue = perp.Money(fade(int64(s.Revenue), decay(dt, p.RevenueSpan)))
	}
	s.Split = 0
	if t.Sources == 2 {
		s.Split = t.Divergence
	}
	s.Price, s.Publish, s.Width = t.Price, t.Publish, t.Confidence
}

// doubt lets the short and slow averages follow a price that was not believed,
// at most HaltTravel away, so that a lasting move is believed in the end.
func (s *Stats) doubt(p *Params, t perp.OracleTick) {
	short := perp.Price(s.Short / fine)
	far := short.Of(p.HaltTravel, perp.Floor)
	s.drift(p, perp.Clamp(t.Price, short-far, short+far), t.Publish-s.Seen)
}

// drift moves the averages towards the price that stood for dt, so that a
// print counts for as long as it stood and not for having come.
func (s *Stats) drift(p *Params, stood perp.Price, dt perp.Time) {
	s.Short = blend(s.Short, int64(stood)*fine, decay(dt, p.ShortSpan))
	s.Index = blend(s.Index, int64(stood)*fine, decay(dt, p.IndexSpan))
}

// variance is the squared return to price per second, the return clipped at
// eight standard deviations plus half the base spread.
func (s *Stats) variance(p *Params, price perp.Price, dt perp.Time) int64 {
	r := min(abs(s.move(price)), returnMax)
	clip := clipSigmas*s.sigma(p, dt) + int64(p.BaseSpread)*(returnOne/int64(perp.RatioOne))/2
	r = min(r, clip)
	return min(mulDivSat(r*r, int64(perp.Second), int64(dt)), varianceMax)
}

// move is the return from the last accepted price to price in 1e-9.
func (s *Stats) move(price perp.Price) int64 {
	if s.Price == 0 {
		return 0
	}
	return mulDivSat(int64(price-s.Price), returnOne, int64(s.Price))
}

// sigma is the standard deviation of the return over dt in 1e-9, rounded up.
func (s *Stats) sigma(p *Params, dt perp.Time) int64 {
	dt = max(0, min(dt, horizonMax))
	return root(mulDivSat(s.perSecond(p), int64(dt), int64(perp.Second))) + 1
}

// perSecond is the variance believed, per second in 1e-18.
func (s *Stats) perSecond(p *Params) int64 {
	floor := int64(p.VolFloor) * (returnOne / int64(perp.RatioOne))
	return min(max(s.Fast, s.Slow, floor*floor), varianceMax)
}

// beat learns the usual interval between ticks, weighted with time: what one
// meets at a random moment, so that a burst of ticks counts little. A silence
// counts as at most four usual intervals, so that an outage does not make old
// prices acceptable.
func (s *Stats) beat(p *Params, publish perp.Time) {
	if s.Seen == 0 {
		return
	}
	dt := publish - s.Seen
	heard := min(dt, beatGrowth*s.Beat, p.BeatMax)
	s.Beat = max(perp.Millisecond, perp.Time(blend(int64(s.Beat), int64(heard), decay(dt, beatSpan))))
}

// traded counts a client's fill as flow.
func (s *Stats) traded(side perp.Side, cash perp.Money) {
	if side == perp.Buy {
		s.Bought = perp.Money(addSat(int64(s.Bought), int64(cash)))
	} else {
		s.Sold = perp.Money(addSat(int64(s.Sold), int64(cash)))
	}
	s.Day = perp.Money(addSat(int64(s.Day), int64(cash)))
}

func abs(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}
