package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"syscall"

	"backstop/perp"

	"github.com/mattn/go-sqlite3"
)

// Difference is one thing that the database says twice and not alike.
type Difference struct {
	What string // the row concerned, such as "journal row 17"
	Have string // what is there
	Want string // what must be there
}

// String is one line for people.
func (d Difference) String() string { return d.What + ": have " + d.Have + ", want " + d.Want }

// differencesMax bounds a report: beyond it more lines help nobody.
const differencesMax = 1000

// report collects differences. An error that tells of damaged bytes is one
// too; any other ends the check.
type report struct {
	found []Difference
	err   error
}

func (p *report) differ(what string, have, want any) {
	if len(p.found) < differencesMax {
		p.found = append(p.found, Difference{what, fmt.Sprint(have), fmt.Sprint(want)})
	}
}

// same adds a difference unless both sides are equal.
func same[T comparable](p *report, what string, have, want T) {
	if have != want {
		p.differ(what, have, want)
	}
}

// fail notes an error and reports whether there was none. Damaged bytes are a
// difference like any other; anything else is an error of the check itself.
func (p *report) fail(what string, err error) bool {
	if err == nil {
		return true
	}
	if unreadable(err) || errors.Is(err, ErrDamaged) {
		p.differ(what, err, "readable rows")
	} else {
		p.err = fmt.Errorf("%s: %w", what, err)
	}
	return false
}

// unreadable tells whether SQLite finds no database, or a broken one.
func unreadable(err error) bool {
	var code sqlite3.Error
	return errors.As(err, &code) && (code.Code == sqlite3.ErrCorrupt || code.Code == sqlite3.ErrNotADB)
}

// DiskFailed tells whether an error is one of the disk: it cannot be read or
// written, or is full. Nothing says then what of the last change is on it.
func DiskFailed(err error) bool {
	var code sqlite3.Error
	if errors.As(err, &code) && (code.Code == sqlite3.ErrIoErr || code.Code == sqlite3.ErrFull) {
		return true
	}
	return errors.Is(err, syscall.EIO) || errors.Is(err, syscall.ENOSPC)
}

// read is each, where a row that cannot be read as what it should be is damage.
func read(q querier, query string, f func(*sql.Rows) error, args ...any) error {
	return each(q, query, func(r *sql.Rows) error {
		if err := f(r); err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return nil
	}, args...)
}

// pager runs short reads: a Reader each in a transaction of its own, the writer
// on its one connection.
type pager interface {
	in(func(querier) error) error
}

type direct struct{ q querier }

func (d direct) in(f func(querier) error) error { return f(d.q) }

// previousHash reads the hash of the row before from.
func previousHash(from pager, query string, next int64) (h [sha256.Size]byte, err error) {
	if next <= 1 {
		return h, nil
	}
	err = from.in(func(q querier) error {
		var b []byte
		err := q.QueryRowContext(context.Background(), query, next-1).Scan(&b)
		if errors.Is(err, sql.ErrNoRows) {
			err = fmt.Errorf("row %d: %w", next-1, ErrDamaged)
		}
		copy(h[:], b)
		return err
	})
	return h, err
}

// walkJournal recomputes the journal chain from a row to its end and names each
// row that does not follow from the one before. seen, if any, is given every
// good row, with its events if it wants them, and ends the walk by returning false.
func walkJournal(from pager, next int64, end chain, events bool, seen func(journalRow) bool) (p report) {
	h, err := previousHash(from, queryRowHash, next)
	if !p.fail("journal", err) {
		return p
	}
	for next <= end.last {
		page, err := journalPage(from, next, end.last, h, events)
		if !p.fail(fmt.Sprintf("journal rows from %d", next), err) {
			return p
		}
		if len(page) == 0 {
			p.differ(fmt.Sprintf("journal row %d", next), "no row", "a row")
			return p
		}
		for _, row := range page {
			what := fmt.Sprintf("journal row %d", row.entry.Seq)
			good := row.entry.Seq == next
			if same(&p, fmt.Sprintf("journal row %d", next), row.entry.Seq, next); row.entry.Seq < next {
				return p
			}
			if row.h != row.want {
				p.differ(what, fmt.Sprintf("hash %x", row.h), fmt.Sprintf("%x", row.want))
				good = false
			}
			if seen != nil && (!good || !seen(row)) {
				return p
			}
			h, next = row.h, row.entry.Seq+1
		}
	}
	same(&p, "end of the journal", fmt.Sprintf("%x", h), fmt.Sprintf("%x", end.h))
	return p
}

// journalRow is a row of the journal with its events.
type journalRow struct {
	entry   perp.Entry
	h, want [sha256.Size]byte // as it is, and as it follows from the row before
	events  []byte            // as eventsText made it, if asked for
}

// journalPage reads the next slice of the journal, where h is the hash of the row
// before it.
func journalPage(from pager, next, to int64, h [sha256.Size]byte, events bool) (page []journalRow, err error) {
	err = from.in(func(q querier) error { page, err = readJournal(q, next, to, h, events); return err })
	return page, err
}

// readJournal recomputes each hash while SQLite still holds the row, for the
// events are most of it and nobody else may want them.
func readJournal(q querier, from, to int64, h [sha256.Size]byte, events bool) (page []journalRow, err error) {
	page = make([]journalRow, 0, min(to-from+1, slice))
	err = read(q, queryJournal, func(r *sql.Rows) error {
		var row journalRow
		var hash, text sql.RawBytes
		e := &row.entry
		if err := r.Scan(&e.Seq, &e.Time, &e.Source, &e.Kind, &e.Payload, &hash, &text); err != nil {
			return err
		}
		if copy(row.h[:], hash) != len(row.h) || len(hash) != len(row.h) {
			return fmt.Errorf("journal row %d: a hash of %d bytes", e.Seq, len(hash))
		}
		row.want = journalHash(h, *e, text)
		if events {
			row.events = bytes.Clone(text)
		}
		h = row.h
		page = append(page, row)
		return nil
	}, from, to, slice)
	return page, err
}

// walkOut does for outbound messages what walkJournal does for the journal.
func walkOut(from pager, next int64, end chain) (p report) {
	h, err := previousHash(from, queryOutHash, next)
	if !p.fail("fix_out", err) {
		return p
	}
	for next <= end.last {
		page, err := outPage(from, next, end.last)
		if !p.fail(fmt.Sprintf("fix_out rows from %d", next), err) {
			return p
		}
		if len(page) == 0 {
			p.differ(fmt.Sprintf("fix_out row %d", next), "no row", "a row")
			return p
		}
		for _, o := range page {
			what := fmt.Sprintf("fix_out row %d", o.id)
			if same(&p, fmt.Sprintf("fix_out row %d", next), o.id, next); o.id < next {
				return p
			}
			if want := outHash(h, o); !bytes.Equal(want[:], o.h) {
				p.differ(what, fmt.Sprintf("hash %x", o.h), fmt.Sprintf("%x", want))
			}
			copy(h[:], o.h)
			next = o.id + 1
		}
	}
	same(&p, "end of fix_out", fmt.Sprintf("%x", h), fmt.Sprintf("%x", end.h))
	return p
}

// outPage reads the next slice of outbound messages.
func outPage(from pager, next, to int64) (page []outRow, err error) {
	err = from.in(func(q querier) error {
		return read(q, queryOut, func(r *sql.Rows) error {
			var o outRow
			defer func() { page = append(page, o) }()
			return r.Scan(&o.id, &o.session, &o.epoch, &o.message.Seq, &o.at, &o.message.Bytes, &o.h)
		}, next, to, slice)
	})
	return page, err
}

// VerifyChain recomputes both hash chains from their first row and names every
// row of the journal, with its events, and of the outbound messages that is not
// what was written. Nothing found is what it should be.
func (r *Reader) VerifyChain() ([]Difference, error) {
	var journal, out chain
	err := r.in(func(q querier) (err error) {
		if journal, err = readChain(q, "journal"); err == nil {
			out, err = readChain(q, "fix_out")
		}
		return err
	})
	var p report
	if !p.fail("chains", err) {
		return p.found, p.err
	}
	return merge(walkJournal(r, 1, journal, false, nil), walkOut(r, 1, out))
}

// merge joins what several checks found.
func merge(parts ...report) (all []Difference, err error) {
	for _, p := range parts {
		all = append(all, p.found...)
		err = errors.Join(err, p.err)
	}
	return all, err
}
