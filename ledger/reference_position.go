package ledger

import "errors"

// The files reference_*.go are the position, settlement and bankruptcy rules of
// the vAMM reference (§8, §9, §11.7, §13) to the unit, so that they can be
// compared with its published numbers. The books do not call them: they keep
// claims instead of a signed quote amount, pay winners in proportion, and book
// every step of a loss (ARCHITECTURE.md says where and why they differ).

// errRefused is a change that the reference does not make.
var errRefused = errors.New("refused by the reference")

// refPosition is one client's position; quote, entry and break-even are cash,
// negative for a long.
type refPosition struct {
	Base       exact `json:"base"`
	Quote      exact `json:"quote"`
	Entry      exact `json:"entry"`
	BreakEven  exact `json:"break_even"`
	Index      exact `json:"last_cumulative_funding_rate"`
	Settled    exact `json:"settled_pnl"`
	OpenOrders exact `json:"open_orders"`
	OpenBids   exact `json:"open_bids"`
	OpenAsks   exact `json:"open_asks"`
}

// refMarket is what these rules read and write of a market.
type refMarket struct {
	BaseReserve      exact  `json:"base_asset_reserve"`
	QuoteReserve     exact  `json:"quote_asset_reserve"`
	Peg              exact  `json:"peg_multiplier"`
	Users            exact  `json:"base_asset_amount_with_amm"` // net position of all users
	Longs            exact  `json:"base_asset_amount_long"`
	Shorts           exact  `json:"base_asset_amount_short"` // not positive
	Quote            exact  `json:"quote_asset_amount"`      // sum over all users
	EntryLong        exact  `json:"quote_entry_amount_long"`
	EntryShort       exact  `json:"quote_entry_amount_short"`
	BreakEvenLong    exact  `json:"quote_break_even_amount_long"`
	BreakEvenShort   exact  `json:"quote_break_even_amount_short"`
	IndexLong        exact  `json:"cumulative_funding_rate_long"`
	IndexShort       exact  `json:"cumulative_funding_rate_short"`
	UnsettledFunding exact  `json:"net_unsettled_funding_pnl"`
	Holders          exact  `json:"number_of_users"`
	HoldersWithBase  exact  `json:"number_of_users_with_base"`
	Step             exact  `json:"order_step_size"`
	Equity           exact  `json:"total_fee_minus_distributions"`
	ExchangeFees     exact  `json:"total_exchange_fee"`
	LiquidationFees  exact  `json:"total_liquidation_fee"`
	Withdrawn        exact  `json:"total_fee_withdrawn"`
	PeriodRevenue    exact  `json:"net_revenue_since_last_funding"`
	SocialLoss       exact  `json:"total_social_loss"`
	FeePool          exact  `json:"fee_pool"`
	PnlPool          exact  `json:"pnl_pool"`
	MaxInsurance     exact  `json:"quote_max_insurance"`
	SettledInsurance exact  `json:"quote_settled_insurance"`
	MaxRevenue       exact  `json:"max_revenue_withdraw_per_period"`
	RevenueDrawn     exact  `json:"revenue_withdraw_since_last_settle"`
	RevenueTime      exact  `json:"last_revenue_withdraw_ts"`
	OracleTwap5      exact  `json:"last_oracle_price_twap_5min"`
	MarkDeviation    exact  `json:"mark_std"`
	OracleDeviation  exact  `json:"oracle_std"`
	CurveIntensity   exact  `json:"curve_update_intensity"`
	UpdateSlot       exact  `json:"last_update_slot"`
	Paused           exact  `json:"paused_operations"` // one bit each (§13)
	OracleValid      bool   `json:"last_oracle_valid"`
	Status           string `json:"status"`
	Tier             string `json:"contract_tier"`
}

// refReserve is one unit of base, 1e9; refRateToCash takes a funding rate (1e9)
// times base (1e9) to cash (1e6): 1e12 (§8).
var (
	refReserve    = exactly(1_000_000_000)
	refRateToCash = exactly(1_000_000_000_000)
	refPercent    = exactly(1_000_000) // 100 %, and one quote
)

// paused tells whether one of the market's operations is switched off.
func (m *refMarket) paused(bit uint) bool { return m.Paused.int().Bit(int(bit)) == 1 }

// index is the cumulative funding of the side that a base is on.
func (m *refMarket) index(base exact) exact {
	if base.sign() > 0 {
		return m.IndexLong
	}
	return m.IndexShort
}

// side returns the market's sums for the side that a base is on.
func (m *refMarket) side(base exact) (size, entry, breakEven *exact) {
	if base.sign() > 0 {
		return &m.Longs, &m.EntryLong, &m.BreakEvenLong
	}
	return &m.Shorts, &m.EntryShort, &m.BreakEvenShort
}

// shift adds to the sums of one side.
func (m *refMarket) shift(base, size, entry, breakEven exact) {
	s, e, b := m.side(base)
	*s, *e, *b = s.plus(size), e.plus(entry), b.plus(breakEven)
}

// price of the part of the position that a cash stands for; 0 without position.
func (p refPosition) price(cash exact) exact {
	if p.Base.sign() == 0 {
		return exact{}
	}
	return cash.neg().times(refReserve).over(p.Base)
}

// worth is the unrealised P&L at a price, all of quote included (§9.1).
func (p refPosition) worth(price exact) exact {
	return p.Base.times(price).over(refReserve).plus(p.Quote)
}

// trade applies a fill, or, without base, a bare movement of cash, and returns
// what it realises (§9.1). It refuses a position whose funding has not been
// settled, or that is no whole number of steps.
func (m *refMarket) trade(p *refPosition, base, quote exact) (exact, error) {
	if base.sign() == 0 {
		m.move(p, quote)
		return quote, nil
	}
	if p.Base.sign() != 0 {
		stale := !p.Index.equal(m.index(p.Base))
		uneven := m.Step.sign() > 0 && !p.Base.over(m.Step).times(m.Step).equal(p.Base)
		if stale || uneven {
			return exact{}, errRefused
		}
	}
	old, next := *p, *p
	next.Base, next.Quote = p.Base.plus(base), p.Quote.plus(quote)
	m.Quote = m.Quote.plus(quote)
	var realised exact
	switch {
	case old.Base.sign() == 0 || old.Base.sign() == base.sign():
		m.grow(old, &next, quote)
	case next.Base.sign() == 0 || next.Base.sign() == old.Base.sign():
		m.shrink(old, &next, base)
		realised = old.Entry.minus(next.Entry).plus(quote)
	default:
		m.flip(old, &next, base, quote)
		realised = old.Entry.plus(quote).minus(next.Entry)
	}
	*p = next
	return realised, nil
}

// grow opens or increases: the cash joins entry and break-even.
func (m *refMarket) grow(old refPosition, next *refPosition, quote exact) {
	if old.Base.sign() == 0 {
		if old.Quote.sign() == 0 {
			m.Holders = m.Holders.plus(exactly(1))
		}
		m.HoldersWithBase = m.HoldersWithBase.plus(exactly(1))
	}
	next.Entry, next.BreakEven = old.Entry.plus(quote), old.BreakEven.plus(quote)
	next.Index = m.index(next.Base)
	m.shift(next.Base, next.Base.minus(old.Base), quote, quote)
}

// shrink reduces or closes: a share of entry and break-even leaves, truncated.
func (m *refMarket) shrink(old refPosition, next *refPosition, base exact) {
	next.Entry = old.Entry.minus(old.Entry.part(base, old.Base))
	next.BreakEven = old.BreakEven.minus(old.BreakEven.part(base, old.Base))
	m.shift(old.Base, base, next.Entry.minus(old.Entry), next.BreakEven.minus(old.BreakEven))
	if next.Base.sign() != 0 {
		return
	}
	next.Index = exact{}
	if next.Quote.sign() == 0 {
		m.leave()
	}
	m.HoldersWithBase = m.HoldersWithBase.minus(exactly(1)).notNegative()
}

// flip closes one side and opens the other with the rest of the cash.
func (m *refMarket) flip(old refPosition, next *refPosition, base, quote exact) {
	opened := quote.minus(quote.part(old.Base, base))
	next.Entry, next.BreakEven, next.Index = opened, opened, m.index(next.Base)
	m.shift(old.Base, old.Base.neg(), old.Entry.neg(), old.BreakEven.neg())
	m.shift(next.Base, next.Base, opened, opened)
}

// leave counts a holder off; the count stays at zero rather than go below.
func (m *refMarket) leave() { m.Holders = m.Holders.minus(exactly(1)).notNegative() }

// move changes a position's cash alone, and counts who has something here.
func (m *refMarket) move(p *refPosition, amount exact) {
	if amount.sign() == 0 {
		return
	}
	if p.Quote.sign() == 0 && p.Base.sign() == 0 {
		m.Holders = m.Holders.plus(exactly(1))
	}
	p.Quote, m.Quote = p.Quote.plus(amount), m.Quote.plus(amount)
	if p.Quote.sign() == 0 && p.Base.sign() == 0 {
		m.leave()
	}
}

// fund settles a position's funding and returns what it receives (pays, if
// negative): longs pay when their index rises, shorts receive (§8). It moves
// the break-even, not the entry.
func (m *refMarket) fund(p *refPosition) exact {
	if p.Base.sign() == 0 {
		return exact{}
	}
	rate := m.index(p.Base).minus(p.Index)
	if rate.sign() == 0 {
		return exact{}
	}
	paid := rate.abs().times(p.Base.abs()).over(refRateToCash)
	if rate.sign() == p.Base.sign() {
		paid = paid.neg()
	}
	p.Index = m.index(p.Base)
	m.move(p, paid)
	p.BreakEven = p.BreakEven.plus(paid)
	m.shift(p.Base, exact{}, exact{}, paid)
	m.UnsettledFunding = m.UnsettledFunding.minus(paid)
	return paid
}
