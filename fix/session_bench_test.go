package fix

import (
	"strconv"
	"strings"
	"testing"
)

// BenchmarkOrders is one order through the door and its report back, with a
// commit that costs nothing: alone, and 64 in flight.
func BenchmarkOrders(b *testing.B) {
	for _, flight := range []int{1, 64} {
		b.Run(strconv.Itoa(flight)+" in flight", func(b *testing.B) {
			w := newWorld(b, nil)
			p := w.login("ALICE")
			b.ReportAllocs()
			b.ResetTimer()
			for sent, got := 0, 0; got < b.N; {
				for ; sent < b.N && sent-got < flight; sent++ {
					p.order(strconv.Itoa(sent))
				}
				m := p.expect()
				if _, id, asked := strings.Cut(m, "|112="); asked { // what a client has is asked now and then
					p.send("0", "112="+id[:strings.IndexByte(id, '|')+1])
					continue
				}
				if !strings.Contains(m, "|35=8|") {
					b.Fatal(m)
				}
				got++
			}
		})
	}
}
