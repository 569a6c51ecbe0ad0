package acceptance

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// BenchmarkOrder measures market orders over TCP against the running binary, to
// the fill report, everything durable: one in flight, and many.
func BenchmarkOrder(b *testing.B) {
	for _, window := range []int{1, 64} {
		b.Run(fmt.Sprintf("inflight=%d", window), func(b *testing.B) {
			g := startGateway(b, demoArgs(filepath.Join(b.TempDir(), "data"))...)
			c := NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")
			if _, err := c.Logon(b.Context(), g.FIX); err != nil {
				b.Fatal(err)
			}
			waitForQuotesB(b, c)
			took := make([]time.Duration, 0, b.N)
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
				if f.Get(150) == "F" {
					took = append(took, time.Since(sent[f.Get(11)]))
					delete(sent, f.Get(11))
				} else if f.Get(150) != "0" {
					b.Fatalf("not filled: %s", f)
				}
			}
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
		})
	}
}

// waitForQuotesB waits until a market order would be filled.
func waitForQuotesB(b *testing.B, c *Client) {
	if err := c.Send("V", "262=MD", "263=1", "264=1", "265=0", "267=2", "269=0", "269=1", "146=1", "55=BTC-PERP"); err != nil {
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
