package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"backstop/perp"
	"backstop/store"

	"github.com/google/go-cmp/cmp"
)

// dayOfLooks is a day in which every outcome occurs: each row is the tier, the
// outcome, the move for the client in 1e-6, the hold in ms and how much better
// than quoted the price is, in ticks of 0.5.
var dayOfLooks = []struct {
	account string
	tier    perp.Tier
	outcome perp.LookOutcome
	move    perp.Ratio
	hold    perp.Time
	better  perp.Price
}{
	{"ACME", perp.TierHeld, perp.LookAccepted, 100, 100, 0},
	{"ACME", perp.TierHeld, perp.LookAccepted, -50, 120, 0},
	{"ACME", perp.TierHeld, perp.LookImproved, -300, 140, 3},
	{"ACME", perp.TierHeld, perp.LookAgainst, 400, 160, 0},
	{"ACME", perp.TierPriced, perp.LookCurrent, 250, 90, -2},
	{"ACME", perp.TierPriced, perp.LookExpired, 0, 500, 0},
	{"BETA", perp.TierHeld, perp.LookInvalid, -10, 80, 0},
	{"BETA", perp.TierHeld, perp.LookImproved, -120, 110, 1},
}

// dayStart is when the rows above begin: 2026-01-31T00:00:00Z.
const dayStart perp.Time = 1_769_817_600 * perp.Second

// dayOfRows is that day as the engine would tell it, with markouts and grades.
func dayOfRows() perp.Batch {
	var b perp.Batch
	for i, row := range dayOfLooks {
		at := dayStart + perp.Time(i+1)*3600*perp.Second
		l := perp.LastLook{
			OrderID: fmt.Sprintf("O-%d", i+1), ClOrdID: fmt.Sprintf("c%d", i+1), Session: row.account + "1", Account: row.account, Symbol: "BTC-PERP",
			Side: perp.Buy, Size: 2 * perp.SizeOne, Tier: row.tier, Why: "tier", Arrival: at - row.hold*perp.Millisecond, Decided: at, Source: at,
			Quoted: 60_000 * perp.PriceOne, Before: 60_000 * perp.PriceOne, After: 60_000 * perp.PriceOne, Move: row.move, Tolerance: 250,
			Outcome: row.outcome, Price: 60_000*perp.PriceOne - row.better*perp.PriceOne/2,
		}
		o := perp.Order{
			OrderID: l.OrderID, ClOrdID: l.ClOrdID, First: l.ClOrdID, Session: l.Session, Account: l.Account, Symbol: l.Symbol, Side: l.Side,
			Type: perp.Market, TIF: perp.IOC, Size: l.Size, Status: perp.PendingNew, Created: l.Arrival, Updated: at,
		}
		events := []perp.Event{perp.OrderHeld{Order: o}, l}
		mark := perp.MarkedOut{
			OrderID: o.OrderID, Session: l.Session, Account: l.Account, Symbol: l.Symbol, Side: l.Side, Size: l.Size, Before: l.Before, After: l.After,
			Horizon: perp.Second, Move: 2 * l.Move,
		}
		if o.Status = perp.Rejected; l.Refused() {
			events = append(events, perp.OrderRejected{Order: o})
		} else {
			o.Status, o.Cum, o.Paid = perp.FullyFilled, o.Size, o.Paid.Plus(l.Price, o.Size)
			mark.ExecID = "E-" + o.OrderID
			events = append(events, perp.OrderAccepted{Order: o}, perp.Filled{
				ExecID: mark.ExecID, TradeID: "T-" + o.OrderID, Order: o, Price: l.Price, Quoted: l.Quoted, Size: l.Size, Liquidity: perp.Removed,
			})
		}
		events = append(events, mark)
		mark.Horizon, mark.Move = 60*perp.Second, -l.Move
		events = append(events, mark)
		if i == 3 {
			events = append(events, perp.ClientGraded{
				Session: "ACME1", Symbol: "BTC-PERP", From: perp.Class{Tier: perp.TierHeld},
				Class: perp.Class{Tier: perp.TierPriced, Surcharge: 300}, Why: "markout", Score: 3_100_000, Until: at + 60*perp.Second,
			})
		}
		b.Entries = append(b.Entries, perp.Entry{Seq: int64(i + 1), Time: at, Source: "oracle", Kind: "OracleTick", Payload: []byte("{}"), Events: events})
	}
	return b
}

// TestSymmetryAddsUp: the sums are those of the rows, counted by hand for one
// client, and every row is in each sum once.
func TestSymmetryAddsUp(t *testing.T) {
	s, err := symmetryOf(t, "ACME")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][][]string{}
	for _, table := range s.tables() {
		got[table.Title] = table.Rows
	}
	want := map[string][][]string{
		"held orders": {
			{"ACME", "held", "BTC-PERP", "4", "2", "1", "0", "1", "0", "0", "25.00%"},
			{"ACME", "priced", "BTC-PERP", "2", "0", "0", "1", "0", "0", "1", "50.00%"},
			{"ACME", "*", "*", "6", "2", "1", "1", "1", "0", "1", "33.33%"},
		},
		"time held, ms": {
			{"ACME", "held", "BTC-PERP", "120.000", "160.000", "160.000", "160.000"},
			{"ACME", "priced", "BTC-PERP", "90.000", "500.000", "500.000", "500.000"},
			{"ACME", "*", "*", "120.000", "500.000", "500.000", "500.000"},
		},
		"move of the price while held, bp": {
			{"ACME", "held", "BTC-PERP", "-0.83", "4.00", "2", "2.50", "50.00%", "0", "2", "-1.75", "0.00%", "1"},
			{"ACME", "priced", "BTC-PERP", "2.50", "0.00", "1", "2.50", "0.00%", "0", "0", "-", "0.00%", "0"},
			{"ACME", "*", "*", "0.00", "2.00", "3", "2.50", "33.33%", "0", "2", "-1.75", "0.00%", "1"},
		},
		"improvement given": {
			{"ACME", "held", "BTC-PERP", "1", "3", "3"}, {"ACME", "priced", "BTC-PERP", "0", "0", "0"}, {"ACME", "*", "*", "1", "3", "3"},
		},
		"markouts of fills, bp": {
			{"ACME", "held", "BTC-PERP", "3", "-1.67", "3", "0.83"}, {"ACME", "priced", "BTC-PERP", "1", "5.00", "1", "-2.50"},
			{"ACME", "*", "*", "4", "0.00", "4", "0.00"},
		},
		"markouts of refusals, bp": {
			{"ACME", "held", "BTC-PERP", "1", "8.00", "1", "-4.00"}, {"ACME", "priced", "BTC-PERP", "1", "0.00", "1", "0.00"},
			{"ACME", "*", "*", "2", "4.00", "2", "-2.00"},
		},
		"changes of terms": {{"2026-01-31T04:00:00Z", "ACME1", "BTC-PERP", "held", "priced", "3.00", "markout", "3.1", "2026-01-31T04:01:00Z"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	all, err := symmetryOf(t, "")
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for g, tally := range all.looks {
		if g.account != every && g.symbol != every {
			sum += tally.held
		}
	}
	if total := all.looks[group{every, perp.TierEnd, every}]; total.held != sum || sum != int64(len(dayOfLooks)) || total.improvement != 4*perp.MoneyOne {
		t.Errorf("%d in all, %d by client: %+v", total.held, sum, total)
	}
}

// symmetryOf reads the day from a database.
func symmetryOf(t *testing.T, account string) (*symmetry, error) {
	t.Helper()
	st, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Commit(dayOfRows()); err != nil {
		t.Fatal(err)
	}
	s, err := readSymmetry(st.Reader, account, dayStart, dayStart+24*3600*perp.Second)
	if cerr := st.Close(); cerr != nil {
		t.Error(cerr)
	}
	return s, err
}

// TestPercentiles compares with counting: at least p of 100 values are not above
// the percentile, and fewer are below it.
func TestPercentiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for n := range 40 {
		values := make([]perp.Time, n)
		for i := range values {
			values[i] = perp.Time(rng.IntN(20))
		}
		slices.Sort(values)
		for _, p := range []int{50, 90, 99, 100} {
			got := percentile(values, p)
			below, upTo := 0, 0
			for _, v := range values {
				if v < got {
					below++
				}
				if v <= got {
					upTo++
				}
			}
			if n > 0 && (upTo*100 < p*n || below*100 >= p*n) || n == 0 && got != 0 {
				t.Errorf("p%d of %v is %d", p, values, got)
			}
		}
	}
	for _, c := range []struct {
		values []perp.Ratio
		want   perp.Ratio
	}{{nil, 0}, {[]perp.Ratio{3, 4}, 4}, {[]perp.Ratio{-3, -4}, -4}, {[]perp.Ratio{1, 1, 2}, 1}, {[]perp.Ratio{-1, 1}, 0}} {
		var m mean
		for _, v := range c.values {
			m.add(v)
		}
		if got := m.value(); got != c.want {
			t.Errorf("mean of %v is %d, want %d", c.values, got, c.want)
		}
	}
}

// TestTierOfFirmFills: a fill that was not held counts for the tier that its
// session had when the order came.
func TestTierOfFirmFills(t *testing.T) {
	s := newSymmetry("", 0)
	grade := func(at perp.Time, tier perp.Tier) {
		s.grade(store.Grade{Time: at, ClientGraded: perp.ClientGraded{Session: "A1", Symbol: "BTC-PERP", Class: perp.Class{Tier: tier}}})
	}
	grade(100, perp.TierHeld)
	grade(200, perp.TierToxic)
	for _, due := range []perp.Time{109, 110, 209, 210, 999} {
		s.mark(store.Markout{Time: due, MarkedOut: perp.MarkedOut{ExecID: "E", Session: "A1", Account: "ACME", Symbol: "BTC-PERP", Horizon: 10}})
	}
	for tier, want := range map[perp.Tier]int64{perp.TierFirm: 1, perp.TierHeld: 2, perp.TierToxic: 2} {
		if got := s.marks[markGroup{group{"ACME", tier, "BTC-PERP"}, 10}]; got == nil || got.fills.n != want {
			t.Errorf("%s: %+v, want %d", tier, got, want)
		}
	}
}
