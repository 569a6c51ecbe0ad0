package store

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"backstop/perp"
)

func TestReplay(t *testing.T) {
	dir := t.TempDir()
	s, w := open(t, dir), newWorld(1)
	var want []perp.Entry
	for range 5 {
		b := w.batch(2*slice/5 + 1)
		commit(t, s, b)
		want = append(want, b.Entries...)
	}
	for i := range want {
		want[i].Events = nil
	}
	last := int64(len(want))
	r, err := OpenReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []int64{-1, 0, 1, 2, slice, slice + 1, last, last + 1} {
		var got []perp.Entry
		err := r.Replay(from, func(e perp.Entry) error { got = append(got, e); return nil })
		if rest := want[max(from, 1)-1:]; err != nil || len(got) != len(rest) || len(rest) > 0 && !reflect.DeepEqual(got, rest) {
			t.Errorf("from %d: %d entries, want %d (%v)", from, len(got), len(rest), err)
		}
	}
	if err := r.Replay(last+2, func(perp.Entry) error { return nil }); !errors.Is(err, ErrDamaged) {
		t.Errorf("from beyond the end: %v", err)
	}
	stop := errors.New("stop")
	n := 0
	if err := r.Replay(1, func(perp.Entry) error { n++; return stop }); err != stop || n != 1 {
		t.Errorf("%d rows after the caller said stop: %v", n, err)
	}
	if got, err := r.LastSeq(); err != nil || got != last || s.LastSeq() != last {
		t.Errorf("last is %d and %d (%v), want %d", got, s.LastSeq(), err, last)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestSnapshots(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if _, found, err := s.LatestSnapshot(); found || err != nil {
		t.Errorf("found %v in an empty store: %v", found, err)
	}
	if err := s.SaveSnapshot(1, 1, "h", nil); err == nil || errors.Is(err, ErrBroken) {
		t.Errorf("a snapshot beyond the journal: %v", err)
	}
	w := newWorld(1)
	for i := range 6 {
		commit(t, s, w.batch(10))
		if err := s.SaveSnapshot(s.LastSeq(), perp.Time(i), fmt.Sprint("hash", i), fmt.Append(nil, "state", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SaveSnapshot(60, 9, "again", []byte{0}); err != nil {
		t.Errorf("the same snapshot again: %v", err)
	}
	check := func(want Snapshot) {
		t.Helper()
		if got, found, err := s.LatestSnapshot(); err != nil || !found || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v (%v, %v), want %+v", got, found, err, want)
		}
	}
	check(Snapshot{60, 9, "again", []byte{0}})
	var n int
	if err := s.conn.QueryRowContext(t.Context(), "SELECT count(*) FROM snapshots").Scan(&n); err != nil || n != snapshotsKept {
		t.Errorf("%d snapshots are kept (%v), want %d", n, err, snapshotsKept)
	}
	if err := s.exec("UPDATE snapshots SET state = x'ff' WHERE seq = 60"); err != nil {
		t.Fatal(err)
	}
	check(Snapshot{50, 4, "hash4", []byte("state4")}) // The damaged one costs a longer replay only.
	if err := s.exec("UPDATE snapshots SET hash = 'other'"); err != nil {
		t.Fatal(err)
	}
	if _, found, err := s.LatestSnapshot(); found || err != nil {
		t.Errorf("found %v (%v) although all are damaged", found, err)
	}
}

func TestSessions(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	numbers := func(session string, epoch, in, out int64) perp.SessionWrite {
		return perp.SessionWrite{Session: session, Epoch: epoch, InSeq: in, OutSeq: out, OutReserved: out + 1000, Acked: out, Created: perp.Time(epoch)}
	}
	ended := numbers("A", 1, 7, 9)
	ended.Messages = []perp.WireMessage{{Seq: 8, Bytes: []byte("old eight")}}
	commit(t, s,
		perp.Batch{Sessions: []perp.SessionWrite{numbers("B", 1, 1, 1), numbers("A", 1, 2, 2)}},
		perp.Batch{Sessions: []perp.SessionWrite{ended, numbers("A", 2, 1, 1)}},
		perp.Batch{Sessions: []perp.SessionWrite{numbers("B", 1, 5, 6)}},
	)
	if err := s.Commit(perp.Batch{}); err != nil {
		t.Error(err)
	}
	closeStore(t, s)
	s = open(t, dir)
	want := []perp.SessionWrite{numbers("A", 2, 1, 1), numbers("B", 1, 5, 6)}
	if got, err := s.Sessions(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v (%v), want %+v", got, err, want)
	}
	if got := read1(t, s, "A", 1, 1, 100); len(got) != 1 || string(got[0].Bytes) != "old eight" {
		t.Errorf("messages of the former epoch: %v", got)
	}
}

// TestSignatures: what was spent is there after a restart, until it is old and
// another one of its session is spent; none twice.
func TestSignatures(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	spent := func(at perp.Time, fill byte) perp.Batch {
		sig := perp.LogonSignature{Digest: bytes.Repeat([]byte{fill}, 32), Until: at + 20}
		return perp.Batch{Time: at, Sessions: []perp.SessionWrite{{Session: "A", Epoch: 1, InSeq: 1, OutSeq: 1, Signatures: []perp.LogonSignature{sig}}}}
	}
	commit(t, s, spent(100, 1), spent(110, 2))
	closeStore(t, s)
	s = open(t, dir)
	kept := func() (fills []byte) {
		all, err := s.Sessions()
		if err != nil || len(all) != 1 {
			t.Fatalf("%v, %v", all, err)
		}
		for _, sig := range all[0].Signatures {
			fills = append(fills, sig.Digest[0])
		}
		return fills
	}
	if got := kept(); !bytes.Equal(got, []byte{1, 2}) {
		t.Errorf("kept %v", got)
	}
	commit(t, s, spent(125, 3))
	if got := kept(); !bytes.Equal(got, []byte{2, 3}) {
		t.Errorf("kept %v after the first one is old", got)
	}
	if err := s.Commit(spent(126, 3)); err == nil {
		t.Error("a signature was spent twice")
	}
}

func TestAccountEvents(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if got, err := s.AccountEvents(); err != nil || len(got) != 0 {
		t.Errorf("of a new store: %v, %v", got, err)
	}
	commit(t, s,
		perp.Batch{Entries: []perp.Entry{{Seq: 1, Kind: "ClockTick"}}, Accounts: []perp.AccountWrite{{Account: "A", Events: 2}, {Account: "B", Events: 1}}},
		perp.Batch{Entries: []perp.Entry{{Seq: 2, Kind: "ClockTick"}}, Accounts: []perp.AccountWrite{{Account: "A", Events: 5}}},
	)
	closeStore(t, s)
	s = open(t, dir)
	if got, err := s.AccountEvents(); err != nil || !reflect.DeepEqual(got, map[string]int64{"A": 5, "B": 1}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func read1(t *testing.T, s *Store, session string, epoch, from, to int64) (all []perp.WireMessage) {
	t.Helper()
	err := s.Messages(session, epoch, from, to, func(m perp.WireMessage) error { all = append(all, m); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestMessages(t *testing.T) {
	s := open(t, t.TempDir())
	w := perp.SessionWrite{Session: "A", Epoch: 1, InSeq: 1, OutSeq: 2000}
	for seq := int64(2); seq < 3*slice; seq += 2 { // Odd numbers were not stored.
		w.Messages = append(w.Messages, perp.WireMessage{Seq: seq, Bytes: fmt.Append(nil, seq)})
	}
	w.Messages[0].Bytes = nil
	commit(t, s, perp.Batch{Sessions: []perp.SessionWrite{w}})
	w.Messages[0].Bytes = []byte{}
	for _, c := range []struct{ from, to int64 }{
		{1, 9999}, {0, 2}, {-5, 3}, {2, 2}, {3, 3}, {4, 2*slice + 4}, {3 * slice, 9999}, {9, 8}, {3*slice - 2, 3*slice - 2},
	} {
		var want []perp.WireMessage
		for _, m := range w.Messages {
			if m.Seq >= c.from && m.Seq <= c.to {
				want = append(want, m)
			}
		}
		if got := read1(t, s, "A", 1, c.from, c.to); len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%d to %d: %d messages, want %d", c.from, c.to, len(got), len(want))
		}
	}
	if got := append(read1(t, s, "A", 2, 1, 9999), read1(t, s, "B", 1, 1, 9999)...); len(got) > 0 {
		t.Errorf("others have %v", got)
	}
	stop, n := errors.New("stop"), 0
	if err := s.Messages("A", 1, 1, 9999, func(perp.WireMessage) error { n++; return stop }); err != stop || n != 1 {
		t.Errorf("%d messages after the caller said stop: %v", n, err)
	}
	commit(t, s, perp.Batch{Sessions: []perp.SessionWrite{{Session: "B", Epoch: 3, InSeq: 1, OutSeq: 2, Messages: []perp.WireMessage{{Seq: 1, Bytes: []byte("last")}}}}})
	want := append(w.Messages, perp.WireMessage{Seq: 1, Bytes: []byte("last")})
	var all []perp.WireMessage
	if err := s.Said(func(m perp.WireMessage) error { all = append(all, m); return nil }); err != nil || !reflect.DeepEqual(all, want) {
		t.Errorf("said: %d messages, want %d, %v", len(all), len(want), err)
	}
	if err := s.Said(func(perp.WireMessage) error { return stop }); err != stop {
		t.Errorf("said until stop: %v", err)
	}
}

func TestTrades(t *testing.T) {
	s := open(t, t.TempDir())
	if got, err := s.Trades(10); err != nil || len(got) != 0 {
		t.Errorf("%v %v", got, err)
	}
	commit(t, s, newWorld(1).batch(slice))
	for _, c := range []struct{ ask, want int }{{-1, 0}, {0, 0}, {1, 1}, {7, 7}, {9999, slice}} {
		got, err := s.Trades(c.ask)
		if err != nil || len(got) != c.want {
			t.Fatalf("asked for %d: %d (%v)", c.ask, len(got), err)
		}
		for i, f := range got {
			if want := fmt.Sprintf("E-%d", 2*slice-i); f.ExecID != want {
				t.Fatalf("fill %d is %s, want %s", i, f.ExecID, want)
			}
		}
	}
	if _, found, err := s.Order("no such order"); found || err != nil {
		t.Errorf("%v %v", found, err)
	}
}

// TestReadersAndWriter: many readers check everything while commits go on, and
// every state that they see adds up.
func TestReadersAndWriter(t *testing.T) {
	dir := t.TempDir()
	s, w := open(t, dir), newWorld(1)
	commit(t, s, w.batch(1))
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			r, err := OpenReadOnly(dir)
			if err != nil {
				t.Error(err)
				return
			}
			for rounds, more := 0, true; more || rounds < 2; rounds++ {
				agree(t, r)
				select {
				case <-done:
					more = false
				default:
				}
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	for range 60 {
		commit(t, s, w.batch(5))
	}
	close(done)
	readers.Wait()
	if s.LastSeq() != 301 {
		t.Errorf("%d commands", s.LastSeq())
	}
}

// pin begins to read and stays in the state that it sees.
func pin(t *testing.T, r *Reader) *sql.Tx {
	t.Helper()
	pinned, err := r.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := pinned.QueryRow("SELECT count(*) FROM journal").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return pinned
}

// TestPinnedReader: a reader that stays in one state lets the log grow, stops
// no commit, and once it is gone the log is emptied.
func TestPinnedReader(t *testing.T) {
	dir := t.TempDir()
	s, w := open(t, dir), newWorld(1)
	commit(t, s, w.batch(1))
	pinned := pin(t, s.Reader)
	large := func() perp.Batch {
		b := w.batch(1)
		b.Sessions[0].Messages[0].Bytes = make([]byte, 800<<10)
		return b
	}
	slowest := time.Duration(0)
	for range truncateEvery { // The 64th tries to empty it and must not wait.
		start := time.Now()
		commit(t, s, large())
		slowest = max(slowest, time.Since(start))
	}
	if size, err := s.walSize(); err != nil || size <= truncateAbove {
		t.Fatalf("the log has only %d bytes (%v): the test is blind", size, err)
	}
	if slowest > time.Second {
		t.Errorf("a commit took %s", slowest)
	}
	if err := pinned.Rollback(); err != nil {
		t.Fatal(err)
	}
	for range truncateEvery {
		commit(t, s, w.batch(1))
	}
	if size, err := s.walSize(); err != nil || size > truncateAbove {
		t.Errorf("the log has %d bytes (%v) after the reader left", size, err)
	}
}

// TestReplayStops: whoever has read enough, or falls, ends the reading ahead, so that
// the reader can be closed.
func TestReplayStops(t *testing.T) {
	dir := t.TempDir()
	s, w := open(t, dir), newWorld(1)
	commit(t, s, w.batch((readAhead+3)*slice))
	stop := errors.New("enough")
	for _, at := range []int64{1, slice, slice + 1, (readAhead + 3) * slice} {
		r, err := OpenReadOnly(dir)
		if err != nil {
			t.Fatal(err)
		}
		last := int64(0)
		if err := r.Replay(1, func(e perp.Entry) error {
			if last++; e.Seq != last {
				t.Errorf("row %d after %d", e.Seq, last-1)
			}
			if last == at {
				return stop
			}
			return nil
		}); !errors.Is(err, stop) || last != at {
			t.Errorf("at %d: %v after %d rows", at, err, last)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("a panic was lost")
				}
			}()
			_ = r.Replay(at, func(perp.Entry) error { panic("fault") })
		}()
		if n := r.db.Stats().InUse; n > 1 { // That of names is kept.
			t.Errorf("at %d: %d connections are still in use", at, n)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestOwnReaderIsCut: a reader of ours that takes too long is ended in the middle of
// a query, and while it looks at a row; then the log can be emptied.
func TestOwnReaderIsCut(t *testing.T) {
	const endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
	dir := t.TempDir()
	const small = 1 << 20
	s, err := OpenWith(dir, WALLimits{Truncate: small})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	w := newWorld(1)
	commit(t, s, w.batch(5))
	s.Reader.most = 20 * time.Millisecond
	if err := s.Reader.in(func(q querier) error { return each(q, endless, func(*sql.Rows) error { return nil }) }); err == nil ||
		!strings.Contains(err.Error(), "query took longer than 20ms") {
		t.Errorf("a query without end: %v", err)
	}
	if n := s.Cut(); n != 1 {
		t.Errorf("%d reads were cut", n)
	}
	looking, emptied, ended := make(chan bool, 10_000), make(chan bool), make(chan error)
	go func() {
		ended <- s.Reader.in(func(q querier) error {
			return each(q, "SELECT seq FROM journal", func(*sql.Rows) error {
				looking <- true
				<-emptied // The page that nobody scrolls any more.
				return nil
			})
		})
	}()
	<-looking
	for end := time.Now().Add(20 * time.Second); ; {
		for range truncateEvery {
			commit(t, s, w.batch(1))
		}
		size, err := s.walSize()
		if err != nil {
			t.Fatal(err)
		}
		if size <= small {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the reader still holds %d bytes of the log", size)
		}
	}
	close(emptied)
	if err := <-ended; err == nil {
		t.Error("the reader that sat on a row was not told that it was cut")
	}
	if n := s.Cut(); n != 2 {
		t.Errorf("%d reads were cut", n)
	}
}

// TestIdleStoreEmptiesTheLog: what a reader held back is emptied without a commit
// when it has left and nothing is committed.
func TestIdleStoreEmptiesTheLog(t *testing.T) {
	s, err := OpenWith(t.TempDir(), WALLimits{Truncate: 64 << 10, Alarm: 128 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	w := newWorld(1)
	commit(t, s, w.batch(1))
	pinned := pin(t, s.Reader)
	commit(t, s, w.batch(50))
	size, limits, err := s.WAL()
	if err != nil || size <= limits.Alarm {
		t.Fatalf("the log has only %d bytes of %d (%v): the test is blind", size, limits.Alarm, err)
	}
	s.checkpointIdle()
	if again, _ := s.walSize(); again != size {
		t.Errorf("a log that a reader needs went from %d to %d bytes", size, again)
	}
	if err := pinned.Rollback(); err != nil {
		t.Fatal(err)
	}
	s.checkpointIdle()
	if size, err = s.walSize(); err != nil || size != 0 {
		t.Errorf("the log has %d bytes (%v) after the reader left", size, err)
	}
	commit(t, s, w.batch(1)) // The store is whole.
}

func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{1, 16, 100} {
		b.Run(fmt.Sprint("entries=", n), func(b *testing.B) {
			s, w := open(b, b.TempDir()), newWorld(1)
			for b.Loop() {
				if err := s.Commit(w.batch(n)); err != nil {
					b.Fatal(err)
				}
			}
			seconds := b.Elapsed().Seconds()
			b.ReportMetric(float64(b.N)/seconds, "commits/s")
			b.ReportMetric(float64(b.N*n)/seconds, "orders/s")
		})
	}
}
