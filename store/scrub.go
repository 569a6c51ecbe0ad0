package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
)

// A start looks at every page and every reference of a small database. Of a large
// one that would take as long as its history; there a start looks at what a crash
// can have reached and at what the gateway goes on from, and Scrub looks at the
// rest, beside the running gateway.
const (
	wholeMax  = 16 << 20 // bytes of a database that is looked at whole at every start
	scrubRest = 3        // times as long as a slice took, Scrub rests after it
)

// stateTables are what a start goes on from, beside the ends of the chains and the
// snapshot, which have checksums. They grow with accounts and sessions, not with time.
var stateTables = []string{
	"sqlite_schema", "chains", "settings", "posted", "balances", "positions", "fix_sessions", "account_events", "logon_signatures",
}

// Whole tells whether Open looked at the whole database. If it did not, Scrub should
// run.
func (s *Store) Whole() bool { return s.looked }

// measure decides how much a start looks at. A schema that is about to be changed
// is looked at whole, whatever it costs.
func (s *Store) measure() error {
	var size int64
	for _, path := range []string{s.path, s.path + "-wal"} {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("database: %w", err)
		}
		size += info.Size()
	}
	all, err := steps()
	if err != nil {
		return err
	}
	if s.looked = size <= s.whole; s.looked {
		return nil
	}
	found, err := readSchema(s.conn)
	if err != nil {
		return err
	}
	s.looked = found.version != int64(len(all))
	return nil
}

// checkState is checkPages where the whole file would take too long.
func (s *Store) checkState() error {
	for _, table := range stateTables {
		if err := s.quickCheck("'" + table + "'"); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	return nil
}

// quickCheck has SQLite look at the pages of a table, or with a number at all,
// until it has found so many damaged ones.
func (s *Store) quickCheck(of string) error {
	var verdict string
	if err := s.conn.QueryRowContext(context.Background(), "PRAGMA quick_check("+of+")").Scan(&verdict); err != nil {
		return fmt.Errorf("quick_check: %w", err)
	}
	if verdict != "ok" {
		return fmt.Errorf("database is %w: %s", ErrDamaged, verdict)
	}
	return nil
}

// reference is a foreign key: columns of a table that name a row of another.
type reference struct {
	table, parent string
	from, to      []string
}

// references are all foreign keys of tables with rowids. Of the others only
// client_ids has one, which VerifyOrders follows.
func references(q querier) (all []reference, err error) {
	const query = `SELECT t.name, f.id, f."table", f."from", f."to" FROM pragma_table_list AS t, pragma_foreign_key_list(t.name) AS f
		WHERE t.schema = 'main' AND t.type = 'table' AND NOT t.wr ORDER BY t.name, f.id, f.seq`
	last := -1
	err = each(q, query, func(rows *sql.Rows) error {
		var r reference
		var id int
		var from, to string
		if err := rows.Scan(&r.table, &id, &r.parent, &from, &to); err != nil {
			return err
		}
		if n := len(all); n == 0 || all[n-1].table != r.table || id != last {
			all, last = append(all, r), id
		}
		one := &all[len(all)-1]
		one.from, one.to = append(one.from, from), append(one.to, to)
		return nil
	})
	return all, err
}

// lost is the statement that counts the rows from one rowid to another that refer
// to none.
func (r reference) lost() string {
	var known, named []string
	for i := range r.from {
		known = append(known, fmt.Sprintf(`c.%q IS NOT NULL`, r.from[i]))
		named = append(named, fmt.Sprintf(`p.%q = c.%q`, r.to[i], r.from[i]))
	}
	return fmt.Sprintf(`SELECT count(*) FROM %q AS c WHERE c.rowid BETWEEN ? AND ? AND %s AND NOT EXISTS (SELECT 1 FROM %q AS p WHERE %s)`,
		r.table, strings.Join(known, " AND "), r.parent, strings.Join(named, " AND "))
}

// lastRow is the largest rowid of a table.
func (r reference) lastRow(q querier) (last int64, err error) {
	err = q.QueryRowContext(context.Background(), fmt.Sprintf(`SELECT coalesce(max(rowid), 0) FROM %q`, r.table)).Scan(&last)
	return last, err
}

// in adds a difference if rows from one rowid to another refer to none.
func (r reference) in(p *report, from pager, first, last int64) bool {
	what := fmt.Sprintf("%s rows %d to %d", r.table, first, last)
	return p.fail(what, from.in(func(q querier) error {
		var lost int64
		err := q.QueryRowContext(context.Background(), r.lost(), first, last).Scan(&lost)
		if err == nil && lost > 0 {
			p.differ(what+" that refer to no row of "+r.parent, lost, 0)
		}
		return err
	}))
}

// checkReferences looks at the references of the last rows of each table: what a
// crash or a torn write could have reached.
func (s *Store) checkReferences() error {
	all, err := references(s.conn)
	if err != nil {
		return fmt.Errorf("references: %w", err)
	}
	var p report
	for _, r := range all {
		last, err := r.lastRow(s.conn)
		if err != nil {
			return fmt.Errorf("references: %w", err)
		}
		if !r.in(&p, direct{s.conn}, last-tailRows+1, last) {
			break
		}
	}
	if p.err != nil {
		return p.err
	}
	if len(p.found) > 0 {
		return fmt.Errorf("database is %w: %s", ErrDamaged, p.found[0])
	}
	return nil
}

// verifyReferences looks at all of them, in short slices.
func (r *Reader) verifyReferences() ([]Difference, error) {
	var p report
	var all []reference
	err := r.in(func(q querier) (err error) { all, err = references(q); return err })
	if !p.fail("references", err) {
		return p.found, p.err
	}
	for _, ref := range all {
		var last int64
		err := r.in(func(q querier) (err error) { last, err = ref.lastRow(q); return err })
		if !p.fail(ref.table, err) {
			return p.found, p.err
		}
		for first := int64(1); first <= last; first += slice {
			if !ref.in(&p, r, first, min(first+slice-1, last)) {
				return p.found, p.err
			}
		}
	}
	return p.found, p.err
}

// Scrub reads the whole history and names all that is not what was written: what
// Differences finds, and rows that refer to none. It reads in short slices and rests
// between them, so that orders hardly notice; it ends early, with the error of ctx,
// when that does. What needs all pages at once, such as SQLite's own check of
// indexes, is left to Check.
func Scrub(ctx context.Context, dir string) (found []Difference, err error) {
	r, err := OpenReadOnly(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	r.rest = func(took time.Duration) error {
		pause := time.NewTimer(took * scrubRest)
		defer pause.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pause.C:
			return nil
		}
	}
	lost, err := r.verifyReferences()
	if err != nil {
		return lost, err
	}
	found, err = r.Differences()
	return append(lost, found...), err
}
