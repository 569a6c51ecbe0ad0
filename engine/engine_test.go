package engine

import (
	"strings"
	"testing"

	"backstop/perp"
)

// opened returns a script whose market is open with two funded accounts.
func opened(t *testing.T) *script {
	s := newScript(t)
	for _, line := range []string{
		"market BTC-PERP", "account alice", "account bob", "deposit maker 1000000 m BTC-PERP", "deposit alice 100000 a",
		"deposit bob 100000 b", "tick BTC-PERP 60000", "tick BTC-PERP 60000", "tick BTC-PERP 60000", "wait 600", "tick BTC-PERP 60000",
	} {
		s.run(line)
	}
	if state, _ := s.e.markets["BTC-PERP"].Quoting.State(); state != perp.Open {
		t.Fatalf("market is %s", state)
	}
	return s
}

// play is a day in short: deals, rests, replaces, cancels, jumps.
var play = []string{
	"order alice a1 side=buy size=0.2", "order bob b1 side=sell size=0.1 type=limit price=60300 tif=gtc", "quote alice r1 size=0.1",
	"order alice a2 side=sell size=0.1 type=quoted tif=fok quote=rfq", "tick BTC-PERP 60400", "order bob b2 side=buy size=5 type=limit price=60100 tif=gtc",
	"replace bob b3 of=b2 side=buy size=4 type=limit price=60200", "tick BTC-PERP 59000", "cancel bob b4 of=b3 side=buy", "wait 700",
	"order alice a3 side=sell size=0.3 type=limit price=58000 tif=ioc", "tick BTC-PERP 59100", "positions alice p1", "status bob b3",
}

func TestReplayGivesSameHash(t *testing.T) {
	s := opened(t)
	for _, line := range play {
		s.run(line)
	}
	twin := New()
	// The twin gets everything through the journal's encoding.
	for _, e := range s.journal {
		c, err := Decode(e.Kind, e.Payload)
		if err != nil {
			t.Fatal(err)
		}
		twin.Apply(c, e.Seq, e.Time)
	}
	if twin.StateHash() != s.e.StateHash() {
		t.Errorf("state after replay differs:\n%s\n%s", twin.Snapshot(), s.e.Snapshot())
	}
}

func TestRestoreGoesOnAlike(t *testing.T) {
	s := opened(t)
	for _, line := range play[:7] {
		s.run(line)
	}
	other, err := Restore(s.e.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	if other.StateHash() != s.e.StateHash() {
		t.Fatal("restored state differs")
	}
	before := len(s.journal)
	for _, line := range play[7:] {
		s.run(line)
	}
	for _, e := range s.journal[before:] {
		other.Apply(e.Command, e.Seq, e.Time)
	}
	if other.StateHash() != s.e.StateHash() {
		t.Error("restored engine went another way")
	}
}

func TestRestoreRefuses(t *testing.T) {
	for _, text := range []string{"", "{}", `{"Seq":1}`, `{"Nonsense":1}`, "[]"} {
		if _, err := Restore([]byte(text)); err == nil {
			t.Errorf("%q was taken for a snapshot", text)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range [][2]string{{"Nonsense", "{}"}, {"PlaceOrder", "["}, {"OracleTick", `{"Price":"x"}`}} {
		if _, err := Decode(c[0], []byte(c[1])); err == nil {
			t.Errorf("%s %s was taken for a command", c[0], c[1])
		}
	}
}

// TestTicksComeFirst: a tick that waits together with an order is applied
// before it, whatever their order of arrival (I4).
func TestTicksComeFirst(t *testing.T) {
	s := opened(t)
	order := s.command([]string{"order", "alice", "a1", "side=buy", "size=0.1"})
	tick := s.command([]string{"tick", "BTC-PERP", "60600"})
	entries := s.s.Step([]perp.Input{{Command: order}, {Command: tick}}, s.now)
	if entries[0].Kind != "OracleTick" || entries[1].Kind != "PlaceOrder" {
		t.Fatalf("order of entries: %s, %s", entries[0].Kind, entries[1].Kind)
	}
	for _, ev := range entries[1].Events {
		if f, ok := ev.(perp.Filled); ok && f.Price > 60600*perp.PriceOne {
			return
		}
	}
	t.Errorf("the order did not deal at the new price: %v", entries[1].Events)
}

// TestClockHeldBack: a clock that steps back does not take time with it.
func TestClockHeldBack(t *testing.T) {
	s := opened(t)
	last := s.e.state.Now
	e := s.s.Step([]perp.Input{{Command: perp.ClockTick{}}}, last-perp.Second)
	if e[0].Time != last {
		t.Errorf("stamped %d, want %d", e[0].Time, last)
	}
}

// TestForeignAccount: nobody trades for, spends ids of, or sees the orders of an
// account that its session may not use.
func TestForeignAccount(t *testing.T) {
	s := opened(t)
	s.run("order alice a1 side=buy size=0.1 type=limit price=59000 tif=gtc")
	for _, c := range [][2]string{
		{"order bob x1 side=buy size=0.1 account=alice", "ACCOUNT_NOT_PERMITTED"},
		{"order bob a1 side=buy size=0.1 account=alice", "ACCOUNT_NOT_PERMITTED"},
		{"order bob x2 side=buy size=0.1 account=ghost", "UNKNOWN_ACCOUNT"},
		{"cancel bob x3 of=a1 side=buy", "UNKNOWN_ORDER"},
		{"status bob a1 side=buy", "UNKNOWN_ORDER"},
	} {
		if got := s.run(c[0]); !strings.Contains(got, c[1]) {
			t.Errorf("%s: want %s, got %s", c[0], c[1], got)
		}
	}
	if got := s.run("order alice x1 side=buy size=0.1"); !strings.Contains(got, "accepted x1") {
		t.Errorf("bob spent alice's id: %s", got)
	}
}

// TestRestateTellsAll: what a door learns at start is what it would have seen.
func TestRestateTellsAll(t *testing.T) {
	s := opened(t)
	for _, line := range play {
		s.run(line)
	}
	kinds := map[string]int{}
	var sum perp.Money
	for _, ev := range s.e.Restate() {
		kinds[ev.Kind()]++
		if b, ok := ev.(perp.BalanceStated); ok {
			sum += b.Balance
		}
	}
	for _, k := range []string{"MarketListed", "StateChanged", "QuoteChanged", "AccountOpened", "PositionChanged", "BalanceStated"} {
		if kinds[k] == 0 {
			t.Errorf("no %s among %v", k, kinds)
		}
	}
	if sum != 0 {
		t.Errorf("stated balances sum to %s", sum)
	}
}
