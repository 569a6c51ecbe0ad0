package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"backstop/ops"
	"backstop/perp"
	"backstop/store"
)

const (
	booksEvery = time.Minute // between two full checks of the stored books
	booksTold  = 10          // differences that are logged
)

// booksCheck re-adds the stored books beside the running gateway. The engine checks
// its own after each command in constant time and ends the process; this one sees
// what the disk or another program did to them, and halts what the desk can halt.
type booksCheck struct {
	auditor *store.Auditor
	mu      sync.Mutex
	last    ops.Books
}

// state is what the last check found.
func (b *booksCheck) state() ops.Books {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

func (b *booksCheck) found(all []store.Difference, caught bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last.Differences = len(all); len(all) > 0 {
		b.last.First = all[0].String()
	}
	if caught {
		b.last.Checked = time.Now()
	}
}

// watchBooks checks the books until ctx ends.
func (a *app) watchBooks(ctx context.Context, every time.Duration) {
	next := time.NewTicker(every)
	defer next.Stop()
	for {
		a.checkBooks()
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
	}
}

// checkBooks does one check. Books that differ halt every market and stop
// withdrawals, again at each check until they agree: nobody may deal or pay out on
// numbers that are not so.
func (a *app) checkBooks() {
	found, caught, err := a.books.auditor.Check()
	if err != nil {
		a.log.Error("books not checked", "error", err)
		return
	}
	a.books.found(found, caught)
	if len(found) == 0 {
		return
	}
	for _, d := range found[:min(len(found), booksTold)] {
		a.log.Error("BOOKS DIFFER", "what", d.What, "have", d.Have, "want", d.Want)
	}
	a.log.Error("BOOKS DIFFER: all markets are halted, withdrawals stopped", "differences", len(found))
	op := func(what string) perp.Operator {
		return perp.Operator{Key: fmt.Sprintf("books/%d/%s", time.Now().UnixNano(), what), By: "gateway", Reason: "books differ: " + found[0].What}
	}
	all := []perp.Command{perp.StopWithdrawals{Operator: op("withdrawals")}}
	for _, s := range a.cfg.Specs() {
		symbol := s.Instrument.Symbol
		all = append(all, perp.SetMarket{Operator: op(symbol), Symbol: symbol, Mode: perp.ModeHalted})
	}
	for _, c := range all {
		if !a.loop.inbox.put(perp.Input{Command: c, Source: "operator"}) {
			a.log.Error("BOOKS DIFFER: the inbox is full; the next check halts again", "command", c.Kind())
		}
	}
}
