package fix

import (
	"maps"
	"slices"
	"strconv"

	"backstop/perp"
)

// tagEventSeq counts, in VAMM1, what the sessions of an account are told of it: 1,
// 2, 3 … for ever. Whoever is told all of it, a drop copy session or the only one
// of its account, knows from it alone that nothing is missing.
const tagEventSeq = 22007

// eventCounts are those numbers, of each account. They become durable in the
// transaction of the messages that have them; only the loop touches them.
type eventCounts struct {
	last    map[string]int64
	changed map[string]bool // since the last drain
}

func newEventCounts(known map[string]int64) eventCounts {
	last := maps.Clone(known)
	if last == nil {
		last = map[string]int64{}
	}
	return eventCounts{last, map[string]bool{}}
}

// next is the number of one more event.
func (k eventCounts) next(account string) int64 {
	k.last[account]++
	k.changed[account] = true
	return k.last[account]
}

func (k eventCounts) drain() (writes []perp.AccountWrite) {
	for _, account := range slices.Sorted(maps.Keys(k.changed)) {
		writes = append(writes, perp.AccountWrite{Account: account, Events: k.last[account]})
	}
	clear(k.changed)
	return writes
}

// includes is the number of the last event that a state, told to a session that
// may see it, includes.
func (c *codec) includes(session, account string) int64 {
	if !slices.Contains(c.desk.sessionsOf(account), session) {
		return 0
	}
	return c.events.last[account]
}

// eventSeq adds a number, if there is one.
func (b *body) eventSeq(n int64) *body {
	if n == 0 {
		return b
	}
	return b.add(tagEventSeq, strconv.FormatInt(n, 10))
}

// DrainAccounts returns how many events of accounts have been told, where that has
// changed since the last call. It belongs into the transaction of what Drain
// returns at the same moment.
func (d *Door) DrainAccounts() []perp.AccountWrite { return d.codec.events.drain() }
