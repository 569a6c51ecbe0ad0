package store

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"backstop/perp"
)

// TestTalk: commands of clients and messages to them come newest first, between two
// times, and none is left out or told twice at the end of a page.
func TestTalk(t *testing.T) {
	s, w := open(t, t.TempDir()), newWorld(3)
	for range 5 {
		b := w.batch(slice/2 + 3)
		b.Time = b.Entries[len(b.Entries)-1].Time
		commit(t, s, b)
	}
	n := w.seq
	collect := func(since, before perp.Time, kinds ...string) (commands, messages int64, reach Talk) {
		t.Helper()
		last := before
		reach, err := s.Talk(t.Context(), since, before, kinds, func(d Told) error {
			if d.Time > last || d.Time < since || d.Time >= before {
				t.Errorf("%d of %q comes after %d", d.Time, d.Kind, last)
			}
			if last = d.Time; d.Kind == "" {
				messages++
				if d.Session != "CLIENT" || string(d.Message.Bytes) != fmt.Sprintf("35=8|34=%d|37=O-%d", d.Message.Seq, d.Message.Seq) {
					t.Errorf("message %+v", d)
				}
			} else if commands++; d.ID*1000 != int64(d.Time) || string(d.Payload) != fmt.Sprintf(`{"ClOrdID":"c%d"}`, d.ID) {
				t.Errorf("command %+v", d)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return commands, messages, reach
	}
	end := perp.Time(n*1000 + 1)
	if c, m, reach := collect(0, end, "PlaceOrder"); c != n || m != n || reach != (Talk{Since: 0}) {
		t.Errorf("%d commands and %d messages of %d, %+v", c, m, n, reach)
	}
	if c, m, reach := collect(0, end, "ClockTick"); c != 0 || m != n || reach.Cut {
		t.Errorf("no such kind: %d commands and %d messages, %+v", c, m, reach)
	}
	if c, m, _ := collect(perp.Time(10_000), perp.Time(20_000), "PlaceOrder"); c != 10 || m != 0 {
		t.Errorf("ten commands of the first batch: %d, and %d messages", c, m)
	}
	if c, m, _ := collect(end, end+1, "PlaceOrder"); c+m != 0 {
		t.Errorf("after the end: %d", c+m)
	}
	if taken := inPages(t, s, end); taken != n {
		t.Errorf("%d commands in pages, there are %d", taken, n)
	}
	broken := errors.New("broken")
	if _, err := s.Talk(t.Context(), 0, end, nil, func(Told) error { return broken }); err != broken {
		t.Errorf("the error of the reader: %v", err)
	}
}

// inPages counts the commands of a talk that is had seven of them at a time.
func inPages(t *testing.T, s *Store, end perp.Time) (taken int64) {
	t.Helper()
	for before := end; ; {
		count := int64(0)
		reach, err := s.Talk(t.Context(), 0, before, []string{"PlaceOrder"}, func(d Told) error {
			if d.Kind == "" {
				return nil
			}
			if count == 7 {
				return ErrEnough
			}
			count++
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if taken += count; count == 0 {
			break
		}
		before = reach.Since
	}
	return taken
}

// TestTalkHasLimits: what may be looked at is bounded in rows and in time, and where
// the look has ended is where the next one begins.
func TestTalkHasLimits(t *testing.T) {
	s := open(t, t.TempDir())
	s.taken = 2*talkSlice + 7
	var n int64
	for n < 5*s.taken { // Prices and clocks, with one order far back.
		b := perp.Batch{}
		for range 2_000 {
			n++
			e := perp.Entry{Seq: n, Time: perp.Time(n), Source: "clock", Kind: "ClockTick", Payload: []byte("{}")}
			if n == 3 {
				e.Kind = "PlaceOrder"
			}
			b.Entries = append(b.Entries, e)
		}
		commit(t, s, b)
	}
	found := 0
	see := func(d Told) error { found++; return nil }
	reach, err := s.Talk(t.Context(), 0, perp.Time(n+1), []string{"PlaceOrder"}, see)
	if err != nil || found != 0 || !reach.Cut || reach.Since <= 3 || int64(reach.Since) < n-s.taken {
		t.Errorf("%d found, %+v, %v", found, reach, err)
	}
	for looks := 0; reach.Cut && looks < 100; looks++ {
		if reach, err = s.Talk(t.Context(), 0, reach.Since, []string{"PlaceOrder"}, see); err != nil {
			t.Fatal(err)
		}
	}
	if found != 1 || reach.Cut || reach.Since != 0 {
		t.Errorf("the order is found %d times, %+v", found, reach)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if reach, err := s.Talk(over, 0, perp.Time(n+1), []string{"PlaceOrder"}, see); err != nil || !reach.Cut || reach.Since != perp.Time(n+1) || found != 1 {
		t.Errorf("no time left: %+v, %v", reach, err)
	}
}

// TestTalkKeepsMoments: a limit that ends in the middle of a moment loses nothing of it,
// and one that is more than a look is passed.
func TestTalkKeepsMoments(t *testing.T) {
	for _, c := range []struct{ moment, least int64 }{{10, 5 * talkSlice}, {2 * talkSlice, 1}} {
		s := open(t, t.TempDir())
		s.taken = talkSlice + 7
		for n := int64(0); n < 5*talkSlice; {
			b := perp.Batch{}
			for range talkSlice {
				n++
				b.Entries = append(b.Entries, perp.Entry{Seq: n, Time: perp.Time((n-1)/c.moment + 1), Source: "fix", Kind: "PlaceOrder", Payload: []byte("{}")})
			}
			commit(t, s, b)
		}
		found := map[int64]bool{}
		reach := Talk{Since: perp.Time(5*talkSlice/c.moment + 2), Cut: true}
		for reach.Cut {
			before := reach.Since
			var err error
			if reach, err = s.Talk(t.Context(), 0, before, []string{"PlaceOrder"}, func(d Told) error { found[d.ID] = true; return nil }); err != nil {
				t.Fatal(err)
			}
			if reach.Since >= before {
				t.Fatalf("%d in a moment: a look before %d ends at %d", c.moment, before, reach.Since)
			}
		}
		if n := int64(len(found)); n < c.least || reach.Since != 0 {
			t.Errorf("%d in a moment: %d commands were found, %+v", c.moment, n, reach)
		}
	}
}

// TestOrdersNamed: an order is found by each of its names.
func TestOrdersNamed(t *testing.T) {
	s, w := open(t, t.TempDir()), newWorld(5)
	commit(t, s, w.batch(3))
	for id, want := range map[string]string{"O-2": "O-2", "c2": "O-2", "E-3": "O-2", "E-6": "O-3", "": "", "c9": ""} {
		all, err := s.OrdersNamed(id, accounts)
		if err != nil || want == "" && len(all) != 0 || want != "" && (len(all) != 1 || all[0].OrderID != want) {
			t.Errorf("%q: %+v (%v), want %q", id, all, err, want)
		}
	}
	if all, err := s.OrdersNamed("c2", nil); err != nil || len(all) != 0 {
		t.Errorf("without accounts: %+v (%v)", all, err)
	}
}
