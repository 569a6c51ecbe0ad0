package fix

import (
	"fmt"
	"slices"
	"strconv"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// unit says in what the numbers of a verdict are counted.
type unit uint8

const (
	noUnit unit = iota
	sizes
	prices
	moneys
	ratios
	counts
	millis
)

// codes is how one reject is said in the messages that can say it: in
// OrdRejReason(103) of an execution report, CxlRejReason(102) of a cancel
// reject, BusinessRejectReason(380), QuoteRequestRejectReason(658),
// MDReqRejReason(281), PosReqResult(728), and in CollInquiryResult(946) and
// TradeRequestResult(749), which agree. Where FIX got a better code after 4.4,
// dialect VAMM1 uses that.
type codes struct {
	reject        perp.Reject
	order         int
	orderLater    int // in dialect VAMM1
	cancel        int
	business      int
	businessLater int // in dialect VAMM1
	quote         int
	market        string
	position      int
	inquiry       int
	unit          unit
}

// rejectTable has one row for every reject, in order of precedence. No other
// file knows these codes; spec/ROE.md prints them.
var rejectTable = []codes{
	{perp.NotReady, 99, 99, 99, 4, 4, 99, "2", 99, 99, noUnit},
	{perp.NotPermitted, 15, 33, 99, 6, 6, 6, "3", 3, 9, noUnit},
	{perp.Throttled, 99, 99, 99, 0, 8, 3, "2", 99, 99, noUnit},
	{perp.BadClOrdID, 99, 99, 99, 0, 0, 99, "1", 1, 99, noUnit},
	{perp.DuplicateClOrdID, 6, 6, 6, 0, 0, 99, "1", 1, 99, noUnit},
	{perp.PossResendMismatch, 6, 6, 6, 0, 0, 99, "1", 1, 99, noUnit},
	{perp.StaleRequest, 8, 8, 99, 0, 0, 4, "4", 99, 99, millis},
	{perp.UnknownSymbol, 1, 1, 99, 2, 2, 1, "0", 1, 1, noUnit},
	{perp.MarketHalted, 2, 2, 99, 0, 0, 2, "4", 99, 99, noUnit},
	{perp.OracleStale, 2, 19, 99, 0, 0, 10, "4", 99, 99, noUnit},
	{perp.OracleDivergent, 2, 19, 99, 0, 0, 10, "4", 99, 99, noUnit},
	{perp.Drawdown, 2, 2, 99, 0, 0, 2, "4", 99, 99, noUnit},
	{perp.ReduceOnlyMode, 2, 2, 99, 0, 0, 2, "4", 99, 99, noUnit},
	{perp.UnknownAccount, 15, 15, 99, 6, 6, 6, "3", 3, 9, noUnit},
	{perp.AccountNotPermitted, 15, 15, 99, 6, 6, 6, "3", 3, 9, noUnit},
	{perp.CondField, 99, 99, 99, 5, 5, 99, "4", 1, 99, noUnit},
	{perp.Unsupported, 11, 11, 99, 0, 0, 99, "4", 4, 8, noUnit},
	{perp.ExpireTime, 99, 99, 99, 0, 0, 99, "4", 99, 99, noUnit},
	{perp.BadLot, 13, 13, 99, 0, 0, 99, "4", 99, 99, sizes},
	{perp.MinQty, 13, 13, 99, 0, 0, 99, "4", 99, 99, sizes},
	{perp.MaxOrderSize, 3, 26, 99, 0, 0, 3, "4", 99, 99, sizes},
	{perp.BadTick, 99, 18, 99, 0, 0, 99, "4", 99, 99, prices},
	{perp.PriceBand, 99, 16, 99, 0, 0, 99, "4", 99, 99, prices},
	{perp.PostOnlyMarketable, 99, 99, 99, 0, 0, 99, "4", 99, 99, noUnit},
	{perp.QuoteUnknown, 99, 32, 99, 0, 0, 99, "4", 99, 99, noUnit},
	{perp.QuoteForeign, 99, 32, 99, 0, 0, 99, "4", 99, 99, noUnit},
	{perp.QuoteExpired, 8, 31, 99, 0, 0, 4, "4", 99, 99, noUnit},
	{perp.QuoteSuperseded, 8, 31, 99, 0, 0, 4, "4", 99, 99, noUnit},
	{perp.QuoteSide, 99, 99, 99, 0, 0, 99, "4", 99, 99, noUnit},
	{perp.QuotePrice, 99, 99, 99, 0, 0, 99, "4", 99, 99, prices},
	{perp.QuoteSize, 99, 99, 99, 0, 0, 99, "4", 99, 99, sizes},
	{perp.QuoteConsumed, 99, 32, 99, 0, 0, 99, "4", 99, 99, noUnit},
	{perp.ReduceOnlyFlat, 99, 99, 99, 0, 0, 99, "4", 99, 99, sizes},
	{perp.OpenOrdersLimit, 3, 3, 99, 0, 0, 3, "4", 99, 99, counts},
	{perp.PositionLimit, 3, 3, 99, 0, 0, 3, "4", 99, 99, sizes},
	{perp.NotionalLimit, 3, 27, 99, 0, 0, 3, "4", 99, 99, moneys},
	{perp.InsufficientMargin, 3, 25, 99, 0, 0, 3, "4", 99, 99, moneys},
	{perp.CollateralCap, 3, 25, 99, 0, 0, 3, "4", 99, 99, moneys},
	{perp.OILimit, 3, 3, 99, 0, 0, 9, "4", 99, 99, sizes},
	{perp.DealerLeverage, 3, 3, 99, 0, 0, 9, "4", 99, 99, ratios},
	{perp.FillLimit, 3, 3, 99, 0, 0, 3, "4", 99, 99, sizes},
	{perp.PriceUnavailable, 99, 32, 99, 0, 0, 10, "4", 99, 99, noUnit},
	{perp.LastLookPrice, 99, 30, 99, 0, 0, 99, "4", 99, 99, ratios},
	{perp.LastLookValidity, 99, 99, 99, 0, 0, 99, "4", 99, 99, noUnit},
	{perp.UnknownOrder, 5, 5, 1, 1, 1, 99, "4", 99, 99, noUnit},
	{perp.TooLate, 4, 4, 0, 0, 0, 4, "4", 99, 99, noUnit},
	{perp.NotAmendable, 99, 99, 2, 0, 0, 99, "4", 99, 99, noUnit},
	{perp.OrderMismatch, 99, 99, 99, 0, 0, 99, "4", 99, 99, noUnit},
	{perp.NoOrders, 99, 99, 99, 0, 0, 99, "4", 99, 99, noUnit},
	{perp.UnknownQuoteRequest, 99, 99, 99, 1, 1, 99, "4", 99, 99, noUnit},
	{perp.BadRequest, 99, 99, 99, 0, 0, 99, "4", 1, 99, noUnit},
	// The desk's commands do not come over FIX; their refusals have a row all the same.
	{perp.DuplicateKey, 99, 99, 99, 0, 0, 99, "4", 99, 99, noUnit},
	{perp.WrongState, 99, 99, 99, 0, 0, 99, "4", 99, 99, noUnit},
	{perp.OutOfRange, 99, 99, 99, 0, 0, 99, "4", 99, 99, moneys},
	{perp.InsufficientFunds, 99, 99, 99, 0, 0, 99, "4", 99, 99, moneys},
	{perp.OutflowLimit, 99, 99, 99, 0, 0, 99, "4", 99, 99, moneys},
	{perp.UnknownSession, 99, 99, 99, 0, 0, 99, "4", 99, 99, noUnit},
	{perp.CounterUnsupported, 99, 99, 99, 0, 0, 99, "4", 99, 99, noUnit},
	{perp.QuoteNotLive, 99, 99, 99, 0, 0, 99, "4", 99, 99, noUnit},
	{perp.QuoteCrossed, 99, 99, 99, 0, 0, 99, "4", 99, 99, prices},
	{perp.QuoteEntries, 99, 99, 99, 0, 0, 99, "4", 99, 99, counts},
	{perp.MMPFrozen, 99, 99, 99, 0, 0, 99, "4", 99, 99, noUnit},
	{perp.UnknownTrade, 99, 99, 99, 0, 0, 99, "4", 99, 99, noUnit}, // of the desk's
}

// codesOf returns the row of a reject; a reject without one is a bug.
func codesOf(r perp.Reject) codes {
	i := int(r) - 1
	if i < 0 || i >= len(rejectTable) || rejectTable[i].reject != r {
		panic(perp.Fault{What: "reject without a row in fix/reject.go", Args: []int64{int64(r)}})
	}
	return rejectTable[i]
}

// Codes are the FIX codes of a reject: OrdRejReason(103), CxlRejReason(102),
// BusinessRejectReason(380), QuoteRequestRejectReason(658), MDReqRejReason(281),
// PosReqResult(728), and CollInquiryResult(946), which TradeRequestResult(749)
// agrees with. The later ones are those of dialect VAMM1.
type Codes struct {
	Order         int    `json:"103"`
	OrderLater    int    `json:"103_vamm1"`
	Cancel        int    `json:"102"`
	Business      int    `json:"380"`
	BusinessLater int    `json:"380_vamm1"`
	Quote         int    `json:"658"`
	Market        string `json:"281"`
	Position      int    `json:"728"`
	Inquiry       int    `json:"946"`
}

// CodesOf returns the codes with which clients see a reject; one that is not a
// reject is a Fault.
func CodesOf(r perp.Reject) Codes {
	c := codesOf(r)
	return Codes{c.order, c.orderLater, c.cancel, c.business, c.businessLater, c.quote, c.market, c.position, c.inquiry}
}

// quoteStatuses are QuoteStatus(297) of what has become of a quote.
var quoteStatuses = map[perp.QuoteStatus]int{
	perp.QuoteActive: 0, perp.QuoteCanceled: 1, perp.QuoteAllCanceled: 4, perp.QuoteDealt: 6,
	perp.QuoteRejected: 5, perp.QuoteOver: 7, perp.QuoteNotFound: 9, perp.QuotePassed: 11,
}

// withdrawals are QuoteCancelReason(22034).
var withdrawals = map[perp.Withdrawal]string{
	perp.WithdrawnExpired: "1", perp.WithdrawnStale: "2", perp.WithdrawnMoved: "3", perp.WithdrawnRisk: "4",
	perp.WithdrawnHalt: "5", perp.WithdrawnDealt: "6", perp.WithdrawnClient: "7", perp.WithdrawnToxicity: "8",
}

// Codes of an answer to a provider's quotes, QuoteStatus(297).
const (
	massAccepted = "0"
	massRefused  = "5"
)

// massQuoteCode is QuoteRejectReason(300) and QuoteEntryRejectReason(368), which agree.
func massQuoteCode(r perp.Reject) int {
	switch r {
	case perp.UnknownSymbol:
		return 1
	case perp.MarketHalted, perp.OracleStale, perp.OracleDivergent:
		return 2
	case perp.MaxOrderSize, perp.QuoteEntries:
		return 3
	case perp.BadRequest:
		return 6
	case perp.QuoteCrossed:
		return 7
	case perp.BadTick, perp.PriceBand:
		return 8
	case perp.UnknownAccount, perp.AccountNotPermitted:
		return 9
	}
	return 99
}

// massCode is MassCancelRejectReason(532) of a mass cancel that is refused.
func massCode(r perp.Reject) int {
	switch r {
	case perp.Unsupported:
		return 0
	case perp.UnknownSymbol:
		return 1
	}
	return 99
}

// Codes of a market data request that are about the request itself.
const (
	mdDuplicateID  = "1"
	mdTooMany      = "2"
	mdSubscription = "4"
	mdDepth        = "5"
	mdUpdateType   = "6"
	mdEntryType    = "8"
)

// Codes of an answer to a position request.
const (
	positionsValid    = 0 // PosReqResult(728)
	positionsNone     = 2
	positionsComplete = 0 // PosReqStatus(729)
	positionsRejected = 2
)

// Codes of an answer to a collateral inquiry, CollInquiryStatus(945) and
// CollInquiryResult(946), and to a trade request, TradeRequestStatus(750) and
// TradeRequestResult(749).
const (
	inquiryAccepted  = 0
	inquiryCompleted = 2
	inquiryRejected  = 4
	tradesAccepted   = 0
	tradesCompleted  = 1
	tradesRejected   = 2
	resultSuccessful = 0
)

// Codes of the state of the venue, TradSesStatus(340), and of an answer to a
// security definition request, SecurityResponseType(323).
const (
	venueHalted        = "1"
	venueOpen          = "2"
	venueClosed        = "3"
	venueRefused       = "6"
	definitionAccepted = "1"
	definitionRefused  = "5"
)

// Codes of an answer to a security list request, SecurityRequestResult(560).
const (
	listValid       = 0
	listUnsupported = 1
	listNothing     = 2
)

// text is Text(58) of a refusal: the token, then what it is about.
func text(v perp.Verdict) string {
	if v.Reject == perp.CondField {
		return v.Reject.String() + ":" + v.Detail
	}
	s := v.Reject.String()
	if v.Detail != "" {
		s += " " + v.Detail
	}
	if v.Need != 0 || v.Have != 0 {
		u := codesOf(v.Reject).unit
		s += " need=" + u.show(v.Need) + " have=" + u.show(v.Have)
	}
	return s
}

func (u unit) show(v int64) string {
	switch u {
	case sizes:
		return perp.Size(v).String()
	case prices:
		return perp.Price(v).String()
	case moneys:
		return perp.Money(v).String()
	case ratios:
		return perp.Ratio(v).String()
	case millis:
		return strconv.FormatInt(v/int64(perp.Millisecond), 10) + "ms"
	}
	return strconv.FormatInt(v, 10)
}

// businessReject is the j that refuses msg for r, used where the message has no
// reject of its own: NotReady when the inbox is full, NotPermitted, Throttled.
// Its Text(58) starts with the token.
func businessReject(r perp.Reject, msg *quickfix.Message, detail string) quickfix.MessageRejectError {
	req := newRequest(msg)
	ref, _ := req.get(requests[req.msgType].ref)
	if len(ref) > idMax || !printable(ref) {
		ref = ""
	}
	said := text(perp.Verdict{Reject: r, Detail: detail})
	return quickfix.NewBusinessMessageRejectErrorWithRefID(said, codesOf(r).business, ref, nil)
}

// rejectRow is one line of the reason table in the rules of engagement.
func (c codes) rejectRow() string {
	return fmt.Sprintf("| %s | %s | %d | %s | %d | %d | %d |", c.reject, both(c.order, c.orderLater), c.cancel, both(c.business, c.businessLater), c.quote, c.position, c.inquiry)
}

// both prints the code of STRICT44 and, if it is another, that of VAMM1.
func both(strict, later int) string {
	if strict == later {
		return strconv.Itoa(strict)
	}
	return strconv.Itoa(strict) + " → " + strconv.Itoa(later)
}

// rejectOf finds a reject by its token; no reject for another text.
func rejectOf(token string) perp.Reject { return rejectsByToken[token] }

var rejectsByToken = func() map[string]perp.Reject {
	all := map[string]perp.Reject{}
	for _, r := range perp.Rejects() {
		all[r.String()] = r
	}
	return all
}()

// strictCode is what STRICT44 says in OrdRejReason(103) or
// BusinessRejectReason(380) of a message whose Text(58) begins with token.
func strictCode(f pair, token string) string {
	r := rejectOf(token)
	switch {
	case r == perp.RejectNone:
		return f.value
	case f.tag == 103:
		return strconv.Itoa(codesOf(r).order)
	}
	return strconv.Itoa(codesOf(r).business)
}

// orderLater is OrdRejReason(103) in VAMM1. What ended a hold may have a code of
// its own: no newer price came in time, or the margin is gone.
func orderLater(v perp.Verdict, look *perp.LastLook) string {
	code := codesOf(v.Reject).orderLater
	switch {
	case v.Reject != perp.LastLookValidity:
	case look != nil && look.Outcome == perp.LookExpired:
		code = codesOf(perp.QuoteExpired).orderLater
	case v.Detail == perp.InsufficientMargin.String():
		code = codesOf(perp.InsufficientMargin).orderLater
	}
	return strconv.Itoa(code)
}

// sameOrder tells whether a refused order is shown as the order that already
// has its id.
func sameOrder(r perp.Reject) bool {
	return slices.Contains([]perp.Reject{perp.DuplicateClOrdID, perp.PossResendMismatch}, r)
}
