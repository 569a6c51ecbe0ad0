package certify

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Bounds of the fairness checks.
const (
	jumpMarket   = "CERT-JUMP" // its price goes up as often and as far as down
	symmetricMin = 30          // refusals of each side, before they are compared
	movesKept    = 20_000      // of refusals of each side
)

// unlikely is the square of how many standard deviations two samples may be apart
// before that is no chance: two-sided, one in a thousand.
var unlikely = big.NewRat(1083, 100)

// Needs of the fairness checks.
const (
	needRefusedBuy  = "a buy that last look refuses for the price"
	needRefusedSell = "a sell that last look refuses for the price"
	needDealtHeld   = "a held order that deals though the price moved against it"
	needParts       = "a price with its parts (22060 to 22069), both sides"
)

var fairnessChecks = []Check{
	{"C34", areaFairness, true, "Last look goes by rule, the same both ways",
		"refused for the price only if it moved for the client beyond the tolerance; no side is refused more often, or for smaller moves",
		[]string{needRefusedBuy, needRefusedSell, needDealtHeld}, func() automaton { return newLookRule() }},
	{"C36", areaFairness, false, "Prices are what their parts say (VAMM1)", "22060 to 22069 give bid and offer to the tick, in every S, W and X; no half is negative",
		[]string{needParts}, func() automaton { return &parts{tops: map[string]*top{}, ticks: map[string]*tickSeen{}} }},
}

// lookRule is C34.
type lookRule struct {
	orders *book
	sides  map[string]*lookSide // by Side(54)
	last   *Entry               // the newest refusal
}

// lookSide is what last look did to the orders on quotes of one side.
type lookSide struct {
	beyond, refused int64   // orders for which the price moved beyond the tolerance
	moves           []int64 // of those that were refused in jumpMarket, in whole basis points
}

func newLookRule() *lookRule {
	return &lookRule{orders: newBook(func(*order) bool { return true }), sides: map[string]*lookSide{"1": {}, "2": {}}}
}

var lookText = regexp.MustCompile(`\bmove=([+-]?[0-9.]+)bp tol=([0-9.]+)bp`)

// lookOf reads how a held order was decided: the outcome, by how far the price moved
// for the client, and what was tolerated.
func lookOf(e *Entry) (outcome string, move, tolerance *big.Rat) {
	outcome, known := map[string]string{
		"1": "LAST_LOOK_ACCEPTED", "2": "LAST_LOOK_PRICE", "3": "LAST_LOOK_CURRENT", "6": "LAST_LOOK_IMPROVED",
	}[e.get(22040)]
	if known {
		return outcome, number(e.get(22043)), number(e.get(22042))
	}
	said := lookText.FindStringSubmatch(e.get(58))
	if said == nil {
		return "", nil, nil
	}
	return reason(e), number(said[1]), number(said[2])
}

func (a *lookRule) see(e *Entry, n *notes) {
	o := a.orders.see(e)
	if o == nil || e.FromClient || e.get(150) != "0" && e.get(150) != "8" {
		return
	}
	outcome, move, tolerance := lookOf(e)
	if move == nil || tolerance == nil {
		return
	}
	// In words both are cut to two decimals, so equal ones may be either.
	beyond := move.Cmp(tolerance)
	side := a.sides[e.get(54)]
	switch outcome {
	case "LAST_LOOK_PRICE":
		a.refused(e, o, beyond, move, tolerance, n)
	case "LAST_LOOK_CURRENT": // Within the tolerance too, for who deals more in a second than quotes are firm for.
		if o.get(40) == "D" && beyond > 0 && side != nil {
			side.beyond++
		}
	case "LAST_LOOK_ACCEPTED", "LAST_LOOK_IMPROVED":
		if move.Sign() < 0 { // Beyond the tolerance it may deal so as well, if the tick hides the move.
			n.meet(needDealtHeld, e)
		}
	}
}

func (a *lookRule) refused(e *Entry, o *order, beyond int, move, tolerance *big.Rat, n *notes) {
	if beyond < 0 || move.Sign() <= 0 {
		n.fault(e, "refused for the price, but %s bp is within the tolerance of %s bp", text(move), text(tolerance))
	}
	need := needRefusedBuy
	if e.get(54) == "2" {
		need = needRefusedSell
	}
	n.meet(need, e)
	side := a.sides[e.get(54)]
	if side == nil || o.get(40) != "D" {
		return
	}
	side.beyond++
	side.refused++
	a.last = e
	if e.get(55) == jumpMarket && len(side.moves) < movesKept {
		side.moves = append(side.moves, rounded(move))
	}
}

// end compares the sides: how often, and, where the price goes up as it goes down,
// for which moves.
func (a *lookRule) end(_ time.Time, n *notes) {
	buy, sell := a.sides["1"], a.sides["2"]
	if min(buy.beyond, sell.beyond) >= symmetricMin && apart(buy.refused, buy.beyond, sell.refused, sell.beyond).Cmp(unlikely) > 0 {
		n.fault(a.last, "of orders for which the price moved, %d of %d buys are refused and %d of %d sells: that is no chance", buy.refused, buy.beyond, sell.refused, sell.beyond)
	}
	if min(len(buy.moves), len(sell.moves)) >= symmetricMin && ranked(buy.moves, sell.moves).Cmp(unlikely) > 0 {
		n.fault(a.last, "buys are refused for other moves than sells: that is no chance (%d and %d refusals)", len(buy.moves), len(sell.moves))
	}
}

// rounded is a number to the nearest whole.
func rounded(r *big.Rat) int64 {
	twice := new(big.Int).Mul(r.Num(), big.NewInt(2))
	twice.Add(twice, r.Denom())
	return twice.Div(twice, new(big.Int).Mul(r.Denom(), big.NewInt(2))).Int64()
}

// apart is the square of the distance of two rates, k of n and l of m, in standard
// deviations.
func apart(k, n, l, m int64) *big.Rat {
	all, hits := big.NewRat(n+m, 1), big.NewRat(k+l, n+m)
	spread := new(big.Rat).Mul(hits, new(big.Rat).Sub(big.NewRat(1, 1), hits))
	if spread.Sign() == 0 {
		return new(big.Rat) // All or none, on both sides.
	}
	d := new(big.Rat).Sub(big.NewRat(k, n), big.NewRat(l, m))
	spread.Mul(spread, all)
	spread.Quo(spread, new(big.Rat).Mul(big.NewRat(n, 1), big.NewRat(m, 1)))
	return d.Quo(d.Mul(d, d), spread)
}

// ranked is the square of how far the ranks of two samples are apart, in standard
// deviations (rank sums; equal values share their ranks and spread).
func ranked(a, b []int64) *big.Rat {
	all := slices.Concat(a, b)
	slices.Sort(all)
	rank := map[int64]int64{} // twice the mean rank
	total, ties := int64(len(all)), new(big.Int)
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j] == all[i] {
			j++
		}
		rank[all[i]] = int64(i + j + 1)
		t := big.NewInt(int64(j - i))
		ties.Add(ties, new(big.Int).Sub(new(big.Int).Exp(t, big.NewInt(3), nil), t))
		i = j
	}
	var sum int64
	for _, v := range a {
		sum += rank[v]
	}
	n, m := int64(len(a)), int64(len(b))
	d := big.NewRat(sum-n*(total+1), 2)
	spread := new(big.Rat).Sub(big.NewRat(total+1, 1), new(big.Rat).SetFrac(ties, big.NewInt(total*(total-1))))
	if spread.Sign() == 0 {
		return new(big.Rat)
	}
	spread.Mul(spread, big.NewRat(n*m, 12))
	return d.Quo(d.Mul(d, d), spread)
}

// parts is C36.
type parts struct {
	tops  map[string]*top      // by request and market
	ticks map[string]*tickSeen // by market
}

// top is the best bid and offer of a stream of prices; nil without one.
type top struct{ bid, offer *big.Rat }

// tickSeen is what the prices of a market are multiples of, which the tick divides,
// and how far a price is from what its parts give at most: less than a tick.
type tickSeen struct {
	step *big.Rat
	far  *big.Rat
	at   *Entry
}

func (a *parts) see(e *Entry, n *notes) {
	if e.FromClient || e.get(43) == "Y" {
		return
	}
	var t *top
	switch e.Kind {
	case "A":
		a.tops = map[string]*top{}
		return
	case "S":
		t = &top{number(e.get(132)), number(e.get(133))}
	case "W", "X":
		key := e.get(262) + " " + e.get(55)
		if t = a.tops[key]; t == nil || e.Kind == "W" {
			t = &top{}
			a.tops[key] = t
		}
		t.follow(e.Fields)
	default:
		return
	}
	if _, said := e.Fields.Lookup(22060); said {
		a.identity(e, t, n)
	}
}

// follow takes the best levels of W or the changes of X.
func (t *top) follow(f Fields) {
	var kind, action string
	var price *big.Rat
	for _, field := range f {
		tag, v, _ := strings.Cut(field, "=")
		switch tag {
		case "279":
			action, kind, price = v, "", nil
		case "269":
			kind, price = v, nil
		case "270":
			price = number(v)
		case "290":
			if v != "1" {
				continue
			}
			if action == "2" {
				price = nil
			}
			switch kind {
			case "0":
				t.bid = price
			case "1":
				t.offer = price
			}
		}
	}
}

// identity checks one message: what the parts give has to be the price, but for
// rounding to the tick away from the middle.
func (a *parts) identity(e *Entry, t *top, n *notes) {
	one := big.NewRat(1, 1)
	centre, oracle := number(e.get(22060)), number(e.get(22010))
	lean := sumBps(e, 22066, 22067)
	half := sumBps(e, 22061, 22062, 22063, 22064, 22065)
	if centre == nil || oracle == nil || lean == nil || half == nil {
		n.fault(e, "a part of the price is missing")
		return
	}
	for tag := 22061; tag <= 22065; tag++ {
		if number(e.get(tag)).Sign() < 0 {
			n.fault(e, "%d is negative", tag)
			return
		}
	}
	if want := new(big.Rat).Mul(oracle, lean.Add(lean, one)); want.Cmp(centre) != 0 {
		n.fault(e, "22060 is %s, its parts give %s", e.get(22060), text(want))
		return
	}
	both := true
	for _, side := range []struct {
		tag   int
		price *big.Rat
		sign  int64
	}{{22068, t.bid, -1}, {22069, t.offer, 1}} {
		impact := sumBps(e, side.tag)
		if impact == nil || side.price == nil {
			both = false
			continue
		}
		away := new(big.Rat).Mul(impact.Add(impact, half), big.NewRat(side.sign, 1))
		exact := new(big.Rat).Mul(centre, away.Add(away, one))
		off := new(big.Rat).Mul(new(big.Rat).Sub(side.price, exact), big.NewRat(side.sign, 1))
		if off.Sign() < 0 {
			n.fault(e, "the price is %s, its parts give %s", text(side.price), text(exact))
			return
		}
		a.tick(e, side.price, off)
	}
	if both {
		n.meet(needParts, e)
	}
}

// sumBps adds parts in basis points, as a ratio; nil if one is missing.
func sumBps(e *Entry, tags ...int) *big.Rat {
	sum := new(big.Rat)
	for _, tag := range tags {
		part := number(e.get(tag))
		if part == nil {
			return nil
		}
		sum.Add(sum, part)
	}
	return sum.Mul(sum, big.NewRat(1, 10_000))
}

func (a *parts) tick(e *Entry, price, off *big.Rat) {
	symbol := e.get(55)
	t := a.ticks[symbol]
	if t == nil {
		t = &tickSeen{step: new(big.Rat), far: new(big.Rat)}
		a.ticks[symbol] = t
	}
	t.step = common(t.step, price)
	if off.Cmp(t.far) > 0 {
		t.far, t.at = off, e
	}
}

// common is the largest number that divides two.
func common(a, b *big.Rat) *big.Rat {
	x, y := new(big.Int).Mul(a.Num(), b.Denom()), new(big.Int).Mul(b.Num(), a.Denom())
	return new(big.Rat).SetFrac(x.GCD(nil, nil, x.Abs(x), y.Abs(y)), new(big.Int).Mul(a.Denom(), b.Denom()))
}

func (a *parts) end(_ time.Time, n *notes) {
	for _, symbol := range sortedKeys(a.ticks) {
		if t := a.ticks[symbol]; t.at != nil && t.far.Cmp(t.step) >= 0 {
			n.fault(t.at, "the price is %s off what its parts give, which is more than the tick can explain", text(t.far))
		}
	}
}
