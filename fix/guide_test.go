package fix

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// TestOverheard: what goes over the wire is shown in its order, what leaves before
// it leaves, without a secret; what is told comes as News, which is not said again,
// and to nobody who is away.
func TestOverheard(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var heard []string
	w := newWorld(t, func(c *Config) {
		c.Overhear = func(session string, _ time.Time, message []byte) {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, session+" "+strings.ReplaceAll(string(message), "\x01", "|"))
		}
	})
	if w.door.Tell("ALICE", "OPEN C01", []string{"OPEN C01"}, time.Now()) {
		t.Error("somebody who is away was told")
	}
	if w.door.Tell("NOBODY", "OPEN C01", []string{"OPEN C01"}, time.Now()) {
		t.Error("nobody was told")
	}
	p := w.login("ALICE")
	w.until("logged on", w.door.byComp["ALICE"].up.Load)
	many := make([]string, GuideLines+1)
	for i := range many {
		many[i] = "PASSED C01 " + strings.Repeat("x", guideText)
	}
	if !w.door.Tell("ALICE", "PASSED C01", many, time.Now()) {
		t.Fatal("not told")
	}
	news := p.expect("35=B", "34=2", "148=CERTIFICATION PASSED C01", "33=40")
	if lines := strings.Split(news, "58=PASSED C01 "); len(lines) != GuideLines+1 || len("PASSED C01 "+strings.Trim(lines[1], "|\x01")) != guideText {
		t.Errorf("%d lines, the first is %q", len(lines)-1, lines[1])
	}
	p.send("1", "112=HERE|")
	p.expect("35=0", "112=HERE")
	p.send("2", "7=2|16=0|")
	p.expect("35=4", "43=Y", "34=2", "36=4")
	mu.Lock()
	defer mu.Unlock()
	want := []string{"|35=A|", "|35=A|", "|35=B|", "|35=1|", "|35=0|", "|35=2|", "|35=4|"}
	if len(heard) != len(want) {
		t.Fatalf("heard %d messages, want %d: %q", len(heard), len(want), heard)
	}
	for i, h := range heard {
		if !strings.HasPrefix(h, "ALICE 8=FIX.4.4|") || !strings.Contains(h, want[i]) || strings.Contains(h, "554=demo") {
			t.Errorf("message %d: %q, want %s", i, h, want[i])
		}
	}
}
