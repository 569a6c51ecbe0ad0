package store

import (
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"backstop/perp"
)

// kept are the tables whose every bit is checked: what was decided, what was
// said and the books. order names the columns that order the rows.
var kept = []struct{ table, order string }{
	{"journal", "seq"}, {"fix_out", "id"}, {"transfers", "id"}, {"fills", "n"}, {"settlements", "rowid"},
	{"funding", "n"}, {"losses", "n"}, {"desk", "n"}, {"last_looks", "n"}, {"marked", "n"}, {"grades", "n"}, {"hedges", "n"}, {"expired", "n"}, {"posted", "one"},
	{"balances", "owner, account"}, {"positions", "account, symbol"}, {"client_ids", "account, cl_ord_id"}, {"chains", "name"},
}

// contents is everything in the checked tables as one text.
func contents(r *Reader, orders bool) string {
	all := byTable(r, orders)
	var text strings.Builder
	for _, table := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintln(&text, table, all[table])
	}
	return text.String()
}

// byTable is everything in the checked tables as text; an error is part of it.
func byTable(r *Reader, orders bool) map[string]string {
	all := map[string]string{}
	tables := kept
	if orders {
		tables = append(tables[:len(tables):len(tables)], struct{ table, order string }{"orders", "order_id"}, struct{ table, order string }{"fix_sessions", "session"},
			struct{ table, order string }{"account_events", "account"})
	}
	for _, k := range tables {
		var text strings.Builder
		// NOT INDEXED reads the table itself, as the checks do.
		err := each(r.db, "SELECT * FROM "+k.table+" NOT INDEXED ORDER BY "+k.order, func(rows *sql.Rows) error {
			names, err := rows.Columns()
			if err != nil {
				return err
			}
			row, into := make([]any, len(names)), make([]any, len(names))
			for i := range row {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				return err
			}
			for i, v := range row { // The same bytes as a blob are the same bytes.
				if b, is := v.([]byte); is {
					row[i] = string(b)
				}
			}
			fmt.Fprintf(&text, "%v\n", row)
			return nil
		})
		if err != nil {
			fmt.Fprintln(&text, unread, err)
		}
		all[k.table] = text.String()
	}
	return all
}

// unread stands before the error of a table that cannot be read.
const unread = "cannot be read:"

// filled makes a closed database with some history.
func filled(t testing.TB) (dir string) {
	t.Helper()
	dir = t.TempDir()
	s := open(t, dir)
	w := newWorld(3)
	commit(t, s, w.batch(20), w.batch(30))
	agree(t, s.Reader)
	closeStore(t, s)
	return dir
}

// inspect reads what a directory holds and what ledger verify says of it.
func inspect(t *testing.T, dir string) (text map[string]string, named []Difference) {
	t.Helper()
	r, err := OpenReadOnly(dir)
	if err != nil {
		return map[string]string{"the file": unread + err.Error()}, []Difference{{What: err.Error()}}
	}
	defer closeReader(t, r)
	named, err = r.Differences()
	if err != nil {
		named = append(named, Difference{What: err.Error()})
	}
	return byTable(r, false), named
}

func closeReader(t *testing.T, r *Reader) {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// speaks is how the checks call the rows of a table. A row that is said twice is
// found from either side.
var speaks = map[string][]string{
	"journal": {"journal"}, "events": {"journal"}, "fix_out": {"fix_out"}, "transfers": {"transfers", "balance of"},
	"balances": {"balance"}, "positions": {"position", "entr"}, "fills": {"fills", "fill"}, "chains": {"journal", "fix_out", "chains"},
}

// commandsName tells which of the commands that must see a change do not: journal
// verify replays journal and events, db check reads everything.
func commandsName(t *testing.T, dir string, changed map[string]bool) (blind []string) {
	t.Helper()
	r, err := OpenReadOnly(dir)
	if err != nil {
		return nil // None of them can be run, and each says why.
	}
	defer closeReader(t, r)
	if changed["journal"] || changed["events"] {
		if err := r.Replay(1, func(perp.Entry) error { return nil }); err == nil {
			blind = append(blind, "journal verify")
		}
	}
	if found, err := r.Check(); err == nil && len(found) == 0 {
		blind = append(blind, "db check")
	}
	return blind
}

// rot flips bits of a database file, one at a time, and checks that each flip that
// changes a row is named. more is asked about each of these flips.
func rot(t *testing.T, data []byte, flips int, more func(file string) error) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, DBName)
	write := func() {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write()
	good, named := inspect(t, dir)
	if len(named) != 0 {
		t.Fatalf("unharmed it has differences: %v", named)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	harmful, by := 0, map[string]int{}
	for range flips {
		at, bit := rng.IntN(len(data)), byte(1)<<rng.IntN(8)
		data[at] ^= bit
		write()
		text, named := inspect(t, dir)
		changed, readable := map[string]bool{}, true
		for table := range text {
			if text[table] != good[table] {
				changed[table] = true
				by[table]++
				readable = readable && !strings.Contains(text[table], unread)
			}
		}
		if len(changed) > 0 {
			harmful++
			where := fmt.Sprintf("bit %08b of byte %d changed %v", bit, at, slices.Sorted(maps.Keys(changed)))
			if len(named) == 0 {
				t.Errorf("%s and ledger verify is silent", where)
			}
			for _, command := range commandsName(t, dir, changed) {
				t.Errorf("%s and %s is silent", where, command)
			}
			for table := range changed {
				if words := speaks[table]; readable && len(changed) == 1 && words != nil && !says(named, words) {
					t.Errorf("%s and only %v is named", where, named)
				}
			}
			if err := more(file); err != nil {
				t.Errorf("%s: %v", where, err)
			}
		}
		data[at] ^= bit
	}
	t.Logf("%d of %d flips changed rows; all were named; by table %v", harmful, flips, by)
	if harmful < flips/10 || by["journal"]+by["events"] == 0 || by["transfers"]+by["fills"] == 0 {
		t.Errorf("only %d of %d flips changed a row: the test is blind", harmful, flips)
	}
}

func says(named []Difference, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(fmt.Sprint(named), w) })
}

// TestBitFlipsAreNamed: A12, in the database of a gateway.
func TestBitFlipsAreNamed(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(filled(t), DBName))
	if err != nil {
		t.Fatal(err)
	}
	flips := 600
	if testing.Short() {
		flips = 100
	}
	rot(t, data, flips, func(string) error { return nil })
}

// TestBitFlipsOfABackupAreRefused: A12, in a backup. What changed is named there
// too, and no data directory is made from it.
func TestBitFlipsOfABackupAreRefused(t *testing.T) {
	copied := filepath.Join(t.TempDir(), "copy.db")
	if _, err := Backup(filled(t), copied); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	flips := 400
	if testing.Short() {
		flips = 80
	}
	fresh := t.TempDir()
	rot(t, data, flips, func(file string) error {
		if _, err := Restore(file, fresh); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrForeign) && !errors.Is(err, ErrNewer) {
			return fmt.Errorf("db restore: %v", err)
		}
		if _, err := os.Stat(filepath.Join(fresh, DBName)); !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("db restore left a database behind: %v", err)
		}
		return nil
	})
	if _, err := Restore(copied, fresh); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

// TestChangedRowsAreNamed changes rows behind the store's back.
func TestChangedRowsAreNamed(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"UPDATE journal SET payload = x'7b7d' WHERE seq = 17", "journal row 17"},
		{"UPDATE journal SET time_ns = time_ns + 1 WHERE seq = 50", "journal row 50"},
		{"UPDATE journal SET h = zeroblob(32) WHERE seq = 3", "journal row 3"},
		{"UPDATE journal SET events = replace(events, '\"Size\":1000000,', '\"Size\":1000001,') WHERE seq = 9", "journal row 9"},
		{"UPDATE journal SET events = json_remove(events, '$[1]') WHERE seq = 9", "journal row 9"},
		{"DELETE FROM journal WHERE seq = 20", "journal row 20"},
		{"DELETE FROM journal WHERE seq = 50", "journal row 50"},
		{"UPDATE chains SET last = 49 WHERE name = 'journal'", "end of the journal"},
		{"UPDATE fix_out SET bytes = x'78' WHERE id = 11", "fix_out row 11"},
		{"DELETE FROM fix_out WHERE id = 50", "fix_out row 50"},
		{"UPDATE transfers SET amount = 13 WHERE id = 5", "transfers row 5"},
		{"UPDATE transfers SET ref = 'other' WHERE id = 6", "transfers row 6"},
		{"UPDATE fills SET fee = 0 WHERE n = 7", "fills row 7"},
		{"UPDATE fills SET size = size + 1 WHERE n = 7", "filled size of O-4"},
		{"UPDATE fills SET realised = realised + 1 WHERE n = 7", "entry of maker in "},
		{"UPDATE settlements SET account = 'BOB2' WHERE rowid = 8", "settlements row 8"},
		{"DELETE FROM settlements WHERE rowid = 50", "settlements row 50"},
		{"UPDATE balances SET balance = balance + 1 WHERE owner = 'BOB'", "sum of all balances"},
		{"UPDATE posted SET last = last - 1", "transfers that are not in the balances"},
		{"UPDATE balances SET currency = 'USDT' WHERE owner = 'BOB'", "balance of BOB cash in USDT"},
		{"UPDATE positions SET size = size + 1 WHERE account = 'BOB' AND symbol = 'BTC-PERP'", "position of BOB in BTC-PERP"},
		{"UPDATE positions SET entry_notional = 0 WHERE account = 'maker' AND symbol = 'BTC-PERP'", "entry of maker in BTC-PERP"},
		{"UPDATE orders SET cum = cum - 1 WHERE order_id = 'O-12'", "filled size of O-12"},
		{"UPDATE orders SET avg_price = 1 WHERE order_id = 'O-12'", "average price of O-12"},
		{"UPDATE client_ids SET order_id = 'O-1' WHERE order_id = 'O-12'", "order of client id "},
		{"DELETE FROM client_ids WHERE order_id = 'O-12'", "order of client id "},
	} {
		dir := filled(t)
		tamper(t, dir, c.sql)
		r, err := OpenReadOnly(dir)
		if err != nil {
			t.Fatal(err)
		}
		found, err := r.Differences()
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
		}
		if !strings.Contains(fmt.Sprint(found), c.want) {
			t.Errorf("%s: found %v, want %s", c.sql, found, c.want)
		}
		if strings.Contains(c.want, "journal row") {
			if err := r.Replay(1, func(perp.Entry) error { return nil }); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: replay: %v", c.sql, err)
			}
			if _, err := Open(dir); !errors.Is(err, ErrDamaged) {
				t.Errorf("%s: open: %v", c.sql, err)
			}
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestEventTexts: what is no list of events is damage and not a panic.
func TestEventTexts(t *testing.T) {
	good, err := eventsText(nil, []perp.Event{perp.QuoteChanged{}, perp.MarketExpired{Symbol: `a"b`}, perp.FundingPaid{FundingID: "F"}})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := eventRows(good)
	if err != nil || len(rows) != 2 || rows[0].n != 1 || rows[1].n != 2 || rows[1].kind != "FundingPaid" || !strings.Contains(string(rows[0].payload), `"a\"b"`) {
		t.Errorf("%s: %v, %v", good, rows, err)
	}
	for _, bad := range []string{"", "{}", "[1]", "[[1]]", `[[1,"A"]]`, `[["1","A",{}]]`, `[[1,2,{}]]`, `[[1,"A",{}]`, `[[1,"A",{},3]]`} {
		if rows, err := eventRows([]byte(bad)); err == nil {
			t.Errorf("%q: %v", bad, rows)
		}
	}
}

// tamper runs a statement with all guards of the schema taken away.
func tamper(t *testing.T, dir, query string) {
	t.Helper()
	db, err := dial(filepath.Join(dir, DBName), "mode=rw", []pragma{{"ignore_check_constraints", "1", "1"}})
	if err != nil {
		t.Fatal(err)
	}
	var triggers []string
	err = each(db, "SELECT name FROM sqlite_schema WHERE type = 'trigger'", func(r *sql.Rows) error {
		var name string
		defer func() { triggers = append(triggers, name) }()
		return r.Scan(&name)
	})
	for _, name := range triggers {
		if err == nil {
			_, err = db.Exec("DROP TRIGGER " + name)
		}
	}
	if err == nil {
		var result sql.Result
		if result, err = db.Exec(query); err == nil {
			if n, _ := result.RowsAffected(); n == 0 {
				t.Fatalf("%s: changed nothing", query)
			}
		}
	}
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
