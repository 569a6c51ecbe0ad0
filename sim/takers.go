package sim

import (
	"math/rand/v2"
	"strings"

	"backstop/perp"
)

// class is what kind of taker an account is.
type class uint8

const (
	benign    class = iota // comes for its own reasons
	momentum               // follows the last seconds
	arb                    // sees the true price before the maker does
	sniper                 // deals on quotes that were replaced a moment ago
	camouflag              // an arb that also trades like a benign client
	half                   // an arb of whose orders every second one is like a benign client's
	classes
)

var classNames = [classes]string{"benign", "momentum", "arb", "sniper", "camouflaged", "half"}

// toxic are the classes whose gains the maker is to prevent. The half-toxic one
// is there to be noticed, and is told apart.
var toxic = []class{arb, sniper, camouflag}

// How takers act.
const (
	lookEvery    = 50 * perp.Millisecond // how often they look, at most
	reachLeast   = 25 * perp.Millisecond // from a decision to the gateway's socket
	reachMost    = 50 * perp.Millisecond
	arbHedge     = 50 // 0.5 bp in 1e-6: what an arb pays to hedge outside
	meanOrder    = 4_000
	arbOrder     = 25_000 // quote, most of one arb order
	snipeFor     = 100 * perp.Millisecond
	backoffLeast = 100 * perp.Millisecond // after a refusal; twice as long after the next
	backoffMost  = 60 * perp.Second
)

// taker is one account with its habits. Its session has the same name.
type taker struct {
	name     string
	class    class
	random   *rand.Rand
	rate     float64 // ordinary orders per second
	next     perp.Time
	orders   int64
	seen     []replaced // a sniper's memory
	attacked bool       // a half-toxic one's last order was an attack
	quiet    perp.Time  // no attack before it: the market refuses them
	backoff  perp.Time
}

// replaced is a quote, and until when it is worth a try.
type replaced struct {
	quote perp.Quote
	until perp.Time // zero: it stands
}

// sent is an order on its way to the gateway.
type sent struct {
	at    perp.Time
	order perp.PlaceOrder
	taker *taker
}

func takers(seed uint64) []*taker {
	all := []struct {
		name  string
		class class
		rate  float64
	}{
		{"b1", benign, 0.25}, {"b2", benign, 0.25}, {"b3", benign, 0.15}, {"b4", benign, 0.1},
		{"mo", momentum, 0.1}, {"a1", arb, 0}, {"a2", arb, 0}, {"sn", sniper, 0}, {"ca", camouflag, 0.2}, {"ha", half, 0.2},
	}
	out := make([]*taker, len(all))
	for i, t := range all {
		out[i] = &taker{name: t.name, class: t.class, rate: t.rate, random: rand.New(rand.NewPCG(seed, uint64(i)+77))}
		out[i].wait(trialStart)
	}
	return out
}

// wait draws when an ordinary order comes next.
func (t *taker) wait(now perp.Time) {
	if t.rate > 0 {
		t.next = now + perp.Time(t.random.ExpFloat64()/t.rate*float64(perp.Second))
	}
}

// view is what a taker can see.
type view struct {
	now    perp.Time
	quote  perp.Quote // of the taker's class
	truth  perp.Price // the true price now
	before perp.Price // five seconds ago
	crowd  int
	lot    perp.Size
	tick   perp.Price
}

// look decides what the taker sends now; nothing is the usual answer.
func (t *taker) look(v view) (perp.PlaceOrder, bool) {
	switch t.class {
	case benign:
		return t.ordinary(v, v.crowd)
	case momentum:
		if v.truth >= v.before {
			return t.ordinary(v, 100)
		}
		return t.ordinary(v, 0)
	case arb:
		return t.pick(v)
	case sniper:
		return t.snipe(v)
	case half:
		return t.alternate(v)
	}
	if o, ok := t.pick(v); ok {
		return o, ok
	}
	return t.ordinary(v, 50)
}

// alternate attacks once after each ordinary order.
func (t *taker) alternate(v view) (o perp.PlaceOrder, ok bool) {
	if t.attacked {
		o, ok = t.ordinary(v, 50)
	} else {
		o, ok = t.pick(v)
	}
	if ok {
		t.attacked = !t.attacked
	}
	return o, ok
}

// ordinary is a market order at the taker's own times; buys percent of them buy.
func (t *taker) ordinary(v view, buys int) (perp.PlaceOrder, bool) {
	if v.now < t.next {
		return perp.PlaceOrder{}, false
	}
	t.wait(v.now)
	side := perp.Sell
	if t.random.IntN(100) < buys {
		side = perp.Buy
	}
	o := t.order(v, "o", side, perp.Money(t.random.ExpFloat64()*meanOrder*float64(perp.MoneyOne)))
	o.Type = perp.Market
	return o, true
}

func (t *taker) order(v view, mark string, side perp.Side, value perp.Money) perp.PlaceOrder {
	t.orders++
	size := perp.Size(perp.MulDiv(int64(value), int64(perp.SizeOne), int64(max(1, v.truth)), perp.Floor))
	return perp.PlaceOrder{
		Origin: perp.Origin{Session: t.name}, Account: t.name, ClOrdID: t.name + attackMark[:1] + mark + itoa(t.orders), Symbol: trialSymbol,
		Side: side, TIF: perp.IOC, Size: max(v.lot, size-size%v.lot), Transact: v.now,
	}
}

// attackMark is in the ids of orders that were sent because the price was ahead.
const attackMark = "-x"

func isAttack(clOrdID string) bool { return strings.Contains(clOrdID, attackMark) }

// pick takes a quote that lies on the wrong side of the true price by more than
// hedging costs, with a limit at which it still pays.
func (t *taker) pick(v view) (perp.PlaceOrder, bool) { return t.attack(v, v.quote) }

func (t *taker) attack(v view, q perp.Quote) (perp.PlaceOrder, bool) {
	if q.ValidUntil <= v.now || v.now < t.quiet {
		return perp.PlaceOrder{}, false
	}
	cost := v.truth.Of(arbHedge, perp.Ceil)
	if a, ok := q.Best(perp.Buy); ok && a.Price < v.truth-cost {
		o := t.order(v, attackMark[1:], perp.Buy, arbOrder*perp.MoneyOne)
		o.Type, o.Price = perp.Limit, down(v.truth-cost, v.tick)
		return o, true
	}
	if b, ok := q.Best(perp.Sell); ok && b.Price > v.truth+cost {
		o := t.order(v, attackMark[1:], perp.Sell, arbOrder*perp.MoneyOne)
		o.Type, o.Price = perp.Limit, down(v.truth+cost, v.tick)+v.tick
		return o, true
	}
	return perp.PlaceOrder{}, false
}

// snipe deals by id on the oldest quote that may still be honoured and would
// pay; the present one is the last resort. Each is tried once.
func (t *taker) snipe(v view) (perp.PlaceOrder, bool) {
	if n := len(t.seen); n == 0 || t.seen[n-1].quote.Version < v.quote.Version {
		if n > 0 {
			t.seen[n-1].until = v.now + snipeFor
		}
		t.seen = append(t.seen, replaced{quote: v.quote})
	}
	for len(t.seen) > 1 && t.seen[0].until <= v.now {
		t.seen = append(t.seen[:0], t.seen[1:]...)
	}
	for i := range t.seen {
		old := &t.seen[i].quote
		o, ok := t.attack(v, *old)
		if !ok {
			continue
		}
		level, _ := old.Best(o.Side)
		o.Type, o.TIF, o.Price = perp.PreviouslyQuoted, perp.FOK, level.Price
		o.QuoteID = perp.QuoteID(old.Version, o.Side, 0)
		o.Size = min(o.Size, level.Size)
		old.Bids, old.Asks = nil, nil
		return o, true
	}
	return perp.PlaceOrder{}, false
}

// refused makes a taker wait whose attack the market did not want, longer each
// time; dealt lets it come again at once.
func (t *taker) refused(now perp.Time) {
	t.backoff = min(max(backoffLeast, 2*t.backoff), backoffMost)
	t.quiet = now + t.backoff
}

func (t *taker) dealt() { t.backoff, t.quiet = 0, 0 }

func down(p, tick perp.Price) perp.Price { return p - p%tick }
