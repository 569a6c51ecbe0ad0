package acceptance

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestStaleOrders: B4. After a reconnect a client sends again what it is not sure
// of. An order whose first sending is longer ago than max_order_age is refused
// with 103=8 and never done; a younger one is done once. The key counts: with
// another value the same order is judged otherwise.
func TestStaleOrders(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, v := range []struct {
		age, configured string
		ago             time.Duration
		taken           bool
	}{{"the default", "", 6 * time.Second, false}, {"the default", "", time.Second, true}, {"a minute", "1m", 6 * time.Second, true}, {"none", "0s", 0, false}} {
		g := startWith(t, Venue{OrderAge: v.configured}.TOML())
		h := &Heard{Client: NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")}
		if _, err := h.Logon(ctx, g.FIX); err != nil {
			t.Fatal(err)
		}
		waitForQuotes(ctx, t, h.Client, "MD", newAnswers())
		waitForQuotes(ctx, t, h.Client, "MD", newAnswers())
		h.Drop()
		if _, err := h.Logon(ctx, g.FIX); err != nil {
			t.Fatal(err)
		}
		for id, header := range map[string]string{"DUP": "43=Y" + soh + "122=", "RESENT": "97=Y" + soh + "122="} {
			sent := stamp(time.Now().Add(-v.ago))
			ask := order(id, "1", "40=2", "44=30000", "59=1")
			n, in := h.Numbers()
			raw := h.frame("D", n, header+sent+soh, strings.Join(ask[1:], soh))
			h.SetNumbers(n+1, in)
			if err := h.SendRaw(raw); err != nil {
				t.Fatal(err)
			}
			f, err := h.Until(ctx, func(f Fields) bool { return f.Get(11) == id })
			if err != nil {
				t.Fatal(err)
			}
			if v.taken {
				says(t, v.age+" "+id, f, "35=8", "150=0", "39=0")
			} else {
				says(t, v.age+" "+id, f, "35=8", "150=8", "39=8", "103=8")
			}
		}
		if err := h.Logout(ctx); err != nil {
			t.Error(err)
		}
		if code, err := g.Stop(); code != 0 || err != nil {
			t.Errorf("exit %d, %v", code, err)
		}
	}
}
