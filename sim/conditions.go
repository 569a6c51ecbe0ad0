package sim

import (
	"fmt"

	"backstop/perp"
)

// Promises follows, from events alone, what orders asked for beyond their terms,
// and says what was not kept. It is deliberately naive: it knows positions and
// orders, and nothing of how an order is cut to them.
type Promises struct {
	size  map[[2]string]perp.Size // by account and market
	fired map[string]bool         // stop orders that were set off
	Kept  map[string]int          // how often each promise was put to the test
}

// NewPromises returns the promises of a world that has just begun.
func NewPromises() *Promises {
	return &Promises{size: map[[2]string]perp.Size{}, fired: map[string]bool{}, Kept: map[string]int{}}
}

// Follow takes in the events of one command.
func (p *Promises) Follow(events []perp.Event) error {
	dealt, left := map[string]perp.Size{}, map[string]perp.Order{}
	for _, ev := range events {
		var err error
		switch ev := ev.(type) {
		case perp.PositionChanged:
			p.size[[2]string{ev.Account, ev.Symbol}] = ev.Size
		case perp.OrderTriggered:
			err = p.triggered(ev)
		case perp.OrderCanceled:
			err = p.canceled(ev)
		case perp.Filled:
			id := ev.Order.OrderID
			if dealt[id] == 0 {
				left[id] = ev.Order
				before := left[id]
				before.Cum -= ev.Size
				left[id] = before
			}
			dealt[id] += ev.Size
			err = p.filled(ev)
		}
		if err != nil {
			return fmt.Errorf("%s %+v: %w", ev.Kind(), ev, err)
		}
	}
	for id, size := range dealt {
		if o := left[id]; o.MinSize > 0 && o.Reduce == 0 {
			p.Kept["minimum"]++
			if size < min(o.MinSize, o.Size-o.Cum-o.Freed) {
				return fmt.Errorf("%s deals %s at a time, its minimum is %s", id, size, o.MinSize)
			}
		}
	}
	return nil
}

// closes is what an order could close of the position as it is.
func (p *Promises) closes(o perp.Order) perp.Size {
	size := p.size[[2]string{o.Account, o.Symbol}]
	if (size > 0) == (o.Side == perp.Buy) {
		return 0
	}
	return perp.Abs(size)
}

func (p *Promises) filled(ev perp.Filled) error {
	o := ev.Order
	if o.Reduce != 0 {
		p.Kept["reduce-only"]++
		if ev.Size > p.closes(o) {
			return fmt.Errorf("reduce-only, with %s to close", p.closes(o))
		}
	}
	if o.PostOnly {
		p.Kept["post-only"]++
		if ev.Liquidity != perp.Added {
			return fmt.Errorf("post-only, and took the offer")
		}
	}
	if o.TIF == perp.GTD {
		p.Kept["time"]++
		if o.Updated >= o.Expires {
			return fmt.Errorf("its time was over %d ns ago", o.Updated-o.Expires)
		}
	}
	if o.Type.Stops() {
		p.Kept["stop"]++
		if !o.Triggered || !p.fired[o.OrderID] {
			return fmt.Errorf("a stop that was not set off")
		}
	}
	return nil
}

func (p *Promises) triggered(ev perp.OrderTriggered) error {
	o := ev.Order
	away := (ev.Price - o.Stop) * perp.Price(o.Side.Sign())
	if p.fired[o.OrderID] || !o.Triggered || !o.Type.Stops() || away < 0 {
		return fmt.Errorf("set off at %s, twice: %v", ev.Price, p.fired[o.OrderID])
	}
	p.fired[o.OrderID] = true
	return nil
}

func (p *Promises) canceled(ev perp.OrderCanceled) error {
	o := ev.Order
	switch ev.Reason {
	case perp.ReduceOnlyCancel:
		p.Kept["clip"]++
		if ev.Clipped != o.Size-o.Cum-o.Freed || ev.Clipped <= 0 || p.closes(o) != 0 || o.Reduce == 0 {
			return fmt.Errorf("clipped %s with %s to close", ev.Clipped, p.closes(o))
		}
	case perp.ExpiredCancel:
		p.Kept["expiry"]++
		if o.TIF != perp.GTD || o.Updated < o.Expires {
			return fmt.Errorf("its time is not over")
		}
	case perp.TriggerCancel:
		p.Kept["margin at trigger"]++
		if !p.fired[o.OrderID] {
			return fmt.Errorf("it was not set off")
		}
	}
	return nil
}

// conditions makes what an order may ask for beyond its terms, sensible or not.
func (f *Flow) conditions(o *perp.PlaceOrder) {
	near := func() perp.Price {
		tick := steps[o.Symbol].Tick
		return (f.price[o.Symbol] + f.price[o.Symbol].Of(perp.Ratio(f.random.Int64N(8_001)-4_000), perp.Trunc)) / tick * tick
	}
	if o.Type.Stops() || f.chance(1) {
		o.Stop, o.Trigger = near(), perp.TriggerPrice(1+f.pick(3))
	}
	if o.Type == perp.StopLimit {
		o.Price = near()
	}
	if o.TIF == perp.GTD || f.chance(1) {
		o.Expires = f.now + perp.Time(f.random.Int64N(int64(10*perp.Second))) - 200*perp.Millisecond
	}
	o.PostOnly = f.chance(8)
	o.Reduce = []perp.Reduction{0, 0, 0, perp.Reducing, perp.Closing}[f.pick(5)]
	if f.chance(15) {
		o.MinSize = steps[o.Symbol].Lot * perp.Size(f.random.Int64N(300))
	}
	if o.Type == perp.Market && f.chance(30) {
		o.Slippage = perp.Ratio(1+f.pick(30)) * perp.BP
	}
	if f.chance(3) {
		o.MaxAge = perp.Time(f.pick(2)) * perp.Second
	}
}
