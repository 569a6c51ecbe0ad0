package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"backstop/perp"
)

// Limits of one look at what was said: it ends at whichever comes first.
const (
	talkOutMax   = 10_000          // messages to clients looked at
	talkTakenMax = 200_000         // commands looked at, most of them prices and clocks
	talkTime     = 2 * time.Second // in all; one query has queryMax
	// talkSlice is how many commands one query passes over: only those of clients
	// are read whole.
	talkSlice = 2_000
)

// Told is one thing that was said: a message to a client, or a command that a client's
// request led to.
type Told struct {
	ID   int64     // of the row
	Time perp.Time // of the command, or of the commit that let the message go

	Session string // of a message; that of a command is in its payload
	Message perp.WireMessage

	Kind    string // of a command; empty for a message
	Payload []byte
}

// Talk is where a look at what was said has ended.
type Talk struct {
	// Since: everything from then on was handed out. After ErrEnough it is the time of
	// what was handed out last, and more of that moment may be left.
	Since perp.Time
	Cut   bool // a limit ended it; what follows Since may have been handed out in part
}

// ErrEnough ends a Talk from within.
var ErrEnough = errors.New("enough")

// Statements of talks. The kinds of commands are put in for %s.
const (
	queryOutTime = "SELECT time_ns FROM fix_out WHERE id = ?"
	queryTaken   = `SELECT seq, time_ns, kind, payload FROM journal WHERE seq BETWEEN ? AND ? AND kind IN (%s) ORDER BY seq DESC`
	queryTold    = `SELECT id, session, seq, time_ns, bytes FROM fix_out WHERE id BETWEEN ? AND ? ORDER BY id DESC`
	queryExecOf  = "SELECT order_id FROM fills WHERE exec_id = ?"
)

// reel is one of the two logs, read backwards.
type reel struct {
	log           string // table, and its statement for the time of a row
	timeOf        string
	first, next   int64     // the oldest row to read and the newest one not read
	slice, budget int64     // rows that one query passes over, and all may
	at            perp.Time // of the oldest row read
	page          []Told
	read          func(q querier, from, to int64) ([]Told, error)
}

// Talk hands what was said from one time (included) to another (not) to fn, newest
// first: messages to clients, and commands of the given kinds. It is bounded, since it
// is for people beside a running gateway: each query is short, so nothing of it holds
// back the writer. An error of fn ends it and is returned, but for ErrEnough.
func (r *Reader) Talk(ctx context.Context, since, before perp.Time, kinds []string, fn func(Told) error) (t Talk, err error) {
	ctx, cancel := context.WithTimeout(ctx, talkTime)
	defer cancel()
	out := &reel{log: "fix_out", timeOf: queryOutTime, slice: slice, budget: talkOutMax, read: readTold}
	taken := &reel{log: "journal", timeOf: queryTimeOf, slice: talkSlice, budget: r.taken, read: takenOf(kinds)}
	reels := []*reel{out, taken}
	err = r.in(func(q querier) error { return errors.Join(out.wind(q, since, before), taken.wind(q, since, before)) })
	if err != nil {
		return t, fmt.Errorf("messages: %w", err)
	}
	t.Since = before
	for {
		var newest *reel
		floor := since
		for _, l := range reels {
			if err := l.fill(ctx, r); err != nil {
				return t, fmt.Errorf("messages: %w", err)
			}
			switch {
			case len(l.page) > 0:
				if newest == nil || l.page[0].Time > newest.page[0].Time {
					newest = l
				}
			case l.next >= l.first: // It has more, which may not be read: no log passes the other.
				t.Cut, floor = true, max(floor, l.at+1)
			}
		}
		if newest == nil || newest.page[0].Time < floor {
			// A limit may end in the middle of a moment, which the next look then has
			// whole. One that is more than a look is passed, or no look would be.
			if t.Since = min(floor, before); t.Cut && floor == before {
				t.Since--
			}
			return t, nil
		}
		told := newest.page[0]
		switch err := fn(told); {
		case errors.Is(err, ErrEnough):
			return t, nil
		case err != nil:
			return t, err
		}
		newest.page = newest.page[1:]
		t.Since = told.Time
	}
}

// wind puts the reel to the rows between two times.
func (l *reel) wind(q querier, since, before perp.Time) (err error) {
	l.at = before
	if l.first, err = rowSince(q, l.log, l.timeOf, int64(since)); err != nil {
		return err
	}
	l.next, err = rowSince(q, l.log, l.timeOf, int64(before))
	l.next--
	return err
}

// fill reads on until there is something to hand out, or nothing more may be read.
func (l *reel) fill(ctx context.Context, r *Reader) error {
	for len(l.page) == 0 && l.next >= l.first && l.budget > 0 && ctx.Err() == nil {
		from := max(l.first, l.next-min(l.slice, l.budget)+1)
		err := r.in(func(q querier) (err error) {
			if err := q.QueryRowContext(context.Background(), l.timeOf, from).Scan(&l.at); err != nil {
				return err
			}
			l.page, err = l.read(q, from, l.next)
			return err
		})
		if err != nil {
			return err
		}
		l.budget -= l.next - from + 1
		l.next = from - 1
	}
	return nil
}

func readTold(q querier, from, to int64) (page []Told, err error) {
	err = each(q, queryTold, func(rows *sql.Rows) error {
		var t Told
		defer func() { page = append(page, t) }()
		return rows.Scan(&t.ID, &t.Session, &t.Message.Seq, &t.Time, &t.Message.Bytes)
	}, from, to)
	return page, err
}

// takenOf reads the commands of some kinds.
func takenOf(kinds []string) func(querier, int64, int64) ([]Told, error) {
	query := takenQuery(len(kinds))
	return func(q querier, from, to int64) (page []Told, err error) {
		args := []any{from, to}
		for _, k := range kinds {
			args = append(args, k)
		}
		err = each(q, query, func(rows *sql.Rows) error {
			var t Told
			defer func() { page = append(page, t) }()
			return rows.Scan(&t.ID, &t.Time, &t.Kind, &t.Payload)
		}, args...)
		return page, err
	}
}

func takenQuery(kinds int) string {
	return fmt.Sprintf(queryTaken, strings.TrimSuffix(strings.Repeat("?,", kinds), ","))
}

// OrdersNamed finds the orders that an id means: an OrderID, the ExecID of a fill, or
// a ClOrdID that took effect in one of the accounts. Without any, none was an order.
func (r *Reader) OrdersNamed(id string, accounts []string) (all []Order, err error) {
	err = r.in(func(q querier) error {
		ids := []string{id}
		find := func(query string, args ...any) error {
			var found string
			err := q.QueryRowContext(context.Background(), query, args...).Scan(&found)
			if err == nil && !slices.Contains(ids, found) {
				ids = append(ids, found)
			}
			if errors.Is(err, sql.ErrNoRows) {
				return nil
			}
			return err
		}
		err := find(queryExecOf, id)
		for _, a := range accounts {
			err = errors.Join(err, find(queryOrderOf, a, id))
		}
		for _, orderID := range ids {
			o, found, e := order(q, orderID)
			if err = errors.Join(err, e); found {
				all = append(all, o)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("orders named %s: %w", id, err)
	}
	return all, nil
}
