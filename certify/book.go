package certify

import (
	"math/big"
	"slices"
	"strconv"
)

// order is an order as the messages of both sides tell it.
type order struct {
	fields        Fields // of the D
	sent          *Entry
	accepted      bool
	held          bool
	ended         bool
	status        string   // the latest 39
	cum, size     *big.Rat // CumQty and OrderQty as last told
	freed         *big.Rat // of fills that were busted and are not worked again
	fills         int
	triggered     bool
	told          *Entry // the latest report
	contradiction string
}

func (o *order) get(tag int) string { return o.fields.Get(tag) }

// book follows the orders of a client by ClOrdID, and by what replaces it. Reports
// that come a second time, by ExecID, are passed over.
type book struct {
	wants  func(*order) bool
	orders map[string]*order
	execs  map[string]bool
	again  *order // an order whose ClOrdID was used before
}

func newBook(wants func(*order) bool) *book {
	return &book{wants: wants, orders: map[string]*order{}, execs: map[string]bool{}}
}

// ends are states of an order after which nothing more fills.
var ends = []string{"2", "4", "8", "C"}

// see returns the order that a message is about, or nil.
func (b *book) see(e *Entry) *order {
	b.again = nil
	switch {
	case e.FromClient && e.Kind == "D":
		id := e.get(11)
		o := &order{fields: e.Fields, sent: e, cum: new(big.Rat), freed: new(big.Rat), size: number(e.get(38))}
		if !b.wants(o) {
			return nil
		}
		if old := b.orders[id]; old != nil {
			b.again = old
			return nil
		}
		b.orders[id] = o
		return o
	case e.FromClient || e.Kind != "8" || e.get(150) == "I":
		return nil
	}
	if b.execs[e.get(17)] {
		return nil
	}
	o := b.orders[e.get(11)]
	if o == nil {
		o = b.orders[e.get(41)]
	}
	if o == nil {
		return nil
	}
	b.execs[e.get(17)] = true
	if e.get(150) == "8" && e.get(103) == "6" {
		return nil // About a second one with the same id, not about the order.
	}
	b.report(o, e)
	if e.get(150) == "5" {
		b.orders[e.get(11)] = o
	}
	return o
}

// told is see for the reports of the gateway alone. One that contradicts what was
// said before is a fault, and nothing else is made of it.
func (b *book) told(e *Entry, n *notes) *order {
	o := b.see(e)
	if o == nil || e.FromClient {
		return nil
	}
	if o.contradiction != "" {
		n.fault(e, "%s", o.contradiction)
		return nil
	}
	return o
}

func (b *book) report(o *order, e *Entry) {
	o.told, o.contradiction = e, ""
	switch e.get(150) {
	case "A":
		o.held = true
	case "0":
		o.accepted = true
	case "F":
		o.fills++
		if last := number(e.get(32)); last != nil {
			o.cum = new(big.Rat).Add(o.cum, last)
		}
	case "H":
		if last := number(e.get(32)); last != nil {
			o.cum = new(big.Rat).Sub(o.cum, last)
		}
	case "5": // It asks for the whole size anew.
		o.freed = new(big.Rat)
	}
	if e.get(636) == "Y" || e.get(150) == "L" {
		o.triggered = true
	}
	o.status = e.get(39)
	if o.ended && e.get(150) != "H" && e.get(150) != "G" {
		o.contradiction = "reported as " + fieldText(150, e.get(150)) + " after its end"
	}
	o.ended = (o.ended && e.get(150) != "H") || slices.Contains(ends, o.status)
	if size := number(e.get(38)); size != nil {
		o.size = size
	}
	if e.get(150) == "H" {
		o.free(e)
	}
	b.add(o, e)
}

// free notes what a busted fill leaves free: LeavesQty says whether it is worked
// again, which is for the gateway to say.
func (o *order) free(e *Entry) {
	leaves := number(e.get(151))
	if leaves == nil || o.size == nil || o.ended {
		return
	}
	if free := new(big.Rat).Sub(new(big.Rat).Sub(o.size, o.cum), leaves); free.Sign() >= 0 {
		o.freed = free
	}
}

// add checks the sums of a report: CumQty is what was filled, LeavesQty what is
// left, nothing once it has ended.
func (b *book) add(o *order, e *Entry) {
	cum, leaves := number(e.get(14)), number(e.get(151))
	if cum == nil || leaves == nil || o.size == nil || o.contradiction != "" {
		return
	}
	left := new(big.Rat).Sub(new(big.Rat).Sub(o.size, o.cum), o.freed)
	switch {
	case cum.Cmp(o.cum) != 0:
		o.contradiction = "CumQty(14) is " + e.get(14) + ", but the fills add up to " + text(o.cum)
	case o.ended && leaves.Sign() != 0:
		o.contradiction = "LeavesQty(151) is " + e.get(151) + " of an order that has ended"
	case !o.ended && leaves.Cmp(left) != 0:
		o.contradiction = "LeavesQty(151) is " + e.get(151) + ", want " + text(left)
	}
}

// number reads a decimal; nil if it is none.
func number(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil
	}
	return r
}

// text shows a number with as many decimals as it has, nine at most.
func text(r *big.Rat) string {
	for digits := range 10 {
		s := r.FloatString(digits)
		if number(s).Cmp(r) == 0 {
			return s
		}
	}
	return r.FloatString(9)
}

func fieldKey(tag int, value string) string { return strconv.Itoa(tag) + "=" + value }
