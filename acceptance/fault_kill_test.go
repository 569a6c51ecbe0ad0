//go:build faults

package acceptance

import (
	"context"
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// The sizes of the plain run; docs/faults.md has the long ones.
var (
	faultKills = flag.Int("fault.kills", 20, "how often TestFaultKills kills the gateway")
	faultSeed  = flag.Uint64("fault.seed", 1, "seed of the moments")
)

// TestFaultKills (A1, A6): the gateway is killed at random moments while three
// sessions trade. Nothing is lost, nothing is done twice, the books are exact.
func TestFaultKills(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(*faultKills)*10*time.Second+time.Minute)
	defer cancel()
	w := newFaultWorld(t, mutant{}, 3, 1<<30)
	random := rand.New(rand.NewPCG(*faultSeed, 1))
	var first []time.Duration
	for range *faultKills {
		began := time.Now()
		w.life(ctx, "", func(g *Gateway) {
			for !w.talking() && !g.Ended() {
				pause(ctx, time.Millisecond)
			}
			first = append(first, time.Since(began))
			pause(ctx, time.Duration(random.IntN(500))*time.Millisecond)
			g.Kill()
		})
	}
	w.close(ctx)
	orders := 0
	for _, c := range w.clients {
		orders += len(c.sent)
	}
	slices.Sort(first)
	t.Logf("%d kills, %d orders, restart to first logon p50 %v max %v", w.deaths, orders, first[len(first)/2].Round(time.Millisecond), first[len(first)-1].Round(time.Millisecond))
	if w.deaths != *faultKills {
		t.Errorf("%d deaths", w.deaths)
	}
	w.report(t)
}

// pause waits, or less when the test ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// talking tells whether a session is logged on in this life.
func (w *faultWorld) talking() bool {
	for _, c := range w.clients {
		if c.on.Load() {
			return true
		}
	}
	return false
}

// close lets the clients send no more, and settles.
func (w *faultWorld) close(ctx context.Context) {
	for _, c := range w.clients {
		c.mu.Lock()
		c.total = len(c.sent)
		c.mu.Unlock()
	}
	w.settle(ctx)
}

func (w *faultWorld) report(t *testing.T) {
	t.Helper()
	t.Logf("lives: %v", w.restarts)
	for i, p := range w.problems {
		if i == 10 {
			t.Errorf("and %d more", len(w.problems)-i)
			break
		}
		t.Error(p)
	}
}
