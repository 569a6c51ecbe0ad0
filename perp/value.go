package perp

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// Price is quote currency per base unit in 1e-6 (60000.5 is 60_000_500_000).
type Price int64

// Size is a number of base units in 1e-9.
type Size int64

// Money is an amount of quote currency in 1e-6.
type Money int64

// Ratio is a dimensionless number in 1e-6 (1 bp is 100).
type Ratio int64

// Time is nanoseconds since 1970-01-01 UTC, taken from the command, never
// from a clock.
type Time int64

// Decimal places of the units.
const (
	priceDigits = 6
	sizeDigits  = 9
	moneyDigits = 6
	ratioDigits = 6
)

// One whole unit of each value.
const (
	PriceOne Price = 1_000_000
	SizeOne  Size  = 1_000_000_000
	MoneyOne Money = 1_000_000
	RatioOne Ratio = 1_000_000
	BP       Ratio = 100
)

// Spans of Time.
const (
	Microsecond Time = 1_000
	Millisecond Time = 1_000_000
	Second      Time = 1_000_000_000
)

// textMax is the longest decimal text that is looked at: 19 digits, a sign, a
// point and some leading zeros. A longer one is refused before it costs work.
const textMax = 32

// ErrDigits is returned for a number with more decimal places than its unit.
var ErrDigits = errors.New("more decimal places than the unit")

// ErrRange is returned for a number that does not fit its unit.
var ErrRange = errors.New("number out of range")

// ErrSyntax is returned for a text that is not a plain decimal number.
var ErrSyntax = errors.New("not a plain decimal number")

// ParsePrice reads a plain decimal such as "60000.5"; more than six decimal
// places are refused.
func ParsePrice(s string) (Price, error) { v, err := parse(s, priceDigits); return Price(v), err }

// ParseSize reads a plain decimal; more than nine decimal places are refused.
func ParseSize(s string) (Size, error) { v, err := parse(s, sizeDigits); return Size(v), err }

// ParseMoney reads a plain decimal; more than six decimal places are refused.
func ParseMoney(s string) (Money, error) { v, err := parse(s, moneyDigits); return Money(v), err }

// ParseRatio reads a plain decimal such as "0.0005"; more than six decimal
// places are refused.
func ParseRatio(s string) (Ratio, error) { v, err := parse(s, ratioDigits); return Ratio(v), err }

func parse(s string, digits int) (int64, error) {
	if len(s) > textMax {
		return 0, fmt.Errorf("%d characters: %w", len(s), ErrRange)
	}
	if !plain(s) {
		return 0, fmt.Errorf("%q: %w", s, ErrSyntax)
	}
	return fixed(s, digits)
}

// fixed reads a text that is plain. What stands behind the places of the unit must
// be zeros.
func fixed(s string, digits int) (int64, error) {
	unsigned, negative := strings.CutPrefix(s, "-")
	whole, frac, _ := strings.Cut(unsigned, ".")
	if len(frac) > digits && strings.Trim(frac[digits:], "0") != "" {
		return 0, fmt.Errorf("%q: %w (%d)", s, ErrDigits, digits)
	}
	var v uint64
	for i := range len(whole) + digits {
		d := byte('0')
		switch at := i - len(whole); {
		case at < 0:
			d = whole[i]
		case at < len(frac):
			d = frac[at]
		}
		high, low := bits.Mul64(v, 10)
		sum, carry := bits.Add64(low, uint64(d-'0'), 0)
		if high+carry > 0 {
			return 0, fmt.Errorf("%q: %w", s, ErrRange)
		}
		v = sum
	}
	switch {
	case v <= math.MaxInt64 && negative:
		return -int64(v), nil
	case v <= math.MaxInt64:
		return int64(v), nil
	case negative && v == -math.MinInt64:
		return math.MinInt64, nil
	}
	return 0, fmt.Errorf("%q: %w", s, ErrRange)
}

// plain accepts -?digits[.digits]: no exponent, no plus sign, no bare point.
func plain(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole, frac, point := strings.Cut(s, ".")
	return digitsOnly(whole) && (!point || digitsOnly(frac))
}

func digitsOnly(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// text prints v, of which so many digits stand behind the point, without the zeros
// that say nothing.
func text(v int64, digits int) string {
	var buf [textMax]byte
	size := uint64(v)
	if v < 0 {
		size = -size
	}
	i := len(buf)
	for n := 0; n < digits; n++ {
		d := byte(size % 10)
		size /= 10
		if d == 0 && i == len(buf) {
			continue
		}
		i--
		buf[i] = '0' + d
	}
	if i < len(buf) {
		i--
		buf[i] = '.'
	}
	for first := true; first || size > 0; first = false {
		i--
		buf[i] = '0' + byte(size%10)
		size /= 10
	}
	if v < 0 {
		i--
		buf[i] = '-'
	}
	return string(buf[i:])
}

// String prints the exact decimal without trailing zeros.
func (p Price) String() string { return text(int64(p), priceDigits) }

// String prints the exact decimal without trailing zeros.
func (s Size) String() string { return text(int64(s), sizeDigits) }

// String prints the exact decimal without trailing zeros.
func (m Money) String() string { return text(int64(m), moneyDigits) }

// String prints the exact decimal without trailing zeros.
func (r Ratio) String() string { return text(int64(r), ratioDigits) }

// UnmarshalText lets a configuration file say prices as decimal strings.
func (p *Price) UnmarshalText(b []byte) (err error) { *p, err = ParsePrice(string(b)); return err }

// UnmarshalText lets a configuration file say sizes as decimal strings.
func (s *Size) UnmarshalText(b []byte) (err error) { *s, err = ParseSize(string(b)); return err }

// UnmarshalText lets a configuration file say amounts as decimal strings.
func (m *Money) UnmarshalText(b []byte) (err error) { *m, err = ParseMoney(string(b)); return err }

// UnmarshalText lets a configuration file say ratios as decimal strings.
func (r *Ratio) UnmarshalText(b []byte) (err error) { *r, err = ParseRatio(string(b)); return err }
