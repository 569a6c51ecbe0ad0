package engine

import (
	"slices"
	"strconv"
	"strings"

	"backstop/perp"
	"backstop/quoting"
)

// Limits of quote streams.
const (
	streamsMax   = 200               // that run in one market
	streamUsual  = 60 * perp.Second  // of one whose client names no end
	streamLonger = 300 * perp.Second // the latest end that a client may name
	formersEach  = 8                 // replaced quotes of one that are remembered for the grace
)

// stream is what a session is quoted for a while, for one size or for all that is
// offered. Its quotes are numbered 1, 2, 3 …; their ids are S<stream>-<number>,
// with "." and the level for deeper ones.
type stream struct {
	Number     int64
	Origin     perp.Origin // of the request
	Account    string
	ReqID      string
	Side       perp.Side
	Size       perp.Size // zero: the whole ladder
	Until      perp.Time
	Indicative bool  `json:",omitempty"`
	Given      int64 // quotes so far
	Now        streamed
	Formers    []streamed `json:",omitempty"` // replaced a moment ago, oldest first
	Paused     bool       `json:",omitempty"` // the last quote was withdrawn
	Ended      perp.Time  `json:",omitempty"` // zero: it runs
}

// streamed is one quote of a stream.
type streamed struct {
	Number     int64
	Class      perp.Class
	Bids, Asks []perp.Level `json:",omitempty"`
	ValidUntil perp.Time
	Until      perp.Time // end of the grace, once it is replaced
}

func (s *stream) id(number int64) string {
	return id("S", s.Number) + "-" + strconv.FormatInt(number, 10)
}

func (s *stream) runs() bool { return s.Ended == 0 }

// openStream begins a stream with its first quote, or says why there is none.
func (e *Engine) openStream(m *market, r perp.RequestQuote) {
	s := stream{Origin: r.Origin, Account: r.Account, ReqID: r.ReqID, Side: r.Side, Size: r.Size, Indicative: r.Indicative}
	s.Until = r.Stream.Until
	if s.Until == 0 {
		s.Until = e.now + streamUsual
	}
	v := e.mayStream(m, r, s.Until)
	var first streamed
	if v.OK() {
		if first = e.streamPrice(m, &s); len(first.Bids)+len(first.Asks) == 0 {
			v = perp.Verdict{Reject: perp.PriceUnavailable, Detail: notOffered}
		}
	}
	if !v.OK() {
		e.emit(perp.QuoteRefused{Origin: r.Origin, ReqID: r.ReqID, Symbol: r.Symbol, Verdict: v})
		return
	}
	s.Number = e.version()
	m.Streams = append(m.Streams, s)
	e.tellStream(m, &m.Streams[len(m.Streams)-1], first)
}

// mayStream judges the request for a stream. The whole ladder has no size, so that
// only what every size must pass stands against it.
func (e *Engine) mayStream(m *market, r perp.RequestQuote, until perp.Time) perp.Verdict {
	if m != nil && r.Size == 0 {
		r.Size = max(m.Instrument.MinSize, m.Instrument.Lot)
	}
	v := e.mayQuote(r, m)
	if until <= e.now || until > e.now+streamLonger {
		v = v.Worse(perp.Verdict{Reject: perp.ExpireTime, Detail: "a stream lasts up to 300 s"})
	}
	if r.Firm && m != nil && m.Quoting.FirmLife() != m.Quoting.Life() { // Its quotes live longer than firm ones may.
		v = v.Worse(notFirm("stream"))
	}
	mine, here := int64(0), int64(0)
	for _, o := range e.state.Markets {
		for i := range o.Streams {
			s := &o.Streams[i]
			if !s.runs() {
				continue
			}
			if o == m {
				here++
			}
			if s.Origin.Session == r.Session {
				mine++
				if s.ReqID == r.ReqID {
					v = v.Worse(perp.Verdict{Reject: perp.BadRequest, Detail: "stream " + r.ReqID + " is live"})
				}
			}
		}
	}
	if mine >= perp.StreamsEach {
		v = v.Worse(perp.Verdict{Reject: perp.Throttled, Need: mine + 1, Have: perp.StreamsEach, Detail: "quote streams of the session"})
	}
	if here >= streamsMax {
		v = v.Worse(perp.Verdict{Reject: perp.Throttled, Need: here + 1, Have: streamsMax, Detail: "quote streams of the market"})
	}
	return v
}

// streamPrice is what a stream would be quoted now: a side that is not offered in
// this size is empty.
func (e *Engine) streamPrice(m *market, s *stream) (q streamed) {
	q.Class = m.Quoting.ClassOf(s.Origin.Session)
	q.ValidUntil = min(e.now+m.Quoting.Life(), s.Until)
	for _, side := range []perp.Side{perp.Buy, perp.Sell} {
		if s.Side == side.Opposite() {
			continue
		}
		levels := e.streamSide(m, q.Class, side, s.Size)
		if side == perp.Buy {
			q.Asks = levels
		} else {
			q.Bids = levels
		}
	}
	return q
}

func (e *Engine) streamSide(m *market, class perp.Class, side perp.Side, size perp.Size) []perp.Level {
	if size != 0 {
		if l, ok := m.Quoting.PriceFor(class, side, size); ok {
			return []perp.Level{l}
		}
		return nil
	}
	if offer := m.Quoting.OfferTo(class); offer != nil && m.Quoting.Allows(quoting.OfferQuote) {
		return slices.Clone(offer.Quote.Offered(side))
	}
	return nil
}

// stream brings the streams of a market up to its new offers. One whose prices are
// the same is told again only when half of their life is over.
func (e *Engine) stream(m *market) {
	for i := range m.Streams {
		s := &m.Streams[i]
		if !s.runs() {
			continue
		}
		q := e.streamPrice(m, s)
		switch {
		case len(q.Bids)+len(q.Asks) == 0:
			if !s.Paused {
				e.withdrawStream(m, s, e.withdrawal(m, s), false)
			}
		case s.Paused, q.Class != s.Now.Class, !slices.Equal(q.Bids, s.Now.Bids), !slices.Equal(q.Asks, s.Now.Asks),
			s.Now.ValidUntil-e.now < m.Quoting.Life()/2 && q.ValidUntil > s.Now.ValidUntil:
			e.tellStream(m, s, q)
		}
	}
}

// tellStream makes q the present quote of a stream. The one that it replaces may be
// dealt on for the grace.
func (e *Engine) tellStream(m *market, s *stream, q streamed) {
	s.Formers = slices.DeleteFunc(s.Formers, func(f streamed) bool { return e.now >= f.Until })
	if until := min(s.Now.ValidUntil, e.now+m.Quoting.Params.Grace); !s.Paused && until > e.now {
		f := s.Now
		f.Until = until
		if len(s.Formers) == formersEach {
			s.Formers = slices.Delete(s.Formers, 0, 1)
		}
		s.Formers = append(s.Formers, f)
	}
	s.Given++
	q.Number = s.Given
	s.Now, s.Paused = q, false
	e.emit(perp.StreamQuoted{
		Origin: s.Origin, ReqID: s.ReqID, QuoteID: s.id(q.Number), Account: s.Account, Symbol: m.Instrument.Symbol, Side: s.Side,
		Ladder: s.Size == 0, Indicative: s.Indicative, Bids: slices.Clone(q.Bids), Asks: slices.Clone(q.Asks), ValidUntil: q.ValidUntil,
	})
}

// withdrawStream takes the quote of a stream back, for a while or for ever.
func (e *Engine) withdrawStream(m *market, s *stream, why perp.Withdrawal, over bool) {
	last := ""
	if !s.Paused {
		last = s.id(s.Given)
	}
	s.Paused, s.Now, s.Formers = true, streamed{Number: s.Given}, nil
	if over {
		s.Ended = e.now
	}
	e.emit(perp.StreamWithdrawn{Origin: s.Origin, ReqID: s.ReqID, QuoteID: last, Symbol: m.Instrument.Symbol, Why: why, Over: over})
}

// withdrawal says why a stream gets no price now.
func (e *Engine) withdrawal(m *market, s *stream) perp.Withdrawal {
	state, cause := m.Quoting.State()
	switch {
	case m.Quoting.Allows(quoting.OfferQuote) && e.toxic(m, s):
		return perp.WithdrawnToxicity
	case m.Quoting.Allows(quoting.OfferQuote):
		return perp.WithdrawnRisk
	case cause == perp.OracleStale:
		return perp.WithdrawnStale
	case cause == perp.OracleDivergent:
		return perp.WithdrawnMoved
	case state == perp.ReduceOnly:
		return perp.WithdrawnRisk
	}
	return perp.WithdrawnHalt
}

// toxic tells whether a client that nothing is known against would be quoted.
func (e *Engine) toxic(m *market, s *stream) bool {
	for _, side := range []perp.Side{perp.Buy, perp.Sell} {
		if s.Side != side.Opposite() && len(e.streamSide(m, perp.Class{}, side, s.Size)) > 0 {
			return true
		}
	}
	return false
}

// closeStreams ends the streams whose time is over, or whose market is.
func (e *Engine) closeStreams(m *market) {
	for i := range m.Streams {
		s := &m.Streams[i]
		switch {
		case !s.runs():
		case m.Mode == perp.ModeExpired:
			e.withdrawStream(m, s, perp.WithdrawnHalt, true)
		case e.now >= s.Until:
			e.withdrawStream(m, s, perp.WithdrawnExpired, true)
		}
	}
}

// dropStreams forgets the streams of a session that has gone, or of all: there is
// nobody to tell.
func (e *Engine) dropStreams(session string) {
	for _, m := range e.state.Markets {
		m.Streams = slices.DeleteFunc(m.Streams, func(s stream) bool { return session == "" || s.Origin.Session == session })
		if len(m.Streams) == 0 {
			m.Streams = nil
		}
	}
}

// streamOf finds the stream that an id of a quote belongs to, and which quote and
// level of it the id names. Only the exact form that it is given out in is read.
func (m *market) streamOf(quoteID string) (s *stream, number int64, level int) {
	for i := range m.Streams {
		s := &m.Streams[i]
		rest, ok := strings.CutPrefix(quoteID, id("S", s.Number)+"-")
		if !ok {
			continue
		}
		text, deeper, further := strings.Cut(rest, ".")
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 || n > s.Given || strconv.FormatInt(n, 10) != text {
			return nil, 0, 0
		}
		if further {
			if level, err = strconv.Atoi(deeper); err != nil || level < 1 || strconv.Itoa(level) != deeper {
				return nil, 0, 0
			}
		}
		return s, n, level
	}
	return nil, 0, 0
}

// streamDealing is what an order that names the quote of a stream deals on.
func (e *Engine) streamDealing(m *market, o perp.PlaceOrder, used bool) (d dealing, ok bool) {
	s, number, level := m.streamOf(o.QuoteID)
	if s == nil {
		return d, false
	}
	d = dealing{found: !s.Indicative, used: used, expires: e.now + consumedFor, side: s.Side}
	if s.Origin.Session != o.Session || s.Account != o.Account {
		d.foreign = true
		return d, true
	}
	q, until := s.Now, s.Now.ValidUntil
	if number != q.Number {
		i := slices.IndexFunc(s.Formers, func(f streamed) bool { return f.Number == number })
		if i < 0 {
			d.old = s.runs()
			d.expired = !d.old
			return d, true
		}
		q = s.Formers[i]
		until = q.Until
	}
	if e.now >= until || !s.runs() {
		d.expired = !s.runs() || e.now >= q.ValidUntil
		d.old = !d.expired
		return d, true
	}
	levels := q.offered(o.Side)
	if level == 0 && len(levels) == 0 { // One side was not offered: say which one was.
		d.side, levels = o.Side.Opposite(), q.offered(o.Side.Opposite())
	}
	if level >= len(levels) {
		return dealing{}, true
	}
	d.level = levels[level]
	d.foreign = !m.Quoting.Entitled(o.Session, q.Class, e.now)
	d.old = number != s.Now.Number && !m.Quoting.Stands(o.Side, d.level.Price)
	if offer := m.Quoting.OfferTo(q.Class); offer != nil {
		d.version = offer.Quote.Version
	}
	return d, true
}

func (q *streamed) offered(side perp.Side) []perp.Level {
	if side == perp.Buy {
		return q.Asks
	}
	return q.Bids
}

// streamDealt ends the stream whose quote was dealt on.
func (e *Engine) streamDealt(m *market, quoteID string) {
	if s, _, _ := m.streamOf(quoteID); s != nil && s.runs() {
		e.withdrawStream(m, s, perp.WithdrawnDealt, true)
	}
}
