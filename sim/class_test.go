package sim

import (
	"testing"

	"backstop/perp"
)

func newTestTrial(t testing.TB, d string) *trial {
	t.Helper()
	s := scenario(t, "gbm", 10*perp.Second)
	tr := newTrial(s, design(t, d), s.Path(1), 1)
	if err := tr.open(); err != nil {
		t.Fatal(err)
	}
	return tr
}

// TestTakersSeeTheQuoteOfTheirClass: everybody's until they are graded, then
// their class's while it stands; a taker that was found out is noted.
func TestTakersSeeTheQuoteOfTheirClass(t *testing.T) {
	tr := newTestTrial(t, "full")
	a1, priced := tr.byName["a1"], perp.Class{Tier: perp.TierPriced, Surcharge: 3 * perp.BP}
	now := trialStart + perp.Second
	sees := func(want int64) {
		t.Helper()
		if q := tr.offered(a1, now); q.Version != want {
			t.Errorf("sees version %d instead of %d", q.Version, want)
		}
	}
	quoted := func(version int64, c perp.Class) perp.Quote {
		return perp.Quote{Version: version, ValidUntil: now + perp.Second, Class: c}
	}
	tr.hear(perp.QuoteChanged{Quote: quoted(7, perp.Class{})}, 0)
	tr.hear(perp.ClassQuoted{Quote: quoted(8, priced)}, 0)
	sees(7)
	tr.hear(perp.Filled{Order: perp.Order{OrderID: "O-1", Account: "a1", Side: perp.Buy}, Size: perp.SizeOne}, 0)
	tr.hear(perp.ClientGraded{Session: "a1", Class: perp.Class{Tier: perp.TierHeld}, Why: "new"}, 0)
	sees(7) // Nothing is quoted to that class.
	if tr.score.watch["a1"].found {
		t.Error("being new is a finding")
	}
	tr.hear(perp.ClientGraded{Session: "a1", Class: priced, Why: "markout"}, 0)
	sees(8)
	if w := tr.score.watch["a1"]; !w.found || w.deals != 1 {
		t.Errorf("%+v", w)
	}
	tr.hear(perp.ClassQuoted{Quote: quoted(10, priced)}, 0)
	tr.hear(perp.QuoteChanged{Quote: quoted(9, perp.Class{})}, 0)
	sees(10)
	if q := tr.offered(tr.byName["b1"], now); q.Version != 9 {
		t.Errorf("others see version %d", q.Version)
	}
	now += 2 * perp.Second
	tr.hear(perp.QuoteChanged{Quote: quoted(11, perp.Class{})}, 0)
	sees(11) // Its class is not quoted any more.
}

// TestStrikesAreFindings: a strike is one at any tier.
func TestStrikesAreFindings(t *testing.T) {
	tr := newTestTrial(t, "full")
	for name, ev := range map[string]perp.ClientGraded{
		"a1": {Class: perp.Class{Tier: perp.TierHeld}, Until: 5}, "a2": {Class: perp.Class{Tier: perp.TierHeld}, Why: "markout"},
		"sn": {Class: perp.Class{Tier: perp.TierToxic}}, "ha": {Class: perp.Class{Tier: perp.TierHeld}, Why: "strike"},
	} {
		ev.Session = name
		if tr.hear(ev, 0); !tr.score.watch[name].found {
			t.Errorf("%+v is no finding", ev)
		}
	}
}

// TestHoldsOfBenignOrders: firm orders count as a hold of zero, once each; a
// refused one counts against all that met the maker, and against the held ones.
func TestHoldsOfBenignOrders(t *testing.T) {
	tr := newTestTrial(t, "full")
	fill := func(order string) {
		tr.hear(perp.Filled{Order: perp.Order{OrderID: order, Account: "b1", Side: perp.Buy}, Price: start, Size: 1}, 0)
	}
	for _, o := range []string{"O-1", "O-1", "O-2", "O-3"} {
		fill(o)
	}
	held := func(order, account string, hold perp.Time, outcome perp.LookOutcome) {
		tr.hear(perp.OrderHeld{Order: perp.Order{OrderID: order, Account: account}}, 0)
		tr.hear(perp.LastLook{OrderID: order, Account: account, Arrival: trialStart, Decided: trialStart + hold, Outcome: outcome}, 0)
	}
	held("O-4", "b2", 120*perp.Millisecond, perp.LookAccepted)
	fill("O-4")
	held("O-5", "b2", 80*perp.Millisecond, perp.LookAgainst)
	tr.hear(perp.OrderRejected{Order: perp.Order{OrderID: "O-5", Account: "b2"}}, 0)
	held("O-6", "a1", 300*perp.Millisecond, perp.LookAgainst)
	if tr.refused {
		t.Error("a refusal of last look makes takers wait")
	}
	got := tr.score.total(perp.Quote{}, perp.Second)
	if got.BenignRejects != 0.2 || got.RejectsOfHeld != 0.5 || got.HoldP99 != 120 || got.HoldHeldP99 != 300 {
		t.Errorf("%v of all, %v of held, p99 %v and %v", got.BenignRejects, got.RejectsOfHeld, got.HoldP99, got.HoldHeldP99)
	}
	if h := highest([]perp.Time{3, 1, 2}, 4, 50); h != 2 {
		t.Errorf("the upper middle of 0 1 2 3 is %d", h)
	}
	if h := highest([]perp.Time{3}, 200, 99); h != 0 {
		t.Errorf("one in two hundred is the 99th percentile: %d", h)
	}
}

// TestAttacksAreToldApart: a camouflaged taker's ordinary orders cost it money,
// which its attacks' own P&L does not show; the half-toxic taker attacks with
// every second order.
func TestAttacksAreToldApart(t *testing.T) {
	s := scenario(t, "jump", 300*perp.Second)
	tr := newTrial(s, design(t, "pegged"), s.Path(4), 4)
	if err := tr.open(); err != nil {
		t.Fatal(err)
	}
	half := [2]int{}
	for now := perp.Time(0); now <= 300*perp.Second; now = tr.next(now) {
		if err := tr.moment(now); err != nil {
			t.Fatal(err)
		}
		for _, f := range tr.flight {
			if f.taker.class == 5 && f.order.Transact == trialStart+now {
				if isAttack(f.order.ClOrdID) {
					half[0]++
				} else {
					half[1]++
				}
			}
		}
	}
	if sc := tr.score; sc.attacks[camouflag] <= sc.pnl[camouflag] || sc.attacks[arb] != sc.pnl[arb] || sc.attacks[benign] != 0 {
		t.Errorf("attacks earn %v, all orders %v", sc.attacks, sc.pnl)
	}
	if half[0] < 3 || half[0]-half[1] < 0 || half[0]-half[1] > 1 {
		t.Errorf("%d attacks and %d ordinary orders of the half-toxic taker", half[0], half[1])
	}
}
