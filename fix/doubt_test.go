package fix

import (
	"strings"
	"testing"

	"backstop/perp"
)

// TestPricesAndNewsAgree: what a tick that was not believed makes of the outside price
// is told in one word, in News, with prices, with states and in fills, however large
// the doubt is.
func TestPricesAndNewsAgree(t *testing.T) {
	for _, c := range []struct {
		name    string
		quality string
		state   perp.MarketState
		cause   perp.Reject
		news    string // empty: none
		code    string
	}{
		{"good", "", perp.Open, perp.RejectNone, "", "0"},
		{"old", "stale", perp.WideSpread, perp.OracleStale, "ORACLE_STALE", "1"},
		{"a little unsure", "wide", perp.WideSpread, perp.OracleDivergent, "ORACLE_WIDE", "2"},
		{"very unsure", "wide", perp.Halted, perp.OracleDivergent, "ORACLE_WIDE", "2"},
		{"sources a little apart", "divergent", perp.WideSpread, perp.OracleDivergent, "ORACLE_DIVERGENT", "3"},
		{"sources apart", "divergent", perp.ReduceOnly, perp.OracleDivergent, "ORACLE_DIVERGENT", "3"},
		{"a jump", "jump", perp.WideSpread, perp.OracleDivergent, "ORACLE_DIVERGENT", "3"},
		{"no price", "invalid", perp.Halted, perp.OracleDivergent, "ORACLE_INVALID", "4"},
		{"no tick of this start", "", perp.Halted, perp.OracleDivergent, "ORACLE_DIVERGENT", "3"},
		{"not newer", "stale", perp.Open, perp.RejectNone, "", "0"},
		{"the maker lost too much", "wide", perp.ReduceOnly, perp.Drawdown, "", "0"},
		{"the desk closes it", "", perp.Halted, perp.MarketHalted, "", "4"},
	} {
		tellsAlike(t, c.name, c.quality, c.state, c.cause, c.news, "|22013="+c.code+"|")
	}
}

func tellsAlike(t *testing.T, name, quality string, state perp.MarketState, cause perp.Reject, news, code string) {
	t.Helper()
	quote, outside := testQuote(770, "149.9", "150.1"), testOracle
	quote.State, quote.Cause, outside.State, outside.Cause = state, cause, state, cause
	events := []perp.Event{entered(state, cause), perp.QuoteChanged{Quote: quote}}
	if quality != "" {
		events = append([]perp.Event{refusedTick(quality)}, events...)
	}
	k := testDesk()
	k.dialect = func(string) dialect { return vamm1 }
	subscribe(t, k, "ACME", stream)
	said := map[string]string{}
	hear := func(text string) { said[ParseMessage([]byte(text)).Type] += text }
	for _, text := range strings.Split(toldTo(k, "ACME", events...), "\n") {
		hear(text)
	}
	once, rej := k.local(inbound("e|324=SS1|55=SOL-PERP|263=0|"), "ACME", testTime)
	if rej != nil || len(once) != 1 {
		t.Fatalf("%s: %v, %v", name, once, rej)
	}
	hear(plain(once[0]))
	c := newCodec(nil, k)
	for _, ev := range append(events, perp.Filled{
		ExecID: "E-3", TradeID: "T-1", Order: filledOrder("250"), Price: price("150.03"), Size: size("250"), Oracle: outside,
	}, perp.QuoteIssued{Origin: asked, ReqID: "R1", QuoteID: "QR1", Symbol: "SOL-PERP", Side: perp.Buy, Ask: perp.Level{Price: price("150.1"), Size: size("1")}}) {
		for _, m := range c.encode(ev, testTime, 1) {
			hear(plain(m.msg))
		}
	}
	headline := ""
	if news != "" {
		headline = "|148=" + news + " SOL-PERP|"
	}
	if !strings.Contains(said["B"], headline) || headline == "" && said["B"] != "" {
		t.Errorf("%s: News is %q, want %q", name, said["B"], headline)
	}
	for _, kind := range []string{"W", "f", "8", "S"} {
		if !strings.Contains(said[kind], code) {
			t.Errorf("%s: %s lacks %s: %s", name, kind, code, said[kind])
		}
	}
}
