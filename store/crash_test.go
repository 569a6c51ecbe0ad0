package store

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary starts itself again as a child that does one of these to a
// data directory.
const (
	childEnv    = "BACKSTOP_STORE_CHILD" // what to do
	childDir    = "BACKSTOP_STORE_DIR"
	childPoint  = "BACKSTOP_STORE_POINT" // where to die
	childHit    = "BACKSTOP_STORE_HIT"   // at which passing of the point
	crashOrders = 3                      // orders in a batch of the child
)

// children are what a child may be told to do.
var children = map[string]func(){"open": childOpen, "commit": childCommit}

func TestMain(m *testing.M) {
	if do := children[os.Getenv(childEnv)]; do != nil {
		do()
		return
	}
	var err error
	if built, err = os.MkdirTemp("", "backstop-store-*"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(built); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// built is where what is built once for all tests goes, so that it goes with them.
var built string

// childOpen tells how opening ended.
func childOpen() {
	s, err := Open(os.Getenv(childDir))
	switch {
	case errors.Is(err, ErrLocked):
		fmt.Println("locked")
	case err != nil:
		fmt.Println(err)
	default:
		fmt.Println("opened")
		os.Exit(exitCode(s.Close()))
	}
}

func exitCode(err error) int {
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// childCommit opens a directory and commits batches, telling of each one that
// was committed, until it dies at the point it was given.
func childCommit() {
	hit, err := strconv.Atoi(os.Getenv(childHit))
	if err != nil {
		os.Exit(exitCode(err))
	}
	point := os.Getenv(childPoint)
	passing = func(name string) {
		if name == point {
			if hit--; hit == 0 {
				// Cannot be caught: nothing of this process runs after it.
				if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
					panic(err)
				}
				select {}
			}
		}
	}
	s, err := Open(os.Getenv(childDir))
	w := newWorld(7)
	for i := 1; err == nil && i <= 1000; i++ {
		if err = s.Commit(w.nth(i, crashOrders)); err == nil {
			fmt.Println("committed", i)
			if i%4 == 0 {
				err = s.SaveSnapshot(s.LastSeq(), 1, "hash", []byte("state"))
			}
		}
	}
	os.Exit(exitCode(err))
}

// child runs one and gives each line it says to said, which may kill it.
func child(t *testing.T, what, dir, point string, hit int, said func(line string, c *exec.Cmd)) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childEnv+"="+what, childDir+"="+dir, childPoint+"="+point, childHit+"="+strconv.Itoa(hit))
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		said(lines.Text(), c)
	}
	err = c.Wait()
	var exit *exec.ExitError
	if what == "commit" && (!errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL) {
		t.Fatalf("the child was not killed at %s: %v", point, err)
	}
	if what == "open" && err != nil {
		t.Fatal(err)
	}
}

// wholeBatches checks that the directory holds a number of whole batches: all
// those that were acknowledged and at most one more.
func wholeBatches(t *testing.T, dir string, acknowledged int) {
	t.Helper()
	s := open(t, dir)
	defer closeStore(t, s)
	agree(t, s.Reader)
	batches := int(s.LastSeq()) / crashOrders
	if int(s.LastSeq())%crashOrders != 0 || batches < acknowledged || batches > acknowledged+1 {
		t.Fatalf("%d commands in the journal after %d acknowledged batches of %d", s.LastSeq(), acknowledged, crashOrders)
	}
	// The twin made the same batches without dying.
	twin, w := open(t, t.TempDir()), newWorld(7)
	defer closeStore(t, twin)
	for i := range batches {
		commit(t, twin, w.nth(i+1, crashOrders))
	}
	if twin.journal != s.journal || twin.out != s.out {
		t.Fatalf("after %d batches the chains end at %d and %d, want %d and %d", batches, s.journal.last, s.out.last, twin.journal.last, twin.out.last)
	}
	if got, want := contents(s.Reader, true), contents(twin.Reader, true); got != want {
		t.Fatalf("after %d batches:\n%s\nwant:\n%s", batches, got, want)
	}
}

func TestKilledInCommit(t *testing.T) {
	points := []string{
		"begun", "entry", "journal", "orders", "client_ids", "fills", "positions", "transfers", "settlements", "marked", "posted",
		"fix_sessions", "fix_out", "worked", "committed", "snapshot",
	}
	for _, point := range points {
		// Once the first time, once in the middle, once later.
		for _, hit := range []int{2, 5, 17} {
			dir := t.TempDir()
			acknowledged := 0
			child(t, "commit", dir, point, hit, func(string, *exec.Cmd) { acknowledged++ })
			wholeBatches(t, dir, acknowledged)
		}
	}
}

// TestKilledAtAnyTime kills from outside, so also inside COMMIT itself and
// inside checkpoints.
func TestKilledAtAnyTime(t *testing.T) {
	for _, after := range []int{1, 2, 5, 11, 40, 90, 200, 333} {
		dir := t.TempDir()
		acknowledged := 0
		child(t, "commit", dir, "never", 1, func(line string, c *exec.Cmd) {
			acknowledged++
			if acknowledged == after {
				if err := c.Process.Kill(); err != nil {
					t.Error(err)
				}
			}
		})
		wholeBatches(t, dir, acknowledged)
	}
}

func TestKilledInMigration(t *testing.T) {
	all, err := steps()
	if err != nil {
		t.Fatal(err)
	}
	type death struct {
		point   string
		version int64 // that the schema must have
	}
	deaths := []death{{"begun", 0}, {"worked", 0}, {"committed", 1}}
	for _, m := range all {
		for i := range m.statements {
			deaths = append(deaths, death{fmt.Sprintf("migrate-%d-%d", m.version, i+1), m.version - 1})
		}
	}
	for _, d := range deaths {
		dir := t.TempDir()
		child(t, "commit", dir, d.point, 1, func(line string, _ *exec.Cmd) { t.Errorf("%s: said %q", d.point, line) })
		db, err := dial(filepath.Join(dir, DBName), "mode=rw", nil)
		if err != nil {
			t.Fatal(err)
		}
		found, err := readSchema(db)
		if err = errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		if some := d.version > 0; found.version != d.version || found.tables > 0 != some || found.application > 0 != some {
			t.Errorf("killed at %s: %+v", d.point, found)
		}
		s := open(t, dir)
		commit(t, s, newWorld(1).batch(1))
		closeStore(t, s)
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, newWorld(1).batch(5))
	// The first process itself must not write any more: no checkpoint later.
	s.idle.Stop()
	s.mu.Lock()
	err := s.checkpoint("PASSIVE")
	s.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"as it is", func() error { return nil }},
		{"the database was read by something else in the process", func() error {
			_, err := os.ReadFile(filepath.Join(dir, DBName))
			return err
		}},
		{"the lock file was removed", func() error { return os.Remove(filepath.Join(dir, LockName)) }},
		{"the lock file was made anew", func() error { return os.WriteFile(filepath.Join(dir, LockName), nil, 0o600) }},
	} {
		if err := c.do(); err != nil {
			t.Fatal(err)
		}
		before := tree(t, dir)
		start := time.Now()
		child(t, "open", dir, "", 0, func(line string, _ *exec.Cmd) {
			if took := time.Since(start); line != "locked" || took > time.Second {
				t.Errorf("%s: a second process %s after %s", c.name, line, took)
			}
		})
		if after := tree(t, dir); !maps.Equal(before, after) {
			t.Errorf("%s: files changed from %v to %v", c.name, before, after)
		}
		if _, err := Open(dir); !errors.Is(err, ErrLocked) {
			t.Errorf("%s: a second store in this process: %v", c.name, err)
		}
	}
	closeStore(t, s)
	child(t, "open", dir, "", 0, func(line string, _ *exec.Cmd) {
		if !strings.HasPrefix(line, "opened") {
			t.Errorf("after the first was closed: %s", line)
		}
	})
}
