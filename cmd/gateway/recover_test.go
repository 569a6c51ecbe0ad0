package main

import (
	"bytes"
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"backstop/bench"
	"backstop/engine"
	"backstop/perp"
	"backstop/store"
)

// snapshots is a store whose newest snapshot is another.
type snapshots struct {
	*store.Reader
	newest store.Snapshot
}

func (s snapshots) LatestSnapshot() (store.Snapshot, bool, error) { return s.newest, true, nil }

// TestRestore: the state is the same from a snapshot and from the whole journal; a
// snapshot of another version costs a longer replay; one that is not what was saved
// ends the start.
func TestRestore(t *testing.T) {
	dir := t.TempDir()
	w, err := bench.NewWorld(benchSetup, 1, 4)
	if err != nil {
		t.Fatal(err)
	}
	batch, end, err := w.Keep(dir, 64)
	if err == nil {
		err = errors.Join(batch(), end())
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := store.OpenReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	whole, from, err := restore(r, slog.New(slog.DiscardHandler))
	if err != nil || from != 0 || whole.Seq() == 0 {
		t.Fatalf("from the beginning: %d to %d, %v", from, whole.Seq(), err)
	}
	half := engine.New()
	if err := replay(r, half, whole.Seq()/2); err != nil {
		t.Fatal(err)
	}
	state := half.Snapshot()
	good := store.Snapshot{Seq: half.Seq(), Hash: engine.HashOf(state), State: state}
	for _, c := range []struct {
		name   string
		change func(*store.Snapshot)
		from   int64
		bad    string
	}{
		{"as it was saved", func(*store.Snapshot) {}, good.Seq, ""},
		{"of another version", func(s *store.Snapshot) { s.State = bytes.Split(state, []byte("\n"))[0] }, 0, ""},
		{"with another hash", func(s *store.Snapshot) { s.Hash = strings.Repeat("0", 64) }, 0, "state has hash"},
		{"of another command", func(s *store.Snapshot) { s.Seq++ }, 0, "state has hash"},
		{"cut short", func(s *store.Snapshot) { s.State = state[:len(state)-1] }, 0, "bytes before the end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			snap := good
			c.change(&snap)
			var log bytes.Buffer
			e, from, err := restore(snapshots{r, snap}, slog.New(slog.NewTextHandler(&log, nil)))
			if c.bad != "" {
				if err == nil || !strings.Contains(err.Error(), c.bad) {
					t.Errorf("restored with %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"snapshot", "journal", "took", "read", "restore", "replay"} {
				line := log.String()[strings.Index(log.String(), `"state restored"`):]
				if n := strings.Count(line, " "+key+"="); n != 1 {
					t.Errorf("%s is there %d times in %s", key, n, line)
				}
			}
			if from != c.from || e.StateHash() != whole.StateHash() {
				t.Errorf("from %d, want %d; the same state: %t", from, c.from, e.StateHash() == whole.StateHash())
			}
		})
	}
}

// TestStartSavesTheState: before anybody is served, the state is saved only where the next
// start would have to replay more than one ever does.
func TestStartSavesTheState(t *testing.T) {
	for _, c := range []struct {
		commands int
		saved    bool
	}{{snapshotEvery + 100, false}, {snapshotMost + 100, true}} {
		t.Run(strconv.Itoa(c.commands), func(t *testing.T) {
			cfg := defaultConfig(t)
			inputs := configuration(cfg)
			for range c.commands {
				inputs = append(inputs, perp.Input{Command: perp.ClockTick{}, Source: "clock"})
			}
			before := perp.Time(time.Now().UnixNano())
			s, err := store.Open(cfg.Server.DataDir)
			if err != nil {
				t.Fatal(err)
			}
			entries := engine.NewSequencer(engine.New()).Step(inputs, before)
			if err := errors.Join(s.Commit(perp.Batch{Entries: entries, Time: before}), s.Close()); err != nil {
				t.Fatal(err)
			}
			var log lockedBuffer
			startOn(t, cfg, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
			early, _, done := strings.Cut(log.String(), "msg=started")
			if saved := strings.Contains(early, "snapshot saved"); saved != c.saved || !done {
				t.Errorf("saved: %t, want %t\n%s", saved, c.saved, log.String())
			}
		})
	}
}

// TestDamagedHistoryHaltsTheVenue: what the start of a large database leaves out is
// found beside the running gateway, which then stops dealing, again after each check.
func TestDamagedHistoryHaltsTheVenue(t *testing.T) {
	var log lockedBuffer
	a := startDefault(t, slog.New(slog.NewTextHandler(&log, nil)))
	a.scrub(t.Context(), time.Minute)
	if b := a.books.state(); b.Differences != 0 || !strings.Contains(log.String(), "history checked") {
		t.Fatalf("of a good history: %+v, %s", b, log.String())
	}
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(a.cfg.Server.DataDir, store.DBName)+"?_busy_timeout=2000")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("DROP TRIGGER journal_no_update; UPDATE journal SET source = 'nobody' WHERE seq = 1"); err != nil {
		t.Fatal(err)
	}
	a.scrub(t.Context(), time.Minute)
	waitUntil(t, func() bool { return modeOf(t, a) == "halted" })
	if b := a.books.state(); b.Differences != 1 || !strings.Contains(b.First, "journal row 1") {
		t.Errorf("books are %+v", b)
	}
	symbol := a.cfg.Specs()[0].Instrument.Symbol
	a.loop.inbox.put(perp.Input{Source: "operator", Command: perp.SetMarket{Operator: perp.Operator{Key: "too early", By: "desk"}, Symbol: symbol}})
	waitUntil(t, func() bool { return modeOf(t, a) == "normal" })
	a.checkBooks()
	waitUntil(t, func() bool { return modeOf(t, a) == "halted" })
}
