package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"backstop/perp"
)

const (
	// slice is how many rows one query reads: a longer read would hold back the
	// checkpoint, and the write-ahead log would grow.
	slice = 200
	// queryMax bounds one read transaction for the same reason: what takes longer is
	// interrupted, and its rows are closed under whoever still looks at them.
	queryMax = time.Second
	// snapshotMax bounds the reading of a snapshot, which is one large row. A gateway
	// reads one at its start, when nothing is written yet.
	snapshotMax = time.Minute
	// readersMax is how many queries of one Reader may run at once.
	readersMax = 4
)

// Statements of readers. Those in scans read small tables whole.
const (
	queryChain    = "SELECT last, h FROM chains WHERE name = ?"
	queryJournal  = "SELECT seq, time_ns, source, kind, payload, h, CAST(events AS BLOB) FROM journal WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?"
	queryRowHash  = "SELECT h FROM journal WHERE seq = ?"
	queryOut      = "SELECT id, session, epoch, seq, time_ns, bytes, h FROM fix_out WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?"
	queryOutHash  = "SELECT h FROM fix_out WHERE id = ?"
	queryMessages = "SELECT seq, bytes FROM fix_out WHERE session = ? AND epoch = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?"
	queryOrder    = `SELECT order_id, cl_ord_id, account, symbol, side, ord_type, tif, size, price, cum, avg_price, status,
		reason, created_ns, updated_ns FROM orders WHERE order_id = ?`
	queryOrderOf      = "SELECT order_id FROM client_ids WHERE account = ? AND cl_ord_id = ?"
	querySnapshot     = "SELECT seq, time_ns, hash, sum, state FROM snapshots WHERE seq = ?"
	querySnapshotSeqs = "SELECT seq FROM snapshots ORDER BY seq DESC"
	queryBalances     = "SELECT owner, account, currency, balance FROM balances ORDER BY owner, account"
	queryPositions    = "SELECT account, symbol, size, entry_notional FROM positions ORDER BY account, symbol"
	querySignatures   = "SELECT digest, until_ns FROM logon_signatures WHERE session = ? ORDER BY digest"
	queryEventCounts  = "SELECT account, events FROM account_events"
	querySessions     = `SELECT session, epoch, in_seq, out_seq, out_reserved, created_ns, acked FROM fix_sessions AS s
		WHERE epoch = (SELECT max(epoch) FROM fix_sessions WHERE session = s.session) ORDER BY session`
)

// Reader reads a data directory. It never waits for the writer and never holds
// it up: every query is short and reads one consistent state. It is safe for
// concurrent use.
type Reader struct {
	db     *sql.DB
	recall *sql.Stmt
	names  names         // are looked for with every batch
	most   time.Duration // queryMax, but for tests
	taken  int64         // talkTakenMax, but for tests
	cut    atomic.Int64
	rest   func(took time.Duration) error // between two reads of Scrub; else nil
}

// Cut is how many reads were ended because they took too long, since the reader
// was opened.
func (r *Reader) Cut() int64 { return r.cut.Load() }

// OpenReadOnly opens the database of a data directory for reading, whether or
// not a gateway is running on it. A directory without one gives fs.ErrNotExist,
// one of another schema ErrForeign or ErrNewer.
func OpenReadOnly(dir string) (*Reader, error) { return openReader(filepath.Join(dir, DBName)) }

func openReader(path string) (*Reader, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	db, err := dial(path, "mode=ro&_query_only=1&_busy_timeout=500", readerPragmas)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(readersMax + 1) // That of names is never given back.
	db.SetMaxIdleConns(readersMax)
	all, err := steps()
	var found schema
	if err == nil {
		found, err = readSchema(db)
	}
	if err == nil {
		err = found.check(int64(len(all)))
	}
	if err == nil && found.version < int64(len(all)) {
		err = fmt.Errorf("%w: schema %d is older than %d; start the gateway once, which brings it up to date",
			ErrForeign, found.version, len(all))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), db.Close())
	}
	recall, err := db.PrepareContext(context.Background(), queryRecall)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), db.Close())
	}
	r := &Reader{db: db, recall: recall, most: queryMax, taken: talkTakenMax}
	if err := r.names.open(db); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), r.Close())
	}
	return r, nil
}

// Close ends the reader.
func (r *Reader) Close() error { return errors.Join(r.names.close(), r.recall.Close(), r.db.Close()) }

// querier is a connection, a pool of them or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// each calls f for each row of a query.
func each(q querier, query string, f func(*sql.Rows) error, args ...any) error {
	rows, err := q.QueryContext(context.Background(), query, args...)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := f(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// bounded is a read transaction whose queries end when its time is over, also in
// the middle of one that gives no row.
type bounded struct {
	tx  *sql.Tx
	ctx context.Context
}

func (b bounded) QueryContext(_ context.Context, query string, args ...any) (*sql.Rows, error) {
	return b.tx.QueryContext(b.ctx, query, args...)
}

func (b bounded) QueryRowContext(_ context.Context, query string, args ...any) *sql.Row {
	return b.tx.QueryRowContext(b.ctx, query, args...)
}

// in runs f in one read transaction, so that all its queries see one state, for
// at most queryMax.
func (r *Reader) in(f func(querier) error) error {
	if r.rest == nil {
		return r.within(r.most, f)
	}
	began := time.Now()
	if err := r.within(r.most, f); err != nil {
		return err
	}
	return r.rest(time.Since(began))
}

func (r *Reader) within(limit time.Duration, f func(querier) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	err = f(bounded{tx, ctx})
	if rollback := tx.Rollback(); !errors.Is(rollback, sql.ErrTxDone) {
		err = errors.Join(err, rollback)
	}
	if ctx.Err() != nil {
		r.cut.Add(1)
		err = errors.Join(fmt.Errorf("query took longer than %s", limit), err)
	}
	return err
}

// LastSeq is the number of the last command in the journal, 0 if it is empty.
func (r *Reader) LastSeq() (int64, error) {
	end, err := r.endOf("journal")
	return end.last, err
}

// endOf is where a chain ends now.
func (r *Reader) endOf(name string) (end chain, err error) {
	err = r.in(func(q querier) (err error) { end, err = readChain(q, name); return err })
	return end, err
}

// Balance is one account of the books, as api_balances shows it.
type Balance struct {
	Owner, Account, Currency string
	Balance                  int64 // in 1e-6 of the currency
}

// Balances returns every account of the books, sorted. They sum to zero.
func (r *Reader) Balances() (all []Balance, err error) {
	err = r.in(func(q querier) error { all, err = balances(q); return err })
	return all, err
}

func balances(q querier) (all []Balance, err error) {
	err = each(q, queryBalances, func(rows *sql.Rows) error {
		var b Balance
		defer func() { all = append(all, b) }()
		return rows.Scan(&b.Owner, &b.Account, &b.Currency, &b.Balance)
	})
	if err != nil {
		return nil, fmt.Errorf("balances: %w", err)
	}
	return all, nil
}

// Position is one row of api_positions; the maker's rows have account "maker".
type Position struct {
	Account, Symbol string
	Size            perp.Size  // signed: long is positive
	EntryNotional   perp.Money // signed cash: negative for a long
}

// Positions returns every position, sorted. In each market they sum to zero.
func (r *Reader) Positions() (all []Position, err error) {
	err = r.in(func(q querier) error { all, err = positions(q); return err })
	return all, err
}

func positions(q querier) (all []Position, err error) {
	err = each(q, queryPositions, func(rows *sql.Rows) error {
		var p Position
		defer func() { all = append(all, p) }()
		return rows.Scan(&p.Account, &p.Symbol, &p.Size, &p.EntryNotional)
	})
	if err != nil {
		return nil, fmt.Errorf("positions: %w", err)
	}
	return all, nil
}

// Order is one row of api_orders.
type Order struct {
	OrderID, ClOrdID, Account, Symbol, Side, Type, TIF string
	Size                                               perp.Size
	Price                                              perp.Price
	Cum                                                perp.Size
	AvgPrice                                           perp.Price
	Status, Reason                                     string
	Created, Updated                                   perp.Time
}

// Order returns the order with an OrderID.
func (r *Reader) Order(orderID string) (o Order, found bool, err error) {
	err = r.in(func(q querier) error { o, found, err = order(q, orderID); return err })
	return o, found, err
}

// OrderByClient returns the order that a client order id of an account belongs
// to: that of the order itself, or of a cancel or replace that took effect.
func (r *Reader) OrderByClient(account, clOrdID string) (o Order, found bool, err error) {
	err = r.in(func(q querier) error {
		var orderID string
		err := q.QueryRowContext(context.Background(), queryOrderOf, account, clOrdID).Scan(&orderID)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("order of %s %s: %w", account, clOrdID, err)
		}
		o, found, err = order(q, orderID)
		return err
	})
	return o, found, err
}

func order(q querier, orderID string) (o Order, found bool, err error) {
	err = q.QueryRowContext(context.Background(), queryOrder, orderID).Scan(&o.OrderID, &o.ClOrdID, &o.Account, &o.Symbol,
		&o.Side, &o.Type, &o.TIF, &o.Size, &o.Price, &o.Cum, &o.AvgPrice, &o.Status, &o.Reason, &o.Created, &o.Updated)
	if errors.Is(err, sql.ErrNoRows) {
		return Order{}, false, nil
	}
	if err != nil {
		return Order{}, false, fmt.Errorf("order %s: %w", orderID, err)
	}
	return o, true, nil
}

// Fill is one row of api_fills.
type Fill struct {
	ExecID, TradeID, OrderID, ClOrdID, Account, Symbol, Side string
	Size                                                     perp.Size
	Price                                                    perp.Price
	Fee                                                      perp.Money
	Liquidity                                                string
	Time                                                     perp.Time
	Quoted                                                   perp.Price // of the level dealt on; 0: none
}

// AccountEvents tells how many events of each account its sessions were told.
func (r *Reader) AccountEvents() (counts map[string]int64, err error) {
	counts = map[string]int64{}
	err = r.in(func(q querier) error {
		return each(q, queryEventCounts, func(rows *sql.Rows) error {
			var account string
			var events int64
			err := rows.Scan(&account, &events)
			counts[account] = events
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("events of accounts: %w", err)
	}
	return counts, nil
}

// Sessions returns the numbers of every FIX session ever seen, in its latest
// epoch, without messages, with the signatures that were used lately.
func (r *Reader) Sessions() (all []perp.SessionWrite, err error) {
	err = r.in(func(q querier) error {
		err := each(q, querySessions, func(rows *sql.Rows) error {
			var w perp.SessionWrite
			defer func() { all = append(all, w) }()
			return rows.Scan(&w.Session, &w.Epoch, &w.InSeq, &w.OutSeq, &w.OutReserved, &w.Created, &w.Acked)
		})
		for i := range all {
			w := &all[i]
			err = errors.Join(err, each(q, querySignatures, func(rows *sql.Rows) error {
				var sig perp.LogonSignature
				defer func() { w.Signatures = append(w.Signatures, sig) }()
				return rows.Scan(&sig.Digest, &sig.Until)
			}, w.Session))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	return all, nil
}

// Messages hands the stored messages of a session and epoch, from and to
// included, to fn in order. No query is open while fn runs, so it may take its
// time; an error of fn ends the reading and is returned as it is.
func (r *Reader) Messages(session string, epoch, from, to int64, fn func(perp.WireMessage) error) error {
	for next := from; next <= to; {
		var page []perp.WireMessage
		err := r.in(func(q querier) error {
			return each(q, queryMessages, func(rows *sql.Rows) error {
				var m perp.WireMessage
				defer func() { page = append(page, m) }()
				return rows.Scan(&m.Seq, &m.Bytes)
			}, session, epoch, next, to, slice)
		})
		if err != nil {
			return fmt.Errorf("messages of %s: %w", session, err)
		}
		for _, m := range page {
			if err := fn(m); err != nil {
				return err
			}
			next = m.Seq + 1
		}
		if len(page) < slice {
			return nil
		}
	}
	return nil
}
