//go:build faults

package acceptance

import (
	"context"
	"flag"
	"testing"
	"time"
)

var faultOrders = flag.Int("fault.orders", 2500, "orders of each client of TestFaultRepeats and TestFaultResend; each makes two reports or three")

// TestFaultRepeats (A8): every order again, with PossResend and under a new number
// without it: none is executed twice. PossDup is what clients answer ResendRequests
// with in every other test.
func TestFaultRepeats(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	w := newFaultWorld(t, mutant{}, 2, 0)
	w.repeats(ctx, *faultOrders)
	t.Logf("%d repetitions", 4**faultOrders)
	w.report(t)
}

// TestFaultResend (A7): a client that has lost everything asks for all that it was
// ever told, and the gateway dies while it tells it. Every report comes again, with
// its ExecID, PossDup, OrigSendingTime and a right checksum.
func TestFaultResend(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	w := newFaultWorld(t, mutant{}, 1, *faultOrders)
	c := w.clients[0]
	c.listens = false
	w.life(ctx, "", nil)
	before := len(c.execs)
	for _, crash := range []string{"resend:1000", ""} {
		// Its orders are those of a client that did not lose them.
		lost := newHonest("DEMO1", 0)
		lost.sent, lost.total, lost.stays = c.sent, c.total, true
		out, in := c.Numbers()
		lost.SetNumbers(out, 1)
		lost.wantAll = in - 1
		began := time.Now()
		w.clients = []*honest{lost}
		w.life(ctx, crash, func(g *Gateway) {
			for !lost.caughtUp() && !g.Ended() && ctx.Err() == nil {
				pause(ctx, time.Millisecond)
			}
			took := time.Since(began)
			if crash == "" {
				t.Logf("%d messages again in %v, the start of the gateway included: %.0f a second", lost.dups, took.Round(time.Millisecond), float64(lost.dups)/took.Seconds())
			}
			g.Kill()
		})
		out, _ = lost.Numbers()
		c.SetNumbers(out, in)
		if crash != "" {
			continue
		}
		missing := 0
		for id, said := range c.execs {
			if lost.execs[id] != said {
				missing++
			}
		}
		t.Logf("%d of %d reports came again; %d of %d orders are filled", before-missing, before, len(c.fills), len(c.sent))
		if missing > 0 || before < 2**faultOrders {
			t.Errorf("%d of %d are missing or differ", missing, before)
		}
	}
	w.report(t)
}
