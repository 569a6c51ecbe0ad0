package fix

import "backstop/perp"

// anyQuote stands in QuoteID(117) for every quote of what a message speaks of.
const anyQuote = "*"

// Fields of the requests about quotes.
var (
	quoteFields       = []int{131, 146, 55, 54, 38, 1, 60, 303, 537, 167, 15, 126, tagFirmness}
	responseFields    = []int{693, 694, 117, 11, 55, 54, 38, 44, 40, 60, 1, 537, 15, 167, tagMaxAge}
	quoteCancelFields = []int{131, 117, 298, 295}
	quoteStatusFields = []int{649, 117, 55, 167, 1, 263}
)

// decodeQuote reads R: one two-way or one-sided quote in one market, given once
// or as a stream (303=2), to be dealt on or only to be seen (537=0).
func decodeQuote(c *codec, r *request, o perp.Origin) perp.Command {
	q := perp.RequestQuote{Origin: o, ReqID: r.id(131), Account: r.id(1), Symbol: r.id(55), Side: r.side(), Size: r.size(38)}
	r.when(60)
	if r.count(146) != 1 || len(r.all(55)) != 1 {
		r.flaw(perp.Unsupported, "one market per request")
	}
	switch kind := r.code(303); kind {
	case 0, '1':
	case '2':
		q.Stream = perp.Stream{Wanted: true, Until: r.when(126)}
	default:
		r.flaw(perp.Unsupported, "303="+string(kind))
	}
	if _, ok := r.get(38); !ok && !q.Stream.Wanted { // A stream without it is of the whole ladder.
		r.missing(38)
	} else if ok && q.Size == 0 && q.Stream.Wanted {
		r.flaw(perp.MinQty, "38=0")
	}
	if _, ok := r.get(126); ok && !q.Stream.Wanted {
		r.flaw(perp.Unsupported, "126 without 303=2")
	}
	switch kind := r.code(537); kind {
	case 0, '1':
	case '0':
		q.Indicative = true
	default:
		r.flaw(perp.Unsupported, "537="+string(kind))
	}
	r.firmness(&q)
	r.instrument(c, q.Symbol)
	r.only(quoteFields, harmless)
	q.Flawed = r.flawed()
	return q
}

// tagFirmness is what a quote is worth: of one that is given, or that is asked for.
const tagFirmness = 22033

// firmness reads how firm a quote is asked for. Without it, and with 1, it is as firm
// as the market has it; 0 is what 537=0 is.
func (r *request) firmness(q *perp.RequestQuote) {
	kind, stated := r.get(tagFirmness)
	if !stated {
		return
	}
	switch kind {
	case indicative:
		if r.code(537) == '1' {
			r.flaw(perp.Unsupported, "22033=0 with 537=1")
		}
		q.Indicative = true
		return
	case lastLook:
	case firm:
		q.Firm = true
	default:
		r.wrong(tagFirmness, rejectValue)
		return
	}
	if q.Indicative {
		r.flaw(perp.Unsupported, "22033="+kind+" with 537=0")
	}
}

// Kinds of QuoteResponse, QuoteRespType(694).
const (
	responseHit     = '1'
	responseCounter = '2'
	responsePass    = '6'
)

// decodeQuoteResponse reads AJ. Who hits places an order on the quote, and gets
// what D with 40=D would get; who passes wants no more of it.
func decodeQuoteResponse(c *codec, r *request, o perp.Origin) perp.Command {
	kind, _ := r.get(694)
	if kind == string(responseHit) {
		if _, named := r.get(11); named {
			return decodeHit(c, r, o)
		}
	}
	d := perp.DeclineQuote{Origin: o, RespID: r.id(693), QuoteID: r.id(117), Symbol: r.id(55)}
	switch {
	case kind == string(responseHit): // Without an order to refuse, the answer is refused.
		r.missing(11)
	case kind == string(responseCounter):
		r.flaw(perp.CounterUnsupported, "")
	case kind == string(responsePass) && d.QuoteID == "":
		r.missing(117)
	case kind == string(responsePass):
	case len(kind) != 1 || kind[0] < '1' || kind[0] > '9':
		r.wrong(694, rejectValue)
	default:
		r.flaw(perp.Unsupported, "694="+kind)
	}
	r.when(60)
	r.only(responseFields, harmless)
	d.Flawed = r.flawed()
	return d
}

func decodeHit(c *codec, r *request, o perp.Origin) perp.Command {
	p := perp.PlaceOrder{
		Origin: o, ClOrdID: r.clOrdID(11), Account: r.id(1), Symbol: r.id(55), Side: r.side(), Type: perp.PreviouslyQuoted,
		Size: r.size(38), QuoteID: r.id(117), Transact: r.when(60), RespID: r.id(693),
	}
	if kind := r.code(40); kind != 0 && kind != 'D' {
		r.flaw(perp.Unsupported, "40="+string(kind))
	}
	p.TIF = perp.FOK
	p.Price = r.limit(p.Type)
	for _, tag := range []int{54, 38, 117} {
		if _, ok := r.get(tag); !ok {
			r.missing(tag)
		}
	}
	if kind := r.code(537); kind != 0 && kind != '1' {
		r.flaw(perp.Unsupported, "537="+string(kind))
	}
	p.MaxAge = r.maxAge()
	r.instrument(c, p.Symbol)
	r.only(responseFields, harmless)
	p.Flawed = r.flawed()
	return p
}

// Kinds of QuoteCancel, QuoteCancelType(298).
const (
	cancelSymbol = "1"
	cancelQuotes = "4"
)

// decodeQuoteCancel reads Z: the end of what is quoted in one market (298=1) or in
// all of them (298=4), of one request (131), one quote (117) or any.
func decodeQuoteCancel(_ *codec, r *request, o perp.Origin) perp.Command {
	z := perp.CancelQuotes{Origin: o, ReqID: r.id(131), QuoteID: r.id(117), Symbol: r.id(55)}
	if z.QuoteID == anyQuote {
		z.QuoteID = ""
	}
	switch kind, _ := r.get(298); kind {
	case cancelSymbol:
		if z.Symbol == "" {
			r.missing(55)
		}
	case cancelQuotes:
		z.All = true
	case "2", "3":
		r.flaw(perp.Unsupported, "298="+kind)
	default:
		r.wrong(298, rejectValue)
	}
	if len(r.all(55)) > 1 {
		r.flaw(perp.Unsupported, "one market per request")
	}
	r.only(quoteCancelFields, []int{55, 1, 167}, harmless) // 55 is a member of 295.
	z.Flawed = r.flawed()
	return z
}

// decodeQuoteStatus reads a. Changes are told by the stream itself, so that there
// is nothing to subscribe to.
func decodeQuoteStatus(_ *codec, r *request, o perp.Origin) perp.Command {
	a := perp.RequestQuoteStatus{Origin: o, StatusID: r.id(649), QuoteID: r.id(117), Symbol: r.id(55)}
	if kind := r.code(263); kind != 0 && kind != '0' {
		r.flaw(perp.Unsupported, "263="+string(kind))
	}
	r.only(quoteStatusFields, harmless)
	a.Flawed = r.flawed()
	return a
}
