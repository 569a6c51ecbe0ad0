package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"backstop/perp"
)

// Movement is one transfer as one of its owners sees it.
type Movement struct {
	ID      int64
	Time    perp.Time
	Account string     // of the owner: "cash", "claim/BTC-PERP"
	Other   string     // the other owner and account
	Amount  perp.Money // signed: positive came in
	Reason  string
	Ref     string
}

const queryMovements = `SELECT t.id, j.time_ns, t.debit_owner, t.debit_account, t.credit_owner, t.credit_account, t.amount,
	t.reason, t.ref FROM transfers AS t JOIN journal AS j ON j.seq = t.seq WHERE t.id > ? AND t.id <= ? ORDER BY t.id`

// Movements hands every movement of an owner's accounts to fn, oldest first. A
// transfer between two accounts of the owner is two movements. No query is open
// while fn runs.
func (r *Reader) Movements(owner string, fn func(Movement) error) error {
	b, err := r.readBooks()
	if err != nil {
		return err
	}
	for from := int64(0); from < b.transfers; from += slice {
		var page []Movement
		err := r.in(func(q querier) error {
			return each(q, queryMovements, func(rows *sql.Rows) error {
				var m Movement
				var debitOwner, debit, creditOwner, credit string
				err := rows.Scan(&m.ID, &m.Time, &debitOwner, &debit, &creditOwner, &credit, &m.Amount, &m.Reason, &m.Ref)
				if debitOwner == owner {
					out := m
					out.Account, out.Other, out.Amount = debit, creditOwner+" "+credit, -m.Amount
					page = append(page, out)
				}
				if creditOwner == owner {
					m.Account, m.Other = credit, debitOwner+" "+debit
					page = append(page, m)
				}
				return err
			}, from, min(from+slice, b.transfers))
		})
		if err != nil {
			return fmt.Errorf("movements of %s: %w", owner, err)
		}
		for _, m := range page {
			if err := fn(m); err != nil {
				return err
			}
		}
	}
	return nil
}

// Settlement is one row of api_settlements.
type Settlement struct {
	SettlementID, Account, Symbol string
	Claim, Cash, Deferred         perp.Money
	Time                          perp.Time
}

const queryNewSettlements = `SELECT settlement_id, account, symbol, claim, cash, deferred, time_ns FROM settlements
	WHERE ?1 = '' OR account = ?1 ORDER BY rowid DESC LIMIT ?2`

// Settlements returns the newest settlements, of one account or of all, newest
// first: at most n, and at most as many as one query may read.
func (r *Reader) Settlements(account string, n int) (all []Settlement, err error) {
	err = r.in(func(q querier) error {
		return each(q, queryNewSettlements, func(rows *sql.Rows) error {
			var s Settlement
			defer func() { all = append(all, s) }()
			return rows.Scan(&s.SettlementID, &s.Account, &s.Symbol, &s.Claim, &s.Cash, &s.Deferred, &s.Time)
		}, account, min(max(n, 0), slice))
	})
	if err != nil {
		return nil, fmt.Errorf("settlements: %w", err)
	}
	return all, nil
}

// OrderEvent is one event about an order as the journal keeps it.
type OrderEvent struct {
	Seq     int64
	Time    perp.Time
	Kind    string
	Payload []byte // JSON
}

const (
	queryOrderSpan   = "SELECT created_ns, updated_ns FROM orders WHERE order_id = ?"
	queryTimeOf      = "SELECT time_ns FROM journal WHERE seq = ?"
	queryOrderEvents = `SELECT e.seq, j.time_ns, e.kind, e.payload FROM journal AS j JOIN events AS e ON e.seq = j.seq
	WHERE j.seq BETWEEN ?2 AND ?3 AND ?1 IN (e.payload ->> '$.Order.OrderID', e.payload ->> '$.OrderID')
	ORDER BY e.seq, e.n LIMIT ?4`
)

// OrderEvents returns what happened to an order, oldest first, at most as many
// events as one query may read.
func (r *Reader) OrderEvents(orderID string) (all []OrderEvent, err error) {
	err = r.in(func(q querier) error {
		var created, updated int64
		err := q.QueryRowContext(context.Background(), queryOrderSpan, orderID).Scan(&created, &updated)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		from, err := seqSince(q, created)
		if err != nil {
			return err
		}
		to, err := seqSince(q, updated+1)
		if err != nil {
			return err
		}
		return each(q, queryOrderEvents, func(rows *sql.Rows) error {
			var e OrderEvent
			defer func() { all = append(all, e) }()
			return rows.Scan(&e.Seq, &e.Time, &e.Kind, &e.Payload)
		}, orderID, from, to-1, slice)
	})
	if err != nil {
		return nil, fmt.Errorf("events of %s: %w", orderID, err)
	}
	return all, nil
}

// seqSince is the number of the first command at a time or after it.
func seqSince(q querier, at int64) (int64, error) { return rowSince(q, "journal", queryTimeOf, at) }

// rowSince is the number of the first row of a chain at a time or after it. Time does
// not go back there, so that it is found by halves and not by reading all.
func rowSince(q querier, name, timeOf string, at int64) (int64, error) {
	end, err := readChain(q, name)
	from, to := int64(1), end.last+1
	for err == nil && from < to {
		middle, stamp := from+(to-from)/2, int64(0)
		if err = q.QueryRowContext(context.Background(), timeOf, middle).Scan(&stamp); stamp >= at {
			to = middle
		} else {
			from = middle + 1
		}
	}
	if err != nil {
		return 0, fmt.Errorf("row of %s at %d: %w", name, at, err)
	}
	return from, nil
}
