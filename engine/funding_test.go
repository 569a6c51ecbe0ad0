package engine

import (
	"testing"

	"backstop/perp"
)

// fundedWorld is an open market that believes every price, with a long and a short.
func fundedWorld(t *testing.T) *script {
	s := newScript(t)
	for _, line := range []string{
		"market BTC-PERP wild", "account alice", "account bob", "deposit maker 100000 m BTC-PERP", "deposit alice 10000 a",
		"deposit bob 10000 b", "tick BTC-PERP 100", "tick BTC-PERP 100", "order alice a1 side=buy size=60", "order bob b1 side=sell size=10",
	} {
		s.run(line)
	}
	return s
}

// beats lets the clock tick once a second, and the price once.
func (s *script) beats(seconds int) (told []perp.Funding, paid []perp.FundingPaid) {
	hear := func(c perp.Command) {
		for _, entry := range s.s.Step([]perp.Input{{Command: c}}, s.now) {
			for _, ev := range entry.Events {
				switch ev := ev.(type) {
				case perp.QuoteChanged:
					told = append(told, ev.Quote.Funding)
				case perp.FundingPaid:
					paid = append(paid, ev)
				}
			}
		}
	}
	for range seconds {
		s.now += perp.Second
		hear(perp.ClockTick{})
	}
	hear(s.command([]string{"tick", "BTC-PERP", "100"}))
	return told, paid
}

// moved is an index less an earlier one in 1e-12 quote.
func moved(now, before perp.FundingIndex) int64 {
	return (now.Whole-before.Whole)*1_000_000_000_000 + now.Part - before.Part
}

// Quotes tell the funding that runs: of nothing booked before the first booking,
// then of what was, which is what the quotes before it led to expect and what the
// payments say; a snapshot in the middle loses none of it.
func TestQuotesTellFunding(t *testing.T) {
	s := fundedWorld(t)
	const every = 3600 * perp.Second
	told, paid := s.beats(1800)
	half := told[len(told)-1]
	next := (s.now/every + 1) * every
	if half.Every != every || half.Next != next || half.Booked != 0 || half.Expected <= 0 || half.Long.Part <= 0 || len(paid) != 0 {
		t.Fatalf("after half an hour %+v, next is %d", half, next)
	}
	s.e = must(Restore(s.e.Snapshot()))
	s.s = NewSequencer(s.e)
	ran, _ := s.e.state.Ledger.FundingOpen("BTC-PERP")
	told, paid = s.beats(int((next-s.now)/perp.Second) + 1)
	full := told[len(told)-1]
	if full.Next != next+every || full.Booked <= 0 || full.Expected <= 0 || len(paid) != 3 {
		t.Fatalf("after a booking with %d payments %+v", len(paid), full)
	}
	// The premium falls, so that what comes is more than what ran, and less than expected.
	if had := s.e.markets["BTC-PERP"].Quoting.FundingRate(ran); full.Booked <= had || full.Booked > half.Expected {
		t.Errorf("%s ran, %s was expected, %s was booked", had, half.Expected, full.Booked)
	}
	for _, p := range paid {
		if p.Every != every || p.Booked != full.Booked || p.Long != full.Long || p.Short != full.Short {
			t.Errorf("%s is told %+v, the quotes say %+v", p.Account, p, full)
		}
		step := -moved(p.Long, perp.FundingIndex{}) // Nothing ran before they dealt.
		if want := perp.MulDiv(step, int64(p.Size), 1_000_000_000_000_000, perp.Floor); p.Account != perp.Maker && int64(p.Payment) != want {
			t.Errorf("%s got %s for an index at %s, want %d", p.Account, p.Payment, p.Long, want)
		}
	}
	if got, want := moved(full.Long, perp.FundingIndex{}), int64(full.Booked)*100; got < want || got-want >= 100 {
		t.Errorf("the index moved by %d, at a price of 100 and a rate of %s", got, full.Booked)
	}
}

// A booking before its time is told as what it is, and the next one is still due on
// the hour.
func TestFundingIsBookedEarly(t *testing.T) {
	s := fundedWorld(t)
	s.beats(600)
	before := s.e.fundingTold(s.e.markets["BTC-PERP"])
	if before.Booked != 0 || before.Long == (perp.FundingIndex{}) {
		t.Fatalf("before: %+v", before)
	}
	s.e.bookFunding(s.e.markets["BTC-PERP"])
	after := s.e.fundingTold(s.e.markets["BTC-PERP"])
	if after.Booked <= 0 || after.Long != before.Long || after.Next != before.Next || after.Expected <= 0 || after.Expected >= before.Expected {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

// While a market does not quote freely nothing runs, so nothing more is expected;
// a market without funding tells none.
func TestNoFundingIsTold(t *testing.T) {
	s := fundedWorld(t)
	s.beats(600)
	m := s.e.markets["BTC-PERP"]
	ran, _ := s.e.state.Ledger.FundingOpen("BTC-PERP")
	m.Quoting.Phase = perp.Halted
	s.now += perp.Second
	m.Quoting.Accrue(s.now, 0, 0)
	if got := s.e.fundingTold(m); ran <= 0 || got.Expected != m.Quoting.FundingRate(ran) {
		t.Errorf("of %d that ran while the market was open %+v", ran, got)
	}
	m.Quoting.Params.FundingMax = 0
	if got := s.e.fundingTold(m); got != (perp.Funding{}) {
		t.Errorf("without funding: %+v", got)
	}
}
