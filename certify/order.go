package certify

// inOrder puts messages into the order in which the client has to take them: what
// comes beyond a gap in the gateway's numbers waits until the gap is filled, as it does
// in any engine. It waits no longer than the client may take to ask, and not across a
// Logon.
type inOrder struct {
	held []*Entry
	next int // MsgSeqNum of the gateway
}

// take returns what has its turn now that a message has come: the message, what waited
// for it, both or nothing.
func (q *inOrder) take(e *Entry) (turn []*Entry) {
	if len(q.held) > 0 && (e.Kind == "A" || e.At.Sub(q.held[0].At) > gapAskMax) {
		turn = q.rest()
	}
	switch {
	case e.FromClient || e.Kind == "5" && e.Seq == 0:
		return append(turn, e)
	case e.Kind == "A":
		if e.get(141) == "Y" || q.next == 0 {
			q.next = e.Seq
		}
		if e.Seq == q.next {
			q.next++
		}
		return append(turn, e)
	case e.get(43) == "Y" || e.Kind == "4":
		after := e.Seq + 1
		if e.Kind == "4" {
			after = e.Fields.Int(36)
		}
		turn = append(turn, e)
		if q.next = max(q.next, after); len(q.held) > 0 && q.next >= q.held[0].Seq {
			turn = append(turn, q.rest()...)
		}
		return turn
	case q.next > 0 && e.Seq > q.next:
		q.held = append(q.held, e)
		return turn
	}
	q.next = max(q.next, e.Seq+1)
	return append(turn, e)
}

// rest returns what still waits.
func (q *inOrder) rest() []*Entry {
	all := q.held
	for _, h := range all {
		q.next = max(q.next, h.Seq+1)
	}
	q.held = nil
	return all
}

// inOrder is all messages of the session so.
func (l *Log) inOrder() (all []*Entry) {
	var q inOrder
	for _, e := range l.Entries {
		all = append(all, q.take(e)...)
	}
	return append(all, q.rest()...)
}
