package fix

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"backstop/perp"

	"pgregory.net/rapid"
)

// story is a client with its connection to the numbers of one session, one step
// at a time: what TestEveryReportArrives tells at random.
type story struct {
	*rapid.T
	disk  *disk
	n     *numbers
	execs int             // reports made
	fresh []int           // not committed yet
	kept  []int           // committed: these must arrive
	wire  []outFrame      // queued to the client
	up    bool            // the connection
	in    int64           // next number that the client expects
	asked int64           // first number of the gap that it has asked for
	seen  map[string]bool // ExecIDs that it has
	waits bool            // it has asked for a reset and waits for the answer
}

// say numbers a message and queues it.
func (s *story) say(kind, more string) {
	seq := s.n.NextSenderMsgSeqNum()
	msg := []byte("8=FIX.4.4\x019=1\x0135=" + kind + "\x0134=" + strconv.Itoa(seq) + "\x01" + more)
	if err := s.n.SaveMessageAndIncrNextSenderMsgSeqNum(seq, msg); err != nil {
		s.Fatal(err)
	}
	if s.up {
		f := outFrame{epoch: s.n.currentEpoch(), seq: int64(seq), bytes: msg}
		s.wire = append(append(s.wire, f), s.n.following(f)...)
	}
}

func (s *story) report() {
	s.execs++
	s.fresh = append(s.fresh, s.execs)
	s.say("8", "17="+strconv.Itoa(s.execs)+"\x01")
}

func (s *story) flush() {
	s.disk.flush(s.n)
	s.kept, s.fresh = append(s.kept, s.fresh...), nil
}

func (s *story) cut() { s.up, s.wire, s.asked, s.waits = false, nil, 0, false }

// crash loses what was not committed, as the commands with it.
func (s *story) crash() {
	s.cut()
	s.n, s.fresh = s.disk.numbers(), nil
}

func (s *story) logon(reset bool) {
	if !s.up || !reset || s.waits || len(s.wire) > 0 && s.in == 1 || rapid.Bool().Draw(s.T, "anew") {
		s.cut() // Else the client resets in the middle of its session.
	}
	if reset {
		s.in, s.asked, s.waits = 1, 0, true
		// As the session library: before the answer and while it is made. It drops
		// what it has not yet written.
		s.up = false
		for i := range 2 {
			if i == 1 && rapid.IntRange(0, 3).Draw(s.T, "between") == 0 {
				s.report()
			}
			if err := s.n.Reset(); err != nil {
				s.Fatal(err)
			}
		}
		if rapid.IntRange(0, 5).Draw(s.T, "dies") == 0 {
			s.flush()
			s.crash()
			return
		}
	}
	s.up = true
	s.n.logonNumbered()
	more := ""
	if reset {
		more = "141=Y\x01"
	}
	s.say("A", more)
	s.n.entered()
}

// receive hands the client what may leave, at most so many messages.
func (s *story) receive(most int) {
	for range most {
		if len(s.wire) == 0 || !s.n.mayLeave(s.wire[0].epoch, s.wire[0].seq) {
			return
		}
		f := s.wire[0]
		s.wire = s.wire[1:]
		s.take(f.seq, strings.ReplaceAll(string(f.bytes), "\x01", "|"))
	}
}

func (s *story) take(seq int64, msg string) {
	again := fieldOf(msg, "43") == "Y"
	switch {
	case fieldOf(msg, "141") == "Y":
		s.in, s.asked, s.waits = seq, 0, false
	case s.waits:
		return
	case fieldOf(msg, "35") == "5":
		s.n.left(seq + 1)
		s.in = max(s.in, seq)
		if s.in != seq || s.asked > 0 {
			s.Fatalf("logout in a gap")
		}
	case seq > s.in:
		if s.asked == 0 {
			s.asked = s.in
			s.resend()
		}
		return
	case seq < s.in && again:
		return
	case seq < s.in:
		s.Fatalf("number %d again, %d expected: %s", seq, s.in, msg)
	}
	s.in = seq + 1
	switch fieldOf(msg, "35") {
	case "4":
		s.in = max(s.in, number64(fieldOf(msg, "36")))
	case "1":
		s.n.answered(fieldOf(msg, "112"))
	case "8":
		exec := fieldOf(msg, "17")
		if s.seen[exec] && !again && fieldOf(msg, "97") != "Y" {
			s.Fatalf("twice without a mark: %s", msg)
		}
		s.seen[exec] = true
	}
	if s.in > s.asked {
		s.asked = 0
	}
}

func number64(text string) int64 { v, _ := digits([]byte(text), seqDigits); return v }

// resend answers a ResendRequest for all from the expected number on, as the
// session library does.
func (s *story) resend() {
	s.n.missing(s.in)
	next := s.in
	fill := func(to int64) {
		if next < to {
			msg := "8=FIX.4.4\x019=1\x0135=4\x0134=" + strconv.FormatInt(next, 10) + "\x0143=Y\x0136=" + strconv.FormatInt(to, 10) + "\x01"
			s.wire = append(s.wire, outFrame{epoch: s.n.currentEpoch(), seq: next, bytes: []byte(msg)})
		}
		next = to
	}
	end := int64(s.n.NextSenderMsgSeqNum())
	rows := map[int64]bool{}
	err := s.n.load(s.n.session, s.n.currentEpoch(), s.in, end-1, func(m perp.WireMessage) error { rows[m.Seq] = true; return nil })
	for _, h := range s.n.held {
		rows[h.seq] = true
	}
	if err == nil {
		for seq := s.in; seq < end; seq++ {
			if !rows[seq] {
				continue
			}
			var all [][]byte
			if all, err = s.n.GetMessages(int(seq), int(seq)); err != nil {
				break
			}
			for _, b := range all {
				if typeOf(b) == "0" || next > seq {
					continue
				}
				fill(seq)
				s.wire = append(s.wire, outFrame{epoch: s.n.currentEpoch(), seq: seq, bytes: append(append([]byte(nil), b...), "43=Y\x01"...)})
				next = seq + 1
			}
		}
	}
	if err != nil {
		s.Fatal(err)
	}
	fill(end)
}

func (s *story) step() {
	switch rapid.IntRange(0, 9).Draw(s.T, "step") {
	case 0, 1:
		s.report()
	case 2, 3:
		s.flush()
	case 4, 5:
		s.receive(rapid.IntRange(1, 6).Draw(s.T, "messages"))
	case 6:
		if s.up && s.asked == 0 && !s.waits {
			s.n.acknowledged(s.in) // as 369 says it
		}
	case 7:
		if id, due := s.n.question(time.Now().Add(time.Hour)); s.up && due {
			s.say("1", "112="+id+"\x01")
		} else if s.up {
			s.say("0", "")
		}
	case 8:
		if rapid.Bool().Draw(s.T, "crash") {
			s.crash()
		} else {
			s.cut()
		}
	case 9:
		s.logon(rapid.Bool().Draw(s.T, "reset"))
	}
}

// logout ends the session in order, if there is one: the client reads it all.
func (s *story) logout() {
	s.flush()
	s.receive(1000)
	if !s.up || s.waits || s.asked > 0 || len(s.wire) > 0 {
		return
	}
	_, out := s.n.next()
	if s.in != out {
		return // A gap that the client does not know of yet.
	}
	s.say("5", "")
	s.receive(1)
	s.cut()
}

// TestEveryReportArrives: whatever happens in between, connections that break,
// crashes, resets, every report that was committed reaches the client, and comes
// again only if it says so (43=Y or 97=Y).
func TestEveryReportArrives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := newDisk()
		s := &story{T: t, disk: k, n: k.numbers(), in: 1, seen: map[string]bool{}}
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			s.step()
			if rapid.IntRange(0, 20).Draw(t, "leaves") == 0 {
				s.logout()
			}
		}
		s.flush()
		for s.cut(); !s.up; {
			s.logon(rapid.Bool().Draw(t, "last reset"))
		}
		for {
			s.flush()
			s.receive(1000)
			if _, out := s.n.next(); s.in == out {
				break
			}
			if len(s.wire) == 0 {
				s.say("0", "") // shows a gap at the end
			}
		}
		for _, exec := range s.kept {
			if !s.seen[strconv.Itoa(exec)] {
				t.Fatalf("report %d never arrived; it has %d of %d", exec, len(s.seen), len(s.kept))
			}
		}
	})
}
