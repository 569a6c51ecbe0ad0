package fix

import (
	"fmt"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// What every instrument of the gateway is.
const (
	securityType    = "FUT"
	securitySubType = "PERP"
	noSymbol        = "[N/A]"
)

// outMessage is a message on its way to the session of a client CompID.
type outMessage struct {
	session string
	msg     *quickfix.Message
	dialect dialect // that it is written in
	batch   bool    // it speaks of the batch being built, so that it waits for its commit
}

// encode returns the messages that an event causes: to the session that asked,
// and to the one that owns the order if that is another; what happens to an
// account by itself, to all its sessions. Most events cause none.
// At and seq are those of the entry. The header carries only MsgType; the
// session layer fills in the rest.
func (c *codec) encode(ev perp.Event, at perp.Time, seq int64) []outMessage {
	switch ev := ev.(type) {
	case perp.OrderAccepted:
		return c.reported(asker(ev.Origin, ev.Order), "", c.accepted(ev, at))
	case perp.OrderHeld:
		return c.reported(ev.Origin.Session, "", report(ev.ExecID, 'A', ev.Order, at).asked(ev.Origin))
	case perp.LastLook:
		c.look = ev // What the reports that follow it are about.
	case perp.OrderRejected:
		return c.reported(asker(ev.Origin, ev.Order), "", c.orderRejected(ev, at))
	case perp.Filled:
		return c.reported(ev.Order.Session, "", c.filled(ev, at))
	case perp.TradeBusted:
		return c.reported(ev.Order.Session, "", c.busted(ev, at))
	case perp.OrderCanceled:
		return c.reported(ev.Origin.Session, ev.Order.Session, c.orderCanceled(ev, at))
	case perp.OrderReplaced:
		r := report(ev.ExecID, '5', ev.Order, at).asked(ev.Origin)
		r.orig = ev.OrigClOrdID
		return c.reported(ev.Origin.Session, ev.Order.Session, r)
	case perp.StatusReported:
		r := statusReported(ev, at)
		r.eventSeq = c.includes(ev.Origin.Session, ev.Order.Account)
		return c.to(ev.Origin.Session, "", r)
	case perp.OrderTriggered:
		return c.reported(ev.Order.Session, "", orderTriggered(ev, at))
	case perp.OrdersCanceled:
		return c.to(ev.Origin.Session, "", ordersCanceled(ev, at))
	case perp.OrdersReported:
		return c.ordersReported(ev, at)
	case perp.CancelRejected:
		return c.to(ev.Origin.Session, "", cancelRejected(ev, at))
	case perp.QuoteIssued:
		return c.to(ev.Origin.Session, "", c.quoteIssued(ev, at))
	case perp.QuoteRefused:
		return c.to(ev.Origin.Session, "", quoteRefused(ev))
	case perp.QuoteStatusReported:
		return c.to(ev.Origin.Session, "", quoteStatusReported(ev, at))
	case perp.QuotesProvided:
		if ev.Quiet && ev.Verdict.OK() {
			return nil
		}
		return c.to(ev.Origin.Session, "", quotesProvided(ev, at))
	case perp.QuotesPulled:
		return c.to(ev.Session, "", quotesPulled(ev, at))
	case perp.PositionsReported:
		return c.positions(ev, at, seq)
	case perp.CollateralReported:
		return c.collateral(ev, seq)
	case perp.TradesReported:
		return c.trades(ev, seq)
	case perp.MarginCalled:
		return c.marginCalled(ev, at)
	case perp.MarketExpired:
		return c.expired(ev, at)
	case perp.QuoteChanged, perp.ClassQuoted, perp.ClientGraded, perp.TickRefused:
		c.stands(ev)
		return nil
	case perp.AccountOpened, perp.PositionChanged, perp.Deleveraged:
		c.desk.note(ev)
		return nil
	}
	return c.moved(ev, at)
}

// asker is the session that an order's answer goes to: the one that asked, or,
// when a tick decided it, the one that the order belongs to.
func asker(o perp.Origin, order perp.Order) string {
	if o.Session != "" {
		return o.Session
	}
	return order.Session
}

type writer interface{ write() *body }

func (b *body) write() *body { return b }

// to addresses a message to the session that asked and to the one that owns
// the order. Each gets a message of its own: the session layer writes into it.
func (c *codec) to(asked, owner string, w writer) (out []outMessage) {
	for _, session := range []string{asked, owner} {
		if session != "" && (len(out) == 0 || out[0].session != session) {
			out = append(out, c.message(session, w.write()))
		}
	}
	return out
}

// message writes a message in the dialect of the session that it goes to.
func (c *codec) message(session string, b *body) outMessage {
	d := c.desk.dialect(session)
	if stored[b.msgType] {
		d = c.desk.keeps(session)
	}
	return outMessage{session: session, msg: b.in(d), dialect: d}
}

// execution is one execution report; its fields stand as they go out.
type execution struct {
	orderID, orig, execID, tradeID string
	refers                         string // 19
	execType, status               byte
	statusID                       string
	reason                         string // 103
	unasked                        bool   // 378=99
	copy                           bool   // 797=Y
	eventSeq                       int64  // 22007
	order                          perp.Order
	lastSize                       perp.Size
	lastPrice                      perp.Price
	at                             perp.Time
	liquidity                      perp.Liquidity
	fee                            perp.Money
	currency                       string
	text                           string

	massID  string // 584, with 911 and 912
	total   int
	last    bool
	cancel  int       // 22084
	clipped perp.Size // 22083

	typeLater   byte             // 150 in VAMM1
	reasonLater string           // 103 in VAMM1
	token       string           // 22004
	received    perp.Time        // of the request that led to it, if one did
	look        *perp.LastLook   // that decided it
	quoted      perp.Price       // of a fill: of the level dealt on
	outside     perp.OracleState // of a fill: what it was decided with
	refused     doubt            // and of the newest tick that was not believed
}

// Status and type codes of an execution report.
var (
	statusCodes    = map[perp.OrderStatus]byte{perp.New: '0', perp.PartiallyFilled: '1', perp.FullyFilled: '2', perp.Canceled: '4', perp.Rejected: '8', perp.PendingNew: 'A'}
	sideCodes      = map[perp.Side]string{perp.Buy: "1", perp.Sell: "2", 0: "7"}
	typeCodes      = map[perp.OrderType]string{perp.Market: "1", perp.Limit: "2", perp.PreviouslyQuoted: "D", perp.Stop: "3", perp.StopLimit: "4"}
	tifCodes       = map[perp.TimeInForce]string{perp.GTC: "1", perp.IOC: "3", perp.FOK: "4", perp.GTD: "6"}
	liquidityCodes = map[perp.Liquidity]string{perp.Added: "1", perp.Removed: "2"}
)

func report(execID string, execType byte, o perp.Order, at perp.Time) *execution {
	r := &execution{orderID: o.OrderID, execID: execID, execType: execType, status: statusCode(o), order: o, at: at}
	if r.orderID == "" {
		r.orderID = none
	}
	if r.status == 0 {
		r.status = '8'
	}
	return r
}

func (r *execution) write() *body {
	o := r.order
	b := newBody("8").add(37, r.orderID).opt(11, o.ClOrdID).opt(41, r.orig).add(17, r.execID).opt(19, r.refers).opt(527, r.tradeID)
	b.add(150, string(r.execType)).add(39, string(r.status))
	if r.copy {
		b.add(797, "Y")
	}
	b.opt(693, o.RespID).opt(790, r.statusID).opt(103, r.reason)
	if r.massID != "" {
		b.add(584, r.massID).num(911, r.total)
	}
	if r.last {
		b.add(912, "Y")
	}
	if r.unasked {
		b.add(378, "99")
	}
	symbol := o.Symbol
	if symbol == "" {
		symbol = noSymbol
	}
	b.opt(1, o.Account).add(55, symbol).add(54, sideCodes[o.Side])
	if o.Size != 0 {
		b.add(38, o.Size.String())
	}
	b.opt(40, typeCodes[o.Type])
	if o.Price != 0 {
		b.add(44, o.Price.String())
	}
	b.asksFor(o)
	traded := r.execType == 'F' || r.execType == busted
	if traded {
		b.add(32, r.lastSize.String()).add(31, r.lastPrice.String())
	}
	b.add(151, o.Leaves().String()).add(14, o.Cum.String()).add(6, o.AvgPrice().String()).time(60, r.at)
	if traded {
		b.opt(851, liquidityCodes[r.liquidity])
		b.group(136, []pair{{137, r.fee.String()}, {138, r.currency}, {139, feeKind(o.Liquidation)}})
	}
	if r.reasonLater != "" {
		b.upgrade(103, r.reasonLater)
	}
	if r.typeLater != 0 {
		b.upgrade(150, string(r.typeLater))
	}
	return r.custom(b.opt(58, r.text))
}

// feeKind is MiscFeeType(139): a fee of the venue, or what a liquidation costs.
func feeKind(liquidation bool) string {
	if liquidation {
		return "7"
	}
	return "4"
}

// orderRejected says no to a new order. An order whose id was used before is
// shown as the order that has the id (roe.md b.7).
func (c *codec) orderRejected(ev perp.OrderRejected, at perp.Time) *execution {
	r := report(ev.ExecID, '8', ev.Order, at).asked(ev.Origin)
	r.look = c.looked(ev.Order)
	if !sameOrder(ev.Verdict.Reject) {
		r.status = '8'
		r.order.Status = perp.Rejected
	}
	r.reason, r.reasonLater = fmt.Sprint(codesOf(ev.Verdict.Reject).order), orderLater(ev.Verdict, r.look)
	r.text, r.token = text(ev.Verdict), ev.Verdict.Reject.String()
	if r.look != nil {
		r.text = lookRefused(ev.Verdict, *r.look)
	}
	return r
}

func (c *codec) filled(ev perp.Filled, at perp.Time) *execution {
	r := report(ev.ExecID, 'F', ev.Order, at)
	r.tradeID, r.lastSize, r.lastPrice = ev.TradeID, ev.Size, ev.Price
	r.liquidity, r.fee, r.quoted, r.outside = ev.Liquidity, ev.Fee, ev.Quoted, ev.Oracle
	if g := c.offers[ev.Order.Symbol]; g != nil {
		r.refused = g.refused
	}
	if ev.Liquidity == perp.Removed { // What waited for the quote was neither asked for now nor looked at.
		r.look, r.received = c.looked(ev.Order), c.received(ev.Order)
	}
	r.currency = c.currencyOf(ev.Order.Symbol)
	return r
}

// currencyOf is the currency of a market in which something was dealt.
func (c *codec) currencyOf(symbol string) string {
	inst, known := c.desk.instrument(symbol)
	if !known {
		panic(perp.Fault{What: "fill in a market that the fix door does not know: " + symbol})
	}
	return inst.Currency
}

// orderCanceled ends an order. A client that asked for it knows why; every
// other end has its reason in 58, and 378=99 if the client did not foresee it.
func (c *codec) orderCanceled(ev perp.OrderCanceled, at perp.Time) *execution {
	r := report(ev.ExecID, '4', ev.Order, at).asked(ev.Origin)
	r.orig, r.cancel, r.clipped = ev.OrigClOrdID, cancelCodes[ev.Reason], ev.Clipped
	switch ev.Reason {
	case perp.ClientCancel:
		return r
	case perp.ExpiredCancel: // As it was asked for.
		r.execType = 'C'
	case perp.MassCancel:
	default:
		r.unasked = true
	}
	if ev.Reason == perp.RiskCancel && ev.Order.Triggered { // What a stop let go was held, and refused.
		r.look = c.looked(ev.Order)
	}
	r.text, r.token = ev.Reason.String(), ev.Reason.String()
	if ev.Detail != "" {
		r.text += " " + ev.Detail
	}
	return r
}

func statusReported(ev perp.StatusReported, at perp.Time) *execution {
	r := report(ev.ExecID, 'I', ev.Order, at).asked(ev.Origin)
	r.statusID = ev.StatusID
	if ev.Reject != perp.RejectNone {
		r.text, r.token = ev.Reject.String(), ev.Reject.String()
	}
	return r
}

// cancelRejected says no to a cancel (434=1) or a replace (434=2).
func cancelRejected(ev perp.CancelRejected, at perp.Time) *body {
	id, status, request := ev.Order.OrderID, statusCode(ev.Order), "1"
	if id == "" {
		id, status = none, '8'
	}
	if ev.Replace {
		request = "2"
	}
	b := newBody("9").add(37, id).add(11, ev.ClOrdID).add(41, ev.OrigClOrdID).add(39, string(status))
	b.add(434, request).num(102, codesOf(ev.Verdict.Reject).cancel)
	return b.refusal(ev.Verdict).nanos(22005, at).nanos(22006, ev.Origin.Arrival)
}

// plannedStop tells a client some time before that its session will end (B).
func plannedStop(now, at perp.Time) *quickfix.Message {
	line := "session will be logged out at " + stamp(at) + "Z"
	b := newBody("B").time(42, now).add(61, urgencyFlash).add(148, "PLANNED_MAINTENANCE").group(33, []pair{{58, line}})
	return b.message()
}
