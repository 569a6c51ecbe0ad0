package quoting

import (
	"fmt"
	"slices"
	"testing"
)

// TestRecordsOfManyFirms: the records of a session are those of it and its firms,
// in order, however many they are, also after others were made and after the
// session got other firms.
func TestRecordsOfManyFirms(t *testing.T) {
	m := New(btc, DefaultParams())
	lists := [][]string{nil, {"a"}, {"a", "b", "c"}, {"a", "b", "c", "d"}, {"d", "c", "b", "a"}, {"e", "f", "g", "h", "i"}}
	for round := range 50 {
		for k, firms := range lists {
			session := fmt.Sprint("s", k%2) // so that lists follow each other
			want := []string{session}
			have := []string{}
			for _, c := range m.records(session, firms) {
				have = append(have, c.Key)
				c.Fills++
			}
			if want = append(want, firms...); !slices.Equal(have, want) {
				t.Fatalf("round %d: records of %v, want %v", round, have, want)
			}
			m.Sessions.find(fmt.Sprint("new", round, k)) // moves all of them
			m.Firms.find(fmt.Sprint("new", round, k))
		}
	}
	if n := m.Firms.of("a").Fills; n != 4*50 {
		t.Errorf("a was met %d times", n)
	}
	if len(m.groups) > 2 {
		t.Errorf("%d groups of two sessions", len(m.groups))
	}
}
