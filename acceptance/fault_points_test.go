//go:build faults

package acceptance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// crashCase is a point and the passes at which the process dies there.
type crashCase struct {
	window, point string
	passes        []int
}

// The windows are those of docs/faults.md. Those of resends and resets come up in
// runs of their own.
var (
	orderPoints = []crashCase{
		{"W1", "inbound", []int{1, 20, 300}},
		{"W2", "fromapp-in", []int{1, 20, 300}},
		{"W2", "fromapp-out", []int{1, 20, 300}},
		{"W2", "inbox-waits", []int{1, 5, 20}},
		{"W2", "before-begin", []int{2, 10, 60}},
		{"W3", "applied", []int{2, 10, 60}},
		{"W3", "in-tx", []int{2, 40, 300}},
		{"W3", "in-tx-sessions", []int{2, 20, 100}},
		{"W4", "after-send", []int{2, 10, 60}},
		{"W4", "before-commit", []int{2, 10, 60}},
		{"W7", "after-commit", []int{2, 10, 60}},
		{"W7", "after-mark", []int{2, 10, 60}},
		{"W7", "before-wire", []int{1, 10, 100}},
		{"W8", "half-wire", []int{1, 10, 100}},
		{"W9", "after-wire", []int{1, 10, 100}},
		{"W10", "commit-app-last", []int{1, 3, 8}},
		{"W11", "toadmin", []int{1, 2, 3}},
	}
	resendPoints = []crashCase{{"W12", "resend", []int{1, 5, 20}}}
	resetPoints  = []crashCase{
		{"A9", "reset-begins", []int{1}}, {"A9", "reset-drained", []int{1}}, {"A9", "reset-repeats", []int{1}},
		{"A9", "in-tx-sessions", []int{2, 5}}, {"A9", "before-commit", []int{2, 4}}, {"A9", "after-commit", []int{2, 4}},
		{"A9", "before-wire", []int{1, 2}}, {"A9", "half-wire", []int{1, 2}}, {"A9", "after-wire", []int{1, 2}},
	}
)

// walk lets the process die at each point of the cases; every one must come up.
func (w *faultWorld) walk(ctx context.Context, cases []crashCase, before func()) (fired int) {
	for _, c := range cases {
		for _, pass := range c.passes {
			if len(w.problems) > 0 {
				return fired // What comes after it says nothing.
			}
			if before != nil {
				before()
			}
			if w.life(ctx, fmt.Sprintf("%s:%d", c.point, pass), nil) {
				fired++
			} else {
				w.problem("%s %s never came to pass %d", c.window, c.point, pass)
			}
		}
	}
	return fired
}

// TestFaultPoints (A2): death in every window of an order's way. Two gateways die
// side by side, each at half of the points.
func TestFaultPoints(t *testing.T) {
	var fired, ran atomic.Int64
	half := len(orderPoints) / 2
	ways := map[string]struct{ orders, resends []crashCase }{
		"on the way in":  {orderPoints[:half], nil},
		"on the way out": {orderPoints[half:], resendPoints},
	}
	for name, some := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ran.Add(1)
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
			defer cancel()
			w := newFaultWorld(t, mutant{}, 3, 1<<30)
			fired.Add(int64(w.walk(ctx, some.orders, nil)))
			fired.Add(int64(w.walk(ctx, some.resends, func() {
				for _, c := range w.clients {
					c.forget = 40
				}
			})))
			w.close(ctx)
			w.report(t)
		})
	}
	t.Cleanup(func() {
		t.Logf("%d crash points fired", fired.Load())
		if tooFew(int(ran.Load()), len(ways), int(fired.Load())) {
			t.Errorf("%d crash points fired, at least %d should", fired.Load(), firedLeast)
		}
	})
}

// firedLeast is how many crash points a whole run has to come by.
const firedLeast = 40

// tooFew tells whether a run lost its meaning. One of some ways alone (-run) is not
// judged: it has fewer points than that.
func tooFew(ran, ways, fired int) bool { return ran == ways && fired < firedLeast }

// TestFaultPointsOfSomeWays: what is asked of the whole is not asked of a part, and
// could not be met by one.
func TestFaultPointsOfSomeWays(t *testing.T) {
	points := func(cases []crashCase) (n int) {
		for _, c := range cases {
			n += len(c.passes)
		}
		return n
	}
	half := len(orderPoints) / 2
	in, out := points(orderPoints[:half]), points(orderPoints[half:])+points(resendPoints)
	for name, c := range map[string]struct {
		ran, fired int
		want       bool
	}{
		"all of both ways":        {2, in + out, false},
		"the way in alone":        {1, in, false},
		"the way out alone":       {1, out, false},
		"both, and some are lost": {2, firedLeast - 1, true},
		"both, and none fires":    {2, 0, true},
		"as few as may be":        {2, firedLeast, false},
	} {
		if got := tooFew(c.ran, 2, c.fired); got != c.want {
			t.Errorf("%s: too few is %t", name, got)
		}
	}
	if in >= firedLeast || out >= firedLeast || in+out < firedLeast {
		t.Errorf("%d points on the way in, %d on the way out: a part could be judged as well", in, out)
	}
}

// TestFaultResets (A9): death while sequence numbers are reset, with reports that
// the client has not got: they all come, with the ExecID that the books have.
func TestFaultResets(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	w := newFaultWorld(t, mutant{}, 2, 1<<30)
	t.Logf("%d crash points fired", w.resets(ctx))
	w.report(t)
}

// resets kills the gateway at each point of a reset.
func (w *faultWorld) resets(ctx context.Context) (fired int) {
	fired = w.walk(ctx, resetPoints, func() {
		for _, c := range w.clients {
			c.resets = true
		}
		// Reports that nobody got: it dies between the commit and the wire.
		if !w.life(ctx, "after-commit:25", nil) {
			w.problem("no reports are owed")
		}
	})
	w.close(ctx)
	return fired
}

// TestFaultPointsAreListed: every point in the source is in a case.
func TestFaultPointsAreListed(t *testing.T) {
	o, err := crashOverlay(mustAbs(t, ".."), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, c := range slices.Concat(orderPoints, resendPoints, resetPoints, snapshotPoints) {
		listed = append(listed, c.point)
	}
	for _, p := range o.points {
		if !slices.Contains(listed, p) {
			t.Errorf("crash point %s is in no case", p)
		}
	}
	if len(o.points) < 15 {
		t.Errorf("only %s", strings.Join(o.points, " "))
	}
}

// snapshotPoints come up when the gateway stops: it saves its state then.
var snapshotPoints = []crashCase{{"W13", "in-snapshot", []int{1}}}

// TestFaultSnapshot: death while the state is saved; the journal leads to the same.
func TestFaultSnapshot(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	w := newFaultWorld(t, mutant{}, 1, 3000)
	w.walk(ctx, snapshotPoints, nil)
	w.settle(ctx)
	w.report(t)
}
