package certify

import (
	"slices"
	"strings"
	"testing"
)

// goodMoney is the part of the good day in which money moves: collateral, funding,
// a settlement, a market that halts, a margin call that is cured and one that is not.
const goodMoney = `c BB|909=B1|1=ACME|263=1
g BG|909=B1|945=0|946=0|911=1|1=ACME|581=1
g BA|908=CR1|909=B1|910=3|1=ACME|900=1000|901=1000|921=1000|922=1000|58=initial=0 claims=0 unrealised=0
c BB|909=B2|1=OTHER
g BG|909=B2|945=4|946=9|1=OTHER|58=UNKNOWN_ACCOUNT
c D|11=U1|1=ACME|55=CERT-FUND|54=1|60=now|38=10|40=1
g 8|37=XU1|11=U1|17=EU1|150=0|39=0|1=ACME|55=CERT-FUND|54=1|38=10|151=10|14=0
g 8|37=XU1|11=U1|17=EU2|150=F|39=2|1=ACME|55=CERT-FUND|54=1|38=10|31=100|32=10|151=0|14=10|136=1|137=0.5|138=USDC|139=4
g BA|908=CR2|910=3|1=ACME|900=999.5|901=999.5|921=999.5|922=999.5|58=initial=50 claims=0 unrealised=0
5000
g AM|721=FUND-F1|713=F1|722=3|1=ACME|55=CERT-FUND|753=1|707=VADJ|708=-0.1|58=FUNDING rate_per_day=0.01
g BA|908=CR3|910=3|1=ACME|900=999.4|901=999.5|921=999.5|922=999.4|58=initial=50 claims=-0.1 unrealised=0
5000
g AM|721=FUND-F2|713=F2|722=3|1=ACME|55=CERT-FUND|753=1|707=VADJ|708=-0.2|58=FUNDING rate_per_day=0.01
g AM|721=FUND-F2|713=F2|97=Y|722=3|1=ACME|55=CERT-FUND|753=1|707=VADJ|708=-0.2|58=FUNDING rate_per_day=0.01
g BA|908=CR4|910=3|1=ACME|900=999.2|901=999.5|921=999.5|922=999.2|58=initial=50 claims=-0.3 unrealised=0
5000
g AM|721=FUND-F3|713=F3|722=3|1=ACME|55=CERT-FUND|753=1|707=VADJ|708=-0.1|58=FUNDING rate_per_day=0.01
g BA|908=CR5|910=3|1=ACME|900=999.1|901=999.5|921=999.5|922=999.1|58=initial=50 claims=-0.4 unrealised=0
c D|11=U2|1=ACME|55=CERT-FUND|54=2|60=now|38=10|40=1|18=E
g 8|37=XU2|11=U2|17=EU3|150=0|39=0|1=ACME|55=CERT-FUND|54=2|38=10|151=10|14=0
g 8|37=XU2|11=U2|17=EU4|150=F|39=2|1=ACME|55=CERT-FUND|54=2|38=10|31=101|32=10|151=0|14=10|136=1|137=0.5|138=USDC|139=4
g AM|721=SETTLE-S1|713=S1|722=4|1=ACME|55=CERT-FUND|753=3|707=FMTM|708=9.6|707=CASH|708=4|707=CRES|708=5.6|58=PARTIAL_SETTLEMENT pool limited
g AM|721=SETTLE-S2|713=S2|722=3|1=ACME|55=CERT-FUND|753=3|707=FMTM|708=5.6|707=CASH|708=5.6|707=CRES|708=0|58=SETTLEMENT
g BA|908=CR6|910=3|1=ACME|900=1008.6|901=1008.6|921=1008.6|922=1008.6|58=initial=0 claims=0 unrealised=0
c e|324=H1|55=CERT-HALT|263=1
g f|324=H1|55=CERT-HALT|326=17
c D|11=H1|1=ACME|55=CERT-HALT|54=1|60=now|38=5|40=1
g 8|37=XH1|11=H1|17=EH1|150=0|39=0|1=ACME|55=CERT-HALT|54=1|38=5|151=5|14=0
g 8|37=XH1|11=H1|17=EH2|150=F|39=2|1=ACME|55=CERT-HALT|54=1|38=5|31=100|32=5|151=0|14=5
g f|55=CERT-HALT|325=Y|326=2|58=ORACLE_DIVERGENT
c D|11=H2|1=ACME|55=CERT-HALT|54=1|60=now|38=1|40=1
g 8|37=XH2|11=H2|17=EH3|150=8|39=8|1=ACME|55=CERT-HALT|54=1|38=1|151=0|14=0|103=2|58=ORACLE_DIVERGENT
3000
g f|55=CERT-HALT|325=Y|326=3|58=ORACLE_DIVERGENT
c D|11=H3|1=ACME|55=CERT-HALT|54=1|60=now|38=1|40=1
g 8|37=XH3|11=H3|17=EH4|150=8|39=8|1=ACME|55=CERT-HALT|54=1|38=1|151=0|14=0|103=2|58=REDUCE_ONLY_MODE
2000
c D|11=H4|1=ACME|55=CERT-HALT|54=2|60=now|38=2|40=1|18=E
g 8|37=XH4|11=H4|17=EH5|150=0|39=0|1=ACME|55=CERT-HALT|54=2|38=2|151=2|14=0
g 8|37=XH4|11=H4|17=EH6|150=F|39=2|1=ACME|55=CERT-HALT|54=2|38=2|31=100|32=2|151=0|14=2
g f|55=CERT-HALT|325=Y|326=17
c D|11=Q1|1=MARGIN|55=CERT-LIQ|54=2|60=now|38=9500|40=1
g 8|37=XQ1|11=Q1|17=EQ1|150=0|39=0|1=MARGIN|55=CERT-LIQ|54=2|38=9500|151=9500|14=0
g 8|37=XQ1|11=Q1|17=EQ2|150=F|39=2|1=MARGIN|55=CERT-LIQ|54=2|38=9500|31=100|32=9500|151=0|14=9500
g AX|894=M1|895=3|1=MARGIN|899=-10|900=1000|58=MARGIN_CALL equity=1000 required=1010
c D|11=Q2|1=MARGIN|55=CERT-LIQ|54=1|60=now|38=2500|40=1
g 8|37=XQ2|11=Q2|17=EQ3|150=0|39=0|1=MARGIN|55=CERT-LIQ|54=1|38=2500|151=2500|14=0
g 8|37=XQ2|11=Q2|17=EQ4|150=F|39=2|1=MARGIN|55=CERT-LIQ|54=1|38=2500|31=100|32=2500|151=0|14=2500
g AX|894=M1|895=4|1=MARGIN|899=10|900=1000|58=MARGIN_CALL_LIFTED equity=1000 required=990
c D|11=Q3|1=MARGIN|55=CERT-LIQ|54=1|60=now|38=1|40=2|44=90|59=1
g 8|37=XQ3|11=Q3|17=EQ5|150=0|39=0|1=MARGIN|55=CERT-LIQ|54=1|38=1|151=1|14=0
g AX|894=M2|895=3|1=MARGIN|899=-10|900=1000|58=MARGIN_CALL equity=1000 required=1010
2000
g 8|37=XQ3|11=Q3|17=EQ6|150=4|39=4|1=MARGIN|55=CERT-LIQ|54=1|38=1|151=0|14=0|58=LIQUIDATION
g 8|37=XL1|17=EQ7|150=0|39=0|1=MARGIN|55=CERT-LIQ|54=1|38=400|151=400|14=0|58=LIQUIDATION
g 8|37=XL1|17=EQ8|150=F|39=2|1=MARGIN|55=CERT-LIQ|54=1|38=400|31=108|32=400|151=0|14=400|58=LIQUIDATION
g 8|n=lastg|43=Y|122=now|37=XL1|17=EQ8|150=F|39=2|1=MARGIN|55=CERT-LIQ|54=1|38=400|31=108|32=400|151=0|14=400|58=LIQUIDATION
g BA|908=CR7|910=3|1=MARGIN|900=900|901=900|921=900|922=900|58=LIQUIDATION initial=800 claims=0 unrealised=0
g AX|894=M2|895=4|1=MARGIN|899=10|900=1000|58=MARGIN_CALL_LIFTED equity=1000 required=990
`

// What a liquidation begins with, and what follows.
const (
	canceledFirst = "g 8|37=XQ3|11=Q3|17=EQ6|150=4|39=4|1=MARGIN|55=CERT-LIQ|54=1|38=1|151=0|14=0|58=LIQUIDATION\n"
	liquidated    = "g 8|37=XL1|17=EQ7|150=0|39=0|1=MARGIN|55=CERT-LIQ|54=1|38=400|151=400|14=0|58=LIQUIDATION\n" +
		"g 8|37=XL1|17=EQ8|150=F|39=2|1=MARGIN|55=CERT-LIQ|54=1|38=400|31=108|32=400|151=0|14=400|58=LIQUIDATION\n"
)

// moneyFaults are what goes wrong with money, one at a time.
var moneyFaults = []planted{
	{"C28", "a request without an answer", "g AP|721=PM1|710=P1|", "g AP|721=PM1|"},
	{"C29", "equity that does not add up", "900=999.2|", "900=999.3|"},
	{"C29", "claims that do not add up", "claims=-0.3", "claims=-0.2"},
	{"C29", "an inquiry without an answer", "g BG|909=B2|945=4|946=9|1=OTHER|58=UNKNOWN_ACCOUNT\n", ""},
	{"C29", "a report that does not follow", "c BB|909=B2|1=OTHER\n", "c BB|909=B3|1=ACME\ng BG|909=B3|945=0|946=0|911=1|1=ACME\nc BB|909=B2|1=OTHER\n"},
	{"C29", "an account of somebody else is told", "c BB|909=B2|1=OTHER\n",
		"c BB|909=B3|1=OTHER\ng BG|909=B3|945=0|946=0|911=1|1=OTHER\ng BA|908=CRX|909=B3|1=ELSE|900=1|901=1|921=1|922=1\nc BB|909=B2|1=OTHER\n"},
	{"C30", "a funding payment twice", "g AM|721=FUND-F2|713=F2|97=Y|", "g AM|721=FUND-F2|713=F2|"},
	{"C30", "a payment that is not felt", "708=-0.1|58=FUNDING rate_per_day=0.01\ng BA|908=CR3", "708=-0.2|58=FUNDING rate_per_day=0.01\ng BA|908=CR3"},
	{"C31", "what moves and stays is not what was owed", "707=CRES|708=5.6|", "707=CRES|708=5.5|"},
	{"C31", "a part that is told as the whole", "713=S1|722=4|", "713=S1|722=3|"},
	{"C31", "what stayed is forgotten", "713=S2|722=3|1=ACME|55=CERT-FUND|753=3|707=FMTM|708=5.6|707=CASH|708=5.6", "713=S2|722=3|1=ACME|55=CERT-FUND|753=3|707=FMTM|708=5|707=CASH|708=5"},
	{"C31", "a settlement that the balance does not show", "900=1008.6|901=1008.6|921=1008.6|922=1008.6|", "900=1008.5|901=1008.5|921=1008.5|922=1008.5|"},
	{"C32", "liquidated without a call", "g AX|894=M2|895=3|1=MARGIN|899=-10|900=1000|58=MARGIN_CALL equity=1000 required=1010\n", ""},
	{"C32", "an order goes on working", canceledFirst + liquidated, liquidated + canceledFirst},
	{"C32", "the client refuses the report", "g 8|n=lastg|43=Y|122=now|37=XL1", "c j|45=liq|372=8|380=5|58=no ClOrdID\ng 8|n=lastg|43=Y|122=now|37=XL1"},
	{"C33", "prices in a halt", "3000\ng f|55=CERT-HALT", "3000\ng W|262=M9|55=CERT-HALT|268=1|269=0|270=99|271=5|299=QH\ng f|55=CERT-HALT"},
	{"C33", "a quote in a halt", "3000\ng f|55=CERT-HALT", "3000\ng S|131=R9|117=QR9|55=CERT-HALT|133=101|62=+1000\ng f|55=CERT-HALT"},
	{"C33", "an order is taken in a halt", "150=8|39=8|1=ACME|55=CERT-HALT|54=1|38=1|151=0|14=0|103=2|58=ORACLE_DIVERGENT\n3000\n",
		"150=8|39=8|1=ACME|55=CERT-HALT|54=1|38=1|151=0|14=0|103=2|58=ORACLE_DIVERGENT\nc D|11=H9|1=ACME|55=CERT-HALT|54=1|60=now|38=1|40=1\n2000\ng 8|37=XH9|11=H9|17=EH9|150=0|39=0|1=ACME|55=CERT-HALT|54=1|38=1|151=1|14=0\ng 8|37=XH9|11=H9|17=EH10|150=4|39=4|1=ACME|55=CERT-HALT|54=1|38=1|151=0|14=0\n"},
	{"C33", "asks again for what does not reduce", "2000\nc D|11=H4",
		"2000\nc D|11=H5|1=ACME|55=CERT-HALT|54=1|60=now|38=1|40=1\ng 8|37=XH5|11=H5|17=EH11|150=8|39=8|1=ACME|55=CERT-HALT|54=1|38=1|151=0|14=0|103=2|58=REDUCE_ONLY_MODE\nc D|11=H4"},
}

// TestWhatIsMissedIsNotHeldAgainstAnybody: after a hole in the numbers of an account's
// events, a repetition or a new connection, money is counted anew from the next report.
func TestWhatIsMissedIsNotHeldAgainstAnybody(t *testing.T) {
	payment := "g AM|721=FUND-F3|713=F3|722=3|1=ACME|55=CERT-FUND|753=1|707=VADJ|708=-0.1|58=FUNDING rate_per_day=0.01\n"
	for name, instead := range map[string]string{
		"a hole":              strings.Replace(payment, "708=-0.1", "708=-0.4", 1) + "g AX|894=M0|895=4|1=ACME|899=1|900=1000|22007=7\ng AX|894=M0|895=4|1=ACME|899=1|900=1000|22007=9\n",
		"a repetition":        strings.Replace(payment, "713=F3", "713=F3|97=Y", 1) + strings.ReplaceAll(strings.Replace(payment, "713=F3", "713=F4|43=Y|122=now", 1), "FUND-F3", "FUND-F4"),
		"a repeated report":   strings.Replace(payment, "708=-0.1", "708=-0.4", 1) + "g BA|908=CR0|97=Y|910=3|1=ACME|900=1|901=1|921=1|922=1\n",
		"nothing of the kind": payment,
	} {
		day := strings.Replace(goodDay, payment, instead, 1)
		if day == goodDay && instead != payment {
			t.Fatalf("%s: the good day has no %q", name, payment)
		}
		for _, f := range reportOf(t, written(t, day)).Findings {
			if (f.Check.ID == "C30" || f.Check.ID == "C31") && f.Verdict == Failed {
				t.Errorf("%s: %s fails: %s %v", name, f.Check.ID, f.Why, f.Evidence)
			}
		}
	}
}

// TestAnswerThatComesAgainIsOne: an answer that was lost and comes by a reset, or
// only as a copy, closes what was asked.
func TestAnswerThatComesAgainIsOne(t *testing.T) {
	for _, mark := range []string{"97=Y", "797=Y"} {
		day := strings.Replace(goodDay, "g 8|37=X3|11=F1|41=G1|17=E9|", "g 8|37=X3|11=F1|41=G1|17=E9|"+mark+"|", 1)
		for _, f := range reportOf(t, written(t, day)).Findings {
			if f.Verdict != Passed {
				t.Errorf("%s: %s is %s: %s %v", mark, f.Check.ID, f.Verdict, f.Why, f.Evidence)
			}
		}
	}
}

// TestWhatIsSaidAgainCountsOnce: reports that a sequence reset brings again (97=Y), and
// copies of them (797=Y), change no verdict and no sum.
func TestWhatIsSaidAgainCountsOnce(t *testing.T) {
	const back = "g A|98=0|108=30\ng 2|7=lost|16=0\n"
	before, after, found := strings.Cut(goodDay, back)
	if !found {
		t.Fatalf("the good day has no %q", back)
	}
	for _, mark := range []string{"97=Y", "797=Y"} {
		var again strings.Builder
		for _, line := range strings.Split(before, "\n") {
			for _, kind := range []string{"g 8|", "g AM|", "g AX|"} {
				if rest, ok := strings.CutPrefix(line, kind); ok && !strings.Contains(rest, "150=I") && !strings.Contains(rest, "97=Y") &&
					(mark == "97=Y" || kind == "g 8|") {
					again.WriteString(kind + mark + "|" + rest + "\n")
				}
			}
		}
		if strings.Count(again.String(), "\n") < 30 {
			t.Fatalf("%s: little is said again:\n%s", mark, again.String())
		}
		want, got := reportOf(t, written(t, goodDay)), reportOf(t, written(t, before+back+again.String()+after))
		for _, f := range got.Findings {
			if f.Check.ID == "C05" || f.Check.ID == "C07" {
				continue // They are about what may come again, and when.
			}
			if f.Verdict != Passed {
				t.Errorf("%s: %s is %s: %s %v", mark, f.Check.ID, f.Verdict, f.Why, f.Evidence)
			}
		}
		if !slices.Equal(got.Positions, want.Positions) {
			t.Errorf("%s: fills %v, want %v", mark, got.Positions, want.Positions)
		}
	}
}
