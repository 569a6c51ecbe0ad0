package ledger

// bankrupt tells whether an account has a debt and nothing else: no deposit,
// base, positive quote or order (§11.7). A negative deposit is a debt.
func bankrupt(deposit exact, positions []refPosition) bool {
	if deposit.sign() > 0 {
		return false
	}
	owes := deposit.sign() < 0
	for _, p := range positions {
		if p.Base.sign() != 0 || p.Quote.sign() > 0 || p.OpenOrders.sign() != 0 || p.OpenBids.sign() != 0 || p.OpenAsks.sign() != 0 {
			return false
		}
		owes = owes || p.Quote.sign() < 0
	}
	return owes
}

// lossRate is the funding by which every open position, long or short, bears
// its share of a loss: rounded up, so that it is covered (§11.7). Refused when
// nobody is open, even for no loss at all.
func (m *refMarket) lossRate(loss exact) (exact, error) {
	open := m.Longs.abs().plus(m.Shorts.abs())
	if open.sign() == 0 {
		return exact{}, errRefused
	}
	return loss.abs().times(refReserve).overUp(open).times(exactly(1000)), nil
}

// refLoss is who bore a bankrupt position's loss.
type refLoss struct {
	Insurance, FeePool, Socialised exact
}

// resolve writes off a bankrupt position: insurance pays into the P&L pool, up
// to the market's cap and leaving one unit in the vault, then the fee pool
// pays, then every open position by its funding index. The fee pool's payment
// is credited to nobody and equity is not charged: the reference's own defect,
// which the product does not have (§11.7).
func (m *refMarket) resolve(p *refPosition, vault exact) (loss refLoss, err error) {
	owed, limit := p.Quote.neg(), m.MaxInsurance.minus(m.SettledInsurance)
	if !bankrupt(exact{}, []refPosition{*p}) || limit.sign() < 0 {
		return loss, errRefused
	}
	loss.Insurance = owed.atMost(vault.minus(exactly(1)).notNegative(), limit)
	rest := owed.minus(loss.Insurance)
	loss.FeePool = rest.atMost(m.FeePool)
	loss.Socialised = rest.minus(loss.FeePool)
	rate, err := m.lossRate(loss.Socialised)
	if err != nil {
		return refLoss{}, err
	}
	m.SettledInsurance = m.SettledInsurance.plus(loss.Insurance)
	m.PnlPool = m.PnlPool.plus(loss.Insurance)
	m.FeePool = m.FeePool.minus(loss.FeePool)
	m.SocialLoss = m.SocialLoss.plus(loss.Socialised)
	m.IndexLong, m.IndexShort = m.IndexLong.plus(rate), m.IndexShort.minus(rate)
	m.move(p, owed)
	return loss, nil
}
