package fix

import (
	"strconv"
	"sync"
	"time"

	"backstop/perp"
)

// Bounds of what refused connections write into the journal: who is turned away
// must not be able to fill the disk, nor to make the gateway commit.
const (
	refusalRowsMax = 12          // rows for one span, besides one for all others
	refusalSpan    = time.Minute // what is alike within it is one row
)

// Who speaks in those rows, and where they come from.
const (
	guardName   = "guard"
	sourceGuard = "guard"
)

// lockedNow is why a refusal stands apart from the wrong logon that it was.
const lockedNow = "lockout begins"

// otherRefusals stands for all that found no row of their own.
const otherRefusals = "various"

type refusalKey struct{ addr, compID, reason string }

// refusals adds up refused connections until the loop takes them into the
// journal, a span at a time.
type refusals struct {
	span  time.Duration
	mu    sync.Mutex
	since time.Time // of the first one in rows
	keys  []refusalKey
	rows  map[refusalKey]*perp.LogonsRefused
	made  int64 // rows so far, for their keys
}

func newRefusals(span time.Duration) *refusals {
	return &refusals{span: span, rows: map[refusalKey]*perp.LogonsRefused{}}
}

// note counts one refusal, and tells whether it is the first of its row: the log
// says it once in a span, for a log is a disk too.
func (r *refusals) note(k refusalKey, now time.Time) (first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rows) == 0 {
		r.since = now
	}
	row := r.rows[k]
	if row == nil && len(r.rows) >= refusalRowsMax {
		k = refusalKey{reason: otherRefusals}
		row = r.rows[k]
	}
	at := perp.Time(now.UnixNano())
	if row == nil {
		row = &perp.LogonsRefused{Session: k.compID, Addr: k.addr, First: at}
		row.By, row.Reason = guardName, k.reason
		r.rows[k] = row
		r.keys = append(r.keys, k)
		first = true
	}
	row.Count++
	row.Last = at
	return first
}

// due returns the rows of a span that is over, or all there are.
func (r *refusals) due(now time.Time, all bool) (rows []perp.LogonsRefused) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.keys) == 0 || !all && now.Sub(r.since) < r.span && !now.Before(r.since) {
		return nil
	}
	for _, k := range r.keys {
		row := *r.rows[k]
		r.made++
		row.Key = guardName + "/" + strconv.FormatInt(int64(row.First), 10) + "/" + strconv.FormatInt(r.made, 10)
		rows = append(rows, row)
	}
	r.keys = nil
	clear(r.rows)
	return rows
}

// putBack keeps a row that found the inbox full, if there is room: it is counted
// with the next ones.
func (r *refusals) putBack(row perp.LogonsRefused) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := refusalKey{row.Addr, row.Session, row.Reason}
	old := r.rows[k]
	if old == nil && len(r.rows) >= refusalRowsMax {
		k = refusalKey{reason: otherRefusals}
		old = r.rows[k]
		row.Addr, row.Session, row.Reason = "", "", otherRefusals
	}
	if old == nil {
		if len(r.rows) == 0 {
			r.since = time.Unix(0, int64(row.First))
		}
		r.rows[k] = &row
		r.keys = append(r.keys, k)
		return
	}
	old.Count += row.Count
	old.First, old.Last = min(old.First, row.First), max(old.Last, row.Last)
}

// tellRefusals leaves what is due in the inbox. Only the loop comes here, and
// Stop before it.
func (d *Door) tellRefusals(now time.Time, all bool) {
	for _, row := range d.gate.refused.due(now, all) {
		if !d.inbox(perp.Input{Command: row, Source: sourceGuard}) {
			d.gate.refused.putBack(row)
		}
	}
}
