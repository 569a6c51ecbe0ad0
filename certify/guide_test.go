package certify

import (
	"slices"
	"strings"
	"testing"
)

// guidedThrough follows a log line by line, and welcomes at each Logon as a gateway does.
func guidedThrough(t *testing.T, log string) (lines []string) {
	t.Helper()
	g := NewGuide("ACME", "BACKSTOP")
	var said strings.Builder
	for _, line := range strings.SplitAfter(log, "\n") {
		said.WriteString(line)
		if g.See(line) {
			g.Welcome(reportBy(t, OfGateway, said.String()))
		}
		lines = append(lines, g.Lines()...)
	}
	return lines
}

// TestGuideAgreesWithTheReport: whoever does well is told that each check has
// passed and of no failure; whoever does not, of the failure that a report has, with
// the number of the message, once.
func TestGuideAgreesWithTheReport(t *testing.T) {
	lines := guidedThrough(t, written(t, goodDay))
	if !strings.HasPrefix(lines[0], "PASSED 0 of ") || !strings.HasPrefix(lines[1], "NOT_OBSERVED C01 ") || !strings.HasPrefix(lines[2], "OPEN C01 ") {
		t.Errorf("welcomed with %q", lines[:3])
	}
	for _, c := range Checks() {
		if _, is := c.start().(onlooker); is {
			continue // One session cannot show it.
		}
		said := slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "PASSED "+c.ID+" ") })
		if !said {
			t.Errorf("%s: not said to have passed", c.ID)
		}
	}
	if i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "FAILED") }); i >= 0 {
		t.Errorf("the good day: %s", lines[i])
	}
	if !slices.Contains(lines, "CERTIFIED every mandatory check passes so far, but for those that take further connections: C02 C37") {
		t.Error("not certified")
	}
	bad := written(t, strings.Replace(goodDay, "31=101|32=1|151=0", "31=102|32=1|151=0", 1))
	var seq string
	for _, e := range reportOf(t, bad).Findings {
		if e.Check.ID == "C18" {
			seq = e.Evidence[0].String()
		}
	}
	var failed []string
	for _, l := range guidedThrough(t, bad) {
		if strings.HasPrefix(l, "FAILED C18 ") {
			failed = append(failed, l)
		}
		if strings.HasPrefix(l, "CERTIFIED") {
			t.Error("certified in spite of it")
		}
	}
	// At each Logon of that day it is said again, with all that stands.
	if len(failed) < 2 || len(slices.Compact(slices.Clone(failed))) != 1 || !strings.Contains(seq, failed[0][strings.Index(failed[0], "34="):]) {
		t.Errorf("said %q, the report has %q", failed, seq)
	}
}

// TestGuideIsToldByTheReport: an answer that never came shows in the report that is
// made when the client is back; it is not said to have passed after that.
func TestGuideIsToldByTheReport(t *testing.T) {
	day := strings.Replace(goodDay, "g 9|37=NONE|11=F2|41=NOPE|39=8|434=1|102=1|58=UNKNOWN_ORDER\n", "6000\n", 1)
	day += "c A|98=0|108=30\ng A|98=0|108=30\nc F|11=F9|41=NOPE|55=BTC-PERP|54=1|60=now|38=3\ng 9|37=NONE|11=F9|41=NOPE|39=8|434=1|102=1|58=UNKNOWN_ORDER\n"
	told := 0
	for _, l := range guidedThrough(t, written(t, day)) {
		if strings.HasPrefix(l, "FAILED C22 ") && strings.Contains(l, "F2 has no answer") {
			told++
		}
		if strings.HasPrefix(l, "PASSED C22") {
			t.Error(l)
		}
	}
	if told == 0 {
		t.Error("never told")
	}
}

// TestGuideTakesWhatIsMissingFirst: a report that was left out comes behind what has
// a later number. That is how a client has to take it, and no mistake: the guide says
// of it what the report says.
func TestGuideTakesWhatIsMissingFirst(t *testing.T) {
	const order = "c D|11=G1|1=ACME|55=CERT-GAP|54=1|60=now|38=5|40=1\n"
	const accepted, filled = "37=XG|11=G1|17=EG1|150=0|39=0|1=ACME|55=CERT-GAP|54=1|38=5|151=5|14=0\n",
		"37=XG|11=G1|17=EG2|150=F|39=2|1=ACME|55=CERT-GAP|54=1|38=5|31=100|32=5|151=0|14=5\n"
	const day = "c A|98=0|108=30|141=Y\ng A|98=0|108=30|141=Y\n" + order + "~ 8|\ng 8|" + filled +
		"c 2|7=gap|16=gap\ng 8|n=gap|43=Y|122=now|" + accepted + "c 1|112=T\ng 0|112=T\n"
	for name, c := range map[string]struct {
		day   string
		fails bool
	}{
		"asked for":            {day, false},
		"a fault in what came": {strings.Replace(day, "32=5|151=0", "32=5|151=1", 1), true},
	} {
		lines := guidedThrough(t, written(t, c.day))
		if fails := slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "FAILED C20 ") }); fails != c.fails {
			t.Errorf("%s: failed %t, told %q", name, fails, lines)
		}
		for _, f := range reportOf(t, written(t, c.day)).Findings {
			if (f.Verdict == Failed) != (c.fails && f.Check.ID == "C20") {
				t.Errorf("%s: the report has %s %s %s", name, f.Check.ID, f.Verdict, f.Why)
			}
		}
	}
}
