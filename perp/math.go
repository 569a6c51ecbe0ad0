package perp

import (
	"fmt"
	"math"
	"math/bits"
)

// Fault is a bug made visible: a broken precondition or an overflow. It is
// only ever panicked, never returned; whoever runs the engine stops.
type Fault struct {
	What string
	Args []int64
}

// Error tells what broke and with which numbers.
func (f Fault) Error() string { return fmt.Sprintf("fault: %s %v", f.What, f.Args) }

// Rounding says what MulDiv does with a remainder.
type Rounding uint8

// Roundings.
const (
	Floor Rounding = iota // towards minus infinity
	Ceil                  // towards plus infinity
	Trunc                 // towards zero
)

// MulDiv returns a*b/c with a 128-bit product. A zero divisor or a result
// outside int64 is a Fault.
func MulDiv(a, b, c int64, r Rounding) int64 {
	if c == 0 {
		panic(Fault{"division by zero", []int64{a, b, c}})
	}
	negative := (a < 0) != (b < 0) != (c < 0)
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	div := magnitude(c)
	if hi >= div {
		panic(Fault{"MulDiv overflow", []int64{a, b, c}})
	}
	q, rem := bits.Div64(hi, lo, div)
	if rem != 0 && ((r == Ceil && !negative) || (r == Floor && negative)) {
		q++
	}
	if q > math.MaxInt64 {
		panic(Fault{"MulDiv overflow", []int64{a, b, c}})
	}
	if negative {
		return -int64(q)
	}
	return int64(q)
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return uint64(-(v + 1)) + 1
	}
	return uint64(v)
}

// Add returns a+b; overflow is a Fault.
func Add[T ~int64](a, b T) T {
	s := a + b
	if (s > a) != (b > 0) && b != 0 {
		panic(Fault{"Add overflow", []int64{int64(a), int64(b)}})
	}
	return s
}

// Sub returns a-b; overflow is a Fault.
func Sub[T ~int64](a, b T) T {
	d := a - b
	if (d < a) != (b > 0) && b != 0 {
		panic(Fault{"Sub overflow", []int64{int64(a), int64(b)}})
	}
	return d
}

// Abs returns the magnitude of v; the most negative value is a Fault.
func Abs[T ~int64](v T) T {
	if v >= 0 {
		return v
	}
	return Sub(0, v)
}

// Clamp returns v, or the nearer of lo and hi when v lies outside them.
func Clamp[T ~int64](v, lo, hi T) T { return max(lo, min(v, hi)) }

// Notional is what size is worth at price, in Money; size may be signed.
func Notional(p Price, s Size, r Rounding) Money {
	return Money(MulDiv(int64(p), int64(s), int64(SizeOne), r))
}

// Share is the part of m that ratio names.
func Share(m Money, ratio Ratio, r Rounding) Money {
	return Money(MulDiv(int64(m), int64(ratio), int64(RatioOne), r))
}

// Of is the part of price that ratio names; it carries its sign.
func (p Price) Of(ratio Ratio, r Rounding) Price {
	return Price(MulDiv(int64(p), int64(ratio), int64(RatioOne), r))
}

// Wide is an unsigned 128-bit sum of price times size, in 1e-15 quote. It
// keeps the average price of many fills exact until it is shown.
type Wide struct{ Hi, Lo uint64 }

// Plus adds price times size; both must not be negative.
func (w Wide) Plus(p Price, s Size) Wide {
	if p < 0 || s < 0 {
		panic(Fault{"Wide.Plus of a negative", []int64{int64(p), int64(s)}})
	}
	hi, lo := bits.Mul64(uint64(p), uint64(s))
	var carry uint64
	w.Lo, carry = bits.Add64(w.Lo, lo, 0)
	w.Hi, carry = bits.Add64(w.Hi, hi, carry)
	if carry != 0 {
		panic(Fault{"Wide.Plus overflow", []int64{int64(p), int64(s)}})
	}
	return w
}

// Minus takes away what Plus added; taking more than there is is a Fault.
func (w Wide) Minus(p Price, s Size) Wide {
	off := Wide{}.Plus(p, s)
	var borrow uint64
	w.Lo, borrow = bits.Sub64(w.Lo, off.Lo, 0)
	w.Hi, borrow = bits.Sub64(w.Hi, off.Hi, borrow)
	if borrow != 0 {
		panic(Fault{"Wide.Minus below zero", []int64{int64(p), int64(s)}})
	}
	return w
}

// Average is the sum divided by size, to the nearest price unit, halves up;
// zero for no size. It is shown to people, no money depends on it.
func (w Wide) Average(s Size) Price {
	if s <= 0 {
		return 0
	}
	if w.Hi >= uint64(s) {
		panic(Fault{"Wide.Average overflow", []int64{int64(w.Hi), int64(s)}})
	}
	q, rem := bits.Div64(w.Hi, w.Lo, uint64(s))
	if rem >= uint64(s)-rem {
		q++
	}
	return Price(q)
}
