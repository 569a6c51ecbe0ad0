package fix

import (
	"reflect"
	"strconv"
	"strings"
	"testing"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// goodStream asks for a stream; goodHit deals on a quote.
const (
	goodStream = "R|131=RFS1|146=1|55=SOL-PERP|303=2|537=1|38=250|1=ACME-MAIN|126=20260722-12:05:00.000|60=20260722-12:00:00.000|"
	goodHit    = "AJ|693=QR1|117=S7-2|694=1|11=C-1001|537=1|55=SOL-PERP|54=1|38=250|60=20260722-12:00:00.300|44=150.03|40=D|"
)

// streamQuoted is the quote of a number of the stream that the test session asked for.
func streamQuoted(number string, bid, ask string) perp.StreamQuoted {
	ev := perp.StreamQuoted{
		Origin: asked, ReqID: "RFS1", QuoteID: "S7-" + number, Account: "ACME-MAIN", Symbol: "SOL-PERP", ValidUntil: testTime + perp.Second,
	}
	for side, text := range map[perp.Side]string{perp.Sell: bid, perp.Buy: ask} {
		switch {
		case text == "":
		case side == perp.Buy:
			ev.Asks = []perp.Level{{Price: price(text), Size: size("250")}}
		default:
			ev.Bids = []perp.Level{{Price: price(text), Size: size("250")}}
		}
	}
	return ev
}

func streamWithdrawn(number string, why perp.Withdrawal, over bool) perp.StreamWithdrawn {
	w := perp.StreamWithdrawn{Origin: asked, ReqID: "RFS1", Symbol: "SOL-PERP", Why: why, Over: over}
	if number != "" {
		w.QuoteID = "S7-" + number
	}
	return w
}

// askForStream lets the test session ask for a stream.
func askForStream(t testing.TB, k *desk) {
	t.Helper()
	msg := inbound(goodStream)
	cmd, rej := newCodec(nil, k).decode(msg, asked)
	if rej != nil {
		t.Fatal(rej)
	}
	if cmd, replies := k.admit(cmd, msg); cmd == nil || len(replies) > 0 {
		t.Fatal("the request for a stream does not get to the engine")
	}
}

// streamForms are the messages about streams, by name.
func streamForms(t *testing.T, k *desk, publish func(...perp.Event) []*quickfix.Message, add func(string, ...*quickfix.Message)) {
	t.Helper()
	askForStream(t, k)
	add("rfs_quote", publish(streamQuoted("1", "149.97", "150.03"))...)
	add("rfs_quote_one_side", publish(streamQuoted("2", "149.97", ""))...)
	publish(perp.ClientGraded{Session: "ACME", Symbol: "SOL-PERP", Why: "recovered", Since: testTime - perp.Second})
	add("quote_pull", publish(streamWithdrawn("2", perp.WithdrawnStale, false))...)
	shown := streamQuoted("3", "149.97", "150.03")
	shown.Indicative = true
	add("quote_shown", publish(shown)...)
	add("quote_dealt", publish(streamWithdrawn("3", perp.WithdrawnDealt, true))...)
	askForStream(t, k)
	ladder := streamQuoted("1", "149.97", "150.03")
	ladder.Ladder = true
	ladder.Asks = append(ladder.Asks, perp.Level{Price: price("150.05"), Size: size("400")})
	add("massquote_out", publish(ladder)...)
	add("quote_timeout", publish(streamWithdrawn("", perp.WithdrawnExpired, true))...)
}

// quoteEvents are the answers about quotes.
func quoteEvents() []named {
	hit := testOrder()
	hit.RespID = "QR1"
	shown := perp.QuoteIssued{
		Origin: asked, ReqID: "RFQ4", QuoteID: "Q902", Symbol: "SOL-PERP", Bid: perp.Level{Price: price("149.97"), Size: size("250")},
		Ask: perp.Level{Price: price("150.03"), Size: size("250")}, ValidUntil: testTime + perp.Second, Indicative: true,
	}
	status := func(s perp.QuoteStatus, v perp.Reject) perp.QuoteStatusReported {
		return perp.QuoteStatusReported{Origin: asked, ReqID: "RFS1", QuoteID: "Q900", Symbol: "SOL-PERP", Status: s, Verdict: perp.Verdict{Reject: v}}
	}
	expired, live, passed := status(perp.QuoteOver, 0), status(perp.QuoteActive, 0), status(perp.QuotePassed, 0)
	expired.StatusID, live.StatusID, live.Bid, live.Ask = "QS1", "QS2", shown.Bid, shown.Ask
	passed.RespID, passed.ReqID = "QR2", ""
	counter := status(perp.QuoteRejected, perp.CounterUnsupported)
	counter.RespID = "QR3"
	bare := perp.QuoteStatusReported{Origin: asked, Status: perp.QuoteAllCanceled}
	return []named{
		{"er_hit", perp.OrderAccepted{Origin: asked, ExecID: "E-70", Order: hit}},
		{"quote_indicative", shown},
		{"quotestatus", expired},
		{"quotestatus_live", live},
		{"quotestatus_passed", passed},
		{"quotestatus_counter", counter},
		{"quotestatus_none", status(perp.QuoteNotFound, perp.QuoteNotLive)},
		{"quotestatus_ended", status(perp.QuoteCanceled, 0)},
		{"quotestatus_all", bare},
		{"quotestatus_dealt", status(perp.QuoteDealt, 0)},
	}
}

func TestDecodeQuoteRequests(t *testing.T) {
	o := perp.Origin{Session: "ACME", InSeq: 7}
	until := testTime + 299_659*perp.Millisecond
	for _, c := range []struct {
		text string
		want perp.Command
	}{
		{goodStream, perp.RequestQuote{Origin: o, ReqID: "RFS1", Account: "ACME-MAIN", Symbol: "SOL-PERP", Size: size("250"), Stream: perp.Stream{Wanted: true, Until: until}}},
		{"R|131=L|146=1|55=SOL-PERP|303=2|537=0|54=1|", perp.RequestQuote{Origin: o, ReqID: "L", Symbol: "SOL-PERP", Side: perp.Buy, Stream: perp.Stream{Wanted: true}, Indicative: true}},
		{"R|131=F|146=1|55=SOL-PERP|38=250|22033=2|", perp.RequestQuote{Origin: o, ReqID: "F", Symbol: "SOL-PERP", Size: size("250"), Firm: true}},
		{"R|131=F|146=1|55=SOL-PERP|537=1|38=250|22033=2|", perp.RequestQuote{Origin: o, ReqID: "F", Symbol: "SOL-PERP", Size: size("250"), Firm: true}},
		{"R|131=F|146=1|55=SOL-PERP|38=250|22033=1|", perp.RequestQuote{Origin: o, ReqID: "F", Symbol: "SOL-PERP", Size: size("250")}},
		{"R|131=F|146=1|55=SOL-PERP|38=250|22033=0|", perp.RequestQuote{Origin: o, ReqID: "F", Symbol: "SOL-PERP", Size: size("250"), Indicative: true}},
		{goodHit, perp.PlaceOrder{
			Origin: o, ClOrdID: "C-1001", Symbol: "SOL-PERP", Side: perp.Buy, Type: perp.PreviouslyQuoted, TIF: perp.FOK, Size: size("250"), Price: price("150.03"),
			QuoteID: "S7-2", Transact: testTime - 41*perp.Millisecond, RespID: "QR1",
		}},
		{"AJ|693=QR2|694=6|117=S7-2|55=SOL-PERP|", perp.DeclineQuote{Origin: o, RespID: "QR2", QuoteID: "S7-2", Symbol: "SOL-PERP"}},
		{"Z|131=RFS1|117=*|298=1|295=1|55=SOL-PERP|", perp.CancelQuotes{Origin: o, ReqID: "RFS1", Symbol: "SOL-PERP"}},
		{"Z|117=S7-2|298=4|", perp.CancelQuotes{Origin: o, QuoteID: "S7-2", All: true}},
		{"a|649=QS1|117=Q7A|55=SOL-PERP|", perp.RequestQuoteStatus{Origin: o, StatusID: "QS1", QuoteID: "Q7A", Symbol: "SOL-PERP"}},
		{"a|117=Q7A|", perp.RequestQuoteStatus{Origin: o, QuoteID: "Q7A"}},
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

// What is wrong with a request about quotes becomes its flaw, or a Reject if it is
// no FIX.
func TestDecodeRefusesQuoteRequests(t *testing.T) {
	const hit, cancel, status = goodHit, "Z|131=R|117=*|298=1|295=1|55=SOL-PERP|", "a|117=Q7A|"
	rfq := "R|131=Q|146=1|55=SOL-PERP|38=1|"
	for _, c := range []struct {
		text   string
		reject perp.Reject
		detail string
		reason int // of a Reject (3)
	}{
		{with(goodStream, 303, "3"), perp.Unsupported, "303=3", 0},
		{with(goodStream, 537, "2"), perp.Unsupported, "537=2", 0},
		{with(goodStream, 38, "0"), perp.MinQty, "38=0", 0},
		{with(goodStream, 15, "EUR"), perp.Unsupported, "tag=15", 0},
		{with(goodStream, 126, "later"), 0, "", 6},
		{with(rfq, 126, "20260722-12:05:00.000"), perp.Unsupported, "126 without 303=2", 0},
		{with(rfq, 38, ""), perp.CondField, "38", 0},
		{rfq + "22033=3|", 0, "", 5},
		{rfq + "22033=firm|", 0, "", 5},
		{rfq + "537=1|22033=0|", perp.Unsupported, "22033=0 with 537=1", 0},
		{rfq + "537=0|22033=1|", perp.Unsupported, "22033=1 with 537=0", 0},
		{rfq + "537=0|22033=2|", perp.Unsupported, "22033=2 with 537=0", 0},
		{with(hit, 694, "6") + "22033=2|", perp.Unsupported, "tag=22033", 0},
		{with(hit, 54, ""), perp.CondField, "54", 0},
		{with(hit, 38, ""), perp.CondField, "38", 0},
		{with(hit, 117, ""), perp.CondField, "117", 0},
		{with(hit, 11, ""), perp.CondField, "11", 0},
		{with(hit, 40, "2"), perp.Unsupported, "40=2", 0},
		{with(hit, 537, "0"), perp.Unsupported, "537=0", 0},
		{with(hit, 62, "20260722-12:05:00.000"), perp.Unsupported, "tag=62", 0},
		{with(hit, 694, "2"), perp.CounterUnsupported, "", 0},
		{with(hit, 694, "3"), perp.Unsupported, "694=3", 0},
		{with(hit, 694, "x"), 0, "", 5},
		{with(hit, 693, ""), 0, "", 1},
		{with(hit, 694, ""), 0, "", 1},
		{with(hit, 55, ""), 0, "", 1},
		{with(with(hit, 694, "6"), 117, ""), perp.CondField, "117", 0},
		{with(hit, 694, "6") + "9001=x|", perp.Unsupported, "tag=9001", 0},
		{with(with(hit, 694, "6"), 62, "20260722-12:05:00.000"), perp.Unsupported, "tag=62", 0},
		{with(with(hit, 11, ""), 62, "20260722-12:05:00.000"), perp.CondField, "11", 0},
		{with(cancel, 298, "2"), perp.Unsupported, "298=2", 0},
		{with(cancel, 298, "7"), 0, "", 5},
		{with(cancel, 117, ""), 0, "", 1},
		{with(cancel, 298, ""), 0, "", 1},
		{"Z|131=R|117=*|298=1|", perp.CondField, "55", 0},
		{"Z|131=R|117=*|298=1|295=2|55=SOL-PERP|55=BTC-PERP|", perp.Unsupported, "one market per request", 0},
		{with(status, 263, "1"), perp.Unsupported, "263=1", 0},
		{with(status, 117, ""), 0, "", 1},
	} {
		cmd, rej := decodeText(c.text)
		if c.reason != 0 {
			if rej == nil || rej.IsBusinessReject() || rej.RejectReason() != c.reason {
				t.Errorf("%s: got %+v %v, want 373=%d", c.text, cmd, rej, c.reason)
			}
			continue
		}
		if rej != nil {
			t.Errorf("%s: %v", c.text, rej)
			continue
		}
		v := reflect.ValueOf(cmd).FieldByName("Flawed").Interface().(perp.Flawed).First()
		if v.Reject != c.reject || v.Detail != c.detail {
			t.Errorf("%s: got %v %q, want %v %q", c.text, v.Reject, v.Detail, c.reject, c.detail)
		}
	}
}

// A stream is told its newest quote only, each of them once, and what is over ends
// with what is said last; a reader that is slow misses what is between.
func TestStreamIsConflated(t *testing.T) {
	k := testDesk()
	askForStream(t, k)
	if got := toldTo(k, "ACME"); got != "" {
		t.Errorf("nothing was quoted, but: %s", got)
	}
	for _, c := range []struct {
		session string
		events  []perp.Event
		want    []string // of each message, in order
	}{
		{"ACME", []perp.Event{streamQuoted("1", "149.97", "150.03"), streamQuoted("2", "149.98", "150.03")}, []string{"35=S|131=RFS1|117=S7-2|537=1|55=SOL-PERP|132=149.98|"}},
		{"ACME", nil, nil},
		{"", []perp.Event{streamQuoted("3", "149.96", "150.03")}, nil},
		{"ACME", []perp.Event{streamQuoted("4", "149.95", "150.03")}, []string{"117=S7-4|"}},
		{"ACME", []perp.Event{streamWithdrawn("4", perp.WithdrawnHalt, false)}, []string{"35=Z|131=RFS1|117=S7-4|298=1|295=1|55=SOL-PERP|"}},
		{"", []perp.Event{streamQuoted("5", "149.95", "150.03")}, nil},
		{"ACME", []perp.Event{streamWithdrawn("5", perp.WithdrawnDealt, true)}, []string{"35=Z|131=RFS1|117=*|298=1|"}},
		{"ACME", []perp.Event{streamQuoted("6", "149.95", "150.03")}, nil},
	} {
		got := toldTo(k, c.session, c.events...)
		if lines := strings.Count("\n"+got, "\n35="); lines != len(c.want) {
			t.Errorf("%v: %d messages, want %d: %s", c.events, lines, len(c.want), got)
		}
		for _, w := range c.want {
			if !strings.Contains(got, w) {
				t.Errorf("%v: got %s, want %s", c.events, got, w)
			}
		}
	}
}

// Nobody is told of a stream that the connection before asked for, that was
// refused, or whose request found no room; and a client that ends its own is told
// by AI alone.
func TestStreamsEndWithTheConnection(t *testing.T) {
	for name, end := range map[string]func(k *desk){
		"gone":    func(k *desk) { k.forget("ACME") },
		"refused": func(k *desk) { toldTo(k, "ACME", perp.QuoteRefused{Origin: asked, ReqID: "RFS1"}) },
		"no room": func(k *desk) { k.refused(asked) },
		"own end": func(k *desk) {
			if got := toldTo(k, "ACME", streamWithdrawn("1", perp.WithdrawnClient, true)); got != "" {
				t.Errorf("the client that ended its stream is told: %s", got)
			}
		},
	} {
		k := testDesk()
		askForStream(t, k)
		end(k)
		subscribe(t, k, "ACME", stream) // It is there, and gets what is its own.
		toldTo(k, "ACME")
		if got := toldTo(k, "ACME", streamQuoted("2", "149.97", "150.03")); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestStreamsOutliveAReset: a client that begins its numbers anew and uses one again is
// told of both streams that it asked for under it, and the end of one ends no other.
func TestStreamsOutliveAReset(t *testing.T) {
	k := testDesk()
	askForStream(t, k)
	later := asked
	later.Arrival += perp.Second
	cmd, rej := newCodec(nil, k).decode(inbound(with(goodStream, 131, "RFS2")), later)
	if rej != nil {
		t.Fatal(rej)
	}
	if cmd, replies := k.admit(cmd, inbound(goodStream)); cmd == nil || len(replies) > 0 {
		t.Fatal("the second request does not get to the engine")
	}
	second := streamQuoted("9", "149.90", "150.10")
	second.Origin, second.ReqID = later, "RFS2"
	got := toldTo(k, "ACME", streamQuoted("1", "149.97", "150.03"), second)
	if !strings.Contains(got, "131=RFS1|117=S7-1|") || !strings.Contains(got, "131=RFS2|117=S7-9|") || strings.Index(got, "RFS1") > strings.Index(got, "RFS2") {
		t.Errorf("two streams of one number: %s", got)
	}
	toldTo(k, "ACME", perp.QuoteRefused{Origin: later, ReqID: "RFS2"})
	if got := toldTo(k, "ACME", streamQuoted("2", "149.96", "150.03")); !strings.Contains(got, "131=RFS1|117=S7-2|") {
		t.Errorf("the first stream after the end of the second: %q", got)
	}
	k.refused(asked)
	if got := toldTo(k, "ACME", streamQuoted("3", "149.95", "150.03")); got != "" {
		t.Errorf("a stream that found no room: %s", got)
	}
}

// Every end of a quote, and every state of one, has a code that the table names.
func TestQuoteCodes(t *testing.T) {
	for _, w := range perp.Withdrawals() {
		if withdrawals[w] == "" {
			t.Errorf("%v has no QuoteCancelReason", w)
		}
	}
	allowed := valuesOf(t, "AI", 297)
	for _, s := range perp.QuoteStatuses() {
		if code, ok := quoteStatuses[s]; !ok || !strings.Contains(","+strings.Join(allowed, ",")+",", ","+strconv.Itoa(code)+",") {
			t.Errorf("%v has QuoteStatus %d, not one of %v", s, code, allowed)
		}
	}
}

// What is in VAMM1 about the quote of a stream: its number, how firm it is, what
// it is made of; indicative is neither firm nor held.
func TestStreamInVAMM1(t *testing.T) {
	k := testDesk()
	k.dialect = func(string) dialect { return vamm1 }
	k.restate([]perp.Event{perp.QuoteChanged{Quote: testQuote(770, "149.985", "150.015")}})
	askForStream(t, k)
	first := toldTo(k, "ACME", streamQuoted("1", "149.97", "150.03"))
	shown := streamQuoted("2", "149.97", "150.03")
	shown.Indicative = true
	second := toldTo(k, "ACME", shown)
	for _, c := range [][2]string{
		{first, "|22031=1|"}, {first, "|22032=1000|22033=2|"}, {first, "|22006="}, {first, "|22060="}, {second, "|22031=2|"}, {second, "|22033=0|"}, {second, "|537=0|"},
	} {
		if !strings.Contains(c[0], c[1]) {
			t.Errorf("no %s in %s", c[1], c[0])
		}
	}
	if got := toldTo(k, "ACME", streamWithdrawn("2", perp.WithdrawnStale, false)); !strings.Contains(got, "|22034=2|") {
		t.Errorf("no reason in %s", got)
	}
}

// What is only good now is neither kept nor sent again.
func TestQuotesAreNotStored(t *testing.T) {
	_, messages := everyOutbound(t, strict44)
	seen := map[string]bool{}
	for _, msg := range messages {
		kind := kindOf(msg)
		seen[kind] = true
		if quote := strings.Contains(" S i Z AI AG W X Y f h ", " "+kind+" "); quote == storedType(msg) && (quote || kind == "8") {
			t.Errorf("%s is stored: %v", kind, storedType(msg))
		}
	}
	for _, kind := range []string{"S", "i", "Z", "AI", "h", "8"} {
		if !seen[kind] {
			t.Errorf("no %s among the messages that are sent", kind)
		}
	}
}
