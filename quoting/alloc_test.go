package quoting

import (
	"testing"

	"backstop/perp"
)

// pricing drives everything that a tick and an order make this room do: judge,
// move, look again at old orders, judge their clients, quote all classes; price
// and fill an order, watch it, quote anew.
type pricing struct {
	*world
	random uint64
	price  perp.Price
	levels []perp.Level
}

func newPricing(t testing.TB) *pricing {
	p := &pricing{world: classed(t, 60_000*perp.PriceOne), random: 1, price: 60_000 * perp.PriceOne}
	p.m.Fund(1_000_000_000 * perp.MoneyOne) // no state but open: the usual path is measured
	for range 20_000 {                      // memory has grown to what it will be
		p.onTick()
		p.onOrder()
	}
	return p
}

// next is a cheap pseudo-random number (xorshift), so that the path measured is
// not that of the generator.
func (p *pricing) next(n uint64) uint64 {
	p.random ^= p.random << 13
	p.random ^= p.random >> 7
	p.random ^= p.random << 17
	return p.random % n
}

var (
	sessions = [...]string{"a", "b", "c", "d", "e"}
	firms    = [...][]string{{"a"}, {"b"}, {"c"}, {"d"}, {"e"}}
)

func (p *pricing) onTick() {
	p.now += 100 * perp.Millisecond
	p.price += perp.Price(p.next(3)) * perp.PriceOne
	p.price -= perp.PriceOne
	p.m.Tick(p.tick(p.price), p.now)
	for _, x := range p.m.Ripen(p.now) {
		i := x.Session[0] - 'a'
		p.m.Review(x.Session, firms[i], p.now)
	}
	p.version += int64(p.m.Requote(p.version+1, p.now))
}

func (p *pricing) onOrder() {
	i := p.next(5)
	session, side := sessions[i], perp.Side(1+p.next(2))
	class := p.m.ClassOf(session)
	p.levels = p.m.Take(class, side, btc.Lot*perp.Size(1+p.next(100)), 0, p.levels[:0])
	if len(p.levels) == 0 {
		return
	}
	p.m.Holds(side, p.now, p.m.Standing(session, firms[i], p.now), p.m.Room(session, firms[i], p.now) == 0)
	l := p.levels[0]
	l.Price = p.m.Improved(class, side, l)
	p.m.Filled(side, l.Size, l.Price, 0)
	p.m.Dealt(session, firms[i], 1_000*perp.MoneyOne, p.now)
	p.m.Watch(Watched{
		OrderID: "O", ExecID: "E", Session: session, Firm: firms[i][0], Account: session, Side: side, Size: l.Size,
		Notional: 1_000 * perp.MoneyOne, Arrived: p.now, Quoted: l.Price,
	}, p.now)
	p.version += int64(p.m.Requote(p.version+1, p.now))
}

// TestPricingAllocatesNothing: in the steady state neither a tick nor an order
// allocates in this room.
func TestPricingAllocatesNothing(t *testing.T) {
	p := newPricing(t)
	if n := testing.AllocsPerRun(2_000, p.onTick); n != 0 {
		t.Errorf("%v allocations per tick", n)
	}
	if n := testing.AllocsPerRun(2_000, p.onOrder); n != 0 {
		t.Errorf("%v allocations per order", n)
	}
}

// BenchmarkPricingTick and BenchmarkPricingOrder: with five clients in four
// classes; go test ./quoting -run xxx -bench Pricing -benchtime 1000000x
func BenchmarkPricingTick(b *testing.B) {
	p := newPricing(b)
	b.ReportAllocs()
	for b.Loop() {
		p.onTick()
	}
}

func BenchmarkPricingOrder(b *testing.B) {
	p := newPricing(b)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if n++; n%16 == 0 { // orders come between ticks, and their time comes
			b.StopTimer()
			p.onTick()
			b.StartTimer()
		}
		p.onOrder()
	}
}
