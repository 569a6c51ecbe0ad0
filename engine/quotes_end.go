package engine

import (
	"slices"

	"backstop/perp"
)

// cancelQuotes ends what its session is quoted, and what it quotes as a liquidity
// provider: the stream of one request, one quote, or all of them, in one market or
// in every one. That there is nothing to
// end is an answer only if nothing was named.
func (e *Engine) cancelQuotes(c perp.CancelQuotes) {
	answer := perp.QuoteStatusReported{
		Origin: c.Origin, ReqID: c.ReqID, QuoteID: c.QuoteID, Symbol: c.Symbol, Status: perp.QuoteCanceled, Verdict: c.First(),
	}
	if c.All {
		answer.Status = perp.QuoteAllCanceled
	} else {
		answer.Verdict = answer.Verdict.Worse(e.quotedIn(c.Symbol))
	}
	if answer.Verdict.OK() {
		ended := 0
		for _, m := range e.state.Markets {
			if c.All || m.Instrument.Symbol == c.Symbol {
				ended += e.quit(m, c.Session, c.ReqID, c.QuoteID)
			}
		}
		if ended == 0 && (c.ReqID != "" || c.QuoteID != "") {
			answer.Verdict = perp.Verdict{Reject: perp.QuoteNotLive}
		}
	}
	e.told(answer)
}

// declineQuote ends the stream or the answer that a quote belongs to.
func (e *Engine) declineQuote(c perp.DeclineQuote) {
	answer := perp.QuoteStatusReported{
		Origin: c.Origin, QuoteID: c.QuoteID, RespID: c.RespID, Symbol: c.Symbol, Status: perp.QuotePassed,
		Verdict: c.First().Worse(e.quotedIn(c.Symbol)),
	}
	if answer.Verdict.OK() {
		if m := e.markets[c.Symbol]; e.quit(m, c.Session, "", c.QuoteID) == 0 {
			answer.Verdict = perp.Verdict{Reject: perp.QuoteNotLive}
		}
	}
	e.told(answer)
}

// told emits the answer; one that refuses says so in its status.
func (e *Engine) told(answer perp.QuoteStatusReported) {
	switch answer.Verdict.Reject {
	case perp.RejectNone:
	case perp.QuoteNotLive, perp.QuoteUnknown:
		answer.Status = perp.QuoteNotFound
	default:
		answer.Status = perp.QuoteRejected
	}
	e.emit(answer)
}

func (e *Engine) quotedIn(symbol string) perp.Verdict {
	switch {
	case symbol == "":
		return perp.Verdict{Reject: perp.CondField, Need: 55, Detail: "55"}
	case e.markets[symbol] == nil:
		return perp.Verdict{Reject: perp.UnknownSymbol, Detail: symbol}
	}
	return perp.Verdict{}
}

// quit ends the streams and answers of a session in a market, of one request or
// quote if it is named, and counts them. Only what the client did not ask for is
// told beside the answer.
func (e *Engine) quit(m *market, session, reqID, quoteID string) (ended int) {
	named, _, _ := m.streamOf(quoteID)
	for i := range m.Streams {
		s := &m.Streams[i]
		if s.runs() && s.Origin.Session == session && (reqID == "" || s.ReqID == reqID) && (quoteID == "" || named == s) {
			e.withdrawStream(m, s, perp.WithdrawnClient, true)
			ended++
		}
	}
	if reqID == "" {
		ended += e.quitProvided(m, session, quoteID)
	}
	for i := range m.RFQs {
		q := &m.RFQs[i]
		if q.Session == session && (reqID == "" || q.ReqID == reqID) && (quoteID == "" || q.ID == quoteID) && q.ValidUntil > e.now {
			q.ValidUntil = e.now
			ended++
		}
	}
	return ended
}

// quoteStatus says what a quote is worth to its session. A quote that was given to
// somebody else is not there for it.
func (e *Engine) quoteStatus(r perp.RequestQuoteStatus) {
	answer := perp.QuoteStatusReported{
		Origin: r.Origin, StatusID: r.StatusID, QuoteID: r.QuoteID, Symbol: r.Symbol, Status: perp.QuoteNotFound, Verdict: r.First(),
	}
	if r.Symbol != "" {
		answer.Verdict = answer.Verdict.Worse(e.quotedIn(r.Symbol))
	}
	if answer.Verdict.OK() {
		answer.Verdict = perp.Verdict{Reject: perp.QuoteUnknown}
		for _, m := range e.state.Markets {
			if r.Symbol == "" || r.Symbol == m.Instrument.Symbol {
				e.freshen(m)
				e.worth(m, &answer)
			}
		}
	}
	e.told(answer)
}

// worth looks a quote up in one market, as an order of each side would.
func (e *Engine) worth(m *market, answer *perp.QuoteStatusReported) {
	account := ""
	if s, _, _ := m.streamOf(answer.QuoteID); s != nil && s.Origin.Session == answer.Origin.Session {
		account, answer.ReqID = s.Account, s.ReqID
	}
	if i := slices.IndexFunc(m.RFQs, func(q rfq) bool { return q.ID == answer.QuoteID && q.Session == answer.Origin.Session }); i >= 0 {
		account = m.RFQs[i].Account
	}
	if account == "" {
		account = e.ownAccount(answer.Origin.Session, "")
	}
	for _, side := range []perp.Side{perp.Buy, perp.Sell} {
		d := e.dealOf(m, perp.PlaceOrder{Origin: answer.Origin, Account: account, Symbol: m.Instrument.Symbol, Side: side, Type: perp.PreviouslyQuoted, QuoteID: answer.QuoteID})
		if !d.found || d.foreign {
			continue
		}
		answer.Symbol, answer.Verdict = m.Instrument.Symbol, perp.Verdict{}
		switch {
		case d.used:
			answer.Status = perp.QuoteDealt
		case d.expired || d.old:
			if answer.Status == perp.QuoteActive { // Its other side stands.
				continue
			}
			answer.Status = perp.QuoteOver
		case d.side != 0 && d.side != side:
		default:
			answer.Status = perp.QuoteActive
			if side == perp.Buy {
				answer.Ask = d.level
			} else {
				answer.Bid = d.level
			}
		}
	}
}
