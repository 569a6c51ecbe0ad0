package fix

import (
	"sync"
	"sync/atomic"
	"time"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// tagDisconnect asks in a Logon what becomes of the orders of the session when
// it ends: Y, they end with it; N, they go on. Without it the configuration says.
const tagDisconnect = 8013

// disconnectTags are what it is called elsewhere as well: an engine that is set up for
// another venue can stay as it is.
var disconnectTags = []quickfix.Tag{5001, tagDisconnect, 8674, 9001}

// life tells the engine when a session begins and ends. Neither may be lost, and
// the callbacks may not wait: what finds the inbox full is kept here, goes in
// before any later request of the session, and is tried again after each commit.
type life struct {
	mu      sync.Mutex
	untold  []perp.Command // at most lifeMax
	waiting atomic.Bool    // something is untold
}

// lifeMax bounds what is kept: an end and a beginning, in either order.
const lifeMax = 2

// add keeps what happened. While nothing gets into the inbox no request of the
// session does, so that a beginning with its end, or an end with its beginning,
// between two others changes nothing.
func (f *life) add(cmd perp.Command) {
	if len(f.untold) == lifeMax {
		// The first and this one are of a kind. An end stays the first one; what a
		// client asks for when it begins is what it asked for last.
		f.untold = f.untold[:1]
		if _, begins := cmd.(perp.SessionStarted); begins {
			f.untold[0] = cmd
		}
		return
	}
	f.untold = append(f.untold, cmd)
}

// happens tells the engine of a beginning or an end.
func (d *Door) happens(l *link, cmd perp.Command) {
	l.life.mu.Lock()
	l.life.add(cmd)
	l.life.waiting.Store(true)
	l.life.mu.Unlock()
	if !d.toldAll(l) {
		d.wake()
	}
}

// toldAll tells what is untold of a session, and reports whether nothing is left.
func (d *Door) toldAll(l *link) bool {
	if !l.life.waiting.Load() {
		return true
	}
	l.life.mu.Lock()
	defer l.life.mu.Unlock()
	for len(l.life.untold) > 0 {
		if !d.inbox(perp.Input{Command: l.life.untold[0], Source: "fix"}) {
			return false
		}
		l.life.untold = l.life.untold[1:]
	}
	l.life.waiting.Store(false)
	return true
}

// begun notes that the client is logged on.
func (d *Door) begun(l *link) {
	l.up.Store(true)
	d.log.Info("fix logon", "comp_id", l.cfg.CompID)
	d.happens(l, perp.SessionStarted{Session: l.cfg.CompID, Cancel: l.endsOrders})
	if why := l.disabled.Load(); why != nil { // It came in while the desk was shutting it out.
		d.kick(l, textDisabled+*why)
	}
	d.leave(l)
}

// gone notes that the client is not: the connection has ended, or one side has
// logged out.
func (d *Door) gone(l *link) {
	if !l.up.Swap(false) {
		return
	}
	d.desk.forget(l.cfg.CompID)
	d.log.Info("fix logout", "comp_id", l.cfg.CompID)
	d.happens(l, perp.SessionEnded{Session: l.cfg.CompID, At: perp.Time(time.Now().UnixNano()), Cancel: l.endsOrders})
}

// wishes reads what a Logon asks for when it ends. It may say so under several
// names, but not different things.
func (l *link) wishes(msg *quickfix.Message) quickfix.MessageRejectError {
	ends, echo := l.cfg.CancelOnDisconnect, []pair(nil)
	for _, tag := range disconnectTags {
		text, err := msg.Body.GetString(tag)
		if err != nil {
			continue
		}
		if len(echo) > 0 && text != echo[0].value {
			return quickfix.RejectLogon{Text: refusedWishes}
		}
		ends, echo = text == "Y", append(echo, pair{int(tag), text})
	}
	l.endsOrders, l.echoCancels = ends, echo
	return nil
}
