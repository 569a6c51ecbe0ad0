//go:build faults

package store

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// scratch is a directory in memory where there is one: a synced change there is
// safe from a kill as it is anywhere.
func scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "backstop-*")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// sweep lets a child meet a fault at every n that modes gives one for, until
// there are no more changes or n is limit.
func sweep(t *testing.T, from, limit int, mode func(n int) string) (fired int, slowest time.Duration, acknowledged []int) {
	t.Helper()
	root := scratch(t)
	for n := 1; n <= limit; n++ {
		fault := fmt.Sprintf("%s:%d", mode(n), n)
		dir, err := begin(root, strconv.Itoa(n), from)
		if err != nil {
			t.Fatal(err)
		}
		f, err := runFault(dir, from, fault)
		if err != nil {
			t.Fatalf("%s: %v\n%s", fault, err, f.said)
		}
		if !f.fired {
			if f.code != 0 {
				t.Fatalf("%s never came and the child ended with %d\n%s", fault, f.code, f.said)
			}
			break
		}
		fired++
		dies := strings.HasPrefix(fault, "kill") || strings.HasPrefix(fault, "torn")
		want := exitCommit
		if dies {
			want = -1
		}
		if f.code != want {
			t.Errorf("%s (%s): ended with %d, want %d\n%s", fault, f.what, f.code, want, f.said)
		}
		if f.took > exitMax {
			t.Errorf("%s (%s): ended only after %v", fault, f.what, f.took)
		}
		slowest = max(slowest, f.took)
		acknowledged = append(acknowledged, f.acknowledged)
		if err := judge(dir, f.acknowledged); err != nil {
			t.Errorf("%s (%s): %v", fault, f.what, err)
		}
		if err := errors.Join(os.RemoveAll(dir), os.Remove(dir+".hit")); err != nil {
			t.Error(err)
		}
	}
	return fired, slowest, acknowledged
}

// sweeps goes through every n for a new database and for one that is there. The
// modes take turns from n to n, or with -fault.all each has each n.
func sweeps(t *testing.T, modes ...string) {
	turns := 1
	if *faultAll {
		turns = len(modes)
	}
	for _, from := range []int{0, faultBefore} {
		for turn := range turns {
			t.Run(fmt.Sprintf("after %d batches, turn %d", from, turn), func(t *testing.T) {
				t.Parallel()
				fired, slowest, acknowledged := sweep(t, from, *faultPoints, func(n int) string { return modes[(n+turn)%len(modes)] })
				t.Logf("%d faults, at most %v from one to the end of the process; %d to %d batches acknowledged",
					fired, slowest.Round(time.Millisecond), slices.Min(acknowledged), slices.Max(acknowledged))
				if fired < min(*faultPoints, changesMin) {
					t.Errorf("only %d changes: the child does too little", fired)
				}
			})
		}
	}
}

// changesMin is how many changes a child must make for a sweep to mean much.
const changesMin = 300

// TestFaultKillAtWrite (A3, A17): the process is killed at every single write,
// sync and truncation, before it or half way through it: of the schema's making,
// of commits, checkpoints, snapshots and the close.
func TestFaultKillAtWrite(t *testing.T) { sweeps(t, "kill", "torn") }

// TestFaultErrorAtWrite (A4): the disk fails or is full at the n-th change, once
// or from then on. The first error is the last: nothing more is acknowledged.
func TestFaultErrorAtWrite(t *testing.T) { sweeps(t, "eio", "enospc", "eio-sticky", "enospc-sticky") }
