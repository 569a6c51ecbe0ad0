package engine

import (
	"fmt"
	"strings"
	"testing"

	"backstop/perp"
)

// layingOpen is a market that lays off, open, with two accounts.
const layingOpen = `market BTC-PERP laying
market ETH-PERP
account alice
account lp
deposit maker 1000000 m BTC-PERP
deposit maker 1000000 n ETH-PERP
deposit alice 1000000 a
deposit lp 100000 b
quiet
tick BTC-PERP 60000
tick BTC-PERP 60000
tick BTC-PERP 60000
tick BTC-PERP 60000
wait 600
tick BTC-PERP 60000
`

// TestProvidersLeaveTheirPlace: as many accounts as may quote in a market are dealt on
// and go. While their fills are counted their places are taken, and then free.
func TestProvidersLeaveTheirPlace(t *testing.T) {
	var src strings.Builder
	src.WriteString(layingOpen)
	for i := range providersMax { // Quotes end with a configuration, so that comes first.
		fmt.Fprintf(&src, "account p%d\ndeposit p%d 10000 d%d\n", i, i, i)
	}
	src.WriteString("order alice c1 side=buy size=3 type=market tif=ioc\n")
	for i := range providersMax {
		fmt.Fprintf(&src, "provide p%d Q ask=60001x0.02\n", i)
	}
	src.WriteString("tick BTC-PERP 60000\nprovide lp early ask=60001x1\nwait 1000\nprovide lp late ask=60001x1\n")
	s := newScript(t)
	out := s.run(src.String())
	if n := strings.Count(out, "laid off 0.02 "); n != providersMax {
		t.Fatalf("%d providers were dealt on, want %d:\n%s", n, providersMax, out)
	}
	for _, want := range []string{"provided early QUOTE_ENTRIES", "provided late taken"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if n := len(s.e.markets["BTC-PERP"].Providers); n != 1 {
		t.Errorf("%d providers are kept, want 1", n)
	}
	s.again()
}

// TestLateQuotesAreNotEnded: what is over is not taken back, though no clock has ticked
// since.
func TestLateQuotesAreNotEnded(t *testing.T) {
	out := newScript(t).run(layingOpen + "provide lp Q1 bid=59990x0.1 for=50\ntick ETH-PERP 3000\nunquote lp x1 quote=Q1\n")
	if !strings.Contains(out, "quote status Q1  not_found QUOTE_NOT_LIVE") {
		t.Error(out)
	}
}

// TestFirstReasonOfTooMany: of too many entries and an earlier flaw, the flaw is told.
func TestFirstReasonOfTooMany(t *testing.T) {
	s := newScript(t)
	s.run(layingOpen)
	c := perp.ProvideQuotes{Origin: perp.Origin{Session: "lp"}, Account: "lp", QuoteID: "Q"}
	for range perp.ProvidedMax + 1 {
		c.Entries = append(c.Entries, perp.ProvidedQuote{Symbol: "BTC-PERP"})
	}
	var out strings.Builder
	s.step(c, &out)
	c.Flaws = []perp.Verdict{{Reject: perp.Unsupported, Detail: "537=0"}}
	s.step(c, &out)
	if want := "provided Q QUOTE_ENTRIES\nprovided Q UNSUPPORTED\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
