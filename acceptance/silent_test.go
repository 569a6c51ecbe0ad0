package acceptance

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// line is a proxy between a client and the gateway. Cut off, it takes what comes
// and passes nothing on, while both sockets stay open: a line that went dead.
type line struct {
	listener net.Listener
	mu       sync.Mutex
	dead     bool
	all      []net.Conn
	ended    chan struct{} // closed when the gateway has closed its side
	once     sync.Once
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &line{listener: l, ended: make(chan struct{})}
	t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, c := range p.all {
			c.Close()
		}
	})
	go p.serve(to)
	return p
}

func (p *line) serve(to string) {
	client, err := p.listener.Accept()
	if err != nil {
		return // The test is over.
	}
	gateway, err := net.Dial("tcp", to)
	if err != nil {
		client.Close()
		return
	}
	p.mu.Lock()
	p.all = append(p.all, client, gateway)
	p.mu.Unlock()
	go p.pass(gateway, client)
	p.pass(client, gateway)
	p.once.Do(func() { close(p.ended) })
}

// pass copies from one side to the other until the line is dead; then it only
// reads. It returns when the side that it writes away from has closed.
func (p *line) pass(to io.Writer, from io.Reader) {
	b := make([]byte, 4096)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		if p.isDead() {
			continue
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

func (p *line) isDead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

func (p *line) die() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = true
}

// Limits of B5.
const (
	silentBeat   = 2 // seconds, HeartBtInt
	silentCutMax = silentBeat * 2400 * time.Millisecond
	silentSlack  = 250 * time.Millisecond // the timers run for exactly that long: what this machine adds
	partedMax    = 100 * time.Millisecond
)

// TestSilentPeer: B5. A line goes dead without being closed. The gateway asks, then
// cuts the client within 2.4 heartbeats, and its working order ends once, within
// 100 ms of that.
func TestSilentPeer(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	g := startWith(t, Venue{}.TOML())
	p := newLine(t, g.FIX)
	h := &Heard{Client: NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")}
	h.HeartBtInt = silentBeat
	if _, err := h.Logon(ctx, p.listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	waitForQuotes(ctx, t, h.Client, "MD", newAnswers())
	if err := h.SendTogether(order("REST", "1", "40=2", "44=30000", "59=1")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Until(ctx, func(f Fields) bool { return f.Get(11) == "REST" && f.Get(150) == "0" }); err != nil {
		t.Fatal(err)
	}
	sent := time.Now() // the last bytes of the client that came through
	p.die()
	select {
	case <-p.ended:
	case <-ctx.Done():
		t.Fatal("the gateway does not cut a silent client")
	}
	cut := time.Now()
	h.Drop()
	// The number that the gateway has reached is not known here: what it said into
	// the dead line is asked for.
	if _, err := h.Logon(ctx, g.FIX); err != nil {
		t.Fatal(err)
	}
	f, err := h.Until(ctx, func(f Fields) bool { return f.Get(11) == "REST" && f.Get(150) == "4" })
	if err != nil {
		t.Fatal(err)
	}
	says(t, "the order", f, "39=4", "378=99", "58=CANCEL_ON_DISCONNECT")
	at, err := time.Parse("20060102-15:04:05.000", f.Get(60))
	if err != nil {
		t.Fatal(err)
	}
	took, parted := cut.Sub(sent), at.Sub(cut)
	t.Logf("cut after %v (HeartBtInt %d s), the order ended %v after the cut", took.Round(time.Millisecond), silentBeat, parted.Round(time.Millisecond))
	if took > silentCutMax+silentSlack || parted > partedMax {
		t.Errorf("cut after %v, at most %v; the order ended %v after the cut, at most %v", took, silentCutMax+silentSlack, parted, partedMax)
	}
	if n := len(h.Reports("REST")); n != 2 {
		t.Errorf("%d reports of the order, want the acceptance and one end: %s", n, h.Sequence("REST"))
	}
	if err := h.Logout(ctx); err != nil {
		t.Error(err)
	}
}
