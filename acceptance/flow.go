package acceptance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"

	"github.com/shopspring/decimal"
)

// flowWindow is how many requests of a session are unanswered at most.
const flowWindow = 48

// Flow sends requests of every kind at random, good ones and wrong ones, and loses
// its connection now and then. Promises judges what comes back.
type Flow struct {
	Client   *Client
	Promises *Promises
	Symbol   string
	Account  string
	Logon    []string // further fields of its Logon
	Others   string   // an account that is not its own
	Breaks   int      // requests between two breaks of the connection; 0: none
	Leverage decimal.Decimal

	t      Trader            // for its touch, prices and sizes
	n      int               // requests so far
	live   []string          // first ClOrdIDs of the last orders
	quotes []Fields          // that may be dealt on
	terms  map[string]Fields // of orders that were sent, by ClOrdID
	addr   string
	sweeps bool // a mass cancel is not answered yet
}

// Run sends n requests, ends every order and logs out.
func (w *Flow) Run(ctx context.Context, addr string, n int, tick, lot decimal.Decimal, seed uint64) error {
	w.addr = addr
	w.t = Trader{Client: w.Client, Symbol: w.Symbol, Tick: tick, Lot: lot, random: rand.New(rand.NewPCG(seed, seed))}
	w.terms = map[string]Fields{}
	if _, err := w.Client.Logon(ctx, addr, w.Logon...); err != nil {
		return err
	}
	if err := w.listen(ctx); err != nil {
		return err
	}
	nextBreak := w.Breaks
	for w.n < n {
		if err := w.await(ctx, flowWindow-1); err != nil {
			return w.stuck(err)
		}
		if err := w.one(); err != nil {
			return w.stuck(err)
		}
		if w.Breaks > 0 && w.n >= nextBreak {
			nextBreak += w.Breaks
			if err := w.again(ctx); err != nil {
				return w.stuck(err)
			}
		}
	}
	return w.finish(ctx)
}

func (w *Flow) stuck(err error) error {
	return fmt.Errorf("%s after %d requests, open %v: %w", w.Account, w.n, w.Promises.Open(), err)
}

// listen subscribes to prices and waits for both sides.
func (w *Flow) listen(ctx context.Context) error {
	w.t.bid, w.t.ask = touch{}, touch{}
	err := w.send("V", Flaw{}, bestOf("MD"+w.id(), w.Symbol, changes)...)
	for err == nil && (w.t.bid.id == "" || w.t.ask.id == "") {
		err = w.next(ctx)
	}
	return err
}

// again breaks the connection in the middle of it all, and comes back.
func (w *Flow) again(ctx context.Context) error {
	w.Client.Drop()
	for {
		// What came before the end is read, as a client would.
		if err := w.next(ctx); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	w.Promises.Lost()
	w.sweeps = false
	w.quotes = nil
	answer, err := w.Client.Logon(ctx, w.addr, w.Logon...)
	if err != nil {
		return fmt.Errorf("%w (%s)", err, answer)
	}
	// The answer to this comes once nothing is missing any more.
	if err := w.status("none"+w.id(), "1"); err != nil {
		return err
	}
	if err := w.await(ctx, 0); err != nil {
		return err
	}
	w.Promises.CaughtUp()
	return w.listen(ctx)
}

// next deals with one message.
func (w *Flow) next(ctx context.Context) error {
	f, err := w.Client.Next(ctx)
	if err != nil {
		return err
	}
	switch kind := f.Get(35); {
	case kind == "5":
		return fmt.Errorf("logged out: %s", f)
	case (kind == "W" || kind == "X") && strings.HasPrefix(f.Get(262), "MD"):
		w.t.book(f)
	case kind == "S" && f.Get(537) != "0":
		w.quotes = append(w.quotes, f)
		if len(w.quotes) > flowWindow {
			w.quotes = w.quotes[1:]
		}
	case kind == "r":
		w.sweeps = false
	}
	w.Promises.Took(f)
	return nil
}

// await reads until no more than so many requests are unanswered.
func (w *Flow) await(ctx context.Context, most int) error {
	for w.Promises.Waiting() > most {
		if err := w.next(ctx); err != nil {
			return err
		}
	}
	return nil
}

// finish waits for what is open, cancels what works and waits again.
func (w *Flow) finish(ctx context.Context) error {
	for round := 0; ; round++ {
		if err := w.await(ctx, 0); err != nil {
			return w.stuck(err)
		}
		ids := w.Promises.Working()
		if len(ids) == 0 {
			break
		}
		for _, id := range ids {
			if err := w.await(ctx, flowWindow-1); err != nil {
				return w.stuck(err)
			}
			if err := w.cancel(id, fmt.Sprintf("%s-end%d", id, round)); err != nil {
				return w.stuck(err)
			}
		}
	}
	// The state of the account, once all has been told.
	if !w.Promises.Old {
		if err := w.ask("AN"); err != nil {
			return err
		}
		if err := w.ask("BB"); err != nil {
			return err
		}
		if err := w.await(ctx, 0); err != nil {
			return w.stuck(err)
		}
	}
	if err := w.Client.Send("5"); err != nil {
		return err
	}
	for {
		f, err := w.Client.Next(ctx)
		if errors.Is(err, io.EOF) {
			w.Promises.End()
			return nil
		}
		if err != nil {
			return err
		}
		if f.Get(35) != "5" {
			w.Promises.Took(f)
		}
	}
}

// send sends a request and notes it.
func (w *Flow) send(kind string, flaw Flaw, body ...string) error {
	w.n++
	seq, err := w.Client.SendNumbered(kind, body...)
	w.Promises.Sent(seq, kind, body, flaw)
	if errors.Is(err, io.EOF) {
		return nil // Who reads next is told.
	}
	return err
}

// id is a new id of the session.
func (w *Flow) id() string { return fmt.Sprintf("%s-%d", w.Account, w.n) }

// side is a random one, and the touch that it meets.
func (w *Flow) side() (side string, at touch) {
	if w.t.pick(2) == 0 {
		return "1", w.t.ask
	}
	return "2", w.t.bid
}

// chance is true in so many of a hundred cases.
func (w *Flow) chance(percent int) bool { return w.t.pick(100) < percent }
