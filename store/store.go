package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"
)

// Names of the files in a data directory.
const (
	DBName   = "gateway.db"
	LockName = "gateway.db.lock"
)

// Errors of opening a store. Both mean that nothing was written.
var (
	ErrLocked = errors.New("another gateway holds the data directory")
	ErrNewer  = errors.New("the database was written by a newer version")
	// ErrBroken is returned by every commit after one that failed.
	ErrBroken = errors.New("an earlier commit failed; the process must end")
)

// Store is the only writer of one data directory.
type Store struct {
	mu     sync.Mutex // guards all below: one commit at a time
	lock   *os.File
	dirFD  *os.File
	db     *sql.DB
	reader *Reader
	conn   *sql.Conn
	stmts  map[string]*sql.Stmt
	hash   []byte // of the last journal row
	seq    int64  // of the last journal row
	broken bool
}

// pragmas are read back at start; a database that does not keep one is refused.
var pragmas = []struct{ name, set, want string }{
	{"journal_mode", "WAL", "wal"},
	{"synchronous", "FULL", "2"},
	{"foreign_keys", "1", "1"},
	{"recursive_triggers", "1", "1"},
	{"trusted_schema", "0", "0"},
	{"cell_size_check", "1", "1"},
	{"journal_size_limit", "67108864", "67108864"},
	{"busy_timeout", "2000", "2000"},
}

// Open locks the data directory, opens or makes the database, brings it to the
// present schema, and checks it. The caller must Close it.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	s := &Store{stmts: map[string]*sql.Stmt{}}
	if err := s.open(dir); err != nil {
		s.release()
		return nil, err
	}
	return s, nil
}

// open takes two locks: one on the lock file, and one on the directory itself,
// which still holds when somebody removed and made the lock file anew.
func (s *Store) open(dir string) (err error) {
	if s.dirFD, err = flock(dir, os.O_RDONLY); err != nil {
		return err
	}
	if s.lock, err = flock(filepath.Join(dir, LockName), os.O_RDWR|os.O_CREATE); err != nil {
		return err
	}
	path := filepath.Join(dir, DBName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	// Closing is safe here only because SQLite has not opened the file yet.
	if err := f.Close(); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if s.db, err = sql.Open("sqlite3", "file:"+path+"?_txlock=immediate&_stmt_cache_size=64"); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	s.db.SetMaxOpenConns(1)
	if s.conn, err = s.db.Conn(context.Background()); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	for _, step := range []func() error{s.setPragmas, s.check, s.migrate, s.tail} {
		if err := step(); err != nil {
			return err
		}
	}
	s.reader, err = OpenReadOnly(dir)
	return err
}

func flock(path string, mode int) (*os.File, error) {
	f, err := os.OpenFile(path, mode, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("%w (%s)", ErrLocked, path)
	}
	return f, nil
}

// release closes what is open, the locks last.
func (s *Store) release() error {
	var errs []error
	for _, st := range s.stmts {
		errs = append(errs, st.Close())
	}
	if s.reader != nil {
		errs = append(errs, s.reader.Close())
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	for _, f := range []*os.File{s.lock, s.dirFD} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// Close ends the store. Nothing may be committed afterwards.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = true
	return s.release()
}

// LastSeq is the number of the last command in the journal, 0 if it is empty.
func (s *Store) LastSeq() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seq
}
