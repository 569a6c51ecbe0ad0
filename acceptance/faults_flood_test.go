//go:build faults

package acceptance

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// What the floods are, and what they may do to others.
const (
	floodFor     = 14 * time.Second // longer than a flood is borne
	stormers     = 50
	stormEvery   = 50 * time.Millisecond
	askEvery     = 10 * time.Millisecond
	floodRate    = 100 // orders a second that a session may send
	floodTimes   = 10  // as many
	floodWorse   = 2   // times the p99 when nothing else happens
	floodMeasure = 2 * time.Millisecond
	stormMost    = 100 * time.Millisecond // on the same processors, of storms that take their part of them
)

// rhythm asks for the state of an order again and again, and returns how long each
// answer took.
func rhythm(ctx context.Context, t *testing.T, c *Client, d time.Duration) (took []time.Duration) {
	t.Helper()
	beat := time.NewTicker(askEvery)
	defer beat.Stop()
	for end, i := time.Now().Add(d), 0; time.Now().Before(end); i++ {
		<-beat.C
		id := "S" + strconv.Itoa(i)
		asked := time.Now()
		if err := c.Send("H", "11=NONE", "55=BTC-PERP", "54=1", "790="+id); err != nil {
			t.Fatal(err)
		}
		for {
			f, err := c.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if f.Get(790) == id {
				break
			}
		}
		took = append(took, time.Since(asked))
	}
	slices.Sort(took)
	return took
}

func p99(sorted []time.Duration) time.Duration { return sorted[len(sorted)*99/100] }

// others measures a client alone and while something goes on, and judges the
// difference. The CPU that an attacker of this test uses is that of the gateway's
// own machine, so the ratio is an upper bound. Most is what is borne although it is
// more than floodWorse times as long.
func others(ctx context.Context, t *testing.T, g *Gateway, what string, most time.Duration, attack func(ctx context.Context)) {
	t.Helper()
	c := NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")
	if _, err := c.Logon(ctx, g.FIX); err != nil {
		t.Fatal(err)
	}
	idle := rhythm(ctx, t, c, floodFor/2)
	attacking, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		attack(attacking)
	}()
	busy := rhythm(ctx, t, c, floodFor)
	stop()
	<-done
	ratio := float64(p99(busy)) / float64(p99(idle))
	t.Logf("%s: p99 of others %v alone, %v meanwhile: %.2f times; p50 %v and %v; %d and %d answers",
		what, p99(idle), p99(busy), ratio, idle[len(idle)/2], busy[len(busy)/2], len(idle), len(busy))
	if most = max(most, floodWorse*max(p99(idle), floodMeasure)); p99(busy) > most {
		t.Errorf("%s: others' p99 is %v, %.2f times as long; at most %v", what, p99(busy), ratio, most)
	}
	if err := c.Logout(ctx); err != nil {
		t.Error(err)
	}
}

// TestFaultReconnectStorm: B7. Fifty clients come back twenty times a second each,
// for ten seconds; a client that trades does not wait longer for it.
func TestFaultReconnectStorm(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	g := startWith(t, crowd(stormers))
	var logons, tries atomic.Int64
	others(ctx, t, g, "50 clients that come back 20 times a second", stormMost, func(ctx context.Context) {
		var all sync.WaitGroup
		for i := range stormers {
			all.Go(func() { comeBack(ctx, t, g.FIX, i, &tries, &logons) })
		}
		all.Wait()
	})
	t.Logf("%d connections, %d logons answered", tries.Load(), logons.Load())
	if logons.Load() < stormers {
		t.Errorf("only %d logons: no storm", logons.Load())
	}
}

// crowd is a venue with more clients, whose numbers begin anew at each logon.
func crowd(n int) string {
	var b strings.Builder
	b.WriteString(Venue{}.TOML())
	for i := range n {
		fmt.Fprintf(&b, "[[session]]\ncomp_id = \"C%d\"\nsecret = \"plain:demo\"\nroles = [\"md\"]\nreset_on_logon = true\n", i)
	}
	return b.String()
}

func comeBack(ctx context.Context, t *testing.T, addr string, i int, tries, logons *atomic.Int64) {
	name := "C" + strconv.Itoa(i)
	frame := NewClient(name, "BACKSTOP", "", "")
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(stranger(i))}, Timeout: answerMax}
	beat := time.NewTicker(stormEvery)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
		c, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			if ctx.Err() == nil {
				t.Errorf("%s: %v", name, err)
			}
			return
		}
		tries.Add(1)
		b := make([]byte, 512)
		if _, err := c.Write([]byte(frame.Frame("A", 1, "98=0", "108=30", "553="+name, "554=demo"))); err == nil && c.SetReadDeadline(time.Now().Add(time.Second)) == nil {
			if n, err := c.Read(b); err == nil && strings.Contains(string(b[:n]), soh+"35=A"+soh) {
				logons.Add(1)
			}
		}
		c.Close()
	}
}

// TestFaultMessageFlood: C9. A client sends ten times what it may: it is warned,
// logged out and kept out, and others do not wait longer.
func TestFaultMessageFlood(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	g := startWith(t, Venue{Rate: floodRate}.TOML())
	warned, out := time.Duration(0), time.Duration(0)
	others(ctx, t, g, "ten times the rate", 0, func(ctx context.Context) {
		c := NewClient("DEMO2", "BACKSTOP", "DEMO2", "demo")
		if _, err := c.Logon(ctx, g.FIX); err != nil {
			t.Error(err)
			return
		}
		began := time.Now()
		go flood(ctx, c, floodRate*floodTimes, "D", "55=BTC-PERP", "54=1", "60="+Now(), "38=0.01", "40=2", "44=30000")
		for {
			f, err := c.Next(ctx)
			switch {
			case err != nil:
				c.Drop()
				return
			case f.Get(35) == "B":
				warned = time.Since(began)
			case f.Get(35) == "5":
				out = time.Since(began)
				if f.Get(58) != "message rate" {
					t.Errorf("logged out with %s", f)
				}
			}
		}
	})
	t.Logf("warned after %v, logged out after %v", warned, out)
	if warned < 9*time.Second || out < warned || out > floodFor {
		t.Errorf("warned after %v, logged out after %v", warned, out)
	}
}

// TestFaultResendFlood: C10. A client with some history asks for all of it a
// thousand times; others do not wait longer.
func TestFaultResendFlood(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	g := startWith(t, Venue{}.TOML())
	refused := 0
	others(ctx, t, g, "a thousand ResendRequests", stormMost, func(ctx context.Context) {
		c := NewClient("DEMO2", "BACKSTOP", "DEMO2", "demo")
		if _, err := c.Logon(ctx, g.FIX); err != nil {
			t.Error(err)
			return
		}
		for range 500 {
			if err := c.Send("H", "11=NONE", "55=BTC-PERP", "54=1"); err != nil {
				t.Error(err)
				return
			}
		}
		go flood(ctx, c, 100, "2", "7=1", "16=0")
		for {
			f, err := c.Next(ctx)
			if err != nil {
				c.Drop()
				return
			}
			if f.Get(35) == "j" && strings.HasPrefix(f.Get(58), "THROTTLED") {
				refused++
			}
		}
	})
	t.Logf("%d requests were refused", refused)
	if refused == 0 {
		t.Error("none was refused: no flood")
	}
}

// flood sends the same again and again, with a ClOrdID of its own where there is
// one, until the connection or the test ends.
func flood(ctx context.Context, c *Client, perSecond int, kind string, body ...string) {
	beat := time.NewTicker(time.Second / time.Duration(perSecond))
	defer beat.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
		fields := body
		if kind == "D" {
			fields = append([]string{"11=F" + strconv.Itoa(i)}, body...)
		}
		if c.Send(kind, fields...) != nil {
			return
		}
	}
}
