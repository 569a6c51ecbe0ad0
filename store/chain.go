package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"

	"backstop/perp"
)

// chain is where one of the two hash chains ends: each row's hash covers the
// hash of the row before it, so that no row can change, move, come or go
// unseen. It detects damage, not a forger: whoever can write the file can make
// all hashes anew.
type chain struct {
	last int64 // number of the last row, 0 for none
	h    [sha256.Size]byte
}

// rowHash gathers what the hash of a row covers. Every part is written with its
// length, so that no two rows have the same bytes.
type rowHash struct{ bytes []byte }

// hashes are row hashes that can be used again: there are three for an order.
// hashKept is the size above which one is not kept; one holds a text of events.
var hashes = sync.Pool{New: func() any { return new(rowHash) }}

const hashKept = 2 * textKept

func newRowHash(previous [sha256.Size]byte) *rowHash {
	r := hashes.Get().(*rowHash)
	r.bytes = append(r.bytes[:0], previous[:]...)
	return r
}

func (r *rowHash) number(v int64) *rowHash {
	r.bytes = binary.BigEndian.AppendUint64(r.bytes, uint64(v))
	return r
}

func (r *rowHash) text(b []byte) *rowHash {
	r.number(int64(len(b)))
	r.bytes = append(r.bytes, b...)
	return r
}

func (r *rowHash) word(s string) *rowHash {
	r.number(int64(len(s)))
	r.bytes = append(r.bytes, s...)
	return r
}

// value ends the hash; r must not be used after it.
func (r *rowHash) value() [sha256.Size]byte {
	h := sha256.Sum256(r.bytes)
	if cap(r.bytes) <= hashKept {
		hashes.Put(r)
	}
	return h
}

// journalHash is the hash of a journal row with the events in it.
func journalHash(previous [sha256.Size]byte, e perp.Entry, events []byte) [sha256.Size]byte {
	return newRowHash(previous).number(e.Seq).number(int64(e.Time)).
		word(e.Source).word(e.Kind).text(e.Payload).text(events).value()
}

// outRow is one outbound message as it is stored.
type outRow struct {
	id      int64
	session string
	epoch   int64
	at      perp.Time
	message perp.WireMessage
	h       []byte
}

// outHash is the hash of an outbound message.
func outHash(previous [sha256.Size]byte, o outRow) [sha256.Size]byte {
	return newRowHash(previous).number(o.id).word(o.session).number(o.epoch).
		number(o.message.Seq).number(int64(o.at)).text(o.message.Bytes).value()
}

// readChain says where a chain ends.
func readChain(q querier, name string) (c chain, err error) {
	var h []byte
	if err := q.QueryRowContext(context.Background(), queryChain, name).Scan(&c.last, &h); err != nil {
		return c, fmt.Errorf("chain %s: %w", name, err)
	}
	if copy(c.h[:], h) != sha256.Size {
		return c, fmt.Errorf("chain %s: %w", name, ErrDamaged)
	}
	return c, nil
}

// tailRows is how much of the end of each chain is recomputed at every start;
// VerifyChain does all of it.
const tailRows = 200

// checkTail reads where the chains end and recomputes their last rows: what a
// crash or a torn write could have reached.
func (s *Store) checkTail() (err error) {
	if s.journal, err = readChain(s.conn, "journal"); err != nil {
		return err
	}
	if s.out, err = readChain(s.conn, "fix_out"); err != nil {
		return err
	}
	damage := walkJournal(direct{s.conn}, max(s.journal.last-tailRows+1, 1), s.journal, false, nil)
	if len(damage.found) == 0 && damage.err == nil {
		damage = walkOut(direct{s.conn}, max(s.out.last-tailRows+1, 1), s.out)
	}
	if damage.err != nil {
		return damage.err
	}
	if len(damage.found) > 0 {
		return fmt.Errorf("database is %w: %s", ErrDamaged, damage.found[0])
	}
	return nil
}
