package acceptance

import (
	"strings"

	"github.com/shopspring/decimal"
)

// promised is what the reports have said of one order.
type promised struct {
	first, latest, former string // ClOrdIDs
	status                string // 39 of the last report; empty before the first
	tries, refused        int    // D with its id; how many of them were refused
	accepted              int
	triggered             bool
	cum, paid             decimal.Decimal
	freed                 decimal.Decimal // busted, and not worked again
}

// nextStatus says which 39 may follow which.
var nextStatus = map[string]string{"": "A08", "A": "08", "0": "0124C", "1": "124C"}

// statusOf says which 39 an ExecType may come with.
var statusOf = map[string]string{"A": "A", "0": "0", "8": "8", "4": "4", "C": "C", "5": "012", "D": "01", "L": "01", "F": "12", "H": "014C"}

// bustedStatus says which 39 the bust of a fill leaves behind which.
var bustedStatus = map[string]string{"1": "01", "2": "01", "4": "4", "C": "C"}

// execType is 150 as FIX 4.4 has it.
func (p *Promises) execType(f Fields) string {
	switch e := f.Get(150); {
	case f.Get(20) == "3":
		return "I"
	case f.Get(20) == "1":
		return "H"
	case p.Old && (e == "1" || e == "2"):
		return "F"
	default:
		return e
	}
}

// report takes 8.
func (p *Promises) report(f Fields) {
	exec, id := p.execType(f), f.Get(11)
	p.Heard["150="+exec]++
	said := exec + " " + f.Get(37) + " " + f.Get(14)
	if old, fresh := p.Execs.first(f.Get(17), said); !fresh {
		p.broken(ExecOnce, "it said %q before: %s", old, f)
	}
	if exec == "I" {
		p.counted(f, false)
		p.stateTold(f)
		return
	}
	p.counted(f, true)
	if id == "" {
		p.houseOrder(exec, f)
		return
	}
	o := p.orders[id]
	if o == nil {
		p.broken(OneAnswer, "no order of ours: %s", f)
		return
	}
	if exec == "8" && f.Get(103) == "6" {
		if p.find("again "+id) != nil {
			p.same(o, f)
			p.answered("again "+id, f)
			return
		}
		p.broken(Executes, "a first use is called a repetition: %s", f)
	}
	if o.status == "8" && o.refused < o.tries {
		// A refused order leaves its id free.
		*o = promised{first: o.first, latest: o.first, tries: o.tries, refused: o.refused}
	}
	p.answers(o, exec, id, f)
	p.step(o, exec, f)
	p.quantities(o, exec, f)
}

// answers closes the request that a report answers, and follows the ids of an order.
func (p *Promises) answers(o *promised, exec, id string, f Fields) {
	switch {
	case exec == "0" || exec == "8":
		key := "D " + id
		if p.find(key) == nil && p.find("again "+id) != nil {
			key = "again " + id // The first was refused, and left the id free.
		}
		p.answered(key, f)
	case exec == "5":
		p.answered("change "+id, f)
		p.chained(o.latest, f)
		o.former, o.latest = o.latest, id
		return
	case exec == "4" && id != o.latest && p.find("change "+id) != nil:
		p.answered("change "+id, f)
		p.chained(o.latest, f)
		return
	}
	if id != o.latest {
		p.broken(Chain, "the latest id is %s: %s", o.latest, f)
	}
	if f.Get(41) != "" {
		p.chained(o.former, f)
	}
	if exec == "4" && token(f) == "MASS_CANCEL" {
		p.swept++
	}
}

func (p *Promises) chained(want string, f Fields) {
	if f.Get(41) != want {
		p.broken(Chain, "41 should be %q: %s", want, f)
	}
}

// step follows the states of an order.
func (p *Promises) step(o *promised, exec string, f Fields) {
	to := f.Get(39)
	switch {
	case statusOf[exec] == "" || !strings.Contains(statusOf[exec], to):
		p.broken(FinalState, "39 does not fit 150: %s", f)
	case exec == "F" && o.accepted == 0:
		p.broken(NewFirst, "%s", f)
		o.accepted++ // Said once; the fill answers the request.
		if key := "D " + o.first; p.find(key) != nil {
			p.answered(key, f)
		}
	case exec == "H":
		if bustedStatus[o.status] == "" || !strings.Contains(bustedStatus[o.status], to) {
			p.broken(FinalState, "a bust when it was %s: %s", o.status, f)
		}
	case nextStatus[o.status] == "" || !strings.Contains(nextStatus[o.status], to):
		p.broken(FinalState, "it was %s: %s", o.status, f)
	}
	switch exec {
	case "0":
		if o.accepted++; o.accepted > 1 {
			p.broken(Executes, "accepted twice: %s", f)
		}
	case "8":
		o.refused++
	case "D", "L":
		if o.triggered {
			p.broken(FinalState, "set off twice: %s", f)
		}
		o.triggered = true
	}
	o.status = to
	if strings.Contains("248C", to) {
		delete(p.working, o)
	} else {
		p.working[o] = true
	}
}

// quantities adds up an order.
func (p *Promises) quantities(o *promised, exec string, f Fields) {
	cum, leaves, size := dec(f.Get(14)), dec(f.Get(151)), dec(f.Get(38))
	switch exec {
	case "F":
		p.dealt(o, f)
	case "H":
		p.busted(o, f)
	case "5":
		o.freed = decimal.Zero // It asks for the whole size.
	}
	if exec == "8" {
		if !cum.IsZero() || !leaves.IsZero() {
			p.broken(Sums, "refused with a quantity: %s", f)
		}
		return
	}
	if !cum.Equal(o.cum) {
		p.broken(Sums, "14 is not the sum of 32 (%s): %s", o.cum, f)
	}
	// AvgPx is rounded to 1e-6, so the product is off by half a unit at most.
	if d := dec(f.Get(6)).Mul(cum).Sub(o.paid).Abs(); d.GreaterThan(decimal.New(5, -7).Mul(cum)) {
		p.broken(Sums, "6 x 14 is off by %s: %s", d, f)
	}
	switch f.Get(39) {
	case "2", "4", "C":
		if !leaves.IsZero() {
			p.broken(Sums, "151 at the end: %s", f)
		}
	default:
		if !size.Equal(cum.Add(leaves).Add(o.freed)) {
			p.broken(Sums, "38 is not 14 + 151, and %s that was busted: %s", o.freed, f)
		}
	}
	full, begun := cum.GreaterThanOrEqual(size), cum.IsPositive()
	if s := f.Get(39); s == "2" && !full || s == "1" && (full || !begun) || (s == "0" || s == "A") && begun {
		p.broken(Sums, "39 does not fit 14: %s", f)
	}
}

// dealt takes a fill of any order of the account.
func (p *Promises) dealt(o *promised, f Fields) {
	size, price := dec(f.Get(32)), dec(f.Get(31))
	if !size.IsPositive() || !price.IsPositive() {
		p.broken(Sums, "a fill of nothing: %s", f)
	}
	limit := dec(f.Get(44))
	if buys := f.Get(54) == "1"; limit.IsPositive() && (buys && price.GreaterThan(limit) || !buys && price.LessThan(limit)) {
		p.broken(Sums, "worse than its limit: %s", f)
	}
	if p.VAMM1 {
		p.decided(f)
	}
	o.cum, o.paid = o.cum.Add(size), o.paid.Add(size.Mul(price))
	if f.Get(54) == "2" {
		size = size.Neg()
	}
	p.Position = p.Position.Add(size)
	fee := dec(f.Get(12))
	for _, v := range f.All(137) {
		fee = fee.Add(dec(v))
	}
	// A fee that cash does not cover is owed as a claim.
	paid := decimal.Min(fee, decimal.Max(decimal.Zero, p.Cash))
	p.Cash = p.Cash.Sub(paid)
	if p.fills == nil {
		p.fills = map[string]dealtFill{}
	}
	p.fills[f.Get(17)] = dealtFill{o, size, dec(f.Get(31)), fee, paid}
}

// dealtFill is a fill that stands: its size with the sign of a position.
type dealtFill struct {
	of                     *promised
	size, price, fee, paid decimal.Decimal
}

// busted takes a fill of the account back. It has to be one of that order, which was
// not taken back before, and to be named as it was told.
func (p *Promises) busted(o *promised, f Fields) {
	was, stands := p.fills[f.Get(19)]
	fee := dec(f.Get(12)).Add(dec(f.Get(137)))
	if !stands || was.of != o {
		p.broken(Sums, "a bust of no fill that stands: %s", f)
		was = dealtFill{o, dec(f.Get(32)), dec(f.Get(31)), fee.Neg(), fee.Neg()} // As it says, so that what follows is judged.
		if f.Get(54) == "2" {
			was.size = was.size.Neg()
		}
	}
	delete(p.fills, f.Get(19))
	if size := was.size.Abs(); !size.Equal(dec(f.Get(32))) || !was.price.Equal(dec(f.Get(31))) || !fee.Equal(was.fee.Neg()) {
		p.broken(Sums, "a bust of %s at %s, fee %s, told as: %s", size, was.price, was.fee, f)
	}
	o.cum, o.paid = o.cum.Sub(was.size.Abs()), o.paid.Sub(was.size.Abs().Mul(was.price))
	o.freed = o.freed.Add(was.size.Abs())
	p.Position, p.Cash = p.Position.Sub(was.size), p.Cash.Add(was.paid)
}

// decided holds what a fill says in VAMM1 of the price that it was decided with
// against what else it says of it.
func (p *Promises) decided(f Fields) {
	oracle, status := dec(f.Get(22010)), f.Get(22013)
	if !oracle.IsPositive() || f.Get(22011) == "" || dec(f.Get(22012)).IsNegative() || !dec(f.Get(22015)).Equal(oracle) ||
		status == "" || !strings.Contains("0123", status) {
		p.broken(Sums, "a fill without the price that it was decided with: %s", f)
	}
	if after := f.Get(22045); after != "" && !dec(after).Equal(oracle) {
		p.broken(Sums, "looked at with another price: %s", f)
	}
}

// houseOrder takes the report of an order that the gateway made.
func (p *Promises) houseOrder(exec string, f Fields) {
	id := f.Get(37)
	if word := token(f); word != "LIQUIDATION" && word != "DELEVERAGED" {
		p.broken(OneAnswer, "an order of nobody: %s", f)
	}
	p.Heard["liquidation"]++
	o := p.house[id]
	if o == nil {
		// It begins with whatever is said first: nobody asked for it.
		o = &promised{first: id, latest: id, accepted: 1, status: "0"}
		p.house[id] = o
	}
	if exec == "F" {
		p.step(o, exec, f)
		p.quantities(o, exec, f)
	}
	delete(p.working, o) // Its end is not promised to anybody.
}

// stateTold takes 150=I, the answer to H, AF, or a D that repeats its ClOrdID.
func (p *Promises) stateTold(f Fields) {
	id := f.Get(11)
	o := p.orders[id]
	if o != nil && f.Get(37) != none {
		p.same(o, f)
	}
	switch {
	case f.Get(584) != "":
		p.massReport(f)
	case f.Get(790) != "":
		p.answered("H "+f.Get(790), f)
	case p.find("H of "+p.first(id)) != nil:
		p.answered("H of "+p.first(id), f)
	case o != nil:
		p.answered("again "+o.first, f)
	default:
		p.answered("again "+id, f)
	}
}

// massReport takes one report of a mass status: they are as many as each says.
func (p *Promises) massReport(f Fields) {
	key := "AF " + f.Get(584)
	a := p.find(key)
	if a == nil {
		p.broken(OneAnswer, "no open request (%s) for %s", key, f)
		return
	}
	a.heard++
	if f.Get(912) != "Y" {
		return
	}
	if total := number(f, 911); total != a.heard && (total != 0 || a.heard != 1) {
		p.broken(OneAnswer, "a mass status of %d reports says: %s", a.heard, f)
	}
	p.answered(key, f)
}

// same compares the state that an answer tells with the last report's. What a stop
// let go may be held, of which there is no report.
func (p *Promises) same(o *promised, f Fields) {
	held := o.triggered && o.status == "0" && f.Get(39) == "A"
	if o.status != "" && f.Get(39) != o.status && !held {
		p.broken(FinalState, "an answer that differs from the last report (%s): %s", o.status, f)
	}
	if f.Get(35) == "8" && !dec(f.Get(14)).Equal(o.cum) {
		p.broken(Sums, "an answer with another 14 than the reports (%s): %s", o.cum, f)
	}
}

// notChanged takes 9.
func (p *Promises) notChanged(f Fields) {
	if o := p.orders[f.Get(41)]; o != nil && f.Get(37) != none {
		p.same(o, f)
		if strings.Contains("A248C", f.Get(39)) && f.Get(102) != "0" && f.Get(102) != "6" && !p.Old {
			p.broken(SameReason, "too late, and told as something else: %s", f)
		}
	}
	p.answered("change "+f.Get(11), f)
}

// massCanceled takes r: it counts the reports that came before it.
func (p *Promises) massCanceled(f Fields) {
	if f.Get(531) != "0" && number(f, 533) != p.swept {
		p.broken(OneAnswer, "%d orders ended, and r says: %s", p.swept, f)
	}
	p.swept = 0
	p.answered("q "+f.Get(11), f)
}
