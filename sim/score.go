package sim

import (
	"math"

	"backstop/perp"
)

// Score is what one design did in one scenario. Money is in quote over the whole
// span, costs in basis points of what was dealt, spans in milliseconds.
type Score struct {
	Scenario string  `json:"scenario"`
	Design   string  `json:"design"`
	Kind     Kind    `json:"kind"`
	Seconds  float64 `json:"seconds"`
	Hours    float64 `json:"hours"`
	Lag      float64 `json:"lag_ms"`
	Period   float64 `json:"period_ms"` // the usual interval between ticks

	// Change of the maker's equity, hedges included. Equity counts what the curve
	// would take from clients who all close at once; at the mark the same cash and
	// positions stand at the true price instead.
	MakerPnL     float64 `json:"maker_pnl"`
	MakerMark    float64 `json:"maker_mark_pnl"`
	MakerEdge    float64 `json:"maker_edge_60s"` // of all fills against the price a minute later, bp
	HedgeCost    float64 `json:"hedge_cost"`     // of laying off outside, against the true price
	Hedges       int     `json:"hedges"`         // wishes to lay off
	LaidOff      int     `json:"laid_off"`       // fills on quotes of liquidity providers
	MaxLeverage  float64 `json:"max_leverage"`   // net of hedges
	MaxInventory float64 `json:"max_inventory"`  // quote, net of hedges

	// Of arb, sniper and camouflaged takers, hedged at once at the true price:
	// all their orders, and those alone that were sent because the price was
	// ahead. The half-toxic taker is told apart.
	ArbPnL        float64            `json:"arb_pnl"`
	ArbAttackPnL  float64            `json:"arb_attack_pnl"`
	ArbPnLByClass map[string]float64 `json:"arb_pnl_by_class"`
	HalfPnL       float64            `json:"half_pnl"`

	BenignCost    float64 `json:"benign_cost_bp"`
	BenignFill    float64 `json:"benign_fill_ratio"`
	BenignRejects float64 `json:"benign_ll_reject_ratio"`         // of benign orders that met the maker, held or not
	RejectsOfHeld float64 `json:"benign_ll_reject_ratio_of_held"` // of those that were held
	HoldP99       float64 `json:"hold_ms_p99"`                    // of benign orders that were decided; firm ones add 0
	HoldHeldP99   float64 `json:"hold_held_ms_p99"`               // of all orders that were held
	Improved      float64 `json:"improved_ratio"`                 // of all held orders
	Surcharge     float64 `json:"surcharge_benign_bp"`            // mean over benign orders
	HalfSpread    float64 `json:"half_spread_bp"`                 // that benign orders met, before surcharges

	// Orders that a purely (or half) toxic client had dealt before it was found
	// out, the median over clients and seeds; -1: it was not, or never had the
	// chance. Undetected counts those that dealt on for longer than the goal.
	DetectFills float64 `json:"detect_fills_p50"`
	DetectHalf  float64 `json:"detect_half_p50"`
	Undetected  int     `json:"undetected"`

	Fills       int                `json:"fills"`
	ToxicFills  int                `json:"toxic_fills"`
	FillsInHalt int                `json:"fills_in_halt"`
	OldestFill  float64            `json:"fill_age_ms_max"` // oldest price that anything was dealt on
	ZeroSum     int64              `json:"zero_sum"`
	StateHash   string             `json:"state_hash"`
	Seeds       int                `json:"seeds,omitempty"` // over how many it is averaged
	Spread      map[string]float64 `json:"ci95,omitempty"`  // half width of the 95 % interval of a mean

	Samples []Sample `json:"-"` // of the first seed
	watched []watched
}

// Sample is what a world looked like at a moment.
type Sample struct {
	Second               float64
	Truth, Bid, Ask      float64
	Inventory            float64 // base, net of hedges
	Leverage             float64
	Maker, Arb, Ordinary float64 // P&L so far: of the maker's equity, of toxic takers, cost of benign ones
	Half                 float64 // half-spread of the firm quote, bp
	Surcharge, Tier      float64 // of an arb; bp
}

// score adds up while a trial runs.
type score struct {
	path    Path
	wanted  [classes]perp.Size
	got     [classes]perp.Size
	value   [classes]float64 // dealt, quote
	cost    [classes]float64 // side x (fill - truth) x size
	pnl     [classes]float64 // against the truth at the fill, less hedging
	attacks [classes]float64 // the part of it that attacks made
	fills   [classes]int
	later   []dealt
	lev     perp.Ratio
	most    float64 // inventory, quote
	hedges  int
	laidOff int
	outside perp.Money // gained at the outside venue, costs included

	held     map[string]bool // orders that had to wait
	looks    [2]int          // held orders of benign takers: all, refused
	met      int             // orders of benign takers that were decided
	waits    []perp.Time     // of those that did wait
	holds    []perp.Time     // of all held orders
	better   int
	asks     float64 // orders of benign takers
	extra    float64 // sum of their surcharges, bp
	halves   float64 // sum of the half-spreads that they met, bp
	halfMet  float64 // of how many
	watch    map[string]*watched
	state    perp.MarketState
	halted   int
	oldest   perp.Time
	started  perp.Money
	samples  []Sample
	lastDeal map[string]string // the order that each taker dealt on last
}

type dealt struct {
	at    perp.Time
	sign  float64
	price float64
	size  float64
}

func newScore(path Path) *score {
	return &score{path: path, held: map[string]bool{}, watch: map[string]*watched{}, lastDeal: map[string]string{}}
}

// samplesMax bounds the points of a plot.
const samplesMax = 1_200

// sample notes how things stand; grade is that of an arb.
func (s *score) sample(now perp.Time, truth perp.Price, q perp.Quote, grade perp.Class) {
	x := Sample{
		Second: float64(now) / float64(perp.Second), Truth: inQuote(truth), Inventory: float64(q.Inventory+q.Hedged) / float64(perp.SizeOne),
		Leverage: float64(q.Leverage) / float64(perp.RatioOne), Maker: float64(q.Equity-s.started) / float64(perp.MoneyOne),
		Ordinary: -s.cost[benign], Surcharge: inBP(grade.Surcharge), Tier: float64(grade.Tier),
	}
	for _, c := range toxic {
		x.Arb += s.pnl[c]
	}
	if b, ok := q.Best(perp.Sell); ok {
		x.Bid = inQuote(b.Price)
	}
	if a, ok := q.Best(perp.Buy); ok {
		x.Ask = inQuote(a.Price)
	}
	x.Half, _ = halfSpread(q)
	s.samples = append(s.samples, x)
}

func inQuote(p perp.Price) float64 { return float64(p) / float64(perp.PriceOne) }
func inBP(r perp.Ratio) float64    { return float64(r) / float64(perp.BP) }
func inMillis(t perp.Time) float64 { return float64(t) / float64(perp.Millisecond) }

// halfSpread is half the distance of both sides in bp of their middle; false
// while one is missing.
func halfSpread(q perp.Quote) (float64, bool) {
	bid, hasBid := q.Best(perp.Sell)
	ask, hasAsk := q.Best(perp.Buy)
	if !hasBid || !hasAsk {
		return 0, false
	}
	return bp(float64(ask.Price-bid.Price), float64(ask.Price+bid.Price)), true
}

// asked notes an order that arrives, with the terms of who sent it and the quote
// that stands for everybody.
func (s *score) asked(c class, size perp.Size, grade perp.Class, q perp.Quote) {
	s.wanted[c] += size
	if c != benign {
		return
	}
	s.asks++
	s.extra += inBP(grade.Surcharge)
	if h, ok := halfSpread(q); ok {
		s.halves += h
		s.halfMet++
	}
}

func (s *score) quoted(q perp.Quote) {
	if s.started == 0 {
		s.started = q.Equity
	}
	if q.Equity > 0 {
		s.lev = max(s.lev, q.Leverage)
	}
	s.most = max(s.most, math.Abs(float64(q.Inventory+q.Hedged)/float64(perp.SizeOne)*inQuote(q.Oracle)))
}

// looked notes how a held order was decided.
func (s *score) looked(x *taker, l perp.LastLook) {
	if x.class == benign {
		s.looks[0]++
		s.met++
		if l.Refused() {
			s.looks[1]++
		}
		s.waits = append(s.waits, l.Hold())
	}
	if l.Outcome == perp.LookImproved {
		s.better++
	}
	s.holds = append(s.holds, l.Hold())
}

// filled notes a fill and how old the price was that the maker knew.
func (s *score) filled(x *taker, ev perp.Filled, now perp.Time, truth perp.Price, age perp.Time) {
	c, order := x.class, ev.Order
	size, price := float64(ev.Size)/float64(perp.SizeOne), inQuote(ev.Price)
	right, sign := inQuote(truth), float64(order.Side.Sign())
	gain := sign*(right-price)*size - float64(arbHedge)/float64(perp.RatioOne)*size*price
	s.fills[c]++
	s.got[c] += ev.Size
	s.value[c] += size * price
	s.cost[c] += sign * (price - right) * size
	s.pnl[c] += gain
	if isAttack(order.First) {
		s.attacks[c] += gain
	}
	s.later = append(s.later, dealt{now, sign, price, size})
	s.oldest = max(s.oldest, age)
	if s.state == perp.Halted || s.state == perp.Warming {
		s.halted++
	}
	if s.lastDeal[x.name] != order.OrderID {
		s.lastDeal[x.name] = order.OrderID
		s.accepted(x)
		if c == benign && !s.held[order.OrderID] {
			s.met++
		}
	}
}

// total adds up. The minute-later price of fills near the end is the last one.
func (s *score) total(last perp.Quote, end perp.Time) Score {
	seconds := float64(end) / float64(perp.Second)
	out := Score{
		Seconds: seconds, Hours: seconds / 3600, Hedges: s.hedges, LaidOff: s.laidOff,
		MakerPnL:    float64(last.Equity-s.started) / float64(perp.MoneyOne),
		MaxLeverage: float64(s.lev) / float64(perp.RatioOne), MaxInventory: s.most, ArbPnLByClass: map[string]float64{},
		FillsInHalt: s.halted, OldestFill: inMillis(s.oldest), HalfPnL: s.pnl[half], Samples: s.samples,
	}
	var edge, value float64
	from, final := 0, inQuote(s.path[len(s.path)-1].Price)
	for _, d := range s.later {
		var p perp.Price
		p, from = s.path.at(d.at+60*perp.Second, from)
		edge += d.sign * (d.price - inQuote(p)) * d.size
		value += d.price * d.size
		out.MakerMark += d.sign * (d.price - final) * d.size
	}
	out.MakerMark += float64(s.outside) / float64(perp.MoneyOne)
	out.MakerEdge = bp(edge, value)
	for _, c := range toxic {
		out.ArbPnL += s.pnl[c]
		out.ArbAttackPnL += s.attacks[c]
		out.ArbPnLByClass[classNames[c]] = s.pnl[c]
		out.ToxicFills += s.fills[c]
	}
	for c := range classes {
		out.Fills += s.fills[c]
	}
	out.BenignCost = bp(s.cost[benign], s.value[benign])
	out.BenignFill = ratio(float64(s.got[benign]), float64(s.wanted[benign]))
	out.BenignRejects = ratio(float64(s.looks[1]), float64(s.met))
	out.RejectsOfHeld = ratio(float64(s.looks[1]), float64(s.looks[0]))
	out.HoldP99 = inMillis(highest(s.waits, s.met, 99))
	out.HoldHeldP99 = inMillis(highest(s.holds, len(s.holds), 99))
	out.Improved = ratio(float64(s.better), float64(len(s.holds)))
	out.Surcharge, out.HalfSpread = ratio(s.extra, s.asks), ratio(s.halves, s.halfMet)
	out.watched = s.found()
	out.detect(out.watched)
	return out
}

func bp(part, whole float64) float64 { return ratio(part, whole) * 10_000 }

func ratio(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}
