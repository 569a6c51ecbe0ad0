package fix

import (
	"slices"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// none stands for an OrderID that does not exist.
const none = "NONE"

// Roles that a session may have. A session without a list trades.
const (
	roleTrade    = "trade"     // everything but what roleProvide may
	roleQuote    = "quote"     // prices of its own, without an order
	roleMarket   = "md"        // market data
	roleAccount  = "account"   // what there is and was: it changes nothing
	roleDropCopy = "drop_copy" // the same, and it is told what all sessions of its accounts do
	roleCertify  = "certify"   // as roleTrade
	roleProvide  = "lp"        // quotes of its own, that the maker lays off to; it has to be said
)

// requestKind is one message type that clients may send.
type requestKind struct {
	ref      int      // tag of its id, for BusinessRejectRefID(379)
	required []int    // fields without which it is refused with 373=1, first missing one told
	roles    []string // who may send it
	decode   func(c *codec, r *request, o perp.Origin) perp.Command
}

// requests are the application messages that the gateway understands. Those
// without decode are answered by the desk.
var requests = map[string]requestKind{
	"D":  {11, []int{11, 54, 55, 60, 38, 40}, traders, decodeOrder},
	"F":  {11, []int{41, 11, 55, 54, 60, 38}, traders, decodeCancel},
	"G":  {11, []int{41, 11, 55, 54, 60, 38, 40}, traders, decodeReplace},
	"q":  {11, []int{11, 530, 60}, traders, decodeCancelOrders},
	"AF": {584, []int{584, 585}, readers, decodeRequestOrders},
	"H":  {11, nil, readers, decodeStatus},
	"R":  {131, []int{131, 146, 55}, quoters, decodeQuote},
	"AJ": {693, []int{693, 694, 55}, traders, decodeQuoteResponse},
	"Z":  {131, []int{117, 298}, cancelers, decodeQuoteCancel},
	"i":  {117, []int{117, 296}, providers, decodeProvide},
	"a":  {649, []int{117}, quoters, decodeQuoteStatus},
	"AN": {710, []int{710, 724, 453, 1, 581, 715, 60}, readers, decodePositions},
	"BB": {909, []int{909, 1}, readers, decodeCollateral},
	"AD": {568, []int{568, 569}, readers, decodeTrades},
	"V":  {262, []int{262, 263, 264}, watchers, nil},
	"e":  {324, []int{324, 55, 263}, anyone, nil},
	"x":  {320, []int{320, 559}, anyone, nil},
	"BE": {923, []int{923, 924, 553}, anyone, nil},
	"c":  {320, []int{320, 321}, anyone, nil},
	"g":  {335, []int{335, 263}, anyone, nil},
}

var (
	traders  = []string{roleTrade, roleCertify}
	quoters  = []string{roleTrade, roleCertify, roleQuote}
	readers  = []string{roleTrade, roleCertify, roleAccount, roleDropCopy}
	watchers = []string{roleTrade, roleCertify, roleMarket}
	anyone   = []string{roleTrade, roleCertify, roleQuote, roleMarket, roleAccount, roleDropCopy, roleProvide}

	providers = []string{roleProvide}
	cancelers = []string{roleTrade, roleCertify, roleQuote, roleProvide}
	unlisted  = []string{roleTrade}
)

// codec turns client messages into commands and events into messages. It keeps
// nothing but the roles of the sessions and may be used from many goroutines.
type codec struct {
	roles map[string][]string // by client CompID; none: it trades
	desk  *desk               // knows the instruments

	events eventCounts           // only the loop touches it
	offers map[string]*graded    // of each market, at the moment of encoding; only the loop touches it
	cash   map[string]perp.Money // of each account, at the moment of encoding; only the loop touches it

	// Of the entry being encoded; only the loop touches these.
	look    perp.LastLook // the last decision told
	origin  perp.Origin   // of the order or replace that it comes from
	clOrdID string
}

func newCodec(roles map[string][]string, d *desk) *codec {
	return &codec{roles: roles, desk: d, events: newEventCounts(nil), offers: map[string]*graded{}, cash: map[string]perp.Money{}}
}

// decode reads one application message that the dictionary has accepted. It
// returns a command for the engine; or what the session answers instead (3 or
// j); or neither for the messages that desk.local answers (x, c, e, g, V, BE).
func (c *codec) decode(msg *quickfix.Message, o perp.Origin) (perp.Command, quickfix.MessageRejectError) {
	r := newRequest(msg)
	kind, known := requests[r.msgType]
	if !known {
		return nil, quickfix.UnsupportedMessageType()
	}
	roles := c.roles[o.Session]
	if len(roles) == 0 {
		roles = unlisted
	}
	if !slices.ContainsFunc(roles, func(role string) bool { return slices.Contains(kind.roles, role) }) {
		return nil, businessReject(perp.NotPermitted, msg, "the roles of this session do not include 35="+r.msgType)
	}
	r.require(kind.required...)
	if r.rej != nil || kind.decode == nil {
		return nil, r.rej
	}
	cmd := kind.decode(c, r, o)
	if r.rej != nil {
		return nil, r.rej
	}
	return cmd, nil
}

// Fields that say nothing about the terms of an order: read past.
var harmless = []int{
	526, 583, 453, 448, 447, 452, 802, 523, 803, 229, 75, 660, 581, 21, 48, 22, 107, 454, 455, 456, 460, 461, 762,
	231, 114, 376, 377, 528, 529, 582, 58, 354, 355,
}

var (
	orderFields  = []int{11, 1, 55, 54, 60, 38, 40, 44, 59, 117, 15, 167, tagSlippage}
	cancelFields = []int{41, 37, 11, 1, 55, 54, 60, 38, 167}
)

// decodeOrder reads D.
func decodeOrder(c *codec, r *request, o perp.Origin) perp.Command {
	p := perp.PlaceOrder{
		Origin: o, ClOrdID: r.clOrdID(11), Account: r.id(1), Symbol: r.id(55), Side: r.side(),
		Size: r.size(38), QuoteID: r.id(117), Transact: r.when(60),
	}
	p.Type = r.orderType()
	p.TIF = r.timeInForce(p.Type)
	p.Price = r.limit(p.Type)
	if p.Type == perp.PreviouslyQuoted && p.QuoteID == "" {
		r.missing(117)
	}
	if p.Type != perp.PreviouslyQuoted && p.QuoteID != "" {
		r.flaw(perp.Unsupported, "tag=117")
	}
	p.Conditions, p.MaxAge = c.conditions(r, o.Session, p.Type, p.TIF, false), r.maxAge()
	r.instrument(c, p.Symbol)
	r.only(orderFields, conditionFields, harmless)
	p.Flawed = r.flawed()
	return p
}

// decodeCancel reads F. OrderQty is asked for by the standard, and not used.
func decodeCancel(_ *codec, r *request, o perp.Origin) perp.Command {
	f := perp.CancelOrder{
		Origin: o, ClOrdID: r.clOrdID(11), OrigClOrdID: r.id(41), OrderID: r.id(37), Account: r.id(1),
		Symbol: r.id(55), Side: r.side(),
	}
	r.when(60)
	r.size(38)
	r.only(cancelFields, harmless)
	f.Flawed = r.flawed()
	return f
}

// decodeReplace reads G.
func decodeReplace(c *codec, r *request, o perp.Origin) perp.Command {
	g := perp.ReplaceOrder{
		Origin: o, ClOrdID: r.clOrdID(11), OrigClOrdID: r.id(41), OrderID: r.id(37), Account: r.id(1),
		Symbol: r.id(55), Side: r.side(), Size: r.size(38),
	}
	g.Transact = r.when(60)
	g.Type = r.orderType()
	if _, stated := r.get(59); stated {
		g.TIF = r.timeInForce(g.Type)
	}
	g.Price = r.limit(g.Type)
	g.Conditions, g.MaxAge = c.conditions(r, o.Session, g.Type, g.TIF, true), r.maxAge()
	if g.Slippage != 0 { // It was spent when the order came, or waits for its stop.
		r.flaw(perp.Unsupported, "tag=22081")
	}
	r.instrument(c, g.Symbol)
	r.only(orderFields, conditionFields, cancelFields, harmless)
	g.Flawed = r.flawed()
	return g
}

// decodeStatus reads H: an order is named by its ClOrdID, symbol and side, or
// by its OrderID.
func decodeStatus(_ *codec, r *request, o perp.Origin) perp.Command {
	if _, byOrderID := r.get(37); !byOrderID {
		r.require(11, 55, 54)
	}
	return perp.RequestStatus{
		Origin: o, ClOrdID: r.id(11), OrderID: r.id(37), StatusID: r.id(790), Account: r.id(1), Symbol: r.id(55), Side: r.side(),
	}
}

// orderType reads OrdType(40).
func (r *request) orderType() perp.OrderType {
	switch c := r.code(40); {
	case c == 0:
	case c == '1':
		return perp.Market
	case c == '2':
		return perp.Limit
	case c == '3':
		return perp.Stop
	case c == '4':
		return perp.StopLimit
	case c == 'D':
		return perp.PreviouslyQuoted
	case c >= '5' && c <= '9' || c >= 'A' && c <= 'P':
		r.flaw(perp.Unsupported, "40="+string(c))
	default:
		r.wrong(40, rejectValue)
	}
	return 0
}

// timeInForce reads TimeInForce(59) or takes the default of the order type:
// a market order is IOC, one on a quote FOK, a limit or stop order GTC.
func (r *request) timeInForce(t perp.OrderType) (tif perp.TimeInForce) {
	switch c := r.code(59); {
	case c == 0:
		tif = defaultTIF[t]
	case c == '1':
		tif = perp.GTC
	case c == '3':
		tif = perp.IOC
	case c == '4':
		tif = perp.FOK
	case c == '6':
		tif = perp.GTD
	case c == '0' || c == '2' || c == '5' || c == '7':
		r.flaw(perp.Unsupported, "59="+string(c))
	default:
		r.wrong(59, rejectValue)
	}
	if tif.Waits() && (t == perp.Market || t == perp.PreviouslyQuoted) {
		r.flaw(perp.Unsupported, "59="+tifCodes[tif]+" with this 40")
	}
	return tif
}

var defaultTIF = map[perp.OrderType]perp.TimeInForce{
	perp.Market: perp.IOC, perp.PreviouslyQuoted: perp.FOK, perp.Limit: perp.GTC, perp.Stop: perp.GTC, perp.StopLimit: perp.GTC,
}

// limit reads Price(44). A market order may state zero, which some systems
// send always; any other price would be a limit that nobody keeps.
func (r *request) limit(t perp.OrderType) perp.Price {
	text, stated := r.get(44)
	if t == perp.Market || t == perp.Stop {
		if v, err := perp.ParsePrice(text); stated && (err != nil || v != 0) {
			r.flaw(perp.Unsupported, "tag=44")
		}
		return 0
	}
	if !stated && (t == perp.Limit || t == perp.StopLimit) {
		r.missing(44)
	}
	return r.price(44)
}

// security checks the type of what a request speaks of.
func (r *request) security() {
	if v, ok := r.get(167); ok && v != securityType {
		r.flaw(perp.Unsupported, "tag=167")
	}
}

// instrument checks what a request says about the instrument beside its symbol.
func (r *request) instrument(c *codec, symbol string) {
	r.security()
	if v, ok := r.get(15); ok {
		if inst, known := c.desk.instrument(symbol); known && v != inst.Currency {
			r.flaw(perp.Unsupported, "tag=15")
		}
	}
}
