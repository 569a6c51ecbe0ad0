package store

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		make   func(t *testing.T, dir string)
		writer error // what Open must return; errAny: any error
		reader error
	}{
		{"an empty directory", func(*testing.T, string) {}, nil, fs.ErrNotExist},
		{"a newer schema", func(t *testing.T, dir string) { made(t, dir, "PRAGMA user_version = 99") }, ErrNewer, ErrNewer},
		{"another program's database", func(t *testing.T, dir string) { made(t, dir, "PRAGMA application_id = 5") }, ErrForeign, ErrForeign},
		{"a schema without version", func(t *testing.T, dir string) { made(t, dir, "PRAGMA user_version = 0") }, ErrForeign, ErrForeign},
		{"a text file", func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, DBName), []byte(strings.Repeat("not a database\n", 99)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, errAny, errAny},
		{"a directory in its place", func(t *testing.T, dir string) {
			if err := os.Mkdir(filepath.Join(dir, DBName), 0o700); err != nil {
				t.Fatal(err)
			}
		}, errAny, errAny},
		{"balances that do not add up", func(t *testing.T, dir string) {
			made(t, dir, "INSERT INTO balances (owner, account, balance) VALUES ('A', 'cash', 1)")
		}, ErrDamaged, nil},
		{"balances behind the transfers", func(t *testing.T, dir string) {
			made(t, dir, "UPDATE posted SET last = 1")
		}, ErrDamaged, nil},
		{"a row that refers to none", func(t *testing.T, dir string) {
			made(t, dir, "PRAGMA foreign_keys = 0; INSERT INTO client_ids VALUES ('A', 'a', 'O-1')")
		}, ErrDamaged, nil},
	} {
		dir := t.TempDir()
		c.make(t, dir)
		s, err := Open(dir)
		if err == nil {
			closeStore(t, s)
		}
		if !asked(err, c.writer) {
			t.Errorf("%s: open: %v, want %v", c.name, err, c.writer)
		}
		if c.writer == nil {
			dir = t.TempDir()
			c.make(t, dir)
		}
		r, err := OpenReadOnly(dir)
		if err == nil {
			err = r.Close()
		}
		if !asked(err, c.reader) {
			t.Errorf("%s: read only: %v, want %v", c.name, err, c.reader)
		}
		// A refused start lets the directory go again.
		held, err := acquire(dir)
		if err == nil {
			err = held.release()
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil {
		t.Error("a file was opened as a data directory")
	}
}

var errAny = errors.New("any error")

func asked(got, want error) bool { return want == errAny && got != nil || errors.Is(got, want) }

// made makes a good database and then does something to it.
func made(t *testing.T, dir, query string) {
	t.Helper()
	s := open(t, dir)
	if err := s.exec(query); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
}

func TestFilesArePrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data ?#%41 é")
	s := open(t, dir)
	commit(t, s, newWorld(1).batch(1))
	modes := func() map[string]fs.FileMode {
		got := map[string]fs.FileMode{}
		for name := range tree(t, dir) {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			got[name] = info.Mode()
		}
		return got
	}
	want := map[string]fs.FileMode{DBName: 0o600, DBName + "-wal": 0o600, DBName + "-shm": 0o600, LockName: 0o600}
	if got := modes(); !reflect.DeepEqual(got, want) {
		t.Errorf("files are %v, want %v", got, want)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory is %v, %v", info.Mode(), err)
	}
	closeStore(t, s)
	for _, name := range []string{DBName, LockName} {
		if err := os.Chmod(filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, dir)
	commit(t, s) // A store that was open to others is closed to them at once.
	if got := modes(); !reflect.DeepEqual(got, want) {
		t.Errorf("after opening again files are %v, want %v", got, want)
	}
}

func TestPragmas(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for name, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "recursive_triggers": "1", "trusted_schema": "0",
		"cell_size_check": "1", "journal_size_limit": "67108864", "busy_timeout": "2000",
	} {
		var got string
		if err := s.conn.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&got); err != nil || got != want {
			t.Errorf("writer: %s is %s (%v), want %s", name, got, err, want)
		}
	}
	if _, err := s.Reader.db.Exec("DELETE FROM balances"); err == nil {
		t.Error("a reader could write")
	}
	bad, err := dial(s.path, "mode=ro", []pragma{{"synchronous", "FULL", "3"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bad.Conn(context.Background()); err == nil || !strings.Contains(err.Error(), "pragma synchronous: is 2, must be 3") {
		t.Errorf("a setting that did not hold: %v", err)
	}
	if err := bad.Close(); err != nil {
		t.Error(err)
	}
}

// TestWrongPragmasAreRefused: each setting that is read back, set to something
// else, refuses the start with its name and both values, and lets the directory go.
func TestWrongPragmasAreRefused(t *testing.T) {
	other := map[string][2]string{ // what is set instead, and what SQLite then says
		"busy_timeout": {"7", "7"}, "journal_mode": {"DELETE", "delete"}, "synchronous": {"NORMAL", "1"}, "foreign_keys": {"0", "0"},
		"recursive_triggers": {"0", "0"}, "trusted_schema": {"1", "1"}, "cell_size_check": {"0", "0"},
		"journal_size_limit": {"4096", "4096"}, "wal_autocheckpoint": {"0", "0"}, "query_only": {"0", "0"},
	}
	dir := t.TempDir()
	closeStore(t, open(t, dir))
	for _, of := range []struct {
		name    string
		pragmas []pragma
		open    func() (io.Closer, error)
	}{
		{"writer", writerPragmas, func() (io.Closer, error) { return Open(dir) }},
		{"reader", readerPragmas, func() (io.Closer, error) { return OpenReadOnly(dir) }},
	} {
		for i, p := range of.pragmas {
			wrong, known := other[p.name]
			if !known {
				t.Errorf("%s: no other value for %s", of.name, p.name)
				continue
			}
			of.pragmas[i].set = wrong[0]
			opened, err := of.open()
			of.pragmas[i].set = p.set
			want := "pragma " + p.name + ": is " + wrong[1] + ", must be " + p.want
			if err == nil {
				t.Errorf("%s: opened with %s %s", of.name, p.name, wrong[0])
				err = opened.Close()
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", of.name, err, want)
			}
		}
	}
	closeStore(t, open(t, dir)) // As it was, it starts.
}

func TestViews(t *testing.T) {
	s := open(t, t.TempDir())
	commit(t, s, newWorld(1).batch(5))
	rows := map[string]int{
		"api_orders": 5, "api_fills": 10, "api_positions": -1, "api_balances": -1, "api_settlements": 5, "api_funding": 0, "api_journal": 5,
		"api_last_looks": 0, "api_markouts": 5, "api_grades": 0, "api_hedges": 0, "api_busts": 0,
	}
	for view, want := range map[string]string{
		"api_orders":      "order_id, cl_ord_id, account, symbol, side, ord_type, tif, size, price, cum, avg_price, status, reason, created_ns, updated_ns",
		"api_fills":       "exec_id, trade_id, order_id, cl_ord_id, account, symbol, side, size, price, fee, liquidity, time_ns, quoted, busted",
		"api_busts":       "exec_id, trade_id, order_id, account, symbol, side, size, price, fee, realised, by, reason, time_ns",
		"api_positions":   "account, symbol, size, entry_notional",
		"api_balances":    "owner, account, currency, balance",
		"api_settlements": "settlement_id, account, symbol, claim, cash, deferred, time_ns",
		"api_funding":     "funding_id, account, symbol, payment, rate, time_ns",
		"api_journal":     "seq, time_ns, kind, source",
		"api_last_looks": "order_id, account, symbol, side, size, arrival_ns, decided_ns, source_ns, quoted, oracle_before, oracle_after, move, " +
			"tolerance, outcome, price, cl_ord_id, session, tier, why, quote_id, version, seen_ns, hold_us, improvement, would_be",
		"api_markouts": "order_id, exec_id, session, account, symbol, side, size, horizon_ns, oracle_before, oracle_after, move, time_ns",
		"api_grades":   "time_ns, session, symbol, tier_from, surcharge_from, tier, surcharge, why, score, until_ns",
		"api_hedges":   "time_ns, kind, symbol, key, size, position, variation",
	} {
		var got []string
		n := 0
		err := each(s.Reader.db, "SELECT * FROM "+view, func(r *sql.Rows) (err error) {
			n++
			got, err = r.Columns()
			return err
		})
		if err == nil && n == 0 {
			err = each(s.Reader.db, "SELECT name FROM pragma_table_info(?)", func(r *sql.Rows) error {
				var name string
				defer func() { got = append(got, name) }()
				return r.Scan(&name)
			}, view)
		}
		if err != nil || strings.Join(got, ", ") != want {
			t.Errorf("%s has %v (%v), want %s", view, got, err, want)
		}
		if rows[view] >= 0 && n != rows[view] {
			t.Errorf("%s has %d rows, want %d", view, n, rows[view])
		}
	}
	var sum int64
	if err := s.Reader.db.QueryRow("SELECT sum(balance) FROM api_balances").Scan(&sum); err != nil || sum != 0 {
		t.Errorf("the balances add up to %d (%v)", sum, err)
	}
}

// given are the values that a statement is asked with: SQLite walks them.
var given = regexp.MustCompile(`^SCAN (CONSTANT ROW|\d+ CONSTANT ROWS|asked)$`)

func TestHotStatementsSearch(t *testing.T) {
	s := open(t, t.TempDir())
	hot := append([]string{
		queryChain, queryJournal, queryRowHash, queryOut, queryOutHash, queryMessages, queryOrder, queryOrderOf,
		querySnapshot, queryBounds, queryTransfers, queryFillRows, querySettlements, queryOrders, queryOrderFills,
		queryClientIDs, queryFunding, queryLosses, queryDesk, queryLooks, queryMarked, queryGrades, queryHedges, queryExpired,
		queryLookSpan, queryMarkedSpan, queryEventsOf, queryGradeSpan, queryDealt, queryKnows, queryBusts, queryTrade, queryTrades, queryAudit, queryPosted, queryOrderSpan, queryTimeOf,
		querySignatures, queryOutTime, queryTold, queryExecOf, takenQuery(3), namesQuery(3),
	}, writes[:dropSnapshots]...)
	for i := range s.rows.inserts {
		hot = append(hot, s.rows.inserts[i].text(1)) // More rows at once are found alike.
	}
	// These read small tables whole: one row a session, an account, a snapshot.
	small := []string{querySnapshotSeqs, queryBalances, queryPositions, querySessions, queryEventCounts, writes[dropSnapshots]}
	plan := func(query string) (lines []string) {
		args := make([]any, strings.Count(query, "?"))
		err := each(s.conn, "EXPLAIN QUERY PLAN "+query, func(r *sql.Rows) error {
			var id, parent, unused int
			var detail string
			defer func() { lines = append(lines, detail) }()
			return r.Scan(&id, &parent, &unused, &detail)
		}, args...)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return lines
	}
	for _, query := range hot {
		for _, line := range plan(query) {
			if strings.Contains(line, "SCAN") && !given.MatchString(line) || strings.Contains(line, "TEMP B-TREE") {
				t.Errorf("%s\n%s", query, line)
			}
		}
	}
	scans := 0
	for _, query := range small {
		scans += strings.Count(strings.Join(plan(query), "\n"), "SCAN")
	}
	if scans == 0 {
		t.Error("no scan was seen anywhere: the test is blind")
	}
}

// TestCommitsMakeNoTables: what a commit or a look at new client order ids executes makes
// no table or sorter for itself. Each would be a page cache of its own, which costs
// more than the rows of a small commit.
func TestCommitsMakeNoTables(t *testing.T) {
	s := open(t, t.TempDir())
	made := func(query string) (ops []string) {
		args := make([]any, strings.Count(query, "?"))
		err := each(s.conn, "EXPLAIN "+query, func(r *sql.Rows) error {
			var ignored [6]any
			var op string
			err := r.Scan(&ignored[0], &op, &ignored[1], &ignored[2], &ignored[3], &ignored[4], &ignored[5], new(any))
			if op == "OpenEphemeral" || op == "SorterOpen" || op == "OpenAutoindex" {
				ops = append(ops, op)
			}
			return err
		}, args...)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return ops
	}
	hot := []string{writes[setChain], writes[setOrder], writes[findOrders], namesQuery(1), namesQuery(64)}
	for i := range s.rows.inserts {
		if table(i) != bustRows { // Its trigger has several rows wait, and the desk busts one at a time.
			hot = append(hot, s.rows.inserts[i].text(1), s.rows.inserts[i].text(64))
		}
	}
	for _, query := range hot {
		if ops := made(query); len(ops) > 0 {
			t.Errorf("%s\n%v", query, ops)
		}
	}
	if len(made("UPDATE chains SET last = ? WHERE name = ? RETURNING 1")) == 0 {
		t.Error("no table was seen anywhere: the test is blind")
	}
}
