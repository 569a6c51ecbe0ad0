package fix

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

// doorLog is what a door logs.
type doorLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (k *doorLog) Write(b []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.text.Write(b)
}

func (k *doorLog) has(part string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return strings.Contains(k.text.String(), part)
}

// until waits until the log has that: what it tells of is done, not only numbered.
func (k *doorLog) until(t *testing.T, part string) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if k.has(part) {
			return
		}
	}
	t.Fatalf("the log does not say %q", part)
}

// injectedWorld is a world with a fault in the market of its orders, or of ALICE.
func injectedWorld(t *testing.T, market string, one Inject) (*world, *doorLog) {
	t.Helper()
	log := &doorLog{}
	w := newLoggedWorld(t, newDisk(), slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), func(c *Config) {
		if market != "" {
			c.Inject = map[string]string{"SOL-PERP": market}
		}
		c.Sessions[0].Inject = one
	})
	return w, log
}

// TestInjectedGap: a report has its number and is kept, but is not sent before the
// client asks; nothing that the client says of later ones shows that it has it.
func TestInjectedGap(t *testing.T) {
	t.Parallel()
	w, log := injectedWorld(t, InjectGap, Inject{})
	p := w.login("ALICE")
	p.order("C1")
	log.until(t, "msg=\"fix injected\" comp_id=ALICE what=gap seq=2")
	p.send("1", "369=2|112=T|")
	p.expect("35=0", "34=3", "112=T")
	if n := w.disk.kept("ALICE", w.disk.session("ALICE").Epoch); n != 1 {
		t.Errorf("%d messages are kept, want the one that was not sent", n)
	}
	p.send("2", "7=2|16=0|")
	p.expect("35=8", "34=2", "43=Y", "11=C1")
	p.order("C2")
	log.until(t, "what=gap seq=4")
	p.send("1", "369=4|112=U|")
	p.expect("35=4", "34=3", "43=Y", "36=4") // Of the Heartbeat.
	p.expect("35=0", "34=5", "112=U")
	p.conn.Close()
	again := w.dial("ALICE")
	again.logon("141=Y|")
	again.expect("35=A", "34=1")
	again.expect("35=8", "34=2", "97=Y", "11=C2")
}

// TestInjectedGapIsOwedUntilItIsSent: to have asked for what was left out is not to
// have it.
func TestInjectedGapIsOwedUntilItIsSent(t *testing.T) {
	t.Parallel()
	w, log := injectedWorld(t, InjectGap, Inject{})
	p := w.login("ALICE")
	p.order("C1")
	log.until(t, "what=gap seq=2")
	p.send("2", "7=2|16=0|")
	p.expect("35=8", "34=2", "43=Y", "11=C1")
	p.order("C2")
	log.until(t, "what=gap seq=3")
	replays := &w.door.byComp["ALICE"].replays
	replays.mu.Lock()
	replays.spent = 1 << 40 // For as long as the test takes.
	replays.mu.Unlock()
	p.send("2", "7=3|16=0|")
	p.expect("35=j", "34=4", "58="+textReplays)
	p.send("1", "369=4|112=T|")
	p.expect("35=0", "34=5", "112=T")
	p.conn.Close()
	again := w.dial("ALICE")
	again.logon("141=Y|")
	again.expect("35=A", "34=1")
	again.expect("35=8", "34=2", "97=Y", "11=C2")
}

// TestInjectedGapIsDurableFirst: what is left out is left out after its commit.
func TestInjectedGapIsDurableFirst(t *testing.T) {
	t.Parallel()
	w, log := injectedWorld(t, InjectGap, Inject{})
	p := w.login("ALICE")
	p.order("C0")
	w.numbered("ALICE", 3)
	p.answers("S") // So that nothing of the Logon waits for a commit any more.
	release := w.hold()
	p.order("C1")
	w.numbered("ALICE", 5)
	p.send("1", "112=T|") // Its answer stands behind the report.
	w.numbered("ALICE", 6)
	if !log.has("what=gap seq=2") || log.has("what=gap seq=4") {
		t.Error("a number was left out before it was durable")
	}
	release()
	p.expect("35=0", "34=5", "112=T")
	if !log.has("what=gap seq=4") {
		t.Error("no number was left out")
	}
}

// TestInjectedDuplicate: a report comes twice, the second time as a resend would.
func TestInjectedDuplicate(t *testing.T) {
	t.Parallel()
	w, log := injectedWorld(t, InjectDuplicate, Inject{})
	p := w.login("ALICE")
	p.order("C1")
	first := p.expect("35=8", "34=2", "11=C1")
	_, sent, _ := strings.Cut(first, "|52=")
	sent, _, _ = strings.Cut(sent, "|")
	again := p.expect("35=8", "34=2", "43=Y", "122="+sent)
	frame := []byte(strings.ReplaceAll(again, "|", "\x01"))
	if whole, _, found := cut(frame, 64<<10); found != 2 || !bytes.Equal(whole, frame) {
		t.Errorf("not a whole message: %s", again)
	}
	p.answers("T")
	if !log.has("what=duplicate seq=2") {
		t.Error("the log does not say what was sent twice")
	}
}

// TestInjectedSilence: a report waits as many milliseconds as the order has units,
// and what has a later number waits behind it; the session of another client does not.
func TestInjectedSilence(t *testing.T) {
	t.Parallel()
	w, log := injectedWorld(t, InjectSilent, Inject{})
	p, other := w.login("ALICE"), w.login("BOB")
	began := time.Now()
	p.send("D", strings.Replace(orderFieldsOf("C1"), "38=1|", "38=700|", 1))
	w.numbered("ALICE", 3)
	p.send("1", "112=T|")
	other.answers("B")
	p.expect("35=8", "34=2", "38=700")
	if waited := time.Since(began); waited < 700*time.Millisecond {
		t.Errorf("the report came after %v", waited)
	}
	p.expect("35=0", "34=3", "112=T")
	if !log.has("what=delay seq=2 ms=700") {
		t.Error("the log does not say what was held back")
	}
}

// TestInjectedForSession: faults of a session hit its requests and reports, and
// nobody else's.
func TestInjectedForSession(t *testing.T) {
	t.Parallel()
	w, log := injectedWorld(t, "", Inject{Refuse: 1})
	p, other := w.login("ALICE"), w.login("BOB")
	p.order("C1")
	p.expect("35=j", "45=2", "372=D", "380=4")
	if !log.has("what=refusal seq=2") {
		t.Error("the log does not say what was refused")
	}
	other.order("C2")
	other.expect("35=8", "11=C2")
	p.answers("T")

	w, _ = injectedWorld(t, "", Inject{Latency: LatencyFixed, Base: 300 * time.Millisecond, Duplicate: 1})
	p = w.login("ALICE")
	began := time.Now()
	p.order("C1")
	p.expect("35=8", "34=2")
	p.expect("35=8", "34=2", "43=Y")
	if waited := time.Since(began); waited < 300*time.Millisecond {
		t.Errorf("the report came after %v", waited)
	}
}

// TestInjectionsAreSeeded: the same seed decides alike, another one does not; each
// latency is what its word says, within its bound.
func TestInjectionsAreSeeded(t *testing.T) {
	report := frameOf("FIX.4.4", "35=8\x0134=2\x0149=US\x0156=ALICE\x01150=0\x0155=SOL-PERP\x01")
	const ms = time.Millisecond
	decided := func(i Inject) (all []string, late []time.Duration) {
		in := newInjector(SessionConfig{CompID: "ALICE", Inject: i}, nil, slog.New(slog.DiscardHandler))
		for range 300 {
			f := in.outgoing(report, time.Time{}.Add(time.Hour))
			all = append(all, fmt.Sprint(f.late, f.lost, f.twice))
			late = append(late, f.late)
		}
		return all, late
	}
	for _, c := range []struct {
		inject           Inject
		least, most      time.Duration
		near             time.Duration // of the mean
		within, distinct int
	}{
		{Inject{Latency: LatencyFixed, Base: 5 * ms}, 5 * ms, 5 * ms, 5 * ms, 0, 1},
		{Inject{Latency: LatencyRange, Base: 5 * ms, Spread: 10 * ms}, 5 * ms, 15 * ms, 10 * ms, 1, 100},
		{Inject{Latency: LatencyNormal, Base: 50 * ms, Spread: 10 * ms}, 0, 100 * ms, 50 * ms, 3, 100},
		{Inject{Latency: LatencySpikes, Base: 5 * ms, Spread: 100 * ms, Spike: 10}, 5 * ms, 105 * ms, 15 * ms, 6, 2},
		{Inject{Latency: LatencyNormal, Base: 10 * time.Second, Spread: 10 * time.Second}, -10 * time.Minute, injectDelayMax, 7 * time.Second, 4000, 20},
	} {
		c.inject.Gap, c.inject.Duplicate, c.inject.Seed = 7, 5, 3
		first, late := decided(c.inject)
		again, _ := decided(c.inject)
		if fmt.Sprint(first) != fmt.Sprint(again) {
			t.Errorf("%s: the same seed decided otherwise", c.inject.Latency)
		}
		c.inject.Seed = 4
		if other, _ := decided(c.inject); fmt.Sprint(first) == fmt.Sprint(other) {
			t.Errorf("%s: another seed decided alike", c.inject.Latency)
		}
		var sum time.Duration
		kinds := map[time.Duration]bool{}
		for _, d := range late {
			sum += d
			kinds[d] = true
			if d < c.least || d > c.most {
				t.Errorf("%s: %v", c.inject.Latency, d)
			}
		}
		if off := (sum/time.Duration(len(late)) - c.near).Abs(); off > time.Duration(c.within)*ms || len(kinds) < c.distinct {
			t.Errorf("%s: the mean is %v off, %d latencies", c.inject.Latency, off, len(kinds))
		}
	}
}

// TestWhatIsNotInjected: messages of the session, repeats, copies and statuses pass
// as they are.
func TestWhatIsNotInjected(t *testing.T) {
	in := newInjector(SessionConfig{CompID: "ALICE", Inject: Inject{Gap: 1}}, map[string]string{"SOL-PERP": InjectDuplicate}, slog.New(slog.DiscardHandler))
	market := newInjector(SessionConfig{CompID: "ALICE"}, map[string]string{"SOL-PERP": InjectGap}, slog.New(slog.DiscardHandler))
	for _, c := range []struct {
		body         string
		session, all bool // hit by what is set for the session; by what is set for the market
	}{
		{"35=8\x0134=2\x01150=0\x0155=SOL-PERP\x01", true, true},
		{"35=8\x0134=2\x01150=F\x0155=SOL-PERP\x01", true, false},
		{"35=8\x0134=2\x01150=0\x0155=BTC-PERP\x01", true, false},
		{"35=8\x0134=2\x0143=Y\x01150=0\x0155=SOL-PERP\x01", false, false},
		{"35=8\x0134=2\x0197=Y\x01150=0\x0155=SOL-PERP\x01", true, false},
		{"35=8\x0134=2\x01797=Y\x01150=0\x0155=SOL-PERP\x01", true, false},
		{"35=8\x0134=2\x01150=I\x0155=SOL-PERP\x01", true, false},
		{"35=S\x0134=2\x0155=SOL-PERP\x01", false, false},
		{"35=0\x0134=2\x01", false, false},
		{"35=A\x0134=2\x01", false, false},
		{"35=4\x0134=2\x01", false, false},
	} {
		frame := frameOf("FIX.4.4", c.body)
		if f := in.outgoing(frame, time.Now()); f.lost != c.session {
			t.Errorf("%q: left out %t", c.body, f.lost)
		}
		if f := market.outgoing(frame, time.Now()); f.lost != c.all {
			t.Errorf("%q: left out by its market %t", c.body, f.lost)
		}
	}
}

// TestBadInjections: what cannot be meant is refused at the start.
func TestBadInjections(t *testing.T) {
	for _, i := range []Inject{
		{Latency: "sometimes"}, {Latency: LatencySpikes}, {Base: -1}, {Latency: LatencyFixed, Base: injectDelayMax + 1},
		{Spread: time.Hour}, {Gap: -1}, {Duplicate: -1}, {Refuse: -1},
	} {
		s := testClients()
		s[0].Inject = i
		if _, err := New(Config{CompID: "GW", Sessions: s}, nil, nil, nil, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%+v is taken", i)
		}
	}
}
