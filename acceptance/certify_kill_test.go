package acceptance

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"backstop/certify"
)

// recorded keeps what a client says and hears, as the log of an engine would.
func recorded(t *testing.T, c *Client, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	c.Record = func(at time.Time, m string) {
		mu.Lock()
		defer mu.Unlock()
		if _, err := io.WriteString(f, at.UTC().Format("20060102-15:04:05.000000")+" : "+m+"\n"); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestCertifyKilledGateway (C39, C40): the gateway is killed at random moments under
// load. By the log of the client alone no promise is broken: reports of before and
// after agree, what was held is decided, AF, AN and AD agree with the reports.
func TestCertifyKilledGateway(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("other tests kill the gateway; this one grades the log")
	}
	const orders, kills, seed = 120, 3, 1
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	args, dir := lastingVenue(t, Venue{})
	c := NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")
	log := filepath.Join(t.TempDir(), "client.log")
	recorded(t, c, log)
	got := newAnswers()
	random := rand.New(rand.NewPCG(seed, 39))
	sent := 0
	for life := range kills + 1 {
		g := startGateway(t, args...)
		if _, err := c.Logon(ctx, g.FIX); err != nil {
			t.Fatal(err)
		}
		waitForQuotes(ctx, t, c, fmt.Sprintf("MD%d", life), got)
		for range orders {
			kind := []string{"40=1", "59=3"}
			if sent%5 == 4 {
				kind = []string{"40=2", "44=50000", "59=1"} // A buy that rests.
			}
			side := 1 + sent%2*(1-sent%5/4)
			if err := c.Send("D", append(kind, fmt.Sprintf("11=KC-%d", sent), "1=DEMO1", "55=BTC-PERP", fmt.Sprintf("54=%d", side), "60="+Now(), fmt.Sprintf("38=0.%03d", 1+sent))...); err != nil {
				t.Fatal(err)
			}
			sent++
		}
		if life < kills {
			enough := sent - orders + random.IntN(orders)
			filled := len(got.fills)
			readUntil(ctx, t, c, got, func() bool { return len(got.first)+len(got.held) > enough && len(got.fills) > filled })
			g.Kill()
			readToEnd(ctx, t, c, got)
			continue
		}
		readUntil(ctx, t, c, got, func() bool { return len(got.first) == sent })
		reconciles(ctx, t, c)
		verify(ctx, t, g, dir)
	}
	killedReport(t, log)
}

// reconciles asks for orders, positions and trades, and says goodbye.
func reconciles(ctx context.Context, t *testing.T, c *Client) {
	t.Helper()
	for _, ask := range []struct {
		kind, until string
		fields      []string
	}{
		{"AF", "912=Y", []string{"584=S1", "585=7"}},
		{"AN", "728=0", []string{"710=P1", "724=0", "263=0", "453=1", "448=DEMO1", "447=D", "452=13", "1=DEMO1", "581=1", "715=20260101", "60=" + Now()}},
		{"AD", "912=Y", []string{"568=T1", "569=0"}},
	} {
		if err := c.Send(ask.kind, ask.fields...); err != nil {
			t.Fatal(err)
		}
		for {
			f, err := c.Next(ctx)
			if err != nil {
				t.Fatalf("%s: %v", ask.kind, err)
			}
			if slices.Contains(f, ask.fields[0]) && slices.Contains(f, ask.until) {
				break
			}
		}
	}
	if err := c.Logout(ctx); err != nil {
		t.Error(err)
	}
}

// killedReport: what the log of such a day shows passes C39, and nothing fails.
func killedReport(t *testing.T, log string) {
	t.Helper()
	text, talk, code, err := Run(t.Context(), "certify", "grade", "--log", log, "--session", "DEMO1", "--json")
	if err != nil || code != 7 {
		t.Fatalf("certify grade ended with %d, %v, %s", code, err, talk)
	}
	r := reportOf(t, text)
	for _, f := range r.Findings {
		if f.Verdict == certify.Failed || f.Check.ID == "C39" && f.Verdict != certify.Passed {
			t.Errorf("%s is %s: %s %v", f.Check.ID, f.Verdict, f.Why, f.Evidence)
		}
	}
	t.Logf("%d messages, orders answered %d, half within %d ms, 99 of 100 within %d ms", r.Log.Messages, r.Timing.Orders, r.Timing.OrderP50, r.Timing.OrderP99)
}
