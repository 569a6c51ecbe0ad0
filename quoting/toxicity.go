package quoting

import "backstop/perp"

// Horizons are how long after its arrival an order is looked at again. The
// first shortHorizons of them decide tiers, all of them the surcharge.
var Horizons = [...]perp.Time{perp.Second / 10, perp.Second, 10 * perp.Second, 60 * perp.Second}

// Scales and bounds of toxicity (pricing: "Markouts", "Tiers").
const (
	horizons      = len(Horizons)
	shortHorizons = 2
	one10         = 1 << 10             // 1 in Q10
	extra         = 10                  // further bits of the sums, so that fading cuts off little
	rateOne       = 100                 // a perp.Ratio (1e-6) in rates (1e-8)
	zMax          = 4 * one10           // one fill is no more evidence than this
	rateMax       = 50 * 100 * rateOne  // nor a larger loss: 50 bp
	fullOrder     = 10_000              // quote; smaller orders weigh less
	weightLeast   = one10 / 10          // but this much
	pastCore      = 40                  // percent of the half-spread that benign fills bring
	scoreMost     = 44 * one10 / 10     // evidence is not piled up beyond what decides, so that it fades in time
	scoreLeast    = -one10              // nor is trust, so that it cannot be saved up for an attack
	priorSquares  = 2                   // of W2: the first fills prove little
	priorFills    = 8                   // of W
	scoreHold     = 2 * one10           // t above it: held
	scorePrice    = 3 * one10           // and above it, if it costs: priced
	scoreToxic    = 4 * one10           // toxic
	scoreRecover  = 3 * one10 / 2       // t below it: a better tier
	strikeOne     = 1 << 20             // a strike, in the sum of strikes
	strikesMost   = 6 * strikeOne       // more are not counted, so that they fade in time
	strikesHold   = 5 * strikeOne / 2   // sum above it: held, as a client whose score is above 2
	strikesFree   = 3 * strikeOne / 2   // and below it no longer
	strikeSpans   = 2                   // half-lives of other evidence in one of strikes
	rejectShare   = 2                   // a refusal is a half of the evidence of a fill
	toRate        = returnOne / (100e6) // 1e-9 in 1e-8
)

// Marks are the decayed sums of one horizon: evidence A (w z, Q30), cost E
// (w e, Q20 in 1e-8), weight W (Q20) and its squares W2 (Q30).
type Marks struct{ A, E, W, W2 int64 }

// Client is what a market remembers of one session, or of one firm.
type Client struct {
	Key     string
	Marks   [horizons]Marks
	Faded   perp.Time    // up to when time has faded the sums
	Fills   int64        // accepted orders, counted up to Probation
	Tier    perp.Tier    // by evidence
	Since   perp.Time    // when that tier began
	Struck  perp.Time    // orders are held until then
	Strikes int64        // decayed sum of strikes, Q20
	Ordered [2]perp.Time // when the last order of each side came
	Dealt   perp.Money   // in the fill bucket
	Leaked  perp.Time    // up to when the bucket has leaked
	Seated  bool         // has a class: sessions only
	Class   perp.Class   // that it is quoted on
	Former  perp.Class   // the one before it,
	Regrade perp.Time    // and when it changed
	Told    perp.Time    // end of the last strike that was told
	Ruled   string       `json:",omitempty"` // what decided last about it
	RuledAt perp.Time    `json:",omitempty"` // and when
}

// score is t of one horizon, Q10: evidence over its standard deviation.
func (k *Marks) score() int64 {
	return k.A / root(k.W2+priorSquares<<30) >> 5
}

// cost is the mean loss of the horizon beyond what a benign fill brings, 1e-8.
func (k *Marks) cost() int64 { return k.E / (k.W + priorFills<<20) }

// guilt is g of a score, Q10: how far the evidence counts.
func guilt(score int64) int64 { return min(max((score-scoreHold)/2, 0), one10) }

// weighed is what the evidence on a client comes to now.
type weighed struct {
	scores  [horizons]int64 // Q10; zero if there is nothing against it
	charges [horizons]int64 // g x max(0, mean loss), 1e-8
	most    int64           // of the scores
	struck  int64           // sum of strikes, Q20
}

// weigh leaves out what good evidence comes to: time does not turn it, and nothing
// asks how good it is.
func (c *Client) weigh(p *Params, now perp.Time) (w weighed) {
	marks := c.at(p, now)
	for i := range marks {
		if k := &marks[i]; k.A > 0 {
			t := k.score()
			w.scores[i], w.most = t, max(w.most, t)
			if g := guilt(t); g > 0 {
				w.charges[i] = g * max(0, k.cost()) / one10
			}
		}
	}
	if c.Strikes > 0 {
		w.struck = c.strikes(p, now)
	}
	return w
}

// add takes one markout in: first the memory fades by its weight.
func (k *Marks) add(w, z, e int64, memory int64) {
	d := decay(perp.Time(w), perp.Time(memory*one10))
	k.fade(d)
	k.A += w * z << extra
	k.E += w * e << extra
	k.W += w << extra
	k.W2 += w * w << extra
	bound := root(k.W2+priorSquares<<30) << 5
	k.A = min(max(k.A, scoreLeast*bound), scoreMost*bound)
}

// fade lets the sums fade. The squares fade twice, so that A stays as many
// standard deviations as it is.
func (k *Marks) fade(d uint64) {
	k.A, k.E, k.W, k.W2 = fade(k.A, d), fade(k.E, d), fade(k.W, d), fade(fade(k.W2, d), d)
}

// at returns the sums as time has faded them up to now.
func (c *Client) at(p *Params, now perp.Time) (all [horizons]Marks) {
	all = c.Marks
	if d := decay(now-c.Faded, p.ToxHalfLife); now > c.Faded {
		for i := range all {
			all[i].fade(d)
		}
	}
	return all
}

// strikes is their sum as time has faded it up to now.
func (c *Client) strikes(p *Params, now perp.Time) int64 {
	return fade(c.Strikes, decay(max(0, now-c.Faded), strikeSpans*p.ToxHalfLife))
}

// strike counts one order that was ahead of the price by more than chance. A
// client that hides some of them among ordinary orders has few enough for its
// score to stay low, but no ordinary client has several.
func (c *Client) strike(p *Params, now perp.Time) {
	c.Strikes = min(c.strikes(p, now)+strikeOne, strikesMost)
}

// learn takes the markout of one order in at a horizon. A refusal of a held
// order counts half.
func (c *Client) learn(p *Params, horizon int, w, z, e int64, now perp.Time) {
	c.Strikes = c.strikes(p, now)
	if horizon == 0 {
		c.Strikes = fade(c.Strikes, decay(perp.Time(w), perp.Time(p.ToxMemory*one10)))
	}
	c.Marks, c.Faded = c.at(p, now), max(c.Faded, now)
	c.Marks[horizon].add(w, z, e, p.ToxMemory)
}

// review moves the tier with the evidence: at once to a worse one, a step at a
// time to a better one, after TierDwell and only when little speaks against it.
func (c *Client) review(p *Params, w *weighed, now perp.Time) {
	h0 := int64(p.BaseSpread) / 2 * rateOne
	due, worst := perp.TierFirm, int64(0)
	for i := range shortHorizons {
		t, x := w.scores[i], w.charges[i]
		worst = max(worst, t)
		switch {
		case t >= scoreToxic && 2*x > 3*h0:
			due = max(due, perp.TierToxic)
		case t > scorePrice && 4*x > h0:
			due = max(due, perp.TierPriced)
		case t > scoreHold:
			due = max(due, perp.TierHeld)
		}
	}
	if w.struck > strikesHold {
		due = max(due, perp.TierHeld)
	}
	switch {
	case due > c.Tier:
		c.Tier, c.Since = due, now
	case due < c.Tier && worst < scoreRecover && w.struck < strikesFree && now-c.Since >= p.TierDwell:
		c.Tier, c.Since = c.Tier-1, now
	}
}

// terms is the class that the client's own record leads to. Until it has shown
// Probation fills it is held, but pays for nothing that is not proven.
func (c *Client) terms(p *Params, w *weighed) perp.Class {
	if c.Fills < p.Probation && c.Tier < perp.TierPriced {
		return perp.Class{Tier: perp.TierHeld}
	}
	x := int64(0)
	for i, charge := range w.charges {
		if i >= shortHorizons || c.Tier >= perp.TierPriced {
			x = max(x, charge)
		}
	}
	step := int64(p.SurchargeStep)
	return perp.Class{Tier: c.Tier, Surcharge: min(perp.Ratio((x/rateOne+step/2)/step*step), p.SurchargeMax)}
}

// worse is the worse of two classes, in each respect.
func worse(a, b perp.Class) perp.Class {
	return perp.Class{Tier: max(a.Tier, b.Tier), Surcharge: max(a.Surcharge, b.Surcharge)}
}
