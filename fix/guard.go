package fix

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"backstop/perp"
)

// guardPort is the port that the session library believes to listen on; it
// compares the local port of a connection with its settings, but the guard
// listens.
const guardPort = 1

// acceptPause is the wait after a failed accept.
const acceptPause = 50 * time.Millisecond

// arrivalsMax bounds the arrival times kept for messages that wait for earlier
// ones.
const arrivalsMax = 8192

// guard stands between the sockets and the session library. It hands on only
// whole, valid messages of clients that have proved who they are.
type guard struct {
	door     *Door
	listener net.Listener
	tls      *tls.Config // nil: plain TCP
	mu       sync.Mutex
	conns    map[*conn]bool
	address  map[string]int
	alive    sync.WaitGroup
}

func newGuard(d *Door, l net.Listener) *guard {
	return &guard{door: d, listener: l, tls: d.overTLS(), conns: map[*conn]bool{}, address: map[string]int{}}
}

// Accept returns the next connection within the limits; others are closed.
func (g *guard) Accept() (net.Conn, error) {
	for {
		raw, err := g.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		if err != nil {
			// Out of descriptors, mostly. The session library would stop listening
			// for good; those who wait now get in when others have left.
			g.door.log.Error("fix accept", "error", err)
			time.Sleep(acceptPause)
			continue
		}
		c := newConn(g, raw)
		if !g.enter(c) {
			raw.Close()
			continue
		}
		return c, nil
	}
}

// Close stops listening.
func (g *guard) Close() error { return g.listener.Close() }

// Addr is where the guard listens.
func (g *guard) Addr() net.Addr { return g.listener.Addr() }

func (g *guard) enter(c *conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	limits := g.door.cfg.Limits
	if len(g.conns) >= limits.Connections || g.address[c.host] >= limits.PerAddress {
		g.door.gate.knock(c.host, "", "too many connections")
		return false
	}
	g.conns[c] = true
	g.address[c.host]++
	g.alive.Add(1)
	return true
}

func (g *guard) leave(c *conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.conns[c] {
		return
	}
	delete(g.conns, c)
	if g.address[c.host]--; g.address[c.host] == 0 {
		delete(g.address, c.host)
	}
	g.alive.Done()
}

func (g *guard) wait() { g.alive.Wait() }

// cutAll closes what is still open.
func (g *guard) cutAll() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.conns {
		c.sever()
	}
}

// conn is one connection as the session library sees it.
type conn struct {
	net.Conn          // TLS, if the guard speaks it, over a patient one
	raw      net.Conn // the socket
	guard    *guard
	host     string
	link     *link             // after the logon
	quiet    bool              // that it was refused has been logged lately, of another alike
	shown    *x509.Certificate // of the client, verified in the handshake; nil without one

	dialect dialect // asked for in the Logon; never changes afterwards

	reading sync.Mutex // held by who reads: the session library or, after it, the writer
	buf     []byte     // read from the socket, not yet handed on
	rest    []byte     // of the message being handed on
	ahead   int        // messages beyond a gap
	goodbye int64      // number of the last Logout handed on
	early   int        // bytes before the logon
	over    bool       // the client has ended its side

	mu       sync.Mutex
	arrivals map[int64]perp.Time
	queue    []outFrame
	queued   int // bytes
	closing  bool
	told     bool                   // the client has been told to go: nothing of it is read any more
	ending   bool                   // the client has closed its side or was cut
	parted   atomic.Bool            // a Logout of ours is on its way
	leaving  atomic.Bool            // the desk has told the client to go: the next Logout is the last message
	kicked   atomic.Pointer[string] // what the desk wants the client told before it goes; nil: nothing, or it is sent
	kick     chan struct{}          // something to write, or closing
	done     chan struct{}          // the session library has let go of the connection
	gone     chan struct{}          // the connection has ended
	closed   sync.Once
}

func newConn(g *guard, raw net.Conn) *conn {
	host, _, err := net.SplitHostPort(raw.RemoteAddr().String())
	if err != nil {
		host = raw.RemoteAddr().String()
	}
	c := &conn{
		Conn: &patient{raw, g.door.cfg.Limits}, raw: raw, guard: g, host: host, arrivals: map[int64]perp.Time{},
		kick: make(chan struct{}, 1), done: make(chan struct{}), gone: make(chan struct{}),
	}
	if g.tls != nil {
		c.Conn = tls.Server(c.Conn, g.tls)
	}
	return c
}

// LocalAddr is the address that the session library was told.
func (c *conn) LocalAddr() net.Addr { return &net.TCPAddr{Port: guardPort} }

// Read hands on the bytes of valid messages, one message at a time.
func (c *conn) Read(p []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	c.mu.Lock()
	over := c.closing || c.told
	c.mu.Unlock()
	if over {
		return 0, io.EOF
	}
	if len(c.rest) == 0 {
		frame, err := c.nextMessage()
		c.mu.Lock()
		over = c.link != nil && (c.closing || c.told)
		c.ending = c.ending || over || err != nil
		c.mu.Unlock()
		if err != nil {
			return 0, err
		}
		if over {
			// A Read that had begun before the connection ended may still find bytes: the
			// answer to our Logout is not the session library's, but for lastWord.
			c.buf = append(frame, c.buf...)
			return 0, io.EOF
		}
		c.rest = frame
		// crash point inbound if c.link != nil
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *conn) nextMessage() ([]byte, error) {
	if c.link == nil {
		return c.logon()
	}
	for {
		frame, err := c.frame(c.guard.door.cfg.Limits.BodyBytes)
		if err != nil {
			return nil, err
		}
		if frame == nil {
			continue
		}
		h, forbidden, bad := read(frame)
		if bad {
			continue
		}
		if forbidden {
			return nil, c.cut("XmlData(213) is not supported")
		}
		if !c.gapAllowed(h) {
			return nil, c.cut("too many messages beyond a gap in MsgSeqNum")
		}
		if h.kind == "5" && h.names(c.link.id) {
			c.goodbye = h.seq
		}
		h.blank(frame)
		now := time.Now()
		c.link.lastIn.Store(now.UnixNano())
		c.arrived(h.seq, now)
		c.overheard(frame)
		return frame, nil
	}
}

// gapAllowed counts messages with numbers beyond the expected one: the session
// library keeps each until the gap is filled (F5).
func (c *conn) gapAllowed(h header) bool {
	if expected, _ := c.link.numbers.next(); !h.hasSeq || h.seq <= expected {
		c.ahead = 0
		return true
	}
	c.ahead++
	return c.ahead <= c.guard.door.cfg.Limits.Ahead
}

// frame returns the next whole message, or nil if something garbled was
// dropped. The bytes are the caller's.
func (c *conn) frame(bodyMax int) ([]byte, error) {
	for {
		frame, skip, found := cut(c.buf, bodyMax)
		if found == whole {
			frame = append([]byte(nil), frame...)
		}
		c.buf = c.buf[:copy(c.buf, c.buf[skip:])]
		if found == whole {
			return frame, nil
		}
		if found == garbled {
			return nil, nil
		}
		if len(c.buf) > 2*bodyMax+2*beginMax {
			return nil, c.cut("message without end")
		}
		if err := c.readMore(bodyMax); err != nil {
			return nil, err
		}
	}
}

// readMore reads once from the socket; the buffer grows only as far as bytes
// come.
func (c *conn) readMore(most int) error {
	var chunk [4096]byte
	n, err := c.Conn.Read(chunk[:min(len(chunk), most)])
	if c.early += n; c.link == nil && c.early > most {
		return c.cut("too many bytes before the logon")
	}
	c.buf = append(c.buf, chunk[:n]...)
	if n > 0 {
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	c.over = errors.Is(err, io.EOF)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return io.EOF
	}
	return err
}

// arrived notes when a message was read from the socket; arrival forgets it.
func (c *conn) arrived(seq int64, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.arrivals) >= arrivalsMax {
		clear(c.arrivals)
	}
	c.arrivals[seq] = perp.Time(now.UnixNano())
}

func (c *conn) arrival(seq int64) (perp.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t, ok := c.arrivals[seq]
	delete(c.arrivals, seq)
	return t, ok
}

// cut ends a connection at once, without another byte.
func (c *conn) cut(why string) error {
	name, loud := "", true
	if c.link != nil {
		name = c.link.cfg.CompID
	} else {
		loud = c.guard.door.gate.knock(c.host, "", why)
	}
	if loud {
		c.guard.door.log.Warn("fix connection cut", "comp_id", clean(name), "addr", c.host, "reason", why)
	}
	c.sever()
	return io.EOF
}

func (c *conn) sever() {
	c.mu.Lock()
	c.ending = true
	c.mu.Unlock()
	// The session library closes again; that error would say nothing new. The
	// socket, not TLS, which would first try to say good-bye.
	_ = c.raw.Close()
}

// listen gives the session library our listener instead of one of its own.
func (g *guard) listen(string, *tls.Config) (net.Listener, error) { return g, nil }
