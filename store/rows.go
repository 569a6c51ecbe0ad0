package store

import (
	"database/sql/driver"
	"fmt"
	"strings"

	"backstop/perp"

	"github.com/mattn/go-sqlite3"
)

// table names a table that batches add rows to, in an order in which each row
// comes after those that it refers to.
type table int

const (
	journalRows table = iota
	orderRows
	clientIDRows
	fillRows
	bustRows
	positionRows
	transferRows
	settlementRows
	fundingRows
	lossRows
	deskRows
	lookRows
	markedRows
	gradeRows
	hedgeRows
	expiredRows
	sessionRows
	messageRows
	accountRows
	signatureRows
	tables
)

// inserts are the tables with their columns, and what a row does that is there.
var inserts = [tables]struct{ into, after string }{
	journalRows: {into: "journal (seq, time_ns, source, kind, payload, h, events)"},
	orderRows: {into: "orders (order_id, cl_ord_id, first_cl_ord_id, session, account, symbol, side, ord_type, tif, size, price, " +
		"quote_id, cum, avg_price, status, reason, created_ns, updated_ns, ended)"},
	clientIDRows: {into: "client_ids (account, cl_ord_id, order_id)"},
	fillRows: {into: "fills (exec_id, trade_id, order_id, cl_ord_id, account, symbol, side, size, price, fee, liquidity, realised, " +
		"time_ns, seq, quoted)"},
	bustRows: {into: "busts (exec_id, trade_id, order_id, account, symbol, side, size, price, fee, realised, by, reason, time_ns, seq)"},
	positionRows: {"positions (account, symbol, size, entry_notional)",
		" ON CONFLICT DO UPDATE SET size = excluded.size, entry_notional = excluded.entry_notional"},
	transferRows:   {into: "transfers (id, debit_owner, debit_account, credit_owner, credit_account, amount, reason, ref, seq)"},
	settlementRows: {into: "settlements (settlement_id, account, symbol, claim, cash, deferred, time_ns, seq)"},
	fundingRows:    {into: "funding (funding_id, account, symbol, size, payment, rate, time_ns, seq)"},
	lossRows:       {into: "losses (loss_id, account, symbol, loss, insurance, maker, socialised, open, time_ns, seq)"},
	deskRows:       {into: "desk (key, command, by, verdict, text, time_ns, seq)"},
	lookRows: {into: "last_looks (order_id, cl_ord_id, session, account, symbol, side, size, tier, why, quote_id, version, arrival_ns, " +
		"decided_ns, seen_ns, source_ns, quoted, oracle_before, oracle_after, move, tolerance, outcome, price, seq)"},
	markedRows:  {into: "marked (time_ns, seq)"},
	gradeRows:   {into: "grades (time_ns, session, symbol, tier_from, surcharge_from, tier, surcharge, why, score, until_ns, seq)"},
	hedgeRows:   {into: "hedges (time_ns, kind, symbol, key, size, position, variation, seq)"},
	expiredRows: {into: "expired (symbol, time_ns, seq)"},
	sessionRows: {"fix_sessions (session, epoch, in_seq, out_seq, out_reserved, created_ns, acked)",
		" ON CONFLICT DO UPDATE SET in_seq = excluded.in_seq, out_seq = excluded.out_seq, " +
			"out_reserved = excluded.out_reserved, created_ns = excluded.created_ns, acked = excluded.acked"},
	messageRows:   {into: "fix_out (id, session, epoch, seq, time_ns, bytes, h)"},
	accountRows:   {"account_events (account, events)", " ON CONFLICT DO UPDATE SET events = excluded.events"},
	signatureRows: {into: "logon_signatures (session, digest, until_ns)"},
}

// write names another statement of the writer.
type write int

const (
	setChain write = iota
	setOrder
	findOrders
	dropSignatures
	addSnapshot
	dropSnapshots
)

// findMost is how many orders findOrders looks for.
const findMost = 32

var writes = [...]string{
	setChain: "UPDATE chains SET last = ?, h = ? WHERE name = ?",
	setOrder: `UPDATE orders SET cl_ord_id = ?, size = ?, price = ?, cum = ?, avg_price = ?, status = ?, reason = ?,
		updated_ns = ?, ended = ? WHERE order_id = ?`,
	findOrders: "WITH asked (order_id) AS (VALUES (?)" + strings.Repeat(", (?)", findMost-1) + `)
		SELECT o.order_id, o.account, o.first_cl_ord_id FROM asked CROSS JOIN orders AS o ON o.order_id = asked.order_id`,
	dropSignatures: "DELETE FROM logon_signatures WHERE session = ? AND until_ns < ?",
	addSnapshot: `INSERT INTO snapshots (seq, time_ns, hash, sum, state) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET time_ns = excluded.time_ns, hash = excluded.hash, sum = excluded.sum, state = excluded.state`,
	dropSnapshots: "DELETE FROM snapshots WHERE seq < (SELECT min(seq) FROM (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?))",
}

// batchRows is what a batch writes, by table, until flush has written it.
type batchRows struct {
	inserts   [tables]insert
	orders    orders
	positions map[[2]string]perp.PositionChanged
	marked    int64 // the last command that is in marked
}

func newRows() *batchRows {
	r := &batchRows{orders: newOrders(), positions: map[[2]string]perp.PositionChanged{}}
	for t, i := range inserts {
		r.inserts[t] = newInsert(i.into, i.after)
	}
	return r
}

func (r *batchRows) add(t table, values ...driver.Value) { r.inserts[t].add(values...) }

// waiting is how many rows have not been written.
func (r *batchRows) waiting() (n int) {
	for i := range r.inserts {
		n += r.inserts[i].rows
	}
	return n + len(r.orders.list)
}

// flush writes what waits. Of an order or a position that is the latest state.
func (s *Store) flush(conn *sqlite3.SQLiteConn) error {
	for key, ev := range s.rows.positions {
		s.rows.add(positionRows, key[0], key[1], int64(ev.Size), int64(ev.EntryNotional))
	}
	clear(s.rows.positions)
	for t := range s.rows.inserts {
		if table(t) == orderRows {
			if err := s.writeOrders(conn); err != nil {
				return err
			}
		}
		i := &s.rows.inserts[t]
		if i.rows == 0 {
			continue
		}
		name, _, _ := strings.Cut(i.into, " ")
		if err := i.write(conn); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		passing(name)
		// crash point in-tx
	}
	return nil
}

// project notes what the tables that people query must say after an event. Events
// that are not named here only stand in the journal.
func (s *Store) project(e perp.Entry, ev perp.Event) error {
	switch ev := ev.(type) {
	case perp.OrderAccepted:
		return s.rows.orders.accepted(ev.Order, e.Seq)
	case perp.OrderRejected:
		return s.rows.orders.rejected(ev.Order, e.Seq)
	case perp.OrderHeld:
		return s.rows.orders.held(ev.Order, e.Seq)
	case perp.Filled:
		s.rows.orders.changed(ev.Order, e.Seq)
		r := fillRowOf(ev, e)
		s.rows.add(fillRows, r.execID, r.tradeID, r.orderID, r.clOrdID, r.account, r.symbol, r.side, r.size, r.price, r.fee,
			r.liquidity, r.realised, r.timeNS, r.seq, r.quoted)
	case perp.TradeBusted:
		s.bust(ev, e)
	case perp.OrderCanceled:
		s.amended(ev.Order, e.Seq, ev.OrigClOrdID)
	case perp.OrderTriggered:
		s.amended(ev.Order, e.Seq, "")
	case perp.OrderReplaced:
		s.amended(ev.Order, e.Seq, ev.OrigClOrdID)
	case perp.PositionChanged:
		s.rows.positions[[2]string{ev.Account, ev.Symbol}] = ev
	case perp.Posted:
		r := transferRowOf(ev.Transfer, e.Seq)
		s.rows.add(transferRows, r.id, r.debitOwner, r.debit, r.creditOwner, r.credit, r.amount, r.reason, r.ref, r.seq)
	case perp.Settled:
		r := settlementRowOf(ev, e)
		s.rows.add(settlementRows, r.id, r.account, r.symbol, r.claim, r.cash, r.deferred, r.timeNS, r.seq)
	default:
		s.projectMoney(e, ev)
	}
	return nil
}

// amended brings an order up to date after a cancel or replace. If a client's
// request did it, that request's id is spent too.
func (s *Store) amended(o perp.Order, seq int64, previous string) {
	s.rows.orders.changed(o, seq)
	if previous != "" {
		s.rows.add(clientIDRows, o.Account, o.ClOrdID, o.OrderID)
	}
}

// fillRow, transferRow and settlementRow are rows as the tables hold them.
type fillRow struct {
	execID, tradeID, orderID, clOrdID, account, symbol, side string
	size, price, fee                                         int64
	liquidity                                                string
	realised, timeNS, seq, quoted                            int64
}

type transferRow struct {
	id                                     int64
	debitOwner, debit, creditOwner, credit string
	amount                                 int64
	reason, ref                            string
	seq                                    int64
}

type settlementRow struct {
	id, account, symbol                string
	claim, cash, deferred, timeNS, seq int64
}

func fillRowOf(ev perp.Filled, e perp.Entry) fillRow {
	o := ev.Order
	return fillRow{
		ev.ExecID, ev.TradeID, o.OrderID, o.ClOrdID, o.Account, o.Symbol, o.Side.String(),
		int64(ev.Size), int64(ev.Price), int64(ev.Fee), ev.Liquidity.String(), int64(ev.Realised), int64(e.Time), e.Seq,
		int64(ev.Quoted),
	}
}

func transferRowOf(t perp.Transfer, seq int64) transferRow {
	return transferRow{
		t.ID, t.Debit.Owner, t.Debit.String(), t.Credit.Owner, t.Credit.String(), int64(t.Amount), t.Reason.String(), t.Ref, seq,
	}
}

func settlementRowOf(ev perp.Settled, e perp.Entry) settlementRow {
	return settlementRow{
		ev.SettlementID, ev.Account, ev.Symbol, int64(ev.Claim), int64(ev.Cash), int64(ev.Deferred), int64(e.Time), e.Seq,
	}
}
