package risk

import (
	"cmp"
	"encoding/json"
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
		switch head.Fn {
		case "margin_ratio", "size_premium", "size_discount", "unrealized_asset_weight", "account_margin",
			"fees_with_match", "fees_with_amm", "risk_increasing":
			if err := json.Unmarshal(c, &all[i]); err != nil {
				t.Fatal(err)
			}
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

// TestMarginVectors leaves out what the product does not have: high-leverage
// accounts and the liquidation buffer.
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
		case v.Fn == "unrealized_asset_weight" && in.Market.MaxImbalance == 0:
			got["weight"] = discount(perp.Money(in.PnL), int64(in.Market.ProfitWeight), v.limits().ProfitDiscount)
		case v.Fn == "account_margin":
			r := Margin(v.portfolio(t), kinds[in.Kind])
			got["requirement"] = int64(r.Required)
			got["total_collateral"] = int64(r.Collateral)
			if in.Buffer != 0 {
				delete(got, "requirement")
			}
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

// TestFeesVectors checks the client's fee at the reference's tier 0 (0.001).
// Its surcharges become another rate here; referrers, fillers and volume tiers
// are not part of the product.
func TestFeesVectors(t *testing.T) {
	all, checked := vectors(t, "fees"), 0
	for _, v := range all {
		in := v.Inputs
		if v.Fn != "fees_with_match" && v.Fn != "fees_with_amm" || in.Referrer || in.PostOnly {
			continue
		}
		rate := 10 * perp.BP
		if in.Leveraged {
			rate *= 2
		}
		rate = rate * perp.Ratio(100+in.Adjustment) / 100
		checked++
		want, ok := v.want(t, "user_fee")
		if got := int64(Fee(perp.Money(in.Quote), rate)); !ok || got != want {
			t.Errorf("%s: fee %d, want %d", v.Name, got, want)
		}
	}
	report(t, "fees", checked, len(all))
}

// TestOrdersVectors checks what makes an order risk-increasing. Sizes are
// refused here, not cut to the lot; triggers and auctions are not built.
func TestOrdersVectors(t *testing.T) {
	all, checked := vectors(t, "orders"), 0
	for _, v := range all {
		if v.Fn != "risk_increasing" {
			continue
		}
		checked++
		in := v.Inputs
		o := perp.PlaceOrder{Side: perp.Buy}
		if in.Direction == "Short" {
			o.Side = perp.Sell
		}
		e := Exposure{Position: perp.Position{Size: perp.Size(in.Base)}, Bids: perp.Size(in.Bids), Asks: perp.Abs(perp.Size(in.Asks))}
		q := newQuery(o, Facts{Portfolio: Portfolio{Exposures: []Exposure{e}}}, perp.Size(in.Size))
		if got := strconv.FormatBool(q.growing()); got != string(v.Expected["increasing"]) {
			t.Errorf("%s: increasing %s, want %s", v.Name, got, v.Expected["increasing"])
		}
	}
	report(t, "orders", checked, len(all))
}

func report(t *testing.T, family string, checked, of int) {
	t.Helper()
	if checked == 0 {
		t.Error("no case was checked")
	}
	t.Logf("vectors: %d of %d (%s)", checked, of, family)
}
