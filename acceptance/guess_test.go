package acceptance

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"testing"
	"time"
)

// dialFrom dials from another address of this machine.
func dialFrom(t *testing.T, host, addr string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(host)}, Timeout: answerMax}
	c, err := d.Dial("tcp", addr)
	if err != nil {
		t.Skipf("no second address on this machine: %v", err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(answerMax)); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestGuessingIsInTheAudit: C5 against the binary. Guesses at a live CompID from
// another address move no number and do not disturb its owner; the audit tells
// of them in a handful of rows, and is whole.
func TestGuessingIsInTheAudit(t *testing.T) {
	const tries = 15 // fewer than one address may have open: the former ones may still be ending
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	g := startWith(t, Venue{}.TOML())
	owner := NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")
	if _, err := owner.Logon(ctx, g.FIX); err != nil {
		t.Fatal(err)
	}
	for i := range tries {
		c := dialFrom(t, "127.0.0.2", g.FIX)
		stranger := NewClient("DEMO1", "BACKSTOP", "", "")
		if _, err := c.Write([]byte(stranger.Frame("A", 1, "98=0", "108=30", "553=DEMO1", fmt.Sprint("554=guess", i)))); err != nil {
			t.Fatal(err)
		}
		m, err := readMessage(bufio.NewReader(c))
		if err != nil {
			t.Fatal(err)
		}
		says(t, "a guess", Parse(m), "35=5", "34=0", "58=Logon refused")
		c.Close()
	}
	if err := owner.Send("H", "11=NONE", "55=BTC-PERP", "54=1"); err != nil {
		t.Fatal(err)
	}
	answer, err := owner.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	says(t, "the owner", answer, "35=8", "150=I", "34=2")
	owner.Drop()
	if code, err := g.Stop(); code != 0 || err != nil {
		t.Fatalf("exit %d, %v", code, err)
	}
	var rows []struct {
		By, What, Reason string
		Command          struct{ Count int }
	}
	auditOf(ctx, t, g.DataDir, &rows)
	counts := map[string]int{}
	for _, r := range rows {
		if r.By != "guard" || r.What != "logon DEMO1 from 127.0.0.2" {
			t.Errorf("%+v", r)
		}
		counts[r.Reason] += r.Command.Count
	}
	if len(counts) != 3 || len(rows) > 6 || counts["wrong credentials"] != 5 || counts["lockout begins"] != 1 || counts["locked out"] != tries-5 {
		t.Errorf("%d rows: %v", len(rows), counts)
	}
}

// auditOf reads the audit of a gateway that has ended, which must be whole.
func auditOf(ctx context.Context, t *testing.T, dir string, rows any) {
	t.Helper()
	for _, verb := range []string{"verify", "list"} {
		out, talk, code, err := Run(ctx, "audit", verb, "--data-dir", dir, "--json")
		if code != 0 || err != nil {
			t.Fatalf("audit %s: exit %d, %v\n%s", verb, code, err, talk)
		}
		if verb == "list" {
			if err := json.Unmarshal([]byte(out), rows); err != nil {
				t.Fatal(err)
			}
		}
	}
}
