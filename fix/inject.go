package fix

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"backstop/perp"
)

// What a certification market does to the reports of its orders on their way to
// the client.
const (
	InjectGap       = "gap"       // the first report keeps its number and is not sent
	InjectDuplicate = "duplicate" // each report is sent a second time, with 43=Y
	InjectSilent    = "silent"    // each report waits OrderQty(38) milliseconds
)

// How long what a session is told waits.
const (
	LatencyNone   = "none"
	LatencyFixed  = "fixed"  // Base
	LatencyRange  = "range"  // Base to Base + Spread, all alike
	LatencyNormal = "normal" // about Base, with the standard deviation Spread
	LatencySpikes = "spikes" // Base, and of one in Spike messages Base + Spread
)

// injectDelayMax bounds what is held back, whatever an order or a normal
// distribution asks for: a client must not take the session for dead.
const injectDelayMax = 10 * time.Second

// Inject is what goes wrong for a session of a certification configuration. The
// same seed gives the same decisions for the same messages.
type Inject struct {
	Seed         int
	Latency      string // LatencyNone (also when empty), …
	Base, Spread time.Duration
	Spike        int
	Gap          int // of so many reports one is not sent; 0: none
	Duplicate    int // of so many reports one is sent twice
	Refuse       int // of so many requests one is refused as if the inbox were full
}

func (i Inject) good() error {
	switch i.Latency {
	case "", LatencyNone, LatencyFixed, LatencyRange, LatencyNormal:
	case LatencySpikes:
		if i.Spike < 1 {
			return fmt.Errorf("spikes need to know of how many messages one is late")
		}
	default:
		return fmt.Errorf("latency %q is not known", i.Latency)
	}
	if i.Base < 0 || i.Spread < 0 || i.Base > injectDelayMax || i.Spread > injectDelayMax {
		return fmt.Errorf("a latency is 0 to %v", injectDelayMax)
	}
	if i.Gap < 0 || i.Duplicate < 0 || i.Refuse < 0 {
		return fmt.Errorf("one in a negative number of messages")
	}
	return nil
}

// injector decides what goes wrong on the wire of one session. It comes after the
// numbers and looks at whole messages alone: what is stored, and when, is as ever.
type injector struct {
	Inject
	markets map[string]string
	log     *slog.Logger

	mu   sync.Mutex
	rand *rand.Rand
}

// newInjector returns nil if nothing is to go wrong.
func newInjector(s SessionConfig, markets map[string]string, log *slog.Logger) *injector {
	if s.Inject == (Inject{}) && len(markets) == 0 {
		return nil
	}
	name := fnv.New64a()
	name.Write([]byte(s.CompID))
	return &injector{
		Inject: s.Inject, markets: markets, log: log.With("comp_id", s.CompID),
		rand: rand.New(rand.NewPCG(uint64(s.Inject.Seed), name.Sum64())),
	}
}

// fate is what was decided about one message.
type fate struct {
	until time.Time // it waits; zero: it does not
	late  time.Duration
	lost  bool // it is not sent
	twice bool
}

// oneIn decides for one of so many. The lock is held.
func (i *injector) oneIn(n int) bool { return n > 0 && i.rand.IntN(n) == 0 }

// delay is how long the next message waits. The lock is held.
func (i *injector) delay() time.Duration {
	late := i.Base
	switch i.Latency {
	case LatencyFixed:
	case LatencyRange:
		late += time.Duration(i.rand.Int64N(int64(i.Spread) + 1))
	case LatencyNormal:
		late += time.Duration(i.rand.NormFloat64() * float64(i.Spread))
	case LatencySpikes:
		if i.oneIn(i.Spike) {
			late += i.Spread
		}
	default:
		return 0
	}
	return late
}

// outgoing decides about a message that has its number. Messages of the session
// and what is repeated are left alone: a gap that cannot be filled would test
// nothing.
func (i *injector) outgoing(frame []byte, now time.Time) (f fate) {
	if i == nil {
		return f
	}
	fields := splitFields(frame)
	kind := valueOf(fields, 35)
	if valueOf(fields, 43) != "" || sessionKinds[kind] {
		return f
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	late := i.delay()
	if kind == "8" {
		f.lost, f.twice = i.oneIn(i.Gap), i.oneIn(i.Duplicate)
		late = max(late, i.byMarket(fields, &f))
	}
	if f.late = min(late, injectDelayMax); f.late > 0 {
		f.until = now.Add(f.late)
	}
	if f.lost {
		f.twice = false
	}
	return f
}

// byMarket decides about a report as its market wants, and returns how long it
// waits. Copies and what a reset repeats are no answers, nor is a status.
func (i *injector) byMarket(fields []pair, f *fate) time.Duration {
	what, exec := i.markets[valueOf(fields, 55)], valueOf(fields, 150)
	if what == "" || valueOf(fields, 797) != "" || valueOf(fields, 97) != "" || exec == "I" {
		return 0
	}
	switch what {
	case InjectGap:
		f.lost = f.lost || exec == "0"
	case InjectDuplicate:
		f.twice = true
	case InjectSilent:
		whole, _, _ := strings.Cut(valueOf(fields, 38), ".")
		if ms, ok := digits([]byte(whole), tagDigits); ok {
			return time.Duration(ms) * time.Millisecond
		}
	}
	return 0
}

// refuses decides about a request of the client.
func (i *injector) refuses(seq int64) bool {
	if i == nil {
		return false
	}
	i.mu.Lock()
	refused := i.oneIn(i.Refuse)
	i.mu.Unlock()
	if refused {
		i.say("refusal", seq)
	}
	return refused
}

// say puts what was done beside the messages in the log: who reads them must be
// able to tell a fault that was asked for from one of the gateway. Graders read
// this line as well.
func (i *injector) say(what string, seq int64, more ...any) {
	i.log.Debug("fix injected", append([]any{"what", what, "seq", seq}, more...)...)
}

// carry is what goes over the wire of a message that may leave: nothing, itself, or
// itself twice. The second time is told as an ordinary message as well.
func (i *injector) carry(f outFrame, now time.Time) []byte {
	if f.fate == (fate{}) {
		return f.bytes
	}
	if f.fate.late > 0 {
		i.say("delay", f.seq, "ms", f.fate.late.Milliseconds())
	}
	switch {
	case f.fate.lost:
		i.say("gap", f.seq)
		return nil
	case f.fate.twice:
		again := repeatedFrame(f.bytes, now)
		i.say("duplicate", f.seq)
		if i.log.Enabled(context.Background(), slog.LevelDebug) {
			i.log.Debug("fix message", "direction", "out", "message", clean(string(again)))
		}
		return append(append([]byte(nil), f.bytes...), again...)
	}
	return f.bytes
}

// sessionKinds are the messages that keep a session going.
var sessionKinds = map[string]bool{"0": true, "1": true, "2": true, "3": true, "4": true, "5": true, "A": true}

// repeatedFrame is a message said again as a resend says it: the same number,
// PossDupFlag(43), and its first SendingTime in OrigSendingTime(122).
func repeatedFrame(frame []byte, now time.Time) []byte {
	fields := splitFields(frame)
	var inner []byte
	for _, f := range fields {
		switch f.tag {
		case 8, 9, 10:
		case 34:
			inner = appendField(appendField(inner, f), pair{43, "Y"})
		case 52:
			inner = appendField(appendField(inner, pair{52, stamp(perp.Time(now.UnixNano()))}), pair{122, f.value})
		default:
			inner = appendField(inner, f)
		}
	}
	return reframe(fields[0].value, inner)
}

// lost notes that a message did not go out, so that no answer of the client to
// what came later can show that it has it: until it is sent again, it is owed.
func (n *numbers) lost(epoch, seq int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := &n.evidence
	if p.lostEpoch != epoch || p.lost == 0 {
		p.lostEpoch, p.lost = epoch, seq
	}
	p.lostLast = seq // A writer goes upwards.
}

// given notes that the client got a range again, which it has asked for.
func (n *numbers) given(epoch, first, last int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := &n.evidence
	switch {
	case p.lost == 0 || p.lostEpoch != epoch || first > p.lost:
	case last >= p.lostLast:
		p.lost = 0
	case last >= p.lost:
		p.lost = last + 1
	}
}
