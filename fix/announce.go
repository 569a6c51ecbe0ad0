package fix

import (
	"errors"
	"time"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// Announce tells every client that is logged on when its session will be ended.
func (d *Door) Announce(now, at time.Time) {
	for _, l := range d.links {
		if !l.up.Load() {
			continue
		}
		msg := plannedStop(perp.Time(now.UnixNano()), perp.Time(at.UnixNano()))
		if !l.speak(outMessage{msg: msg}) {
			continue
		}
		if err := quickfix.SendToTarget(msg, l.id); err != nil && !errors.Is(err, quickfix.ErrDoNotSend) {
			d.log.Warn("fix announcement", "comp_id", l.cfg.CompID, "error", clean(err.Error()))
		}
	}
}
