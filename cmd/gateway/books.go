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
	damage  []store.Difference // what the scrub found; it stays until a start
}

// state is what the last check found.
func (b *booksCheck) state() ops.Books {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

// found notes what a check found, and returns it with what the scrub found.
func (b *booksCheck) found(all []store.Difference, caught bool) []store.Difference {
	b.mu.Lock()
	defer b.mu.Unlock()
	all = append(all, b.damage...)
	if b.last.Differences = len(all); len(all) > 0 {
		b.last.First = all[0].String()
	}
	if caught {
		b.last.Checked = time.Now()
	}
	return all
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
	a.halt(a.books.found(found, caught))
}

// halt halts every market and stops withdrawals because of what was found, if
// anything was.
func (a *app) halt(found []store.Difference) {
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

// scrub looks, once, at what the start of a large database left out, beside the
// running gateway. Damage halts what the desk can halt, as books do that differ.
func (a *app) scrub(ctx context.Context, again time.Duration) {
	began := time.Now()
	for {
		found, err := store.Scrub(ctx, a.cfg.Server.DataDir)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			a.log.Info("history checked", "took", time.Since(began).Round(time.Millisecond), "differences", len(found))
			a.books.damaged(found)
			a.halt(found)
			return
		}
		a.log.Error("history not checked", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(again):
		}
	}
}

// damaged adds what the scrub found to what every check finds.
func (b *booksCheck) damaged(found []store.Difference) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.damage = found
	if b.last.Differences += len(found); len(found) > 0 {
		b.last.First = found[0].String()
	}
}
