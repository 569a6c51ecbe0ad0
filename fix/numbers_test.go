package fix

import (
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"backstop/perp"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// testNumbers is a store without a door around it.
func testNumbers(known perp.SessionWrite) *numbers {
	return newNumbers("ALICE", known, nil, &Door{dirty: make(chan struct{}, 1), cfg: Config{Limits: Limits{}.withDefaults()}, log: slog.New(slog.DiscardHandler)})
}

func inSeq(t *testing.T, n *numbers) int64 {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.durableIn()
}

// TestRequestAndNumberBecomeDurableTogether: W2, W10. The number of a request is
// durable exactly when its batch is, whether or not the session layer has
// counted it already, and in the order of the inbox.
func TestRequestAndNumberBecomeDurableTogether(t *testing.T) {
	n := testNumbers(perp.SessionWrite{})
	steps := []struct {
		what string
		do   func()
		want int64
	}{
		{"request 1 waits", func() { n.waiting(1) }, 1},
		{"and is counted", func() { count(t, n) }, 1},
		{"a heartbeat is counted behind it", func() { count(t, n) }, 1},
		{"request 3 waits", func() { n.waiting(3) }, 1},
		{"request 1 is decided", func() { n.decided(1) }, 3},
		{"request 3 is decided before it is counted", func() { n.decided(3) }, 4},
		{"and counted", func() { count(t, n) }, 4},
		{"request 4 finds the inbox full", func() { n.waiting(4); n.refused(4) }, 4},
		{"and is counted", func() { count(t, n) }, 5},
		{"request 5 waits", func() { n.waiting(5) }, 5},
		{"reset", func() { reset(t, n) }, 1},
		{"request 1 to 5 of the new epoch wait", func() { n.in = 5; n.waiting(5) }, 5},
		{"the old request 5 is decided", func() { n.decided(5) }, 5},
		{"the new one is decided", func() { n.decided(5) }, 6},
	}
	for _, s := range steps {
		s.do()
		if got := inSeq(t, n); got != s.want {
			t.Fatalf("%s: durable number %d, want %d", s.what, got, s.want)
		}
	}
}

func count(t *testing.T, n *numbers) {
	if err := n.IncrNextTargetMsgSeqNum(); err != nil {
		t.Fatal(err)
	}
}

func reset(t *testing.T, n *numbers) {
	if err := n.Reset(); err != nil {
		t.Fatal(err)
	}
}

func storedReport(seq string) []byte { return []byte("8=FIX.4.4\x019=1\x0135=8\x0134=" + seq + "\x01") }

// TestResetKeepsWhatWaits: messages of the old epoch that are not durable yet
// are written to it, before the new one, which begins with the same reports.
func TestResetKeepsWhatWaits(t *testing.T) {
	n := testNumbers(perp.SessionWrite{})
	for seq, text := range []string{"1", "2"} {
		if err := n.SaveMessageAndIncrNextSenderMsgSeqNum(seq+1, storedReport(text)); err != nil {
			t.Fatal(err)
		}
	}
	reset(t, n)
	reset(t, n) // a Logon with 141=Y resets twice
	if err := n.SaveMessageAndIncrNextSenderMsgSeqNum(1, storedReport("1")); err != nil {
		t.Fatal(err)
	}
	type row struct {
		Epoch, Out, Messages int64
	}
	var got []row
	for _, w := range n.drain() {
		got = append(got, row{w.Epoch, w.OutSeq, int64(len(w.Messages))})
	}
	if diff := cmp.Diff([]row{{1, 3, 2}, {2, 4, 3}}, got); diff != "" {
		t.Error(diff)
	}
	if n.mayLeave(1, 1) || n.mayLeave(2, 1) {
		t.Error("left before the commit")
	}
	n.released()
	if !n.mayLeave(1, 2) || !n.mayLeave(2, 1) || n.drain() != nil {
		t.Error("held after the commit")
	}
}

// TestBarrierAgainstRecovery: whatever was done, a number that the barrier let
// out is below the number from which a crash would go on, and every stored
// message that was let out is on disk.
func TestBarrierAgainstRecovery(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := testNumbers(perp.SessionWrite{})
		disk := map[int64]bool{}
		kinds := map[int64]string{}
		var durable perp.SessionWrite
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 2).Draw(t, "step") {
			case 0:
				seq := n.NextSenderMsgSeqNum()
				kinds[int64(seq)] = rapid.SampledFrom([]string{"8", "0", "W"}).Draw(t, "kind")
				msg := strings.Replace(string(storedReport("1")), "35=8", "35="+kinds[int64(seq)], 1)
				if err := n.SaveMessageAndIncrNextSenderMsgSeqNum(seq, []byte(msg)); err != nil {
					t.Fatal(err)
				}
			case 1:
				n.mu.Lock()
				n.out += rapid.Int64Range(0, 700).Draw(t, "skipped")
				n.touch()
				n.mu.Unlock()
			case 2:
				for _, w := range n.drain() {
					for _, m := range w.Messages {
						disk[m.Seq] = true
					}
					durable = w
				}
				n.released()
			}
			next := testNumbers(durable).NextSenderMsgSeqNum()
			for seq, kind := range kinds {
				if out := n.mayLeave(1, seq); out && (seq >= int64(next) || kind == "8" && !disk[seq]) {
					t.Fatalf("35=%s with number %d left; a crash goes on at %d, on disk %v", kind, seq, next, disk[seq])
				}
			}
		}
	})
}

// TestSendLoopYields: the session library calls CreationTime at every turn of
// its send loop and would otherwise spin while the writer works (F3). On one
// processor another goroutine can only run if the call gives way; the runtime
// takes the processor away by itself after 10 ms at the earliest, so each of the
// turns counted here must have given way.
func TestSendLoopYields(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	n := testNumbers(perp.SessionWrite{})
	var other atomic.Int64
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				other.Add(1)
				runtime.Gosched()
			}
		}
	}()
	const turns = 200
	for range turns {
		n.CreationTime()
	}
	got := other.Load()
	close(stop)
	<-done
	if got < turns/2 {
		t.Errorf("the other goroutine ran %d times in %d turns", got, turns)
	}
}
