package fix

import (
	"strings"
	"testing"

	"backstop/perp"
)

// loginAs dials and logs on with a dialect; the numbers go on from seq.
func (w *world) loginAs(name string, seq int, dialect string) *peer {
	w.t.Helper()
	p := w.dial(name)
	p.seq = seq
	p.logon(dialect)
	p.expect("35=A")
	return p
}

// expectNone is expect for a message that must not have our tags.
func (p *peer) expectNone(fields ...string) string {
	p.t.Helper()
	got := p.expect(fields...)
	if strings.Contains(got, "|22") {
		p.t.Errorf("%s got %s: tags of VAMM1", p.name, got)
	}
	return got
}

// The dialect is chosen at the Logon, repeated only if it was, and is each
// session's own.
func TestDialectIsChosenAtLogon(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		logon, echo string
		later       bool
	}{{"", "", false}, {"22000=STRICT44|", "STRICT44", false}, {"22000=VAMM1|", "VAMM1", true}} {
		w := newWorld(t, nil)
		p, other := w.dial("ALICE"), w.login("BOB")
		p.logon(c.logon)
		if got := p.expect("35=A"); fieldOf(got, "22000") != c.echo {
			t.Errorf("%q is answered with %s", c.logon, got)
		}
		p.order("A1")
		if got := p.expect("35=8", "150=0"); (fieldOf(got, "22005") != "") != c.later || (fieldOf(got, "22006") != "") != c.later {
			t.Errorf("%q: %s", c.logon, got)
		}
		other.order("B1")
		other.expectNone("35=8")
	}
}

// A Logon within the session cannot change what is on its way.
func TestDialectCannotChangeWithinASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	p := w.login("ALICE")
	p.seq = 1
	p.logon("141=Y|22000=VAMM1|")
	p.expect("35=5")
	p.ended()
	p = w.dial("BOB")
	p.logon("22000=VAMM1|")
	p.expect("35=A", "22000=VAMM1")
	p.logon("")
	p.expect("35=5")
}

// What was told in VAMM1 is told again in it, and to a session of STRICT44
// without what that does not know; what happened between the two as well.
func TestResendSpeaksTheDialectOfTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	p := w.loginAs("BOB", 1, "22000=VAMM1|")
	refused := perp.OrderRejected{
		Origin: perp.Origin{Session: "BOB"}, ExecID: "E-9", Order: perp.Order{ClOrdID: "B1", Session: "BOB", Symbol: "SOL-PERP", Side: perp.Buy},
		Verdict: perp.Verdict{Reject: perp.InsufficientMargin, Need: 2, Have: 1},
	}
	w.happen(refused)
	first := p.expect("35=8", "34=2", "103=25", "22004=INSUFFICIENT_MARGIN")
	p.send("V", "262=M|263=2|264=0|")
	p.expect("35=j", "34=3", "380=1", "22004=UNKNOWN_QUOTE_REQUEST")
	p.send("2", "7=2|16=2|")
	again := p.expect("35=8", "34=2", "43=Y", "103=25", "22004=INSUFFICIENT_MARGIN")
	if fieldOf(again, "22005") != fieldOf(first, "22005") {
		t.Errorf("told again as %s, was %s", again, first)
	}
	p.send("5", "")
	p.expect("35=5")
	p.ended()

	w.happen(refused)
	p = w.loginAs("BOB", p.seq, "")
	p.send("2", "7=2|16=0|")
	p.expectNone("35=8", "34=2", "43=Y", "103=3", "58=INSUFFICIENT_MARGIN need=0.000002 have=0.000001")
	p.expectNone("35=j", "34=3", "43=Y", "380=1")
	p.expectNone("35=4")
	p.expectNone("35=8", "43=Y", "103=3")
}

// A report that was written for a session that has ended meanwhile leaves as the
// next one can read it.
func TestReportsAreRewrittenForANewSession(t *testing.T) {
	names, messages := everyOutbound(t, vamm1)
	_, strict := everyOutbound(t, strict44)
	for i, msg := range messages {
		rewrite(msg)
		if got, want := plain(msg), plain(strict[i]); got != want {
			t.Errorf("%s: rewritten as\n%s\nwant\n%s", names[i], got, want)
		}
	}
}

// What happens while a connection in STRICT44 ends never gets to its client, so it is
// kept whole: in VAMM1 it is told with all that VAMM1 has, and in STRICT44 without. What
// was told before in STRICT44 has no more to say.
func TestReportsAtTheEndOfAConnectionAreKeptWhole(t *testing.T) {
	t.Parallel()
	for _, back := range []string{"22000=VAMM1|", ""} {
		w := newWorld(t, nil)
		p := w.login("BOB")
		refused := perp.OrderRejected{
			Origin: perp.Origin{Session: "BOB"}, ExecID: "E-9", Order: perp.Order{ClOrdID: "B1", Session: "BOB", Symbol: "SOL-PERP", Side: perp.Buy},
			Verdict: perp.Verdict{Reject: perp.InsufficientMargin, Need: 2, Have: 1},
		}
		w.happen(refused)
		p.expectNone("35=8", "34=2", "103=3")
		p.send("5", "")
		p.expect("35=5", "34=3")
		w.happen(refused) // The client has not closed its side, so its connection is there.
		p.ended()

		p = w.loginAs("BOB", p.seq, back)
		p.send("2", "7=2|16=0|")
		p.expectNone("35=8", "34=2", "43=Y", "103=3", "58=INSUFFICIENT_MARGIN need=0.000002 have=0.000001")
		p.expect("35=4", "34=3")
		if back == "" {
			p.expectNone("35=8", "34=4", "43=Y", "103=3")
			continue
		}
		p.expect("35=8", "34=4", "43=Y", "103=25", "22004=INSUFFICIENT_MARGIN")
	}
}
