package ops

import (
	"reflect"
	"testing"

	"backstop/perp"
)

// TestProviders: what providers quote is shown by account as it was stated last,
// until nothing is left of them; a protection with a time of its own is over with it.
func TestProviders(t *testing.T) {
	w := newWorld("BTC-PERP")
	shown := func() []Provider { return w.Status().Markets[0].Providers }
	if got := shown(); got == nil || len(got) != 0 {
		t.Errorf("nobody quotes: %v", got)
	}
	until := w.at() + perp.Second
	bid := perp.StandingQuote{Entry: "a", Side: perp.Buy, Level: perp.Level{Price: price(59_990), Size: perp.SizeOne}, Until: until}
	w.do(perp.ProvideQuotes{},
		perp.ProviderStated{Symbol: "BTC-PERP", Account: "LP2", Session: "S2", QuoteID: "R", Frozen: true},
		perp.ProviderStated{Symbol: "BTC-PERP", Account: "LP1", Session: "S1", QuoteID: "Q", Quotes: []perp.StandingQuote{bid}},
		perp.ProviderStated{Symbol: "BTC-PERP", Account: "LP3", Session: "S3", QuoteID: "T", Frozen: true, Thaw: until},
		perp.ProviderStated{Symbol: "NO-PERP", Account: "LP1", Session: "S1", QuoteID: "Q", Quotes: []perp.StandingQuote{bid}},
	)
	want := []Provider{
		{Account: "LP1", Session: "S1", QuoteID: "Q", Quotes: []ProviderQuote{{
			Entry: "a", Side: "buy", Price: "59990", PriceUnits: int64(price(59_990)), Size: "1", SizeUnits: int64(perp.SizeOne), Until: stampOf(until),
		}}},
		{Account: "LP2", Session: "S2", QuoteID: "R", Quotes: []ProviderQuote{}, Frozen: true},
		{Account: "LP3", Session: "S3", QuoteID: "T", Quotes: []ProviderQuote{}, Frozen: true, Thaw: stampOf(until)},
	}
	if got := shown(); !reflect.DeepEqual(got, want) {
		t.Errorf("shown are %+v, want %+v", got, want)
	}
	w.wait(perp.Second)
	if got := shown(); got[2].Frozen || got[2].Thaw != "" || !got[1].Frozen {
		t.Errorf("a second later: %+v", got)
	}
	w.do(perp.ClockTick{},
		perp.ProviderStated{Symbol: "BTC-PERP", Account: "LP1"}, perp.ProviderStated{Symbol: "BTC-PERP", Account: "LP2"},
		perp.ProviderStated{Symbol: "BTC-PERP", Account: "LP3"}, perp.ProviderStated{Symbol: "BTC-PERP", Account: "LP4"},
	)
	if got := shown(); len(got) != 0 {
		t.Errorf("all are gone: %+v", got)
	}
	if left := len(w.markets["BTC-PERP"].providers); left != 0 {
		t.Errorf("%d are kept of who is gone", left)
	}
}
