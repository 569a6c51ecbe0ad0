package fix

import (
	"github.com/quickfixgo/quickfix"
)

// misdated refuses a request that says it is a repetition (43=Y) and does not say
// when it was first sent (122), or says that it was sent before it was: whether it is
// too old to be done cannot be told. The session library looks only at repetitions of
// what has come already.
func misdated(msg *quickfix.Message) quickfix.MessageRejectError {
	if again, err := msg.Header.GetBool(43); err != nil || !again {
		return nil
	}
	if !msg.Header.Has(122) {
		return quickfix.RequiredTagMissing(122)
	}
	first, err := msg.Header.GetTime(122)
	if err != nil {
		return err
	}
	if sent, err := msg.Header.GetTime(52); err == nil && first.After(sent) {
		return quickfix.NewMessageRejectError(textSkew, rejectSendingTime, nil)
	}
	return nil
}
