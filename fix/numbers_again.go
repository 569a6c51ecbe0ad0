package fix

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"backstop/perp"
)

// repetition is what a sequence reset owes the client: the reports of the former
// epoch that it is not known to have. They get numbers of the new epoch at once
// with its first message, which is the answer to the Logon, so one transaction
// ends the one epoch and begins the other with all that is owed. Until then the
// former epoch stands on disk.
type repetition struct {
	owed     []perp.WireMessage // not numbered yet
	omitted  int64              // more than the limit: not sent again
	from     int64              // of the present epoch, if the client has said so; else what it has shown
	reading  bool               // a reset reads what is owed
	released []heldMessage      // that became durable meanwhile
	behind   int64              // number of the Logon answer that frames follow
	frames   []outFrame
}

// Reset begins a new epoch; old messages stay. One Logon resets twice; an epoch
// without any number used is as good as a new one. It reads the store as a
// resend does, with no lock held: what is numbered meanwhile belongs to the old
// epoch and is owed too.
func (n *numbers) Reset() error {
	n.mu.Lock()
	if n.in == 1 && n.out == 1 && len(n.undecided) == 0 {
		n.mu.Unlock()
		return nil
	}
	epoch, from, onDisk := n.epoch, n.acked, n.onDisk()
	if n.again.from > 0 {
		from = n.again.from
	}
	n.again.reading = true
	n.mu.Unlock()

	found := newest{most: n.door.cfg.Limits.Repeats}
	var err error
	if from <= onDisk && n.load != nil {
		err = n.load(n.session, epoch, from, onDisk, func(m perp.WireMessage) error {
			found.add(m)
			return nil
		})
	}

	n.mu.Lock()
	defer n.mu.Unlock()
	memory := append(n.again.released, n.held...)
	n.again.reading, n.again.released = false, nil
	if err != nil {
		return fmt.Errorf("reset of %s: %w", n.session, err)
	}
	for _, h := range memory {
		if h.epoch == epoch && h.bytes != nil && h.seq > onDisk {
			found.add(perp.WireMessage{Seq: h.seq, Bytes: h.bytes})
		}
	}
	n.begin(found, from)
	return nil
}

// onDisk is the number up to which the epoch is in the store: the messages behind
// it wait in memory. The lock is held.
func (n *numbers) onDisk() int64 {
	last := n.out - 1
	for _, h := range n.held {
		if h.epoch == n.epoch && h.bytes != nil {
			last = min(last, h.seq-1)
		}
	}
	return last
}

// begin ends the epoch and owes what was found of it. The lock is held.
func (n *numbers) begin(found newest, from int64) {
	owed := n.again.owed
	if n.again.from == 0 {
		from = n.acked // The client may have shown more meanwhile.
	}
	for _, m := range found.inOrder() {
		if m.Seq >= from {
			owed = append(owed, m)
		}
	}
	if n.again.from > 0 {
		owed = once(owed)
	}
	more := max(0, len(owed)-n.door.cfg.Limits.Repeats)
	owed = owed[more:]
	n.again = repetition{owed: owed, omitted: n.again.omitted + found.dropped + int64(more)}
	n.endedEpochs = append(n.endedEpochs, n.state())
	for _, seq := range n.undecided {
		n.former[seq]++
	}
	// crash point reset-begins
	n.epoch++
	n.in, n.out, n.floor, n.reserved, n.acked, n.undecided = 1, 1, 0, 0, 1, nil
	n.created, n.fresh, n.evidence = time.Now(), true, evidence{}
	n.touch()
	if len(owed) > 0 {
		n.door.log.Info("fix reports sent again after a sequence reset", "comp_id", n.session, "epoch", n.epoch,
			"reports", len(owed), "omitted", n.again.omitted)
	}
}

// newest keeps the last reports of those that are added, in a ring.
type newest struct {
	most    int
	all     []perp.WireMessage
	next    int // the oldest, once the ring is full
	dropped int64
}

func (r *newest) add(m perp.WireMessage) {
	switch {
	case !reports[typeOf(m.Bytes)]:
	case len(r.all) < r.most:
		r.all = append(r.all, m)
	default:
		r.all[r.next] = m
		r.next = (r.next + 1) % r.most
		r.dropped++
	}
}

func (r *newest) inOrder() []perp.WireMessage {
	return append(append([]perp.WireMessage(nil), r.all[r.next:]...), r.all[:r.next]...)
}

// repeat numbers what the reset owes behind the first message of the epoch. The
// lock is held.
func (n *numbers) repeat(first int64, kind string) {
	if len(n.again.owed) == 0 {
		return
	}
	now := time.Now()
	frames := make([]outFrame, 0, len(n.again.owed)+1)
	n.again.owed = inVersion(n.again.owed, n.sayable())
	if n.again.omitted > 0 && len(n.again.owed) > 0 {
		frames = append(frames, outFrame{epoch: n.epoch, seq: n.out, bytes: omission(n.again.owed[0].Bytes, n.out, n.again.omitted, now)})
		n.out++
	}
	for _, m := range n.again.owed {
		msg := repeated(m.Bytes, n.out, now)
		n.hold(n.out, msg)
		frames = append(frames, outFrame{epoch: n.epoch, seq: n.out, bytes: msg})
		n.out++
	}
	n.again = repetition{reading: n.again.reading, released: n.again.released}
	// Behind anything else the client asks for them: it sees the gap.
	if kind == "A" {
		n.again.behind, n.again.frames = first, frames
	}
}

// inVersion are reports of a former version in the present one; what that cannot
// say is left out. The dialect is brought about when they leave.
func inVersion(owed []perp.WireMessage, say func([]byte) ([]byte, bool)) (out []perp.WireMessage) {
	for _, m := range owed {
		said, ok := say(m.Bytes)
		if !ok {
			continue
		}
		if !bytes.HasPrefix(m.Bytes, said[:bytes.IndexByte(said, soh)+1]) {
			m.Bytes = said
		}
		out = append(out, m)
	}
	return out
}

// following returns, once, what is to be sent right behind an answer to a Logon.
func (n *numbers) following(f outFrame) []outFrame {
	n.mu.Lock()
	defer n.mu.Unlock()
	frames := n.again.frames
	if len(frames) == 0 || f.seq != n.again.behind || f.epoch != frames[0].epoch {
		return nil
	}
	n.again.frames = nil
	// crash point reset-repeats
	return frames
}

// repeated is a report under a new number, marked with PossResend(97). All else
// is as it was: ids, TransactTime(60), the order of the fields.
func repeated(raw []byte, seq int64, now time.Time) []byte {
	fields := splitFields(raw)
	var inner []byte
	for _, f := range fields {
		switch f.tag {
		case 8, 9, 10, 43, 97, 122:
			continue
		case 34:
			f.value = strconv.FormatInt(seq, 10)
		case 52:
			f.value = stamp(perp.Time(now.UnixNano()))
		}
		inner = appendField(inner, f)
		if f.tag == 34 {
			inner = appendField(inner, pair{97, "Y"})
		}
	}
	return reframe(fields[0].value, inner)
}

// headlineOmitted opens the News about reports that are too many.
const headlineOmitted = "REPORTS_NOT_SENT_AGAIN"

// omission is News of how many reports are not sent again, with the header of
// one of the others.
func omission(like []byte, seq, reports int64, now time.Time) []byte {
	begin, inner := "", appendField(nil, pair{35, "B"})
	for _, f := range splitFields(like) {
		switch f.tag {
		case 8:
			begin = f.value
		case 49, 56:
			inner = appendField(inner, f)
		}
	}
	at, text := stamp(perp.Time(now.UnixNano())), strconv.FormatInt(reports, 10)+" older reports are not sent again; ask with AF and AD"
	for _, f := range []pair{{34, strconv.FormatInt(seq, 10)}, {52, at}, {42, at}, {61, "1"}, {148, headlineOmitted}, {33, "1"}, {58, text}} {
		inner = appendField(inner, f)
	}
	return reframe(begin, inner)
}
