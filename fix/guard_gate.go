package fix

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

const (
	connsPerAddress = 20
	connsMax        = 1000
	// A wrong password costs time: after failuresFree in a row each further
	// Logon of that CompID from that address is refused for backoff, doubling.
	failuresFree = 5
	backoffFirst = time.Second
	backoffMax   = time.Minute
	failuresKept = 4096 // addresses remembered
)

var (
	errCrowded = errors.New("too many connections")
	errNoLogon = errors.New("first message is not a Logon for a session of ours")
	errSecond  = errors.New("session is connected already")
	errRefused = errors.New("logon refused")
	errAddress = errors.New("address not allowed")
	errHeart   = errors.New("HeartBtInt out of range")
	errBackoff = errors.New("too many wrong passwords")
)

// gate decides who may come in. It knows every connection and every session.
type gate struct {
	lines map[lineKey]*line

	mu        sync.Mutex
	conns     int
	byAddress map[string]int
	failures  map[string]failure // by CompID and address
}

// lineKey is how a Logon names a session.
type lineKey struct{ begin, client, ours string }

type failure struct {
	count int
	until time.Time
}

func newGate() *gate {
	return &gate{lines: map[lineKey]*line{}, byAddress: map[string]int{}, failures: map[string]failure{}}
}

func hostOf(c net.Conn) string {
	host, _, err := net.SplitHostPort(c.RemoteAddr().String())
	if err != nil {
		return c.RemoteAddr().String()
	}
	return host
}

// enter counts a new connection, or refuses it.
func (g *gate) enter(c net.Conn) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	host := hostOf(c)
	if g.conns >= connsMax || g.byAddress[host] >= connsPerAddress {
		return errCrowded
	}
	g.conns++
	g.byAddress[host]++
	return nil
}

// leave forgets a connection and frees its session.
func (g *gate) leave(c *guardConn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	host := hostOf(c.Conn)
	g.conns--
	if g.byAddress[host]--; g.byAddress[host] <= 0 {
		delete(g.byAddress, host)
	}
	if c.line != nil {
		c.line.detach(c)
	}
}

// admit judges the first message of a connection. An error ends the connection;
// refusal, if any, is what the client is told first. An unknown name and a
// second connection are told nothing: a message would spend a number of the
// session's owner.
func (g *gate) admit(c *guardConn, msg []byte, now time.Time) (l *line, refusal []byte, err error) {
	key := lineKey{string(msg[2:indexSOH(msg)]), field(msg, "49"), field(msg, "56")}
	l = g.lines[key]
	if l == nil || field(msg, "35") != "A" {
		return nil, nil, fmt.Errorf("%w (%s)", errNoLogon, key.client)
	}
	if !l.allows(hostOf(c.Conn)) {
		return nil, nil, errAddress
	}
	if err := g.authenticate(l, hostOf(c.Conn), msg, now); err != nil {
		return nil, l.logout(msg, "logon refused", now), err
	}
	if beat, err := strconv.Atoi(field(msg, "108")); field(msg, "108") != "" && (err != nil || beat < l.cfg.HeartBtMin || beat > l.cfg.HeartBtMax) {
		return nil, l.logout(msg, fmt.Sprintf("HeartBtInt out of range %d to %d", l.cfg.HeartBtMin, l.cfg.HeartBtMax), now), errHeart
	}
	if !l.attach(c) {
		return nil, nil, errSecond
	}
	return l, nil, nil
}

// authenticate compares user and password in constant time and makes guessing
// slow. The same answer is given whatever was wrong.
func (g *gate) authenticate(l *line, host string, msg []byte, now time.Time) error {
	if l.cfg.Auth == "none" {
		return nil
	}
	who := l.cfg.CompID + " " + host
	g.mu.Lock()
	defer g.mu.Unlock()
	f := g.failures[who]
	if now.Before(f.until) {
		return errBackoff
	}
	user := subtle.ConstantTimeCompare([]byte(field(msg, "553")), []byte(l.cfg.Username))
	password := subtle.ConstantTimeCompare([]byte(field(msg, "554")), []byte(l.cfg.Password))
	if user&password == 1 {
		delete(g.failures, who)
		return nil
	}
	if f.count++; f.count >= failuresFree {
		f.until = now.Add(min(backoffFirst<<min(f.count-failuresFree, 10), backoffMax))
	}
	if len(g.failures) >= failuresKept {
		clear(g.failures)
	}
	g.failures[who] = f
	return errRefused
}

func (l *line) allows(host string) bool {
	if len(l.cfg.AllowIPs) == 0 {
		return true
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, p := range l.cfg.AllowIPs {
		if p.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

// logout builds a Logout by hand. It carries the number that the client expects
// of an answer to nothing, 1 in its own count: none of ours is spent.
func (l *line) logout(msg []byte, why string, now time.Time) []byte {
	body := fmt.Sprintf("35=5\x0134=%d\x0149=%s\x0152=%s\x0156=%s\x0158=%s\x01",
		l.numbers.NextSenderMsgSeqNum(), l.id.SenderCompID, now.UTC().Format("20060102-15:04:05.000"), l.id.TargetCompID, why)
	return frame([]byte(body))
}

func indexSOH(msg []byte) int {
	for i, b := range msg {
		if b == soh {
			return i
		}
	}
	return len(msg)
}

// listener wraps every accepted connection.
type listener struct {
	net.Listener
	gate *gate
	log  func(string, ...any)
}

// Accept returns the next connection that there is room for.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if err := l.gate.enter(c); err != nil {
			l.log("connection refused", "from", c.RemoteAddr().String(), "why", err)
			// Nothing was said to it, so there is nothing to lose in closing.
			_ = c.Close()
			continue
		}
		if err := c.SetReadDeadline(time.Now().Add(firstWait)); err != nil {
			_ = c.Close()
			continue
		}
		return newGuardConn(c, l.gate), nil
	}
}
