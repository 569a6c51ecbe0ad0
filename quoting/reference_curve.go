package quoting

import "errors"

// Reference is a market of the reference vAMM with its own units, roundings
// and quirks (vAMM reference §1 to §6). The product deviates where the
// reference says "improve"; this is what it is measured against, with the
// published vectors as witnesses. All integers: reserves 1e9, else 1e6.
type Reference struct {
	Base            num  `json:"base_asset_reserve"`
	Quote           num  `json:"quote_asset_reserve"`
	L               num  `json:"sqrt_k"`
	Peg             num  `json:"peg_multiplier"`
	TerminalQuote   num  `json:"terminal_quote_asset_reserve"`
	MinBase         num  `json:"min_base_asset_reserve"`
	MaxBase         num  `json:"max_base_asset_reserve"`
	Concentration   num  `json:"concentration_coef"`
	Users           num  `json:"base_asset_amount_with_amm"`
	Equity          num  `json:"total_fee_minus_distributions"`
	Fees            num  `json:"total_exchange_fee"`
	Withdrawn       num  `json:"total_fee_withdrawn"`
	LiquidationFees num  `json:"total_liquidation_fee"`
	Revenue         num  `json:"net_revenue_since_last_funding"`
	MMFee           num  `json:"total_mm_fee"`
	BaseSpread      num  `json:"base_spread"`
	MaxSpread       num  `json:"max_spread"`
	LongSpread      num  `json:"long_spread"`
	ShortSpread     num  `json:"short_spread"`
	AskBase         num  `json:"ask_base_asset_reserve"`
	AskQuote        num  `json:"ask_quote_asset_reserve"`
	BidBase         num  `json:"bid_base_asset_reserve"`
	BidQuote        num  `json:"bid_quote_asset_reserve"`
	Intensity       num  `json:"curve_update_intensity"`
	InventoryAdjust num  `json:"amm_inventory_spread_adjustment"`
	SpreadAdjust    num  `json:"amm_spread_adjustment"`
	Offset          num  `json:"reference_price_offset"`
	Deadband        num  `json:"reference_price_offset_deadband_pct"`
	Funding24h      num  `json:"last_24h_avg_funding_rate"`
	FundingPeriod   num  `json:"funding_period"`
	Gap             num  `json:"last_oracle_reserve_price_spread_pct"`
	ConfPct         num  `json:"last_oracle_conf_pct"`
	MarkStd         num  `json:"mark_std"`
	OracleStd       num  `json:"oracle_std"`
	LongVolume      num  `json:"long_intensity_volume"`
	ShortVolume     num  `json:"short_intensity_volume"`
	Volume24h       num  `json:"volume_24h"`
	MinOrder        num  `json:"min_order_size"`
	LastPrice       num  `json:"last_oracle_price"`
	LastConf        num  `json:"last_oracle_conf"`
	LastDelay       num  `json:"last_oracle_delay"`
	Normalised      num  `json:"last_oracle_normalised_price"`
	OracleTwap      num  `json:"last_oracle_price_twap"`
	OracleTwap5     num  `json:"last_oracle_price_twap_5min"`
	OracleTwapTime  num  `json:"last_oracle_price_twap_ts"`
	MarkTwap        num  `json:"last_mark_price_twap"`
	MarkTwap5       num  `json:"last_mark_price_twap_5min"`
	MarkTwapTime    num  `json:"last_mark_price_twap_ts"`
	UpdateSlot      num  `json:"last_update_slot"`
	OracleValid     bool `json:"last_oracle_valid"`
	KFixed          bool `json:"disable_formulaic_k"`
	StableQuote     bool `json:"stable_quote_oracle"`
	Status          string
	Tier            string `json:"contract_tier"`
	Contract        string `json:"contract_type"`
	ImmediateDelay  num    `json:"oracle_slot_delay_override"`
	LowRiskDelay    num    `json:"oracle_low_risk_slot_delay_override"`
	MMPrice         num    `json:"mm_oracle_price"`
	MMSlot          num    `json:"mm_oracle_slot"`
	MMSequence      num    `json:"mm_oracle_sequence_id"`
	Tick            num    `json:"order_tick_size"`
	Step            num    `json:"order_step_size"`
	Jit             num    `json:"amm_jit_intensity"`
	Paused          num    `json:"paused_operations"` // one bit each (§13)
	BidTwap         num    `json:"last_bid_price_twap"`
	AskTwap         num    `json:"last_ask_price_twap"`
	Unsettled       num    `json:"base_asset_amount_with_unsettled_lp"`
	Longs           num    `json:"base_asset_amount_long"`
	Shorts          num    `json:"base_asset_amount_short"`
	TotalFee        num    `json:"total_fee"`
	Rate            num    `json:"last_funding_rate"`
	RateLong        num    `json:"last_funding_rate_long"`
	RateShort       num    `json:"last_funding_rate_short"`
	IndexLong       num    `json:"cumulative_funding_rate_long"`
	IndexShort      num    `json:"cumulative_funding_rate_short"`
	FundingTime     num    `json:"last_funding_rate_ts"`
	FundingTwap     num    `json:"last_funding_oracle_twap"`
	UnsettledRate   num    `json:"net_unsettled_funding_pnl"`
}

// errReference is a change that the reference refuses.
var errReference = errors.New("refused by the reference")

const (
	refReserve = 1_000_000_000
	refPrice   = 1_000_000
)

// refMaxL is the largest L that is raised to, 1e21.
func refMaxL() num { return n64(refReserve).times(refReserve).times(1000) }

// price is the reserve price q*g/b.
func (m *Reference) price() num { return m.Quote.mul(m.Peg).div(m.Base) }

// terminal returns the reserves after every user has closed.
func (m *Reference) terminal() (base, quote num) {
	base = m.Base.add(m.Users)
	return base, m.L.mul(m.L).div(base)
}

// depth is what users may still buy (bids) and sell (asks, negative).
func (m *Reference) depth() (bids, asks num) {
	return most(n64(0), m.Base.sub(m.MinBase)), least(n64(0), m.Base.sub(m.MaxBase))
}

// settleBounds recomputes the terminal quote reserve and the depth limits.
func (m *Reference) settleBounds() {
	base, quote := m.terminal()
	m.TerminalQuote = quote
	if m.Concentration.sign() != 0 {
		m.MinBase = base.times(refPrice).div(m.Concentration)
		m.MaxBase = base.mul(m.Concentration).over(refPrice)
	}
}

// concentrate sets the concentration from a scale; refused unless the users'
// position lies strictly inside the new bounds.
func (m *Reference) concentrate(scale num) error {
	if scale.sign() <= 0 {
		return errReference
	}
	next := *m
	next.Concentration = n64(414_200).div(scale).plus(refPrice)
	if next.Concentration.cmp(n64(refPrice)) <= 0 {
		return errReference
	}
	next.settleBounds()
	if next.TerminalQuote.cmp(m.TerminalQuote) != 0 {
		return errReference
	}
	next.updateSpreads(next.price(), next.UpdateSlot)
	if bids, asks := next.depth(); !bids.gt(m.Users) || !asks.lt(m.Users) {
		return errReference
	}
	*m = next
	return nil
}

// swapCash is the quote of a user's trade of n at a point of the curve (§2).
func (m *Reference) swapCash(base, quote, n num, buy bool) num {
	if buy {
		after := m.L.mul(m.L).div(base.sub(n))
		return after.sub(quote).plus(1).mul(m.Peg).over(refReserve).plus(1)
	}
	after := m.L.mul(m.L).div(base.add(n))
	return quote.sub(after).mul(m.Peg).over(refReserve)
}

// swap prices a trade at the spread reserves; with apply it moves the mid ones. Who holds the position
// is booked elsewhere, so Users stays.
func (m *Reference) swap(n num, buy, apply bool) (quote, surplus num) {
	base, q := m.BidBase, m.BidQuote
	if buy {
		base, q = m.AskBase, m.AskQuote
	}
	quote = m.swapCash(base, q, n, buy)
	next := m.Base.add(n)
	if buy {
		next = m.Base.sub(n)
	}
	nextQuote := m.L.mul(m.L).div(next)
	mid := nextQuote.sub(m.Quote).abs().mul(m.Peg).over(refReserve)
	if buy {
		mid = mid.plus(1)
	}
	surplus = quote.sub(mid).abs()
	if apply {
		m.Base, m.Quote = next, nextQuote
		m.MMFee, m.Equity = m.MMFee.add(surplus), m.Equity.add(surplus)
		m.Revenue = m.Revenue.add(surplus)
		m.setSpreadReserves()
	}
	return quote, surplus
}

// closing is the cash of closing the users' position along the mid curve.
func (m *Reference) closing() num {
	if m.Users.sign() > 0 {
		return m.swapCash(m.Base, m.Quote, m.Users, false)
	}
	if m.Users.sign() < 0 {
		return m.swapCash(m.Base, m.Quote, m.Users.abs(), true).neg()
	}
	return n64(0)
}

// spreadReserves is the point of the curve on which a side executes (§2).
func (m *Reference) spreadReserves(buy bool) (base, quote num) {
	s := m.Offset.sub(m.ShortSpread)
	if buy {
		s = m.Offset.add(m.LongSpread)
	}
	quote = m.Quote
	if s.abs().gt(n64(1)) {
		quote = quote.add(m.Quote.div(n64(refPrice).div(s.over(2))))
	}
	if m.Contract == "Prediction" {
		lo, hi := m.predictionBounds(buy)
		quote = clamp(quote, lo, hi)
	}
	return m.L.mul(m.L).div(quote), quote
}

// predictionBounds keep the price of a prediction market within 0..1: asks from
// 0.05, bids up to 0.95. With q*q = L*L*price/peg the bound is L times a root,
// which the reference rounds up twice and takes to five digits.
func (m *Reference) predictionBounds(buy bool) (lo, hi num) {
	root := m.Peg.times(refPrice).plus(1).root().plus(1)
	bound := func(share int64) num { return m.L.times(share).mul(root).over(100_000).div(m.Peg) }
	if buy {
		return bound(22_361), m.L.mul(root).div(m.Peg)
	}
	return n64(0), bound(97_467)
}

// setSpreadReserves stores both points. Without an offset neither reserve may
// lie on the wrong side of the mid one, each for itself.
func (m *Reference) setSpreadReserves() {
	m.AskBase, m.AskQuote = m.spreadReserves(true)
	m.BidBase, m.BidQuote = m.spreadReserves(false)
	if m.Offset.sign() == 0 {
		m.AskBase, m.AskQuote = least(m.AskBase, m.Base), most(m.AskQuote, m.Quote)
		m.BidBase, m.BidQuote = most(m.BidBase, m.Base), least(m.BidQuote, m.Quote)
	}
}

// bidAsk is what the reference displays; it executes elsewhere (§2 flaw b).
func (m *Reference) bidAsk() (bid, ask num) {
	p := m.price()
	bid = p.mul(n64(refPrice).sub(m.ShortSpread).add(m.Offset)).over(refPrice)
	ask = p.mul(n64(refPrice).add(m.LongSpread).add(m.Offset)).over(refPrice)
	return bid, ask
}

// scaled is the market with another L and, to rounding, the same mid (§3.4).
func (m *Reference) scaled(l num, bound bool) (Reference, error) {
	next := *m
	ratio := l.times(refReserve).div(m.L)
	if bound && ratio.lt(n64(refReserve/2)) {
		return next, errReference
	}
	if ratio.lt(n64(refReserve)) {
		ratio = ratio.plus(1)
	}
	if !ratio.lt(n64(refReserve)) && l.gt(refMaxL()) {
		return next, errReference
	}
	if l.lt(m.L) && l.lt(m.Users.abs()) && m.Status != "ReduceOnly" {
		return next, errReference
	}
	next.L = l
	next.Base = m.Base.mul(ratio).over(refReserve)
	next.Quote = l.mul(l).div(next.Base)
	next.settleBounds()
	return next, nil
}

// scaleCost is what a change of L costs the maker (§3.4).
func (m *Reference) scaleCost(l num, bound bool) (num, error) {
	next, err := m.scaled(l, bound)
	if err != nil {
		return num{}, err
	}
	return next.closing().sub(m.closing()), nil
}

// adopt takes L, reserves and bounds of another state of the market, and
// computes the spreads against the peg that still stands (§15.10). No time has
// passed, so the offset moves by its smallest step.
func (m *Reference) adopt(next *Reference) {
	m.L, m.Base, m.Quote = next.L, next.Base, next.Quote
	m.settleBounds()
	m.updateSpreads(m.price(), m.UpdateSlot)
}

// recenterAt makes the terminal reserves balanced at another peg and L.
func (m *Reference) recenterAt(peg, l num) {
	m.Peg, m.L = peg, l
	m.Base = l.sub(m.Users)
	m.Quote = l.mul(l).div(m.Base)
	m.settleBounds()
	m.updateSpreads(m.price(), m.UpdateSlot)
}

// budgetedScale is the change of L that costs a given amount of cash, as a
// fraction of a million (§3.4). Refused where no positive scale costs that.
func budgetedScale(x, y, budget, peg, users, upper, lower num) (num, error) {
	c := budget.neg()
	sc, su := int64(-1), int64(-1)
	if c.sign() > 0 {
		sc = 1
	}
	if users.sign() > 0 {
		su = 1
	}
	u := users.abs()
	end := x.add(users)
	big := x.mul(end).over(refReserve).mul(c.abs()).over(refPrice)
	own := y.mul(u).over(refReserve).mul(u).over(refReserve).mul(peg).over(refPrice)
	shift := c.abs().mul(end).over(refPrice).mul(u).over(refReserve)
	if sc < 0 && big.gt(own) {
		return upper, nil
	}
	over := own.sub(shift.times(sc * su)).over(1000)
	under := own.add(big.times(sc)).over(1000)
	if over.sign() < 0 && under.sign() < 0 {
		over, under = over.neg(), under.neg()
	}
	if over.sign() <= 0 || under.sign() <= 0 {
		return num{}, errReference
	}
	if over.gt(under) {
		return least(over.times(refPrice).div(under), upper), nil
	}
	return most(over.times(refPrice).div(under), lower), nil
}
