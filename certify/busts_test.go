package certify

import (
	"slices"
	"strings"
	"testing"
)

// TestBustsAreNoFault: a trade that is taken back (150=H) comes after the end of its
// order, or while it works, and what is free again is worked or not; sums, states and
// positions are held to what it says.
func TestBustsAreNoFault(t *testing.T) {
	const (
		names = "|37=X|11=O|1=ACME|55=BTC-PERP|54=1|38=3"
		start = "c A|98=0|108=30|141=Y\ng A|98=0|108=30|141=Y\n"
		asks  = "c D|11=O|1=ACME|55=BTC-PERP|54=1|60=now|38=3|40=2|44=101|59=1\n" +
			"g 8|17=E1|150=0|39=0|151=3|14=0" + names + "\ng 8|17=E2|150=F|39=1|31=101|32=1|151=2|14=1" + names + "\n"
		full = "g 8|17=E3|150=F|39=2|31=101|32=2|151=0|14=3" + names + "\n"
	)
	bust := func(id, status, last, leaves, cum string) string {
		return "g 8|17=" + id + "|19=E|150=H|39=" + status + "|31=101|32=" + last + "|151=" + leaves + "|14=" + cum + names + "\n"
	}
	report := func(id, kind, status, last, leaves, cum string) string {
		return "g 8|17=" + id + "|150=" + kind + "|39=" + status + "|32=" + last + "|31=101|151=" + leaves + "|14=" + cum + names + "\n"
	}
	for name, c := range map[string]struct{ day, fault string }{
		"of a filled order, which ends":      {asks + full + bust("E4", "1", "2", "0", "1") + report("E5", "4", "4", "0", "0", "1"), ""},
		"of one that works":                  {asks + bust("E3", "0", "1", "2", "0") + report("E4", "F", "1", "2", "0", "2") + report("E5", "4", "4", "0", "0", "2"), ""},
		"of one that works, worked again":    {asks + bust("E3", "0", "1", "3", "0") + report("E4", "F", "2", "3", "0", "3"), ""},
		"of one that has ended":              {asks + report("E3", "4", "4", "0", "0", "1") + bust("E4", "4", "1", "0", "0"), ""},
		"with sums that are wrong":           {asks + bust("E3", "0", "1", "2", "1"), "CumQty(14) is 1"},
		"of which too much is worked again":  {asks + bust("E3", "0", "1", "4", "0"), "LeavesQty(151) is 4"},
		"and a fill after the end":           {asks + full + bust("E4", "4", "2", "0", "1") + report("E5", "F", "1", "1", "1", "2"), "after its end"},
		"and what is free is dealt after it": {asks + bust("E3", "0", "1", "2", "0") + report("E4", "F", "1", "1", "2", "1"), "LeavesQty(151) is 2"},
	} {
		r := reportOf(t, written(t, start+c.day))
		var faults []string
		for _, f := range r.Findings {
			if f.Verdict == Failed {
				faults = append(faults, f.Check.ID+": "+f.Why)
			}
		}
		found := slices.ContainsFunc(faults, func(f string) bool { return c.fault != "" && strings.Contains(f, c.fault) })
		if (c.fault == "") != (len(faults) == 0) || c.fault != "" && !found {
			t.Errorf("%s: %q, want %q", name, faults, c.fault)
		}
	}
}

// TestPositionsWithoutBusts: a busted trade is out of the position again.
func TestPositionsWithoutBusts(t *testing.T) {
	p := newPositions()
	e := func(kind string, fields ...string) *Entry { return &Entry{Kind: kind, Fields: fields} }
	both := []string{"1=ACME", "55=BTC-PERP"}
	p.see(e("AP", append(both, "704=5")...))
	p.see(e("8", append(both, "17=E1", "150=F", "54=2", "32=2")...))
	if got, _ := p.of(e("8", both...)); text(got) != "3" {
		t.Fatalf("%s after a sale", text(got))
	}
	p.see(e("8", append(both, "17=E2", "19=E1", "150=H", "54=2", "32=2")...))
	if got, _ := p.of(e("8", both...)); text(got) != "5" {
		t.Errorf("%s after its bust", text(got))
	}
}
