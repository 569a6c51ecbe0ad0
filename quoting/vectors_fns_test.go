package quoting

import "encoding/json"

// One function of the reference each, called as the vectors name it.

func vecSet(m *Reference, a args) (results, error) {
	data, err := json.Marshal(a.in)
	if err != nil {
		return nil, err
	}
	return nil, json.Unmarshal(data, m)
}

func vecProportion(_ *Reference, a args) (results, error) {
	return results{"value": a.num("value").mul(a.num("numerator")).div(a.num("denominator"))}, nil
}

func vecTerminal(m *Reference, _ args) (results, error) {
	base, quote := m.terminal()
	return results{"base": base, "quote": quote, "price": quote.mul(m.Peg).div(base)}, nil
}

func vecDepth(m *Reference, _ args) (results, error) {
	bids, asks := m.depth()
	return results{"bids": bids, "asks": asks}, nil
}

func vecBounds(_ *Reference, a args) (results, error) {
	m := Reference{Base: a.num("base"), Concentration: a.num("concentration_coef"), L: n64(1)}
	m.settleBounds()
	return results{"min": m.MinBase, "max": m.MaxBase}, nil
}

func vecBudgetedScale(_ *Reference, a args) (results, error) {
	scale, err := budgetedScale(a.num("x"), a.num("y"), a.num("budget"), a.num("peg"), a.num("inventory"), a.num("upper"), a.num("lower"))
	return results{"numerator": scale, "denominator": n64(refPrice)}, err
}

func vecUpdateK(m *Reference, a args) (results, error) {
	next, err := m.scaled(a.num("new_sqrt_k"), a.flag("bound"))
	if err != nil {
		return nil, err
	}
	*m = next
	return results{
		"base": m.Base, "quote": m.Quote, "sqrt_k": m.L,
		"base_asset_reserve": m.Base, "quote_asset_reserve": m.Quote,
	}, nil
}

func vecKCost(m *Reference, a args) (results, error) {
	cost, err := m.scaleCost(a.num("new_sqrt_k"), a.flag("bound"))
	return results{"cost": cost}, err
}

func vecKCostUpdate(m *Reference, a args) (results, error) {
	r, err := vecKCost(m, a)
	if err != nil {
		return nil, err
	}
	_, err = vecUpdateK(m, a)
	return r, err
}

func vecRecenter(m *Reference, a args) (results, error) {
	m.recenterAt(a.num("peg"), a.num("sqrt_k"))
	return nil, nil
}

func vecSwap(m *Reference, a args) (results, error) {
	quote, surplus := m.swap(a.num("base"), a.text("direction") == "Remove", a.flag("apply"))
	return results{"quote": quote, "surplus": surplus}, nil
}

func vecSpreadReserves(m *Reference, a args) (results, error) {
	base, quote := m.spreadReserves(a.text("direction") == "Long")
	return results{"base": base, "quote": quote, "price": quote.mul(m.Peg).div(base)}, nil
}

func vecBidAsk(m *Reference, _ args) (results, error) {
	bid, ask := m.bidAsk()
	return results{"bid": bid, "ask": ask, "reserve": m.price()}, nil
}

func vecPremium(m *Reference, _ args) (results, error) {
	bid, ask := m.bidAsk()
	return results{"value": most(ask.sub(m.price()), m.price().sub(bid))}, nil
}

func vecSpread(m *Reference, a args) (results, error) {
	if _, err := vecSet(m, a); err != nil {
		return nil, err
	}
	long, short := m.spread(a.num("reserve_price"))
	return results{"long_spread": long, "short_spread": short}, nil
}

func vecUpdateSpreads(m *Reference, a args) (results, error) {
	long, short := m.updateSpreads(a.num("reserve_price"), a.num("slot"))
	return results{"long_spread": long, "short_spread": short}, nil
}

func vecCap(_ *Reference, a args) (results, error) {
	long, short := refCap(a.num("long_spread"), a.num("short_spread"), a.num("max_spread"))
	return results{"long_spread": long, "short_spread": short}, nil
}

func vecVolatility(_ *Reference, a args) (results, error) {
	m := Reference{
		MarkStd: a.num("mark_std"), OracleStd: a.num("oracle_std"), Volume24h: a.num("volume_24h"),
		LongVolume: a.num("long_intensity"), ShortVolume: a.num("short_intensity"),
	}
	long, short := m.volatility(a.num("conf_pct"), a.num("reserve_price"))
	return results{"long_spread": long, "short_spread": short}, nil
}

func inventoryOf(a args) Reference {
	return Reference{Users: a.num("inventory"), Base: a.num("base"), MinBase: a.num("min"), MaxBase: a.num("max")}
}

func vecRatio(_ *Reference, a args) (results, error) {
	m := inventoryOf(a)
	return results{"ratio": m.ratio()}, nil
}

func vecOffsetRatio(_ *Reference, a args) (results, error) {
	m := inventoryOf(a)
	return results{"ratio": m.openShare()}, nil
}

func vecInventoryScale(_ *Reference, a args) (results, error) {
	m := inventoryOf(a)
	return results{"scale": m.inventoryScale(a.num("directional_spread"), a.num("max_spread"))}, nil
}

func vecLeverageScale(_ *Reference, a args) (results, error) {
	m := Reference{
		Quote: a.num("quote"), TerminalQuote: a.num("terminal_quote"), Peg: a.num("peg"),
		Users: a.num("inventory"), Equity: a.num("tfmd"),
	}
	return results{"scale": m.leverageScale(a.num("reserve_price"))}, nil
}

func vecRetreat(_ *Reference, a args) (results, error) {
	return results{"amount": revenueRetreat(a.num("base_spread"), a.num("max_spread"), a.num("net_revenue"))}, nil
}

func vecTarget(m *Reference, a args) (results, error) {
	if _, err := vecSet(m, a); err != nil {
		return nil, err
	}
	return results{"spread": m.target(a.num("reserve_price"))}, nil
}

func vecOffset(_ *Reference, a args) (results, error) {
	offset := refOffset(a.num("reserve_price"), a.num("avg_funding_24h"), a.num("liquidity_fraction"), a.num("oracle_fast"),
		a.num("mark_fast"), a.num("oracle_slow"), a.num("mark_slow"), a.num("max_offset"))
	return results{"offset": offset}, nil
}

func vecPeg(_ *Reference, a args) (results, error) {
	return results{"peg": refPeg(a.num("quote"), a.num("base"), a.num("target"))}, nil
}

func vecOptimal(m *Reference, a args) (results, error) {
	peg, budget, check := m.optimal(a.num("target"))
	return results{"peg": peg, "budget": budget, "check_lower_bound": check}, nil
}

func vecAdjust(m *Reference, a args) (results, error) {
	next, cost, err := m.adjusted(a.num("optimal_peg"), a.num("budget"), a.flag("adjust_k"))
	return results{
		"new_peg": next.Peg, "cost": cost, "sqrt_k": next.L, "price_change": next.price().sub(m.price()),
	}, err
}

func vecUpdate(m *Reference, a args) (results, error) {
	cost, err := m.update(a.oracle(), a.guard(), a.num("now"), a.num("slot"))
	if err != nil {
		return nil, err
	}
	bid, ask := m.bidAsk()
	return results{"cost": cost, "bid": bid, "ask": ask, "reserve": m.price()}, nil
}

func vecValidity(m *Reference, a args) (results, error) {
	v := refJudge(a.num("twap"), a.oracle(), a.guard(), a.num("conf_multiplier"), a.num("immediate_override"),
		a.num("low_risk_override"), m.StableQuote)
	return results{"validity": v.String()}, nil
}

func vecStatus(m *Reference, a args) (results, error) {
	v, pct, divergent := m.refStatus(a.oracle(), a.guard())
	return results{"validity": v.String(), "spread_pct": pct, "mark_too_divergent": divergent}, nil
}

func vecSafe(m *Reference, a args) (results, error) {
	o := m.safe(a.oracle(), a.guard(), a.num("slot"))
	return results{"safe_price": o.Price, "safe_delay": o.Delay, "safe_confidence": o.Confidence}, nil
}

func vecFar(_ *Reference, a args) (results, error) {
	return results{"divergent": refFar(a.num("oracle_price"), a.num("twap_5min"), a.num("max"))}, nil
}

func vecDivergence(m *Reference, a args) (results, error) {
	pct, divergent := refDivergence(a.num("price"), m.OracleTwap5, a.guard().MarkDivergence)
	return results{"pct": pct, "too_divergent": divergent}, nil
}

// vecOffsetDecay is the named loop of the vectors' own description: one update,
// then many, with the clock standing still in rounds 6 to 9.
func vecOffsetDecay(m *Reference, a args) (results, error) {
	now, slot := a.num("now"), a.num("slot")
	if _, err := m.update(a.oracle(), a.guard(), now, slot); err != nil {
		return nil, err
	}
	r := results{"first_offset": m.Offset}
	if pct := a.num("mark_5min_pct_of_oracle_5min"); pct.sign() != 0 {
		m.MarkTwap5 = m.OracleTwap5.mul(pct).over(100)
	}
	if a.flag("negate_offset") {
		m.Offset = m.Offset.neg()
	}
	var offsets, long, short []num
	for i := range int(a.num("iterations").big().Int64()) {
		if i < 6 || i > 9 {
			now, slot = now.add(a.num("dt")), slot.add(a.num("dslot"))
		}
		if _, err := m.update(a.oracle(), a.guard(), now, slot); err != nil {
			return nil, err
		}
		offsets, long, short = append(offsets, m.Offset), append(long, m.LongSpread), append(short, m.ShortSpread)
	}
	r["offsets"], r["long_spreads"], r["short_spreads"] = offsets, long, short
	return r, nil
}
