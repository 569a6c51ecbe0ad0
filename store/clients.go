package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"backstop/perp"
)

// Look is one row of api_last_looks, and what of the order was dealt at once.
type Look struct {
	perp.LastLook
	Dealt perp.Size
}

// Markout is one row of api_markouts.
type Markout struct {
	perp.MarkedOut
	Time perp.Time
}

// Grade is one row of api_grades.
type Grade struct {
	perp.ClientGraded
	Time perp.Time
}

// Statements of the readers below. Numbers grow with time, so a span of time is
// a span of numbers.
const (
	queryLookSpan = `SELECT coalesce((SELECT n FROM last_looks WHERE decided_ns >= ?1 ORDER BY decided_ns, n LIMIT 1), 9223372036854775807),
		coalesce((SELECT n FROM last_looks WHERE decided_ns < ?2 ORDER BY decided_ns DESC, n DESC LIMIT 1), 0)`
	queryMarkedSpan = `SELECT coalesce((SELECT n FROM marked WHERE time_ns >= ?1 ORDER BY time_ns, n LIMIT 1), 9223372036854775807),
		coalesce((SELECT n FROM marked WHERE time_ns < ?2 ORDER BY time_ns DESC, n DESC LIMIT 1), 0)`
	queryEventsOf  = "SELECT events FROM journal WHERE seq = ?"
	queryGradeSpan = `SELECT coalesce((SELECT n FROM grades WHERE time_ns >= ?1 ORDER BY time_ns, n LIMIT 1), 9223372036854775807),
		coalesce((SELECT n FROM grades WHERE time_ns < ?2 ORDER BY time_ns DESC, n DESC LIMIT 1), 0)`
	queryDealt = "SELECT coalesce(sum(size), 0) FROM fills WHERE order_id = ? AND seq = ?"
	queryKnows = "SELECT EXISTS (SELECT 1 FROM balances WHERE owner = ?1) OR EXISTS (SELECT 1 FROM client_ids WHERE account = ?1)"
)

// Knows tells whether an account ever had a balance or sent an order.
func (r *Reader) Knows(account string) (known bool, err error) {
	err = r.in(func(q querier) error {
		return q.QueryRowContext(context.Background(), queryKnows, account).Scan(&known)
	})
	if err != nil {
		return false, fmt.Errorf("account %s: %w", account, err)
	}
	return known, nil
}

// Looks hands the decisions about held orders from one time (included) to
// another (not) to fn, oldest first. No query is open while fn runs.
func (r *Reader) Looks(since, before perp.Time, fn func(Look) error) error {
	return inSpan(r, "last looks", queryLookSpan, queryLooks, slice, since, before, scanLook, func(q querier, x lookRow) (Look, error) {
		l := Look{LastLook: perp.LastLook{
			OrderID: x.orderID, ClOrdID: x.clOrdID, Session: x.session, Account: x.account, Symbol: x.symbol, Size: perp.Size(x.size),
			Why: x.why, QuoteID: x.quoteID, Version: x.version, Arrival: perp.Time(x.arrival), Decided: perp.Time(x.decided),
			Seen: perp.Time(x.seen), Source: perp.Time(x.source), Quoted: perp.Price(x.quoted), Before: perp.Price(x.before),
			After: perp.Price(x.after), Move: perp.Ratio(x.move), Tolerance: perp.Ratio(x.tolerance), Price: perp.Price(x.price),
		}}
		var known [3]bool
		l.Side, known[0] = named(x.side, perp.Buy, perp.Sell)
		l.Tier, known[1] = named(x.tier, perp.TierFirm, perp.TierEnd-1)
		l.Outcome, known[2] = named(x.outcome, perp.LookAccepted, perp.LookImproved)
		if known != [3]bool{true, true, true} {
			return l, fmt.Errorf("last look at %s: %w", x.orderID, ErrDamaged)
		}
		return l, q.QueryRowContext(context.Background(), queryDealt, x.orderID, x.seq).Scan(&l.Dealt)
	}, fn)
}

// Markouts hands the markouts that fell due from one time (included) to another
// (not) to fn, oldest first.
func (r *Reader) Markouts(since, before perp.Time, fn func(Markout) error) error {
	all := func(marks []Markout) error {
		for _, m := range marks {
			if err := fn(m); err != nil {
				return err
			}
		}
		return nil
	}
	return inSpan(r, "markouts", queryMarkedSpan, queryMarked, markedSlice, since, before, scanMarked, func(q querier, x markedRow) (marks []Markout, err error) {
		var text []byte
		if err := q.QueryRowContext(context.Background(), queryEventsOf, x.seq).Scan(&text); err != nil {
			return nil, err
		}
		events, err := eventRows(text)
		for i := 0; err == nil && i < len(events); i++ {
			if events[i].kind != (perp.MarkedOut{}).Kind() {
				continue
			}
			m := Markout{Time: perp.Time(x.timeNS)}
			err = json.Unmarshal(events[i].payload, &m.MarkedOut)
			marks = append(marks, m)
		}
		if err != nil {
			return nil, fmt.Errorf("of command %d: %w: %w", x.seq, ErrDamaged, err)
		}
		return marks, nil
	}, all)
}

// markedSlice is how many commands with markouts one query reads: each may have
// thousands.
const markedSlice = 16

// Grades hands the changes of clients' terms from one time (included) to another
// (not) to fn, oldest first.
func (r *Reader) Grades(since, before perp.Time, fn func(Grade) error) error {
	return inSpan(r, "grades", queryGradeSpan, queryGrades, slice, since, before, scanGrade, func(_ querier, x gradeRow) (Grade, error) {
		g := Grade{ClientGraded: perp.ClientGraded{
			Session: x.session, Symbol: x.symbol, Why: x.why, Score: perp.Ratio(x.score), Until: perp.Time(x.until),
		}, Time: perp.Time(x.timeNS)}
		g.From.Surcharge, g.Class.Surcharge = perp.Ratio(x.surchargeFrom), perp.Ratio(x.surcharge)
		var known [2]bool
		g.From.Tier, known[0] = named(x.tierFrom, perp.TierFirm, perp.TierEnd-1)
		g.Class.Tier, known[1] = named(x.tier, perp.TierFirm, perp.TierEnd-1)
		if known != [2]bool{true, true} {
			return g, fmt.Errorf("grade of %s: %w", x.session, ErrDamaged)
		}
		return g, nil
	}, fn)
}

// named is the value from first to last that has a name.
func named[T interface {
	~uint8
	String() string
}](text string, first, last T) (T, bool) {
	for v := first; v <= last; v++ {
		if v.String() == text {
			return v, true
		}
	}
	return 0, false
}

// inSpan reads the rows of a span of time in slices of their numbers, and hands
// what they say to fn.
func inSpan[R, V any](
	r *Reader, table, span, query string, size int64, since, before perp.Time, scan func(*sql.Rows) (int64, R, error), value func(querier, R) (V, error), fn func(V) error,
) error {
	var next, last int64
	err := r.in(func(q querier) error {
		return q.QueryRowContext(context.Background(), span, int64(since), int64(before)).Scan(&next, &last)
	})
	for ; err == nil && next <= last; next += size {
		var page []V
		err = r.in(func(q querier) error {
			var rows []R
			err := each(q, query, func(found *sql.Rows) error {
				_, row, err := scan(found)
				rows = append(rows, row)
				return err
			}, next, min(next+size-1, last), size)
			for i := 0; err == nil && i < len(rows); i++ {
				var v V
				v, err = value(q, rows[i])
				page = append(page, v)
			}
			return err
		})
		if err != nil {
			break
		}
		for _, v := range page {
			if err := fn(v); err != nil {
				return err
			}
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", table, err)
	}
	return nil
}
