package fix

import (
	"github.com/quickfixgo/quickfix"
)

// misdated refuses a request that says it is a repetition (43=Y) and does not say
// when it was first sent (122), or says that it was sent before it was: whether it is
// too old to be done cannot be told. The session library looks only at repetitions of
// what has come already.
func misdated(msg *quickfix.Message) quickfix.MessageRejectError {
	if !flagged(msg, 43) {
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

// flagged tells whether a flag of the header is there and Y. Most messages have
// none, and of a field that is not there the library would make an error first.
func flagged(msg *quickfix.Message, tag quickfix.Tag) bool {
	if !msg.Header.Has(tag) {
		return false
	}
	yes, err := msg.Header.GetBool(tag)
	return err == nil && yes
}
