package fix

import (
	"strconv"

	"backstop/perp"
)

// funding adds what VAMM1 says about the funding of a market; nothing if it has
// none.
func (b *body) funding(f perp.Funding) *body {
	b.pairs = append(b.pairs, fundingPairs(f)...)
	return b
}

// fundingPairs are the same as members of a group.
func fundingPairs(f perp.Funding) []pair {
	if f.Every == 0 {
		return nil
	}
	return []pair{
		{22020, f.Booked.String()}, {22021, seconds(f.Every)}, {22022, stamp(f.Next)}, {22023, f.Expected.String()},
		{22024, f.Long.String()}, {22025, f.Short.String()},
	}
}

// funded adds what VAMM1 says about a booking, from which a client can work out
// the payment: the rate of its side, and where the indexes stand.
func (b *body) funded(f perp.FundingPaid) *body {
	b.add(22020, f.Booked.String()).add(22021, seconds(f.Every))
	return b.add(22024, f.Long.String()).add(22025, f.Short.String())
}

func seconds(every perp.Time) string { return strconv.FormatInt(int64(every/perp.Second), 10) }
