package fix

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

const goodMass = "q|11=M|530=7|60=20260722-12:00:00.341|"

const goodOrder = "D|11=C-1|1=ACME-MAIN|55=SOL-PERP|54=1|60=20260722-12:00:00.300|38=250|40=2|44=150.03|59=3|"

func decodeText(text string) (perp.Command, quickfix.MessageRejectError) {
	return newCodec(nil, testDesk()).decode(inbound(text), perp.Origin{Session: "ACME", InSeq: 7})
}

// with replaces or adds one field of a message in bar notation; an empty value
// takes it away.
func with(text string, tag int, value string) string {
	kind, fields, _ := strings.Cut(text, "|")
	out, name, done := kind+"|", fmt.Sprintf("%d=", tag), value == ""
	for f := range strings.SplitSeq(strings.TrimSuffix(fields, "|"), "|") {
		switch {
		case !strings.HasPrefix(f, name):
			out += f + "|"
		case value != "":
			out, done = out+name+value+"|", true
		}
	}
	if !done {
		out += name + value + "|"
	}
	return out
}

func TestDecodeGoodRequests(t *testing.T) {
	o := perp.Origin{Session: "ACME", InSeq: 7}
	sent := testTime - 41*perp.Millisecond
	for _, c := range []struct {
		text string
		want perp.Command
	}{
		{goodOrder, perp.PlaceOrder{Origin: o, ClOrdID: "C-1", Account: "ACME-MAIN", Symbol: "SOL-PERP", Side: perp.Buy, Type: perp.Limit, TIF: perp.IOC, Size: size("250"), Price: price("150.03"), Transact: sent}},
		{"D|11=C-2|55=SOL-PERP|54=2|60=20260722-12:00:00.300|38=0.1|40=1|21=3|", perp.PlaceOrder{Origin: o, ClOrdID: "C-2", Symbol: "SOL-PERP", Side: perp.Sell, Type: perp.Market, TIF: perp.IOC, Size: size("0.1"), Transact: sent}},
		{"D|11=C-3|453=1|448=X|447=D|452=3|802=1|523=y|803=2|55=SOL-PERP|54=1|60=20260722-12:00:00.300|38=1|40=D|117=Q7A|", perp.PlaceOrder{Origin: o, ClOrdID: "C-3", Symbol: "SOL-PERP", Side: perp.Buy, Type: perp.PreviouslyQuoted, TIF: perp.FOK, Size: size("1"), QuoteID: "Q7A", Transact: sent}},
		{"D|11=C-6|55=SOL-PERP|54=2|60=20260722-12:00:00.300|38=1|40=2|44=151|59=6|126=20260722-12:01:00|18=6 E|110=0.5|22002=250|", perp.PlaceOrder{
			Origin: o, ClOrdID: "C-6", Symbol: "SOL-PERP", Side: perp.Sell, Type: perp.Limit, TIF: perp.GTD, Size: size("1"), Price: price("151"), Transact: sent, MaxAge: 250 * perp.Millisecond,
			Conditions: perp.Conditions{Expires: sent + 59_700*perp.Millisecond, MinSize: size("0.5"), PostOnly: true, Reduce: perp.Reducing},
		}},
		{"D|11=C-7|55=SOL-PERP|54=1|60=20260722-12:00:00.300|38=1|40=3|99=152|77=C|22081=12.5|", perp.PlaceOrder{
			Origin: o, ClOrdID: "C-7", Symbol: "SOL-PERP", Side: perp.Buy, Type: perp.Stop, TIF: perp.GTC, Size: size("1"), Transact: sent,
			Conditions: perp.Conditions{Stop: price("152"), Trigger: perp.TriggerOracle, Reduce: perp.Closing, Slippage: 1250},
		}},
		{"D|11=C-8|55=SOL-PERP|54=1|60=20260722-12:00:00.300|38=1|40=4|44=153|99=152|77=O|22080=3|", perp.PlaceOrder{
			Origin: o, ClOrdID: "C-8", Symbol: "SOL-PERP", Side: perp.Buy, Type: perp.StopLimit, TIF: perp.GTC, Size: size("1"), Price: price("153"), Transact: sent,
			Conditions: perp.Conditions{Stop: price("152"), Trigger: perp.TriggerMaker},
		}},
		{"G|41=C-7|11=C-9|55=SOL-PERP|54=1|60=20260722-12:00:00.300|38=2|40=3|99=153|110=1|126=20260722-12:01:00|22002=9|", perp.ReplaceOrder{
			Origin: o, ClOrdID: "C-9", OrigClOrdID: "C-7", Symbol: "SOL-PERP", Side: perp.Buy, Type: perp.Stop, Size: size("2"), Transact: sent, MaxAge: 9 * perp.Millisecond,
			Conditions: perp.Conditions{Stop: price("153"), MinSize: size("1"), Expires: sent + 59_700*perp.Millisecond},
		}},
		{"q|11=MC1|530=1|55=SOL-PERP|54=1|60=20260722-12:00:00.300|", perp.CancelOrders{Origin: o, ClOrdID: "MC1", Scope: perp.ScopeMarket, Said: "1", Symbol: "SOL-PERP", Side: perp.Buy}},
		{"q|11=MC2|530=7|60=20260722-12:00:00.300|", perp.CancelOrders{Origin: o, ClOrdID: "MC2", Scope: perp.ScopeAll, Said: "7"}},
		{"q|11=MC3|530=3|60=20260722-12:00:00.300|", perp.CancelOrders{Origin: o, ClOrdID: "MC3", Said: "3"}},
		{"AF|584=MS1|585=7|1=ACME-MAIN|", perp.RequestOrders{Origin: o, ReqID: "MS1", Scope: perp.ScopeAll, Account: "ACME-MAIN"}},
		{"AF|584=MS2|585=1|55=SOL-PERP|", perp.RequestOrders{Origin: o, ReqID: "MS2", Scope: perp.ScopeMarket, Symbol: "SOL-PERP"}},
		{"F|41=C-1|11=C-4|55=SOL-PERP|54=1|60=20260722-12:00:00.300|38=250|", perp.CancelOrder{Origin: o, ClOrdID: "C-4", OrigClOrdID: "C-1", Symbol: "SOL-PERP", Side: perp.Buy}},
		{"G|41=C-1|11=C-5|55=SOL-PERP|54=1|60=20260722-12:00:00.300|38=80|40=2|44=149.5|", perp.ReplaceOrder{Origin: o, ClOrdID: "C-5", OrigClOrdID: "C-1", Symbol: "SOL-PERP", Side: perp.Buy, Type: perp.Limit, Size: size("80"), Price: price("149.5"), Transact: sent}},
		{"H|11=C-1|55=SOL-PERP|54=1|790=S1|", perp.RequestStatus{Origin: o, ClOrdID: "C-1", StatusID: "S1", Symbol: "SOL-PERP", Side: perp.Buy}},
		{"H|37=O-1|", perp.RequestStatus{Origin: o, OrderID: "O-1"}},
		{"R|131=RFQ1|146=1|55=SOL-PERP|303=1|537=1|38=250|1=ACME-MAIN|60=20260722-12:00:00.000|", perp.RequestQuote{Origin: o, ReqID: "RFQ1", Account: "ACME-MAIN", Symbol: "SOL-PERP", Size: size("250")}},
		{"AN|710=P1|724=0|453=1|448=ACME|447=D|452=13|1=ACME-MAIN|581=1|715=20260722|60=20260722-12:00:00.341|", perp.RequestPositions{Origin: o, ReqID: "P1", Account: "ACME-MAIN"}},
	} {
		got, rej := decodeText(c.text)
		if rej != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s\ngot  %+v %v\nwant %+v", c.text, got, rej, c.want)
		}
		if err := validate([]byte(inbound(c.text).String()), own()); err != nil {
			t.Errorf("%s: our dictionary refuses it: %v", c.text, err)
		}
	}
}

// Format problems: Reject (3) with the tag and the reason.
func TestDecodeRefusesBadFormat(t *testing.T) {
	long := strings.Repeat("9", 5000)
	for _, c := range []struct {
		tag    int
		value  string
		reason int
	}{
		{11, "", 1}, {55, "", 1}, {54, "", 1}, {60, "", 1}, {38, "", 1}, {40, "", 1},
		{11, strings.Repeat("x", 65), 5}, {11, strings.Repeat("x", 10_000), 5}, {11, "a\xff", 6}, {1, "a\tb", 6}, {55, strings.Repeat("S", 65), 5},
		{38, "-5", 5}, {38, "-0", 5}, {38, "5.", 6}, {38, ".5", 6}, {38, "1e3", 6}, {38, "+1", 6}, {38, long, 6}, {38, "NaN", 6}, {38, "0x1", 6},
		{44, "-1", 5}, {44, "1e3", 6}, {44, long, 6}, {54, "Z", 5}, {54, "11", 6}, {40, "*", 5}, {59, "x", 5},
		{77, "CC", 6}, {110, "-1", 5}, {99, "x", 6}, {126, "later", 6},
		{22002, "0", 5}, {22002, "86400001", 5}, {22002, "x", 6}, {22002, "-1", 5},
		{22080, "0", 5}, {22080, "4", 5}, {22080, "12", 6}, {22081, "0", 5}, {22081, "0.001", 5}, {22081, "10000.01", 5}, {22081, "1e1", 6}, {22081, "-1", 5},
		{60, "yesterday", 6}, {60, "20261322-12:00:00.300", 6}, {60, "00010101-00:00:00.000", 6},
	} {
		cmd, rej := decodeText(with(goodOrder, c.tag, c.value))
		if rej == nil || rej.IsBusinessReject() || rej.RejectReason() != c.reason || rej.RefTagID() == nil || int(*rej.RefTagID()) != c.tag {
			t.Errorf("%d=%.20q: got %v, %+v; want 373=%d", c.tag, c.value, cmd, rej, c.reason)
		}
	}
}

// Matters of business: the order gets its own refusal, at its place in the
// order of checks.
func TestDecodeFlaws(t *testing.T) {
	long := "D|11=C-1|55=SOL-PERP|54=1|60=20260722-12:00:00.300|38=250|40=D|117=Q1A|"
	for _, c := range []struct {
		text string
		want perp.Verdict
	}{
		{with(goodOrder, 11, "NONE"), perp.Verdict{Reject: perp.BadClOrdID, Detail: "11"}},
		{with(goodOrder, 11, "a b"), perp.Verdict{Reject: perp.BadClOrdID, Detail: "11"}},
		{with(goodOrder, 44, ""), perp.Verdict{Reject: perp.CondField, Need: 44, Detail: "44"}},
		{with(long, 117, ""), perp.Verdict{Reject: perp.CondField, Need: 117, Detail: "117"}},
		{with(goodOrder, 40, "5"), perp.Verdict{Reject: perp.Unsupported, Detail: "40=5"}},
		{with(goodOrder, 54, "5"), perp.Verdict{Reject: perp.Unsupported, Detail: "54=5"}},
		{with(goodOrder, 59, "0"), perp.Verdict{Reject: perp.Unsupported, Detail: "59=0"}},
		{with(long, 59, "1"), perp.Verdict{Reject: perp.Unsupported, Detail: "59=1 with this 40"}},
		{with(goodOrder, 18, "G"), perp.Verdict{Reject: perp.Unsupported, Detail: "18=G"}},
		{with(goodOrder, 18, "E o"), perp.Verdict{Reject: perp.Unsupported, Detail: "18=o"}}, // Of VAMM1.
		{with(goodOrder, 18, "6 X"), perp.Verdict{Reject: perp.Unsupported, Detail: "18=X"}},
		{with(goodOrder, 77, "F"), perp.Verdict{Reject: perp.Unsupported, Detail: "77=F"}},
		{with(goodOrder, 59, "6"), perp.Verdict{Reject: perp.CondField, Need: 126, Detail: "126"}},
		{with(goodOrder, 99, "150"), perp.Verdict{Reject: perp.Unsupported, Detail: "tag=99"}},
		{with(with(goodOrder, 40, "4"), 59, "1"), perp.Verdict{Reject: perp.CondField, Need: 99, Detail: "99"}},
		{with(goodOrder, 22080, "1"), perp.Verdict{Reject: perp.Unsupported, Detail: "tag=22080"}},
		{with(goodOrder, 22081, "1.5"), perp.Verdict{Reject: perp.Unsupported, Detail: "tag=22081"}},
		{with(goodOrder, 110, "0.0000000001"), perp.Verdict{Reject: perp.BadLot, Detail: "more than 9 decimal places"}},
		{with(goodOrder, 126, "20260722-12:00:00"), perp.Verdict{Reject: perp.Unsupported, Detail: "tag=126"}},
		{with(goodOrder, 167, "CS"), perp.Verdict{Reject: perp.Unsupported, Detail: "tag=167"}},
		{with(goodOrder, 15, "EUR"), perp.Verdict{Reject: perp.Unsupported, Detail: "tag=15"}},
		{with(goodOrder, 117, "Q1A"), perp.Verdict{Reject: perp.Unsupported, Detail: "tag=117"}},
		{with(with(goodOrder, 40, "1"), 44, "150"), perp.Verdict{Reject: perp.Unsupported, Detail: "tag=44"}},
		{with(goodOrder, 38, "0.0000000001"), perp.Verdict{Reject: perp.BadLot, Detail: "more than 9 decimal places"}},
		{with(goodOrder, 38, "99999999999999999999"), perp.Verdict{Reject: perp.MaxOrderSize, Detail: "beyond any order"}},
		{with(goodOrder, 44, "150.0000001"), perp.Verdict{Reject: perp.BadTick, Detail: "more than 6 decimal places"}},
		{with(goodOrder, 44, "0"), perp.Verdict{Reject: perp.PriceBand, Detail: "beyond any price"}},
	} {
		cmd, rej := decodeText(c.text)
		if rej != nil {
			t.Errorf("%s: %v", c.text, rej)
			continue
		}
		if got := cmd.(perp.PlaceOrder).First(); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.text, got, c.want)
		}
	}
}

// The ladder: an order that is wrong in every way the door can see, mended one
// flaw at a time; each step must show the next one.
func TestLadderOfFlaws(t *testing.T) {
	text := "D|11=a b|55=SOL-PERP|54=1|60=20260722-12:00:00.300|38=0.0000000001|40=2|59=0|44=|"
	text = strings.TrimSuffix(text, "44=|")
	for _, step := range []struct {
		want  perp.Reject
		tag   int
		value string
	}{
		{perp.BadClOrdID, 11, "C-1"}, {perp.CondField, 44, "150.0000001"}, {perp.Unsupported, 59, "3"}, {perp.BadLot, 38, "1"},
		{perp.BadTick, 44, "150"}, {perp.RejectNone, 0, ""},
	} {
		cmd, rej := decodeText(text)
		if rej != nil {
			t.Fatal(rej)
		}
		if got := cmd.(perp.PlaceOrder).First().Reject; got != step.want {
			t.Fatalf("%s: got %v, want %v", text, got, step.want)
		}
		text = with(text, step.tag, step.value)
	}
}

func TestDecodeOtherFlaws(t *testing.T) {
	quote := "R|131=RFQ1|146=1|55=SOL-PERP|38=250|"
	for _, c := range []struct {
		text string
		want perp.Reject
	}{
		{with(quote, 303, "3"), perp.Unsupported}, {with(quote, 537, "2"), perp.Unsupported}, {with(quote, 38, ""), perp.CondField},
		{"R|131=RFQ1|146=2|55=SOL-PERP|38=250|55=BTC-PERP|38=1|", perp.Unsupported}, {with(quote, 126, "20260722-12:00:00"), perp.Unsupported},
		{with(goodPositions, 724, "1"), perp.Unsupported},
	} {
		cmd, rej := decodeText(c.text)
		if rej != nil {
			t.Errorf("%s: %v", c.text, rej)
			continue
		}
		if got := cmd.(interface{ First() perp.Verdict }).First().Reject; got != c.want {
			t.Errorf("%s: got %v, want %v", c.text, got, c.want)
		}
	}
}

func TestRolesAndTypes(t *testing.T) {
	c := newCodec(map[string][]string{"MD": {"md"}, "DC": {"drop_copy"}, "T": {"trade"}}, testDesk())
	for _, r := range []struct {
		session, text string
		reason        int // of j; -1: accepted
		text58        string
	}{
		{"T", goodOrder, -1, ""}, {"MD", goodOrder, 6, "NOT_PERMITTED"}, {"DC", goodOrder, 6, "NOT_PERMITTED"},
		{"DC", "V|262=M|263=0|264=0|", 6, "NOT_PERMITTED"}, {"DC", goodCollateral, -1, ""}, {"T", goodTrades, -1, ""},
		{"MD", goodCollateral, 6, "NOT_PERMITTED"}, {"MD", goodTrades, 6, "NOT_PERMITTED"}, {"MD", goodPositions, 6, "NOT_PERMITTED"}, {"MD", "x|320=S|559=4|", -1, ""},
		{"T", goodMass, -1, ""}, {"MD", goodMass, 6, "NOT_PERMITTED"}, {"DC", goodMass, 6, "NOT_PERMITTED"},
		{"DC", "AF|584=MS|585=7|", -1, ""}, {"MD", "AF|584=MS|585=7|", 6, "NOT_PERMITTED"}, {"T", "E|66=L|", 3, "Unsupported Message Type"},
	} {
		_, rej := c.decode(inbound(r.text), perp.Origin{Session: r.session})
		switch {
		case r.reason < 0 && rej == nil:
		case rej == nil || !rej.IsBusinessReject() || rej.RejectReason() != r.reason || !strings.HasPrefix(rej.Error(), r.text58):
			t.Errorf("%s %s: got %+v", r.session, r.text, rej)
		}
	}
	_, rej := c.decode(inbound(goodOrder), perp.Origin{Session: "MD"})
	if rej.BusinessRejectRefID() != "C-1" {
		t.Errorf("379 is %q", rej.BusinessRejectRefID())
	}
}

// parsed is what the library makes of raw bytes, or nil. It panics on some, such
// as a second BodyLength without a value; the guard keeps those away from it.
func parsed(raw []byte) (msg *quickfix.Message) {
	defer func() {
		if recover() != nil {
			msg = nil
		}
	}()
	msg = quickfix.NewMessage()
	if quickfix.ParseMessage(msg, bytes.NewBuffer(raw)) != nil {
		return nil
	}
	return msg
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{goodOrder, "F|41=a|11=b|", "G|38=-0|", "H|37=x|", "R|146=99999999999|", "AN|453=|", "BB|909=|1=", "AD|568=a|569=0|580=99999999999|75=20260722|60=", "AD|568=a|569=1|453=1|448=|452=24|580=2|60=20260722-12:00:00|75=", "BB|909=a|1=b|263=2|", "AN|710=P1|724=0|453=1|1=A|581=1|715=20260722|60=20260722-12:00:00|263=1|", "V|262=M|263=1|264=-1|265=1|269=\x00|55=|", "e|324=|", "x|559=4|", "D|11=\xff|38=" + strings.Repeat("9", 400)} {
		f.Add(s)
	}
	f.Add("|9=")
	f.Fuzz(func(t *testing.T, text string) {
		kind, fields, _ := strings.Cut(text, "|")
		inner := "35=" + kind + "\x0149=ACME\x0156=BACKSTOP\x0134=7\x0152=20260722-12:00:00.300\x01" + strings.ReplaceAll(fields, "|", "\x01")
		if !strings.HasSuffix(inner, "\x01") {
			inner += "\x01" // the frame reader has seen a CheckSum field of its own
		}
		msg := parsed(frame([]byte(inner)))
		if msg == nil {
			return
		}
		k := testDesk()
		c := newCodec(nil, k)
		cmd, rej := c.decode(msg, perp.Origin{Session: "ACME"})
		if o, ok := cmd.(perp.PlaceOrder); ok && (o.Size < 0 || o.Price < 0 || len(o.ClOrdID) > idMax) {
			t.Errorf("%q: %+v", text, o)
		}
		if cmd != nil {
			k.admit(cmd, msg)
		} else if rej == nil {
			if _, rej = k.local(msg, "ACME", testTime); rej == nil {
				k.publish(nil, func(string) bool { return true })
			}
		}
	})
}
