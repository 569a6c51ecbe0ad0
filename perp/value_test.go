package perp

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// TestNumbersAreDecimals compares what is printed and read with an independent
// decimal, at the ends of the range too.
func TestNumbersAreDecimals(t *testing.T) {
	edges := []int64{0, 1, -1, 10, 999_999, 1_000_000, -1_000_000, 1_000_001, math.MaxInt64, math.MinInt64, math.MinInt64 + 1}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(rapid.SampledFrom(edges), rapid.Int64(), rapid.Int64Range(-5_000_000, 5_000_000)).Draw(t, "v")
		digits := rapid.SampledFrom([]int{priceDigits, sizeDigits}).Draw(t, "digits")
		said := text(v, digits)
		if want := decimal.New(v, -int32(digits)).String(); said != want {
			t.Fatalf("%d is %q, want %q", v, said, want)
		}
		if back, err := parse(said, digits); err != nil || back != v {
			t.Fatalf("%q is read as %d (%v), want %d", said, back, err, v)
		}
	})
}

// TestParseIsDecimal: any plain text means what an independent decimal makes of it,
// or is refused for the reason that this gives.
func TestParseIsDecimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`-?(0{0,5}|922337203685[0-9]{0,8}|[0-9]{0,14})[0-9](\.[0-9]{1,8}0{0,6})?`).Draw(t, "s")
		digits := rapid.SampledFrom([]int{priceDigits, sizeDigits}).Draw(t, "digits")
		v, err := parse(s, digits)
		want := decimal.RequireFromString(s).Shift(int32(digits))
		var because error
		switch {
		case len(s) > textMax:
			because = ErrRange
		case !want.IsInteger():
			because = ErrDigits
		case !want.BigInt().IsInt64():
			because = ErrRange
		}
		if !errors.Is(err, because) || because == nil && v != want.IntPart() {
			t.Fatalf("%q with %d digits is %d (%v), want %s or %v", s, digits, v, err, want, because)
		}
	})
	for s, want := range map[string]error{
		"": ErrSyntax, "-": ErrSyntax, ".5": ErrSyntax, "5.": ErrSyntax, "+5": ErrSyntax, "--5": ErrSyntax, "1e3": ErrSyntax, "1.2.3": ErrSyntax, "٣": ErrSyntax,
		"9223372036854.775808": ErrRange, "-9223372036854.775809": ErrRange, "99999999999999999999999999": ErrRange, "0.0000001": ErrDigits,
		strings.Repeat("0", textMax+1): ErrRange,
	} {
		if v, err := parse(s, priceDigits); !errors.Is(err, want) {
			t.Errorf("%q is read as %d (%v), want %v", s, v, err, want)
		}
	}
	if v, err := parse("-9223372036854.775808", priceDigits); err != nil || v != math.MinInt64 {
		t.Errorf("the least number is %d (%v)", v, err)
	}
}

func BenchmarkNumbers(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if v, err := ParsePrice("60000.5"); err != nil || v.String() != "60000.5" {
			b.Fatal(v, err)
		}
	}
}
