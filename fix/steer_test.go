package fix

import (
	"strings"
	"testing"
	"time"

	"backstop/perp"
)

// steer does a command of the desk as the gateway does, with an engine that
// refuses nothing but what the door says is busy.
func (w *world) steer(session string, verb perp.SessionVerb, in, out int64) (busy bool) {
	w.t.Helper()
	cmd, _ := w.door.Prepare(perp.SteerSession{Session: session, Verb: verb, In: in, Out: out})
	if busy = cmd.(perp.SteerSession).Busy; !w.put(perp.Input{Command: cmd, Source: "operator"}) {
		w.t.Fatal("the inbox is full")
	}
	if !busy {
		w.free(session)
	}
	return busy
}

// free waits until nothing holds the place of a client's connection.
func (w *world) free(session string) {
	w.t.Helper()
	for end := time.Now().Add(cutMax); w.door.byComp[session].holder.Load() != nil; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("%s: still connected", session)
		}
	}
}

// until waits for what the door does by itself.
func (w *world) until(what string, so func() bool) {
	w.t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("never %s", what)
		}
	}
}

// TestKickBeforeTheLogonIsNoted: the answer to a Logon leaves a moment before the session
// counts as up. A kick in between is not lost, and one is told once.
func TestKickBeforeTheLogonIsNoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	p := w.login("ALICE")
	l := w.door.byComp["ALICE"]
	w.until("logged on", l.up.Load)
	l.up.Store(false) // As it is between the two.
	w.happen(perp.SessionSteered{Session: "ALICE", Verb: perp.KickSession, Reason: "early"})
	if c := l.holder.Load(); c == nil || c.leaving.Load() {
		t.Fatal("a client that is not up was told to go")
	}
	l.up.Store(true)
	w.door.leave(l) // As begun does; once more does nothing.
	w.door.leave(l)
	p.expect("35=5", "34=2", "58="+textKicked+"early")
	p.send("5", "")
	p.ended()
	q := w.dial("ALICE")
	q.seq = p.seq
	q.logon("")
	q.expect("35=A", "34=3")
	w.until("logged on again", l.up.Load)
	q.send("1", "112=still here|")
	q.expect("35=0", "112=still here")
}

// TestKickedClientIsTold: the client reads why in a Logout that has a number of
// the session, and its answer is counted: it comes back without a gap.
func TestKickedClientIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cancelling)
	p := w.login("ALICE")
	w.until("logged on", w.door.byComp["ALICE"].up.Load) // The answer leaves a moment before that.
	w.happen(perp.SessionSteered{Session: "ALICE", Verb: perp.KickSession, Reason: "drill"})
	p.expect("35=5", "34=2", "58="+textKicked+"drill")
	p.send("5", "")
	p.ended()
	w.lived("ALICE", "start! end!")
	q := w.dial("ALICE")
	q.seq = p.seq
	q.logon("")
	q.expect("35=A", "34=3")
	q.answers("back")
}

// TestDisabledSession: it is told so when it is shut out and at each Logon, and
// no number moves; who does not know the password learns nothing.
func TestDisabledSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cancelling)
	p, other := w.login("ALICE"), w.login("BOB")
	w.until("logged on", w.door.byComp["ALICE"].up.Load)
	w.happen(perp.SessionSteered{Session: "ALICE", Verb: perp.DisableSession, Reason: "unpaid\x01bills"})
	text := textDisabled + "unpaid|bills"
	if got := p.expect("35=5", "34=2"); !strings.Contains(got, "58="+text) {
		t.Errorf("told %s", got)
	}
	p.ended() // Whether an answer would still be counted is not told.
	w.lived("ALICE", "start! end!")
	w.counted("ALICE", 2)
	in, out := w.door.byComp["ALICE"].numbers.next()
	for _, c := range []struct{ password, want string }{{"demo", text}, {"wrong", refusedLogon}} {
		q := w.dial("ALICE")
		q.seq = p.seq
		q.send("A", "98=0|108=30|554="+c.password+"|553=ALICE|")
		if got := q.expect("35=5", "34=0"); !strings.Contains(got, "58="+c.want) {
			t.Errorf("told %s", got)
		}
		q.ended()
	}
	if i, o := w.door.byComp["ALICE"].numbers.next(); i != in || o != out {
		t.Errorf("numbers moved from %d, %d to %d, %d", in, out, i, o)
	}
	other.answers("others")
	w.happen(perp.SessionSteered{Session: "ALICE", Verb: perp.EnableSession})
	w.until("enabled", func() bool { return w.door.byComp["ALICE"].disabled.Load() == nil })
	q := w.dial("ALICE")
	q.seq = p.seq
	q.logon("")
	q.expect("35=A")
}

// TestNumbersOfTheDesk: they move while the client is away, durably, and never
// give a number twice to two messages; not while it is connected. A report that
// the client is not known to have comes again under the first of the new numbers.
func TestNumbersOfTheDesk(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cancelling)
	p := w.login("ALICE")
	if !w.steer("ALICE", perp.SetNumbers, 5, 5) {
		t.Error("moved while the client was connected")
	}
	p.order("A")
	p.expect("35=8", "34=2")
	p.send("5", "")
	p.expect("35=5", "34=3")
	p.ended()
	w.free("ALICE")
	for _, c := range []struct {
		verb    perp.SessionVerb
		in, out int64
		want    perp.SessionWrite
	}{
		{perp.SetNumbers, 10, 20, perp.SessionWrite{Epoch: 1, InSeq: 10, OutSeq: 20}},
		{perp.SetNumbers, 7, 0, perp.SessionWrite{Epoch: 1, InSeq: 7, OutSeq: 20}},
		{perp.SetNumbers, 0, 4, perp.SessionWrite{Epoch: 2, InSeq: 7, OutSeq: 5}},
		{perp.ResetNumbers, 0, 0, perp.SessionWrite{Epoch: 3, InSeq: 1, OutSeq: 2}},
		{perp.SetNumbers, 3, 6, perp.SessionWrite{Epoch: 3, InSeq: 3, OutSeq: 6}},
	} {
		if w.steer("ALICE", c.verb, c.in, c.out) {
			t.Fatalf("%s: busy", c.verb)
		}
		got := w.disk.session("ALICE")
		if got.Epoch != c.want.Epoch || got.InSeq != c.want.InSeq || got.OutSeq != c.want.OutSeq {
			t.Errorf("%s %d %d left %+v", c.verb, c.in, c.out, got)
		}
	}
	q := w.dial("ALICE")
	q.seq = 3
	q.logon("")
	q.expect("35=A", "34=6")
	q.send("2", "7=1|16=0|")
	q.expect("35=8", "34=1", "43=Y", "97=Y", "11=A")
}
