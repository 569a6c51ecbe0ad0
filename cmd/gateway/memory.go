package main

import (
	"fmt"

	"backstop/perp"
)

// memory is what the loop needs of the store to remind the engine of orders.
type memory interface {
	Recall([]perp.OrderRef) ([]perp.RecallOrder, error)
}

// remind puts before a batch the forgotten orders that it names, and behind it,
// when it is time, the word to forget more: only what ended before a command that
// is durable. The lookup sees all of that, so what is neither in mind nor found
// has never been.
func (l *loop) remind(batch []perp.Input) ([]perp.Input, error) {
	var refs []perp.OrderRef
	for _, in := range batch {
		refs = append(refs, l.engine.Forgotten(in.Command)...)
	}
	if len(refs) > 0 {
		orders, err := l.memory.Recall(refs)
		if err != nil {
			return nil, fmt.Errorf("what is stored cannot be read: %w", err)
		}
		if len(orders) > 0 {
			all := make([]perp.Input, 0, len(orders)+len(batch))
			for _, o := range orders {
				all = append(all, perp.Input{Command: o, Source: "memory"})
			}
			batch = append(all, batch...)
		}
	}
	if l.engine.Overfull() && l.durable > l.forgot {
		l.forgot = l.durable
		batch = append(batch, perp.Input{Command: perp.ForgetOrders{Through: l.durable}, Source: "memory"})
	}
	return batch, nil
}
