package store

import (
	"database/sql/driver"
	"errors"
	"fmt"

	"backstop/perp"

	"github.com/mattn/go-sqlite3"
)

// Commit makes a batch durable: all of it or nothing, in one synced
// transaction. The entries must go on where the journal ends.
//
// After an error the process must end and nothing of the batch may be said:
// what the disk holds is unknown until a restart reads it. Every later Commit
// returns ErrBroken.
//
// QuoteChanged, ClassQuoted, StreamQuoted, TickRefused and ProviderStated events are
// not stored.
// They come with ticks, would be most of the file, and replay makes the same ones
// again.
func (s *Store) Commit(b perp.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return fmt.Errorf("%w: %w", ErrBroken, s.broken)
	}
	if len(b.Entries) == 0 && len(b.Sessions) == 0 {
		return nil
	}
	journal, out := s.journal, s.out
	// crash point before-begin
	err := s.inTx(func() error { return s.direct(func(conn *sqlite3.SQLiteConn) error { return s.write(conn, b) }) })
	// crash point after-commit if err == nil
	if err == nil {
		err = s.bound()
	}
	if err != nil {
		s.journal, s.out = journal, out
		s.broken = err
		return fmt.Errorf("commit: %w", err)
	}
	s.idle.Reset(idleAfter)
	return nil
}

// write does a batch inside the transaction.
func (s *Store) write(conn *sqlite3.SQLiteConn, b perp.Batch) error {
	for _, e := range b.Entries {
		if err := s.entry(e); err != nil {
			return fmt.Errorf("command %d: %w", e.Seq, err)
		}
		passing("entry")
		if s.rows.waiting() >= pendingMax {
			if err := s.flush(conn); err != nil {
				return err
			}
		}
	}
	if err := s.flush(conn); err != nil {
		return err
	}
	if len(b.Entries) > 0 {
		if err := s.one(conn, setChain, s.journal.last, s.journal.h[:], "journal"); err != nil {
			return fmt.Errorf("end of the journal: %w", err)
		}
		passing("posted")
	}
	if err := s.sessions(conn, b); err != nil {
		return err
	}
	for _, a := range b.Accounts {
		s.rows.add(accountRows, a.Account, a.Events)
	}
	// crash point in-tx-sessions
	if err := s.flush(conn); err != nil {
		return err
	}
	if len(b.Sessions) > 0 {
		if err := s.one(conn, setChain, s.out.last, s.out.h[:], "fix_out"); err != nil {
			return err
		}
	}
	// crash point before-commit
	return nil
}

// entry notes one command, its events and the rows that follow from them.
func (s *Store) entry(e perp.Entry) error {
	if e.Seq != s.journal.last+1 {
		return fmt.Errorf("does not follow %d", s.journal.last)
	}
	events, err := eventsText(s.text[:0], e.Events)
	if err != nil {
		return err
	}
	if cap(events) <= textKept {
		s.text = events
	}
	if e.Payload == nil {
		e.Payload = []byte{} // nil would be stored as NULL
	}
	s.journal = chain{e.Seq, journalHash(s.journal.h, e, events)}
	h := s.journal.h
	s.rows.add(journalRows, e.Seq, int64(e.Time), e.Source, e.Kind, e.Payload, h[:], string(events))
	for _, ev := range e.Events {
		if err := s.project(e, ev); err != nil {
			return fmt.Errorf("%s: %w", ev.Kind(), err)
		}
	}
	return nil
}

// sessions notes the numbers of sessions and their new messages. Rows of former
// epochs stay.
func (s *Store) sessions(conn *sqlite3.SQLiteConn, b perp.Batch) error {
	for _, w := range b.Sessions {
		s.rows.add(sessionRows, w.Session, w.Epoch, w.InSeq, w.OutSeq, w.OutReserved, int64(w.Created), max(w.Acked, 1))
		if err := s.signatures(conn, w, b.Time); err != nil {
			return fmt.Errorf("session %s: %w", w.Session, err)
		}
		for _, m := range w.Messages {
			if m.Bytes == nil {
				m.Bytes = []byte{}
			}
			row := outRow{id: s.out.last + 1, session: w.Session, epoch: w.Epoch, at: b.Time, message: m}
			s.out = chain{row.id, outHash(s.out.h, row)}
			h := s.out.h
			s.rows.add(messageRows, row.id, w.Session, w.Epoch, m.Seq, int64(b.Time), m.Bytes, h[:])
		}
	}
	return nil
}

// signatures notes what Logons were signed with, and forgets what no longer counts.
func (s *Store) signatures(conn *sqlite3.SQLiteConn, w perp.SessionWrite, at perp.Time) error {
	if len(w.Signatures) == 0 {
		return nil
	}
	drop := &s.hot[dropSignatures]
	drop.arg(w.Session, int64(at))
	if err := drop.run(conn, nil); err != nil {
		return fmt.Errorf("old signatures: %w", err)
	}
	for _, sig := range w.Signatures {
		s.rows.add(signatureRows, w.Session, sig.Digest, int64(sig.Until))
	}
	return nil
}

// one executes a statement of the writer that must change exactly one row.
func (s *Store) one(conn *sqlite3.SQLiteConn, w write, args ...driver.Value) error {
	s.hot[w].arg(args...)
	n, err := s.hot[w].exec(conn)
	if err != nil {
		return err
	}
	if n != 1 {
		return fmt.Errorf("%d rows changed instead of one: %w", n, errRow)
	}
	return nil
}

// errRow means that an event speaks of a row that is not there.
var errRow = errors.New("row missing")
