package store

import (
	"database/sql"
	"errors"
	"fmt"

	"backstop/perp"
)

// write names a statement of the writer. All are prepared once, at start.
type write int

// Statements of the writer.
const (
	addJournal write = iota
	addEvent
	setChain
	addOrder
	setOrder
	findOrder
	addClientID
	addFill
	setPosition
	addTransfer
	addSettlement
	addFunding
	addLoss
	addDesk
	addLook
	addMarkout
	addGrade
	addHedge
	setSession
	addMessage
	setAccountEvents
	addSignature
	dropSignatures
	addSnapshot
	dropSnapshots
)

var writes = [...]string{
	addJournal: "INSERT INTO journal (seq, time_ns, source, kind, payload, h) VALUES (?, ?, ?, ?, ?, ?)",
	addEvent:   "INSERT INTO events (seq, n, kind, payload) VALUES (?, ?, ?, ?)",
	setChain:   "UPDATE chains SET last = ?, h = ? WHERE name = ?",
	addOrder: `INSERT INTO orders (cl_ord_id, size, price, cum, avg_price, status, reason, updated_ns, order_id,
		first_cl_ord_id, session, account, symbol, side, ord_type, tif, quote_id, created_ns, ended)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
	setOrder: `UPDATE orders SET cl_ord_id = ?, size = ?, price = ?, cum = ?, avg_price = ?, status = ?, reason = ?,
		updated_ns = ?, ended = ? WHERE order_id = ?`,
	findOrder:   "SELECT account, first_cl_ord_id FROM orders WHERE order_id = ?",
	addClientID: "INSERT INTO client_ids (account, cl_ord_id, order_id) VALUES (?, ?, ?)",
	addFill: `INSERT INTO fills (exec_id, trade_id, order_id, cl_ord_id, account, symbol, side, size, price, fee,
		liquidity, realised, time_ns, seq, quoted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
	setPosition: `INSERT INTO positions (account, symbol, size, entry_notional) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET size = excluded.size, entry_notional = excluded.entry_notional`,
	addTransfer: `INSERT INTO transfers (id, debit_owner, debit_account, credit_owner, credit_account, amount, reason, ref, seq)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
	addSettlement: `INSERT INTO settlements (settlement_id, account, symbol, claim, cash, deferred, time_ns, seq)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
	addFunding: `INSERT INTO funding (funding_id, account, symbol, size, payment, rate, time_ns, seq)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
	addLoss: `INSERT INTO losses (loss_id, account, symbol, loss, insurance, maker, socialised, open, time_ns, seq)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
	addDesk: "INSERT INTO desk (key, command, by, verdict, text, time_ns, seq) VALUES (?, ?, ?, ?, ?, ?, ?)",
	addLook: `INSERT INTO last_looks (order_id, cl_ord_id, session, account, symbol, side, size, tier, why, quote_id, version,
		arrival_ns, decided_ns, seen_ns, source_ns, quoted, oracle_before, oracle_after, move, tolerance, outcome, price, seq)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
	addMarkout: `INSERT INTO markouts (order_id, exec_id, session, account, symbol, side, size, horizon_ns, oracle_before,
		oracle_after, move, time_ns, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
	addGrade: `INSERT INTO grades (time_ns, session, symbol, tier_from, surcharge_from, tier, surcharge, why, score, until_ns, seq)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
	addHedge: "INSERT INTO hedges (time_ns, kind, symbol, key, size, position, variation, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	setSession: `INSERT INTO fix_sessions (session, epoch, in_seq, out_seq, out_reserved, created_ns, acked) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET in_seq = excluded.in_seq, out_seq = excluded.out_seq,
		out_reserved = excluded.out_reserved, created_ns = excluded.created_ns, acked = excluded.acked`,
	addMessage:     "INSERT INTO fix_out (id, session, epoch, seq, time_ns, bytes, h) VALUES (?, ?, ?, ?, ?, ?, ?)",
	addSignature:   "INSERT INTO logon_signatures (session, digest, until_ns) VALUES (?, ?, ?)",
	dropSignatures: "DELETE FROM logon_signatures WHERE session = ? AND until_ns < ?",
	setAccountEvents: `INSERT INTO account_events (account, events) VALUES (?, ?)
		ON CONFLICT DO UPDATE SET events = excluded.events`,
	addSnapshot: `INSERT INTO snapshots (seq, time_ns, hash, sum, state) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET time_ns = excluded.time_ns, hash = excluded.hash, sum = excluded.sum, state = excluded.state`,
	dropSnapshots: "DELETE FROM snapshots WHERE seq < (SELECT min(seq) FROM (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?))",
}

// project keeps the tables that people query in step with the events. Events
// that are not named here only stand in the events table.
func (s *Store) project(e perp.Entry, ev perp.Event) error {
	switch ev := ev.(type) {
	case perp.OrderAccepted:
		return s.accepted(ev.Order, e.Seq)
	case perp.OrderRejected:
		return s.rejected(ev.Order, e.Seq)
	case perp.Filled:
		return s.filled(e, ev)
	case perp.OrderCanceled:
		return s.amended(ev.Order, e.Seq, ev.OrigClOrdID)
	case perp.OrderTriggered:
		return s.amended(ev.Order, e.Seq, "")
	case perp.OrderReplaced:
		return s.amended(ev.Order, e.Seq, ev.OrigClOrdID)
	case perp.PositionChanged:
		return s.one(setPosition, ev.Account, ev.Symbol, int64(ev.Size), int64(ev.EntryNotional))
	case perp.Posted:
		r := transferRowOf(ev.Transfer, e.Seq)
		return s.one(addTransfer, r.id, r.debitOwner, r.debit, r.creditOwner, r.credit, r.amount, r.reason, r.ref, r.seq)
	case perp.Settled:
		r := settlementRowOf(ev, e)
		return s.one(addSettlement, r.id, r.account, r.symbol, r.claim, r.cash, r.deferred, r.timeNS, r.seq)
	}
	return s.projectMoney(e, ev)
}

// accepted enters a new order, or brings one up to date that was held.
func (s *Store) accepted(o perp.Order, seq int64) error {
	known, err := s.knows(o)
	switch {
	case err != nil:
		return err
	case known:
		return s.setOrder(o, seq)
	}
	return s.newOrder(o, seq)
}

// knows tells whether an order is there already. One of another account or
// client id with its number is an error.
func (s *Store) knows(o perp.Order) (bool, error) {
	var account, first string
	err := s.stmts[findOrder].QueryRow(o.OrderID).Scan(&account, &first)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	case account != o.Account || first != o.First:
		return true, fmt.Errorf("order %s belongs to %s %s: %w", o.OrderID, account, first, errRow)
	}
	return true, nil
}

// newOrder enters an order and spends its client id.
func (s *Store) newOrder(o perp.Order, seq int64) error {
	err := s.one(addOrder, o.ClOrdID, int64(o.Size), int64(o.Price), int64(o.Cum), int64(o.AvgPrice()), o.Status.String(),
		o.Reason, int64(o.Updated), o.OrderID, o.First, o.Session, o.Account, o.Symbol, o.Side.String(), o.Type.String(),
		o.TIF.String(), o.QuoteID, int64(o.Created), endedAt(o, seq))
	if err != nil {
		return err
	}
	if o.First == "" { // The gateway's own orders, which liquidate, have no client id.
		return nil
	}
	return s.one(addClientID, o.Account, o.First, o.OrderID)
}

// rejected enters a refused order, if it got an id. A refused repetition of a
// known client id carries the known order, which is there already and stays as
// it is.
func (s *Store) rejected(o perp.Order, seq int64) error {
	if o.OrderID == "" {
		return nil
	}
	known, err := s.knows(o)
	switch {
	case err != nil:
		return err
	case !known:
		return s.newOrder(o, seq)
	case o.Status == perp.Rejected: // It was held, or is refused again with the same words.
		return s.setOrder(o, seq)
	}
	return nil
}

// setOrder brings an order up to date; it must be there.
func (s *Store) setOrder(o perp.Order, seq int64) error {
	return s.one(setOrder, o.ClOrdID, int64(o.Size), int64(o.Price), int64(o.Cum), int64(o.AvgPrice()),
		o.Status.String(), o.Reason, int64(o.Updated), endedAt(o, seq), o.OrderID)
}

// endedAt is the number of the command that ended an order, 0 while it works.
func endedAt(o perp.Order, seq int64) int64 {
	if o.Status.Ended() {
		return seq
	}
	return 0
}

func (s *Store) filled(e perp.Entry, ev perp.Filled) error {
	if err := s.setOrder(ev.Order, e.Seq); err != nil {
		return err
	}
	r := fillRowOf(ev, e)
	return s.one(addFill, r.execID, r.tradeID, r.orderID, r.clOrdID, r.account, r.symbol, r.side, r.size, r.price, r.fee,
		r.liquidity, r.realised, r.timeNS, r.seq, r.quoted)
}

// amended brings an order up to date after a cancel or replace. If a client's
// request did it, that request's id is spent too.
func (s *Store) amended(o perp.Order, seq int64, previous string) error {
	if err := s.setOrder(o, seq); err != nil || previous == "" {
		return err
	}
	return s.one(addClientID, o.Account, o.ClOrdID, o.OrderID)
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
