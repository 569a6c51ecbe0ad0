package acceptance

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// loadOrders is how many requests each client of the load test sends. The full
// run of the README sets BACKSTOP_LOAD.
func loadOrders(t *testing.T) int {
	n := 500
	if testing.Short() {
		n = 150
	}
	if v := os.Getenv("BACKSTOP_LOAD"); v != "" {
		var err error
		if n, err = strconv.Atoi(v); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// loadVenue plays the price file that BACKSTOP_FEED names, if it does. Its sessions
// have no limit of orders a second: the clients send as fast as answers come, and
// what is throttled would say nothing about orders.
func loadVenue() (v Venue, symbol string, tick, lot decimal.Decimal) {
	if f := os.Getenv("BACKSTOP_FEED"); f != "" {
		v = Venue{Feed: f, Speed: "20"}
	}
	return v, "BTC-PERP", decimal.RequireFromString("0.5"), decimal.RequireFromString("0.001")
}

// lastingVenue writes the configuration of a venue that is started more than
// once, and returns the arguments that start it and its data directory.
func lastingVenue(t testing.TB, v Venue) (args []string, dir string) {
	t.Helper()
	home := t.TempDir()
	file := filepath.Join(home, "gateway.toml")
	if err := os.WriteFile(file, []byte(v.TOML()), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"run", "--config", file}, filepath.Join(home, "data")
}

// TestLoadAndBooks is a day in short: the raw client and the C++ client send
// every type of order, good and bad; each request gets one answer; the books add
// up to the unit before and after a restart.
func TestLoadAndBooks(t *testing.T) {
	n := loadOrders(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	venue, symbol, tick, lot := loadVenue()
	args, dir := lastingVenue(t, venue)
	g := startGateway(t, args...)

	cpp := make(chan string, 1)
	binary := cppClient(t)
	if binary != "" {
		go func() { cpp <- runCPP(ctx, t, binary, g.FIX, symbol, tick, lot, n, 1) }()
	}
	raw := trade(ctx, t, g.FIX, "DEMO1", symbol, tick, lot, n, 1)
	t.Logf("raw client: %+v", raw)
	if binary != "" {
		t.Logf("C++ client: %s", <-cpp)
	}
	if raw.Held == 0 || raw.HeldTooLate == 0 {
		t.Error("no order was held, or none taken back while it was: the run says nothing about last look")
	}
	verify(ctx, t, g, dir)

	// Again, on the same data.
	g = startGateway(t, args...)
	again := trade(ctx, t, g.FIX, "DEMO1", symbol, tick, lot, n/5, 2)
	t.Logf("after the restart: %d requests, %d fills", again.Requests, again.Fills)
	verify(ctx, t, g, dir)
}

// trade runs a raw Trader and fails the test for every promise that was broken.
func trade(ctx context.Context, t *testing.T, addr, who, symbol string, tick, lot decimal.Decimal, n int, seed uint64) Report {
	t.Helper()
	c := NewClient(who, "BACKSTOP", who, "demo")
	if _, err := c.Logon(ctx, addr, "141=Y"); err != nil {
		t.Fatal(err)
	}
	trader := &Trader{Client: c, Symbol: symbol, Tick: tick, Lot: lot, Tag: who + "-" + strconv.FormatUint(seed, 10)}
	if os.Getenv("BACKSTOP_FEED") != "" {
		trader.PerTick = perTick // So that the run lasts as long as the file does.
	}
	report, err := trader.Run(ctx, n, seed)
	for _, f := range report.Failures {
		t.Error(f)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Logout(ctx); err != nil {
		t.Error(err)
	}
	if report.Fills == 0 {
		t.Error("nothing filled: the run says nothing about fills")
	}
	return report
}

// perTick makes 5,000 requests outlast the 33 s of a ten-minute file at speed 20.
const perTick = 1

// verify stops the gateway and has its books checked.
func verify(ctx context.Context, t *testing.T, g *Gateway, dir string) {
	t.Helper()
	if code, err := g.Stop(); err != nil || code != 0 {
		t.Fatalf("gateway ended with %d, %v", code, err)
	}
	verified(ctx, t, dir)
}

// verified has the books of a gateway that has ended checked from its journal.
func verified(ctx context.Context, t *testing.T, dir string) {
	t.Helper()
	for _, what := range []string{"ledger", "journal"} {
		out, talk, code, err := Run(ctx, what, "verify", "--data-dir", dir)
		if err != nil || code != 0 {
			t.Fatalf("%s verify: exit %d, %v\n%s%s", what, code, err, out, talk)
		}
		t.Logf("%s verify: %s", what, strings.TrimSpace(out))
	}
}

// cppClient builds the client on the C++ engine; see cppBinary.
func cppClient(t *testing.T) string {
	t.Helper()
	return cppBinary(t, "client")
}

// cppBuilt are the programs of cpp/ that were built in this run, by name.
var cppBuilt = struct {
	sync.Mutex
	dir  string // removed by TestMain
	bins map[string]string
}{bins: map[string]string{}}

// cppBinary builds a program of cpp/ once, or skips it with a reason if Debian's
// libquickfix is not there; where BACKSTOP_REQUIRE is set it must be.
func cppBinary(t *testing.T, name string) string {
	t.Helper()
	if _, err := os.Stat("/usr/include/quickfix/Session.h"); err != nil {
		if os.Getenv("BACKSTOP_REQUIRE") != "" {
			t.Fatal("libquickfix-dev is not installed")
		}
		t.Log("without the C++ " + name + ": libquickfix-dev is not installed")
		return ""
	}
	cppBuilt.Lock()
	defer cppBuilt.Unlock()
	if bin := cppBuilt.bins[name]; bin != "" {
		return bin
	}
	if cppBuilt.dir == "" {
		dir, err := os.MkdirTemp(scratch, "cpp-*")
		if err != nil {
			t.Fatal(err)
		}
		cppBuilt.dir = dir
	}
	bin := filepath.Join(cppBuilt.dir, name)
	out, err := exec.Command("g++", "-std=c++14", "-O1", "-Wno-deprecated", "-o", bin, "cpp/"+name+".cpp", "-lquickfix", "-lpthread").CombinedOutput()
	if err != nil {
		t.Fatalf("g++: %v\n%s", err, out)
	}
	cppBuilt.bins[name] = bin
	return bin
}

// runCPP runs the C++ client and returns its report.
func runCPP(ctx context.Context, t *testing.T, bin, addr, symbol string, tick, lot decimal.Decimal, n, seed int) string {
	folder, err := stockFolder()
	if err != nil {
		t.Error(err) // This may be another goroutine than the test's.
		return ""
	}
	host, port, _ := strings.Cut(addr, ":")
	cmd := exec.CommandContext(ctx, bin, host, port, "DEMO2", "BACKSTOP", "DEMO2", "demo",
		filepath.Join(folder, "FIX44.xml"), symbol, tick.String(), lot.String(),
		strconv.Itoa(n), strconv.Itoa(seed), t.TempDir())
	var talk strings.Builder
	cmd.Stderr = &talk
	out, err := cmd.Output()
	var report struct {
		Fills    int
		Failures []string
	}
	if jerr := json.Unmarshal(out, &report); err != nil || jerr != nil || len(report.Failures) > 0 || report.Fills == 0 {
		t.Errorf("C++ client: %v %v\n%s%s", err, jerr, out, talk.String())
	}
	return strings.TrimSpace(string(out))
}
