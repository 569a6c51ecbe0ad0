package oracle

import (
	"context"
	"maps"
	"math"
	"sync"
	"time"

	"backstop/perp"
)

// Feed is one source of outside prices for one or more markets.
type Feed interface {
	// Run sends ticks until the context ends (its error is returned), the
	// source ends (nil) or fails. emit must not block.
	Run(ctx context.Context, emit func(perp.OracleTick)) error
	// Status tells how each source stands; it may be called at any time.
	Status() []SourceStatus
}

// SourceStatus is how one venue of one market stands.
type SourceStatus struct {
	Symbol   string
	Source   string
	Up       bool             // its newest price counts
	Ended    bool             // the source has nothing more to say
	Lag      perp.Time        // since its newest message; 0 before the first
	Messages int64            // read so far
	Dropped  map[string]int64 // messages that did not count, by reason
}

// Clock tells the time and waits for it. The zero options use the machine's.
type Clock interface {
	Now() perp.Time
	// Wait returns nil at until or later, or the context's error at its end.
	Wait(ctx context.Context, until perp.Time) error
}

type machineClock struct{}

func (machineClock) Now() perp.Time { return perp.Time(time.Now().UnixNano()) }

func (c machineClock) Wait(ctx context.Context, until perp.Time) error {
	d := time.Duration(until - c.Now())
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func clockOr(c Clock) Clock {
	if c == nil {
		return machineClock{}
	}
	return c
}

// timeline maps the source's time to the gateway's: start + (t - t0) / speed.
type timeline struct {
	start, t0 perp.Time
	speed     float64
}

func (l timeline) wall(t perp.Time) perp.Time {
	d := float64(t-l.t0) / l.speed
	if d >= float64(math.MaxInt64-int64(l.start)) {
		return math.MaxInt64 // Later than any clock: the row never comes.
	}
	return l.start + perp.Time(d)
}

// board keeps the status of a feed's sources; Run writes, anyone reads.
type board struct {
	mu    sync.Mutex
	clock Clock
	rows  []*boardRow
	index map[sourceKey]*boardRow
}

type sourceKey struct{ symbol, source string }

type boardRow struct {
	SourceStatus
	newest perp.Time // gateway time of the newest message
}

func newBoard(c Clock) *board {
	return &board{clock: c, index: map[sourceKey]*boardRow{}}
}

// reset forgets what an earlier Run saw.
func (b *board) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows, b.index = nil, map[sourceKey]*boardRow{}
}

// change calls fn with the row of a source, new at its first mention.
func (b *board) change(symbol, source string, fn func(*boardRow)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := sourceKey{symbol, source}
	row := b.index[key]
	if row == nil {
		row = &boardRow{SourceStatus: SourceStatus{Symbol: symbol, Source: source, Dropped: map[string]int64{}}}
		b.index[key] = row
		b.rows = append(b.rows, row)
	}
	fn(row)
}

// message counts one message and what became of it; kept is empty reason.
func (b *board) message(symbol, source string, at perp.Time, reason Reason) {
	b.change(symbol, source, func(r *boardRow) {
		r.Messages++
		r.newest = at
		if reason != Kept {
			r.Dropped[string(reason)]++
		}
	})
}

// judged notes which venues counted in a result.
func (b *board) judged(symbol string, venues []Standing) {
	for _, v := range venues {
		b.change(symbol, v.Venue, func(r *boardRow) {
			r.Up = v.Reason == Kept
			if v.Reason == Far {
				r.Dropped[string(Far)]++
			}
		})
	}
}

// end marks every source as finished.
func (b *board) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.rows {
		r.Up, r.Ended = false, true
	}
}

func (b *board) status() []SourceStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	out := make([]SourceStatus, 0, len(b.rows))
	for _, r := range b.rows {
		s := r.SourceStatus
		s.Dropped = maps.Clone(s.Dropped)
		if r.newest > 0 {
			s.Lag = max(0, now-r.newest)
		}
		out = append(out, s)
	}
	return out
}
