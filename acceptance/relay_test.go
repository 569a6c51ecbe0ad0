package acceptance

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// passing are the messages that come when they like: a test that waits for another
// one reads past them.
var passing = []string{"0", "4", "W", "X", "S", "f", "h", "AM", "AP", "BA"}

// stockClient is the C++ engine at work, under the hand of a test. What passed its
// dictionary is heard; what it refuses fails the test, as does what the gateway
// refuses or says when nothing was to come.
type stockClient struct {
	t     *testing.T
	ctx   context.Context
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string
	ended chan error
	heard map[string]int // how often each MsgType(35) came
	last  int            // MsgSeqNum(34) of the last message that was not a repeated one
	fills []string       // ExecID of each
	asked int            // ResendRequests that the client sent
	said  []string       // the last lines, for who has to find out

	refused func(Fields) // what to do about what the client refuses
}

// stockFIX44 is the dictionary that QuickFIX ships.
func stockFIX44(t *testing.T) string {
	t.Helper()
	folder, err := stockFolder()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, "FIX44.xml")
}

// startStockClient runs the relay in a folder, with the settings there.
func startStockClient(ctx context.Context, t *testing.T, binary, dir, settings, dictionary, user, password string) *stockClient {
	t.Helper()
	cmd := exec.CommandContext(ctx, binary, settings, dictionary, user, password)
	cmd.Dir = dir
	var talk writer
	cmd.Stderr = &talk
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &stockClient{t: t, ctx: ctx, cmd: cmd, in: in, lines: make(chan string, inMax), ended: make(chan error, 1), heard: map[string]int{}}
	c.refused = func(f Fields) { t.Fatalf("the client refused what came: %s", f) }
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			c.lines <- s.Text()
		}
		close(c.lines)
		err := cmd.Wait()
		if err != nil {
			err = fmt.Errorf("the C++ client: %w\n%s", err, talk)
		}
		c.ended <- err
	}()
	t.Cleanup(func() {
		in.Close()
		if t.Failed() {
			t.Logf("the C++ client, at the end:\n%s", strings.Join(c.said, "\n"))
		}
	})
	return c
}

// up waits for the Logon, and until the engine takes messages to send: it tells
// its application of the Logon a little before.
func (c *stockClient) up(want ...string) Fields {
	c.t.Helper()
	f := c.until(append(want, "35=A")...)
	for c.line() != "up" {
	}
	return f
}

// line is the next line of the client; "" once it has ended.
func (c *stockClient) line() string {
	c.t.Helper()
	select {
	case line, ok := <-c.lines:
		if !ok {
			return ""
		}
		c.said = append(c.said[max(0, len(c.said)-29):], line)
		if f := Parse(line); strings.HasPrefix(line, "> ") {
			switch f.Get(35) {
			case "3", "j":
				c.refused(f)
			case "2":
				c.asked++
			}
		} else if strings.HasPrefix(line, "bad ") {
			c.t.Errorf("the C++ client said: %s", line)
		}
		return line
	case <-time.After(answerMax):
		c.t.Fatalf("nothing came in %v", answerMax)
	case <-c.ctx.Done():
		c.t.Fatal(c.ctx.Err())
	}
	return ""
}

// say sends lines as the relay reads them.
func (c *stockClient) say(lines ...string) {
	c.t.Helper()
	for _, line := range lines {
		if _, err := fmt.Fprintln(c.in, line); err != nil {
			c.t.Fatalf("telling the C++ client %q: %v", line, err)
		}
	}
}

// next is the next message that came; nil once the session is down or the client
// has ended.
func (c *stockClient) next() Fields {
	c.t.Helper()
	for {
		line := c.line()
		if line == "down" || line == "" {
			return nil
		}
		if m, ok := strings.CutPrefix(line, "< "); ok {
			return c.took(Parse(m))
		}
	}
}

func (c *stockClient) took(f Fields) Fields {
	c.heard[f.Get(35)]++
	if f.Get(43) != "Y" {
		c.last = f.Int(34)
	}
	if f.Get(35) == "8" && f.Get(150) == "F" {
		c.fills = append(c.fills, f.Get(17))
	}
	return f
}

// until reads to the message that has these fields. Before it there may be only
// what passes anyway.
func (c *stockClient) until(want ...string) Fields {
	c.t.Helper()
	for late := time.Now().Add(answerMax); ; {
		f := c.next()
		if f == nil {
			c.t.Fatalf("the session ended before %v came", want)
		}
		if has(f, want) {
			return f
		}
		if time.Now().After(late) {
			c.t.Fatalf("%v did not come in %v", want, answerMax)
		}
		if !slices.Contains(passing, f.Get(35)) {
			c.t.Fatalf("%s\ncame before %v", f, want)
		}
	}
}

func has(f Fields, want []string) bool {
	for _, field := range want {
		if !slices.Contains(f, field) {
			return false
		}
	}
	return true
}

// reports reads what an order leads to, as ExecType(150) values.
func (c *stockClient) reports(id, kinds string, last ...string) (f Fields) {
	c.t.Helper()
	for i, kind := range strings.Fields(kinds) {
		want := []string{"35=8", "11=" + id, "150=" + kind}
		if i == len(strings.Fields(kinds))-1 {
			want = append(want, last...)
		}
		f = c.until(want...)
	}
	return f
}

// logout ends the session from this side, and the client with it.
func (c *stockClient) logout() {
	c.t.Helper()
	c.say("logout")
	c.until("35=5")
	c.end()
}

// lose stops the client dead, as a machine that hangs, does what happens meanwhile,
// and ends it: what the gateway sent to it in that time is lost.
func (c *stockClient) lose(meanwhile func()) {
	c.t.Helper()
	// The engine notes a number after it has passed the message on: once the next one
	// is there, what the test has read is not asked for again.
	c.say("35=1|112=NOTED")
	c.until("35=0", "112=NOTED")
	if err := c.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		c.t.Fatal(err)
	}
	meanwhile()
	if err := c.cmd.Process.Kill(); err != nil {
		c.t.Fatal(err)
	}
	for f := c.next(); f != nil; f = c.next() {
	}
	<-c.ended // It was killed.
}

// end waits for the client's own end, and looks at what it still said.
func (c *stockClient) end() {
	c.t.Helper()
	if err := c.in.Close(); err != nil {
		c.t.Error(err)
	}
	for c.line() != "" {
	}
	if err := <-c.ended; err != nil {
		c.t.Error(err)
	}
}
