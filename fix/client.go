package fix

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"backstop/perp"
	"backstop/spec"

	"github.com/quickfixgo/quickfix"
)

// Limits of the client.
const (
	clientInboxMax   = 4096             // messages the caller has not received; then reading waits
	clientFrameMax   = 1 << 20          // bytes of one message
	clientHeartBt    = 30 * time.Second // asked for in the Logon
	clientSilenceMax = 75 * time.Second // without any byte, the session is over
	clientWriteWait  = 5 * time.Second
	clientLogoutWait = 2 * time.Second
	clientDialWait   = 10 * time.Second // if the context sets no end
)

// Errors of the client.
var (
	// ErrUnreachable: nobody listens at the address.
	ErrUnreachable = errors.New("gateway not reachable")
	// ErrHandshake: the two ends do not trust each other, or one speaks no TLS.
	ErrHandshake = errors.New("no TLS with the gateway")
	// ErrRefused: the Logon was answered with a Logout or a hang-up.
	ErrRefused = errors.New("logon refused")
	// ErrEnded: the session is over.
	ErrEnded = errors.New("session ended")
)

// ClientConfig says who the client is and where it connects.
type ClientConfig struct {
	Addr     string // host:port
	CompID   string // of the client
	Target   string // CompID of the gateway
	Username string
	Password string
	TLS      *tls.Config // nil: plain TCP
	Dialect  string      // STRICT44 or VAMM1; empty: not asked for, which is STRICT44
	// BeginString is the version, FIX.4.4 if empty; FIXT.1.1 is FIX 5.0 SP2.
	BeginString string
	// OnDisconnect asks with 8013 what becomes of working orders when the session
	// ends: Y, they end; N, they stay; empty: as the gateway is configured.
	OnDisconnect string
}

// Client is a FIX initiator for one connection. It keeps nothing on disk:
// each connection starts with a sequence reset (141=Y), and what the gateway
// asks to have sent again is gap-filled.
type Client struct {
	cfg   ClientConfig
	conn  net.Conn
	inbox chan Message
	up    chan struct{} // closed when the Logon is answered
	down  chan struct{} // closed when the session is over

	mu      sync.Mutex
	out     int // number of the next message to send
	wrote   time.Time
	closing bool
	reason  string

	in    int  // number of the next message expected; only read uses it
	asked bool // a resend is under way
}

// Dial connects, logs on and returns when the session is up.
func Dial(ctx context.Context, cfg ClientConfig) (*Client, error) {
	ctx, cancel := context.WithTimeout(ctx, clientDialWait)
	defer cancel()
	if cfg.BeginString == "" {
		cfg.BeginString = quickfix.BeginStringFIX44
	}
	version, known := spec.VersionOf(cfg.BeginString)
	if !known {
		return nil, fmt.Errorf("BeginString %q is not spoken here", cfg.BeginString)
	}
	conn, err := connect(ctx, cfg)
	if err != nil {
		return nil, err
	}
	c := &Client{
		cfg: cfg, conn: conn, out: 1, in: 1,
		inbox: make(chan Message, clientInboxMax), up: make(chan struct{}), down: make(chan struct{}),
	}
	logon := []Field{{Tag: 98, Value: "0"}, {Tag: 108, Value: strconv.Itoa(int(clientHeartBt / time.Second))}, {Tag: 141, Value: "Y"}}
	if version.ApplVerID != "" {
		logon = append(logon, Field{Tag: 1137, Value: version.ApplVerID})
	}
	if cfg.Password != "" {
		logon = append(logon, Field{Tag: 553, Value: cfg.Username}, Field{Tag: 554, Value: cfg.Password})
	}
	if cfg.Dialect != "" {
		logon = append(logon, Field{Tag: tagDialect, Value: cfg.Dialect})
	}
	if cfg.OnDisconnect != "" {
		logon = append(logon, Field{Tag: tagDisconnect, Value: cfg.OnDisconnect})
	}
	if err := c.Send("A", logon...); err != nil {
		c.end(err.Error())
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	go c.read()
	go c.beat()
	select {
	case <-c.up:
		return c, nil
	case <-c.down:
	case <-ctx.Done():
		c.end(ctx.Err().Error())
	}
	return nil, fmt.Errorf("%w: %s", ErrRefused, c.Reason())
}

// connect dials and, over TLS, shakes hands.
func connect(ctx context.Context, cfg ClientConfig) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if cfg.TLS == nil {
		return conn, nil
	}
	over := tls.Client(conn, cfg.TLS)
	if err := over.HandshakeContext(ctx); err != nil {
		// Nothing was said yet; the error of the handshake is the one that counts.
		_ = conn.Close()
		return nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	return over, nil
}

// Messages delivers what the gateway sends, in order: application messages,
// Reject and Logout. It is closed when the session is over.
func (c *Client) Messages() <-chan Message { return c.inbox }

// Reason tells why the session ended: Text(58) of the Logout if there was one.
func (c *Client) Reason() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reason
}

// Send sends a message: its type and its body fields in order, repeating
// groups flat with their count first.
func (c *Client) Send(msgType string, fields ...Field) error {
	for _, f := range fields {
		if f.Value == "" || strings.Contains(f.Value, "\x01") {
			return fmt.Errorf("field %d: %q cannot be sent", f.Tag, f.Value)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write(c.out, msgType, false, fields)
}

// write sends one message under the given number; the lock is held.
func (c *Client) write(seq int, msgType string, again bool, fields []Field) error {
	now := stamp(perp.Time(time.Now().UnixNano()))
	var b bytes.Buffer
	fmt.Fprintf(&b, "35=%s\x0149=%s\x0156=%s\x0134=%d\x01", msgType, c.cfg.CompID, c.cfg.Target, seq)
	if again {
		fmt.Fprintf(&b, "43=Y\x01122=%s\x01", now)
	}
	fmt.Fprintf(&b, "52=%s\x01", now)
	for _, f := range fields {
		fmt.Fprintf(&b, "%d=%s\x01", f.Tag, f.Value)
	}
	if err := c.conn.SetWriteDeadline(time.Now().Add(clientWriteWait)); err != nil {
		return fmt.Errorf("%w: %w", ErrEnded, err)
	}
	if _, err := c.conn.Write(reframe(c.cfg.BeginString, b.Bytes())); err != nil {
		return fmt.Errorf("%w: %w", ErrEnded, err)
	}
	c.wrote = time.Now()
	if !again {
		c.out++
	}
	return nil
}

// frame puts BeginString, BodyLength and CheckSum around a message.
func frame(inner []byte) []byte {
	return reframe("FIX.4.4", inner)
}

func checkSum(raw []byte) (sum byte) {
	for _, b := range raw {
		sum += b
	}
	return sum
}

// Close logs out, waits a moment for the answer and disconnects.
func (c *Client) Close() {
	c.mu.Lock()
	c.closing = true
	err := c.write(c.out, "5", false, nil)
	c.mu.Unlock()
	if err == nil {
		wait := time.NewTimer(clientLogoutWait)
		defer wait.Stop()
		select {
		case <-c.down:
		case <-wait.C:
		}
	}
	c.end("closed")
}

// end closes the connection; the first reason is kept.
func (c *Client) end(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reason == "" {
		c.reason = reason
	}
	select {
	case <-c.down:
	default:
		close(c.down)
		// The session is over either way: an error of closing tells nothing new.
		_ = c.conn.Close()
	}
}

// beat sends a Heartbeat whenever nothing else was sent for an interval.
func (c *Client) beat() {
	tick := time.NewTicker(clientHeartBt / 3)
	defer tick.Stop()
	for {
		select {
		case <-c.down:
			return
		case <-tick.C:
		}
		c.mu.Lock()
		var err error
		if time.Since(c.wrote) >= clientHeartBt*2/3 {
			err = c.write(c.out, "0", false, nil)
		}
		c.mu.Unlock()
		if err != nil {
			c.end(err.Error())
		}
	}
}

// read takes messages off the wire until the session is over.
func (c *Client) read() {
	defer close(c.inbox)
	r := bufio.NewReader(c.conn)
	for {
		if err := c.conn.SetReadDeadline(time.Now().Add(clientSilenceMax)); err != nil {
			c.end(err.Error())
			return
		}
		raw, err := readFrame(r)
		if err != nil {
			c.end("connection lost: " + err.Error())
			return
		}
		msg := ParseMessage(raw)
		if len(msg.Problems) > 0 {
			c.end("garbled message: " + strings.Join(msg.Problems, ", "))
			return
		}
		if err := c.take(msg); err != nil {
			c.end(err.Error())
			return
		}
	}
}

// readFrame reads one message by its BodyLength.
func readFrame(r *bufio.Reader) ([]byte, error) {
	begin, err := r.ReadString('\x01')
	if err != nil {
		return nil, err
	}
	length, err := r.ReadString('\x01')
	if err != nil {
		return nil, err
	}
	digits, ok := strings.CutPrefix(strings.TrimSuffix(length, "\x01"), "9=")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 0 || n > clientFrameMax {
		return nil, fmt.Errorf("no message: %q", begin+length)
	}
	raw := append([]byte(begin), length...)
	rest := make([]byte, n+len("10=000\x01"))
	if _, err := io.ReadFull(r, rest); err != nil {
		return nil, err
	}
	return append(raw, rest...), nil
}
