//go:build faults

package acceptance

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"backstop/acceptance/shim/build"
)

// The sizes of the plain run; docs/faults.md has the long ones.
var (
	faultWrites = flag.Bool("fault.writes", false, "every n up to 300, and each kind of fault at each, in TestFaultGatewayDisk")
	faultCuts   = flag.Int("fault.cuts", 6, "power cuts of the running gateway")
)

// exitMax is how long after a fault of the disk the gateway may live.
const exitMax = time.Second

// shim is the failing disk, and image what makes disks after a power cut.
var (
	shim  = sync.OnceValues(func() (string, error) { return build.Shim("shim", scratch) })
	image = sync.OnceValues(func() (string, error) { return build.Image("shim", scratch) })
)

// onShim puts the failing disk under the gateways of the world.
func (w *faultWorld) onShim(more ...string) {
	w.t.Helper()
	lib, err := shim()
	if err != nil {
		w.t.Fatal(err)
	}
	w.env = append([]string{"LD_PRELOAD=" + lib, "BACKSTOP_SHIM_DB=" + filepath.Join(w.dir, "gateway.db")}, more...)
}

// ending is how a life on a failing disk ended.
type ending struct {
	fired bool
	what  string        // the fault, as the shim told it
	took  time.Duration // from the fault to the end of the process
	code  int           // -1: killed
}

// diskLife is a life that the disk ends. It waits for that, and compares.
func (w *faultWorld) diskLife(ctx context.Context) (e ending) {
	hit := filepath.Join(filepath.Dir(w.log.Name()), fmt.Sprintf("hit-%d", w.deaths))
	w.deaths++
	env := append(w.env[:len(w.env):len(w.env)], "BACKSTOP_SHIM_HIT="+hit)
	ctx, cancel := context.WithTimeout(ctx, lifeMax)
	defer cancel()
	g, err := StartBinary(ctx, w.bin, env, w.log, w.args...)
	var ended time.Time
	died := (*exec.ExitError)(nil)
	switch {
	case errors.As(err, &died):
		ended, e.code = time.Now(), died.ExitCode()
	case err != nil:
		w.problem("start: %v", err)
		return e
	default:
		ended, e.code = w.trade(ctx, g)
	}
	if told, err := os.ReadFile(hit); err == nil {
		var at int64
		e.fired, e.what = true, strings.TrimSpace(string(told))
		if _, err := fmt.Sscan(e.what, &at); err != nil {
			w.problem("hit: %v", err)
		}
		e.took = ended.Sub(time.Unix(0, at))
	}
	w.dead()
	return e
}

// trade lets the clients talk until the gateway is gone, which it is at the
// latest when ctx ends.
func (w *faultWorld) trade(ctx context.Context, g *Gateway) (ended time.Time, code int) {
	done := make(chan error, len(w.clients))
	for _, c := range w.clients {
		go func() { done <- c.talk(ctx, g.FIX) }()
	}
	select {
	case <-g.done:
		ended = time.Now()
	case <-ctx.Done():
		g.Kill()
	}
	for range w.clients {
		if err := <-done; err != nil && !errors.Is(err, context.DeadlineExceeded) {
			w.problem("%v", err)
		}
	}
	return ended, g.cmd.ProcessState.ExitCode()
}

// TestFaultGatewayDisk (A3, A4): the disk under the running gateway ends it, fails
// or is full at the n-th write, sync or truncation. It ends within a second, with
// 70 if it was not killed, and nothing was said that is not there. Every n is in
// the same sweep of the store alone; here they are a sample, and more.
func TestFaultGatewayDisk(t *testing.T) {
	t.Parallel()
	modes := []string{"kill", "eio", "enospc", "torn", "eio-sticky", "enospc-sticky"}
	var faults []string
	if *faultWrites {
		for n := 1; n <= 300; n++ {
			for _, m := range modes {
				faults = append(faults, fmt.Sprintf("%s:%d", m, n))
			}
		}
	} else {
		for i, n := range []int{1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 120, 144, 180, 233, 260, 300, 500, 800, 1300, 2100, 3400, 5500, 8900, 14400} {
			faults = append(faults, fmt.Sprintf("%s:%d", modes[i%len(modes)], n))
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(len(faults))*lifeMax+time.Minute)
	defer cancel()
	w := newFaultWorld(t, mutant{}, 3, 1<<30)
	slowest := time.Duration(0)
	for _, fault := range faults {
		if len(w.problems) > 0 {
			break // What comes after it says nothing.
		}
		w.onShim("BACKSTOP_SHIM_FAULT=" + fault)
		e := w.diskLife(ctx)
		want := 70
		if strings.HasPrefix(fault, "kill") || strings.HasPrefix(fault, "torn") {
			want = -1
		}
		switch {
		case !e.fired:
			w.problem("%s never came", fault)
		case e.code != want:
			w.problem("%s (%s): ended with %d, want %d", fault, e.what, e.code, want)
		case e.took > exitMax:
			w.problem("%s (%s): ended after %v", fault, e.what, e.took)
		}
		slowest = max(slowest, e.took)
	}
	w.env = nil
	w.close(ctx)
	orders := 0
	for _, c := range w.clients {
		orders += len(c.sent)
	}
	t.Logf("%d faults of the disk, %d orders; at most %v from the fault to the end", len(faults), orders, slowest.Round(time.Millisecond))
	w.report(t)
}

// powerCuts lets the power go under the trading gateway, so many times, and puts
// what a disk would have in the place of its files.
func (w *faultWorld) powerCuts(ctx context.Context, cuts int) {
	tool, err := image()
	if err != nil {
		w.t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(*faultSeed, 5))
	for i := range cuts {
		if len(w.problems) > 0 {
			return
		}
		root := w.t.TempDir()
		trace, base, after := filepath.Join(root, "trace"), filepath.Join(root, "base"), filepath.Join(root, "after")
		if err := errors.Join(os.Mkdir(base, 0o700), os.Mkdir(after, 0o700), moveDB(w.dir, base, true)); err != nil {
			w.t.Fatal(err)
		}
		w.onShim("BACKSTOP_SHIM_TRACE=" + trace)
		w.life(ctx, "", func(g *Gateway) {
			for !w.talking() && !g.Ended() {
				pause(ctx, time.Millisecond)
			}
			pause(ctx, time.Duration(random.IntN(600))*time.Millisecond)
			g.Kill()
		})
		mode := []string{"drop", "subset", "torn"}[i%3]
		out, err := exec.CommandContext(ctx, tool, trace, base, after, mode, strconv.Itoa(i), strconv.Itoa(1<<40)).CombinedOutput()
		if err != nil {
			w.t.Fatalf("image: %v\n%s", err, out)
		}
		if err := errors.Join(moveDB(w.dir, root, false), moveDB(after, w.dir, false)); err != nil {
			w.t.Fatal(err)
		}
		w.dead()
	}
	w.env = nil
	w.close(ctx)
}

// moveDB moves or copies what there is of a database; the shared memory of a
// machine without power is gone.
func moveDB(from, to string, keep bool) error {
	var errs []error
	for _, name := range []string{"gateway.db", "gateway.db-wal", "gateway.db-journal", "gateway.db-shm"} {
		b, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		errs = append(errs, err, os.WriteFile(filepath.Join(to, name), b, 0o600))
		if !keep {
			errs = append(errs, os.Remove(filepath.Join(from, name)))
		}
	}
	return errors.Join(errs...)
}

// TestFaultPowerCut (A5): the power goes while clients trade. Whatever they were
// told is on the disk, though what was not synced is gone, in part or torn.
func TestFaultPowerCut(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(*faultCuts)*10*time.Second+time.Minute)
	defer cancel()
	w := newFaultWorld(t, mutant{}, 3, 1<<30)
	w.powerCuts(ctx, *faultCuts)
	t.Logf("%d power cuts", w.deaths)
	if w.deaths != *faultCuts {
		t.Errorf("%d power cuts, want %d", w.deaths, *faultCuts)
	}
	w.report(t)
}
