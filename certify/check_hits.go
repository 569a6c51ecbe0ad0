package certify

import (
	"math/big"
	"strings"
	"time"
)

// hits is C18. The quoted price is that of the quote, or what the order says of it
// where the log has no quote; last look does not make a worse one of it, whatever
// else it decides.
type hits struct {
	orders *book
	quotes map[string]top // by QuoteID
	kept   []string
}

func newHits() *hits {
	return &hits{orders: newBook(func(o *order) bool { return o.get(40) == "D" }), quotes: map[string]top{}}
}

func (a *hits) see(e *Entry, n *notes) {
	if !e.FromClient {
		a.quote(e)
	}
	o := a.orders.see(e)
	if o == nil || e.FromClient || e.Kind != "8" || e.get(150) != "F" {
		return
	}
	if !o.accepted {
		n.fault(e, "filled before it was accepted")
	}
	price, quoted := number(e.get(31)), a.quoted(o)
	if price == nil || quoted == nil {
		return // It says nothing of the price.
	}
	if c := price.Cmp(quoted); o.get(54) == "1" && c > 0 || o.get(54) == "2" && c < 0 {
		n.fault(e, "filled at %s, quoted was %s", e.get(31), text(quoted))
	}
	n.meet(needHit, e)
}

// quoted is the price that an order deals on; nil if nothing says it.
func (a *hits) quoted(o *order) *big.Rat {
	q := a.quotes[o.get(117)]
	price := q.offer
	if o.get(54) == "2" {
		price = q.bid
	}
	if price == nil {
		price = number(o.get(44))
	}
	return price
}

// quote keeps what can be dealt on. In W and X an entry begins with 269 and its
// price stands before its 299; in i it begins with 299.
func (a *hits) quote(e *Entry) {
	switch e.Kind {
	case "S":
		a.keep(e.get(117), top{number(e.get(132)), number(e.get(133))})
	case "W", "X":
		var kind string
		var price *big.Rat
		for _, f := range e.Fields {
			tag, v, _ := strings.Cut(f, "=")
			switch tag {
			case "269":
				kind, price = v, nil
			case "270":
				price = number(v)
			case "299":
				if kind == "0" {
					a.keep(v, top{bid: price})
				} else {
					a.keep(v, top{offer: price})
				}
			}
		}
	case "i":
		var id string
		for _, f := range e.Fields {
			tag, v, _ := strings.Cut(f, "=")
			switch tag {
			case "299":
				id = v
			case "132":
				a.keep(id, top{bid: number(v)})
			case "133":
				a.keep(id, top{offer: number(v)})
			}
		}
	}
}

// keep adds what is said of a quote to what was: its end, in X, says no price.
func (a *hits) keep(id string, said top) {
	q, known := a.quotes[id]
	if !known {
		a.kept = append(a.kept, id)
	}
	if said.bid != nil {
		q.bid = said.bid
	}
	if said.offer != nil {
		q.offer = said.offer
	}
	a.quotes[id] = q
	if len(a.kept) > quotesKept {
		delete(a.quotes, a.kept[0])
		a.kept = a.kept[1:]
	}
}

func (a *hits) end(time.Time, *notes) {}
