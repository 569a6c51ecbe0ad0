package store

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestAuditor: A15. Beside commits the auditor finds nothing; it reads what is new
// only; a long history is caught up with over several checks; and a difference that
// is planted behind the store's back is named, whatever was read before.
func TestAuditor(t *testing.T) {
	dir := t.TempDir()
	s, w := open(t, dir), newWorld(1)
	a := NewAuditor(s.Reader)
	for range 5 {
		commit(t, s, w.batch(20))
		if found, caught, err := a.Check(); err != nil || len(found) > 0 || !caught {
			t.Fatalf("found %v, caught up %v, %v", found, caught, err)
		}
	}
	if a.fills != w.execs || a.transfers != w.transfers {
		t.Errorf("%d fills, %d transfers were read; there are %d, %d", a.fills, a.transfers, w.execs, w.transfers)
	}
	slow, checks := NewAuditor(s.Reader), 1
	for ; ; checks++ {
		found, caught, err := slow.check(40)
		if err != nil || len(found) > 0 || checks > 100 {
			t.Fatalf("check %d: found %v, %v", checks, found, err)
		}
		if caught {
			break
		}
	}
	if checks != 6 { // 203 transfers
		t.Errorf("caught up after %d checks of at most 40 rows", checks)
	}
	for _, c := range []struct{ plant, mend, want string }{
		{"UPDATE balances SET balance = balance + 1 WHERE owner = 'BOB'", "UPDATE balances SET balance = balance - 1 WHERE owner = 'BOB'", "balance of BOB cash"},
		{"UPDATE balances SET balance = -balance WHERE owner = 'maker'", "UPDATE balances SET balance = -balance WHERE owner = 'maker'", "balance of maker fees"},
		{"UPDATE positions SET size = size + 1 WHERE account = 'BOB'", "UPDATE positions SET size = size - 1 WHERE account = 'BOB'", "sum of positions in "},
		{"UPDATE positions SET size = size - 1 WHERE account = 'maker'", "UPDATE positions SET size = size + 1 WHERE account = 'maker'", "position of maker in "},
	} {
		plant(t, dir, c.plant)
		found, _, err := a.Check()
		if err != nil || !strings.Contains(fmt.Sprint(found), c.want) {
			t.Errorf("%s: found %v, %v", c.plant, found, err)
		}
		plant(t, dir, c.mend)
		if found, _, err := a.Check(); err != nil || len(found) > 0 {
			t.Errorf("%s: found %v, %v", c.mend, found, err)
		}
	}
	commit(t, s, w.batch(20))
	if found, caught, err := a.Check(); err != nil || len(found) > 0 || !caught {
		t.Errorf("found %v, caught up %v, %v", found, caught, err)
	}
}

// TestAuditorStopsAtAGap: a row that is missing is named by every check, though what
// follows it may be the same again.
func TestAuditorStopsAtAGap(t *testing.T) {
	for table, column := range map[string]string{"transfers": "id", "fills": "n", "funding": "n", "expired": "n"} {
		dir := t.TempDir()
		s := open(t, dir)
		commit(t, s, newWorld(1).batch(2), moneyBatch(3))
		closeStore(t, s)
		tamper(t, dir, fmt.Sprintf("UPDATE %s SET %s = %s + 1 WHERE %s = (SELECT max(%s) FROM %s)", table, column, column, column, column, table))
		r, err := OpenReadOnly(dir)
		if err != nil {
			t.Fatal(err)
		}
		a := NewAuditor(r)
		for range 3 {
			if found, _, err := a.Check(); err != nil || !strings.Contains(fmt.Sprint(found), "where ") {
				t.Errorf("%s: found %v, %v", table, found, err)
			}
		}
		closeReader(t, r)
	}
}

// plant changes rows of a running store from another connection.
func plant(t *testing.T, dir, query string) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, DBName)+"?_busy_timeout=2000")
	if err != nil {
		t.Fatal(err)
	}
	result, err := db.Exec("PRAGMA ignore_check_constraints = 1; " + query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%s: changed %d rows, %v", query, n, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
