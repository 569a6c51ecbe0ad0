package acceptance

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// strangers are loopback addresses, so that the limit of one address is not that
// of all.
func stranger(i int) string { return fmt.Sprint("127.0.1.", 1+i) }

// dialMany connects n times from one address and returns what was not refused.
func dialMany(t *testing.T, host, addr string, n int) (all []net.Conn) {
	t.Helper()
	for range n {
		all = append(all, dialFrom(t, host, addr))
	}
	return all
}

// open counts the connections that have not ended by some time.
func open(conns []net.Conn, until time.Time) int {
	var left atomic.Int64
	var all sync.WaitGroup
	for _, c := range conns {
		all.Go(func() {
			// A read whose time was over before it began would not see the end.
			least := time.Now().Add(readLeast)
			if until.After(least) {
				least = until
			}
			if err := c.SetReadDeadline(least); err != nil {
				return
			}
			if _, err := c.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
				left.Add(1)
			}
		})
	}
	all.Wait()
	return int(left.Load())
}

// resident is the memory of a process: what is resident now, and the most that was.
func resident(t *testing.T, pid int) (now, most int) {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skipf("no /proc: %v", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) < 2 {
			continue
		}
		kB, _ := strconv.Atoi(words[1])
		switch words[0] {
		case "VmRSS:":
			now = kB
		case "VmHWM:":
			most = kB
		}
	}
	return now, most
}

// Limits on what strangers may cost: C3, C4.
const (
	silentMax     = 6 * time.Second
	readLeast     = 50 * time.Millisecond
	growthMax     = 32 << 10 // kB
	perAddressMax = 20
	inAllMax      = 1000
	hugeMessage   = 300 << 20
)

// TestStrangersCostLittle: C3 and C4 against the binary. A message of 300 MB, and
// as many silent connections as there may be, each with a little garbage: memory
// grows by little, one address has at most its share, all together theirs, all are
// closed in time, and a client is served all the while.
func TestStrangersCostLittle(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	g := startWith(t, Venue{}.TOML())
	owner := NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")
	if _, err := owner.Logon(ctx, g.FIX); err != nil {
		t.Fatal(err)
	}
	before, _ := resident(t, g.PID)
	sent := pour(dialFrom(t, stranger(200), g.FIX), "8=FIX.4.4\x019="+strconv.Itoa(hugeMessage)+"\x0135=A\x0158=", hugeMessage)
	began := time.Now()
	var all []net.Conn
	for i := range inAllMax/perAddressMax + 2 {
		all = append(all, dialMany(t, stranger(i), g.FIX, perAddressMax)...)
	}
	for i, c := range all {
		if i%2 == 0 { // The refused ones are closed already; that is no fault here.
			_, _ = c.Write([]byte("8=FIX.4.4\x019=100\x0135=A\x01" + strings.Repeat("x", 2000)))
		}
	}
	if n := open(dialMany(t, stranger(0), g.FIX, 3), time.Now().Add(300*time.Millisecond)); n > 0 {
		t.Errorf("%d connections of one address beyond its %d", n, perAddressMax)
	}
	held := open(all, time.Now().Add(300*time.Millisecond))
	for held > inAllMax-1 && time.Since(began) < silentMax/2 { // A busy machine closes later those that it has refused.
		held = open(all, time.Now().Add(300*time.Millisecond))
	}
	if held > inAllMax-1 || held < inAllMax/2 && time.Since(began) < 5*time.Second {
		t.Errorf("%d connections are held, want at most %d beside the client's", held, inAllMax-1)
	}
	if err := owner.Send("H", "11=NONE", "55=BTC-PERP", "54=1"); err != nil {
		t.Fatal(err)
	}
	if f, err := owner.Next(ctx); err != nil || f.Get(150) != "I" {
		t.Errorf("the client: %s, %v", f, err)
	}
	if n := open(all, began.Add(silentMax+time.Since(began)/2)); n > 0 {
		t.Errorf("%d silent connections are left after %v", n, time.Since(began))
	}
	took := time.Since(began)
	_, most := resident(t, g.PID)
	t.Logf("%d bytes of a message of 300 MB were taken; %d connections held, all closed after %v; memory grew by %d kB at most", sent, held, took.Round(time.Millisecond), most-before)
	if most-before > growthMax {
		t.Errorf("memory grew by %d kB, at most %d", most-before, growthMax)
	}
	if err := owner.Logout(ctx); err != nil {
		t.Error(err)
	}
}

// pour writes until the other side has closed, and returns how much it took.
func pour(c net.Conn, head string, most int) (sent int) {
	defer c.Close()
	n, err := c.Write([]byte(head))
	for chunk := []byte(strings.Repeat("x", 64<<10)); err == nil && sent+n < most; {
		sent += n
		n, err = c.Write(chunk)
	}
	return sent + n
}

// TestOnlyNamedPortsListen: C7. The session library has no port of its own that
// somebody on this machine could dial past the guard: the process listens where
// it says, and nowhere else.
func TestOnlyNamedPortsListen(t *testing.T) {
	g := startWith(t, Venue{}.TOML())
	mine := map[string]bool{}
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", g.PID))
	if err != nil || len(fds) == 0 {
		t.Skipf("no /proc: %v", err)
	}
	for _, fd := range fds {
		if link, err := os.Readlink(fd); err == nil {
			if inode, ok := strings.CutPrefix(link, "socket:["); ok {
				mine[strings.TrimSuffix(inode, "]")] = true
			}
		}
	}
	ports := map[string]bool{}
	for _, table := range []string{"tcp", "tcp6"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", g.PID, table))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			if f := strings.Fields(line); len(f) > 9 && f[3] == "0A" && mine[f[9]] { // 0A: listens
				_, hex, _ := strings.Cut(f[1], ":")
				n, err := strconv.ParseInt(hex, 16, 32)
				if err != nil {
					t.Fatal(err)
				}
				ports[strconv.FormatInt(n, 10)] = true
			}
		}
	}
	for _, addr := range []string{g.FIX, g.HTTP} {
		_, port, err := net.SplitHostPort(addr)
		if err != nil || !ports[port] {
			t.Errorf("nothing listens on %s (%v): %v", addr, err, ports)
		}
		delete(ports, port)
	}
	if len(ports) > 0 {
		t.Errorf("it listens on %v as well", ports)
	}
}

// TestNoCoreFile: C11. The memory of a gateway that dies is not written to a file,
// whatever limit it was started with.
func TestNoCoreFile(t *testing.T) {
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &before); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{Cur: before.Max, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	g := startWith(t, Venue{}.TOML())
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &before); err != nil {
		t.Fatal(err)
	}
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", g.PID))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(limits)) {
		if rest, found := strings.CutPrefix(line, "Max core file size"); found {
			if f := strings.Fields(rest); f[0] != "0" || f[1] != "0" {
				t.Errorf("core files of up to %s", rest)
			}
			return
		}
	}
	t.Errorf("no limit of core files in\n%s", limits)
}
