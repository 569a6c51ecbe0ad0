package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"backstop/engine"
	"backstop/perp"
)

const (
	batchMax      = 256                    // requests in one transaction
	clockInterval = 100 * time.Millisecond // how often time passes when nothing else happens
	snapshotEvery = 2_000                  // commands between two snapshots, at least
	snapshotPause = 5 * time.Second        // the same in time: the loop stands still while the state is copied
	snapshotMost  = 20_000                 // commands after which one is due at once: a restart replays what comes after it
)

// errCommit is wrapped by a commit that failed. What the disk holds is then
// unknown, nothing of the batch was said, and the process must end (exit 70).
var errCommit = errors.New("commit failed")

// door is what the loop needs of the FIX door.
type door interface {
	Encode([]perp.Entry)
	Drain() []perp.SessionWrite
	DrainAccounts() []perp.AccountWrite
	Release([]perp.SessionWrite)
	Publish([]perp.Entry)
	Dirty() <-chan struct{}
	Fault() <-chan error
}

// journal is what the loop needs of the store.
type journal interface {
	Commit(perp.Batch) error
	SaveSnapshot(seq int64, at perp.Time, hash string, state []byte) error
}

// loop is the one writer: it alone owns the engine. While one batch is being
// synced, by a goroutine that only commits, the next one is applied and encoded and
// grows; nothing of it is let go, published or counted before its own commit.
type loop struct {
	inbox      *inbox
	engine     *engine.Engine
	sequencer  *engine.Sequencer
	door       door
	journal    journal
	seen       func([]perp.Entry)       // told after the commit
	committed  func(took time.Duration) // told after the commit
	now        func() time.Time
	clockEvery time.Duration // clockInterval, but for tests
	snapped    int64         // number of the last snapshot
	snappedAt  time.Time     // or when this start was: nobody is served before its first commit
	memory     memory
	durable    int64 // number of the last command that is committed
	forgot     int64 // the same, when something was last forgotten
	log        *slog.Logger
	calms      chan chan<- struct{} // asked by calm
	ended      chan struct{}        // closed by run
	calming    chan<- struct{}      // to be closed once all up to calmAt is published
	calmAt     int64

	ready   []perp.Entry // applied and encoded, not handed to a commit yet
	syncing bool         // a commit is under way
	jobs    chan job     // to the committer
	synced  chan job     // and back
	saving  int          // states that wait to be saved
	saved   chan error   // one value for each
}

// job is one commit: a batch, and the state after it if it is time for that.
type job struct {
	batch    perp.Batch
	last     int64 // number of the last command in it
	snapshot []byte
	took     time.Duration
	err      error
}

// run turns until ctx ends, a callback faults or a commit fails. It returns nil
// only in the first case, with everything that was applied committed.
func (l *loop) run(ctx context.Context) error {
	defer close(l.ended)
	clock := time.NewTicker(l.clockEvery)
	defer clock.Stop()
	l.jobs, l.synced, l.saved = make(chan job, 1), make(chan job, 1), make(chan error, 1)
	defer close(l.jobs)
	go l.commits(l.jobs, l.synced, l.saved)
	for {
		waiting := l.inbox.ready
		if len(l.ready) >= batchMax {
			waiting = nil // Until the commit under way is done: the inbox is bounded.
		}
		var err error
		select {
		case <-ctx.Done():
			return l.settle()
		case err := <-l.door.Fault():
			return err
		case <-waiting:
			err = l.take(false)
		case <-clock.C:
			err = l.take(true)
		case <-l.door.Dirty():
		case done := <-l.synced:
			err = l.done(done)
		case err = <-l.saved:
			l.saving--
		case l.calming = <-l.calms:
			clock.Stop()
			err = l.take(false)
			l.calmAt = l.engine.Seq()
		}
		if err != nil {
			return err
		}
		l.start()
		l.calmed()
	}
}

// calm stops the clock and waits until everything that had happened by then is
// published, or the loop has ended. Without it a settlement between a Logout and the
// end would be told only at the next Logon.
func (l *loop) calm() {
	done := make(chan struct{})
	select {
	case l.calms <- done:
	case <-l.ended:
		return
	}
	select {
	case <-done:
	case <-l.ended:
	}
}

// calmed answers calm once its moment has come.
func (l *loop) calmed() {
	if l.calming != nil && l.durable >= l.calmAt {
		close(l.calming)
		l.calming = nil
	}
}

// commits makes batches durable, one at a time. A state is saved behind the commit
// of its batch, which is let go meanwhile: only the next one has to wait for that.
func (l *loop) commits(jobs <-chan job, synced chan<- job, saved chan<- error) {
	for j := range jobs {
		j = l.commit(j)
		synced <- j
		if j.snapshot == nil {
			continue
		}
		var err error
		if j.err == nil {
			err = l.save(j)
		}
		saved <- err
	}
}

func (l *loop) commit(j job) job {
	began := time.Now()
	if err := l.journal.Commit(j.batch); err != nil {
		j.err = fmt.Errorf("%w: %w", errCommit, err)
	}
	j.took = time.Since(began)
	return j
}

// save keeps the state after a batch that is committed.
func (l *loop) save(j job) error {
	if err := l.journal.SaveSnapshot(j.last, j.batch.Time, engine.HashOf(j.snapshot), j.snapshot); err != nil {
		return fmt.Errorf("%w: snapshot: %w", errCommit, err)
	}
	l.log.Info("snapshot saved", "seq", j.last, "bytes", len(j.snapshot))
	return nil
}

// settle applies what still waits: the doors are closed, and the number of a request
// is counted already. It waits for the commit under way, commits the rest, and waits
// for a state that is being saved.
func (l *loop) settle() error {
	for more := true; more; {
		var batch []perp.Input
		if batch, more = l.inbox.take(batchMax); len(batch) > 0 {
			if err := l.prepare(batch); err != nil {
				return err
			}
		}
	}
	for l.syncing || len(l.ready) > 0 || l.saving > 0 {
		if len(l.ready) > 0 {
			l.start()
		}
		var err error
		select {
		case j := <-l.synced:
			err = l.done(j)
		case err = <-l.saved:
			l.saving--
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// take applies and encodes what waits: numbers are given, bytes are held.
func (l *loop) take(clock bool) error {
	batch, more := l.inbox.take(batchMax - min(len(l.ready), batchMax-1))
	if more {
		l.inbox.signal()
	}
	if clock {
		batch = append(batch, perp.Input{Command: perp.ClockTick{}, Source: "clock"})
	}
	err := l.prepare(batch)
	// crash delay inbox-waits
	return err
}

func (l *loop) prepare(batch []perp.Input) error {
	batch, err := l.remind(batch)
	if err != nil {
		return err
	}
	entries, err := l.apply(batch, perp.Time(l.now().UnixNano()))
	if err != nil {
		return err
	}
	// crash point applied if len(entries) > 0
	l.door.Encode(entries)
	// crash point after-send if len(entries) > 0
	l.ready = append(l.ready, entries...)
	return nil
}

// start hands what is ready to the committer, unless it is busy. The state is
// that after the last command of the batch, so this is the moment to save it.
func (l *loop) start() {
	if l.syncing {
		return
	}
	j, any := l.job()
	if !any {
		l.door.Publish(nil)
		return
	}
	l.syncing = true
	if j.snapshot != nil {
		l.saving++
	}
	l.jobs <- j
}

func (l *loop) job() (j job, any bool) {
	writes, accounts := l.door.Drain(), l.door.DrainAccounts()
	j = job{batch: perp.Batch{Entries: l.ready, Sessions: writes, Accounts: accounts, Time: perp.Time(l.now().UnixNano())}, last: l.engine.Seq()}
	l.ready = nil
	if len(j.batch.Entries) == 0 && len(writes) == 0 {
		return j, false
	}
	if now := l.now(); due(j.last-l.snapped, now.Sub(l.snappedAt)) {
		j.snapshot, l.snapped, l.snappedAt = l.engine.Snapshot(), j.last, now
	}
	return j, true
}

// due tells whether the state should be saved, so many commands and so long after
// the last time.
func due(commands int64, ago time.Duration) bool {
	return commands >= snapshotMost || commands >= snapshotEvery && ago >= snapshotPause
}

// done lets go what a commit made durable. The next commit begins before it is
// published, so that neither waits for the other.
func (l *loop) done(j job) error {
	l.syncing = false
	if err := l.release(j); err != nil {
		return err
	}
	l.start()
	l.publish(j)
	return nil
}

func (l *loop) release(j job) error {
	if j.err != nil {
		return j.err
	}
	l.committed(j.took)
	l.durable = j.last
	l.door.Release(j.batch.Sessions)
	// crash point after-mark
	return nil
}

func (l *loop) publish(j job) {
	l.door.Publish(j.batch.Entries)
	l.seen(j.batch.Entries)
}

// step is one batch from beginning to end, before run and after it.
func (l *loop) step(batch []perp.Input) error {
	if err := l.prepare(batch); err != nil {
		return err
	}
	j, any := l.job()
	if !any {
		l.door.Publish(nil)
		return nil
	}
	j = l.commit(j)
	if err := l.release(j); err != nil {
		return err
	}
	l.publish(j)
	if j.snapshot == nil {
		return nil
	}
	return l.save(j)
}

// apply runs the engine; a Fault in it becomes an error that ends the process
// with the journal as the test case.
func (l *loop) apply(batch []perp.Input, now perp.Time) (entries []perp.Entry, err error) {
	defer func() {
		if r := recover(); r != nil {
			fault, ok := r.(perp.Fault)
			if !ok {
				panic(r)
			}
			err = fault
		}
	}()
	return l.sequencer.Step(batch, now), nil
}

// snapshot saves the state, after run.
func (l *loop) snapshot(now perp.Time) error {
	state := l.engine.Snapshot()
	if err := l.journal.SaveSnapshot(l.engine.Seq(), now, engine.HashOf(state), state); err != nil {
		return fmt.Errorf("%w: snapshot: %w", errCommit, err)
	}
	return nil
}
