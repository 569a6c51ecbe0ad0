package acceptance

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// oneProcessorOrders is what each of the four sessions asks for.
const oneProcessorOrders = 100

// TestOneProcessor: a gateway that may use one processor only serves four sessions
// to their end; nothing in it waits for another goroutine to run at the same time.
func TestOneProcessor(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	bin, err := Build()
	if err != nil {
		t.Fatal(err)
	}
	venue, symbol, tick, lot := loadVenue()
	args, dir := lastingVenue(t, venue)
	log, err := os.Create(filepath.Join(t.TempDir(), "gateway.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	g, err := StartBinary(ctx, bin, []string{"GOMAXPROCS=1"}, log, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if !g.Ended() {
			g.Kill()
		}
		if text, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("%s", text)
		}
	}()
	if _, text := page(ctx, t, g, "/metrics"); !strings.Contains(text, "go_sched_gomaxprocs_threads 1") {
		t.Error("the gateway uses more than one processor: the test says nothing")
	}
	reports := make([]Report, len(venueClients))
	problems := make([]error, len(venueClients))
	var all sync.WaitGroup
	for i, who := range venueClients {
		all.Go(func() {
			c := NewClient(who, "BACKSTOP", who, "demo")
			if _, problems[i] = c.Logon(ctx, g.FIX, "141=Y"); problems[i] != nil {
				return
			}
			trader := &Trader{Client: c, Symbol: symbol, Tick: tick, Lot: lot, Tag: who + "-" + strconv.Itoa(i)}
			if reports[i], problems[i] = trader.Run(ctx, oneProcessorOrders, uint64(i+1)); problems[i] == nil {
				problems[i] = c.Logout(ctx)
			}
		})
	}
	all.Wait()
	for i, who := range venueClients {
		for _, f := range reports[i].Failures {
			t.Errorf("%s: %s", who, f)
		}
		if problems[i] != nil || reports[i].Requests < oneProcessorOrders || reports[i].Fills == 0 {
			t.Errorf("%s: %v; %d requests, %d fills", who, problems[i], reports[i].Requests, reports[i].Fills)
		}
	}
	verify(ctx, t, g, dir)
}
