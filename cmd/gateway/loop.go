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
	snapshotEvery = 100_000                // commands between two snapshots
)

// errCommit is wrapped by a commit that failed. What the disk holds is then
// unknown, nothing of the batch was said, and the process must end (exit 70).
var errCommit = errors.New("commit failed")

// door is what the loop needs of the FIX door.
type door interface {
	Encode([]perp.Entry)
	Drain() []perp.SessionWrite
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

// loop is the one writer: it alone owns the engine and commits batches.
type loop struct {
	inbox     *inbox
	engine    *engine.Engine
	sequencer *engine.Sequencer
	door      door
	journal   journal
	seen      func([]perp.Entry)       // told after the commit
	committed func(took time.Duration) // told after the commit
	now       func() time.Time         //
	snapped   int64                    // number of the last snapshot
	memory    memory
	durable   int64 // number of the last command that is committed
	forgot    int64 // the same, when something was last forgotten
	log       *slog.Logger
}

// run turns until ctx ends, a callback faults or a commit fails. It returns nil
// only in the first case.
func (l *loop) run(ctx context.Context) error {
	clock := time.NewTicker(clockInterval)
	defer clock.Stop()
	for {
		passed := false
		select {
		case <-ctx.Done():
			return nil
		case err := <-l.door.Fault():
			return err
		case <-l.inbox.ready:
		case <-l.door.Dirty():
		case <-clock.C:
			passed = true
		}
		if err := l.turn(passed); err != nil {
			return err
		}
	}
}

// turn takes what waits, batch by batch, until nothing more waits.
func (l *loop) turn(clock bool) error {
	for {
		batch, more := l.inbox.take(batchMax)
		if clock {
			batch = append(batch, perp.Input{Command: perp.ClockTick{}, Source: "clock"})
			clock = false
		}
		if err := l.step(batch); err != nil {
			return err
		}
		if !more {
			return nil
		}
	}
}

// step is one batch, in the order that makes invariant I2 hold: apply, encode
// (numbers are given, bytes are held), commit, and only then let go.
func (l *loop) step(batch []perp.Input) error {
	now := perp.Time(l.now().UnixNano())
	batch, err := l.remind(batch)
	if err != nil {
		return err
	}
	entries, err := l.apply(batch, now)
	if err != nil {
		return err
	}
	// crash point applied if len(entries) > 0
	l.door.Encode(entries)
	// crash point after-send if len(entries) > 0
	writes := l.door.Drain()
	if len(entries) > 0 || len(writes) > 0 {
		start := time.Now()
		if err := l.journal.Commit(perp.Batch{Entries: entries, Sessions: writes, Time: now}); err != nil {
			return fmt.Errorf("%w: %w", errCommit, err)
		}
		l.committed(time.Since(start))
		l.durable = l.engine.Seq()
		l.door.Release(writes)
		// crash point after-mark
	}
	l.door.Publish(entries)
	l.seen(entries)
	return l.snapshot(now, snapshotEvery)
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

// snapshot saves the state if at least every commands came since the last one.
func (l *loop) snapshot(now perp.Time, every int64) error {
	seq := l.engine.Seq()
	if seq-l.snapped < every {
		return nil
	}
	if err := l.journal.SaveSnapshot(seq, now, l.engine.StateHash(), l.engine.Snapshot()); err != nil {
		return fmt.Errorf("%w: snapshot: %w", errCommit, err)
	}
	l.snapped = seq
	l.log.Info("snapshot saved", "seq", seq)
	return nil
}
