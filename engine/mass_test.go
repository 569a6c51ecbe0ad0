package engine

import (
	"fmt"
	"testing"

	"backstop/perp"
)

// TestMassCancelNamesTheFirst: each order has its report and is counted, but the
// answer names no more than it may.
func TestMassCancelNamesTheFirst(t *testing.T) {
	s := newScript(t)
	s.run("market BTC-PERP\naccount alice\ndeposit maker 1000000 m BTC-PERP\ndeposit alice 100000 a\n" +
		"tick BTC-PERP 60000\ntick BTC-PERP 60000\ntick BTC-PERP 60000\ntick BTC-PERP 60000\ntick BTC-PERP 60000\nwait 600\ntick BTC-PERP 60000")
	const n = endedTold + 5
	for i := range n {
		s.run(fmt.Sprintf("order alice a%d side=buy size=0.001 type=limit price=59000 tif=gtc", i))
	}
	events := s.s.Step([]perp.Input{{Command: perp.CancelOrders{Origin: perp.Origin{Session: "alice"}, ClOrdID: "q", Scope: perp.ScopeAll}}}, s.now)[0].Events
	if len(events) != n+1 {
		t.Fatalf("%d events", len(events))
	}
	for i, ev := range events[:n] {
		if c, is := ev.(perp.OrderCanceled); !is || c.Order.ClOrdID != fmt.Sprintf("a%d", i) || c.Reason != perp.MassCancel {
			t.Errorf("event %d is %+v", i, ev)
		}
	}
	if r, is := events[n].(perp.OrdersCanceled); !is || r.Count != n || len(r.Ended) != endedTold || r.Ended[1] != (perp.EndedOrder{ClOrdID: "a1", OrderID: "O-2"}) {
		t.Errorf("answered with %+v", events[n])
	}
}
