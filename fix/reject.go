package fix

import (
	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// businessReject is the j that refuses msg with the code of r: NotReady when
// the inbox is full, NotPermitted, Throttled. Its 58 starts with the token.
func businessReject(r perp.Reject, msg *quickfix.Message, detail string) quickfix.MessageRejectError {
	return quickfix.NewBusinessMessageRejectErrorWithRefID(r.String()+" "+detail, 0, "", nil)
}
