package risk

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"backstop/perp"
)

// number is an integer that a vector writes as a text.
type number int64

func (n *number) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	v, err := strconv.ParseInt(s, 10, 64)
	*n = number(v)
	return err
}

// vector is the part of the reference's cases that this room can be asked.
type vector struct {
	Name, Fn string
	Inputs   struct {
		Market struct {
			Initial      number `json:"margin_ratio_initial"`
			Maintenance  number `json:"margin_ratio_maintenance"`
			IMF          number `json:"imf_factor"`
			ProfitIMF    number `json:"unrealized_pnl_imf_factor"`
			ProfitWeight number `json:"unrealized_pnl_initial_asset_weight"`
			MaxImbalance number `json:"unrealized_pnl_max_imbalance"`
			HighInitial  number `json:"high_leverage_margin_ratio_initial"`
			HighKeep     number `json:"high_leverage_margin_ratio_maintenance"`
			Tier         string `json:"contract_tier"`
			AskTWAP      number `json:"last_ask_price_twap"`
			BidTWAP      number `json:"last_bid_price_twap"`
			OracleTWAP   number `json:"last_oracle_price_twap"`
			Average      number `json:"last_oracle_price_twap_5min"`
			BaseReserve  number `json:"base_asset_reserve"`
			QuoteReserve number `json:"quote_asset_reserve"`
			Peg          number `json:"peg_multiplier"`
			LongSpread   number `json:"long_spread"`
			ShortSpread  number `json:"short_spread"`
			Mark5Min     number `json:"last_mark_price_twap_5min"`
			Mark         number `json:"last_mark_price_twap"`
			Rate         number `json:"last_funding_rate"`
			RateTime     number `json:"last_funding_rate_ts"`
			Period       number `json:"funding_period"`
			FundOracle   number `json:"last_funding_oracle_twap"`
		}
		Size       number
		Kind       string
		Leveraged  bool   `json:"high_leverage"`
		Weight     number `json:"weight"`
		IMF        number `json:"imf_factor"`
		PnL        number
		User       struct{ Deposit number }
		Position   json.RawMessage
		Oracle     number `json:"oracle_price"`
		Buffer     number
		Quote      number
		Adjustment number `json:"fee_adjustment"`
		Referrer   bool   `json:"reward_referrer"`
		Surplus    number
		PostOnly   bool `json:"post_only"`
		Direction  string
		Base       number
		Bids, Asks number

		Shortage, Freed number
		Volume          number `json:"volume_30d"`
		Stake           number
		Tiers           []map[string]number
		Multiplier      number `json:"filler_multiplier"`
		FillerNum       number `json:"filler_reward_numerator"`
		FillerDen       number `json:"filler_reward_denominator"`
		TimeFloor       number `json:"time_based_reward_lower_bound"`
		OrderSlot       number `json:"order_slot"`
		Slot            number
		RewardFiller    bool   `json:"reward_filler"`
		MakerPrice      number `json:"maker_price"`
		MakerDirection  string `json:"maker_direction"`
		Tier            map[string]number

		MarginRatio    number `json:"margin_ratio"`
		LiquidationFee number `json:"liquidation_fee"`
		LiquidatorFee  number `json:"liquidator_fee"`
		InsuranceFee   number `json:"if_fee"`
		QuotePrice     number `json:"quote_price"`
		MaxFee         number `json:"max_fee"`
		BaseFee        number `json:"base_fee"`
		LastActive     number `json:"last_active_slot"`
		MarginFreed    number `json:"margin_freed"`
		InitialPct     number `json:"initial_pct"`
		Duration       number

		AssetAmount         number `json:"asset_amount"`
		AssetWeight         number `json:"asset_weight"`
		AssetMultiplier     number `json:"asset_multiplier"`
		AssetDecimals       number `json:"asset_decimals"`
		AssetPrice          number `json:"asset_price"`
		LiabilityAmount     number `json:"liability_amount"`
		LiabilityWeight     number `json:"liability_weight"`
		LiabilityMultiplier number `json:"liability_multiplier"`
		LiabilityDecimals   number `json:"liability_decimals"`
		LiabilityPrice      number `json:"liability_price"`

		Step       number
		FillPrice  number `json:"fill_price"`
		Average    number `json:"twap_5min"`
		Initial    number `json:"margin_ratio_initial"`
		Divergence number `json:"twap_divergence"`
		Liquidity  number
		Seconds    number `json:"seconds_to_expiry"`
		Levels     [][2]number
		Depth      number
		Median     number
		Now        number
		UseMedian  bool `json:"use_median"`
	}
	Expected map[string]json.RawMessage
}

func vectors(t *testing.T, family string) []vector {
	t.Helper()
	dir := cmp.Or(os.Getenv("BACKSTOP_VECTORS"), filepath.Join("testdata", "vectors"))
	src, err := os.ReadFile(filepath.Join(dir, family+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []json.RawMessage }
	if err := json.Unmarshal(src, &file); err != nil {
		t.Fatal(err)
	}
	all := make([]vector, len(file.Cases))
	for i, c := range file.Cases {
		var head struct{ Fn string }
		if err := json.Unmarshal(c, &head); err != nil {
			t.Fatal(err)
		}
		all[i].Fn = head.Fn
		if head.Fn == "liquidate_perp" { // whole runs are not told in this shape
			continue
		}
		if err := json.Unmarshal(c, &all[i]); err != nil {
			t.Fatalf("%s: %v", family, err)
		}
	}
	return all
}

func (v vector) want(t *testing.T, key string) (int64, bool) {
	t.Helper()
	raw, ok := v.Expected[key]
	if !ok {
		return 0, false
	}
	var n number
	if err := json.Unmarshal(raw, &n); err != nil {
		t.Fatal(err)
	}
	return int64(n), true
}

func (v vector) limits() MarketLimits {
	m := v.Inputs.Market
	return MarketLimits{
		InitialMargin: perp.Ratio(m.Initial) * perp.BP, MaintenanceMargin: perp.Ratio(m.Maintenance) * perp.BP,
		SizePremium: perp.Ratio(m.IMF), ProfitDiscount: perp.Ratio(m.ProfitIMF), OrderReserve: perp.MoneyOne / 100,
	}
}

var kinds = map[string]Kind{"Initial": Initial, "Maintenance": Maintenance, "Fill": Filling}

// high are the limits of an account with high leverage.
func (v vector) high() MarketLimits {
	l := v.limits()
	l.InitialMargin, l.MaintenanceMargin = perp.Ratio(v.Inputs.Market.HighInitial)*perp.BP, perp.Ratio(v.Inputs.Market.HighKeep)*perp.BP
	return l
}

// TestMarginVectors leaves out the weight of profits under an imbalance: who is
// owed how much is the market's to say (ledger).
func TestMarginVectors(t *testing.T) {
	all, checked := vectors(t, "margin"), 0
	for _, v := range all {
		in, got := v.Inputs, map[string]int64{}
		switch {
		case v.Fn == "margin_ratio" && !in.Leveraged:
			got["ratio"] = int64(Ratio(v.limits(), perp.Size(in.Size), kinds[in.Kind]) / perp.BP)
		case v.Fn == "size_premium":
			got["weight"] = max(int64(in.Weight), premium(perp.Size(in.Size), perp.Ratio(in.IMF), int64(in.Weight)))
		case v.Fn == "size_discount":
			got["weight"] = sizeDiscount(int64(in.Size), int64(in.Weight), perp.Ratio(in.IMF))
		case v.Fn == "margin_ratio":
			got["ratio"] = ReferenceLeveraged(v.limits(), v.high(), perp.Size(in.Size), kinds[in.Kind])
		case v.Fn == "loop_high_leverage_imf":
			for i := range int64(1_000) {
				size := perp.Size(i) * 1_000 * perp.SizeOne
				if plain := int64(Ratio(v.limits(), size, Initial) / perp.BP); i > 0 && plain != int64(in.Market.Initial) {
					if ReferenceLeveraged(v.limits(), v.high(), size, Initial) == plain {
						got["count"]++
					}
				}
			}
		case v.Fn == "unrealized_asset_weight" && in.Market.MaxImbalance == 0:
			got["weight"] = ReferenceProfitWeight(perp.Money(in.PnL), int64(in.Market.ProfitWeight), v.limits().ProfitDiscount, 0, 0)
		case v.Fn == "account_margin":
			r := Margin(v.portfolio(t), kinds[in.Kind])
			got["requirement"] = int64(r.Required)
			got["total_collateral"] = int64(r.Collateral)
			got["shortage"] = int64(ReferenceShortage(v.portfolio(t), int64(in.Buffer)))
		default:
			continue
		}
		checked++
		for key, value := range got {
			if want, ok := v.want(t, key); ok && value != want {
				t.Errorf("%s: %s %d, want %d", v.Name, key, value, want)
			}
		}
	}
	report(t, "margin", checked, len(all))
}

func (v vector) portfolio(t *testing.T) Portfolio {
	t.Helper()
	var p struct {
		Base, Quote, Bids, Asks, Orders number
		OpenBids                        number `json:"open_bids"`
		OpenAsks                        number `json:"open_asks"`
		OpenOrders                      number `json:"open_orders"`
	}
	if err := json.Unmarshal(v.Inputs.Position, &p); err != nil {
		t.Fatal(err)
	}
	return Portfolio{Cash: perp.Money(v.Inputs.User.Deposit), Exposures: []Exposure{{
		Limits: v.limits(), Oracle: perp.Price(v.Inputs.Oracle),
		Position: perp.Position{Size: perp.Size(p.Base), Entry: perp.Money(p.Quote)},
		Bids:     perp.Size(p.OpenBids), Asks: -perp.Size(p.OpenAsks), Orders: int64(p.OpenOrders),
	}}}
}

// TestFeesVectors runs the whole family. A case without a tier has the
// reference's first: 0.1 %, a rebate of 0.06 %, a tenth for referrer and referee.
func TestFeesVectors(t *testing.T) {
	all, checked := vectors(t, "fees"), 0
	for _, v := range all {
		in, got := v.Inputs, map[string]int64{}
		fill := ReferenceFill{
			Quote: int64(in.Quote), Tier: ReferenceTier{100, 100_000, 60, 100_000, 10, 100, 10, 100}, Adjustment: int64(in.Adjustment),
			HighLeverage: in.Leveraged, Referrer: in.Referrer, Filler: in.RewardFiller, Multiplier: int64(in.Multiplier),
			FillerNum: int64(in.FillerNum), FillerDen: int64(in.FillerDen), TimeFloor: int64(in.TimeFloor),
			Slots: int64(in.Slot - in.OrderSlot), Surplus: int64(in.Surplus), PostOnly: in.PostOnly,
		}
		if in.Tier != nil {
			fill.Tier = tierOf(in.Tier)
		}
		switch v.Fn {
		case "fees_with_match", "fees_with_amm":
			f := ReferenceFeesWithMatch(fill)
			if v.Fn == "fees_with_amm" {
				f = ReferenceFeesWithMaker(fill)
			}
			got = map[string]int64{
				"user_fee": f.User, "maker_rebate": f.Rebate, "fee_to_market": f.Market, "filler_reward": f.Filler,
				"referrer_reward": f.Referrer, "referee_discount": f.Discount,
			}
		case "fee_tier":
			var tiers []ReferenceTier
			for _, m := range in.Tiers {
				tiers = append(tiers, tierOf(m))
			}
			x := ReferenceTierFor(tiers, int64(in.Volume), int64(in.Stake), in.Leveraged)
			got = map[string]int64{
				"fee_numerator": x.FeeNum, "fee_denominator": x.FeeDen, "maker_rebate_numerator": x.RebateNum, "maker_rebate_denominator": x.RebateDen,
			}
		case "filler_multiplier":
			got["multiplier"] = ReferenceFillerMultiplier(int64(in.MakerPrice), int64(in.Oracle), in.MakerDirection == "Long")
		default:
			t.Errorf("%s: unknown function %s", v.Name, v.Fn)
		}
		checked++
		v.compare(t, got)
	}
	report(t, "fees", checked, len(all))
}

func tierOf(m map[string]number) ReferenceTier {
	n := func(key string) int64 { return int64(m[key]) }
	return ReferenceTier{
		n("fee_numerator"), n("fee_denominator"), n("maker_rebate_numerator"), n("maker_rebate_denominator"),
		n("referrer_reward_numerator"), n("referrer_reward_denominator"), n("referee_fee_numerator"), n("referee_fee_denominator"),
	}
}

// compare checks every expected number that is among the results.
func (v vector) compare(t *testing.T, got map[string]int64) {
	t.Helper()
	for key, value := range got {
		if want, ok := v.want(t, key); ok && value != want {
			t.Errorf("%s: %s %d, want %d", v.Name, key, value, want)
		}
	}
}

// TestLiquidationVectors runs the formulas of the family. Its whole runs, with
// liquidators who take positions over, are not part of the product: liquidation
// deals against the curve (see engine).
func TestLiquidationVectors(t *testing.T) {
	all, checked := vectors(t, "liquidation"), 0
	for _, v := range all {
		in, got := v.Inputs, map[string]int64{}
		x := ReferenceTransfer{
			AssetAmount: int64(in.AssetAmount), AssetMultiplier: int64(in.AssetMultiplier), AssetDecimals: int64(in.AssetDecimals),
			AssetPrice: int64(in.AssetPrice), AssetWeight: int64(in.AssetWeight), LiabilityAmount: int64(in.LiabilityAmount),
			LiabilityMultiplier: int64(in.LiabilityMultiplier), LiabilityDecimals: int64(in.LiabilityDecimals),
			LiabilityPrice: int64(in.LiabilityPrice), LiabilityWeight: int64(in.LiabilityWeight), Shortage: int64(in.Shortage), InsuranceFee: int64(in.InsuranceFee),
		}
		var transfer *big.Int
		switch v.Fn {
		case "base_to_cover":
			got["base"] = ReferenceCover(int64(in.Shortage), int64(in.MarginRatio), int64(in.LiquidationFee), int64(in.InsuranceFee), int64(in.Oracle), int64(in.QuotePrice))
		case "perp_if_fee":
			got["fee"] = ReferenceInsuranceFee(int64(in.Shortage), int64(in.Base), int64(in.MarginRatio), int64(in.LiquidatorFee), int64(in.Oracle), int64(in.QuotePrice), int64(in.MaxFee))
		case "max_pct_to_liquidate":
			got["pct"] = ReferencePace(int64(in.Shortage), int64(in.MarginFreed), int64(in.Slot-in.LastActive), int64(in.InitialPct), int64(in.Duration))
		case "liquidation_fee":
			got["fee"] = ReferenceLiquidationFee(int64(in.BaseFee), int64(in.MaxFee), int64(in.LastActive), int64(in.Slot))
		case "transfer_to_cover":
			transfer = x.Cover()
		case "transfer_implied":
			transfer = x.Implied()
		case "asset_for_transfer":
			transfer = x.Asset()
		default:
			continue
		}
		checked++
		v.compare(t, got)
		if transfer != nil {
			if got := `"` + transfer.String() + `"`; got != string(v.Expected["transfer"]) {
				t.Errorf("%s: transfer %s, want %s", v.Name, got, v.Expected["transfer"])
			}
		}
	}
	report(t, "liquidation", checked, len(all))
}

// TestOrdersVectors runs the whole family; what makes an order risk-increasing
// is the product's own rule.
func TestOrdersVectors(t *testing.T) {
	all, checked := vectors(t, "orders"), 0
	for _, v := range all {
		in, m, got := v.Inputs, v.Inputs.Market, map[string]int64{}
		yes := map[string]bool{}
		switch v.Fn {
		case "risk_increasing":
			yes["increasing"] = v.increasing()
		case "std_base", "std_base_signed":
			got["value"], got["remainder"] = ReferenceStep(int64(in.Base), int64(in.Step))
		case "fill_price_in_bands":
			yes["ok"] = ReferenceInBands(int64(in.FillPrice), int64(in.Oracle), int64(in.Average), int64(in.Initial), int64(in.Divergence))
		case "fallback_price":
			price := int64(0)
			if m.BaseReserve > 0 {
				price = mulDiv(int64(m.QuoteReserve), int64(m.Peg), int64(m.BaseReserve))
			}
			got["price"] = ReferenceFallback{
				Oracle: int64(in.Oracle), Ask: price + mulDiv(price, int64(m.LongSpread), 1_000_000), Bid: price - mulDiv(price, int64(m.ShortSpread), 1_000_000),
				AskTWAP: int64(m.AskTWAP), BidTWAP: int64(m.BidTWAP), OracleTWAP: int64(m.OracleTWAP),
				Liquidity: int64(in.Liquidity), Seconds: int64(in.Seconds), Buys: in.Direction == "Long",
			}.Price()
		case "estimate_price_from_side":
			var levels [][2]int64
			for _, l := range in.Levels {
				levels = append(levels, [2]int64{int64(l[0]), int64(l[1])})
			}
			price, enough := ReferenceEstimate(levels, int64(in.Depth))
			if none := string(v.Expected["price"]) == "null"; none == enough {
				t.Errorf("%s: price %d, enough %v", v.Name, price, enough)
			} else if enough {
				got["price"] = price
			}
		case "clamp_trigger":
			got["price"] = ReferenceClampTrigger(int64(in.Oracle), int64(in.Median), m.Tier)
		case "trigger_price":
			got["price"] = ReferenceTrigger{
				Oracle: int64(in.Oracle), Average5Min: int64(m.Average), MarkAverage: int64(m.Mark5Min), OracleFund: int64(m.FundOracle),
				Rate: int64(m.Rate), RateTime: int64(m.RateTime), Period: int64(m.Period), Now: int64(in.Now), Tier: m.Tier, Median: in.UseMedian,
			}.Price()
		default:
			t.Errorf("%s: unknown function %s", v.Name, v.Fn)
		}
		checked++
		v.compare(t, got)
		for key, value := range yes {
			if got := strconv.FormatBool(value); got != string(v.Expected[key]) {
				t.Errorf("%s: %s %s, want %s", v.Name, key, got, v.Expected[key])
			}
		}
	}
	report(t, "orders", checked, len(all))
}

func (v vector) increasing() bool {
	in := v.Inputs
	o := perp.PlaceOrder{Side: perp.Buy}
	if in.Direction == "Short" {
		o.Side = perp.Sell
	}
	e := Exposure{Position: perp.Position{Size: perp.Size(in.Base)}, Bids: perp.Size(in.Bids), Asks: perp.Abs(perp.Size(in.Asks))}
	q := newQuery(o, Facts{Portfolio: Portfolio{Exposures: []Exposure{e}}}, perp.Size(in.Size))
	return q.growing()
}

func report(t *testing.T, family string, checked, of int) {
	t.Helper()
	if checked == 0 {
		t.Error("no case was checked")
	}
	fmt.Printf("vectors: %d of %d (%s)\n", checked, of, family)
}
