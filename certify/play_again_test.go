package certify

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// forgetful is an acceptor that keeps one session's numbers over connections. It
// answers a D with two reports, of which it leaves out the first, and repeats what it
// is asked for; it reads floodsTaken TestRequests that are long, and then closes.
type forgetful struct {
	out  int
	said map[int]string
}

const (
	floodsTaken = 3
	lateBy      = 50 * time.Millisecond // the answer to a TestRequest SLOW
)

func (a *forgetful) serve(c net.Conn, deaf bool) {
	defer c.Close()
	r, floods := bufio.NewReader(c), 0
	for {
		m, err := ReadMessage(r)
		if err != nil {
			return
		}
		f := Parse(m)
		switch f.Get(35) {
		case "A":
			if f.Get(141) == "Y" {
				a.out, a.said = 0, map[int]string{}
				a.say(c, "A|98=0|108=30|141=Y", true)
			} else {
				a.say(c, "A|98=0|108=30", true)
			}
		case "D":
			a.say(c, "8|11="+f.Get(11)+"|17=E1", false)
			a.say(c, "8|11="+f.Get(11)+"|17=E2", true)
		case "2":
			for n := f.Int(7); n <= f.Int(16) && !deaf; n++ {
				fmt.Fprint(c, Complete(strings.ReplaceAll(strings.Replace(a.said[n], "|49=", "|43=Y|49=", 1), "|", SOH)+SOH))
			}
		case "1":
			if len(f.Get(112)) > 1000 {
				if floods++; floods == floodsTaken {
					return
				}
				continue
			}
			if f.Get(112) == "SLOW" {
				<-time.After(lateBy)
			}
			a.say(c, "0|112="+f.Get(112), true)
		case "5":
			a.say(c, "5", true)
			return
		}
	}
}

func (a *forgetful) say(c net.Conn, body string, sent bool) {
	a.out++
	kind, rest, _ := strings.Cut(body, "|")
	text := strings.TrimSuffix(fmt.Sprintf("8=FIX.4.4|35=%s|34=%d|49=ISLD|52=%s|56=TW|%s", kind, a.out, stamp(time.Now()), rest), "|")
	a.said[a.out] = text
	if sent {
		fmt.Fprint(c, Complete(strings.ReplaceAll(text, "|", SOH)+SOH))
	}
}

func forgetfulAcceptor(t *testing.T, deaf bool) Target {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		a := &forgetful{said: map[int]string{}}
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			a.serve(c, deaf) // One after the other: they share the numbers.
		}
	}()
	return Target{Addr: l.Addr().String(), BeginString: "FIX.4.4", Sender: "TW", Target: "ISLD", Wait: time.Second}
}

// TestPlayAgain: a client whose connection breaks goes on where it was, asks for what
// it has missed and waits for it; each demand fails where it does not hold.
func TestPlayAgain(t *testing.T) {
	const order = "logon\nasks\nsend D|11=X\n"
	for _, c := range []struct {
		name, script string
		deaf         bool
		line         int // that does not hold; 0: all do
	}{
		{"a gap is asked for", order + "await 35=8|17=E2\nawait 35=8|17=E1|43=Y\nfence", false, 0},
		{"whole", order + "await 35=8|17=E2\nwhole\nfence", false, 0},
		{"a gap without asks", "logon\nsend D|11=X\nawait 35=8|17=E2", false, 3},
		{"never whole", order + "await 35=8|17=E2\nwhole", true, 5},
		{"back", "logon\nfence\ndrop\nback\nfence", false, 0},
		{"back with a gap", order + "drop\nback\nawait 35=8|17=E2|43=Y\nfence", false, 0},
		{"back from nowhere", "back", false, 1},
		{"back after the end", "logon\nlogout\nback\nfence", false, 0},
		{"late enough", "logon\nsend 1|112=SLOW\nlate 50 35=0|112=SLOW", false, 0},
		{"too early", "logon\nsend 1|112=Q\nlate 900 35=0|112=Q", false, 3},
		{"a stall ends", "logon\nstall 1|112={stall}\nback\nfence", false, 0},
		{"a stall that is taken", "logon\nstall 0|", false, 2},
		{"a name of its own", "logon 49=OTHER\nfence", false, 0},
	} {
		s, err := ParseScript("again.def", c.name, []byte(c.script))
		if err != nil {
			t.Fatal(err)
		}
		err = s.Play(t.Context(), forgetfulAcceptor(t, c.deaf))
		var f *Failure
		switch {
		case c.line == 0 && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.line > 0 && (!errors.As(err, &f) || f.Line != c.line):
			t.Errorf("%s: %v, want a failure of line %d", c.name, err, c.line)
		}
	}
	for _, bad := range []string{"late", "late 35=8", "late 0 35=8", "late x 35=8", "late 5", "asks 35=8", "whole 1x", "stall"} {
		if _, err := ParseScript("again.def", "again", []byte("logon\n"+bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestRecordOfConnections: the record marks other connections, keeps no password and
// nothing of a flood.
func TestRecordOfConnections(t *testing.T) {
	s, err := ParseScript("record.def", "record", []byte("logon 554=geheim\nsend 1|112=Q\nawait 35=0|112=Q\nstall 1|112={stall}"))
	if err != nil {
		t.Fatal(err)
	}
	to := forgetfulAcceptor(t, false)
	var said strings.Builder
	to.Record = func(_ time.Time, m string) { io.WriteString(&said, m+"\n") }
	if err := s.Play(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	text := said.String()
	if strings.Contains(text, "geheim") || strings.Contains(text, "xxxx") || !strings.Contains(text, stallMark) || strings.Contains(text, connMark) {
		t.Errorf("the record is\n%s", text)
	}
	said.Reset()
	s, err = ParseScript("record.def", "record", []byte("logon 2\nfence 2"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Play(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(said.String()) {
		if !strings.HasPrefix(line, connMark+"2 : 8=FIX") {
			t.Errorf("not marked: %s", line)
		}
	}
}

// TestNeedsOfScenarios: a scenario is played if there is what it needs, and only then;
// a market that it names is one of these.
func TestNeedsOfScenarios(t *testing.T) {
	cases, err := loadFiles(scripts, suiteClient)
	if err != nil {
		t.Fatal(err)
	}
	all := Active{Copy: "DC"}
	with, without := Target{Password: "x"}, Target{}
	needed, named := map[string]bool{}, regexp.MustCompile(`55=(CERT-[A-Z0-9-]+)`)
	for _, c := range cases {
		for _, m := range named.FindAllStringSubmatch(strings.Join(c.source, "\n"), -1) {
			if !slices.Contains(c.Markets, m[1]) {
				t.Errorf("%s names %s, which is no @market of it", c.Name, m[1])
			}
		}
		for _, need := range c.Needs {
			needed[need] = true
			if !all.has(need, with) || (Active{}).has(need, without) {
				t.Errorf("%s needs %s, which is never there or always", c.Name, need)
			}
		}
	}
	if len(needed) != 2 {
		t.Errorf("needs are %v", needed)
	}
}
