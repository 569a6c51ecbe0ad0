package fix

import (
	"bufio"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"backstop/perp"
)

// crowd is many readers that count whole messages and tell when all have come.
type crowd struct {
	left atomic.Int64
	all  chan struct{}
}

func (c *crowd) expect(n int64) { c.left.Store(n) }

// read counts the messages of a connection until it ends. The reading itself is
// part of what is measured, for the door as for the bare sockets.
func (c *crowd) read(conn net.Conn) {
	r := bufio.NewReaderSize(conn, 8<<10)
	for {
		if _, err := readFrame(r); err != nil {
			return
		}
		if c.left.Add(-1) == 0 {
			c.all <- struct{}{}
		}
	}
}

// cpu is what the process has used so far, in ns.
func cpu(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkFanOut is one new quote through the whole door to 100 clients of one
// class over TCP, against the bare writing of as many bytes to 100 sockets. The
// processor time of both includes that of the readers. There are not more clients
// because the session library reads the dictionary anew for each of them.
func BenchmarkFanOut(b *testing.B) {
	const clients = 100
	measure := func(b *testing.B, all *crowd, tick func(i int)) {
		b.ResetTimer()
		from := cpu(b)
		for i := range b.N {
			all.expect(clients)
			tick(i)
			<-all.all
		}
		b.ReportMetric(float64(cpu(b)-from)/float64(b.N*clients), "cpu-ns/message")
	}
	var sample []byte
	for _, d := range []string{"STRICT44", "VAMM1"} {
		b.Run(d, func(b *testing.B) {
			w := newWorld(b, func(c *Config) {
				c.Limits.PerAddress, c.Limits.Connections, c.Sessions = 2*clients, 2*clients, nil
				for i := range clients {
					c.Sessions = append(c.Sessions, SessionConfig{CompID: fmt.Sprint("C", i), Auth: AuthNone, ResetOnLogon: true})
				}
			})
			all := &crowd{all: make(chan struct{}, 1)}
			all.expect(clients)
			for i := range clients {
				p := w.loginAs(fmt.Sprint("C", i), 1, "22000="+d+"|")
				p.send("V", stream[2:])
				if got := p.expect("35=W"); i == 0 {
					sample = []byte(got)
				}
				if err := p.conn.SetReadDeadline(time.Time{}); err != nil {
					b.Fatal(err)
				}
				go all.read(p.conn)
			}
			measure(b, all, func(i int) {
				w.happen(perp.QuoteChanged{Quote: testQuote(int64(i+1), "149.9", fmt.Sprintf("150.%02d", 1+i%90))})
			})
		})
		b.Run(d+" bare sockets", func(b *testing.B) {
			all := &crowd{all: make(chan struct{}, 1)}
			var conns []net.Conn
			for range clients {
				c, other := connected(b)
				conns = append(conns, c)
				go all.read(other)
			}
			// As long as an X of the same stream.
			frame := frameOf("FIX.4.4", "35=X\x01262="+string(make([]byte, max(len(sample), 400)))+"\x01")
			measure(b, all, func(int) {
				for _, c := range conns {
					if _, err := c.Write(frame); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
