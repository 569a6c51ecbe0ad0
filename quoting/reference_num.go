package quoting

import (
	"encoding/json"
	"fmt"
	"math/big"
)

// num is an integer of any size that is never changed; the zero num is 0. It
// is for the reference arithmetic, where formulas count and speed does not.
type num struct{ v *big.Int }

func n64(v int64) num { return num{big.NewInt(v)} }

func (a num) big() *big.Int {
	if a.v == nil {
		return new(big.Int)
	}
	return a.v
}

func (a num) add(b num) num { return num{new(big.Int).Add(a.big(), b.big())} }
func (a num) sub(b num) num { return num{new(big.Int).Sub(a.big(), b.big())} }
func (a num) mul(b num) num { return num{new(big.Int).Mul(a.big(), b.big())} }
func (a num) abs() num      { return num{new(big.Int).Abs(a.big())} }
func (a num) neg() num      { return num{new(big.Int).Neg(a.big())} }
func (a num) sign() int     { return a.big().Sign() }
func (a num) cmp(b num) int { return a.big().Cmp(b.big()) }
func (a num) lt(b num) bool { return a.cmp(b) < 0 }
func (a num) gt(b num) bool { return a.cmp(b) > 0 }

// div truncates towards zero, as the reference does everywhere.
func (a num) div(b num) num { return num{new(big.Int).Quo(a.big(), b.big())} }

// ceil divides and rounds a positive remainder up.
func (a num) ceil(b num) num {
	q, r := new(big.Int).QuoRem(a.big(), b.big(), new(big.Int))
	if r.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return num{q}
}

func (a num) plus(v int64) num  { return a.add(n64(v)) }
func (a num) times(v int64) num { return a.mul(n64(v)) }
func (a num) over(v int64) num  { return a.div(n64(v)) }
func (a num) root() num         { return num{new(big.Int).Sqrt(a.big())} }

func least(a, b num) num {
	if b.lt(a) {
		return b
	}
	return a
}

func most(a, b num) num {
	if b.gt(a) {
		return b
	}
	return a
}

func clamp(v, lo, hi num) num { return most(lo, least(v, hi)) }

// String prints the decimal.
func (a num) String() string { return a.big().String() }

// MarshalJSON writes a decimal text.
func (a num) MarshalJSON() ([]byte, error) { return json.Marshal(a.String()) }

// UnmarshalJSON reads a decimal text; null is 0.
func (a *num) UnmarshalJSON(b []byte) error {
	var s *string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("reference number: %w", err)
	}
	if s == nil {
		return nil
	}
	v, ok := new(big.Int).SetString(*s, 10)
	if !ok {
		return fmt.Errorf("reference number %q is not a whole number", *s)
	}
	a.v = v
	return nil
}
