package certify

import (
	"slices"
	"strings"
	"time"
)

// Bounds of the pricing checks.
const (
	inFlightMax = time.Second      // for what was on its way when the gateway said something
	quoteAnswer = 10 * time.Second // for an answer to a QuoteRequest
	latePerCent = 1                // of orders on quotes may be late
	quotesKept  = 20_000           // newest quotes that an order may name
	lateAllowed = 1                // and one may be late however few there are
)

// Needs of the pricing checks.
const (
	needList      = "a list or status of a market before an order"
	needOrder     = "an order in that market"
	needStream    = "a stream of prices"
	needStreamEnd = "the end of a stream"
	needOnQuote   = "an order on a quote (40=D)"
	needTwoWay    = "a two-way quote"
	needOneWay    = "a one-way quote"
	needNoQuote   = "a refused QuoteRequest"
	needHit       = "a fill of an order on a quote"
	needLook      = "a last-look refusal"
)

var pricingChecks = []Check{
	{"C13", areaPricing, true, "Reference data is used", "no order is refused for lot, tick, symbol or a halt that the client was told of",
		[]string{needList, needOrder}, func() automaton { return &referenceData{halted: map[string]time.Time{}} }},
	{"C14", areaPricing, true, "Market data: subscribe, update, unsubscribe", "prices come for each stream, and none 1 s after its end",
		[]string{needStream, needStreamEnd}, func() automaton { return &streams{asked: map[string]bool{}, ended: map[string]time.Time{}} }},
	{"C15", areaPricing, true, "Expired quotes are not dealt on", "at most 1 % of orders on quotes come after 62 or 126; none 1 s after a QuoteCancel",
		[]string{needOnQuote}, func() automaton { return &expiry{quotes: map[string]quoted{}} }},
	{"C16", areaPricing, true, "Requests for quote", "each has one answer and an id of its own",
		[]string{needTwoWay, needOneWay, needNoQuote}, func() automaton { return &requests{map[string]*Entry{}, map[string]bool{}} }},
	{"C18", areaPricing, true, "A quote is hit", "accepted before it fills, and filled at the quoted price or better",
		[]string{needHit}, func() automaton { return newHits() }},
	{"C19", areaPricing, true, "Last-look refusals", "no cancel or replace of a refused order 1 s later: it is not taken for a live one",
		[]string{needLook}, func() automaton { return &looks{map[string]time.Time{}} }},
}

// looks is C19. What a client believes of an order shows in what it asks about it.
type looks struct{ refused map[string]time.Time }

func (a *looks) see(e *Entry, n *notes) {
	switch {
	case !e.FromClient && e.Kind == "8" && e.get(150) == "8" && strings.HasPrefix(reason(e), "LAST_LOOK_"):
		a.refused[e.get(11)] = e.At
		n.meet(needLook, e)
	case e.FromClient && (e.Kind == "F" || e.Kind == "G"):
		if at, refused := a.refused[e.get(41)]; refused && e.At.Sub(at) > inFlightMax {
			n.fault(e, "asks to change %s, which was refused %v before", e.get(41), e.At.Sub(at))
		}
	}
}

func (a *looks) end(time.Time, *notes) {}

// referenceData is C13.
type referenceData struct {
	told   bool // of a market
	halted map[string]time.Time
}

// avoidable are reasons that somebody who reads y and f does not meet.
var avoidable = []string{"BAD_LOT", "MIN_QTY", "MAX_ORDER_SIZE", "BAD_TICK", "UNKNOWN_SYMBOL", "EXPIRED"}

func (a *referenceData) see(e *Entry, n *notes) {
	switch {
	case e.Kind == "y" && !e.FromClient:
		if _, some := e.Fields.Lookup(55); some {
			a.told = true
		}
		if a.told {
			n.meet(needList, e)
		}
	case e.Kind == "f" && !e.FromClient:
		a.status(e, n)
	case e.Kind == "D" && e.FromClient:
		if at, halted := a.halted[e.get(55)]; halted && e.At.Sub(at) > inFlightMax {
			n.fault(e, "an order in %s, which the client knows to be halted", e.get(55))
		}
	case e.Kind == "8" && !e.FromClient:
		a.report(e, n)
	}
}

func (a *referenceData) status(e *Entry, n *notes) {
	s := e.get(55)
	switch e.get(326) {
	case "2", "18":
		a.halted[s] = e.At
	case "17", "3":
		delete(a.halted, s)
	case "20":
		return
	}
	a.told = true
	n.meet(needList, e)
}

func (a *referenceData) report(e *Entry, n *notes) {
	if !a.told {
		return
	}
	if e.get(150) == "0" {
		n.meet(needOrder, e)
	}
	if e.get(150) == "8" && slices.Contains(avoidable, reason(e)) {
		n.fault(e, "refused though the client was told what is allowed: %s", e.get(58))
	}
}

func (a *referenceData) end(time.Time, *notes) {}

// streams is C14.
type streams struct {
	asked map[string]bool
	ended map[string]time.Time
	last  *Entry // the newest request for an end, which may be refused
}

func (a *streams) see(e *Entry, n *notes) {
	id := e.get(262)
	switch {
	case e.Kind == "A":
		a.asked, a.ended = map[string]bool{}, map[string]time.Time{}
	case e.Kind == "V" && e.FromClient && e.get(263) == "1":
		a.asked[id] = true
		delete(a.ended, id)
	case e.Kind == "V" && e.FromClient && e.get(263) == "2" && a.asked[id]:
		a.ended[id], a.last = e.At, e
	case e.Kind == "3" && !e.FromClient && a.last != nil && e.Fields.Int(45) == a.last.Seq:
		delete(a.ended, a.last.get(262))
		a.last = nil
	case (e.Kind == "W" || e.Kind == "X") && !e.FromClient:
		if a.asked[id] {
			n.meet(needStream, e)
		}
		if at, over := a.ended[id]; over && e.At.Sub(at) > inFlightMax {
			n.fault(e, "prices of %s, which was ended %v before", id, e.At.Sub(at))
		}
	}
	// Whatever else comes behind it shows that it was not refused.
	if a.last != nil && !e.FromClient && e.Seq > 0 && e.Kind != "W" && e.Kind != "X" {
		n.meet(needStreamEnd, a.last)
		a.last = nil
	}
}

func (a *streams) end(time.Time, *notes) {}

// quoted is what is known of a quote.
type quoted struct{ until, withdrawn time.Time }

// expiry is C15.
type expiry struct {
	quotes         map[string]quoted
	order          []string
	orders, behind int
	last           *Entry // the newest late one
}

func (a *expiry) see(e *Entry, n *notes) {
	switch {
	case e.FromClient && e.Kind == "D" && e.get(40) == "D":
		a.hit(e, n)
	case e.FromClient:
	case e.Kind == "S":
		a.keep(e.get(117), quoted{until: fixStamp(e.get(62))})
	case e.Kind == "W" || e.Kind == "X":
		var until time.Time
		for _, f := range e.Fields { // In dictionary order: 126 stands before 299.
			tag, v, _ := strings.Cut(f, "=")
			switch tag {
			case "269":
				until = time.Time{}
			case "126":
				until = fixStamp(v)
			case "299":
				a.keep(v, quoted{until: until})
			}
		}
	case e.Kind == "Z":
		if q, known := a.quotes[e.get(117)]; known {
			q.withdrawn = e.At
			a.quotes[e.get(117)] = q
		}
	}
}

func (a *expiry) keep(id string, q quoted) {
	if _, known := a.quotes[id]; !known {
		a.order = append(a.order, id)
	}
	a.quotes[id] = q
	if len(a.order) > quotesKept {
		delete(a.quotes, a.order[0])
		a.order = a.order[1:]
	}
}

func (a *expiry) hit(e *Entry, n *notes) {
	a.orders++
	n.meet(needOnQuote, e)
	q, known := a.quotes[e.get(117)]
	switch {
	case !known:
		return
	case !q.withdrawn.IsZero() && e.At.Sub(q.withdrawn) > inFlightMax:
		n.fault(e, "quote %s was withdrawn %v before", e.get(117), e.At.Sub(q.withdrawn))
	case !q.until.IsZero() && e.At.After(q.until):
		a.behind++
		a.last = e
	}
}

func (a *expiry) end(_ time.Time, n *notes) {
	if a.behind > lateAllowed && a.behind*100 > a.orders*latePerCent {
		n.fault(a.last, "%d of %d orders came after their quote had expired", a.behind, a.orders)
	}
}

// requests is C16.
type requests struct {
	open map[string]*Entry
	used map[string]bool
}

func (a *requests) see(e *Entry, n *notes) {
	id := e.get(131)
	switch {
	case e.Kind == "A":
		a.open = map[string]*Entry{}
	case e.Kind == "R" && e.FromClient:
		if a.used[id] && e.get(43) != "Y" && e.get(97) != "Y" {
			n.fault(e, "QuoteReqID %s was used before", id)
		}
		a.used[id] = true
		if e.get(303) == "" || e.get(303) == "1" {
			a.open[id] = e
		}
	case (e.Kind == "S" || e.Kind == "AG") && !e.FromClient && a.open[id] != nil:
		_, bid := e.Fields.Lookup(132)
		_, offer := e.Fields.Lookup(133)
		switch {
		case e.Kind == "AG":
			n.meet(needNoQuote, e)
		case bid && offer:
			n.meet(needTwoWay, e)
		default:
			n.meet(needOneWay, e)
		}
		delete(a.open, id)
	}
}

func (a *requests) end(at time.Time, n *notes) {
	for _, e := range byLine(a.open) {
		if at.Sub(e.At) > quoteAnswer {
			n.fault(e, "QuoteRequest %s has no answer", e.get(131))
		}
	}
}
