package perp

import (
	"fmt"
	"strconv"
)

// JSON carries values as whole numbers of their unit, as they are: exact, and
// the same bytes for the same value. The methods below read that form; without
// them UnmarshalText, meant for configuration, would be asked for a text.

// UnmarshalJSON reads a whole number of 1e-6 quote per base.
func (p *Price) UnmarshalJSON(b []byte) error { return units(b, (*int64)(p)) }

// UnmarshalJSON reads a whole number of 1e-9 base.
func (s *Size) UnmarshalJSON(b []byte) error { return units(b, (*int64)(s)) }

// UnmarshalJSON reads a whole number of 1e-6 quote.
func (m *Money) UnmarshalJSON(b []byte) error { return units(b, (*int64)(m)) }

// UnmarshalJSON reads a whole number of 1e-6.
func (r *Ratio) UnmarshalJSON(b []byte) error { return units(b, (*int64)(r)) }

func units(b []byte, into *int64) error {
	v, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		return fmt.Errorf("not a whole number of units: %w", err)
	}
	*into = v
	return nil
}
