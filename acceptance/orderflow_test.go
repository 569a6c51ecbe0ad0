package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// How many requests TestOrderFlow sends in all, and how many a session sends
// between two breaks of its connection.
const (
	flowRequests = 100_000
	flowShort    = 2_000
	flowBreaks   = 4 // of a run
)

// Prices come each 50 ms and swing by ten per cent in fifteen seconds, so that
// stop orders go off and a leveraged account is liquidated.
const (
	flowBusts  = 100 * time.Millisecond // from one bust to the next
	flowSpeed  = "20"
	flowPrices = 40_000 // half an hour
	flowPeriod = 300
	flowSwing  = 0.05
)

// flowSetting reads a number that a run by hand may set.
func flowSetting(t *testing.T, name string, otherwise int) int {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		return otherwise
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is no count", name, v)
	}
	return n
}

func flowFeed(t *testing.T, seed uint64) string {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 0))
	prices := make([]decimal.Decimal, flowPrices)
	for i := range prices {
		swing := flowSwing * math.Sin(2*math.Pi*float64(i)/flowPeriod)
		prices[i] = decimal.NewFromFloat(60_000 * (1 + swing + 0.0001*random.NormFloat64())).Round(2)
	}
	file, err := writeFeed(t.TempDir(), prices)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// flowSession is one of the sessions of the run.
type flowSession struct {
	name, begin string
	logon       []string
	breaks      bool
	leverage    int64
	deposit     string
}

var flowSessions = []flowSession{
	{"DEMO1", "FIX.4.4", nil, true, 0, "1000000"},
	{"DEMO2", "FIX.4.4", []string{"22000=VAMM1", "8013=N"}, true, 0, "1000000"},
	{"DEMO3", "FIX.4.2", nil, false, 0, "1000000"},
	{"DEMO4", "FIXT.1.1", []string{"1137=9", "8013=N"}, true, 0, "1000000"},
	{"LEVER", "FIX.4.4", []string{"22000=VAMM1"}, false, 17, "30000"},
}

const flowLever = `[[account]]
name = "LEVER"
deposit = "30000"
[[session]]
comp_id = "LEVER"
secret = "plain:demo"
accounts = ["LEVER"]
[session.limits]
orders_per_second = 0
`

// flowMust are the messages without which a run says nothing about their promises.
// Margin calls (AX) and liquidations come in most runs, but take a price that moves far
// enough while a position is open.
var flowMust = []string{
	"150=0", "150=4", "150=5", "150=8", "150=A", "150=C", "150=F", "150=I", "150=D", "150=L", "150=H", "9", "r", "j", "3",
	"S", "AG", "AI", "W", "AP", "BA", "BG", "AQ", "AE", "AM", "y", "d", "f", "h", "BF",
}

// flowMustShort are those that a short run sees too.
var flowMustShort = []string{"150=0", "150=4", "150=5", "150=8", "150=F", "150=I", "9", "r", "j", "3", "S", "AG", "AI", "W", "AP", "BA"}

// TestOrderFlow has sessions of three versions and both dialects send requests of
// every kind at random, many at a time, and checks each promise of the rules of
// engagement on what they hear. BACKSTOP_REQUESTS and BACKSTOP_SEED set the size and
// the choice.
func TestOrderFlow(t *testing.T) {
	n := flowRequests
	must := flowMust
	if testing.Short() {
		n, must = flowShort, flowMustShort
	}
	n = flowSetting(t, "BACKSTOP_REQUESTS", n)
	seed := uint64(flowSetting(t, "BACKSTOP_SEED", 1))
	t.Logf("seed %d, %d requests", seed, n)
	ctx, cancel := context.WithTimeout(t.Context(), flowMax(n))
	defer cancel()
	args, dir := lastingVenue(t, Venue{
		Feed: flowFeed(t, seed), Speed: flowSpeed, Bucket: "0", Interval: "500ms", More: flowLever,
		Begin: map[string]string{"DEMO3": "FIX.4.2", "DEMO4": "FIXT.1.1"},
	})
	g := startGateway(t, args...)
	flows := make([]*Flow, len(flowSessions))
	execs := &ExecIDs{}
	var all sync.WaitGroup
	begun := time.Now()
	for i, s := range flowSessions {
		flows[i] = s.flow(execs, n/len(flowSessions))
		all.Go(func() {
			err := flows[i].Run(ctx, g.FIX, n/len(flowSessions), dec("0.5"), dec("0.001"), seed<<8+uint64(i))
			if err != nil {
				t.Error(err)
			}
		})
	}
	busted := flowDesk(ctx, t, dir, seed)
	all.Wait()
	t.Logf("%d trades busted", busted())
	took := time.Since(begun)
	heard, requests := map[string]int{}, 0
	for _, w := range flows {
		requests += w.Promises.Requests
		for kind, count := range w.Promises.Heard {
			heard[kind] += count
		}
		for _, b := range w.Promises.Breaches {
			t.Errorf("seed %d, %s: %s: %s", seed, w.Account, b.Promise, b.How)
		}
	}
	t.Logf("%d requests in %v: %.0f a second", requests, took.Round(time.Millisecond), float64(requests)/took.Seconds())
	for _, kind := range slices.Sorted(maps.Keys(heard)) {
		t.Logf("%-12s %d", kind, heard[kind])
	}
	for _, kind := range must {
		if heard[kind] == 0 {
			t.Errorf("no %s: the run says nothing about it", kind)
		}
	}
	verify(ctx, t, g, dir)
}

// flowDesk busts one of the newest trades now and then, until it is told to end: then
// it says how many.
func flowDesk(ctx context.Context, t *testing.T, dir string, seed uint64) (end func() int) {
	ctx, cancel := context.WithCancel(ctx)
	random, pace, done, n := rand.New(rand.NewPCG(seed, 1)), time.NewTicker(flowBusts), make(chan struct{}), 0
	go func() {
		defer close(done)
		defer pace.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-pace.C:
			}
			out, talk, code, err := Run(ctx, "trade", "list", "--data-dir", dir, "--json", "--number", "200")
			var list struct {
				Trades []struct {
					ID string `json:"trade_id"`
				}
			}
			if ctx.Err() != nil {
				return
			}
			if err = errors.Join(err, json.Unmarshal([]byte(out), &list)); err != nil || code != 0 {
				t.Errorf("trades: %d, %v: %s", code, err, talk)
				return
			}
			if len(list.Trades) == 0 {
				continue
			}
			trade := list.Trades[random.IntN(len(list.Trades))].ID
			_, talk, code, err = Run(ctx, "trade", "bust", trade, "--data-dir", dir, "--reason", "flow", "--yes")
			switch {
			case ctx.Err() != nil:
				return
			case err != nil || code != 0 && code != 8: // What was liquidated since is refused.
				t.Errorf("bust of %s: %d, %v: %s", trade, code, err, talk)
			case code == 0:
				n++
			}
		}
	}()
	return func() int {
		cancel()
		<-done
		return n
	}
}

// flowMax is how long a run may take, on a slow machine too.
func flowMax(requests int) time.Duration {
	return 15*time.Second + time.Duration(requests)*10*time.Millisecond
}

func (s flowSession) flow(execs *ExecIDs, n int) *Flow {
	c := NewClient(s.name, "BACKSTOP", s.name, "demo")
	c.Begin = s.begin
	others := "DEMO1"
	if s.name == others {
		others = "DEMO2"
	}
	w := &Flow{
		Client: c, Symbol: "BTC-PERP", Account: s.name, Logon: s.logon, Others: others, Leverage: decimal.NewFromInt(s.leverage),
		Promises: &Promises{Execs: execs, Cash: dec(s.deposit), Old: s.begin == "FIX.4.2", VAMM1: slices.Contains(s.logon, "22000=VAMM1")},
	}
	if s.breaks {
		w.Breaks = max(1, n/(flowBreaks+1))
	}
	return w
}
