package fix

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// errEnough ends a replay that has reached its limit; the client asks for the
// rest when it sees the next number.
var errEnough = errors.New("replay limit reached")

// GetMessages returns the messages of a range.
func (n *numbers) GetMessages(begin, end int) (all [][]byte, err error) {
	err = n.IterateMessages(begin, end, func(b []byte) error {
		all = append(all, b)
		return nil
	})
	return all, err
}

// IterateMessages hands out what is stored of a range: durable rows from the
// store, newer ones from memory; the barrier holds those until they are durable
// too. The range is clamped to numbers that exist (F2). If the range ends with
// numbers that are not stored, a heartbeat with the last of them stands for the
// rest, so that the session layer fills the gap to its end.
func (n *numbers) IterateMessages(begin, end int, cb func([]byte) error) error {
	r := replay{cb: cb, limits: n.door.cfg.Limits, say: n.sayable(), filler: n.filler}
	n.mu.Lock()
	epoch, from, to := n.epoch, max(int64(begin), 1), min(int64(end), n.out-1)
	onDisk := min(to, n.onDisk())
	var memory []heldMessage
	for _, h := range n.held {
		if h.epoch == epoch && h.bytes != nil && from <= h.seq && h.seq <= to {
			memory = append(memory, h)
		}
	}
	n.mu.Unlock()
	if from > to {
		return nil
	}
	r.last = from - 1
	var err error
	if from <= onDisk && n.load != nil {
		err = n.load(n.session, epoch, from, onDisk, func(m perp.WireMessage) error { return r.give(m.Seq, m.Bytes) })
	}
	for i := 0; err == nil && i < len(memory); i++ {
		err = r.give(memory[i].seq, memory[i].bytes)
	}
	if err != nil && !errors.Is(err, errEnough) {
		return fmt.Errorf("replay of %s: %w", n.session, err)
	}
	if err == nil && r.last < to {
		if err := cb(n.filler(to)); err != nil {
			return err
		}
		r.last = to
	}
	n.given(epoch, from, r.last)
	return nil
}

type replay struct {
	cb     func([]byte) error
	limits Limits
	say    func([]byte) ([]byte, bool) // as the session that asks speaks, which may not be how it was said
	filler func(seq int64) []byte
	last   int64
	count  int
	bytes  int
}

func (r *replay) give(seq int64, msg []byte) error {
	if r.count >= r.limits.ReplayMessages || r.bytes+len(msg) > r.limits.ReplayBytes {
		return errEnough
	}
	r.count++
	r.bytes += len(msg)
	r.last = seq
	// crash point resend
	said, ok := r.say(msg)
	if !ok {
		return r.cb(r.filler(seq))
	}
	return r.cb(said)
}

// sayable is how the session says what is stored.
func (n *numbers) sayable() func([]byte) ([]byte, bool) {
	if l := n.door.byComp[n.session]; l != nil {
		return l.present
	}
	return func(raw []byte) ([]byte, bool) { return inStrict44(raw), true }
}

// filler is a heartbeat that is never sent: the session layer sees an
// administrative message there and fills the gap.
func (n *numbers) filler(seq int64) []byte {
	l := n.door.byComp[n.session]
	return build(l.id, "0", seq, time.Now(), "")
}

// bigReplay is how many numbers make a ResendRequest count against the limit.
const (
	bigReplay    = 1000
	replayWindow = 10 * time.Second
)

// replayLimit bounds how much a client may ask for again: so many whole histories
// at once, and one more in each replayWindow. A short range costs as many numbers
// as it has, so that many short ones are no way around; one for more than bigReplay
// numbers costs a whole history.
type replayLimit struct {
	mu    sync.Mutex
	most  int64     // whole histories at once
	full  int64     // numbers of a whole one
	spent int64     // numbers
	at    time.Time // of the last request
}

// smallReplay is the least that a request costs.
const smallReplay = 20

func (r *replayLimit) allow(size int64, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	cost := min(max(size, smallReplay), r.full)
	if size > bigReplay {
		cost = r.full
	}
	passed := min(max(0, now.Sub(r.at)), time.Duration(r.most)*replayWindow)
	r.spent = max(0, r.spent-int64(passed)*r.full/int64(replayWindow))
	r.at = now
	if r.spent+cost > r.most*r.full {
		return false
	}
	r.spent += cost
	return true
}

// numbersFactory gives the session layer the store of each session.
type numbersFactory struct{ door *Door }

// Create implements quickfix.MessageStoreFactory.
func (f numbersFactory) Create(id quickfix.SessionID) (quickfix.MessageStore, error) {
	l := f.door.byID[id]
	if l == nil {
		return nil, fmt.Errorf("fix: session %s is not configured", id)
	}
	return l.numbers, nil
}
