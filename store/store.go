package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/mattn/go-sqlite3"
)

// Names of the files in a data directory.
const (
	DBName   = "gateway.db"
	LockName = "gateway.db.lock"
)

// Nobody but the owner reads a data directory.
const (
	dirMode  fs.FileMode = 0o700
	fileMode fs.FileMode = 0o600
)

// Errors that callers tell apart.
var (
	// ErrNewer: the database has a schema that this program does not know.
	ErrNewer = errors.New("the database was written by a newer version")
	// ErrForeign: the file is a database, but not one of ours.
	ErrForeign = errors.New("not a database of this gateway")
	// ErrRules: the journal was made under other rules of the engine, so replaying
	// it would not give what clients were told. The version that made it reads it.
	ErrRules = errors.New("the journal was made under other rules")
	// ErrDamaged: stored bytes are not what was written.
	ErrDamaged = errors.New("damaged")
	// ErrBroken is returned by every write after one that failed.
	ErrBroken = errors.New("an earlier commit failed; the process must end")
)

// passing is told the name of each point inside a commit and a migration at
// which a crash would hurt most. Tests die there.
var passing = func(string) {}

// Store is the one writer of a data directory, and a Reader of it. It is safe
// for concurrent use: writes go one at a time, reads use connections of their
// own and never wait for a write.
type Store struct {
	*Reader
	locks locks
	path  string
	wal   WALLimits
	whole int64 // wholeMax, but for tests

	mu      sync.Mutex // guards all below
	db      *sql.DB
	conn    *sql.Conn // the only connection that writes
	hot     [len(writes)]hot
	rows    *batchRows
	text    []byte // used again for the events of each command
	journal chain
	out     chain
	idle    *time.Timer
	commits int64 // since the store was opened
	copied  int64 // the same, when the write-ahead log was last copied in a lull
	opening []Step
	looked  bool  // at the whole database, when the store was opened
	broken  error // set for ever by the first failed write
	closed  bool
}

// Open locks a data directory, which it makes if there is none, opens its
// database, brings that to the present schema and checks it. A directory that
// is in use gives ErrLocked at once and nothing is written. The caller must
// Close the store.
func Open(dir string) (*Store, error) { return OpenWith(dir, WALLimits{}) }

// OpenWith is Open with limits of the write-ahead log.
func OpenWith(dir string, wal WALLimits) (*Store, error) { return openWith(dir, wal, wholeMax) }

func openWith(dir string, wal WALLimits, whole int64) (*Store, error) {
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	held, err := acquire(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{locks: held, path: filepath.Join(dir, DBName), wal: wal.withDefaults(), whole: whole}
	if err := s.open(dir); err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

// Step is a part of Open and how long it took.
type Step struct {
	Name string
	Took time.Duration
}

// Opening tells what Open did and how long each part took, for whoever asks why a
// start takes long.
func (s *Store) Opening() []Step { return s.opening }

// makeDir makes a directory and those above it that are missing, and makes their
// names durable: a power cut must not take away a directory with commits in it.
func makeDir(dir string) error {
	var above []string
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		above = append(above, filepath.Dir(d))
	}
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	for _, d := range above {
		if err := syncFile(d); err != nil {
			return fmt.Errorf("data directory: %w", err)
		}
	}
	return nil
}

func (s *Store) open(dir string) (err error) {
	if err := private(s.path); err != nil {
		return err
	}
	const options = "_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1&_recursive_triggers=1&_txlock=immediate&_busy_timeout=2000&_mutex=no"
	if s.db, err = dial(s.path, options, writerPragmas); err != nil {
		return err
	}
	s.db.SetMaxOpenConns(1)
	if s.conn, err = s.db.Conn(context.Background()); err != nil {
		return err
	}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"pages", s.checkPages}, {"schema", s.migrate}, {"rows", s.checkRows}, {"statements", s.prepare}, {"tail", s.checkTail},
	} {
		began := time.Now()
		if err := step.do(); err != nil {
			return err
		}
		s.opening = append(s.opening, Step{step.name, time.Since(began)})
	}
	// SQLite syncs the directory of a new file too, but goes on if that fails.
	if err := s.locks.dir.Sync(); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if s.Reader, err = OpenReadOnly(dir); err != nil {
		return err
	}
	s.copied = -idleCommits // What a crash has left is copied in the first lull.
	s.idle = time.AfterFunc(s.firstLull(), s.lull)
	return nil
}

// private makes a missing database file, and takes away what others may do with
// the files that are there. SQLite gives its side files the mode of the
// database. An existing database is not opened here: closing it again would
// drop the locks that SQLite holds for other connections of this process.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if err == nil {
		return f.Close()
	}
	if !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("database: %w", err)
	}
	for _, p := range []string{path, path + "-wal", path + "-shm", path + ".lock"} {
		if err := os.Chmod(p, fileMode); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("database: %w", err)
		}
	}
	return nil
}

// prepare makes the statements of the writer, so that one that does not fit the
// schema is found at the start.
func (s *Store) prepare() error {
	s.rows = newRows()
	return s.direct(func(conn *sqlite3.SQLiteConn) (err error) {
		for i, text := range writes {
			s.hot[i].text = text
			if s.hot[i].stmt, err = prepareOn(conn, text); err != nil {
				return err
			}
		}
		for t := range s.rows.inserts {
			one := &s.rows.inserts[t].hot[len(rowsAtOnce)-1]
			if one.stmt, err = prepareOn(conn, one.text); err != nil {
				return err
			}
		}
		return nil
	})
}

// finish lets the statements go.
func (s *Store) finish() error {
	var errs []error
	for i := range s.hot {
		errs = append(errs, s.hot[i].close())
	}
	for t := range s.rows.inserts {
		for k := range s.rows.inserts[t].hot {
			errs = append(errs, s.rows.inserts[t].hot[k].close())
		}
	}
	return errors.Join(errs...)
}

// checkPages looks for damaged pages before anything is written.
func (s *Store) checkPages() error {
	if err := s.measure(); err != nil {
		return err
	}
	if !s.looked {
		return s.checkState()
	}
	return s.quickCheck("1")
}

// checkRows looks for rows that refer to none, and for books that do not add up.
func (s *Store) checkRows() error {
	if err := s.checkParents(); err != nil {
		return err
	}
	var sum total
	err := each(s.conn, "SELECT balance FROM balances", func(r *sql.Rows) error {
		var v int64
		defer func() { sum.add(v) }()
		return r.Scan(&v)
	})
	if err != nil {
		return fmt.Errorf("balances: %w", err)
	}
	var posted, last int64
	if err := s.conn.QueryRowContext(context.Background(), queryPosted).Scan(&posted, &last); err != nil {
		return fmt.Errorf("balances: %w", err)
	}
	if posted != last {
		return fmt.Errorf("database is %w: the balances stand at transfer %d of %d", ErrDamaged, posted, last)
	}
	if sum.String() != "0" {
		return fmt.Errorf("database is %w: the balances add up to %s, not 0", ErrDamaged, &sum)
	}
	return nil
}

// checkParents looks for rows that refer to none.
func (s *Store) checkParents() error {
	if !s.looked {
		return s.checkReferences()
	}
	n := 0
	err := each(s.conn, "PRAGMA foreign_key_check", func(*sql.Rows) error { n++; return nil })
	if err != nil {
		return fmt.Errorf("foreign_key_check: %w", err)
	}
	if n > 0 {
		return fmt.Errorf("database is %w: %d rows refer to rows that are not there", ErrDamaged, n)
	}
	return nil
}

// Close ends the store and lets the directory go. Nothing can be committed
// afterwards. Closing again does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.broken == nil {
		s.broken = errClosed
	}
	return s.release()
}

var errClosed = errors.New("the store is closed")

// release closes what is open: readers, then the writer, which empties the WAL
// as the last connection, then the locks.
func (s *Store) release() error {
	var errs []error
	if s.idle != nil {
		s.idle.Stop()
	}
	if s.Reader != nil {
		errs = append(errs, s.Reader.Close())
	}
	if s.rows != nil {
		errs = append(errs, s.direct(func(*sqlite3.SQLiteConn) error { return s.finish() }))
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	return errors.Join(append(errs, s.locks.release())...)
}

// LastSeq is the number of the last command in the journal, 0 if it is empty.
func (s *Store) LastSeq() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.journal.last
}
