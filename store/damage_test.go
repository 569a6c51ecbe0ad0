package store

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"backstop/perp"
)

// kept are the tables whose every bit is checked: what was decided, what was
// said and the books. order names the columns that order the rows.
var kept = []struct{ table, order string }{
	{"journal", "seq"}, {"events", "seq, n"}, {"fix_out", "id"}, {"transfers", "id"}, {"fills", "n"}, {"settlements", "rowid"},
	{"funding", "n"}, {"losses", "n"}, {"desk", "n"}, {"last_looks", "n"}, {"markouts", "n"}, {"grades", "n"}, {"hedges", "n"},
	{"balances", "owner, account"}, {"positions", "account, symbol"}, {"client_ids", "account, cl_ord_id"}, {"chains", "name"},
}

// contents is everything in the checked tables as text; an error is part of it.
func contents(t testing.TB, r *Reader, orders bool) string {
	t.Helper()
	var text strings.Builder
	tables := kept
	if orders {
		tables = append(tables[:len(tables):len(tables)], struct{ table, order string }{"orders", "order_id"}, struct{ table, order string }{"fix_sessions", "session"},
			struct{ table, order string }{"account_events", "account"})
	}
	for _, k := range tables {
		fmt.Fprintln(&text, k.table)
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
			fmt.Fprintln(&text, err)
		}
	}
	return text.String()
}

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

// inspect reads what a directory holds and what the checks say of it.
func inspect(t *testing.T, dir string) (text string, named int) {
	t.Helper()
	r, err := OpenReadOnly(dir)
	if err != nil {
		return err.Error(), 1
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	found, err := r.Differences()
	if err != nil {
		named++
	}
	return contents(t, r, false), named + len(found)
}

func TestBitFlipsAreNamed(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(filled(t), DBName))
	if err != nil {
		t.Fatal(err)
	}
	flips := 1000
	if testing.Short() {
		flips = 100
	}
	dir := t.TempDir()
	write := func(data []byte) {
		if err := os.WriteFile(filepath.Join(dir, DBName), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(data)
	good, named := inspect(t, dir)
	if named != 0 {
		t.Fatalf("%d differences in an unharmed database", named)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	harmful := 0
	for range flips {
		at, bit := rng.IntN(len(data)), byte(1)<<rng.IntN(8)
		data[at] ^= bit
		write(data)
		text, named := inspect(t, dir)
		if text != good {
			if harmful++; named == 0 {
				t.Errorf("bit %08b of byte %d changed the rows and nothing was named", bit, at)
			}
		}
		data[at] ^= bit
	}
	t.Logf("%d of %d flips changed rows; all were named", harmful, flips)
	if harmful < flips/10 {
		t.Errorf("only %d of %d flips changed a row: the test is blind", harmful, flips)
	}
}

// TestChangedRowsAreNamed changes rows behind the store's back.
func TestChangedRowsAreNamed(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"UPDATE journal SET payload = x'7b7d' WHERE seq = 17", "journal row 17"},
		{"UPDATE journal SET time_ns = time_ns + 1 WHERE seq = 50", "journal row 50"},
		{"UPDATE journal SET h = zeroblob(32) WHERE seq = 3", "journal row 3"},
		{"UPDATE events SET payload = '{}' WHERE seq = 9 AND n = 1", "journal row 9"},
		{"DELETE FROM events WHERE seq = 9 AND n = 1", "journal row 9"},
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
