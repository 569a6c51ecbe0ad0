package fix

import (
	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// outMessage is a message on its way to the session of a client CompID.
type outMessage struct {
	session string
	msg     *quickfix.Message
}

// encode returns the messages that an event causes: to the session that asked,
// and to the one that owns the order if that is another. Most events cause none.
// The header carries only MsgType; the session layer fills in the rest.
func (c *codec) encode(ev perp.Event, at perp.Time) []outMessage { return nil }
