package fix

import (
	"errors"
	"time"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// queueReady is how much may wait for a client that still gets new market data;
// beyond it only the newest state is kept for it, and sent when it has caught up.
const queueReady = 256 << 10

// sourceConfig marks the commands of the configuration. What they pay in at the
// first start is told to nobody: a client's numbers begin with its first logon.
const sourceConfig = "config"

// stored are the message types that survive in the store and are resent. All
// others take their numbers from the reservation and are filled over as gaps.
var stored = map[string]bool{
	"8": true, "9": true, "r": true, "AP": true, "AM": true, "AX": true, "BA": true, "AE": true, "AO": true, "AQ": true, "BG": true,
	"j": true,
}

// reports are those among them that tell what happened to a client by itself:
// they are sent again after a sequence reset. The others are answers, which a
// client can ask for again.
var reports = map[string]bool{"8": true, "9": true, "r": true, "AP": true, "AM": true, "AX": true}

// Encode turns what happened into messages. Each gets its number now and is
// held until Release. Messages that are stored go to sessions that are logged
// off too: they ask for them later.
func (d *Door) Encode(entries []perp.Entry) {
	for _, e := range entries {
		if o, ok := originOf(e.Command); ok && o.Session != "" {
			if l := d.byComp[o.Session]; l != nil {
				l.numbers.decided(o.InSeq)
			}
		}
		d.codec.hear(e.Command)
		for _, ev := range e.Events {
			if s, ok := ev.(perp.SessionSteered); ok {
				d.renumbered(s)
			}
			if moved, cash := ev.(perp.Posted); cash && e.Source == sourceConfig {
				d.codec.booked(moved.Transfer) // Not told, but it counts.
				continue
			}
			for _, m := range d.codec.encode(ev, e.Time, e.Seq) {
				m.batch = true
				d.send(m)
			}
		}
	}
}

// Drain returns what must be durable before anything numbered since the last
// Drain may leave.
func (d *Door) Drain() (writes []perp.SessionWrite) {
	for _, l := range d.links {
		writes = append(writes, l.numbers.drain()...)
	}
	return writes
}

// Release lets go what the last Drain returned, now that it is durable.
func (d *Door) Release(writes []perp.SessionWrite) {
	for _, w := range writes {
		if l := d.byComp[w.Session]; l != nil {
			l.numbers.released()
		}
	}
}

// Publish sends the new state of the markets to those who asked for it. It is
// called after Release, also without entries when Dirty fired.
func (d *Door) Publish(entries []perp.Entry) {
	d.steered(entries)
	for _, l := range d.links {
		d.toldAll(l) // What is left is tried again after the next commit.
	}
	for _, m := range d.desk.publish(entries, d.ready) {
		d.send(m)
	}
	d.ask(time.Now())
	d.tellRefusals(time.Now(), false)
}

func (d *Door) ready(session string) bool {
	l := d.byComp[session]
	if l == nil || !l.up.Load() {
		return false
	}
	c := l.holder.Load()
	return c != nil && c.queuedBytes() < queueReady
}

// send numbers a message and queues it. Messages that are not stored are for
// those who listen now. A stored one that gets no number would be lost, so that
// is a fault.
func (d *Door) send(m outMessage) {
	l := d.byComp[m.session]
	if l == nil {
		return // The client of an old order is no longer configured.
	}
	if !l.speak(m) {
		return // What its version cannot say.
	}
	keep := storedType(m.msg)
	if !keep && !l.up.Load() {
		return
	}
	d.sending.Store(&m)
	err := quickfix.SendToTarget(m.msg, l.id)
	d.sending.Store(nil)
	if err == nil || !keep && errors.Is(err, quickfix.ErrDoNotSend) {
		return
	}
	if !d.started.Load() || d.stopped.Load() {
		l.keep(m.msg)
		return
	}
	panic(perp.Fault{What: "message for " + m.session + " got no number: " + err.Error()})
}

// speak brings a message into the version of its session; false: there is no such
// message in it.
func (l *link) speak(m outMessage) bool {
	if d := l.dialect(); d.foreign() && m.dialect != d {
		return d.spoken(m.msg)
	}
	kind, err := m.msg.MsgType()
	return err == nil && l.dialect().knows(kind)
}

// keep numbers a message while the session library does not run, before Start
// and after Stop: the client asks for it when it is back.
func (l *link) keep(msg *quickfix.Message) {
	msg.Header.SetString(8, l.id.BeginString)
	msg.Header.SetString(49, l.id.SenderCompID)
	msg.Header.SetString(56, l.id.TargetCompID)
	msg.Header.SetField(52, quickfix.FIXUTCTimestamp{Time: time.Now().UTC()})
	l.numbers.number(func(seq int64) []byte {
		msg.Header.SetInt(34, int(seq))
		return []byte(msg.String())
	})
}

func storedType(msg *quickfix.Message) bool {
	kind, err := msg.Header.GetString(35)
	return err == nil && stored[kind]
}

// originOf finds the request that a command came from.
func originOf(cmd perp.Command) (perp.Origin, bool) {
	switch c := cmd.(type) {
	case perp.PlaceOrder:
		return c.Origin, true
	case perp.CancelOrder:
		return c.Origin, true
	case perp.ReplaceOrder:
		return c.Origin, true
	case perp.RequestStatus:
		return c.Origin, true
	case perp.CancelOrders:
		return c.Origin, true
	case perp.RequestOrders:
		return c.Origin, true
	case perp.RequestQuote:
		return c.Origin, true
	case perp.ProvideQuotes:
		return c.Origin, true
	case perp.CancelQuotes:
		return c.Origin, true
	case perp.DeclineQuote:
		return c.Origin, true
	case perp.RequestQuoteStatus:
		return c.Origin, true
	case perp.RequestPositions:
		return c.Origin, true
	case perp.RequestCollateral:
		return c.Origin, true
	case perp.RequestTrades:
		return c.Origin, true
	}
	return perp.Origin{}, false
}
