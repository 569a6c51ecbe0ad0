package engine

import (
	"bytes"
	"testing"

	"backstop/perp"
)

// TestBustsThatTheStateForbids: an inventory beyond the curve, and an order that was
// not brought back to mind; nothing changes then but the number of the command.
func TestBustsThatTheStateForbids(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*Engine)
		want  perp.Reject
	}{
		{"as it is", func(*Engine) {}, perp.RejectNone},
		{"a curve that ends where it stands", func(e *Engine) {
			e.markets["BTC-PERP"].Quoting.Params.Concentration = perp.RatioOne + 1
		}, perp.DealerLeverage},
		{"an order that is forgotten", func(e *Engine) { delete(e.state.Book.byID, "O-1") }, perp.WrongState},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := opened(t)
			s.run("order alice a1 side=buy size=1")
			s.run("order alice a2 side=sell size=1")
			c.spoil(s.e)
			before, n := s.e.Snapshot(), len(s.journal)
			seq, now := s.e.state.Seq, s.e.state.Now
			s.run("bust T-1 k1")
			var v perp.Verdict
			for _, ev := range s.journal[n].Events {
				if a, ok := ev.(perp.OperatorAnswered); ok {
					v = a.Verdict
				}
			}
			if v.Reject != c.want {
				t.Fatalf("%+v, want %s", v, c.want)
			}
			if s.e.state.Seq, s.e.state.Now = seq, now; (v.Reject == perp.RejectNone) == bytes.Equal(before, s.e.Snapshot()) {
				t.Error("a refusal changed the state, or a bust did not")
			}
		})
	}
}
