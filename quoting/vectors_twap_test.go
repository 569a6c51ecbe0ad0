package quoting

import (
	"encoding/json"
	"testing"
)

func TestTwapVectors(t *testing.T) { runVectors(t, "twap_std") }
func TestGateVectors(t *testing.T) { runVectors(t, "amm_fill_gate") }

// clampDivisor is the argument of that name, 3 if absent.
func (a args) clampDivisor() num {
	if _, given := a.in["clamp_denominator"]; given {
		return a.num("clamp_denominator")
	}
	return n64(3)
}

// maybe is a number that may be absent.
func (a args) maybe(name string) (v *num) {
	if raw, given := a.in[name]; given {
		must(a.t, json.Unmarshal(raw, &v))
	}
	return v
}

// first is the number under the first of some names that is given.
func (a args) first(names ...string) num {
	for _, name := range names {
		if v := a.maybe(name); v != nil {
			return *v
		}
	}
	a.t.Fatalf("none of %v given", names)
	return num{}
}

func (a args) side() refSide {
	return map[string]refSide{"Long": refLong, "Short": refShort}[a.text("direction")]
}

// feed is the maker's feed given with a case, if any.
func (a args) feed() *makerFeed {
	var f *makerFeed
	if raw, given := a.in["mm_oracle"]; given {
		must(a.t, json.Unmarshal(raw, &f))
	}
	return f
}

func vecObserve(m *Reference, a args) (results, error) {
	price, o := m.price(), a.oracle()
	if v := a.maybe("reserve_price"); v != nil {
		price = *v
	}
	safe := m.safe(o, a.guard(), a.num("slot"))
	if f := a.feed(); f != nil {
		safe = f.choose(o, true)
	}
	m.observe(a.num("now"), o, safe, price, a.clampDivisor())
	return results{"twap": m.OracleTwap}, nil
}

func vecMarkTrade(m *Reference, a args) (results, error) {
	next := *m
	mid, err := next.markTrade(a.num("now"), a.maybe("trade_price"), a.side(), a.clampDivisor())
	if err != nil {
		return nil, err
	}
	*m = next
	return results{"mid": mid}, nil
}

func vecMarkStd(m *Reference, a args) (results, error) {
	m.MarkStd = deviation(a.first("price"), a.first("ewma", "twap"), a.first("ewma_5min", "twap_5min"))
	return nil, nil
}

func vecWeighted(_ *Reference, a args) (results, error) {
	x, y := a.first("data1", "a"), a.first("data2", "b")
	wx, wy := a.first("weight1", "wa"), a.first("weight2", "wb")
	if bias := a.maybe("bias"); bias != nil {
		return results{"value": nudged(x, y, wx, wy, int64(bias.sign()))}, nil
	}
	return results{"value": weighted(x, y, wx, wy)}, nil
}

// vecClampLoop is one oracle update per second with one price, with a snapshot
// at each of the given times.
func vecClampLoop(m *Reference, a args) (results, error) {
	var until []num
	must(a.t, json.Unmarshal(a.in["until"], &until))
	now, o := a.num("from"), a.oracle()
	safe := o
	if f := a.feed(); f != nil {
		safe = f.choose(o, true)
	}
	var steps []Reference
	for _, end := range until {
		for ; now.lt(end); now = now.plus(1) {
			m.observe(now, o, safe, m.price(), a.clampDivisor())
		}
		steps = append(steps, *m)
	}
	return results{"steps": steps}, nil
}

// vecMarkLoop is two hours of trades under two phases.
func vecMarkLoop(m *Reference, a args) (results, error) {
	var phases []struct {
		RefOracle
		FeedDelay num `json:"mm_delay"`
		Trade     num `json:"trade_price"`
	}
	must(a.t, json.Unmarshal(a.in["phases"], &phases))
	var steps []Reference
	for now := int64(1); now <= 7201; now++ {
		p, side := phases[0], refLong
		if now > 3600 {
			p, side = phases[1], refShort
		}
		feed := makerFeed{Price: p.Price, Delay: p.FeedDelay, Sequence: n64(1)}
		m.observe(n64(now), p.RefOracle, feed.choose(p.RefOracle, true), m.price(), a.clampDivisor())
		if now <= 3600 || now%200 == 0 {
			if _, err := m.markTrade(n64(now), &p.Trade, side, a.clampDivisor()); err != nil {
				return nil, err
			}
		}
		if now == 1 || now == 3600 || now == 7201 {
			steps = append(steps, *m)
		}
	}
	return results{"steps": steps}, nil
}

const stretch = 7201

// vecStdLoop is the loop of three stretches: a price that decays with jumps, two
// prices at different beats, two prices in turn.
func vecStdLoop(m *Reference, a args) (results, error) {
	now := a.first("now", "from", "start").big().Int64()
	price := m.price()
	if v := a.maybe("price"); v != nil {
		price = *v
	}
	trade := func(at int64, px num, side refSide) error {
		m.Peg = px
		_, err := m.markTrade(n64(at), &px, side, a.clampDivisor())
		return err
	}
	var steps []Reference
	for range stretch {
		now++
		if now%15 == 0 {
			price, m.LastPrice = price.times(1012).over(1000), m.LastPrice.times(10_119).over(10_000)
		} else {
			price, m.LastPrice = price.times(100_000).over(100_133), m.LastPrice.times(100_001).over(100_133)
		}
		o := RefOracle{Price: m.LastPrice, Delay: n64(2)}
		m.observe(n64(now), o, o, m.price(), a.clampDivisor())
		if err := trade(now, price, refLong); err != nil {
			return nil, err
		}
	}
	steps = append(steps, *m)
	m.Peg, m.LastPrice = n64(31_986_658), n64(31_986_658)
	high, low := n64(31_986_658), n64(31_883_651)
	long := func() error {
		m.LastPrice = high.plus(-refPrice)
		return trade(now, high, refLong)
	}
	short := func() error {
		m.LastPrice = low.plus(refPrice)
		return trade(now, low, refShort)
	}
	for range stretch {
		now++
		if now%15 == 0 {
			if err := long(); err != nil {
				return nil, err
			}
		}
		if now%189 == 0 {
			if err := short(); err != nil {
				return nil, err
			}
		}
	}
	steps = append(steps, *m)
	for range stretch {
		now++
		if now%2 == 1 {
			if err := long(); err != nil {
				return nil, err
			}
			continue
		}
		if err := short(); err != nil {
			return nil, err
		}
		m.OracleStd = deviation(low.plus(refPrice), m.MarkTwap, m.MarkTwap)
	}
	return results{"steps": append(steps, *m)}, nil
}

func vecDrawdown(m *Reference, _ args) (results, error) {
	return results{"drawdown": m.drawdown()}, nil
}

// vecCanFill asks the gate; the validity comes with the case.
func vecCanFill(m *Reference, a args) (results, error) {
	v, known := validityNamed(a.text("oracle_validity"))
	if !known {
		a.t.Fatalf("no such validity: %s", a.text("oracle_validity"))
	}
	feed, usable := makerFeed{}, true
	if raw, given := a.in["mm_oracle"]; given {
		var with struct {
			makerFeed
			Validity string `json:"validity"`
		}
		must(a.t, json.Unmarshal(raw, &with))
		if feed = with.makerFeed; with.Validity != "" {
			fv, known := validityNamed(with.Validity)
			usable = known && fv.State > refVolatile
		}
	}
	o := gateOrder{
		Slot: a.num("order_slot"), Side: a.side(),
		Liquidation: a.flag("is_liquidation"), Trusted: a.flag("user_can_skip_auction_duration"),
	}
	fill := m.canFill(o, a.oracle(), feed, usable, v, a.num("slot"), a.flag("immediate_fill_paused"))
	return results{"can_fill": fill}, nil
}

// validityNamed reads what refValidity.String writes.
func validityNamed(name string) (refValidity, bool) {
	for state := refNonPositive; state <= refValid; state++ {
		for _, immediate := range []bool{false, true} {
			for _, lowRisk := range []bool{false, true} {
				v := refValidity{State: state, Immediate: immediate, LowRisk: lowRisk}
				if name != "" && v.String() == name {
					return v, true
				}
			}
		}
	}
	return refValidity{}, false
}
