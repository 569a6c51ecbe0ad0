package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"backstop/perp"
	"backstop/store"
)

// flat is how far from the smallest form a larger one may be.
const flat = 1.1

// growth is P6: what an order costs with more accounts, more markets and a longer
// journal, and what a resend costs with more to choose from.
func (r *run) growth(ctx context.Context) ([]Result, error) {
	var results []Result
	for _, part := range []func(context.Context) ([]Result, error){r.accounts, r.markets, r.rowsBefore, r.resends} {
		some, err := part(ctx)
		results = append(results, some...)
		if err != nil {
			return results, err
		}
	}
	return results, nil
}

func (r *run) accounts(ctx context.Context) ([]Result, error) {
	sizes := pick(r, []int{10, 1_000}, []int{10, 1_000, 10_000})
	all, err := r.engines(ctx, "accounts", sizes, func(n int) venue { return venue{accounts: n} })
	if err != nil {
		return all, err
	}
	// What is left of a difference when the same few deal is the engine's; the rest is
	// memory that was not touched for long.
	few, err := r.engines(ctx, "accounts, 10 deal", sizes, func(n int) venue { return venue{accounts: n, active: 10} })
	return append(all, few...), err
}

// marketsMost is as many as a configuration may have.
const marketsMost = 64

func (r *run) markets(ctx context.Context) ([]Result, error) {
	return r.engines(ctx, "markets", []int{1, 10, marketsMost}, func(n int) venue { return venue{accounts: 10, markets: n} })
}

// engines measures an order in worlds of several sizes by turns and compares each
// with the smallest.
func (r *run) engines(ctx context.Context, of string, sizes []int, make func(int) venue) (results []Result, err error) {
	worlds := map[int]*World{}
	for _, n := range sizes {
		r.Progress(fmt.Sprintf("P6 %d %s", n, of))
		v := make(n)
		v.known = true
		if worlds[n], _, err = newWorld(r.Setup, v, worldAge); err == nil {
			err = worlds[n].Warm(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
	times := map[int][]float64{}
	for range pick(r, 8, 20) {
		for _, n := range sizes {
			ns, _, err := worlds[n].cost(ctx, worlds[n].Orders, 1, betweenSettles)
			if err != nil {
				return nil, err
			}
			times[n] = append(times[n], ns)
		}
	}
	least := sizes[0]
	for _, n := range sizes[1:] {
		one := measured("P6", fmt.Sprintf("order in the engine, %d %s", n, of), median(times[n]), "ns")
		results = append(results, one.against(fmt.Sprintf("%d %s", least, of), median(times[least])).atMost(flat))
	}
	return results, nil
}

// A made history goes on as a gateway's does: prices come and time goes by, so orders
// are looked at again when it is time for that, and those that have ended are forgotten.
// Where only orders are made, the first price after a start is followed by a look at
// all of them, in one command, and there is no quote for as long as that takes.
const (
	historyBatch = 64                                          // orders in one commit
	historyStep  = 8                                           // orders between two prices
	historyEvery = 800 * perp.Millisecond                      // between two prices: the last look at an order is 600 orders later
	historyRows  = historyBatch + historyBatch/historyStep + 1 // of a commit at most: orders, prices, and the word to forget
)

// suffixMost is as many rows as a gateway lets come after a snapshot before it saves the
// next one. What is measured at the end of a history adds to those that were made.
const (
	suffixMost = 20_000
	suffixMade = suffixMost - (costBatches+2)*historyRows
)

// historyAge is how long ago a history of so many rows, and of what is measured in it,
// has to begin to end before now.
func historyAge(rows int64, marks int) perp.Time {
	orders := rows + int64(marks*costBatches*historyBatch)
	return worldAge + perp.Time(orders/historyStep)*historyEvery
}

// history is a data directory with a journal of orders, made without the door.
type history struct {
	dir     string
	v       venue
	rows    int64
	snapped int64 // number of the newest snapshot
	costs   map[int64]float64
}

// build writes a journal of so many orders, keeps the newest snapshot that many
// rows before its end, and measures an order where the journal has each length in
// marks.
func (r *run) build(ctx context.Context, rows, suffix int64, marks []int64) (h history, err error) {
	dir, err := r.home()
	if err != nil {
		return h, err
	}
	h = history{dir: dir, v: venue{sessions: 8}, rows: rows, costs: map[int64]float64{}}
	w, first, err := newWorld(r.Setup, h.v, historyAge(rows, len(marks)))
	if err != nil {
		return h, err
	}
	s, err := store.Open(filepath.Join(dir, "data"))
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Commit(perp.Batch{Entries: first, Time: w.now}); err != nil {
		return h, err
	}
	for w.engine.Seq() < rows {
		if ctx.Err() != nil {
			return h, ctx.Err()
		}
		target := rows
		for _, m := range append(marks, rows-suffix) {
			if m > w.engine.Seq() {
				target = min(target, m)
			}
		}
		if err := w.grow(ctx, s, target); err != nil {
			return h, err
		}
		r.Progress(fmt.Sprintf("a journal of %d rows of %d", w.engine.Seq(), rows))
		for _, m := range marks {
			if m == target {
				if h.costs[m], err = w.costStored(ctx, s); err != nil {
					return h, err
				}
			}
		}
		if target == rows-suffix {
			h.snapped = w.engine.Seq()
			if err := s.SaveSnapshot(h.snapped, w.now, w.engine.StateHash(), w.engine.Snapshot()); err != nil {
				return h, err
			}
		}
	}
	h.rows = w.engine.Seq()
	return h, nil
}

// History makes the journal of P6 and P8 in a directory, and tells where: for tests.
func History(ctx context.Context, setup func(toml string) ([]perp.Input, error), dir string, rows, suffix int64) (data string, err error) {
	r := &run{Options: Options{Setup: setup, Progress: func(string) {}}, dir: dir}
	h, err := r.build(ctx, rows, suffix, nil)
	return filepath.Join(h.dir, "data"), err
}

// batch applies and stores a batch of orders, with the prices between them.
func (w *World) batch(s *store.Store) error {
	var entries []perp.Entry
	if durable := w.engine.Seq(); w.engine.Overfull() {
		forget := perp.Input{Command: perp.ForgetOrders{Through: durable}, Source: "memory"}
		entries = w.sequencer.Step([]perp.Input{forget}, w.now)
	}
	for range historyBatch / historyStep {
		w.now += historyEvery
		inputs := make([]perp.Input, 0, w.v.markets+historyStep)
		for i := range w.v.markets {
			inputs = append(inputs, perp.Input{Command: w.tick(i), Source: "oracle"})
		}
		for range historyStep {
			inputs = append(inputs, perp.Input{Command: w.order(), Source: "bench"})
		}
		entries = append(entries, w.sequencer.Step(inputs, w.now)...)
	}
	return s.Commit(perp.Batch{Entries: entries, Time: w.now})
}

func (w *World) grow(ctx context.Context, s *store.Store, to int64) error {
	for w.engine.Seq() < to {
		if err := errors.Join(ctx.Err(), w.batch(s)); err != nil {
			return err
		}
	}
	return nil
}

// costBatches is how many batches are measured at a length of the journal.
const costBatches = 60

// costStored is the time of an order in the engine and the store, in µs.
func (w *World) costStored(ctx context.Context, s *store.Store) (float64, error) {
	var times []float64
	for range costBatches {
		start := time.Now()
		if err := errors.Join(ctx.Err(), w.batch(s)); err != nil {
			return 0, err
		}
		times = append(times, float64(time.Since(start).Microseconds())/historyBatch)
	}
	return median(times), nil
}

// longHistory is the journal of P6 and P8, which is made once. As many rows as a
// gateway lets come at most between two snapshots are after its newest one.
func (r *run) longHistory(ctx context.Context) (h history, marks []int64, err error) {
	marks = pick(r, []int64{1_000, 10_000}, []int64{1_000, 100_000, 1_000_000})
	if r.long == nil {
		last := marks[len(marks)-1]
		if h, err = r.build(ctx, last+1, pick(r, last/2, suffixMade), marks); err != nil {
			return h, marks, err
		}
		r.long = &h
	}
	return *r.long, marks, nil
}

func (r *run) rowsBefore(ctx context.Context) (results []Result, err error) {
	h, marks, err := r.longHistory(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range marks[1:] {
		one := measured("P6", fmt.Sprintf("order stored, %d journal rows", m), h.costs[m], "µs")
		results = append(results, one.against("1000 journal rows", h.costs[marks[0]]).atMost(flat).noting("engine and store, %d in a commit", historyBatch))
	}
	return results, nil
}

// resends asks for the same thousand messages when the session has few and when
// it has many.
func (r *run) resends(ctx context.Context) ([]Result, error) {
	r.Progress("P6 resend")
	g, err := r.gateway(ctx, venue{sessions: 1}, "")
	if err != nil {
		return nil, err
	}
	defer g.stop()
	c, err := connect(ctx, g.addr, 0, "141=Y|")
	if err != nil {
		return nil, err
	}
	defer c.conn.Close()
	defer context.AfterFunc(ctx, func() { c.conn.Close() })()
	var few, many float64
	var sent taken
	if few, err = c.grownResend(&sent, 600, "R1-"); err != nil {
		return nil, err
	}
	fewFills := sent.fills
	if many, err = c.grownResend(&sent, pick(r, int64(4_000), 50_000), "R2-"); err != nil {
		return nil, err
	}
	one := measured("P6", fmt.Sprintf("resend of 1,000, after %d orders", sent.fills), many, "ms")
	return []Result{one.against(fmt.Sprintf("after %d orders", fewFills), few).atMost(flat).noting("medians of 5")}, nil
}

// grownResend trades until so many orders were filled in all, and then has the
// messages 2 to 1001 repeated.
func (c *client) grownResend(sent *taken, orders int64, tag string) (ms float64, err error) {
	for i := 0; sent.fills < orders; i++ {
		if err := c.trade(sent, 32, tag+strconv.Itoa(i)+"-", time.Now().Add(50*time.Millisecond)); err != nil {
			return 0, err
		}
	}
	var times []float64
	for range 5 {
		took, err := c.resend(2, 1001)
		if err != nil {
			return 0, err
		}
		times = append(times, float64(took.Microseconds())/1000)
	}
	return median(times), nil
}

func (c *client) resend(from, to int) (time.Duration, error) {
	if err := c.conn.SetReadDeadline(time.Now().Add(answerMax)); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := c.send("2", fmt.Sprintf("7=%d|16=%d|", from, to)); err != nil {
		return 0, err
	}
	for {
		m, err := c.next()
		if err != nil {
			return 0, fmt.Errorf("resend: %w", err)
		}
		if value(m, "43") != "Y" {
			continue
		}
		last := value(m, "34")
		if value(m, "35") == "4" {
			next, err := strconv.Atoi(value(m, "36"))
			if err != nil {
				return 0, err
			}
			last = strconv.Itoa(next - 1)
		}
		if n, err := strconv.Atoi(last); err != nil || n >= to {
			return time.Since(start), err
		}
	}
}
