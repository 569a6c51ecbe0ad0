package risk

import (
	"slices"

	"backstop/perp"
)

// replaceLadder holds the guards of a replace that asks for more risk, in the
// order of perp.Reject. Who may name the order, and whether it still works, is
// found out before (engine).
var replaceLadder = pick(
	perp.UnknownSymbol, perp.MarketHalted, perp.OracleStale, perp.OracleDivergent, perp.ReduceOnlyMode,
	perp.UnknownAccount, perp.AccountNotPermitted, perp.CondField, perp.ExpireTime, perp.BadLot, perp.MinQty, perp.MaxOrderSize,
	perp.BadTick, perp.PriceBand, perp.PostOnlyMarketable, perp.ReduceOnlyFlat, perp.PositionLimit, perp.NotionalLimit, perp.InsufficientMargin,
	perp.OILimit, perp.DealerLeverage,
)

// shrinkLadder is what a replace must pass that only makes an order smaller at
// the same price: like a cancel, it works in every market state.
var shrinkLadder = pick(perp.UnknownSymbol, perp.UnknownAccount, perp.AccountNotPermitted, perp.BadLot)

// quoteLadder is what a quote request must pass.
var quoteLadder = pick(
	perp.UnknownSymbol, perp.MarketHalted, perp.OracleStale, perp.OracleDivergent,
	perp.UnknownAccount, perp.AccountNotPermitted, perp.BadLot, perp.MinQty, perp.MaxOrderSize,
)

// pick takes guards from the ladder of a new order.
func pick(rejects ...perp.Reject) (guards []guard) {
	for _, g := range ladder {
		if slices.Contains(rejects, g.reject) {
			guards = append(guards, g)
		}
	}
	return guards
}

// Replace judges a change of a working order: only size (38), prices (44, 99),
// time (126) and minimum (110) may change, and what the order may then still fill
// meets the limits of a new order. A size at or below what is filled ends the
// order and needs no limit. f.Portfolio counts the order as it works now.
func Replace(r perp.ReplaceOrder, old perp.Order, f Facts) perp.Verdict {
	o := perp.PlaceOrder{
		Origin: r.Origin, Account: old.Account, Symbol: old.Symbol, Side: old.Side, Type: old.Type, TIF: old.TIF,
		Size: r.Size, Price: r.Price, Conditions: Changed(old, r.Conditions), Flawed: r.Flawed,
		Transact: r.Transact, MaxAge: r.MaxAge,
	}
	q := newQuery(o, f, max(0, r.Size-old.Cum))
	q.dealt = old.Cum
	q.e.Orders--
	switch {
	case old.Reduce != 0 || old.Armed(): // Not counted.
	case old.Side == perp.Sell:
		q.e.Asks = perp.Sub(q.e.Asks, old.Leaves())
	default:
		q.e.Bids = perp.Sub(q.e.Bids, old.Leaves())
	}
	guards := replaceLadder
	if r.Size > 0 && r.Size-old.Cum <= old.Leaves() && r.Price == old.Price && o.Conditions == old.Conditions {
		guards = shrinkLadder
	}
	v := q.walk(guards)
	if need, have, late := q.late(); late {
		v = perp.Verdict{Reject: perp.StaleRequest, Need: need, Have: have, Detail: "age"}
	}
	return v.Worse(amendable(r, old)).Worse(r.First())
}

// Changed are the conditions of an order after a change: those that may be
// changed, and are named, take the place of the former ones.
func Changed(old perp.Order, by perp.Conditions) perp.Conditions {
	c := old.Conditions
	if by.Expires != 0 && old.TIF == perp.GTD {
		c.Expires = by.Expires
	}
	if by.MinSize != 0 {
		c.MinSize = by.MinSize
	}
	if by.Stop != 0 && old.Type.Stops() {
		c.Stop = by.Stop
	}
	return c
}

// amendable refuses a change of anything else (roe.md b.5).
func amendable(r perp.ReplaceOrder, old perp.Order) perp.Verdict {
	field := ""
	switch {
	case r.Account != "" && r.Account != old.Account:
		field = "Account"
	case r.Symbol != old.Symbol:
		field = "Symbol"
	case r.Side != old.Side:
		field = "Side"
	case r.Type != old.Type:
		field = "OrdType"
	case r.TIF != 0 && r.TIF != old.TIF:
		field = "TimeInForce"
	default:
		field = fixedCondition(r.Conditions, old)
	}
	if field == "" {
		return perp.Verdict{}
	}
	return perp.Verdict{Reject: perp.NotAmendable, Detail: field}
}

// Quote judges a request for a firm quote. With a side it also asks what the
// maker may take; the account's own limits are met when it deals.
func Quote(r perp.RequestQuote, f Facts) perp.Verdict {
	o := perp.PlaceOrder{Origin: r.Origin, Account: r.Account, Symbol: r.Symbol, Side: r.Side, Size: r.Size}
	q := newQuery(o, f, r.Size)
	v := q.walk(quoteLadder)
	if v.OK() && r.Side != 0 {
		v = Dealer(f.Maker, r.Side, r.Size)
	}
	return v.Worse(r.First())
}

// Fill judges a passive fill of a working order at the moment at which the
// quote reaches it. A fill that takes the position further from flat needs the
// filling margin for it, then the maker's limits apply. f.Portfolio counts the
// order as it works now.
func Fill(o perp.Order, size perp.Size, f Facts) perp.Verdict {
	q := newQuery(perp.PlaceOrder{Symbol: o.Symbol, Side: o.Side, Type: o.Type, Price: o.Price}, f, size)
	if q.e.Position.Size*perp.Size(o.Side.Sign()) >= 0 || size > perp.Abs(q.e.Position.Size) {
		if f.State == perp.ReduceOnly {
			return perp.Verdict{Reject: perp.ReduceOnlyMode, Have: int64(q.e.Position.Size), Detail: "market"}
		}
		r := Margin(f.Portfolio, Filling)
		if need := sum(r.Required, q.cost()); need > r.Collateral {
			return perp.Verdict{Reject: perp.InsufficientMargin, Need: int64(need), Have: int64(r.Collateral), Detail: "filling margin"}
		}
	}
	return Dealer(f.Maker, o.Side, size)
}
