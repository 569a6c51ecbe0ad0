package engine

import (
	"os"
	"testing"

	"backstop/perp"
)

// TestRestatedGradesAreThoseTold: a door that starts later learns what decided about
// a session, and when, as if it had been there.
func TestRestatedGradesAreThoseTold(t *testing.T) {
	src, err := os.ReadFile("testdata/lastlook.txt")
	if err != nil {
		t.Fatal(err)
	}
	s := newScript(t)
	s.run(string(src))
	told := map[string]perp.ClientGraded{}
	for _, entry := range s.journal {
		for _, ev := range entry.Events {
			if g, ok := ev.(perp.ClientGraded); ok {
				told[g.Session+g.Symbol] = g
			}
		}
	}
	restated := 0
	for _, ev := range must(Restore(s.e.Snapshot())).Restate() {
		g, ok := ev.(perp.ClientGraded)
		if !ok {
			continue
		}
		restated++
		if was := told[g.Session+g.Symbol]; g.Why != was.Why || g.Since != was.Since || g.Class != was.Class || g.Since == 0 {
			t.Errorf("restated %+v, told %+v", g, was)
		}
	}
	if restated == 0 || restated != len(told) {
		t.Errorf("%d grades are restated, %d were told", restated, len(told))
	}
}
