package fix

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"backstop/perp"
)

// placed makes an order of ALICE happen in the engine, whether or not she is there.
func (w *world) placed(id string) {
	w.inbox <- perp.Input{Command: perp.PlaceOrder{
		Origin: perp.Origin{Session: "ALICE"}, ClOrdID: id, Symbol: "SOL-PERP", Side: perp.Buy, Type: perp.Limit, TIF: perp.GTC,
		Size: size("1"), Price: price("150"),
	}}
}

// relogin logs on with a reset, as after a loss of everything.
func (w *world) relogin(name string) *peer {
	w.t.Helper()
	p := w.dial(name)
	p.logon("141=Y|")
	p.expect("35=A", "34=1", "141=Y")
	return p
}

// TestResetLosesNothing: what was said to a connection that broke, and to none,
// comes again after a reset before anything new, marked, with the same ids; again
// after a crash; and on request.
func TestResetLosesNothing(t *testing.T) {
	t.Parallel()
	k := newDisk()
	w := newWorldOn(t, k, nil)
	p := w.login("ALICE")
	p.order("A1")
	first := p.expect("35=8", "34=2")
	p.conn.Close() // It may as well not have read that.
	w.placed("A2")
	w.numbered("ALICE", 4)

	p = w.relogin("ALICE")
	again := p.expect("35=8", "34=2", "97=Y", "11=A1", "17="+fieldOf(first, "17"), "60="+fieldOf(first, "60"))
	if strings.Contains(again, "|43=") {
		t.Errorf("a new message says that it is an old one: %s", again)
	}
	second := p.expect("35=8", "34=3", "97=Y", "11=A2")
	p.order("A3")
	if got := p.expect("35=8", "34=4", "11=A3"); strings.Contains(got, "|97=") {
		t.Errorf("a new report is marked: %s", got)
	}
	p.send("2", "7=1|16=3|")
	p.expect("35=4", "34=1", "36=2")
	p.expect("35=8", "34=2", "43=Y", "97=Y", "11=A1", "17="+fieldOf(first, "17"))
	p.expect("35=8", "34=3", "43=Y", "97=Y", "11=A2", "17="+fieldOf(second, "17"))
	w.crash()

	w = newWorldOn(t, k, nil)
	p = w.relogin("ALICE")
	got := p.expect("35=8", "34=2", "97=Y", "11=A1", "17="+fieldOf(first, "17"), "60="+fieldOf(first, "60"))
	if strings.Count(got, "|97=") != 1 {
		t.Errorf("marked twice: %s", got)
	}
	p.expect("35=8", "34=3", "97=Y", "11=A2", "17="+fieldOf(second, "17"))
	p.expect("35=8", "34=4", "97=Y", "11=A3")
	p.answers("end")
}

// TestOwnResetLosesNothing: the same for a session that starts anew at each Logon.
func TestOwnResetLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Sessions[0].ResetOnLogon = true })
	p := w.login("ALICE")
	p.answers("x")
	p.conn.Close()
	w.placed("A1")
	w.numbered("ALICE", 4)
	p = w.login("ALICE")
	p.expect("35=8", "34=2", "97=Y", "11=A1")
	p.answers("end")
}

// shows are the ways in which a client shows what it has, and what shows nothing;
// A1 and A2 have the numbers 2 and 3.
var shows = []struct {
	name  string
	show  func(w *world, p *peer)
	again int // how many of A1 and A2 come again
}{
	{"nothing", func(*world, *peer) {}, 2},
	{"a heartbeat", func(_ *world, p *peer) { p.send("0", ""); p.answers("x") }, 2},
	{"a test request of its own", func(_ *world, p *peer) { p.answers("x") }, 2},
	{"LastMsgSeqNumProcessed of the first", func(_ *world, p *peer) { p.send("1", "369=2|112=x|"); p.expect("35=0") }, 1},
	{"LastMsgSeqNumProcessed of both", func(_ *world, p *peer) { p.send("1", "369=3|112=x|"); p.expect("35=0") }, 0},
	{"more than was said", func(_ *world, p *peer) { p.send("1", "369=900|112=x|"); p.expect("35=0") }, 2},
	{"no number", func(_ *world, p *peer) { p.send("1", "369=99999999999|112=x|"); p.expect("35=0") }, 2},
	{"a resend request from the second on", func(_ *world, p *peer) { p.send("2", "7=3|16=0|"); p.expect("35=8", "43=Y") }, 1},
	{"NextExpectedMsgSeqNum", func(w *world, p *peer) { p.back(w, "789=4|").conn.Close() }, 0},
	{"an answer to our question", func(w *world, p *peer) {
		id := fieldOf(question(w, p), "112")
		p.send("0", "112="+id+"|")
		p.answers("x")
	}, 0},
	{"an answer to another", func(w *world, p *peer) {
		question(w, p)
		p.send("0", "112=TEST|")
		p.answers("x")
	}, 2},
	{"a gap, then the answer", func(w *world, p *peer) {
		id := fieldOf(question(w, p), "112")
		p.send("2", "7=3|16=3|")
		p.expect("35=8", "43=Y")
		p.send("0", "112="+id+"|")
		p.answers("x")
	}, 1},
	{"a logout to its end", func(_ *world, p *peer) { p.send("5", ""); p.expect("35=5"); p.ended() }, 0},
	{"a logout without waiting", func(w *world, p *peer) {
		p.send("5", "")
		p.conn.Close()
		w.counted("ALICE", 5) // Else it could pass for the answer to the Logout of the stop.
	}, 2},
	{"a logout with a gap", func(w *world, p *peer) {
		p = p.back(w, "")
		p.send("5", "")
		p.expect("35=5")
		p.ended()
	}, 2},
	{"an answer to our logout", func(w *world, p *peer) {
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			w.stop()
		}()
		p.expect("35=5")
		p.send("5", "")
		p.ended()
		<-stopped
	}, 0},
}

// back hangs up and logs on again with the next number.
func (p *peer) back(w *world, more string) *peer {
	w.t.Helper()
	p.conn.Close()
	again := w.dial(p.name)
	again.seq = p.seq
	again.logon(more)
	again.expect("35=A")
	return again
}

// TestWhatIsShownIsNotSentAgain: only what the client has not shown to have comes
// again, also after a restart.
func TestWhatIsShownIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for _, c := range shows {
		t.Run(c.name, func(t *testing.T) {
			k := newDisk()
			w := newWorldOn(t, k, nil)
			p := w.login("ALICE")
			p.order("A1")
			p.expect("35=8", "34=2")
			p.order("A2")
			p.expect("35=8", "34=3")
			c.show(w, p)
			p.conn.Close()
			// What is known must outlive the process. The first claim of a new
			// connection also waits for the end of the old one.
			w.stop()
			w = newWorldOn(t, k, nil)
			p = w.relogin("ALICE")
			for i := 2 - c.again; i < 2; i++ {
				p.expect("35=8", "97=Y", "11=A"+strconv.Itoa(i+1))
			}
			p.answers("end")
		})
	}
}

// question makes a question due and returns it.
func question(w *world, p *peer) string {
	n := w.door.byComp["ALICE"].numbers
	n.mu.Lock()
	n.evidence.since = time.Time{}
	n.mu.Unlock()
	w.door.wake()
	return p.expect("35=1")
}

// TestManyReportsAreAsked: a client that trades without pause is asked what it
// has, and one question at a time.
func TestManyReportsAreAsked(t *testing.T) {
	n := testNumbers(perp.SessionWrite{})
	now := time.Now()
	for seq := range askReports {
		if _, due := n.question(now); due {
			t.Fatalf("asked after %d reports", seq)
		}
		if err := n.SaveMessageAndIncrNextSenderMsgSeqNum(seq+1, storedReport("1")); err != nil {
			t.Fatal(err)
		}
	}
	n.drain()
	n.released()
	id, due := n.question(now)
	if _, twice := n.question(now.Add(askAgain - time.Second)); !due || twice {
		t.Fatalf("due %v, again %v", due, twice)
	}
	n.answered(id)
	if n.acked != askReports+1 {
		t.Errorf("acknowledged up to %d", n.acked)
	}
	if _, due := n.question(now.Add(time.Hour)); due {
		t.Error("asked without a doubt")
	}
}

// TestTooManyAreNotSentAgain: the newest are; News say how many are not.
func TestTooManyAreNotSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Limits.Repeats = 2 })
	for i := range 5 {
		w.placed("A" + strconv.Itoa(i))
	}
	w.numbered("ALICE", 6)
	p := w.relogin("ALICE")
	p.expect("35=B", "34=2", "148="+headlineOmitted, "33=1", "58=3 older reports are not sent again; ask with AF and AD")
	p.expect("35=8", "34=3", "97=Y", "11=A3")
	p.expect("35=8", "34=4", "97=Y", "11=A4")
	p.answers("end")
}

// TestLongRepetitionIsAskedFor: what does not fit at once has its numbers and
// comes on request.
func TestLongRepetitionIsAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Limits.ReplayMessages = 2 })
	for i := range 4 {
		w.placed("A" + strconv.Itoa(i))
	}
	w.numbered("ALICE", 5)
	p := w.relogin("ALICE")
	p.expect("35=8", "34=2", "97=Y", "11=A0")
	p.expect("35=8", "34=3", "97=Y", "11=A1")
	p.send("1", "112=x|")
	p.expect("35=0", "34=6")
	p.send("2", "7=4|16=0|")
	p.expect("35=8", "34=4", "43=Y", "97=Y", "11=A2")
	p.expect("35=8", "34=5", "43=Y", "97=Y", "11=A3")
}

// TestResetIsOneTransaction: until the answer to the Logon has its number the
// former epoch stands on disk; then the new one does, with all that is owed.
func TestResetIsOneTransaction(t *testing.T) {
	k := newDisk()
	n := k.numbers()
	for seq := 1; seq <= 3; seq++ {
		if err := n.SaveMessageAndIncrNextSenderMsgSeqNum(seq, storedReport(strconv.Itoa(seq))); err != nil {
			t.Fatal(err)
		}
	}
	k.flush(n)
	n.acknowledged(2)
	reset(t, n)
	k.flush(n)
	if s := k.session("ALICE"); s.Epoch != 1 || s.OutSeq != 4 || s.Acked != 2 {
		t.Fatalf("before the Logon is answered: %+v", s)
	}
	if err := n.SaveMessageAndIncrNextSenderMsgSeqNum(1, []byte("8=FIX.4.4\x019=1\x0135=A\x0134=1\x01")); err != nil {
		t.Fatal(err)
	}
	if n.mayLeave(2, 1) {
		t.Error("the answer left before the commit")
	}
	k.flush(n)
	if s := k.session("ALICE"); s.Epoch != 2 || s.OutSeq != 4 || s.Acked != 1 {
		t.Fatalf("after it: %+v", s)
	}
	if rows := k.messages[epochKey("ALICE", 2)]; len(rows) != 2 || rows[0].Seq != 2 || rows[1].Seq != 3 {
		t.Errorf("owed in the new epoch: %v", rows)
	}
}

// TestResetSeesWhatIsCommittedMeanwhile: a report that becomes durable while a
// reset reads the store is owed as well.
func TestResetSeesWhatIsCommittedMeanwhile(t *testing.T) {
	k := newDisk()
	n := k.numbers()
	say := func(seq int) {
		if err := n.SaveMessageAndIncrNextSenderMsgSeqNum(seq, storedReport(strconv.Itoa(seq))); err != nil {
			t.Fatal(err)
		}
	}
	say(1)
	k.flush(n)
	say(2)
	load := n.load
	n.load = func(session string, epoch, from, to int64, fn func(perp.WireMessage) error) error {
		err := load(session, epoch, from, to, fn)
		say(3)
		k.flush(n)
		return err
	}
	reset(t, n)
	var got []int64
	for _, m := range n.again.owed {
		got = append(got, m.Seq)
	}
	if fmt.Sprint(got) != "[1 2 3]" {
		t.Errorf("owed: %v", got)
	}
}

// numbers are those of ALICE, from disk; flush commits what they have to.
func (k *disk) numbers() *numbers {
	n := testNumbers(k.session("ALICE"))
	n.load = k.load
	return n
}

func (k *disk) flush(n *numbers) {
	writes := n.drain()
	k.commit(nil, writes)
	for range writes {
		n.released()
	}
}
