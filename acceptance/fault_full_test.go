//go:build faults

package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// namespaceEnv tells a test that it runs again where it may mount.
const namespaceEnv = "BACKSTOP_TEST_NAMESPACE"

// spaceMax is how long after there is room again the gateway may take to be back.
const spaceMax = 5 * time.Second

// smallDisk mounts a disk of a few MB. Who may not mount runs the test again in a
// namespace of its own; where that is not allowed either, the limit on the size of
// files in TestFailedCommitEndsTheProcess has to do. It answers false if the test
// has run, and passed, over there.
func smallDisk(t *testing.T, size string) (dir string, here bool) {
	t.Helper()
	dir = t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size)
	if err == nil {
		t.Cleanup(func() {
			if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
		return dir, true
	}
	if os.Getenv(namespaceEnv) == "" {
		again := exec.CommandContext(t.Context(), "unshare", "-rm", os.Args[0], "-test.v", "-test.run", "^"+t.Name()+"$")
		again.Env = append(os.Environ(), namespaceEnv+"=1")
		out, err := again.CombinedOutput()
		if !strings.Contains(string(out), "unshare failed") {
			t.Logf("in a namespace:\n%s", out)
			if err != nil {
				t.Fatal(err)
			}
			return "", false
		}
	}
	if os.Getenv("BACKSTOP_REQUIRE") != "" {
		t.Fatalf("no disk can be mounted: %v", err)
	}
	t.Skipf("no disk can be mounted: %v", err)
	return "", false
}

// TestFaultDiskFull (A10): the disk fills up while clients trade. The gateway ends
// with 70 and does not start as long as there is no room; what is stored can be
// read; with room again it is back by itself, and answers what was open.
func TestFaultDiskFull(t *testing.T) {
	disk, here := smallDisk(t, "4m")
	if !here {
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	w := newFaultWorld(t, mutant{}, 3, 1<<30)
	w.dir = filepath.Join(disk, "data")
	w.args = append(w.args, "--data-dir", w.dir)
	// It may need some lives: with a smaller write-ahead log there is room again.
	ended := 0
	for e := w.diskLife(ctx); e.code == 70 && len(w.problems) == 0; e = w.diskLife(ctx) {
		if ended++; ended == 3 {
			break
		}
	}
	if ended == 0 {
		t.Fatalf("a full disk ended nothing; %v", w.problems)
	}
	fillUp(t, filepath.Join(disk, "filler"))
	_, talk, code, err := Run(ctx, w.args...)
	if err != nil || code != 70 || !strings.Contains(talk, "hint: check the disk") {
		t.Errorf("a start on a full disk: exit %d, %v\n%s", code, err, talk)
	}
	for _, read := range [][]string{{"ledger", "verify"}, {"journal", "verify"}, {"db", "check"}, {"account", "list"}} {
		if out, talk, code, err := Run(ctx, append(read, "--data-dir", w.dir)...); err != nil || code != 0 {
			t.Errorf("%v on a full disk: exit %d, %v\n%s%s", read, code, err, out, talk)
		}
	}
	w.dead()
	fillUp(t, filepath.Join(disk, "filler2")) // Who ended the last to read may have emptied the write-ahead log.
	// A supervisor starts it again and again; then there is room.
	back := make(chan time.Time, 1)
	go func() {
		for ctx.Err() == nil {
			if g, err := StartBinary(ctx, w.bin, nil, w.log, w.args...); err == nil {
				back <- time.Now()
				g.Kill()
				return
			}
			pause(ctx, 100*time.Millisecond)
		}
	}()
	pause(ctx, 500*time.Millisecond)
	if len(back) > 0 {
		t.Error("it started on a full disk")
	}
	room := time.Now()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=256m"); err != nil {
		t.Fatal(err)
	}
	select {
	case at := <-back:
		t.Logf("ended %d times; back %v after there was room", ended, at.Sub(room).Round(time.Millisecond))
		if at.Sub(room) > spaceMax {
			t.Errorf("back only after %v", at.Sub(room))
		}
	case <-ctx.Done():
		t.Fatal("never back")
	}
	for _, c := range w.clients {
		c.mu.Lock()
		c.total = len(c.sent) + 1000 // Many were sent before there was a price.
		c.mu.Unlock()
	}
	w.settle(ctx)
	w.report(t)
}

// fillUp takes every byte that is left.
func fillUp(t *testing.T, file string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestFaultBackup (A13): backups are made while clients trade. A restored one
// verifies and is, to the last command in it, what the original was.
func TestFaultBackup(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	w := newFaultWorld(t, mutant{}, 4, 1<<30)
	g, err := StartBinary(ctx, w.bin, nil, w.log, w.args...)
	if err != nil {
		t.Fatal(err)
	}
	talks, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, len(w.clients))
	for _, c := range w.clients {
		go func() { done <- c.talk(talks, g.FIX) }()
	}
	pause(ctx, time.Second) // a measuring time, not a wait for something
	alone := commits(ctx, t, g)
	pause(ctx, 2*time.Second)
	alone, began := commits(ctx, t, g).less(alone), commits(ctx, t, g)
	sent, since := w.sent(), time.Now()
	var copies []string
	for i := range 2 {
		to := filepath.Join(t.TempDir(), fmt.Sprintf("copy-%d.db", i))
		if out, talk, code, err := Run(ctx, "db", "backup", "--data-dir", w.dir, "--to", to); err != nil || code != 0 {
			t.Fatalf("backup: exit %d, %v\n%s%s", code, err, out, talk)
		}
		copies = append(copies, to)
	}
	beside := commits(ctx, t, g).less(began)
	rate := float64(w.sent()-sent) / time.Since(since).Seconds()
	t.Logf("commit p99 below %v without and %v with a backup beside it, at %.0f orders a second", alone.p99(), beside.p99(), rate)
	w.ended(g, stop, done)
	for _, from := range copies {
		dir := filepath.Join(t.TempDir(), "restored")
		if out, talk, code, err := Run(ctx, "db", "restore", "--from", from, "--data-dir", dir); err != nil || code != 0 {
			t.Fatalf("restore: exit %d, %v\n%s%s", code, err, out, talk)
		}
		same(ctx, t, w.dir, dir)
	}
	w.close(ctx)
	w.report(t)
}

func (w *faultWorld) sent() (n int) {
	for _, c := range w.clients {
		c.mu.Lock()
		n += len(c.sent)
		c.mu.Unlock()
	}
	return n
}

// ended kills a gateway and waits for its clients.
func (w *faultWorld) ended(g *Gateway, stop func(), done chan error) {
	g.Kill()
	for range w.clients {
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			w.problem("%v", err)
		}
	}
	stop()
	w.dead()
}

// same checks that a restored directory replays to one state, and that its journal
// is the beginning of the original's: of a hash chain, one row says that of all.
func same(ctx context.Context, t *testing.T, original, restored string) {
	t.Helper()
	out, talk, code, err := Run(ctx, "journal", "verify", "--json", "--data-dir", restored)
	var said struct {
		Commands int64  `json:"commands"`
		Genesis  string `json:"hash_genesis"`
		Snapshot string `json:"hash_snapshot"`
	}
	if jerr := json.Unmarshal([]byte(out), &said); err != nil || code != 0 || jerr != nil || said.Genesis == "" || said.Genesis != said.Snapshot {
		t.Fatalf("restored: exit %d, %v, %v\n%s%s", code, err, jerr, out, talk)
	}
	rows := make([]string, 2)
	for i, dir := range []string{original, restored} {
		db, err := (&faultWorld{dir: dir}).open()
		if err != nil {
			t.Fatal(err)
		}
		err = db.QueryRow("SELECT hex(h) FROM journal WHERE seq = ?", said.Commands).Scan(&rows[i])
		if err = errors.Join(err, db.Close()); err != nil {
			t.Fatalf("row %d: %v", said.Commands, err)
		}
	}
	if rows[0] != rows[1] {
		t.Errorf("row %d is %s, restored as %s", said.Commands, rows[0], rows[1])
	}
}

// histogram is how many commits took up to so many seconds.
type histogram map[float64]float64

func commits(ctx context.Context, t *testing.T, g *Gateway) histogram {
	t.Helper()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+g.HTTP+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(r.Body)
	if err = errors.Join(err, r.Body.Close()); err != nil {
		t.Fatal(err)
	}
	h := histogram{}
	for line := range strings.Lines(string(page)) {
		var le, n float64
		if _, err := fmt.Sscanf(line, `gateway_store_commit_duration_seconds_bucket{le="%g"} %g`, &le, &n); err == nil {
			h[le] = n
		}
	}
	if len(h) < 5 {
		t.Fatalf("no commits are told:\n%s", page)
	}
	return h
}

func (h histogram) less(old histogram) histogram {
	d := histogram{}
	for le, n := range h {
		d[le] = n - old[le]
	}
	return d
}

// p99 is the bound of the bucket in which 99 of 100 are.
func (h histogram) p99() time.Duration {
	all := 0.0
	for _, n := range h {
		all = max(all, n)
	}
	least := 1e9
	for le, n := range h {
		if n >= 0.99*all {
			least = min(least, le)
		}
	}
	return time.Duration(least * float64(time.Second))
}
