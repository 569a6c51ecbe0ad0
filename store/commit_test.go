package store

import (
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"backstop/perp"

	"pgregory.net/rapid"
)

func TestBooksAgree(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, w := open(t, t.TempDir()), newWorld(rapid.Uint64().Draw(rt, "seed"))
		for _, n := range rapid.SliceOfN(rapid.IntRange(1, 9), 1, 6).Draw(rt, "batches") {
			commit(t, s, w.batch(n))
		}
		agree(t, s.Reader)
		held, err := s.Balances()
		if err != nil {
			t.Fatal(err)
		}
		got, sum := map[string]int64{}, int64(0)
		for _, b := range held {
			got[b.Owner+" "+b.Account] = b.Balance
			sum += b.Balance
		}
		if !reflect.DeepEqual(got, w.balances) || sum != 0 {
			rt.Fatalf("balances %v, sum %d, want %v", got, sum, w.balances)
		}
		positions, err := s.Positions()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range positions {
			if key := p.Account + " " + p.Symbol; p.Size != w.sizes[key] || p.EntryNotional != w.entries[key] {
				rt.Fatalf("position %+v, want %d %d", p, w.sizes[key], w.entries[key])
			}
		}
		if len(positions) != len(w.sizes) {
			rt.Fatalf("%d positions, want %d", len(positions), len(w.sizes))
		}
		closeStore(t, s)
	})
}

// TestCommitError lets the disk fill up inside a transaction.
func TestCommitError(t *testing.T) {
	dir := t.TempDir()
	s, w := open(t, dir), newWorld(1)
	commit(t, s, w.batch(3))
	var pages int
	if err := s.conn.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if err := s.exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages+2)); err != nil {
		t.Fatal(err)
	}
	before := contents(s.Reader, true)
	large := w.batch(500)
	if err := s.Commit(large); !DiskFailed(err) || !strings.Contains(err.Error(), "full") {
		t.Fatalf("a commit beyond the disk: %v", err)
	}
	if err := s.Commit(perp.Batch{}); !errors.Is(err, ErrBroken) {
		t.Errorf("commit after a failed one: %v", err)
	}
	if err := s.SaveSnapshot(1, 1, "", nil); !errors.Is(err, ErrBroken) {
		t.Errorf("snapshot after a failed commit: %v", err)
	}
	if after := contents(s.Reader, true); after != before || s.LastSeq() != 3 {
		t.Errorf("something of the failed commit is there: %d", s.LastSeq())
	}
	agree(t, s.Reader)
	closeStore(t, s)
	if err := s.Commit(large); !errors.Is(err, ErrBroken) {
		t.Errorf("commit after close: %v", err)
	}
	again := open(t, dir)
	if after := contents(again.Reader, true); after != before {
		t.Error("something of the failed commit came back")
	}
	commit(t, again, large)
	agree(t, again.Reader)
}

// TestBadBatches: a batch that contradicts what is stored is refused whole.
func TestBadBatches(t *testing.T) {
	base := newWorld(1)
	first := base.batch(2)
	known := first.Entries[1].Events[len(first.Entries[1].Events)-1]
	order := perp.Order{OrderID: "O-9", ClOrdID: "x", First: "x", Account: "ALICE", Side: perp.Buy, Size: 1, Status: perp.New}
	cash := perp.LedgerAccount{Owner: "ALICE", Name: perp.Cash}
	fees := perp.LedgerAccount{Owner: perp.Maker, Name: perp.Fees}
	transfer := func(id int64, from, to perp.LedgerAccount, amount perp.Money) perp.Event {
		return perp.Posted{Transfer: perp.Transfer{ID: id, Debit: from, Credit: to, Amount: amount, Reason: perp.TradeFee}}
	}
	taken, half := order, order
	taken.First, taken.Account = first.Entries[0].Events[1].(perp.OrderAccepted).Order.First, first.Entries[0].Events[1].(perp.OrderAccepted).Order.Account
	half.Cum, half.Status = 2, perp.PartiallyFilled
	for name, events := range map[string][]perp.Event{
		"client id taken":          {perp.OrderAccepted{Order: taken}},
		"order id taken":           {perp.OrderAccepted{Order: perp.Order{OrderID: "O-1", First: "y", Status: perp.New, Side: perp.Buy, Size: 1}}},
		"order without id":         {perp.OrderAccepted{Order: perp.Order{First: "y", Status: perp.New, Side: perp.Buy, Size: 1}}},
		"order without side":       {perp.OrderAccepted{Order: perp.Order{OrderID: "O-9", First: "y", Status: perp.New, Size: 1}}},
		"more filled than asked":   {perp.OrderAccepted{Order: order}, perp.OrderReplaced{Order: half}},
		"cancel of an unknown one": {perp.OrderCanceled{Order: order}},
		"fill of an unknown order": {perp.Filled{ExecID: "E-99", TradeID: "T-99", Order: order, Price: 1, Size: 1, Liquidity: perp.Added}},
		"fill of nothing":          {perp.OrderAccepted{Order: order}, perp.Filled{ExecID: "E-99", TradeID: "T-99", Order: order, Price: 1, Liquidity: perp.Added}},
		"another's order":          {perp.OrderRejected{Order: perp.Order{OrderID: "O-1", First: "z", Status: perp.Rejected}}},
		"transfer twice":           {transfer(1, cash, fees, 1)},
		"transfer of nothing":      {transfer(99, cash, fees, 0)},
		"transfer backwards":       {transfer(99, cash, fees, -1)},
		"transfer to itself":       {transfer(99, cash, cash, 1)},
		"more than there is":       {transfer(99, cash, fees, 9_000_000*perp.MoneyOne)},
		"beyond 64 bits":           {transfer(99, fees, cash, 1<<63-1)},
		"settlement twice":         {known},
		"settlement that is short": {perp.Settled{SettlementID: "S-99", Claim: 10, Cash: 1, Deferred: 1}},
	} {
		b := perp.Batch{Entries: []perp.Entry{{Seq: 3, Kind: "PlaceOrder", Events: events}}}
		refusedWhole(t, name, first, b)
	}
	message := func(seq int64) perp.Batch {
		return perp.Batch{Sessions: []perp.SessionWrite{{
			Session: "CLIENT", Epoch: 1, InSeq: 9, OutSeq: 9, Messages: []perp.WireMessage{{Seq: seq, Bytes: []byte("x")}},
		}}}
	}
	refusedWhole(t, "command missing", first, perp.Batch{Entries: []perp.Entry{{Seq: 4, Kind: "ClockTick"}}})
	refusedWhole(t, "command twice", first, perp.Batch{Entries: []perp.Entry{{Seq: 2, Kind: "ClockTick"}}})
	refusedWhole(t, "command without kind", first, perp.Batch{Entries: []perp.Entry{{Seq: 3}}})
	refusedWhole(t, "message number twice", first, message(2))
	refusedWhole(t, "message without number", first, message(0))
	first.Sessions[0].Acked = 2
	less := message(9)
	less.Sessions[0].Acked = 1
	refusedWhole(t, "acknowledged less than before", first, less)
	first.Accounts = []perp.AccountWrite{{Account: "ALICE", Events: 4}}
	for name, w := range map[string]perp.AccountWrite{
		"events again": {Account: "ALICE", Events: 4}, "fewer events": {Account: "ALICE", Events: 3},
		"events of nobody": {Events: 1}, "no events": {Account: "BOB"},
	} {
		refusedWhole(t, name, first, perp.Batch{Entries: []perp.Entry{{Seq: 3, Kind: "ClockTick"}}, Accounts: []perp.AccountWrite{w}})
	}
	refusedWhole(t, "session without name", first, perp.Batch{Sessions: []perp.SessionWrite{{Epoch: 1, InSeq: 1, OutSeq: 1}}})
	refusedWhole(t, "session without numbers", first, perp.Batch{Sessions: []perp.SessionWrite{{Session: "CLIENT", Epoch: 1}}})
}

func refusedWhole(t *testing.T, name string, first, bad perp.Batch) {
	t.Helper()
	s := open(t, t.TempDir())
	commit(t, s, first)
	before := contents(s.Reader, true)
	good := perp.Batch{Entries: []perp.Entry{{Seq: 3, Kind: "ClockTick"}}, Time: 1}
	if len(bad.Entries) == 0 {
		bad.Entries = good.Entries // Must vanish together with the session.
	}
	if err := s.Commit(bad); err == nil {
		t.Errorf("%s: was committed", name)
	}
	if contents(s.Reader, true) != before {
		t.Errorf("%s: a part was written", name)
	}
	if err := s.Commit(good); !errors.Is(err, ErrBroken) {
		t.Errorf("%s: the next commit: %v", name, err)
	}
	closeStore(t, s)
}

func TestClientIDsAreUnique(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	order := perp.Order{OrderID: "O-1", ClOrdID: "a", First: "a", Account: "ALICE", Side: perp.Buy, Size: 5, Status: perp.New}
	refused := perp.Order{OrderID: "O-2", ClOrdID: "r", First: "r", Account: "ALICE", Status: perp.Rejected, Reason: "BAD_LOT", Size: -1}
	nameless := perp.Order{ClOrdID: "", Account: "NOBODY", Status: perp.Rejected}
	other := perp.Order{OrderID: "O-3", ClOrdID: "a", First: "a", Account: "BOB", Side: perp.Sell, Size: 1, Status: perp.New}
	replaced := order
	replaced.ClOrdID, replaced.Size = "b", 4
	canceled := replaced
	canceled.ClOrdID, canceled.Status, canceled.Reason = "c", perp.Canceled, perp.ClientCancel.String()
	repeat := func(o perp.Order, why perp.Reject) perp.Event {
		return perp.OrderRejected{Order: o, Verdict: perp.Verdict{Reject: why}}
	}
	commit(t, s, perp.Batch{Entries: []perp.Entry{{Seq: 1, Kind: "x", Events: []perp.Event{
		perp.OrderAccepted{Order: order}, repeat(order, perp.DuplicateClOrdID), repeat(order, perp.Throttled),
		repeat(refused, perp.BadLot), repeat(refused, perp.DuplicateClOrdID), repeat(refused, perp.BadLot), repeat(nameless, perp.BadClOrdID),
		perp.OrderAccepted{Order: other},
		perp.OrderReplaced{Order: replaced, OrigClOrdID: "a"}, perp.OrderCanceled{Order: canceled, OrigClOrdID: "b", Reason: perp.ClientCancel},
		repeat(canceled, perp.DuplicateClOrdID), perp.CancelRejected{ClOrdID: "z", Order: canceled},
	}}}})
	agree(t, s.Reader)
	for _, c := range []struct{ account, id, orderID string }{
		{"ALICE", "a", "O-1"}, {"ALICE", "b", "O-1"}, {"ALICE", "c", "O-1"}, {"ALICE", "r", "O-2"}, {"BOB", "a", "O-3"},
		{"ALICE", "z", ""}, {"NOBODY", "", ""}, {"CAROL", "a", ""},
	} {
		o, found, err := s.OrderByClient(c.account, c.id)
		if err != nil || found != (c.orderID != "") || o.OrderID != c.orderID {
			t.Errorf("%s %s leads to %q (%v, %v), want %q", c.account, c.id, o.OrderID, found, err, c.orderID)
		}
	}
	if o, _, err := s.Order("O-1"); err != nil || o.ClOrdID != "c" || o.Size != 4 || o.Status != "canceled" || o.Reason != "CLIENT_CANCEL" {
		t.Errorf("%+v %v", o, err)
	}
	for _, id := range []string{"a", "b", "c", "r"} {
		o := perp.Order{OrderID: "O-9", ClOrdID: id, First: id, Account: "ALICE", Side: perp.Buy, Size: 1, Status: perp.New}
		err := s.Commit(perp.Batch{Entries: []perp.Entry{{Seq: 2, Kind: "x", Events: []perp.Event{perp.OrderAccepted{Order: o}}}}})
		if err == nil || !strings.Contains(err.Error(), "UNIQUE") {
			t.Errorf("client id %s was taken a second time: %v", id, err)
		}
		closeStore(t, s)
		s = open(t, dir)
	}
}

func TestAppendOnly(t *testing.T) {
	s := open(t, t.TempDir())
	commit(t, s, newWorld(1).batch(2), moneyBatch(3))
	for _, table := range []string{"journal", "transfers", "fills", "settlements", "fix_out", "client_ids", "funding", "losses", "desk", "last_looks", "marked", "grades", "hedges", "expired"} {
		var column string
		if err := s.conn.QueryRowContext(t.Context(), "SELECT name FROM pragma_table_info(?) LIMIT 1", table).Scan(&column); err != nil {
			t.Fatal(err)
		}
		for _, query := range []string{
			"UPDATE " + table + " SET " + column + " = " + column,
			"DELETE FROM " + table,
			"INSERT OR REPLACE INTO " + table + " SELECT * FROM " + table,
		} {
			if err := s.exec(query); err == nil || !strings.Contains(err.Error(), table+" is append-only") {
				t.Errorf("%s: %v", query, err)
			}
		}
	}
	agree(t, s.Reader)
}

// TestBalancesFollowTransfers: the database itself moves what the transfers of a
// batch say, once, when the end of the journal moves; cash does not go below zero.
func TestBalancesFollowTransfers(t *testing.T) {
	s, w := open(t, t.TempDir()), newWorld(1)
	commit(t, s, w.batch(3))
	before, err := s.Balances()
	if err != nil {
		t.Fatal(err)
	}
	move := "UPDATE chains SET last = last WHERE name = 'journal'"
	if err := s.exec(move); err != nil {
		t.Fatal(err)
	}
	if after, err := s.Balances(); err != nil || !reflect.DeepEqual(after, before) {
		t.Errorf("moved a second time: %v, %v; want %v", after, err, before)
	}
	transfer := func(id int64, account string, amount int64) string {
		return fmt.Sprintf("INSERT INTO transfers VALUES (%d, 'X', '%s', 'Y', 'cash', %d, 'fee', '', 1)", id, account, amount)
	}
	for _, c := range []struct{ name, sql, want string }{
		{"the order of the rows", transfer(901, "debt", 5) + ";" + transfer(902, "debt", 7) + ";" + move, ""},
		{"cash that is paid on before it comes", `INSERT INTO transfers VALUES (905, 'P', 'cash', 'Q', 'cash', 5, 'fee', '', 1),
			(906, 'Y', 'cash', 'P', 'cash', 5, 'fee', '', 1), (907, 'Q', 'cash', 'Y', 'cash', 5, 'fee', '', 1);` + move, ""},
		{"more than comes", `INSERT INTO transfers VALUES (908, 'P', 'cash', 'Q', 'cash', 6, 'fee', '', 1),
			(909, 'Y', 'cash', 'P', 'cash', 5, 'fee', '', 1);` + move, "CHECK"},
		{"cash that is not there", transfer(911, "cash", 1) + ";" + move, "CHECK"},
		{"more than 64 bits", transfer(912, "debt", 1<<63-1) + ";" + move, "REAL"},
		{"going back", "UPDATE posted SET last = last - 1", "does not go back"},
		{"going away", "DELETE FROM posted", "does not go back"},
	} {
		err := s.inTx(func() error { return s.exec(c.sql) })
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	sums := map[string]int64{}
	err = each(s.conn, "SELECT owner, balance FROM balances WHERE owner IN ('X', 'Y')", func(r *sql.Rows) error {
		var owner string
		var balance int64
		defer func() { sums[owner] += balance }()
		return r.Scan(&owner, &balance)
	})
	if err != nil || sums["X"] != -12 || sums["Y"] != 12 {
		t.Errorf("balances %v, %v; want 12 from X to Y", sums, err)
	}
}

// TestOrderStatusIsChecked: the database knows the states of an order, and no others.
func TestOrderStatusIsChecked(t *testing.T) {
	s := open(t, t.TempDir())
	for status, good := range map[string]bool{
		"pending_new": true, "new": true, "partially_filled": true, "filled": true, "canceled": true, "rejected": true,
		"": false, " ": false, "NEW": false, "gone": false, "pending": false, "new partially_filled": false, "filled ": false,
	} {
		err := s.exec(fmt.Sprintf(`INSERT INTO orders VALUES ('O-%s', 'c', 'c', 's', 'a', 'X', 'buy', 'limit', 'gtc', 1, 1, '', 0, 0, '%s', '', 1, 1, 0)`, status, status))
		if (err == nil) != good || err != nil && !strings.Contains(err.Error(), "CHECK") {
			t.Errorf("%q: %v", status, err)
		}
	}
}

// TestLargeBatch: what is too much to wait in memory is written in the same
// transaction, and an order that a batch tells of before and after is one row.
func TestLargeBatch(t *testing.T) {
	s, w := open(t, t.TempDir()), newWorld(1)
	b := w.batch(1200)
	last := b.Entries[len(b.Entries)-1].Events
	o := last[0].(perp.OrderAccepted).Order
	written := 0
	passing = func(name string) {
		if name == "journal" {
			written++
		}
	}
	defer func() { passing = func(string) {} }()
	commit(t, s, b)
	if written < 2 {
		t.Errorf("the batch was written in %d parts: the test is blind", written)
	}
	agree(t, s.Reader)
	filled, found, err := s.Order(o.OrderID)
	if err != nil || !found || filled.Status != "filled" || filled.Cum != filled.Size {
		t.Errorf("%+v, %v, %v", filled, found, err)
	}
}

// TestTablesAreStrict: no text and no fraction becomes an amount.
func TestTablesAreStrict(t *testing.T) {
	s := open(t, t.TempDir())
	rows, tables := 0, map[string]bool{}
	err := each(s.conn, "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'",
		func(r *sql.Rows) error {
			var name string
			var strict bool
			defer func() { rows++; tables[name] = strict }()
			return r.Scan(&name, &strict)
		})
	if err != nil || rows < 12 {
		t.Fatalf("%d tables, %v", rows, err)
	}
	for name, strict := range tables {
		if !strict {
			t.Errorf("%s is not STRICT", name)
		}
	}
	for _, value := range []string{"1.5", "'abc'", "NULL", "9223372036854775807 + 1"} {
		if err := s.exec("INSERT INTO positions VALUES ('A', 'B', " + value + ", 0)"); err == nil {
			t.Errorf("%s was taken as a size", value)
		}
	}
}
