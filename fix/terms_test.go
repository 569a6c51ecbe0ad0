package fix

import (
	"strings"
	"testing"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// quotedForms adds what is told of a market that has a price, and of an account whose
// session has a tier.
func quotedForms(c *codec, ask func(string) []*quickfix.Message, add func(string, ...*quickfix.Message)) {
	add("seclist_quoted", ask("x|320=SL3|559=0|55=SOL-PERP|")...)
	add("secstatus_once", ask("e|324=SS4|55=SOL-PERP|263=0|")...)
	for _, out := range c.encode(perp.CollateralReported{Origin: asked, ReqID: "CI4", View: testCollateral()}, testTime, 1) {
		add("collrep_tier", out.msg)
	}
}

// The list of markets has the funding of each as of its newest price, in VAMM1 alone;
// a market without funding, or without a price, has nothing of it.
func TestFundingIsListed(t *testing.T) {
	const all = "|562=0.1|22020=0.0000125|22021=3600|22022=20260722-12:30:00.341|22023=-0.0000083|22024=3.250000000125|22025=3.125|22032=500|"
	none := testQuote(771, "149.98", "150.02")
	none.Funding = perp.Funding{}
	for _, c := range []struct {
		name    string
		dialect dialect
		events  []perp.Event
		want    bool
	}{
		{"told", vamm1, []perp.Event{perp.QuoteChanged{Quote: testQuote(770, "149.98", "150.02")}}, true},
		{"stock dialect", strict44, []perp.Event{perp.QuoteChanged{Quote: testQuote(770, "149.98", "150.02")}}, false},
		{"another version", fix50, []perp.Event{perp.QuoteChanged{Quote: testQuote(770, "149.98", "150.02")}}, false},
		{"no price yet", vamm1, nil, false},
		{"no funding any more", vamm1, []perp.Event{perp.QuoteChanged{Quote: testQuote(770, "149.98", "150.02")}, perp.QuoteChanged{Quote: none}}, false},
	} {
		k := testDesk()
		k.dialect = func(string) dialect { return c.dialect }
		toldTo(k, "ACME", c.events...)
		replies, rej := k.local(inbound("x|320=S|559=0|55=SOL-PERP|"), "ACME", testTime)
		if rej != nil || len(replies) != 1 {
			t.Fatalf("%s: %v, %v", c.name, replies, rej)
		}
		got := plain(replies[0])
		if strings.Contains(got, all) != c.want || strings.Contains(got, "|2202") != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

// A new rate is no news about what a market is.
func TestFundingAloneListsNothing(t *testing.T) {
	k := testDesk()
	k.dialect = func(string) dialect { return vamm1 }
	subscribe(t, k, "ACME", "e|324=SS1|55=SOL-PERP|263=1|")
	toldTo(k, "ACME", perp.QuoteChanged{Quote: testQuote(770, "149.98", "150.02")})
	other := testQuote(771, "149.98", "150.02")
	other.Funding.Booked = -3
	if got := toldTo(k, "ACME", perp.QuoteChanged{Quote: other}); got != "" {
		t.Errorf("told %s", got)
	}
}

// The state of a market says what the outside price is worth, in VAMM1 alone, asked
// and unasked; before the first price there is none.
func TestStateHasTheOutsidePrice(t *testing.T) {
	gone := testQuote(771, "", "")
	gone.State, gone.Cause = perp.Halted, perp.OracleStale
	for _, d := range []dialect{vamm1, strict44, fix42} {
		k := testDesk()
		k.dialect = func(string) dialect { return d }
		subscribe(t, k, "ACME", "e|324=SS1|55=SOL-PERP|263=1|")
		once := func() string {
			replies, rej := k.local(inbound("e|324=SS2|55=SOL-PERP|263=0|"), "ACME", testTime)
			if rej != nil || len(replies) != 1 {
				t.Fatalf("%v, %v", replies, rej)
			}
			return plain(replies[0])
		}
		for _, step := range []struct {
			event perp.Event
			want  string
		}{
			{nil, ""},
			{perp.QuoteChanged{Quote: testQuote(770, "149.98", "150.02")}, "|22010=150|22011=20260722-12:00:00.321|22012=0.004|22013=0|"},
			{perp.QuoteChanged{Quote: gone}, "|58=ORACLE_STALE|22010=150|22011=20260722-12:00:00.321|22012=0.004|22013=1|"},
		} {
			told := ""
			if step.event != nil {
				told = toldTo(k, "ACME", step.event)
			}
			for _, got := range []string{once(), told} {
				if got == "" {
					continue
				}
				if want := d == vamm1 && step.want != ""; strings.Contains(got, "|22") != want || want && !strings.Contains(got, step.want) {
					t.Errorf("dialect %d: %s, want %s", d, got, step.want)
				}
			}
		}
	}
}

// A report of collateral says the highest tier that the session has in any market, of
// equal ones the latest, and why; that of another session of the account is its own.
func TestCollateralHasTheTier(t *testing.T) {
	k := testDesk()
	c := newCodec(nil, k)
	in := func(symbol string, tier perp.Tier, why string, since perp.Time) perp.ClientGraded {
		return perp.ClientGraded{Session: "ACME", Symbol: symbol, Class: perp.Class{Tier: tier}, Why: why, Since: since}
	}
	report := func(session string, d dialect) string {
		ev := perp.CollateralReported{Origin: perp.Origin{Session: session}, ReqID: "CI1", View: testCollateral()}
		k.dialect = func(string) dialect { return d }
		out := c.encode(ev, testTime, 1)
		if len(out) != 2 {
			t.Fatalf("told %v", out)
		}
		return plain(out[1].msg)
	}
	for _, step := range []struct {
		graded []perp.Event
		want   string
	}{
		{nil, "|22050=0|22070="},
		{[]perp.Event{in("SOL-PERP", perp.TierHeld, "new", testTime)}, "|22050=1|22051=NEW|22052=20260722-12:00:00.341|22070="},
		{[]perp.Event{in("BTC-PERP", perp.TierPriced, "markout", testTime-perp.Second)}, "|22050=2|22051=MARKOUT|22052=20260722-11:59:59.341|22070="},
		{[]perp.Event{in("SOL-PERP", perp.TierPriced, "strike", testTime)}, "|22050=2|22051=STRIKE|22052=20260722-12:00:00.341|22070="},
		{[]perp.Event{in("SOL-PERP", perp.TierFirm, "recovered", testTime), in("BTC-PERP", perp.TierFirm, "recovered", testTime-perp.Second)}, "|22050=0|22051=RECOVERED|22052=20260722-12:00:00.341|22070="},
	} {
		toldTo(k, "ACME", step.graded...)
		if got := report("ACME", vamm1); !strings.Contains(got, step.want) {
			t.Errorf("%s, want %s", got, step.want)
		}
		if got := report("ACME2", vamm1); !strings.Contains(got, "|22050=0|22070=") {
			t.Errorf("another session is told %s", got)
		}
		if got := report("ACME", strict44); strings.Contains(got, "|220") {
			t.Errorf("STRICT44 is told %s", got)
		}
	}
}
