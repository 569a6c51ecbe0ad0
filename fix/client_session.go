package fix

import (
	"fmt"
	"strconv"
)

// take handles one message in its turn: a number too high asks for the missing
// ones, a number too low is a repetition.
func (c *Client) take(msg Message) error {
	seq, err := strconv.Atoi(msg.Get(34))
	if err != nil {
		return fmt.Errorf("%w: no MsgSeqNum", ErrEnded)
	}
	if msg.Type == "4" && msg.Get(123) != "Y" {
		return c.skipTo(msg)
	}
	switch {
	case seq == 0 && msg.Type == "5": // A Logon is refused outside of the numbers.
		return fmt.Errorf("%w: %s", ErrEnded, msg.Get(58))
	case seq > c.in && msg.Type != "5" && msg.Type != "A":
		return c.askAgain()
	case seq < c.in && msg.Get(43) == "Y":
		return nil
	case seq < c.in:
		return fmt.Errorf("%w: MsgSeqNum %d, expected %d", ErrEnded, seq, c.in)
	}
	c.in, c.asked = seq+1, false
	return c.handle(msg)
}

func (c *Client) askAgain() error {
	if c.asked {
		return nil
	}
	c.asked = true
	return c.Send("2", Field{Tag: 7, Value: strconv.Itoa(c.in)}, Field{Tag: 16, Value: "0"})
}

func (c *Client) skipTo(msg Message) error {
	next, err := strconv.Atoi(msg.Get(36))
	if err != nil || next < c.in {
		return fmt.Errorf("%w: SequenceReset to %q, expected at least %d", ErrEnded, msg.Get(36), c.in)
	}
	c.in, c.asked = next, false
	return nil
}

func (c *Client) handle(msg Message) error {
	switch msg.Type {
	case "A":
		select {
		case <-c.up:
		default:
			close(c.up)
		}
		return nil
	case "0":
		return nil
	case "1":
		return c.Send("0", Field{Tag: 112, Value: msg.Get(112)})
	case "2":
		return c.fillGap(msg)
	case "4":
		return c.skipTo(msg)
	case "5":
		return c.loggedOut(msg)
	}
	return c.deliver(msg)
}

// fillGap answers a ResendRequest: the client repeats nothing, because an old
// order must not be sent into a new market.
func (c *Client) fillGap(msg Message) error {
	from, err := strconv.Atoi(msg.Get(7))
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil || from < 1 || from >= c.out {
		return nil
	}
	return c.write(from, "4", true, []Field{{Tag: 123, Value: "Y"}, {Tag: 36, Value: strconv.Itoa(c.out)}})
}

func (c *Client) loggedOut(msg Message) error {
	c.mu.Lock()
	if c.reason == "" {
		c.reason = msg.Get(58)
	}
	var err error
	if !c.closing {
		err = c.write(c.out, "5", false, nil)
	}
	c.mu.Unlock()
	if err != nil {
		return err
	}
	if err := c.deliver(msg); err != nil {
		return err
	}
	return fmt.Errorf("%w: logged out", ErrEnded)
}

// deliver hands a message to the caller; while the inbox is full nothing more
// is read, and the gateway notices.
func (c *Client) deliver(msg Message) error {
	select {
	case c.inbox <- msg:
		return nil
	case <-c.down:
		return ErrEnded
	}
}
