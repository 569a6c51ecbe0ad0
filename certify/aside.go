package certify

import (
	"regexp"
	"strconv"
	"strings"
)

// connMark stands before a message that was not said on the first connection of a
// scenario: a second session, or somebody who is not let in. Who keeps the record
// of a client of his own can mark its further connections in the same way.
const connMark = "connection="

var (
	markedConn  = regexp.MustCompile(connMark + `([2-9])\b`)
	injectedGap = regexp.MustCompile(`fix injected\W+comp_id\W+([^\s"]+)\W+what\W+gap\W+seq\W+([0-9]+)`)
)

// An onlooker is an automaton that sees other connections too. They are in the
// record of the reference client; the log of one session does not have them.
type onlooker interface {
	aside(e *Entry, n *notes)
}

// connOf reads the mark of a connection before a message; 0 is the session itself.
func connOf(prefix string) int {
	m := markedConn.FindStringSubmatch(prefix)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0 // Cannot be: one digit.
	}
	return n
}

// besides keeps a message of another connection, if it is one.
func (l *Log) besides(e *Entry) bool {
	if e.Conn > 0 {
		e.FromClient, e.client = e.get(56) == l.Gateway, l.Client
		l.Aside = append(l.Aside, e)
	}
	return e.Conn > 0
}

// stallMark stands in the record of the reference client where it stops reading.
const stallMark = "nothing is read from here on"

// cutForStall is what a gateway logs when it cuts such a client.
var cutForStall = regexp.MustCompile(`fix connection cut\W+comp_id\W+([^\s"]+).*(slow consumer|the client does not read)`)

// event takes what a line without a message says of the session.
func (l *Log) event(line string) {
	if strings.Contains(line, stallMark) {
		l.cut = true
	}
	if m := cutForStall.FindStringSubmatch(line); m != nil && m[1] == l.Client {
		l.cut = true
		l.unread()
	}
	l.lost(line)
}

// unread marks what a client that was cut was asked on its last connection and did not
// answer: that it did not read is known, and judged by C38 alone.
func (l *Log) unread() {
	answered := map[string]bool{}
	for i := len(l.Entries) - 1; i >= 0; i-- {
		switch e := l.Entries[i]; {
		case e.Kind == "A":
			return
		case e.Kind == "0" && e.FromClient:
			answered[e.get(112)] = true
		case e.Kind == "1" && !e.FromClient && !answered[e.get(112)]:
			e.Unread = true
		}
	}
}

// lost takes out a message that the gateway's own log has and the client never got:
// the gateway says of it in a line of its own that it was left out on purpose. That
// line may come before the message, as they are written by two goroutines.
func (l *Log) lost(line string) {
	m := injectedGap.FindStringSubmatch(line)
	if m == nil || m[1] != l.Client {
		return
	}
	seq, err := strconv.Atoi(m[2])
	if err != nil {
		return // No number that a message could have.
	}
	for i := len(l.Entries) - 1; i >= 0; i-- {
		e := l.Entries[i]
		if e.Kind == "A" && e.get(141) == "Y" {
			break
		}
		if !e.FromClient && e.Seq == seq && e.get(43) != "Y" {
			l.Entries = append(l.Entries[:i], l.Entries[i+1:]...)
			return
		}
	}
	if l.gaps == nil {
		l.gaps = map[int]bool{}
	}
	l.gaps[seq] = true
}

// asTheyCome tells that a check is about the session, and so sees the messages as they
// come. What is about orders sees them as the client has to take them.
func (c Check) asTheyCome() bool { return c.Area == areaSession || c.Area == areaResilience }

// watch shows the automaton of a check every message in its order, those of other
// connections if it wants to see them.
func (l *Log) watch(c Check, a automaton, n *notes) {
	entries, others := l.Entries, l.Aside
	if !c.asTheyCome() {
		if l.turns == nil {
			l.turns = l.inOrder()
		}
		entries = l.turns
	}
	looks, is := a.(onlooker)
	if !is {
		others = nil
	}
	for _, e := range entries {
		for len(others) > 0 && others[0].Line < e.Line {
			looks.aside(others[0], n)
			others = others[1:]
		}
		a.see(e, n)
	}
	for _, e := range others {
		looks.aside(e, n)
	}
	a.end(l.Entries[len(l.Entries)-1].At, n)
}
