//go:build faults

package acceptance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// faultWindow is how many orders of a session are unanswered at most.
const faultWindow = 24

// honest is a client that is owed exactly one answer to each order, and one fill to
// each that is accepted. It goes on with its numbers from connection to connection.
type honest struct {
	*Client
	mu       sync.Mutex
	prefix   string
	total    int               // orders to send
	sent     []string          // ids, in order
	open     map[string]bool   // sent, not ended
	accepted map[string]int    // 150=0 by id
	fills    map[string]Fields // by id
	refused  map[string]Fields // by id
	execs    map[string]string // what an ExecID said
	numbers  map[int]string    // of stored messages in this epoch: their ExecID
	highest  int               // number received in this epoch
	stays    bool              // logged on when all is answered
	listens  bool              // to market data, which is numbered and not stored
	resets   bool              // each logon resets the numbers
	diskIn   int               // number that was durable when the gateway died last
	forget   int               // so many numbers less are expected at the next logon
	early    bool              // the last order was refused because there is no price yet
	wantAll  int               // the number up to which it lost everything
	dups     int               // messages with 43=Y
	failures []string
	on       atomic.Bool // logged on
}

func newHonest(name string, total int) *honest {
	return &honest{
		Client: NewClient(name, "BACKSTOP", name, "demo"), prefix: name + "-", total: total, open: map[string]bool{},
		accepted: map[string]int{}, fills: map[string]Fields{}, refused: map[string]Fields{}, execs: map[string]string{}, numbers: map[int]string{},
	}
}

func (h *honest) fail(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.failures) < failuresMax {
		h.failures = append(h.failures, h.prefix+" "+fmt.Sprintf(format, args...))
	}
}

func (h *honest) done() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.sent) == h.total && len(h.open) == 0
}

// talk holds one connection until everything is answered or the gateway is gone.
// An error means that the gateway broke a rule.
func (h *honest) talk(ctx context.Context, addr string) error {
	var extra []string
	again := h.enter(&extra)
	_, expected := h.Numbers()
	answer, err := h.Logon(ctx, addr, extra...)
	h.on.Store(err == nil)
	defer h.on.Store(false)
	if gone(err) || answer == nil && err != nil && ctx.Err() == nil {
		return nil
	}
	if err != nil {
		return err
	}
	if n := answer.Int(34); n < expected && !h.resets {
		h.fail("number %d again, expected %d: %s", n, expected, answer)
	}
	h.take(answer)
	if h.listens {
		n, err := h.SendNumbered("V", bestOf("MD", "BTC-PERP", snapshots)...)
		if err != nil {
			return nil
		}
		h.Client.mu.Lock()
		delete(h.Client.sent, n) // Only good for this connection: never sent again.
		h.Client.mu.Unlock()
	}
	for _, id := range again { // After a reset only the client knows what it sent.
		if err := h.SendAgain("D", h.order(id)...); err != nil {
			return nil
		}
	}
	for !h.done() || h.stays {
		if !h.push() {
			break
		}
		f, err := h.Next(ctx)
		if gone(err) {
			return nil
		}
		if err != nil {
			return err
		}
		h.take(f)
	}
	if h.done() {
		if err := h.Logout(ctx); err != nil && !gone(err) {
			return err
		}
	}
	return nil
}

// enter readies the numbers for a Logon and returns the orders to repeat.
func (h *honest) enter(extra *[]string) (again []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.resets:
		h.SetNumbers(1, 1)
		h.Client.mu.Lock()
		h.Client.sent = map[int]string{}
		h.Client.mu.Unlock()
		h.numbers, h.highest = map[int]string{}, 0
		*extra = []string{"141=Y"}
		for _, id := range h.sent {
			if h.open[id] {
				again = append(again, id)
			}
		}
	case h.forget > 0:
		_, in := h.Numbers()
		h.Expect(max(1, in-h.forget))
	}
	return again
}

func (h *honest) order(id string) []string {
	side := 1 + slices.Index(h.sent, id)%2
	return []string{"11=" + id, "55=BTC-PERP", fmt.Sprintf("54=%d", side), "60=" + Now(), "38=0.001", "40=1", "59=3"}
}

// earlyPace is how long a client waits with its next order where there is no price
// yet: it has only so many, and those that are refused say little.
const earlyPace = 20 * time.Millisecond

// push sends as many orders as may be open. It is false when nobody listens.
func (h *honest) push() bool {
	for {
		h.mu.Lock()
		window := faultWindow
		if h.early {
			window = 1
		}
		if len(h.open) >= window || len(h.sent) >= h.total {
			h.mu.Unlock()
			return true
		}
		if h.early {
			h.mu.Unlock()
			<-time.After(earlyPace)
			h.mu.Lock()
		}
		id := fmt.Sprintf("%s%d", h.prefix, len(h.sent))
		h.sent = append(h.sent, id)
		h.open[id] = true
		body := h.order(id)
		h.mu.Unlock()
		if err := h.Send("D", body...); err != nil {
			return true // The end of the connection is read next.
		}
	}
}

// take notes a message. What contradicts an earlier one is a failure.
func (h *honest) take(f Fields) {
	seq := f.Int(34)
	h.mu.Lock()
	h.highest = max(h.highest, seq)
	if f.Get(43) == "Y" {
		h.dups++
		if f.Get(122) == "" || f.Get(122) > f.Get(52) {
			h.failures = append(h.failures, "122: "+f.String())
		}
	}
	h.mu.Unlock()
	switch f.Get(35) {
	case "A", "W":
		return
	case "8":
	case "AM": // of a settlement: told once, or again with a flag
		h.once("721="+f.Get(721), f, seq)
		return
	case "B": // News of prices and terms.
		return
	case "5":
		if strings.Contains(f.Get(58), "MsgSeqNum") {
			h.fail("logged out: %s", f)
		}
		return
	default:
		h.fail("unexpected: %s", f)
		return
	}
	if h.once(f.Get(17), f, seq) {
		h.report(f.Get(11), f)
	}
}

// once notes what stands under an id that is used once, and tells whether it is
// new. The same again needs a flag, or a client that asked for it.
func (h *honest) once(id string, f Fields, seq int) (fresh bool) {
	said := meaning(f)
	h.mu.Lock()
	old, known := h.execs[id]
	h.execs[id] = said
	h.numbers[seq] = id
	flagged := f.Get(43) == "Y" || f.Get(97) == "Y"
	h.mu.Unlock()
	switch {
	case known && old != said:
		h.fail("%s said\n  %s, says\n  %s", id, old, said)
	case known && !flagged:
		h.fail("told twice: %s", f)
	}
	return !known
}

func (h *honest) report(id string, f Fields) {
	h.mu.Lock()
	was, other := h.fills[id], h.refused[id]
	switch f.Get(150) {
	case "0":
		h.accepted[id]++
	case "F":
		h.fills[id] = f
		h.early = false
		delete(h.open, id)
	case "8":
		h.early = strings.HasPrefix(f.Get(58), "ORACLE_STALE")
		h.refused[id] = f
		delete(h.open, id)
	}
	twice := h.accepted[id] > 1 || (f.Get(150) == "F" || f.Get(150) == "8") && (was != nil || other != nil)
	h.mu.Unlock()
	if twice {
		h.fail("two answers to %s: %s", id, f)
	}
	if f.Get(150) == "F" && f.Get(39) != "2" {
		h.fail("not filled at once: %s", f)
	}
}

// meaning is a message without what changes when it is sent again.
func meaning(f Fields) string {
	var kept []string
	for _, field := range f {
		tag, _, _ := strings.Cut(field, "=")
		if !slices.Contains([]string{"8", "9", "10", "34", "43", "52", "97", "122"}, tag) {
			kept = append(kept, field)
		}
	}
	return strings.Join(kept, "|")
}

// caughtUp tells whether a client that lost everything has it again.
func (h *honest) caughtUp() bool {
	_, in := h.Numbers()
	return in > h.wantAll
}

// gone tells that a connection ended because the gateway did.
func gone(err error) bool {
	if err == nil {
		return false
	}
	for _, text := range []string{"EOF", "refused", "reset", "broken pipe", "closed", "not connected"} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}
