package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// The WAL is copied into the database when nothing has been committed for
// idleAfter and there were idleCommits since the last time: after a copy the next
// commit begins the WAL anew, which is one more sync for whoever waits for it, and
// a price and the clock come to an idle gateway ten times a second each. Under
// steady load SQLite does it inside a commit every 8 MB, copyAbove (writerPragmas).
// If a reader has held that back until the file is larger than truncateAbove, it is
// emptied as soon as the reader is gone: it is tried after every truncateEvery
// commits and when nothing is committed, and never waits. Our own readers leave
// within queryMax, so only another process can bring it to alarmAbove.
const (
	idleAfter     = 50 * time.Millisecond
	idleCommits   = 256
	copyPages     = 2000
	copyAbove     = copyPages * 4096
	truncateAbove = 32 << 20
	truncateEvery = 64
	alarmAbove    = 64 << 20
)

// WALLimits are sizes of the write-ahead log in bytes; zero: the default.
type WALLimits struct {
	Truncate int64 // above it the log is emptied as soon as no reader holds it back
	Alarm    int64 // above it somebody must look
}

// withDefaults puts the default where none is named.
func (l WALLimits) withDefaults() WALLimits {
	if l.Truncate == 0 {
		l.Truncate = truncateAbove
	}
	if l.Alarm == 0 {
		l.Alarm = alarmAbove
	}
	return l
}

// WAL is the size of the write-ahead log and the limits in force.
func (s *Store) WAL() (size int64, l WALLimits, err error) {
	size, err = s.walSize()
	return size, s.wal, err
}

// firstLull is when the WAL that was found is copied. One so large that the first commit
// would do it, before anybody is served, is copied beside what comes before that.
func (s *Store) firstLull() time.Duration {
	if size, err := s.walSize(); err == nil && size >= copyAbove {
		return 0
	}
	return idleAfter
}

// lull runs when no commit came for a while.
func (s *Store) lull() {
	if !s.mu.TryLock() {
		return // As in checkpointIdle.
	}
	due := s.commits-s.copied >= idleCommits
	if !due && s.broken == nil {
		size, err := s.walSize()
		due = err != nil || size > s.wal.Truncate
	}
	s.mu.Unlock()
	if due {
		s.checkpointIdle()
	}
}

// checkpointIdle copies the WAL between commits. It gives way to one.
func (s *Store) checkpointIdle() {
	if !s.mu.TryLock() {
		return // A commit is under way; it sets the timer again.
	}
	defer s.mu.Unlock()
	if s.broken != nil {
		return
	}
	s.copied = s.commits
	err := s.checkpoint("PASSIVE")
	if err == nil {
		err = s.empty()
	}
	if err != nil {
		// Nobody waits for this, so the next commit tells: a disk that cannot
		// take the copy cannot be trusted with more.
		s.broken = err
	}
}

// checkpoint copies the WAL into the database as far as readers allow.
func (s *Store) checkpoint(mode string) error {
	var busy, pages, copied int64
	row := s.conn.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint("+mode+")")
	if err := row.Scan(&busy, &pages, &copied); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// bound looks from time to time whether the WAL has grown too large.
func (s *Store) bound() error {
	s.commits++
	if s.commits%truncateEvery != 0 {
		return nil
	}
	return s.empty()
}

// empty empties the WAL if it is too large and no reader holds it back.
func (s *Store) empty() error {
	size, err := s.walSize()
	if err != nil || size <= s.wal.Truncate {
		return err
	}
	// Without the timeout SQLite would wait for readers, and everybody for it.
	if err := s.exec("PRAGMA busy_timeout = 0"); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return errors.Join(s.checkpoint("TRUNCATE"), s.exec("PRAGMA busy_timeout = 2000"))
}

// walSize is the size of the write-ahead log in bytes.
func (s *Store) walSize() (int64, error) {
	info, err := os.Stat(s.path + "-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("write-ahead log: %w", err)
	}
	return info.Size(), nil
}
