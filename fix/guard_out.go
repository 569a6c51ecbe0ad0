package fix

import (
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

// writeMax is how many bytes go to the socket in one call.
const writeMax = 64 << 10

// rooms is memory for what goes to a socket in one call. Connections share it: most
// of a thousand are idle, and those that are not write by turns. One larger than
// roomKept is not kept.
var rooms = sync.Pool{New: func() any { return new([]byte) }}

const roomKept = 2 * writeMax

// closeWait is how long the gateway waits for the client's side to close after
// its last bytes: closing earlier could make them never arrive.
const closeWait = 200 * time.Millisecond

// outFrame is one message that waits to leave.
type outFrame struct {
	epoch, seq int64
	bytes      []byte
	fate       fate // of a certification configuration
}

// Write queues a message; it never waits. A client that lets too much pile up
// is cut.
func (c *conn) Write(b []byte) (int, error) {
	if c.link == nil {
		return 0, net.ErrClosed
	}
	if typeOf(b) == "5" {
		c.parted.Store(true)
	}
	if c.leaving.Load() && typeOf(b) == "5" {
		c.hangUp() // Before the client can answer: the session library would answer again.
	}
	if c.dialect == strict44 && stored[typeOf(b)] {
		b = inStrict44(b) // It was numbered before the client was back.
	}
	f := outFrame{epoch: c.link.numbers.currentEpoch(), seq: outNumber(b), bytes: b, fate: c.link.inject.outgoing(b, time.Now())}
	var more []outFrame
	if typeOf(b) == "A" {
		more = c.repeats(f)
	}
	c.mu.Lock()
	c.queue = append(append(c.queue, f), more...)
	c.queued += len(b)
	for _, m := range more {
		c.queued += len(m.bytes)
	}
	full := c.queued > c.guard.door.cfg.Limits.QueueBytes
	if full {
		c.queue, c.queued = nil, 0
	}
	c.mu.Unlock()
	if full {
		c.cut("slow consumer: queue is full")
		return 0, net.ErrClosed
	}
	c.signal()
	return len(b), nil
}

// hangUp ends the reading, so that the session library lets go of a client that
// has been told to leave; the writer then sends what waits.
func (c *conn) hangUp() {
	c.mu.Lock()
	c.told = true
	c.mu.Unlock()
	// A Read that waits returns; if that fails, the connection has ended already.
	_ = c.Conn.SetReadDeadline(time.Now())
}

// repeats are the reports that follow an answer to a Logon with a reset, as many
// as a ResendRequest would get at once: the client asks for the rest when it sees
// the next number.
func (c *conn) repeats(logon outFrame) []outFrame {
	more, size, limits := c.link.numbers.following(logon), 0, c.guard.door.cfg.Limits
	for i := range more {
		if c.link.dialect() == strict44 {
			more[i].bytes = inStrict44(more[i].bytes)
		}
		if size += len(more[i].bytes); i >= limits.ReplayMessages || size > limits.ReplayBytes {
			return more[:i]
		}
	}
	return more
}

func (c *conn) signal() {
	select {
	case c.kick <- struct{}{}:
	default: // The token is there already.
	}
}

func (c *conn) queuedBytes() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queued
}

// Close lets go of the connection without waiting: the writer sends what is
// durable, waits for the client to close and ends.
func (c *conn) Close() error {
	c.closed.Do(func() {
		c.mu.Lock()
		c.closing, c.ending = true, true
		c.mu.Unlock()
		close(c.done)
		if c.link == nil {
			c.raw.Close()
			c.guard.leave(c)
			return
		}
		// A Read that waits must return; the writer reads the rest away.
		c.Conn.SetReadDeadline(time.Now())
		c.signal()
	})
	return nil
}

// write is the writer goroutine: it sends messages in order as they become
// durable.
func (c *conn) write() {
	defer c.release()
	limits := c.guard.door.cfg.Limits
	var linger <-chan time.Time
	for {
		moved := c.link.numbers.release()
		some, closing, wait, err := c.turn()
		if err != nil {
			c.cut("write: " + err.Error())
			<-c.done
			return
		}
		if some {
			continue
		}
		if closing && c.queuedBytes() == 0 {
			break
		}
		if closing && linger == nil {
			timer := time.NewTimer(limits.Linger)
			defer timer.Stop()
			linger = timer.C
		}
		late, stop := after(wait)
		select {
		case <-c.kick:
		case <-moved:
		case <-late:
		case <-linger:
			c.lastWord()
			return
		}
		stop()
	}
	c.lastWord()
}

// turn writes what may leave now, if there is some.
func (c *conn) turn() (some, closing bool, wait time.Duration, err error) {
	room := rooms.Get().(*[]byte)
	bytes, closing, wait := c.take((*room)[:0], time.Now())
	if some = len(bytes) > 0; some {
		err = c.push(bytes)
	}
	if *room = bytes; cap(bytes) <= roomKept {
		rooms.Put(room)
	}
	return some, closing, wait, err
}

// take appends the messages at the head of the queue that may leave. One that is
// held back on purpose holds back all behind it, as its number is first; wait is for
// how long. Nothing waits for it on a connection that ends.
func (c *conn) take(bytes []byte, now time.Time) (_ []byte, closing bool, wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for n < len(c.queue) && len(bytes) < writeMax && c.link.numbers.mayLeave(c.queue[n].epoch, c.queue[n].seq) {
		f := c.queue[n]
		if wait = f.fate.until.Sub(now); wait > 0 && !c.closing {
			break
		}
		c.link.log.message("out", f.bytes)
		carried := c.link.inject.carry(f, now)
		if f.fate.lost {
			c.link.numbers.lost(f.epoch, f.seq)
		}
		c.queued += len(carried) - len(f.bytes)
		bytes = append(bytes, carried...)
		n++
	}
	c.queue = slices.Delete(c.queue, 0, n)
	return bytes, c.closing, wait
}

// after is a channel that fires once wait is over, or never if there is none.
func after(wait time.Duration) (fires <-chan time.Time, stop func()) {
	if wait <= 0 {
		return nil, func() {}
	}
	t := time.NewTimer(wait)
	return t.C, func() { t.Stop() }
}

// push writes everything or fails.
func (c *conn) push(bytes []byte) error {
	c.leaves(bytes)
	// crash point before-wire
	// crash point half-wire: _, _ = c.Conn.Write(bytes[:len(bytes)/2])
	n, err := c.Conn.Write(bytes)
	// crash point after-wire
	c.mu.Lock()
	c.queued -= min(n, c.queued)
	c.mu.Unlock()
	if n > 0 {
		c.link.lastOut.Store(time.Now().UnixNano())
	}
	return err
}

// patient is a socket whose writes go on until everything is written or a few
// in a row made no progress. It stands below TLS, which does not survive a
// write that was broken off.
type patient struct {
	net.Conn
	limits Limits
}

func (p *patient) Write(bytes []byte) (written int, err error) {
	for stalls := 0; written < len(bytes); {
		if err := p.SetWriteDeadline(time.Now().Add(p.limits.WriteStall)); err != nil {
			return written, err
		}
		n, err := p.Conn.Write(bytes[written:])
		written += n
		switch {
		case n > 0:
			stalls = 0
		case errors.Is(err, os.ErrDeadlineExceeded):
			if stalls++; stalls >= p.limits.WriteStalls {
				return written, errors.New("the client does not read")
			}
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return written, err
		}
	}
	return written, nil
}

// CloseWrite ends our side.
func (p *patient) CloseWrite() error {
	half, ok := p.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}

// release ends the connection; only now may the client's next one come in.
func (c *conn) release() {
	// Nothing more is wanted of the connection, nor of an error.
	_ = c.raw.Close()
	c.link.holder.CompareAndSwap(c, nil)
	close(c.gone)
	c.guard.leave(c)
}

// lastWord closes our side and waits a little for the client's. The session
// library does not wait for the answer to its Logout, so the number of that
// answer is counted here: else it would be asked for at the next logon. A client
// that answers a Logout, or ends its side in order after one of ours, has read it.
func (c *conn) lastWord() {
	c.reading.Lock()
	defer c.reading.Unlock()
	early := c.over || c.queuedBytes() > 0
	// The answer may have been handed on when the session library had just let go: it
	// then drops what it is given. Who has counted it already is not told again.
	if c.goodbye > 0 && c.link.numbers.countIfNext(c.goodbye) {
		c.link.numbers.left(c.link.bye.Load())
	}
	if !c.halfClose() {
		return
	}
	for {
		frame, err := c.frame(c.guard.door.cfg.Limits.BodyBytes)
		if err != nil {
			if !early && c.over && c.endedInOrder() {
				c.link.numbers.left(c.link.bye.Load())
			}
			return
		}
		if frame == nil {
			continue
		}
		if h, forbidden, bad := read(frame); !bad && !forbidden && h.kind == "5" && h.names(c.link.id) {
			c.link.numbers.countIfNext(h.seq)
			c.link.numbers.left(c.link.bye.Load())
		}
	}
}

// endedInOrder tells whether the client closed its side after it had read all
// that was sent: the end of TLS is not yet the end of the connection.
func (c *conn) endedInOrder() bool {
	var more [1]byte
	_, err := c.raw.Read(more[:])
	return errors.Is(err, io.EOF) && allArrived(c.raw)
}

// finish is lastWord for a connection that never logged on.
func (c *conn) finish() {
	if c.halfClose() {
		// Whatever ends the reading, the connection is closed next.
		_, _ = io.Copy(io.Discard, c.Conn)
	}
}

// halfClose ends our side, so that the last message, a Logout mostly, arrives
// (C11), and gives the client a moment to end its own.
func (c *conn) halfClose() bool {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil && c.Conn.SetReadDeadline(time.Now().Add(closeWait)) == nil
}
