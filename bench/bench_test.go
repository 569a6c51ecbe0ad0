package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"math"
	"net"
	"strings"
	"testing"
	"time"
)

func TestQuantiles(t *testing.T) {
	var h histogram
	if h.quantile(.5) != 0 {
		t.Error("a median of nothing")
	}
	for i := 1; i <= 1000; i++ {
		h.add(time.Duration(i) * time.Microsecond)
	}
	for q, want := range map[float64]float64{.5: 500, .99: 990, 1: 1000} {
		if got := h.quantile(q); got < want || got > want*bucketGrowth {
			t.Errorf("quantile %g is %g, want %g or up to 2 %% more", q, got, want)
		}
	}
	var more histogram
	more.add(24 * time.Hour) // longer than any bucket
	more.add(-time.Second)   // a clock that stepped back
	more.merge(&h)
	if more.n != 1002 || more.quantile(1) < 1e9 || more.quantile(0.0005) > 1 {
		t.Errorf("%d counted, longest %g", more.n, more.quantile(1))
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		of   []float64
		want float64
	}{{nil, 0}, {[]float64{7}, 7}, {[]float64{9, 1}, 1}, {[]float64{5, 900, 1}, 5}} {
		if got := median(c.of); got != c.want {
			t.Errorf("median of %v is %g, want %g", c.of, got, c.want)
		}
	}
}

func TestTargets(t *testing.T) {
	for _, c := range []struct {
		r      Result
		met    bool
		target string
	}{
		{measured("P1", "x", 60, "µs").against("peer", 100).atMost(.6), true, "≤ 0.6 ×"},
		{measured("P1", "x", 61, "µs").against("peer", 100).atMost(.6), false, "≤ 0.6 ×"},
		{measured("P2", "x", 250, "1/s").against("peer", 10).atLeast(25), true, "≥ 25 ×"},
		{measured("P2", "x", 249, "1/s").against("peer", 10).atLeast(25), false, "≥ 25 ×"},
		{measured("P4", "x", 0, "allocs").atMost(0), true, "≤ 0 allocs"},
		{measured("P4", "x", .5, "allocs").atMost(0), false, "≤ 0 allocs"},
		{measured("P3", "x", 80, "µs").atMost(90).against("peer", 800), true, "≤ 90 µs"},
	} {
		if *c.r.Met != c.met || c.r.Target != c.target {
			t.Errorf("%v: met %v, target %q; want %v, %q", *c.r.Value, *c.r.Met, c.r.Target, c.met, c.target)
		}
	}
	if got := *measured("P1", "x", 1, "µs").against("peer that did nothing", 0).Ratio; math.IsInf(got, 0) || math.IsNaN(got) {
		t.Errorf("ratio %g does not fit into JSON", got)
	}
}

// TestUnmeasuredHasNoNumber: what others read has null where nothing was measured,
// never a zero.
func TestUnmeasuredHasNoNumber(t *testing.T) {
	all := []Result{measured("P1", "order", 2, "µs").against("peer", 4).atMost(.6), unmeasured("P2", "many", "no compiler\nand more")}
	text, err := JSON(ThisMachine(), true, all)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Machine map[string]any
		Results []map[string]any
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if got.Machine["go"] == "" || len(got.Results) != 2 {
		t.Fatalf("%s", text)
	}
	one, two := got.Results[0], got.Results[1]
	if one["id"] != "P1" || one["value"] != 2. || one["peer"] != 4. || one["ratio"] != .5 || one["unit"] != "µs" || one["met"] != true {
		t.Errorf("%v", one)
	}
	for _, key := range []string{"value", "peer", "ratio"} {
		if v, there := two[key]; !there || v != nil {
			t.Errorf("%s is %v, want null", key, v)
		}
	}
	table := Table(ThisMachine(), false, all)
	for _, want := range []string{"0.50 ×", "met", "1) not measured: no compiler\n", "Only ratios carry over"} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
	if empty, err := JSON(ThisMachine(), true, nil); err != nil || !strings.Contains(empty, `"results": []`) {
		t.Errorf("%v %s", err, empty)
	}
}

func TestUnknownRow(t *testing.T) {
	_, err := Measure(t.Context(), Options{Only: []string{"P1", "P10"}, Progress: func(string) {}})
	if want := UnknownID("P10"); !errors.Is(err, want) || !strings.Contains(err.Error(), "P1, P2") {
		t.Errorf("got %v", err)
	}
}

func TestProcessTime(t *testing.T) {
	const stat = "7 (odd ) name) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0"
	if got, err := cpuFrom(stat); err != nil || got != 2*time.Second {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "7 (x) S 1", "7 (x) S 1 2 3 4 5 6 7 8 9 10 many 50"} {
		if _, err := cpuFrom(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestOnlyOwnFillsCount: a report that a server says again after a reset, refusals
// and heartbeats are not counted as fills.
func TestOnlyOwnFillsCount(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	mine, server := newPiped(near), newPiped(far)
	done := make(chan error, 1)
	go func() {
		done <- func() error {
			m, err := server.next()
			if err != nil {
				return err
			}
			id := value(m, "11")
			for _, said := range [][2]string{{"8", "11=earlier|150=F|"}, {"0", "112=x|"}, {"8", "11=" + id + "|150=0|"}, {"8", "11=" + id + "|150=F|"}} {
				if err := server.send(said[0], said[1]); err != nil {
					return err
				}
			}
			return nil
		}()
	}()
	var got taken
	if err := mine.trade(&got, 1, "t-", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got.fills != 1 || got.took.n != 1 || got.refused != 0 || got.took.quantile(1) > 60e6 {
		t.Errorf("%d fills, %d times, %d refused", got.fills, got.took.n, got.refused)
	}
}

// TestHostileServer: an answer that is no FIX ends the round with an error.
func TestHostileServer(t *testing.T) {
	for _, text := range []string{"8=FIX.4.4\x019=99999999\x01", "8=FIX.4.4\x019=-1\x01", "HTTP\x01x\x01"} {
		near, far := net.Pipe()
		go func() { _, _ = far.Write([]byte(text)); far.Close() }()
		if m, err := newPiped(near).next(); err == nil {
			t.Errorf("%q was read as %q", text, m)
		}
		near.Close()
	}
}

// TestNothingIsLeft: a child ends with the context, and one that ends at once is an
// error with its last words.
func TestNothingIsLeft(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := launch(ctx, "sleeper", t.TempDir(), l.Addr().String(), nil, "sleep", "600")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	select {
	case <-s.done:
	case <-time.After(endMax):
		t.Fatal("the child outlived its context")
	}
	s.stop() // Of what has ended already: returns.
	_, err = launch(t.Context(), "talker", t.TempDir(), "127.0.0.1:1", nil, "sh", "-c", "echo last words; exit 3")
	if err == nil || !strings.Contains(err.Error(), "last words") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("got %v", err)
	}
}

func TestPeerRefusesNonsense(t *testing.T) {
	for _, said := range []string{"", "file", "file 127.0.0.1:0 many /", "nonsense 127.0.0.1:0 1 " + t.TempDir()} {
		if err := RunPeer(t.Context(), said); err == nil {
			t.Errorf("%q became a peer", said)
		}
	}
}

// newPiped is a client on a connection that is there already.
func newPiped(conn net.Conn) *client {
	return &client{conn: conn, r: bufio.NewReader(conn), id: sessionID(0), seq: 1}
}
