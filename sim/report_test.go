package sim

import (
	"bytes"
	"strings"
	"testing"

	"backstop/perp"
)

// TestReportStandsAlone: the page has the table and all plots and asks for
// nothing outside of itself.
func TestReportStandsAlone(t *testing.T) {
	s := scenario(t, "outage", 30*perp.Second)
	all := []Score{try(t, s, "naive", 1), Mean([]Score{try(t, s, "firm", 1), try(t, s, "firm", 2)})}
	var b bytes.Buffer
	if err := Report(&b, all); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	if n := strings.Count(page, "<svg"); n != 12 {
		t.Errorf("%d plots, want 12", n)
	}
	for _, bad := range []string{"http://", "https://", "src=", "NaN", "Inf"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if !strings.Contains(page, "outage    naive") || !strings.Contains(page, "outage    firm") {
		t.Error("the table is not there")
	}
}

// TestMean: means, their intervals, and sums over seeds.
func TestMean(t *testing.T) {
	m := Mean([]Score{
		{ArbPnL: 1, Fills: 3, StateHash: "a", ArbPnLByClass: map[string]float64{"arb": 2}},
		{ArbPnL: 3, Fills: 4, StateHash: "b", ArbPnLByClass: map[string]float64{"arb": 4}},
	})
	if m.ArbPnL != 2 || m.Fills != 7 || m.Seeds != 2 || m.StateHash != "a,b" || m.ArbPnLByClass["arb"] != 3 {
		t.Errorf("%+v", m)
	}
	if got := m.Spread["arb_pnl"]; got < 1.95 || got > 1.97 {
		t.Errorf("interval of arb_pnl is %.3f, want 1.96", got)
	}
	if one := Mean([]Score{{ArbPnL: 1}}); one.Spread != nil {
		t.Errorf("one seed has the interval %v", one.Spread)
	}
}
