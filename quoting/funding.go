package quoting

import "backstop/perp"

// Scales of funding.
const (
	dayNanos      = 24 * 3600 * perp.Second
	fundingBeat   = perp.Second                 // shortest time that funding is accrued over
	ratesPerRatio = perp.FundingRate(1_000_000) // a Ratio in the finer unit of rates
	fundingLate   = 10 * perp.Second            // longest: while nothing ran, nobody could react
)

// Funding is what the maker remembers of it.
type Funding struct {
	Premium int64      // slow average of (quote mid - oracle)/oracle in 1e-9
	Last    perp.Time  // when it last accrued
	Owed    perp.Money // what the maker accrued to pay and has not yet booked
	Booked  perp.Time  // when it was last booked
	Long    perp.Ratio // rates per day in force: what longs pay,
	Short   perp.Ratio // and what shorts receive
	Capped  bool

	LastRate perp.FundingRate // of longs, with the last booking
}

// Accrual is one step of the funding indexes, in 1e-12 quote per base unit:
// what a long pays and what a short receives.
type Accrual struct{ Long, Short int64 }

// Accrue lets funding run up to now, with the clients' long and short sums. It
// is called with every beat of the clock; while the market does not quote
// freely nothing accrues, because the premium means nothing then (vAMM
// reference §8 "Blocked if"). The maker's part never exceeds, over a booking
// period, a third of what it may spend: then the receiving side gets less.
func (m *Market) Accrue(now perp.Time, long, short perp.Size) Accrual {
	f, p := &m.Funding, &m.Params
	if p.FundingMax == 0 || now-f.Last < fundingBeat {
		return Accrual{}
	}
	dt := min(now-f.Last, fundingLate)
	fresh := f.Last == 0
	f.Last = now
	if fresh {
		f.Booked = now
	}
	if fresh || m.Phase != perp.Open && m.Phase != perp.WideSpread {
		f.Long, f.Short, f.Capped = 0, 0, false
		return Accrual{}
	}
	f.Premium = blend(f.Premium, m.premium(), decay(dt, p.FundingSpan))
	rate := perp.Clamp(perp.Ratio(f.Premium/(returnOne/int64(perp.RatioOne)))+p.FundingBase, -p.FundingMax, p.FundingMax)
	// price 1e-6 x rate 1e-6 is 1e-12 quote per base and day.
	step := mulDivSat(int64(m.Stats.Price)*int64(rate), int64(dt), int64(dayNanos))
	a := m.split(step, long, short, dt)
	f.Long, f.Short = rate, rate
	f.Capped = a.Long != a.Short
	if f.Capped {
		cut := func(v int64) perp.Ratio { return perp.Ratio(mulDivSat(int64(rate), abs(v), max(1, abs(step)))) }
		f.Long, f.Short = cut(a.Long), cut(a.Short)
	}
	return a
}

// premium is how far the middle of the offer lies from the oracle price, 1e-9.
func (m *Market) premium() int64 {
	ask, offered := m.Current().Best(perp.Buy)
	bid, wanted := m.Current().Best(perp.Sell)
	if !offered || !wanted || m.Stats.Price <= 0 {
		return m.Funding.Premium // one-sided: what is known stays
	}
	return mulDivSat(int64(ask.Price+bid.Price-2*m.Stats.Price), returnOne/2, int64(m.Stats.Price))
}

// split gives both sides the same step unless the maker would pay more than it
// may: then receivers share what payers pay and the maker's limit (§8).
func (m *Market) split(step int64, long, short perp.Size, dt perp.Time) Accrual {
	payers, receivers := long, short
	if step < 0 {
		payers, receivers = short, long
	}
	paid := abs(step)
	got := paid
	if receivers > payers {
		owed := perp.Money(mulDivSat(paid, int64(receivers-payers), 1_000_000_000_000_000)) + 1
		limit := m.fundingLimit(dt)
		if owed > limit {
			got = addSat(mulDivSat(paid, int64(payers), int64(receivers)),
				mulDivSat(int64(limit), 1_000_000_000_000_000, int64(receivers)))
			got, owed = min(got, paid), limit
		}
		m.Funding.Owed = perp.Add(m.Funding.Owed, owed)
	}
	if step < 0 {
		return Accrual{Long: -got, Short: -paid}
	}
	return Accrual{Long: paid, Short: got}
}

// fundingLimit is the part of a third of the free budget that belongs to dt.
func (m *Market) fundingLimit(dt perp.Time) perp.Money {
	free := max(0, perp.Sub(m.budget(), m.Funding.Owed)) / 3
	return perp.Money(mulDivSat(int64(free), int64(dt), int64(max(m.Params.FundingEvery, dt))))
}

// FundingDue tells whether funding is to be booked now. Periods stand on whole
// multiples of FundingEvery, so that clients know when.
func (m *Market) FundingDue(now perp.Time) bool {
	every := m.Params.FundingEvery
	return m.Params.FundingMax > 0 && m.Funding.Last > 0 && now/every > m.Funding.Booked/every
}

// FundingNext is when funding is booked next.
func (m *Market) FundingNext(now perp.Time) perp.Time {
	return (now/m.Params.FundingEvery + 1) * m.Params.FundingEvery
}

// FundingRate is a move of an index (1e-12 quote per base unit) as a part of the
// oracle price, cut off.
func (m *Market) FundingRate(moved int64) perp.FundingRate {
	return perp.FundingRate(mulDivSat(moved, int64(perp.PriceOne), int64(max(1, m.Stats.Price))))
}

// FundingTold is what clients are told of funding but for the indexes, whose move
// for longs since the last booking is given. What is expected counts on the rate in
// force for the rest of the time; where the market does not quote freely that is
// nothing. A market without funding says nothing.
func (m *Market) FundingTold(now perp.Time, moved int64) perp.Funding {
	f := &m.Funding
	if m.Params.FundingMax == 0 {
		return perp.Funding{}
	}
	if f.Last != 0 {
		now = f.Last // The clock is where funding has run up to, and what is due is booked with its next beat.
	}
	told := perp.Funding{Every: m.Params.FundingEvery, Next: m.FundingNext(now), Booked: f.LastRate}
	rest := mulDivSat(int64(f.Long)*int64(ratesPerRatio), int64(told.Next-now), int64(dayNanos))
	told.Expected = perp.FundingRate(addSat(int64(m.FundingRate(moved)), rest))
	return told
}

// FundingBooked takes the maker's part of a booking into its equity.
func (m *Market) FundingBooked(amount perp.Money, now perp.Time) {
	m.Funding.Owed, m.Funding.Booked = 0, now
	m.Equity = perp.Add(m.Equity, amount)
	m.Stats.Revenue = perp.Money(addSat(int64(m.Stats.Revenue), int64(amount)))
}
