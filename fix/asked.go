package fix

import (
	"strconv"
	"strings"

	"backstop/perp"
	"backstop/spec"
)

// Asked is a request of a client as a message for people. The bytes of requests are not
// kept; what the engine was asked is, so that fields which it does not need are missing,
// and so is the frame. Ours is the CompID that the client sends to. Commands that come
// from no session are not told.
func Asked(c perp.Command, ours string) (m Message, ok bool) {
	switch c := c.(type) {
	case perp.PlaceOrder:
		return askedOrder(c, ours), c.Session != ""
	case perp.CancelOrder:
		b := retold("F", c.Origin, ours).opt(41, c.OrigClOrdID).opt(37, c.OrderID).opt(11, c.ClOrdID).opt(1, c.Account)
		return b.opt(55, c.Symbol).side(c.Side).message(), c.Session != ""
	case perp.ReplaceOrder:
		b := retold("G", c.Origin, ours).opt(41, c.OrigClOrdID).opt(37, c.OrderID).opt(11, c.ClOrdID).opt(1, c.Account)
		b.opt(55, c.Symbol).side(c.Side).size(38, c.Size).opt(40, typeCodes[c.Type]).price(44, c.Price).opt(59, tifCodes[c.TIF])
		return b.conditions(c.Conditions).when(60, c.Transact).message(), c.Session != ""
	case perp.CancelOrders:
		b := retold("q", c.Origin, ours).opt(11, c.ClOrdID).opt(530, c.Said).opt(55, c.Symbol).side(c.Side)
		return b.message(), c.Session != ""
	case perp.RequestStatus:
		b := retold("H", c.Origin, ours).opt(37, c.OrderID).opt(11, c.ClOrdID).opt(790, c.StatusID).opt(1, c.Account)
		return b.opt(55, c.Symbol).side(c.Side).message(), c.Session != ""
	case perp.RequestOrders:
		b := retold("AF", c.Origin, ours).opt(584, c.ReqID).opt(1, c.Account).opt(55, c.Symbol).side(c.Side)
		return b.message(), c.Session != ""
	}
	return askedElse(c, ours)
}

// askedElse is Asked for requests that are about no order.
func askedElse(c perp.Command, ours string) (m Message, ok bool) {
	switch c := c.(type) {
	case perp.RequestQuote:
		b := retold("R", c.Origin, ours).opt(131, c.ReqID).opt(55, c.Symbol)
		if c.Stream.Wanted {
			b.add(303, "2")
		}
		if c.Indicative {
			b.add(537, "0")
		}
		if c.Firm {
			b.add(tagFirmness, firm)
		}
		return b.side(c.Side).size(38, c.Size).opt(1, c.Account).when(126, c.Stream.Until).message(), c.Session != ""
	case perp.DeclineQuote:
		b := retold("AJ", c.Origin, ours).opt(693, c.RespID).opt(117, c.QuoteID)
		if len(c.Flaws) == 0 {
			b.add(694, string(responsePass))
		}
		return b.opt(55, c.Symbol).message(), c.Session != ""
	case perp.ProvideQuotes:
		return askedProvide(c, ours), c.Session != ""
	case perp.CancelQuotes:
		kind := cancelSymbol
		if c.All {
			kind = cancelQuotes
		}
		b := retold("Z", c.Origin, ours).opt(131, c.ReqID).opt(117, c.QuoteID).add(298, kind).opt(55, c.Symbol)
		return b.message(), c.Session != ""
	case perp.RequestQuoteStatus:
		b := retold("a", c.Origin, ours).opt(649, c.StatusID).opt(117, c.QuoteID).opt(55, c.Symbol)
		return b.message(), c.Session != ""
	case perp.RequestPositions:
		b := retold("AN", c.Origin, ours).opt(710, c.ReqID).opt(1, c.Account).opt(55, c.Symbol)
		return b.message(), c.Session != "" && !c.Unsolicited
	case perp.RequestCollateral:
		return retold("BB", c.Origin, ours).opt(909, c.ReqID).opt(1, c.Account).message(), c.Session != "" && !c.Unsolicited
	case perp.RequestTrades:
		b := retold("AD", c.Origin, ours).opt(568, c.ReqID).opt(37, c.OrderID).opt(11, c.ClOrdID).opt(17, c.TradeID)
		return b.opt(1, c.Account).opt(55, c.Symbol).message(), c.Session != ""
	}
	return Message{}, false
}

// AskedKinds are the kinds of the commands that Asked knows.
func AskedKinds() (kinds []string) {
	for _, c := range []perp.Command{
		perp.PlaceOrder{}, perp.CancelOrder{}, perp.ReplaceOrder{}, perp.CancelOrders{}, perp.RequestStatus{}, perp.RequestOrders{},
		perp.RequestQuote{}, perp.DeclineQuote{}, perp.CancelQuotes{}, perp.RequestQuoteStatus{}, perp.RequestPositions{},
		perp.RequestCollateral{}, perp.RequestTrades{}, perp.ProvideQuotes{},
	} {
		kinds = append(kinds, c.Kind())
	}
	return kinds
}

// askedOrder is D, or AJ if the order answers a quote.
func askedOrder(c perp.PlaceOrder, ours string) Message {
	kind := "D"
	if c.RespID != "" {
		kind = "AJ"
	}
	b := retold(kind, c.Origin, ours).opt(693, c.RespID)
	if c.RespID != "" {
		b.add(694, string(responseHit))
	}
	b.opt(11, c.ClOrdID).opt(1, c.Account).opt(55, c.Symbol).side(c.Side).size(38, c.Size).opt(40, typeCodes[c.Type])
	b.price(44, c.Price).opt(59, tifCodes[c.TIF]).opt(117, c.QuoteID).conditions(c.Conditions).when(60, c.Transact)
	if c.MaxAge != 0 {
		b.add(tagMaxAge, strconv.FormatInt(int64(c.MaxAge/perp.Millisecond), 10))
	}
	return b.message()
}

// askedProvide is i: what takes a provider's quotes in a market away shows two sizes of
// none.
func askedProvide(c perp.ProvideQuotes, ours string) Message {
	b := retold("i", c.Origin, ours).opt(117, c.QuoteID).opt(1, c.Account)
	if c.Reset {
		b.add(tagReset, "Y")
	}
	for i, x := range c.Entries {
		if i == 0 || x.Set != c.Entries[i-1].Set {
			b.opt(302, x.Set)
		}
		b.opt(299, x.ID).opt(55, x.Symbol).price(132, x.Bid.Price).price(133, x.Ask.Price).size(134, x.Bid.Size).size(135, x.Ask.Size)
		if x.Bid.Size == 0 && x.Ask.Size == 0 {
			b.add(134, "0").add(135, "0")
		}
		b.when(62, x.Until)
	}
	return b.message()
}

// askedBody collects the fields of a request.
type askedBody struct{ m Message }

func retold(msgType string, o perp.Origin, ours string) *askedBody {
	b := &askedBody{Message{Type: msgType}}
	b.m.Name, _ = spec.MessageName(msgType)
	b.add(35, msgType).add(34, strconv.FormatInt(o.InSeq, 10)).opt(49, o.Session).opt(56, ours)
	b.when(52, o.Sent)
	if o.PossDup {
		b.add(43, "Y")
	}
	if o.PossResend {
		b.add(97, "Y")
	}
	return b
}

func (b *askedBody) message() Message { return b.m }

func (b *askedBody) add(tag int, value string) *askedBody {
	f := Field{Tag: tag, Value: value}
	f.Name, _ = spec.FieldName(tag)
	f.Meaning, _ = spec.ValueName(tag, value)
	if tag == 35 {
		f.Meaning = b.m.Name
	}
	b.m.Fields = append(b.m.Fields, f)
	return b
}

// The methods below leave out what the request did not state.

func (b *askedBody) opt(tag int, value string) *askedBody {
	if value == "" {
		return b
	}
	return b.add(tag, value)
}

func (b *askedBody) side(s perp.Side) *askedBody {
	if s == 0 {
		return b
	}
	return b.opt(54, sideCodes[s])
}

func (b *askedBody) size(tag int, s perp.Size) *askedBody {
	if s == 0 {
		return b
	}
	return b.add(tag, s.String())
}

func (b *askedBody) price(tag int, p perp.Price) *askedBody {
	if p == 0 {
		return b
	}
	return b.add(tag, p.String())
}

func (b *askedBody) when(tag int, t perp.Time) *askedBody {
	if t == 0 {
		return b
	}
	return b.add(tag, stamp(t))
}

func (b *askedBody) conditions(c perp.Conditions) *askedBody {
	b.size(110, c.MinSize).when(126, c.Expires).price(99, c.Stop)
	words := instructions(c)
	if c.Tied {
		words = append(words, tiedWord)
	}
	b.opt(18, strings.Join(words, " "))
	if c.Reduce == perp.Closing {
		b.add(77, "C")
	}
	if c.Trigger != 0 {
		b.add(tagTrigger, strconv.Itoa(int(c.Trigger)))
	}
	if c.Slippage != 0 { // Of hundredths of a basis point.
		b.add(tagSlippage, perp.Price(c.Slippage*10_000).String())
	}
	return b
}
