package fix

import (
	"bytes"
	"slices"
	"testing"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
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

func ended(o perp.Order, s perp.OrderStatus) perp.Order { o.Status = s; return o }

var asked = perp.Origin{Session: "ACME", InSeq: 7}

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
	view := perp.PositionView{Account: "ACME-MAIN", Symbol: "SOL-PERP", Size: size("250"), Mark: price("150.002"), PriorMark: price("149.8"), Unrealised: -7_000_000, Funding: -1_250_000}
	short := view
	short.Symbol, short.Size, short.Claim = "BTC-PERP", -size("0.5"), 12_340_000
	return []named{
		{"er_new", perp.OrderAccepted{Origin: asked, ExecID: "E-2", Order: testOrder()}},
		{"er_fill", perp.Filled{ExecID: "E-3", TradeID: "T-9001", Order: filledOrder("250"), Price: price("150.03"), Size: size("250"), Fee: 7_500_000, Liquidity: perp.Removed}},
		{"er_part_passive", perp.Filled{ExecID: "E-5", TradeID: "T-9002", Order: filledOrder("100"), Price: price("150.03"), Size: size("100"), Liquidity: perp.Added}},
		{"er_reject", perp.OrderRejected{Origin: asked, ExecID: "E-4", Order: refused, Verdict: perp.Verdict{Reject: perp.InsufficientMargin, Need: 1_500_000, Have: 900_000}}},
		{"er_cond_field", perp.OrderRejected{Origin: asked, ExecID: "E-4", Order: perp.Order{ClOrdID: "C-1", Symbol: "SOL-PERP"}, Verdict: perp.Verdict{Reject: perp.CondField, Need: 44, Detail: "44"}}},
		{"er_dup", perp.OrderRejected{Origin: asked, ExecID: "E-10", Order: filledOrder("250"), Verdict: perp.Verdict{Reject: perp.DuplicateClOrdID}}},
		{"er_ioc_kill", perp.OrderCanceled{Origin: asked, ExecID: "E-6", Order: ended(filledOrder("40"), perp.Canceled), Reason: perp.IOCRemainder}},
		{"er_cxl", perp.OrderCanceled{Origin: asked, ExecID: "E-21", Order: canceled, OrigClOrdID: "C-3002", Reason: perp.ClientCancel}},
		{"er_replaced", perp.OrderReplaced{Origin: asked, ExecID: "E-20", Order: replaced, OrigClOrdID: "C-3001"}},
		{"er_status", perp.StatusReported{Origin: asked, ExecID: "E-11", Order: filledOrder("250"), StatusID: "ST1"}},
		{"er_status_unknown", perp.StatusReported{Origin: asked, ExecID: "E-31", Order: unknown, Reject: perp.UnknownOrder}},
		{"ocr_unknown", perp.CancelRejected{Origin: asked, ClOrdID: "C-2001", OrigClOrdID: "C-1999", Verdict: perp.Verdict{Reject: perp.UnknownOrder}}},
		{"ocr_late", perp.CancelRejected{Origin: asked, ClOrdID: "C-2001", OrigClOrdID: "C-1002", Order: filledOrder("250"), Replace: true, Verdict: perp.Verdict{Reject: perp.TooLate, Detail: "filled"}}},
		{"quote", perp.QuoteIssued{Origin: asked, ReqID: "RFQ1", QuoteID: "Q900", Symbol: "SOL-PERP", Bid: perp.Level{Price: price("149.97"), Size: size("250")}, Ask: perp.Level{Price: price("150.03"), Size: size("250")}, ValidUntil: testTime + perp.Second}},
		{"quote_one_side", perp.QuoteIssued{Origin: asked, ReqID: "RFQ2", QuoteID: "Q901", Symbol: "SOL-PERP", Side: perp.Buy, Ask: perp.Level{Price: price("150.03"), Size: size("250")}, ValidUntil: testTime + perp.Second}},
		{"quotereqrej", perp.QuoteRefused{Origin: asked, ReqID: "RFQ3", Symbol: "SOL-PERP", Verdict: perp.Verdict{Reject: perp.OILimit, Need: int64(size("250")), Have: int64(size("10"))}}},
		{"posack_none", perp.PositionsReported{Origin: asked, ReqID: "P1", Account: "ACME-MAIN"}},
		{"posack_refused", perp.PositionsReported{Origin: asked, ReqID: "P2", Account: "OTHER", Verdict: perp.Verdict{Reject: perp.AccountNotPermitted, Detail: "OTHER"}}},
		{"posrep", perp.PositionsReported{Origin: asked, ReqID: "P3", Account: "ACME-MAIN", Positions: []perp.PositionView{short, view}}},
	}
}

// everyOutbound is one message of every form that the gateway sends, by name.
func everyOutbound(t *testing.T) (names []string, messages []*quickfix.Message) {
	t.Helper()
	k := testDesk()
	c := newCodec(nil, k)
	add := func(name string, msgs ...*quickfix.Message) {
		if len(msgs) == 0 {
			t.Fatalf("%s: no message", name)
		}
		for _, m := range msgs {
			names, messages = append(names, name), append(messages, m)
		}
	}
	for _, e := range append(outEvents(), accountEvents()...) {
		for _, out := range c.encode(e.event, testTime, 1) {
			add(e.name, out.msg)
		}
	}
	for _, e := range subscriptionEvents(k) {
		for _, out := range c.encode(e.event, testTime, 1) {
			add(e.name, out.msg)
		}
	}
	ask := func(text string) []*quickfix.Message {
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
	add("mdrej", ask("V|262=MD1|263=1|264=5|265=1|267=1|269=0|146=1|55=SOL-PERP|")...)
	add("news", plannedStop(testTime, testTime+60*perp.Second))
	return names, messages
}

func TestOutboundGolden(t *testing.T) {
	names, messages := everyOutbound(t)
	dictionary := stock(t)
	var lines []string
	for i, msg := range messages {
		lines = append(lines, names[i]+" :: "+plain(msg))
		raw := outbound(msg)
		if err := validate(raw, dictionary); err != nil {
			t.Errorf("%s: a client with the stock dictionary refuses it: %v\n%s", names[i], err, plain(msg))
		}
		if err := validate(raw, own()); err != nil {
			t.Errorf("%s: our own dictionary refuses it: %v", names[i], err)
		}
		if m := ParseMessage(raw); len(m.Problems) > 0 {
			t.Errorf("%s: %v", names[i], m.Problems)
		}
	}
	golden(t, "outbound", lines)
}

// A resend parses the stored bytes and writes them again with a new header
// (session.md C4): nothing may be lost or doubled.
func TestResentFormsAreValid(t *testing.T) {
	names, messages := everyOutbound(t)
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

func TestEveryBuiltMessageHasAGolden(t *testing.T) {
	_, messages := everyOutbound(t)
	var seen []string
	for _, m := range messages {
		seen = append(seen, kindOf(m))
	}
	for _, want := range []string{"y", "f", "W", "X", "Y", "S", "AG", "8", "9", "AO", "AP", "AM", "AX", "BG", "BA", "AQ", "AE", "B"} {
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
