package fix

import (
	"strconv"
	"testing"
)

// TestNumbersAtLogon: what a Logon without reset gets for each MsgSeqNum(34) and
// NextExpectedMsgSeqNum(789), below, at and above what the gateway has.
func TestNumbersAtLogon(t *testing.T) {
	t.Parallel()
	const low, at, high = -1, 0, 2
	for _, c := range []struct{ number, expected int }{
		{low, low}, {low, at}, {low, high}, {at, low}, {at, at}, {at, high}, {high, low}, {high, at}, {high, high},
	} {
		w := newWorld(t, nil)
		p := w.login("ALICE")
		p.order("A1")
		p.expect("35=8", "34=2")
		p.leave() // Three from the client, three from the gateway: 4 is next on both sides.
		w.counted("ALICE", 4)
		p = w.dial("ALICE")
		p.seq = 4 + c.number
		p.logon("789=" + strconv.Itoa(4+c.expected) + "|")
		in, out := w.door.byComp["ALICE"].numbers.next()
		switch {
		case c.expected == high: // It cannot have what was never sent: nothing moves.
			p.expect("35=5", "34=0", "58="+refusedExpected)
			p.ended()
			if i, o := w.door.byComp["ALICE"].numbers.next(); i != in || o != out || in != 4 || out != 4 {
				t.Errorf("%+v: numbers moved to %d and %d", c, i, o)
			}
		case c.number == low: // It has lost its numbers.
			p.expect("35=5", "34=4")
			p.ended()
		case c.number == at:
			p.expect("35=A", "34=4")
			if c.expected == low { // It has not read our Logout, and asks for it.
				p.send("2", "7=3|16=0|")
				p.expect("35=4", "34=3", "123=Y")
			}
			p.answers("up")
		default: // We have not read two of its messages, and ask for them.
			p.expect("35=A", "34=4")
			p.expect("35=2", "34=5", "7=4")
			p.sendAt(4, "4", "43=Y|122=20260722-12:00:00|123=Y|36=7|")
			p.answers("up")
		}
		w.stop()
	}
}
