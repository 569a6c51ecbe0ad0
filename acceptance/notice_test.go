package acceptance

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

// TestPlannedStop: a gateway with notice tells its clients of its end, serves them
// until then, and logs them out; a client that was told can still trade.
func TestPlannedStop(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args, dir := lastingVenue(t, Venue{})
	config := strings.Replace(Venue{}.TOML(), "[server]\n", "[server]\nnotice = \"3s\"\n", 1)
	if err := os.WriteFile(args[len(args)-1], []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	g := startGateway(t, args...)
	c := NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")
	if _, err := c.Logon(ctx, g.FIX); err != nil {
		t.Fatal(err)
	}
	waitForQuotes(ctx, t, c, "MD", newAnswers())
	asked := time.Now()
	stopped := make(chan error, 1)
	go func() {
		_, err := g.Stop()
		stopped <- err
	}()
	f, err := c.NextOf(ctx, "B")
	if err != nil || f.Get(148) != "PLANNED_MAINTENANCE" || !strings.HasPrefix(f.Get(58), "session will be logged out at ") {
		t.Fatalf("announced with %s, %v", f, err)
	}
	at, err := time.Parse("session will be logged out at 20060102-15:04:05.000Z", f.Get(58))
	if err != nil || at.Before(asked.Add(3*time.Second-time.Millisecond)) {
		t.Errorf("asked at %s, announced for %s, %v", asked, at, err)
	}
	if err := c.Send("D", "11=N-1", "55=BTC-PERP", "54=1", "60="+Now(), "38=0.001", "40=2", "44=57000", "59=1"); err != nil {
		t.Fatal(err)
	}
	if f, err := c.NextOf(ctx, "8"); err != nil || f.Get(11) != "N-1" || f.Get(150) != "0" {
		t.Errorf("an order after the announcement: %s, %v", f, err)
	}
	if f, err := c.NextOf(ctx, "5"); err != nil || time.Now().Before(at) {
		t.Errorf("logged out with %s, %v, announced for %s", f, err, at)
	}
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	verified(ctx, t, dir)
}
