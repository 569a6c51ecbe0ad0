package oracle

import (
	"hash/fnv"
	"math/rand/v2"

	"backstop/perp"
)

// step is how often a synthetic market moves, in its own time.
const step = 100 * perp.Millisecond

// phase is what a synthetic market lives through for a while.
type phase struct {
	kind  phaseKind
	steps int64
}

type phaseKind uint8

const (
	calm phaseKind = iota
	trend
	jump   // one step off by jumpSize, then calm
	down   // one venue is silent
	outage // all venues are silent
)

// opening is always first: the first minute of a demonstration is quiet.
const opening = 600

// cycle follows the opening and repeats.
var cycle = []phase{{trend, 400}, {calm, 200}, {jump, 200}, {down, 200}, {calm, 300}, {outage, 80}, {calm, 300}}

// Sizes of moves, in 1e-9 of the price for each step.
const (
	noise     = 20_000     // 0.2 bp to either side
	drift     = 30_000     // 0.3 bp one way, 1.2 % in a whole trend
	jumpSize  = 15_000_000 // 1.5 %
	pullParts = 2_000      // of the way back to the start, in each step
	wobble    = 30_000     // 0.3 bp: what a venue adds of its own
	billion   = 1_000_000_000
)

// venueHalves are the synthetic venues and their half spreads in 1e-9.
var venueHalves = []struct {
	name string
	half int64
}{{"alpha", 30_000}, {"beta", 60_000}, {"gamma", 100_000}}

// path is the price of one synthetic market, step by step; the same seed and
// symbol give the same path.
type path struct {
	rng    *rand.Rand
	start  perp.Price
	price  perp.Price
	phase  phase
	left   int64 // steps of the phase
	next   int   // in the cycle
	sign   int64 // direction of the phase
	silent int   // the venue that is down in the phase
}

func newPath(seed int64, m SyntheticMarket) *path {
	h := fnv.New64a()
	h.Write([]byte(m.Symbol)) // A hash never fails.
	first := phase{calm, opening}
	return &path{
		rng: rand.New(rand.NewPCG(uint64(seed), h.Sum64())), start: m.Start, price: m.Start,
		phase: first, left: first.steps, sign: 1,
	}
}

// advance moves one step and gives the votes of the venues that speak.
func (p *path) advance(at perp.Time, out []Vote) []Vote {
	fresh := p.left == 0
	if fresh {
		p.phase = cycle[p.next]
		p.next = (p.next + 1) % len(cycle)
		p.left = p.phase.steps
		p.sign = p.rng.Int64N(2)*2 - 1
		p.silent = p.rng.IntN(len(venueHalves))
	}
	p.left--
	p.move(fresh)
	for i, v := range venueHalves {
		// Drawn even when silent: silence does not change the path.
		price := p.price + part(p.price, p.either(wobble))
		if p.phase.kind == outage || p.phase.kind == down && i == p.silent {
			continue
		}
		price = min(max(1, price), priceMax)
		out = append(out, Vote{Venue: v.name, Price: price, Half: min(part(price, v.half), price-1), At: at})
	}
	return out
}

// move keeps the price between half and twice its start.
func (p *path) move(fresh bool) {
	parts := p.either(noise)
	switch {
	case p.phase.kind == trend:
		parts += p.sign * drift
	case p.phase.kind == jump && fresh:
		parts += p.sign * jumpSize
	}
	p.price += part(p.price, parts) + (p.start-p.price)/pullParts
	p.price = min(max(p.start/2, p.price), 2*p.start)
	p.price = min(max(1, p.price), priceMax)
}

func (p *path) either(n int64) int64 { return p.rng.Int64N(2*n+1) - n }

// part is n billionths of a price, to the nearest unit below.
func part(p perp.Price, n int64) perp.Price {
	return perp.Price(perp.MulDiv(int64(p), n, billion, perp.Floor))
}
