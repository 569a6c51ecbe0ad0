package certify

import (
	"math/big"
	"slices"
	"strings"
	"testing"
)

// goodDay is a conversation in which a client does everything that is checked, and
// does it well: an ordinary day, one hour in which the price jumps, an end that
// nobody announced, and a long time in which little happens.
var goodDay = ordinaryDay + streamHour + fairHour + abruptEnd + longNight

// streamHour has a stream that is dealt on, and one that is passed.
const streamHour = `
c A|98=0|108=30
g A|98=0|108=30
c R|131=RS1|146=1|55=ETH-PERP|303=2|38=1|1=ACME
g S|131=RS1|117=QS1|55=ETH-PERP|132=99|133=101|62=+5000
100
g S|131=RS1|117=QS2|55=ETH-PERP|132=99.1|133=101.1|62=+5000
50
c D|11=S1|1=ACME|55=ETH-PERP|54=1|60=now|38=1|40=D|44=101.1|117=QS2
g 8|37=XS1|11=S1|17=ES1|150=0|39=0|1=ACME|55=ETH-PERP|54=1|38=1|151=1|14=0
g 8|37=XS1|11=S1|17=ES2|150=F|39=2|1=ACME|55=ETH-PERP|54=1|38=1|31=101.1|32=1|151=0|14=1
g Z|131=RS1|117=*|298=1
c R|131=RS2|146=1|55=ETH-PERP|303=2|38=1|1=ACME
g S|131=RS2|117=QS3|55=ETH-PERP|132=99|133=101|62=+5000
c AJ|693=P1|117=QS3|694=6|55=ETH-PERP
g AI|693=P1|117=QS3|297=11|55=ETH-PERP
c 5|
g 5|
`

// fairHour has orders that last look decides, both ways, and prices with their parts.
const fairHour = `
c A|98=0|108=30
g A|98=0|108=30
c V|262=M9|263=1|264=0|265=1|267=2|269=0|269=1|146=1|55=CERT-JUMP
g W|262=M9|55=CERT-JUMP|22010=150|22060=150.000999|22061=0.4999|22062=0.0999|22063=0.0199|22064=0|22065=0|22066=0.0666|22067=0|22068=0.4468|22069=0.3136|268=4|269=0|270=149.985|271=500|299=QJB1|290=1|269=0|270=149.975|271=700|299=QJB2|290=2|269=1|270=150.015|271=500|299=QJA1|290=1|269=1|270=150.025|271=700|299=QJA2|290=2
g X|262=M9|22010=150|22060=150.000999|22061=0.4999|22062=0.0999|22063=0.0199|22064=0|22065=0|22066=0.0666|22067=0|22068=0.1135|22069=0.647|268=3|279=1|269=0|55=CERT-JUMP|270=149.99|271=500|299=QJB3|290=1|279=1|269=0|55=CERT-JUMP|270=149.98|271=700|299=QJB4|290=2|279=1|269=1|55=CERT-JUMP|270=150.02|271=500|299=QJA3|290=1
g X|262=M9|22010=150|22060=150.000999|22061=0.4999|22062=0.0999|22063=0.0199|22064=0|22065=0|22066=0.0666|22067=0|22069=0.647|268=1|279=2|269=0|55=CERT-JUMP|299=QJB3|290=1
c R|131=RJ1|146=1|55=CERT-JUMP|38=1
g S|131=RJ1|117=QJ1|55=CERT-JUMP|132=149.97|133=150.03|62=+1000|22010=150|22060=150.000999|22061=0.4999|22062=0.0999|22063=0.0199|22064=0|22065=0|22066=0.0666|22067=0|22068=1.4468|22069=1.3136
c D|11=J1|1=ACME|55=CERT-JUMP|54=1|60=now|38=1|40=D|44=150.03|117=QJ1
g 8|37=XJ1|11=J1|17=EJ1|150=A|39=A|1=ACME|55=CERT-JUMP|54=1|38=1|151=1|14=0
g 8|37=XJ1|11=J1|17=EJ2|150=8|39=8|1=ACME|55=CERT-JUMP|54=1|38=1|151=0|14=0|103=99|58=LAST_LOOK_PRICE A-1 move=+10.00bp tol=2.00bp hold=80ms
c D|11=J2|1=ACME|55=CERT-JUMP|54=2|60=now|38=1|40=D|44=149.97|117=QJ1
g 8|37=XJ2|11=J2|17=EJ3|150=A|39=A|1=ACME|55=CERT-JUMP|54=2|38=1|151=1|14=0
g 8|37=XJ2|11=J2|17=EJ4|150=8|39=8|1=ACME|55=CERT-JUMP|54=2|38=1|151=0|14=0|103=99|22040=2|22042=2|22043=9.99
c D|11=J3|1=ACME|55=CERT-JUMP|54=1|60=now|38=1|40=2|44=150.03|59=1
g 8|37=XJ3|11=J3|17=EJ5|150=A|39=A|1=ACME|55=CERT-JUMP|54=1|38=1|151=1|14=0
g 8|37=XJ3|11=J3|17=EJ6|150=0|39=0|1=ACME|55=CERT-JUMP|54=1|38=1|151=1|14=0|58=LAST_LOOK_IMPROVED move=-10.00bp tol=2.00bp hold=80ms
c F|11=J4|41=J3|55=CERT-JUMP|54=1|60=now|38=1
g 8|37=XJ3|11=J4|41=J3|17=EJ7|150=4|39=4|1=ACME|55=CERT-JUMP|54=1|38=1|151=0|14=0
c 5|
g 5|
`

// abruptEnd has an end without a Logout, and a return.
const abruptEnd = `
c A|98=0|108=30
g A|98=0|108=30
c D|11=K1|1=ACME|55=BTC-PERP|54=1|60=now|38=1|40=2|44=90|59=1
g 8|37=XK1|11=K1|17=EK1|150=0|39=0|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0
c D|11=K2|1=ACME|55=BTC-PERP|54=1|60=now|38=1|40=2|44=101|59=1
g 8|37=XK2|11=K2|17=EK2|150=A|39=A|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0
3000
c A|98=0|108=30
g A|98=0|108=30
g 8|n=55|43=Y|122=now|37=XK1|11=K1|17=EK1|150=0|39=0|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0
g 8|37=XK2|11=K2|17=EK3|150=8|39=8|1=ACME|55=BTC-PERP|54=1|38=1|151=0|14=0|103=99|58=LAST_LOOK_VALIDITY C-1 restart hold=90ms
c AF|584=MSK|585=7
g 8|37=XK1|11=K1|17=0|150=I|39=0|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0|584=MSK|911=1|912=Y
c AN|710=PK|724=0|263=0|1=ACME|60=now
g AP|721=PMK|710=PK|1=ACME|55=CERT-JUMP|704=0|705=0
c AD|568=TRK|569=0
g AE|571=TRK-0|568=TRK|912=Y|17=E12|55=BTC-PERP|32=1|31=121|552=1|54=1|37=X4|11=O4|1=ACME
11000
c F|11=K3|41=K1|55=BTC-PERP|54=1|60=now|38=1
g 8|37=XK1|11=K3|41=K1|17=EK4|150=4|39=4|1=ACME|55=BTC-PERP|54=1|38=1|151=0|14=0
`

// longNight has nothing but heartbeats, for a long time.
var longNight = "600000\n" + repeated(enduranceMessages/2, "c 0|\ng 0|\n") + "c 5|\ng 5|\n"

// withoutNight is the good day for whom its length does not matter: it takes much less
// to judge.
var withoutNight = strings.TrimSuffix(goodDay, longNight) + "c 5|\ng 5|\n"

// failing are the checks that a day fails, as its client has it in its log.
func failing(t *testing.T, day string) []string {
	t.Helper()
	return failingBy(t, OfClient, written(t, day))
}

// failingBy are the checks that a log of one side fails.
func failingBy(t *testing.T, source Source, log string) (ids []string) {
	t.Helper()
	for _, g := range reportBy(t, source, log).Findings {
		if g.Verdict == Failed {
			ids = append(ids, g.Check.ID)
		}
	}
	return ids
}

// plantMore plants faults in the long day, as TestEachFaultFailsItsCheck does.
func plantMore(t *testing.T, tried map[string]bool) {
	t.Helper()
	for _, f := range []struct{ check, name, from, to string }{
		{"C17", "a deal on a quote that was replaced", "50\nc D|11=S1|1=ACME|55=ETH-PERP|54=1|60=now|38=1|40=D|44=101.1|117=QS2",
			"1500\nc D|11=S0|1=ACME|55=ETH-PERP|54=1|60=now|38=1|40=D|44=101|117=QS1\n" +
				"g 8|37=XS0|11=S0|17=ES0|150=8|39=8|1=ACME|55=ETH-PERP|54=1|38=1|151=0|14=0|58=QUOTE_SUPERSEDED\n" +
				"c D|11=S1|1=ACME|55=ETH-PERP|54=1|60=now|38=1|40=D|44=101.1|117=QS2"},
		{"C17", "a deal on a stream that is over", "c R|131=RS2|", "1500\nc D|11=S2|1=ACME|55=ETH-PERP|54=1|60=now|38=1|40=D|44=101.1|117=QS2\n" +
			"g 8|37=XS2|11=S2|17=ES3|150=8|39=8|1=ACME|55=ETH-PERP|54=1|38=1|151=0|14=0|58=QUOTE_CONSUMED\nc R|131=RS2|"},
		{"C34", "refused within the tolerance", "move=+10.00bp tol=2.00bp", "move=+1.00bp tol=2.00bp"},
		{"C34", "refused though the price moved against it", "22042=2|22043=9.99", "22042=0|22043=-9.99"},
		{"C34", "buys are refused, sells are not", "c V|262=M9", probes(symmetricMin, "10", "10", "LAST_LOOK_CURRENT") + "c V|262=M9"},
		{"C34", "buys are refused for smaller moves", "c V|262=M9", probes(symmetricMin, "5", "10", "LAST_LOOK_PRICE") + "c V|262=M9"},
		{"C36", "a centre that the parts do not give", "22067=0|22068=1.4468", "22067=0.0001|22068=1.4468"},
		{"C36", "a bid that the parts do not give", "132=149.97", "132=149.94"},
		{"C36", "an offer inside of its parts", "133=150.03", "133=150.025"},
		{"C36", "a negative half", "22064=0|22065=0|22066=0.0666|22067=0|22068=1.4468", "22064=-1|22065=1|22066=0.0666|22067=0|22068=1.4468"},
		{"C36", "a changed level that the parts do not give", "269=0|55=CERT-JUMP|270=149.99|", "269=0|55=CERT-JUMP|270=150|"},
		{"C36", "a part left out", "22065=0|22066=0.0666|22067=0|22068=1.4468", "22066=0.0666|22067=0|22068=1.4468"},
		{"C39", "a report that says something else when it comes again", "g 8|n=55|43=Y|122=now|37=XK1|11=K1|17=EK1|150=0|39=0", "g 8|n=55|43=Y|122=now|37=XK9|11=K1|17=EK1|150=0|39=0"},
		{"C39", "a held order that nobody decides", "g 8|37=XK2|11=K2|17=EK3|150=8|39=8|1=ACME|55=BTC-PERP|54=1|38=1|151=0|14=0|103=99|58=LAST_LOOK_VALIDITY C-1 restart hold=90ms\n", ""},
		{"C39", "an order that AF says otherwise of", "150=I|39=0|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0|584=MSK", "150=I|39=1|1=ACME|55=BTC-PERP|54=1|38=1|151=0.5|14=0.5|584=MSK"},
		{"C39", "an order that AF has forgotten", "g 8|37=XK1|11=K1|17=0|150=I|39=0|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0|584=MSK|911=1|912=Y", "g 8|37=NONE|17=0|150=I|39=8|584=MSK|911=0|912=Y|58=NO_ORDERS"},
		{"C39", "a trade that was reported otherwise", "32=1|31=121|552=1", "32=1|31=122|552=1"},
		{"C39", "a trade that was never reported", "17=E12|55=BTC-PERP|32=1", "17=E99|55=BTC-PERP|32=1"},
		{"C40", "an order without an answer", "600000\n", "c D|11=N1|1=ACME|55=BTC-PERP|54=1|60=now|38=1|40=2|44=90|59=1\n600000\n"},
	} {
		tried[f.check] = true
		if !strings.Contains(goodDay, f.from) {
			t.Fatalf("%s, %s: the good day has no %q", f.check, f.name, f.from)
		}
		day := goodDay
		if f.check != "C40" {
			day = withoutNight
		}
		if failed := failing(t, strings.Replace(day, f.from, f.to, 1)); !slices.Equal(failed, []string{f.check}) {
			t.Errorf("%s, %s: failed are %v", f.check, f.name, failed)
		}
	}
}

// probes are orders on quotes of both sides, for which the price moved: the buys are
// refused, and the sells as said.
func probes(n int, buy, sell, outcome string) string {
	exec := map[string]string{"LAST_LOOK_PRICE": "150=8|39=8", "LAST_LOOK_CURRENT": "150=0|39=0"}[outcome]
	rest := ""
	if outcome == "LAST_LOOK_CURRENT" {
		rest = "g 8|37=XPS%d|11=PS%d|17=EPR%d|150=4|39=4|1=ACME|55=CERT-JUMP|54=2|38=1|151=0|14=0\n"
	}
	leaves := map[string]string{"LAST_LOOK_PRICE": "0", "LAST_LOOK_CURRENT": "1"}[outcome]
	one := strings.NewReplacer("BUY", buy, "SELL", sell, "OUTCOME", outcome, "EXEC", exec, "LEAVES", leaves).Replace(`c D|11=PB%d|1=ACME|55=CERT-JUMP|54=1|60=now|38=1|40=D|44=150.03|117=QP%d
g 8|37=XPB%d|11=PB%d|17=EPB%d|150=8|39=8|1=ACME|55=CERT-JUMP|54=1|38=1|151=0|14=0|103=99|58=LAST_LOOK_PRICE A-1 move=+BUY.00bp tol=2.00bp hold=80ms
c D|11=PS%d|1=ACME|55=CERT-JUMP|54=2|60=now|38=1|40=D|44=149.97|117=QP%d
g 8|37=XPS%d|11=PS%d|17=EPS%d|EXEC|1=ACME|55=CERT-JUMP|54=2|38=1|151=LEAVES|14=0|58=OUTCOME move=+SELL.00bp tol=2.00bp hold=80ms
`) + rest
	return repeated(n, one)
}

// TestFairProbesPass: a thousand of each side that are treated alike are no fault,
// nor are they with moves that differ by less than a basis point.
func TestFairProbesPass(t *testing.T) {
	for _, day := range []string{probes(1000, "10", "10", "LAST_LOOK_PRICE"), probes(symmetricMin-2, "5", "10", "LAST_LOOK_PRICE")} {
		day = strings.Replace(goodDay, "c V|262=M9", day+"c V|262=M9", 1)
		if failed := failing(t, day); len(failed) > 0 {
			t.Errorf("failed are %v", failed)
		}
	}
}

// TestDistances: the two measures, by numbers that can be worked out by hand.
func TestDistances(t *testing.T) {
	for _, c := range []struct {
		got  *big.Rat
		want string
	}{
		{apart(10, 10, 10, 10), "0"},
		{apart(0, 10, 10, 10), "20"},
		{apart(5, 10, 5, 10), "0"},
		{ranked([]int64{1, 2, 3}, []int64{4, 5, 6}), "27/7"},
		{ranked([]int64{1, 1, 1}, []int64{1, 1, 1}), "0"},
		{ranked([]int64{1, 4}, []int64{2, 3}), "0"},
	} {
		if want := number(c.want); c.got.Cmp(want) != 0 {
			t.Errorf("%s, want %s", c.got, want)
		}
	}
}
