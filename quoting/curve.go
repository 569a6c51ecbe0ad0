package quoting

import (
	"github.com/holiman/uint256"

	"backstop/perp"
)

// Curve is the constant-product curve Base*Quote = L*L with a peg (vAMM
// reference §1). L is authoritative; Quote is always recomputed from it. A
// client's buy takes base out of the curve, a sell puts base in.
type Curve struct {
	Base  Reserve
	Quote Reserve
	L     Reserve
	Peg   perp.Price
	Users perp.Size // net position of all clients; the maker holds the opposite
}

var (
	nano = *uint256.NewInt(1_000_000_000)
	one6 = *uint256.NewInt(1_000_000)
)

// lMax bounds L (vAMM reference §1): products with prices then fit 256 bits.
var lMax = *uint256.MustFromDecimal("1000000000000000000000")

// newCurve is a balanced curve whose mid is price.
func newCurve(l Reserve, price perp.Price) Curve {
	return Curve{Base: l, Quote: l, L: l, Peg: price}
}

// Price is the mid or reserve price P = q*g/b, rounded down.
func (c *Curve) Price() perp.Price {
	if c.Base.IsZero() {
		panic(perp.Fault{What: "price of an empty curve"})
	}
	p := signed(int64(c.Peg))
	p.Mul(&p, &c.Quote.Int)
	p.Div(&p, &c.Base.Int)
	return perp.Price(narrow(&p, "price"))
}

// baseAfter is the base reserve after clients buy (positive) or sell n.
func (c *Curve) baseAfter(n perp.Size) uint256.Int {
	d := signed(int64(n))
	d.Sub(&c.Base.Int, &d)
	if d.Sign() <= 0 {
		panic(perp.Fault{What: "trade beyond the curve", Args: []int64{int64(n)}})
	}
	return d
}

// quoteAt is the quote reserve at a base reserve: L*L/b, rounded down.
func (c *Curve) quoteAt(base *uint256.Int) (q uint256.Int) {
	q.Mul(&c.L.Int, &c.L.Int)
	q.Div(&q, base)
	return q
}

// Trade moves the reserves by a client's buy or sell of n.
func (c *Curve) Trade(side perp.Side, n perp.Size) {
	delta := perp.Size(side.Sign()) * n
	c.Base.Int = c.baseAfter(delta)
	c.Quote.Int = c.quoteAt(&c.Base.Int)
	c.Users = perp.Add(c.Users, delta)
}

// Terminal returns the reserves after every client has closed: b* = b + U.
func (c *Curve) Terminal() (base, quote uint256.Int) {
	base = c.baseAfter(-c.Users)
	return base, c.quoteAt(&base)
}

// lead is q - q*, signed: how far the clients' net position holds the quote
// reserve off its terminal value. With U > 0 it is positive.
func (c *Curve) lead() uint256.Int {
	_, end := c.Terminal()
	end.Sub(&c.Quote.Int, &end)
	return end
}

// Closing is what the clients would be paid if all closed along the curve;
// negative: what they would pay (§9.4). Towards zero.
func (c *Curve) Closing() perp.Money {
	v, g := c.lead(), signed(int64(c.Peg))
	v.Mul(&v, &g)
	v.SDiv(&v, &nano)
	return perp.Money(narrow(&v, "closing value"))
}

// PegFor is the peg at which the mid is target: target*b/q, at least 1 (§3.2).
func (c *Curve) PegFor(target perp.Price) perp.Price {
	g := signed(int64(target))
	g.Mul(&g, &c.Base.Int)
	g.Div(&g, &c.Quote.Int)
	return max(1, perp.Price(narrow(&g, "peg")))
}

// PegCost is what moving the peg to g costs the maker: the change of the
// clients' closing value, (q-q*)(g'-g)/1e9, rounded up against the maker
// (§3.2). Negative: the maker earns.
func (c *Curve) PegCost(g perp.Price) perp.Money {
	v, d := c.lead(), signed(int64(g-c.Peg))
	v.Mul(&v, &d)
	positive := v.Sign() > 0
	var whole, rest uint256.Int
	whole.SDiv(&v, &nano)
	rest.SMod(&v, &nano)
	if positive && !rest.IsZero() {
		whole.AddUint64(&whole, 1)
	}
	return perp.Money(narrow(&whole, "peg cost"))
}

// PegWithin is the furthest peg from the present one towards best that costs
// at most budget (§3.3, exact instead of by a rounded cost per unit).
func (c *Curve) PegWithin(best perp.Price, budget perp.Money) perp.Price {
	if c.PegCost(best) <= budget {
		return best
	}
	lead := c.lead()
	lead.Abs(&lead)
	steps := signed(int64(max(budget, 0)))
	steps.Mul(&steps, &nano)
	steps.Div(&steps, &lead)
	d := perp.Price(saturate(&steps)) // less than |best - peg|, or it were affordable
	if best < c.Peg {
		return c.Peg - d
	}
	return c.Peg + d
}

// Bounds are the base reserves between which the curve trades: the terminal
// reserve divided by, and times, the concentration coefficient (§1).
func (c *Curve) Bounds(concentration perp.Ratio) (lo, hi uint256.Int) {
	end := c.baseAfter(-c.Users) // of Terminal, whose quote reserve nobody asks for here
	k := signed(int64(concentration))
	hi.Mul(&end, &k)
	hi.Div(&hi, &one6)
	lo.Mul(&end, &one6)
	lo.Div(&lo, &k)
	return lo, hi
}

// Depth is what clients may still buy (side Buy) or sell inside the bounds.
func (c *Curve) Depth(side perp.Side, concentration perp.Ratio) perp.Size {
	lo, hi := c.Bounds(concentration)
	var d uint256.Int
	if side == perp.Buy {
		d.Sub(&c.Base.Int, &lo)
	} else {
		d.Sub(&hi, &c.Base.Int)
	}
	return perp.Size(max(0, saturate(&d)))
}

// Scaled is the curve with another L and the same mid, to rounding (§3.4).
func (c *Curve) Scaled(l Reserve) Curve {
	s := *c
	s.L = l
	s.Base.Mul(&c.Base.Int, &l.Int)
	s.Base.Div(&s.Base.Int, &c.L.Int)
	s.Quote.Int = s.quoteAt(&s.Base.Int)
	return s
}
