package fix

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"backstop/perp"
)

// TestRefusalsAreAddedUp: what is alike within a span is one row; rows are few
// whatever comes, and nothing goes uncounted.
func TestRefusalsAreAddedUp(t *testing.T) {
	start := time.Unix(1000, 0)
	r := newRefusals(time.Minute)
	if got := r.due(start, true); got != nil {
		t.Errorf("rows of nothing: %v", got)
	}
	for i := range 1000 {
		r.note(refusalKey{"192.0.2.1", "ALICE", wrongCredentials}, start.Add(time.Duration(i)*time.Millisecond))
	}
	if got := r.due(start.Add(time.Minute-1), false); got != nil {
		t.Errorf("rows before the span is over: %v", got)
	}
	got := r.due(start.Add(time.Minute), false)
	if len(got) != 1 || got[0].Count != 1000 || got[0].Session != "ALICE" || got[0].Addr != "192.0.2.1" || got[0].Reason != wrongCredentials ||
		got[0].By != guardName || got[0].First != perp.Time(start.UnixNano()) || got[0].Last-got[0].First != 999*perp.Millisecond {
		t.Errorf("%+v", got)
	}
	for i := range 5000 { // as many names, addresses and reasons as a stranger can think of
		r.note(refusalKey{fmt.Sprint("a", i%70), fmt.Sprint("c", i), fmt.Sprint("r", i%3)}, start)
	}
	keys := map[string]bool{got[0].Key: true}
	got, sum := r.due(start, true), int64(0)
	for _, row := range got {
		sum += row.Count
		keys[row.Key] = true
	}
	if len(got) != refusalRowsMax+1 || sum != 5000 || len(keys) != len(got)+1 {
		t.Errorf("%d rows of %d keys for %d refusals", len(got), len(keys), sum)
	}
	if last := got[len(got)-1]; last.Reason != otherRefusals || last.Session != "" || last.Addr != "" {
		t.Errorf("the row of the others: %+v", last)
	}
	r.note(refusalKey{"x", "", "r"}, start)
	if got := r.due(start.Add(-time.Hour), false); len(got) != 1 {
		t.Errorf("a clock that was put back keeps rows back: %v", got)
	}
}

// TestRefusalsWaitForRoom: a full inbox loses no count, and what waits is bounded.
func TestRefusalsWaitForRoom(t *testing.T) {
	start := time.Unix(1000, 0)
	r := newRefusals(time.Minute)
	total := int64(0)
	for round := range 5 {
		for i := range 20 {
			r.note(refusalKey{"a", fmt.Sprint(round, "/", i), "r"}, start)
			total++
		}
		for _, row := range r.due(start, true) {
			r.putBack(row)
		}
		if len(r.rows) > refusalRowsMax+1 || len(r.keys) != len(r.rows) {
			t.Fatalf("%d rows wait under %d keys", len(r.rows), len(r.keys))
		}
	}
	for _, row := range r.due(start.Add(time.Minute), false) {
		total -= row.Count
	}
	if total != 0 {
		t.Errorf("%d refusals are lost", total)
	}
}

// TestRefusedLogonsAreInTheAudit: C5, C6. Tries cost no command each; after them
// a few rows say who (a name that is no client's is not kept), from where, how often and why, and when it was locked out.
func TestRefusedLogonsAreInTheAudit(t *testing.T) {
	t.Parallel()
	k := newDisk()
	w := newWorldOn(t, k, func(c *Config) {
		c.Limits.PerAddress = 1000 // The former connection of a try may still be ending.
		c.Sessions[1].AllowIPs = []string{"192.0.2.0/24"}
	})
	const tries = 40
	for i := range tries {
		for _, name := range []string{"ALICE", "BOB", "EVE\x1b[31m" + strings.Repeat("e", 200)} {
			p := w.dialFrom("127.0.0.2", name)
			p.send("A", fmt.Sprintf("98=0|108=30|553=x|554=guess%d|", i))
			p.expect("35=5", "34=0")
			p.conn.Close()
		}
	}
	if n := len(k.refused()); n != 0 {
		t.Errorf("%d commands although no span is over", n)
	}
	in, out := w.door.byComp["ALICE"].numbers.next()
	w.stop()
	counts := map[string]int64{}
	for _, row := range k.refused() {
		if row.Addr != "127.0.0.2" || strings.Contains(row.Session, "EVE") {
			t.Errorf("%+v", row)
		}
		counts[row.Session+" "+row.Reason] += row.Count
	}
	want := map[string]int64{
		"ALICE " + wrongCredentials: 5, "ALICE " + lockedNow: 1, "ALICE " + lockedOut: tries - 5,
		"BOB " + addressRefused: tries, " " + unknownCompID: tries,
	}
	if fmt.Sprint(counts) != fmt.Sprint(want) {
		t.Errorf("rows %v, want %v", counts, want)
	}
	if in != 1 || out != 1 {
		t.Errorf("next numbers in %d out %d, want 1 and 1", in, out)
	}
}

// refused are the rows of the guard that were committed.
func (k *disk) refused() (all []perp.LogonsRefused) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range k.entries {
		if c, ok := e.Command.(perp.LogonsRefused); ok && e.Source == sourceGuard {
			all = append(all, c)
		}
	}
	return all
}
