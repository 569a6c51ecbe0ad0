package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Copied tells what a backup or a restore has copied.
type Copied struct {
	Path  string
	Bytes int64
	Seq   int64 // number of the last command in it
}

// ErrExists: what would be written is there already, and is left as it is.
var ErrExists = errors.New("exists already")

// unverified is wrapped when a copy does not say what it must.
func unverified(found []Difference) error {
	return fmt.Errorf("%w: the copy differs in %d places, the first: %s", ErrDamaged, len(found), found[0])
}

// Backup copies the database of a data directory, whether or not a gateway runs
// on it, as it stands at one moment. The copy is made under another name beside
// target, synced, verified in full, and only then gets its name. A target that
// exists gives ErrExists.
func Backup(dir, target string) (Copied, error) {
	source := filepath.Join(dir, DBName)
	if _, err := os.Stat(source); err != nil {
		return Copied{}, fmt.Errorf("database: %w", err)
	}
	return place(target, func(draft string) error {
		db, err := dial(source, "mode=ro&_busy_timeout=2000", []pragma{{"busy_timeout", "2000", "2000"}, {"trusted_schema", "0", "0"}})
		if err != nil {
			return err
		}
		_, err = db.ExecContext(context.Background(), "VACUUM INTO ?", draft)
		return errors.Join(err, db.Close())
	})
}

// Restore makes the data directory dir from a backup. A directory that has a
// database gives ErrExists, one in which a gateway runs ErrLocked.
func Restore(backup, dir string) (c Copied, err error) {
	if err := makeDir(dir); err != nil {
		return c, err
	}
	held, err := acquire(dir)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, held.release()) }()
	for _, side := range []string{"-wal", "-shm"} { // of a database that is gone, they would be taken for this one's
		if _, err := os.Stat(filepath.Join(dir, DBName+side)); err == nil {
			return c, fmt.Errorf("%s: %w", filepath.Join(dir, DBName+side), ErrExists)
		}
	}
	return place(filepath.Join(dir, DBName), func(draft string) error { return copyFile(backup, draft) })
}

// place makes a copy under a draft name, checks it, and gives it its name.
func place(target string, fill func(draft string) error) (c Copied, err error) {
	if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
		return c, errors.Join(fmt.Errorf("%s: %w", target, ErrExists), err)
	}
	draft := target + ".part"
	if err := os.Remove(draft); err != nil && !errors.Is(err, fs.ErrNotExist) { // of an earlier try that was killed
		return c, err
	}
	defer func() {
		for _, side := range []string{"", "-wal", "-shm"} {
			if e := os.Remove(draft + side); e != nil && !errors.Is(e, fs.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
	}()
	f, err := os.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode) // nobody else reads it at any moment
	if err != nil {
		return c, err
	}
	if err := errors.Join(f.Close(), fill(draft)); err != nil {
		return c, fmt.Errorf("copy: %w", err)
	}
	if c, err = checked(draft); err != nil {
		return c, err
	}
	if err := errors.Join(syncFile(draft), os.Link(draft, target)); err != nil { // a link never replaces what is there
		if errors.Is(err, fs.ErrExist) {
			err = fmt.Errorf("%s: %w", target, ErrExists)
		}
		return c, err
	}
	c.Path = target
	return c, syncFile(filepath.Dir(target))
}

// checked verifies a copy in full.
func checked(path string) (c Copied, err error) {
	r, err := openReader(path)
	if unreadable(err) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	found, err := r.Check()
	if err == nil && len(found) > 0 {
		err = unverified(found)
	}
	if err != nil {
		return c, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return c, err
	}
	c.Bytes = info.Size()
	c.Seq, err = r.LastSeq()
	return c, err
}

// Check looks at everything: SQLite's own check of pages and indexes, the hash
// chains, the books, positions and orders. What it returns is damage.
func (r *Reader) Check() ([]Difference, error) {
	var p report
	var pages []string
	err := each(r.db, "PRAGMA integrity_check(100)", func(rows *sql.Rows) error {
		var said string
		err := rows.Scan(&said)
		pages = append(pages, said)
		return err
	})
	if p.fail("pages", err) && (len(pages) != 1 || pages[0] != "ok") {
		for _, said := range pages {
			p.differ("pages", said, "ok")
		}
	}
	if p.err != nil || len(p.found) > 0 {
		return p.found, p.err // what rows say of a damaged file means nothing
	}
	return r.Differences()
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_TRUNC, fileMode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
