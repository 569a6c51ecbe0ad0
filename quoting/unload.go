package quoting

import "backstop/perp"

// wishWait is how long an answer of the outside venue is waited for before the
// wish is made again.
const wishWait = 5 * perp.Second

// Improved is the price at which an order of a class deals on a level: better
// than published if it brings the maker closer to flat (vAMM reference §7,
// "Gateway"): by Improve of the way to the mid less MinHalf, rounded to the tick
// for the maker. A level that would turn the exposure around is left as it is,
// and so is every level for clients that pay for their toxicity.
func (m *Market) Improved(class perp.Class, side perp.Side, l perp.Level) perp.Price {
	p := &m.Params
	if p.Improve == 0 || p.Design != Full || class.Tier > perp.TierHeld || class.Surcharge > 0 || !m.Reduces(side) ||
		int64(l.Size) > abs(int64(m.exposure())) {
		return l.Price
	}
	goal := m.inner(side)
	way := perp.Price(side.Sign()) * (l.Price - goal)
	if way <= 0 {
		return l.Price
	}
	better := m.rounded(side, l.Price-perp.Price(side.Sign())*way.Of(p.Improve, perp.Floor))
	if side == perp.Buy {
		return min(better, l.Price)
	}
	return max(better, l.Price)
}

// inner is the best price at which the maker unloads: MinHalf from the mid and
// from the oracle price, whichever is further.
func (m *Market) inner(side perp.Side) perp.Price {
	mid := m.Curve.Price()
	half := mid.Of(m.Params.MinHalf, perp.Ceil)
	return m.floored(side, mid+perp.Price(side.Sign())*half)
}

// Unload is what a resting order of a side deals at once, at its own limit,
// although the quotes do not reach it: the maker has more than RestFrom of
// leverage to lay off, and the limit is no worse for it than the best price at
// which it unloads.
func (m *Market) Unload(side perp.Side, size perp.Size, limit perp.Price) (perp.Level, bool) {
	p := &m.Params
	if p.RestFrom == 0 || p.Design != Full || !m.Allows(OfferQuote) || m.Curve.L.IsZero() || !m.Reduces(side) || m.leverage() < p.RestFrom {
		return perp.Level{}, false
	}
	if inner := m.inner(side); limit <= 0 || (limit-inner)*perp.Price(side.Sign()) < 0 || !m.inBand(side, limit) {
		return perp.Level{}, false
	}
	most := min(size, perp.Abs(m.exposure()), m.room(side))
	n := m.lots(most)
	return perp.Level{Price: limit, Size: n}, n > 0
}

// Wants is how much the maker wishes to buy (or sell) at the outside venue now:
// above HedgeFrom of leverage, what brings it to HedgeTo. While a wish waits for
// its answer there is no other.
func (m *Market) Wants(now perp.Time) (perp.Size, bool) {
	p := &m.Params
	if p.HedgeFrom == 0 || m.wishing(now) {
		return 0, false
	}
	n := m.excess(p.HedgeFrom, p.HedgeTo)
	return n, n != 0
}

// wishing tells that a wish waits for its answer: what it asked for must not be
// dealt twice.
func (m *Market) wishing(now perp.Time) bool { return m.Wish != "" && now-m.Wished < wishWait }

// excess is what brings the maker from at least one leverage down to another, in
// whole lots; a purchase is positive. It is none while the price or the equity
// cannot be relied on.
func (m *Market) excess(from, to perp.Ratio) perp.Size {
	if m.leverage() < from || m.Stats.Price <= 0 || m.Phase < perp.Open || m.Phase > perp.ReduceOnly || m.Equity <= 0 {
		return 0
	}
	e := m.exposure()
	n := m.lots(perp.Size(max(0, abs(int64(e))-int64(m.afford(to)))))
	if e < 0 {
		n = -n
	}
	return n
}

// LaysOff is how much the maker wishes to buy (or sell) of liquidity providers now:
// above LayOffFrom of leverage, what brings it to LayOffTo. It is none while a wish
// waits for the answer of the outside venue.
func (m *Market) LaysOff(now perp.Time) perp.Size {
	p := &m.Params
	if p.LayOffFrom == 0 || p.Design != Full || m.Curve.L.IsZero() || m.wishing(now) {
		return 0
	}
	return m.excess(p.LayOffFrom, p.LayOffTo)
}

// LaidOff moves the reserves by a fill on a provider's quote. It is not flow that
// quotes follow: nobody came with it, the maker did.
func (m *Market) LaidOff(side perp.Side, size perp.Size, price perp.Price) {
	bought, sold := m.Stats.Bought, m.Stats.Sold
	m.Filled(side, size, price, 0)
	m.Stats.Bought, m.Stats.Sold = bought, sold
}

// Near tells whether a provider's price is close enough to the oracle price to be
// dealt on: one that the oracle has left, on either side, is nobody's.
func (m *Market) Near(price perp.Price) bool {
	o := m.Stats.Price
	return o > 0 && perp.Abs(price-o) <= o.Of(m.Params.LayOffWithin, perp.Floor)
}

// Wishes notes that a hedge was asked for.
func (m *Market) Wishes(key string, now perp.Time) { m.Wish, m.Wished = key, now }

// Hedge takes the venue's word in: the position there, and what was paid.
func (m *Market) Hedge(r perp.HedgeReport, paid perp.Money, debt perp.Money) {
	m.Hedged, m.VenueDebt = r.Position, debt
	m.Equity = perp.Add(m.Equity, paid)
	m.Stats.Revenue = perp.Money(addSat(int64(m.Stats.Revenue), int64(paid)))
	if r.Answers != "" && r.Answers == m.Wish {
		m.Wish = ""
	}
}
