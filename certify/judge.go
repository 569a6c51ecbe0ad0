package certify

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// fence shows that nothing else was said: the answer to a TestRequest is the very
// next message.
func (p *player) fence(n int) error {
	c := p.conns[n]
	p.once++
	id := fmt.Sprintf("FENCE%d", p.once)
	if err := p.send(c, "1|112="+id); err != nil {
		return err
	}
	return p.expect(c, []matcher{{tag: 35, op: opExact, text: "0"}, {tag: 112, op: opExact, text: id}}, false)
}

// calm shows that nonsense was not taken for a message: the connection has ended,
// or a TestRequest is answered, or the acceptor misses a number. What it answers to
// the nonsense itself is its own affair, unless that is a Heartbeat.
func (p *player) calm(c *peer) error {
	p.once++
	id := fmt.Sprintf("CALM%d", p.once)
	if err := p.send(c, "1|112="+id); err != nil {
		if gone(err) {
			return nil
		}
		return err
	}
	deadline := time.Now().Add(p.to.Wait)
	for {
		f, err := p.read(c, deadline, "")
		switch {
		case err != nil && f == nil && gone(err):
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return fmt.Errorf("neither an answer nor an end within %v", p.to.Wait)
		case err != nil:
			return err
		case f.Get(35) == "2":
			return nil
		case f.Get(35) == "0" && f.Get(112) == id:
			return nil
		case f.Get(35) == "0":
			return fmt.Errorf("%s was answered, as if it had been a message", fieldText(112, f.Get(112)))
		}
	}
}

// ended waits until the acceptor has closed the connection. It may say why before,
// with Reject and Logout, and may ask for what it has missed.
func (p *player) ended(n int) error {
	c := p.conns[n]
	deadline := time.Now().Add(p.to.Wait)
	for {
		f, err := p.read(c, deadline, "")
		switch {
		case err == nil && strings.Contains("1235", f.Get(35)):
		case err == nil:
			return fmt.Errorf("want the end of the connection, got %s", f.Type())
		case gone(err):
			p.drop(n)
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return fmt.Errorf("still connected after %v", p.to.Wait)
		default:
			return err
		}
	}
}

// logout says goodbye and waits until the acceptor has said so too and closed.
func (p *player) logout(n int) error {
	c := p.conns[n]
	if err := p.send(c, "5"); err != nil {
		return err
	}
	deadline := time.Now().Add(p.to.Wait)
	for {
		if _, err := p.read(c, deadline, ""); err != nil {
			p.drop(n)
			if gone(err) {
				return nil
			}
			return err
		}
	}
}

func (p *player) number(c *peer, body string) error {
	p.vars["next"] = strconv.Itoa(c.out)
	text, err := fill(body, p.vars)
	if err != nil {
		return err
	}
	c.out, err = strconv.Atoi(text)
	return err
}

// gone tells whether an error means that the other side has closed.
func gone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		strings.Contains(err.Error(), "reset by peer") || strings.Contains(err.Error(), "broken pipe")
}

// do has the one who plays the case do what no client can.
func (p *player) do(what string) error {
	if p.to.Do == nil {
		return errors.New("nothing but the wire can be reached from here")
	}
	text, err := fill(what, p.vars)
	if err != nil {
		return err
	}
	return p.to.Do(p.ctx, text)
}
