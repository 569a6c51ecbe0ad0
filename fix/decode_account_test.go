package fix

import (
	"reflect"
	"strings"
	"testing"

	"backstop/perp"
)

const (
	goodPositions  = "AN|710=P1|724=0|453=1|448=ACME|447=D|452=13|1=ACME-MAIN|581=1|715=20260722|60=20260722-12:00:00.341|"
	goodCollateral = "BB|909=CI1|1=ACME-MAIN|"
	goodTrades     = "AD|568=TR1|569=0|"
	midnight       = testTime - testTime%(24*60*60*perp.Second)
)

func TestDecodeAccountRequests(t *testing.T) {
	o := perp.Origin{Session: "ACME", InSeq: 7}
	trades := perp.RequestTrades{Origin: o, ReqID: "TR1"}
	from := func(from, to perp.Time) perp.RequestTrades { t := trades; t.From, t.To = from, to; return t }
	narrow := trades
	narrow.Account, narrow.Symbol, narrow.OrderID, narrow.ClOrdID, narrow.TradeID = "ACME-MAIN", "SOL-PERP", "O-1", "C-1", "E-3"
	day, hour := 24*60*60*perp.Second, 60*60*perp.Second
	for _, c := range []struct {
		text string
		want perp.Command
	}{
		{goodCollateral, perp.RequestCollateral{Origin: o, ReqID: "CI1", Account: "ACME-MAIN"}},
		{goodCollateral + "263=0|581=1|", perp.RequestCollateral{Origin: o, ReqID: "CI1", Account: "ACME-MAIN"}},
		{goodTrades, trades},
		{with(goodTrades, 569, "1") + "263=0|", trades},
		{goodTrades + "17=E-3|37=O-1|11=C-1|453=2|448=ACME|447=D|452=13|448=ACME-MAIN|447=D|452=24|55=SOL-PERP|", narrow},
		{goodTrades + "580=1|75=20260722|", from(midnight, midnight+day)},
		{goodTrades + "580=1|75=20260722|60=20260722-12:00:00|", from(midnight+12*hour, midnight+day)},
		{goodTrades + "580=2|75=20260721|75=20260722|", from(midnight-day, midnight+day)},
		{goodTrades + "580=2|75=20260722|60=20260722-00:00:00.000|75=20260722|60=20260722-13:00:00.000|", from(midnight, midnight+13*hour)},
		{goodTrades + "580=2|75=20260721|75=20260722|60=20260722-01:00:00|", from(midnight-day, midnight+hour)},
	} {
		got, rej := decodeText(c.text)
		if rej != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s\ngot  %+v %v\nwant %+v", c.text, got, rej, c.want)
		}
		if err := validate([]byte(inbound(c.text).String()), own()); err != nil {
			t.Errorf("%s: our dictionary refuses it: %v", c.text, err)
		}
		if err := validate([]byte(inbound(c.text).String()), stock(t)); err != nil {
			t.Errorf("%s: the stock dictionary refuses it: %v", c.text, err)
		}
	}
}

// Matters of business get the request's own refusal from the engine.
func TestDecodeAccountFlaws(t *testing.T) {
	dates := func(s string) string { return goodTrades + s }
	for _, c := range []struct {
		text string
		want perp.Verdict
	}{
		{goodCollateral + "55=SOL-PERP|", perp.Verdict{Reject: perp.Unsupported, Detail: "tag=55"}},
		{goodTrades + "263=1|", perp.Verdict{Reject: perp.Unsupported, Detail: "263=1"}},
		{goodTrades + "263=2|", perp.Verdict{Reject: perp.Unsupported, Detail: "263=2"}},
		{with(goodTrades, 569, "2"), perp.Verdict{Reject: perp.Unsupported, Detail: "569=2"}},
		{goodTrades + "54=1|", perp.Verdict{Reject: perp.Unsupported, Detail: "tag=54"}},
		{dates("580=0|"), perp.Verdict{Reject: perp.BadRequest, Detail: "580: one date or two"}},
		{dates("580=2|75=20260722|"), perp.Verdict{Reject: perp.BadRequest, Detail: "580: one date or two"}},
		{dates("580=3|75=20260722|75=20260722|75=20260722|"), perp.Verdict{Reject: perp.BadRequest, Detail: "580: one date or two"}},
		{dates("580=2|75=20260722|75=20260721|"), perp.Verdict{Reject: perp.BadRequest, Detail: "580: ends before it begins"}},
		{dates("580=2|75=20260722|60=20260722-12:00:00|75=20260722|60=20260722-12:00:00|"), perp.Verdict{Reject: perp.BadRequest, Detail: "580: ends before it begins"}},
		{dates("580=1|75=20260722|60=20260723-00:00:00|"), perp.Verdict{Reject: perp.BadRequest, Detail: "580: 60 is not on the day of its 75"}},
		{dates("580=1|60=20260722-12:00:00|75=20260722|"), perp.Verdict{Reject: perp.BadRequest, Detail: "580: 60 before 75"}},
	} {
		cmd, rej := decodeText(c.text)
		if rej != nil {
			t.Errorf("%s: %v", c.text, rej)
			continue
		}
		if got := cmd.(interface{ First() perp.Verdict }).First(); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.text, got, c.want)
		}
	}
}

// Problems of form get Reject (3) with the tag and the reason.
func TestDecodeAccountRefusesBadFormat(t *testing.T) {
	party := goodTrades + "453=1|448=|447=D|452=24|"
	for _, c := range []struct {
		text        string
		tag, reason int
	}{
		{with(goodCollateral, 909, ""), 909, 1}, {with(goodCollateral, 1, ""), 1, 1}, {with(goodTrades, 568, ""), 568, 1}, {with(goodTrades, 569, ""), 569, 1},
		{goodCollateral + "263=3|", 263, 5}, {goodCollateral + "263=11|", 263, 6}, {goodTrades + "263=x|", 263, 5}, {goodPositions + "263=9|", 263, 5},
		{with(goodTrades, 569, "9"), 569, 5}, {with(goodTrades, 568, strings.Repeat("x", 65)), 568, 5}, {goodTrades + "17=" + strings.Repeat("x", 65) + "|", 17, 5},
		{goodTrades + "580=1|75=2026-07-22|", 75, 6}, {goodTrades + "580=1|75=20261322|", 75, 6}, {goodTrades + "580=1|75=00010101|", 75, 6},
		{goodTrades + "580=x|75=20260722|", 580, 6}, {goodTrades + "580=-1|75=20260722|", 580, 5}, {goodTrades + "580=1|75=20260722|60=noon|", 60, 6},
		{party, 448, 5}, {with(party, 448, strings.Repeat("x", 65)), 448, 5},
	} {
		cmd, rej := decodeText(c.text)
		if rej == nil || rej.IsBusinessReject() || rej.RejectReason() != c.reason || rej.RefTagID() == nil || int(*rej.RefTagID()) != c.tag {
			t.Errorf("%s: got %+v, %+v; want %d 373=%d", c.text, cmd, rej, c.tag, c.reason)
		}
	}
}

// The answer to AD repeats what was asked, and nothing is kept of it.
func TestTradesAnswerTheirRequest(t *testing.T) {
	k := testDesk()
	c := newCodec(nil, k)
	answer := perp.TradesReported{Origin: asked, ReqID: "TR1", Account: "ACME-MAIN", Trades: testTrades()}
	for _, step := range []struct {
		request string
		refused bool
		want    []string
	}{
		{with(goodTrades, 569, "1") + "55=SOL-PERP|", false, []string{"569=1|748=2|749=0|750=0|55=SOL-PERP|", "|17=E-3|", "|912=Y|17=E-42|"}},
		{goodTrades, false, []string{"569=0|748=2|749=0|750=0|55=[N/A]|", "|17=E-3|", "|912=Y|17=E-42|"}},
		{goodTrades + "55=SOL-PERP|", true, []string{"|55=[N/A]|", "|17=E-3|", "|17=E-42|"}},
	} {
		msg := inbound(step.request)
		cmd, rej := c.decode(msg, asked)
		if rej != nil {
			t.Fatal(rej)
		}
		k.admit(cmd, msg)
		if step.refused {
			k.refused(asked)
		}
		out := c.encode(answer, testTime, 1)
		if len(out) != len(step.want) {
			t.Fatalf("%s: %d messages", step.request, len(out))
		}
		for i, want := range step.want {
			if got := plain(out[i].msg); !strings.Contains(got, want) {
				t.Errorf("%s: got %s, want %s", step.request, got, want)
			}
		}
		if len(k.asked) != 0 {
			t.Errorf("%s: still kept: %v", step.request, k.asked)
		}
	}
}
