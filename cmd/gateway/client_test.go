package main

import (
	"testing"

	"backstop/config"
	"backstop/fix"
)

// TestOldReportsAreNoAnswers: what a gateway tells again, because it does not
// know that we had it, may carry the very ids of a new request.
func TestOldReportsAreNoAnswers(t *testing.T) {
	for _, c := range []struct {
		name, raw string
		done      bool
		code      int
	}{
		{"the answer", "8=FIX.4.4|9=1|35=8|34=2|11=a|150=4|39=4|10=000|", true, config.ExitOK},
		{"a refusal", "8=FIX.4.4|9=1|35=8|34=2|11=a|150=8|39=8|58=no|10=000|", true, config.ExitRefused},
		{"of another order", "8=FIX.4.4|9=1|35=8|34=2|11=b|150=4|39=4|10=000|", false, config.ExitOK},
		{"an end told again", "8=FIX.4.4|9=1|35=8|34=2|97=Y|11=a|150=4|39=4|10=000|", false, config.ExitOK},
		{"a refusal told again", "8=FIX.4.4|9=1|35=8|34=2|97=Y|11=a|150=8|39=8|58=no|10=000|", false, config.ExitOK},
		{"a session reject", "8=FIX.4.4|9=1|35=3|34=2|45=2|58=no|10=000|", true, config.ExitRefused},
		{"a session reject told again", "8=FIX.4.4|9=1|35=3|34=2|97=Y|45=2|58=no|10=000|", true, config.ExitRefused},
	} {
		v := judged(fix.ParseMessage([]byte(c.raw)), func(m fix.Message) verdict { return orderVerdict(m, "a") })
		if v.done != c.done || v.code != c.code {
			t.Errorf("%s: %+v", c.name, v)
		}
	}
}
