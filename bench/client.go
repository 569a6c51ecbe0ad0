package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// client is a raw FIX client that costs little, so that what is measured is the
// server. It answers nothing by itself: the heartbeat interval is longer than any
// measurement.
type client struct {
	conn   net.Conn
	r      *bufio.Reader
	id     string
	seq    int
	buf    []byte
	body   []byte
	frames []byte
}

const (
	soh        = '\x01'
	serverID   = "BACKSTOP"
	password   = "bench"
	frameMax   = 64 << 10
	answerMax  = 30 * time.Second // for any one answer
	perAddress = 16               // connections from one loopback address
)

// connect logs the i-th session on. Many sessions come from many loopback
// addresses, because servers limit what comes from one.
func connect(ctx context.Context, addr string, i int, extra string) (*client, error) {
	d := net.Dialer{Timeout: answerMax, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+i/perAddress))}}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn, r: bufio.NewReaderSize(conn, 8<<10), id: sessionID(i), seq: 1}
	if err := c.logon(extra); err != nil {
		return nil, errors.Join(fmt.Errorf("session %s: %w", c.id, err), conn.Close())
	}
	return c, nil
}

func sessionID(i int) string { return fmt.Sprintf("B%04d", i) }

func (c *client) logon(extra string) error {
	if err := c.conn.SetDeadline(time.Now().Add(answerMax)); err != nil {
		return err
	}
	if err := c.send("A", "98=0|108=600|553="+c.id+"|554="+password+"|"+extra); err != nil {
		return err
	}
	m, err := c.next()
	if err != nil {
		return err
	}
	if value(m, "35") != "A" {
		return fmt.Errorf("logon answered with %s", bytes.ReplaceAll(m, []byte{soh}, []byte("|")))
	}
	return c.conn.SetDeadline(time.Time{})
}

// send writes a message; | in body is SOH, and body ends with it.
func (c *client) send(msgType, body string) error {
	c.frames = c.frame(c.frames[:0], msgType, body)
	_, err := c.conn.Write(c.frames)
	return err
}

// frame appends a whole message to dst and takes its number.
func (c *client) frame(dst []byte, msgType, body string) []byte {
	b := append(c.body[:0], "35="...)
	b = append(b, msgType...)
	b = append(b, "\x0134="...)
	b = strconv.AppendInt(b, int64(c.seq), 10)
	b = append(b, "\x0149="...)
	b = append(b, c.id...)
	b = append(b, "\x0156="+serverID+"\x0152="...)
	b = time.Now().UTC().AppendFormat(b, stampLayout)
	b = append(b, soh)
	for i := range len(body) {
		if body[i] == '|' {
			b = append(b, soh)
		} else {
			b = append(b, body[i])
		}
	}
	c.seq++
	c.body = b
	from := len(dst)
	dst = append(dst, "8=FIX.4.4\x019="...)
	dst = strconv.AppendInt(dst, int64(len(b)), 10)
	dst = append(append(dst, soh), b...)
	sum := 0
	for _, x := range dst[from:] {
		sum += int(x)
	}
	return append(dst, fmt.Sprintf("10=%03d\x01", sum%256)...)
}

const stampLayout = "20060102-15:04:05.000"

// next reads one message; the bytes are good until the next call.
func (c *client) next() ([]byte, error) {
	c.buf = c.buf[:0]
	for range 2 { // 8= and 9=
		part, err := c.r.ReadSlice(soh)
		if err != nil {
			return nil, err
		}
		c.buf = append(c.buf, part...)
	}
	at := bytes.LastIndexByte(c.buf, '=')
	n, err := strconv.Atoi(string(c.buf[at+1 : len(c.buf)-1]))
	if err != nil || n < 0 || n > frameMax {
		return nil, fmt.Errorf("not a FIX message: %q", c.buf)
	}
	head, want := len(c.buf), n+len("10=000\x01")
	c.buf = append(c.buf, make([]byte, want)...)
	for got := 0; got < want; {
		m, err := c.r.Read(c.buf[head+got:])
		if err != nil {
			return nil, err
		}
		got += m
	}
	return c.buf, nil
}

// value is the first value of a tag, or "".
func value(m []byte, tag string) string {
	at := bytes.Index(m, []byte("\x01"+tag+"="))
	if at < 0 {
		return ""
	}
	rest := m[at+len(tag)+2:]
	end := bytes.IndexByte(rest, soh)
	if end < 0 {
		return ""
	}
	return string(rest[:end])
}
