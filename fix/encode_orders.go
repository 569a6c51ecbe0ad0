package fix

import (
	"strings"

	"backstop/perp"
)

// cancelCodes are the values of CancelReason(22084).
var cancelCodes = map[perp.CancelReason]int{
	perp.ClientCancel: 1, perp.DisconnectCancel: 2, perp.MassCancel: 3, perp.IOCRemainder: 4, perp.FOKUnfillable: 5, perp.ExpiredCancel: 6,
	perp.LiquidationCancel: 7, perp.RiskCancel: 8, perp.ReduceOnlyCancel: 10, perp.TriggerCancel: 11, perp.OperatorCancel: 12,
}

// Codes of a stop order that was set off, in ExecType(150).
const (
	restated  = 'D'
	triggered = 'L' // in VAMM1
)

// statusCode is OrdStatus(39). An order whose time ran out is canceled to the
// engine; FIX has a state of its own for it.
func statusCode(o perp.Order) byte {
	if o.Status == perp.Canceled && o.Reason == perp.ExpiredCancel.String() {
		return 'C'
	}
	return statusCodes[o.Status]
}

// asksFor writes what an order asks for beyond its terms.
func (b *body) asksFor(o perp.Order) *body {
	if o.Stop != 0 {
		b.add(99, o.Stop.String())
	}
	b.opt(59, tifCodes[o.TIF])
	if o.Expires != 0 {
		b.time(126, o.Expires)
	}
	if words := instructions(o.Conditions); o.Tied {
		b.add(18, strings.Join(words, " ")).upgrade(18, strings.Join(append(words, tiedWord), " "))
	} else {
		b.opt(18, strings.Join(words, " "))
	}
	if o.Reduce == perp.Closing {
		b.add(77, "C")
	}
	if o.MinSize != 0 {
		b.add(110, o.MinSize.String())
	}
	if o.Type.Stops() {
		b.add(636, map[bool]string{true: "Y", false: "N"}[o.Triggered])
	}
	return b
}

// instructions are the words of ExecInst(18) that every dialect has.
func instructions(c perp.Conditions) (words []string) {
	if c.PostOnly {
		words = append(words, "6")
	}
	if c.Reduce == perp.Reducing {
		words = append(words, "E")
	}
	return words
}

// ending adds what only VAMM1 says about a stop order and about an end.
func (r *execution) ending(b *body) *body {
	if r.order.Type.Stops() {
		b.num(tagTrigger, int(max(r.order.Trigger, perp.TriggerOracle)))
	}
	if r.order.Liquidation {
		b.add(tagLiquidation, "Y")
	}
	if r.clipped != 0 {
		b.add(22083, r.clipped.String())
	}
	if r.cancel != 0 {
		b.num(22084, r.cancel)
	}
	return b
}

// orderTriggered tells that a stop order was set off. FIX 4.4 has no word of its
// own for it.
func orderTriggered(ev perp.OrderTriggered, at perp.Time) *execution {
	r := report(ev.ExecID, restated, ev.Order, at)
	r.unasked, r.typeLater = true, triggered
	r.text = "TRIGGERED " + max(ev.Order.Trigger, perp.TriggerOracle).String() + "=" + ev.Price.String()
	return r
}

// ordersCanceled ends the answer to a mass cancel.
func ordersCanceled(ev perp.OrdersCanceled, at perp.Time) *body {
	b := newBody("r").add(11, ev.ClOrdID).add(37, ev.ClOrdID).add(530, ev.Said)
	if ev.Verdict.OK() {
		b.add(531, ev.Said).num(533, int(ev.Count))
	} else {
		b.num(531, 0).num(532, massCode(ev.Verdict.Reject))
	}
	if len(ev.Ended) > 0 {
		var members [][]pair
		for _, o := range ev.Ended {
			members = append(members, []pair{{41, o.ClOrdID}, {535, o.OrderID}})
		}
		b.group(534, members...)
	}
	b.opt(55, ev.Symbol)
	if ev.Side != 0 {
		b.add(54, sideCodes[ev.Side])
	}
	b.time(60, at)
	if !ev.Verdict.OK() {
		b.refusal(ev.Verdict)
	}
	return b
}

// ordersReported tells every order that was asked for, or that there is none.
func (c *codec) ordersReported(ev perp.OrdersReported, at perp.Time) (out []outMessage) {
	add := func(r *execution, last bool) {
		r.massID, r.total, r.last = ev.ReqID, len(ev.Orders), last
		r.eventSeq = c.includes(ev.Origin.Session, r.order.Account)
		out = append(out, c.to(ev.Origin.Session, "", r.asked(ev.Origin))...)
	}
	for i, o := range ev.Orders {
		add(report(ev.Execs[i], 'I', o, at), i == len(ev.Orders)-1)
	}
	if len(ev.Orders) == 0 {
		r := report(ev.Execs[0], 'I', perp.Order{Account: ev.Account, Symbol: ev.Symbol, Side: ev.Side}, at)
		r.text, r.token = text(ev.Verdict), ev.Verdict.Reject.String()
		add(r, true)
	}
	return out
}
