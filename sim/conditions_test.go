package sim_test

import (
	"strings"
	"testing"

	"backstop/perp"
	"backstop/sim"
)

// ask makes something of an order of the money world: two of three stay plain.
func (w *moneyWorld) ask(o *perp.PlaceOrder, rest int) {
	tick := perp.PriceOne / 100
	around := func(permille int) perp.Price { return w.price[o.Symbol] * perp.Price(permille) / 1_000 / tick * tick }
	switch rest % 21 {
	case 1, 2:
		o.Reduce = perp.Reducing
	case 3:
		o.Reduce = perp.Closing
	case 4:
		o.Type, o.TIF, o.Price, o.Stop = perp.Stop, perp.GTC, 0, around(980+rest%41)
		o.Reduce = perp.Reduction(rest / 21 % 2)
	case 6:
		o.Type, o.TIF, o.Stop = perp.StopLimit, perp.GTD, around(980+rest%41)
		o.Price, o.Expires = o.Stop+perp.Price(o.Side.Sign())*tick*20, w.now+perp.Time(rest)*50*perp.Millisecond
	case 7, 8:
		o.Type, o.TIF, o.Price, o.PostOnly = perp.Limit, perp.GTC, around(1_000-int(o.Side.Sign())*10), true
		o.Reduce = perp.Reduction(rest / 21 % 2)
	case 9, 10:
		o.Type, o.TIF, o.Price, o.Reduce = perp.Limit, perp.GTC, around(990+rest%21), perp.Reducing
	case 11:
		o.Type, o.TIF, o.Price, o.Expires = perp.Limit, perp.GTD, around(990+rest%21), w.now+perp.Time(rest)*20*perp.Millisecond
	case 12:
		o.MinSize = o.Size / 2 / (perp.SizeOne / 10) * (perp.SizeOne / 10)
	}
}

// TestPromisesCatch bends events, one way each; every bend must be noticed.
func TestPromisesCatch(t *testing.T) {
	order := func(change func(*perp.Order)) perp.Order {
		o := perp.Order{OrderID: "O-1", Account: "ann", Symbol: "AAA-PERP", Side: perp.Sell, Type: perp.Limit, TIF: perp.GTC, Size: 10, Cum: 4, Updated: 5}
		change(&o)
		return o
	}
	long := perp.PositionChanged{Account: "ann", Symbol: "AAA-PERP", Size: 3}
	fill := func(size perp.Size, l perp.Liquidity, change func(*perp.Order)) perp.Event {
		return perp.Filled{Order: order(change), Size: size, Liquidity: l}
	}
	ended := func(why perp.CancelReason, clipped perp.Size, change func(*perp.Order)) perp.Event {
		return perp.OrderCanceled{Order: order(change), Reason: why, Clipped: clipped}
	}
	reducing := func(o *perp.Order) { o.Reduce = perp.Reducing }
	stop := func(o *perp.Order) { o.Type, o.Stop, o.Triggered = perp.Stop, 100, true }
	timed := func(o *perp.Order) { o.TIF, o.Expires = perp.GTD, 5 }
	least := func(o *perp.Order) { o.MinSize = 5 }
	for _, c := range []struct {
		name, want string
		events     []perp.Event
	}{
		{"closes what is there", "", []perp.Event{long, fill(3, perp.Added, reducing)}},
		{"turns it around", "to close", []perp.Event{long, fill(4, perp.Added, reducing)}},
		{"opens one", "to close", []perp.Event{fill(1, perp.Added, reducing)}},
		{"clips with something left", "clipped", []perp.Event{long, ended(perp.ReduceOnlyCancel, 6, reducing)}},
		{"clips another size", "clipped", []perp.Event{ended(perp.ReduceOnlyCancel, 5, reducing)}},
		{"clips a plain order", "clipped", []perp.Event{ended(perp.ReduceOnlyCancel, 6, func(*perp.Order) {})}},
		{"takes although post-only", "post-only", []perp.Event{fill(1, perp.Removed, func(o *perp.Order) { o.PostOnly = true })}},
		{"deals too late", "its time was over", []perp.Event{fill(1, perp.Added, timed)}},
		{"ends too early", "its time is not over", []perp.Event{ended(perp.ExpiredCancel, 0, func(o *perp.Order) { o.TIF, o.Expires = perp.GTD, 6 })}},
		{"deals before it is set off", "not set off", []perp.Event{fill(1, perp.Removed, stop)}},
		{"is set off too early", "set off", []perp.Event{perp.OrderTriggered{Order: order(stop), Price: 101}}},
		{"is set off twice", "set off", []perp.Event{perp.OrderTriggered{Order: order(stop), Price: 99}, perp.OrderTriggered{Order: order(stop), Price: 99}}},
		{"lacks margin without being set off", "not set off", []perp.Event{ended(perp.TriggerCancel, 0, stop)}},
		{"deals less than its minimum", "its minimum", []perp.Event{fill(4, perp.Added, least)}},
		{"deals its minimum in two", "", []perp.Event{fill(2, perp.Added, least), fill(3, perp.Added, least)}},
	} {
		err := sim.NewPromises().Follow(c.events)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
