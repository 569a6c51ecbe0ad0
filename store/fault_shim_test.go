//go:build faults

package store

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The sizes of the runs in CI; docs/faults.md has the long ones.
var (
	faultWrites = flag.Int("fault.writes", 300, "writes and syncs, at each of which a child dies or fails")
	faultEvery  = flag.Int("fault.every", 6, "of those, each how-manieth is tried")
	faultImages = flag.Int("fault.images", 400, "images of a power cut")
)

// shim is the library between SQLite and its files.
var shim = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "backstop-shim-*")
	if err != nil {
		return "", err
	}
	so := filepath.Join(dir, "shim.so")
	out, err := exec.Command("gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", so, "../acceptance/shim/shim.c", "-ldl", "-lpthread").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("gcc: %w\n%s", err, out)
	}
	return so, nil
})

// shimmed runs a child that commits batches, with the shim in between. It returns
// the lines that the child said and how it ended.
func shimmed(t *testing.T, dir string, batches int, env ...string) (said []string, state *os.ProcessState) {
	t.Helper()
	so, err := shim()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, os.Args[0])
	c.Env = append(os.Environ(), childEnv+"=shim", childDir+"="+dir, childHit+"="+strconv.Itoa(batches), "LD_PRELOAD="+so, "SHIM_MATCH="+DBName)
	c.Env = append(c.Env, env...)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said = append(said, lines.Text())
	}
	if err := c.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return said, c.ProcessState
}

func init() {
	children["shim"] = func() {
		batches, err := strconv.Atoi(os.Getenv(childHit))
		var s *Store
		if err == nil {
			s, err = Open(os.Getenv(childDir))
		}
		if err == nil && os.Getenv("SHIM_NORMAL") != "" {
			err = s.exec("PRAGMA synchronous = NORMAL") // the mutant
		}
		w := newWorld(7)
		for i := 1; err == nil && i <= batches; i++ {
			if err = s.Commit(w.nth(i, crashOrders)); err == nil {
				fmt.Println("committed", i, operations())
			}
		}
		if err != nil {
			fmt.Println("failed", err)
			os.Exit(exitCommit)
		}
		os.Exit(0) // Without Close: nothing is checkpointed.
	}
}

// exitCommit is what a gateway ends with when a commit failed.
const exitCommit = 70

// operations is how many writes and syncs the shim has counted.
func operations() uint64 {
	b, err := os.ReadFile(os.Getenv("SHIM_COUNT"))
	if err != nil || len(b) < 8 {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

func committed(said []string) (n int) {
	for _, line := range said {
		if strings.HasPrefix(line, "committed ") {
			n++
		}
	}
	return n
}

// TestFaultKillAtWrite (A3): a process that dies at its n-th write or sync leaves
// whole batches, all that it told of among them.
func TestFaultKillAtWrite(t *testing.T) {
	tried, died := 0, 0
	for n := 1; n <= *faultWrites; n += *faultEvery {
		dir := t.TempDir()
		said, state := shimmed(t, dir, 40, "SHIM_AT="+strconv.Itoa(n), "SHIM_DO=kill")
		tried++
		if ws := state.Sys().(syscall.WaitStatus); ws.Signaled() && ws.Signal() == syscall.SIGKILL {
			died++
		}
		wholeBatches(t, dir, committed(said))
	}
	t.Logf("%d writes and syncs tried, died at %d", tried, died)
	if died < tried*9/10 {
		t.Errorf("the shim came to pass only %d times of %d", died, tried)
	}
}

// TestFaultWriteFails (A4): an error of the disk, once or for good, ends the
// process, and what it told of is there.
func TestFaultWriteFails(t *testing.T) {
	for _, fault := range []string{"eio", "enospc"} {
		for _, sticky := range []bool{false, true} {
			failed, tried := 0, 0
			for n := 1; n <= *faultWrites; n += 2 * *faultEvery {
				dir := t.TempDir()
				env := []string{"SHIM_AT=" + strconv.Itoa(n), "SHIM_DO=" + fault}
				if sticky {
					env = append(env, "SHIM_STICKY=1")
				}
				said, state := shimmed(t, dir, 40, env...)
				tried++
				if state.ExitCode() == exitCommit {
					failed++
				} else if state.ExitCode() != 0 {
					t.Errorf("%s at %d: %v, %q", fault, n, state, said)
				}
				wholeBatches(t, dir, committed(said))
			}
			t.Logf("%s, sticky %v: %d tried, %d ended the process; the others were in work that may be done later", fault, sticky, tried, failed)
			if failed == 0 {
				t.Errorf("%s never ended the process", fault)
			}
		}
	}
}

// operation is one record of the shim's trace.
type operation struct {
	kind   byte // w write, s sync, t truncate, d remove
	path   string
	offset int64
	bytes  []byte
}

func readTrace(t *testing.T, file string) (all []operation) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := bufio.NewReader(f)
	for {
		var head struct {
			Kind           byte
			_              [3]byte
			Path           uint32
			Offset, Length int64
		}
		if err := binary.Read(r, binary.LittleEndian, &head); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		path := make([]byte, head.Path)
		var bytes []byte
		if head.Kind == 'w' {
			bytes = make([]byte, head.Length)
		}
		for _, b := range [][]byte{path, bytes} {
			if _, err := io.ReadFull(r, b); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, operation{head.Kind, string(path), head.Offset, bytes})
	}
}

// image is what a disk holds: what was synced, and writes that may be lost.
type image struct {
	synced map[string][]byte
	loose  map[string][]operation
}

func apply(b []byte, o operation) []byte {
	if o.kind == 't' {
		if int64(len(b)) > o.offset {
			return b[:o.offset]
		}
		return append(b, make([]byte, o.offset-int64(len(b)))...)
	}
	if need := o.offset + int64(len(o.bytes)); int64(len(b)) < need {
		b = append(b, make([]byte, need-int64(len(b)))...)
	}
	copy(b[o.offset:], o.bytes)
	return b
}

func (m *image) take(o operation) {
	if o.kind == 'd' { // SQLite syncs the directory right after it.
		delete(m.synced, o.path)
		delete(m.loose, o.path)
		return
	}
	if o.kind != 's' {
		m.loose[o.path] = append(m.loose[o.path], o)
		return
	}
	for _, l := range m.loose[o.path] {
		m.synced[o.path] = apply(m.synced[o.path], l)
	}
	m.loose[o.path] = nil
}

// powerCut writes what is left of the files to a directory: all that was synced,
// and of the rest nothing, some, or some with a write torn at a sector.
func (m *image) powerCut(t *testing.T, dir string, random *rand.Rand) {
	t.Helper()
	const sector = 512
	kept := random.IntN(3)
	for _, path := range slices.Sorted(maps.Keys(m.everything())) {
		b := slices.Clone(m.synced[path])
		for _, o := range m.loose[path] {
			if kept == 0 || random.IntN(2) == 0 {
				continue
			}
			if kept == 2 && o.kind == 'w' && random.IntN(4) == 0 && len(o.bytes) > sector {
				o.bytes = o.bytes[:sector*random.IntN(len(o.bytes)/sector)]
			}
			b = apply(b, o)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (m *image) everything() map[string]bool {
	all := map[string]bool{}
	for p := range m.synced {
		all[p] = true
	}
	for p := range m.loose {
		all[p] = true
	}
	for p := range all {
		if strings.HasSuffix(p, "-shm") {
			delete(all, p) // made again from the log
		}
	}
	return all
}

// cuts makes images of a run and returns how many lost an acknowledged batch and
// how many are damaged.
func cuts(t *testing.T, images int, env ...string) (lost, damaged int) {
	t.Helper()
	dir, tmp := t.TempDir(), t.TempDir()
	trace := filepath.Join(tmp, "trace")
	said, state := shimmed(t, dir, 150, append(env, "SHIM_TRACE="+trace, "SHIM_COUNT="+filepath.Join(tmp, "count"))...)
	if state.ExitCode() != 0 {
		t.Fatalf("the child ended with %v: %q", state, said)
	}
	ops := readTrace(t, trace)
	var told []int // operations that were done when batch i+1 was told of
	for _, line := range said {
		if f := strings.Fields(line); f[0] == "committed" {
			n, err := strconv.Atoi(f[2])
			if err != nil {
				t.Fatal(err)
			}
			told = append(told, n)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	moments := make([]int, images)
	for i := range moments {
		moments[i] = told[0] + random.IntN(len(ops)-told[0])
	}
	slices.Sort(moments)
	m := &image{synced: map[string][]byte{}, loose: map[string][]operation{}}
	done := 0
	for _, at := range moments {
		for ; done < at; done++ {
			m.take(ops[done])
		}
		acknowledged, _ := slices.BinarySearch(told, at+1)
		d := t.TempDir()
		m.powerCut(t, d, random)
		switch batches, err := survives(d); {
		case err != nil:
			damaged++
			t.Logf("image at %d: %v", at, err)
		case batches < acknowledged:
			lost++
		}
		if err := os.RemoveAll(d); err != nil {
			t.Fatal(err)
		}
	}
	return lost, damaged
}

// survives opens an image and checks everything; it returns the batches in it.
func survives(dir string) (batches int, err error) {
	s, err := Open(dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	differences, err := s.Differences()
	if err != nil {
		return 0, err
	}
	if len(differences) > 0 {
		return 0, fmt.Errorf("%v", differences[0])
	}
	if s.LastSeq()%crashOrders != 0 {
		return 0, fmt.Errorf("half a batch: %d commands", s.LastSeq())
	}
	return int(s.LastSeq()) / crashOrders, nil
}

// TestFaultPowerCut (A5): whatever of the unsynced writes a power cut takes, no
// acknowledged batch is lost and nothing is damaged; with synchronous=NORMAL, the
// mutant, batches are lost, so the images are worth something.
func TestFaultPowerCut(t *testing.T) {
	lost, damaged := cuts(t, *faultImages)
	t.Logf("%d images: %d lost an acknowledged batch, %d are damaged", *faultImages, lost, damaged)
	if lost > 0 || damaged > 0 {
		t.Error("a power cut loses or damages")
	}
	control := max(50, *faultImages/8)
	lost, _ = cuts(t, control, "SHIM_NORMAL=1")
	t.Logf("with synchronous=NORMAL: %d of %d images lost an acknowledged batch", lost, control)
	if lost == 0 {
		t.Error("the mutant is not seen")
	}
}
