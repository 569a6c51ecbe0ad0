package ledger

import (
	"encoding/json"
	"fmt"
	"math/big"
)

// exact is an integer of any size that is never changed; the zero value is 0.
// The reference arithmetic is written in it, where a formula must not overflow
// and speed does not matter. The product counts in perp's fixed types.
type exact struct{ v *big.Int }

func exactly(v int64) exact { return exact{big.NewInt(v)} }

func (a exact) int() *big.Int {
	if a.v == nil {
		return new(big.Int)
	}
	return a.v
}

func (a exact) plus(b exact) exact  { return exact{new(big.Int).Add(a.int(), b.int())} }
func (a exact) minus(b exact) exact { return exact{new(big.Int).Sub(a.int(), b.int())} }
func (a exact) times(b exact) exact { return exact{new(big.Int).Mul(a.int(), b.int())} }
func (a exact) neg() exact          { return exact{new(big.Int).Neg(a.int())} }
func (a exact) abs() exact          { return exact{new(big.Int).Abs(a.int())} }
func (a exact) sign() int           { return a.int().Sign() }
func (a exact) cmp(b exact) int     { return a.int().Cmp(b.int()) }
func (a exact) equal(b exact) bool  { return a.cmp(b) == 0 }

// over divides and truncates towards zero (vAMM reference §0).
func (a exact) over(b exact) exact { return exact{new(big.Int).Quo(a.int(), b.int())} }

// overUp divides and adds one if a positive remainder is left.
func (a exact) overUp(b exact) exact {
	q, r := new(big.Int).QuoRem(a.int(), b.int(), new(big.Int))
	if r.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return exact{q}
}

// part is the share of a that size is of total, truncated towards zero.
func (a exact) part(size, total exact) exact { return a.times(size.abs()).over(total.abs()) }

// atMost is the smallest of a and all others.
func (a exact) atMost(others ...exact) exact {
	for _, b := range others {
		if b.cmp(a) < 0 {
			a = b
		}
	}
	return a
}

// atLeast is the larger of a and b.
func (a exact) atLeast(b exact) exact {
	if b.cmp(a) > 0 {
		return b
	}
	return a
}

// notNegative is a, or 0 if it is negative.
func (a exact) notNegative() exact { return a.atLeast(exact{}) }

// String prints the decimal.
func (a exact) String() string { return a.int().String() }

// MarshalJSON writes a decimal text.
func (a exact) MarshalJSON() ([]byte, error) { return json.Marshal(a.String()) }

// UnmarshalJSON reads a decimal text.
func (a *exact) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("reference number: %w", err)
	}
	v, ok := new(big.Int).SetString(s, 10)
	if !ok {
		return fmt.Errorf("reference number %q is not an integer", s)
	}
	a.v = v
	return nil
}
