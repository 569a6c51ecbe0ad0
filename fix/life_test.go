package fix

import (
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"backstop/perp"
)

// lives are the beginnings and ends of a session that the engine was told, as
// words; those that cancel are marked.
func (w *world) lives(session string) (all []string) {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	mark := map[bool]string{true: "!"}
	for _, e := range w.disk.entries {
		switch c := e.Command.(type) {
		case perp.SessionStarted:
			if c.Session == session {
				all = append(all, "start"+mark[c.Cancel])
			}
		case perp.SessionEnded:
			if c.Session == session {
				all = append(all, "end"+mark[c.Cancel])
			}
		}
	}
	return all
}

// lived waits until the engine was told this much of a session, and checks it.
func (w *world) lived(session, want string) {
	w.t.Helper()
	words := strings.Fields(want)
	var got []string
	for end := time.Now().Add(patience); time.Now().Before(end) && len(got) < len(words); time.Sleep(time.Millisecond) {
		got = w.lives(session)
	}
	if !reflect.DeepEqual(got, words) {
		w.t.Fatalf("%s: told %v, want %v", session, got, words)
	}
}

func cancelling(c *Config) {
	for i := range c.Sessions {
		c.Sessions[i].CancelOnDisconnect = c.Sessions[i].CompID == "ALICE"
	}
}

// TestEveryEndIsTold: the engine hears once of each end of a session, whatever
// ended it, and whether its orders end with it: as configured, or as the client
// asked. The answer to the Logon repeats that only if it was asked.
func TestEveryEndIsTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, client, asks, echo, want string
		end                            func(*world, *peer)
	}{
		{"connection closed", "ALICE", "", "", "start! end!", func(_ *world, p *peer) { p.conn.Close() }},
		{"not configured", "BOB", "", "", "start end", func(_ *world, p *peer) { p.conn.Close() }},
		{"client wants to keep", "ALICE", "8013=N|", "N", "start end", func(_ *world, p *peer) { p.conn.Close() }},
		{"client wants to cancel", "BOB", "8013=Y|", "Y", "start! end!", func(_ *world, p *peer) { p.conn.Close() }},
		{"client keeps, by another name", "ALICE", "8674=N|", "N", "start end", func(_ *world, p *peer) { p.conn.Close() }},
		{"client cancels, by two names", "BOB", "5001=Y|9001=Y|", "Y", "start! end!", func(_ *world, p *peer) { p.conn.Close() }},
		{"client logs out", "ALICE", "", "", "start! end!", func(_ *world, p *peer) {
			p.send("5", "")
			p.expect("35=5")
		}},
		{"gateway cuts", "ALICE", "", "", "start! end!", func(_ *world, p *peer) { p.sendAt(2, "D", "212=1|213=x|") }},
		{"gateway stops", "ALICE", "", "", "start! end!", func(w *world, p *peer) {
			go func() {
				p.expect("35=5")
				p.send("5", "")
			}()
			if err := w.door.Stop(cutMax); err != nil {
				w.t.Error(err)
			}
		}},
		{"heartbeat missed", "ALICE", "", "", "start! end!", func(_ *world, p *peer) {
			p.expect("35=1") // and then silence
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, cancelling)
			p := w.dial(c.client)
			p.t = t
			heartbeat := "30"
			if c.name == "heartbeat missed" {
				heartbeat = "1"
			}
			p.send("A", "98=0|108="+heartbeat+"|554=demo|553="+p.name+"|"+c.asks)
			answer := p.expect("35=A")
			for _, tag := range []string{"5001", "8013", "8674", "9001"} {
				want := ""
				if strings.Contains(c.asks, tag+"=") {
					want = c.echo
				}
				if got := fieldOf(answer, tag); got != want {
					t.Errorf("the answer says %s=%s, want %q", tag, got, want)
				}
			}
			if heartbeat == "1" {
				p.expect("35=0")
			}
			c.end(w, p)
			w.lived(c.client, c.want)
		})
	}
}

// TestBadWishIsRefused: 8013 is Y or N, and so are its other names, which must not
// say another thing.
func TestBadWishIsRefused(t *testing.T) {
	t.Parallel()
	for _, asks := range []string{"8013=maybe|", "8674=maybe|", "5001=Y|8013=N|", "8674=N|9001=Y|"} {
		w := newWorld(t, cancelling)
		p := w.dial("ALICE")
		p.logon(asks)
		got, err := p.next(patience)
		if err == nil && strings.Contains(got, "|35=A|") {
			t.Errorf("%s accepted: %s", asks, got)
		}
	}
}

// TestFullInboxLosesNoEnd: a beginning or end that finds the inbox full gets in
// later, and before any later request of the session.
func TestFullInboxLosesNoEnd(t *testing.T) {
	t.Parallel()
	var full atomic.Bool
	w := newWorld(t, cancelling)
	put := w.door.inbox
	w.door.inbox = func(in perp.Input) bool { return !full.Load() && put(in) }
	p := w.login("ALICE")
	w.lived("ALICE", "start!")
	full.Store(true)
	for i := range 3 { // ends and begins while nothing gets in
		p.conn.Close()
		q := w.dial("ALICE")
		q.seq = p.seq
		q.logon("")
		q.expect("35=A")
		q.order("X" + strconv.Itoa(i))
		q.expect("35=j", "380=4")
		p = q
	}
	full.Store(false)
	p.order("Y")
	p.expect("35=8", "11=Y")
	w.lived("ALICE", "start! end! start!")
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	if _, last := w.disk.entries[len(w.disk.entries)-1].Command.(perp.PlaceOrder); !last {
		t.Errorf("the order came before the beginning of its session")
	}
}

// TestUntoldIsBounded: whatever happens while the inbox is full, an end that
// came first stays, and what the last beginning asks for counts.
func TestUntoldIsBounded(t *testing.T) {
	begin := func(cancel bool) perp.Command { return perp.SessionStarted{Cancel: cancel} }
	end := func(at perp.Time) perp.Command { return perp.SessionEnded{At: at} }
	for _, c := range []struct{ happens, want []perp.Command }{
		{[]perp.Command{end(1), begin(true), end(2)}, []perp.Command{end(1)}},
		{[]perp.Command{end(1), begin(true), end(2), begin(false)}, []perp.Command{end(1), begin(false)}},
		{[]perp.Command{begin(true), end(1), begin(false)}, []perp.Command{begin(false)}},
		{[]perp.Command{begin(true), end(1), begin(false), end(2)}, []perp.Command{begin(false), end(2)}},
	} {
		var l life
		for _, cmd := range c.happens {
			l.add(cmd)
		}
		if !reflect.DeepEqual(l.untold, c.want) {
			t.Errorf("%v leaves %v, want %v", c.happens, l.untold, c.want)
		}
	}
}
