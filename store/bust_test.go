package store

import (
	"errors"
	"fmt"
	"testing"

	"backstop/perp"
)

// bust takes a fill of the world back, as the engine would.
func (w *world) bust(i int) perp.Entry {
	f := w.fills[i]
	w.fills = append(w.fills[:i:i], w.fills[i+1:]...)
	o := f.Order
	o.Cum, o.Paid = 0, perp.Wide{}
	for _, other := range w.fills {
		if other.Order.OrderID == o.OrderID {
			o.Cum, o.Paid = o.Cum+other.Size, o.Paid.Plus(other.Price, other.Size)
		}
	}
	o.Freed, o.Status, o.Updated = o.Size-o.Cum, perp.Canceled, perp.Time(w.seq+1)*1000
	w.execs++
	change := -f.Realised + 3
	events := []perp.Event{perp.TradeBusted{
		ExecID: fmt.Sprintf("E-%d", w.execs), Fill: f.ExecID, TradeID: f.TradeID, Order: o, Price: f.Price, Size: f.Size, Fee: f.Fee,
		Realised: change, By: "desk", Why: "wrong price",
	}}
	back := o
	back.Side = o.Side.Opposite()
	events = append(events, w.positions(back, f.Price, f.Size, change)...)
	return w.entry(append(events, w.post(perp.LedgerAccount{Owner: perp.Maker, Name: perp.Fees, Symbol: o.Symbol},
		perp.LedgerAccount{Owner: o.Account, Name: perp.Cash}, f.Fee, perp.FeeReturned))...)
}

// busted is a store in which trades were taken back, in the batch of their fill and later.
func busted(t *testing.T, dir string) (*Store, *world) {
	t.Helper()
	s, w := open(t, dir), newWorld(1)
	b := w.batch(5)
	b.Entries = append(b.Entries, w.bust(0)) // T-1
	commit(t, s, b)
	commit(t, s, perp.Batch{Time: perp.Time(w.seq + 1), Entries: []perp.Entry{w.bust(2), w.bust(0)}}) // T-4, T-2
	return s, w
}

// TestBusts: what was busted is told as that, the books without it are re-added, and
// its order is brought back as it is after it.
func TestBusts(t *testing.T) {
	s, w := busted(t, t.TempDir())
	agree(t, s.Reader)
	a := NewAuditor(s.Reader)
	if found, caught, err := a.Check(); err != nil || !caught || len(found) > 0 {
		t.Fatalf("%v, caught up %v, %v", found, caught, err)
	}
	commit(t, s, perp.Batch{Time: perp.Time(w.seq + 1), Entries: []perp.Entry{w.bust(3)}})
	if found, caught, err := a.Check(); err != nil || !caught || len(found) > 0 {
		t.Fatalf("after one more: %v, caught up %v, %v", found, caught, err)
	}
	all, err := s.Trades(100)
	if err != nil || len(all) != 10 {
		t.Fatalf("%d trades, %v", len(all), err)
	}
	stand := map[string]bool{}
	for _, f := range w.fills {
		stand[f.TradeID] = true
	}
	for _, tr := range all {
		if tr.Bust == nil != stand[tr.TradeID] {
			t.Errorf("%s stands %v: %+v", tr.TradeID, stand[tr.TradeID], tr.Bust)
		}
		one, found, err := s.Trade(tr.TradeID)
		if err != nil || !found || one.Fill != tr.Fill || (one.Bust == nil) != (tr.Bust == nil) || one.Bust != nil && *one.Bust != *tr.Bust {
			t.Errorf("%s alone: %+v, %v, %v", tr.TradeID, one, found, err)
		}
	}
	one, _, err := s.Trade("T-1")
	if err != nil || one.Bust == nil || one.Bust.By != "desk" || one.Bust.Reason != "wrong price" || one.Bust.Realised == 0 {
		t.Errorf("T-1: %+v, %v", one, err)
	}
	if _, found, err := s.Trade("T-99"); found || err != nil {
		t.Errorf("T-99 is found: %v, %v", found, err)
	}
	var standing, marked int
	if err := s.Reader.db.QueryRow("SELECT count(*) FILTER (WHERE NOT busted), sum(busted) FROM api_fills").Scan(&standing, &marked); err != nil || standing != 6 || marked != 4 {
		t.Errorf("api_fills: %d stand, %d are busted, %v", standing, marked, err)
	}
	var paid, kept int64
	err = s.Reader.db.QueryRow(`SELECT (SELECT sum(fee) FROM api_fills WHERE NOT busted),
		(SELECT sum(balance) FROM api_balances WHERE owner = 'maker' AND account LIKE 'fees/%')`).Scan(&paid, &kept)
	if err != nil || paid != kept || kept == 0 {
		t.Errorf("fees of the trades that stand %d, in the books %d, %v", paid, kept, err)
	}
	got, err := s.Recall([]perp.OrderRef{{OrderID: "O-1"}})
	if err != nil || len(got) != 1 || got[0].Order.Cum != 0 || got[0].Order.Status != perp.Canceled || got[0].Order.Freed != got[0].Order.Size {
		t.Errorf("its order: %+v, %v", got, err)
	}
}

// TestBustsThatCannotBe: nothing is busted twice, and nothing that was not dealt.
func TestBustsThatCannotBe(t *testing.T) {
	for name, spoil := range map[string]func(*perp.TradeBusted){
		"twice":         func(b *perp.TradeBusted) { b.TradeID = "T-1" },
		"never dealt":   func(b *perp.TradeBusted) { b.TradeID = "T-99" },
		"another size":  func(b *perp.TradeBusted) { b.Size++ },
		"another price": func(b *perp.TradeBusted) { b.Price++ },
		"another fee":   func(b *perp.TradeBusted) { b.Fee++ },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, w := busted(t, dir)
			e := w.bust(2)
			ev := e.Events[0].(perp.TradeBusted)
			spoil(&ev)
			e.Events[0] = ev
			if err := s.Commit(perp.Batch{Time: perp.Time(w.seq + 1), Entries: []perp.Entry{e}}); err == nil {
				t.Error("committed")
			}
		})
	}
}

// TestBustsThatWereTampered: a bust that is another than the journal says, or is
// missing, shows in the rows, the books and the order.
func TestBustsThatWereTampered(t *testing.T) {
	for name, query := range map[string]string{
		"another realised": "UPDATE busts SET realised = realised + 1 WHERE trade_id = 'T-1'",
		"a reason":         "UPDATE busts SET reason = '' WHERE trade_id = 'T-2'",
		"the last missing": "DELETE FROM busts WHERE n = (SELECT max(n) FROM busts)",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, _ := busted(t, dir)
			closeStore(t, s)
			tamper(t, dir, query)
			r, err := OpenReadOnly(dir)
			if err != nil {
				t.Fatal(err)
			}
			found, err := r.Differences()
			if err = errors.Join(err, r.Close()); err != nil || len(found) == 0 {
				t.Errorf("found %v, %v", found, err)
			}
		})
	}
}

// TestBustsComeToAnOldDatabase: a database of the schema before takes them, with all
// that is in it.
func TestBustsComeToAnOldDatabase(t *testing.T) {
	dir := t.TempDir()
	s, w := open(t, dir), newWorld(1)
	commit(t, s, w.batch(5))
	closeStore(t, s)
	behind(t, dir, "DROP VIEW api_busts; DROP VIEW api_fills; DROP TABLE busts; CREATE VIEW api_fills AS SELECT * FROM fills; PRAGMA user_version = 9")
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	commit(t, s, perp.Batch{Time: perp.Time(w.seq + 1), Entries: []perp.Entry{w.bust(0)}})
	agree(t, s.Reader)
	if all, err := s.Trades(10); err != nil || len(all) != 10 || all[9].Bust == nil {
		t.Errorf("%v, %v", all, err)
	}
}
