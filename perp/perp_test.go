package perp

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Int64().Draw(t, "v")
		if got, err := ParsePrice(Price(v).String()); err != nil || got != Price(v) {
			t.Fatalf("price %d: %v %v", v, got, err)
		}
		if got, err := ParseSize(Size(v).String()); err != nil || got != Size(v) {
			t.Fatalf("size %d: %v %v", v, got, err)
		}
	})
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		text string
		want error
	}{
		{"1.2345678", ErrDigits},
		{"0.00000001", ErrDigits},
		{"", ErrSyntax},
		{".5", ErrSyntax},
		{"5.", ErrSyntax},
		{"+5", ErrSyntax},
		{"1e5", ErrSyntax},
		{"NaN", ErrSyntax},
		{"1 ", ErrSyntax},
		{"--1", ErrSyntax},
		{"9223372036855", ErrRange},
		{strings.Repeat("9", 5000), ErrRange},
	} {
		if _, err := ParsePrice(c.text); !errors.Is(err, c.want) {
			t.Errorf("ParsePrice(%.20q) = %v, want %v", c.text, err, c.want)
		}
	}
}

func TestOverflowIsFault(t *testing.T) {
	for name, f := range map[string]func(){
		"add":     func() { Add(int64(math.MaxInt64), 1) },
		"sub":     func() { Sub(int64(math.MinInt64), 1) },
		"abs":     func() { Abs(Money(math.MinInt64)) },
		"muldiv":  func() { MulDiv(math.MaxInt64, 3, 2, Floor) },
		"zero":    func() { MulDiv(1, 1, 0, Floor) },
		"average": func() { Wide{Hi: 5}.Average(4) },
		"wide":    func() { Wide{Hi: math.MaxUint64, Lo: math.MaxUint64}.Plus(1, 1) },
	} {
		func() {
			defer func() {
				if _, ok := recover().(Fault); !ok {
					t.Errorf("%s: no Fault", name)
				}
			}()
			f()
		}()
	}
}

func TestMulDivRounds(t *testing.T) {
	for _, c := range []struct {
		a, b, c int64
		r       Rounding
		want    int64
	}{
		{7, 1, 2, Floor, 3}, {7, 1, 2, Ceil, 4}, {7, 1, 2, Trunc, 3},
		{-7, 1, 2, Floor, -4}, {-7, 1, 2, Ceil, -3}, {-7, 1, 2, Trunc, -3},
		{-7, -1, 2, Floor, 3}, {7, 1, -2, Floor, -4}, {6, 1, 2, Ceil, 3}, {-6, 1, 2, Floor, -3},
		{math.MaxInt64, math.MaxInt64, math.MaxInt64, Trunc, math.MaxInt64},
	} {
		if got := MulDiv(c.a, c.b, c.c, c.r); got != c.want {
			t.Errorf("MulDiv(%d,%d,%d,%d) = %d, want %d", c.a, c.b, c.c, c.r, got, c.want)
		}
	}
}

func TestAverageOfFills(t *testing.T) {
	w := Wide{}.Plus(100*PriceOne, SizeOne).Plus(101*PriceOne, SizeOne)
	if got := w.Average(2 * SizeOne); got != 100_500_000 {
		t.Errorf("average %s, want 100.5", got)
	}
}

func TestNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rejects() {
		if n := r.String(); n == "" || n == "?" || seen[n] {
			t.Errorf("reject %d has the name %q", r, n)
		}
		seen[r.String()] = true
	}
	if len(rejectNames) != int(rejectEnd) {
		t.Errorf("%d names for %d rejects", len(rejectNames), rejectEnd)
	}
}

func TestWorseFollowsPrecedence(t *testing.T) {
	ok, late, early := Verdict{}, Verdict{Reject: BadTick}, Verdict{Reject: UnknownSymbol}
	if got := ok.Worse(late).Worse(early).Worse(late).Worse(ok); got != early {
		t.Errorf("got %v", got.Reject)
	}
}

func TestQuoteID(t *testing.T) {
	for _, c := range []struct {
		side  Side
		level int
		want  string
	}{{Buy, 0, "Q771A"}, {Sell, 0, "Q771B"}, {Buy, 2, "Q771A.2"}} {
		if got := QuoteID(771, c.side, c.level); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
