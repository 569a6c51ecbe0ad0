package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrLocked is wrapped when another process owns the data directory. Nothing
// was written then.
var ErrLocked = errors.New("another gateway holds the data directory")

// locks are what makes a process the only owner of a data directory. They are
// flock locks on files that SQLite never opens: its own locks vanish when
// anything else in the process closes the database, and readers need it open.
type locks struct{ dir, file *os.File }

// acquire locks the directory itself and then the lock file. The directory
// lock holds even if somebody removes the lock file and a new one is made; the
// lock file is what people and backup tools look at. Neither call waits, and
// the directory comes first so that a refused process does not even make a file.
func acquire(dir string) (l locks, err error) {
	if l.dir, err = flock(dir, os.O_RDONLY); err != nil {
		return locks{}, err
	}
	if l.file, err = flock(filepath.Join(dir, LockName), os.O_RDWR|os.O_CREATE); err != nil {
		return locks{}, errors.Join(err, l.release())
	}
	return l, nil
}

func flock(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag, fileMode)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrLocked
		}
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return f, nil
}

// release gives the directory back; the last thing a store does.
func (l locks) release() error {
	var errs []error
	for _, f := range []*os.File{l.file, l.dir} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}
