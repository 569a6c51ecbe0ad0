package quoting

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/holiman/uint256"

	"backstop/perp"
)

// Reserve is a reserve of the curve, or its L, in 1e-9. In JSON it is decimal
// text, because the number may have more digits than other readers keep.
type Reserve struct{ uint256.Int }

// MarshalJSON writes the decimal text.
func (r Reserve) MarshalJSON() ([]byte, error) { return []byte(`"` + r.Dec() + `"`), nil }

// UnmarshalJSON reads the decimal text.
func (r *Reserve) UnmarshalJSON(b []byte) error {
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return fmt.Errorf("reserve %q is not a decimal text", b)
	}
	if err := r.SetFromDecimal(string(b[1 : len(b)-1])); err != nil {
		return fmt.Errorf("reserve %q: %w", b, err)
	}
	return nil
}

func reserve(v int64) Reserve {
	if v < 0 {
		panic(perp.Fault{What: "negative reserve", Args: []int64{v}})
	}
	var r Reserve
	r.SetUint64(uint64(v))
	return r
}

// signed turns v into 256-bit two's complement, in which Add, Sub, Mul and
// SDiv of uint256 are the signed operations.
func signed(v int64) (z uint256.Int) {
	if v >= 0 {
		return *z.SetUint64(uint64(v))
	}
	z.SetUint64(uint64(-(v + 1)) + 1)
	return *z.Neg(&z)
}

// narrow turns a two's complement number back; one that does not fit is a Fault.
func narrow(z *uint256.Int, what string) int64 {
	v := int64(z.Uint64())
	back := signed(v)
	if !back.Eq(z) {
		panic(perp.Fault{What: what + " overflow", Args: []int64{v}})
	}
	return v
}

// saturate is narrow for bounds and statistics, where "more than can be said"
// is an answer: it returns the nearest int64.
func saturate(z *uint256.Int) int64 {
	v := int64(z.Uint64())
	if back := signed(v); back.Eq(z) {
		return v
	}
	if z.Sign() < 0 {
		return math.MinInt64
	}
	return math.MaxInt64
}

// mulDivSat is a*b/c towards zero, saturating; c must be positive.
func mulDivSat(a, b, c int64) int64 {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	negative := (a < 0) != (b < 0)
	q := uint64(math.MaxUint64)
	if hi < uint64(c) {
		q, _ = bits.Div64(hi, lo, uint64(c))
	}
	switch {
	case negative && q >= 1<<63:
		return math.MinInt64
	case negative:
		return -int64(q)
	case q > math.MaxInt64:
		return math.MaxInt64
	}
	return int64(q)
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return uint64(-(v + 1)) + 1
	}
	return uint64(v)
}

// addSat is a+b, saturating.
func addSat(a, b int64) int64 {
	s := a + b
	switch {
	case a > 0 && b > 0 && s < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && s >= 0:
		return math.MinInt64
	}
	return s
}

// root is the whole square root of v, rounded down; v must not be negative.
func root(v int64) int64 {
	if v < 2 {
		return max(v, 0)
	}
	// Newton from above falls until it reaches the root.
	x := int64(1) << ((bits.Len64(uint64(v)) + 1) / 2)
	for {
		y := (x + v/x) / 2
		if y >= x {
			return x
		}
		x = y
	}
}
