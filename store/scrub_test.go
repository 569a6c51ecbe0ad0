package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
)

// openLarge opens a directory as one whose database is too large to be looked at
// whole.
func openLarge(dir string) (*Store, error) { return openWith(dir, WALLimits{}, 0) }

// behind changes the database of a directory that no store has open.
func behind(t *testing.T, dir, query string) {
	t.Helper()
	db, err := sql.Open("sqlite3", dir+"/"+DBName)
	if err == nil {
		_, err = db.Exec(query)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestStartOfALargeDatabase: what the gateway goes on from and what a crash can have
// reached is looked at before anything is served, however large the history is.
func TestStartOfALargeDatabase(t *testing.T) {
	for _, c := range []struct{ name, query string }{
		{"balances that do not add up", "UPDATE balances SET balance = balance + 1 WHERE owner = 'maker' AND account = 'equity'; INSERT INTO balances (owner, account, balance) VALUES ('Z', 'claim', 7)"},
		{"balances behind the transfers", "UPDATE posted SET last = last + 1"},
		{"a last fill of no order", "DROP TRIGGER fills_no_update; UPDATE fills SET order_id = 'O-none' WHERE n = (SELECT max(n) FROM fills)"},
		{"a last message of no session", "DROP TRIGGER fix_out_no_update; UPDATE fix_out SET epoch = 99 WHERE id = (SELECT max(id) FROM fix_out)"},
		{"a last command that is another", "DROP TRIGGER journal_no_update; UPDATE journal SET source = 'x' WHERE seq = (SELECT max(seq) FROM journal)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filled(t)
			behind(t, dir, c.query)
			s, err := openLarge(dir)
			if err == nil {
				closeStore(t, s)
			}
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("opened with %v", err)
			}
		})
	}
	s, err := openLarge(filled(t))
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	if s.Whole() {
		t.Error("a large database was looked at whole")
	}
	if w := open(t, filled(t)); !w.Whole() {
		t.Error("a small database was not")
	}
	var names []string
	for _, step := range s.Opening() {
		names = append(names, step.Name)
	}
	if got := strings.Join(names, " "); got != "pages schema rows statements tail" {
		t.Errorf("steps %s", got)
	}
}

// TestOldSchemaIsLookedAtWhole: no damaged database is migrated, whatever its size.
func TestOldSchemaIsLookedAtWhole(t *testing.T) {
	dir := filled(t)
	behind(t, dir, "DROP VIEW api_busts; DROP VIEW api_fills; DROP TABLE busts; CREATE VIEW api_fills AS SELECT * FROM fills; PRAGMA user_version = 9")
	s, err := openLarge(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	if !s.Whole() {
		t.Error("a database of an older schema was not looked at whole")
	}
}

// TestScrub: what a start leaves out is found beside the running store.
func TestScrub(t *testing.T) {
	for _, c := range []struct{ name, query, want string }{
		{"nothing", "", ""},
		{"a fill of no order", "DROP TRIGGER fills_no_update; UPDATE fills SET order_id = 'O-none' WHERE n = 1", "fills rows 1 to"},
		{"a client id of no order", "DELETE FROM orders WHERE order_id = (SELECT min(order_id) FROM client_ids)", "order"},
		{"a message of no session", "DROP TRIGGER fix_out_no_update; UPDATE fix_out SET session = 'nobody' WHERE id = 1", "fix_out row"},
		{"a command that is another", "DROP TRIGGER journal_no_update; UPDATE journal SET time_ns = time_ns + 1 WHERE seq = 2", "journal row 2"},
		{"a transfer of more", "DROP TRIGGER transfers_no_update; UPDATE transfers SET amount = amount + 1 WHERE id = 1", "transfers row 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filled(t)
			if c.query != "" {
				behind(t, dir, c.query)
			}
			found, err := Scrub(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" {
				if len(found) > 0 {
					t.Errorf("found %v", found)
				}
				return
			}
			if !says(found, []string{c.want}) {
				t.Errorf("found %v, not %q", found, c.want)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Scrub(ctx, filled(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("a scrub that was ended: %v", err)
	}
}

// TestReferencesAreAll: every foreign key of the schema is followed by Scrub, or, of
// client_ids, by VerifyOrders.
func TestReferencesAreAll(t *testing.T) {
	s := open(t, t.TempDir())
	all, err := references(s.conn)
	if err != nil {
		t.Fatal(err)
	}
	followed := map[string]bool{"client_ids orders": true}
	for _, r := range all {
		followed[r.table+" "+r.parent] = true
		if len(r.from) != len(r.to) || r.table == "fix_out" && len(r.from) != 2 {
			t.Errorf("%+v", r)
		}
	}
	n := 0
	err = each(s.conn, `SELECT DISTINCT t.name || ' ' || f."table" FROM sqlite_schema AS t, pragma_foreign_key_list(t.name) AS f WHERE t.type = 'table'`,
		func(rows *sql.Rows) error {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			if n++; !followed[name] {
				t.Errorf("nobody follows %s", name)
			}
			return nil
		})
	if err != nil || n < 10 {
		t.Errorf("%d foreign keys, %v", n, err)
	}
}
