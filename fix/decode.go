package fix

import (
	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// codec turns client messages into commands and events into messages. It keeps
// nothing but the roles of the sessions and may be used from many goroutines.
type codec struct {
	roles map[string][]string // by client CompID; none: every role
	desk  *desk               // knows the instruments
}

func newCodec(roles map[string][]string, d *desk) *codec { return &codec{roles: roles, desk: d} }

// decode reads one application message that the dictionary has accepted. It
// returns a command for the engine; or what the session answers instead (3 or
// j); or neither for the messages that desk.local answers (x, e, V).
func (c *codec) decode(msg *quickfix.Message, o perp.Origin) (perp.Command, quickfix.MessageRejectError) {
	return nil, quickfix.UnsupportedMessageType()
}
