package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"

	"backstop/perp"

	"github.com/mattn/go-sqlite3"
)

// readAhead is how many slices of the journal are read and checked while fn of
// Replay works on one.
const readAhead = 4

// Replay hands the journal rows from a number on to fn, in order, up to what
// was the last row when it began. Each entry has its Kind and Payload; the
// command and the events are the engine's to make again. The hash chain is
// checked on the way: damage is ErrDamaged and names the row. Reading goes ahead
// of fn, and no query waits for it; an error of fn ends the reading and is
// returned as it is.
func (r *Reader) Replay(from int64, fn func(perp.Entry) error) error {
	end, err := r.endOf("journal")
	if err != nil {
		return err
	}
	var walk report // of the goroutine until pages is closed
	pages, done := make(chan []perp.Entry, readAhead), make(chan struct{})
	go func() {
		defer close(pages)
		walk = ahead(r, max(from, 1), end, pages, done)
	}()
	defer func() {
		close(done)
		for range pages { // The reader may be closed when this returns.
		}
	}()
	for page := range pages {
		for _, e := range page {
			if err := fn(e); err != nil {
				return err
			}
		}
	}
	switch {
	case walk.err != nil:
		return walk.err
	case len(walk.found) > 0:
		return fmt.Errorf("%w: %s", ErrDamaged, walk.found[0])
	}
	return nil
}

// ahead sends the good rows of the journal slice by slice until done is closed.
func ahead(r *Reader, from int64, end chain, pages chan<- []perp.Entry, done <-chan struct{}) report {
	var page []perp.Entry
	send := func() bool {
		select {
		case pages <- page:
			page = make([]perp.Entry, 0, slice)
			return true
		case <-done:
			return false
		}
	}
	walk := walkJournal(r, from, end, false, func(row journalRow) bool {
		page = append(page, row.entry)
		return len(page) < slice || send()
	})
	if len(page) > 0 {
		send() // What was good before the end, or before the damage.
	}
	return walk
}

// Snapshot is a saved state of the engine.
type Snapshot struct {
	Seq   int64 // of the last command in it
	Time  perp.Time
	Hash  string // of the state, as the engine gave it
	State []byte
}

// snapshotsKept is how many of the newest snapshots stay: one that is damaged
// costs a longer replay, not the data.
const snapshotsKept = 3

// SaveSnapshot keeps a state, with a checksum, and drops all but the newest few.
// An error is that of a commit: the process must end.
func (s *Store) SaveSnapshot(seq int64, at perp.Time, hash string, state []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return fmt.Errorf("%w: %w", ErrBroken, s.broken)
	}
	if seq > s.journal.last || seq < 0 {
		return fmt.Errorf("snapshot at %d, but the journal ends at %d", seq, s.journal.last)
	}
	if state == nil {
		state = []byte{}
	}
	sum := snapshotSum(seq, at, hash, state)
	err := s.inTx(func() error {
		return s.direct(func(conn *sqlite3.SQLiteConn) error {
			if err := s.one(conn, addSnapshot, seq, int64(at), hash, sum[:], state); err != nil {
				return err
			}
			passing("snapshot")
			// crash point in-snapshot
			drop := &s.hot[dropSnapshots]
			drop.arg(int64(snapshotsKept))
			return drop.run(conn, nil)
		})
	})
	if err != nil {
		s.broken = err
		return fmt.Errorf("snapshot: %w", err)
	}
	return nil
}

func snapshotSum(seq int64, at perp.Time, hash string, state []byte) [sha256.Size]byte {
	var none [sha256.Size]byte
	return newRowHash(none).number(seq).number(int64(at)).word(hash).text(state).value()
}

// LatestSnapshot returns the newest snapshot whose checksum holds. If there is
// none, the state is made from the whole journal.
func (r *Reader) LatestSnapshot() (snap Snapshot, found bool, err error) {
	err = r.within(snapshotMax, func(q querier) error {
		var seqs []int64
		err := each(q, querySnapshotSeqs, func(rows *sql.Rows) error {
			var seq int64
			defer func() { seqs = append(seqs, seq) }()
			return rows.Scan(&seq)
		})
		for i := 0; err == nil && !found && i < len(seqs); i++ {
			snap, found, err = readSnapshot(q, seqs[i])
		}
		return err
	})
	if err != nil {
		return Snapshot{}, false, fmt.Errorf("snapshot: %w", err)
	}
	if !found {
		return Snapshot{}, false, nil
	}
	return snap, true, nil
}

// readSnapshot reads one snapshot and tells whether it is what was written.
func readSnapshot(q querier, seq int64) (snap Snapshot, good bool, err error) {
	var sum []byte
	err = q.QueryRowContext(context.Background(), querySnapshot, seq).Scan(&snap.Seq, &snap.Time, &snap.Hash, &sum, &snap.State)
	if err != nil {
		return snap, false, err
	}
	want := snapshotSum(snap.Seq, snap.Time, snap.Hash, snap.State)
	return snap, bytes.Equal(want[:], sum), nil
}

// Said hands every message to clients that is stored, the oldest first, to fn. No
// query is open while fn runs; an error of fn ends the reading and is returned as it is.
func (r *Reader) Said(fn func(perp.WireMessage) error) error {
	end, err := r.endOf("fix_out")
	if err != nil {
		return fmt.Errorf("messages: %w", err)
	}
	for next := int64(1); next <= end.last; {
		page, err := outPage(r, next, end.last)
		if err != nil {
			return fmt.Errorf("messages: %w", err)
		}
		if len(page) == 0 {
			return fmt.Errorf("messages: number %d is missing: %w", next, ErrDamaged)
		}
		for _, o := range page {
			if err := fn(o.message); err != nil {
				return err
			}
			next = o.id + 1
		}
	}
	return nil
}
