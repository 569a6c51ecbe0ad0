package store

import (
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"backstop/perp"
)

// heldBatch is one held order, decided as l says; what it dealt is one fill.
func heldBatch(seq int64, l perp.LastLook) perp.Batch {
	o := perp.Order{
		OrderID: l.OrderID, ClOrdID: l.ClOrdID, First: l.ClOrdID, Session: l.Session, Account: l.Account, Symbol: l.Symbol, Side: l.Side,
		Type: perp.Market, TIF: perp.IOC, Size: l.Size, Status: perp.PendingNew,
	}
	events := []perp.Event{perp.OrderHeld{Order: o}, l}
	if o.Status = perp.Rejected; !l.Refused() {
		o.Status, o.Cum, o.Paid = perp.FullyFilled, o.Size, o.Paid.Plus(l.Price, o.Size)
		events = append(events, perp.OrderAccepted{Order: o}, perp.Filled{
			ExecID: "E-" + l.OrderID, TradeID: "T-" + l.OrderID, Order: o, Price: l.Price, Size: l.Size, Liquidity: perp.Removed,
		})
	} else {
		events = append(events, perp.OrderRejected{Order: o})
	}
	return perp.Batch{Entries: []perp.Entry{{Seq: seq, Time: l.Decided, Source: "oracle", Kind: "OracleTick", Payload: []byte("{}"), Events: events}}}
}

// TestClientRows: looks, markouts and grades come back as they were told, in
// order, and only those of the span; the view adds hold, improvement and would-be
// price.
func TestClientRows(t *testing.T) {
	s := open(t, t.TempDir())
	var want []perp.LastLook
	for i := range int64(2*slice + 5) {
		l := perp.LastLook{
			OrderID: fmt.Sprintf("O-%d", i), ClOrdID: fmt.Sprintf("c%d", i), Session: "CLIENT", Account: accounts[i%3], Symbol: "BTC-PERP",
			Side: perp.Side(1 + i%2), Size: perp.Size(i + 1), Tier: perp.Tier(i % int64(perp.TierEnd)), Why: "tier", QuoteID: "Q1A", Version: i,
			Arrival: perp.Time(i * 1000), Decided: perp.Time(i*1000 + 300_000), Seen: 5, Source: 6, Quoted: 1000, Before: 999, After: 1001,
			Move: perp.Ratio(i - 9), Tolerance: 20, Outcome: perp.LookOutcome(1 + i%6), Price: 990,
		}
		commit(t, s, heldBatch(i+1, l))
		want = append(want, l)
	}
	for _, c := range []struct{ since, before, first, last int64 }{
		{0, 1 << 62, 0, 2*slice + 5}, {300_000, 301_000, 0, 1}, {305_001, 309_001, 6, 10}, {0, 300_000, 0, 0}, {1 << 61, 1 << 62, 0, 0},
	} {
		var got []perp.LastLook
		err := s.Looks(perp.Time(c.since), perp.Time(c.before), func(l Look) error {
			if (l.Dealt > 0) == l.Refused() || l.Dealt > 0 && l.Dealt != l.Size {
				t.Errorf("%s, %s: dealt %s of %s", l.OrderID, l.Outcome, l.Dealt, l.Size)
			}
			got = append(got, l.LastLook)
			return nil
		})
		if err != nil || len(got) != int(c.last-c.first) || len(got) > 0 && !reflect.DeepEqual(got, want[c.first:c.last]) {
			t.Errorf("from %d to %d: %d looks, %v; want %d", c.since, c.before, len(got), err, c.last-c.first)
		}
	}
	stop := errors.New("enough")
	if err := s.Looks(0, 1<<62, func(Look) error { return stop }); err != stop {
		t.Errorf("an error of the reader came back as %v", err)
	}
	err := each(s.Reader.db, "SELECT hold_us, improvement, would_be, outcome, side FROM api_last_looks", func(r *sql.Rows) error {
		var hold, improvement, wouldBe int64
		var outcome, side string
		err := r.Scan(&hold, &improvement, &wouldBe, &outcome, &side)
		refused := outcome == "against" || outcome == "invalid" || outcome == "expired"
		if hold != 300 || (improvement == 10) != (!refused && side == "buy") || (wouldBe == 990) != refused {
			t.Errorf("%s %s: held %d us, improved %d, would be %d", side, outcome, hold, improvement, wouldBe)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if found, err := s.VerifyRows(); err != nil || len(found) > 0 {
		t.Errorf("%v, %v", found, err)
	}
}

// TestMarkoutsAndGrades reads what one command told.
func TestMarkoutsAndGrades(t *testing.T) {
	s := open(t, t.TempDir())
	batch := moneyBatch(1)
	commit(t, s, batch)
	for _, ev := range batch.Entries[0].Events {
		var got perp.Event
		var err error
		switch ev.(type) {
		case perp.MarkedOut:
			err = s.Markouts(7, 8, func(m Markout) error { got = m.MarkedOut; return nil })
		case perp.ClientGraded:
			err = s.Grades(7, 8, func(g Grade) error { got = g.ClientGraded; return nil })
		default:
			continue
		}
		if err != nil || !reflect.DeepEqual(got, ev) {
			t.Errorf("%+v, %v; want %+v", got, err, ev)
		}
	}
	for name, want := range map[string]bool{"ALICE": true, "BOB": false, "": false} {
		if known, err := s.Knows(name); err != nil || known != want {
			t.Errorf("%q is known: %v, %v", name, known, err)
		}
	}
}
