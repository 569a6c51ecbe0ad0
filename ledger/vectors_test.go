package ledger_test

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"backstop/ledger"
	"backstop/perp"
)

type positionCase struct {
	Name   string
	Fn     string
	Inputs struct {
		Position   map[string]string
		DeltaBase  string `json:"delta_base"`
		DeltaQuote string `json:"delta_quote"`
	}
	Expected struct {
		PnL        string
		EntryPrice *string `json:"entry_price"`
		Position   map[string]string
	}
}

// TestPositionVectors holds Apply to the reference to the unit. Break-even and
// the cumulative funding index are not kept here: fees and funding are cash.
func TestPositionVectors(t *testing.T) {
	dir := cmp.Or(os.Getenv("BACKSTOP_VECTORS"), filepath.Join("testdata", "vectors"))
	src, err := os.ReadFile(filepath.Join(dir, "position.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []positionCase }
	if err := json.Unmarshal(src, &file); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, c := range file.Cases {
		if c.Fn != "update_position" {
			continue
		}
		checked++
		in, want := c.Inputs.Position, c.Expected.Position
		before := perp.Position{Size: perp.Size(integer(t, in["base"])), Entry: perp.Money(integer(t, in["entry"]))}
		dq := integer(t, c.Inputs.DeltaQuote)
		after, pnl := ledger.Apply(before, perp.Size(integer(t, c.Inputs.DeltaBase)), perp.Money(dq))
		if int64(pnl) != integer(t, c.Expected.PnL) {
			t.Errorf("%s: realised %d, want %s", c.Name, pnl, c.Expected.PnL)
		}
		if int64(after.Size) != integer(t, want["base"]) || int64(after.Entry) != integer(t, want["entry"]) {
			t.Errorf("%s: position %+v, want %v", c.Name, after, want)
		}
		if got := integer(t, in["quote"]) + dq; got != integer(t, want["quote"]) {
			t.Errorf("%s: cash %d, want %s", c.Name, got, want["quote"])
		}
		if p := c.Expected.EntryPrice; p != nil && after.Size != 0 {
			if got := perp.MulDiv(-int64(after.Entry), int64(perp.SizeOne), int64(after.Size), perp.Trunc); got != integer(t, *p) {
				t.Errorf("%s: entry price %d, want %s", c.Name, got, *p)
			}
		}
	}
	if checked == 0 {
		t.Error("no case was checked")
	}
	t.Logf("vectors: %d of %d (position)", checked, len(file.Cases))
}

// integer reads a vector's number; an absent one is zero.
func integer(t *testing.T, s string) int64 {
	t.Helper()
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
