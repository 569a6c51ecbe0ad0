package fix

import (
	"errors"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// Texts of a Logout(5) that the desk causes; its reason follows.
const (
	textDisabled = "Session is disabled: "
	textKicked   = "Logged out by the desk: "
	noReason     = "no reason given"
)

// Prepare is asked before a command of the desk goes into the inbox. Numbers of
// a session move only while its client is kept out; the command says so if that
// cannot be, because it is connected. undo lets the client in again if the
// command does not get into the inbox; else Publish does.
func (d *Door) Prepare(cmd perp.Command) (ready perp.Command, undo func()) {
	undo = func() {}
	c, ok := cmd.(perp.SteerSession)
	if !ok || !c.Verb.MovesNumbers() {
		return cmd, undo
	}
	if l := d.byComp[c.Session]; l != nil {
		if c.Busy = !l.shutOut(); !c.Busy {
			undo = l.letIn
		}
	}
	return c, undo
}

// shutOut takes the place of the client's connection: a Logon that comes now
// waits for letIn, or is turned away after a while.
func (l *link) shutOut() bool {
	return l.holder.CompareAndSwap(nil, &conn{ending: true, gone: make(chan struct{})})
}

// letIn ends what shutOut began.
func (l *link) letIn() {
	if c := l.holder.Load(); c != nil && c.Conn == nil && l.holder.CompareAndSwap(c, nil) {
		close(c.gone)
	}
}

// renumbered moves numbers as the desk wants, in the transaction of its command.
func (d *Door) renumbered(ev perp.SessionSteered) {
	l := d.byComp[ev.Session]
	if l == nil || !ev.Verb.MovesNumbers() {
		return
	}
	if err := l.numbers.renumber(ev.In, ev.Out); err != nil {
		panic(perp.Fault{What: "numbers of " + ev.Session + " cannot be set: " + err.Error()})
	}
}

// renumber sets the next numbers; a zero leaves one as it is, and two begin
// anew. An outbound number that may have been used already begins an epoch, so
// that no number of an epoch ever stands for two messages; what is owed of the
// former one is numbered at once, and the client asks for it at its next logon.
func (n *numbers) renumber(in, out int64) error {
	if in == 0 && out == 0 {
		in, out = 1, 1
	}
	was, next := n.next()
	if out == 0 {
		out = next
	}
	if in == 0 {
		in = was
	}
	if out < next {
		if err := n.Reset(); err != nil {
			return err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.in, n.out, n.floor = in, out, 0
	n.repeat(0, "")
	n.fresh = false // The epoch becomes durable without a message.
	n.touch()
	return nil
}

// steered does what the desk has decided, once that is durable.
func (d *Door) steered(entries []perp.Entry) {
	for _, e := range entries {
		for _, ev := range e.Events {
			if s, ok := ev.(perp.SessionSteered); ok {
				d.obey(s)
			}
		}
		if c, ok := e.Command.(perp.SteerSession); ok && c.Verb.MovesNumbers() && !c.Busy {
			if l := d.byComp[c.Session]; l != nil {
				l.letIn()
			}
		}
	}
}

func (d *Door) obey(ev perp.SessionSteered) {
	l := d.byComp[ev.Session]
	if l == nil {
		return
	}
	why := clean(ev.Reason)
	if why == "" {
		why = noReason
	}
	switch ev.Verb {
	case perp.EnableSession:
		l.disabled.Store(nil)
	case perp.DisableSession:
		l.disabled.Store(&why)
		d.kick(l, textDisabled+why)
	case perp.KickSession:
		d.kick(l, textKicked+why)
	}
}

// kick tells a client that is logged on to go, and ends its connection once it
// has been told. The number of its answer is counted as that of any Logout.
func (d *Door) kick(l *link, text string) {
	if c := l.holder.Load(); c != nil {
		c.kicked.Store(&text)
		d.leave(l)
	}
}

// leave sends what a kick has left. A client whose Logon is answered reads that before
// the session is up, and may be kicked in between: whichever of the two comes last sends
// it, and it is sent once.
func (d *Door) leave(l *link) {
	c := l.holder.Load()
	if c == nil || !l.up.Load() {
		return
	}
	text := c.kicked.Swap(nil)
	if text == nil {
		return
	}
	c.leaving.Store(true)
	logout := quickfix.NewMessage()
	logout.Header.SetString(35, "5")
	logout.Body.SetString(58, *text)
	if err := quickfix.SendToTarget(logout, l.id); err != nil && !errors.Is(err, quickfix.ErrDoNotSend) {
		panic(perp.Fault{What: "logout got no number: " + err.Error()})
	}
}
