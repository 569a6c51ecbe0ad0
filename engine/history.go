package engine

import (
	"encoding/binary"
	"reflect"
	"slices"

	"backstop/perp"
)

// tradesKept is how many trades of an account can be asked for or busted; older ones
// are in its statement.
const tradesKept = 1_000

// tradesBlock is how many trades are kept together; tradesKept is a multiple of it.
const tradesBlock = 10

// history is what an account dealt lately, oldest first. It stands in blocks, all
// but the last of them full, which never move: a trade costs the same whether an
// account has a long past, a short one or none.
type history struct {
	account string
	blocks  [][]dealt
	spare   [][]dealt // were blocks, and will be again
	borne   perp.Time // when others last bore a loss of it
}

// dealt is a trade with what it takes to take it back.
type dealt struct {
	perp.TradeView
	Realised perp.Money // with all that is busted left out
	Paid     perp.Money // of the fee, in cash at once
}

func (h *history) len() int {
	last := len(h.blocks) - 1
	if last < 0 {
		return 0
	}
	return last*tradesBlock + len(h.blocks[last])
}

func (h *history) at(i int) *dealt { return &h.blocks[i/tradesBlock][i%tradesBlock] }

// latest is from which trade on an account can ask.
func (h *history) latest() int { return max(0, h.len()-tradesKept) }

func (h *history) add(t *dealt) {
	if h.len() == 2*tradesKept { // Half at a time, so that many commands in a row have the same trades in mind.
		const half = tradesKept / tradesBlock
		h.spare = append(h.spare[:0], h.blocks[:half]...)
		h.blocks = slices.Delete(h.blocks, 0, half)
	}
	last := len(h.blocks) - 1
	if last < 0 || len(h.blocks[last]) == tradesBlock {
		h.blocks, last = append(h.blocks, h.block()), last+1
	}
	h.blocks[last] = append(h.blocks[last], *t)
}

func (h *history) block() []dealt {
	if n := len(h.spare); n > 0 {
		b := h.spare[n-1][:0]
		h.spare = h.spare[:n-1]
		return b
	}
	return make([]dealt, 0, tradesBlock)
}

// past is a history as a snapshot has it.
type past struct {
	Account string
	Trades  []dealt
	Borne   perp.Time
}

func (p *past) history() *history {
	h := &history{account: p.Account, borne: p.Borne}
	for b := range slices.Chunk(p.Trades, tradesBlock) {
		h.blocks = append(h.blocks, append(make([]dealt, 0, tradesBlock), b...))
	}
	return h
}

// pack appends what pack makes of the past.
func (h *history) pack(b []byte) []byte {
	b = pack(b, reflect.ValueOf(h.account))
	b = binary.AppendUvarint(b, uint64(h.len()))
	for _, block := range h.blocks {
		b = packAll(b, reflect.ValueOf(block))
	}
	return pack(b, reflect.ValueOf(h.borne))
}

func (e *Engine) remember(t *dealt) {
	s := e.seat(t.Account)
	if s == nil || s.past == nil {
		h := e.histories[t.Account]
		if h == nil {
			h = &history{account: t.Account}
			e.histories[t.Account] = h
			e.state.History = append(e.state.History, h)
		}
		if s == nil {
			h.add(t)
			return
		}
		s.past = h
	}
	s.past.add(t)
}

// chronicle is all histories, sorted by account.
func (e *Engine) chronicle() []*history {
	byAccount := func(a, b *history) int { return compare(a.account, b.account) }
	if !slices.IsSortedFunc(e.state.History, byAccount) {
		slices.SortFunc(e.state.History, byAccount)
	}
	return e.state.History
}
