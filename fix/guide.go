package fix

import (
	"errors"
	"time"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// Bounds of what a client is told of its certification.
const (
	GuideLines = 40  // in one News
	guideText  = 400 // bytes of a line
)

// headlineGuide begins the headline of News about a certification; what the first
// line says follows.
const headlineGuide = "CERTIFICATION"

// Overhear is shown what goes over the wire of a session: secrets are blanked, and
// what is sent is durable, shown before it leaves so that no answer comes first. It
// must not wait, nor keep the bytes.
type Overhear func(session string, at time.Time, message []byte)

func (c *conn) overheard(message []byte) {
	if hear := c.guard.door.cfg.Overhear; hear != nil {
		hear(c.link.cfg.CompID, time.Now(), message)
	}
}

// leaves shows each message of what is about to be written.
func (c *conn) leaves(bytes []byte) {
	if c.guard.door.cfg.Overhear == nil {
		return
	}
	for len(bytes) > 0 {
		message, skip, found := cut(bytes, len(bytes))
		if found == needMore || skip == 0 {
			return
		}
		if found == whole {
			c.overheard(message)
		}
		bytes = bytes[skip:]
	}
}

// Tell says lines, GuideLines at most, to a client as News, which are not stored: who
// is not here does not hear them. It reports whether the client is.
func (d *Door) Tell(session, headline string, lines []string, now time.Time) bool {
	l := d.byComp[session]
	if l == nil || !l.up.Load() {
		return false
	}
	said := make([][]pair, 0, min(len(lines), GuideLines))
	for _, line := range lines[:min(len(lines), GuideLines)] {
		said = append(said, []pair{{58, clean(line[:min(len(line), guideText)])}})
	}
	msg := newBody("B").time(42, perp.Time(now.UnixNano())).add(148, clean(headlineGuide+" "+headline)).group(33, said...).message()
	if !l.speak(outMessage{msg: msg}) {
		return false
	}
	err := quickfix.SendToTarget(msg, l.id)
	if err != nil && !errors.Is(err, quickfix.ErrDoNotSend) {
		d.log.Warn("fix certification news", "comp_id", session, "error", clean(err.Error()))
	}
	return err == nil
}
