package store

import (
	"database/sql"
	"fmt"

	"backstop/perp"
)

// AuditRow is one command of the desk and how it ended, or a note of the guard. It is the journal's own
// row: Payload is the command with who gave it and why, and the hash chain of the
// journal covers it, its answer and its place.
type AuditRow struct {
	N       int64 // 1, 2, 3 …
	Seq     int64 // of the command in the journal
	Time    perp.Time
	By      string
	Command string // its kind
	Key     string
	Verdict string // empty: done
	Text    string // what was done
	Payload []byte
}

// sourceOperator marks the commands of the desk in the journal, sourceGuard what
// the guard of the FIX port notes there.
const (
	sourceOperator = "operator"
	sourceGuard    = "guard"
)

const queryAudit = `SELECT d.n, d.seq, d.time_ns, d.by, d.command, d.key, d.verdict, d.text, j.payload
	FROM desk AS d JOIN journal AS j ON j.seq = d.seq WHERE d.n BETWEEN ? AND ? ORDER BY d.n LIMIT ?`

// Audit hands every command of the desk to fn, oldest first. No query is open
// while fn runs.
func (r *Reader) Audit(fn func(AuditRow) error) error {
	b, err := r.readBooks()
	for from := int64(1); err == nil && from <= b.desk; from += slice {
		var page []AuditRow
		err = r.in(func(q querier) error {
			return each(q, queryAudit, func(rows *sql.Rows) error {
				var a AuditRow
				defer func() { page = append(page, a) }()
				return rows.Scan(&a.N, &a.Seq, &a.Time, &a.By, &a.Command, &a.Key, &a.Verdict, &a.Text, &a.Payload)
			}, from, min(from+slice-1, b.desk), slice)
		})
		for i := 0; err == nil && i < len(page); i++ {
			err = fn(page[i])
		}
	}
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// VerifyAudit recomputes the hash chain of the journal, checks that every command
// of the desk in it was answered once, and compares the desk's table with those
// answers. What the guard noted is checked alike. It returns how many commands of
// the desk there are.
func (r *Reader) VerifyAudit() (commands int64, found []Difference, err error) {
	var p report
	b, err := r.readBooks()
	if !p.fail("books", err) {
		return 0, p.found, p.err
	}
	desk := []*rowSet{setOf("desk", queryDesk, b.desk, scanDesk, madeFrom(deskRowOf))}
	walk := walkJournal(r, 1, b.journal, true, func(row journalRow) bool {
		e := row.entry
		what := fmt.Sprintf("events of journal row %d", e.Seq)
		answers := len(desk[0].want)
		if !p.fail(what, expect(desk, row)) {
			return false
		}
		answers = len(desk[0].want) - answers
		if e.Source == sourceOperator {
			commands++
		}
		if e.Source == sourceOperator || e.Source == sourceGuard {
			same(&p, "answers to the desk in journal row "+fmt.Sprint(e.Seq), answers, 1)
		}
		return len(desk[0].want) < slice || p.fail("desk", desk[0].compare(&p, r))
	})
	if p.fail("desk", desk[0].compare(&p, r)) && len(walk.found) == 0 {
		same(&p, "rows in desk", b.desk, desk[0].done)
	}
	found, err = merge(walk, p)
	return commands, found, err
}
