package fix

import (
	"strconv"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// cancelsPerOrder is how many cancels a session may send for each order that it
// may send: the way out stays open when the way in is shut.
const cancelsPerOrder = 10

// allowance is a decision about one request of a session with a limit.
type allowance struct {
	OK         bool
	RetryAfter perp.Time // from now; zero if OK
	Next       perp.Time // state to keep: when the bucket is full again
}

// allow decides on a request at now: perSecond of them a second, and as many at
// once after a quiet second. Full is what was kept of the last decision, zero at
// first. A request that is refused costs nothing. A clock that was put back
// cannot shut a session out for longer than an empty bucket does.
func allow(perSecond int64, full, now perp.Time) allowance {
	if perSecond <= 0 {
		panic(perp.Fault{What: "token bucket without a rate: the caller must not ask", Args: []int64{perSecond}})
	}
	each := max(1, perp.Second/perp.Time(perSecond))
	most := each * perp.Time(perSecond)
	full = min(max(full, now), now+most)
	if wait := full + each - now - most; wait > 0 {
		return allowance{RetryAfter: wait, Next: full}
	}
	return allowance{OK: true, Next: full + each}
}

// throttled refuses an order (D, G) or a cancel (F, q) of a session that sends more
// than it may. Nothing of the request is remembered, so that its ClOrdID stays
// free. Only the session's own goroutine comes here.
func (l *link) throttled(cmd perp.Command, msg *quickfix.Message, now perp.Time) quickfix.MessageRejectError {
	rate, bucket := int64(l.cfg.OrdersPerSecond), &l.orders
	switch cmd.(type) {
	case perp.PlaceOrder, perp.ReplaceOrder:
	case perp.CancelOrder, perp.CancelOrders:
		rate, bucket = rate*cancelsPerOrder, &l.cancels
	default:
		return nil
	}
	if rate == 0 {
		return nil
	}
	a := allow(rate, *bucket, now)
	*bucket = a.Next
	if a.OK {
		return nil
	}
	ms := (a.RetryAfter + perp.Millisecond - 1) / perp.Millisecond
	return businessReject(perp.Throttled, msg, retryAfter+strconv.FormatInt(int64(ms), 10))
}
