package certify

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Limits of an engine.
const (
	saidMax   = 4096             // lines that it may be ahead of us
	engineEnd = 20 * time.Second // longest for its goodbye, once its input has ended
	pipeEnd   = time.Second      // longest for who holds its pipes, once it is killed
)

// An Engine is somebody's FIX engine that scenarios are played through: a process
// that sends the messages it reads and says what passes. It keeps the session as it
// is used to: numbers, heartbeats and resends are its own, and are judged by what
// it said.
//
// It reads a message a line, 35=… and the body with | for SOH, or "logout". It writes
// "< MESSAGE" of what came, "> MESSAGE" of what it sent, "up" and "down" as the
// session begins and ends, and "bad MESSAGE: WHY" of what it will not send. It logs
// on by itself, again after a "logout", and logs out at the end of its input.
type Engine struct {
	in    *os.File
	lines chan string
	end   time.Duration // longest for its goodbye
	err   error         // of the process, once lines is closed
	up    atomic.Bool
	lost  atomic.Bool // lines, because nobody read them
	kill  context.CancelFunc
}

// errEngine means that the engine did not do its part.
var errEngine = errors.New("the engine")

// StartEngine runs the command. Its own complaints go to talk, and every message
// that passes is recorded.
func StartEngine(ctx context.Context, command []string, talk io.Writer, record func(at time.Time, message string)) (*Engine, error) {
	theirs, in, err := os.Pipe() // One of exec's own takes no deadline.
	if err != nil {
		return nil, err
	}
	ctx, kill := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin, cmd.Stderr, cmd.WaitDelay = theirs, talk, pipeEnd
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err = errors.Join(err, theirs.Close()); err != nil {
		kill()
		return nil, errors.Join(err, in.Close())
	}
	// Whoever else has its output must not keep us reading when it is killed.
	context.AfterFunc(ctx, func() { out.Close() })
	e := &Engine{in: in, lines: make(chan string, saidMax), end: engineEnd, kill: kill}
	go func() {
		err := e.read(out, record)
		if err != nil {
			kill() // It would wait for ever to be read.
		}
		e.err = errors.Join(err, cmd.Wait())
		close(e.lines)
	}()
	return e, nil
}

// read takes what it says until it says no more.
func (e *Engine) read(out io.Reader, record func(at time.Time, message string)) error {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, lineMax)
	for lines.Scan() {
		line := lines.Text()
		switch line {
		case "up", "down":
			e.up.Store(line == "up")
		}
		if len(line) > 2 && (line[:2] == "< " || line[:2] == "> ") {
			record(time.Now(), secret.ReplaceAllString(strings.ReplaceAll(line[2:], "|", SOH), "${1}***"))
		}
		select {
		case e.lines <- line:
		default: // Nobody reads: a scenario has ended, and the session goes on.
			e.lost.Store(true)
		}
	}
	return lines.Err()
}

// Close ends its input and waits for its goodbye. Nothing is recorded once it has
// returned.
func (e *Engine) Close() error {
	defer e.kill()
	if err := e.in.Close(); err != nil {
		return errors.Join(err, e.stop())
	}
	late := time.NewTimer(e.end)
	defer late.Stop()
	for {
		select {
		case _, more := <-e.lines:
			if !more {
				return e.err
			}
		case <-late.C:
			return errors.Join(fmt.Errorf("%w did not end within %v of the end of its input", errEngine, e.end), e.stop())
		}
	}
}

// stop kills it and waits until nobody reads any more what it says.
func (e *Engine) stop() error {
	e.kill()
	for range e.lines { // It is closed behind the last one.
	}
	return e.err
}

// skip passes over what was said since the last case.
func (e *Engine) skip() {
	for {
		select {
		case _, more := <-e.lines:
			if more {
				continue
			}
		default:
		}
		e.lost.Store(false)
		return
	}
}

// next is the next line that it says.
func (e *Engine) next(ctx context.Context, deadline time.Time) (string, error) {
	if e.lost.Load() {
		return "", fmt.Errorf("%w said more than %d lines that nobody waited for", errEngine, saidMax)
	}
	late := time.NewTimer(time.Until(deadline))
	defer late.Stop()
	select {
	case line, more := <-e.lines:
		if !more {
			return "", fmt.Errorf("%w has ended: %w", errEngine, errors.Join(e.err, io.EOF))
		}
		return line, nil
	case <-late.C:
		return "", errLate
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

var errLate = errors.New("nothing of the kind in time")

// plays tells whether an engine can play the case: what it does is the engine's own
// business where it concerns numbers, connections and bytes.
func (c *Case) plays() error {
	for _, s := range c.steps {
		switch s.verb {
		case verbSend, verbFlood:
			for _, f := range strings.Split(s.body, "|")[1:] {
				tag, _, _ := strings.Cut(f, "=")
				if slices.Contains(headerTags, tag) && tag != "97" {
					return fmt.Errorf("line %d: field %s is the engine's own", s.line, tag)
				}
			}
		case verbLogon:
			if s.body != "" {
				return fmt.Errorf("line %d: the engine logs on in its own way", s.line)
			}
		case verbExpect, verbAwait, verbLogout:
		default:
			return fmt.Errorf("line %d: %s is the engine's own business", s.line, s.verb)
		}
		if s.conn != 1 {
			return fmt.Errorf("line %d: the engine has one connection", s.line)
		}
	}
	return nil
}

// through does a step of a case by way of the engine.
func (p *player) through(e *Engine, s step) error {
	deadline := time.Now().Add(p.to.Wait)
	switch s.verb {
	case verbLogon:
		return p.until(e, deadline, func() bool { return e.up.Load() })
	case verbLogout:
		if err := e.tell("logout", p.to.Wait); err != nil {
			return err
		}
		return p.until(e, deadline, func() bool { return !e.up.Load() })
	case verbSend:
		return p.tell(e, s.body)
	case verbFlood:
		return s.flood(func() error { return p.tell(e, s.body) })
	}
	return p.heard(e, deadline, s)
}

// tell has the engine send a message.
func (p *player) tell(e *Engine, body string) error {
	p.vars["now"] = stamp(time.Now())
	text, err := fill(withTimes(body, time.Now()), p.vars)
	if err != nil {
		return err
	}
	return e.tell("35="+text, p.to.Wait)
}

// tell writes a line that it has to read.
func (e *Engine) tell(line string, within time.Duration) error {
	err := e.in.SetWriteDeadline(time.Now().Add(within))
	if err == nil {
		_, err = fmt.Fprintln(e.in, line)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w has not read its input for %v", errEngine, within)
	case err != nil:
		return fmt.Errorf("%w: %w", errEngine, err)
	}
	return nil
}

// until reads what the engine says until it is so.
func (p *player) until(e *Engine, deadline time.Time, so func() bool) error {
	for !so() {
		if _, err := e.next(p.ctx, deadline); errors.Is(err, errLate) {
			return fmt.Errorf("%w is not there within %v", errEngine, p.to.Wait)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// sessionTypes are the messages that the engine answers by itself.
const sessionTypes = "0124A5"

// heard waits for a message, as expect and await do. Messages of the session are
// passed over.
func (p *player) heard(e *Engine, deadline time.Time, s step) error {
	for {
		line, err := e.next(p.ctx, deadline)
		if errors.Is(err, errLate) {
			return fmt.Errorf("nothing of the kind within %v", p.to.Wait)
		}
		if err != nil {
			return err
		}
		if why, refused := strings.CutPrefix(line, "bad "); refused {
			return fmt.Errorf("%w will not send %s", errEngine, why)
		}
		m, came := strings.CutPrefix(line, "< ")
		if !came {
			continue
		}
		f := Parse(strings.ReplaceAll(m, "|", SOH))
		if kind := f.Get(35); len(kind) == 1 && strings.Contains(sessionTypes, kind) {
			continue
		}
		p.got = f
		err = judgeAll(s.demands, f, p.vars)
		if err == nil || s.verb != verbAwait {
			return err
		}
	}
}
