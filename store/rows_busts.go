package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"backstop/perp"
)

// bustRow is a trade that was taken back, as its table holds it.
type bustRow struct {
	execID, tradeID, orderID, account, symbol, side string
	size, price, fee, realised                      int64
	by, reason                                      string
	timeNS, seq                                     int64
}

func bustRowOf(ev perp.TradeBusted, e perp.Entry) bustRow {
	o := ev.Order
	return bustRow{
		ev.ExecID, ev.TradeID, o.OrderID, o.Account, o.Symbol, o.Side.String(), int64(ev.Size), int64(ev.Price), int64(ev.Fee),
		int64(ev.Realised), ev.By, ev.Why, int64(e.Time), e.Seq,
	}
}

// bust notes a trade that was taken back, and its order without it.
func (s *Store) bust(ev perp.TradeBusted, e perp.Entry) {
	s.rows.orders.changed(ev.Order, e.Seq)
	r := bustRowOf(ev, e)
	s.rows.add(bustRows, r.execID, r.tradeID, r.orderID, r.account, r.symbol, r.side, r.size, r.price, r.fee, r.realised, r.by, r.reason,
		r.timeNS, r.seq)
}

const queryBusts = `SELECT n, exec_id, trade_id, order_id, account, symbol, side, size, price, fee, realised, by, reason, time_ns, seq
	FROM busts WHERE n BETWEEN ? AND ? ORDER BY n LIMIT ?`

func scanBust(rows *sql.Rows) (n int64, x bustRow, err error) {
	err = rows.Scan(&n, &x.execID, &x.tradeID, &x.orderID, &x.account, &x.symbol, &x.side, &x.size, &x.price, &x.fee, &x.realised,
		&x.by, &x.reason, &x.timeNS, &x.seq)
	return n, x, err
}

// undo takes the fill of a bust out of the positions: the opposite was dealt at its
// price, and realised what the bust changed.
func (x bustRow) undo(from sums) {
	f := fillRow{account: x.account, symbol: x.symbol, side: perp.Sell.String(), size: x.size, price: x.price, realised: x.realised}
	if x.side == perp.Sell.String() {
		f.side = perp.Buy.String()
	}
	f.deal(from)
}

// Trade is a fill, and what became of it.
type Trade struct {
	Fill
	Bust *Bust // nil: it stands
}

// Bust is one row of api_busts beside its fill.
type Bust struct {
	ExecID     string
	Realised   perp.Money // by which what the account has realised changed
	By, Reason string
	Time       perp.Time
}

const (
	tradeColumns = `f.exec_id, f.trade_id, f.order_id, f.cl_ord_id, f.account, f.symbol, f.side, f.size, f.price, f.fee, f.liquidity, f.time_ns,
		f.quoted, b.exec_id, b.realised, b.by, b.reason, b.time_ns FROM fills AS f LEFT JOIN busts AS b ON b.trade_id = f.trade_id`
	queryTrades = "SELECT " + tradeColumns + " WHERE f.n > (SELECT max(n) FROM fills) - ? ORDER BY f.n DESC"
	queryTrade  = "SELECT " + tradeColumns + " WHERE f.trade_id = ?"
)

type scanner interface{ Scan(...any) error }

func scanTrade(row scanner) (t Trade, err error) {
	var b struct {
		execID, by, reason sql.NullString
		realised, at       sql.NullInt64
	}
	f := &t.Fill
	err = row.Scan(&f.ExecID, &f.TradeID, &f.OrderID, &f.ClOrdID, &f.Account, &f.Symbol, &f.Side, &f.Size, &f.Price, &f.Fee, &f.Liquidity,
		&f.Time, &f.Quoted, &b.execID, &b.realised, &b.by, &b.reason, &b.at)
	if b.execID.Valid {
		t.Bust = &Bust{b.execID.String, perp.Money(b.realised.Int64), b.by.String, b.reason.String, perp.Time(b.at.Int64)}
	}
	return t, err
}

// Trades returns the newest trades, newest first: at most n of them, and at most as
// many as one query may read.
func (r *Reader) Trades(n int) (all []Trade, err error) {
	err = r.in(func(q querier) error {
		return each(q, queryTrades, func(rows *sql.Rows) error {
			t, err := scanTrade(rows)
			all = append(all, t)
			return err
		}, min(max(n, 0), slice))
	})
	if err != nil {
		return nil, fmt.Errorf("trades: %w", err)
	}
	return all, nil
}

// Trade returns one trade, and whether there is one of this id.
func (r *Reader) Trade(id string) (t Trade, found bool, err error) {
	err = r.in(func(q querier) (err error) {
		t, err = scanTrade(q.QueryRowContext(context.Background(), queryTrade, id))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return Trade{}, false, nil
	}
	if err != nil {
		return Trade{}, false, fmt.Errorf("trade %s: %w", id, err)
	}
	return t, true, nil
}
