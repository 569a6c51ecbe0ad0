package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"

	"backstop/perp"

	"github.com/mattn/go-sqlite3"
)

// names tells whether client order ids were ever given to an order. Nearly every
// order has one that was not, and waits for this answer, so it is found on a connection
// that is kept for it, by key, before anything else is looked for.
type names struct {
	mu   sync.Mutex
	conn *sql.Conn
	hot  [len(rowsAtOnce)]hot
}

// namesQuery looks for n names at once. The order of the join is the one in which
// SQLite makes no table of the names.
func namesQuery(n int) string {
	return "WITH asked (account, cl_ord_id) AS (VALUES (?, ?)" + strings.Repeat(", (?, ?)", n-1) + `)
		SELECT 1 FROM asked CROSS JOIN client_ids AS c ON c.account = asked.account AND c.cl_ord_id = asked.cl_ord_id LIMIT 1`
}

func (x *names) open(db *sql.DB) (err error) {
	for i, n := range rowsAtOnce {
		x.hot[i].text = namesQuery(n)
	}
	x.conn, err = db.Conn(context.Background())
	return err
}

func (x *names) close() error {
	if x.conn == nil {
		return nil
	}
	var errs []error
	for i := range x.hot {
		errs = append(errs, x.hot[i].close())
	}
	return errors.Join(append(errs, x.conn.Close())...)
}

// stored tells whether one of the orders may be. Who names an order by its own
// id knows of it, so of that it is assumed.
func (x *names) stored(refs []perp.OrderRef) (found bool, err error) {
	for _, ref := range refs {
		if ref.OrderID != "" {
			return true, nil
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	err = onDriver(x.conn, func(conn *sqlite3.SQLiteConn) error {
		for i, n := range rowsAtOnce {
			for ; len(refs) >= n && !found; refs = refs[n:] {
				for _, ref := range refs[:n] {
					x.hot[i].arg(ref.Account, ref.ClOrdID)
				}
				if err := x.hot[i].run(conn, func([]driver.Value) error { found = true; return nil }); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("client order ids: %w", err)
	}
	return found, nil
}
