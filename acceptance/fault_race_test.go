//go:build faults

package acceptance

import (
	"context"
	"flag"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	raceFor  = flag.Duration("race.for", 15*time.Second, "how long TestFaultRace sends orders")
	raceRate = flag.Int("race.rate", 1_000, "orders a second of TestFaultRace, over its four sessions")
)

// raceSettle is how long the last answers may take to come.
const raceSettle = 5 * time.Minute

// raceOpen is how many orders of a session may wait for their end: a machine that is
// too slow for the rate gets fewer orders, and the inbox does not overflow.
const raceOpen = 1_000

// TestFaultRace: a gateway that was built with the race detector takes 1,000 orders a
// second of four sessions for a while, while page and metrics are read. There is no
// report of a race, no message but reports, and each order ends once. Orders may be
// old when they are looked at: a slow machine is no race.
func TestFaultRace(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), *raceFor+10*time.Minute)
	defer cancel()
	dir := t.TempDir()
	bin := filepath.Join(dir, "gateway-race")
	if out, err := exec.CommandContext(ctx, "go", "build", "-race", "-o", bin, "backstop/cmd/gateway").CombinedOutput(); err != nil {
		t.Fatalf("go build -race: %v\n%s", err, out)
	}
	file, log := filepath.Join(dir, "gateway.toml"), filepath.Join(dir, "gateway.log")
	if err := os.WriteFile(file, []byte(Venue{OrderAge: "10m"}.TOML()), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	reports := filepath.Join(dir, "race")
	g, err := StartBinary(ctx, bin, []string{"GORACE=exitcode=66 log_path=" + reports}, out, "run", "--config", file)
	if err != nil {
		t.Fatal(err)
	}
	watching, stop := context.WithCancel(ctx)
	var watchers, clients sync.WaitGroup
	for _, path := range []string{"/metrics", "/readyz", "/api/v1/status"} {
		watchers.Go(func() { lookAgain(watching, g, path) })
	}
	for _, who := range venueClients {
		clients.Go(func() { paced(ctx, t, g.FIX, who, *raceRate/len(venueClients)) })
	}
	clients.Wait()
	stop()
	watchers.Wait()
	code, err := g.Stop()
	if code != 0 || err != nil {
		text, _ := os.ReadFile(log)
		t.Errorf("exit %d, %v\n%s", code, err, text)
	}
	found, err := filepath.Glob(reports + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range found {
		text, _ := os.ReadFile(name)
		t.Errorf("a race: %s", text)
	}
	verified(ctx, t, filepath.Join(dir, "data"))
}

// lookAgain reads a page ten times a second. What it says is not looked at.
func lookAgain(ctx context.Context, g *Gateway, path string) {
	beat := time.NewTicker(100 * time.Millisecond)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
		if answer, err := http.Get("http://" + g.HTTP + path); err == nil {
			_, _ = io.Copy(io.Discard, answer.Body) // Only that it is made counts.
			_ = answer.Body.Close()
		}
	}
}

// paced sends orders at a rate, buys and sells in turn, and reads what comes until
// each of them has ended.
func paced(ctx context.Context, t *testing.T, addr, who string, rate int) {
	c := NewClient(who, "BACKSTOP", who, "demo")
	if _, err := c.Logon(ctx, addr); err != nil {
		t.Error(err)
		return
	}
	began := time.Now()
	var mu sync.Mutex
	open, rejects, sent := map[string]bool{}, map[string]int{}, 0
	sending := make(chan struct{})
	go func() {
		defer close(sending)
		beat := time.NewTicker(5 * time.Millisecond)
		defer beat.Stop()
		for now := began; now.Sub(began) < *raceFor && ctx.Err() == nil; now = <-beat.C {
			for ; sent < int(now.Sub(began).Seconds()*float64(rate)); sent++ {
				id := who + "-" + strconv.Itoa(sent)
				mu.Lock()
				full := len(open) >= raceOpen
				if !full {
					open[id] = true
				}
				mu.Unlock()
				if full {
					break
				}
				if err := c.Send("D", order(id, strconv.Itoa(1+sent%2), "40=1", "59=3")[1:]...); err != nil {
					t.Errorf("%s: %v", who, err)
					return
				}
			}
		}
	}()
	for done := false; !done; {
		waiting, cancel := context.WithTimeout(ctx, *raceFor+raceSettle)
		f, err := c.Next(waiting)
		cancel()
		if err != nil {
			t.Errorf("%s: %v", who, err)
			return
		}
		id := f.Get(11)
		mu.Lock()
		switch {
		case f.Get(35) == "AM" || f.Get(35) == "B": // A settlement; News.
		case f.Get(35) != "8" || !open[id]:
			t.Errorf("%s: an unexpected message: %s", who, f)
		case f.Get(39) == "8":
			why, _, _ := strings.Cut(f.Get(58), " ")
			rejects[why]++
			delete(open, id)
		case f.Get(39) == "2" || f.Get(39) == "4":
			delete(open, id)
		}
		left := len(open)
		mu.Unlock()
		select {
		case <-sending:
			done = left == 0
		default:
		}
	}
	t.Logf("%s: %d orders, %.0f a second, all ended after %v, refused %v", who, sent, float64(sent)/raceFor.Seconds(), time.Since(began).Round(time.Second), rejects)
	if sent < rate { // A second's worth at least.
		t.Errorf("%s: only %d orders", who, sent)
	}
	if err := c.Logout(ctx); err != nil {
		t.Error(err)
	}
}
