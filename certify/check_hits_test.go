package certify

import (
	"slices"
	"strings"
	"testing"
)

// TestHitsKnowTheQuote: C18 knows the quoted price where the order does not repeat
// it, whichever message told it, and no outcome of last look excuses a worse one.
func TestHitsKnowTheQuote(t *testing.T) {
	const (
		answer   = "c R|131=R|146=1|55=BTC-PERP|38=1\ng S|131=R|117=Q|55=BTC-PERP|132=99|133=101|62=+1000\n"
		levels   = "g W|262=M|55=BTC-PERP|268=2|269=0|270=99|271=5|126=+1000|299=QB|269=1|270=101|271=5|126=+1000|299=Q\n"
		change   = "g X|262=M|268=1|279=0|269=1|55=BTC-PERP|270=101|271=5|126=+1000|299=Q|290=1\n"
		gone     = "g X|262=M|268=1|279=2|269=1|55=BTC-PERP|299=Q|290=1\n"
		offered  = "g i|117=ALL|296=1|302=1|304=1|295=2|299=Q|55=BTC-PERP|132=99|133=101|299=Q2|55=BTC-PERP|132=98|133=102\n"
		worse    = "LAST_LOOK_CURRENT A-2 move=+9.00bp tol=1.00bp hold=90"
		accepted = "LAST_LOOK_ACCEPTED"
	)
	order := func(side, names, price, look string) string {
		both := "|11=O|1=ACME|55=BTC-PERP|54=" + side + "|38=1"
		return "c D" + both + "|60=now|40=D|" + names + "\n" +
			"g 8|37=X|17=E1|150=A|39=A|151=1|14=0" + both + "\n" +
			"g 8|37=X|17=E2|150=0|39=0|151=1|14=0|58=" + look + both + "\n" +
			"g 8|37=X|17=E3|150=F|39=2|31=" + price + "|32=1|151=0|14=1" + both + "\n"
	}
	for name, c := range map[string]struct {
		day  string
		want string
	}{
		"at the answer":                 {answer + order("1", "117=Q", "101", accepted), Passed},
		"below the answer":              {answer + order("1", "117=Q", "100", accepted), Passed},
		"above the answer":              {answer + order("1", "117=Q", "101.5", accepted), Failed},
		"above the answer by last look": {answer + order("1", "117=Q", "101.5", worse), Failed},
		"above 44 by last look":         {answer + order("1", "117=Q|44=101", "101.5", worse), Failed},
		"above the answer, below 44":    {answer + order("1", "117=Q|44=102", "101.5", worse), Failed},
		"sold below the answer":         {answer + order("2", "117=Q", "98.5", worse), Failed},
		"sold above the answer":         {answer + order("2", "117=Q", "99.5", accepted), Passed},
		"above a level":                 {levels + order("1", "117=Q", "101.5", worse), Failed},
		"at a level":                    {levels + order("1", "117=Q", "101", accepted), Passed},
		"above a new level":             {change + order("1", "117=Q", "101.5", worse), Failed},
		"above a level that has gone":   {change + gone + order("1", "117=Q", "101.5", worse), Failed},
		"above a stream of levels":      {offered + order("1", "117=Q", "101.5", worse), Failed},
		"at a later level of a stream":  {offered + order("1", "117=Q2", "102", accepted), Passed},
		"above 44, of an unknown quote": {order("1", "117=Q|44=101", "101.5", worse), Failed},
		"at 44, of an unknown quote":    {order("1", "117=Q|44=101", "101", accepted), Passed},
		"nothing says what was quoted":  {order("1", "117=Q", "101.5", worse), NotObserved},
		"a limit order is no hit":       {strings.Replace(order("1", "44=102", "101.5", worse), "40=D", "40=2", 1), NotObserved},
	} {
		r := reportOf(t, written(t, "c A|98=0|108=30|141=Y\ng A|98=0|108=30|141=Y\n"+c.day))
		i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Check.ID == "C18" })
		if got := r.Findings[i].Verdict; got != c.want {
			t.Errorf("%s: %s, want %s: %s", name, got, c.want, r.Findings[i].Why)
		}
	}
}
