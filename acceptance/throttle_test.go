package acceptance

import (
	"bufio"
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// TestOrdersOverTheRate: what is over the rate of a session has no effect. Its
// ClOrdID stays free, and the order is taken once the time has passed that the
// refusal names. Cancels have room of their own.
func TestOrdersOverTheRate(t *testing.T) {
	const rate = 2
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	g := startWith(t, Venue{Rate: rate}.TOML())
	for who, logon := range map[string][]string{"DEMO1": nil, "DEMO2": {"22000=VAMM1"}} {
		t.Run(who, func(t *testing.T) {
			h := &Heard{Client: NewClient(who, "BACKSTOP", who, "demo")}
			if _, err := h.Logon(ctx, g.FIX, logon...); err != nil {
				t.Fatal(err)
			}
			over := burst(ctx, t, h, logon != nil)
			again(ctx, t, h, over)
			if err := h.Logout(ctx); err != nil {
				t.Error(err)
			}
		})
	}
}

// burst sends more orders at once than the session may, and returns the refusal
// of the last one.
func burst(ctx context.Context, t *testing.T, h *Heard, rich bool) Fields {
	t.Helper()
	orders := make([][]string, 0, 6)
	for i := range cap(orders) {
		orders = append(orders, order("O"+strconv.Itoa(i), "1", "40=2", "44=30000", "59=1"))
	}
	if err := h.SendTogether(orders...); err != nil {
		t.Fatal(err)
	}
	var over Fields
	answered := map[string]int{} // refusals need no commit and may come before other answers
	_, err := h.Until(ctx, func(f Fields) bool {
		switch f.Get(35) {
		case "j":
			answered[f.Get(379)]++
			if f.Get(379) == "O5" {
				over = f
			}
		case "8":
			answered[f.Get(11)]++
		}
		return len(answered) == len(orders)
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, n := range answered {
		if n != 1 {
			t.Errorf("%s is answered %d times", id, n)
		}
	}
	if over == nil {
		t.Fatalf("six orders at once, and the last was not refused: %s", h.tail())
	}
	says(t, "over the rate", over, "35=j", "372=D", "379=O5")
	wait := saidOf(t, over, "retry_after_ms")
	if !strings.HasPrefix(over.Get(58), "THROTTLED retry_after_ms=") || !wait.IsPositive() || wait.GreaterThan(decimal.NewFromInt(1000)) {
		t.Errorf("over the rate: %s", over)
	}
	if rich {
		says(t, "in VAMM1", over, "380=8", "22004=THROTTLED", "22003="+wait.String())
	} else {
		says(t, "in STRICT44", over, "380=0")
	}
	return over
}

// again sends the refused order when it may, after it was asked for and taken
// back in vain.
func again(ctx context.Context, t *testing.T, h *Heard, over Fields) {
	t.Helper()
	refused := time.Now()
	ask := func(message []string, tag int, id string) Fields {
		if err := h.SendTogether(message); err != nil {
			t.Fatal(err)
		}
		f, err := h.Until(ctx, func(f Fields) bool { return f.Get(tag) == id })
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	says(t, "an order without effect", ask([]string{"H", "11=O5", "55=BTC-PERP", "54=1", "790=HO5"}, 790, "HO5"), "150=I", "37=NONE", "39=8")
	says(t, "a cancel of it", ask([]string{"F", "41=O5", "11=XO5", "55=BTC-PERP", "54=1", "60=" + Now(), "38=0.01"}, 11, "XO5"), "35=9", "102=1")
	wait := time.NewTimer(time.Duration(saidOf(t, over, "retry_after_ms").IntPart())*time.Millisecond - time.Since(refused))
	defer wait.Stop()
	select {
	case <-wait.C: // The time that the refusal names: what is promised for it is tested.
	case <-ctx.Done():
		t.Fatal(ctx.Err())
	}
	f := ask(order("O5", "1", "40=2", "44=30000", "59=1"), 11, "O5")
	says(t, "a moment later", f, "35=8", "150=0", "39=0")
	says(t, "taken back", ask([]string{"F", "41=O5", "11=YO5", "55=BTC-PERP", "54=1", "60=" + Now(), "38=0.01"}, 11, "YO5"), "150=4", "41=O5")
}

// TestUnknownDialectIsRefused: a Logon with a dialect that there is not gets a
// Logout that spends no number, and the next Logon is as the first.
func TestUnknownDialectIsRefused(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	g := startWith(t, Venue{}.TOML())
	c := NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")
	conn, err := net.Dial("tcp", g.FIX)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(answerMax))
	if _, err := conn.Write([]byte(c.Frame("A", 1, "98=0", "108=30", "553=DEMO1", "554=demo", "22000=VAMM2"))); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	m, err := readMessage(in)
	if err != nil {
		t.Fatal(err)
	}
	says(t, "a dialect that there is not", Parse(m), "35=5", "34=0")
	if m, err := readMessage(in); err == nil {
		t.Errorf("and then %s", readable(m))
	}
	// The numbers are as they were: the same number is taken now.
	for _, dialect := range []string{"STRICT44", "VAMM1"} {
		answer, err := c.Logon(ctx, g.FIX, "22000="+dialect)
		if err != nil {
			t.Fatal(err)
		}
		says(t, "a dialect that there is", answer, "22000="+dialect)
		if err := c.Logout(ctx); err != nil {
			t.Error(err)
		}
	}
}
