package acceptance

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// buster trades, and has the desk take trades back.
type buster struct {
	t   *testing.T
	ctx context.Context
	*Client
	dir string
}

// reportOf reads reports until one of a kind comes for an order.
func (b *buster) reportOf(c *Client, id, kind string) Fields {
	b.t.Helper()
	for {
		f, err := c.NextOf(b.ctx, "8")
		if err != nil {
			b.t.Fatalf("%s 150=%s: %v", id, kind, err)
		}
		if f.Get(11) == id && f.Get(150) == kind {
			return f
		}
	}
}

// deal buys at the market and returns the report of the fill that ends the order.
func (b *buster) deal(id string) Fields {
	b.t.Helper()
	if err := b.Send("D", "11="+id, "55=BTC-PERP", "54=1", "60="+Now(), "38=0.5", "40=1"); err != nil {
		b.t.Fatal(err)
	}
	for {
		if f := b.reportOf(b.Client, id, "F"); f.Get(39) == "2" {
			return f
		}
	}
}

// desk busts a trade and tells how that ended.
func (b *buster) desk(trade string, args ...string) (said string, code int) {
	b.t.Helper()
	out, talk, code, err := Run(b.ctx, append([]string{"trade", "bust", trade, "--data-dir", b.dir}, args...)...)
	if err != nil {
		b.t.Fatal(err)
	}
	return out + talk, code
}

func (b *buster) bust(trade string) {
	b.t.Helper()
	if said, code := b.desk(trade, "--reason", "price of another day", "--yes"); code != 0 {
		b.t.Fatalf("bust of %s: %d, %s", trade, code, said)
	}
}

// is holds the report of a bust to the fill that it takes back.
func (b *buster) is(f, fill Fields) {
	b.t.Helper()
	for tag, want := range map[int]string{
		19: fill.Get(17), 527: fill.Get(527), 32: fill.Get(32), 31: fill.Get(31), 137: "-" + fill.Get(137), 37: fill.Get(37), 11: fill.Get(11),
		151: "0", 58: "BUST price of another day", 150: "H",
	} {
		if f.Get(tag) != want {
			b.t.Errorf("%d is %q, want %q: %s", tag, f.Get(tag), want, f)
		}
	}
}

// TestBusts: the desk takes trades back over its socket. The client is told, its drop
// copy with the same number, its position is flat again and its money what it was; a
// bust that it did not hear outlasts a kill and a sequence reset, with its ExecID; and
// what cannot be busted changes nothing.
func TestBusts(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := filepath.Join(t.TempDir(), "data")
	g := startGateway(t, demoArgs(dir)...)
	b := &buster{t, ctx, NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo"), dir}
	copies := NewClient("DEMODC", "BACKSTOP", "DEMODC", "demo")
	logon := func(c *Client, extra ...string) {
		t.Helper()
		if _, err := c.Logon(ctx, g.FIX, extra...); err != nil {
			t.Fatal(err)
		}
	}
	logon(copies, "22000=VAMM1")
	logon(b.Client, "22000=VAMM1")
	waitForQuotes(ctx, t, b.Client, "MD", newAnswers())
	fill := b.deal("B-1")
	b.bust(fill.Get(527))
	told := b.reportOf(b.Client, "B-1", "H")
	b.is(told, fill)
	end := b.reportOf(b.Client, "B-1", "4")
	if end.Get(39) != "4" || end.Get(14) != told.Get(14) || end.Get(151) != "0" || !strings.HasPrefix(end.Get(58), "OPERATOR") {
		t.Errorf("ended with %s", end)
	}
	if f := b.reportOf(copies, "B-1", "H"); f.Get(797) != "Y" || f.Get(17) != told.Get(17) || f.Get(22007) != told.Get(22007) {
		t.Errorf("copy %s of %s", f, told)
	}
	b.refusals(fill.Get(527))
	b.marked("B-1", told)
	b.flat("P1")

	fill = b.deal("B-2")
	b.Drop()
	b.bust(fill.Get(527))
	g.Kill()
	g = startGateway(t, demoArgs(dir)...)
	logon(b.Client, "22000=VAMM1")
	again := b.reportOf(b.Client, "B-2", "H")
	if b.is(again, fill); again.Get(43) != "Y" {
		t.Errorf("what was missed: %s", again)
	}
	b.flat("P2")
	b.Drop()
	b.Client = NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")
	logon(b.Client, "22000=VAMM1", "141=Y", "22001="+fill.Get(17)) // It has the fill, and nothing after it.
	if f := b.reportOf(b.Client, "B-2", "H"); f.Get(97) != "Y" || f.Get(17) != again.Get(17) {
		t.Errorf("after a reset: %s, before it %s", f, again)
	}
	if err := b.Logout(ctx); err != nil {
		t.Error(err)
	}
	copies.Drop()
	verify(ctx, t, g, dir)
}

// refusals: what cannot be busted is refused with its reason, and nobody hears of it.
func (b *buster) refusals(busted string) {
	b.t.Helper()
	for _, c := range []struct {
		trade string
		args  []string
		code  int
		want  string
	}{
		{busted, []string{"--reason", "again", "--yes"}, 8, "WRONG_STATE " + busted + " is busted already"},
		{"T-999999", []string{"--reason", "nobody's", "--yes"}, 4, "UNKNOWN_TRADE"},
		{busted, []string{"--yes"}, 2, "--reason is missing"},
		{busted, []string{"--reason", "why"}, 8, "say --yes"},
	} {
		if said, code := b.desk(c.trade, c.args...); code != c.code || !strings.Contains(said, c.want) {
			b.t.Errorf("%s %v: %d %s, want %d %q", c.trade, c.args, code, said, c.code, c.want)
		}
	}
	// The next report is the answer to this, so there was none of a refused bust.
	if err := b.Send("H", "11=B-1", "55=BTC-PERP", "54=1"); err != nil {
		b.t.Fatal(err)
	}
	if f, err := b.NextOf(b.ctx, "8"); err != nil || f.Get(150) != "I" || f.Get(39) != "4" || f.Get(14) != "0" {
		b.t.Errorf("status %s, %v", f, err)
	}
}

// marked: the trade is listed as a canceled one.
func (b *buster) marked(id string, told Fields) {
	b.t.Helper()
	if err := b.Send("AD", "568=AD-"+id, "569=1", "11="+id); err != nil {
		b.t.Fatal(err)
	}
	for last := false; !last; {
		f, err := b.NextOf(b.ctx, "AE")
		if err != nil {
			b.t.Fatal(err)
		}
		if last = f.Get(912) == "Y"; f.Get(17) == told.Get(19) && (f.Get(856) != "6" || f.Get(487) != "1") {
			b.t.Errorf("listed as %s", f)
		}
	}
}

// flat: the account holds nothing, and has what was paid in, but for the funding of
// the moments for which it held something: that stays.
func (b *buster) flat(id string) {
	b.t.Helper()
	if err := b.Send("BB", "909="+id, "1=DEMO1"); err != nil {
		b.t.Fatal(err)
	}
	f, err := b.NextOf(b.ctx, "BA")
	if err != nil {
		b.t.Fatal(err)
	}
	accrued := dec(f.Get(900)).Sub(dec(f.Get(901))).Abs()
	if f.Get(901) != "1000000" || accrued.GreaterThan(dec("0.01")) || !strings.HasPrefix(f.Get(58), "initial=0 maintenance=0 ") {
		b.t.Errorf("collateral %s, %v", f, err)
	}
}
