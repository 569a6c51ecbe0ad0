//go:build faults

package store

import (
	"bufio"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"backstop/acceptance/shim/build"
)

// The sizes of the plain run; docs/faults.md has the long ones.
var (
	faultPoints = flag.Int("fault.points", 300, "every n up to this is a place to kill at")
	faultAll    = flag.Bool("fault.all", false, "each kind of fault at each n; otherwise they take turns")
	faultImages = flag.Int("fault.images", 400, "images of a disk after a power cut")
	faultSeed   = flag.Uint64("fault.seed", 1, "of the images")
)

const (
	childTrace   = "BACKSTOP_STORE_TRACE"  // where acknowledgements are noted
	childFrom    = "BACKSTOP_STORE_FROM"   // batches that are there already
	childNormal  = "BACKSTOP_STORE_NORMAL" // the mutant: synchronous=NORMAL
	faultBatches = 24                      // of a child
	faultBefore  = 9                       // batches in the database that most children go on with
	exitCommit   = 70                      // of a child whose commit failed
	exitMax      = time.Second             // from the fault to the end of the process
	childMax     = 30 * time.Second        // a child that takes longer hangs
)

func init() { children["fault"] = childFault }

// childFault goes on with a directory: it opens it, commits batches with a
// checkpoint and a snapshot now and then, and closes it. It ends as the gateway
// does: the first error is the last.
func childFault() {
	from, err := strconv.Atoi(os.Getenv(childFrom))
	if err != nil {
		os.Exit(exitCode(err))
	}
	w := newWorld(7)
	for i := range from {
		w.nth(i+1, crashOrders)
	}
	s, err := Open(os.Getenv(childDir))
	if err == nil {
		s.idle.Stop()
		if os.Getenv(childNormal) != "" {
			err = s.exec("PRAGMA synchronous = NORMAL")
		}
	}
	for i := from + 1; err == nil && i <= from+faultBatches; i++ {
		if err = s.Commit(w.nth(i, crashOrders)); err != nil {
			break
		}
		s.idle.Stop() // Which change is the n-th must not depend on time.
		acknowledge(i)
		if i%4 == 0 {
			err = s.SaveSnapshot(s.LastSeq(), 1, "hash", []byte("state"))
		}
		if i%6 == 0 && err == nil {
			s.checkpointIdle()
		}
	}
	if s != nil {
		err = errors.Join(err, s.Close())
	}
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(exitCommit)
	}
	fmt.Println("closed")
	os.Exit(0)
}

// acknowledge tells the parent that a batch is durable, and notes it between the
// changes of the disk.
func acknowledge(batch int) {
	fmt.Println("committed", batch)
	to := os.Getenv(childTrace)
	if to == "" {
		return
	}
	text := strconv.Itoa(batch)
	record := append([]byte{'A', 0}, make([]byte, 8)...)
	record = binary.LittleEndian.AppendUint64(record, uint64(len(text)))
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_APPEND, 0)
	if err == nil {
		_, err = f.Write(append(record, text...))
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		panic(err)
	}
}

// shim is the failing disk, and image what makes disks after a power cut.
var (
	shim  = sync.OnceValues(func() (string, error) { return build.Shim(filepath.Join("..", "acceptance", "shim"), built) })
	image = sync.OnceValues(func() (string, error) { return build.Image(filepath.Join("..", "acceptance", "shim"), built) })
)

// faulted is how a child ended.
type faulted struct {
	acknowledged int
	code         int  // -1: killed
	fired        bool // the n-th change came
	what         string
	took         time.Duration // from the fault to the end
	said         string
}

// runFault runs a child on a failing disk.
func runFault(dir string, from int, fault string, env ...string) (f faulted, err error) {
	lib, err := shim()
	if err != nil {
		return f, err
	}
	hit := dir + ".hit"
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childEnv+"=fault", childDir+"="+dir, childFrom+"="+strconv.Itoa(from),
		"LD_PRELOAD="+lib, "BACKSTOP_SHIM_DB="+filepath.Join(dir, DBName), "BACKSTOP_SHIM_FAULT="+fault, "BACKSTOP_SHIM_HIT="+hit)
	c.Env = append(c.Env, env...)
	var talk strings.Builder
	c.Stderr = &talk
	out, err := c.StdoutPipe()
	if err != nil {
		return f, err
	}
	if err := c.Start(); err != nil {
		return f, err
	}
	hung := time.AfterFunc(childMax, func() { c.Process.Kill() })
	f.acknowledged = from
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, err := fmt.Sscanf(lines.Text(), "committed %d", &f.acknowledged); err != nil {
			f.said += lines.Text() + "\n"
		}
	}
	err = c.Wait()
	ended := time.Now()
	if !hung.Stop() {
		return f, errors.New("the child hangs")
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = nil
		if s, ok := exit.Sys().(syscall.WaitStatus); ok && s.Signaled() && s.Signal() != syscall.SIGKILL {
			err = fmt.Errorf("the child died of %v", s.Signal())
		}
	}
	f.code, f.said = c.ProcessState.ExitCode(), f.said+talk.String()
	if told, rerr := os.ReadFile(hit); rerr == nil {
		var at int64
		f.fired, f.what = true, strings.TrimSpace(string(told))
		if _, serr := fmt.Sscan(string(told), &at); serr != nil {
			return f, serr
		}
		f.took = ended.Sub(time.Unix(0, at))
	}
	return f, err
}

// expected is what the database must be after each number of batches, made
// without any fault.
type expected struct {
	journal, out chain
	rows         string
}

var expectations = sync.OnceValues(func() (all []expected, err error) {
	dir, err := os.MkdirTemp("", "backstop-twin-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s, err := Open(dir)
	if err != nil {
		return nil, err
	}
	w := newWorld(7)
	for i := 0; i <= faultBefore+faultBatches; i++ {
		if i > 0 {
			if err := s.Commit(w.nth(i, crashOrders)); err != nil {
				return nil, err
			}
		}
		all = append(all, expected{s.journal, s.out, contents(s.Reader, true)})
	}
	return all, s.Close()
})

// before makes a closed directory with faultBefore batches, once.
var before = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "backstop-before-*")
	if err != nil {
		return "", err
	}
	s, err := Open(dir)
	if err != nil {
		return "", err
	}
	w := newWorld(7)
	for i := range faultBefore {
		if err := s.Commit(w.nth(i+1, crashOrders)); err != nil {
			return "", err
		}
	}
	return dir, s.Close()
})

// begin makes a directory for a child: an empty one, or one with batches in it.
func begin(root, name string, from int) (string, error) {
	dir := filepath.Join(root, name)
	if err := os.Mkdir(dir, dirMode); err != nil || from == 0 {
		return dir, err
	}
	ready, err := before()
	if err != nil {
		return "", err
	}
	return dir, os.CopyFS(dir, os.DirFS(ready))
}

// judge opens what a fault left behind: all that was acknowledged is there, at
// most one more batch is, each is whole, and it goes on from there.
func judge(dir string, acknowledged int) (err error) {
	want, err := expectations()
	if err != nil {
		return err
	}
	s, err := Open(dir)
	if err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	found, err := s.Check()
	if err != nil || len(found) > 0 {
		return fmt.Errorf("damage %v, %w", found, err)
	}
	batches := int(s.LastSeq()) / crashOrders
	if int(s.LastSeq())%crashOrders != 0 || batches < acknowledged || batches > acknowledged+1 {
		return fmt.Errorf("%d commands after %d acknowledged batches of %d", s.LastSeq(), acknowledged, crashOrders)
	}
	if is := (expected{s.journal, s.out, contents(s.Reader, true)}); is != want[batches] {
		return fmt.Errorf("%d batches are there and are not what was written", batches)
	}
	w := newWorld(7)
	for i := range batches {
		w.nth(i+1, crashOrders)
	}
	return s.Commit(w.nth(batches+1, crashOrders))
}
