package certify

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Waits. A wait ends with what is waited for; these bound it.
const (
	// WaitMax is the usual longest wait for one message.
	WaitMax = 10 * time.Second
	// definitionWait is that of a line of a QuickFIX definition, some of which ask for
	// a heartbeat interval of 30 s; definitionEnd is what the original runner grants.
	definitionWait = 45 * time.Second
	definitionEnd  = 10 * time.Second
	// again is how often an acceptor is asked whether a session is free again.
	again = 100 * time.Millisecond
)

// Target is an acceptor, and who we are to it.
type Target struct {
	Addr               string
	BeginString        string // FIX.4.4
	Sender, Target     string
	Username, Password string
	DefaultApplVerID   string        // goes into the Logon of FIXT.1.1
	Wait               time.Duration // longest wait for one message; zero: WaitMax
	TLS                *tls.Config   // nil: plain TCP
	// Vars are further words that scenarios may use in braces.
	Vars map[string]string
	// Do does what a scenario asks of whoever plays it, such as an act of the desk; nil:
	// nothing can be done.
	Do func(ctx context.Context, what string) error
	// Record gets every whole message that is said, without passwords; nil: nobody.
	Record func(at time.Time, message string)
	// Through is the command of an engine that says and hears what is played, instead
	// of a connection of our own to Addr. Talk gets what it complains of.
	Through []string
	Talk    io.Writer

	engine *Engine
}

// credentials is what every Logon ends with.
func (t Target) credentials() string {
	s := ""
	if t.Username != "" {
		s = "|553=" + t.Username + "|554=" + t.Password
	}
	if strings.HasPrefix(t.BeginString, "FIXT") {
		s += "|1137=" + t.DefaultApplVerID
	}
	return s
}

// Errors of a connection.
var (
	// ErrUnreachable means that nobody listens at the address.
	ErrUnreachable = errors.New("nobody answers at the address")
	// ErrHandshake means that the two ends do not trust each other, or one speaks no TLS.
	ErrHandshake = errors.New("no TLS with the acceptor")
)

// A Failure is a line of a scenario that does not hold.
type Failure struct {
	File string
	Line int
	Text string // the line
	Err  error
	Got  Fields // the message that was judged, if there is one
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s:%d: %s: %v", f.File, f.Line, readable(f.Text), f.Err)
}

func (f *Failure) Unwrap() error { return f.Err }

// player is the state of one run of one case.
type player struct {
	ctx   context.Context
	to    Target
	conns map[int]*peer
	vars  map[string]string
	got   Fields
	once  int // makes ids of fences unique

	broken map[int]*peer // what is known of connections that have ended
}

// peer is one connection, with the numbers that we keep of its session.
type peer struct {
	net.Conn
	r       *bufio.Reader
	out, in int
	mute    bool // does not answer TestRequests
	strict  bool // checks the acceptor's numbers: not in lines of QuickFIX, which state them

	number  int    // of the connection, in a scenario
	sender  string // whom the Logon named, if not the target's
	asks    bool   // asks for what is missing
	resumed bool   // the session was not reset
	lacks   int    // the first number that was asked for and has not come; 0: none
	upTo    int    // the number before which that ends
	sentAt  time.Time
}

// Play plays a case against an acceptor. The first line that does not hold ends
// it with a *Failure.
func (c *Case) Play(ctx context.Context, to Target) error {
	if to.Wait <= 0 {
		to.Wait = WaitMax
	}
	to.Wait = max(to.Wait, c.wait)
	p := &player{ctx: ctx, to: to, conns: map[int]*peer{}, broken: map[int]*peer{}, vars: map[string]string{"sender": to.Sender, "target": to.Target, "begin": to.BeginString}}
	p.vars["credentials"] = to.credentials()
	// A ClOrdID is used once for ever: each play has ids of its own.
	p.vars["run"] = strconv.FormatInt(time.Now().UnixNano(), 36)
	maps.Copy(p.vars, to.Vars)
	defer p.close()
	do := p.step
	if e := to.engine; e != nil {
		e.skip()
		do = func(s step) error { return p.through(e, s) }
	}
	for _, s := range c.steps {
		p.got = nil
		if err := do(s); err != nil {
			if gone(err) {
				err = fmt.Errorf("the acceptor closed the connection (%w)", err)
			}
			return &Failure{c.File, s.line, s.text, err, p.got}
		}
	}
	return nil
}

// close leaves the acceptor as it was found: sessions are logged out, or the next
// case would meet a live one.
func (p *player) close() {
	for n := range p.conns {
		if p.conns[n].strict {
			// What an acceptor does after a case has been judged is not judged.
			_ = p.logout(n)
		}
		p.drop(n)
	}
}

func (p *player) drop(n int) {
	if c := p.conns[n]; c != nil {
		c.Close()
		p.broken[n] = c
		delete(p.conns, n)
	}
}

func (p *player) step(s step) error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	switch s.verb {
	case "I", "E", "i", "e":
		return p.definition(s)
	case verbConnect:
		return p.connect(s.conn)
	case verbLogon:
		return p.logon(s.conn, s.body)
	case verbBack:
		return p.back(s.conn, s.body)
	case verbDrop:
		p.drop(s.conn)
		return nil
	case verbDo:
		return p.do(s.body)
	case verbAlive:
		p.drop(s.conn)
		if err := p.logon(s.conn, ""); err != nil {
			return fmt.Errorf("the acceptor lets nobody in any more: %w", err)
		}
		return p.fence(s.conn)
	}
	c := p.conns[s.conn]
	if c == nil {
		return errors.New("not connected")
	}
	switch s.verb {
	case verbSend:
		c.sentAt = time.Now()
		return p.send(c, s.body)
	case verbFlood:
		return s.flood(func() error { return p.send(c, s.body) })
	case verbStall:
		return p.stall(s.conn, s.body)
	case verbLate:
		return p.late(c, s.least, s.demands)
	case verbAsks:
		c.asks = true
		return nil
	case verbWhole:
		return p.whole(c)
	case verbRaw, verbFramed:
		return p.raw(c, s.body, s.verb == verbFramed)
	case verbCalm:
		return p.calm(c)
	case verbExpect, verbAwait:
		return p.expect(c, s.demands, s.verb == verbAwait)
	case verbFence:
		return p.fence(s.conn)
	case verbEnded:
		return p.ended(s.conn)
	case verbLogout:
		return p.logout(s.conn)
	case verbMute:
		c.mute = true
		return nil
	case verbNumber:
		return p.number(c, s.body)
	}
	return fmt.Errorf("%s is not known here", s.verb)
}

// flood sends the same again and again; {sent} and {next} go on.
func (s step) flood(send func() error) error {
	for range s.times {
		if err := send(); err != nil {
			return err
		}
	}
	return nil
}

func (p *player) connect(n int) error {
	p.drop(n)
	d := net.Dialer{Timeout: p.to.Wait}
	c, err := d.DialContext(p.ctx, "tcp", p.to.Addr)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if p.to.TLS != nil {
		over := tls.Client(c, p.to.TLS)
		ctx, cancel := context.WithTimeout(p.ctx, p.to.Wait)
		defer cancel()
		if err := over.HandshakeContext(ctx); err != nil {
			// Nothing was said yet; the error of the handshake is the one that counts.
			_ = c.Close()
			return fmt.Errorf("%w: %w", ErrHandshake, err)
		}
		c = over
	}
	p.conns[n] = &peer{Conn: c, r: bufio.NewReader(c), out: 1, in: 1, strict: true, number: n}
	return nil
}

// logon connects and logs on.
func (p *player) logon(n int, extra string) error {
	return p.enter(n, extra, func(*peer) {})
}

// enter connects and logs on, with the numbers that goesOn gives the connection. Where
// an acceptor closes without a word it may not have noticed the end of the connection
// before, so it is asked again, with the same number, until the wait is over.
func (p *player) enter(n int, extra string, goesOn func(*peer)) error {
	deadline := time.Now().Add(p.to.Wait)
	tick := time.NewTicker(again)
	defer tick.Stop()
	for {
		if err := p.connect(n); err != nil {
			return err
		}
		c := p.conns[n]
		goesOn(c)
		err := p.send(c, p.logonBody(extra))
		if err == nil {
			err = p.expect(c, []matcher{{tag: 35, op: opExact, text: "A"}}, false)
		}
		if err == nil || !gone(err) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-tick.C:
		case <-p.ctx.Done():
			return p.ctx.Err()
		}
	}
}

// logonBody is a Logon as the target wants it; fields of extra replace ours, and
// a tag with ! leaves it out.
func (p *player) logonBody(extra string) string {
	fields := strings.Split("A|98=0|108=30|141=Y"+p.to.credentials(), "|")
	for _, f := range strings.Split(extra, "|") {
		tag, _, _ := strings.Cut(strings.TrimPrefix(f, "!"), "=")
		at := -1
		for i, have := range fields {
			if strings.HasPrefix(have, tag+"=") {
				at = i
			}
		}
		switch {
		case f == "":
		case at >= 0 && f[0] == '!':
			fields = append(fields[:at], fields[at+1:]...)
		case at >= 0:
			fields[at] = f
		case f[0] != '!':
			fields = append(fields, f)
		}
	}
	return strings.Join(fields, "|")
}

// headerTags are fields that go before the body, in this order, when a line has
// them; 49, 56 and 52 are there also when it has not.
var headerTags = []string{"34", "43", "97", "49", "56", "50", "57", "115", "128", "52", "122"}

// send makes a message of its type and fields, and sends it with the next number.
// A line with a 34 of its own spends none.
func (p *player) send(c *peer, body string) error {
	p.vars["next"], p.vars["in"] = strconv.Itoa(c.out), strconv.Itoa(c.in)
	p.vars["now"] = stamp(time.Now())
	text, err := fill(withTimes(body, time.Now()), p.vars)
	if err != nil {
		return err
	}
	kind, rest, _ := strings.Cut(text, "|")
	own := map[string]string{"34": strconv.Itoa(c.out), "49": c.from(p.to.Sender), "56": p.to.Target, "52": stamp(time.Now())}
	numbered := false
	var fields []string
	begin := p.to.BeginString
	for _, f := range strings.Split(rest, "|") {
		tag, value, _ := strings.Cut(f, "=")
		switch {
		case f == "":
		case tag == "8":
			begin = value
		case slices.Contains(headerTags, tag):
			own[tag] = value
			numbered = numbered || tag == "34"
		default:
			fields = append(fields, f)
		}
	}
	all := []string{"8=" + begin, "35=" + kind}
	for _, tag := range headerTags {
		if v, ok := own[tag]; ok {
			all = append(all, tag+"="+v)
		}
	}
	p.vars["sent"] = own["34"]
	if kind == "A" && own["49"] != p.to.Sender {
		c.sender = own["49"]
	}
	if !numbered {
		c.out++
	}
	m := Complete(strings.Join(append(all, fields...), SOH) + SOH)
	p.record(c, m)
	return p.write(c, m)
}

var escapes = regexp.MustCompile(`\\x[0-9a-f]{2}`)

// raw writes bytes as they are: | is SOH, \x00 a byte. A framed line gets its
// BodyLength and CheckSum.
func (p *player) raw(c *peer, body string, framed bool) error {
	p.vars["next"] = strconv.Itoa(c.out)
	p.vars["now"] = stamp(time.Now())
	text, err := fill(withTimes(body, time.Now()), p.vars)
	if err != nil {
		return err
	}
	text = escapes.ReplaceAllStringFunc(strings.ReplaceAll(text, "|", SOH), func(e string) string {
		n, err := strconv.ParseUint(e[2:], 16, 8)
		if err != nil {
			return e // Cannot be: two hex digits.
		}
		return string([]byte{byte(n)})
	})
	if framed {
		text = Complete(text)
	}
	// An acceptor may close while nonsense is on its way: what it did is judged by the
	// next step, not by this one.
	if err := p.write(c, text); err != nil && !gone(err) {
		return err
	}
	return nil
}

func (p *player) expect(c *peer, demands []matcher, skip bool) error {
	deadline := time.Now().Add(p.to.Wait)
	waitsFor := ""
	if demands[0].tag == 35 && demands[0].op == opExact {
		waitsFor = demands[0].text
	}
	p.vars["next"], p.vars["in"] = strconv.Itoa(c.out), strconv.Itoa(c.in)
	for {
		f, err := p.read(c, deadline, waitsFor)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("nothing of the kind within %v", p.to.Wait)
		}
		if err != nil {
			return err
		}
		err = judgeAll(demands, f, p.vars)
		if err == nil || !skip {
			return err
		}
	}
}
