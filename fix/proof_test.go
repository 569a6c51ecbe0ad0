package fix

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// logBook is a log that tests can read while it is written.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logBook) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// dialFrom dials from another address of this machine.
func (w *world) dialFrom(host, name string) *peer {
	w.t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(host)}}
	c, err := d.Dial("tcp", w.door.Addr().String())
	if err != nil {
		w.t.Skipf("no second address on this machine: %v", err)
	}
	return w.peerOn(c, name)
}

// TestGuessingIsLockedOut: C5. 1,000 tries on a live CompID from another
// address: locked after five, no number moves, and the client on its own address
// is not harmed; nor can the guesser tell that the CompID exists.
func TestGuessingIsLockedOut(t *testing.T) {
	t.Parallel()
	tries := 1000
	if testing.Short() {
		tries = 100
	}
	for _, kept := range []string{"as it is", "as a hash"} {
		t.Run(kept, func(t *testing.T) {
			t.Parallel()
			var log logBook
			var proofs atomic.Int64
			w := newLoggedWorld(t, newDisk(), log.logger(), func(c *Config) {
				c.Limits.PerAddress = 1000 // The former connection of a try may still be ending.
				if kept == "as a hash" {
					c.Sessions[0].Password = ""
					c.Sessions[0].Proof = func(p string) bool { proofs.Add(1); return p == "demo" }
				}
			})
			live := w.login("ALICE")
			w.counted("ALICE", 2) // The Logon is counted after it is answered.
			in, out := w.door.byComp["ALICE"].numbers.next()
			for i := range tries {
				for _, name := range []string{"ALICE", "EVE"} {
					p := w.dialFrom("127.0.0.2", name)
					p.send("A", fmt.Sprintf("98=0|108=30|553=%s|554=guess%d|", name, i))
					p.expect("35=5", "34=0", "56="+name, "58="+refusedLogon)
					p.conn.Close()
				}
			}
			p := w.dialFrom("127.0.0.2", "ALICE")
			p.logon("")
			p.expect("35=5", "58="+refusedLogon)
			if i, o := w.door.byComp["ALICE"].numbers.next(); i != in || o != out {
				t.Errorf("next numbers %d, %d; want %d, %d", i, o, in, out)
			}
			live.answers("unharmed")
			live.conn.Close()
			again := w.dial("ALICE")
			again.seq = live.seq
			again.logon("")
			again.expect("35=A")
			counts := map[string]int64{}
			for _, k := range w.door.Knocks() {
				counts[k.CompID+" "+k.Reason] = k.Count
			}
			if counts["ALICE "+wrongCredentials] != 5 || counts["ALICE "+lockedOut] != int64(tries-4) || counts["EVE "+unknownCompID] != int64(tries) {
				t.Errorf("knocks %v", counts)
			}
			if n := strings.Count(log.String(), `msg="fix logon locked out" comp_id=ALICE addr=127.0.0.2`); n != 1 {
				t.Errorf("the lock is logged %d times, want once", n)
			}
			// Twice by the owner, five times by the guesser, five times in EVE's place.
			if kept == "as a hash" && proofs.Load() != 12 {
				t.Errorf("%d hashes computed, want 12", proofs.Load())
			}
		})
	}
}

// TestLockEnds: the lock ends when it says, however often it is tried.
func TestLockEnds(t *testing.T) {
	f := newFailures()
	limits := Limits{}.withDefaults()
	start := time.Unix(1000, 0)
	for i := range limits.Failures {
		if f.isLocked("a", start) || f.failed("a", start, limits) != (i == limits.Failures-1) {
			t.Fatalf("failure %d locks, or an earlier one did", i+1)
		}
	}
	if !f.isLocked("a", start.Add(limits.Lockout-1)) || f.isLocked("b", start) {
		t.Error("not locked to the end, or another locked too")
	}
	if f.isLocked("a", start.Add(limits.Lockout)) {
		t.Error("locked beyond the end")
	}
	for i := range 2 * limits.Failures {
		if f.failed("slow", start.Add(time.Duration(i)*failureWindow/4), limits) {
			t.Error("four failures a minute lock")
		}
	}
}

// TestProofsAreBounded: hashes run one at a time for an address and Proofs at a
// time in all; meanwhile other sessions are served, and a flood from one address
// does not keep another one out.
func TestProofsAreBounded(t *testing.T) {
	t.Parallel()
	const most = 2
	var running, worst atomic.Int64
	release := make(chan struct{})
	w := newWorld(t, func(c *Config) {
		c.Limits.Proofs = most
		c.Sessions[0].Password = ""
		c.Sessions[0].Proof = func(p string) bool {
			n := running.Add(1)
			defer running.Add(-1)
			for old := worst.Load(); n > old && !worst.CompareAndSwap(old, n); old = worst.Load() {
			}
			if p == "slow" {
				<-release
			}
			return p == "demo"
		}
		c.Sessions = append(c.Sessions, SessionConfig{CompID: "OPEN", Auth: AuthNone})
	})
	for range 10 {
		p := w.dialFrom("127.0.0.2", "ALICE")
		p.send("A", "98=0|108=30|553=ALICE|554=slow|")
	}
	open := w.dial("OPEN")
	open.send("A", "98=0|108=30|")
	open.expect("35=A")
	open.answers("served")
	w.login("ALICE").answers("came in") // Its hash runs beside the one of the flood.
	close(release)
	if got := worst.Load(); got > most {
		t.Errorf("%d hashes at a time, want at most %d", got, most)
	}
}

// TestWaitForATurnEnds: who waits too long for a hash is closed without a word,
// and that is no failure of his.
func TestWaitForATurnEnds(t *testing.T) {
	t.Parallel()
	tn := newTurns(1)
	leave, ok := tn.take("a", time.Minute)
	if !ok {
		t.Fatal("the first has to wait")
	}
	for _, host := range []string{"a", "b"} {
		if _, ok := tn.take(host, time.Millisecond); ok {
			t.Errorf("%s has a second turn", host)
		}
	}
	leave()
	for _, host := range []string{"a", "b"} {
		leave, ok := tn.take(host, time.Minute)
		if !ok {
			t.Fatalf("%s has no turn after the first", host)
		}
		leave()
	}
	if len(tn.of) != 0 || len(tn.all) != 0 {
		t.Errorf("%d addresses and %d turns are kept", len(tn.of), len(tn.all))
	}
}

// TestSecretsStayInTheGuard: C11. Nothing behind the guard sees a password, and
// no log tells one.
func TestSecretsStayInTheGuard(t *testing.T) {
	t.Parallel()
	var log logBook
	w := newLoggedWorld(t, newDisk(), log.logger(), func(c *Config) { c.Sessions[0].Password = "s3cret-one" })
	p := w.dial("ALICE")
	p.send("A", "98=0|108=30|553=ALICE|554=s3cret-one|95=12|96=s3cret-three|")
	p.expect("35=A")
	for _, secret := range []string{"554=s3cret-one", "925=s3cret-two"} {
		p.send("D", secret+"|"+orderFieldsOf("A1"))
		p.expect("35=3")
	}
	p.send("A", "98=0|108=30|553=ALICE|554=s3cret-one|")
	p.next(patience) // Whatever the session library makes of it.
	wrong := w.dial("ALICE")
	wrong.send("A", "98=0|108=30|553=ALICE|554=s3cret-four|")
	wrong.expect("35=5")
	garbled := w.dial("BOB")
	garbled.raw([]byte("8=FIX.4.4\x019=9\x0135=A\x01554=s3cret-five\x0110=000\x01"))
	garbled.conn.Close()
	w.stop()
	if text := log.String(); strings.Contains(text, "s3cret") || !strings.Contains(text, "554=***") {
		t.Errorf("the log tells a secret, or nothing of the Logon:\n%s", text)
	}
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	if kept := fmt.Sprintf("%s %+v", fmt.Sprint(w.disk.messages), w.disk.entries); strings.Contains(kept, "s3cret") {
		t.Error("what is kept tells a secret")
	}
}

// TestBlank: secrets are overwritten, and the frame stays valid.
func TestBlank(t *testing.T) {
	frame := frameOf("FIX.4.4", "35=A\x0134=1\x01554=pass=word\x01925=x\x0196=\x011554=kept\x01")
	h, _, bad := read(frame)
	if bad || h.password != "pass=word" {
		t.Fatalf("read %+v, bad %v", h, bad)
	}
	h.blank(frame)
	want := frameOf("FIX.4.4", "35=A\x0134=1\x01554=*********\x01925=*\x0196=\x011554=kept\x01")
	if !bytes.Equal(frame, want) {
		t.Errorf("%q\nwant %q", frame, want)
	}
}
