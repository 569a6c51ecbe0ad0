//go:build faults

package acceptance

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// mutants are the wrongs that the harnesses must see (A18), each with the harness
// that does.
var mutants = []struct {
	mutant
	seen func(context.Context, *faultWorld)
}{
	{mutant{"no-barrier", "a message leaves before its number is durable", []edit{{
		"fix/numbers.go", "	if epoch != n.durable.Epoch {\n		return epoch < n.durable.Epoch\n	}\n", "	if seq >= 0 {\n		return true\n	}\n",
	}}}, walkOf("before-commit:20", "after-send:30")},
	{mutant{"in-seq-later", "a request's number is durable one commit after what it did", []edit{{
		"fix/numbers.go", "InSeq: n.durableIn(), OutSeq", "InSeq: max(n.durableIn()-1, 1), OutSeq",
	}}}, walkOf("after-commit:20", "after-mark:30")},
	{mutant{"in-seq-earlier", "a request that waits in the inbox counts as done", []edit{{
		"fix/numbers.go", "		in = min(in, n.undecided[0])\n", "",
	}}}, walkOf("inbox-waits:3", "inbox-waits:5", "inbox-waits:8", "inbox-waits:12", "inbox-waits:2", "inbox-waits:20", "inbox-waits:4", "inbox-waits:30")},
	{mutant{"no-fence", "after a start every request is asked for again", []edit{{
		"fix/numbers.go", "in: max(known.InSeq, 1), out", "in: 1, out",
	}}}, walkOf("after-wire:20", "after-mark:20")},
	{mutant{"no-unique", "a client order id may be used again", []edit{
		{"engine/orders.go", "	return b.byClient[clientKey{account, clOrdID}]", "	return nil"},
		{"store/rows_orders.go", "	s.rows.add(clientIDRows, o.Account, o.First, o.OrderID)\n", ""},
	}}, func(ctx context.Context, w *faultWorld) { w.repeats(ctx, 20) }},
	{mutant{"wrong-rounding", "fees are rounded in the client's favour", []edit{{
		"risk/margin.go", "perp.Share(amount, rate, perp.Ceil) }", "perp.Share(amount, rate, perp.Floor) }",
	}}}, walkOf("")},
	{mutant{"lost-admin-number", "numbers of messages that are not stored are used again after a start", []edit{{
		"fix/numbers.go", "max(known.OutSeq, known.OutReserved, 1)", "max(known.OutSeq, 1)",
	}, {
		"fix/numbers.go", "		n.reserved = n.out + reserveBlock\n", "		n.reserved = n.out + reserveBlock\n		n.durable.OutReserved = n.reserved\n",
	}}}, idle},
	{mutant{"reset-not-atomic", "what a reset owes becomes durable later than the reset", []edit{{
		"fix/numbers.go", "if h.epoch == writes[i].Epoch && h.bytes != nil {", "if h.epoch == writes[i].Epoch && h.bytes != nil && len(writes) == 1 {",
	}}}, func(ctx context.Context, w *faultWorld) { w.resets(ctx) }},
	{mutant{"normal", "commits are written and not synced", []edit{
		{"store/store.go", "_synchronous=FULL", "_synchronous=NORMAL"},
		{"store/connect.go", `{"synchronous", "FULL", "2"}`, `{"synchronous", "NORMAL", "1"}`},
	}}, func(ctx context.Context, w *faultWorld) { w.powerCuts(ctx, 3) }},
}

// walkOf dies at these points in turn while orders run, and settles.
func walkOf(points ...string) func(context.Context, *faultWorld) {
	return func(ctx context.Context, w *faultWorld) {
		for _, p := range points {
			if len(w.problems) == 0 && p != "" {
				w.life(ctx, p, nil)
			}
		}
		if len(w.problems) == 0 {
			for _, c := range w.clients {
				c.mu.Lock()
				c.total = len(c.sent) + 2000
				c.mu.Unlock()
			}
			w.settle(ctx)
		}
	}
}

// idle kills the gateway while a client only listens to market data, whose numbers
// are reserved and not stored one by one.
func idle(ctx context.Context, w *faultWorld) {
	for _, c := range w.clients {
		c.total, c.stays = 30, true
	}
	for range 2 {
		w.life(ctx, "", func(g *Gateway) {
			for !w.talking() && !g.Ended() {
				pause(ctx, time.Millisecond)
			}
			pause(ctx, 2*time.Second)
			g.Kill()
		})
	}
	for _, c := range w.clients {
		c.total, c.stays = 2000, false
	}
	w.settle(ctx)
}

// TestFaultIdle: the product passes it.
func TestFaultIdle(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	w := newFaultWorld(t, mutant{}, 2, 0)
	idle(ctx, w)
	w.report(t)
}

// TestFaultMutants (A18): each wrong is seen. That the product passes the same runs
// is what the other tests say.
func TestFaultMutants(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			w := newFaultWorld(t, m.mutant, 2, 1<<30)
			m.seen(ctx, w)
			for _, c := range w.clients {
				w.problems = append(w.problems, c.failures...)
			}
			if len(w.problems) == 0 {
				t.Fatalf("not seen: %s", m.why)
			}
			t.Logf("seen: %s", short(w.problems[0]))
		})
	}
}

func short(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s[:min(len(s), 300)]
}

// repeats sends so many orders, each again and again: as a repetition, with and
// without PossResend, in this connection and after a death.
func (w *faultWorld) repeats(ctx context.Context, orders int) {
	for _, c := range w.clients {
		c.total = orders
	}
	w.life(ctx, "", nil)
	g, err := StartBinary(ctx, w.bin, nil, w.log, w.args...)
	if err != nil {
		w.problem("start: %v", err)
		return
	}
	defer g.Kill()
	for _, c := range w.clients {
		if err := c.repeat(ctx, g.FIX); err != nil {
			w.problem("%v", err)
		}
	}
	if code, err := g.Stop(); err != nil || code != 0 {
		w.problem("stop: exit %d, %v", code, err)
	}
	w.settle(ctx)
}

// repeat sends every order twice more under new numbers and expects its state, or
// a refusal, but no second execution. A gateway may ask for any of it again, if the last
// number of the life before was not durable, so all of it is kept.
func (h *honest) repeat(ctx context.Context, addr string) error {
	if _, err := h.Logon(ctx, addr); err != nil {
		return fmt.Errorf("logon: %w", err)
	}
	for i := 0; i < len(h.sent); i += faultWindow {
		some := h.sent[i:min(len(h.sent), i+faultWindow)]
		for _, id := range some {
			if _, err := h.SendPossible("D", h.order(id)...); err != nil {
				return err
			}
			if err := h.Send("D", h.order(id)...); err != nil {
				return err
			}
		}
		for range 2 * len(some) {
			f, err := h.NextOf(ctx, "8", "3", "j", "5")
			if err != nil {
				return err
			}
			if kind := f.Get(150); kind != "I" && (kind != "8" || f.Get(103) != "6") {
				return fmt.Errorf("a repeated order got %s", f)
			}
		}
	}
	return h.Logout(ctx)
}
