package perp

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// An index is the sum of its steps, whatever their signs, also where one number of
// 64 bits would not hold it; and it says that sum as a decimal.
func TestFundingIndexAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var (
			i   FundingIndex
			sum big.Int
		)
		for _, step := range rapid.SliceOfN(rapid.Int64(), 0, 20).Draw(t, "steps") {
			i = i.Plus(step)
			sum.Add(&sum, big.NewInt(step))
			if i.Part < 0 || i.Part >= fundingOne {
				t.Fatalf("part %d", i.Part)
			}
		}
		got, _ := new(big.Rat).SetString(i.String())
		if want := new(big.Rat).SetFrac(&sum, big.NewInt(fundingOne)); got.Cmp(want) != 0 {
			t.Fatalf("says %s, want %s", i, want)
		}
	})
}

func TestFundingSaysDecimals(t *testing.T) {
	for want, got := range map[string]string{
		"0":                    FundingIndex{}.String(),
		"-0.000000000001":      FundingIndex{}.Plus(-1).String(),
		"9223373.036854775807": FundingIndex{Whole: 1}.Plus(9_223_372_036_854_775_807).String(),
		"-1.5":                 FundingIndex{Whole: -2, Part: 500_000_000_000}.String(),
		"0.000012500001":       FundingRate(12_500_001).String(),
		"-0.03":                FundingRate(-30_000_000_000).String(),
	} {
		if got != want {
			t.Errorf("says %s, want %s", got, want)
		}
	}
}
