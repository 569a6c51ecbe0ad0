package fix

import (
	"strings"

	"backstop/perp"
)

// Codes of a position maintenance report (AM).
const (
	adjustment = "3" // PosTransType(709)
	newAction  = "1" // PosMaintAction(712)
	completed  = "3" // PosMaintStatus(722)
	completedW = "4" // the same, with warnings: something is still owed
	customer   = "1" // AccountType(581)
)

// Reasons for a margin call, CollAsgnReason(895).
const (
	marginDeficiency = "3"
	marginExcess     = "4"
)

// toAll addresses a message to every session of an account. Each gets a message
// of its own.
func (c *codec) toAll(account string, w writer) (out []outMessage) {
	for _, session := range c.desk.sessionsOf(account) {
		out = append(out, outMessage{session, w.write().message()})
	}
	return out
}

// ofOrder addresses a report about an order: one that the gateway made to close
// a position is told to every session of its account.
func (c *codec) ofOrder(asked, owner string, r *execution) []outMessage {
	if !r.order.Liquidation {
		return to(asked, owner, r)
	}
	if token := perp.LiquidationCancel.String(); !strings.HasPrefix(r.text, token) {
		r.text = strings.TrimSpace(token + " " + r.text)
	}
	if all := c.toAll(r.order.Account, r); len(all) > 0 {
		return all
	}
	return to(asked, owner, r)
}

// movement is money that an account gained or lost without an order: one AM.
type movement struct {
	kind    string // opens 721
	event   string // 713, the same for all accounts that the event touched
	account string
	symbol  string
	size    perp.Size // the position now
	partly  bool      // 722=4
	amounts []posAmount
	text    string
	at      perp.Time
}

// posAmount is one row of 753.
type posAmount struct {
	kind   string
	amount perp.Money
}

func (m *movement) write() *body {
	status := completed
	if m.partly {
		status = completedW
	}
	b := newBody("AM").add(721, m.kind+"-"+m.event+"-"+m.account+"-"+m.symbol).add(709, adjustment).add(712, newAction)
	b.add(713, m.event).add(722, status).add(723, "0").add(715, day(m.at)).add(1, m.account).add(581, customer)
	b.add(55, m.symbol).time(60, m.at).group(702, totalQty(m.size))
	var rows [][]pair
	for _, a := range m.amounts {
		rows = append(rows, []pair{{707, a.kind}, {708, a.amount.String()}})
	}
	return b.group(753, rows...).opt(58, m.text)
}

// totalQty is a position as a member of 702: long or short, flat is long 0.
func totalQty(s perp.Size) []pair {
	if s < 0 {
		return []pair{{703, "TOT"}, {705, perp.Abs(s).String()}}
	}
	return []pair{{703, "TOT"}, {704, s.String()}}
}

// moved is the AM of a settlement, a funding payment or a loss; nothing for
// other events. The maker's own side is not told to anyone.
func (c *codec) moved(ev perp.Event, at perp.Time) []outMessage {
	var m *movement
	switch ev := ev.(type) {
	case perp.Settled:
		m = settled(ev)
	case perp.FundingPaid:
		m = &movement{
			kind: "FUND", event: ev.FundingID, account: ev.Account, symbol: ev.Symbol,
			amounts: []posAmount{{"VADJ", ev.Payment}}, text: "FUNDING rate_per_day=" + ev.Rate.String(),
		}
	case perp.LossShared:
		m = &movement{
			kind: "LOSS", event: ev.LossID, account: ev.Account, symbol: ev.Symbol,
			amounts: []posAmount{{"VADJ", -ev.Amount}}, text: "LOSS_SOCIALISED",
		}
	case perp.Bankrupted:
		m = bankrupted(ev)
	default:
		return nil
	}
	m.at, m.size = at, c.desk.positionOf(m.account, m.symbol)
	if f, ok := ev.(perp.FundingPaid); ok {
		m.size = f.Size // what the payment was counted on
	}
	return c.toAll(m.account, m)
}

// settled says what was owed (FMTM), what moved (CASH) and what stays owed (CRES).
func settled(ev perp.Settled) *movement {
	m := &movement{
		kind: "SETTLE", event: ev.SettlementID, account: ev.Account, symbol: ev.Symbol, partly: ev.Deferred != 0,
		amounts: []posAmount{{"FMTM", ev.Claim}, {"CASH", ev.Cash}, {"CRES", ev.Deferred}}, text: "SETTLEMENT",
	}
	switch {
	case ev.Deferred > 0:
		m.text = "PARTIAL_SETTLEMENT pool limited"
	case ev.Deferred < 0:
		m.text = "PARTIAL_SETTLEMENT cash limited"
	}
	return m
}

// bankrupted says which part of its debt an account was let off, and by whom.
func bankrupted(ev perp.Bankrupted) *movement {
	return &movement{
		kind: "BANKRUPT", event: ev.LossID, account: ev.Account, symbol: ev.Symbol, partly: ev.Open != 0,
		amounts: []posAmount{{"VADJ", perp.Sub(ev.Loss, ev.Open)}, {"CRES", -ev.Open}},
		text: "BANKRUPTCY loss=" + ev.Loss.String() + " insurance=" + ev.Insurance.String() + " maker=" + ev.Maker.String() +
			" socialised=" + ev.Socialised.String() + " open=" + ev.Open.String(),
	}
}

// marginCalled is AX: a call, or the end of one. It has no deadline, because
// liquidation waits for a price, not for a time.
func (c *codec) marginCalled(ev perp.MarginCalled, at perp.Time) []outMessage {
	reason, token, excess := marginDeficiency, "MARGIN_CALL", -ev.Shortfall
	if ev.Lifted {
		reason, token, excess = marginExcess, "MARGIN_CALL_LIFTED", perp.Sub(ev.Equity, ev.Required)
	}
	b := newBody("AX").add(894, ev.CallID+"-"+ev.Account).add(895, reason).time(60, at).add(1, ev.Account)
	b.opt(15, c.desk.currency()).add(899, excess.String()).add(900, ev.Equity.String())
	return c.toAll(ev.Account, b.add(58, token+" equity="+ev.Equity.String()+" required="+ev.Required.String()))
}
