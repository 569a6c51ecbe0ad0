package fix

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"backstop/perp"
	"backstop/spec"

	"github.com/quickfixgo/quickfix"
	"github.com/quickfixgo/quickfix/config"
)

// callbacks is what the session library calls. None of them waits, and none
// lets a panic through: it would end the process without a word (K5).
type callbacks struct{ door *Door }

// rescue reports a panic as a fault; call it deferred.
func (d *Door) rescue(where string, after func()) {
	r := recover()
	if r == nil {
		return
	}
	err := fmt.Errorf("fix: panic in %s: %v", where, r)
	if fault, ok := r.(perp.Fault); ok {
		err = fmt.Errorf("fix: fault in %s: %w", where, fault)
	}
	d.log.Error("fault", "where", where, "error", clean(err.Error()), "stack", clean(string(debug.Stack())))
	select {
	case d.fault <- err:
	default: // The first one is enough.
	}
	if after != nil {
		after()
	}
}

// OnCreate implements quickfix.Application, as do the methods below.
func (a callbacks) OnCreate(quickfix.SessionID) {}

// OnLogon opens the session for market data, and tells the engine.
func (a callbacks) OnLogon(id quickfix.SessionID) {
	defer a.door.rescue("OnLogon", nil)
	if l := a.door.byID[id]; l != nil {
		l.numbers.entered()
		a.door.begun(l)
	}
}

// OnLogout ends the subscriptions of the session, and tells the engine.
func (a callbacks) OnLogout(id quickfix.SessionID) {
	defer a.door.rescue("OnLogout", nil)
	if l := a.door.byID[id]; l != nil {
		a.door.gone(l)
	}
}

// ToAdmin lets administrative messages be as they are, except that the answer to
// a Logon repeats the dialect, and what is to become of orders, if it was asked
// for: a stock client would refuse a tag that it has not named.
func (a callbacks) ToAdmin(msg *quickfix.Message, id quickfix.SessionID) {
	defer a.door.rescue("ToAdmin", nil)
	// crash point toadmin
	kind, err := msg.Header.GetString(35)
	l := a.door.byID[id]
	if l == nil || err != nil {
		return
	}
	switch kind {
	case "A":
		l.numbers.logonNumbered()
		if l.echo != "" {
			msg.Body.SetString(tagDialect, l.echo)
		}
		for _, f := range l.echoCancels {
			msg.Body.SetString(quickfix.Tag(f.tag), f.value)
		}
	case "5":
		if seq, err := msg.Header.GetInt(34); err == nil {
			l.bye.Store(int64(seq) + 1)
		}
	}
}

// ToApp refuses to repeat what is only good now; the session library fills the
// gap instead. Nor is such a message numbered while the client is away.
func (a callbacks) ToApp(msg *quickfix.Message, id quickfix.SessionID) (err error) {
	defer a.door.rescue("ToApp", func() { err = quickfix.ErrDoNotSend })
	l, m := a.door.byID[id], a.door.sending.Load()
	ours := m != nil && m.msg == msg
	// The client may have come back with another dialect since it was written.
	dated := ours && l != nil && m.dialect == vamm1 && l.dialect() == strict44
	if storedType(msg) {
		if dated && l.keeps() == strict44 {
			rewrite(msg)
		}
		if l != nil && !ours { // The library made it; what is sent by the door has been brought into the version.
			l.dialect().reworded(msg)
		}
		if l != nil && l.dialect() == vamm1 {
			sayMore(msg)
		}
		return nil
	}
	if flagged(msg, 43) || l == nil || !l.up.Load() || dated {
		return quickfix.ErrDoNotSend
	}
	if ours && m.batch {
		l.numbers.speaks()
	}
	return nil
}

// FromAdmin bounds the numbers that the session library believes.
func (a callbacks) FromAdmin(msg *quickfix.Message, id quickfix.SessionID) (rej quickfix.MessageRejectError) {
	defer a.door.rescue("FromAdmin", func() { rej = quickfix.NewBusinessMessageRejectError("not ready", 4, nil) })
	l := a.door.byID[id]
	kind, err := msg.Header.GetString(35)
	if l == nil || err != nil {
		return nil
	}
	l.heard(msg, kind)
	switch kind {
	case "A":
		if reset, err := msg.Body.GetString(141); err == nil && reset == "Y" && !l.cfg.mayReset() {
			return quickfix.RejectLogon{Text: refusedReset}
		}
		if rej := l.wishes(msg); rej != nil {
			return rej
		}
		if rej := l.relogon(msg); rej != nil {
			return rej
		}
		return l.lastSeen(msg)
	case "2":
		rej = l.resendable(msg)
		if rej != nil && rej.IsBusinessReject() && a.door.endure(l, perp.Time(time.Now().UnixNano())) == expel {
			a.door.ban(l)
		}
		return rej
	case "4":
		return bounded(msg, 36, 1)
	}
	return nil
}

// bounded checks that a field is a plain number from least to seqMax.
func bounded(msg *quickfix.Message, tag quickfix.Tag, least int64) quickfix.MessageRejectError {
	text, err := msg.Body.GetString(tag)
	if err != nil {
		return nil // A missing field is the session library's to refuse.
	}
	if v, ok := digits([]byte(text), seqDigits); !ok || v < least {
		return quickfix.ValueIsIncorrect(tag)
	}
	return nil
}

// textReplays refuses a replay; the client may ask again later.
const textReplays = "THROTTLED too many replays, ask again in 10 s"

// resendable checks a ResendRequest: its range, and how often it is asked for.
func (l *link) resendable(msg *quickfix.Message) quickfix.MessageRejectError {
	if rej := bounded(msg, 7, 1); rej != nil {
		return rej
	}
	if rej := bounded(msg, 16, 0); rej != nil {
		return rej
	}
	begin, err := msg.Body.GetInt(7)
	if err != nil {
		return nil
	}
	_, out := l.numbers.next()
	last := out - 1
	if end, err := msg.Body.GetInt(16); err == nil && end > 0 {
		last = min(last, int64(end))
	}
	if !l.replays.allow(last-int64(begin)+1, time.Now()) {
		return quickfix.NewBusinessMessageRejectError(textReplays, 0, nil)
	}
	return nil
}

// FromApp reads a request and leaves it in the inbox; it decides nothing.
func (a callbacks) FromApp(msg *quickfix.Message, id quickfix.SessionID) (rej quickfix.MessageRejectError) {
	d := a.door
	defer d.rescue("FromApp", func() { rej = quickfix.NewBusinessMessageRejectError(perp.NotReady.String(), 4, nil) })
	l := d.byID[id]
	if l == nil {
		return quickfix.UnsupportedMessageType()
	}
	l.heard(msg, "")
	// crash point fromapp-in
	o := l.origin(msg)
	if rej := foreignVersion(msg, l.version); rej != nil {
		return rej
	}
	if rej := skewed(msg, o.Arrival, d.cfg.Limits.Skew); rej != nil {
		return rej
	}
	if rej := misdated(msg); rej != nil {
		return rej
	}
	cmd, rej := d.codec.decode(msg, o)
	if kind, err := msg.MsgType(); err == nil && requests[kind].roles != nil && !l.speaks.knows(kind) {
		rej = quickfix.InvalidMessageType() // One of ours that this version has no answer to.
	}
	// A request that is refused anyway counts as well: nonsense is no way around
	// the limit.
	over, expelled := d.throttled(l, msg, o.Arrival)
	if expelled {
		return nil
	}
	if rej == nil {
		rej = over
	}
	if rej == nil && l.inject.refuses(o.InSeq) {
		rej = businessReject(perp.NotReady, msg, "")
	}
	if rej != nil {
		return rej
	}
	if cmd == nil {
		return d.local(msg, l, o.Arrival)
	}
	cmd, replies := d.desk.admit(cmd, msg)
	if cmd == nil {
		d.reply(l, replies)
		return nil
	}
	l.numbers.waiting(o.InSeq)
	if !d.toldAll(l) || !d.inbox(perp.Input{Command: cmd, Source: "fix"}) {
		l.numbers.refused(o.InSeq)
		d.desk.refused(o)
		return businessReject(perp.NotReady, msg, "")
	}
	// crash point fromapp-out
	// crash delay commit-app-last
	return nil
}

// textSkew is what the session library says in the same case.
const textSkew = "SendingTime accuracy problem"

// skewed refuses a request whose SendingTime(52) is too far from when it came. The
// session library looks too, but not while it waits for a gap to be filled.
func skewed(msg *quickfix.Message, arrival perp.Time, most time.Duration) quickfix.MessageRejectError {
	sent, err := msg.Header.GetTime(52)
	if err != nil {
		return nil // Without a time it did not come this far.
	}
	if off := time.Duration(arrival) - time.Duration(sent.UnixNano()); off >= most || off <= -most {
		return quickfix.NewMessageRejectError(textSkew, rejectSendingTime, nil)
	}
	return nil
}

func (d *Door) local(msg *quickfix.Message, l *link, now perp.Time) quickfix.MessageRejectError {
	replies, rej := d.desk.local(msg, l.cfg.CompID, now)
	if rej != nil {
		return rej
	}
	d.reply(l, replies)
	return nil
}

// reply sends what the desk answers by itself.
func (d *Door) reply(l *link, replies []*quickfix.Message) {
	for _, reply := range replies {
		if !l.speak(outMessage{msg: reply}) {
			continue
		}
		if err := quickfix.SendToTarget(reply, l.id); err != nil && !errors.Is(err, quickfix.ErrDoNotSend) {
			panic(perp.Fault{What: "answer got no number: " + err.Error()})
		}
	}
}

// origin says where a message came from and when.
func (l *link) origin(msg *quickfix.Message) perp.Origin {
	o := perp.Origin{Session: l.cfg.CompID, Arrival: perp.Time(msg.ReceiveTime.UnixNano())}
	if seq, err := msg.Header.GetInt(34); err == nil {
		o.InSeq = int64(seq)
	}
	if c := l.holder.Load(); c != nil {
		if t, ok := c.arrival(o.InSeq); ok {
			o.Arrival = t
		}
	}
	o.PossDup, o.PossResend = flagged(msg, 43), flagged(msg, 97)
	for _, tag := range []quickfix.Tag{122, 52} {
		if !msg.Header.Has(tag) {
			continue
		}
		if t, err := msg.Header.GetTime(tag); err == nil {
			o.Sent = perp.Time(t.UnixNano())
			break
		}
	}
	return o
}

// newAcceptor sets the session library up: static sessions only, our listener,
// our store, our dictionary.
func (d *Door) newAcceptor() (*quickfix.Acceptor, error) {
	settings := quickfix.NewSettings()
	settings.GlobalSettings().Set(config.SocketAcceptPort, strconv.Itoa(guardPort))
	for _, l := range d.links {
		s := quickfix.NewSessionSettings()
		s.Set(config.BeginString, l.id.BeginString)
		s.Set(config.SenderCompID, l.id.SenderCompID)
		s.Set(config.TargetCompID, l.id.TargetCompID)
		if l.version.Transport != nil {
			s.Set(config.DefaultApplVerID, l.version.ApplVerID)
		}
		s.Set(config.TimeStampPrecision, "MILLIS")
		s.Set(config.MaxLatency, strconv.Itoa(int((d.cfg.Limits.Skew+time.Second-1)/time.Second)))
		if l.cfg.ResetOnLogon {
			s.Set(config.ResetOnLogon, "Y")
		}
		if _, err := settings.AddSession(s); err != nil {
			return nil, err
		}
	}
	var app quickfix.Application = callbacks{d}
	if d.cfg.echo != nil {
		app = d.cfg.echo(d)
	}
	a, err := quickfix.NewAcceptor(app, numbersFactory{d}, settings, logFactory{d.log})
	if err != nil {
		return nil, err
	}
	versions := map[quickfix.SessionID]spec.Version{}
	for _, l := range d.links {
		versions[l.id] = l.version
	}
	readings, err := readingsOf(versions)
	if err != nil {
		return nil, err
	}
	if err := shareReadings(a, readings); err != nil {
		return nil, err
	}
	a.SetNewListenerCallback(d.guard.listen)
	return a, nil
}
