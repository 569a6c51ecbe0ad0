package fix

import (
	"net/netip"
	"strconv"
	"sync"
	"time"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// SessionConfig is one client connection that the gateway knows.
type SessionConfig struct {
	CompID    string // the client's SenderCompID(49)
	OurCompID string // what the client sends as TargetCompID(56)
	Auth      string // password, or none: then the name alone is enough
	Username  string
	Password  string
	// ResetOnLogon begins with number 1 at every Logon; what was not yet
	// received is then not sent again.
	ResetOnLogon bool
	Roles        []string // trade, md; empty: all
	HeartBtMin   int      // seconds
	HeartBtMax   int
	AllowIPs     []netip.Prefix // empty: any
}

// SessionStatus is one session as the desk sees it.
type SessionStatus struct {
	CompID  string
	Up      bool
	Addr    string
	InSeq   int64 // next expected
	OutSeq  int64 // next to be used
	Queue   int   // messages that wait to leave
	LastIn  time.Time
	LastOut time.Time
}

// arrivalsMax bounds the arrival times that wait for their message to be
// decoded; the session engine reads messages one by one.
const arrivalsMax = 4096

// line is one session: its numbers and the connection that it has now.
type line struct {
	cfg     SessionConfig
	id      quickfix.SessionID
	numbers *numbers

	mu       sync.Mutex
	conn     *guardConn
	up       bool
	arrivals map[int64]time.Time
	lastIn   time.Time
	lastOut  time.Time
}

// attach gives the session a connection; it has at most one.
func (l *line) attach(c *guardConn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		return false
	}
	l.conn = c
	l.arrivals = map[int64]time.Time{}
	return true
}

func (l *line) detach(c *guardConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == c {
		l.conn = nil
	}
}

// arrived notes when a message was read from the socket.
func (l *line) arrived(msg []byte, now time.Time) {
	seq, err := strconv.ParseInt(field(msg, "34"), 10, 64)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastIn = now
	if err == nil && len(l.arrivals) < arrivalsMax {
		l.arrivals[seq] = now
	}
}

// arrival is when the message with this number was read; now if that is not
// known, as for one that the session engine had put aside.
func (l *line) arrival(seq int64, now time.Time) perp.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, known := l.arrivals[seq]
	delete(l.arrivals, seq)
	if !known {
		at = now
	}
	return perp.Time(at.UnixNano())
}

func (l *line) isUp() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up
}

func (l *line) setUp(up bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.up = up
}

// ready tells whether market data may be sent: the session is logged on and
// what it was sent before has left.
func (l *line) ready() bool {
	l.mu.Lock()
	c, up := l.conn, l.up
	l.mu.Unlock()
	return up && c != nil && c.depth() < streamQueueMax
}

// streamQueueMax is how many messages may wait for a client that gets market
// data; beyond it the client gets the newest state once there is room.
const streamQueueMax = 256

func (l *line) nudge() {
	l.mu.Lock()
	c := l.conn
	l.mu.Unlock()
	if c != nil {
		c.nudge()
	}
}

func (l *line) status() SessionStatus {
	l.mu.Lock()
	s := SessionStatus{CompID: l.cfg.CompID, Up: l.up, LastIn: l.lastIn, LastOut: l.lastOut}
	c := l.conn
	l.mu.Unlock()
	if c != nil {
		s.Addr, s.Queue = c.RemoteAddr().String(), c.depth()
	}
	s.InSeq, s.OutSeq = int64(l.numbers.NextTargetMsgSeqNum()), int64(l.numbers.NextSenderMsgSeqNum())
	return s
}

// sent notes that bytes left.
func (l *line) sent(now time.Time) {
	l.mu.Lock()
	l.lastOut = now
	l.mu.Unlock()
}
