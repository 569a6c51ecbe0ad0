package fix

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"backstop/perp"
)

// TestAbuseIsBorneForAWhile is a story told against a clock that the test moves.
func TestAbuseIsBorneForAWhile(t *testing.T) {
	const ms, s = perp.Millisecond, perp.Second
	for _, c := range []struct {
		what  string
		at    []perp.Time // of refusals
		warns perp.Time   // -1: never
		out   perp.Time
	}{
		{"every half second", every(500*ms, 0, 13*s), 10 * s, 12 * s},
		{"hundreds a second", every(3*ms, 0, 13*s), 10*s + 2*ms, 12*s + 2*ms},
		{"stops when warned", every(500*ms, 0, 10*s), 10 * s, -1},
		{"pauses in between", append(every(500*ms, 0, 9*s), every(500*ms, 10*s+1, 19*s)...), -1, -1},
		{"pauses after the warning", append(every(500*ms, 0, 11*s), every(500*ms, 13*s, 22*s)...), 10 * s, -1},
		{"a refusal a second is none too many", every(s+1, 0, 60*s), -1, -1},
		{"a clock that is put back begins anew", append(every(500*ms, 100*s, 109*s), every(500*ms, 90*s, 99*s)...), -1, -1},
	} {
		var a abuse
		warns, out := perp.Time(-1), perp.Time(-1)
		for _, at := range c.at {
			var what measure
			switch a, what = a.refused(testTime + at); what {
			case warn:
				if warns >= 0 {
					t.Errorf("%s: warned twice", c.what)
				}
				warns = at
			case expel:
				if out < 0 {
					out = at
				}
			}
		}
		if near := func(got, want perp.Time) bool { return got == want || want > 0 && max(got-want, want-got) <= 3*ms }; !near(warns, c.warns) || !near(out, c.out) {
			t.Errorf("%s: warned at %d, out at %d; want %d and %d", c.what, warns, out, c.warns, c.out)
		}
	}
}

func every(step, from, to perp.Time) (all []perp.Time) {
	for at := from; at <= to; at += step {
		all = append(all, at)
	}
	return all
}

// TestClassesHaveTheirOwnLimits: requests of one class that are too many take
// nothing from another class, and nonsense is counted like sense.
func TestClassesHaveTheirOwnLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Sessions[0].OrdersPerSecond = 3 })
	p := w.login("ALICE")
	const many = 50
	for i := range many {
		id := strconv.Itoa(i)
		p.order("O" + id)
		p.send("R", "131=R"+id+"|146=1|55=SOL-PERP|38=1|")
		p.send("V", "262=M"+id+"|263=0|264=1|267=1|269=0|146=1|55=SOL-PERP|")
		p.send("H", "11=H"+id+"|55=SOL-PERP|54=1|")
		p.send("F", strings.Replace(orderFieldsOf("F"+id), "40=2|44=150|", "41=D0|", 1))
		p.send("D", strings.Replace(orderFieldsOf("BAD"+id), "38=1", "38=x", 1))
	}
	p.send("1", "112=end|")
	refused, other := map[string]int{}, map[string]int{}
	for got := p.expect(); fieldOf(got, "112") != "end"; got = p.expect() {
		if kind := fieldOf(got, "35"); kind == "j" && strings.HasPrefix(fieldOf(got, "58"), "THROTTLED") {
			refused[fieldOf(got, "372")]++
		} else {
			other[kind]++
		}
	}
	for _, kind := range []string{"D", "R", "V", "H"} {
		if n := refused[kind]; n < many/2 || n > many-3 {
			t.Errorf("%d of %d requests %s are refused: %v", n, many, kind, refused)
		}
	}
	if other["3"] != many {
		t.Errorf("%d of %d requests without sense are told so", other["3"], many)
	}
	// Ten times as many cancels may come, and sending took a moment.
	if n := refused["F"]; n > many-10*3 {
		t.Errorf("%d cancels are refused", n)
	}
	p.conn.Close()
	w.stop()
	entered := w.entered("ALICE", perp.PlaceOrder{}.Kind())
	if entered+refused["D"] != many {
		t.Errorf("%d orders entered, %d refused, of %d", entered, refused["D"], many)
	}
}

// TestBanned: C9. A client that goes on too long is warned, told why it is logged
// out, and kept out for a while without a number moving; then it may come back, and
// an id that was refused is free.
func TestBanned(t *testing.T) {
	t.Parallel()
	const ban = 4 * time.Second
	k := newDisk()
	w := newWorldOn(t, k, func(c *Config) { c.Sessions[0].OrdersPerSecond, c.Limits.Ban = 1, ban })
	p, other := w.login("ALICE"), w.login("BOB")
	l := w.door.byComp["ALICE"]
	// As if it had gone on for the time that is borne; the clock of abuse has its
	// own test.
	l.abuse = abuse{since: perp.Time(time.Now().UnixNano()) - abuseMax, last: perp.Time(time.Now().UnixNano())}
	p.order("GOOD")
	p.expect("35=8", "11=GOOD")
	l.buckets[orders] = perp.Time(time.Now().Add(time.Hour).UnixNano()) // empty, however slow this machine is
	p.order("BAD")
	p.expect("35=B", "148="+headlineRate)
	p.expect("35=j", "379=BAD")
	l.abuse.since, l.abuse.last = l.abuse.since-abuseMercy, perp.Time(time.Now().UnixNano())
	l.buckets[orders] = l.abuse.last + perp.Second*3600
	began := time.Now()
	p.order("BAD")
	told := p.expect("35=j", "45=4", "372=D", "379=BAD", "380=0")
	if err := validate([]byte(strings.ReplaceAll(told, "|", "\x01")), stock(t)); err != nil {
		t.Errorf("%s: %v", told, err)
	}
	p.expect("35=5", "58="+textRate)
	p.ended()
	out := numberOf(w, "ALICE", 5)
	back := w.dial("ALICE")
	back.seq = 5
	back.logon("")
	back.expect("35=5", "34=0", "58="+textBanned)
	back.ended()
	if got := numberOf(w, "ALICE", 5); got != out {
		t.Errorf("the next number was %d, is %d", out, got)
	}
	other.answers("unharmed")
	for end := began.Add(ban + cutMax); ; {
		back = w.dial("ALICE")
		back.seq = 5
		back.logon("")
		got, err := back.next(patience)
		if err != nil || time.Now().After(end) {
			t.Fatalf("not let in again: %q, %v", got, err)
		}
		if fieldOf(got, "35") == "A" {
			break
		}
		w.fixWaits(back, 20*time.Millisecond)
	}
	if took := time.Since(began); took < ban {
		t.Errorf("let in again after %v, want %v", took, ban)
	}
	back.order("BAD")
	back.expect("35=8", "11=BAD", "150=0")
	w.stop()
	found := false
	for _, row := range k.refused() {
		found = found || row.Session == "ALICE" && row.Reason == textRate
	}
	if !found {
		t.Errorf("the ban is not in the audit: %+v", k.refused())
	}
}

// numberOf waits until a session expects a number, and returns the next of ours.
func numberOf(w *world, session string, in int64) int64 {
	w.counted(session, in)
	_, out := w.door.byComp[session].numbers.next()
	return out
}

// TestResendFloodIsCut: C10. A client that asks for its history again and again
// gets what the limit allows, and goes the way of others that ask too much.
func TestResendFloodIsCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Limits.BigReplays, c.Limits.ReplayMessages = 1, 5*smallReplay })
	p, other := w.login("ALICE"), w.login("BOB")
	const asked = 200
	for range asked {
		p.send("2", "7=1|16=0|")
	}
	p.send("1", "112=end|")
	replays, refused := 0, 0
	for got := p.expect(); fieldOf(got, "112") != "end"; got = p.expect() {
		switch {
		case fieldOf(got, "35") == "4" && fieldOf(got, "43") == "Y" && fieldOf(got, "34") == "1":
			replays++
		case fieldOf(got, "35") == "j" && fieldOf(got, "43") != "Y" && fieldOf(got, "372") == "2" && strings.HasPrefix(fieldOf(got, "58"), "THROTTLED"):
			refused++
		}
	}
	if replays < 5 || replays+refused != asked || refused < asked/2 {
		t.Errorf("%d replays and %d refusals of %d requests", replays, refused, asked)
	}
	l := w.door.byComp["ALICE"]
	now := perp.Time(time.Now().UnixNano())
	l.abuse = abuse{since: now - abuseMax - abuseMercy, last: now, warned: true}
	for range 10 {
		p.send("2", "7=1|16=0|")
	}
	for got := p.expect(); fieldOf(got, "35") != "5"; got = p.expect() {
	}
	if !l.isBanned(time.Now()) {
		t.Error("logged out, and not kept out")
	}
	other.answers("unharmed")
}
