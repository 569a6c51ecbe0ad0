package acceptance

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Definitions are the acceptance tests that come with QuickFIX: text files whose
// lines say what a client sends (I), what the acceptor must answer next (E), and
// when connections open and close (i, e). A digit and a comma after the letter
// name a connection other than the first.

const (
	answerMax     = 30 * time.Second // for one expected message: longer than any heartbeat in the definitions
	disconnectMax = 10 * time.Second // for an expected disconnect, as in the original runner
	soh           = "\x01"
)

// patterns are the fields that are compared by shape, not by value, as in the
// original runner's fields.fmt.
var patterns = map[string]*regexp.Regexp{
	"10":  regexp.MustCompile(`\d{3}`),
	"42":  regexp.MustCompile(`^\d{8}-\d{2}:\d{2}:\d{2}`),
	"52":  regexp.MustCompile(`^\d{8}-\d{2}:\d{2}:\d{2}`),
	"60":  regexp.MustCompile(`^\d{8}-\d{2}:\d{2}:\d{2}`),
	"122": regexp.MustCompile(`^\d{8}-\d{2}:\d{2}:\d{2}`),
}

// A DefinitionError tells which line of a definition failed and why.
type DefinitionError struct {
	File string
	Line int
	Text string
	Err  error
}

func (e *DefinitionError) Error() string {
	return fmt.Sprintf("%s:%d: %s: %v", e.File, e.Line, readable(e.Text), e.Err)
}

func (e *DefinitionError) Unwrap() error { return e.Err }

// player is the state of one run: the open connections by number.
type player struct {
	addr  string
	conns map[int]*peer
}

type peer struct {
	net.Conn
	in *bufio.Reader
}

// RunDefinition plays a definition file against an acceptor. The first line that
// does not hold ends it with a *DefinitionError.
func RunDefinition(file, addr string) error {
	src, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return playDefinition(file, src, addr)
}

func playDefinition(file string, src []byte, addr string) error {
	p := &player{addr: addr, conns: map[int]*peer{}}
	defer p.close()
	for n, line := range strings.Split(string(src), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		if err := p.line(line, time.Now()); err != nil {
			return &DefinitionError{file, n + 1, line, err}
		}
	}
	return nil
}

func (p *player) close() {
	for _, c := range p.conns {
		c.Close()
	}
}

func (p *player) line(line string, now time.Time) error {
	conn, body := 1, line[1:]
	if len(line) > 2 && line[1] >= '0' && line[1] <= '9' && line[2] == ',' {
		conn, body = int(line[1]-'0'), line[3:]
	}
	switch line[0] {
	case 'I':
		c := p.conns[conn]
		if c == nil {
			return errors.New("not connected")
		}
		_, err := io.WriteString(c, complete(withTimes(body, now)))
		return err
	case 'E':
		return p.expect(conn, body)
	case 'i', 'e':
		return p.connection(line[0], conn, body)
	}
	return fmt.Errorf("not a line of a definition")
}

func (p *player) connection(who byte, conn int, what string) error {
	switch {
	case who == 'i' && what == "CONNECT":
		c, err := net.DialTimeout("tcp", p.addr, answerMax)
		if err != nil {
			return err
		}
		p.conns[conn] = &peer{c, bufio.NewReader(c)}
		return nil
	case who == 'i' && what == "DISCONNECT":
		err := p.conns[conn].Close()
		delete(p.conns, conn)
		return err
	case who == 'e' && what == "DISCONNECT":
		return p.gone(conn)
	}
	return fmt.Errorf("unknown action %q", what)
}

// gone waits until the acceptor closes the connection; data instead is a failure.
func (p *player) gone(conn int) error {
	c := p.conns[conn]
	if c == nil {
		return errors.New("not connected")
	}
	c.SetReadDeadline(time.Now().Add(disconnectMax))
	if _, err := c.in.Peek(1); err == nil {
		more, _ := c.in.Peek(c.in.Buffered())
		return fmt.Errorf("expected a disconnect, got %s", readable(string(more)))
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("still connected after %v", disconnectMax)
	}
	return nil // EOF or a reset: it is gone.
}

func (p *player) expect(conn int, want string) error {
	c := p.conns[conn]
	if c == nil {
		return errors.New("not connected")
	}
	c.SetReadDeadline(time.Now().Add(answerMax))
	got, err := readMessage(c.in)
	if err != nil {
		return fmt.Errorf("expected a message: %w", err)
	}
	if err := compareMessages(complete(want), got); err != nil {
		return fmt.Errorf("%w\n  got %s", err, readable(got))
	}
	return nil
}

var timeMark = regexp.MustCompile(`<TIME([+-]\d+)?>`)

// withTimes replaces <TIME>, <TIME+n> and <TIME-n> by now, n seconds on or back.
func withTimes(s string, now time.Time) string {
	return timeMark.ReplaceAllStringFunc(s, func(mark string) string {
		n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(mark, "<TIME"), ">"))
		if err != nil {
			n = 0 // plain <TIME>
		}
		return now.UTC().Add(time.Duration(n) * time.Second).Format("20060102-15:04:05")
	})
}

// complete adds BodyLength and CheckSum where a line lacks them and leaves them
// as written where it has them. A line without 8= in front is left alone.
func complete(m string) string {
	if !strings.HasPrefix(m, "8=") {
		return m
	}
	end := strings.Index(m, soh)
	if end < 0 {
		return m
	}
	head, body := m[:end+1], m[end+1:]
	sum := ""
	if i := strings.LastIndex(body, soh+"10="); i >= 0 {
		body, sum = body[:i+1], body[i+1:]
	}
	if !strings.HasPrefix(body, "9=") && !strings.Contains(body, soh+"9=") {
		body = "9=" + strconv.Itoa(len(body)) + soh + body
	}
	if sum == "" {
		sum = fmt.Sprintf("10=%03d%s", checkSum(head+body), soh)
	}
	return head + body + sum
}

func checkSum(s string) byte {
	var sum byte
	for i := range len(s) {
		sum += s[i]
	}
	return sum
}

// readMessage reads one message by its BodyLength.
func readMessage(r *bufio.Reader) (string, error) {
	var m bytes.Buffer
	for range 2 {
		field, err := r.ReadString(1)
		if err != nil {
			return "", err
		}
		m.WriteString(field)
	}
	_, length, ok := strings.Cut(m.String(), soh+"9=")
	n, err := strconv.Atoi(strings.TrimSuffix(length, soh))
	if !ok || err != nil || n < 0 || n > 1<<20 {
		return "", fmt.Errorf("no BodyLength second: %s", readable(m.String()))
	}
	if _, err := io.CopyN(&m, r, int64(n)); err != nil {
		return "", err
	}
	sum, err := r.ReadString(1)
	if err != nil {
		return "", err
	}
	want := fmt.Sprintf("10=%03d%s", checkSum(m.String()), soh)
	m.WriteString(sum)
	if sum != want {
		return "", fmt.Errorf("CheckSum %s, want %s: %s", readable(sum), readable(want), readable(m.String()))
	}
	return m.String(), nil
}

// compareMessages compares field by field in order, by value except for patterns.
func compareMessages(want, got string) error {
	ws, gs := strings.Split(strings.TrimSuffix(want, soh), soh), strings.Split(strings.TrimSuffix(got, soh), soh)
	if len(ws) != len(gs) {
		return fmt.Errorf("%d fields, want %d", len(gs), len(ws))
	}
	for i := range ws {
		wt, wv, _ := strings.Cut(ws[i], "=")
		gt, gv, _ := strings.Cut(gs[i], "=")
		if wt != gt {
			return fmt.Errorf("field %d is %s, want %s", i+1, gs[i], ws[i])
		}
		if shape := patterns[wt]; shape != nil {
			if !shape.MatchString(gv) {
				return fmt.Errorf("field %s has not the shape of %s", gs[i], ws[i])
			}
		} else if wv != gv {
			return fmt.Errorf("field %s, want %s", gs[i], ws[i])
		}
	}
	return nil
}

func readable(m string) string { return strings.ReplaceAll(m, soh, "|") }
