package store

import (
	"database/sql"
	"fmt"
)

// Difference is one thing that the books say twice and not alike.
type Difference struct {
	What string
	Have int64 // what the table says
	Want int64 // what the rows behind it add up to
}

// Balance is one row of api_balances.
type Balance struct {
	Owner, Account, Currency string
	Balance                  int64
}

// Balances returns every account of the books.
func (r *Reader) Balances() (all []Balance, err error) {
	err = each(r.db, "SELECT owner, account, currency, balance FROM api_balances ORDER BY owner, account", func(rows *sql.Rows) error {
		var b Balance
		if err := rows.Scan(&b.Owner, &b.Account, &b.Currency, &b.Balance); err != nil {
			return err
		}
		all = append(all, b)
		return nil
	})
	return all, err
}

// differences are queries that return rows only where the books do not agree
// with themselves: what, have, want.
var differences = []string{
	`WITH sums AS (SELECT owner, account, SUM(amount) AS total FROM (
	   SELECT debit_owner AS owner, debit_account AS account, -amount AS amount FROM transfers
	   UNION ALL SELECT credit_owner, credit_account, amount FROM transfers) GROUP BY owner, account)
	 SELECT 'balance of ' || owner || ' ' || account, COALESCE(b.balance, 0), COALESCE(s.total, 0)
	 FROM balances b FULL JOIN sums s USING (owner, account) WHERE COALESCE(b.balance, 0) <> COALESCE(s.total, 0)`,
	`SELECT 'sum of all balances', SUM(balance), 0 FROM balances HAVING SUM(balance) <> 0`,
	`WITH sums AS (SELECT account, symbol, SUM(CASE side WHEN 'buy' THEN size ELSE -size END) AS total FROM fills GROUP BY account, symbol)
	 SELECT 'position of ' || account || ' in ' || symbol, COALESCE(p.size, 0), COALESCE(s.total, 0)
	 FROM (SELECT * FROM positions WHERE account <> 'maker') p FULL JOIN sums s USING (account, symbol)
	 WHERE COALESCE(p.size, 0) <> COALESCE(s.total, 0)`,
	`SELECT 'sum of positions in ' || symbol, SUM(size), 0 FROM positions GROUP BY symbol HAVING SUM(size) <> 0`,
	`SELECT 'sum of entries in ' || symbol, SUM(entry_notional), 0 FROM positions GROUP BY symbol HAVING SUM(entry_notional) <> 0`,
	`WITH sums AS (SELECT order_id, SUM(size) AS total FROM fills GROUP BY order_id)
	 SELECT 'filled size of ' || o.order_id, o.cum, COALESCE(s.total, 0) FROM orders o LEFT JOIN sums s USING (order_id)
	 WHERE o.cum <> COALESCE(s.total, 0)`,
}

// Differences re-adds every balance from transfers, every position and every
// order from fills, and returns what does not agree; none is what it should be.
func (r *Reader) Differences() (all []Difference, err error) {
	for _, q := range differences {
		err := each(r.db, q, func(rows *sql.Rows) error {
			var d Difference
			if err := rows.Scan(&d.What, &d.Have, &d.Want); err != nil {
				return err
			}
			all = append(all, d)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("verify: %w", err)
		}
	}
	return all, nil
}
