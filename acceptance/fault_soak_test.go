//go:build faults

package acceptance

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	soakFor      = flag.Duration("soak.for", 20*time.Second, "how long TestFaultSoak trades")
	soakSessions = flag.Int("soak.sessions", 50, "its sessions")
	soakShare    = flag.Float64("soak.share", 0.6, "part of the capacity that it asks for")
)

// soak is a gateway under a steady load with market data on.
type soak struct {
	t        *testing.T
	g        *Gateway
	dir      string
	clients  []*Client
	answered atomic.Int64
	wrong    atomic.Int64
	mu       sync.Mutex
	took     []time.Duration // since the last sample
	sent     sync.Map        // ClOrdID to time
	samples  []sample
}

// sample is what was seen of the process at one moment.
type sample struct {
	at                time.Duration
	rss, wal          int64 // bytes
	goroutines, files int
	p50, p99          time.Duration
	orders            int
}

// TestFaultSoak trades for a while at a part of what the gateway can do: memory,
// write-ahead log, goroutines and files stay flat, the times of orders too, and the
// books add up. The long run is in docs/faults.md.
func TestFaultSoak(t *testing.T) {
	// Playing again what was traded takes about as long as trading it, and is done twice.
	ctx, cancel := context.WithTimeout(t.Context(), 4**soakFor+3*time.Minute)
	defer cancel()
	args, dir := lastingVenue(t, Venue{LastLook: "off", Bucket: "0", Clients: *soakSessions})
	s := &soak{t: t, g: startGateway(t, args...), dir: dir}
	s.logon(ctx)
	capacity := s.capacity(ctx)
	rate := capacity * *soakShare
	t.Logf("%d sessions with market data; capacity %.0f orders/s, asked for %.0f", *soakSessions, capacity, rate)
	s.trade(ctx, rate)
	for _, c := range s.clients {
		if err := c.Logout(ctx); err != nil {
			t.Error(err)
		}
	}
	s.judge() // First: what was seen is told even where the comparison is cut.
	verify(ctx, t, s.g, dir)
}

func (s *soak) logon(ctx context.Context) {
	for i := range *soakSessions {
		name := fmt.Sprintf("DEMO%d", i+1)
		c := NewClient(name, "BACKSTOP", name, "demo")
		c.From = fmt.Sprintf("127.0.0.%d", 2+i/10) // one address has only so many connections
		if _, err := c.Logon(ctx, s.g.FIX); err != nil {
			s.t.Fatal(err)
		}
		if err := c.Send("V", "262=MD", "263=1", "264=5", "265=0", "267=2", "269=0", "269=1", "146=1", "55=BTC-PERP"); err != nil {
			s.t.Fatal(err)
		}
		if i == 0 { // Until there is a price to deal on.
			for {
				f, err := c.NextOf(ctx, "W")
				if err != nil {
					s.t.Fatal(err)
				}
				if len(f.All(299)) > 1 {
					break
				}
			}
		}
		s.clients = append(s.clients, c)
		go s.read(ctx, c)
	}
}

// read takes the answers of a session.
func (s *soak) read(ctx context.Context, c *Client) {
	for {
		f, err := c.Next(ctx)
		if err != nil {
			return
		}
		switch f.Get(35) {
		case "3", "j", "5":
			if f.Get(35) != "5" {
				s.wrong.Add(1)
				s.t.Errorf("%s", f)
			}
		case "8":
			if end := f.Get(150); end != "F" && end != "8" && end != "4" {
				continue
			}
			if began, known := s.sent.LoadAndDelete(f.Get(11)); known {
				s.mu.Lock()
				s.took = append(s.took, time.Since(began.(time.Time)))
				s.mu.Unlock()
				s.answered.Add(1)
			}
		}
	}
}

func (s *soak) order(n int64) {
	c := s.clients[n%int64(len(s.clients))]
	id := fmt.Sprintf("S-%d", n)
	s.sent.Store(id, time.Now())
	side := 1 + (n/int64(len(s.clients)))%2
	if err := c.Send("D", "11="+id, "55=BTC-PERP", fmt.Sprintf("54=%d", side), "60="+Now(), "38=0.001", "40=1", "59=3"); err != nil {
		s.wrong.Add(1)
		s.t.Error(err)
	}
	c.mu.Lock()
	clear(c.sent) // A run of millions keeps nothing; the connection does not break.
	c.mu.Unlock()
}

// capacity is what the gateway answers a second with four orders of each session
// in flight.
func (s *soak) capacity(ctx context.Context) float64 {
	const during = 5 * time.Second
	began, sent := time.Now(), int64(0)
	for time.Since(began) < during && ctx.Err() == nil {
		for sent-s.answered.Load() < int64(4*len(s.clients)) {
			s.order(sent)
			sent++
		}
		pause(ctx, time.Millisecond)
	}
	n := float64(s.answered.Load()) / time.Since(began).Seconds()
	s.drain(ctx, sent)
	return n
}

func (s *soak) drain(ctx context.Context, sent int64) {
	for s.answered.Load() < sent && ctx.Err() == nil {
		pause(ctx, time.Millisecond)
	}
	s.mu.Lock()
	s.took = nil
	s.mu.Unlock()
}

// trade sends orders at a rate, and looks at the process at sixty moments.
func (s *soak) trade(ctx context.Context, rate float64) {
	base := s.answered.Load()
	began, sent := time.Now(), int64(0)
	every := *soakFor / 60
	next := every
	for elapsed := time.Duration(0); elapsed < *soakFor && ctx.Err() == nil; elapsed = time.Since(began) {
		for due := int64(elapsed.Seconds() * rate); sent < due; sent++ {
			s.order(base + sent)
		}
		if elapsed >= next {
			s.look(elapsed)
			next += every
		}
		pause(ctx, time.Millisecond)
	}
	for s.answered.Load() < base+sent && ctx.Err() == nil {
		pause(ctx, time.Millisecond)
	}
	s.t.Logf("%d orders in %v", sent, time.Since(began).Round(time.Second))
}

func (s *soak) look(at time.Duration) {
	x := sample{at: at, rss: statusBytes(s.g.PID), wal: size(filepath.Join(s.dir, "gateway.db-wal"))}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.g.PID))
	if err != nil {
		s.t.Error(err)
	}
	x.files = len(files)
	metrics := s.metrics()
	x.goroutines = int(metrics["go_goroutines"])
	if sum, there := metrics["gateway_ledger_imbalance"]; there && sum != 0 {
		s.t.Errorf("the books sum to %v", sum)
	}
	s.mu.Lock()
	took := s.took
	s.took = nil
	s.mu.Unlock()
	slices.Sort(took)
	if x.orders = len(took); len(took) > 0 {
		x.p50, x.p99 = took[len(took)/2], took[len(took)*99/100]
	}
	s.samples = append(s.samples, x)
}

func (s *soak) metrics() map[string]float64 {
	all := map[string]float64{}
	resp, err := http.Get("http://" + s.g.HTTP + "/metrics")
	if err != nil {
		s.t.Error(err)
		return all
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Error(err)
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if v, err := strconv.ParseFloat(value, 64); err == nil && !strings.HasPrefix(line, "#") {
			all[name] = v
		}
	}
	return all
}

// statusBytes is the resident memory of a process.
func statusBytes(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// judge compares the second third of the run with the last one.
func (s *soak) judge() {
	for i := 0; i < len(s.samples); i += max(1, len(s.samples)/12) {
		x := s.samples[i]
		s.t.Logf("%8v rss %4d MB, wal %5.1f MB, %d goroutines, %d files, %6d orders, p50 %v p99 %v", x.at.Round(time.Second), x.rss>>20,
			float64(x.wal)/(1<<20), x.goroutines, x.files, x.orders, x.p50.Round(10*time.Microsecond), x.p99.Round(10*time.Microsecond))
	}
	if len(s.samples) < 12 {
		s.t.Fatalf("only %d samples", len(s.samples))
	}
	n := len(s.samples)
	middle, end := s.samples[n/3:2*n/3], s.samples[2*n/3:]
	of := func(all []sample, what func(sample) int64) int64 {
		var values []int64
		for _, x := range all {
			values = append(values, what(x))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	for _, c := range []struct {
		what  string
		least int64 // growth that says nothing
		most  float64
		value func(sample) int64
	}{
		{"rss", 16 << 20, 1.15, func(x sample) int64 { return x.rss }},
		{"write-ahead log", 64 << 20, 1, func(x sample) int64 { return x.wal }},
		{"goroutines", 10, 1.05, func(x sample) int64 { return int64(x.goroutines) }},
		{"files", 4, 1.05, func(x sample) int64 { return int64(x.files) }},
	} {
		a, b := of(middle, c.value), of(end, c.value)
		s.t.Logf("%s: %d, then %d", c.what, a, b)
		if b > a+c.least && float64(b) > float64(a)*c.most {
			s.t.Errorf("%s grows: %d, then %d", c.what, a, b)
		}
	}
	// Times depend on who else uses the machine: they are told, not judged.
	p99 := func(x sample) int64 { return int64(x.p99) }
	s.t.Logf("p99: %v, then %v", time.Duration(of(middle, p99)), time.Duration(of(end, p99)))
}
