package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"time"

	"backstop/engine"
	"backstop/perp"
	"backstop/store"
)

// World is an engine with open markets, in virtual time: nothing in it waits.
type World struct {
	engine    *engine.Engine
	sequencer *engine.Sequencer
	v         venue
	now       perp.Time
	active    int // accounts that deal
	orders    int // of the present ones
	sent      int
	ticks     int
	first     []perp.Entry // what opened the markets
}

// worldAge is how long ago a world begins: longer than what is measured in it takes.
const worldAge = 3_600 * perp.Second

// openingSteps ticks of a tenth of a second open every market.
const openingSteps = 30

// newWorld sets up the engine as a start of the gateway does, so long ago, and returns
// what it did so that it can be stored.
func newWorld(setup func(string) ([]perp.Input, error), v venue, ago perp.Time) (*World, []perp.Entry, error) {
	inputs, err := setup(v.toml("."))
	if err != nil {
		return nil, nil, err
	}
	v = v.whole()
	e := engine.New()
	w := &World{engine: e, sequencer: engine.NewSequencer(e), v: v, active: v.accounts, now: perp.Time(time.Now().UnixNano()) - ago}
	done := w.sequencer.Step(inputs, w.now)
	for range openingSteps {
		w.now += 100 * perp.Millisecond
		var ticks []perp.Input
		for i := range v.markets {
			ticks = append(ticks, perp.Input{Command: w.tick(i), Source: "bench"})
		}
		done = append(done, w.sequencer.Step(ticks, w.now)...)
	}
	probe := w.sequencer.Step([]perp.Input{{Command: w.order(), Source: "bench"}}, w.now)
	if !filled(probe[0].Events) {
		return nil, nil, fmt.Errorf("the market of the benchmark does not deal: %v", probe[0].Events)
	}
	return w, append(done, probe...), nil
}

func filled(events []perp.Event) bool {
	for _, ev := range events {
		if _, is := ev.(perp.Filled); is {
			return true
		}
	}
	return false
}

// NewWorld opens a world with so many markets and accounts, for Go benchmarks.
func NewWorld(setup func(toml string) ([]perp.Input, error), markets, accounts int) (*World, error) {
	w, first, err := newWorld(setup, venue{accounts: accounts, markets: markets, known: true}, worldAge)
	if err == nil {
		w.first = first
	}
	return w, err
}

// tick is a price of a market that goes up and down by a few basis points.
func (w *World) tick(market int) perp.OracleTick {
	w.ticks++
	return w.still(market)
}

// still is the price that a market has.
func (w *World) still(market int) perp.OracleTick {
	price := 60_000*perp.PriceOne + perp.Price(w.ticks/w.v.markets%16)*perp.PriceOne/2
	return perp.OracleTick{
		Symbol: w.v.symbol(market), Price: price, Confidence: perp.PriceOne, Publish: w.now, Receive: w.now, Sources: 3,
	}
}

// order is a market order of one lot. Each account buys, then sells, in every market
// in turn. Half of them hold a position at any time: one opens, then the one that
// has held its own for longest closes, so that any few orders are like any others.
func (w *World) order() perp.PlaceOrder {
	i, half := w.orders, w.active/2
	w.orders++
	w.sent++
	n, side := i, perp.Buy
	if i >= half {
		n = (i - half) / 2
		if (i-half)%2 == 1 {
			side = perp.Sell
		} else {
			n += half
		}
	}
	who, market := n%w.active, n/w.active%w.v.markets
	id := sessionID(who)
	return perp.PlaceOrder{
		Origin: perp.Origin{Session: w.v.session(who), Arrival: w.now, Sent: w.now}, Account: id, ClOrdID: "B-" + strconv.Itoa(w.sent),
		Symbol: w.v.symbol(market), Side: side, Type: perp.Market, TIF: perp.IOC, Size: perp.SizeOne / 1000, Transact: w.now,
	}
}

// Orders and Ticks are the next n commands, made beforehand so that making them is
// not measured.
func (w *World) Orders(n int) []perp.Command {
	all := make([]perp.Command, n)
	for i := range all {
		all[i] = w.order()
	}
	return all
}

// Ticks implements what Orders says; each is a tenth of a second, shared by the
// markets, after the one before it.
func (w *World) Ticks(n int) []perp.Command {
	all := make([]perp.Command, n)
	for i := range all {
		w.now += 100 * perp.Millisecond / perp.Time(w.v.markets)
		all[i] = w.tick(i % w.v.markets)
	}
	return all
}

// Apply hands commands to the engine, one by one. A tick comes at its own time.
func (w *World) Apply(commands []perp.Command) {
	for _, c := range commands {
		at := w.now
		if t, is := c.(perp.OracleTick); is {
			at = t.Receive
		}
		w.engine.Apply(c, w.engine.Seq()+1, at)
	}
}

// Settle is what comes between orders: time passes, each market hears its price
// again, and what has ended is forgotten. A price that moved would tell apart the
// clients of a session, by chance, the more of them there are, and so how many
// classes of clients are quoted.
func (w *World) Settle() {
	w.now += settleEvery
	for i := range w.v.markets {
		w.Apply([]perp.Command{w.still(i)})
	}
	w.Apply([]perp.Command{perp.ClockTick{}, perp.ForgetOrders{Through: w.engine.Seq()}})
}

// Warm deals until every account has a past, and until what is kept of the latest
// orders is as much as it will ever be.
func (w *World) Warm(ctx context.Context) error {
	for left := max(warmOrders, warmEach*w.v.accounts); left > 0; left -= betweenSettles {
		w.Apply(w.Orders(betweenSettles))
		w.Settle()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if w.v.active > 0 {
		w.active, w.orders = w.v.active, 0
	}
	if events := w.engine.Apply(w.order(), w.engine.Seq()+1, w.now); !filled(events) {
		return fmt.Errorf("the market of the benchmark deals no more: %v", events)
	}
	return nil
}

// Orders are looked at again for a minute, so that those of six turns are waiting for
// it; of those that have ended the last two turns are in mind. An account has bought
// and sold twice before it counts.
const (
	warmOrders     = 20_000
	warmEach       = 4
	betweenSettles = 1_000
	settleEvery    = 10 * perp.Second
)

// storedEvery is the virtual time between two orders of Store, so that within
// storedWarm orders every kind of markout falls due.
const (
	storedEvery = 10 * perp.Millisecond
	storedWarm  = 7_000
	reportBytes = 330 // of an Execution Report
)

// Keep returns a function that applies a tick of every market and then so many
// orders, and stores them as one batch with the two reports that each would get.
// The store is opened here with a history long enough to be like any other.
func (w *World) Keep(dir string, orders int) (batch func() error, end func() error, err error) {
	s, err := store.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	report := bytes.Repeat([]byte("8=FIX.4.4|"), reportBytes/10)
	out := map[string]int64{}
	batch = func() error {
		w.now += storedEvery * perp.Time(orders)
		var inputs []perp.Input
		for i := range w.v.markets {
			inputs = append(inputs, perp.Input{Command: w.tick(i), Source: "bench"})
		}
		writes := map[string]*perp.SessionWrite{}
		for range orders {
			o := w.order()
			inputs = append(inputs, perp.Input{Command: o, Source: "bench"})
			x := writes[o.Session]
			if x == nil {
				x = &perp.SessionWrite{Session: o.Session, Epoch: 1, InSeq: 1, Created: 1}
				writes[o.Session] = x
			}
			for range 2 {
				out[o.Session]++
				x.Messages = append(x.Messages, perp.WireMessage{Seq: out[o.Session], Bytes: report})
			}
		}
		b := perp.Batch{Entries: w.sequencer.Step(inputs, w.now), Time: w.now}
		for _, name := range slices.Sorted(maps.Keys(writes)) {
			x := writes[name]
			x.OutSeq, x.OutReserved = out[name]+1, out[name]+1
			b.Sessions = append(b.Sessions, *x)
		}
		return s.Commit(b)
	}
	err = s.Commit(perp.Batch{Entries: w.first, Time: w.now})
	for n := 0; err == nil && n < storedWarm; n += orders {
		err = batch()
	}
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return batch, s.Close, nil
}

// cost is the time of one command in ns and its allocations: medians over chunks,
// so that a chunk in which the machine did something else does not count. What
// comes between chunks is not measured.
func (w *World) cost(ctx context.Context, make func(int) []perp.Command, chunks, chunk int) (ns, allocs float64, err error) {
	var times, counts []float64
	var before, after runtime.MemStats
	for range chunks {
		if ctx.Err() != nil {
			return 0, 0, ctx.Err()
		}
		commands := make(chunk)
		runtime.ReadMemStats(&before)
		start := time.Now()
		w.Apply(commands)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		times = append(times, float64(took.Nanoseconds())/float64(chunk))
		counts = append(counts, float64(after.Mallocs-before.Mallocs)/float64(chunk))
		w.Settle()
	}
	return median(times), median(counts), nil
}

// core is P4: the engine without anything around it.
func (r *run) core(ctx context.Context) ([]Result, error) {
	w, _, err := newWorld(r.Setup, venue{accounts: 8, markets: 10, known: true}, worldAge)
	if err != nil {
		return nil, err
	}
	if err := w.Warm(ctx); err != nil {
		return nil, err
	}
	chunks := pick(r, 10, 100)
	orderNS, orderAllocs, err1 := w.cost(ctx, w.Orders, chunks, betweenSettles)
	tickNS, tickAllocs, err2 := w.cost(ctx, w.Ticks, chunks, 2_000)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return []Result{
		measured("P4", "market order, 10 markets", orderNS, "ns").atMost(3_000),
		measured("P4", "market order, allocations", orderAllocs, "allocs").atMost(0),
		measured("P4", "oracle tick, 10 markets", tickNS, "ns").atMost(2_000),
		measured("P4", "oracle tick, allocations", tickAllocs, "allocs").atMost(0),
	}, nil
}
