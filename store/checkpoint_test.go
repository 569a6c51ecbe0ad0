package store

import (
	"encoding/binary"
	"os"
	"testing"
)

// TestLullsBetweenPrices: with a pause after every commit, as where prices come and
// nobody deals, the log is begun anew once in many commits, because the commit that does
// it waits for the disk twice.
func TestLullsBetweenPrices(t *testing.T) {
	s := open(t, t.TempDir())
	defer closeStore(t, s)
	s.idle.Stop() // Here it is this test that says when nothing comes.
	if err := s.exec("PRAGMA wal_autocheckpoint = 0"); err != nil {
		t.Fatal(err)
	}
	begun := func() uint32 { // how often, as the header of the log tells
		b, err := os.ReadFile(s.path + "-wal")
		if err != nil || len(b) < 16 {
			t.Fatalf("the log has %d bytes: %v", len(b), err)
		}
		return binary.BigEndian.Uint32(b[12:])
	}
	w := newWorld(1)
	round := func() {
		commit(t, s, w.batch(1))
		s.idle.Stop()
		s.lull()
	}
	round() // The first lull after a start copies what a crash may have left.
	round()
	first := begun()
	for range 2*idleCommits - 10 {
		round()
	}
	if n := begun() - first; n != 1 {
		t.Errorf("the log was begun anew %d times in %d commits", n, 2*idleCommits-10)
	}
}

// TestLargeLogIsCopiedAtOnce: a log that the first commit would copy, before anybody is
// served, is not left for it.
func TestLargeLogIsCopiedAtOnce(t *testing.T) {
	s := open(t, t.TempDir())
	defer closeStore(t, s)
	s.idle.Stop()
	if err := s.exec("PRAGMA wal_autocheckpoint = 0"); err != nil {
		t.Fatal(err)
	}
	w := newWorld(1)
	commit(t, s, w.batch(1))
	if wait := s.firstLull(); wait != idleAfter {
		t.Errorf("a small log waits for %s", wait)
	}
	for size := int64(0); size < copyAbove; {
		commit(t, s, w.batch(200))
		s.idle.Stop()
		var err error
		if size, _, err = s.WAL(); err != nil {
			t.Fatal(err)
		}
	}
	if wait := s.firstLull(); wait != 0 {
		t.Errorf("a large log waits for %s", wait)
	}
}
