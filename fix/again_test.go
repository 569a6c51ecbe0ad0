package fix

import (
	"testing"
	"time"

	"backstop/perp"
)

// TestRepetitionsSayWhenTheyWereFirstSent: a request with 43=Y is done only if it says
// so in 122, and not with a time after its own. What is refused is counted.
func TestRepetitionsSayWhenTheyWereFirstSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Sessions = nums("C", 4) })
	now := time.Now().Truncate(time.Millisecond)
	for i, c := range []struct {
		name, first string
		refused     []string
	}{
		{"a second ago", "122=" + stampOf(now.Add(-time.Second)) + "|", nil},
		{"at once", "122=" + stampOf(now) + "|", nil},
		{"no time", "", []string{"35=3", "45=2", "373=1", "371=122"}},
		{"later", "122=" + stampOf(now.Add(time.Second)) + "|", []string{"35=3", "45=2", "373=10"}},
	} {
		p := w.login(nums("C", 4)[i].CompID)
		p.sendStamped("D", 2, "43=Y|"+c.first+"52="+stampOf(now)+"|", orderFieldsOf("A-"+p.name))
		if c.refused == nil {
			p.expect("35=8", "150=0")
		} else {
			p.expect(c.refused...)
		}
		if n := w.entered(p.name, perp.PlaceOrder{}.Kind()); n == 1 != (c.refused == nil) {
			t.Errorf("%s: %d orders entered", c.name, n)
		}
		if p.seq = 3; c.name == "later" {
			p.expect("35=5") // Clocks that disagree end the session.
		} else {
			p.order("B-" + p.name)
			p.expect("35=8", "11=B-"+p.name, "150=0")
		}
		p.conn.Close()
	}
}
