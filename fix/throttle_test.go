package fix

import (
	"strconv"
	"strings"
	"testing"

	"backstop/perp"
	"backstop/spec"

	"github.com/quickfixgo/quickfix/datadictionary"
)

// TestBucket is a story told against a clock that the test moves.
func TestBucket(t *testing.T) {
	const start = testTime
	full := perp.Time(0)
	for i, c := range []struct {
		at    perp.Time // after the start
		times int
		ok    bool
		retry perp.Time
		what  string
	}{
		{0, 4, true, 0, "a quiet session may send a second's worth at once"},
		{0, 2, false, 250 * perp.Millisecond, "the next one comes too early, and asking again costs nothing"},
		{249 * perp.Millisecond, 1, false, perp.Millisecond, "still"},
		{250 * perp.Millisecond, 1, true, 0, "room for one"},
		{250 * perp.Millisecond, 1, false, 250 * perp.Millisecond, "and no more"},
		{perp.Second, 3, true, 0, "three quarters of a second later, three"},
		{perp.Second, 1, false, 250 * perp.Millisecond, "spent"},
		{60 * perp.Second, 4, true, 0, "a quiet minute saves up a second, not a minute"},
		{60 * perp.Second, 1, false, 250 * perp.Millisecond, "as this shows"},
		{-3600 * perp.Second, 1, false, 250 * perp.Millisecond, "the clock is put back an hour: the bucket is empty, not shut for an hour"},
		{-3600*perp.Second + 250*perp.Millisecond, 1, true, 0, "it fills as ever"},
	} {
		for range c.times {
			a := allow(4, full, start+c.at)
			if a.OK != c.ok || a.RetryAfter != c.retry {
				t.Errorf("%d: %s: %+v", i, c.what, a)
			}
			full = a.Next
		}
	}
	for _, rate := range []int64{1, 3, 7, 1_000_000, 3_000_000_000} {
		full, n := perp.Time(0), int64(0)
		for a := allow(rate, 0, start); a.OK && n < 2_000_000; a = allow(rate, full, start) {
			full, n = a.Next, n+1
		}
		if n != min(rate, 2_000_000) {
			t.Errorf("%d a second: %d at once", rate, n)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a bucket without a rate decides")
		}
	}()
	allow(0, 0, start)
}

// An order over the limit is refused in both dialects and has no effect; its
// ClOrdID can be used again. Cancels have a limit of their own, the rest none.
func TestOrdersOverTheLimitAreThrottled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) {
		for i := range c.Sessions {
			c.Sessions[i].OrdersPerSecond = 1
		}
	})
	cancel := strings.Replace(orderFieldsOf("F"), "40=2|44=150|", "41=D0|", 1)
	for _, c := range []struct {
		name, dialect, code string
		dictionary          *datadictionary.DataDictionary
	}{{"ALICE", "", "0", stock(t)}, {"BOB", "22000=VAMM1|", "8", dictionaryOf(spec.DictionaryVAMM1())}} {
		p := w.loginAs(c.name, 1, c.dialect)
		for i := range 10 { // far more than the time that sending them takes allows
			p.order("D" + strconv.Itoa(i))
		}
		for range 10 * cancelsPerOrder {
			p.send("F", cancel)
		}
		p.send("R", "131=R1|146=1|55=SOL-PERP|38=1|")
		refused := map[string]int{}
		for got := p.expect(); fieldOf(got, "35") != "S"; got = p.expect() {
			if fieldOf(got, "35") != "j" {
				continue
			}
			refused[fieldOf(got, "372")]++
			ms, isLater := strings.CutPrefix(fieldOf(got, "58"), "THROTTLED "+retryAfter)
			if !isLater || ms == "" || ms == "0" || fieldOf(got, "380") != c.code || fieldOf(got, "379") == "D0" {
				t.Errorf("%s: %s", c.name, got)
			}
			if later := c.dialect != ""; later && fieldOf(got, "22003") != ms || later != (fieldOf(got, "22004") == "THROTTLED") {
				t.Errorf("%s: %s", c.name, got)
			}
			if err := validate([]byte(strings.ReplaceAll(got, "|", "\x01")), c.dictionary); err != nil {
				t.Errorf("%s: %v", got, err)
			}
		}
		if n := w.entered(c.name, perp.PlaceOrder{}.Kind()); refused["D"] == 0 || n+refused["D"] != 10 {
			t.Errorf("%s: %d orders refused, %d entered", c.name, refused["D"], n)
		}
		if n := w.entered(c.name, perp.CancelOrder{}.Kind()); refused["F"] == 0 || n < cancelsPerOrder || n+refused["F"] != 10*cancelsPerOrder {
			t.Errorf("%s: %d cancels refused, %d entered", c.name, refused["F"], n)
		}
		if l := w.door.byComp[c.name]; len(l.numbers.undecided) != 0 {
			t.Errorf("%s: undecided %v", c.name, l.numbers.undecided)
		}
	}
}

// entered counts the requests of a session that reached the engine.
func (w *world) entered(session, kind string) (n int) {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	for _, e := range w.disk.entries {
		if o, ok := originOf(e.Command); ok && o.Session == session && e.Command.Kind() == kind {
			n++
		}
	}
	return n
}

// A mass cancel takes from what a session may cancel; a mass status is a query.
func TestMassRequestsAndTheLimit(t *testing.T) {
	for kind, want := range map[string]class{"q": cancels, "F": cancels, "AF": queries, "H": queries, "D": orders, "G": orders} {
		if got := classOf[kind]; got != want {
			t.Errorf("%s is of class %d, want %d", kind, got, want)
		}
	}
}
