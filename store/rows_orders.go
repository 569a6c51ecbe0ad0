package store

import (
	"database/sql/driver"
	"fmt"

	"backstop/perp"

	"github.com/mattn/go-sqlite3"
)

// orders are the orders that a batch tells of, each once, as its last event left
// it. An order that comes and is filled in one batch is written once.
type orders struct {
	list []*pendingOrder // in the order in which they came
	byID map[string]*pendingOrder
}

// pendingOrder is an order that waits to be written.
type pendingOrder struct {
	perp.Order
	ended int64 // number of the command that ended it
	// comes: an event may be the first of it, so it must be looked for.
	comes bool
	// fresh: it must be new.
	fresh bool
	// changes: what is stored, if anything, has to follow. A refusal of a request
	// about a known order changes nothing.
	changes bool
}

func newOrders() orders { return orders{byID: map[string]*pendingOrder{}} }

func (p *orders) forget() {
	clear(p.list)
	p.list = p.list[:0]
	clear(p.byID)
}

func (p *orders) add(o perp.Order, seq int64) *pendingOrder {
	x := &pendingOrder{Order: o, ended: endedAt(o, seq)}
	p.list, p.byID[o.OrderID] = append(p.list, x), x
	return x
}

func (x *pendingOrder) set(o perp.Order, seq int64) {
	x.Order, x.ended, x.changes = o, endedAt(o, seq), true
}

// is tells whether a later event speaks of the same order. One of another account
// or client id with its number is an error.
func (x *pendingOrder) is(o perp.Order) error {
	if x.Account != o.Account || x.First != o.First {
		return fmt.Errorf("order %s belongs to %s %s: %w", o.OrderID, x.Account, x.First, errRow)
	}
	return nil
}

// accepted enters a new order, or brings one up to date that was held.
func (p *orders) accepted(o perp.Order, seq int64) error {
	x := p.byID[o.OrderID]
	if x == nil {
		x = p.add(o, seq)
	} else if err := x.is(o); err != nil {
		return err
	}
	x.set(o, seq)
	x.comes = true
	return nil
}

// held enters an order that is decided later.
func (p *orders) held(o perp.Order, seq int64) error {
	if p.byID[o.OrderID] != nil {
		return fmt.Errorf("order %s is held when it is there: %w", o.OrderID, errRow)
	}
	x := p.add(o, seq)
	x.comes, x.fresh, x.changes = true, true, true
	return nil
}

// rejected enters an order that was refused. A refusal names no order, a new one,
// or one that is there already: that stays as it is unless it was held, or is
// refused again with the same words.
func (p *orders) rejected(o perp.Order, seq int64) error {
	if o.OrderID == "" {
		return nil
	}
	x := p.byID[o.OrderID]
	if x == nil {
		x = p.add(o, seq)
		x.comes = true
	} else if err := x.is(o); err != nil {
		return err
	}
	if o.Status == perp.Rejected {
		x.set(o, seq)
	}
	return nil
}

// changed brings an order up to date; it must be there.
func (p *orders) changed(o perp.Order, seq int64) {
	x := p.byID[o.OrderID]
	if x == nil {
		x = p.add(o, seq)
	}
	x.set(o, seq)
}

// endedAt is the number of the command that ended an order, 0 while it works.
func endedAt(o perp.Order, seq int64) int64 {
	if o.Status.Ended() {
		return seq
	}
	return 0
}

// writeOrders brings the orders that wait up to date, and makes rows of those
// that are new, with the client ids that they spend.
func (s *Store) writeOrders(conn *sqlite3.SQLiteConn) error {
	known, err := s.findOrders(conn)
	if err != nil {
		return err
	}
	for _, x := range s.rows.orders.list {
		there := !x.comes // What only changes must be there; setOrder tells.
		if first, found := known[x.OrderID]; found {
			there = true
			if err := (&pendingOrder{Order: first}).is(x.Order); err != nil {
				return err
			}
		}
		switch {
		case !there:
			s.newOrder(x)
		case x.changes:
			if err := s.one(conn, setOrder, x.ClOrdID, int64(x.Size), int64(x.Price), int64(x.Cum), int64(x.AvgPrice()),
				x.Status.String(), x.Reason, int64(x.Updated), x.ended, x.OrderID); err != nil {
				return fmt.Errorf("order %s: %w", x.OrderID, err)
			}
		}
	}
	s.rows.orders.forget()
	return nil
}

// findOrders returns account and first client id of those orders that may come
// now and are there already.
func (s *Store) findOrders(conn *sqlite3.SQLiteConn) (known map[string]perp.Order, err error) {
	find := &s.hot[findOrders]
	look := func() error {
		for len(find.args) < findMost {
			find.arg(nil)
		}
		return find.run(conn, func(row []driver.Value) error {
			var text [3]string
			for i, v := range row {
				t, ok := v.(string)
				if !ok {
					return fmt.Errorf("%v in an order: %w", v, ErrDamaged)
				}
				text[i] = t
			}
			if known == nil {
				known = map[string]perp.Order{}
			}
			known[text[0]] = perp.Order{OrderID: text[0], Account: text[1], First: text[2]}
			return nil
		})
	}
	for _, x := range s.rows.orders.list {
		if !x.comes || x.fresh {
			continue
		}
		if find.arg(x.OrderID); len(find.args) == findMost {
			err = look()
		}
		if err != nil {
			return nil, err
		}
	}
	if len(find.args) > 0 {
		err = look()
	}
	return known, err
}

// newOrder enters an order and spends its client id.
func (s *Store) newOrder(o *pendingOrder) {
	s.rows.add(orderRows, o.OrderID, o.ClOrdID, o.First, o.Session, o.Account, o.Symbol, o.Side.String(), o.Type.String(),
		o.TIF.String(), int64(o.Size), int64(o.Price), o.QuoteID, int64(o.Cum), int64(o.AvgPrice()), o.Status.String(), o.Reason,
		int64(o.Created), int64(o.Updated), o.ended)
	if o.First == "" { // The gateway's own orders, which liquidate, have no client id.
		return
	}
	s.rows.add(clientIDRows, o.Account, o.First, o.OrderID)
}
