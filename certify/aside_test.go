package certify

import (
	"slices"
	"strings"
	"testing"
)

// TestLeftOutOnPurpose: what the gateway's log says was left out is taken out, be the
// line before the message or behind it; of another session or number it is not.
func TestLeftOutOnPurpose(t *testing.T) {
	const day = "c A|98=0|108=30|141=Y\ng A|98=0|108=30|141=Y\ng 8|17=E1\n"
	for name, c := range map[string]struct {
		day  string
		kept []string
	}{
		"text":            {day + "- msg=\"fix injected\" comp_id=ACME what=gap seq=2\ng 8|17=E2", []string{"E2"}},
		"JSON":            {day + "- \"msg\":\"fix injected\",\"comp_id\":\"ACME\",\"what\":\"gap\",\"seq\":2}\ng 8|17=E2", []string{"E2"}},
		"before":          {day + "- msg=\"fix injected\" comp_id=ACME what=gap seq=3\ng 8|17=E2", []string{"E1"}},
		"before, resent":  {day + "- msg=\"fix injected\" comp_id=ACME what=gap seq=3\ng 8|17=E2\ng 8|n=3|43=Y|17=E2", []string{"E1", "E2"}},
		"another client":  {day + "- msg=\"fix injected\" comp_id=ACM what=gap seq=2\ng 8|17=E2", []string{"E1", "E2"}},
		"another fault":   {day + "- msg=\"fix injected\" comp_id=ACME what=delay seq=2\ng 8|17=E2", []string{"E1", "E2"}},
		"another session": {day + "c A|98=0|108=30|141=Y\ng A|98=0|108=30|141=Y\n- msg=\"fix injected\" comp_id=ACME what=gap seq=2\ng 8|17=E2\ng 8|17=E3", []string{"E1", "E3"}},
	} {
		l, err := ReadLog(strings.NewReader(written(t, c.day)), Unsaid, "", "")
		if err != nil {
			t.Fatal(err)
		}
		var kept []string
		for _, e := range l.Entries {
			if e.Kind == "8" {
				kept = append(kept, e.get(17))
			}
		}
		if !slices.Equal(kept, c.kept) {
			t.Errorf("%s: kept %v, want %v", name, kept, c.kept)
		}
	}
}

// TestCutIsSeen: the message after a client was cut is marked, if it was this client
// and for not reading.
func TestCutIsSeen(t *testing.T) {
	const day = "c A|98=0|108=30|141=Y\ng A|98=0|108=30|141=Y\n- %\nc A|98=0|108=30\ng A|98=0|108=30"
	for line, cut := range map[string]bool{
		stallMark: true,
		`msg="fix connection cut" comp_id=ACME addr=1 reason="slow consumer: queue is full"`:                                 true,
		`"msg":"fix connection cut","comp_id":"ACME","addr":"1","reason":"write: the client does not read"`:                  true,
		`"msg":"fix connection cut","comp_id":"ACME2","addr":"1","reason":"write: the client does not read"`:                 false,
		`"msg":"fix connection cut","comp_id":"ACME","addr":"1","reason":"XmlData(213) is not supported"`:                    false,
		`"msg":"fix message","comp_id":"ACME","direction":"out","message":"8=FIX.4.4|9=5|35=B|58=slow consumer|10=000|","x"`: false,
	} {
		l, err := ReadLog(strings.NewReader(written(t, strings.Replace(day, "%", line, 1))), Unsaid, "", "")
		if err != nil {
			t.Fatal(err)
		}
		if n := len(l.Entries); l.Entries[n-2].Cut != cut || l.Entries[n-1].Cut || l.Entries[0].Cut {
			t.Errorf("%s: cut %t", line, l.Entries[n-2].Cut)
		}
	}
}

// TestUnansweredAsItWasCut: who was cut for not reading has not failed to answer; what
// it answered before counts, and so does what another connection was asked.
func TestUnansweredAsItWasCut(t *testing.T) {
	const cut = "- msg=\"fix connection cut\" comp_id=ACME addr=1 reason=\"slow consumer: queue is full\"\n"
	const on, asked, answered = "c A|98=0|108=30\ng A|98=0|108=30\n", "g 1|112=T\n", "c 0|112=T\n"
	for name, c := range map[string]struct{ day, verdict string }{
		"cut":                   {on + asked + "3000\nc 1|112=X\n" + cut + on, NotObserved},
		"not cut":               {on + asked + "3000\nc 1|112=X\n" + on, Failed},
		"late, then cut":        {on + asked + "3000\n" + answered + cut + on, Failed},
		"before, on another":    {on + asked + "3000\nc 1|112=X\n" + on + cut, Failed},
		"unanswered after that": {on + cut + on + asked + "3000\nc 1|112=X\n", Failed},
	} {
		for _, f := range reportOf(t, written(t, c.day)).Findings {
			if f.Check.ID == "C01" && f.Verdict != c.verdict {
				t.Errorf("%s: %s %s, want %s", name, f.Verdict, f.Why, c.verdict)
			}
		}
	}
}

// TestOtherConnections: what is marked is kept aside, whoever says it.
func TestOtherConnections(t *testing.T) {
	l, err := ReadLog(strings.NewReader(written(t, "c A|98=0|108=30|141=Y\ng A|98=0|108=30|141=Y\n2c A|98=0|108=30\n3g 8|56=DC|17=E1\ng 8|17=E2")), Unsaid, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Entries) != 3 || len(l.Aside) != 2 || !l.Aside[0].FromClient || l.Aside[0].Conn != 2 || l.Aside[1].FromClient || l.Aside[1].Conn != 3 {
		t.Errorf("%d of the session, aside %+v", len(l.Entries), l.Aside)
	}
}
