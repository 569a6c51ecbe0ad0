package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	"backstop/perp"
)

// slice is how many rows one query reads, so that no reader holds back the
// checkpoint for long.
const slice = 200

// Snapshot is a saved state.
type Snapshot struct {
	Seq   int64
	Time  perp.Time
	Hash  string
	State []byte
}

// snapshotsKept is how many of the newest snapshots stay.
const snapshotsKept = 3

// ErrDamaged is wrapped when stored bytes are not what was written.
var ErrDamaged = errors.New("damaged")

// SaveSnapshot keeps a state with its checksum and drops all but the newest few.
func (s *Store) SaveSnapshot(seq int64, at perp.Time, hash string, state []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return ErrBroken
	}
	sum := sha256.Sum256(state)
	err := s.inTx(func(tx *sql.Tx) error {
		if _, err := tx.Exec("INSERT OR REPLACE INTO snapshots VALUES (?,?,?,?,?)", seq, int64(at), hash, sum[:], state); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM snapshots WHERE seq NOT IN (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?)", snapshotsKept)
		return err
	})
	if err != nil {
		s.broken = true
		return fmt.Errorf("snapshot: %w", err)
	}
	return nil
}

// Reader reads a data directory; it never waits for the writer and never holds
// it up.
type Reader struct{ db *sql.DB }

// OpenReadOnly opens the database of a data directory for reading. It is safe
// while a gateway writes. A directory without one is an error.
func OpenReadOnly(dir string) (*Reader, error) {
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, DBName)+"?mode=ro&_query_only=1&_busy_timeout=2000")
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	if err := db.Ping(); err != nil {
		return nil, errors.Join(fmt.Errorf("database in %s: %w", dir, err), db.Close())
	}
	return &Reader{db}, nil
}

// Close ends the reader.
func (r *Reader) Close() error { return r.db.Close() }

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each calls f for each row of a query.
func each(q querier, query string, f func(*sql.Rows) error, args ...any) error {
	rows, err := q.QueryContext(context.Background(), query, args...)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := f(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// replay hands on journal rows from a number on, in slices, checking the chain.
func replay(q querier, from int64, fn func(perp.Entry) error) error {
	hash := make([]byte, sha256.Size)
	if from > 1 {
		if err := each(q, "SELECT hash FROM journal WHERE seq = ?", func(r *sql.Rows) error { return r.Scan(&hash) }, from-1); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
	}
	for next := max(from, 1); ; {
		n := 0
		err := each(q, "SELECT seq, time_ns, source, kind, payload, hash FROM journal WHERE seq >= ? ORDER BY seq LIMIT ?", func(r *sql.Rows) error {
			var e perp.Entry
			var want []byte
			if err := r.Scan(&e.Seq, &e.Time, &e.Source, &e.Kind, &e.Payload, &want); err != nil {
				return err
			}
			if e.Seq != next {
				return fmt.Errorf("row %d is missing: %w", next, ErrDamaged)
			}
			if hash = rowHash(hash, e); !bytes.Equal(hash, want) {
				return fmt.Errorf("row %d: %w", e.Seq, ErrDamaged)
			}
			n, next = n+1, next+1
			return fn(e)
		}, next, slice)
		if err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		if n < slice {
			return nil
		}
	}
}

// Replay hands every journal row from a number on to fn, in order, and checks
// the hash chain on the way; damage is an error that names the row.
func (s *Store) Replay(from int64, fn func(perp.Entry) error) error { return replay(s.conn, from, fn) }

// Replay is Store.Replay for a reader.
func (r *Reader) Replay(from int64, fn func(perp.Entry) error) error { return replay(r.db, from, fn) }

func latest(q querier) (snap Snapshot, found bool, err error) {
	err = each(q, "SELECT seq, time_ns, hash, sum, state FROM snapshots ORDER BY seq DESC LIMIT 1", func(r *sql.Rows) error {
		var sum []byte
		if err := r.Scan(&snap.Seq, &snap.Time, &snap.Hash, &sum, &snap.State); err != nil {
			return err
		}
		if got := sha256.Sum256(snap.State); !bytes.Equal(got[:], sum) {
			return fmt.Errorf("snapshot %d: %w", snap.Seq, ErrDamaged)
		}
		found = true
		return nil
	})
	return snap, found, err
}

// LatestSnapshot returns the newest snapshot, if there is one.
func (s *Store) LatestSnapshot() (Snapshot, bool, error) { return latest(s.conn) }

// LatestSnapshot is Store.LatestSnapshot for a reader.
func (r *Reader) LatestSnapshot() (Snapshot, bool, error) { return latest(r.db) }
