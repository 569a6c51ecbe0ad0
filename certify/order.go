package certify

// inOrder is the messages as the client has to take them: what comes beyond a gap in
// the gateway's numbers waits until the gap is filled, as it does in any engine. It
// waits no longer than the client may take to ask, and not across a Logon.
func (l *Log) inOrder() []*Entry {
	var (
		out  []*Entry
		held []*Entry
		next int // MsgSeqNum of the gateway
	)
	release := func() {
		for _, h := range held {
			next = max(next, h.Seq+1)
		}
		out, held = append(out, held...), nil
	}
	for _, e := range l.Entries {
		if len(held) > 0 && (e.Kind == "A" || e.At.Sub(held[0].At) > gapAskMax) {
			release()
		}
		switch {
		case e.FromClient || e.Kind == "5" && e.Seq == 0:
			out = append(out, e)
		case e.Kind == "A":
			if e.get(141) == "Y" || next == 0 {
				next = e.Seq
			}
			out = append(out, e)
			if e.Seq == next {
				next++
			}
		case e.get(43) == "Y" || e.Kind == "4":
			out = append(out, e)
			after := e.Seq + 1
			if e.Kind == "4" {
				after = e.Fields.Int(36)
			}
			if next = max(next, after); len(held) > 0 && next >= held[0].Seq {
				release()
			}
		case next > 0 && e.Seq > next:
			held = append(held, e)
		default:
			out = append(out, e)
			next = max(next, e.Seq+1)
		}
	}
	release()
	return out
}
