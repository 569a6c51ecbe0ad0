package fix

import (
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

const (
	firstWait  = 5 * time.Second        // for the whole first message
	queueMax   = 8 << 20                // bytes that wait for one client
	stallMax   = 6 * time.Second        // of one write: a client that does not read is cut
	lingerMax  = 500 * time.Millisecond // for last words after the session ended
	readAtOnce = 16 << 10
)

var errSlow = errors.New("slow consumer")

// guardConn is one client connection with our skin on. To the session engine it
// reads as a stream of sound messages only, and takes writes without ever
// blocking; it lets a message out when its number is durable.
type guardConn struct {
	net.Conn
	gate *gate // decides about the first message

	raw   []byte // read, not yet cut
	ready []byte // cut, not yet handed on
	line  *line  // set once the Logon was let in

	mu      sync.Mutex
	wake    *sync.Cond
	queue   [][]byte
	queued  int
	closing bool
	ended   chan struct{} // closed when the writer has ended
}

func newGuardConn(c net.Conn, g *gate) *guardConn {
	gc := &guardConn{Conn: c, gate: g, ended: make(chan struct{})}
	gc.wake = sync.NewCond(&gc.mu)
	go gc.write()
	return gc
}

// Read hands on sound messages, whole or in parts. Until the Logon is let in
// there is a deadline and a small limit.
func (c *guardConn) Read(p []byte) (int, error) {
	for len(c.ready) == 0 {
		if err := c.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.ready)
	c.ready = c.ready[n:]
	return n, nil
}

func (c *guardConn) next() error {
	for {
		msg, rest, _ := cut(c.raw)
		c.raw = rest
		if msg == nil {
			break
		}
		if harmful(msg) {
			continue
		}
		if c.line == nil {
			if err := c.admit(msg); err != nil {
				return err
			}
		}
		c.line.arrived(msg, time.Now())
		c.ready = msg
		return nil
	}
	return c.fill()
}

// fill reads more bytes from the socket.
func (c *guardConn) fill() error {
	limit := messageMax + firstMax
	if c.line == nil {
		limit = firstMax
	}
	if len(c.raw) >= limit {
		return errors.New("message too long")
	}
	grown := make([]byte, len(c.raw), len(c.raw)+readAtOnce)
	copy(grown, c.raw)
	n, err := c.Conn.Read(grown[len(grown):min(cap(grown), limit)])
	c.raw = grown[:len(grown)+n]
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// admit decides about the first message. A refusal with words is written here,
// past the session engine, so that it moves no number of the session's owner.
func (c *guardConn) admit(msg []byte) error {
	l, refusal, err := c.gate.admit(c, msg, time.Now())
	if err != nil {
		if refusal != nil {
			c.Conn.SetWriteDeadline(time.Now().Add(lingerMax))
			_, werr := c.Conn.Write(refusal)
			err = errors.Join(err, werr)
		}
		return err
	}
	c.line = l
	c.mu.Lock()
	c.mu.Unlock()
	return c.Conn.SetReadDeadline(time.Time{})
}

// Write only queues. A queue that is full cuts the connection.
func (c *guardConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return 0, net.ErrClosed
	}
	if c.queued+len(p) > queueMax {
		c.closing = true
		c.wake.Signal()
		return 0, errors.Join(errSlow, c.Conn.Close())
	}
	c.queue = append(c.queue, append([]byte(nil), p...))
	c.queued += len(p)
	c.wake.Signal()
	return len(p), nil
}

// nudge makes the writer look again: a number became durable.
func (c *guardConn) nudge() {
	c.mu.Lock()
	c.wake.Signal()
	c.mu.Unlock()
}

// depth is how many messages wait.
func (c *guardConn) depth() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue)
}

// write is the writer's goroutine: it takes what may leave, in order.
func (c *guardConn) write() {
	defer close(c.ended)
	for {
		out, more := c.take()
		if !more {
			return
		}
		c.Conn.SetWriteDeadline(time.Now().Add(stallMax))
		if _, err := c.Conn.Write(out); err != nil {
			c.mu.Lock()
			c.closing, c.queue, c.queued = true, nil, 0
			c.mu.Unlock()
			c.Conn.Close()
			return
		}
	}
}

// take waits for messages that may leave and returns them as one run of bytes.
func (c *guardConn) take() (out []byte, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		n := 0
		for n < len(c.queue) && len(out) < readAtOnce && c.mayLeave(c.queue[n]) {
			out = append(out, c.queue[n]...)
			c.queued -= len(c.queue[n])
			n++
		}
		c.queue = c.queue[n:]
		if len(out) > 0 {
			return out, true
		}
		if c.closing && len(c.queue) == 0 {
			return nil, false
		}
		c.wake.Wait()
	}
}

func (c *guardConn) mayLeave(msg []byte) bool {
	seq, err := strconv.ParseInt(field(msg, "34"), 10, 64)
	return err == nil && c.line != nil && c.line.numbers.mayLeave(seq)
}

// Close lets what is queued leave for a moment, so that a Logout arrives, and
// then ends the connection.
func (c *guardConn) Close() error {
	c.mu.Lock()
	c.closing = true
	c.wake.Signal()
	c.mu.Unlock()
	linger := time.AfterFunc(lingerMax, func() {
		c.mu.Lock()
		c.queue, c.queued = nil, 0
		c.wake.Signal()
		c.mu.Unlock()
	})
	<-c.ended
	linger.Stop()
	c.gate.leave(c)
	return c.Conn.Close()
}
