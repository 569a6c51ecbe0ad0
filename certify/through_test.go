package certify

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// engineCase is played through engines that a line of shell stands in for.
const engineCase = `logon
send H|11=A|55=BTC-PERP|54=1
await 35=8|11=A
logout
`

func TestEngines(t *testing.T) {
	const report = `echo "< 8=FIX.4.4|35=8|34=2|49=G|56=C|11=A|10=000|"`
	for name, e := range map[string]struct{ shell, err string }{
		"does its part":        {"echo up; read a; echo \"> 8=FIX.4.4|35=H|10=000|\"; echo '< 8=FIX.4.4|35=0|10=000|'; " + report + "; read b; echo down; cat >/dev/null", ""},
		"does not log on":      {"cat >/dev/null", "the engine is not there"},
		"will not send":        {"echo up; read a; echo \"bad $a: no such field\"; cat >/dev/null", "will not send 35=H|11=A|55=BTC-PERP|54=1: no such field"},
		"hears nothing":        {"echo up; cat >/dev/null", "nothing of the kind within"},
		"hears something else": {"echo up; read a; echo '< 8=FIX.4.4|35=8|11=B|10=000|'; cat >/dev/null", "nothing of the kind within"},
		"ends":                 {"echo up; read a; exit 3", "has ended"},
		"does not log out":     {"echo up; read a; " + report + "; cat >/dev/null", "the engine is not there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := ParseScript("case", "case", []byte(engineCase))
			if err != nil {
				t.Fatal(err)
			}
			said := 0
			engine, err := StartEngine(t.Context(), []string{"sh", "-c", e.shell}, io.Discard, func(time.Time, string) { said++ })
			if err != nil {
				t.Fatal(err)
			}
			err = c.Play(t.Context(), Target{Wait: 2 * time.Second, Sender: "C", Target: "G", engine: engine})
			if e.err == "" && err != nil || e.err != "" && (err == nil || !strings.Contains(err.Error(), e.err)) {
				t.Errorf("got %v, want %q", err, e.err)
			}
			if err := engine.Close(); err != nil && name != "ends" {
				t.Error(err)
			}
			if name == "does its part" && said != 3 {
				t.Errorf("%d messages recorded, want 3", said)
			}
		})
	}
	if _, err := StartEngine(t.Context(), []string{"./no-such-engine"}, io.Discard, nil); err == nil {
		t.Error("an engine that is not there was started")
	}
}

// TestEngineAhead: what an engine says while nobody listens is bounded, and matters
// to no later case.
func TestEngineAhead(t *testing.T) {
	recorded := make(chan struct{})
	engine, err := StartEngine(t.Context(), []string{"sh", "-c", "i=0; while [ $i -lt 6000 ]; do echo x; i=$((i+1)); done; echo '< 35=0|'; cat >/dev/null"}, io.Discard,
		func(time.Time, string) { close(recorded) })
	if err != nil {
		t.Fatal(err)
	}
	<-recorded
	soon := time.Now().Add(2 * time.Second)
	if _, err := engine.next(t.Context(), soon); err == nil || !strings.Contains(err.Error(), "nobody waited for") {
		t.Errorf("got %v", err)
	}
	engine.skip()
	if line, err := engine.next(t.Context(), time.Now().Add(50*time.Millisecond)); !errors.Is(err, errLate) && line != "< 35=0|" {
		t.Errorf("after it: %q, %v", line, err)
	}
	if err := engine.Close(); err != nil {
		t.Error(err)
	}
}

// TestEnginesThatMisbehave: one that says too much at once, never ends, leaves its
// output to others or does not read is ended, soon, and nothing is recorded any more.
func TestEnginesThatMisbehave(t *testing.T) {
	flood := "logon\nflood 1000 H|58=" + strings.Repeat("x", 200) + "\n"
	for name, c := range map[string]struct{ shell, script, err, end string }{
		"a line without an end": {"echo up; head -c 4000000 /dev/zero; cat >/dev/null", engineCase, "token too long", "token too long"},
		"never ends":            {"while :; do echo up; echo '< 35=0|'; done", "logon\n", "", "did not end within"},
		"leaves its output":     {"sleep 20 & echo up; read a", "logon\n", "", "did not end within"},
		"does not read":         {"echo up; exec sleep 20", flood, "has not read its input", "did not end within"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := ParseScript("case", "case", []byte(c.script))
			if err != nil {
				t.Fatal(err)
			}
			said := 0
			engine, err := StartEngine(t.Context(), []string{"sh", "-c", c.shell}, io.Discard, func(time.Time, string) { said++ })
			if err != nil {
				t.Fatal(err)
			}
			engine.end = 100 * time.Millisecond
			err = s.Play(t.Context(), Target{Wait: 2 * time.Second, Sender: "C", Target: "G", engine: engine})
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("got %v, want %q", err, c.err)
			}
			began := time.Now()
			if err := engine.Close(); err == nil || !strings.Contains(err.Error(), c.end) {
				t.Errorf("ended with %v, want %q", err, c.end)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("its end took %v", took)
			}
			said++ // The race detector sees who still records.
		})
	}
}

// TestEnginePlays: what only a connection of our own can do is not asked of an engine.
func TestEnginePlays(t *testing.T) {
	for script, plays := range map[string]bool{
		"logon\nsend D|11=A\nexpect 35=8\nlogout": true,
		"send D|11=A|97=Y":                        true,
		"logon 108=1":                             false,
		"send D|34=7|11=A":                        false,
		"send D|43=Y|11=A":                        false,
		"connect":                                 false,
		"logon\nfence":                            false,
		"logon\nraw 8=FIX":                        false,
		"logon 2":                                 false,
		"logon\ndrop":                             false,
	} {
		c, err := ParseScript("case", "case", []byte(script))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.plays(); (err == nil) != plays {
			t.Errorf("%q: %v", script, err)
		}
	}
}

// TestEngineMustLogOn: no scenario is judged without a session.
func TestEngineMustLogOn(t *testing.T) {
	to := Target{Wait: 100 * time.Millisecond, Sender: "C", Target: "G", Through: []string{"sh", "-c", "cat >/dev/null"}, Talk: io.Discard}
	_, report, err := RunClient(t.Context(), to, Active{Account: "C", Symbol: "BTC-PERP", Size: "1", Away: "1"}, "", io.Discard, func(o Outcome) {
		if o.Verdict != NotRun {
			t.Errorf("%s is %s", o.Case.Name, o.Verdict)
		}
	})
	if !errors.Is(err, ErrUnreachable) || report != nil {
		t.Errorf("got %v, %v", report, err)
	}
}
