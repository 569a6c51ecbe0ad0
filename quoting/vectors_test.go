package quoting

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"testing"
)

// The vectors are input and expected output of the reference, as facts. A
// folder in BACKSTOP_VECTORS may hold fewer or other cases.
func vectorFolder() string {
	if dir := os.Getenv("BACKSTOP_VECTORS"); dir != "" {
		return dir
	}
	return filepath.Join("testdata", "vectors")
}

type vectorFile struct {
	Family string       `json:"family"`
	Cases  []vectorCase `json:"cases"`
}

type vectorCase struct {
	Name     string          `json:"name"`
	Fn       string          `json:"fn"`
	Inputs   json.RawMessage `json:"inputs"`
	Expected json.RawMessage `json:"expected"`
}

func TestCurveVectors(t *testing.T)    { runVectors(t, "cp_curve") }
func TestSwapVectors(t *testing.T)     { runVectors(t, "swap") }
func TestSpreadVectors(t *testing.T)   { runVectors(t, "amm_spread") }
func TestStepVectors(t *testing.T)     { runVectors(t, "spread_components") }
func TestRepegVectors(t *testing.T)    { runVectors(t, "repeg") }
func TestValidityVectors(t *testing.T) { runVectors(t, "oracle_validity") }
func TestOffsetVectors(t *testing.T)   { runVectors(t, "reference_price_offset") }

func runVectors(t *testing.T, family string) {
	data, err := os.ReadFile(filepath.Join(vectorFolder(), family+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no %s.json in %s", family, vectorFolder())
	}
	if err != nil {
		t.Fatal(err)
	}
	var file vectorFile
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	good := 0
	for _, c := range file.Cases {
		if t.Run(c.Name, func(t *testing.T) { runVector(t, c) }) {
			good++
		}
	}
	fmt.Printf("vectors: %d of %d (%s)\n", good, len(file.Cases), family)
}

// defaults are the market fields that are not zero when a case leaves them out.
const defaults = `{"min_order_size":"1","status":"Initialized","contract_type":"Perpetual",
	"contract_tier":"HighlySpeculative","oracle_slot_delay_override":"-1"}`

func runVector(t *testing.T, c vectorCase) {
	var in struct {
		Market json.RawMessage `json:"market"`
		Steps  []struct {
			Fn   string          `json:"fn"`
			Args json.RawMessage `json:"args"`
		} `json:"steps"`
	}
	var want struct {
		Steps []json.RawMessage `json:"steps"`
	}
	must(t, json.Unmarshal(c.Inputs, &in))
	must(t, json.Unmarshal(c.Expected, &want))
	m := new(Reference)
	must(t, json.Unmarshal([]byte(defaults), m))
	if in.Market != nil {
		must(t, json.Unmarshal(in.Market, m))
	}
	if c.Fn != "seq" {
		checkStep(t, m, c.Fn, c.Inputs, c.Expected)
		return
	}
	for i, s := range in.Steps {
		if s.Args == nil {
			s.Args = json.RawMessage(`{}`)
		}
		var expected json.RawMessage = []byte(`{}`)
		if i < len(want.Steps) {
			expected = want.Steps[i]
		}
		checkStep(t, m, s.Fn, s.Args, expected)
		if t.Failed() {
			t.Logf("in step %d, %s", i, s.Fn)
			return
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// checkStep runs one function and compares every named result.
func checkStep(t *testing.T, m *Reference, fn string, input, expected json.RawMessage) {
	var want map[string]json.RawMessage
	must(t, json.Unmarshal(expected, &want))
	run, known := vectorFns[fn]
	if !known {
		t.Fatalf("no such function: %s", fn)
	}
	a := args{t: t}
	must(t, json.Unmarshal(input, &a.in))
	before := *m
	got, err := run(m, a)
	if string(want["error"]) == "true" {
		if err == nil {
			t.Errorf("%s was not refused", fn)
		} else if *m != before {
			t.Errorf("%s was refused and half applied", fn)
		}
		return
	}
	if err != nil {
		t.Fatalf("%s: %v", fn, err)
	}
	names := make([]string, 0, len(want))
	for name := range want {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if name == "market" {
			compareMarket(t, m, want[name])
		} else if have, ok := got[name]; !ok {
			t.Errorf("%s: no result %s", fn, name)
		} else if steps, ok := have.([]Reference); ok {
			compareSteps(t, steps, want[name])
		} else {
			compare(t, name, have, want[name])
		}
	}
}

func compareMarket(t *testing.T, m *Reference, expected json.RawMessage) {
	var want, have map[string]json.RawMessage
	must(t, json.Unmarshal(expected, &want))
	data, err := json.Marshal(m)
	must(t, err)
	must(t, json.Unmarshal(data, &have))
	for name, v := range want {
		if have[name] == nil {
			t.Errorf("market field %s is not modelled", name)
		} else if string(have[name]) != string(v) {
			t.Errorf("%s is %s, want %s", name, have[name], v)
		}
	}
}

// compareSteps compares the market at each of the moments that a loop keeps.
func compareSteps(t *testing.T, have []Reference, expected json.RawMessage) {
	var want []json.RawMessage
	must(t, json.Unmarshal(expected, &want))
	if len(want) != len(have) {
		t.Fatalf("%d moments kept, want %d", len(have), len(want))
	}
	for i := range have {
		compareMarket(t, &have[i], want[i])
	}
}

func compare(t *testing.T, name string, have any, want json.RawMessage) {
	data, err := json.Marshal(have)
	must(t, err)
	var a, b any
	must(t, json.Unmarshal(data, &a))
	must(t, json.Unmarshal(want, &b))
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("%s is %s, want %s", name, data, want)
	}
}

type args struct {
	t  *testing.T
	in map[string]json.RawMessage
}

func (a args) num(name string) (v num) {
	a.t.Helper()
	if raw, ok := a.in[name]; ok {
		must(a.t, json.Unmarshal(raw, &v))
	}
	return v
}

func (a args) text(name string) (v string) {
	if raw, ok := a.in[name]; ok {
		must(a.t, json.Unmarshal(raw, &v))
	}
	return v
}

func (a args) flag(name string) (v bool) {
	if raw, ok := a.in[name]; ok {
		must(a.t, json.Unmarshal(raw, &v))
	}
	return v
}

func (a args) oracle() (o RefOracle) {
	must(a.t, json.Unmarshal(a.in["oracle"], &o))
	return o
}

func (a args) guard() RefGuard {
	g := refGuard()
	if raw, ok := a.in["guard"]; ok {
		must(a.t, json.Unmarshal(raw, &g))
	}
	return g
}

type results map[string]any

type vectorFn func(*Reference, args) (results, error)

var vectorFns = map[string]vectorFn{
	"set":                        vecSet,
	"proportion":                 vecProportion,
	"reserve_price":              func(m *Reference, _ args) (results, error) { return results{"price": m.price()}, nil },
	"terminal":                   vecTerminal,
	"open_bids_asks":             vecDepth,
	"bid_ask_bounds":             vecBounds,
	"update_concentration_coef":  func(m *Reference, a args) (results, error) { return nil, m.concentrate(a.num("scale")) },
	"budgeted_k_scale":           vecBudgetedScale,
	"update_k_result":            vecUpdateK,
	"update_k":                   vecUpdateK,
	"adjust_k_cost":              vecKCost,
	"adjust_k_cost_and_update":   vecKCostUpdate,
	"recenter":                   vecRecenter,
	"swap":                       vecSwap,
	"spread_reserves":            vecSpreadReserves,
	"bid_ask":                    vecBidAsk,
	"ask_premium":                vecPremium,
	"bid_discount":               vecPremium,
	"calc_spread":                vecSpread,
	"update_spreads":             vecUpdateSpreads,
	"cap_to_max_spread":          vecCap,
	"vol_spread":                 vecVolatility,
	"inventory_ratio":            vecRatio,
	"inventory_ratio_for_offset": vecOffsetRatio,
	"inventory_scale":            vecInventoryScale,
	"leverage_scale":             vecLeverageScale,
	"revenue_retreat":            vecRetreat,
	"max_target_spread":          vecTarget,
	"reference_price_offset":     vecOffset,
	"max_ref_offset": func(m *Reference, _ args) (results, error) {
		return results{"offset": m.maxOffset(), "value": m.maxOffset()}, nil
	},
	"peg_from_target":           vecPeg,
	"repeg_cost":                func(m *Reference, a args) (results, error) { return results{"cost": m.pegCost(a.num("new_peg"))}, nil },
	"fee_pool_budget":           func(m *Reference, _ args) (results, error) { return results{"budget": m.budget()}, nil },
	"optimal_peg_and_budget":    vecOptimal,
	"adjust_amm":                vecAdjust,
	"update_amm":                vecUpdate,
	"oracle_validity":           vecValidity,
	"oracle_status":             vecStatus,
	"market_mm_oracle":          vecSafe,
	"update_oracle_twap":        vecObserve,
	"oracle_too_divergent_5min": vecFar,
	"spread_pct_vs_oracle_5min": vecDivergence,
	"price_ok_for_settle":       func(m *Reference, a args) (results, error) { return results{"ok": m.settleOK(a.num("price"))}, nil },
	"loop_offset_decay":         vecOffsetDecay,

	"funding_long_short":              vecFundingSplit,
	"update_funding_rate":             vecFunding,
	"funding_blocked":                 vecBlocked,
	"on_the_hour":                     vecHour,
	"max_funding_divergence":          vecMaxDivergence,
	"funding_basis":                   vecBasis,
	"formulaic_update_k":              vecFormulaicK,
	"loop_formulaic_k":                vecFormulaicLoop,
	"update_mark_std":                 vecMarkStd,
	"update_mark_twap_from_estimates": vecMarkTrade,
	"weighted_average":                vecWeighted,
	"loop_clamp":                      vecClampLoop,
	"loop_mark_std":                   vecStdLoop,
	"loop_mark_twap":                  vecMarkLoop,
	"amm_can_fill":                    vecCanFill,
	"too_much_drawdown":               vecDrawdown,
}
