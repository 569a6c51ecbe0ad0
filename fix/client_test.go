package fix

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"backstop/perp"
)

// gatewaySays runs a scripted gateway: each step waits for a message type and
// answers with the given messages ("type|fields", numbered from 1).
type scriptStep struct {
	wait string
	say  []string
}

func gatewaySays(t *testing.T, steps []scriptStep) (addr string, heard chan Message) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	heard = make(chan Message, 100)
	go func() {
		defer close(heard)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		r := bufio.NewReader(conn)
		for _, s := range steps {
			raw, err := readFrame(r)
			if err != nil {
				return
			}
			msg := ParseMessage(raw)
			heard <- msg
			if msg.Type != s.wait {
				t.Errorf("heard %s, expected %s", msg.Type, s.wait)
				return
			}
			for _, text := range s.say {
				kind, fields, _ := strings.Cut(text, "|")
				inner := strings.ReplaceAll("35="+kind+"|49=GW|56=ME|52=20260722-12:00:00.300|"+fields, "|", "\x01")
				if _, err := conn.Write(frame([]byte(inner))); err != nil {
					return
				}
			}
		}
	}()
	return l.Addr().String(), heard
}

func dial(t *testing.T, addr string) (*Client, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	return Dial(ctx, ClientConfig{Addr: addr, CompID: "ME", Target: "GW", Username: "ME", Password: "demo"})
}

func TestClientSession(t *testing.T) {
	addr, heard := gatewaySays(t, []scriptStep{
		{"A", []string{"A|34=1|98=0|108=30|141=Y|", "1|34=2|112=PING|"}},
		{"0", []string{"8|34=4|37=O-2|", "8|34=5|37=O-3|"}}, // 3 is missing
		{"2", []string{"8|34=3|43=Y|37=O-1|", "4|34=4|43=Y|123=Y|36=6|", "2|34=6|7=1|16=0|"}},
		{"4", []string{"8|34=7|37=O-4|"}},
		{"5", []string{"5|34=8|58=bye|"}},
	})
	c, err := dial(t, addr)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"O-1", "O-4"} {
		if m := <-c.Messages(); m.Get(37) != want {
			t.Fatalf("got %s, want %s", m, want)
		}
	}
	c.Close()
	if c.Reason() != "bye" {
		t.Errorf("reason %q", c.Reason())
	}
	var kinds []string
	for m := range heard {
		kinds = append(kinds, m.Type+m.Get(112)+m.Get(7)+m.Get(36))
		if m.Type == "A" && (m.Get(141) != "Y" || m.Get(554) != "demo") {
			t.Errorf("logon: %s", m)
		}
	}
	if got := strings.Join(kinds, " "); got != "A 0PING 23 44 5" {
		t.Errorf("the gateway heard %s", got)
	}
	if err := c.Send("D"); !errors.Is(err, ErrEnded) {
		t.Errorf("send after the end: %v", err)
	}
}

func TestClientIsRefused(t *testing.T) {
	addr, _ := gatewaySays(t, []scriptStep{{"A", []string{"5|34=1|58=credentials|"}}})
	if _, err := dial(t, addr); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "credentials") {
		t.Errorf("got %v", err)
	}
	addr, _ = gatewaySays(t, []scriptStep{{"A", nil}})
	if _, err := dial(t, addr); !errors.Is(err, ErrRefused) {
		t.Errorf("hang-up: %v", err)
	}
}

func TestClientFindsNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := dial(t, addr); !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %v", err)
	}
}

func TestClientSendsNoSeparators(t *testing.T) {
	c := &Client{}
	if err := c.Send("D", Field{Tag: 11, Value: "a\x0135=5"}); err == nil {
		t.Error("a value with SOH was sent")
	}
}

func TestPrint(t *testing.T) {
	m := ParseMessage([]byte("12:00 in 8=FIX.4.4|9=5|35=0|10=163|"))
	if m.Name != "Heartbeat" || len(m.Problems) != 0 {
		t.Errorf("%+v", m)
	}
	for text, want := range map[string]string{
		"8=FIX.4.4|9=6|35=0|10=163|":  "BodyLength(9) is 6, should be 5",
		"8=FIX.4.4|9=5|35=0|10=164|":  "CheckSum(10) is 164, should be 163",
		"8=FIX.4.4|9=5|35=0|":         "does not",
		"":                            "is no field",
		"8=FIX.4.4|35=0|9=5|10=000|":  "does not start",
		"8=FIX.4.4|9=5|35=0|x|10=16|": `"x" is no field`,
	} {
		if got := strings.Join(ParseMessage([]byte(text)).Problems, "\n"); !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	logon := ParseMessage([]byte("8=FIX.4.4|9=1|35=A|554=secret|10=000|")).String()
	if strings.Contains(logon, "secret") || !strings.Contains(logon, "Password") || !strings.Contains(logon, "(Logon)") {
		t.Errorf("printed %s", logon)
	}
}

// The bundled client in each dialect against the door itself: what it gets of a
// stream, and why a dialect that there is not is refused.
func TestClientChoosesADialect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for i, c := range []struct{ dialect, firmness string }{{"", ""}, {"STRICT44", ""}, {"VAMM1", "2"}} {
		client, err := Dial(context.Background(), ClientConfig{
			Addr: w.door.Addr().String(), CompID: "ALICE", Target: w.our, Username: "ALICE", Password: "demo", Dialect: c.dialect,
		})
		if err != nil {
			t.Fatal(err)
		}
		var fields []Field
		for _, f := range strings.Split(strings.Trim(stream[2:], "|"), "|") {
			tag, value, _ := strings.Cut(f, "=")
			fields = append(fields, Field{Tag: must(strconv.Atoi(tag)), Value: value})
		}
		if err := client.Send("V", fields...); err != nil {
			t.Fatal(err)
		}
		<-client.Messages()
		w.happen(perp.QuoteChanged{Quote: testQuote(int64(771+i), "149.98", "150.02")})
		got := <-client.Messages()
		if got.Type != "X" || len(got.Problems) > 0 || got.Get(22033) != c.firmness || (got.Get(22060) != "") != (c.firmness != "") {
			t.Errorf("%q: %s", c.dialect, got)
		}
		checkPartsOf(t, c.dialect, got)
		client.Close()
	}
	_, err := Dial(context.Background(), ClientConfig{
		Addr: w.door.Addr().String(), CompID: "ALICE", Target: w.our, Username: "ALICE", Password: "demo", Dialect: "VAMM2",
	})
	if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), refusedDialect) {
		t.Errorf("refused with %v", err)
	}
}
