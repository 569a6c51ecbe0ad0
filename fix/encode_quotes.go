package fix

import (
	"cmp"
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
	b := newBody("S").add(131, q.reqID).add(117, q.quoteID).add(537, quoteType(q.indicative)).add(55, q.symbol)
	b.pairs = twoSides(b.pairs, q.bid, q.bid.Price != 0 && q.side != perp.Buy, q.ask, q.ask.Price != 0 && q.side != perp.Sell)
	return b.time(62, q.validUntil).time(60, at).nanos(22005, at)
}

// quoteType is QuoteType(537).
func quoteType(indicative bool) string {
	if indicative {
		return "0"
	}
	return "1"
}

// twoSides adds the prices, then the sizes, of the sides that a quote has.
func twoSides(to []pair, bid perp.Level, hasBid bool, ask perp.Level, hasAsk bool) []pair {
	if hasBid {
		to = append(to, pair{132, bid.Price.String()})
	}
	if hasAsk {
		to = append(to, pair{133, ask.Price.String()})
	}
	if hasBid {
		to = append(to, pair{134, bid.Size.String()})
	}
	if hasAsk {
		to = append(to, pair{135, ask.Size.String()})
	}
	return to
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
	b.outside(market, offers.refused).offered(market, firmnessOf(!ev.Firm && (held || ev.Held), ev.Indicative), ev.ValidUntil-at, inst.Tick, q.sides(market))
	return b.graded(offers.grades[ev.Origin.Session])
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
	b.pairs = twoSides(b.pairs, ev.Bid, ev.Bid.Size != 0, ev.Ask, ev.Ask.Size != 0)
	b.time(60, at).num(297, quoteStatuses[ev.Status])
	switch {
	case !ev.Verdict.OK():
		b.refusal(ev.Verdict)
	case ev.Status == perp.QuoteOver:
		b.refusal(perp.Verdict{Reject: perp.QuoteExpired})
	case ev.Status == perp.QuoteDealt:
		b.refusal(perp.Verdict{Reject: perp.QuoteConsumed})
	}
	return b.nanos(22005, at).nanos(22006, ev.Origin.Arrival)
}

// streamTold is what a session was told of one of its streams. It is made when the
// request comes, so that an earlier connection's stream is told to nobody.
type streamTold struct {
	symbol    string
	quote     *perp.StreamQuoted // newest; nil: none yet, or it is withdrawn
	withdrawn *perp.StreamWithdrawn
	at        perp.Time // of the newest of both
	changed   bool      // since the session was last told
	seq       int64     // quotes told
}

// streamID names the request that began a stream. Its number alone does not: a client
// that begins its numbers anew (141=Y) keeps its streams, and uses the number again.
type streamID struct {
	arrival perp.Time
	inSeq   int64
}

func streamOf(o perp.Origin) streamID { return streamID{o.Arrival, o.InSeq} }

func (a streamID) compare(b streamID) int {
	return cmp.Or(cmp.Compare(a.arrival, b.arrival), cmp.Compare(a.inSeq, b.inSeq))
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
	if c == nil || c.streams[streamOf(o)] == nil {
		return
	}
	s := c.streams[streamOf(o)]
	s.at, s.changed = at, true
	switch ev := ev.(type) {
	case perp.StreamQuoted:
		s.quote, s.withdrawn = &ev, nil
	case perp.StreamWithdrawn:
		s.quote, s.withdrawn = nil, &ev
	case perp.QuoteRefused: // It never began.
		delete(c.streams, streamOf(o))
	}
}

// streaming notes that a session asks for a stream. The lock is held.
func (k *desk) streaming(r perp.RequestQuote) {
	if !r.Stream.Wanted {
		return
	}
	c := k.client(r.Session)
	if c.streams == nil {
		c.streams = map[streamID]*streamTold{}
	}
	c.streams[streamOf(r.Origin)] = &streamTold{symbol: r.Symbol}
}

// dueStreams are the quotes and withdrawals that a session has to be told, in the
// order of its requests.
func (k *desk) dueStreams(session string, d dialect, c *client) (out []*quickfix.Message) {
	for _, id := range slices.SortedFunc(maps.Keys(c.streams), streamID.compare) {
		s := c.streams[id]
		if !s.changed {
			continue
		}
		s.changed = false
		switch {
		case s.quote != nil:
			s.seq++
			out = append(out, k.streamQuote(session, d, s))
		case s.withdrawn.Over:
			delete(c.streams, id)
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
		bid: levelOf(ev.Bids, 0), ask: levelOf(ev.Asks, 0),
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
		b.outside(market, m.offers.refused).offered(market, firmnessOf(held, ev.Indicative), ev.ValidUntil-max(k.now, s.at), m.instrument.Tick, q.sides(market))
		b.graded(m.offers.grades[session])
	}
	return b.in(d)
}

// levelOf is the level of a rank, or none.
func levelOf(levels []perp.Level, rank int) perp.Level {
	if rank >= len(levels) {
		return perp.Level{}
	}
	return levels[rank]
}

// massQuote is i: every level of a ladder. An entry has the bid and the offer of
// one rank, if there are both.
func massQuote(ev *perp.StreamQuoted, at perp.Time) *body {
	n := max(len(ev.Bids), len(ev.Asks))
	entries := make([][]pair, n)
	for i := range entries {
		id := ev.QuoteID
		if i > 0 {
			id += "." + strconv.Itoa(i)
		}
		entries[i] = ladderEntry(ev, i, id)
	}
	b := newBody("i").add(131, ev.ReqID).add(117, ev.QuoteID).add(537, quoteType(ev.Indicative)).add(301, "0")
	b.group(296, []pair{{302, "1"}, {304, strconv.Itoa(n)}, {295, groupValue(entries)}})
	return b.nanos(22005, at)
}

// ladderEntry is one rank of a ladder: its bid and its offer, if there are both.
func ladderEntry(ev *perp.StreamQuoted, rank int, id string) []pair {
	row := twoSides([]pair{{299, id}, {55, ev.Symbol}}, levelOf(ev.Bids, rank), rank < len(ev.Bids), levelOf(ev.Asks, rank), rank < len(ev.Asks))
	return append(row, pair{62, stamp(ev.ValidUntil)})
}
