package perp

import "github.com/shopspring/decimal"

// FundingRate is what a base unit pays as a part of the oracle price, in 1e-12:
// what a second costs is far below the smallest Ratio.
type FundingRate int64

// FundingIndex is what a base unit has paid since its market was listed, in quote:
// Whole units and Part in 1e-12. It only ever adds up, over years and at any price,
// so that one number would not hold it.
type FundingIndex struct {
	Whole int64
	Part  int64 // from zero to below one unit, also when Whole is negative
}

// Funding is what a market says of it. Positive: longs pay, shorts receive. The two
// sides differ when the maker could not pay all that receivers were due.
type Funding struct {
	Every    Time         // between bookings; zero: the market has no funding, and nothing else is set
	Next     Time         // when it is booked next; it may be booked earlier
	Booked   FundingRate  // what longs paid with the last booking; zero before the first
	Expected FundingRate  // what they pay with the next one if the rate in force stays
	Long     FundingIndex // what a long has paid,
	Short    FundingIndex // and what a short has received
}

const (
	fundingDigits = 12
	fundingOne    = 1_000_000_000_000 // a unit of quote in the unit of an index
)

// Plus is the index after a step in 1e-12 quote.
func (i FundingIndex) Plus(step int64) FundingIndex {
	i.Whole, i.Part = Add(i.Whole, step/fundingOne), i.Part+step%fundingOne
	switch {
	case i.Part < 0:
		i.Whole, i.Part = Sub(i.Whole, 1), i.Part+fundingOne
	case i.Part >= fundingOne:
		i.Whole, i.Part = Add(i.Whole, 1), i.Part-fundingOne
	}
	return i
}

// String prints the exact decimal without trailing zeros.
func (i FundingIndex) String() string {
	return decimal.NewFromInt(i.Whole).Add(decimal.New(i.Part, -fundingDigits)).String()
}

// String prints the exact decimal without trailing zeros.
func (r FundingRate) String() string { return text(int64(r), fundingDigits) }
