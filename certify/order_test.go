package certify

import (
	"slices"
	"strings"
	"testing"
)

// TestInOrder: what comes beyond a gap is seen after what fills it, or after a while;
// nothing is lost, and without a gap nothing moves.
func TestInOrder(t *testing.T) {
	for name, c := range map[string]struct{ day, want string }{
		"no gap":      {"c A|141=Y\ng A|141=Y\ng 8|17=E1\ng 8|17=E2", "A A E1 E2"},
		"filled":      {"c A|141=Y\ng A|141=Y\n~ 8|\ng 8|17=E2\nc 2|7=2|16=2\ng 8|n=2|43=Y|17=E1\ng 8|17=E3", "A A 2 E1 E2 E3"},
		"fill by 4":   {"c A|141=Y\ng A|141=Y\n~ 8|\ng 8|17=E2\nc 2|7=2|16=0\ng 4|n=2|43=Y|36=3\ng 8|17=E3", "A A 2 4 E2 E3"},
		"never":       {"c A|141=Y\ng A|141=Y\n~ 8|\ng 8|17=E2\ng 8|17=E3", "A A E2 E3"},
		"too late":    {"c A|141=Y\ng A|141=Y\n~ 8|\ng 8|17=E2\n6000\ng 8|17=E3\ng 8|n=2|43=Y|17=E1", "A A E2 E3 E1"},
		"a new Logon": {"c A|141=Y\ng A|141=Y\n~ 8|\ng 8|17=E2\nc A|141=Y\ng A|141=Y\ng 8|17=E3", "A A E2 A A E3"},
		"at a Logon":  {"c A|141=Y\ng A|141=Y\n~ 8|\nc A|\ng A|\nc 2|7=2|16=2\ng 8|17=E3\ng 8|n=2|43=Y|17=E1\ng 4|n=3|43=Y|36=4", "A A A A 2 E1 4 E3"},
		"a duplicate": {"c A|141=Y\ng A|141=Y\ng 8|17=E1\ng 8|n=2|43=Y|17=E1\ng 8|17=E2", "A A E1 E1 E2"},
	} {
		l, err := ReadLog(strings.NewReader(strings.ReplaceAll(written(t, strings.ReplaceAll(c.day, "A|", "A|98=0|108=30|")), "||", "|")), Unsaid, "", "")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		seen := map[*Entry]bool{}
		for _, e := range l.inOrder() {
			if seen[e] {
				t.Errorf("%s: line %d twice", name, e.Line)
			}
			seen[e] = true
			if id := e.get(17); id != "" {
				got = append(got, id)
			} else {
				got = append(got, e.Kind)
			}
		}
		if !slices.Equal(got, strings.Fields(c.want)) || len(seen) != len(l.Entries) {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}
