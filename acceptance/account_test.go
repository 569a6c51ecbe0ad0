package acceptance

import (
	"context"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// saidOf reads name=number out of a Text(58).
func saidOf(t *testing.T, f Fields, name string) decimal.Decimal {
	t.Helper()
	m := regexp.MustCompile(`\b` + name + `=(-?[0-9.]+)`).FindStringSubmatch(f.Get(58))
	if m == nil {
		t.Fatalf("no %s in %s", name, f)
	}
	return dec(m[1])
}

// fill deals at the market and returns the fills' fee and signed cash.
func fill(ctx context.Context, t *testing.T, c *Client, id, side, size string) (execs []string, fee, cash decimal.Decimal) {
	t.Helper()
	if err := c.Send("D", "11="+id, "1=DEMO1", "55=BTC-PERP", "54="+side, "60="+Now(), "38="+size, "40=1", "59=3"); err != nil {
		t.Fatal(err)
	}
	for {
		f, err := c.NextOf(ctx, "8")
		if err != nil {
			t.Fatal(err)
		}
		if f.Get(150) == "F" {
			execs = append(execs, f.Get(17))
			fee = fee.Add(dec(f.Get(137)))
			paid := dec(f.Get(31)).Mul(dec(f.Get(32)))
			if side == "1" {
				paid = paid.Neg()
			}
			cash = cash.Add(paid)
		}
		if f.Get(39) == "2" {
			return execs, fee, cash
		}
		if f.Get(39) == "8" || f.Get(39) == "4" {
			t.Fatalf("not filled: %s", f)
		}
	}
}

// collateralOf asks for the collateral and returns its report.
func collateralOf(ctx context.Context, t *testing.T, c *Client, id string) Fields {
	t.Helper()
	if err := c.Send("BB", "909="+id, "1=DEMO1"); err != nil {
		t.Fatal(err)
	}
	f, err := c.NextOf(ctx, "BG")
	if err != nil || f.Get(909) != id || f.Get(911) != "1" || f.Get(946) != "0" {
		t.Fatalf("inquiry answered with %s, %v", f, err)
	}
	if f, err = c.NextOf(ctx, "BA"); err != nil || f.Get(909) != id || f.Get(1) != "DEMO1" || f.Get(912) != "Y" {
		t.Fatalf("no report: %s, %v", f, err)
	}
	if sum := dec(f.Get(901)).Add(saidOf(t, f, "claims")).Add(saidOf(t, f, "unrealised")); !sum.Equal(dec(f.Get(900))) {
		t.Errorf("cash, claims and unrealised are %s: %s", sum, f)
	}
	return f
}

// TestAccountIsTold: what an account has is told on request, news to whoever
// subscribed, and it equals what was reported fill by fill.
func TestAccountIsTold(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	g := startGateway(t, demoArgs(filepath.Join(t.TempDir(), "data"))...)
	c := NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo")
	if _, err := c.Logon(ctx, g.FIX); err != nil {
		t.Fatal(err)
	}
	waitForQuotes(ctx, t, c, "MD", newAnswers())
	equity := dec(collateralOf(ctx, t, c, "C1").Get(900))
	if !equity.Equal(decimal.NewFromInt(1_000_000)) {
		t.Errorf("equity at first %s", equity)
	}
	err := c.Send("AN", "710=P1", "724=0", "263=1", "453=1", "448=DEMO1", "447=D", "452=13", "1=DEMO1", "581=1",
		"715="+time.Now().UTC().Format("20060102"), "60="+Now())
	if err != nil {
		t.Fatal(err)
	}
	if f, err := c.NextOf(ctx, "AO"); err != nil || f.Get(710) != "P1" || f.Get(728) != "0" && f.Get(728) != "2" {
		t.Fatalf("subscription answered with %s, %v", f, err)
	}
	execs, fee, cash := fill(ctx, t, c, "A-1", "1", "0.5")
	for f := (Fields{}); f.Get(704) != "0.5"; { // News of the fill, perhaps after a report without it.
		if f, err = c.NextOf(ctx, "AP"); err != nil || f.Get(1) != "DEMO1" {
			t.Fatalf("no news of the position: %s, %v", f, err)
		}
		if f.Get(704) == "0.5" && f.Get(325) != "Y" {
			t.Errorf("news that says it was asked for: %s", f)
		}
	}
	open := collateralOf(ctx, t, c, "C2")
	if !saidOf(t, open, "initial").IsPositive() || !dec(open.Get(901)).Equal(equity.Sub(fee)) {
		t.Errorf("after a fill with a fee of %s: %s", fee, open)
	}
	more, fee2, cash2 := fill(ctx, t, c, "A-2", "2", "0.5")
	flat := collateralOf(ctx, t, c, "C3")
	// Flat: what the fills paid, less the fees, is all that happened, but for the
	// funding that ran while the position was open and is not booked yet: of 30,000
	// at 3 % a day in a minute at most.
	funding, most := saidOf(t, flat, "unrealised"), decimal.NewFromFloat(0.7)
	if want := equity.Add(cash).Add(cash2).Sub(fee).Sub(fee2); !want.Equal(dec(flat.Get(900)).Sub(funding)) || funding.Abs().GreaterThan(most) ||
		!saidOf(t, flat, "initial").IsZero() {
		t.Errorf("equity should be %s: %s", want, flat)
	}
	trades(ctx, t, c, append(execs, more...))
}

// trades asks for the trades of the session's account and expects these.
func trades(ctx context.Context, t *testing.T, c *Client, execs []string) {
	t.Helper()
	if err := c.Send("AD", "568=T1", "569=0"); err != nil {
		t.Fatal(err)
	}
	f, err := c.NextOf(ctx, "AQ")
	if err != nil || f.Get(568) != "T1" || f.Int(748) != len(execs) || f.Get(749) != "0" {
		t.Fatalf("%d trades: answered with %s, %v", len(execs), f, err)
	}
	for i, exec := range execs {
		f, err := c.NextOf(ctx, "AE")
		last := "N"
		if i == len(execs)-1 {
			last = "Y"
		}
		if err != nil || f.Get(17) != exec || f.Get(1) != "DEMO1" || f.Get(912) != last {
			t.Fatalf("trade %d should be %s: %s, %v", i, exec, f, err)
		}
	}
	// Of an account that is not the session's there is nothing to be told.
	if err := c.Send("BB", "909=X", "1=DEMO2"); err != nil {
		t.Fatal(err)
	}
	if f, err := c.NextOf(ctx, "BG", "BA", "j", "3"); err != nil || f.Get(35) == "BA" || f.Get(35) == "BG" && f.Get(946) == "0" {
		t.Errorf("another's collateral: %s, %v", f, err)
	}
}
