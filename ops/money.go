package ops

import "backstop/perp"

// marketMoney is what the books hold in one market.
type marketMoney struct{ pool, fees, insurance, claims, debts perp.Money }

// money adds up a market's accounts; the lock is held. Claims and debts are the
// clients'; the maker's own claim is what balances them.
func (m *Model) money(symbol string) (x marketMoney) {
	at := func(name string) perp.Money {
		return m.balances[perp.LedgerAccount{Owner: perp.Maker, Name: name, Symbol: symbol}]
	}
	x.pool, x.fees, x.insurance = at(perp.Pool), at(perp.Fees), at(perp.Insurance)
	for a, v := range m.balances {
		if a.Name != perp.Claim || a.Symbol != symbol || a.Owner == perp.Maker {
			continue
		}
		if v > 0 {
			x.claims += v
		} else {
			x.debts -= v
		}
	}
	return x
}

func (x marketMoney) view(v *Market) {
	v.Pool, v.PoolUnits = x.pool.String(), int64(x.pool)
	v.Fees, v.FeesUnits = x.fees.String(), int64(x.fees)
	v.Insurance, v.InsuranceUnits = x.insurance.String(), int64(x.insurance)
	v.Claims, v.ClaimsUnits = x.claims.String(), int64(x.claims)
	v.Debts, v.DebtsUnits = x.debts.String(), int64(x.debts)
}

// desk takes in what the desk and the rules of margin changed.
func (m *Model) desk(ev perp.Event) {
	switch ev := ev.(type) {
	case perp.ModeChanged:
		if k := m.markets[ev.Symbol]; k != nil {
			k.mode = ev.To
		}
	case perp.FundingAccrued:
		if k := m.markets[ev.Symbol]; k != nil {
			k.funding = ev
		}
	case perp.LiquidationChanged:
		if ev.Active {
			m.liquidating[ev.Account] = true
		} else {
			delete(m.liquidating, ev.Account)
		}
	case perp.WithdrawalsStopped:
		m.stopped = ev.Stopped
	}
}
