package acceptance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// demoArgs are the arguments of a demo on free ports that keeps its data.
func demoArgs(dir string) []string {
	return []string{"demo", "--quiet", "--fix", "127.0.0.1:0", "--http", "127.0.0.1:0", "--dir", dir}
}

// answers are the execution reports of a client by ExecID and by ClOrdID.
type answers struct {
	byExec  map[string]Fields
	fills   map[string]int    // by ClOrdID
	first   map[string]int    // 150=0 or 150=8 by ClOrdID
	held    map[string]Fields // 150=A by ClOrdID
	refused map[string]Fields // 150=8 by ClOrdID
}

func newAnswers() *answers {
	return &answers{
		byExec: map[string]Fields{}, fills: map[string]int{}, first: map[string]int{}, held: map[string]Fields{}, refused: map[string]Fields{},
	}
}

func (a *answers) take(f Fields) error {
	if f.Get(35) != "8" {
		return nil
	}
	if old, seen := a.byExec[f.Get(17)]; seen {
		if old.Get(11) != f.Get(11) || old.Get(150) != f.Get(150) {
			return fmt.Errorf("ExecID %s was %s, is %s", f.Get(17), old, f)
		}
		return nil // The same report again, as a resend may be.
	}
	a.byExec[f.Get(17)] = f
	id := f.Get(11)
	switch f.Get(150) {
	case "A":
		if a.first[id] > 0 || a.held[id] != nil {
			return fmt.Errorf("held after a report: %s", f)
		}
		a.held[id] = f
	case "F":
		a.fills[id]++
		if a.first[id] != 1 {
			return fmt.Errorf("a fill before 150=0: %s", f)
		}
	case "8":
		a.refused[id] = f
		a.first[id]++
	case "0":
		a.first[id]++
	}
	return nil
}

// restarted tells whether an order was held when the gateway died, and refused
// for that when it came back.
func (a *answers) restarted(id string) bool {
	f := a.refused[id]
	return f != nil && a.held[id] != nil && f.Get(39) == "8" && f.Get(103) == "99" &&
		strings.HasPrefix(f.Get(58), "LAST_LOOK_VALIDITY C-1 restart ")
}

// TestKilledGatewayLosesNothing: the gateway dies in the middle of a burst of
// orders, twice. After each restart the client logs on with its numbers as they
// were; in the end each order was answered once, and filled once unless it was
// held when the gateway died, and the books know it.
func TestKilledGatewayLosesNothing(t *testing.T) {
	t.Parallel()
	const orders, kills = 300, 2
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	args, dir := lastingVenue(t, Venue{}) // without a limit of orders a second
	c := NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")
	got := newAnswers()
	sent := 0
	for round := range kills + 1 {
		g := startGateway(t, args...)
		if _, err := c.Logon(ctx, g.FIX); err != nil {
			t.Fatal(err)
		}
		waitForQuotes(ctx, t, c, fmt.Sprintf("MD%d", round), got)
		for range orders {
			side := 1 + sent%2
			err := c.Send("D", fmt.Sprintf("11=K-%d", sent), "55=BTC-PERP", fmt.Sprintf("54=%d", side), "60="+Now(), "38=0.001", "40=1", "59=3")
			if err != nil {
				t.Fatal(err)
			}
			sent++
		}
		if round < kills {
			// Some answers have come, some have not.
			readUntil(ctx, t, c, got, func() bool { return len(got.first) > sent-orders/2 })
			g.Kill()
			readToEnd(ctx, t, c, got)
			continue
		}
		readUntil(ctx, t, c, got, func() bool { return len(got.first) == sent && len(got.fills)+len(got.refused) == sent })
		if err := c.Logout(ctx); err != nil {
			t.Error(err)
		}
		verify(ctx, t, g, dir)
	}
	for id, n := range got.first {
		if f := got.refused[id]; n != 1 || f == nil && got.fills[id] != 1 || f != nil && (!got.restarted(id) || got.fills[id] > 0) {
			t.Errorf("%s was answered %d times and filled %d times: %s", id, n, got.fills[id], f)
		}
	}
	t.Logf("%d orders, %d held, %d refused because they were held when the gateway died", sent, len(got.held), len(got.refused))
}

// waitForQuotes waits until the market quotes on both sides.
func waitForQuotes(ctx context.Context, t *testing.T, c *Client, id string, got *answers) {
	t.Helper()
	if err := c.Send("V", bestOf(id, "BTC-PERP", snapshots)...); err != nil {
		t.Fatal(err)
	}
	quoting := false
	readEach(ctx, t, c, got, func(f Fields) bool {
		quoting = f.Get(35) == "W" && len(f.All(299)) == 2
		return quoting
	})
	if err := c.Send("V", "262="+id, "263=2", "264=1", "267=2", "269=0", "269=1"); err != nil {
		t.Fatal(err)
	}
}

func readEach(ctx context.Context, t *testing.T, c *Client, got *answers, done func(Fields) bool) {
	t.Helper()
	for {
		f, err := c.Next(ctx)
		if err == nil {
			err = got.take(f)
		}
		if err != nil {
			t.Fatalf("%v; %d answered, %d filled", err, len(got.first), len(got.fills))
		}
		if done(f) {
			return
		}
	}
}

func readUntil(ctx context.Context, t *testing.T, c *Client, got *answers, done func() bool) {
	t.Helper()
	if !done() {
		readEach(ctx, t, c, got, func(Fields) bool { return done() })
	}
}

// readToEnd reads what had arrived before the connection broke.
func readToEnd(ctx context.Context, t *testing.T, c *Client, got *answers) {
	t.Helper()
	for {
		f, err := c.Next(ctx)
		if errors.Is(err, io.EOF) || err != nil && strings.Contains(err.Error(), "EOF") {
			return
		}
		if err == nil {
			err = got.take(f)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestFailedCommitEndsTheProcess: when the disk takes no more, the gateway ends
// with 70 instead of saying something that it cannot keep; with room again it
// goes on from what it had kept.
func TestFailedCommitEndsTheProcess(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := filepath.Join(t.TempDir(), "data")
	first := startGateway(t, demoArgs(dir)...)
	if code, err := first.Stop(); err != nil || code != 0 {
		t.Fatalf("first run ended with %d, %v", code, err)
	}
	bin, err := Build()
	if err != nil {
		t.Fatal(err)
	}
	// The limit on the size of a file stands in for a full disk: the database has
	// reached it within seconds.
	db, err := os.Stat(filepath.Join(dir, "gateway.db"))
	if err != nil {
		t.Fatal(err)
	}
	limit := fmt.Sprintf(`ulimit -f %d; exec "$0" "$@"`, db.Size()/1024+50)
	cmd := exec.CommandContext(ctx, "bash", append([]string{"-c", limit, bin}, demoArgs(dir)...)...)
	var talk strings.Builder
	cmd.Stderr, cmd.Stdout = &talk, io.Discard
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 70 {
		t.Fatalf("ended with %v, want exit code 70\n%s", err, talk.String())
	}
	g := startGateway(t, demoArgs(dir)...)
	verify(ctx, t, g, dir)
}

// TestSecondGatewayIsRefused: two processes never write one data directory, also
// if somebody took the lock file away or put a copy in its place.
func TestSecondGatewayIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	g := startGateway(t, demoArgs(dir)...)
	lock := filepath.Join(dir, "gateway.db.lock")
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"as it is", func() error { return nil }},
		{"a copy in place of the lock file", func() error {
			b, err := os.ReadFile(lock)
			return errors.Join(err, os.WriteFile(lock+".copy", b, 0o600), os.Rename(lock+".copy", lock))
		}},
		{"no lock file", func() error { return os.Remove(lock) }},
	} {
		if err := c.do(); err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, talk, code, err := Run(t.Context(), demoArgs(dir)...)
		if took := time.Since(began); err != nil || code != 75 || !strings.Contains(talk, "hint:") || took > lockedMax {
			t.Errorf("%s: exit %d after %v, %v\n%s", c.name, code, took, err, talk)
		}
		after, err := os.ReadDir(dir)
		if err != nil || len(before) != len(after) {
			t.Errorf("%s: %d files, then %d, %v", c.name, len(before), len(after), err)
		}
		if g.Ended() {
			t.Errorf("%s: the first gateway ended", c.name)
		}
	}
}

// lockedMax is how long a second gateway may take to say so.
const lockedMax = time.Second
