package fix

import (
	"time"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// How long a client may go on sending more than it may.
const (
	abuseMax   = 10 * perp.Second // then it is warned
	abuseMercy = 2 * perp.Second  // after that it is logged out
	abusePause = perp.Second      // without a refusal, and all is forgiven
)

// Texts about the message rate.
const (
	headlineRate = "MESSAGE_RATE"
	textWarned   = "too many requests are refused; slow down or be logged out in 2 s"
	textRate     = "message rate"
	textBanned   = "message rate: the session may log on again later"
)

// abuse is how long requests of a session have been refused for their rate without
// a pause.
type abuse struct {
	since, last perp.Time
	warned      bool
}

// measure is what follows from one more refusal.
type measure int

const (
	bear measure = iota
	warn
	expel
)

// refused counts a refusal at now. A clock that was put back begins anew.
func (a abuse) refused(now perp.Time) (abuse, measure) {
	if a.last == 0 || now-a.last > abusePause || now < a.last {
		a = abuse{since: now}
	}
	a.last = now
	switch lasted := now - a.since; {
	case lasted >= abuseMax+abuseMercy && a.warned:
		return abuse{}, expel
	case lasted >= abuseMax && !a.warned:
		// Refusals may be rare: the mercy counts from the warning.
		return abuse{since: now - abuseMax, last: now, warned: true}, warn
	}
	return a, bear
}

// endure decides what becomes of a client of which one more request is refused,
// and warns it. Only the session's own goroutine comes here.
func (d *Door) endure(l *link, now perp.Time) (what measure) {
	l.abuse, what = l.abuse.refused(now)
	if what == warn {
		d.reply(l, []*quickfix.Message{newBody("B").time(42, now).add(148, headlineRate).group(33, []pair{{58, textWarned}}).message()})
	}
	return what
}

// expel refuses a request and bans its client. The
// refusal is sent here: the session library would send it after the Logout.
func (d *Door) expel(l *link, msg *quickfix.Message, rej quickfix.MessageRejectError) {
	r := newRequest(msg)
	last := newBody("j")
	if seq, err := msg.Header.GetInt(34); err == nil {
		last.num(45, seq)
	}
	last.add(58, rej.Error()).add(372, r.msgType).opt(379, rej.BusinessRejectRefID()).num(380, rej.RejectReason())
	d.reply(l, []*quickfix.Message{last.message()})
	d.ban(l)
}

// ban logs a client out and keeps it out for a while.
func (d *Door) ban(l *link) {
	l.banned.Store(time.Now().Add(d.cfg.Limits.Ban).UnixNano())
	if c := l.holder.Load(); c != nil {
		d.gate.knock(c.host, l.cfg.CompID, textRate)
	}
	d.log.Warn("fix session banned", "comp_id", l.cfg.CompID, "reason", textRate, "for", d.cfg.Limits.Ban.String())
	d.kick(l, textRate)
}

// isBanned tells whether a client is kept out for its message rate.
func (l *link) isBanned(now time.Time) bool { return now.UnixNano() < l.banned.Load() }
