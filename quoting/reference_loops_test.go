package quoting

import (
	"encoding/json"
	"testing"
)

// The long loops of the vectors' description, with what they must reach. The
// numbers are those that the reference's own tests state.
var loops = []struct{ name, fn, market, args, want string }{
	{"depth is bought by small steps", "loop_formulaic_k", depthMarket,
		`{"funding_imbalance_cost":"-1000000","max_iterations":"10000"}`,
		`{"market":{"sqrt_k":"10958340658498292","total_fee_minus_distributions":"985612320"}}`},
	{"depth is bought until a bound", "loop_formulaic_k", depthMarket,
		`{"funding_imbalance_cost":"-100000000000","max_iterations":"100000","stop_at_sqrt_k":"990000000000000000000"}`,
		`{"market":{"sqrt_k":"991917456633894384209","total_fee_minus_distributions":"985625029"}}`},
	{"a tenfold price is clamped", "loop_clamp", calmMarket,
		`{"from":"1667387001","until":["1667390600","1667394200","1667423000"],
		"oracle":{"price":"130000873","confidence":"100000","delay":"1"}}`,
		`{"steps":[
		{"last_oracle_price_twap":"18143130","last_oracle_price_twap_5min":"23536961","last_oracle_normalised_price":"24188600"},
		{"last_oracle_price_twap":"25322529","last_oracle_price_twap_5min":"32850803","last_oracle_normalised_price":"33760245"},
		{"last_oracle_price_twap":"129282724","last_oracle_price_twap_5min":"129900874","last_oracle_normalised_price":"129900873"}]}`},
	{"three stretches of deviation", "loop_mark_std", wildMarket, `{"now":"1656682318"}`,
		`{"steps":[
		{"mark_std":"6676","last_oracle_price_twap":"40194","last_oracle_price_twap_5min":"46930","last_mark_price_twap":"39449",
		"last_mark_price_twap_5min":"46051","last_bid_price_twap":"39449","last_ask_price_twap":"39449"},
		{"mark_std":"13244"},{"mark_std":"68672","oracle_std":"965665"}]}`},
}

const (
	depthMarket = `{"base_asset_reserve":"512295081967","quote_asset_reserve":"488000000000","sqrt_k":"500000000000",
		"peg_multiplier":"50000000","concentration_coef":"1414200","base_asset_amount_with_amm":"-12295081967",
		"total_fee_minus_distributions":"1000000000","curve_update_intensity":"100"}`
	calmMarket = `{"base_asset_reserve":"200000000000","quote_asset_reserve":"200000000000","peg_multiplier":"13000000",
		"funding_period":"3600","last_mark_price_twap":"13000000","last_bid_price_twap":"13000000",
		"last_ask_price_twap":"13000000","last_mark_price_twap_ts":"1667387000","last_oracle_price":"13000000",
		"last_oracle_price_twap":"13000000","last_oracle_price_twap_5min":"13000000","last_oracle_price_twap_ts":"1667387000"}`
	wildMarket = `{"base_asset_reserve":"2000000000","quote_asset_reserve":"2000000000","peg_multiplier":"1000000",
		"base_spread":"65535","mark_std":"2000000","last_oracle_price":"1000000","last_oracle_price_twap":"1000000",
		"last_oracle_price_twap_5min":"1000000","last_mark_price_twap_ts":"1656682258","order_tick_size":"1"}`
)

func TestLoopsReachPublishedNumbers(t *testing.T) {
	for _, l := range loops {
		t.Run(l.name, func(t *testing.T) {
			m := new(Reference)
			must(t, json.Unmarshal([]byte(defaults), m))
			must(t, json.Unmarshal([]byte(l.market), m))
			checkStep(t, m, l.fn, json.RawMessage(l.args), json.RawMessage(l.want))
		})
	}
}

// TestDepthIsPaidOnce drives L up with more money than it may take: no step is
// larger than 0.1 %, equity pays what closing became dearer by, and what is
// reserved stays.
func TestDepthIsPaidOnce(t *testing.T) {
	m := new(Reference)
	must(t, json.Unmarshal([]byte(depthMarket), m))
	closing, rich := m.closing(), n64(-100_000_000_000)
	for range 100 {
		before := m.L
		must(t, m.formulaicK(rich))
		if !m.L.gt(before) || m.L.gt(before.times(1001).over(1000)) {
			t.Fatalf("L went from %s to %s", before, m.L)
		}
	}
	paid := n64(1_000_000_000).sub(m.Equity)
	if cost := m.closing().sub(closing); paid.cmp(cost) != 0 {
		t.Errorf("equity paid %s, closing became dearer by %s", paid, cost)
	}
	m.Fees = m.Equity.times(2)
	before := m.L
	must(t, m.formulaicK(rich))
	if m.L.cmp(before) != 0 {
		t.Error("what is reserved was spent on depth")
	}
}

// TestFundingNeverPaysMoreThanAThird splits rates of both signs over lopsided
// sides: the maker pays no more than a third of what is free, and payers and
// maker together cover the receivers.
func TestFundingNeverPaysMoreThanAThird(t *testing.T) {
	for _, rate := range []int64{-50_000_000, -7, 7, 50_000_000} {
		for _, users := range []int64{-9_000_000_000, 9_000_000_000} {
			m := &Reference{Longs: n64(1_000_000_000), Shorts: n64(-1_000_000_000), Equity: n64(300_000), Users: n64(users)}
			if users > 0 {
				m.Longs = m.Longs.add(m.Users)
			} else {
				m.Shorts = m.Shorts.add(m.Users)
			}
			long, short, _, err := m.fundingSplit(n64(rate))
			must(t, err)
			paid := n64(300_000).sub(m.Equity)
			if paid.gt(n64(100_000)) {
				t.Errorf("rate %d, users %d: the maker paid %s", rate, users, paid)
			}
			clients := fundingPayment(long, m.Longs).add(fundingPayment(short, m.Shorts))
			if clients.gt(paid.plus(1)) {
				t.Errorf("rate %d, users %d: clients got %s, the maker paid %s", rate, users, clients, paid)
			}
		}
	}
}

func TestOnTheHour(t *testing.T) {
	for _, c := range []struct{ now, last, want int64 }{
		{0, 0, 3600}, {3600, 0, 0}, {3599, 0, 1}, {9999, 0, 0},
		{3700, 3700, 3500}, // a little late: the next hour
		{4800, 4800, 2400}, // a third late still
		{4801, 4801, 5999}, // later: the hour after
		{10_800, 4801, 0},
	} {
		if got := onTheHour(n64(c.now), n64(c.last), n64(3600)); got.cmp(n64(c.want)) != 0 {
			t.Errorf("at %d after %d: wait %s, want %d", c.now, c.last, got, c.want)
		}
	}
}

// TestFundingIsRefusedWhole asks for funding that equity cannot pay: nothing of
// the market may have moved.
func TestFundingIsRefusedWhole(t *testing.T) {
	m := &Reference{
		Base: n64(100_000_000_000), Quote: n64(100_000_000_000), L: n64(100_000_000_000), Peg: n64(20_000_000),
		Users: n64(-50_000_000_000), Shorts: n64(-50_000_000_000), FundingPeriod: n64(3600), Fees: n64(4_000_000),
		LiquidationFees: n64(-10_000_000), Equity: n64(1_000_000),
		LastPrice: n64(20_000_000), OracleTwap: n64(20_000_000), OracleTwap5: n64(20_000_000), MarkTwap: n64(20_000_000),
	}
	o, before := RefOracle{Price: n64(20_000_000)}, *m
	if updated, err := m.updateFunding(o, refGuard(), n64(3600), n64(0), false); err == nil || updated {
		t.Fatalf("updated %t, error %v", updated, err)
	}
	if *m != before {
		t.Error("refused and half applied")
	}
	m.Fees = n64(0)
	if updated, err := m.updateFunding(o, refGuard(), n64(3600), n64(0), false); err != nil || !updated {
		t.Fatalf("updated %t, error %v", updated, err)
	}
	if updated, err := m.updateFunding(o, refGuard(), n64(3601), n64(0), false); err != nil || updated {
		t.Errorf("one second later: updated %t, error %v", updated, err)
	}
	*m = before
	m.Paused = n64(refFundingBit)
	if updated, err := m.updateFunding(o, refGuard(), n64(3600), n64(0), false); err != nil || updated {
		t.Errorf("paused, yet updated %t, error %v", updated, err)
	}
}
