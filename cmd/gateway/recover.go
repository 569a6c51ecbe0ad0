package main

import (
	"errors"
	"fmt"
	"log/slog"
	"math"

	"backstop/engine"
	"backstop/perp"
	"backstop/store"
)

// history is what recovery needs of the store.
type history interface {
	LatestSnapshot() (store.Snapshot, bool, error)
	Replay(from int64, fn func(perp.Entry) error) error
}

// restore rebuilds the engine from the newest snapshot and the journal after it.
// A snapshot whose state does not have the hash it was saved with is an error:
// nothing is guessed about money. One of another version is no loss, for the whole
// journal leads to the same state.
func restore(h history, log *slog.Logger) (*engine.Engine, int64, error) {
	defer collectEvery(replayRoom)()
	e, l := engine.New(), newLaps()
	snap, found, err := h.LatestSnapshot()
	if err != nil {
		return nil, 0, err
	}
	l.lap("read")
	if found {
		e, err = unfreeze(snap)
		if errors.Is(err, engine.ErrVersion) {
			log.Warn("the whole journal is replayed", "snapshot", snap.Seq, "reason", err)
			e, snap, err = engine.New(), store.Snapshot{}, nil
		}
		if err != nil {
			return nil, 0, err
		}
	}
	l.lap("snapshot")
	if err := replay(h, e, math.MaxInt64); err != nil {
		return nil, 0, err
	}
	l.lap("replay")
	l.tell(log, slog.LevelInfo, "state restored", slog.Int64("snapshot", snap.Seq), slog.Int64("journal", e.Seq()))
	return e, snap.Seq, nil
}

// unfreeze is the engine that a snapshot was taken of.
func unfreeze(snap store.Snapshot) (*engine.Engine, error) {
	e, err := engine.Restore(snap.State)
	if err != nil {
		return nil, fmt.Errorf("snapshot %d: %w", snap.Seq, err)
	}
	if got := e.StateHash(); got != snap.Hash || e.Seq() != snap.Seq {
		return nil, fmt.Errorf("snapshot %d: state has hash %.12s at %d, was saved as %.12s", snap.Seq, got, e.Seq(), snap.Hash)
	}
	return e, nil
}

// errEnough ends a replay at the row that was asked for.
var errEnough = errors.New("replayed far enough")

// replay applies the journal after the engine's last command, up to the row
// last. A Fault in it is an error that names the row.
func replay(h history, e *engine.Engine, last int64) error {
	return replayWith(h, e, func(entry perp.Entry) bool { return entry.Seq <= last }, nil)
}

// replayWith applies the journal after the engine's last command while more says
// so, and tells seen, if there is one, each row with its command and events.
func replayWith(h history, e *engine.Engine, more func(perp.Entry) bool, seen func(perp.Entry)) (err error) {
	defer func() {
		if r := recover(); r != nil {
			fault, ok := r.(perp.Fault)
			if !ok {
				panic(r)
			}
			err = fmt.Errorf("journal row %d: %w", e.Seq(), fault)
		}
	}()
	defer collectEvery(replayRoom)()
	err = h.Replay(e.Seq()+1, func(entry perp.Entry) error {
		if !more(entry) {
			return errEnough
		}
		c, err := engine.Decode(entry.Kind, entry.Payload)
		if err != nil {
			return fmt.Errorf("row %d: %w", entry.Seq, err)
		}
		if seen == nil {
			e.Reapply(c, entry.Seq, entry.Time)
			return nil
		}
		entry.Command, entry.Events = c, e.Apply(c, entry.Seq, entry.Time)
		seen(entry)
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}
