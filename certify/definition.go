package certify

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"
)

// Definitions are the acceptance tests that come with QuickFIX: their lines say
// what a client sends (I), what the acceptor must answer next, field by field
// (E), and when connections open and close (i, e). A digit and a comma after the
// letter name a connection other than the first.

// patterns are the fields that are compared by shape, not by value, as in the
// original runner's fields.fmt.
var patterns = map[string]*regexp.Regexp{
	"10":  regexp.MustCompile(`\d{3}`),
	"42":  regexp.MustCompile(`^\d{8}-\d{2}:\d{2}:\d{2}`),
	"52":  regexp.MustCompile(`^\d{8}-\d{2}:\d{2}:\d{2}`),
	"60":  regexp.MustCompile(`^\d{8}-\d{2}:\d{2}:\d{2}`),
	"122": regexp.MustCompile(`^\d{8}-\d{2}:\d{2}:\d{2}`),
}

func (p *player) definition(s step) error {
	switch {
	case s.verb == "i" && s.body == "CONNECT":
		if err := p.connect(s.conn); err != nil {
			return err
		}
		p.conns[s.conn].strict = false
		return nil
	case p.conns[s.conn] == nil:
		return errors.New("not connected")
	case s.verb == "i":
		p.drop(s.conn)
		return nil
	case s.verb == "e":
		return p.disconnected(s.conn)
	case s.verb == "I":
		return p.write(p.conns[s.conn], Complete(withTimes(s.body, time.Now())))
	}
	return p.next(p.conns[s.conn], s.body)
}

// disconnected waits until the acceptor closes; data instead is a failure.
func (p *player) disconnected(conn int) error {
	c := p.conns[conn]
	if err := c.SetReadDeadline(time.Now().Add(definitionEnd)); err != nil {
		return err
	}
	if _, err := c.r.Peek(1); err == nil {
		more, err := c.r.Peek(c.r.Buffered())
		return errors.Join(fmt.Errorf("expected a disconnect, got %s", readable(string(more))), err)
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("still connected after %v", definitionEnd)
	}
	return nil // EOF or a reset: it is gone.
}

func (p *player) next(c *peer, want string) error {
	if err := c.SetReadDeadline(time.Now().Add(definitionWait)); err != nil {
		return err
	}
	got, err := ReadMessage(c.r)
	if err != nil {
		return fmt.Errorf("expected a message: %w", err)
	}
	p.got = Parse(got)
	return compare(Complete(want), got)
}

// compare compares field by field in order, by value except for patterns.
func compare(want, got string) error {
	ws, gs := strings.Split(strings.TrimSuffix(want, SOH), SOH), strings.Split(strings.TrimSuffix(got, SOH), SOH)
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
