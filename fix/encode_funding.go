package fix

import (
	"strconv"

	"backstop/perp"
)

// funding adds what VAMM1 says about the funding of a market; nothing if it has
// none.
func (b *body) funding(f perp.Funding) *body {
	if f.Every == 0 {
		return b
	}
	b.add(22020, f.Booked.String()).interval(f.Every).time(22022, f.Next).add(22023, f.Expected.String())
	return b.indexes(f.Long, f.Short)
}

// funded adds what VAMM1 says about a booking, from which a client can work out
// the payment: the rate of its side, and where the indexes stand.
func (b *body) funded(f perp.FundingPaid) *body {
	return b.add(22020, f.Booked.String()).interval(f.Every).indexes(f.Long, f.Short)
}

func (b *body) interval(every perp.Time) *body {
	return b.add(22021, strconv.FormatInt(int64(every/perp.Second), 10))
}

func (b *body) indexes(long, short perp.FundingIndex) *body {
	return b.add(22024, long.String()).add(22025, short.String())
}
