package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"math/big"
	"strings"

	"backstop/perp"
)

// Statements that re-add the books. Each reads one slice by its key.
const (
	queryBounds = `SELECT (SELECT coalesce(max(id), 0) FROM transfers), (SELECT coalesce(max(n), 0) FROM fills),
		(SELECT coalesce(max(rowid), 0) FROM settlements), (SELECT coalesce(max(n), 0) FROM funding),
		(SELECT coalesce(max(n), 0) FROM losses), (SELECT coalesce(max(n), 0) FROM desk), (SELECT coalesce(max(n), 0) FROM last_looks),
		(SELECT coalesce(max(n), 0) FROM marked), (SELECT coalesce(max(n), 0) FROM grades), (SELECT coalesce(max(n), 0) FROM hedges),
		(SELECT coalesce(max(n), 0) FROM expired), (SELECT coalesce(max(n), 0) FROM busts)`
	queryPosted    = "SELECT last, (SELECT coalesce(max(id), 0) FROM transfers) FROM posted WHERE one = 1"
	queryTransfers = `SELECT id, debit_owner, debit_account, credit_owner, credit_account, amount, reason, ref, seq
		FROM transfers WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?`
	queryFillRows = `SELECT n, exec_id, trade_id, order_id, cl_ord_id, account, symbol, side, size, price, fee, liquidity,
		realised, time_ns, seq, quoted FROM fills WHERE n BETWEEN ? AND ? ORDER BY n LIMIT ?`
	querySettlements = `SELECT rowid, settlement_id, account, symbol, claim, cash, deferred, time_ns, seq
		FROM settlements WHERE rowid BETWEEN ? AND ? ORDER BY rowid LIMIT ?`
	queryOrders = `SELECT order_id, account, first_cl_ord_id, cl_ord_id, cum, avg_price,
		(SELECT order_id FROM client_ids WHERE account = o.account AND cl_ord_id = o.first_cl_ord_id),
		(SELECT order_id FROM client_ids WHERE account = o.account AND cl_ord_id = o.cl_ord_id)
		FROM orders AS o WHERE order_id > ? ORDER BY order_id LIMIT ?`
	queryOrderFills = `SELECT size, price FROM fills AS f WHERE order_id = ? AND NOT EXISTS (SELECT 1 FROM busts AS b WHERE b.trade_id = f.trade_id)`
	queryClientIDs  = `SELECT c.account, c.cl_ord_id, c.order_id, o.account FROM client_ids AS c LEFT JOIN orders AS o
		ON o.order_id = c.order_id WHERE (c.account, c.cl_ord_id) > (?, ?) ORDER BY c.account, c.cl_ord_id LIMIT ?`
)

// currency is that of every account.
const currency = "USDC"

// total is an exact sum that cannot overflow, whatever damaged rows say.
type total struct{ v big.Int }

func (t *total) add(v int64)    { t.v.Add(&t.v, big.NewInt(v)) }
func (t *total) String() string { return t.v.String() }

// sums are totals by name; an absent one is zero.
type sums map[string]*total

func (s sums) add(name string, v int64) {
	if s[name] == nil {
		s[name] = &total{}
	}
	s[name].add(v)
}

// forget sets every position and entry in a market to zero.
func (s sums) forget(symbol string) {
	for name := range s {
		if strings.HasSuffix(name, " in "+symbol) {
			s[name] = &total{}
		}
	}
}

// compare adds a difference for every name under which two sums differ.
func (s sums) compare(p *report, want sums) {
	for name, have := range s {
		other := want[name]
		if other == nil {
			other = &total{}
		}
		same(p, name, have.String(), other.String())
	}
	for name, other := range want {
		if s[name] == nil {
			same(p, name, "0", other.String())
		}
	}
}

// books is what one read transaction says about the books: the sums as they
// stand and how far the rows behind them go.
type books struct {
	journal                       chain
	transfers, fills, settlements int64
	funding, losses, desk, looks  int64
	marked, grades, hedges, ended int64
	busts                         int64
	balances, positions, zero     sums
}

func (r *Reader) readBooks() (b books, err error) {
	b.balances, b.positions, b.zero = sums{}, sums{}, sums{}
	err = r.in(func(q querier) (err error) {
		if b.journal, err = readChain(q, "journal"); err != nil {
			return err
		}
		err = q.QueryRowContext(context.Background(), queryBounds).Scan(&b.transfers, &b.fills, &b.settlements, &b.funding,
			&b.losses, &b.desk, &b.looks, &b.marked, &b.grades, &b.hedges, &b.ended, &b.busts)
		if err != nil {
			return err
		}
		var posted int64
		if err := q.QueryRowContext(context.Background(), queryPosted).Scan(&posted, new(int64)); err != nil {
			return err
		}
		b.zero.add("transfers that are not in the balances", b.transfers-posted)
		held, err := balances(q)
		if err != nil {
			return err
		}
		for _, x := range held {
			name := "balance of " + x.Owner + " " + x.Account
			if x.Currency != currency { // Transfers name none: another one was never written.
				name += " in " + x.Currency
			}
			b.balances.add(name, x.Balance)
			b.zero.add("sum of all balances", x.Balance)
		}
		open, err := positions(q)
		for _, x := range open {
			b.positions.add("position of "+x.Account+" in "+x.Symbol, int64(x.Size))
			b.positions.add("entry of "+x.Account+" in "+x.Symbol, int64(x.EntryNotional))
			b.zero.add("sum of positions in "+x.Symbol, int64(x.Size))
			b.zero.add("sum of entries in "+x.Symbol, int64(x.EntryNotional))
		}
		return err
	})
	return b, err
}

// Differences checks everything that the database says twice: both hash chains,
// the rows of transfers, fills and settlements against the events, balances
// re-added from transfers, positions and orders from fills, client ids, and
// that balances and positions sum to zero. No difference is what it should be.
// It reads in short slices and may run beside a gateway.
func (r *Reader) Differences() (all []Difference, err error) {
	for _, check := range []func() ([]Difference, error){r.VerifyChain, r.VerifyRows, r.VerifyBooks, r.VerifyOrders} {
		found, err := check()
		if err != nil {
			return all, fmt.Errorf("verify: %w", err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// VerifyBooks re-adds every balance from the transfers and every position, with
// its entry cash, from the fills and busts, and checks that both sum to zero.
func (r *Reader) VerifyBooks() ([]Difference, error) {
	found, _, err := NewAuditor(r).check(math.MaxInt64)
	return found, err
}

// deal adds a fill to the positions of its account and, the other way, of the
// maker. What was realised is not in the position any more, so the entry cash
// of the rest is all cash minus it (vAMM reference §9.1). Cash is rounded
// against the client, as in the ledger.
func (f fillRow) deal(into sums) {
	size, cash := f.size, new(big.Int).Mul(big.NewInt(f.price), big.NewInt(f.size))
	if f.side == perp.Buy.String() {
		cash.Neg(cash)
	} else {
		size = -size
	}
	// Div is the floor for a positive divisor: it pays less or takes more.
	cash.Div(cash, big.NewInt(int64(perp.SizeOne)))
	cash.Sub(cash, big.NewInt(f.realised))
	for account, sign := range map[string]int64{f.account: 1, perp.Maker: -1} {
		position, entry := "position of "+account+" in "+f.symbol, "entry of "+account+" in "+f.symbol
		into.add(position, sign*size)
		into.add(entry, 0)
		into[entry].v.Add(&into[entry].v, new(big.Int).Mul(cash, big.NewInt(sign)))
	}
}

// inSlices reads a table in slices of its numbers from one to another, and checks
// that no number is missing. It reports whether all could be read.
func inSlices(p *report, r *Reader, table, query string, from, last int64, row func(*sql.Rows) (int64, error)) bool {
	for next := from; next <= last; {
		before := next
		err := r.in(func(q querier) error {
			return read(q, query, func(rows *sql.Rows) error {
				n, err := row(rows)
				if err == nil && n != next {
					err = fmt.Errorf("number %d where %d must be", n, next)
				}
				next++
				return err
			}, next, last, slice)
		})
		if err == nil && next == before {
			err = fmt.Errorf("number %d is missing: %w", next, ErrDamaged)
		}
		if !p.fail(table, err) {
			return false
		}
	}
	return true
}

func (t *transferRow) scan(rows *sql.Rows) error {
	return rows.Scan(&t.id, &t.debitOwner, &t.debit, &t.creditOwner, &t.credit, &t.amount, &t.reason, &t.ref, &t.seq)
}

func scanFill(rows *sql.Rows) (n int64, f fillRow, err error) {
	err = rows.Scan(&n, &f.execID, &f.tradeID, &f.orderID, &f.clOrdID, &f.account, &f.symbol, &f.side, &f.size, &f.price,
		&f.fee, &f.liquidity, &f.realised, &f.timeNS, &f.seq, &f.quoted)
	return n, f, err
}
