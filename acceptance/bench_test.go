package acceptance

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// BenchmarkOrder measures market orders over TCP against the running binary, to
// the fill report, everything durable. Firm: last look is off, and so are the fill
// bucket and the limit of orders a second, one in flight and many. Held: every
// order waits for a newer price, of which there are ten a second; how long until
// it is told so (150=A) is the gateway's, the rest is the price's.
func BenchmarkOrder(b *testing.B) {
	firm, held := Venue{LastLook: "off", Bucket: "0"}, Venue{LastLook: "always", Bucket: "0"}
	b.Run("firm/inflight=1", func(b *testing.B) { benchOrders(b, firm, 1) })
	b.Run("firm/inflight=64", func(b *testing.B) { benchOrders(b, firm, 64) })
	b.Run("held/inflight=64", func(b *testing.B) { benchOrders(b, held, 64) })
}

func benchOrders(b *testing.B, v Venue, window int) {
	g := startWith(b, v.TOML())
	c := NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")
	if _, err := c.Logon(b.Context(), g.FIX); err != nil {
		b.Fatal(err)
	}
	waitForQuotesB(b, c)
	took, told := make([]time.Duration, 0, b.N), []time.Duration{}
	sent := make(map[string]time.Time, window)
	b.ResetTimer()
	for i := 0; len(took) < b.N; {
		for ; i < b.N && len(sent) < window; i++ {
			id := fmt.Sprintf("B-%d", i)
			sent[id] = time.Now()
			if err := c.Send("D", "11="+id, "55=BTC-PERP", fmt.Sprintf("54=%d", 1+i%2), "60="+Now(), "38=0.001", "40=1", "59=3"); err != nil {
				b.Fatal(err)
			}
		}
		f, err := c.NextOf(b.Context(), "8")
		if err != nil {
			b.Fatal(err)
		}
		switch f.Get(150) {
		case "A":
			told = append(told, time.Since(sent[f.Get(11)]))
		case "0":
		case "F":
			took = append(took, time.Since(sent[f.Get(11)]))
			delete(sent, f.Get(11))
		default:
			b.Fatalf("not filled: %s", f)
		}
	}
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
	if len(told) > 0 {
		slices.Sort(told)
		b.ReportMetric(float64(told[len(told)/2].Microseconds()), "p50-held-µs")
	}
}

// waitForQuotesB waits until a market order would be filled.
func waitForQuotesB(b *testing.B, c *Client) {
	if err := c.Send("V", bestOf("MD", "BTC-PERP", snapshots)...); err != nil {
		b.Fatal(err)
	}
	for {
		f, err := c.NextOf(b.Context(), "W")
		if err != nil {
			b.Fatal(err)
		}
		if len(f.All(299)) == 2 {
			break
		}
	}
	if err := c.Send("V", "262=MD", "263=2", "264=1", "267=2", "269=0", "269=1"); err != nil {
		b.Fatal(err)
	}
}
