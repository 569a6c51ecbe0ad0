package engine

import (
	"fmt"
	"testing"

	"backstop/perp"
	"backstop/risk"
)

// TestTradesKept: the last 1,000 trades of an account can be asked for, however many
// there were; nobody else's are among them.
func TestTradesKept(t *testing.T) {
	for _, many := range []int{0, 1, tradesKept - 1, tradesKept, tradesKept + 1, 2*tradesKept + 1, 3*tradesKept + 7} {
		s := newScript(t)
		s.s.Step([]perp.Input{{Command: Configure{Accounts: []risk.Account{{Name: "alice", Sessions: []string{"alice"}, Limits: risk.DefaultLimits()}}}}}, s.now)
		for i := range many {
			s.e.remember(&dealt{TradeView: perp.TradeView{Account: "alice", TradeID: fmt.Sprint("T", i)}})
			s.e.remember(&dealt{TradeView: perp.TradeView{Account: "bob", TradeID: fmt.Sprint("B", i)}})
		}
		ask := perp.RequestTrades{Origin: perp.Origin{Session: "alice"}, ReqID: "R"}
		var got []perp.TradeView
		for _, ev := range s.s.Step([]perp.Input{{Command: ask}}, s.now)[0].Events {
			if r, ok := ev.(perp.TradesReported); ok {
				got = r.Trades
			}
		}
		if len(got) != min(many, 1_000) {
			t.Fatalf("%d of %d trades are told", len(got), many)
		}
		for i, v := range got {
			if want := fmt.Sprint("T", many-len(got)+i); v.TradeID != want {
				t.Fatalf("of %d trades number %d is %s, want %s", many, i, v.TradeID, want)
			}
		}
	}
}
