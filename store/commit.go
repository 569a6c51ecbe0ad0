package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"backstop/perp"
)

// Commit makes a batch durable: all of it or nothing, in one synced
// transaction. After an error the state on disk is unknown, so every later
// commit is refused and the process must end.
func (s *Store) Commit(b perp.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return ErrBroken
	}
	w := &writer{s: s, hash: s.hash, seq: s.seq}
	if err := s.inTx(func(tx *sql.Tx) error { return w.batch(tx, b) }); err != nil {
		s.broken = true
		return fmt.Errorf("commit: %w", err)
	}
	s.hash, s.seq = w.hash, w.seq
	return nil
}

// writer carries one transaction; the first error stops all later statements.
type writer struct {
	s    *Store
	tx   *sql.Tx
	err  error
	hash []byte
	seq  int64
	at   perp.Time
}

func (w *writer) exec(query string, args ...any) {
	if w.err != nil {
		return
	}
	st := w.s.stmts[query]
	if st == nil {
		if st, w.err = w.s.conn.PrepareContext(context.Background(), query); w.err != nil {
			return
		}
		w.s.stmts[query] = st
	}
	if _, err := w.tx.Stmt(st).Exec(args...); err != nil {
		w.err = fmt.Errorf("%.40q: %w", query, err)
	}
}

func (w *writer) batch(tx *sql.Tx, b perp.Batch) error {
	w.tx = tx
	for _, e := range b.Entries {
		w.entry(e)
	}
	for _, s := range b.Sessions {
		w.session(s)
	}
	return w.err
}

// rowHash chains a journal row to the one before it.
func rowHash(previous []byte, e perp.Entry) []byte {
	h := sha256.New()
	h.Write(previous)
	var n [8]byte
	for _, v := range []int64{e.Seq, int64(e.Time), int64(len(e.Source)), int64(len(e.Kind)), int64(len(e.Payload))} {
		binary.BigEndian.PutUint64(n[:], uint64(v))
		h.Write(n[:])
	}
	h.Write([]byte(e.Source + e.Kind))
	h.Write(e.Payload)
	return h.Sum(nil)
}

func (w *writer) entry(e perp.Entry) {
	if w.err == nil && e.Seq != w.seq+1 {
		w.err = fmt.Errorf("journal row %d after %d", e.Seq, w.seq)
	}
	w.hash, w.seq, w.at = rowHash(w.hash, e), e.Seq, e.Time
	w.exec("INSERT INTO journal VALUES (?,?,?,?,?,?)", e.Seq, int64(e.Time), e.Source, e.Kind, e.Payload, w.hash)
	for i, ev := range e.Events {
		if _, derived := ev.(perp.QuoteChanged); derived {
			continue // Replay makes the same quotes again; they would be most of the file.
		}
		payload, err := json.Marshal(ev)
		if err != nil && w.err == nil {
			w.err = err
		}
		w.exec("INSERT INTO events VALUES (?,?,?,?)", e.Seq, i, ev.Kind(), payload)
		w.project(e, ev)
	}
}

// project keeps the tables that people query in step with the events.
func (w *writer) project(e perp.Entry, ev perp.Event) {
	switch ev := ev.(type) {
	case perp.OrderAccepted:
		w.newOrder(ev.Order)
	case perp.OrderRejected:
		if ev.Order.OrderID != "" && ev.Verdict.Reject != perp.DuplicateClOrdID && ev.Verdict.Reject != perp.PossResendMismatch {
			w.newOrder(ev.Order)
		}
	case perp.Filled:
		w.order(ev.Order)
		o := ev.Order
		w.exec("INSERT INTO fills VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", ev.ExecID, ev.TradeID, o.OrderID, o.ClOrdID, o.Account,
			o.Symbol, o.Side.String(), int64(ev.Size), int64(ev.Price), int64(ev.Fee), ev.Liquidity.String(), int64(e.Time))
	case perp.OrderCanceled:
		w.order(ev.Order)
		w.clientID(ev.Order, ev.OrigClOrdID)
	case perp.OrderReplaced:
		w.order(ev.Order)
		w.clientID(ev.Order, ev.OrigClOrdID)
	case perp.PositionChanged:
		w.exec(`INSERT INTO positions VALUES (?,?,?,?)
			ON CONFLICT DO UPDATE SET size = excluded.size, entry_notional = excluded.entry_notional`,
			ev.Account, ev.Symbol, int64(ev.Size), int64(ev.EntryNotional))
	case perp.Posted:
		t := ev.Transfer
		w.exec("INSERT INTO transfers VALUES (?,?,?,?,?,?,?,?,?)", t.ID, e.Seq, t.Debit.Owner, t.Debit.String(),
			t.Credit.Owner, t.Credit.String(), int64(t.Amount), t.Reason.String(), t.Ref)
	case perp.Settled:
		w.exec("INSERT INTO settlements VALUES (?,?,?,?,?,?,?)", ev.SettlementID, ev.Account, ev.Symbol,
			int64(ev.Claim), int64(ev.Cash), int64(ev.Deferred), int64(e.Time))
	}
}

func (w *writer) newOrder(o perp.Order) {
	w.exec("INSERT INTO orders VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", o.OrderID, o.ClOrdID, o.First, o.Session,
		o.Account, o.Symbol, o.Side.String(), o.Type.String(), o.TIF.String(), int64(o.Size), int64(o.Price),
		int64(o.Cum), int64(o.AvgPrice()), o.Status.String(), o.Reason, int64(o.Created), int64(o.Updated))
	w.exec("INSERT INTO client_ids VALUES (?,?,?)", o.Account, o.First, o.OrderID)
}

// order brings an order up to date; the row must be there.
func (w *writer) order(o perp.Order) {
	w.exec(`UPDATE orders SET cl_ord_id = ?, size = ?, price = ?, cum = ?, avg_price = ?, status = ?, reason = ?, updated_ns = ?
		WHERE order_id = ?`, o.ClOrdID, int64(o.Size), int64(o.Price), int64(o.Cum), int64(o.AvgPrice()),
		o.Status.String(), o.Reason, int64(o.Updated), o.OrderID)
}

// clientID spends the id of a cancel or replace that took effect.
func (w *writer) clientID(o perp.Order, previous string) {
	if previous != "" {
		w.exec("INSERT INTO client_ids VALUES (?,?,?)", o.Account, o.ClOrdID, o.OrderID)
	}
}

func (w *writer) session(s perp.SessionWrite) {
	w.exec(`INSERT INTO fix_sessions VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE SET epoch = excluded.epoch,
		in_seq = excluded.in_seq, out_seq = excluded.out_seq, out_reserved = excluded.out_reserved, created_ns = excluded.created_ns`,
		s.Session, s.Epoch, s.InSeq, s.OutSeq, s.OutReserved, int64(s.Created))
	for _, m := range s.Messages {
		w.exec("INSERT INTO fix_out VALUES (?,?,?,?)", s.Session, s.Epoch, m.Seq, m.Bytes)
	}
}
