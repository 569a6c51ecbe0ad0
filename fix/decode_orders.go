package fix

import (
	"strings"

	"backstop/perp"

	"github.com/shopspring/decimal"
)

// Tags of our own that orders may have (spec/ROE.md).
const (
	tagMaxAge   = 22002
	tagTrigger  = 22080
	tagSlippage = 22081
)

// maxAgeMax is the longest age that a client may allow its request, in ms.
const maxAgeMax = 86_400_000

var (
	conditionFields = []int{18, 77, 99, 110, 126, tagMaxAge, tagTrigger}
	massFields      = []int{11, 530, 55, 54, 60, 167}
	ordersFields    = []int{584, 585, 1, 55, 54, 167}
)

// conditions reads what an order asks for beyond its terms. A change of an order
// need not say its time in force again.
func (r *request) conditions(t perp.OrderType, tif perp.TimeInForce, change bool) perp.Conditions {
	c := perp.Conditions{MinSize: r.size(110), Expires: r.when(126)}
	r.instructions(&c)
	switch _, stated := r.get(126); {
	case stated && tif != perp.GTD && !(change && tif == 0):
		r.flaw(perp.Unsupported, "tag=126")
	case !stated && tif == perp.GTD && !change:
		r.missing(126)
	}
	_, stated := r.get(99)
	stop := r.price(99)
	switch {
	case t.Stops() && !stated:
		r.missing(99)
	case t.Stops():
		c.Stop = stop
	case stated && t != 0:
		r.flaw(perp.Unsupported, "tag=99")
	}
	r.trigger(&c, t, change)
	r.slippage(&c, t)
	return c
}

// tiedWord is ExecInst(18) of an order that ends with the connection; FIX has it
// since 5.0.
const tiedWord = "o"

// conditions are those of a request in the dialect of its session: a client that is
// not told of a tie cannot ask for one.
func (c *codec) conditions(r *request, session string, t perp.OrderType, tif perp.TimeInForce, change bool) perp.Conditions {
	asked := r.conditions(t, tif, change)
	if asked.Tied && c.desk.dialect(session) != vamm1 {
		r.flaw(perp.Unsupported, "18="+tiedWord)
		asked.Tied = false
	}
	return asked
}

// instructions reads ExecInst(18) and PositionEffect(77).
func (r *request) instructions(c *perp.Conditions) {
	if text, stated := r.get(18); stated {
		for word := range strings.SplitSeq(text, " ") {
			switch word {
			case "6":
				c.PostOnly = true
			case "E":
				c.Reduce = perp.Reducing
			case tiedWord:
				c.Tied = true
			default:
				r.flaw(perp.Unsupported, "18="+word)
			}
		}
	}
	switch code := r.code(77); code {
	case 0, 'O':
	case 'C':
		c.Reduce = perp.Closing
	default:
		r.flaw(perp.Unsupported, "77="+string(code))
	}
}

// trigger reads TriggerPxType(22080).
func (r *request) trigger(c *perp.Conditions, t perp.OrderType, change bool) {
	switch code := r.code(tagTrigger); {
	case code == 0 && t.Stops() && !change:
		c.Trigger = perp.TriggerOracle
	case code == 0:
	case code < '1' || code > '3':
		r.wrong(tagTrigger, rejectValue)
	case !t.Stops():
		r.flaw(perp.Unsupported, "tag=22080")
	default:
		c.Trigger = perp.TriggerPrice(code - '0')
	}
}

// slippage reads MaxSlippageBps(22081): above 0, with at most two decimals.
func (r *request) slippage(c *perp.Conditions, t perp.OrderType) {
	text, stated := r.number(tagSlippage)
	if !stated {
		return
	}
	if _, err := perp.ParseSize(text); err != nil { // The same forms of a number as anywhere else.
		r.wrong(tagSlippage, rejectFormat)
		return
	}
	units := decimal.RequireFromString(text).Shift(2)
	switch {
	case !units.IsInteger() || !units.IsPositive() || units.GreaterThan(decimal.NewFromInt(int64(perp.RatioOne))):
		r.wrong(tagSlippage, rejectValue)
	case t != perp.Market && t != perp.Stop:
		r.flaw(perp.Unsupported, "tag=22081")
	default:
		c.Slippage = perp.Ratio(units.IntPart())
	}
}

// maxAge reads MaxRequestAgeMs(22002).
func (r *request) maxAge() perp.Time {
	ms := r.count(tagMaxAge)
	if _, stated := r.get(tagMaxAge); stated && r.rej == nil && (ms == 0 || ms > maxAgeMax) {
		r.wrong(tagMaxAge, rejectValue)
	}
	return perp.Time(ms) * perp.Millisecond
}

// decodeCancelOrders reads q.
func decodeCancelOrders(c *codec, r *request, o perp.Origin) perp.Command {
	q := perp.CancelOrders{Origin: o, ClOrdID: r.clOrdID(11), Symbol: r.id(55), Side: r.side()}
	r.when(60)
	q.Scope, q.Said = r.scope(530)
	r.security()
	r.only(massFields, harmless)
	q.Flawed = r.flawed()
	return q
}

// decodeRequestOrders reads AF.
func decodeRequestOrders(c *codec, r *request, o perp.Origin) perp.Command {
	q := perp.RequestOrders{Origin: o, ReqID: r.id(584), Account: r.id(1), Symbol: r.id(55), Side: r.side()}
	q.Scope, _ = r.scope(585)
	r.security()
	r.only(ordersFields, harmless)
	q.Flawed = r.flawed()
	return q
}

// scope reads MassCancelRequestType(530) or MassStatusReqType(585), which agree:
// all orders, or those in one market.
func (r *request) scope(tag int) (s perp.Scope, said string) {
	code := r.code(tag)
	switch code {
	case '1':
		s = perp.ScopeMarket
		if _, stated := r.get(55); !stated {
			r.missing(55)
		}
	case '7':
		s = perp.ScopeAll
	}
	return s, string(code)
}
