package store

import (
	"database/sql"
	"fmt"

	"backstop/perp"
)

// Sessions returns the numbers of every FIX session ever seen, without messages.
func (s *Store) Sessions() (all []perp.SessionWrite, err error) {
	err = each(s.conn, "SELECT session, epoch, in_seq, out_seq, out_reserved, created_ns FROM fix_sessions ORDER BY session",
		func(r *sql.Rows) error {
			var w perp.SessionWrite
			if err := r.Scan(&w.Session, &w.Epoch, &w.InSeq, &w.OutSeq, &w.OutReserved, &w.Created); err != nil {
				return err
			}
			all = append(all, w)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	return all, nil
}

// Messages hands the stored messages of a session and epoch, from and to
// included, to fn in order. It reads in slices on a connection of its own, so
// fn may take its time and commits go on.
func (s *Store) Messages(session string, epoch, from, to int64, fn func(perp.WireMessage) error) error {
	for next := from; next <= to; {
		var page []perp.WireMessage
		err := each(s.reader.db, `SELECT seq, bytes FROM fix_out WHERE session = ? AND epoch = ? AND seq BETWEEN ? AND ?
			ORDER BY seq LIMIT ?`, func(r *sql.Rows) error {
			var m perp.WireMessage
			if err := r.Scan(&m.Seq, &m.Bytes); err != nil {
				return err
			}
			page = append(page, m)
			return nil
		}, session, epoch, next, to, slice)
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
