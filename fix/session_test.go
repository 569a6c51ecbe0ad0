package fix

import (
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// TestHostileBytes: K1, K2, K3, F2, C1, C6 of the session notes. Whatever one
// connection sends, the process lives and the other client is answered.
func TestHostileBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) {
		c.Limits.PerAddress, c.Limits.BigReplays = 100, 1
		c.Sessions = append(c.Sessions, SessionConfig{CompID: "MALLORY", Auth: AuthNone, ResetOnLogon: true, AllowReset: true})
	})
	other := w.login("BOB")
	huge := "8=FIX.4.4\x019=9223372036854775807\x0135=0\x01"
	for i, c := range []struct {
		name   string
		before bool // the logon
		attack func(p *peer)
		serves bool // the connection itself goes on, the number not spent
	}{
		{"body length overflows before the logon", true, func(p *peer) { p.raw([]byte(huge)) }, false},
		{"garbage before the logon", true, func(p *peer) { p.raw([]byte(strings.Repeat("x", 5000))) }, false},
		{"no logon first", true, func(p *peer) { p.sendAt(1, "0", "") }, false},
		{"body length overflows", false, func(p *peer) { p.raw([]byte(huge)) }, true},
		{"body length with eight digits", false, func(p *peer) { p.raw([]byte("8=FIX.4.4\x019=00000005\x0135=0\x0110=000\x01")) }, true},
		{"body length of nothing", false, func(p *peer) { p.raw([]byte("8=FIX.4.4\x019=\x0135=0\x0110=000\x01")) }, true},
		{"body too large", false, func(p *peer) { p.raw([]byte("8=FIX.4.4\x019=70000\x0135=0\x0110=000\x01")) }, true},
		{"wrong checksum", false, func(p *peer) { p.raw([]byte("8=FIX.4.4\x019=5\x0135=0\x0110=000\x01")) }, true},
		{"checksum of one digit", false, func(p *peer) { p.raw([]byte("8=FIX.4.4\x019=5\x0135=0\x0110=1\x01")) }, true},
		{"first fields out of order", false, func(p *peer) { p.raw(frameOf("FIX.4.4", "34=2\x0135=0\x01")) }, true},
		{"empty 34", false, func(p *peer) { p.raw(p.message("0", "34=", "")) }, true},
		{"second 34 empty", false, func(p *peer) { p.raw(p.message("0", "34=2", "34=|")) }, true},
		{"34 wraps to the expected number", false, func(p *peer) { p.raw(p.message("0", "34=18446744073709551618", "")) }, true},
		{"signed 34", false, func(p *peer) { p.raw(p.message("0", "34=-2", "")) }, true},
		{"second 9 empty", false, func(p *peer) { p.raw(p.message("0", "34=2", "9=|")) }, true},
		{"second 9", false, func(p *peer) { p.raw(p.message("0", "34=2", "9=5|")) }, true},
		{"second 35", false, func(p *peer) { p.raw(p.message("0", "34=2", "35=D|")) }, true},
		{"second 8", false, func(p *peer) { p.raw(p.message("0", "34=2", "8=FIX.4.2|")) }, true},
		{"tag too long", false, func(p *peer) { p.raw(p.message("0", "34=2", "99999999999999999999999=1|")) }, true},
		{"XmlData", false, func(p *peer) { p.sendAt(2, "D", "212=99999|213=x|") }, false},
		{"empty XmlDataLen", false, func(p *peer) { p.sendAt(2, "0", "212=|") }, false},
		{"message without end", false, func(p *peer) { p.raw([]byte("8=FIX.4.4\x019=60000\x01" + strings.Repeat("y", 140_000))) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := w.dial("MALLORY")
			p.t = t
			if !c.before {
				p.logon("")
				p.expect("35=A", "34=1")
			}
			c.attack(p)
			if c.serves {
				p.answers("me")
			} else {
				p.ended()
			}
			p.conn.Close()
			other.t = t
			other.answers(strconv.Itoa(i))
		})
	}
}

// TestHostileNumbers: numbers that the session layer would believe are refused
// with a reason, and the session goes on (F2).
func TestHostileNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	p, other := w.login("ALICE"), w.login("BOB")
	for i, c := range []struct {
		kind, fields string
		want         []string
	}{
		{"2", "7=-9000000000000000000|16=0|", []string{"35=3", "371=7", "373=5"}},
		{"2", "7=0|16=0|", []string{"35=3", "371=7", "373=5"}},
		{"2", "7=1|16=-1|", []string{"35=3", "371=16", "373=5"}},
		{"2", "7=99999999999|16=0|", []string{"35=3", "371=7", "373=5"}},
		{"4", "36=99999999999|", []string{"35=3", "371=36", "373=5"}},
		{"4", "123=Y|36=-1|", []string{"35=3", "371=36", "373=5"}},
	} {
		p.send(c.kind, c.fields)
		p.expect(c.want...)
		p.answers(strconv.Itoa(i))
		other.answers(strconv.Itoa(i))
	}
}

// TestResendRangeIsClamped: an absurd range of the store ends at once (F2).
func TestResendRangeIsClamped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	n := w.door.byComp["ALICE"].numbers
	for _, r := range [][2]int{{-9e18, 9e18}, {5, 1}, {-5, 0}, {0, 0}, {9e18, 9e18}} {
		all, err := n.GetMessages(r[0], r[1])
		if err != nil || len(all) != 0 {
			t.Errorf("%v: %d messages, %v", r, len(all), err)
		}
	}
}

// TestRefusedLogonSpendsNothing: C3. A stranger with a wrong password gets a
// Logout without a number, and the owner goes on as if nothing had been.
func TestRefusedLogonSpendsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, c := range []struct{ fields, want string }{
		{"98=0|108=30|553=ALICE|554=wrong|", "58=" + refusedLogon},
		{"98=0|108=30|553=ALICE|", "58=" + refusedLogon},
		{"98=0|108=30|553=BOB|554=demo|", "58=" + refusedLogon},
		{"98=0|108=0|553=ALICE|554=demo|", "58=" + refusedHeartbeat},
		{"98=0|108=-1|553=ALICE|554=demo|", "58=" + refusedHeartbeat},
		{"98=0|108=|553=ALICE|554=demo|", "58=" + refusedHeartbeat},
		{"98=0|108=61|553=ALICE|554=demo|", "58=" + refusedHeartbeat},
		{"98=0|108=999999999|553=ALICE|554=demo|", "58=" + refusedHeartbeat},
		{"98=1|108=30|553=ALICE|554=demo|", "58=" + refusedEncrypt},
		{"98=0|108=30|553=ALICE|554=demo|22000=VAMM2|", "58=" + refusedDialect},
		{"98=0|108=30|553=ALICE|554=demo|22000=|", "58=" + refusedDialect},
		{"98=0|108=30|553=ALICE|554=demo|22000=vamm1|", "58=" + refusedDialect},
	} {
		p := w.dial("ALICE")
		p.send("A", c.fields)
		p.expect("35=5", "34=0", c.want)
		p.ended()
	}
	owner := w.login("ALICE")
	owner.answers("still")
	if out := numberOf(w, "ALICE", 3); out != 3 {
		t.Errorf("next number %d, want 3", out)
	}
}

// TestResetNeedsPermission: 141=Y is refused before the session library sees it
// unless the session may reset; during a session too.
func TestResetNeedsPermission(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	p := w.dial("BOB")
	p.logon("141=Y|")
	p.expect("35=5", "34=0", "58="+refusedReset)
	p.ended()
	p = w.login("BOB")
	p.logon("141=Y|")
	p.expect("35=5", "34=2")

	a := w.login("ALICE")
	a.order("A1")
	a.expect("35=8", "34=2", "11=A1")
	a.seq = 1
	a.logon("141=Y|")
	a.expect("35=A", "34=1", "141=Y")
	a.expect("35=8", "34=2", "97=Y", "11=A1")
	a.order("A2")
	a.expect("35=8", "34=3", "11=A2")
	a.send("2", "7=1|16=0|")
	a.expect("35=4", "34=1", "36=2")
	a.expect("35=8", "34=2", "43=Y", "97=Y", "11=A1")
	a.expect("35=8", "34=3", "43=Y", "11=A2")
	if got := w.disk.session("ALICE").Epoch; got != 2 {
		t.Errorf("epoch %d, want 2", got)
	}
	if n := w.disk.kept("ALICE", 1); n != 1 {
		t.Errorf("%d messages kept of the first epoch, want 1", n)
	}
}

// TestUnknownAndSecondConnections are closed without a word; the first
// connection of a client is untouched.
func TestUnknownAndSecondConnections(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	first := w.login("ALICE")
	second := w.dial("ALICE")
	second.logon("")
	second.ended()
	stranger := w.dial("EVE\x1b[2J")
	stranger.send("A", "98=0|108=30|")
	stranger.ended()
	first.answers("first")
	var seen []string
	for _, k := range w.door.Knocks() {
		seen = append(seen, k.CompID+": "+k.Reason)
	}
	want := []string{`EVE\u001b[2J: unknown CompID`, "ALICE: already connected"}
	if !slices.Equal(seen, want) {
		t.Errorf("knocks %q, want %q", seen, want)
	}
	// A client that comes back at once is let in.
	for range 3 {
		first.conn.Close()
		again := w.dial("ALICE")
		again.seq = first.seq
		again.logon("")
		again.expect("35=A")
		first = again
	}
	first.answers("back")
}

// TestConnectionLimits: F4. Silent connections end, and there is a limit for
// each address.
func TestConnectionLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Limits.PerAddress, c.Limits.LogonTimeout = 3, 300*time.Millisecond })
	other := w.login("BOB")
	silent := []*peer{w.dial("A"), w.dial("B")}
	over := w.dial("C")
	over.ended()
	for _, p := range silent {
		p.ended()
	}
	other.answers("others")
}

// TestClientThatDoesNotRead: F1, C8. Its queue is bounded; it is cut, and the
// other client does not notice.
func TestClientThatDoesNotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Limits.QueueBytes = 256 << 10 })
	p, other := w.login("ALICE"), w.login("BOB")
	sent := make(chan error, 1)
	go func() {
		id := strings.Repeat("z", 3000)
		for seq := 2; ; seq++ {
			if err := p.conn.SetWriteDeadline(time.Now().Add(cutMax)); err != nil {
				sent <- err
				return
			}
			if _, err := p.conn.Write(p.message("1", "34="+strconv.Itoa(seq), "112="+id+"|")); err != nil {
				sent <- err
				return
			}
		}
	}()
	for i := 0; ; i++ {
		select {
		case err := <-sent:
			if os.IsTimeout(err) {
				t.Error("the client was not cut")
			}
			other.answers("after")
			return
		default:
			other.answers(strconv.Itoa(i))
		}
	}
}

// TestStalledWriteIsCut: a client whose socket takes nothing is cut after the
// stalls allowed, though its queue is short.
func TestStalledWriteIsCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Limits.WriteStall = 100 * time.Millisecond })
	p, other := w.login("ALICE"), w.login("BOB")
	c := w.door.byComp["ALICE"].holder.Load()
	// One message larger than any socket buffer, with a number that is durable.
	big := append([]byte("8=FIX.4.4\x0135=0\x0134=1\x01"), make([]byte, 7<<20)...)
	if _, err := c.Write(big); err != nil {
		t.Fatal(err)
	}
	<-c.done
	other.answers("after")
	p.conn.Close()
}

// TestNothingLeavesBeforeTheCommit: the output barrier holds stored messages,
// what was numbered after them, and quotes of a batch that is not committed.
func TestNothingLeavesBeforeTheCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	p, other := w.login("ALICE"), w.login("BOB")
	release := w.hold()
	p.order("A1")
	w.numbered("ALICE", 3)
	p.send("1", "112=held|")
	other.answers("free")
	if got, err := p.next(200 * time.Millisecond); !os.IsTimeout(err) {
		t.Fatalf("left before the commit: %q, %v", got, err)
	}
	release()
	p.expect("35=8", "34=2", "11=A1", "150=0")
	p.expect("35=0", "34=3", "112=held")

	release = w.hold()
	p.send("R", "131=R1|146=1|55=SOL-PERP|38=1|")
	if got, err := p.next(200 * time.Millisecond); !os.IsTimeout(err) {
		t.Fatalf("left before the commit: %q, %v", got, err)
	}
	release()
	p.expect("35=S", "34=4", "131=R1")
	p.send("2", "7=1|16=0|")
	p.expect("35=4", "34=1", "36=2", "123=Y")
	p.expect("35=8", "34=2", "43=Y", "11=A1")
	p.expect("35=4", "34=3", "36=5", "123=Y")
	p.answers("end")
}

// TestNumbersSurviveACrash: after a crash the numbers go on where no client can
// have seen them, and the hole and the reports are there to be asked for.
func TestNumbersSurviveACrash(t *testing.T) {
	t.Parallel()
	k := newDisk()
	w := newWorldOn(t, k, nil)
	p := w.login("ALICE")
	p.order("A1")
	first := p.expect("35=8", "34=2")
	p.answers("x")
	w.crash()
	s := k.session("ALICE")
	if s.OutReserved < 1000 || s.InSeq < 3 || s.InSeq > 4 {
		t.Fatalf("durable: %+v", s)
	}

	w = newWorldOn(t, k, nil)
	again := w.dial("ALICE")
	again.seq = int(s.InSeq)
	again.logon("")
	again.expect("35=A", "34="+strconv.FormatInt(s.OutReserved, 10))
	again.send("2", "7=1|16=0|")
	again.expect("35=4", "34=1", "36=2", "123=Y")
	report := again.expect("35=8", "34=2", "43=Y", "11=A1")
	if exec := fieldOf(first, "17"); fieldOf(report, "17") != exec || exec == "" {
		t.Errorf("ExecID %q, first %q", fieldOf(report, "17"), exec)
	}
	again.expect("35=4", "34=3", "36="+strconv.FormatInt(s.OutReserved+1, 10), "123=Y")
	again.answers("back")
}

// TestCleanStopLeavesNoGap: the Logout arrives (C11), and the next Logon has the
// next number.
func TestCleanStopLeavesNoGap(t *testing.T) {
	t.Parallel()
	k := newDisk()
	w := newWorldOn(t, k, nil)
	p := w.login("ALICE")
	p.answers("x")
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		w.stop()
	}()
	p.expect("35=5", "34=3")
	p.send("5", "")
	p.ended()
	<-stopped
	if s := k.session("ALICE"); s.OutSeq != 4 || s.OutReserved != 4 || s.InSeq != 4 {
		t.Errorf("durable numbers %+v, want all 4", s)
	}
}

// TestStopDoesNotWaitForSilentClients: a client that does not answer the Logout
// does not hold the stop up for long.
func TestStopDoesNotWaitForSilentClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	p := w.login("ALICE")
	start := time.Now()
	w.stop()
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("stop took %s", took)
	}
	p.expect("35=5")
}

// TestReportsWhileAway: C9. Reports for a client that is logged off get numbers
// and wait; quotes do not.
func TestReportsWhileAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	o := perp.Origin{Session: "ALICE"}
	w.inbox <- perp.Input{Command: perp.PlaceOrder{Origin: o, ClOrdID: "A1", Symbol: "SOL-PERP", Side: perp.Buy, Type: perp.Limit, TIF: perp.GTC, Size: size("1"), Price: price("150")}}
	w.inbox <- perp.Input{Command: perp.RequestQuote{Origin: o, ReqID: "R1", Symbol: "SOL-PERP", Size: size("1")}}
	p := w.dial("ALICE")
	p.logon("")
	p.expect("35=A", "34=2")
	p.send("2", "7=1|16=0|")
	p.expect("35=8", "34=1", "43=Y", "11=A1")
	p.expect("35=4", "34=2", "36=3")
	p.answers("end")
}

// TestConfigurationSpendsNoNumbers: what the configuration pays in at the first
// start is told to nobody, what the desk pays in is.
func TestConfigurationSpendsNoNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	paid := posted(perp.DepositMade, perp.LedgerAccount{Owner: perp.Outside, Name: perp.Deposits}, perp.LedgerAccount{Owner: "ALICE", Name: perp.Cash}, "first/ALICE")
	opened := perp.AccountOpened{Account: "ALICE", Sessions: []string{"ALICE"}}
	w.inbox <- perp.Input{Command: happening{[]perp.Event{opened, paid}}, Source: "config"}
	p := w.dial("ALICE")
	p.logon("")
	p.expect("35=A", "34=1")
	w.happen(paid)
	p.expect("35=AM", "34=2", "713=first/ALICE", "708=5")
}

// TestResendWhileSending: K4. Resends and new reports at the same time.
func TestResendWhileSending(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	p, other := w.login("ALICE"), w.login("BOB")
	const orders = 200
	done := make(chan map[string]bool, 1)
	go func() {
		seen := map[string]bool{}
		for len(seen) < orders {
			got, err := p.next(patience)
			if err != nil {
				break
			}
			if fieldOf(got, "35") == "8" && fieldOf(got, "43") != "Y" {
				seen[fieldOf(got, "11")] = true
			}
		}
		done <- seen
	}()
	for i := range orders {
		p.order("A" + strconv.Itoa(i))
		if i%10 == 9 {
			p.send("2", "7=1|16=0|")
		}
	}
	if seen := <-done; len(seen) != orders {
		t.Errorf("%d of %d orders reported", len(seen), orders)
	}
	other.answers("alive")
}

// TestFullInboxSaysNotReady: the request is refused with j and its number is
// spent; nothing of it is left behind.
func TestFullInboxSaysNotReady(t *testing.T) {
	t.Parallel()
	var refuse sync.Map
	w := newWorld(t, nil)
	put := w.door.inbox
	w.door.inbox = func(in perp.Input) bool {
		_, full := refuse.Load("full")
		return !full && put(in)
	}
	p := w.login("ALICE")
	refuse.Store("full", true)
	p.order("A1")
	p.expect("35=j", "379=A1", "380=4", "58=NOT_READY")
	refuse.Delete("full")
	p.order("A2")
	p.expect("35=8", "11=A2")
	if n := w.door.byComp["ALICE"].numbers; len(n.undecided) != 0 {
		t.Errorf("undecided %v", n.undecided)
	}
}

// TestPanicBecomesFault: K5. The panic is reported, the process lives and other
// clients are answered until the gateway ends in order.
func TestPanicBecomesFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	put := w.door.inbox
	w.door.inbox = func(in perp.Input) bool {
		if o, _ := originOf(in.Command); o.Session == "ALICE" {
			panic(perp.Fault{What: "test"})
		}
		return put(in)
	}
	p, other := w.login("ALICE"), w.login("BOB")
	p.order("A1")
	select {
	case err := <-w.door.Fault():
		if !strings.Contains(err.Error(), "FromApp") {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("no fault")
	}
	other.answers("alive")
}

// TestGapIsBounded: F5. Messages beyond a gap are kept by the session library;
// there is a limit.
func TestGapIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Limits.Ahead = 20 })
	p, other := w.login("ALICE"), w.login("BOB")
	for seq := range 30 {
		if _, err := p.conn.Write(p.message("0", "34="+strconv.Itoa(100+seq), "")); err != nil {
			break
		}
	}
	if err := p.drainAway(); os.IsTimeout(err) {
		t.Error("the connection is still open")
	}
	other.answers("alive")
}

// TestReplaysAreLimited: C10. Whole histories again and again are refused.
func TestReplaysAreLimited(t *testing.T) {
	t.Parallel()
	r := replayLimit{most: 2, full: 10_000}
	now := time.Unix(1000, 0)
	for _, c := range []struct {
		size  int64
		after time.Duration
		want  bool
	}{
		{2000, 0, true}, {2000, 0, true}, {2000, 0, false}, {1, 0, false}, {2000, 9999 * time.Millisecond, false}, {2000, 10 * time.Second, true},
		{2000, 10 * time.Second, false}, {1000, 11 * time.Second, true}, {1000, 11 * time.Second, false}, {20, 11020 * time.Millisecond, true},
		{20, 11030 * time.Millisecond, false}, {2000, time.Hour, true}, {2000, time.Hour, true}, {2000, time.Hour, false},
		{20, time.Minute, false}, // a clock that was put back gives nothing away
	} {
		if got := r.allow(c.size, now.Add(c.after)); got != c.want {
			t.Errorf("%d numbers after %s: %v", c.size, c.after, got)
		}
	}
	// Short ranges are no way around: a thousand requests for 1,000 numbers each are
	// answered with as many numbers as five whole histories.
	r, taken := replayLimit{most: 5, full: 10_000}, 0
	for range 1000 {
		if r.allow(1000, now) {
			taken++
		}
	}
	if taken != 50 {
		t.Errorf("%d requests for 1,000 numbers are answered at once, want 50", taken)
	}
}

// TestArrivalIsTheSocketRead: a request carries the time at which its bytes
// came, and when the client sent it.
func TestArrivalIsTheSocketRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	p := w.login("ALICE")
	before := perp.Time(time.Now().UnixNano())
	p.order("A1")
	p.expect("35=8")
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	e := w.disk.entries[len(w.disk.entries)-1] // after the beginning of the session
	o, ok := originOf(e.Command)
	if !ok || o.Session != "ALICE" || o.InSeq != 2 || o.Arrival < before || o.Arrival > e.Time {
		t.Errorf("origin %+v, sent after %d, stamped %d", o, before, e.Time)
	}
	if d := o.Arrival - o.Sent; d < -2*perp.Millisecond || d > 5*perp.Second {
		t.Errorf("sent %d, arrived %d", o.Sent, o.Arrival)
	}
}

// TestBadConfiguration is refused with a reason.
func TestBadConfiguration(t *testing.T) {
	for _, c := range []struct {
		sessions []SessionConfig
		want     string
	}{
		{nil, "no sessions"},
		{[]SessionConfig{{CompID: ""}}, "CompIDs"},
		{[]SessionConfig{{CompID: "A", Password: "x"}, {CompID: "A", Password: "y"}}, "CompIDs"},
		{[]SessionConfig{{CompID: "A"}}, "no password"},
		{[]SessionConfig{{CompID: "A", Password: "x", OrdersPerSecond: -1}}, "orders per second"},
		{[]SessionConfig{{CompID: "A", Password: "x", AllowIPs: []string{"10.0.0.0/40"}}}, "allow_ips"},
	} {
		_, err := New(Config{CompID: "G", Sessions: c.sessions}, nil, nil, nil, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.sessions, err, c.want)
		}
	}
}

func fieldOf(msg, tag string) string {
	_, rest, ok := strings.Cut("|"+msg, "|"+tag+"=")
	if !ok {
		return ""
	}
	value, _, _ := strings.Cut(rest, "|")
	return value
}

// TestStoredTypesMatchThePromise: what is resent and what is not (roe.md I6).
func TestStoredTypesMatchThePromise(t *testing.T) {
	for kind, want := range map[string]bool{"8": true, "9": true, "j": true, "AP": true, "AO": true, "AM": true, "AX": true, "BG": true, "BA": true, "AQ": true, "AE": true, "S": false, "W": false, "X": false, "f": false, "y": false, "Y": false, "AG": false} {
		msg := quickfix.NewMessage()
		msg.Header.SetString(35, kind)
		if got := storedType(msg); got != want {
			t.Errorf("%s: stored %v", kind, got)
		}
		if got := stored[typeOf(fmt.Appendf(nil, "8=FIX.4.4\x019=1\x0135=%s\x01", kind))]; got != want {
			t.Errorf("%s in bytes: stored %v", kind, got)
		}
	}
}
