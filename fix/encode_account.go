package fix

import (
	"strconv"
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

// ratioShownMax is where a ratio of equity to maintenance stops saying anything.
const ratioShownMax = 1_000_000

// tell addresses a movement to every session of its account.
func (c *codec) tell(m *movement) []outMessage {
	if len(c.desk.sessionsOf(m.account)) == 0 {
		return nil // the maker's
	}
	m.seq = c.events.next(m.account)
	return c.toAll(m.account, m)
}

// toAll addresses a message to every session of an account. Each gets a message
// of its own.
func (c *codec) toAll(account string, w writer) (out []outMessage) {
	for _, session := range c.desk.sessionsOf(account) {
		out = append(out, c.message(session, w.write()))
	}
	return out
}

// closes says in the report of an order that the gateway made to close a position
// what it was made for.
func (c *codec) closes(r *execution) {
	token := c.desk.closing(r.order)
	if strings.HasPrefix(r.text, token) {
		return
	}
	r.text = strings.TrimSpace(token + " " + r.text)
	if r.token != "" {
		r.token = token
	}
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
	funding *perp.FundingPaid // what it was, if it was one
	cash    perp.Money        // of the account after it
	seq     int64             // 22007
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
	b.group(753, rows...).opt(58, m.text)
	if m.kind == settlement {
		for _, a := range m.amounts {
			if tag := settledTags[a.kind]; tag != 0 {
				b.add(tag, a.amount.String())
			}
		}
	}
	if m.funding != nil {
		b.funded(*m.funding)
	}
	m.eventID(b)
	claim, cash := m.sums()
	b.add(22087, claim.String()).add(22088, cash.String()).add(22089, m.cash.String())
	return b.eventSeq(m.seq)
}

// sums are what the event moved in the books of the account: the sum of the transfers
// that have its id, of its claim in the market and of its cash.
func (m *movement) sums() (claim, cash perp.Money) {
	for _, a := range m.amounts {
		switch {
		case a.kind == "VADJ":
			claim = perp.Add(claim, a.amount)
		case a.kind == "CASH":
			cash = perp.Add(cash, a.amount)
		}
	}
	if m.kind == settlement { // What is cash now is no claim any more.
		claim = perp.Sub(claim, cash)
	}
	return claim, cash
}

// holds takes in what an account has when the door is made.
func (c *codec) holds(ev perp.Event) {
	if b, ok := ev.(perp.BalanceStated); ok && b.Account.Name == perp.Cash {
		c.cash[b.Account.Owner] = b.Balance
	}
}

// booked takes in a transfer of a client's cash.
func (c *codec) booked(t perp.Transfer) {
	if t.Debit.Name == perp.Cash {
		c.cash[t.Debit.Owner] = perp.Sub(c.cash[t.Debit.Owner], t.Amount)
	}
	if t.Credit.Name == perp.Cash {
		c.cash[t.Credit.Owner] = perp.Add(c.cash[t.Credit.Owner], t.Amount)
	}
}

// tagLiquidation is LiquidationInd: it comes of closing a position of an account in
// danger.
const tagLiquidation = 22082

// eventID adds what VAMM1 calls the event: the id that 713 has, by its kind.
func (m *movement) eventID(b *body) {
	switch m.kind {
	case settlement:
		b.add(22085, m.event)
	case "FUND":
		b.add(22086, m.event)
	case cashTokens[perp.LiquidationFee], "BANKRUPT":
		b.add(tagLiquidation, "Y")
	}
}

// settlement is the kind of a movement that turned a claim into cash; VAMM1 names
// what moved and what stays owed.
const settlement = "SETTLE"

var settledTags = map[string]int{"CASH": 22073, "CRES": 22074}

// totalQty is a position as a member of 702: long or short, flat is long 0.
func totalQty(s perp.Size) []pair {
	if s < 0 {
		return []pair{{703, "TOT"}, {705, perp.Abs(s).String()}}
	}
	return []pair{{703, "TOT"}, {704, s.String()}}
}

// moved is the AM of a settlement, a funding payment, a loss, or cash that came
// or went; nothing for other events. The maker's own side is not told to anyone.
func (c *codec) moved(ev perp.Event, at perp.Time) []outMessage {
	var m *movement
	switch ev := ev.(type) {
	case perp.Settled:
		m = settled(ev)
	case perp.FundingPaid:
		m = &movement{
			kind: "FUND", event: ev.FundingID, account: ev.Account, symbol: ev.Symbol,
			amounts: []posAmount{{"VADJ", ev.Payment}}, text: "FUNDING rate_per_day=" + ev.Rate.String(), funding: &ev,
		}
	case perp.LossShared:
		m = &movement{
			kind: "LOSS", event: ev.LossID, account: ev.Account, symbol: ev.Symbol,
			amounts: []posAmount{{"VADJ", -ev.Amount}}, text: "LOSS_SOCIALISED",
		}
	case perp.Bankrupted:
		m = bankrupted(ev)
	case perp.Posted:
		c.booked(ev.Transfer)
		m = cashMoved(ev.Transfer)
	}
	if m == nil {
		return nil
	}
	m.at, m.size = at, c.desk.positionOf(m.account, m.symbol).Size
	m.cash = c.cash[m.account]
	if m.funding != nil {
		m.size = m.funding.Size // what the payment was counted on
	}
	return c.tell(m)
}

// expired tells every holder at which price its position was closed, and what it
// made: rounded down, as the books do it. The event comes before the positions
// change.
func (c *codec) expired(ev perp.MarketExpired, at perp.Time) (out []outMessage) {
	for _, account := range c.desk.holders(ev.Symbol) {
		m := &movement{
			kind: "EXPIRED", event: ev.Symbol, account: account, symbol: ev.Symbol, at: at, cash: c.cash[account],
			amounts: []posAmount{{"VADJ", c.desk.positionOf(account, ev.Symbol).Unrealised(ev.Price)}},
			text:    "EXPIRED price=" + ev.Price.String() + " fair=" + ev.Fair.String(),
		}
		out = append(out, c.tell(m)...)
	}
	return out
}

// settled says what was owed (FMTM), what moved (CASH) and what stays owed (CRES).
func settled(ev perp.Settled) *movement {
	m := &movement{
		kind: settlement, event: ev.SettlementID, account: ev.Account, symbol: ev.Symbol, partly: ev.Deferred != 0,
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

// cashTokens are the transfers that no other message tells of.
var cashTokens = map[perp.TransferReason]string{
	perp.DepositMade: "DEPOSIT", perp.WithdrawalMade: "WITHDRAWAL", perp.LiquidationFee: "LIQUIDATION_FEE",
}

// cashMoved is collateral paid in or out, or what a liquidation cost beside the
// fee of its fill.
func cashMoved(t perp.Transfer) *movement {
	token := cashTokens[t.Reason]
	m := &movement{kind: token, event: refOf(t), account: t.Credit.Owner, symbol: t.Debit.Symbol, amounts: []posAmount{{"CASH", t.Amount}}, text: token}
	if t.Debit.Name == perp.Cash {
		m.account, m.symbol, m.amounts[0].amount = t.Debit.Owner, t.Credit.Symbol, -t.Amount
	}
	if token == "" || t.Debit.Name != perp.Cash && t.Credit.Name != perp.Cash {
		return nil
	}
	if m.symbol == "" {
		m.symbol = noSymbol
	}
	return m
}

// refOf is the key or id behind a transfer; a key that FIX cannot say is named
// by the number of the transfer.
func refOf(t perp.Transfer) string {
	if t.Ref == "" || len(t.Ref) > idMax || !printable(t.Ref) {
		return "transfer " + strconv.FormatInt(t.ID, 10)
	}
	return t.Ref
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
	b.add(58, token+" equity="+ev.Equity.String()+" required="+ev.Required.String())
	if len(c.desk.sessionsOf(ev.Account)) > 0 {
		b.eventSeq(c.events.next(ev.Account))
	}
	return c.toAll(ev.Account, b)
}

// collateral answers BB: BG, and BA if there is nothing against it.
func (c *codec) collateral(ev perp.CollateralReported, seq int64) []outMessage {
	session, v := ev.Origin.Session, ev.View
	if ev.Unsolicited {
		if !ev.Verdict.OK() || !c.desk.watches(session, watchKey{collateralOf, v.Account, ""}) {
			return nil // The subscription ended meanwhile.
		}
		return c.to(session, "", c.collateralReport(session, ev, seq))
	}
	if !ev.Verdict.OK() {
		return c.to(session, "", inquiryAck(ev, inquiryAccepted, 0))
	}
	return append(c.to(session, "", inquiryAck(ev, inquiryAccepted, 1)), c.to(session, "", c.collateralReport(session, ev, seq))...)
}

// inquiryAck is BG: the status, unless the inquiry is refused.
func inquiryAck(ev perp.CollateralReported, status, reports int) *body {
	result := resultSuccessful
	if !ev.Verdict.OK() {
		status, result = inquiryRejected, codesOf(ev.Verdict.Reject).inquiry
	}
	b := newBody("BG").add(909, ev.ReqID).num(945, status).num(946, result).num(911, reports)
	b.opt(1, ev.View.Account).add(581, customer)
	if !ev.Verdict.OK() {
		b.refusal(ev.Verdict)
	}
	return b
}

// collateralReport is BA: an account's money as margin counts it, and the tier of the
// session that is told.
func (c *codec) collateralReport(session string, ev perp.CollateralReported, seq int64) *body {
	v := ev.View
	b := newBody("BA").add(908, "CR"+strconv.FormatInt(seq, 10)).opt(909, ev.ReqID).add(910, "3")
	if !ev.Unsolicited {
		b.add(911, "1").add(912, "Y")
	}
	b.add(1, v.Account).add(581, customer)
	if v.Maintenance > 0 && perp.Abs(v.Equity)/v.Maintenance < ratioShownMax {
		b.add(898, perp.Ratio(perp.MulDiv(int64(v.Equity), int64(perp.RatioOne), int64(v.Maintenance), perp.Floor)).String())
	}
	b.opt(15, c.desk.currency()).add(899, v.Free.String()).add(900, v.Equity.String()).add(901, v.Cash.String())
	b.add(921, v.Cash.String()).add(922, perp.Add(v.Cash, v.Claims).String())
	said := "initial=" + v.Initial.String() + " maintenance=" + v.Maintenance.String() + " counted=" + v.Counted.String() +
		" claims=" + v.Claims.String() + " unrealised=" + v.Unrealised.String() + " withdrawable=" + v.Withdrawable.String()
	if v.Liquidating {
		said = perp.LiquidationCancel.String() + " " + said
	}
	g := c.desk.worstGrade(session)
	b.add(58, said).num(22050, int(g.class.Tier)).graded(g).add(22070, v.Claims.String())
	return b.add(22075, v.Initial.String()).add(22076, v.Maintenance.String()).add(22079, v.Free.String())
}

// trades answers AD: AQ, then one AE for each trade.
func (c *codec) trades(ev perp.TradesReported, seq int64) []outMessage {
	session, asked := ev.Origin.Session, c.desk.answered(ev.Origin)
	found := ev.Trades
	result, status := resultSuccessful, tradesAccepted
	switch {
	case !ev.Verdict.OK():
		result, status, found = codesOf(ev.Verdict.Reject).inquiry, tradesRejected, nil
	case len(found) == 0:
		status = tradesCompleted
	}
	symbol := asked.symbol
	if symbol == "" {
		symbol = noSymbol
	}
	b := newBody("AQ").add(568, ev.ReqID).add(569, asked.kind).num(748, len(found)).num(749, result).num(750, status).add(55, symbol)
	if !ev.Verdict.OK() {
		b.refusal(ev.Verdict)
	}
	out := c.to(session, "", b)
	for i, v := range found {
		out = append(out, c.to(session, "", c.trade(ev.ReqID, seq, i, len(found), v))...)
	}
	return out
}

// trade is AE: one trade, from the client's side.
func (c *codec) trade(reqID string, seq int64, i, of int, v perp.TradeView) *body {
	last, currency := "N", ""
	kind, report := tradeNew, tradeSubmitted
	if v.Busted {
		kind, report = tradeCancel, tradeBroken
	}
	if i == of-1 {
		last = "Y"
	}
	if inst, known := c.desk.instrument(v.Symbol); known {
		currency = inst.Currency
	}
	b := newBody("AE").add(571, "TR"+strconv.FormatInt(seq, 10)+"-"+strconv.Itoa(i)).add(487, kind).add(856, report).add(568, reqID)
	b.num(748, of).add(912, last).add(17, v.ExecID).opt(527, v.TradeID).add(570, "N").add(55, v.Symbol)
	b.add(32, v.Size.String()).add(31, v.Price.String()).add(75, day(v.Time)).time(60, v.Time).nanos(22005, v.Time)
	side := []pair{{54, sideCodes[v.Side]}, {37, v.OrderID}}
	if v.ClOrdID != "" {
		side = append(side, pair{11, v.ClOrdID})
	}
	side = append(side, pair{1, v.Account})
	if v.Liquidation {
		side = append(side, pair{58, perp.LiquidationCancel.String()})
	}
	side = append(side, pair{136, "1"}, pair{137, v.Fee.String()}, pair{138, currency}, pair{139, feeKind(v.Liquidation)})
	b.group(552, side)
	if v.Liquidation {
		b.add(tagLiquidation, "Y")
	}
	return b
}
