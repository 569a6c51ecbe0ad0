package main

import (
	"bytes"
	"strings"
	"testing"

	"backstop/config"
	"backstop/engine"
	"backstop/ops"
	"backstop/perp"
	"backstop/quoting"
	"backstop/risk"
	"backstop/store"

	"github.com/google/go-cmp/cmp"
)

// lived is a data directory in which one market ticked, once every 200 ms, with
// the quote that stood after each command.
func lived(t *testing.T, dir string, ticks int64) map[perp.Time]perp.Quote {
	t.Helper()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New()
	seq := engine.NewSequencer(e)
	quotes, last := map[perp.Time]perp.Quote{}, perp.Quote{}
	step := func(now perp.Time, commands ...perp.Command) {
		var batch []perp.Input
		for _, c := range commands {
			batch = append(batch, perp.Input{Command: c, Source: "test"})
		}
		entries := seq.Step(batch, now)
		if err := s.Commit(perp.Batch{Entries: entries, Time: now}); err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			for _, ev := range entry.Events {
				if q, is := ev.(perp.QuoteChanged); is {
					last = q.Quote
				}
			}
		}
		quotes[now] = last
	}
	const symbol = "BTC-PERP"
	step(dayStart, engine.Configure{
		Markets: []engine.MarketSpec{{
			Instrument: perp.Instrument{
				Symbol: symbol, Currency: "USDC", Tick: perp.PriceOne / 2, Lot: perp.SizeOne / 1000, MinSize: perp.SizeOne / 1000, MaxSize: perp.SizeOne,
			},
			Quoting: quoting.DefaultParams(), Limits: risk.DefaultMarketLimits(),
		}},
		Accounts: []risk.Account{{Name: "ACME", Sessions: []string{"ACME1"}, Limits: risk.DefaultLimits()}},
	}, perp.Deposit{Account: perp.Maker, Symbol: symbol, Amount: 1_000_000 * perp.MoneyOne, Key: "k"})
	for i := range ticks {
		now := dayStart + perp.Time(i+1)*200*perp.Millisecond
		price := (60_000 + perp.Price(i*i%17)) * perp.PriceOne
		step(now, perp.OracleTick{Symbol: symbol, Price: price, Confidence: perp.PriceOne, Publish: now, Receive: now, Sources: 1})
		if i == ticks/2 {
			if err := s.SaveSnapshot(e.Seq(), now, e.StateHash(), e.Snapshot()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return quotes
}

// TestQuoteAsOf: the replayed quote is the one that stood then, before and after
// a snapshot and between two commands, and its parts add up.
func TestQuoteAsOf(t *testing.T) {
	dir := t.TempDir()
	quotes := lived(t, dir, 30)
	r, err := store.OpenReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	two := 0
	for at, want := range quotes {
		x, found, err := asOf(r, "BTC-PERP", at+perp.Millisecond)
		if err != nil || !found || x.asOf != stamp(at) || x.market.Version != want.Version || len(x.market.Asks) != len(want.Asks) {
			t.Fatalf("at %s: %+v, %v, %v; want version %d", stamp(at), x, found, err, want.Version)
		}
		var out bytes.Buffer
		if code := x.show(&config.Env{Stdout: &out, Stderr: &out}, "", false); code != config.ExitOK {
			t.Errorf("exit %d: %s", code, out.String())
		}
		if b, ok := want.Best(perp.Buy); ok {
			two++
			if !strings.Contains(out.String(), "\nask "+b.Price.String()+" for "+b.Size.String()+"\n") {
				t.Errorf("want the ask %s: %s", b.Price, out.String())
			}
		}
	}
	if two < 20 {
		t.Errorf("only %d quotes were compared: the test is blind", two)
	}
	if _, found, err := asOf(r, "BTC-PERP", dayStart-1); found || err != nil {
		t.Errorf("before the beginning: %v, %v", found, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// TestQuoteOfClass: each session of an account gets the quote of its class; a
// class without a quote says so; parts that do not add up are exit 7.
func TestQuoteOfClass(t *testing.T) {
	offer := func(price perp.Price, parts ...perp.Price) ([]ops.Level, []ops.Component) {
		var all []ops.Component
		for i, p := range parts {
			all = append(all, ops.Component{Name: []string{"oracle", "base", "toxicity"}[i], Amount: p.String(), Units: int64(p)})
		}
		return []ops.Level{{Price: price.String(), PriceUnits: int64(price), Size: "1"}}, all
	}
	x := explained{market: ops.Market{Symbol: "BTC-PERP", State: "open", Leverage: "0.1", LeverageCap: "3", Inventory: "2", Equity: "10"}}
	x.market.Asks, x.market.AskParts = offer(101, 100, 1)
	q := ops.ClassQuote{Symbol: "BTC-PERP", Tier: "priced", SurchargeUnits: 200, Version: 7}
	q.Asks, q.AskParts = offer(104, 100, 1, 3)
	x.classes = ops.Classes{
		Accounts: []ops.Access{{Account: "ACME", Sessions: []string{"A1", "A2", "A3"}}, {Account: "NONE"}},
		Clients: []ops.Client{
			{Session: "A2", Symbol: "BTC-PERP", Tier: "priced", SurchargeUnits: 200, Why: "markout", Score: "3.1", Until: "later"},
			{Session: "A2", Symbol: "ETH-PERP", Tier: "firm"}, {Session: "A3", Symbol: "BTC-PERP", Tier: "held"},
		},
		Quotes: []ops.ClassQuote{q},
	}
	for _, c := range []struct {
		account string
		code    int
		want    string
	}{
		{"NONE", config.ExitOK, "no session may trade NONE\nmaker leverage 0.1 of 3: inventory 2, funds 10\n"},
		{"NOBODY", config.ExitNotFound, "gateway: there is no account \"NOBODY\"\nhint: `gateway account list` shows them\n"},
		{"ACME", config.ExitOK, `A1: tier firm, surcharge 0.00 bp; orders deal at once, except in a wide market
bid: not offered (open )
ask 0.000101 for 1
  oracle                   0.0001
  base                   0.000001
  sum                    0.000101
A2: tier priced, surcharge 2.00 bp (markout, score 3.1); last look with half the tolerance; a quarter of the size
A2: orders are held until later
bid: not offered (open )
ask 0.000104 for 1
  oracle                   0.0001
  base                   0.000001
  toxicity               0.000003
  sum                    0.000104
A3: tier held, surcharge 0.00 bp; orders wait for a newer price (last look); half the size
A3: no quote was made for this class yet; this is everybody's
bid: not offered (open )
ask 0.000101 for 1
  oracle                   0.0001
  base                   0.000001
  sum                    0.000101
maker leverage 0.1 of 3: inventory 2, funds 10
`},
	} {
		var out bytes.Buffer
		code := x.show(&config.Env{Stdout: &out, Stderr: &out}, c.account, false)
		if diff := cmp.Diff(c.want, out.String()); diff != "" || code != c.code {
			t.Errorf("%s: exit %d, want %d (-want +got):\n%s", c.account, code, c.code, diff)
		}
	}
	x.classes.Quotes[0].AskParts[1].Units++
	var out bytes.Buffer
	if code := x.show(&config.Env{Stdout: &out, Stderr: &out}, "ACME", true); code != config.ExitCheck || !strings.Contains(out.String(), `"adds_up": false`) {
		t.Errorf("exit %d: %s", code, out.String())
	}
}
