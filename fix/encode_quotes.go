package fix

import (
	"maps"
	"slices"
	"strconv"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// offeredQuote is one S: an answer to a request, or the present quote of a stream.
type offeredQuote struct {
	reqID, quoteID, symbol string
	side                   perp.Side // that was asked for; zero: both
	bid, ask               perp.Level
	validUntil             perp.Time
	indicative             bool
}

// write is S. A side that was not asked for, or is not offered, is absent.
func (q offeredQuote) write(at perp.Time) *body {
	kind := "1"
	if q.indicative {
		kind = "0"
	}
	b := newBody("S").add(131, q.reqID).add(117, q.quoteID).add(537, kind).add(55, q.symbol)
	bid, ask := q.bid.Price != 0 && q.side != perp.Buy, q.ask.Price != 0 && q.side != perp.Sell
	for _, f := range []struct {
		tag   int
		shown bool
		value string
	}{
		{132, bid, q.bid.Price.String()}, {133, ask, q.ask.Price.String()},
		{134, bid, q.bid.Size.String()}, {135, ask, q.ask.Size.String()},
	} {
		if f.shown {
			b.add(f.tag, f.value)
		}
	}
	return b.time(62, q.validUntil).time(60, at).nanos(22005, at)
}

// sides are the sides of a quote to be explained.
func (q offeredQuote) sides(market perp.Quote) map[perp.Side]dealt {
	all := map[perp.Side]dealt{}
	if q.bid.Price > 0 && q.side != perp.Buy {
		all[perp.Sell] = dealt{q.bid.Price, market.BidParts}
	}
	if q.ask.Price > 0 && q.side != perp.Sell {
		all[perp.Buy] = dealt{q.ask.Price, market.AskParts}
	}
	return all
}

// quoteIssued answers R with one quote.
func (c *codec) quoteIssued(ev perp.QuoteIssued, at perp.Time) *body {
	q := offeredQuote{
		reqID: ev.ReqID, quoteID: ev.QuoteID, symbol: ev.Symbol, side: ev.Side, bid: ev.Bid, ask: ev.Ask, validUntil: ev.ValidUntil,
		indicative: ev.Indicative,
	}
	b := q.write(at).nanos(22006, ev.Origin.Arrival).add(22031, "1")
	offers, known := c.offers[ev.Symbol]
	inst, listed := c.desk.instrument(ev.Symbol)
	if !known || !listed || c.desk.dialect(ev.Origin.Session) != vamm1 {
		return b
	}
	market, held := offers.of(ev.Origin.Session, at)
	return b.offered(market, firmnessOf(held || ev.Held, ev.Indicative), ev.ValidUntil-at, inst.Tick, q.sides(market))
}

func quoteRefused(ev perp.QuoteRefused) *body {
	b := newBody("AG").add(131, ev.ReqID).num(658, codesOf(ev.Verdict.Reject).quote)
	return b.group(146, []pair{{55, ev.Symbol}}).refusal(ev.Verdict)
}

// quoteStatusReported is AI: what has become of a quote, or why a request about it
// is refused.
func quoteStatusReported(ev perp.QuoteStatusReported, at perp.Time) *body {
	id, symbol := ev.QuoteID, ev.Symbol
	if id == "" {
		id = anyQuote
	}
	if symbol == "" {
		symbol = noSymbol
	}
	b := newBody("AI").opt(649, ev.StatusID).opt(131, ev.ReqID).add(117, id).opt(693, ev.RespID).add(537, "1").add(55, symbol)
	for _, f := range []struct {
		tag   int
		level perp.Level
		value string
	}{
		{132, ev.Bid, ev.Bid.Price.String()}, {133, ev.Ask, ev.Ask.Price.String()},
		{134, ev.Bid, ev.Bid.Size.String()}, {135, ev.Ask, ev.Ask.Size.String()},
	} {
		if f.level.Size != 0 {
			b.add(f.tag, f.value)
		}
	}
	b.time(60, at).num(297, quoteStatuses[ev.Status])
	switch {
	case !ev.Verdict.OK():
		b.refusal(ev.Verdict)
	case ev.Status == perp.QuoteOver:
		b.add(58, perp.QuoteExpired.String())
	case ev.Status == perp.QuoteDealt:
		b.add(58, perp.QuoteConsumed.String())
	}
	return b.nanos(22005, at).nanos(22006, ev.Origin.Arrival)
}

// streamTold is what a session was told of one of its streams. It is made when the
// request comes, so that an earlier connection's stream is told to nobody.
type streamTold struct {
	quote     *perp.StreamQuoted // newest; nil: none yet, or it is withdrawn
	withdrawn *perp.StreamWithdrawn
	at        perp.Time // of the newest of both
	changed   bool      // since the session was last told
	seq       int64     // quotes told
}

// quoted keeps the newest of each stream: what a slow reader misses is gone.
// The lock is held.
func (k *desk) quoted(ev perp.Event, at perp.Time) {
	var o perp.Origin
	switch ev := ev.(type) {
	case perp.StreamQuoted:
		o = ev.Origin
	case perp.StreamWithdrawn:
		o = ev.Origin
	case perp.QuoteRefused:
		o = ev.Origin
	default:
		return
	}
	c := k.clients[o.Session]
	if c == nil || c.streams[o.InSeq] == nil {
		return
	}
	s := c.streams[o.InSeq]
	s.at, s.changed = at, true
	switch ev := ev.(type) {
	case perp.StreamQuoted:
		s.quote, s.withdrawn = &ev, nil
	case perp.StreamWithdrawn:
		s.quote, s.withdrawn = nil, &ev
	case perp.QuoteRefused: // It never began.
		delete(c.streams, o.InSeq)
	}
}

// streaming notes that a session asks for a stream. The lock is held.
func (k *desk) streaming(r perp.RequestQuote) {
	if !r.Stream.Wanted {
		return
	}
	c := k.client(r.Session)
	if c.streams == nil {
		c.streams = map[int64]*streamTold{}
	}
	c.streams[r.InSeq] = &streamTold{}
}

// dueStreams are the quotes and withdrawals that a session has to be told, in the
// order of its requests.
func (k *desk) dueStreams(session string, d dialect, c *client) (out []*quickfix.Message) {
	for _, seq := range slices.Sorted(maps.Keys(c.streams)) {
		s := c.streams[seq]
		if !s.changed {
			continue
		}
		s.changed = false
		switch {
		case s.quote != nil:
			s.seq++
			out = append(out, k.streamQuote(session, d, s))
		case s.withdrawn.Over:
			delete(c.streams, seq)
			if s.withdrawn.Why != perp.WithdrawnClient { // AI says it.
				out = append(out, s.withdraw().in(d))
			}
		case s.seq > 0:
			out = append(out, s.withdraw().in(d))
		}
	}
	return out
}

// withdraw is Z: a quote is taken back (117 names it), or the stream is over
// (117=*).
func (s *streamTold) withdraw() *body {
	w := s.withdrawn
	id, kind := w.QuoteID, cancelSymbol
	if w.Over || id == "" {
		id = anyQuote
	}
	if w.Why == perp.WithdrawnExpired {
		kind = cancelQuotes
	}
	b := newBody("Z").add(131, w.ReqID).add(117, id).add(298, kind).group(295, []pair{{55, w.Symbol}})
	return b.add(22034, withdrawals[w.Why])
}

// streamQuote is the S of a stream.
func (k *desk) streamQuote(session string, d dialect, s *streamTold) *quickfix.Message {
	ev := s.quote
	q := offeredQuote{
		reqID: ev.ReqID, quoteID: ev.QuoteID, symbol: ev.Symbol, side: ev.Side, validUntil: ev.ValidUntil, indicative: ev.Indicative,
		bid: top(ev.Bids), ask: top(ev.Asks),
	}
	b := q.write(s.at)
	if ev.Ladder && !d.foreign() { // The other versions have only its top.
		b = massQuote(ev, s.at)
	}
	if s.seq == 1 {
		b.nanos(22006, ev.Origin.Arrival)
	}
	b.add(22031, strconv.FormatInt(s.seq, 10))
	if m := k.markets[ev.Symbol]; m != nil && d == vamm1 {
		market, held := m.offers.of(session, k.now)
		b.offered(market, firmnessOf(held, ev.Indicative), ev.ValidUntil-max(k.now, s.at), m.instrument.Tick, q.sides(market))
	}
	return b.in(d)
}

func top(levels []perp.Level) perp.Level {
	if len(levels) == 0 {
		return perp.Level{}
	}
	return levels[0]
}

// massQuote is i: every level of a ladder. An entry has the bid and the offer of
// one rank, if there are both.
func massQuote(ev *perp.StreamQuoted, at perp.Time) *body {
	kind := "1"
	if ev.Indicative {
		kind = "0"
	}
	n := max(len(ev.Bids), len(ev.Asks))
	entries := make([][]pair, n)
	for i := range entries {
		id := ev.QuoteID
		if i > 0 {
			id += "." + strconv.Itoa(i)
		}
		entries[i] = ladderEntry(ev, i, id)
	}
	b := newBody("i").add(131, ev.ReqID).add(117, ev.QuoteID).add(537, kind).add(301, "0")
	b.group(296, []pair{{302, "1"}, {304, strconv.Itoa(n)}, {295, groupValue(entries)}})
	return b.nanos(22005, at)
}

// ladderEntry is one rank of a ladder: its bid and its offer, if there are both.
func ladderEntry(ev *perp.StreamQuoted, rank int, id string) []pair {
	row := []pair{{299, id}, {55, ev.Symbol}}
	hasBid, hasAsk := rank < len(ev.Bids), rank < len(ev.Asks)
	if hasBid {
		row = append(row, pair{132, ev.Bids[rank].Price.String()})
	}
	if hasAsk {
		row = append(row, pair{133, ev.Asks[rank].Price.String()})
	}
	if hasBid {
		row = append(row, pair{134, ev.Bids[rank].Size.String()})
	}
	if hasAsk {
		row = append(row, pair{135, ev.Asks[rank].Size.String()})
	}
	return append(row, pair{62, stamp(ev.ValidUntil)})
}
