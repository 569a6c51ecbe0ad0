package engine

import (
	"encoding/json"
	"fmt"

	"backstop/perp"
)

// bookState is how a book stands in the JSON of a snapshot.
type bookState struct {
	Working []*order // by account, then in order of creation
}

// MarshalJSON writes the orders that are in mind, except those that have ended,
// which are bulk.
func (b *book) MarshalJSON() ([]byte, error) {
	return json.Marshal(bookState{b.live()})
}

// UnmarshalJSON files the orders of a snapshot. An order in the wrong list is an
// error.
func (b *book) UnmarshalJSON(text []byte) error {
	var s bookState
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	*b = *newBook()
	for _, o := range s.Working {
		if o == nil || o.Ended > 0 {
			return fmt.Errorf("orders: one is missing or in the wrong list")
		}
		b.enter(o)
	}
	return nil
}

// forget drops the orders that ended longest ago, none that ended after a
// command, until few enough are left.
func (b *book) forget(through int64) {
	for len(b.ended)-b.first > b.kept && b.ended[b.first].Ended <= through {
		o := b.ended[b.first]
		b.ended[b.first] = nil
		b.first++
		delete(b.byID, o.OrderID)
		delete(b.byClient, clientKey{o.Account, o.First})
		for _, n := range append(o.Names, o.ClOrdID) {
			delete(b.byClient, clientKey{o.Account, n})
		}
	}
	if b.first > len(b.ended)/2 {
		b.ended, b.first = append([]*order(nil), b.ended[b.first:]...), 0
	}
}

// Overfull tells that more ended orders are in mind than should be: it is time
// for a ForgetOrders.
func (e *Engine) Overfull() bool {
	return len(e.state.Book.ended)-e.state.Book.first > endedMax
}

// forgetOrders drops ended orders. Whoever sends it has everything up to the
// command that it names in the store.
func (e *Engine) forgetOrders(c perp.ForgetOrders) {
	e.state.Forgot = true
	e.state.Book.forget(c.Through)
}

// recall brings an order back to mind, or another name of one that is there. One
// that has not ended was never forgotten, so it is a Fault.
func (e *Engine) recall(c perp.RecallOrder) {
	b := e.state.Book
	o := b.byID[c.Order.OrderID]
	if o == nil {
		o = &order{Order: c.Order}
		o.Wait = 0
		b.add(o, e.state.Seq)
		if o.Ended == 0 {
			panic(perp.Fault{What: "recall of " + o.OrderID + ", which is " + o.Status.String(), Args: []int64{e.state.Seq}})
		}
		c.Names = append(c.Names, o.ClOrdID)
	}
	for _, n := range c.Names {
		if key := (clientKey{o.Account, n}); n != "" && b.byClient[key] == nil {
			o.Names = append(o.Names, n)
			b.byClient[key] = o
		}
	}
}

// Forgotten returns the names in a command that are not in mind and may be those
// of a forgotten order: whoever has the store must look them up, and send a
// RecallOrder for what is found, before the command is applied.
func (e *Engine) Forgotten(c perp.Command) (refs []perp.OrderRef) {
	if !e.state.Forgot {
		return nil
	}
	switch c := c.(type) {
	case perp.PlaceOrder:
		return e.unknown(refs, c.Session, c.Account, c.ClOrdID)
	case perp.CancelOrder:
		return e.unknown(e.unknown(refs, c.Session, c.Account, c.ClOrdID), c.Session, c.Account, c.OrigClOrdID)
	case perp.ReplaceOrder:
		return e.unknown(e.unknown(refs, c.Session, c.Account, c.ClOrdID), c.Session, c.Account, c.OrigClOrdID)
	case perp.BustTrade:
		if h, at := e.dealtAs(c.TradeID); h != nil && e.state.Book.byID[h.at(at).OrderID] == nil {
			refs = append(refs, perp.OrderRef{OrderID: h.at(at).OrderID})
		}
		return refs
	case perp.ApproveChange:
		for _, p := range e.state.Proposals {
			if what, err := Decode(p.Command, p.Payload); p.ID == c.Proposal && err == nil {
				return e.Forgotten(what)
			}
		}
	case perp.RequestStatus:
		if c.OrderID != "" && e.state.Book.byID[c.OrderID] == nil {
			refs = append(refs, perp.OrderRef{OrderID: c.OrderID})
		}
		return e.unknown(refs, c.Session, c.Account, c.ClOrdID)
	}
	return nil
}

func (e *Engine) unknown(refs []perp.OrderRef, session, account, clOrdID string) []perp.OrderRef {
	account = e.ownAccount(session, account)
	if clOrdID == "" || account == "" || e.state.Book.find(account, clOrdID) != nil {
		return refs
	}
	return append(refs, perp.OrderRef{Account: account, ClOrdID: clOrdID})
}
