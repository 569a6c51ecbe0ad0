package fix

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"backstop/perp"
)

// sendOff sends a message with a SendingTime that is off by some time.
func (p *peer) sendOff(kind string, off time.Duration, fields string) {
	p.t.Helper()
	p.sendStamped(kind, p.seq, "52="+stampOf(time.Now().Add(off))+"|", fields)
	p.seq++
}

func (p *peer) sendStamped(kind string, seq int, header, fields string) {
	p.t.Helper()
	body := fmt.Sprintf("35=%s|34=%d|49=%s|%s56=%s|%s", kind, seq, p.name, header, p.our, fields)
	p.raw(frameOf("FIX.4.4", strings.ReplaceAll(body, "|", "\x01")))
}

func stampOf(t time.Time) string { return t.UTC().Format("20060102-15:04:05.000") }

// TestClockSkew: B3. A client whose clock is off by less than the limit is served;
// beyond it the order is not done, and it is told why and logged out. The limit
// is the configured one, also while a gap in the numbers is filled, when the
// session library does not look.
func TestClockSkew(t *testing.T) {
	t.Parallel()
	for _, limit := range []time.Duration{0, 10 * time.Second} {
		most := limit
		if limit == 0 {
			most = 120 * time.Second // the default
		}
		w := newWorld(t, func(c *Config) { c.Limits.Skew = limit; c.Sessions = nums("C", 7) })
		for i, c := range []struct {
			off  time.Duration
			gap  bool
			good bool
		}{
			{time.Second - most, false, true}, {most - time.Second, false, true}, {time.Second - most, true, true},
			{-most - time.Second, false, false}, {most + time.Second, false, false},
			{-most - time.Second, true, false}, {most + time.Second, true, false},
		} {
			name := fmt.Sprint(most, c)
			p := w.login(fmt.Sprint("C", i))
			if c.gap { // Numbers 2 and 3 are missing; the first that fills the gap is the order.
				p.seq = 4
				p.send("0", "")
				p.expect("35=2", "7=2")
				p.seq = 2
			}
			p.sendOff("D", c.off, orderFieldsOf("S"+name))
			if c.good {
				p.expect("35=8", "150=0")
			} else {
				p.expect("35=3", "45=2", "373=10")
				p.expect("35=5")
				w.counted(p.name, 2)
			}
			if n := w.entered(p.name, perp.PlaceOrder{}.Kind()); n == 1 != c.good {
				t.Errorf("%s: %d orders entered", name, n)
			}
			p.conn.Close()
		}
	}
}

// nums are sessions with a name and a number each.
func nums(name string, n int) (all []SessionConfig) {
	for i := range n {
		all = append(all, SessionConfig{CompID: fmt.Sprint(name, i), Password: "demo"})
	}
	return all
}

// TestLogonWithAWrongClock: it is refused with a word, and moves no number.
func TestLogonWithAWrongClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, off := range []time.Duration{-121 * time.Second, 121 * time.Second} {
		p := w.dial("ALICE")
		p.sendOff("A", off, "98=0|108=30|554=demo|553=ALICE|")
		p.expect("35=5", "34=0", "58="+refusedTime)
		p.ended()
	}
	for _, off := range []time.Duration{-119 * time.Second, 119 * time.Second} {
		p := w.dial("BOB")
		p.sendOff("A", off, "98=0|108=30|554=demo|553=BOB|")
		p.expect("35=A")
		p.sendOff("5", off, "")
		p.expect("35=5")
		p.conn.Close()
		w.free("BOB")
		if err := w.door.byComp["BOB"].numbers.Reset(); err != nil {
			t.Fatal(err)
		}
	}
	w.login("ALICE")
}

// TestRepeatsKnowTheirAge: B4. The age of an order that comes again is that of
// its first sending (122), and goes to the engine, which judges it
// (risk.TestStaleRepeats, engine.TestMaxOrderAge). An order that waited behind a gap
// keeps the time at which it came.
func TestRepeatsKnowTheirAge(t *testing.T) {
	t.Parallel()
	k := newDisk()
	w := newWorldOn(t, k, nil)
	p := w.login("ALICE")
	first := time.Now().Add(-time.Minute).Truncate(time.Millisecond)
	again := "43=Y|122=" + stampOf(first) + "|52=" + stampOf(time.Now()) + "|"
	p.sendStamped("D", 2, again, orderFieldsOf("DUP"))
	p.expect("35=8", "11=DUP")
	p.sendStamped("D", 3, "97=Y|52="+stampOf(first)+"|", orderFieldsOf("RESENT"))
	p.expect("35=8", "11=RESENT")
	came := time.Now()
	p.seq = 5
	p.order("WAITED")
	p.expect("35=2", "7=4")
	w.fixWaits(p, 30*time.Millisecond)
	filled := time.Now()
	p.sendAt(4, "0", "")
	p.expect("35=8", "11=WAITED")
	for id, o := range k.orders() {
		sent := time.Unix(0, int64(o.Sent))
		arrived := time.Unix(0, int64(o.Arrival))
		switch id {
		case "DUP":
			if !o.PossDup || !sent.Equal(first) {
				t.Errorf("%+v", o)
			}
		case "RESENT":
			if !o.PossResend || !sent.Equal(first) {
				t.Errorf("%+v", o)
			}
		case "WAITED":
			if arrived.Before(came) || arrived.After(filled) {
				t.Errorf("came at %v, is said to have come at %v; the gap was filled at %v", came, arrived, filled)
			}
		}
	}
	if n := len(k.orders()); n != 3 {
		t.Errorf("%d orders", n)
	}
}

// fixWaits lets a test request and its answer pass until some time is over.
func (w *world) fixWaits(p *peer, d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		if _, err := p.next(time.Until(end)); err == nil {
			return
		}
	}
}

func (k *disk) orders() map[string]perp.PlaceOrder {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := map[string]perp.PlaceOrder{}
	for _, e := range k.entries {
		if o, ok := e.Command.(perp.PlaceOrder); ok {
			all[o.ClOrdID] = o
		}
	}
	return all
}
