package fix

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"backstop/perp"
)

// goodProvided is what a liquidity provider sends: two sets, three entries.
const goodProvided = "i|117=LP-7|301=2|1=ACME-MAIN|296=2|302=A|304=2|295=2|299=A1|55=SOL-PERP|132=149.97|133=150.03|134=10|135=20|62=20260722-12:00:10.000|" +
	"299=A2|55=SOL-PERP|132=149.96|134=30|302=B|304=1|295=1|299=B1|55=BTC-PERP|134=0|135=0|"

func decodeProvider(text string) (perp.Command, error) {
	cmd, rej := newCodec(map[string][]string{"ACME": {roleProvide}}, testDesk()).decode(inbound(text), perp.Origin{Session: "ACME", InSeq: 7})
	if rej != nil {
		return cmd, rej
	}
	return cmd, nil
}

// provideEvents are the answers to a provider, and what is told of its quotes.
func provideEvents() []named {
	answer := func(v perp.Reject, detail string, entries ...perp.ProvidedAnswer) perp.QuotesProvided {
		return perp.QuotesProvided{Origin: asked, QuoteID: "LP-7", Account: "ACME-MAIN", Entries: entries, Verdict: perp.Verdict{Reject: v, Detail: detail}}
	}
	good := perp.ProvidedAnswer{Set: "A", ID: "A1", Symbol: "SOL-PERP"}
	crossed := perp.ProvidedAnswer{Set: "A", ID: "A2", Symbol: "SOL-PERP", Verdict: perp.Verdict{Reject: perp.QuoteCrossed}}
	tick := perp.ProvidedAnswer{Set: "A", ID: "A3", Symbol: "SOL-PERP", Verdict: perp.Verdict{Reject: perp.BadTick}}
	unnamed := perp.ProvidedAnswer{Set: "B", ID: "B1", Verdict: perp.Verdict{Reject: perp.CondField, Need: 55, Detail: "55"}}
	laid := filledOrder("100")
	laid.ClOrdID, laid.Size, laid.Type, laid.TIF, laid.Price, laid.QuoteID, laid.Provided = "", size("100"), perp.Limit, perp.FOK, price("150.03"), "A1", true
	laid.Status, laid.Created = perp.FullyFilled, testTime
	fresh := laid
	fresh.Cum, fresh.Paid, fresh.Status = 0, perp.Wide{}, perp.New
	return []named{
		{"massquoteack", answer(0, "", good)},
		{"massquoteack_refused", answer(perp.BadTick, "Price", good, crossed, tick, unnamed)},
		{"massquoteack_entries", answer(perp.QuoteEntries, "entries")},
		{"quotestatus_pulled", perp.QuotesPulled{
			Session: "ACME", Account: "ACME-MAIN", Symbol: "SOL-PERP", QuoteID: "LP-7", Why: perp.Verdict{Reject: perp.MMPFrozen, Detail: "fills=2"}, Until: testTime + perp.Second,
		}},
		{"er_laid_new", perp.OrderAccepted{ExecID: "E-80", Order: fresh}},
		{"er_laid_fill", perp.Filled{ExecID: "E-81", TradeID: "T-9080", Order: laid, Price: price("150.03"), Size: size("100"), Liquidity: perp.Added, Oracle: testOracle}},
	}
}

// What a provider asked to hear of decides only whether good news are told.
func TestQuietProviderHearsOfRefusals(t *testing.T) {
	c := newCodec(nil, testDesk())
	for _, e := range provideEvents()[:2] {
		ev := e.event.(perp.QuotesProvided)
		ev.Quiet = true
		if got, want := len(c.encode(ev, testTime, 1)), map[bool]int{true: 0, false: 1}[ev.Verdict.OK()]; got != want {
			t.Errorf("%s: %d messages, want %d", e.name, got, want)
		}
	}
}

func TestDecodeProvide(t *testing.T) {
	level := func(p, s string) perp.Level { return perp.Level{Price: price(p), Size: size(s)} }
	want := perp.ProvideQuotes{
		Origin: perp.Origin{Session: "ACME", InSeq: 7}, QuoteID: "LP-7", Account: "ACME-MAIN",
		Entries: []perp.ProvidedQuote{
			{Set: "A", ID: "A1", Symbol: "SOL-PERP", Bid: level("149.97", "10"), Ask: level("150.03", "20"), Until: testTime + 10_000*perp.Millisecond - 341*perp.Millisecond},
			{Set: "A", ID: "A2", Symbol: "SOL-PERP", Bid: level("149.96", "30")},
			{Set: "B", ID: "B1", Symbol: "BTC-PERP"},
		},
	}
	quiet, reset := want, want
	quiet.Quiet, reset.Reset = true, true
	for text, want := range map[string]perp.ProvideQuotes{
		goodProvided: want, with(goodProvided, 301, ""): want, with(goodProvided, 301, "0"): quiet, with(goodProvided, 301, "1"): quiet,
		goodProvided + "22090=Y|": reset, goodProvided + "22090=N|": want,
	} {
		got, err := decodeProvider(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %+v %v\nwant %+v", text, got, err, want)
		}
		if err := validate([]byte(inbound(text).String()), own()); err != nil {
			t.Errorf("%s: our dictionary refuses it: %v", text, err)
		}
	}
	if err := validate([]byte(inbound(goodProvided).String()), stock(t)); err != nil {
		t.Errorf("a stock dictionary refuses it: %v", err)
	}
}

// What is wrong becomes the flaw of the request or of its entry, or a Reject if it is
// no FIX.
func TestDecodeRefusesProvide(t *testing.T) {
	entry := "i|117=L|296=1|302=A|304=1|295=1|299=A1|55=SOL-PERP|132=149.97|134=10|"
	for _, c := range []struct {
		text   string
		reject perp.Reject
		detail string
		reason int // of a Reject (3)
	}{
		{entry, 0, "", 0},
		{with(entry, 537, "0"), perp.Unsupported, "537=0", 0},
		{with(entry, 293, "5"), perp.Unsupported, "tag=293", 0},
		{with(entry, 304, "2"), perp.Unsupported, "304=2 with 1 entries", 0},
		{strings.Replace(entry, "304=1|", "304=1|893=N|", 1), perp.Unsupported, "893=N", 0},
		{with(entry, 55, ""), perp.CondField, "55", 0},
		{with(entry, 132, ""), perp.CondField, "132", 0},
		{with(entry, 134, ""), perp.CondField, "134", 0},
		{with(entry, 132, "0"), perp.PriceBand, "beyond any price", 0},
		{with(with(entry, 132, "0"), 134, "0"), 0, "", 0},
		{with(entry, 132, "149.9700001"), perp.BadTick, "more than 6 decimal places", 0},
		{with(entry, 134, "0.0000000001"), perp.BadLot, "more than 9 decimal places", 0},
		{with(entry, 15, "EUR"), perp.Unsupported, "tag=15", 0},
		{strings.Replace(strings.Replace(entry, "304=1|295=1", "304=2|295=2", 1), "134=10|", "134=10|299=A1|55=SOL-PERP|", 1), perp.BadRequest, "299 stands twice", 0},
		{with(entry, 132, "-1"), 0, "", 5},
		{with(entry, 134, "1e3"), 0, "", 6},
		{with(entry, 62, "later"), 0, "", 6},
		{with(entry, 301, "3"), 0, "", 5},
		{with(entry, 22090, "X"), 0, "", 5},
		{with(entry, 117, ""), 0, "", 1},
		{with(entry, 299, ""), 0, "", 1},
		{with(entry, 302, ""), 0, "", 1},
		{with(entry, 304, ""), 0, "", 1},
		{"i|117=L|296=0|", 0, "", 1},
	} {
		cmd, err := decodeProvider(c.text)
		if c.reason != 0 {
			if rej, told := err.(interface{ RejectReason() int }); !told || rej.RejectReason() != c.reason {
				t.Errorf("%s: got %+v %v, want 373=%d", c.text, cmd, err, c.reason)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		p := cmd.(perp.ProvideQuotes)
		v := p.First()
		for _, x := range p.Entries {
			v = v.Worse(x.First())
		}
		if v.Reject != c.reject || v.Detail != c.detail {
			t.Errorf("%s: got %v %q, want %v %q", c.text, v.Reject, v.Detail, c.reject, c.detail)
		}
	}
}

// However many entries come, no more of them are kept than it takes to refuse them.
func TestDecodeProvideIsBounded(t *testing.T) {
	for n, want := range map[int]int{perp.ProvidedMax: perp.ProvidedMax, perp.ProvidedMax + 1: perp.ProvidedMax + 1, 3 * perp.ProvidedMax: perp.ProvidedMax + 1} {
		var text strings.Builder
		fmt.Fprintf(&text, "i|117=L|296=1|302=A|304=%d|295=%d|", n, n)
		for i := range n {
			fmt.Fprintf(&text, "299=E%d|55=SOL-PERP|132=149.97|134=1|", i)
		}
		cmd, err := decodeProvider(text.String())
		if err != nil || len(cmd.(perp.ProvideQuotes).Entries) != want {
			t.Errorf("of %d entries %d are kept, want %d (%v)", n, len(cmd.(perp.ProvideQuotes).Entries), want, err)
		}
	}
}
