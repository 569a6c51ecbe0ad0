package sim

import (
	"math"
	"slices"

	"backstop/perp"
)

// Score is what one design did in one scenario. Money is in quote, costs in
// basis points of what was dealt.
type Score struct {
	Scenario      string             `json:"scenario"`
	Design        string             `json:"design"`
	Seconds       float64            `json:"seconds"`
	MakerPnL      float64            `json:"maker_pnl"`      // change of the maker's equity
	MakerEdge60s  float64            `json:"maker_edge_60s"` // of all fills against the price a minute later, bp
	ArbPnL        float64            `json:"arb_pnl"`        // of arb, sniper and camouflaged takers, hedged at once
	ArbPnLByClass map[string]float64 `json:"arb_pnl_by_class"`
	BenignCost    float64            `json:"benign_cost_bp"`
	BenignFill    float64            `json:"benign_fill_ratio"`
	BenignRejects float64            `json:"benign_ll_reject_ratio"` // of benign orders that were held
	HoldP99       float64            `json:"hold_ms_p99"`
	Improved      float64            `json:"improved_ratio"` // of all held orders that were filled
	MaxLeverage   float64            `json:"max_leverage"`
	MaxInventory  float64            `json:"max_inventory"` // quote
	Fills         int                `json:"fills"`
	ToxicFills    int                `json:"toxic_fills"`
	ZeroSum       int64              `json:"zero_sum"`
	StateHash     string             `json:"state_hash"`
	Seeds         int                `json:"seeds,omitempty"` // over how many it is averaged
	Spread        map[string]float64 `json:"ci95,omitempty"`  // half width of the 95 % interval of a mean

	Samples []Sample `json:"-"` // of the first seed
}

// Sample is what a world looked like at a moment.
type Sample struct {
	Second               float64
	Truth, Bid, Ask      float64
	Inventory            float64 // base
	Leverage             float64
	Maker, Arb, Ordinary float64 // P&L so far: of the maker's equity, of toxic takers, cost of benign ones
}

type score struct {
	path    Path
	wanted  [classes]perp.Size
	got     [classes]perp.Size
	value   [classes]float64 // dealt, quote
	cost    [classes]float64 // side x (fill - truth) x size
	hedged  [classes]float64 // P&L against the truth at the fill, less hedging
	fills   [classes]int
	later   []dealt
	lev     perp.Ratio
	most    float64 // inventory, quote
	held    int
	benign  [2]int // held orders of benign takers: all, refused
	holds   []perp.Time
	better  int
	started perp.Money
	samples []Sample
}

// sample notes how things stand.
func (s *score) sample(now perp.Time, truth perp.Price, q perp.Quote) {
	x := Sample{
		Second: float64(now) / float64(perp.Second), Truth: inQuote(truth), Inventory: float64(q.Inventory) / float64(perp.SizeOne),
		Leverage: float64(q.Leverage) / float64(perp.RatioOne), Maker: float64(q.Equity-s.started) / float64(perp.MoneyOne),
		Arb: s.hedged[arb] + s.hedged[sniper] + s.hedged[camouflag], Ordinary: -s.cost[benign],
	}
	if b, ok := q.Best(perp.Sell); ok {
		x.Bid = inQuote(b.Price)
	}
	if a, ok := q.Best(perp.Buy); ok {
		x.Ask = inQuote(a.Price)
	}
	s.samples = append(s.samples, x)
}

func inQuote(p perp.Price) float64 { return float64(p) / float64(perp.PriceOne) }

type dealt struct {
	at    perp.Time
	sign  float64
	price float64
	size  float64
}

func (s *score) asked(c class, size perp.Size) { s.wanted[c] += size }

func (s *score) quoted(q perp.Quote) {
	if s.started == 0 {
		s.started = q.Equity
	}
	if q.Equity > 0 {
		s.lev = max(s.lev, q.Leverage)
	}
	s.most = max(s.most, math.Abs(float64(q.Inventory)/float64(perp.SizeOne)*float64(q.Oracle)/float64(perp.PriceOne)))
}

// looked notes how a held order was decided.
func (s *score) looked(c class, l perp.LastLook) {
	refused := l.Outcome == perp.LookAgainst || l.Outcome == perp.LookInvalid || l.Outcome == perp.LookExpired
	if c == benign {
		s.benign[0]++
		if refused {
			s.benign[1]++
		}
	}
	if l.Outcome == perp.LookImproved {
		s.better++
	}
	s.holds = append(s.holds, l.Hold())
}

func (s *score) filled(c class, ev perp.Filled, now perp.Time, truth perp.Price) {
	size, price := float64(ev.Size)/float64(perp.SizeOne), float64(ev.Price)/float64(perp.PriceOne)
	true_, sign := float64(truth)/float64(perp.PriceOne), float64(ev.Order.Side.Sign())
	s.fills[c]++
	s.got[c] += ev.Size
	s.value[c] += size * price
	s.cost[c] += sign * (price - true_) * size
	s.hedged[c] += sign*(true_-price)*size - float64(hedgeCost)/float64(perp.RatioOne)*size*price
	s.later = append(s.later, dealt{now, sign, price, size})
}

// total adds up. The minute-later price of fills near the end is the last one.
func (s *score) total(scenario string, design string, last perp.Quote, hash string, end perp.Time) Score {
	out := Score{
		Scenario: scenario, Design: design, Seconds: float64(end) / float64(perp.Second), StateHash: hash,
		MakerPnL:    float64(last.Equity-s.started) / float64(perp.MoneyOne),
		MaxLeverage: float64(s.lev) / float64(perp.RatioOne), MaxInventory: s.most, ArbPnLByClass: map[string]float64{},
	}
	var edge, value float64
	from := 0
	for _, d := range s.later {
		var p perp.Price
		p, from = s.path.at(d.at+60*perp.Second, from)
		edge += d.sign * (d.price - float64(p)/float64(perp.PriceOne)) * d.size
		value += d.price * d.size
	}
	out.MakerEdge60s = bp(edge, value)
	for _, c := range []class{arb, sniper, camouflag} {
		out.ArbPnL += s.hedged[c]
		out.ArbPnLByClass[classNames[c]] = s.hedged[c]
		out.ToxicFills += s.fills[c]
	}
	for c := range classes {
		out.Fills += s.fills[c]
	}
	out.Samples = s.samples
	if n := len(s.holds); n > 0 {
		slices.Sort(s.holds)
		out.HoldP99 = float64(s.holds[n*99/100]) / float64(perp.Millisecond)
		out.Improved = float64(s.better) / float64(n)
	}
	if s.benign[0] > 0 {
		out.BenignRejects = float64(s.benign[1]) / float64(s.benign[0])
	}
	out.BenignCost = bp(s.cost[benign], s.value[benign])
	if s.wanted[benign] > 0 {
		out.BenignFill = float64(s.got[benign]) / float64(s.wanted[benign])
	}
	return out
}

func bp(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole * 10_000
}
