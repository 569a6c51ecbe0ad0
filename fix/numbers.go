package fix

import (
	"runtime"
	"slices"
	"sync"
	"time"

	"backstop/perp"
)

// Numbers of unstored messages are reserved in blocks, and the next block is
// asked for while this many are left, so that nothing waits for it.
const (
	reserveBlock = 1000
	reserveLow   = 500
)

// numbers is the message store of one session: both next numbers and the
// messages that are not durable yet. It never waits and does no I/O but for
// resends; drain hands its changes to the sequencer's transaction.
type numbers struct {
	mu       sync.Mutex
	session  string
	load     LoadFunc
	door     *Door
	created  time.Time
	epoch    int64
	in, out  int64 // next numbers, as the session layer sees them
	floor    int64 // one more than the last request that the engine decided
	reserved int64 // bound asked for
	acked    int64 // the client has shown that it has everything below

	undecided   []int64       // requests that wait in the inbox, in order
	former      map[int64]int // the same of earlier epochs, which come first
	held        []heldMessage // numbered, not durable, in order
	drained     int           // how many of held are in the commit under way
	endedEpochs []perp.SessionWrite
	lineUp      bool // the message that is numbered next speaks of the batch being built
	changed     bool
	said        perp.SessionWrite // what the last drain said, without messages
	durable     perp.SessionWrite // what a commit has confirmed
	moved       chan struct{}     // closed at the next release

	fresh    bool // nothing is numbered in the epoch yet: the former one still stands
	again    repetition
	evidence evidence

	signatures signatures
}

// heldMessage waits for a commit. Without bytes it only holds the line: an
// unstored message that speaks of a batch not yet committed.
type heldMessage struct {
	epoch, seq int64
	bytes      []byte
}

func newNumbers(session string, known perp.SessionWrite, load LoadFunc, d *Door) *numbers {
	n := &numbers{
		session: session, load: load, door: d, created: time.Unix(0, int64(known.Created)),
		epoch: max(known.Epoch, 1), in: max(known.InSeq, 1), out: max(known.OutSeq, known.OutReserved, 1),
		acked: max(known.Acked, 1), former: map[int64]int{}, moved: make(chan struct{}), durable: known,
		signatures: newSignatures(known.Signatures),
	}
	n.evidence.newest = n.out - 1 // What was said before this start is not known here.
	if known.Created == 0 {
		n.created = time.Now()
	}
	n.said = known
	n.mu.Lock()
	defer n.mu.Unlock()
	n.touch()
	return n
}

// touch asks for a commit if something that must be durable has changed. The
// lock is held.
func (n *numbers) touch() {
	n.fresh = n.fresh && (n.out == 1 || len(n.again.owed) > 0)
	if n.out+reserveLow > n.reserved {
		n.reserved = n.out + reserveBlock
	}
	if n.reserved != n.said.OutReserved || n.durableIn() != n.said.InSeq || n.epoch != n.said.Epoch || len(n.held) > n.drained {
		n.changed = true
		n.door.wake()
	}
}

// durableIn is the number from which the client must repeat after a crash: the
// first request that is not decided, or the next one.
func (n *numbers) durableIn() int64 {
	in := max(n.in, n.floor)
	if len(n.undecided) > 0 {
		in = min(in, n.undecided[0])
	}
	return in
}

// waiting notes that request seq goes into the inbox; refused takes it back.
func (n *numbers) waiting(seq int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.undecided = append(n.undecided, seq)
}

func (n *numbers) refused(seq int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if i := slices.Index(n.undecided, seq); i >= 0 {
		n.undecided = slices.Delete(n.undecided, i, i+1)
	}
}

// decided notes that request seq is in the batch being built, so that its
// number becomes durable together with what it did (W10).
func (n *numbers) decided(seq int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.former[seq] > 0 {
		if n.former[seq]--; n.former[seq] == 0 {
			delete(n.former, seq)
		}
		return
	}
	if i := slices.Index(n.undecided, seq); i >= 0 {
		n.undecided = slices.Delete(n.undecided, i, i+1)
		n.floor = max(n.floor, seq+1)
		n.touch()
	}
}

// drain returns what is to be committed; nothing if nothing changed.
func (n *numbers) drain() (writes []perp.SessionWrite) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.changed {
		return nil
	}
	n.changed = false
	writes = n.endedEpochs
	if !n.fresh {
		writes = append(writes, n.state())
	}
	n.endedEpochs = nil
	writes = n.sign(writes)
	if len(writes) == 0 {
		return nil
	}
	n.said = writes[len(writes)-1]
	for i := range writes {
		for _, h := range n.held[n.drained:] {
			if h.epoch == writes[i].Epoch && h.bytes != nil {
				writes[i].Messages = append(writes[i].Messages, perp.WireMessage{Seq: h.seq, Bytes: h.bytes})
			}
		}
	}
	n.drained = len(n.held)
	// crash point reset-drained if len(writes) > 1
	return writes
}

// state is what is to be durable of the present epoch, without messages.
func (n *numbers) state() perp.SessionWrite {
	return perp.SessionWrite{
		Session: n.session, Epoch: n.epoch, InSeq: n.durableIn(), OutSeq: n.out, OutReserved: max(n.reserved, n.out),
		Acked: n.acked, Created: perp.Time(n.created.UnixNano()),
	}
}

// released tells that what drain returned last is durable.
func (n *numbers) released() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.durable, n.signatures.durable = n.said, n.signatures.drained
	// crash point commit-app-last if n.durable.InSeq > n.in
	// crash point inbox-waits if len(n.undecided) > 0
	if n.again.reading {
		n.again.released = append(n.again.released, n.held[:n.drained]...)
	}
	n.held = slices.Delete(n.held, 0, n.drained)
	n.drained = 0
	close(n.moved)
	n.moved = make(chan struct{})
}

// mayLeave is the output barrier: a message passes when its number is durable,
// so that the number can never be used again for something else. Everything in
// the same epoch that was numbered before must have passed; the writer keeps
// that order.
func (n *numbers) mayLeave(epoch, seq int64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if epoch != n.durable.Epoch {
		return epoch < n.durable.Epoch
	}
	if len(n.held) > 0 && n.held[0].epoch == epoch && seq >= n.held[0].seq {
		return false
	}
	return seq < max(n.durable.OutSeq, n.durable.OutReserved)
}

// release returns a channel that closes at the next release.
func (n *numbers) release() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.moved
}

func (n *numbers) next() (in, out int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.in, n.out
}

func (n *numbers) currentEpoch() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.epoch
}

// settleReserve gives back reserved numbers that were not used; only after the
// last message.
func (n *numbers) settleReserve() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.reserved, n.changed = n.out, true
}

// speaks marks the message that is numbered next: it leaves only after the next
// commit, though it is not stored.
func (n *numbers) speaks() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lineUp = true
}

// countIfNext counts an inbound message that the session library did not see, and
// tells whether it did not.
func (n *numbers) countIfNext(seq int64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if seq != n.in {
		return false
	}
	n.in++
	n.touch()
	return true
}

// NextSenderMsgSeqNum implements quickfix.MessageStore, as do the methods below.
func (n *numbers) NextSenderMsgSeqNum() int { _, out := n.next(); return int(out) }

// NextTargetMsgSeqNum is the number that the client's next message must have.
func (n *numbers) NextTargetMsgSeqNum() int { in, _ := n.next(); return int(in) }

// IncrNextSenderMsgSeqNum skips one outbound number.
func (n *numbers) IncrNextSenderMsgSeqNum() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.out++
	n.touch()
	return nil
}

// IncrNextTargetMsgSeqNum counts one inbound message.
func (n *numbers) IncrNextTargetMsgSeqNum() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.in++
	n.touch()
	return nil
}

// SetNextSenderMsgSeqNum moves the outbound number.
func (n *numbers) SetNextSenderMsgSeqNum(next int) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.out = int64(next)
	n.touch()
	return nil
}

// SetNextTargetMsgSeqNum moves the inbound number (SequenceReset).
func (n *numbers) SetNextTargetMsgSeqNum(next int) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.in = int64(next)
	n.touch()
	return nil
}

// CreationTime is asked for at every turn of the session's send loop, which
// spins while the writer is busy; yielding here lets the writer run (F3).
func (n *numbers) CreationTime() time.Time {
	runtime.Gosched()
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.created
}

// SetCreationTime sets when the epoch began.
func (n *numbers) SetCreationTime(t time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.created = t
}

// SaveMessage is not used by the session layer without numbering.
func (n *numbers) SaveMessage(seq int, msg []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hold(int64(seq), msg)
	n.touch()
	return nil
}

// SaveMessageAndIncrNextSenderMsgSeqNum keeps a message until it is durable.
func (n *numbers) SaveMessageAndIncrNextSenderMsgSeqNum(seq int, msg []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hold(int64(seq), msg)
	n.out = int64(seq) + 1
	n.repeat(int64(seq), typeOf(msg))
	n.touch()
	return nil
}

// number gives out the next number and keeps what is made with it.
func (n *numbers) number(with func(seq int64) []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	seq := n.out
	msg := with(seq)
	n.hold(seq, msg)
	n.out++
	n.repeat(seq, typeOf(msg))
	n.touch()
}

func (n *numbers) hold(seq int64, msg []byte) {
	kind := typeOf(msg)
	switch {
	case stored[kind]:
		n.held = append(n.held, heldMessage{n.epoch, seq, msg})
		if reports[kind] {
			n.evidence.said(seq, n.acked, time.Now())
		}
	case n.lineUp:
		n.held = append(n.held, heldMessage{n.epoch, seq, nil})
	}
	n.lineUp = false
}

// Refresh has nothing to do: memory is ahead of the disk, never behind.
func (n *numbers) Refresh() error { return nil }

// Close has nothing to do.
func (n *numbers) Close() error { return nil }
