package fix

import (
	"fmt"
	"runtime/debug"
	"time"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// The callbacks of the session engine. None of them waits: they decode, leave
// a command in the inbox and return. A panic in one is a Fault of the gateway,
// not of the session: it is reported, and the gateway ends.

// OnCreate is called for every session at start.
func (d *Door) OnCreate(quickfix.SessionID) {}

// OnLogon marks the session as up.
func (d *Door) OnLogon(id quickfix.SessionID) {
	defer d.guard("OnLogon", nil)
	if l := d.byID[id]; l != nil {
		l.setUp(true)
		d.log.Info("session up", "session", l.cfg.CompID)
	}
}

// OnLogout marks the session as down and drops its subscriptions.
func (d *Door) OnLogout(id quickfix.SessionID) {
	defer d.guard("OnLogout", nil)
	if l := d.byID[id]; l != nil {
		l.setUp(false)
		d.desk.forget(l.cfg.CompID)
		d.log.Info("session down", "session", l.cfg.CompID)
	}
}

// ToAdmin leaves administrative messages as the session engine made them.
func (d *Door) ToAdmin(*quickfix.Message, quickfix.SessionID) {}

// ToApp refuses to repeat what is never resent; the session engine then fills
// the gap instead.
func (d *Door) ToApp(msg *quickfix.Message, _ quickfix.SessionID) error {
	dup, err := msg.Header.GetString(tagPossDup)
	if err == nil && dup == "Y" {
		if kind, err := msg.MsgType(); err != nil || !stored[kind] {
			return quickfix.ErrDoNotSend
		}
	}
	return nil
}

const (
	tagPossDup     = 43
	tagPossResend  = 97
	tagSeq         = 34
	tagSendingTime = 52
	tagOrigSending = 122
	tagBeginSeqNo  = 7
	tagEndSeqNo    = 16
	tagNewSeqNo    = 36
	seqMax         = 999_999_999
	reasonBadValue = 5
	resendRequest  = "2"
	sequenceReset  = "4"
)

// FromAdmin bounds the numbers of administrative messages: a range that no
// session can have would keep the engine busy for ever.
func (d *Door) FromAdmin(msg *quickfix.Message, id quickfix.SessionID) (rej quickfix.MessageRejectError) {
	defer d.guard("FromAdmin", &rej)
	kind, err := msg.MsgType()
	if err != nil {
		return err
	}
	switch kind {
	case resendRequest:
		return firstReject(bounded(msg, tagBeginSeqNo, 1), bounded(msg, tagEndSeqNo, 0))
	case sequenceReset:
		return bounded(msg, tagNewSeqNo, 1)
	}
	return nil
}

func firstReject(all ...quickfix.MessageRejectError) quickfix.MessageRejectError {
	for _, r := range all {
		if r != nil {
			return r
		}
	}
	return nil
}

func bounded(msg *quickfix.Message, tag quickfix.Tag, least int) quickfix.MessageRejectError {
	v, rej := msg.Body.GetInt(tag)
	if rej != nil {
		return rej
	}
	if v < least || v > seqMax {
		return quickfix.ValueIsIncorrect(tag)
	}
	return nil
}

// FromApp reads a client's request. Requests about orders and money go to the
// inbox; those about public data are answered by the desk at once.
func (d *Door) FromApp(msg *quickfix.Message, id quickfix.SessionID) (rej quickfix.MessageRejectError) {
	defer d.guard("FromApp", &rej)
	l := d.byID[id]
	if l == nil {
		return quickfix.NewMessageRejectError("session is not known", reasonBadValue, nil)
	}
	now := time.Now()
	o, rej := d.origin(l, msg, now)
	if rej != nil {
		return rej
	}
	cmd, rej := d.codec.decode(msg, o)
	if rej != nil {
		return rej
	}
	if cmd == nil {
		replies, rej := d.desk.local(msg, l.cfg.CompID, perp.Time(now.UnixNano()))
		for _, r := range replies {
			d.send(outMessage{l.cfg.CompID, r})
		}
		return rej
	}
	l.numbers.expect(o.InSeq)
	if !d.inbox(perp.Input{Command: cmd, Source: "fix"}) {
		l.numbers.settle(o.InSeq, false)
		return businessReject(perp.NotReady, msg, "the gateway has too many requests waiting; try again")
	}
	return nil
}

// origin says which request this is.
func (d *Door) origin(l *line, msg *quickfix.Message, now time.Time) (o perp.Origin, rej quickfix.MessageRejectError) {
	seq, rej := msg.Header.GetInt(tagSeq)
	if rej != nil {
		return o, rej
	}
	flag := func(tag quickfix.Tag) bool {
		v, err := msg.Header.GetString(tag)
		return err == nil && v == "Y"
	}
	o = perp.Origin{
		Session: l.cfg.CompID, InSeq: int64(seq), Arrival: l.arrival(int64(seq), now),
		PossDup: flag(tagPossDup), PossResend: flag(tagPossResend),
	}
	sent, err := msg.Header.GetTime(tagOrigSending)
	if err != nil {
		sent, err = msg.Header.GetTime(tagSendingTime)
	}
	if err == nil {
		o.Sent = perp.Time(sent.UnixNano())
	}
	return o, nil
}

// guard turns a panic into a Fault report and, for an inbound message, into a
// refusal.
func (d *Door) guard(where string, rej *quickfix.MessageRejectError) {
	r := recover()
	if r == nil {
		return
	}
	select {
	case d.fault <- fmt.Errorf("fault in %s: %v\n%s", where, r, debug.Stack()):
	default: // One report is enough to end the gateway.
	}
	if rej != nil {
		*rej = quickfix.NewBusinessMessageRejectError("internal error", 4, nil)
	}
}
