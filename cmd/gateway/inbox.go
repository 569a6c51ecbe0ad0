package main

import (
	"sync"

	"backstop/perp"
)

// inboxMax bounds the requests that wait for the sequencer. A full inbox makes
// the door answer 35=j 380=4: the client may try again, nothing was lost.
const inboxMax = 8192

// inbox is where the doors leave commands. Requests wait in order of arrival;
// of oracle ticks only the newest of each market waits, because an older price
// is of no use to anyone.
type inbox struct {
	mu       sync.Mutex
	requests []perp.Input
	ticks    map[string]perp.OracleTick
	ready    chan struct{} // holds one token when something waits
}

func newInbox() *inbox {
	return &inbox{ticks: map[string]perp.OracleTick{}, ready: make(chan struct{}, 1)}
}

// put leaves a request and reports whether there was room.
func (b *inbox) put(in perp.Input) bool {
	b.mu.Lock()
	full := len(b.requests) >= inboxMax
	if !full {
		b.requests = append(b.requests, in)
	}
	b.mu.Unlock()
	if !full {
		b.signal()
	}
	return !full
}

// tick leaves a price; it replaces one of the same market that still waits.
func (b *inbox) tick(t perp.OracleTick) {
	b.mu.Lock()
	b.ticks[t.Symbol] = t
	b.mu.Unlock()
	b.signal()
}

func (b *inbox) signal() {
	select {
	case b.ready <- struct{}{}:
	default: // The token is there already.
	}
}

// take returns all waiting ticks and at most limit requests, and whether more
// requests wait.
func (b *inbox) take(limit int) (batch []perp.Input, more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(limit, len(b.requests))
	batch = make([]perp.Input, 0, len(b.ticks)+n)
	for _, t := range b.ticks {
		batch = append(batch, perp.Input{Command: t, Source: "oracle"})
	}
	clear(b.ticks)
	batch = append(batch, b.requests[:n]...)
	b.requests = append(b.requests[:0], b.requests[n:]...)
	return batch, len(b.requests) > 0
}
