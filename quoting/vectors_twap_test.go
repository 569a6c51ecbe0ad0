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
func (a args) first(otherwise num, names ...string) num {
	for _, name := range names {
		if v := a.maybe(name); v != nil {
			return *v
		}
	}
	return otherwise
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
	m.MarkStd = deviation(a.num("price"), a.first(num{}, "ewma", "twap"), a.first(num{}, "ewma_5min", "twap_5min"))
	return nil, nil
}

func vecWeighted(_ *Reference, a args) (results, error) {
	x, y := a.first(num{}, "data1", "a"), a.first(num{}, "data2", "b")
	wx, wy := a.first(num{}, "weight1", "wa"), a.first(num{}, "weight2", "wb")
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

// beats runs the three stretches of vecStdLoop.
type beats struct {
	m   *Reference
	now int64
	a   args
}

func (b *beats) trade(px num, side refSide) error {
	b.m.Peg = px
	_, err := b.m.markTrade(n64(b.now), &px, side, b.a.clampDivisor())
	return err
}

// long and short are trades at two prices, each with the oracle 1.0 beyond.
func (b *beats) long() error {
	b.m.LastPrice = n64(30_986_658)
	return b.trade(n64(31_986_658), refLong)
}

func (b *beats) short() error {
	b.m.LastPrice = n64(32_883_651)
	return b.trade(n64(31_883_651), refShort)
}

// run is one stretch; it keeps the market at its end.
func (b *beats) run(second func() error) (Reference, error) {
	for range stretch {
		b.now++
		if err := second(); err != nil {
			return *b.m, err
		}
	}
	return *b.m, nil
}

// vecStdLoop is the loop of three stretches: a price that decays with jumps, two
// prices at different beats, two prices in turn.
func vecStdLoop(m *Reference, a args) (results, error) {
	b := &beats{m, a.first(m.MarkTwapTime.plus(60), "now", "from", "start").big().Int64(), a}
	price := a.first(m.price(), "price")
	one, err := b.run(func() error {
		if b.now%15 == 0 {
			price, m.LastPrice = price.times(1012).over(1000), m.LastPrice.times(10_119).over(10_000)
		} else {
			price, m.LastPrice = price.times(100_000).over(100_133), m.LastPrice.times(100_001).over(100_133)
		}
		o := RefOracle{Price: m.LastPrice, Delay: n64(2)}
		m.observe(n64(b.now), o, o, m.price(), a.clampDivisor())
		return b.trade(price, refLong)
	})
	if err != nil {
		return nil, err
	}
	m.Peg, m.LastPrice = n64(31_986_658), n64(31_986_658)
	two, err := b.run(func() error {
		if b.now%15 == 0 {
			if err := b.long(); err != nil {
				return err
			}
		}
		if b.now%189 == 0 {
			return b.short()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	three, err := b.run(func() error {
		if b.now%2 == 1 {
			return b.long()
		}
		err := b.short()
		m.OracleStd = deviation(n64(32_883_651), m.MarkTwap, m.MarkTwap)
		return err
	})
	return results{"steps": []Reference{one, two, three}}, err
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
