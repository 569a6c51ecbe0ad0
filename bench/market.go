package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// subscribe asks for the best prices of the first market, as they change.
func (c *client) subscribe() error {
	return c.send("V", "262=MD|263=1|264=1|265=1|267=2|269=0|269=1|146=1|55=BTC-PERP|")
}

// firstQuote reads until both sides have a price.
func (c *client) firstQuote() error {
	if err := c.conn.SetReadDeadline(time.Now().Add(answerMax)); err != nil {
		return err
	}
	for {
		m, err := c.next()
		if err != nil {
			return fmt.Errorf("no quote: %w", err)
		}
		if kind := value(m, "35"); kind == "Y" || kind == "j" || kind == "3" {
			return fmt.Errorf("no quote: %q", m)
		}
		if bytes.Contains(m, []byte("\x01269=0\x01")) && bytes.Contains(m, []byte("\x01269=1\x01")) && bytes.Contains(m, []byte("\x01270=")) {
			return c.conn.SetReadDeadline(time.Time{})
		}
	}
}

// crowd is many clients that read on their own goroutines.
type crowd struct {
	clients  []*client
	messages atomic.Int64
	bytes    atomic.Int64
	wait     sync.WaitGroup
}

// gather logs clients on, the i-th session first.
func gather(ctx context.Context, addr string, from, n int, extra string) (*crowd, error) {
	c := &crowd{}
	for i := range n {
		one, err := connect(ctx, addr, from+i, "141=Y|"+extra)
		if err != nil {
			c.leave()
			return nil, err
		}
		c.clients = append(c.clients, one)
	}
	return c, nil
}

// listen subscribes everybody and hands each message to heard, on the goroutine of
// its client.
func (c *crowd) listen(heard func(i int, m []byte)) error {
	for i, one := range c.clients {
		if err := one.subscribe(); err != nil {
			return err
		}
		if err := one.firstQuote(); err != nil {
			return err
		}
		c.wait.Go(func() {
			for {
				m, err := one.next()
				if err != nil {
					return // It left, or the server ended: the count shows it.
				}
				c.messages.Add(1)
				c.bytes.Add(int64(len(m)))
				heard(i, m)
			}
		})
	}
	return nil
}

func (c *crowd) leave() {
	for _, one := range c.clients {
		one.conn.Close()
	}
	c.wait.Wait()
}

// pause waits for a while, or for the end of ctx: it is the length of a
// measurement, not a guess when something is done.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// spent is a server's processor time over a while.
func spent(ctx context.Context, s *server, d time.Duration) (time.Duration, error) {
	before, err := s.cpu()
	if err := errors.Join(err, pause(ctx, d)); err != nil {
		return 0, err
	}
	after, err := s.cpu()
	return after - before, err
}

// fanOut is P5: what a message of market data costs with many subscribers, beside
// writing as many bytes to as many sockets; and what a client costs that does not
// read.
func (r *run) fanOut(ctx context.Context) ([]Result, error) {
	n, span := pick(r, 100, 1_000), pick(r, 1500*time.Millisecond, 10*time.Second)
	each, size, err := r.fanOutOf(ctx, n, span)
	if err != nil {
		return nil, err
	}
	r.Progress("P5 bare sockets")
	bare, err := r.bareWrites(ctx, n, size, span)
	if err != nil {
		return nil, err
	}
	one := measured("P5", fmt.Sprintf("message to each of %d subscribers, cpu", n), each, "µs").against("write(2) to as many", bare).atMost(6)
	one = one.noting("stretch: ≤ 2.5 ×; %d bytes a message", size)
	cores, note, err := r.deaf(ctx)
	if err != nil {
		return []Result{one}, err
	}
	return []Result{one, measured("P5", "a client that does not read", cores, "cores").atMost(.1).noting("%s", note)}, nil
}

func (r *run) fanOutOf(ctx context.Context, n int, span time.Duration) (each float64, size int, err error) {
	g, err := r.gateway(ctx, venue{sessions: n, speed: "1"}, "")
	if err != nil {
		return 0, 0, err
	}
	defer g.stop()
	r.Progress(fmt.Sprintf("P5 %d clients log on", n))
	c, err := gather(ctx, g.addr, 0, n, "22000=VAMM1|")
	if err != nil {
		return 0, 0, err
	}
	defer c.leave()
	idle, err := spent(ctx, g, span/2)
	if err != nil {
		return 0, 0, err
	}
	if err := c.listen(func(int, []byte) {}); err != nil {
		return 0, 0, err
	}
	messages, bytes := c.messages.Load(), c.bytes.Load()
	busy, err := spent(ctx, g, span)
	if err != nil {
		return 0, 0, err
	}
	messages, bytes = c.messages.Load()-messages, c.bytes.Load()-bytes
	if messages == 0 {
		return 0, 0, errors.New("no market data came")
	}
	return float64((busy - 2*idle).Microseconds()) / float64(messages), int(bytes / messages), nil
}

// socketsEvery is how often the peer of bare sockets writes: as the feed ticks.
const socketsEvery = 100 * time.Millisecond

// writeSockets is the peer of P5: it takes a message from each of n connections
// and writes it back to it again and again.
func writeSockets(ctx context.Context, addr string, n int) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { l.Close() })()
	type pair struct {
		conn net.Conn
		text []byte
	}
	var all []pair
	for len(all) < n {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		text := make([]byte, frameMax)
		if got, err := conn.Read(text); err == nil { // Who says nothing only looked whether we listen.
			all = append(all, pair{conn, text[:got]})
		}
	}
	every := time.NewTicker(socketsEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
		for _, p := range all {
			if _, err := p.conn.Write(p.text); err != nil {
				return err
			}
		}
	}
}

// bareWrites is the processor time of writing a message to a socket, in µs.
func (r *run) bareWrites(ctx context.Context, n, size int, span time.Duration) (float64, error) {
	s, err := r.peer(ctx, peerSockets, n)
	if err != nil {
		return 0, err
	}
	defer s.stop()
	var got atomic.Int64
	var wait sync.WaitGroup
	defer wait.Wait()
	for range n {
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			return 0, err
		}
		defer conn.Close()
		if _, err := conn.Write(bytes.Repeat([]byte{'x'}, size)); err != nil {
			return 0, err
		}
		wait.Go(func() {
			b := make([]byte, 8<<10)
			for {
				m, err := conn.Read(b)
				if err != nil {
					return
				}
				got.Add(int64(m))
			}
		})
	}
	before := got.Load()
	busy, err := spent(ctx, s, span)
	if err != nil {
		return 0, err
	}
	messages := float64(got.Load()-before) / float64(size)
	if messages < 1 {
		return 0, errors.New("the bare sockets brought nothing")
	}
	return float64(busy.Microseconds()) / messages, nil
}

// deafRequests bounds what is sent on behalf of a client that does not read. Once
// nobody takes any of it for deafMax, the gateway has done what it would do, and
// what it still spends is the cost of the client.
const (
	deafRequests = 200_000
	deafMax      = 500 * time.Millisecond
)

// deaf is what the gateway spends, in cores, on a client that asked for much and
// reads nothing, beyond what it spends without it.
func (r *run) deaf(ctx context.Context) (cores float64, note string, err error) {
	r.Progress("P5 a client that does not read")
	g, err := r.gateway(ctx, venue{sessions: 1, speed: "1"}, "")
	if err != nil {
		return 0, "", err
	}
	defer g.stop()
	span := pick(r, time.Second, 5*time.Second)
	idle, err := spent(ctx, g, span)
	if err != nil {
		return 0, "", err
	}
	c, err := connect(ctx, g.addr, 0, "141=Y|")
	if err != nil {
		return 0, "", err
	}
	defer c.conn.Close()
	if err := c.subscribe(); err != nil {
		return 0, "", err
	}
	n, how := 0, "all were taken"
	for ; n < deafRequests; n++ {
		if err := c.conn.SetWriteDeadline(time.Now().Add(deafMax)); err != nil {
			return 0, "", err
		}
		if err := c.send("1", "112=deaf|"); err != nil {
			how = "then it was cut"
			if isTimeout(err) {
				how = "then its bytes were left unread"
			}
			break
		}
	}
	busy, err := spent(ctx, g, span)
	if err != nil {
		return 0, "", err
	}
	return max(0, float64(busy-idle)/float64(span)), fmt.Sprintf("%d requests, %s", n, how), nil
}

// memory is P7: what idle sessions and past orders hold.
func (r *run) memory(ctx context.Context) ([]Result, error) {
	n := pick(r, 100, 1_000)
	g, err := r.gateway(ctx, venue{sessions: n}, "")
	if err != nil {
		return nil, err
	}
	defer g.stop()
	r.Progress(fmt.Sprintf("P7 %d clients log on", n))
	c, err := gather(ctx, g.addr, 0, n, "")
	if err != nil {
		return nil, err
	}
	defer c.leave()
	idle, err := g.rss()
	if err != nil {
		return nil, err
	}
	one := measured("P7", fmt.Sprintf("memory with %d idle sessions", n), idle, "MB")
	if !r.Short {
		one = one.atMost(300)
	}
	var t taken
	rss := func(orders int) (float64, error) {
		for t.fills < int64(orders) {
			r.Progress(fmt.Sprintf("P7 %d orders", t.fills))
			err := c.clients[0].trade(&t, 64, fmt.Sprintf("M%d-", t.fills), time.Now().Add(500*time.Millisecond))
			if err := errors.Join(err, ctx.Err()); err != nil {
				return 0, err
			}
		}
		return g.rss()
	}
	most := pick(r, 2_000, 50_000)
	half, err := rss(most / 2)
	if err != nil {
		return []Result{one}, err
	}
	halfway := t.fills
	after, err := rss(most)
	if err != nil {
		return []Result{one}, err
	}
	what := fmt.Sprintf("the same after %d orders", t.fills)
	two := measured("P7", what, after, "MB").against("before them", idle)
	three := measured("P7", what, after, "MB").against(fmt.Sprintf("after %d orders", halfway), half)
	return []Result{one, two.atMost(flat), three.atMost(flat)}, nil
}

// prices is P9: from when the source saw a price, as the quote says in
// OracleTime(22011), to the quote at each of 64 clients on the same machine.
func (r *run) prices(ctx context.Context) ([]Result, error) {
	const n = 64
	g, err := r.gateway(ctx, venue{sessions: n + 1, speed: "1"}, "")
	if err != nil {
		return nil, err
	}
	defer g.stop()
	order, err := load(ctx, g, shape{1, 1}, pick(r, 500*time.Millisecond, 3*time.Second), 0)
	if err != nil {
		return nil, err
	}
	c, err := gather(ctx, g.addr, 1, n, "22000=VAMM1|")
	if err != nil {
		return nil, err
	}
	defer c.leave()
	var mu sync.Mutex
	var h histogram
	last := make([]string, n)
	err = c.listen(func(i int, m []byte) {
		now := time.Now()
		said := value(m, "22011")
		if said == "" || said == last[i] {
			return // Quotes also change without a new price.
		}
		first := last[i] == ""
		last[i] = said
		at, err := time.Parse(stampLayout, said)
		if err != nil || first {
			return
		}
		mu.Lock()
		h.add(now.Sub(at))
		mu.Unlock()
	})
	if err != nil {
		return nil, err
	}
	if err := pause(ctx, pick(r, 2*time.Second, 40*time.Second)); err != nil {
		return nil, err
	}
	c.leave()
	if h.n == 0 {
		return nil, errors.New("no quote said when its price was seen")
	}
	q := measured("P9", "price to quote, 64 subscribers, p99", h.quantile(.99), "µs").against("p50 of an order", order.took.quantile(.5)).atMost(2)
	return []Result{q.noting("%d quotes, p50 %.0f µs; times on the wire are whole ms, so up to 1 ms too much", h.n, h.quantile(.5))}, nil
}
