package certify

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"time"
)

var secret = regexp.MustCompile(`(\x01(?:554|925|96)=)[^\x01]*`)

// record keeps what is said. What is not said on the first connection is marked, as
// it is not of the session that is judged.
func (p *player) record(c *peer, m string) {
	if p.to.Record == nil {
		return
	}
	mark := ""
	if c.number > 1 {
		mark = connMark + strconv.Itoa(c.number) + " : "
	}
	p.to.Record(time.Now(), mark+secret.ReplaceAllString(m, "${1}***"))
}

// from is who speaks on a connection.
func (c *peer) from(sender string) string {
	if c.sender != "" {
		return c.sender
	}
	return sender
}

func (p *player) write(c *peer, text string) error {
	if err := c.SetWriteDeadline(time.Now().Add(p.to.Wait)); err != nil {
		return err
	}
	_, err := io.WriteString(c, text)
	return err
}

// read returns the next message that concerns the case: TestRequests are answered
// and heartbeats passed over, unless it is one of these that is waited for.
func (p *player) read(c *peer, deadline time.Time, waitsFor string) (Fields, error) {
	for {
		if err := c.SetReadDeadline(deadline); err != nil {
			return nil, err
		}
		m, err := ReadMessage(c.r)
		if err != nil {
			return nil, err
		}
		p.record(c, m)
		f := Parse(m)
		p.got = f
		missing, err := c.numbered(f)
		if err == nil && missing > 0 {
			err = p.ask(c, missing)
		}
		if err != nil {
			return f, err
		}
		_, answers := f.Lookup(112)
		switch t := f.Get(35); {
		case t == waitsFor:
			return f, nil
		case t == "0" && !answers:
		case t == "1" && !c.mute:
			if err := p.send(c, "0|112="+f.Get(112)); err != nil {
				return f, err
			}
		default:
			return f, nil
		}
	}
}

// numbered keeps the acceptor's number, and holds it to going up by one. A connection
// that asks for what is missing is told from where on.
func (c *peer) numbered(f Fields) (missing int, err error) {
	if !c.strict {
		return 0, nil
	}
	seq := f.Int(34)
	switch {
	case f.Get(43) == "Y":
		c.again(f, seq)
	case f.Get(35) == "A" && f.Get(141) == "Y":
		c.in, c.lacks = 2, 0
	case f.Get(35) == "5" && seq == 0:
		// Belongs to no sequence: it refuses a Logon.
	case seq > c.in && c.in == 1 && !c.resumed:
		c.in = seq + 1 // A session that was not reset goes on.
	case seq > c.in && c.asks:
		missing, c.in = c.in, seq+1
		if c.lacks == 0 || c.lacks >= c.upTo {
			c.lacks = missing
		}
		c.upTo = seq
	case seq != c.in:
		return 0, fmt.Errorf("MsgSeqNum(34) is %d, want %d", seq, c.in)
	case f.Get(35) == "4":
		c.in = f.Int(36)
	default:
		c.in++
	}
	return missing, nil
}

// again notes what comes a second time, or for the first time because it was asked
// for.
func (c *peer) again(f Fields, seq int) {
	next := seq + 1
	if f.Get(35) == "4" {
		next = f.Int(36)
		c.in = max(c.in, next)
	}
	if c.lacks > 0 && seq <= c.lacks {
		c.lacks = max(c.lacks, next)
	}
}
