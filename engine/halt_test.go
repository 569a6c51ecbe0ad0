package engine

import (
	"testing"

	"backstop/perp"
	"backstop/quoting"
)

// clockBeat is how often time passes in the gateway when nothing else happens.
const clockBeat = 100 * perp.Millisecond

// TestStaleOracleStopsTheMarket: C15. When prices cease, the market narrows and
// then halts by itself and its quotes are withdrawn, each no later than a beat of
// the clock after the age that is configured; an order is refused then, and it
// opens again only with good prices.
func TestStaleOracleStopsTheMarket(t *testing.T) {
	s := opened(t)
	p := quoting.DefaultParams()
	last := s.now
	m := s.e.markets["BTC-PERP"]
	widest := max(p.HaltAge, p.BeatMax) * 10
	halted, withdrawn := perp.Time(-1), perp.Time(-1)
	for s.now < last+widest && halted < 0 {
		s.now += clockBeat
		for _, entry := range s.s.Step([]perp.Input{{Command: perp.ClockTick{}}}, s.now) {
			for _, ev := range entry.Events {
				switch ev := ev.(type) {
				case perp.StateChanged:
					if ev.To == perp.Halted {
						halted = s.now - last
						if ev.Cause != perp.OracleStale {
							t.Errorf("halted for %s", ev.Cause)
						}
					}
				case perp.QuoteChanged:
					if len(ev.Quote.Bids)+len(ev.Quote.Asks) == 0 && withdrawn < 0 {
						withdrawn = s.now - last
					}
				}
			}
		}
	}
	if halted < 0 || halted > p.HaltAge+clockBeat || withdrawn < 0 || withdrawn > halted {
		t.Errorf("halted %d after the last price, withdrawn %d; want at most %d", halted, withdrawn, p.HaltAge+clockBeat)
	}
	order := s.command([]string{"order", "alice", "late", "side=buy", "size=0.1"})
	for _, ev := range s.s.Step([]perp.Input{{Command: order}}, s.now)[0].Events {
		switch ev := ev.(type) {
		case perp.Filled:
			t.Errorf("a fill at an old price: %+v", ev)
		case perp.OrderRejected:
			if ev.Verdict.Reject != perp.OracleStale && ev.Verdict.Reject != perp.MarketHalted {
				t.Errorf("refused for %s", ev.Verdict.Reject)
			}
		}
	}
	if state, _ := m.Quoting.State(); state != perp.Halted {
		t.Errorf("market is %s", state)
	}
}

// TestBrokenBooksAreAFault: C15, A15. Books that do not balance, or a maker that
// does not have what its curve says, end the engine with the command that showed
// it: nothing of that command is told to anybody.
func TestBrokenBooksAreAFault(t *testing.T) {
	for name, breakIt := range map[string]func(*Engine){
		"equity": func(e *Engine) { e.markets["BTC-PERP"].Quoting.Fund(1) },
	} {
		s := opened(t)
		breakIt(s.e)
		var told []perp.Event
		var fault any
		func() {
			defer func() { fault = recover() }()
			told = s.e.Apply(perp.ClockTick{}, s.e.Seq()+1, s.now)
		}()
		if _, ok := fault.(perp.Fault); !ok || told != nil {
			t.Errorf("%s: fault %v, told %v", name, fault, told)
		}
	}
}
