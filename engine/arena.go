package engine

import (
	"strconv"

	"backstop/perp"
)

// arena gives out memory for what leaves the engine with its events: in pieces of
// a larger one, so that most commands need none of their own. A piece is never
// given out twice: the events of a batch are kept while the next one is applied.
type arena struct {
	events []perp.Event
	levels []perp.Level
	parts  []perp.Component
}

// What is asked for at once. Whoever keeps one event or quote keeps that much.
const (
	arenaEvents = 512
	arenaLevels = 256
	arenaParts  = 256
	// eventsMost is what most commands need; one that needs more gets its own.
	eventsMost = 64
)

// begin returns an empty list for the events of one command.
func (a *arena) begin() []perp.Event {
	if len(a.events) < eventsMost {
		a.events = make([]perp.Event, arenaEvents)
	}
	return a.events[:0]
}

// end gives a list that is complete to the caller. Nothing can be added to it any
// more without a copy.
func (a *arena) end(list []perp.Event) []perp.Event {
	n := len(list)
	if n == 0 {
		return nil
	}
	if cap(list) == cap(a.events) { // else it has outgrown the piece and moved away
		a.events = a.events[n:]
	}
	return list[:n:n]
}

// quote is a copy that shares nothing with q.
func (a *arena) quote(q *perp.Quote) perp.Quote {
	c := *q
	c.Bids, c.Asks = piece(&a.levels, arenaLevels, q.Bids), piece(&a.levels, arenaLevels, q.Asks)
	c.BidParts, c.AskParts = piece(&a.parts, arenaParts, q.BidParts), piece(&a.parts, arenaParts, q.AskParts)
	return c
}

// offers tells the quotes of a market from a version on, that of everybody first.
func (a *arena) offers(out []perp.Event, m *market, from int64) []perp.Event {
	for i := range m.Quoting.Offers {
		switch q := &m.Quoting.Offers[i].Quote; {
		case q.Version < from:
		case i == 0:
			out = append(out, perp.QuoteChanged{Quote: a.quote(q)})
		default:
			out = append(out, perp.ClassQuoted{Quote: a.quote(q)})
		}
	}
	return out
}

// piece copies a list into what is left of a larger one, or of a new one.
func piece[T any](from *[]T, size int, list []T) []T {
	n := len(list)
	if list == nil || n > size {
		return append([]T(nil), list...)
	}
	if *from == nil || len(*from) < n {
		*from = make([]T, size)
	}
	c := (*from)[:n:n]
	*from = (*from)[n:]
	copy(c, list)
	return c
}

// names are the next ids of a kind, written several at a time into one text.
type names struct {
	prefix string
	first  int64
	ready  []string
}

// namesMade is how many ids share a text: whoever keeps one keeps that many.
const namesMade = 16

// of is the id of a number. Numbers are asked for in order, mostly.
func (x *names) of(n int64) string {
	if n < x.first || n >= x.first+int64(len(x.ready)) {
		x.make(n)
	}
	return x.ready[n-x.first]
}

func (x *names) make(first int64) {
	var (
		text [namesMade * 24]byte
		ends [namesMade]int
	)
	b := text[:0]
	for i := range ends {
		b = strconv.AppendInt(append(b, x.prefix...), first+int64(i), 10)
		ends[i] = len(b)
	}
	all, from := string(b), 0
	x.first, x.ready = first, x.ready[:0]
	for _, end := range ends {
		x.ready = append(x.ready, all[from:end])
		from = end
	}
}
