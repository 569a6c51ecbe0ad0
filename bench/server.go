package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// server is a child process that is measured: the gateway or a peer.
type server struct {
	name string
	addr string
	dir  string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how, once done is closed
	talk tail
}

// startMax is how long a server may take until it accepts connections: a restart
// with a million rows is one of them. endMax is how long it may take to end.
const (
	startMax = 120 * time.Second
	endMax   = 20 * time.Second
	tailMax  = 4 << 10
)

// tail keeps the last of what a server said, for the error if it ends.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if n := len(t.text) - tailMax; n > 0 {
		t.text = append(t.text[:0], t.text[n:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

// launch starts a program that writes its address to a ports file, or listens on
// addr if that is given, and waits until it does. The process ends with ctx, and
// with this process whatever becomes of it.
func launch(ctx context.Context, name, dir, addr string, env []string, program string, args ...string) (*server, error) {
	s := &server{name: name, addr: addr, dir: dir, done: make(chan struct{})}
	s.cmd = exec.CommandContext(ctx, program, args...)
	s.cmd.Env = append(os.Environ(), env...)
	s.cmd.Stdout, s.cmd.Stderr = &s.talk, &s.talk
	dieWithParent(s.cmd)
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	if err := s.ready(ctx); err != nil {
		s.stop()
		return nil, fmt.Errorf("%s: %w\n%s", name, err, s.talk.String())
	}
	return s, nil
}

// ready looks until the server can be reached.
func (s *server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startMax)
	defer cancel()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		if up, err := s.reachable(); up || err != nil {
			return err
		}
		select {
		case <-s.done:
			return fmt.Errorf("ended before it was ready: %w", errors.Join(s.err, errors.New("see below")))
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", ctx.Err())
		case <-look.C:
		}
	}
}

func (s *server) portsFile() string { return filepath.Join(s.dir, "ports.json") }

func (s *server) reachable() (bool, error) {
	if s.addr != "" {
		conn, err := net.DialTimeout("tcp", s.addr, time.Second)
		if err != nil {
			return false, nil // Not yet; the deadline of ready bounds it.
		}
		return true, conn.Close()
	}
	b, err := os.ReadFile(s.portsFile())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	var p struct{ FIX string }
	if err := errors.Join(err, json.Unmarshal(b, &p)); err != nil {
		return false, err
	}
	s.addr = p.FIX
	return true, nil
}

// stop ends the server and waits for its end: kindly, then not.
func (s *server) stop() {
	if s.cmd.Process.Signal(os.Interrupt) == nil {
		select {
		case <-s.done:
			return
		case <-time.After(endMax):
		}
	}
	s.kill()
}

// kill ends the server as a crash does, and waits for its end.
func (s *server) kill() {
	// The only error is that it has ended already.
	_ = s.cmd.Process.Kill()
	<-s.done
}

// clockTick is the unit of processor time in /proc; it is 100 on every Linux that
// Go runs on.
const clockTick = time.Second / 100

// cpu is the processor time that the server has used.
func (s *server) cpu() (time.Duration, error) {
	return cpuOf(s.cmd.Process.Pid)
}

func cpuOf(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return cpuFrom(string(b))
}

// cpuFrom reads user and system time, the 14th and 15th field. The second one is
// the program's name in brackets and may hold anything.
func cpuFrom(stat string) (time.Duration, error) {
	_, rest, ok := cutLast(stat, ") ")
	f := strings.Fields(rest)
	if !ok || len(f) < 13 {
		return 0, fmt.Errorf("not the stat of a process: %q", stat)
	}
	user, err1 := strconv.ParseInt(f[11], 10, 64)
	system, err2 := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * clockTick, errors.Join(err1, err2)
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// rss is the memory that the server holds, in MB.
func (s *server) rss() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if text, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(text)[0], 64)
			return kb / 1024, err
		}
	}
	return 0, errors.New("no VmRSS in the status of the process")
}

// freeAddr is a loopback address that nobody listens on now.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
