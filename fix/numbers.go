package fix

import (
	"bytes"
	"runtime"
	"slices"
	"sync"
	"time"

	"backstop/perp"
)

const (
	// reserveBlock is how many outbound numbers are made durable ahead of use,
	// so that messages which are never resent need not wait for a disk.
	reserveBlock = 1000
	// reserveLow is how few may be left before the next block is asked for.
	reserveLow = 500
)

// stored are the message types that a client can have again by ResendRequest.
// Everything else is newest-wins or administrative and becomes a gap fill.
var stored = map[string]bool{
	"8": true, "9": true, "r": true, "AP": true, "AM": true, "AX": true, "BA": true, "AE": true, "AO": true, "AQ": true, "j": true,
}

// loader reads durable outbound messages, numbers from and to included.
type loader func(session string, epoch, from, to int64, fn func(perp.WireMessage) error) error

// numbers is the message store of one session. It lives in memory: what must
// survive is collected and handed to the sequencer's next commit. No method
// waits for anything but the lock, except those that read history.
type numbers struct {
	session string
	dirty   func() // says that a commit is wanted although no command waits
	load    loader

	mu       sync.Mutex
	epoch    int64
	in, out  int64
	reserved int64 // bound asked for; becomes durable with the next commit
	durable  int64 // bound that is durable
	created  time.Time
	changed  bool
	unsaved  []perp.WireMessage  // not yet in a commit
	inflight []perp.WireMessage  // in the commit under way
	closed   []perp.SessionWrite // last words of epochs that a reset ended
	pending  []int64             // inbound numbers whose command is undecided
	decided  int64               // highest inbound number whose command was applied
}

// newNumbers goes on after what the last commit said. Numbers up to the
// reservation may have been used, so the next one is beyond it.
func newNumbers(w perp.SessionWrite, now time.Time, dirty func(), load loader) *numbers {
	n := &numbers{session: w.Session, dirty: dirty, load: load, epoch: w.Epoch, in: max(w.InSeq, 1), created: time.Unix(0, int64(w.Created))}
	n.out = max(w.OutSeq, w.OutReserved, 1)
	n.reserved, n.durable = n.out, n.out
	if w.Created == 0 {
		n.created, n.changed = now, true
	}
	return n
}

func (n *numbers) NextSenderMsgSeqNum() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return int(n.out)
}

func (n *numbers) NextTargetMsgSeqNum() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return int(n.in)
}

func (n *numbers) IncrNextSenderMsgSeqNum() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.advance(n.out + 1)
	return nil
}

// IncrNextTargetMsgSeqNum is written with the next commit, whenever that is: if
// it is lost the client is asked for the message again and nothing is done twice.
func (n *numbers) IncrNextTargetMsgSeqNum() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.in++
	n.changed = true
	return nil
}

func (n *numbers) SetNextSenderMsgSeqNum(next int) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.advance(int64(next))
	return nil
}

func (n *numbers) SetNextTargetMsgSeqNum(next int) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.in, n.changed = int64(next), true
	return nil
}

// advance moves the outbound number and asks for a commit when the durable
// block runs low.
func (n *numbers) advance(next int64) {
	n.out, n.changed = next, true
	if n.out+reserveLow > n.reserved {
		n.reserved = n.out + reserveBlock
	}
	if n.out+reserveLow > n.durable {
		n.dirty()
	}
}

// CreationTime yields the processor: the session engine calls it on every turn
// of its send loop, which otherwise spins while the writer works.
func (n *numbers) CreationTime() time.Time {
	runtime.Gosched()
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.created
}

func (n *numbers) SetCreationTime(t time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.created, n.changed = t, true
}

func (n *numbers) SaveMessage(seq int, msg []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.keep(int64(seq), msg)
	return nil
}

func (n *numbers) SaveMessageAndIncrNextSenderMsgSeqNum(seq int, msg []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.keep(int64(seq), msg)
	n.advance(int64(seq) + 1)
	return nil
}

func (n *numbers) keep(seq int64, msg []byte) {
	if stored[field(msg, "35")] {
		n.unsaved = append(n.unsaved, perp.WireMessage{Seq: seq, Bytes: bytes.Clone(msg)})
		n.changed = true
		n.dirty()
	}
}

func (n *numbers) GetMessages(begin, end int) (all [][]byte, err error) {
	err = n.IterateMessages(begin, end, func(m []byte) error {
		all = append(all, m)
		return nil
	})
	return all, err
}

// IterateMessages hands on the stored messages of the range, durable ones and
// those on their way. The range is clamped to numbers that were used.
func (n *numbers) IterateMessages(begin, end int, cb func([]byte) error) error {
	n.mu.Lock()
	from, to, epoch := max(int64(begin), 1), int64(end), n.epoch
	if to <= 0 || to >= n.out {
		to = n.out - 1
	}
	waiting := slices.Concat(n.inflight, n.unsaved)
	n.mu.Unlock()
	last := from - 1
	if err := n.load(n.session, epoch, from, to, func(m perp.WireMessage) error {
		last = m.Seq
		return cb(m.Bytes)
	}); err != nil {
		return err
	}
	for _, m := range waiting {
		if m.Seq > last && m.Seq <= to {
			if err := cb(m.Bytes); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n *numbers) Refresh() error { return nil }
func (n *numbers) Close() error   { return nil }

// Reset begins a new epoch. What the old one has not committed yet goes into
// the next commit too, under its own epoch.
func (n *numbers) Reset() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = append(n.closed, n.write(n.unsaved))
	n.unsaved, n.inflight = nil, nil
	n.epoch++
	n.in, n.out, n.reserved, n.durable, n.decided = 1, 1, 1, 1, 0
	n.pending = nil
	n.advance(1)
	return nil
}

// expect notes that the command of an inbound message is on its way.
func (n *numbers) expect(seq int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pending = append(n.pending, seq)
}

// settle notes that the command was applied, or never got in.
func (n *numbers) settle(seq int64, applied bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if i := slices.Index(n.pending, seq); i >= 0 {
		n.pending = slices.Delete(n.pending, i, i+1)
		if applied {
			n.decided, n.changed = max(n.decided, seq), true
		}
	}
}

// inDurable is the inbound number that may be made durable: beyond every
// decided command, not beyond one that is undecided.
func (n *numbers) inDurable() int64 {
	in := max(n.in, n.decided+1)
	if len(n.pending) > 0 {
		in = min(in, n.pending[0])
	}
	return in
}

func (n *numbers) write(messages []perp.WireMessage) perp.SessionWrite {
	return perp.SessionWrite{
		Session: n.session, Epoch: n.epoch, InSeq: n.inDurable(), OutSeq: n.out,
		OutReserved: max(n.reserved, n.out), Created: perp.Time(n.created.UnixNano()), Messages: messages,
	}
}

// drain returns what must become durable now; nothing if nothing changed.
func (n *numbers) drain() []perp.SessionWrite {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.changed && len(n.closed) == 0 {
		return nil
	}
	writes := append(n.closed, n.write(n.unsaved))
	n.closed, n.inflight, n.unsaved, n.changed = nil, n.unsaved, nil, false
	return writes
}

// release notes that a write is durable.
func (n *numbers) release(w perp.SessionWrite) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if w.Epoch == n.epoch {
		n.inflight, n.durable = nil, w.OutReserved
	}
}

// finish gives back the rest of the reservation, for a clean stop.
func (n *numbers) finish() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.reserved, n.changed = n.out, true
}

// mayLeave tells whether a message with this number may be seen by the client:
// its number is durable, and so is every stored message up to it.
func (n *numbers) mayLeave(seq int64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, waiting := range [][]perp.WireMessage{n.inflight, n.unsaved} {
		if len(waiting) > 0 && seq >= waiting[0].Seq {
			return false
		}
	}
	return seq < n.durable
}
