package fix

import (
	"errors"
	"fmt"
	"strconv"
	"testing"

	"backstop/perp"
)

// seenWorld is a world in which ALICE was told of A1, A2 and A3, and has logged
// out, so that she is known to have them. execs are their ExecIDs.
func seenWorld(t *testing.T, change func(*Config)) (w *world, p *peer, execs []string) {
	t.Helper()
	w = newWorld(t, change)
	p = w.login("ALICE")
	for i := range 3 {
		p.order("A" + strconv.Itoa(i+1))
		execs = append(execs, fieldOf(p.expect("35=8"), "17"))
	}
	return w, p, execs
}

// again logs on with what the client saw last and checks what comes: ids, with
// 97=Y, from the number behind the answer.
func (w *world) again(seq int, more string, answer int, ids ...string) *peer {
	w.t.Helper()
	p := w.dial("ALICE")
	p.seq = seq
	p.logon(more)
	p.expectNone("35=A", "34="+strconv.Itoa(answer))
	for i, id := range ids {
		p.expect("35=8", "34="+strconv.Itoa(answer+1+i), "97=Y", "11="+id)
	}
	p.answers("end")
	return p
}

func (p *peer) leave() {
	p.t.Helper()
	p.send("5", "")
	p.expect("35=5")
	p.ended()
	p.conn.Close()
}

// TestLastSeen: what was told after the report that a Logon names comes again,
// whatever the client has shown to have, with and without a reset, from former
// epochs too, and once.
func TestLastSeen(t *testing.T) {
	t.Parallel()
	w, p, execs := seenWorld(t, nil)
	p.leave() // The gateway has said 1 to 5.
	p = w.again(p.seq, "22001="+execs[0]+"|", 6, "A2", "A3")
	p.leave() // The answers: 6 to 10.
	p = w.again(1, "141=Y|22001="+execs[1]+"|", 1, "A3")
	p.leave()
	p = w.again(1, "141=Y|22001="+execs[0]+"|", 1, "A2", "A3")
	p.leave()
	p = w.again(p.seq, "22001="+execs[2]+"|", 6)
	p.leave()
	w.again(1, "141=Y|22001=NONE|", 1, "A1", "A2", "A3").leave()
	// Without it a reset says only what is not known to have arrived.
	w.again(1, "141=Y|", 1)
}

// TestLastSeenIsOfOneLogon: a Logon that names its last report says nothing of a
// later reset, by the desk: that repeats only what the client has not shown to have.
func TestLastSeenIsOfOneLogon(t *testing.T) {
	t.Parallel()
	w, p, execs := seenWorld(t, nil)
	p.leave()
	p = w.again(p.seq, "22001="+execs[2]+"|", 6)
	p.order("A4")
	p.expect("35=8", "11=A4")
	p.leave()
	w.free("ALICE")
	n := w.door.byComp["ALICE"].numbers
	if err := n.renumber(0, 0); err != nil {
		t.Fatal(err)
	}
	if in, out := n.next(); in != 1 || out != 1 {
		t.Errorf("after the reset the next numbers are %d and %d: something is repeated", in, out)
	}
}

// TestLastSeenIsBounded: as a ResendRequest for everything, and no further back
// than a reset repeats.
func TestLastSeenIsBounded(t *testing.T) {
	t.Parallel()
	w, p, _ := seenWorld(t, func(c *Config) { c.Limits.BigReplays, c.Limits.Repeats = 1, 2 })
	p.leave()
	q := w.dial("ALICE")
	q.logon("141=Y|22001=NONE|")
	q.expect("35=A", "34=1")
	q.expect("35=B", "34=2", "148="+headlineOmitted, "58=1 older reports are not sent again; ask with AF and AD")
	q.expect("35=8", "34=3", "97=Y", "11=A2")
	q.expect("35=8", "34=4", "97=Y", "11=A3")
	q.answers("end")
	q.leave()
	r := w.dial("ALICE")
	r.seq = q.seq
	r.logon("22001=NONE|")
	r.expect("35=5", "58="+textReplays)
	r.ended()
}

// TestLastSeenWithoutAStore: a store that cannot be read refuses the Logon; the
// gateway goes on.
func TestLastSeenWithoutAStore(t *testing.T) {
	t.Parallel()
	w, p, execs := seenWorld(t, nil)
	p.leave()
	n := w.door.byComp["ALICE"].numbers
	n.load = func(string, int64, int64, int64, func(perp.WireMessage) error) error { return errors.New("disk") }
	q := w.dial("ALICE")
	q.seq = p.seq
	q.logon(fmt.Sprintf("22001=%s|", execs[0]))
	q.expect("35=5", "58=NOT_READY")
	q.ended()
	w.login("BOB").answers("alive")
}
