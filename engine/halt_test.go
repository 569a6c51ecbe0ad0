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

// TestOutflowHaltsTheVenue: C15. The withdrawal that exceeds the outflow limit stops
// withdrawals and, where the venue asks for it, halts every market in the same
// command: quotes are gone, orders are refused, resting ones can be canceled.
func TestOutflowHaltsTheVenue(t *testing.T) {
	for _, asked := range []bool{true, false} {
		s := opened(t)
		s.e.state.Venue.HaltMarkets = asked
		s.run("order bob rests side=buy size=0.1 type=limit price=50000 tif=gtc")
		s.run("withdraw alice 60000 w1")
		s.run("withdraw bob 60000 w2")
		stopped, changed, withdrawn := false, false, false
		for _, ev := range s.journal[len(s.journal)-1].Events {
			switch ev := ev.(type) {
			case perp.WithdrawalsStopped:
				stopped = ev.Stopped
			case perp.ModeChanged:
				changed = ev.To == perp.ModeHalted && ev.By == "gateway" && ev.Reason == "outflow limit"
			case perp.QuoteChanged:
				withdrawn = len(ev.Quote.Bids)+len(ev.Quote.Asks) == 0
			}
		}
		if !stopped || changed != asked || withdrawn != asked {
			t.Errorf("asked %v: withdrawals stopped %v, market halted %v, quotes withdrawn %v", asked, stopped, changed, withdrawn)
		}
		s.run("order alice late side=buy size=0.1")
		if got := s.journal[len(s.journal)-1].Events; (rejection(got) == perp.MarketHalted) != asked {
			t.Errorf("asked %v: an order afterwards: %v", asked, got)
		}
		s.run("cancel bob gone of=rests side=buy")
		if got := s.journal[len(s.journal)-1].Events; len(got) == 0 || got[0].Kind() != "OrderCanceled" {
			t.Errorf("asked %v: a cancel afterwards: %v", asked, got)
		}
		s.run("withdraw bob 1 w3")
		if got := s.e.state.Outflow; !got.Stopped {
			t.Errorf("asked %v: withdrawals went on: %+v", asked, got)
		}
		s.run("reopen w4")
		s.run("withdraw bob 1 w5")
		if got := s.journal[len(s.journal)-1].Events; len(got) == 0 || got[0].Kind() == "OperatorAnswered" {
			t.Errorf("asked %v: a withdrawal after they were opened: %v", asked, got)
		}
	}
}

func rejection(events []perp.Event) perp.Reject {
	for _, ev := range events {
		if r, ok := ev.(perp.OrderRejected); ok {
			return r.Verdict.Reject
		}
	}
	return perp.RejectNone
}

// TestStoppedWithdrawals: the desk stops withdrawals at once, once, until it opens
// them.
func TestStoppedWithdrawals(t *testing.T) {
	s := opened(t)
	for _, c := range []struct {
		line   string
		refuse perp.Reject
		text   string
	}{
		{"stop-withdrawals s1", perp.RejectNone, "withdrawals are stopped"},
		{"withdraw alice 1 w1", perp.OutflowLimit, ""},
		{"stop-withdrawals s2", perp.RejectNone, "already_stopped"},
		{"stop-withdrawals s1", perp.DuplicateKey, ""},
		{"reopen o1", perp.RejectNone, "withdrawals are open"},
		{"withdraw alice 1 w2", perp.RejectNone, "1 paid out"},
	} {
		s.run(c.line)
		events := s.journal[len(s.journal)-1].Events
		a, ok := events[len(events)-1].(perp.OperatorAnswered)
		if !ok || a.Verdict.Reject != c.refuse || a.Text != c.text {
			t.Errorf("%s: %+v", c.line, events[len(events)-1])
		}
	}
}
