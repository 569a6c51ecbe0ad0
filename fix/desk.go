package fix

import (
	"sync"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// desk answers what needs no engine (x, e, V) from what was published, and
// keeps the subscriptions of each session. It never blocks on anything but its
// own short lock: local runs on session goroutines, publish on the sequencer's.
type desk struct {
	mu sync.Mutex
}

func newDesk() *desk { return &desk{} }

// restate takes over the state of the engine at start.
func (k *desk) restate(events []perp.Event) {}

// local answers x, e and V. A request that cannot be read gets rej instead.
func (k *desk) local(msg *quickfix.Message, session string, now perp.Time) (replies []*quickfix.Message, rej quickfix.MessageRejectError) {
	return nil, quickfix.UnsupportedMessageType()
}

// publish takes in what a commit made public and returns what the subscribers
// among the sessions that are logged on get for it.
func (k *desk) publish(entries []perp.Entry, loggedOn func(session string) bool) []outMessage {
	return nil
}

// forget drops the subscriptions of a session that has logged out.
func (k *desk) forget(session string) {}
