package main

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"backstop/bench"
	"backstop/engine"
	"backstop/perp"
	"backstop/store"
)

// BenchmarkEngine is P4 of docs/bench.md: the engine alone, with ten markets.
func BenchmarkEngine(b *testing.B) {
	for name, next := range map[string]func(*bench.World, int) []perp.Command{"order": (*bench.World).Orders, "tick": (*bench.World).Ticks} {
		b.Run(name, func(b *testing.B) {
			w, err := bench.NewWorld(benchSetup, 10, 8)
			if err != nil {
				b.Fatal(err)
			}
			commands := next(w, b.N)
			b.ReportAllocs()
			b.ResetTimer()
			w.Apply(commands)
		})
	}
}

// BenchmarkGrowth is an order in the engine with more accounts and markets (P6).
func BenchmarkGrowth(b *testing.B) {
	for _, size := range []struct{ markets, accounts int }{{1, 10}, {1, 1_000}, {1, 10_000}, {10, 10}, {64, 10}} {
		b.Run("markets="+strconv.Itoa(size.markets)+"/accounts="+strconv.Itoa(size.accounts), func(b *testing.B) {
			w, err := bench.NewWorld(benchSetup, size.markets, size.accounts)
			if err == nil {
				err = w.Warm(b.Context())
			}
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for left := b.N; left > 0; left -= 1_000 {
				b.StopTimer()
				w.Settle()
				commands := w.Orders(min(left, 1_000))
				b.StartTimer()
				w.Apply(commands)
			}
		})
	}
}

// TestWarmWorldDeals: what P4 and P6 measure is orders that fill, also when every
// account has a past.
func TestWarmWorldDeals(t *testing.T) {
	for _, size := range []struct{ markets, accounts int }{{1, 10}, {10, 8}, {1, 1_000}} {
		w, err := bench.NewWorld(benchSetup, size.markets, size.accounts)
		if err == nil {
			err = w.Warm(t.Context())
		}
		if err != nil {
			t.Errorf("%+v: %v", size, err)
		}
	}
}

// BenchmarkStored is a batch of orders in the engine and the store, with two reports
// each: what is durable of P1 to P3. ns/op is of an order.
func BenchmarkStored(b *testing.B) {
	for _, n := range []int{1, 16, 128} {
		b.Run("batch="+strconv.Itoa(n), func(b *testing.B) {
			w, err := bench.NewWorld(benchSetup, 1, 8)
			if err != nil {
				b.Fatal(err)
			}
			batch, end, err := w.Keep(b.TempDir(), n)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			var before, after syscall.Rusage
			if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
				b.Fatal(err)
			}
			for done := 0; done < b.N; done += n {
				if err := batch(); err != nil {
					b.Fatal(err)
				}
			}
			if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			spent := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
			b.ReportMetric(float64(spent)/1000/float64(b.N), "cpu-µs/order")
			if err := end(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkReplay is a start without a snapshot (P8). ns/op is of a command.
func BenchmarkReplay(b *testing.B) {
	dir := b.TempDir()
	w, err := bench.NewWorld(benchSetup, 1, 8)
	if err != nil {
		b.Fatal(err)
	}
	_, end, err := w.Keep(dir, 64)
	if err == nil {
		err = end()
	}
	if err != nil {
		b.Fatal(err)
	}
	r, err := store.OpenReadOnly(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	b.ReportAllocs()
	b.ResetTimer()
	for done := int64(0); done < int64(b.N); {
		e, _, err := restore(r, slog.New(slog.DiscardHandler))
		if err != nil {
			b.Fatal(err)
		}
		done += e.Seq()
	}
}

// TestMadeHistory: the journal that P8 starts on leaves no more to do than a gateway's own.
// Every order in it was filled and is forgotten in time, it ends before now, and the
// first price after it is followed by a look at the orders of the last minute, not at all.
func TestMadeHistory(t *testing.T) {
	const rows, lastMinute = 6_000, 600 + 64
	dir, err := bench.History(t.Context(), benchSetup, t.TempDir(), rows, 2_000)
	if err != nil {
		t.Fatal(err)
	}
	r, err := store.OpenReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	e, snapped, err := restore(r, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if snapped < rows-2_000-100 || snapped > rows-2_000+100 || e.Overfull() {
		t.Errorf("the snapshot is of row %d of %d; too many orders in mind: %v", snapped, e.Seq(), e.Overfull())
	}
	var last perp.Entry
	orders, unfilled := 0, 0
	err = replayWith(r, engine.New(), func(perp.Entry) bool { return true }, func(entry perp.Entry) {
		last = entry
		if _, is := entry.Command.(perp.PlaceOrder); is {
			orders++
			if !slices.ContainsFunc(entry.Events, func(ev perp.Event) bool { _, is := ev.(perp.Filled); return is }) {
				unfilled++
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if orders < rows*4/5 || unfilled > 0 {
		t.Errorf("%d orders in %d rows, %d of them not filled", orders, last.Seq, unfilled)
	}
	now := perp.Time(time.Now().UnixNano())
	if last.Time >= now {
		t.Errorf("the history ends at %d, after now, %d", last.Time, now)
	}
	tick := perp.OracleTick{Symbol: "BTC-PERP", Price: 60_000 * perp.PriceOne, Confidence: perp.PriceOne, Publish: now, Receive: now, Sources: 3}
	looked, quoted := 0, false
	for _, ev := range e.Apply(tick, e.Seq()+1, now) {
		switch ev.(type) {
		case perp.MarkedOut:
			looked++
		case perp.QuoteChanged:
			quoted = true
		}
	}
	if looked > 4*lastMinute || !quoted {
		t.Errorf("the first price was followed by %d looks at orders; quoted: %v", looked, quoted)
	}
}

// TestBenchInterrupted: whoever stops the stopwatch, kindly or not, finds no child
// of it afterwards; after a kind stop no file either.
func TestBenchInterrupted(t *testing.T) {
	for _, with := range []os.Signal{os.Interrupt, os.Kill} {
		t.Run(with.String(), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), readyMax)
			defer cancel()
			tmp := t.TempDir()
			program, err := exec.LookPath("gateway") // TestMain has put it there.
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(ctx, program, "bench", "--short", "--only", "P3")
			cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			children := childrenOf(ctx, t, cmd.Process.Pid)
			if err := cmd.Process.Signal(with); err != nil {
				t.Fatal(err)
			}
			err = cmd.Wait()
			if with == os.Interrupt && cmd.ProcessState.ExitCode() != 130 {
				t.Errorf("ended with %v", err)
			}
			for _, pid := range children {
				gone(ctx, t, pid)
			}
			left, err := filepath.Glob(filepath.Join(tmp, "gateway-bench-*"))
			if with == os.Interrupt && (err != nil || len(left) > 0) {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// childrenOf waits until a process has two children and returns them.
func childrenOf(ctx context.Context, t *testing.T, pid int) (all []int) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for len(all) < 2 {
		select {
		case <-ctx.Done():
			t.Fatal("no children were started")
		case <-look.C:
		}
		all = all[:0]
		files, err := filepath.Glob("/proc/[0-9]*/stat")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				continue // One that ended meanwhile.
			}
			_, rest, _ := strings.Cut(string(b), ") ")
			if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
				n, err := strconv.Atoi(filepath.Base(filepath.Dir(f)))
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, n)
			}
		}
	}
	return all
}

// gone waits until a process has ended.
func gone(ctx context.Context, t *testing.T, pid int) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for !ended(pid) {
		select {
		case <-ctx.Done():
			t.Fatalf("process %d is still there", pid)
		case <-look.C:
		}
	}
}

// ended tells whether a process is gone, or dead and only not yet collected.
func ended(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(b), ") Z ")
}
