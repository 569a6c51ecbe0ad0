package fix

import (
	"errors"
	"strconv"
	"time"

	"github.com/quickfixgo/quickfix"
)

// A client that says nothing by itself about what it has is asked with a
// TestRequest: when this many reports are in doubt, or one has been this long.
// A question without an answer is asked again.
const (
	askReports = 100
	askAfter   = 10 * time.Second
	askAgain   = 30 * time.Second
)

// evidence is what is done to learn what the client has of an epoch.
type evidence struct {
	newest int64     // number of the last report
	doubts int       // reports since the last question
	since  time.Time // of the last question, or the first doubt
	id     string    // of the question that is open
	below  int64     // what its answer proves
	before int64     // newest at the Logon: a gap may hide what is up to there

	// lost to lostLast were kept from the client on purpose, or some of them; 0: none.
	lost, lostLast, lostEpoch int64
}

// said notes a report.
func (p *evidence) said(seq, acked int64, now time.Time) {
	if p.newest < acked {
		p.since = now
	}
	p.newest = seq
	p.doubts++
}

// acknowledged notes that the client has shown to have everything below next. It
// cannot have what has not left, so such a word is not believed. The new point is
// made durable with whatever is committed next: without it, more is sent again.
func (n *numbers) acknowledged(next int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.acknowledge(next)
}

func (n *numbers) acknowledge(next int64) {
	if n.durable.Epoch != n.epoch || next > n.out {
		return
	}
	if len(n.held) > 0 {
		next = min(next, n.held[0].seq)
	}
	if n.evidence.lost > 0 && n.evidence.lostEpoch == n.epoch {
		next = min(next, n.evidence.lost)
	}
	if next > n.acked {
		n.acked, n.changed = next, true
	}
}

// missing notes a ResendRequest: all below is there, the rest is not, so an
// answer to an open question would prove nothing.
func (n *numbers) missing(begin int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.acknowledge(begin)
	n.evidence.id, n.evidence.since = "", time.Now()
}

// entered notes a Logon.
func (n *numbers) entered() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.evidence.id, n.evidence.since = "", time.Now()
}

// logonNumbered notes that the next message is an answer to a Logon. What was
// said before may be behind a gap of the client.
func (n *numbers) logonNumbered() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.evidence.before = n.evidence.newest
}

// left notes that the client has read a Logout: all below next, if there was no
// gap.
func (n *numbers) left(next int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if next > 0 && n.evidence.before < n.acked {
		n.acknowledge(next)
	}
}

// question returns the id of a TestRequest that is due: its answer proves that
// the client has what was numbered until now.
func (n *numbers) question(now time.Time) (id string, due bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := &n.evidence
	waited := now.Sub(p.since)
	switch {
	case p.newest < n.acked,
		p.id != "" && waited < askAgain,
		p.doubts < askReports && waited < askAfter:
		return "", false
	}
	p.id = "HAVE-" + strconv.FormatInt(n.epoch, 10) + "-" + strconv.FormatInt(n.out, 10)
	p.below, p.doubts, p.since = n.out, 0, now
	return p.id, true
}

// answered notes a Heartbeat that answers a TestRequest.
func (n *numbers) answered(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if id != "" && id == n.evidence.id {
		n.evidence.id = ""
		n.acknowledge(n.evidence.below)
	}
}

// ask asks the clients what they have.
func (d *Door) ask(now time.Time) {
	for _, l := range d.links {
		if !l.up.Load() {
			continue
		}
		id, due := l.numbers.question(now)
		if !due {
			continue
		}
		msg := quickfix.NewMessage()
		msg.Header.SetString(35, "1")
		msg.Body.SetString(112, id)
		if err := quickfix.SendToTarget(msg, l.id); err != nil && !errors.Is(err, quickfix.ErrDoNotSend) {
			d.log.Warn("fix test request", "comp_id", l.cfg.CompID, "error", err)
		}
	}
}

// heard takes what a message of the client says about what it has. A Logon that
// resets says nothing about the epoch that it ends.
func (l *link) heard(msg *quickfix.Message, kind string) {
	if kind == "A" {
		if reset, err := msg.Body.GetString(141); l.cfg.ResetOnLogon || err == nil && reset == "Y" {
			return
		}
	}
	if processed, ok := number(&msg.Header.FieldMap, 369); ok {
		l.numbers.acknowledged(processed + 1)
	}
	switch kind {
	case "A":
		if next, ok := number(&msg.Body.FieldMap, 789); ok {
			l.numbers.acknowledged(next)
		}
	case "0":
		if id, err := msg.Body.GetString(112); err == nil {
			l.numbers.answered(id)
		}
	case "2":
		if begin, ok := number(&msg.Body.FieldMap, 7); ok {
			l.numbers.missing(begin)
		}
	case "5":
		l.numbers.left(l.bye.Load()) // Nothing, unless it answers a Logout of ours.
	}
}

// number reads a plain number; anything else says nothing.
func number(m *quickfix.FieldMap, tag quickfix.Tag) (int64, bool) {
	if !m.Has(tag) {
		return 0, false
	}
	text, err := m.GetString(tag)
	if err != nil {
		return 0, false
	}
	return digits([]byte(text), seqDigits)
}
