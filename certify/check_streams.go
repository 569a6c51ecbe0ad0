package certify

import "time"

// Needs of C17.
const (
	needReplacedQuote = "a quote of a stream that another one replaces"
	needStreamDeal    = "a fill on a quote of a stream"
	needStreamOver    = "a stream that ends"
)

var streamChecks = []Check{
	{"C17", areaPricing, true, "Quote streams (303=2)", "no deal on a quote of a stream 1 s after it was replaced or the stream had ended",
		[]string{needReplacedQuote, needStreamDeal, needStreamOver}, func() automaton { return newStreaming() }},
}

// streaming is C17.
type streaming struct {
	live  map[string]*quoteStream // by QuoteReqID
	of    map[string]*offered     // by QuoteID, and by QuoteEntryID of a ladder
	order []string                // of the quotes, oldest first
	deals map[string]bool         // ClOrdIDs
}

// quoteStream is one stream; over is zero while it goes on.
type quoteStream struct {
	newest *offered
	over   time.Time
}

// offered is a quote of a stream; replaced is zero while it stands.
type offered struct {
	stream   *quoteStream
	replaced time.Time
}

func newStreaming() *streaming {
	return &streaming{live: map[string]*quoteStream{}, of: map[string]*offered{}, deals: map[string]bool{}}
}

func (a *streaming) see(e *Entry, n *notes) {
	id := e.get(131)
	switch {
	case e.get(43) == "Y":
	case e.Kind == "A":
		for id := range a.live { // A stream ends with its session.
			a.over(id, e)
		}
	case e.FromClient && e.Kind == "R" && e.get(303) == "2":
		a.live[id] = &quoteStream{}
	case e.FromClient && (e.Kind == "D" && e.get(40) == "D" || e.Kind == "AJ" && e.get(694) == "1"):
		a.dealt(e, n)
	case e.FromClient:
	case (e.Kind == "S" || e.Kind == "i") && a.live[id] != nil:
		a.quoted(a.live[id], e, n)
	case e.Kind == "Z" && e.get(117) == "*" && a.live[id] != nil:
		a.over(id, e)
		n.meet(needStreamOver, e)
	case e.Kind == "Z" && a.of[e.get(117)] != nil:
		a.of[e.get(117)].replaced = e.At
	case e.Kind == "AI":
		a.passed(e, n)
	case e.Kind == "8" && e.get(150) == "F" && a.deals[e.get(11)]:
		n.meet(needStreamDeal, e)
	}
}

// quoted takes a quote of a stream, which replaces the former one.
func (a *streaming) quoted(s *quoteStream, e *Entry, n *notes) {
	if s.newest != nil {
		if s.newest.replaced.IsZero() {
			s.newest.replaced = e.At
		}
		n.meet(needReplacedQuote, e)
	}
	s.newest = &offered{stream: s}
	for _, id := range append(e.Fields.All(299), e.get(117)) {
		a.of[id] = s.newest
		a.order = append(a.order, id)
	}
	for len(a.order) > quotesKept {
		delete(a.of, a.order[0])
		a.order = a.order[1:]
	}
}

func (a *streaming) dealt(e *Entry, n *notes) {
	q := a.of[e.get(117)]
	if q == nil {
		return
	}
	if len(a.deals) < quotesKept {
		a.deals[e.get(11)] = true
	}
	switch over, replaced := q.stream.over, q.replaced; {
	case !over.IsZero() && e.At.Sub(over) > inFlightMax:
		n.fault(e, "deals on %s of a stream that ended %v before", e.get(117), e.At.Sub(over))
	case !replaced.IsZero() && e.At.Sub(replaced) > inFlightMax:
		n.fault(e, "deals on %s, which was replaced %v before", e.get(117), e.At.Sub(replaced))
	}
}

// passed ends what the client wants no more of: one stream by a pass or Z, or all.
func (a *streaming) passed(e *Entry, n *notes) {
	status := e.get(297)
	q := a.of[e.get(117)]
	for id, s := range a.live {
		one := status == "11" && q != nil && q.stream == s || status == "1" && e.get(131) == id
		if one || status == "4" && e.get(117) == "*" {
			a.over(id, e)
			n.meet(needStreamOver, e)
		}
	}
}

// over notes that one stream has ended.
func (a *streaming) over(id string, e *Entry) {
	a.live[id].over = e.At
	delete(a.live, id)
}

func (a *streaming) end(time.Time, *notes) {}
