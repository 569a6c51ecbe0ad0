package engine

import (
	"maps"
	"slices"
	"strconv"

	"backstop/perp"
)

// order is an order with what the engine needs beyond what its client sees.
type order struct {
	perp.Order
	// Rank is its place in time priority: the number of the command that last
	// gave it a new price or a larger size.
	Rank int64
	// Names are the ids of accepted cancels and replaces of it, except those that
	// were given up with an earlier memory of the order.
	Names []string `json:",omitempty"`
	// Ended is the number of the command that ended it, or that brought it back
	// to mind; zero while it may still fill.
	Ended int64 `json:",omitempty"`
	// Bound is the worst price that an order without a limit may deal at; zero: any.
	Bound perp.Price `json:",omitempty"`
}

// repeats tells whether a request asks for this very order: as long as nothing
// replaced it, the order has the terms that it was asked for with. A quoted price
// may be stated or not.
func (o *order) repeats(r perp.PlaceOrder) bool {
	price := o.Price == r.Price || o.Type == perp.PreviouslyQuoted && r.Price == 0
	return o.ClOrdID == r.ClOrdID && o.First == r.ClOrdID && o.Symbol == r.Symbol && o.Side == r.Side && o.Type == r.Type &&
		o.TIF == r.TIF && o.Size == r.Size && price && o.QuoteID == r.QuoteID &&
		o.Conditions == r.Conditions
}

// clientKey names a client's request id within its account, for ever.
type clientKey struct{ account, clOrdID string }

// book keeps every order that may still fill, and of the others the last ones to
// end; what it has forgotten is brought back from what is stored before a request
// names it (RecallOrder). Only the orders are state; the indexes are made again.
type book struct {
	byID     map[string]*order
	byClient map[clientKey]*order
	working  map[string]*shelf // by account
	last     *shelf            // that was looked for
	ended    []*order          // in order of ending
	first    int               // of ended that is not forgotten
	kept     int               // endedKept, but for tests
}

// shelf is the orders of an account that may still fill, in order of creation. It
// stays where it is.
type shelf struct {
	account string
	orders  []*order
}

// shelf of an account, which it makes if there is none.
func (b *book) shelf(account string) *shelf {
	if s := b.last; s != nil && s.account == account {
		return s
	}
	s := b.working[account]
	if s == nil {
		s = &shelf{account: account}
		b.working[account] = s
	}
	b.last = s
	return s
}

// at returns the working orders of an account.
func (b *book) at(account string) []*order {
	if s := b.working[account]; s != nil {
		return s.orders
	}
	return nil
}

// endedKept is how many ended orders are kept in mind at least, endedMax how many
// there may be before the oldest should be forgotten.
const (
	endedKept = 2_048
	endedMax  = 2 * endedKept
)

func newBook() *book {
	return &book{byID: map[string]*order{}, byClient: map[clientKey]*order{}, working: map[string]*shelf{}, kept: endedKept}
}

// enter files an order under its ids.
func (b *book) enter(o *order) {
	b.byID[o.OrderID] = o
	if o.First != "" { // The gateway's own orders have none.
		b.byClient[clientKey{o.Account, o.First}] = o
	}
	for _, n := range o.Names {
		b.byClient[clientKey{o.Account, n}] = o
	}
	if o.Ended > 0 {
		b.ended = append(b.ended, o)
	} else {
		s := b.shelf(o.Account)
		s.orders = append(s.orders, o)
	}
}

// add keeps a new order; seq is the number of the present command.
func (b *book) add(o *order, seq int64) {
	if o.Status.Ended() {
		o.Ended = seq
	}
	b.enter(o)
}

// rename records that a cancel or replace took effect under a new ClOrdID.
func (b *book) rename(o *order, clOrdID string) {
	o.Names = append(o.Names, clOrdID)
	b.byClient[clientKey{o.Account, clOrdID}] = o
	o.ClOrdID = clOrdID
}

// find returns the order that a request id of an account belongs to, or nil.
func (b *book) find(account, clOrdID string) *order {
	return b.byClient[clientKey{account, clOrdID}]
}

// close takes an order that just reached a terminal state out of the working
// list of its account.
func (b *book) close(o *order, seq int64) {
	s := b.shelf(o.Account)
	if i := slices.Index(s.orders, o); i >= 0 {
		s.orders = slices.Delete(s.orders, i, i+1)
		o.Ended, o.Wait = seq, 0
		b.ended = append(b.ended, o)
	}
}

// change moves an ended order that is another now to the end of those that ended:
// what is stored of it is that only when the present command is durable.
func (b *book) change(o *order, seq int64) {
	if i := slices.Index(b.ended, o); i >= 0 {
		b.ended = append(slices.Delete(b.ended, i, i+1), o)
		o.Ended = seq
	}
}

// live returns the orders that may still fill, by account and then in order of
// creation.
func (b *book) live() (all []*order) {
	for _, account := range slices.Sorted(maps.Keys(b.working)) {
		all = append(all, b.working[account].orders...)
	}
	return all
}

// orderID and the others number what the engine makes; the counters are state.
func (e *Engine) orderID() string { e.state.Orders++; return e.orderIDs.of(e.state.Orders) }
func (e *Engine) execID() string  { e.state.Execs++; return e.execIDs.of(e.state.Execs) }
func (e *Engine) tradeID() string { e.state.Trades++; return e.tradeIDs.of(e.state.Trades) }
func (e *Engine) version() int64  { e.state.Versions++; return e.state.Versions }

// enumerate says how those numbers are written.
func (e *Engine) enumerate() {
	e.orderIDs, e.execIDs, e.tradeIDs = names{prefix: "O-"}, names{prefix: "E-"}, names{prefix: "T-"}
}

func id(prefix string, n int64) string {
	return string(strconv.AppendInt([]byte(prefix), n, 10))
}
