package engine

import (
	"fmt"
	"strings"

	"backstop/perp"
)

// streams reads what is asked about quote streams: stream, unquote (Z), pass (AJ),
// worth (a), each with who, id, then key=value words; gone (the session ends).
func (s *script) streams(f []string) perp.Command {
	if f[0] == "gone" {
		return perp.SessionEnded{Session: f[1], At: s.now}
	}
	s.msg++
	o := perp.Origin{Session: f[1], InSeq: s.msg, Arrival: s.now, Sent: s.now}
	k := words(f[3:])
	symbol, quote := or(k["symbol"], "BTC-PERP"), s.quoteID(k["quote"], "BTC-PERP", map[string]perp.Side{"buy": perp.Buy, "sell": perp.Sell}[k["side"]])
	switch f[0] {
	case "unquote":
		return perp.CancelQuotes{Origin: o, ReqID: k["req"], QuoteID: quote, Symbol: symbol, All: k["all"] == "yes"}
	case "pass":
		return perp.DeclineQuote{Origin: o, RespID: f[2], QuoteID: quote, Symbol: symbol}
	case "worth":
		return perp.RequestQuoteStatus{Origin: o, StatusID: f[2], QuoteID: quote, Symbol: k["symbol"]}
	}
	r := perp.RequestQuote{
		Origin: o, ReqID: f[2], Account: f[1], Symbol: symbol, Side: map[string]perp.Side{"buy": perp.Buy, "sell": perp.Sell}[k["side"]],
		Size: must(perp.ParseSize(or(k["size"], "0"))), Stream: perp.Stream{Wanted: true}, Indicative: k["indicative"] == "yes",
	}
	if k["for"] != "" {
		r.Stream.Until = s.now + perp.Time(s.number(k["for"]))*perp.Second
	}
	return r
}

func (s *script) showStreams(ev perp.Event) string {
	switch ev := ev.(type) {
	case perp.StreamQuoted:
		s.lastStream = ev.QuoteID
		return fmt.Sprintf("stream %s %s bid%s ask%s", ev.ReqID, ev.QuoteID, rungs(ev.Bids), rungs(ev.Asks))
	case perp.StreamWithdrawn:
		over := ""
		if ev.Over {
			over = ", over"
		}
		return fmt.Sprintf("stream %s withdrawn %s: %s%s", ev.ReqID, ev.QuoteID, ev.Why, over)
	case perp.QuoteStatusReported:
		text := fmt.Sprintf("quote status %s %s%s %s", ev.QuoteID, ev.StatusID, ev.RespID, ev.Status)
		if ev.Status == perp.QuoteActive {
			text += fmt.Sprintf(" bid %s x %s ask %s x %s", ev.Bid.Price, ev.Bid.Size, ev.Ask.Price, ev.Ask.Size)
		}
		return strings.TrimSpace(text + " " + ev.Verdict.Reject.String())
	}
	return ""
}

func rungs(levels []perp.Level) (text string) {
	for _, l := range levels {
		text += fmt.Sprintf(" %s x %s", l.Price, l.Size)
	}
	return text
}
