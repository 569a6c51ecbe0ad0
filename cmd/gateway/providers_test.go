package main

import (
	"strings"
	"testing"

	"backstop/ops"
)

// TestProvidersAreShown: the market has every quote of a provider and what ends a
// protection, the screen of the gateway how many there are; neither has a word where
// nobody quotes.
func TestProvidersAreShown(t *testing.T) {
	m := ops.Market{Symbol: "BTC-PERP"}
	if text := marketText(m) + statusScreen(ops.Status{Markets: []ops.Market{m}}); strings.Contains(text, "provider") {
		t.Errorf("nobody quotes: %s", text)
	}
	m.Providers = []ops.Provider{
		{Account: "LP1", Session: "S1", QuoteID: "Q1", Quotes: []ops.ProviderQuote{
			{Entry: "a", Side: "buy", Price: "59990", Size: "1", Until: "2026-01-01T00:00:00Z"},
			{Entry: "b", Side: "sell", Price: "60010", Size: "2.5", Until: "2026-01-01T00:00:01Z"},
		}},
		{Account: "LP2", Session: "S2", QuoteID: "Q2", Frozen: true},
		{Account: "LP3", Session: "S3", QuoteID: "Q3", Frozen: true, Thaw: "2026-01-01T00:00:02Z"},
	}
	const want = `
quotes of liquidity providers
  LP1, session S1, quote Q1
    bid              59990 x 1              a until 2026-01-01T00:00:00Z
    offer            60010 x 2.5            b until 2026-01-01T00:00:01Z
  LP2, session S2, quote Q2
    stopped by its protection until the client (22090=Y) or the desk (session reset-protection) ends it
  LP3, session S3, quote Q3
    stopped by its protection until 2026-01-01T00:00:02Z
`
	if text := marketText(m); !strings.Contains(text, want) {
		t.Errorf("%s\nhas no\n%s", text, want)
	}
	screen := statusScreen(ops.Status{Markets: []ops.Market{m}})
	if line := "\nBTC-PERP   liquidity providers: 3, quotes: 2, stopped by their protection: 2\n"; !strings.Contains(screen, line) {
		t.Errorf("%s\nhas no %s", screen, line)
	}
}
