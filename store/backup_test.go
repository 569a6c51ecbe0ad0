package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestBackupUnderWrites: a backup is one moment of a store that goes on; what is
// restored from it opens, verifies and goes on from there.
func TestBackupUnderWrites(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(1)
	commit := func() error { return s.Commit(w.batch(3)) }
	for range 20 {
		if err := commit(); err != nil {
			t.Fatal(err)
		}
	}
	before := s.LastSeq()
	stop, failed := make(chan struct{}), make(chan error, 1)
	var writing sync.WaitGroup
	writing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if err := commit(); err != nil {
					failed <- err
					return
				}
			}
		}
	})
	target := filepath.Join(t.TempDir(), "copy.db")
	c, err := Backup(dir, target)
	close(stop)
	writing.Wait()
	if err != nil || len(failed) > 0 {
		t.Fatalf("backup %v, %d failed commits", err, len(failed))
	}
	if info, err := os.Stat(target); err != nil || info.Mode().Perm() != fileMode || c.Bytes != info.Size() || c.Seq < before {
		t.Errorf("copied %+v after command %d, file %v %v", c, before, info, err)
	}
	if left, _ := filepath.Glob(target + ".part*"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := Backup(dir, target); !errors.Is(err, ErrExists) {
		t.Errorf("a backup over a file: %v", err)
	}
	if _, err := Restore(target, dir); !errors.Is(err, ErrLocked) {
		t.Errorf("a restore under a running gateway: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(target, dir); !errors.Is(err, ErrExists) {
		t.Errorf("a restore over a database: %v", err)
	}
	fresh := filepath.Join(t.TempDir(), "new")
	r, err := Restore(target, fresh)
	if err != nil || r.Seq != c.Seq {
		t.Fatalf("restored %+v of %+v: %v", r, c, err)
	}
	again, err := Open(fresh)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if found, err := again.Check(); err != nil || len(found) > 0 {
		t.Errorf("restored: %v %v", found, err)
	}
}

// TestBackupRefusals: what cannot be copied, or is not a whole copy, makes no file.
func TestBackupRefusals(t *testing.T) {
	dir := t.TempDir()
	if _, err := Backup(dir, filepath.Join(dir, "copy.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a backup of nothing: %v", err)
	}
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(2)
	for range 10 {
		if err := s.Commit(w.batch(5)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(copied+".part", []byte("of a backup that was killed"), fileMode); err != nil {
		t.Fatal(err)
	}
	if _, err := Backup(dir, copied); err != nil {
		t.Fatalf("after one that was killed: %v", err)
	}
	whole, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	for name, bytes := range map[string][]byte{
		"half of it":  whole[:len(whole)/2],
		"empty":       {},
		"a text":      []byte("select * from journal"),
		"one bit off": flipped(whole, []byte("35=8|34=7|")),
	} {
		bad := filepath.Join(t.TempDir(), "bad.db")
		if err := os.WriteFile(bad, bytes, fileMode); err != nil {
			t.Fatal(err)
		}
		fresh := t.TempDir()
		if _, err := Restore(bad, fresh); err == nil {
			t.Errorf("%s was restored", name)
		}
		if left, _ := filepath.Glob(filepath.Join(fresh, DBName+"*")); len(left) > 1 { // the lock file
			t.Errorf("%s left %v behind", name, left)
		}
	}
	if _, err := Restore(filepath.Join(dir, "none.db"), t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a restore of nothing: %v", err)
	}
}

// flipped is data with one bit of the first byte of a text turned around.
func flipped(data, text []byte) []byte {
	out := append([]byte(nil), data...)
	for i := range out {
		if i+len(text) <= len(out) && string(out[i:i+len(text)]) == string(text) {
			out[i] ^= 1
			return out
		}
	}
	panic("the text is not there")
}
