package fix

import (
	"strings"
	"testing"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// venueForms are the messages about the venue and its markets, by name.
func venueForms(ask func(string) []*quickfix.Message, publish func(...perp.Event) []*quickfix.Message, add func(string, ...*quickfix.Message)) {
	add("secdef", ask("c|320=SD1|321=0|55=SOL-PERP|")...)
	add("secdef_refused", ask("c|320=SD2|321=0|55=NONE-PERP|")...)
	add("tradsess", ask("g|335=TS1|263=0|")...)
	add("tradsess_refused", ask("g|335=TS2|336=NIGHT|263=0|")...)
	ask("g|335=TS3|263=1|")
	add("tradsess_first", publish()...)
	add("tradsess_halted", publish(perp.StateChanged{Symbol: "SOL-PERP", From: perp.Open, To: perp.Halted, Cause: perp.MarketHalted})...)
	wider := testInstrument
	wider.MinSize *= 2
	add("seclist_changed", publish(perp.MarketListed{Instrument: wider, Terms: testTerms})...)
	publish(perp.MarketListed{Instrument: testInstrument, Terms: testTerms}, perp.StateChanged{Symbol: "SOL-PERP", From: perp.Halted, To: perp.Open})
	ask("g|335=TS3|263=2|")
}

// The state of the venue is that of its markets, told when it changes and only to
// who asked for it.
func TestVenueState(t *testing.T) {
	k := testDesk()
	subscribe(t, k, "ACME", "g|335=TS1|263=1|")
	move := func(symbol string, to perp.MarketState) perp.Event {
		return perp.StateChanged{Symbol: symbol, From: perp.Open, To: to, Cause: perp.MarketHalted}
	}
	for _, c := range []struct {
		events []perp.Event
		want   string
	}{
		{nil, "35=h|335=TS1|336=MAIN|340=2|"},
		{[]perp.Event{move("SOL-PERP", perp.WideSpread)}, ""},
		{[]perp.Event{move("SOL-PERP", perp.Halted)}, "35=h|335=TS1|336=MAIN|325=Y|340=1|"},
		{[]perp.Event{move("BTC-PERP", perp.ReduceOnly)}, "35=h|335=TS1|336=MAIN|325=Y|340=2|"},
		{[]perp.Event{move("BTC-PERP", perp.Expired)}, "35=h|335=TS1|336=MAIN|325=Y|340=1|"},
		{[]perp.Event{move("SOL-PERP", perp.Expired)}, "35=h|335=TS1|336=MAIN|325=Y|340=3|"},
	} {
		if got := toldTo(k, "ACME", c.events...); got != c.want {
			t.Errorf("%v: got %q, want %q", c.events, got, c.want)
		}
	}
	subscribe(t, k, "ACME", "g|335=TS1|263=2|")
	if got := toldTo(k, "ACME", perp.MarketListed{Instrument: perp.Instrument{Symbol: "SOL-PERP"}}); got != "" {
		t.Errorf("after the end: %s", got)
	}
}

// Every state of a market is told with its reason.
func TestMarketStates(t *testing.T) {
	for _, c := range []struct {
		from, to perp.MarketState
		cause    perp.Reject
		want     string
	}{
		{perp.Warming, perp.Open, 0, "|326=17|"},
		{perp.Open, perp.Halted, perp.OracleStale, "|326=2|60=20260722-12:00:00.341|58=ORACLE_STALE|"},
		{perp.Halted, perp.Open, 0, "|326=3|"},
		{perp.Open, perp.Halted, perp.OracleDivergent, "58=ORACLE_DIVERGENT|"},
		{perp.Open, perp.Halted, perp.MarketHalted, "58=MARKET_HALTED|"},
		{perp.Open, perp.ReduceOnly, perp.ReduceOnlyMode, "|326=17|60=20260722-12:00:00.341|58=REDUCE_ONLY_MODE|"},
		{perp.Open, perp.ReduceOnly, 0, "58=REDUCE_ONLY|"},
		{perp.Open, perp.ReduceOnly, perp.Drawdown, "58=DRAWDOWN|"},
		{perp.Open, perp.WideSpread, 0, "58=WIDE|"},
		{perp.Open, perp.Warming, perp.OracleStale, "|326=21|"},
		{perp.Open, perp.Expired, 0, "|326=18|60=20260722-12:00:00.341|58=EXPIRED|"},
	} {
		k := testDesk()
		toldTo(k, "ACME", perp.StateChanged{Symbol: "SOL-PERP", From: perp.Warming, To: c.from, Cause: perp.NotReady})
		subscribe(t, k, "ACME", "e|324=SS1|55=SOL-PERP|263=1|")
		toldTo(k, "ACME")
		if got := toldTo(k, "ACME", perp.StateChanged{Symbol: "SOL-PERP", From: c.from, To: c.to, Cause: c.cause}); !strings.Contains(got, c.want) || !strings.Contains(got, "|325=Y|") {
			t.Errorf("%v to %v, %v: %s", c.from, c.to, c.cause, got)
		}
	}
}

// A reason that becomes another is told, once, and the market resumes from a halt all
// the same.
func TestMarketReasons(t *testing.T) {
	k := testDesk()
	subscribe(t, k, "ACME", "e|324=SS1|55=SOL-PERP|263=1|")
	toldTo(k, "ACME", perp.StateChanged{Symbol: "SOL-PERP", From: perp.Open, To: perp.Halted, Cause: perp.OracleDivergent})
	stale := perp.StateChanged{Symbol: "SOL-PERP", From: perp.Halted, To: perp.Halted, Cause: perp.OracleStale}
	if got := toldTo(k, "ACME", stale); !strings.Contains(got, "|325=Y|326=2|") || !strings.Contains(got, "|58=ORACLE_STALE|") {
		t.Errorf("another reason: %q", got)
	}
	if got := toldTo(k, "ACME", stale); got != "" {
		t.Errorf("the same once more: %q", got)
	}
	if got := toldTo(k, "ACME", perp.StateChanged{Symbol: "SOL-PERP", From: perp.Halted, To: perp.Open}); !strings.Contains(got, "|326=3|") {
		t.Errorf("it opens: %q", got)
	}
}

// Who subscribed to a market is told when it becomes another.
func TestChangedMarketIsListedAgain(t *testing.T) {
	k := testDesk()
	subscribe(t, k, "ACME", "e|324=SS1|55=SOL-PERP|263=1|")
	subscribe(t, k, "OTHER", "e|324=SS1|55=BTC-PERP|263=1|")
	subscribe(t, k, "ALL", "g|335=TS1|263=1|")
	for _, s := range []string{"ACME", "OTHER", "ALL"} {
		if got := toldTo(k, s); strings.Contains(got, "35=y") {
			t.Errorf("%s is told of what it knows: %s", s, got)
		}
	}
	wider := testInstrument
	wider.MinSize *= 2
	for s, want := range map[string]string{"ACME": "|320=SS1|322=SS1-U2|", "OTHER": "", "ALL": "|320=TS1|322=TS1-U2|"} {
		if got := toldTo(k, s, perp.MarketListed{Instrument: wider, Terms: testTerms}); !strings.Contains(got, want) || (got != "") != (want != "") || want != "" && !strings.Contains(got, "|562=0.2|") {
			t.Errorf("%s: got %q, want %q", s, got, want)
		}
	}
	toldTo(k, "ACME")
	if got := toldTo(k, "ACME", perp.MarketListed{Instrument: wider, Terms: testTerms}); got != "" {
		t.Errorf("told twice: %s", got)
	}
	// Who has both subscriptions is told by that of the venue, and not again when it ends.
	subscribe(t, k, "ALL", "e|324=SS1|55=SOL-PERP|263=1|")
	toldTo(k, "ALL")
	wider.MinSize *= 2
	if got := toldTo(k, "ALL", perp.MarketListed{Instrument: wider, Terms: testTerms}); strings.Count(got, "35=y") != 1 || !strings.Contains(got, "|320=TS1|") {
		t.Errorf("with both: %s", got)
	}
	subscribe(t, k, "ALL", "g|335=TS1|263=2|")
	if got := toldTo(k, "ALL"); got != "" {
		t.Errorf("told again when the venue is no longer asked for: %s", got)
	}
	wider.MinSize *= 2
	if got := toldTo(k, "ALL", perp.MarketListed{Instrument: wider, Terms: testTerms}); !strings.Contains(got, "|320=SS1|") {
		t.Errorf("with one: %s", got)
	}
}

// What is wrong with c and g is said in d and h, or in 3 and j if it is no request.
func TestVenueRefusals(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"c|320=S|321=0|55=NONE-PERP|", "35=d|320=S|322=S-D|323=5|55=NONE-PERP|58=UNKNOWN_SYMBOL NONE-PERP|"},
		{"c|320=S|321=0|", "323=5|58=COND_FIELD:55|"},
		{"c|320=S|321=3|55=SOL-PERP|", "323=5|55=SOL-PERP|58=UNSUPPORTED 321=3|"},
		{"c|320=S|321=0|55=SOL-PERP|263=1|", "58=UNSUPPORTED 263=1|"},
		{"c|320=S|321=0|55=SOL-PERP|167=CS|", "58=UNSUPPORTED tag=167|"},
		{"c|320=S|321=0|55=SOL-PERP|15=USDC|", "58=UNSUPPORTED tag=15|"},
		{"g|335=T|263=0|336=NIGHT|", "35=h|335=T|336=MAIN|340=6|567=1|58=UNSUPPORTED 336|"},
		{"g|335=T|263=0|338=1|", "340=6|567=99|58=UNSUPPORTED tag=338|"},
	} {
		replies, rej := testDesk().local(inbound(c.text), "ACME", testTime)
		if rej != nil || len(replies) != 1 || !strings.Contains(plain(replies[0]), c.want) {
			t.Errorf("%s: got %v %v, want %s", c.text, replies, rej, c.want)
		}
	}
	for _, c := range []struct {
		text     string
		business bool
		reason   int
	}{
		{"c|320=S|55=SOL-PERP|", false, 1}, {"c|321=0|55=SOL-PERP|", false, 1}, {"c|320=S|321=9|55=SOL-PERP|", false, 5},
		{"g|335=T|", false, 1}, {"g|263=0|", false, 1}, {"g|335=T|263=7|", false, 5}, {"g|335=T|263=2|", true, 1},
	} {
		_, rej := testDesk().local(inbound(c.text), "ACME", testTime)
		if rej == nil || rej.IsBusinessReject() != c.business || rej.RejectReason() != c.reason {
			t.Errorf("%s: %v, want %d", c.text, rej, c.reason)
		}
	}
}

// The terms of a market are for VAMM1 alone; a change of them is told like one of
// the market.
func TestTermsOfAMarket(t *testing.T) {
	const told = "|562=0.1|22032=500|22091=0.005|22092=5000|22093=0.05|22094=0.03|22095=0.5|"
	for d, want := range map[dialect]bool{vamm1: true, strict44: false, fix50: false} {
		k := testDesk()
		k.dialect = func(string) dialect { return d }
		replies, rej := k.local(inbound("x|320=S|559=0|55=SOL-PERP|"), "ACME", testTime)
		if rej != nil || strings.Contains(plain(replies[0]), told) != want || strings.Contains(plain(replies[0]), "|22") != want {
			t.Errorf("dialect %d: %s, %v", d, plain(replies[0]), rej)
		}
		subscribe(t, k, "ACME", "e|324=SS1|55=SOL-PERP|263=1|")
		toldTo(k, "ACME")
		terms := testTerms
		terms.InitialMargin, terms.LookTolerance = 100_000, -1
		got := toldTo(k, "ACME", perp.MarketListed{Instrument: testInstrument, Terms: terms})
		if !strings.Contains(got, "35=y|320=SS1|") || strings.Contains(got, "|22093=0.1|22094=0.03|") != want || strings.Contains(got, "22095") {
			t.Errorf("dialect %d, other terms: %s", d, got)
		}
	}
}
