package sim

import (
	"math/rand/v2"

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
	classes
)

var classNames = [classes]string{"benign", "momentum", "arb", "sniper", "camouflaged"}

// How takers act.
const (
	lookEvery  = 50 * perp.Millisecond // how often all of them look
	reachLeast = 25 * perp.Millisecond // from a decision to the gateway's socket
	reachMost  = 50 * perp.Millisecond
	hedgeCost  = 50     // 0.5 bp in 1e-6: what an arb pays to hedge outside
	meanOrder  = 4_000  // quote, of benign orders
	arbOrder   = 25_000 // quote, most of one arb order
)

// taker is one account with its habits.
type taker struct {
	name   string
	class  class
	random *rand.Rand
	rate   float64 // benign orders per second
	next   perp.Time
	orders int64
	seen   []perp.Quote // a sniper's memory
}

// sent is an order on its way to the gateway.
type sent struct {
	at    perp.Time
	order perp.PlaceOrder
	class class
	taker int
}

func takers(seed uint64) []*taker {
	all := []struct {
		name  string
		class class
		rate  float64
	}{
		{"b1", benign, 0.25}, {"b2", benign, 0.25}, {"b3", benign, 0.15}, {"b4", benign, 0.1},
		{"mo", momentum, 0.1}, {"a1", arb, 0}, {"a2", arb, 0}, {"sn", sniper, 0}, {"ca", camouflag, 0.2},
	}
	out := make([]*taker, len(all))
	for i, t := range all {
		out[i] = &taker{name: t.name, class: t.class, rate: t.rate, random: rand.New(rand.NewPCG(seed, uint64(i)+77))}
		out[i].wait(0)
	}
	return out
}

// wait draws when a benign order comes next.
func (t *taker) wait(now perp.Time) {
	if t.rate > 0 {
		t.next = now + perp.Time(t.random.ExpFloat64()/t.rate*float64(perp.Second))
	}
}

// market is what a taker can see.
type view struct {
	now    perp.Time
	quote  perp.Quote
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
		return t.ordinary(v, t.random.IntN(100) < v.crowd)
	case momentum:
		return t.ordinary(v, v.truth >= v.before)
	case arb:
		return t.pick(v)
	case sniper:
		return t.snipe(v)
	}
	if o, ok := t.pick(v); ok {
		return o, ok
	}
	return t.ordinary(v, t.random.IntN(2) == 0)
}

// ordinary is a market order at the taker's own times.
func (t *taker) ordinary(v view, buy bool) (perp.PlaceOrder, bool) {
	if v.now < t.next {
		return perp.PlaceOrder{}, false
	}
	t.wait(v.now)
	o := t.order(v, perp.Buy, perp.Money(t.random.ExpFloat64()*meanOrder*float64(perp.MoneyOne)))
	if !buy {
		o.Side = perp.Sell
	}
	o.Type = perp.Market
	return o, true
}

func (t *taker) order(v view, side perp.Side, value perp.Money) perp.PlaceOrder {
	t.orders++
	size := perp.Size(perp.MulDiv(int64(value), int64(perp.SizeOne), int64(max(1, v.truth)), perp.Floor))
	return perp.PlaceOrder{
		Origin: perp.Origin{Session: t.name}, Account: t.name, ClOrdID: t.name + "-" + itoa(t.orders), Symbol: trialSymbol,
		Side: side, TIF: perp.IOC, Size: max(v.lot, size-size%v.lot), Transact: v.now,
	}
}

// pick takes a quote that lies on the wrong side of the true price by more than
// hedging costs, with a limit at which it still pays.
func (t *taker) pick(v view) (perp.PlaceOrder, bool) {
	if v.quote.ValidUntil <= v.now {
		return perp.PlaceOrder{}, false
	}
	return t.attack(v, v.quote)
}

func (t *taker) attack(v view, q perp.Quote) (perp.PlaceOrder, bool) {
	cost := v.truth.Of(hedgeCost, perp.Ceil)
	if a, ok := q.Best(perp.Buy); ok && a.Price < v.truth-cost {
		o := t.order(v, perp.Buy, arbOrder*perp.MoneyOne)
		o.Type, o.Price = perp.Limit, down(v.truth-cost, v.tick)
		return o, true
	}
	if b, ok := q.Best(perp.Sell); ok && b.Price > v.truth+cost {
		o := t.order(v, perp.Sell, arbOrder*perp.MoneyOne)
		o.Type, o.Price = perp.Limit, down(v.truth+cost, v.tick)+v.tick
		return o, true
	}
	return perp.PlaceOrder{}, false
}

// snipe deals by id on the quote of two looks ago if it would still pay.
func (t *taker) snipe(v view) (perp.PlaceOrder, bool) {
	t.seen = append(t.seen, v.quote)
	if len(t.seen) < 3 {
		return perp.PlaceOrder{}, false
	}
	old := t.seen[0]
	t.seen = append(t.seen[:0], t.seen[1:]...)
	o, ok := t.attack(v, old)
	if !ok {
		return o, false
	}
	level, _ := old.Best(o.Side)
	o.Type, o.TIF, o.Price = perp.PreviouslyQuoted, perp.FOK, level.Price
	o.QuoteID = perp.QuoteID(old.Version, o.Side, 0)
	o.Size = min(o.Size, level.Size)
	return o, true
}

func down(p, tick perp.Price) perp.Price { return p - p%tick }
