package acceptance

import (
	"strconv"
	"time"
)

// kind sends one of the orders that ask for more than size and price, or a
// request about many orders.
func (t *Trader) kind(n int, id, side string) error {
	limit := func(bps int64, tif string, further ...string) error {
		t.fresh(id, side)
		return t.place(id, side, t.size(), "2", t.away(side, bps), tif, "", t.Symbol, further...)
	}
	market := func(further ...string) error {
		t.fresh(id, side)
		return t.place(id, side, t.size(), "1", "", "3", "", t.Symbol, further...)
	}
	until := func(d time.Duration) string { return "126=" + time.Now().Add(d).UTC().Format("20060102-15:04:05.000") }
	switch n {
	case 0:
		return limit(int64(t.pick(12)-3), "1", "18=6")
	case 1:
		return limit(int64(5+t.pick(20)), "6", until(time.Duration(t.pick(500)-50)*time.Millisecond))
	case 2:
		return market("18=E")
	case 3:
		return market("77=C")
	case 4:
		return limit(int64(1+t.pick(10)), "1", "18=E")
	case 5:
		return market("110="+t.Lot.String(), "22081="+strconv.Itoa(1+t.pick(20)))
	case 6:
		return t.stop(id, side)
	case 7:
		return t.massStatus(id)
	case 8:
		if t.pick(3) > 0 { // Not so often that nothing lives to be filled.
			return t.stop(id, side)
		}
		return t.massCancel(id)
	}
	return limit(20, "6") // Without the time that it needs.
}

// stop places a stop order close to the market, some with a limit.
func (t *Trader) stop(id, side string) error {
	t.fresh(id, side)
	price, limit, kind := t.away(side, -int64(t.pick(3))), "", "3"
	if t.pick(2) == 0 {
		kind, limit = "4", t.away(side, -int64(t.pick(16)))
	}
	return t.place(id, side, t.size(), kind, limit, "1", "", t.Symbol, "99="+price, "22080="+strconv.Itoa(1+t.pick(3)))
}

func (t *Trader) massStatus(id string) error {
	t.open("AF"+id, "mass status")
	return t.Client.Send("AF", "584=AF"+id, "585=1", "55="+t.Symbol)
}

// massReported takes one report of a mass status: together they are as many as
// each of them says.
func (t *Trader) massReported(f Fields) {
	t.Report.Statuses++
	t.masses[f.Get(584)]++
	if o := t.orders[t.root[f.Get(11)]]; o != nil {
		t.same(o, f)
	} else if f.Get(37) != none {
		t.fail("a mass status tells an order that is not ours: %s", f)
	}
	if f.Get(912) != "Y" {
		return
	}
	if n := t.masses[f.Get(584)]; f.Get(911) != strconv.Itoa(n) && !(n == 1 && f.Get(911) == "0") {
		t.fail("a mass status of %d reports says: %s", n, f)
	}
	t.closed(f.Get(584), "150=I 912=Y")
}

const none = "NONE"

func (t *Trader) massCancel(id string) error {
	t.open("q"+id, "mass cancel")
	return t.Client.Send("q", "11=q"+id, "530=7", "60="+Now())
}

// massCanceled takes r: it counts the reports that came before it.
func (t *Trader) massCanceled(f Fields) {
	t.Report.MassCancels++
	if f.Get(531) != "7" || f.Get(533) != strconv.Itoa(t.swept) {
		t.fail("%d orders ended, and r says: %s", t.swept, f)
	}
	t.swept = 0
	t.closed(f.Get(11), "r")
}

// triggered takes 150=D: a stop order is set off, once.
func (t *Trader) triggered(o *traded, f Fields) {
	t.Report.Triggered++
	if o.triggered || !o.working || f.Get(636) != "Y" || f.Get(378) != "99" {
		t.fail("not a stop order that is set off (%v): %s", o.triggered, f)
	}
	o.triggered = true
}

// over takes 150=C.
func (t *Trader) over(f Fields) {
	t.Report.Expired++
	if f.Get(39) != "C" || f.Get(59) != "6" || f.Get(126) == "" {
		t.fail("not an order whose time is over: %s", f)
	}
}
