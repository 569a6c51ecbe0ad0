package fix

import (
	"slices"
	"strconv"
	"strings"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// Entry types of market data, MDEntryType(269), that the gateway can fill.
const (
	entryBid          = '0'
	entryOffer        = '1'
	entryTrade        = '2'
	entryIndex        = '3' // the aggregated outside price
	entryOpenInterest = 'C'
)

// bookSubscription is one live market data request of a session.
type bookSubscription struct {
	reqID   string
	full    bool // 265=0: a snapshot at each change
	depth   int  // 0: all levels
	types   []byte
	symbols []*told

	selection string // depth and types: who has the same sees the same
}

// told is what a subscription was last told about one market.
type told struct {
	symbol string
	seen   *view // nil: no snapshot has been sent
	seq    int64 // of the last message
}

// entry is one line of market data. Type and position name it.
type entry struct {
	kind     byte
	position int // of bids and offers, best is 1
	price    perp.Price
	size     perp.Size
	id       string
	until    perp.Time
}

func (e entry) same(o entry) bool { return e.kind == o.kind && e.position == o.position }

// market answers V: a snapshot (263=0), a subscription (1) or its end (2). The
// snapshot of a subscription comes with the next publish.
func (k *desk) market(r *request, msg *quickfix.Message, session string) (replies []*quickfix.Message, waits bool) {
	r.require(262, 263, 264)
	s := &bookSubscription{reqID: r.id(262), depth: r.count(264)}
	kind := r.code(263)
	if r.rej != nil {
		return nil, false
	}
	c := k.client(session)
	at := slices.IndexFunc(c.books, func(o *bookSubscription) bool { return o.reqID == s.reqID })
	if kind == '2' {
		if at < 0 {
			r.fail(businessReject(perp.UnknownQuoteRequest, msg, "no subscription "+s.reqID))
			return nil, false
		}
		c.books = slices.Delete(c.books, at, at+1)
		return nil, false
	}
	code, why := k.refuseBook(r, s, kind, at >= 0, len(c.books))
	switch {
	case r.rej != nil:
		return nil, false
	case code != "":
		token, _, _ := strings.Cut(strings.ReplaceAll(why, ":", " "), " ")
		b := newBody("Y").add(262, s.reqID).add(281, code).add(58, why)
		if rejectOf(token) != perp.RejectNone {
			b.add(22004, token)
		}
		return []*quickfix.Message{b.in(k.dialect(session))}, false
	case kind == '1':
		c.books = append(c.books, s)
		return nil, true
	}
	return k.dueBook(session, k.dialect(session), s, bodies{}), false
}

// refuseBook reads the rest of V into s and says what stands against it: the
// code for Y and its text.
func (k *desk) refuseBook(r *request, s *bookSubscription, kind byte, duplicate bool, live int) (code, why string) {
	unsupported := perp.Unsupported.String() + " "
	if duplicate {
		return mdDuplicateID, "duplicate MDReqID"
	}
	if kind != '0' && kind != '1' {
		return mdSubscription, unsupported + "263=" + string(kind)
	}
	if live >= bookSubscriptionsMax {
		return mdTooMany, perp.Throttled.String() + " at most " + strconv.Itoa(bookSubscriptionsMax) + " subscriptions"
	}
	if s.depth > depthMax {
		return mdDepth, unsupported + "264=" + strconv.Itoa(s.depth)
	}
	update := r.code(265)
	if kind == '1' && update != '0' && update != '1' {
		return mdUpdateType, unsupported + "265 must be 0 or 1"
	}
	s.full = kind == '0' || update == '0'
	for _, t := range r.all(269) {
		if len(t) != 1 || !slices.Contains([]byte{entryBid, entryOffer, entryTrade, entryIndex, entryOpenInterest}, t[0]) {
			return mdEntryType, unsupported + "269=" + printed(t)
		}
		if !slices.Contains(s.types, t[0]) {
			s.types = append(s.types, t[0])
		}
	}
	s.selection = strconv.Itoa(s.depth) + string(s.types)
	if len(s.types) == 0 {
		return mdEntryType, perp.CondField.String() + ":269"
	}
	symbols := r.all(55)
	if len(symbols) == 0 {
		return codesOf(perp.UnknownSymbol).market, perp.CondField.String() + ":55"
	}
	if len(symbols) > symbolsPerRequestMax {
		return mdTooMany, perp.Throttled.String() + " at most " + strconv.Itoa(symbolsPerRequestMax) + " symbols"
	}
	for _, symbol := range symbols {
		if k.markets[symbol] == nil {
			return codesOf(perp.UnknownSymbol).market, perp.UnknownSymbol.String() + " " + printed(symbol)
		}
		if !slices.ContainsFunc(s.symbols, func(t *told) bool { return t.symbol == symbol }) {
			s.symbols = append(s.symbols, &told{symbol: symbol})
		}
	}
	return "", ""
}

// printed bounds what is echoed of a value that was refused.
func printed(s string) string {
	if len(s) > idMax || !printable(s) {
		return "?"
	}
	return s
}

// entries is what the subscription wants to know of a market, as it is now.
func (s *bookSubscription) entries(m *listed, q perp.Quote) (all []entry) {
	for _, kind := range s.types {
		switch {
		case kind == entryBid:
			all = append(all, s.levels(kind, q, perp.Sell)...)
		case kind == entryOffer:
			all = append(all, s.levels(kind, q, perp.Buy)...)
		case kind == entryTrade && m.trade.Size != 0:
			all = append(all, entry{kind: kind, price: m.trade.Price, size: m.trade.Size})
		case kind == entryIndex && q.Oracle != 0:
			all = append(all, entry{kind: kind, price: q.Oracle})
		case kind == entryOpenInterest && q.Version != 0:
			all = append(all, entry{kind: kind, size: q.OpenInterest})
		}
	}
	return all
}

// levels are the bids or offers that an order of this side deals on.
func (s *bookSubscription) levels(kind byte, q perp.Quote, side perp.Side) (all []entry) {
	for i, l := range q.Offered(side) {
		if s.depth > 0 && i >= s.depth {
			break
		}
		all = append(all, entry{kind, i + 1, l.Price, l.Size, perp.QuoteID(q.Version, side, i), q.ValidUntil})
	}
	return all
}

// all are the rows of W; none is an empty book.
func (v *view) all() [][]pair {
	rows := make([][]pair, 0, len(v.entries))
	for _, e := range v.entries {
		rows = append(rows, append([]pair{{269, string(e.kind)}}, e.fields()...))
	}
	return rows
}

// changes are the rows of X: what differs in now from what was seen. Removed
// levels go from the deepest up, so that a position is never ambiguous.
func (v *view) changes(now *view) (rows [][]pair) {
	add := func(action string, e entry, fields []pair) {
		rows = append(rows, append([]pair{{279, action}, {269, string(e.kind)}, {55, now.symbol}}, fields...))
	}
	for _, old := range slices.Backward(v.entries) {
		if !slices.ContainsFunc(now.entries, old.same) {
			add("2", old, old.gone())
		}
	}
	for _, e := range now.entries {
		i := slices.IndexFunc(v.entries, e.same)
		switch {
		case i < 0, e.kind == entryTrade && v.trades != now.trades:
			add("0", e, e.fields())
		case v.entries[i] != e:
			add("1", e, e.fields())
		}
	}
	return rows
}

// The order of fields in the groups of W and X (FIX 4.4 dictionary order).
var (
	snapshotOrder = []int{269, 270, 271, 276, 126, 299, 290}
	changeOrder   = []int{279, 269, 55, 270, 271, 276, 126, 299, 290}
)

// fields says what an entry is: bids and offers can be dealt on with 40=D and
// 117 = their 299 until 126.
func (e entry) fields() (f []pair) {
	if e.price != 0 {
		f = append(f, pair{270, e.price.String()})
	}
	if e.size != 0 || e.kind == entryOpenInterest {
		f = append(f, pair{271, e.size.String()})
	}
	if e.id != "" {
		f = append(f, pair{276, "A"}, pair{126, stamp(e.until)}, pair{299, e.id}, pair{290, strconv.Itoa(e.position)})
	}
	return f
}

func (e entry) gone() (f []pair) {
	if e.id != "" {
		f = append(f, pair{299, e.id}, pair{290, strconv.Itoa(e.position)})
	}
	return f
}
