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

// class is a kind of requests that has a bucket of its own, so that one kind
// cannot shut out another.
type class int

// Classes; those that are not named are queries.
const (
	queries class = iota
	orders
	cancels
	quotes
	data
	classEnd
)

// classOf is the class of a message type.
var classOf = map[string]class{"D": orders, "G": orders, "AJ": orders, "F": cancels, "q": cancels, "Z": cancels, "R": quotes, "i": quotes, "V": data}

// rateOf is how many requests of a class a session with a limit may send a second.
func rateOf(c class, perSecond int) int64 {
	if c == cancels {
		return int64(perSecond) * cancelsPerOrder
	}
	return int64(perSecond)
}

// throttled refuses a request of a session that sends more of its class than it
// may. Nothing of the request is remembered, so that its ClOrdID stays free. One
// that is too much of it is answered here, before the Logout that follows. Only
// the session's own goroutine comes here.
func (d *Door) throttled(l *link, msg *quickfix.Message, now perp.Time) (rej quickfix.MessageRejectError, expelled bool) {
	kind, err := msg.Header.GetString(35)
	if err != nil || l.cfg.OrdersPerSecond == 0 {
		return nil, false
	}
	c := classOf[kind]
	a := allow(rateOf(c, l.cfg.OrdersPerSecond), l.buckets[c], now)
	l.buckets[c] = a.Next
	if a.OK {
		return nil, false
	}
	ms := (a.RetryAfter + perp.Millisecond - 1) / perp.Millisecond
	rej = businessReject(perp.Throttled, msg, retryAfter+strconv.FormatInt(int64(ms), 10))
	if d.endure(l, now) == expel {
		d.expel(l, msg, rej)
		return nil, true
	}
	return rej, false
}
