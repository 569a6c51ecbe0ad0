package fix

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"backstop/perp"
)

// TestAsked: a request that went into the engine is shown with what the client said, and
// with nothing that it did not mean.
func TestAsked(t *testing.T) {
	meant := []string{"59=1", "59=3", "59=4", "22080=1"} // What an order means that does not say it.
	c := newCodec(map[string][]string{"ACME": {roleTrade, roleProvide}}, testDesk())
	shown := map[string]bool{}
	for _, text := range []string{
		goodOrder,
		"D|11=C-2|55=SOL-PERP|54=2|60=20260722-12:00:00.300|38=0.1|40=1|",
		"D|11=C-3|55=SOL-PERP|54=1|60=20260722-12:00:00.300|38=1|40=D|117=Q7A|",
		"D|11=C-6|55=SOL-PERP|54=2|60=20260722-12:00:00.300|38=1|40=2|44=151|59=6|126=20260722-12:01:00.000|18=6 E|110=0.5|22002=250|",
		"D|11=C-7|55=SOL-PERP|54=1|60=20260722-12:00:00.300|38=1|40=3|99=152|77=C|22081=12.5|",
		"D|11=C-8|55=SOL-PERP|54=1|60=20260722-12:00:00.300|38=1|40=4|44=153|99=152|18=E|22080=3|",
		"D|11=C-9|55=SOL-PERP|54=1|60=20260722-12:00:00.300|38=1|40=2|44=153|18=6|",
		"AJ|693=RESP1|694=1|117=Q1|11=C-10|55=SOL-PERP|54=1|38=1|60=20260722-12:00:00.300|40=D|44=150|",
		"G|41=C-7|37=O-1|11=C-9|1=ACME-MAIN|55=SOL-PERP|54=1|60=20260722-12:00:00.300|38=2|40=3|99=153|110=1|",
		"F|41=C-1|37=O-1|11=C-4|1=ACME-MAIN|55=SOL-PERP|54=1|60=20260722-12:00:00.300|38=250|",
		"q|11=MC1|530=1|55=SOL-PERP|54=1|60=20260722-12:00:00.300|",
		"AF|584=MS1|585=7|1=ACME-MAIN|",
		"H|11=C-1|55=SOL-PERP|54=1|790=S1|",
		"R|131=RFQ1|146=1|55=SOL-PERP|303=2|537=0|38=250|1=ACME-MAIN|126=20260722-12:01:00.000|60=20260722-12:00:00.000|",
		"R|131=RFQ2|146=1|55=SOL-PERP|38=250|60=20260722-12:00:00.000|22033=2|", "AJ|693=RESP2|694=6|117=Q1|55=SOL-PERP|60=20260722-12:00:00.300|",
		"Z|117=*|298=4|", "Z|131=RFQ1|117=Q1|298=1|295=1|55=SOL-PERP|", "a|649=S1|117=Q1|55=SOL-PERP|",
		"AN|710=P1|724=0|453=1|448=ACME|447=D|452=13|1=ACME-MAIN|581=1|715=20260722|60=20260722-12:00:00.341|",
		"BB|909=B1|1=ACME-MAIN|", "AD|568=T1|569=1|37=O-1|11=C-1|17=T7|55=SOL-PERP|", goodProvided + "22090=Y|",
	} {
		cmd, rej := c.decode(inbound(text), perp.Origin{Session: "ACME", InSeq: 7})
		if rej != nil {
			t.Fatalf("%s: %v", text, rej)
		}
		m, ok := Asked(cmd, "BACKSTOP")
		if !ok || !slices.Contains(AskedKinds(), cmd.Kind()) {
			t.Errorf("%s: is no request", text)
			continue
		}
		kind, rest, _ := strings.Cut(text, "|")
		shown[kind] = true
		said := strings.Split(strings.TrimSuffix(rest, "|"), "|")
		if m.Type != kind || m.Name == "" || m.Get(35) != kind || m.Get(34) != "7" || m.Get(49) != "ACME" || m.Get(56) != "BACKSTOP" {
			t.Errorf("%s: shown as %s", text, m.Line())
		}
		for _, f := range m.Fields {
			pair := fmt.Sprintf("%d=%s", f.Tag, f.Value)
			if f.Name == "" || !slices.Contains(framing, f.Tag) && !slices.Contains(said, pair) && !slices.Contains(meant, pair) {
				t.Errorf("%s: %s (%s) was not said", text, pair, f.Name)
			}
		}
		for _, tag := range []int{11, 41, 37, 1, 55, 44, 40, 117, 131, 693, 530, 99, 110, 18, 77, tagSlippage, tagMaxAge, tagReset, tagFirmness, 133, 135} {
			all := slices.DeleteFunc(slices.Clone(said), func(s string) bool { return !strings.HasPrefix(s, fmt.Sprintf("%d=", tag)) })
			if len(all) == 1 && all[0] != "117=*" && m.Get(tag) != strings.SplitN(all[0], "=", 2)[1] {
				t.Errorf("%s: %s is not shown: %s", text, all[0], m.Line())
			}
		}
	}
	for kind, r := range requests {
		if r.decode != nil && !shown[kind] {
			t.Errorf("35=%s goes into the engine and is not shown", kind)
		}
	}
	for _, c := range []perp.Command{
		perp.ClockTick{}, perp.OracleTick{}, perp.Deposit{}, perp.PlaceOrder{ClOrdID: "liquidates"},
		perp.RequestPositions{Origin: perp.Origin{Session: "ACME"}, Unsolicited: true},
	} {
		if m, ok := Asked(c, "BACKSTOP"); ok {
			t.Errorf("%T: no client asked for %s", c, m.Line())
		}
	}
	again, _ := Asked(perp.CancelOrder{Origin: perp.Origin{Session: "ACME", PossDup: true, PossResend: true, Sent: testTime}}, "BACKSTOP")
	if again.Get(43) != "Y" || again.Get(97) != "Y" || again.Get(52) != stamp(testTime) {
		t.Errorf("said again: %s", again.Line())
	}
}
