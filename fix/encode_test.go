package fix

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"backstop/perp"
	"backstop/spec"

	"github.com/quickfixgo/quickfix"
	"github.com/quickfixgo/quickfix/datadictionary"
)

func testOrder() perp.Order {
	return perp.Order{
		OrderID: "O-55", ClOrdID: "C-1002", First: "C-1002", Session: "ACME", Account: "ACME-MAIN", Symbol: "SOL-PERP", Side: perp.Buy,
		Type: perp.PreviouslyQuoted, TIF: perp.FOK, Size: size("250"), Price: price("150.03"), QuoteID: "Q900", Status: perp.New,
	}
}

func filledOrder(cum string) perp.Order {
	o := testOrder()
	o.Cum = size(cum)
	o.Paid = o.Paid.Plus(o.Price, o.Cum)
	o.Status = perp.PartiallyFilled
	if o.Cum == o.Size {
		o.Status = perp.FullyFilled
	}
	return o
}

// bustedOrder is the test order after all of it was busted, bustedPart after a part.
func bustedOrder() perp.Order {
	o := testOrder()
	o.Freed = o.Size
	return o
}

func bustedPart() perp.Order {
	o := filledOrder("40")
	o.Type, o.TIF, o.QuoteID, o.Freed = perp.Limit, perp.GTC, "", size("60")
	return o
}

func ended(o perp.Order, s perp.OrderStatus) perp.Order { o.Status = s; return o }

// testOracle is what fills were decided with.
var testOracle = perp.OracleState{Price: price("150.002"), Confidence: price("0.004"), Time: testTime - 20*perp.Millisecond, State: perp.Open}

var asked = perp.Origin{Session: "ACME", InSeq: 7, Arrival: testTime - 3*perp.Millisecond}

// testLook is a decision about the test order: held 120 ms, moved as the outcome
// says.
func testLook(o perp.LookOutcome) perp.LastLook {
	l := perp.LastLook{
		OrderID: "O-55", ClOrdID: "C-1002", Session: "ACME", Account: "ACME-MAIN", Symbol: "SOL-PERP", Side: perp.Buy, Size: size("250"),
		Tier: perp.TierHeld, Why: "tier", QuoteID: "Q900", Version: 900, Arrival: testTime - 120_012*perp.Microsecond, Decided: testTime,
		Quoted: price("150.03"), Before: price("150"), After: price("150.006"), Move: 40, Tolerance: 100, Outcome: o, Price: price("150.03"),
	}
	switch o {
	case perp.LookAgainst, perp.LookCurrent:
		l.After, l.Move = price("150.027"), 180
	case perp.LookImproved:
		l.After, l.Move, l.Price = price("149.991"), -60, price("150.02")
	}
	return l
}

// named is an event that makes the golden message of its name.
type named = struct {
	name  string
	event perp.Event
}

// outEvents has one event for every form of every message about an order.
func outEvents() []named {
	refused := testOrder()
	refused.OrderID, refused.Status = "", perp.Rejected
	replaced := filledOrder("40")
	replaced.ClOrdID, replaced.Size, replaced.Type, replaced.TIF = "C-3002", size("80"), perp.Limit, perp.GTC
	canceled := ended(replaced, perp.Canceled)
	canceled.ClOrdID = "C-3003"
	unknown := perp.Order{ClOrdID: "C-9999", Symbol: "SOL-PERP", Side: perp.Buy}
	view := perp.PositionView{Account: "ACME-MAIN", Symbol: "SOL-PERP", Size: size("250"), EntryNotional: -37_507_500_000, Mark: price("150.002"), PriorMark: price("149.8"), Unrealised: -7_000_000, Funding: -1_250_000}
	view.Pool, view.Liquidation = 5_000_000, price("141.2")
	short := view
	short.Symbol, short.Size, short.EntryNotional, short.Claim = "BTC-PERP", -size("0.5"), 75_000_000, 12_340_000
	return []named{
		{"er_new", perp.OrderAccepted{Origin: asked, ExecID: "E-2", Order: testOrder()}},
		{"er_tied", perp.OrderAccepted{Origin: asked, ExecID: "E-21", Order: tied(perp.Conditions{})}},
		{"er_tied_post", perp.OrderAccepted{Origin: asked, ExecID: "E-22", Order: tied(perp.Conditions{PostOnly: true})}},
		{"er_fill", perp.Filled{ExecID: "E-3", TradeID: "T-9001", Order: filledOrder("250"), Price: price("150.03"), Size: size("250"), Fee: 7_500_000, Liquidity: perp.Removed, Oracle: testOracle}},
		{"er_part_passive", perp.Filled{ExecID: "E-5", TradeID: "T-9002", Order: filledOrder("100"), Price: price("150.03"), Size: size("100"), Liquidity: perp.Added, Oracle: testOracle}},
		{"er_bust", perp.TradeBusted{ExecID: "E-30", Fill: "E-3", TradeID: "T-9001", Order: bustedOrder(), Price: price("150.03"), Size: size("250"), Fee: 7_500_000, By: "desk", Why: "oracle error"}},
		{"er_bust_part", perp.TradeBusted{ExecID: "E-31", Fill: "E-5", TradeID: "T-9002", Order: bustedPart(), Price: price("150.03"), Size: size("60"), By: "desk"}},
		{"er_bust_canceled", perp.TradeBusted{ExecID: "E-32", Fill: "E-6", TradeID: "T-9003", Order: ended(bustedPart(), perp.Canceled), Price: price("150.03"), Size: size("60"), Why: "a\x01b"}},
		{"er_bust_end", perp.OrderCanceled{ExecID: "E-33", Order: ended(bustedOrder(), perp.Canceled), Reason: perp.OperatorCancel, Detail: "T-9001 is busted"}},
		{"er_reject", perp.OrderRejected{Origin: asked, ExecID: "E-4", Order: refused, Verdict: perp.Verdict{Reject: perp.InsufficientMargin, Need: 1_500_000, Have: 900_000}}},
		{"er_cond_field", perp.OrderRejected{Origin: asked, ExecID: "E-4", Order: perp.Order{ClOrdID: "C-1", Symbol: "SOL-PERP"}, Verdict: perp.Verdict{Reject: perp.CondField, Need: 44, Detail: "44"}}},
		{"er_dup", perp.OrderRejected{Origin: asked, ExecID: "E-10", Order: filledOrder("250"), Verdict: perp.Verdict{Reject: perp.DuplicateClOrdID}}},
		{"er_held", perp.OrderHeld{Origin: asked, ExecID: "E-50", Order: ended(testOrder(), perp.PendingNew), Deadline: testTime + perp.Second}},
		{"", testLook(perp.LookAccepted)},
		{"er_look_new", perp.OrderAccepted{ExecID: "E-51", Order: testOrder()}},
		{"er_look_fill", perp.Filled{ExecID: "E-52", TradeID: "T-9003", Order: filledOrder("250"), Price: price("150.03"), Quoted: price("150.03"), Size: size("250"), Liquidity: perp.Removed, Oracle: testOracle}},
		{"", testLook(perp.LookImproved)},
		{"er_look_improved", perp.OrderAccepted{ExecID: "E-53", Order: testOrder()}},
		{"er_look_better", perp.Filled{ExecID: "E-54", TradeID: "T-9004", Order: filledOrder("250"), Price: price("150.02"), Quoted: price("150.03"), Size: size("250"), Liquidity: perp.Removed, Oracle: testOracle}},
		{"", testLook(perp.LookCurrent)},
		{"er_look_current", perp.OrderAccepted{ExecID: "E-55", Order: testOrder()}},
		{"", testLook(perp.LookAgainst)},
		{"er_look_refused", perp.OrderRejected{ExecID: "E-56", Order: ended(testOrder(), perp.Rejected), Verdict: perp.Verdict{Reject: perp.LastLookPrice, Need: 100, Have: 180, Detail: "move"}}},
		{"", testLook(perp.LookExpired)},
		{"er_look_expired", perp.OrderRejected{ExecID: "E-57", Order: ended(testOrder(), perp.Rejected), Verdict: perp.Verdict{Reject: perp.LastLookValidity, Detail: "no newer price in time"}}},
		{"", testLook(perp.LookInvalid)},
		{"er_look_margin", perp.OrderRejected{ExecID: "E-58", Order: ended(testOrder(), perp.Rejected), Verdict: perp.Verdict{Reject: perp.LastLookValidity, Detail: perp.InsufficientMargin.String()}}},
		{"er_stale_oracle", perp.OrderRejected{Origin: asked, ExecID: "E-59", Order: refused, Verdict: perp.Verdict{Reject: perp.OracleStale}}},
		{"er_ioc_kill", perp.OrderCanceled{Origin: asked, ExecID: "E-6", Order: ended(filledOrder("40"), perp.Canceled), Reason: perp.IOCRemainder}},
		{"er_cxl", perp.OrderCanceled{Origin: asked, ExecID: "E-21", Order: canceled, OrigClOrdID: "C-3002", Reason: perp.ClientCancel}},
		{"er_replaced", perp.OrderReplaced{Origin: asked, ExecID: "E-20", Order: replaced, OrigClOrdID: "C-3001"}},
		{"er_status", perp.StatusReported{Origin: asked, ExecID: "E-11", Order: filledOrder("250"), StatusID: "ST1"}},
		{"er_status_unknown", perp.StatusReported{Origin: asked, ExecID: "E-31", Order: unknown, Reject: perp.UnknownOrder}},
		{"ocr_unknown", perp.CancelRejected{Origin: asked, ClOrdID: "C-2001", OrigClOrdID: "C-1999", Verdict: perp.Verdict{Reject: perp.UnknownOrder}}},
		{"ocr_late", perp.CancelRejected{Origin: asked, ClOrdID: "C-2001", OrigClOrdID: "C-1002", Order: filledOrder("250"), Replace: true, Verdict: perp.Verdict{Reject: perp.TooLate, Detail: "filled"}}},
		{"", perp.QuoteChanged{Quote: testQuote(770, "149.985", "150.015")}},
		{"quote", perp.QuoteIssued{Origin: asked, ReqID: "RFQ1", QuoteID: "Q900", Symbol: "SOL-PERP", Bid: perp.Level{Price: price("149.97"), Size: size("250")}, Ask: perp.Level{Price: price("150.03"), Size: size("250")}, ValidUntil: testTime + perp.Second}},
		{"quote_one_side", perp.QuoteIssued{Origin: asked, ReqID: "RFQ2", QuoteID: "Q901", Symbol: "SOL-PERP", Side: perp.Buy, Ask: perp.Level{Price: price("150.03"), Size: size("250")}, ValidUntil: testTime + perp.Second}},
		{"quotereqrej", perp.QuoteRefused{Origin: asked, ReqID: "RFQ3", Symbol: "SOL-PERP", Verdict: perp.Verdict{Reject: perp.OILimit, Need: int64(size("250")), Have: int64(size("10"))}}},
		{"posack_none", perp.PositionsReported{Origin: asked, ReqID: "P1", Account: "ACME-MAIN"}},
		{"posack_refused", perp.PositionsReported{Origin: asked, ReqID: "P2", Account: "OTHER", Verdict: perp.Verdict{Reject: perp.AccountNotPermitted, Detail: "OTHER"}}},
		{"posrep", perp.PositionsReported{Origin: asked, ReqID: "P3", Account: "ACME-MAIN", Positions: []perp.PositionView{short, view}}},
	}
}

// everyOutbound is one message of every form that the gateway sends in a dialect,
// by name.
func everyOutbound(t *testing.T, d dialect) (names []string, messages []*quickfix.Message) {
	t.Helper()
	k := testDesk()
	k.dialect = func(string) dialect { return d }
	c := newCodec(nil, k)
	c.hear(perp.PlaceOrder{Origin: asked, ClOrdID: "C-1002"})
	add := func(name string, msgs ...*quickfix.Message) {
		if len(msgs) == 0 {
			t.Fatalf("%s: no message", name)
		}
		for _, m := range msgs {
			names, messages = append(names, name), append(messages, m)
		}
	}
	encodeAll(t, c, k, add)
	ask := func(text string) []*quickfix.Message {
		if d == fix42 { // It has no open interest.
			text = strings.NewReplacer("269=C|", "", "267=5", "267=4").Replace(text)
		}
		replies, rej := k.local(inbound(text), "ACME", testTime)
		if rej != nil {
			t.Fatalf("%s: %v", text, rej)
		}
		return replies
	}
	up := func(string) bool { return true }
	publish := func(events ...perp.Event) (msgs []*quickfix.Message) {
		for _, out := range k.publish([]perp.Entry{{Time: testTime, Events: events}}, up) {
			msgs = append(msgs, out.msg)
		}
		return msgs
	}
	add("seclist", ask("x|320=SL1|559=4|")...)
	add("seclist_unknown", ask("x|320=SL2|559=0|55=NONE-PERP|")...)
	venueForms(ask, publish, add)
	ask("e|324=SS1|55=SOL-PERP|263=1|")
	add("secstatus", publish()...)
	add("secstatus_halt", publish(perp.StateChanged{Symbol: "SOL-PERP", From: perp.Open, To: perp.Halted, Cause: perp.OracleStale})...)
	add("secstatus_resume", publish(perp.StateChanged{Symbol: "SOL-PERP", From: perp.Halted, To: perp.Open})...)
	ask("e|324=SS3|55=BTC-PERP|263=1|")
	add("secstatus_other", publish()...)
	add("secstatus_expired", publish(perp.StateChanged{Symbol: "BTC-PERP", From: perp.Warming, To: perp.Expired}, perp.StateChanged{Symbol: "BTC-PERP", To: perp.Open})...)
	add("secstatus_unknown", ask("e|324=SS2|55=NONE-PERP|263=0|")...)
	ask("V|262=MD1|263=1|264=5|265=1|266=Y|267=5|269=0|269=1|269=2|269=3|269=C|146=1|55=SOL-PERP|")
	add("md_empty", publish()...)
	add("mdinc_first", publish(perp.QuoteChanged{Quote: testQuote(771, "149.985", "150.015")})...)
	add("mdsnap", ask("V|262=MD2|263=0|264=5|267=4|269=0|269=1|269=3|269=C|146=1|55=SOL-PERP|")...)
	add("mdinc", publish(perp.QuoteChanged{Quote: testQuote(772, "149.99", "150.02")})...)
	add("mdinc_trade", publish(perp.Filled{Order: filledOrder("250"), Price: price("150.02"), Size: size("250")})...)
	add("mdinc_one_side", publish(perp.QuoteChanged{Quote: testQuote(773, "", "150.02")})...)
	if d != fix42 { // It has no such request.
		for _, request := range []string{"4|553=acme|", "4|553=bob|", "3|553=acme|925=***|"} {
			add("user", ask("BE|923=U1|924="+request)...)
		}
	}
	add("mdrej", ask("V|262=MD1|263=1|264=5|265=1|267=1|269=0|146=1|55=SOL-PERP|")...)
	add("mdrej_symbol", ask("V|262=MD3|263=0|264=5|267=1|269=0|146=1|55=NONE-PERP|")...)
	streamForms(t, k, publish, add)
	quotedForms(c, ask, add)
	for _, said := range []string{"THROTTLED " + retryAfter + "7", "UNKNOWN_QUOTE_REQUEST no subscription MD9"} {
		add("bmr", libraryReject(said, d))
	}
	add("news", plannedStop(testTime, testTime+60*perp.Second))
	newsForms(k, d, add)
	return names, messages
}

// encodeAll adds what is told of each event.
func encodeAll(t *testing.T, c *codec, k *desk, add func(string, ...*quickfix.Message)) {
	for _, e := range slices.Concat(outEvents(), conditionEvents(), quoteEvents(), provideEvents(), accountEvents()) {
		out := c.encode(e.event, testTime, 1)
		if len(out) == 0 && e.name != "" {
			t.Fatalf("%s: no message", e.name)
		}
		for _, m := range out {
			add(e.name, m.msg)
		}
	}
	for _, e := range subscriptionEvents(k) {
		for _, out := range c.encode(e.event, testTime, 1) {
			add(e.name, out.msg)
		}
	}
}

// libraryReject is a j as the session library makes it, and as it then leaves.
func libraryReject(said string, d dialect) *quickfix.Message {
	msg := quickfix.NewMessage()
	msg.Header.SetString(35, "j")
	token, _, _ := strings.Cut(said, " ")
	msg.Body.SetInt(45, 9).SetString(58, said).SetString(372, "D").SetString(379, "C-1").SetInt(380, codesOf(rejectOf(token)).business)
	if d == vamm1 {
		sayMore(msg)
	}
	return msg
}

func TestOutboundGolden(t *testing.T) {
	names, messages := everyOutbound(t, strict44)
	dictionary, later := stock(t), dictionaryOf(spec.DictionaryVAMM1())
	var lines []string
	for i, msg := range messages {
		lines = append(lines, names[i]+" :: "+plain(msg))
		raw := outbound(msg)
		if err := validate(raw, dictionary); err != nil {
			t.Errorf("%s: a client with the stock dictionary refuses it: %v\n%s", names[i], err, plain(msg))
		}
		for _, d := range []*datadictionary.DataDictionary{own(), later} {
			if err := validate(raw, d); err != nil {
				t.Errorf("%s: our own dictionary refuses it: %v", names[i], err)
			}
		}
		for _, f := range splitFields(raw) {
			if f.tag >= customMin {
				t.Errorf("%s: STRICT44 has %d", names[i], f.tag)
			}
		}
		if m := ParseMessage(raw); len(m.Problems) > 0 {
			t.Errorf("%s: %v", names[i], m.Problems)
		}
	}
	golden(t, "outbound", lines)
}

// The same messages for a client that asked for VAMM1. What it says more can be
// taken away again, which leaves what STRICT44 says.
func TestOutboundGoldenVAMM1(t *testing.T) {
	names, messages := everyOutbound(t, vamm1)
	_, strict := everyOutbound(t, strict44)
	dictionary := dictionaryOf(spec.DictionaryVAMM1())
	var lines []string
	for i, msg := range messages {
		lines = append(lines, names[i]+" :: "+plain(msg))
		raw := outbound(msg)
		if err := validate(raw, dictionary); err != nil {
			t.Errorf("%s: a client with FIX44-VAMM1.xml refuses it: %v\n%s", names[i], err, plain(msg))
		}
		checkPartsOf(t, names[i], ParseMessage(raw))
		if got, want := string(inStrict44(raw)), string(outbound(strict[i])); ParseMessage([]byte(got)).String() != ParseMessage([]byte(want)).String() {
			t.Errorf("%s: told in STRICT44\n%s\nwant\n%s", names[i], got, want)
		}
	}
	golden(t, "outbound_vamm1", lines)
}

// A resend parses the stored bytes and writes them again with a new header
// (session.md C4): nothing may be lost or doubled.
func TestResentFormsAreValid(t *testing.T) {
	for _, d := range dialects {
		names, messages := everyOutbound(t, d)
		for i, msg := range messages {
			raw := outbound(msg)
			again := quickfix.NewMessage()
			if err := quickfix.ParseMessageWithDataDictionary(again, bytes.NewBuffer(bytes.Clone(raw)), own(), own()); err != nil {
				t.Fatalf("%s: %v", names[i], err)
			}
			if got, want := ParseMessage([]byte(again.String())), ParseMessage(raw); got.String() != want.String() {
				t.Errorf("%s: resent as\n%s\nwas\n%s", names[i], got, want)
			}
		}
	}
}

func TestEveryBuiltMessageHasAGolden(t *testing.T) {
	_, messages := everyOutbound(t, strict44)
	var seen []string
	for _, m := range messages {
		seen = append(seen, kindOf(m))
	}
	for _, want := range []string{"y", "f", "W", "X", "Y", "S", "AG", "8", "9", "r", "AO", "AP", "AM", "AX", "BG", "BA", "AQ", "AE", "B", "j"} {
		if !slices.Contains(seen, want) {
			t.Errorf("no golden message of type %s", want)
		}
	}
}

func TestCancelByAnotherSessionIsToldToBoth(t *testing.T) {
	c := newCodec(nil, testDesk())
	out := c.encode(perp.OrderCanceled{Origin: perp.Origin{Session: "ACME2"}, ExecID: "E-1", Order: ended(testOrder(), perp.Canceled), Reason: perp.ClientCancel}, testTime, 1)
	if len(out) != 2 || out[0].session != "ACME2" || out[1].session != "ACME" || out[0].msg == out[1].msg {
		t.Fatalf("got %v", out)
	}
	if plain(out[0].msg) != plain(out[1].msg) {
		t.Errorf("the two differ: %s %s", plain(out[0].msg), plain(out[1].msg))
	}
}

func TestEventsWithoutAMessageAreSilent(t *testing.T) {
	c := newCodec(nil, testDesk())
	for _, ev := range []perp.Event{perp.Posted{}, perp.QuoteChanged{}, perp.PositionChanged{}, perp.MarketListed{}, perp.OrderCanceled{}} {
		if out := c.encode(ev, testTime, 1); len(out) != 0 {
			t.Errorf("%s: %v", ev.Kind(), out)
		}
	}
}
