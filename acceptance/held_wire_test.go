package acceptance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// stockIsStock: what a session without a dialect was told has no tag of 5000 or
// above and no code that FIX got after 4.4.
func (w *heldWorld) stockIsStock() {
	for _, f := range w.stock.All {
		for _, field := range f {
			tag, _, _ := strings.Cut(field, "=")
			if n, err := strconv.Atoi(tag); err != nil || n >= 5000 {
				w.t.Errorf("a stock client was sent %s: %s", field, f)
			}
		}
		if code := f.Int(103); f.Get(103) != "" && code > 15 && code != 99 {
			w.t.Errorf("a stock client was sent a later code: %s", f)
		}
	}
}

// richIsExact: VAMM1 was agreed on, prices are the sum of their parts, and the
// reports of held orders carry numbers that follow from each other.
func (w *heldWorld) richIsExact() {
	says(w.t, "logon", w.rich.All[0], "35=A", "22000=VAMM1")
	books, quotes := 0, 0
	for _, f := range w.rich.All {
		bid, ask := f.Get(132), f.Get(133)
		switch f.Get(35) {
		case "W":
			bid, _ = f.Entry("0")
			ask, _ = f.Entry("1")
			books++
		case "S":
			quotes++
		default:
			continue
		}
		if bid != "" || ask != "" {
			w.addsUp(f, bid, ask)
		}
	}
	if books == 0 || quotes == 0 {
		w.t.Errorf("%d books and %d quotes were told: the run says nothing about their parts", books, quotes)
	}
	for _, id := range []string{"M1", "M2", "L1", "L2", "Q1", "S1", "J1", "J2", "J3", "T1"} {
		for _, f := range w.rich.Reports(id) {
			w.lookAddsUp(f)
		}
	}
}

var bpsOne = decimal.NewFromInt(10000)

// addsUp checks the identity of the rules in exact arithmetic.
func (w *heldWorld) addsUp(f Fields, bid, ask string) {
	of := func(tags ...int) (sum decimal.Decimal) {
		for _, tag := range tags {
			v, err := decimal.NewFromString(f.Get(tag))
			if err != nil {
				w.t.Errorf("%d is no number: %s", tag, f)
			}
			sum = sum.Add(v)
		}
		return sum
	}
	centre := of(22060)
	if want := of(22010).Mul(bpsOne.Add(of(22066, 22067))).Shift(-4); !want.Equal(centre) {
		w.t.Errorf("22060 should be %s: %s", want, f)
	}
	for tag := 22061; tag <= 22065; tag++ {
		if of(tag).IsNegative() {
			w.t.Errorf("%d is negative: %s", tag, f)
		}
	}
	half, tick := of(22061, 22062, 22063, 22064, 22065), decimal.RequireFromString("0.5")
	if bid != "" {
		n, _ := centre.Mul(bpsOne.Sub(half).Sub(of(22068))).Shift(-4).QuoRem(tick, 0)
		if want := n.Mul(tick); !want.Equal(dec(bid)) {
			w.t.Errorf("the bid should be %s: %s", want, f)
		}
	}
	if ask != "" {
		n, rest := centre.Mul(bpsOne.Add(half).Add(of(22069))).Shift(-4).QuoRem(tick, 0)
		if !rest.IsZero() {
			n = n.Add(decimal.NewFromInt(1))
		}
		if want := n.Mul(tick); !want.Equal(dec(ask)) {
			w.t.Errorf("the offer should be %s: %s", want, f)
		}
	}
}

// lookAddsUp checks the numbers of a held order's report among each other.
func (w *heldWorld) lookAddsUp(f Fields) {
	if f.Get(150) == "A" { // Not decided yet.
		if f.Get(22040) != "" || f.Get(22006) == "" {
			w.t.Errorf("the beginning of a hold: %s", f)
		}
		return
	}
	held := dec(f.Get(22005)).Sub(dec(f.Get(22006)))
	if us, _ := held.QuoRem(decimal.NewFromInt(1000), 0); !us.Equal(dec(f.Get(22041))) || !us.IsPositive() {
		w.t.Errorf("22041 should be %s: %s", us, f)
	}
	if !dec(f.Get(22044)).IsPositive() {
		w.t.Errorf("no price at the request: %s", f)
		return
	}
	if f.Get(22040) == "5" { // No price decided.
		if f.Get(22042)+f.Get(22043)+f.Get(22045) != "" {
			w.t.Errorf("a move to no price: %s", f)
		}
		return
	}
	before, after := dec(f.Get(22044)), dec(f.Get(22045))
	sign := decimal.NewFromInt(1)
	if f.Get(54) == "2" {
		sign = sign.Neg()
	}
	move, _ := after.Sub(before).Mul(sign).Mul(bpsOne).QuoRem(before, 2) // towards zero, to 0.01 bp
	if !move.Equal(dec(f.Get(22043))) {
		w.t.Errorf("22043 should be %s: %s", move, f)
	}
	beyond := move.GreaterThan(dec(f.Get(22042)))
	if outcome := f.Get(22040); beyond != (outcome == "2" || outcome == "3") {
		w.t.Errorf("the outcome does not fit move and tolerance: %s", f)
	}
	better := dec(f.Get(22046))
	if f.Get(150) == "F" && (f.Get(22046) == "" || better.IsNegative() || better.IsPositive() != (f.Get(22040) == "6")) {
		w.t.Errorf("the improvement does not fit the outcome: %s", f)
	}
}

// symmetryRow is what the test reads of a row of `report symmetry`.
type symmetryRow struct {
	Account, Tier, Market             string
	Held, Accepted, Improved, Current int64
	Against                           int64 `json:"refused_price"`
	Invalid                           int64 `json:"refused_validity"`
	Expired                           int64 `json:"refused_expired"`
	RejectRate                        int64 `json:"reject_rate_units"`
	HoldMax                           int64 `json:"hold_max_us"`
	Improvement                       string
}

// tally adds the row up from the wire.
func tally(h *Heard) (row symmetryRow) {
	improvement := decimal.Zero
	for _, f := range h.All {
		if f.Get(35) != "8" || f.Get(22040) == "" || f.Get(22040) == "0" {
			continue
		}
		if f.Get(150) == "F" {
			improvement = improvement.Add(dec(f.Get(22046)).Mul(dec(f.Get(32))))
			continue
		}
		row.Held++
		row.HoldMax = max(row.HoldMax, int64(f.Int(22041)))
		of := map[string]*int64{"1": &row.Accepted, "2": &row.Against, "3": &row.Current, "4": &row.Invalid, "5": &row.Expired, "6": &row.Improved}
		*of[f.Get(22040)]++
	}
	row.RejectRate = (row.Against + row.Invalid + row.Expired) * 1_000_000 / row.Held
	row.Improvement = improvement.String()
	return row
}

// reported: the report of held orders is what the wire adds up to, and what the
// books say of each order is what was told of it.
func (w *heldWorld) reported(dir string) {
	out, talk, code, err := Run(w.ctx, "report", "symmetry", "--data-dir", dir, "--account", "DEMO2", "--format", "json")
	var said struct {
		Rows []symmetryRow `json:"held_orders"`
	}
	if jerr := json.Unmarshal([]byte(out), &said); err != nil || jerr != nil || code != 0 {
		w.t.Fatalf("report symmetry: exit %d, %v, %v\n%s%s", code, err, jerr, out, talk)
	}
	want := tally(w.rich)
	want.Account, want.Tier, want.Market = "DEMO2", "held", "BTC-PERP"
	if !slices.Contains(said.Rows, want) {
		w.t.Errorf("no row of report symmetry is %+v:\n%s", want, out)
	}
	for _, id := range []string{"M1", "Q1", "J1", "J3", "T1"} {
		w.explained(dir, id)
	}
}

// explained compares explain order with the wire.
func (w *heldWorld) explained(dir, id string) {
	out, talk, code, err := Run(w.ctx, "explain", "order", id, "--account", "DEMO2", "--data-dir", dir, "--json")
	var said struct {
		Events []struct{ Kind, Text string }
	}
	if jerr := json.Unmarshal([]byte(out), &said); err != nil || jerr != nil || code != 0 {
		w.t.Fatalf("explain order %s: exit %d, %v, %v\n%s%s", id, code, err, jerr, out, talk)
	}
	texts := map[string]string{}
	for _, e := range said.Events {
		texts[e.Kind] = e.Text
	}
	if _, has := texts["OrderHeld"]; !has {
		w.t.Errorf("explain order %s tells of no hold:\n%s", id, out)
	}
	decided := w.rich.Report(id, "8")
	if f := w.rich.Report(id, "F"); f != nil {
		decided = f
		if want := fmt.Sprintf("%s at %s, fee %s (%s)", f.Get(32), f.Get(31), f.Get(137), f.Get(17)); texts["Filled"] != want {
			w.t.Errorf("explain order %s: fill %q, on the wire %q", id, texts["Filled"], want)
		}
	}
	if decided == nil {
		w.t.Errorf("nothing was told of %s", id)
		return
	}
	outcome := map[string]string{"1": "accepted", "2": "against", "3": "current", "5": "expired", "6": "improved"}[decided.Get(22040)]
	want := fmt.Sprintf("%s after %s ms: the price moved by ", outcome, dec(decided.Get(22041)).Shift(-3).StringFixed(3))
	if move := decided.Get(22043); move != "" {
		want += dec(move).StringFixed(2) + " bp for the client, tolerated " + dec(decided.Get(22042)).StringFixed(2) + ";"
	}
	if look := texts["LastLook"]; !strings.HasPrefix(strings.ReplaceAll(look, "by +", "by "), want) {
		w.t.Errorf("explain order %s: %q, on the wire %q", id, look, want)
	}
}
