package fix

import "backstop/perp"

// busted is the code of a trade that was taken back, in ExecType(150): trade cancel.
const busted = 'H'

// bustToken opens the Text(58) of such a report.
const bustToken = "BUST"

// Codes of a trade in a TradeCaptureReport(AE): 487 and 856.
const (
	tradeNew, tradeSubmitted = "0", "0"
	tradeCancel, tradeBroken = "1", "6"
)

// busted tells that a fill is void: which one, what was dealt, and the fee that is
// given back, as a fee below zero.
func (c *codec) busted(ev perp.TradeBusted, at perp.Time) *execution {
	r := report(ev.ExecID, busted, ev.Order, at)
	r.refers, r.tradeID, r.lastSize, r.lastPrice, r.fee = ev.Fill, ev.TradeID, ev.Size, ev.Price, -ev.Fee
	r.currency, r.text = c.currencyOf(ev.Order.Symbol), bustToken
	if why := clean(ev.Why); why != "" {
		r.text += " " + why
	}
	return r
}
