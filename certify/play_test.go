package certify

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// acceptor is a session of its own making: it answers Logon, TestRequest and
// Logout well, unless spoil changes an answer.
func acceptor(t *testing.T, spoil func(answer string) string) Target {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answer(c, spoil)
		}
	}()
	return Target{Addr: l.Addr().String(), BeginString: "FIX.4.4", Sender: "TW", Target: "ISLD", Wait: 2 * time.Second}
}

func answer(c net.Conn, spoil func(string) string) {
	defer c.Close()
	r, out := bufio.NewReader(c), 0
	for {
		m, err := ReadMessage(r)
		if err != nil {
			return
		}
		f := Parse(m)
		body := map[string]string{"A": "A|98=0|108=" + f.Get(108) + "|141=Y", "1": "0|112=" + f.Get(112), "5": "5"}[f.Get(35)]
		if body == "" {
			continue
		}
		out++
		kind, rest, _ := strings.Cut(body, "|")
		text := fmt.Sprintf("8=FIX.4.4|35=%s|34=%d|49=ISLD|52=%s|56=TW|%s", kind, out, stamp(time.Now()), rest)
		text = spoil(strings.TrimSuffix(text, "|"))
		if _, err := io.WriteString(c, Complete(strings.ReplaceAll(text, "|", SOH)+SOH)); err != nil || kind == "5" {
			return
		}
	}
}

const talk = `# @rule r
# @given g
# @expect e
logon 108=7
send 1|112=A1
expect 35=0|112>id|112=A1|112~^A[0-9]$|!41|34=2+-0|49
send 1|112={id}
await 35=0|112={id}
fence
logout
`

func TestPlay(t *testing.T) {
	c, err := ParseScript("talk.def", "talk", []byte(talk))
	if err != nil {
		t.Fatal(err)
	}
	if c.Rule != "r" || c.Given != "g" || c.Expect != "e" {
		t.Errorf("header is %q %q %q", c.Rule, c.Given, c.Expect)
	}
	if err := c.Play(t.Context(), acceptor(t, func(s string) string { return s })); err != nil {
		t.Error(err)
	}
}

// TestPlayIsStrict spoils one answer at a time; the line that meets it fails.
func TestPlayIsStrict(t *testing.T) {
	c, err := ParseScript("talk.def", "talk", []byte(talk))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct {
		name, from, to string
		line           int
	}{
		{"value", "112=A1", "112=A2", 6},
		{"missing", "|112=A1", "", 6},
		{"not absent", "112=A1", "112=A1|41=X", 6},
		{"number skipped", "34=2", "34=5", 6},
		{"number again", "34=3", "34=2", 8},
		{"other type", "35=0|34=2", "35=3|34=2", 6},
		{"fence", "112=FENCE1", "112=FENCE", 9},
		{"logon", "35=A", "35=5", 4},
	} {
		err := c.Play(t.Context(), acceptor(t, func(m string) string { return strings.Replace(m, s.from, s.to, 1) }))
		var f *Failure
		if !errors.As(err, &f) || f.Line != s.line {
			t.Errorf("%s: %v, want a failure of line %d", s.name, err, s.line)
		}
	}
}

// TestDefinitions: the lines of QuickFIX, and that each field counts.
func TestDefinitions(t *testing.T) {
	well := "iCONNECT\r\nI8=FIX.4.4\x0135=A\x0134=1\x0149=TW\x0152=<TIME>\x0156=ISLD\x0198=0\x01108=30\x01\r\n" +
		"E8=FIX.4.4\x019=67\x0135=A\x0134=1\x0149=ISLD\x0152=00000000-00:00:00.000\x0156=TW\x0198=0\x01108=30\x01141=Y\x0110=0\x01\r\n" +
		"I8=FIX.4.4\x0135=5\x0134=2\x0149=TW\x0152=<TIME>\x0156=ISLD\x01\r\nE8=FIX.4.4\x019=49\x0135=5\x0134=2\x0149=ISLD\x0152=00000000-00:00:00.000\x0156=TW\x0110=0\x01\r\neDISCONNECT"
	to := acceptor(t, func(s string) string { return s })
	for _, s := range []struct {
		src string
		ok  bool
	}{{well, true}, {strings.Replace(well, "141=Y", "141=N", 1), false}, {strings.Replace(well, "E8=FIX.4.4\x019=67", "E8=FIX.4.4\x019=66", 1), false},
		{strings.Replace(well, "\x0198=0\x01108=30\x01141", "\x01108=30\x0198=0\x01141", 1), false}, {well + "\niDISCONNECT\neDISCONNECT", false}} {
		c, err := ParseScript("x.def", "x", []byte(s.src))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Play(t.Context(), to); (err == nil) != s.ok {
			t.Errorf("%q: %v", s.src, err)
		}
	}
}

func TestCompare(t *testing.T) {
	for _, c := range []struct{ name, want, got string }{
		{"value", "8=FIX.4.4|9=5|35=0|10=0|", "8=FIX.4.4|9=5|35=1|10=000|"},
		{"field missing", "8=FIX.4.4|9=5|35=0|58=x|10=0|", "8=FIX.4.4|9=5|35=0|10=000|"},
		{"order", "8=FIX.4.4|9=5|35=0|34=1|10=0|", "8=FIX.4.4|9=5|34=1|35=0|10=000|"},
		{"length", "8=FIX.4.4|9=5|35=0|10=0|", "8=FIX.4.4|9=6|35=0|10=000|"},
		{"time without its shape", "8=FIX.4.4|9=5|52=0|10=0|", "8=FIX.4.4|9=5|52=now|10=000|"},
	} {
		if compare(strings.ReplaceAll(c.want, "|", SOH), strings.ReplaceAll(c.got, "|", SOH)) == nil {
			t.Errorf("%s: not noticed", c.name)
		}
	}
	if err := compare("8=FIX.4.4\x0152=00000000-00:00:00\x0110=0\x01", "8=FIX.4.4\x0152=20260101-10:00:00.000\x0110=123\x01"); err != nil {
		t.Error(err)
	}
}

func TestScriptErrors(t *testing.T) {
	for _, s := range []struct {
		src, says string
		line      int
	}{
		{"", "nothing", 1},
		{"# only\nfence\nnonsense", "is no step", 3},
		{"iDANCE", "unknown action", 1},
		{"eCONNECT", "unknown action", 1},
		{"fence\n\nexpect 35", "", 0},
		{"expect", "missing", 1},
		{"fence\nexpect 35=A|x=1", "TAG=VALUE", 2},
		{"expect 35~(", "regexp", 1},
		{"expect 35<A", "no operator", 1},
		{"expect 37>an id", "a name has", 1},
		{"send D|11={id", "no reference", 1},
		{"drop 1,now", "too much", 1},
		{"flood 2000 H|11=A", "a number up to 1000", 1},
		{"flood H|11=A", "a number up to 1000", 1},
		{"flood 3", "a number up to 1000", 1},
		{"flood 3 H|11=A", "", 0},
		{"# @wait soon\nfence", "whole seconds", 1},
		{"# @rule r\n# @wait 601\nfence", "1 to 600", 2},
		{"# @wait 600\nfence", "", 0},
	} {
		_, err := ParseScript("f.def", "f", []byte(s.src))
		var e *ScriptError
		if s.says == "" {
			if err != nil {
				t.Errorf("%q: %v", s.src, err)
			}
			continue
		}
		if !errors.As(err, &e) || e.Line != s.line || !strings.Contains(err.Error(), s.says) {
			t.Errorf("%q: %v, want line %d and %q", s.src, err, s.line, s.says)
		}
	}
}

func TestMatchers(t *testing.T) {
	vars := map[string]string{"n": "41"}
	for _, s := range []struct {
		demand, field string
		ok            bool
	}{
		{"44=100+-0.5", "44=100.5", true}, {"44=100+-0.5", "44=100.51", false}, {"44=100+-0.5", "44=x", false},
		{"34={n+1}", "34=42", true}, {"34={n-1}", "34=42", false}, {"34={m}", "34=1", false},
		{"58~^a(b|c)$", "58=ac", true}, {"58~^a(b|c)$", "58=ad", false}, {"!58", "58=", false}, {"58", "58=", true}, {"58", "59=", false},
	} {
		m, err := parseMatcher(s.demand)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.judge(Fields{s.field}, vars); (err == nil) != s.ok {
			t.Errorf("%s of %s: %v", s.demand, s.field, err)
		}
	}
}

func TestMalformedIsSeeded(t *testing.T) {
	to := Target{BeginString: "FIX.4.4", Sender: "A", Target: "B", Username: "A", Password: "p"}
	source := func(seed int64) string {
		s, err := LoadSuite(SuiteMalformed, seed, to)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, c := range s.Cases {
			b.WriteString(strings.Join(c.source, "\n"))
		}
		return b.String()
	}
	one := source(1)
	if again := source(1); one != again || one == source(2) {
		t.Error("a seed must make one suite, and another seed another")
	}
}

func TestSuites(t *testing.T) {
	s, err := LoadSuite(SuiteSession, 0, Target{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Cases {
		if c.Rule == "" || c.Given == "" || c.Expect == "" {
			t.Errorf("%s lacks a part of its header", c.Name)
		}
	}
	t.Chdir(t.TempDir())
	// What the reference client says is no suite: a directory may have its name.
	for _, name := range []string{"nowhere", suiteClient} {
		if _, err := LoadSuite(name, 0, Target{}); !errors.Is(err, ErrNoSuite) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRun: nobody there from the start is no failure of a case,
// an acceptor that goes away is, and the rest is not run.
func TestRun(t *testing.T) {
	s, err := LoadSuite(SuiteSession, 0, Target{})
	if err != nil {
		t.Fatal(err)
	}
	s = s.Only("test_request")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := Target{Addr: l.Addr().String(), BeginString: "FIX.4.4", Wait: time.Second}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), s, nobody, func(Outcome) {}); !errors.Is(err, ErrUnreachable) {
		t.Errorf("nobody there: %v", err)
	}
	to := acceptor(t, func(m string) string { return strings.Replace(m, "112=TWO", "112=2", 1) })
	r, err := Run(t.Context(), s, to, func(Outcome) {})
	if err != nil || r.Failed != 1 || r.OK() {
		t.Fatalf("%v, %s", err, r.Summary())
	}
	o := r.Outcomes[0].String()
	for _, part := range []string{"fail    04_test", "rule    TestRequest", ".def:9:", "TestReqID(112)=2, want TestReqID(112)=TWO", "MsgType(35)=0 heartbeat"} {
		if !strings.Contains(o, part) {
			t.Errorf("%q is not in\n%s", part, o)
		}
	}
	x, err := r.JUnit()
	if err != nil || !strings.Contains(string(x), `failures="1"`) {
		t.Errorf("JUnit %s, %v", x, err)
	}
}

// TestReadMessageIsBounded: what never ends a field is given up.
func TestReadMessageIsBounded(t *testing.T) {
	for _, begun := range []string{"", "8=FIX.4.4\x01", "8=FIX.4.4\x019=5\x0135=0\x01"} {
		r := bufio.NewReader(io.MultiReader(strings.NewReader(begun), zeros{}))
		if m, err := ReadMessage(r); err == nil || !strings.Contains(err.Error(), "more than") {
			t.Errorf("behind %q: %q, %v", begun, m, err)
		}
	}
	if _, err := ReadMessage(bufio.NewReader(strings.NewReader("8=FIX.4.4"))); !errors.Is(err, io.EOF) {
		t.Errorf("cut off: %v", err)
	}
}

// zeros is an acceptor that sends 0 for ever.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '0'
	}
	return len(b), nil
}
