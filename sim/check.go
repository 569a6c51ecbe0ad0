package sim

import (
	"fmt"
	"slices"

	"backstop/perp"
)

// Checker follows the events and says what does not hold. It knows nothing of
// the engine but what it says.
type Checker struct {
	balances  map[perp.LedgerAccount]perp.Money
	positions map[string]map[string]perp.Size // by symbol and account
	orders    map[string]perp.Order
	clients   map[[2]string]string // account and ClOrdID of accepted orders
	execs     map[string]bool
	states    map[string]perp.MarketState
	promises  *Promises
	halts     bool // fills of a closed market are somebody else's to count
}

// NewChecker returns a checker of a world that has just begun.
func NewChecker() *Checker {
	return &Checker{
		balances: map[perp.LedgerAccount]perp.Money{}, positions: map[string]map[string]perp.Size{},
		orders: map[string]perp.Order{}, clients: map[[2]string]string{}, execs: map[string]bool{}, states: map[string]perp.MarketState{},
		promises: NewPromises(),
	}
}

// After checks the events of one command.
func (c *Checker) After(cmd perp.Command, events []perp.Event) error {
	for _, ev := range events {
		if err := c.event(ev); err != nil {
			return fmt.Errorf("%s %+v: %w", ev.Kind(), ev, err)
		}
	}
	if err := c.promises.Follow(events); err != nil {
		return err
	}
	if slices.ContainsFunc(events, moves) {
		if err := c.sums(); err != nil {
			return err
		}
	}
	if want, asks := answersTo(cmd); asks {
		n := 0
		for _, ev := range events {
			if want(ev) {
				n++
			}
		}
		if n != 1 {
			return fmt.Errorf("%d terminal answers to %s", n, cmd.Kind())
		}
	}
	return nil
}

// moves tells whether an event changes balances or positions.
func moves(ev perp.Event) bool { return is[perp.Posted](ev) || is[perp.PositionChanged](ev) }

func (c *Checker) sums() error {
	var cash, claims perp.Money
	for a, b := range c.balances {
		if a.Name == perp.Claim {
			claims += b
			continue
		}
		cash += b
		if b < 0 && a.Owner != perp.Outside {
			return fmt.Errorf("%s of %s is %s", a, a.Owner, b)
		}
	}
	if cash != 0 || claims != 0 {
		return fmt.Errorf("cash sums to %s, claims to %s", cash, claims)
	}
	for symbol, of := range c.positions {
		var sum perp.Size
		for _, size := range of {
			sum += size
		}
		if sum != 0 {
			return fmt.Errorf("positions in %s sum to %s", symbol, sum)
		}
	}
	return nil
}

// answersTo tells which events are the terminal answer to a request.
func answersTo(cmd perp.Command) (func(perp.Event) bool, bool) {
	switch cmd := cmd.(type) {
	case perp.PlaceOrder:
		return func(ev perp.Event) bool {
			// Orders that were held answer with an empty origin, whatever let them go.
			switch ev := ev.(type) {
			case perp.OrderAccepted:
				return ev.Origin == cmd.Origin
			case perp.OrderRejected:
				return ev.Origin == cmd.Origin
			case perp.StatusReported:
				return ev.Origin == cmd.Origin
			case perp.OrderHeld: // The answer follows a tick.
				return ev.Origin == cmd.Origin
			}
			return false
		}, true
	case perp.CancelOrder:
		return func(ev perp.Event) bool {
			x, ended := ev.(perp.OrderCanceled)
			_, refused := ev.(perp.CancelRejected)
			return refused || ended && x.Origin == cmd.Origin
		}, true
	case perp.ReplaceOrder:
		return func(ev perp.Event) bool {
			_, done := ev.(perp.OrderReplaced)
			_, refused := ev.(perp.CancelRejected)
			return done || refused
		}, true
	case perp.RequestStatus:
		return is[perp.StatusReported], true
	case perp.CancelOrders:
		return is[perp.OrdersCanceled], true
	case perp.RequestOrders:
		return is[perp.OrdersReported], true
	case perp.RequestPositions:
		return is[perp.PositionsReported], true
	case perp.RequestQuote:
		return func(ev perp.Event) bool {
			s, streamed := ev.(perp.StreamQuoted) // Other streams may be told as well.
			return is[perp.QuoteIssued](ev) || is[perp.QuoteRefused](ev) || streamed && s.Origin == cmd.Origin
		}, true
	case perp.ProvideQuotes:
		return is[perp.QuotesProvided], true
	case perp.CancelQuotes, perp.DeclineQuote, perp.RequestQuoteStatus:
		return is[perp.QuoteStatusReported], true
	}
	return nil, false
}

func is[E perp.Event](ev perp.Event) bool { _, ok := ev.(E); return ok }

func (c *Checker) event(ev perp.Event) error {
	switch ev := ev.(type) {
	case perp.Posted:
		t := ev.Transfer
		if t.Amount <= 0 || t.Debit == t.Credit {
			return fmt.Errorf("not a transfer")
		}
		c.balances[t.Debit] -= t.Amount
		c.balances[t.Credit] += t.Amount
	case perp.PositionChanged:
		if c.positions[ev.Symbol] == nil {
			c.positions[ev.Symbol] = map[string]perp.Size{}
		}
		c.positions[ev.Symbol][ev.Account] = ev.Size
	case perp.StateChanged:
		c.states[ev.Symbol] = ev.To
	case perp.QuoteChanged:
		return quote(ev.Quote)
	case perp.ClassQuoted:
		return quote(ev.Quote)
	case perp.OrderHeld:
		return c.exec(ev.ExecID)
	case perp.OrderAccepted:
		key := [2]string{ev.Order.Account, ev.Order.First}
		if ev.Order.Liquidation || ev.Order.Provided { // The gateway's own; it has no ClOrdID.
			key = [2]string{ev.Order.Account, ev.Order.OrderID}
		}
		if was := c.clients[key]; was != "" {
			return fmt.Errorf("ClOrdID made %s before", was)
		}
		c.clients[key] = ev.Order.OrderID
		c.orders[ev.Order.OrderID] = ev.Order
		return c.exec(ev.ExecID)
	case perp.OrderRejected:
		return c.exec(ev.ExecID)
	case perp.StatusReported:
		return c.exec(ev.ExecID)
	case perp.Filled:
		return c.filled(ev)
	case perp.TradeBusted:
		return c.busted(ev)
	case perp.OrderCanceled:
		return c.moved(ev.ExecID, ev.Order, 0, perp.Canceled)
	case perp.OrderReplaced:
		return c.moved(ev.ExecID, ev.Order, 0, 0)
	case perp.OrderTriggered:
		return c.moved(ev.ExecID, ev.Order, 0, perp.New)
	case perp.OrdersReported:
		for _, id := range ev.Execs {
			if err := c.exec(id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Checker) exec(id string) error {
	if c.execs[id] {
		return fmt.Errorf("ExecID %s twice", id)
	}
	c.execs[id] = true
	return nil
}

func (c *Checker) filled(ev perp.Filled) error {
	if s := c.states[ev.Order.Symbol]; !c.halts && (s == perp.Halted || s == perp.Warming) {
		return fmt.Errorf("fill while the market is %s", s)
	}
	if ev.Size <= 0 || ev.Price <= 0 || ev.Fee < 0 {
		return fmt.Errorf("not a fill")
	}
	if o := ev.Order; o.Type != perp.Market && o.Type != perp.Stop && (ev.Price-o.Price)*perp.Price(o.Side.Sign()) > 0 {
		return fmt.Errorf("worse than the limit %s", o.Price)
	}
	return c.moved(ev.ExecID, ev.Order, ev.Size, 0)
}

// busted checks that an order goes on without what was dealt.
func (c *Checker) busted(ev perp.TradeBusted) error {
	old, known := c.orders[ev.Order.OrderID]
	if !known || ev.Order.Cum != old.Cum-ev.Size || ev.Order.Cum < 0 {
		return fmt.Errorf("cum %s after %s and a bust of %s", ev.Order.Cum, old.Cum, ev.Size)
	}
	c.orders[ev.Order.OrderID] = ev.Order
	return c.exec(ev.ExecID)
}

// moved checks that a known working order went on as it may.
func (c *Checker) moved(exec string, o perp.Order, by perp.Size, must perp.OrderStatus) error {
	old, known := c.orders[o.OrderID]
	switch {
	case !known:
		return fmt.Errorf("order was never accepted")
	case !old.Status.Working():
		return fmt.Errorf("order is %s already", old.Status)
	case o.Cum != old.Cum+by || o.Cum > o.Size:
		return fmt.Errorf("cum %s after %s and a fill of %s, size %s", o.Cum, old.Cum, by, o.Size)
	case must != 0 && o.Status != must:
		return fmt.Errorf("status %s, want %s", o.Status, must)
	case (o.Status == perp.FullyFilled) != (o.Cum == o.Size) && must == 0:
		return fmt.Errorf("status %s with cum %s of %s", o.Status, o.Cum, o.Size)
	}
	c.orders[o.OrderID] = o
	return c.exec(exec)
}

// quote checks that a quote is two prices around the oracle that its parts
// explain to the unit.
func quote(q perp.Quote) error {
	bid, hasBid := q.Best(perp.Sell)
	ask, hasAsk := q.Best(perp.Buy)
	if hasBid && bid.Price >= q.Oracle || hasAsk && ask.Price <= q.Oracle {
		return fmt.Errorf("bid %s, oracle %s, ask %s", bid.Price, q.Oracle, ask.Price)
	}
	for _, side := range []struct {
		has   bool
		price perp.Price
		parts []perp.Component
	}{{hasBid, bid.Price, q.BidParts}, {hasAsk, ask.Price, q.AskParts}} {
		var sum perp.Price
		for _, p := range side.parts {
			sum += p.Amount
		}
		if side.has && sum != side.price {
			return fmt.Errorf("parts add up to %s, price is %s", sum, side.price)
		}
	}
	return nil
}
