package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"backstop/perp"
)

// Commit makes a batch durable: all of it or nothing, in one synced
// transaction. The entries must go on where the journal ends.
//
// After an error the process must end and nothing of the batch may be said:
// what the disk holds is unknown until a restart reads it. Every later Commit
// returns ErrBroken.
//
// QuoteChanged, ClassQuoted and StreamQuoted events are not stored. They come with every tick,
// would be most of the file, and replay makes the same ones again.
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
	err := s.inTx(func() error { return s.write(b) })
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
func (s *Store) write(b perp.Batch) error {
	for _, e := range b.Entries {
		if err := s.entry(e); err != nil {
			return fmt.Errorf("command %d: %w", e.Seq, err)
		}
		passing("entry")
		// crash point in-tx
	}
	if len(b.Entries) > 0 {
		if err := s.one(setChain, s.journal.last, s.journal.h[:], "journal"); err != nil {
			return err
		}
	}
	for _, w := range b.Sessions {
		if err := s.session(w, b.Time); err != nil {
			return fmt.Errorf("session %s: %w", w.Session, err)
		}
		passing("session")
		// crash point in-tx-sessions
	}
	if len(b.Sessions) > 0 {
		if err := s.one(setChain, s.out.last, s.out.h[:], "fix_out"); err != nil {
			return err
		}
	}
	// crash point before-commit
	return nil
}

// entry writes one command, its events and the rows that follow from them.
func (s *Store) entry(e perp.Entry) error {
	if e.Seq != s.journal.last+1 {
		return fmt.Errorf("does not follow %d", s.journal.last)
	}
	events, err := eventRows(e.Events)
	if err != nil {
		return err
	}
	if e.Payload == nil {
		e.Payload = []byte{} // nil would be stored as NULL
	}
	s.journal = chain{e.Seq, journalHash(s.journal.h, e, events)}
	if err := s.one(addJournal, e.Seq, int64(e.Time), e.Source, e.Kind, e.Payload, s.journal.h[:]); err != nil {
		return err
	}
	for _, ev := range events {
		if err := s.one(addEvent, e.Seq, ev.n, ev.kind, string(ev.payload)); err != nil {
			return err
		}
	}
	passing("journal")
	for _, ev := range e.Events {
		if err := s.project(e, ev); err != nil {
			return fmt.Errorf("%s: %w", ev.Kind(), err)
		}
		passing(ev.Kind())
	}
	return nil
}

// eventRows turns events into what is stored of them.
func eventRows(events []perp.Event) (rows []eventRow, err error) {
	for i, ev := range events {
		switch ev.(type) {
		case perp.QuoteChanged, perp.ClassQuoted, perp.StreamQuoted, perp.TickRefused: // they come with ticks, and follow from them
			continue
		}
		payload, err := json.Marshal(ev)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ev.Kind(), err)
		}
		rows = append(rows, eventRow{int64(i), ev.Kind(), payload})
	}
	return rows, nil
}

// session writes the numbers of a session and its new messages. Rows of former
// epochs stay.
func (s *Store) session(w perp.SessionWrite, at perp.Time) error {
	if err := s.one(setSession, w.Session, w.Epoch, w.InSeq, w.OutSeq, w.OutReserved, int64(w.Created), max(w.Acked, 1)); err != nil {
		return err
	}
	for _, m := range w.Messages {
		if m.Bytes == nil {
			m.Bytes = []byte{}
		}
		row := outRow{id: s.out.last + 1, session: w.Session, epoch: w.Epoch, at: at, message: m}
		s.out = chain{row.id, outHash(s.out.h, row)}
		if err := s.one(addMessage, row.id, w.Session, w.Epoch, m.Seq, int64(at), m.Bytes, s.out.h[:]); err != nil {
			return fmt.Errorf("message %d: %w", m.Seq, err)
		}
		passing("message")
	}
	return nil
}

// one executes a prepared statement that must change exactly one row.
func (s *Store) one(w write, args ...any) error {
	result, err := s.stmts[w].Exec(args...)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
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
