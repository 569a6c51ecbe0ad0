package certify

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// Bounds of a stall, of which nothing is read: it ends when the acceptor has had
// enough.
const (
	stallMax   = 1000     // messages
	stallBytes = 60 << 10 // of the word {stall}
)

// back connects again as a client does whose connection broke: its numbers go on,
// and it asks for what it has missed.
func (p *player) back(n int, extra string) error {
	old := p.conns[n]
	if old == nil {
		old = p.broken[n]
	}
	if old == nil {
		return errors.New("was never connected")
	}
	return p.enter(n, "!141|"+extra, func(c *peer) {
		c.in, c.out, c.sender, c.asks, c.resumed = old.in, old.out, old.sender, true, true
	})
}

// ask sends a ResendRequest for what is missing, and for nothing that has come.
func (p *player) ask(c *peer, from int) error {
	return p.send(c, fmt.Sprintf("2|7=%d|16=%d", from, c.upTo-1))
}

// late waits for a message that may not come before so many milliseconds after the
// last one that the scenario sent.
func (p *player) late(c *peer, least time.Duration, demands []matcher) error {
	sent := c.sentAt
	if err := p.expect(c, demands, true); err != nil {
		return err
	}
	if took := time.Since(sent); took < least {
		return fmt.Errorf("came after %v, want %v or more", took.Round(time.Millisecond), least)
	}
	return nil
}

// stall sends a message over and over and reads nothing, until the acceptor has
// closed. It is left out of the record, as are its answers: nobody could read it.
func (p *player) stall(n int, body string) error {
	c := p.conns[n]
	defer func(record func(time.Time, string)) { p.to.Record = record }(p.to.Record)
	if p.to.Record != nil {
		p.to.Record(time.Now(), stallMark)
	}
	p.to.Record = nil
	p.vars["stall"] = strings.Repeat("x", stallBytes)
	defer delete(p.vars, "stall")
	for range stallMax {
		err := p.send(c, body)
		if err == nil {
			continue
		}
		if !gone(err) {
			return err
		}
		// What had come before the end is lost, as it is to a client that was stopped:
		// its number is that of the last message which it has read.
		p.drop(n)
		return nil
	}
	return fmt.Errorf("%d messages were taken without the answers being read", stallMax)
}

// whole waits until what was asked for has come: the answers end with a gap fill or a
// message up to the number that was next.
func (p *player) whole(c *peer) error {
	deadline := time.Now().Add(p.to.Wait)
	for c.lacks > 0 && c.lacks < c.upTo {
		_, err := p.read(c, deadline, "")
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("%d to %d did not come within %v", c.lacks, c.upTo-1, p.to.Wait)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
