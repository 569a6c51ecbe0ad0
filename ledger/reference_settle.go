package ledger

// Bits of a market's paused operations that these rules obey (§13).
const (
	refPauseSettle         = 3 // 8: settle
	refPauseSettleWithBase = 4 // 16: settle with a position
	refPauseRevenue        = 7 // 128: revenue pool
)

// refCushion is what a market keeps before it shares revenue: 250 quote (§9.3).
var refCushion = exactly(250_000_000)

// refUser is the rest of an account: its collateral and what it ever settled.
type refUser struct {
	Deposit exact `json:"deposit"`
	Settled exact `json:"settled_perp_pnl"`
}

// refRevenue is the revenue pool that all markets share, and when it was last
// paid out to the insurance.
type refRevenue struct {
	Pool exact `json:"revenue_pool"`
	Time exact `json:"last_revenue_settle_ts"`
}

// netUserPnl is what all users together are owed at a price (§9.2).
func (m *refMarket) netUserPnl(price exact) (exact, error) {
	if price.sign() <= 0 {
		return exact{}, errRefused
	}
	return m.Users.times(price).over(refReserve).plus(m.Quote).plus(m.UnsettledFunding), nil
}

// expiryPrice is the price at which cash covers all claims, or target if that is
// worse for the users, and one unit further in the maker's favour (§13). Less
// than one step of net position counts as none.
func (m *refMarket) expiryPrice(target, cash exact) exact {
	if m.Users.sign() == 0 || m.Users.abs().cmp(m.Step) < 0 {
		return target
	}
	best := m.Quote.minus(cash).times(refReserve).over(m.Users).neg()
	if m.Users.sign() > 0 {
		return best.atMost(target).minus(exactly(1))
	}
	return best.atLeast(target).plus(exactly(1))
}

// reserved is the fee money that is never spent on prices: half of the exchange
// fees and all liquidation fees, less what was withdrawn (§3.1).
func (m *refMarket) reserved() exact {
	return m.ExchangeFees.over(exactly(2)).plus(m.LiquidationFees).minus(m.Withdrawn)
}

// excess is what the pool has beyond what users are owed together: a fifth of
// the fee pool counts as available (§9.3).
func (m *refMarket) excess(price exact) (exact, error) {
	net, err := m.netUserPnl(price)
	if err != nil {
		return exact{}, err
	}
	available := m.PnlPool.plus(m.FeePool.over(exactly(5)))
	if net.cmp(available) >= 0 {
		return exact{}, nil
	}
	return available.minus(net.notNegative()), nil
}

// claim is what a position may settle at a price: a loss whole, a profit as far
// as it is realised or the pool has an excess (§9.3).
func (p refPosition) claim(price, excess exact) exact {
	pnl := p.worth(price)
	if pnl.sign() <= 0 {
		return pnl
	}
	return pnl.atMost(p.Quote.minus(p.Entry).notNegative().plus(excess))
}

// outOfBand tells whether the mid or the oracle, whichever is further off, lies
// further from the 5-minute average than configured, or than a tenth if that is
// more, as a part of itself (§6.4).
func (m *refMarket) outOfBand(price, configured exact) bool {
	mid := m.QuoteReserve.times(m.Peg).over(m.BaseReserve)
	off := func(x exact) exact { return x.minus(m.OracleTwap5).times(refPercent).over(x).abs() }
	return off(mid).atLeast(off(price)).cmp(configured.atLeast(exactly(100_000))) > 0
}

// calm is the guard for settling on an oracle that the curve has not followed:
// near its 5-minute average and with small deviations, by tier (§6.4).
func (m *refMarket) calm(price exact) bool {
	near, spread := exactly(25_000), exactly(100_000)
	switch m.Tier {
	case "A", "B":
		near, spread = exactly(5_000), exactly(20_000)
	case "C":
		near, spread = exactly(10_000), exactly(50_000)
	}
	low := price.atMost(m.OracleTwap5)
	off := price.minus(m.OracleTwap5).abs().times(refPercent).over(low.atLeast(exactly(1)))
	return off.cmp(near) < 0 && m.MarkDeviation.atLeast(m.OracleDeviation).cmp(low.times(spread).over(refPercent)) < 0
}

// maySettle tells whether the market settles at all (§6.4, §9.3, §13).
func (m *refMarket) maySettle(c *refSettle) bool {
	open, price := c.Position.Base.sign() != 0, c.Price
	switch {
	case price.sign() <= 0 || m.BaseReserve.sign() <= 0 || m.QuoteReserve.times(m.Peg).cmp(m.BaseReserve) < 0:
		return false // no oracle price, or no mid
	case m.outOfBand(price, c.Band):
		return false
	case m.paused(refPauseSettle) || open && m.paused(refPauseSettleWithBase):
		return false
	case m.Status != "Active" && (open || m.Status != "ReduceOnly"):
		return false
	}
	fresh := m.OracleValid && c.Slot.equal(m.UpdateSlot)
	return m.CurveIntensity.sign() <= 0 || fresh || m.calm(price)
}

// refSettle is one call to settle a user.
type refSettle struct {
	Position   refPosition
	User       refUser
	Price      exact // oracle
	Band       exact // configured price band, 1e6; a tenth at least
	Slot, Time exact
	ByOther    bool // the caller is neither the user nor its delegate
}

// settle moves one user's P&L between its collateral and the pools (§9.3). It
// refuses when nothing would move, and a profit that somebody else asks for
// when the pool has no excess. A loser's maintenance margin is the caller's.
func (m *refMarket) settle(c *refSettle, spot *refRevenue) (moved exact, err error) {
	next, pool, p := *m, *spot, c.Position
	if !m.maySettle(c) {
		return exact{}, errRefused
	}
	next.fund(&p)
	excess, err := next.excess(c.Price)
	if err != nil {
		return exact{}, err
	}
	moved, err = next.balance(p.claim(c.Price, excess), &pool, c.Time)
	if err != nil {
		return exact{}, err
	}
	if moved.sign() == 0 || c.ByOther && moved.sign() > 0 && excess.sign() <= 0 {
		return exact{}, errRefused
	}
	next.move(&p, moved.neg())
	p.Settled = p.Settled.plus(moved)
	c.Position = p
	c.User.Deposit, c.User.Settled = c.User.Deposit.plus(moved), c.User.Settled.plus(moved)
	*m, *spot = next, pool
	return moved, nil
}

// balance brings the pools in order, then settles a user's P&L against them,
// and returns what the user gets (pays, if negative). What lending liquidity
// would forbid a loser to borrow is not modelled: there is no lending.
func (m *refMarket) balance(pnl exact, spot *refRevenue, now exact) (exact, error) {
	next, pool := *m, *spot
	full := next.returnFees()
	if err := next.topUp(); err != nil {
		return exact{}, err
	}
	if err := next.shareRevenue(&pool, now); err != nil {
		return exact{}, err
	}
	settled := pnl
	if pnl.sign() > 0 {
		settled = pnl.atMost(next.PnlPool)
	}
	fee := exact{}
	if !full && settled.sign() < 0 {
		fee = settled.neg().over(exactly(100))
	}
	next.FeePool = next.FeePool.plus(fee)
	next.PnlPool = next.PnlPool.minus(settled).minus(fee)
	*m, *spot = next, pool
	return settled, nil
}

// returnFees gives back to the P&L pool what the fee pool holds beyond the
// maker's equity and liquidation fees. It tells whether the fee pool is full.
// Withdrawals are subtracted although equity is already net of them (§9.3.1).
func (m *refMarket) returnFees() (full bool) {
	target := m.Equity.plus(m.LiquidationFees).minus(m.Withdrawn)
	if m.FeePool.cmp(target) < 0 {
		return false
	}
	back := m.FeePool.minus(target.notNegative())
	m.FeePool, m.PnlPool = m.FeePool.minus(back), m.PnlPool.plus(back)
	return true
}

// topUp fills the fee pool to what is reserved, as far as the P&L pool goes. A
// market that has withdrawn more than it may reserve is refused.
func (m *refMarket) topUp() error {
	reserved := m.reserved()
	if reserved.sign() < 0 {
		return errRefused
	}
	missing := reserved.minus(m.FeePool).notNegative().atMost(m.PnlPool)
	m.FeePool, m.PnlPool = m.FeePool.plus(missing), m.PnlPool.minus(missing)
	return nil
}

// shareRevenue sends a surplus to the revenue pool or draws on it. A payment of
// that pool to the insurance since the last time starts a new period; a clock
// that lies before either is refused.
func (m *refMarket) shareRevenue(spot *refRevenue, now exact) error {
	if spot.Time.cmp(m.RevenueTime) > 0 {
		if now.cmp(m.RevenueTime) < 0 || now.cmp(spot.Time) < 0 {
			return errRefused
		}
		m.RevenueDrawn = exact{}
	}
	sent, err := m.revenueTransfer(spot.Pool, m.FeePool, m.Equity.minus(m.Withdrawn))
	if err != nil || sent.sign() == 0 {
		return err
	}
	spot.Pool, m.FeePool = spot.Pool.plus(sent), m.FeePool.minus(sent)
	m.Withdrawn = m.Withdrawn.plus(sent.notNegative())
	m.Equity = m.Equity.minus(sent)
	m.RevenueDrawn = m.RevenueDrawn.minus(sent)
	m.RevenueTime = now
	return nil
}

// revenueTransfer is what a market sends to the revenue pool (draws, if
// negative), for its fee pool and its equity less withdrawals (§9.3.3).
func (m *refMarket) revenueTransfer(pool, feePool, surplus exact) (exact, error) {
	surplus = surplus.minus(refCushion)
	switch {
	case m.paused(refPauseRevenue) || surplus.sign() == 0:
		return exact{}, nil
	case surplus.sign() > 0:
		spare := feePool.minus(refCushion).minus(m.SocialLoss).notNegative()
		period := m.RevenueDrawn.plus(m.MaxRevenue).atMost(m.PeriodRevenue).notNegative()
		insured := m.LiquidationFees.atMost(m.SettledInsurance.plus(m.MaxInsurance))
		due := m.ExchangeFees.over(exactly(2)).plus(insured).minus(m.Withdrawn).notNegative()
		return due.atMost(spare, period), nil
	}
	allowed := m.MaxRevenue.minus(m.RevenueDrawn)
	if allowed.sign() < 0 {
		return exact{}, errRefused // more was drawn than the market may
	}
	return surplus.abs().atMost(allowed, pool, m.MaxRevenue).neg(), nil
}
