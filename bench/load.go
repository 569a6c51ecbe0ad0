package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// shape is how orders are sent: so many sessions with so many in flight each.
type shape struct{ sessions, window int }

func (s shape) String() string { return fmt.Sprintf("%d × %d", s.sessions, s.window) }

// taken is what one round measured.
type taken struct {
	took    histogram
	fills   int64
	refused int64
	lost    int64 // without an answer within lostMax
	elapsed time.Duration
	cpu     time.Duration // of the server
}

// lostMax is how long a round waits for the last answers. A peer that lost one
// does not end the whole measurement.
const lostMax = 10 * time.Second

func (t *taken) rate() float64 { return float64(t.fills) / t.elapsed.Seconds() }

// cpuPer is the server's processor time for an order, in µs.
func (t *taken) cpuPer() float64 {
	return ratio(float64(t.cpu)/float64(time.Microsecond), float64(t.fills))
}

// load sends market orders to a server for a while, by turns buying and selling,
// each as soon as one of its session before it is filled.
func load(ctx context.Context, s *server, sh shape, span time.Duration, round int) (*taken, error) {
	clients := make([]*client, sh.sessions)
	defer func() {
		for _, c := range clients {
			if c != nil {
				c.conn.Close()
			}
		}
	}()
	for i := range clients {
		var err error
		if clients[i], err = connect(ctx, s.addr, i, "141=Y|"); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	stop := context.AfterFunc(ctx, func() {
		for _, c := range clients {
			c.conn.Close()
		}
	})
	defer stop()
	tag := strconv.FormatInt(time.Now().UnixNano(), 36) + "-" + strconv.Itoa(round) + "-"
	before, err := s.cpu()
	if err != nil {
		return nil, err
	}
	all, faults := make([]taken, sh.sessions), make([]error, sh.sessions)
	start := time.Now()
	var wait sync.WaitGroup
	for i, c := range clients {
		wait.Go(func() { faults[i] = c.trade(&all[i], sh.window, tag, start.Add(span)) })
	}
	wait.Wait()
	sum := &taken{elapsed: time.Since(start)}
	after, err := s.cpu()
	if err := errors.Join(append(faults, err, ctx.Err())...); err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	sum.cpu = after - before
	var lost bool
	for i := range all {
		sum.took.merge(&all[i].took)
		sum.fills, sum.refused, sum.lost = sum.fills+all[i].fills, sum.refused+all[i].refused, sum.lost+all[i].lost
		lost = lost || all[i].lost > 0
	}
	if lost {
		sum.elapsed -= lostMax // The wait for what never came is not the peer's speed.
	}
	if sum.fills == 0 {
		return nil, fmt.Errorf("%s: no order was filled, %d refused", s.name, sum.refused)
	}
	return sum, leaveAll(s, clients, all)
}

// leaveAll ends the sessions of a round in order.
func leaveAll(s *server, clients []*client, all []taken) error {
	for i, c := range clients {
		if all[i].lost > 0 {
			continue // It may no longer answer.
		}
		if err := c.leave(); err != nil {
			return fmt.Errorf("%s: session %s does not end: %w", s.name, c.id, err)
		}
	}
	return nil
}

// leave ends a session in order. A client that just goes has not shown what it has,
// and is told the reports of this round again in the next one.
func (c *client) leave() error {
	if err := c.conn.SetReadDeadline(time.Now().Add(answerMax)); err != nil {
		return err
	}
	if err := c.send("5", ""); err != nil {
		return err
	}
	for {
		m, err := c.next()
		if err != nil {
			return err
		}
		if value(m, "35") == "5" {
			return nil
		}
	}
}

// trade keeps window orders in flight until the time is up, then waits for those
// that are out.
func (c *client) trade(t *taken, window int, tag string, until time.Time) error {
	sent := make(map[string]time.Time, window)
	next := 0
	if err := c.conn.SetReadDeadline(until.Add(lostMax)); err != nil {
		return err
	}
	for {
		for len(sent) < window && (next == 0 || time.Now().Before(until)) {
			id := tag + strconv.Itoa(next)
			sent[id] = time.Now()
			if err := c.send("D", orderBody(id, next)); err != nil {
				return err
			}
			next++
		}
		if len(sent) == 0 {
			return nil
		}
		m, err := c.next()
		if errors.Is(err, os.ErrDeadlineExceeded) || isTimeout(err) {
			t.lost = int64(len(sent))
			return nil
		}
		if err != nil {
			return err
		}
		if value(m, "35") != "8" {
			if bad := value(m, "35"); strings.Contains("3j5", bad) {
				return fmt.Errorf("order answered with %q", m)
			}
			continue
		}
		id := value(m, "11")
		from, ours := sent[id]
		if !ours {
			continue // Told again after a reset: it was counted in the round before.
		}
		switch value(m, "150") {
		case "F":
			t.took.add(time.Since(from))
			t.fills++
			delete(sent, id)
		case "8", "4":
			t.refused++
			delete(sent, id)
		}
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// orderBody is a market order of one lot, immediate or cancel.
func orderBody(id string, i int) string {
	side := "1"
	if i%2 == 1 {
		side = "2"
	}
	return "11=" + id + "|55=BTC-PERP|54=" + side + "|60=" + time.Now().UTC().Format(stampLayout) + "|38=0.001|40=1|59=3|"
}
