package acceptance

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"backstop/certify"
)

// Fields is a FIX message as its tag=value fields in order.
type Fields = certify.Fields

// Parse cuts a message into fields; both SOH and | separate.
func Parse(m string) Fields { return certify.Parse(m) }

// Client is a raw FIX client: a socket, two numbers and what it sent. It
// sends whatever it is told to. What it does by itself can be switched off: it
// answers TestRequest, keeps the inbound number and answers ResendRequest.
type Client struct {
	Sender, Target string
	// Username and Password go into Logon when Username is set.
	Username, Password string
	HeartBtInt         int
	From               string // our address; empty: any
	Begin              string // BeginString(8); empty: FIX.4.4
	// Record is shown each message before it leaves and when it has come; nil: nobody
	// looks. It may be called from two goroutines at a time.
	Record func(at time.Time, m string)

	mu    sync.Mutex // guards all below and writes to conn
	conn  net.Conn
	out   int            // next number to send
	in    int            // next number expected
	asked int            // first number of the gap that was asked for; one request a gap
	wants []int          // first numbers that the gateway asked for again
	sent  map[int]string // application messages as first sent, body only

	possible map[int]bool // which of them had 97=Y
	news     chan Fields  // application messages and session answers
	ended    chan struct{}
	err      error
}

// inMax bounds what waits for the test to read it; a test that does not read
// ends its connection instead of growing.
const inMax = 1 << 16

// NewClient returns a client for one session; numbers start at 1.
func NewClient(sender, target, username, password string) *Client {
	return &Client{
		Sender: sender, Target: target, Username: username, Password: password,
		HeartBtInt: 30, out: 1, in: 1, sent: map[int]string{}, possible: map[int]bool{},
	}
}

// Dial connects without logging on.
func (c *Client) Dial(addr string) error {
	dialer := net.Dialer{Timeout: answerMax}
	if c.From != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(c.From)}
	}
	conn, err := dialer.Dial("tcp", addr)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.asked = 0
	c.conn, c.news, c.ended, c.err = conn, make(chan Fields, inMax), make(chan struct{}), nil
	c.mu.Unlock()
	go c.read(conn, c.news, c.ended)
	return nil
}

// Logon dials, sends a Logon and waits for the answer. extra fields, such as
// "141=Y", go at the end of its body.
func (c *Client) Logon(ctx context.Context, addr string, extra ...string) (Fields, error) {
	if err := c.Dial(addr); err != nil {
		return nil, err
	}
	body := []string{"98=0", "108=" + strconv.Itoa(c.HeartBtInt)}
	if c.Username != "" {
		body = append(body, "553="+c.Username, "554="+c.Password)
	}
	if err := c.Send("A", append(body, extra...)...); err != nil {
		return nil, err
	}
	answer, err := c.Next(ctx)
	if err != nil {
		return nil, err
	}
	if answer.Get(35) != "A" {
		return answer, fmt.Errorf("logon answered with %s", answer)
	}
	return answer, nil
}

// Logout sends a Logout and waits for the connection to end.
func (c *Client) Logout(ctx context.Context) error {
	if err := c.Send("5"); err != nil {
		return err
	}
	for {
		if _, err := c.Next(ctx); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// Drop closes the socket without a word.
func (c *Client) Drop() {
	c.mu.Lock()
	conn := c.conn
	c.mu.Unlock()
	if conn != nil {
		conn.Close()
		<-c.ended
	}
}

// Send sends a message with the next number and a header of its own.
func (c *Client) Send(msgType string, body ...string) error {
	_, err := c.SendNumbered(msgType, body...)
	return err
}

// SendNumbered is Send and returns the number used.
func (c *Client) SendNumbered(msgType string, body ...string) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.out
	c.out++
	text := strings.Join(body, soh)
	if !admin(msgType) {
		c.sent[n] = msgType + soh + text
	}
	return n, c.write(c.frame(msgType, n, "", text))
}

// SendRaw writes bytes as they are: nonsense is its purpose. | is SOH.
func (c *Client) SendRaw(raw string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write(strings.ReplaceAll(raw, "|", soh))
}

// Frame returns a complete message with the given number, for SendRaw.
func (c *Client) Frame(msgType string, seq int, body ...string) string {
	return c.frame(msgType, seq, "", strings.Join(body, soh))
}

// FrameOf is Frame with one more field in the header.
func (c *Client) FrameOf(msgType string, seq int, header string, body ...string) string {
	return c.frame(msgType, seq, header+soh, strings.Join(body, soh))
}

// Numbers returns the next numbers out and in.
func (c *Client) Numbers() (out, in int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out, c.in
}

// SetNumbers sets the next numbers out and in.
func (c *Client) SetNumbers(out, in int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out, c.in = out, in
}

// Wanted returns the first numbers that the gateway asked for again since the last
// call.
func (c *Client) Wanted() []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	wants := c.wants
	c.wants = nil
	return wants
}

// SendPossible is SendNumbered of what may be a repetition (97=Y).
func (c *Client) SendPossible(msgType string, body ...string) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.out
	c.out++
	text := strings.Join(body, soh)
	c.sent[n], c.possible[n] = msgType+soh+text, true
	return n, c.write(c.frame(msgType, n, "97=Y"+soh, text))
}

// SendAgain sends an application message as a repetition under a new number (97=Y).
func (c *Client) SendAgain(msgType string, body ...string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.out
	c.out++
	return c.write(c.frame(msgType, n, "97=Y"+soh, strings.Join(body, soh)))
}

// Expect sets the next number in.
func (c *Client) Expect(in int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in = in
}

func admin(msgType string) bool { return len(msgType) == 1 && strings.Contains("0123450A", msgType) }

func stamp(t time.Time) string { return t.UTC().Format("20060102-15:04:05.000") }

// Now is the present time as FIX writes it, for 60 and 52.
func Now() string { return stamp(time.Now()) }

func (c *Client) frame(msgType string, seq int, header, body string) string {
	h := []string{"35=" + msgType, "34=" + strconv.Itoa(seq), "49=" + c.Sender, "56=" + c.Target, "52=" + Now()}
	text := strings.Join(h, soh) + soh + header
	if body != "" {
		text += body + soh
	}
	return complete("8=" + cmp.Or(c.Begin, "FIX.4.4") + soh + text)
}

func (c *Client) write(m string) error {
	if c.conn == nil {
		return errors.New("not connected")
	}
	c.record(m)
	c.conn.SetWriteDeadline(time.Now().Add(answerMax))
	_, err := io.WriteString(c.conn, m)
	return err
}

func (c *Client) record(m string) {
	if c.Record != nil {
		c.Record(time.Now(), m)
	}
}

// Next returns the next message that the test should see: all but heartbeats,
// test requests, resend requests and gap fills, which the client deals with. io.EOF
// means that the gateway closed the connection.
func (c *Client) Next(ctx context.Context) (Fields, error) {
	select {
	case f, ok := <-c.news:
		if !ok {
			c.mu.Lock()
			defer c.mu.Unlock()
			return nil, c.err
		}
		return f, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// NextOf skips messages until one of the given types comes.
func (c *Client) NextOf(ctx context.Context, types ...string) (Fields, error) {
	for {
		f, err := c.Next(ctx)
		if err != nil {
			return nil, err
		}
		for _, t := range types {
			if f.Get(35) == t {
				return f, nil
			}
		}
	}
}

func (c *Client) read(conn net.Conn, news chan<- Fields, ended chan<- struct{}) {
	defer close(ended)
	defer close(news)
	in := bufio.NewReader(conn)
	for {
		m, err := readMessage(in)
		if err == nil {
			c.record(m)
			err = c.received(Parse(m), news)
		}
		if err != nil {
			if errors.Is(err, net.ErrClosed) || strings.Contains(err.Error(), "reset by peer") {
				err = io.EOF
			}
			c.mu.Lock()
			c.err = err
			c.mu.Unlock()
			conn.Close()
			return
		}
	}
}

// received keeps the session going and hands on what the test should see.
func (c *Client) received(f Fields, news chan<- Fields) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	seq, dup := f.Int(34), f.Get(43) == "Y"
	switch {
	case f.Get(35) == "4":
		c.in = max(c.in, f.Int(36))
		return nil
	case seq == c.in:
		c.in++
	case seq > c.in && f.Get(35) == "A":
		// The gateway's Logon is ahead: ask for what was missed, then go on.
		if err := c.ask(); err != nil {
			return err
		}
	case seq > c.in && f.Get(35) == "2":
		// A ResendRequest is answered at once, gap or not: what it stood for would be
		// gap-filled, and both sides would wait for each other.
		c.wants = append(c.wants, f.Int(7))
		if err := c.resend(f.Int(7), f.Int(16)); err != nil {
			return err
		}
		return c.ask()
	case seq > c.in:
		return c.ask()
	case !dup && f.Get(35) != "A":
		return fmt.Errorf("MsgSeqNum %d, expected %d: %s", seq, c.in, f)
	case dup:
		return nil // Seen before.
	default:
		c.in = seq + 1 // A Logon that reset the numbers.
	}
	return c.handle(f, news)
}

func (c *Client) handle(f Fields, news chan<- Fields) error {
	switch f.Get(35) {
	case "0":
		return nil
	case "1":
		n := c.out
		c.out++
		return c.write(c.frame("0", n, "", "112="+f.Get(112)))
	case "2":
		c.wants = append(c.wants, f.Int(7))
		return c.resend(f.Int(7), f.Int(16))
	}
	select {
	case news <- f:
		return nil
	default:
		return fmt.Errorf("%d messages unread", inMax)
	}
}

// ask requests everything from the expected number on, once for each gap.
func (c *Client) ask() error {
	if c.asked == c.in {
		return nil
	}
	c.asked = c.in
	n := c.out
	c.out++
	return c.write(c.frame("2", n, "", "7="+strconv.Itoa(c.in)+soh+"16=0"))
}

// resend answers a ResendRequest: application messages again with 43=Y, the rest
// as gap fills.
func (c *Client) resend(from, to int) error {
	if to == 0 || to >= c.out {
		to = c.out - 1
	}
	for n := from; n <= to; n++ {
		if m, ok := c.sent[n]; ok {
			t, body, _ := strings.Cut(m, soh)
			head := "43=Y" + soh + "122=" + Now() + soh
			if c.possible[n] {
				head += "97=Y" + soh
			}
			if err := c.write(c.frame(t, n, head, body)); err != nil {
				return err
			}
			continue
		}
		next := n + 1
		for next <= to && c.sent[next] == "" {
			next++
		}
		if err := c.write(c.frame("4", n, "43=Y"+soh+"122="+Now()+soh, "123=Y"+soh+"36="+strconv.Itoa(next))); err != nil {
			return err
		}
		n = next - 1
	}
	return nil
}

// How a subscription to prices is told, MDUpdateType(265).
const (
	snapshots = "0"
	changes   = "1"
)

// bestOf is the rest of a V that subscribes to the best bid and offer of a market.
func bestOf(id, symbol, update string) []string {
	return []string{"262=" + id, "263=1", "264=1", "265=" + update, "267=2", "269=0", "269=1", "146=1", "55=" + symbol}
}
