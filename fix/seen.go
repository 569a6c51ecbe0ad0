package fix

import (
	"fmt"
	"slices"
	"time"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// tagLastSeen names in a Logon the last report that the client has seen, by its
// ExecID(17): what was told after it is told again, behind the answer, with
// 97=Y. So a client that has lost its numbers, but not its fills, misses none.
const tagLastSeen = 22001

// lookBack is how many numbers are looked through first, from the newest; then
// twice as many each time.
const lookBack = 1000

// lastSeen takes what a Logon says of it.
func (l *link) lastSeen(msg *quickfix.Message) quickfix.MessageRejectError {
	l.numbers.expectReset(0)
	id, err := msg.Body.GetString(tagLastSeen)
	if err != nil || l.up.Load() {
		return nil // Within a session nothing is lost.
	}
	if !l.replays.allow(l.replays.full, time.Now()) {
		return quickfix.RejectLogon{Text: textReplays}
	}
	reset, e := msg.Body.GetString(141)
	if err := l.numbers.repeatAfter(id, l.cfg.ResetOnLogon || e == nil && reset == "Y"); err != nil {
		l.numbers.door.log.Error("fix logon", "comp_id", l.cfg.CompID, "error", clean(err.Error()))
		return quickfix.RejectLogon{Text: perp.NotReady.String()}
	}
	return nil
}

// expectReset says from where in the epoch the next reset repeats, whatever the
// client has shown to have; zero: from there.
func (n *numbers) expectReset(from int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.again.from = from
}

// repeatAfter owes the client what it was told after a report. If the Logon
// resets, the reset adds what the present epoch has of it.
func (n *numbers) repeatAfter(execID string, resets bool) error {
	n.mu.Lock()
	epoch, to := n.epoch, n.onDisk()
	n.mu.Unlock()
	if n.load == nil {
		return nil
	}
	from, room, err := n.lookFor(execID, epoch, to)
	if err != nil {
		return err
	}
	owed, dropped, err := n.formerAfter(execID, epoch, from, room)
	if err != nil {
		return err
	}
	if !resets {
		rest := newest{most: n.door.cfg.Limits.Repeats}
		if err := n.load(n.session, epoch, from, to, func(m perp.WireMessage) error { rest.add(m); return nil }); err != nil {
			return fmt.Errorf("reports of %s: %w", n.session, err)
		}
		owed, dropped = append(owed, rest.inOrder()...), dropped+rest.dropped
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if resets { // Else nothing is left for a later reset to add.
		n.again.from = from
	}
	n.again.owed, n.again.omitted = once(append(n.again.owed, owed...)), n.again.omitted+dropped
	return nil
}

// lookFor goes back through the present epoch and returns the number behind the
// report that is looked for, or from where on there are as many reports as are
// ever repeated; and if neither is there, 1 and room for more.
func (n *numbers) lookFor(execID string, epoch, to int64) (from int64, room int, err error) {
	room = n.door.cfg.Limits.Repeats
	for last, span := to, int64(lookBack); last >= 1; span *= 2 {
		first, at := max(1, last-span+1), int64(0)
		err := n.load(n.session, epoch, first, last, func(m perp.WireMessage) error {
			if isReport(m, execID) {
				at = m.Seq
			}
			if reports[typeOf(m.Bytes)] {
				room--
			}
			return nil
		})
		switch {
		case err != nil:
			return 0, 0, fmt.Errorf("reports of %s: %w", n.session, err)
		case at > 0:
			return at + 1, 0, nil
		case room <= 0:
			return first, 0, nil
		}
		last = first - 1
	}
	return 1, room, nil
}

// formerAfter are the reports after the one that is looked for in earlier epochs,
// if there is room.
func (n *numbers) formerAfter(execID string, epoch, from int64, room int) (all []perp.WireMessage, dropped int64, err error) {
	for found := false; from == 1 && epoch > 1 && !found && room > 0; {
		epoch--
		ring := newest{most: room}
		err := n.load(n.session, epoch, 1, seqMax, func(m perp.WireMessage) error {
			if isReport(m, execID) {
				found, ring = true, newest{most: room}
			} else {
				ring.add(m)
			}
			return nil
		})
		if err != nil {
			return nil, 0, fmt.Errorf("reports of %s: %w", n.session, err)
		}
		all, dropped, room = append(ring.inOrder(), all...), dropped+ring.dropped, room-len(ring.all)
	}
	return all, dropped, nil
}

// once leaves out what stands in a list a second time: an epoch has repeated it.
func once(all []perp.WireMessage) []perp.WireMessage {
	said := map[string]bool{}
	return slices.DeleteFunc(all, func(m perp.WireMessage) bool {
		content := contentOf(m.Bytes)
		again := said[content]
		said[content] = true
		return again
	})
}

// isReport tells whether a message is the execution report with this id.
func isReport(m perp.WireMessage, execID string) bool {
	return typeOf(m.Bytes) == "8" && valueOf(splitFields(m.Bytes), 17) == execID
}

// contentOf is what a message says, without its header.
func contentOf(raw []byte) string { return typeOf(raw) + "\x01" + string(wire(bodyOf(raw))) }
