package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"backstop/engine"
	"backstop/perp"
)

// stage is a door and a journal that note what the loop does, in order. Commits
// wait for the test.
type stage struct {
	mu    sync.Mutex
	notes []string
	news  chan string
	allow chan error
	save  chan error // if there is one, a state is saved when it says so
	dirty chan struct{}
	fault chan error
}

func newStage() *stage {
	return &stage{news: make(chan string, 1000), allow: make(chan error), dirty: make(chan struct{}, 1), fault: make(chan error, 1)}
}

func (s *stage) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.mu.Lock()
	s.notes = append(s.notes, text)
	s.mu.Unlock()
	s.news <- text
}

func span(entries []perp.Entry) string {
	if len(entries) == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%d-%d", entries[0].Seq, entries[len(entries)-1].Seq)
}

func (s *stage) Encode(e []perp.Entry)              { s.note("encode %s", span(e)) }
func (s *stage) Drain() []perp.SessionWrite         { return nil }
func (s *stage) DrainAccounts() []perp.AccountWrite { return nil }
func (s *stage) Release([]perp.SessionWrite)        { s.note("release") }
func (s *stage) Dirty() <-chan struct{}             { return s.dirty }
func (s *stage) Fault() <-chan error                { return s.fault }
func (s *stage) Publish(e []perp.Entry) {
	if len(e) > 0 {
		s.note("publish %s", span(e))
	}
}

func (s *stage) Commit(b perp.Batch) error {
	s.note("commit %s", span(b.Entries))
	return <-s.allow
}

func (s *stage) SaveSnapshot(seq int64, _ perp.Time, hash string, state []byte) error {
	s.note("snapshot %d", seq)
	if e, err := engine.Restore(state); err != nil || e.Seq() != seq || e.StateHash() != hash {
		return fmt.Errorf("snapshot of %d: %w", seq, err)
	}
	if s.save != nil {
		return <-s.save
	}
	return nil
}

// until waits for a note.
func (s *stage) until(t *testing.T, want string) {
	t.Helper()
	for end := time.After(10 * time.Second); ; {
		select {
		case got := <-s.news:
			if got == want {
				return
			}
		case <-end:
			s.mu.Lock()
			defer s.mu.Unlock()
			t.Fatalf("no %q in %q", want, s.notes)
		}
	}
}

// since tells which notes there were so far, and forgets them.
func (s *stage) since() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	notes := s.notes
	s.notes = nil
	return notes
}

type staged struct {
	*stage
	l    *loop
	stop context.CancelFunc
	done chan error
}

func runStage(t *testing.T) staged {
	s := makeStage()
	ctx, cancel := context.WithCancel(t.Context())
	s.stop = cancel
	go func() { s.done <- s.l.run(ctx) }()
	return s
}

func makeStage() staged {
	s, e := newStage(), engine.New()
	l := &loop{
		inbox: newInbox(), engine: e, sequencer: engine.NewSequencer(e), door: s, journal: s,
		seen: func(e []perp.Entry) { s.note("seen %s", span(e)) }, committed: func(time.Duration) {},
		// Time stands still: no clock command comes in between, for the ticker is slow.
		now: func() time.Time { return time.Unix(1_000_000, 0) }, log: slog.New(slog.DiscardHandler), clockEvery: time.Hour,
		calms: make(chan chan<- struct{}), ended: make(chan struct{}),
	}
	return staged{stage: s, l: l, done: make(chan error, 1)}
}

// put leaves so many requests at once.
func (s staged) put(n int) {
	b := s.l.inbox
	b.mu.Lock()
	for range n {
		b.requests = append(b.requests, perp.Input{Command: perp.ClockTick{}, Source: "test"})
	}
	b.mu.Unlock()
	b.signal()
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestNextBatchIsAppliedMeanwhile: while a batch is synced the next one is applied
// and grows; nothing of it is let go or published before its own commit (I2).
func TestNextBatchIsAppliedMeanwhile(t *testing.T) {
	s := runStage(t)
	s.put(1)
	s.until(t, "commit 1-1")
	s.put(1)
	s.until(t, "encode 2-2")
	s.put(1)
	s.until(t, "encode 3-3")
	same(t, s.since(), []string{"encode 1-1", "commit 1-1", "encode 2-2", "encode 3-3"})
	s.allow <- nil
	s.until(t, "commit 2-3")
	s.allow <- nil
	s.until(t, "seen 2-3")
	notes := s.since()
	for i, n := range notes { // The second commit runs beside the first one's news.
		if n == "commit 2-3" {
			notes = append(notes[:i], notes[i+1:]...)
			break
		}
	}
	same(t, notes, []string{"release", "publish 1-1", "seen 1-1", "release", "publish 2-3", "seen 2-3"})
	s.stop()
	if err := <-s.done; err != nil {
		t.Error(err)
	}
}

// TestBatchIsBounded: what is applied ahead of a commit has a limit; the rest waits
// in the inbox, which has one too.
func TestBatchIsBounded(t *testing.T) {
	s := runStage(t)
	s.put(1)
	s.until(t, "commit 1-1")
	s.put(2 * batchMax)
	s.until(t, fmt.Sprintf("encode 2-%d", batchMax+1))
	s.allow <- nil
	s.until(t, fmt.Sprintf("commit 2-%d", batchMax+1))
	s.allow <- nil
	s.until(t, fmt.Sprintf("commit %d-%d", batchMax+2, 2*batchMax+1))
	s.allow <- nil
	s.until(t, fmt.Sprintf("seen %d-%d", batchMax+2, 2*batchMax+1))
	s.stop()
	if err := <-s.done; err != nil {
		t.Error(err)
	}
}

// TestFailedCommitSaysNothing: neither of its batch nor of the one behind it.
func TestFailedCommitSaysNothing(t *testing.T) {
	s := runStage(t)
	s.put(1)
	s.until(t, "commit 1-1")
	s.put(1)
	s.until(t, "encode 2-2")
	s.allow <- errors.New("disk full")
	if err := <-s.done; !errors.Is(err, errCommit) {
		t.Errorf("ended with %v", err)
	}
	same(t, s.since(), []string{"encode 1-1", "commit 1-1", "encode 2-2"})
}

// TestStopCommitsWhatWasApplied: at the end nothing is left in between.
func TestStopCommitsWhatWasApplied(t *testing.T) {
	s := runStage(t)
	s.put(1)
	s.until(t, "commit 1-1")
	s.put(1)
	s.until(t, "encode 2-2")
	s.stop()
	s.allow <- nil
	s.until(t, "commit 2-2")
	s.allow <- nil
	if err := <-s.done; err != nil {
		t.Error(err)
	}
	notes := s.since()
	same(t, notes[len(notes)-3:], []string{"release", "publish 2-2", "seen 2-2"})
}

// TestStopAppliesWhatWaits: requests that the doors left before they closed are
// applied and committed, though the end is there as well.
func TestStopAppliesWhatWaits(t *testing.T) {
	for range 20 { // Which of the two a loop looked at first was chance.
		ctx, stop := context.WithCancel(t.Context())
		stop()
		s := makeStage()
		s.put(batchMax + 1)
		go func() { s.done <- s.l.run(ctx) }()
		last := 0
		for ended := false; !ended; {
			select {
			case s.allow <- nil:
			case err := <-s.done:
				if err != nil {
					t.Fatal(err)
				}
				ended = true
			}
		}
		for _, note := range s.since() {
			// A note of something else is no span, and leaves last as it is.
			_, _ = fmt.Sscanf(note, "seen 1-%d", &last)
			_, _ = fmt.Sscanf(note, fmt.Sprintf("seen %d-%%d", last+1), &last)
		}
		if last != batchMax+1 {
			t.Fatalf("%d of %d requests were committed", last, batchMax+1)
		}
	}
}

// TestCalm: it waits for what had happened, no time passes afterwards, and requests
// are still taken.
func TestCalm(t *testing.T) {
	s := runStage(t)
	s.put(1)
	s.until(t, "commit 1-1")
	calm := make(chan struct{})
	go func() { s.l.calm(); close(calm) }()
	s.until(t, "encode nothing") // the loop has heard of it
	s.put(1)
	s.until(t, "encode 2-2") // and has gone round
	select {
	case <-calm:
		t.Error("calm before the commit")
	default:
	}
	s.allow <- nil
	<-calm
	if notes := s.since(); !slices.Contains(notes, "seen 1-1") {
		t.Errorf("calm before all was published: %q", notes)
	}
	s.until(t, "commit 2-2")
	s.allow <- nil
	s.stop()
	if err := <-s.done; err != nil {
		t.Error(err)
	}
	s.l.calm() // does not wait for a loop that has ended
}

// TestCalmStopsTheClock: two requests that come together much later are the next
// commit.
func TestCalmStopsTheClock(t *testing.T) {
	s := makeStage()
	s.l.clockEvery = time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	go func() { s.done <- s.l.run(ctx) }()
	calm := make(chan struct{})
	go func() { s.l.calm(); close(calm) }()
	for quiet := false; !quiet; {
		select {
		case s.allow <- nil:
		case <-calm:
			quiet = true
		}
	}
	last := s.l.durable // The loop waits: nobody else reads it.
	time.AfterFunc(20*time.Millisecond, func() { s.put(2) })
	s.until(t, fmt.Sprintf("commit %d-%d", last+1, last+2))
	s.allow <- nil
	stop()
	if err := <-s.done; err != nil {
		t.Error(err)
	}
}

// TestSnapshotIsOfACommittedState, although later commands are applied already.
func TestSnapshotIsOfACommittedState(t *testing.T) {
	s := runStage(t)
	s.l.snapped = 1 - snapshotEvery
	s.put(1)
	s.until(t, "commit 1-1")
	s.put(1)
	s.until(t, "encode 2-2")
	s.allow <- nil
	s.until(t, "snapshot 1")
	s.until(t, "commit 2-2")
	s.allow <- nil
	s.until(t, "seen 2-2")
	s.stop()
	if err := <-s.done; err != nil {
		t.Error(err)
	}
}

// TestNobodyWaitsForASnapshot: the batch of a state that is saved is let go before, the
// next one is committed behind it, and one that cannot be saved ends the loop, also at
// the end.
func TestNobodyWaitsForASnapshot(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		for _, fails := range []error{nil, errors.New("disk full")} {
			t.Run(fmt.Sprint(stopped, fails), func(t *testing.T) {
				s := makeStage()
				s.save = make(chan error)
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				s.l.snapped = 1 - snapshotEvery
				go func() { s.done <- s.l.run(ctx) }()
				s.put(1)
				s.until(t, "commit 1-1")
				s.allow <- nil
				s.until(t, "seen 1-1")
				s.put(1)
				s.until(t, "encode 2-2")
				// The state is being saved beside the news of its batch.
				notes := slices.DeleteFunc(s.since(), func(n string) bool { return n == "snapshot 1" })
				same(t, notes, []string{"encode 1-1", "commit 1-1", "release", "publish 1-1", "seen 1-1", "encode 2-2"})
				if stopped {
					stop()
				}
				s.save <- fails
				if fails == nil {
					s.until(t, "commit 2-2")
					s.allow <- nil
					s.until(t, "seen 2-2")
					stop()
				} else if stopped {
					s.until(t, "commit 2-2")
					s.allow <- fails
				}
				if err := <-s.done; errors.Is(err, errCommit) != (fails != nil) {
					t.Errorf("ended with %v", err)
				}
			})
		}
	}
}

// TestSnapshotsAreDue: a restart replays little, whether many commands come or few,
// and the loop does not stand still all the time.
func TestSnapshotsAreDue(t *testing.T) {
	for _, c := range []struct {
		commands int64
		ago      time.Duration
		want     bool
	}{
		{snapshotEvery, snapshotPause, true},
		{snapshotEvery - 1, 24 * time.Hour, false},
		{snapshotEvery, snapshotPause - 1, false},
		{snapshotMost - 1, snapshotPause - 1, false},
		{snapshotMost, 0, true},
	} {
		if got := due(c.commands, c.ago); got != c.want {
			t.Errorf("after %d commands and %s: %t", c.commands, c.ago, got)
		}
	}
}

// TestDoorFaultEndsTheLoop: a bug in a callback ends the process.
func TestDoorFaultEndsTheLoop(t *testing.T) {
	s := runStage(t)
	fault := perp.Fault{What: "callback"}
	s.fault <- fault
	if err := <-s.done; !errors.Is(err, fault) && err.Error() != fault.Error() {
		t.Errorf("ended with %v", err)
	}
}
