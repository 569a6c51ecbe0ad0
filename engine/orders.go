package engine

import (
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
	// Terms are those of the original request; a repeated request with the
	// same ones gets the current state, with others a refusal.
	Terms terms
	// Bound is the worst price that an order without a limit may deal at; zero: any.
	Bound perp.Price `json:",omitempty"`
}

// terms are what makes two requests of one ClOrdID the same order.
type terms struct {
	Symbol  string
	Side    perp.Side
	Type    perp.OrderType
	TIF     perp.TimeInForce
	Size    perp.Size
	Price   perp.Price
	QuoteID string
	perp.Conditions
}

func termsOf(o perp.PlaceOrder) terms {
	return terms{o.Symbol, o.Side, o.Type, o.TIF, o.Size, o.Price, o.QuoteID, o.Conditions}
}

// clientKey names a client's request id within its account, for ever.
type clientKey struct{ account, clOrdID string }

// book keeps every order ever made and finds it by any of its ids. Only the
// orders themselves are state; the indexes are rebuilt from them.
type book struct {
	Orders []*order
	// Used are the ids of accepted cancels and replaces with the order they
	// changed; the ids of new orders are in Orders.
	Used []usedID

	byID     map[string]*order
	byClient map[clientKey]*order
	working  map[string][]*order // by account, in order of creation
}

type usedID struct{ Account, ClOrdID, OrderID string }

func newBook() *book {
	b := &book{}
	b.index()
	return b
}

func (b *book) index() {
	b.byID = map[string]*order{}
	b.byClient = map[clientKey]*order{}
	b.working = map[string][]*order{}
	for _, o := range b.Orders {
		b.enter(o)
	}
	for _, u := range b.Used {
		b.byClient[clientKey{u.Account, u.ClOrdID}] = b.byID[u.OrderID]
	}
}

func (b *book) enter(o *order) {
	b.byID[o.OrderID] = o
	if o.First != "" { // The gateway's own orders have none.
		b.byClient[clientKey{o.Account, o.First}] = o
	}
	if o.Status.Working() || o.Status == perp.PendingNew {
		b.working[o.Account] = append(b.working[o.Account], o)
	}
}

// add keeps a new order.
func (b *book) add(o *order) {
	b.Orders = append(b.Orders, o)
	b.enter(o)
}

// rename records that a cancel or replace took effect under a new ClOrdID.
func (b *book) rename(o *order, clOrdID string) {
	b.Used = append(b.Used, usedID{o.Account, clOrdID, o.OrderID})
	b.byClient[clientKey{o.Account, clOrdID}] = o
	o.ClOrdID = clOrdID
}

// find returns the order that a request id of an account belongs to, or nil.
func (b *book) find(account, clOrdID string) *order {
	return b.byClient[clientKey{account, clOrdID}]
}

// close takes an order that just reached a terminal state out of the working
// list of its account.
func (b *book) close(o *order) {
	list := b.working[o.Account]
	if i := slices.Index(list, o); i >= 0 {
		b.working[o.Account] = slices.Delete(list, i, i+1)
	}
}

// orderID and the others number what the engine makes; the counters are state.
func (e *Engine) orderID() string { e.state.Orders++; return id("O-", e.state.Orders) }
func (e *Engine) execID() string  { e.state.Execs++; return id("E-", e.state.Execs) }
func (e *Engine) tradeID() string { e.state.Trades++; return id("T-", e.state.Trades) }
func (e *Engine) version() int64  { e.state.Versions++; return e.state.Versions }

func id(prefix string, n int64) string {
	return string(strconv.AppendInt([]byte(prefix), n, 10))
}
