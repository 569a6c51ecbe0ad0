package risk

import (
	"slices"

	"backstop/perp"
)

// DefaultRequestAge is how old a repeated order may be (roe.md b.6 step 6).
const DefaultRequestAge = 5 * perp.Second

// Facts is the state that a request meets. The zero value of a fact is the one
// that refuses, except where its comment says otherwise.
type Facts struct {
	Now        perp.Time
	RequestAge perp.Time        // oldest PossDup or PossResend order taken; zero takes none
	Used       bool             // the account used this ClOrdID before (equal terms repeated are answered earlier)
	Instrument *perp.Instrument // nil: no such market
	Limits     MarketLimits
	State      perp.MarketState
	Cause      perp.Reject // why the market is not open
	Oracle     perp.Price
	Account    *Account // nil: no such account
	Quote      QuoteFacts
	Portfolio  Portfolio // of the account, over all markets
	Maker      MakerFacts
	Unpriced   bool // the maker offers nothing on this side; false: it does
	Marketable bool // the maker offers something at the order's limit; false: it does not
	Triggered  bool // a stop order is being set off; false: it is only placed
}

// QuoteFacts is what the quote that an order names offers.
type QuoteFacts struct {
	Found      bool // it exists, or existed a while ago
	Foreign    bool // it was given to somebody else
	Expired    bool
	Superseded bool      // a newer one replaced it, and the grace is over
	Side       perp.Side // of the orders it takes; zero: both
	Level      perp.Level
	Consumed   bool
}

// query is an order on its way down the ladder. left is what it may still
// fill, e what its account has in its market without the order's earlier self.
type query struct {
	o    perp.PlaceOrder
	f    Facts
	left perp.Size
	e    Exposure
	at   int // place of e in f.Portfolio; -1: it has nothing there

	dealt perp.Size // of a replaced order, before

	needed   Requirement // what after found; guards that ask for it come after all that changes it
	margined bool
}

// guard looks at one reason to refuse. It returns what it needed and had, and
// whether it refuses.
type guard struct {
	reject perp.Reject
	field  string
	check  func(*query) (need, have int64, refuse bool)
}

// ladder holds the guards of a new order in the order of perp.Reject.
var ladder = []guard{
	{perp.DuplicateClOrdID, "ClOrdID", (*query).duplicate},
	{perp.PossResendMismatch, "ClOrdID", (*query).mismatch},
	{perp.StaleRequest, "age", (*query).stale},
	{perp.UnknownSymbol, "Symbol", (*query).noSymbol},
	{perp.MarketHalted, "market", (*query).halted},
	{perp.OracleStale, "oracle", (*query).oracleStale},
	{perp.OracleDivergent, "oracle", (*query).oracleDivergent},
	{perp.Drawdown, "market", (*query).drawdown},
	{perp.ReduceOnlyMode, "market", (*query).reduceOnly},
	{perp.UnknownAccount, "Account", (*query).noAccount},
	{perp.AccountNotPermitted, "Account", (*query).notPermitted},
	{perp.CondField, "", (*query).fieldMissing},
	{perp.Unsupported, "OrdType with TimeInForce", (*query).unsupported},
	{perp.ExpireTime, "ExpireTime", (*query).expired},
	{perp.BadLot, "OrderQty", (*query).badLot},
	{perp.BadLot, "MinQty", (*query).badMinimum},
	{perp.MinQty, "OrderQty", (*query).tooSmall},
	{perp.MinQty, "MinQty", (*query).minimumTooLarge},
	{perp.MaxOrderSize, "OrderQty", (*query).tooLarge},
	{perp.BadTick, "Price", (*query).badTick},
	{perp.BadTick, "StopPx", (*query).badStop},
	{perp.PriceBand, "Price", (*query).outsideBand},
	{perp.PostOnlyMarketable, "Price", (*query).marketable},
	{perp.QuoteUnknown, "QuoteID", (*query).quoteUnknown},
	{perp.QuoteForeign, "QuoteID", (*query).quoteForeign},
	{perp.QuoteExpired, "QuoteID", (*query).quoteExpired},
	{perp.QuoteSuperseded, "QuoteID", (*query).quoteSuperseded},
	{perp.QuoteSide, "Side", (*query).quoteSide},
	{perp.QuotePrice, "Price", (*query).quotePrice},
	{perp.QuoteSize, "OrderQty", (*query).quoteSize},
	{perp.QuoteConsumed, "QuoteID", (*query).quoteConsumed},
	{perp.ReduceOnlyFlat, "position", (*query).notThere},
	{perp.OpenOrdersLimit, "working orders", (*query).openOrders},
	{perp.PositionLimit, "position", (*query).position},
	{perp.NotionalLimit, "notional", (*query).notional},
	{perp.InsufficientMargin, "initial margin", (*query).margin},
	{perp.CollateralCap, "order value", (*query).collateralCap},
	{perp.OILimit, "open interest", (*query).interest},
	{perp.DealerLeverage, "maker leverage", (*query).leverage},
	{perp.PriceUnavailable, "price", (*query).unpriced},
}

// PreTrade walks a new order down the ladder (roe.md b.6 steps 5 to 16) and
// merges the flaws that the door found: the earliest reason is told.
func PreTrade(o perp.PlaceOrder, f Facts) perp.Verdict { return new(Checker).PreTrade(&o, &f) }

// Checker is the memory in which orders are judged, one at a time; used again.
type Checker struct{ q query }

// PreTrade is PreTrade without memory of its own.
func (d *Checker) PreTrade(o *perp.PlaceOrder, f *Facts) perp.Verdict {
	d.q.ask(o, f, o.Size)
	// Of two that are alike, what the door says names the field.
	return o.First().Worse(d.q.walk(ladder))
}

func newQuery(o perp.PlaceOrder, f Facts, left perp.Size) *query {
	q := &query{}
	q.ask(&o, &f, left)
	return q
}

// ask puts a question in the place of the one before.
func (q *query) ask(o *perp.PlaceOrder, f *Facts, left perp.Size) {
	*q = query{o: *o, f: *f, left: left, at: -1}
	q.e = Exposure{Symbol: o.Symbol, Limits: f.Limits, Oracle: f.Oracle}
	for i := range f.Portfolio.Exposures {
		if e := &f.Portfolio.Exposures[i]; e.Symbol == o.Symbol {
			q.e, q.at = *e, i
		}
	}
	if o.Reduce != 0 { // No more of it ever deals.
		q.left = min(q.left, q.reducible())
	}
}

// walk returns the first refusal. Guards below it are not asked, so each may
// rely on what those above it have made sure.
func (q *query) walk(guards []guard) perp.Verdict {
	for _, g := range guards {
		if need, have, refuse := g.check(q); refuse {
			detail := g.field
			if g.reject == perp.CondField {
				detail = q.missing()
			}
			return perp.Verdict{Reject: g.reject, Need: need, Have: have, Detail: detail}
		}
	}
	return perp.Verdict{}
}

func (q *query) repeated() bool { return q.o.PossDup || q.o.PossResend }

func (q *query) duplicate() (need, have int64, refuse bool) {
	return 0, 0, q.f.Used && !q.o.PossResend
}

func (q *query) mismatch() (need, have int64, refuse bool) {
	return 0, 0, q.f.Used && q.o.PossResend
}

// stale compares the age of a repeated order, from when its client first sent
// it, with what is taken; an order without a known time is too old. An order that
// is no repetition may wait in the gateway no longer than that, behind a gap in the
// numbers or a crowd: its client no longer expects the price of now.
func (q *query) stale() (need, have int64, refuse bool) {
	sent := q.o.Sent
	if sent == 0 {
		sent = q.o.Transact
	}
	if need, have, late := q.late(); late {
		return need, have, true
	}
	age, most := q.f.Now-sent, q.f.RequestAge
	if !q.repeated() {
		age = q.f.Now - q.o.Arrival
		return int64(most), int64(age), q.o.Arrival != 0 && most != 0 && age > most
	}
	return int64(most), int64(age), sent == 0 || most == 0 || age > most
}

// late compares the age of a request with what its client allows.
func (q *query) late() (need, have int64, refuse bool) {
	age := q.f.Now - q.o.Transact
	return int64(q.o.MaxAge), int64(age), q.o.MaxAge > 0 && age > q.o.MaxAge
}

func (q *query) noSymbol() (need, have int64, refuse bool) { return 0, 0, q.f.Instrument == nil }

// shut tells whether the market takes no order at all.
func (q *query) shut() bool { return q.f.State < perp.Open || q.f.State > perp.ReduceOnly }

func (q *query) halted() (need, have int64, refuse bool) {
	oracle := q.f.Cause == perp.OracleStale || q.f.Cause == perp.OracleDivergent
	return int64(perp.Open), int64(q.f.State), q.shut() && !oracle
}

func (q *query) oracleStale() (need, have int64, refuse bool) {
	return 0, 0, q.shut() && q.f.Cause == perp.OracleStale
}

func (q *query) oracleDivergent() (need, have int64, refuse bool) {
	return 0, 0, q.shut() && q.f.Cause == perp.OracleDivergent
}

func (q *query) drawdown() (need, have int64, refuse bool) {
	need, have, refuse = q.reduceOnly()
	return need, have, refuse && q.f.Cause == perp.Drawdown
}

func (q *query) reduceOnly() (need, have int64, refuse bool) {
	return 0, int64(q.e.Position.Size), q.f.State == perp.ReduceOnly && q.growing()
}

func (q *query) noAccount() (need, have int64, refuse bool) { return 0, 0, q.f.Account == nil }

func (q *query) notPermitted() (need, have int64, refuse bool) {
	return 0, 0, !slices.Contains(q.f.Account.Sessions, q.o.Session)
}

// missing names the tag of a conditionally required field that is not there.
// A price that the door could not express is there, but flawed.
func (q *query) missing() string {
	switch {
	case (q.o.Type == perp.Limit || q.o.Type == perp.StopLimit) && q.o.Price == 0 && !q.flawed(perp.BadTick):
		return "44"
	case q.o.Type == perp.PreviouslyQuoted && q.o.QuoteID == "":
		return "117"
	}
	return q.missingCondition()
}

func (q *query) flawed(r perp.Reject) bool {
	return slices.ContainsFunc(q.o.Flaws, func(v perp.Verdict) bool { return v.Reject == r })
}

func (q *query) fieldMissing() (need, have int64, refuse bool) { return 0, 0, q.missing() != "" }

// unsupported is the table of roe.md b.5: only limit and stop orders may wait.
func (q *query) unsupported() (need, have int64, refuse bool) {
	return 0, 0, !Supported(q.o.Type, q.o.TIF) || q.o.Side != perp.Buy && q.o.Side != perp.Sell || q.oddConditions()
}

// Supported tells whether an order type may have this time in force.
func Supported(t perp.OrderType, tif perp.TimeInForce) bool {
	switch t {
	case perp.Limit:
		return tif >= perp.IOC && tif <= perp.GTD
	case perp.Market, perp.PreviouslyQuoted:
		return tif == perp.IOC || tif == perp.FOK
	case perp.Stop, perp.StopLimit:
		return tif.Waits()
	}
	return false
}

func (q *query) badLot() (need, have int64, refuse bool) {
	lot := q.f.Instrument.Lot
	return int64(lot), int64(q.o.Size), q.o.Size%lot != 0
}

func (q *query) tooSmall() (need, have int64, refuse bool) {
	least := max(q.f.Instrument.MinSize, 1)
	return int64(least), int64(q.o.Size), q.o.Size < least
}

func (q *query) tooLarge() (need, have int64, refuse bool) {
	return int64(q.f.Instrument.MaxSize), int64(q.o.Size), q.o.Size > q.f.Instrument.MaxSize
}

func (q *query) badTick() (need, have int64, refuse bool) {
	priced := q.o.Type != perp.Market && q.o.Type != perp.Stop
	return int64(q.f.Instrument.Tick), int64(q.o.Price), priced && (q.o.Price < 0 || q.o.Price%q.f.Instrument.Tick != 0)
}

// outsideBand refuses a limit that reaches too far through the oracle price
// on its aggressive side. The band rounds down, towards the oracle.
func (q *query) outsideBand() (need, have int64, refuse bool) {
	bound := q.band()
	beyond := q.o.Price > bound
	if q.o.Side == perp.Sell {
		beyond = q.o.Price < bound
	}
	return int64(bound), int64(q.o.Price), (q.o.Type == perp.Limit || q.o.Type == perp.StopLimit) && beyond
}

// band is how far a limit may reach: through the oracle price, or through the
// price that sets a stop off.
func (q *query) band() perp.Price {
	from := q.f.Oracle
	if q.o.Type.Stops() {
		from = q.o.Stop
	}
	width := from.Of(q.f.Limits.PriceBand, perp.Floor)
	if q.o.Side == perp.Sell {
		return from - width
	}
	return perp.Add(from, width)
}

func (q *query) quoted() bool { return q.o.Type == perp.PreviouslyQuoted }

func (q *query) quoteUnknown() (need, have int64, refuse bool) {
	return 0, 0, q.quoted() && !q.f.Quote.Found
}

func (q *query) quoteForeign() (need, have int64, refuse bool) {
	return 0, 0, q.quoted() && q.f.Quote.Foreign
}

func (q *query) quoteSuperseded() (need, have int64, refuse bool) {
	return 0, 0, q.quoted() && q.f.Quote.Superseded
}

func (q *query) quoteExpired() (need, have int64, refuse bool) {
	return 0, 0, q.quoted() && q.f.Quote.Expired
}

func (q *query) quoteSide() (need, have int64, refuse bool) {
	return int64(q.f.Quote.Side), int64(q.o.Side), q.quoted() && q.f.Quote.Side != 0 && q.f.Quote.Side != q.o.Side
}

func (q *query) quotePrice() (need, have int64, refuse bool) {
	price := q.f.Quote.Level.Price
	return int64(price), int64(q.o.Price), q.quoted() && q.o.Price != 0 && q.o.Price != price
}

func (q *query) quoteSize() (need, have int64, refuse bool) {
	size := q.f.Quote.Level.Size
	return int64(q.o.Size), int64(size), q.quoted() && q.o.Size > size
}

func (q *query) quoteConsumed() (need, have int64, refuse bool) {
	return 0, 0, q.quoted() && q.f.Quote.Consumed
}

// growing tells whether the order, with the working orders of its side before
// it, could take the position further from flat (vAMM reference §12). One that
// only reduces cannot, and one that waits for its stop does not yet.
func (q *query) growing() bool {
	if q.o.Reduce != 0 || q.later() {
		return false
	}
	size, working := q.e.Position.Size, q.e.Bids
	if q.o.Side == perp.Sell {
		size, working = -size, q.e.Asks
	}
	return size >= 0 || perp.Add(working, q.left) > -size
}

func (q *query) openOrders() (need, have int64, refuse bool) {
	most := q.f.Account.Limits.OpenOrders
	orders := q.e.Orders
	for i := range q.f.Portfolio.Exposures {
		if i != q.at {
			orders += q.f.Portfolio.Exposures[i].Orders
		}
	}
	return orders + 1, most, orders+1 > most
}

func (q *query) position() (need, have int64, refuse bool) {
	reach := perp.Add(q.e.Position.Size, perp.Add(q.e.Bids, q.left))
	if q.o.Side == perp.Sell {
		reach = perp.Sub(perp.Add(q.e.Asks, q.left), q.e.Position.Size)
	}
	most := q.f.Account.Limits.position(q.o.Symbol, q.f.Limits)
	return int64(reach), int64(most), q.growing() && reach > most
}

func (q *query) notional() (need, have int64, refuse bool) {
	r := q.after()
	most := q.f.Account.Limits.Notional
	return int64(r.Notional), int64(most), q.growing() && r.Notional > most
}

// collateralCap bounds the value of one order by what the account has.
func (q *query) collateralCap() (need, have int64, refuse bool) {
	most := q.f.Account.Limits.OrderLeverage
	value := notional(q.f.Oracle, q.left)
	cap := scaled(max(0, q.after().Collateral), most)
	return int64(value), int64(cap), most > 0 && q.growing() && value > cap
}

func (q *query) margin() (need, have int64, refuse bool) {
	r := q.after()
	need = int64(sum(r.Required, q.cost()))
	return need, int64(r.Collateral), q.growing() && need > int64(r.Collateral)
}

// after is the initial margin with the order working.
func (q *query) after() Requirement {
	if q.margined {
		return q.needed
	}
	r := Requirement{Collateral: q.f.Portfolio.Cash}
	for i := range q.f.Portfolio.Exposures {
		if i != q.at {
			r.take(&q.f.Portfolio.Exposures[i], Initial)
		}
	}
	e := q.e
	e.Orders++
	if q.o.Side == perp.Sell {
		e.Asks = perp.Add(e.Asks, q.left)
	} else {
		e.Bids = perp.Add(e.Bids, q.left)
	}
	r.take(&e, Initial)
	r.Free = sum(r.Collateral, -r.Required)
	q.needed, q.margined = r, true
	return r
}

// cost is what the order loses at once if it fills now: how far its price lies
// on the wrong side of the oracle, and the fee. A market order names no price;
// it deals near the oracle.
func (q *query) cost() perp.Money {
	price := q.o.Price
	if price == 0 {
		price = q.f.Quote.Level.Price
	}
	worse := perp.Price(0)
	switch {
	case q.o.Side == perp.Buy:
		worse = max(0, price-q.f.Oracle)
	case price > 0:
		worse = max(0, q.f.Oracle-price)
	}
	fee := scaled(notional(perp.Add(q.f.Oracle, worse), q.left), q.f.Limits.TakerFee)
	return sum(fee, notional(worse, q.left))
}

func (q *query) interest() (need, have int64, refuse bool) {
	room := q.f.Maker.interestRoom(q.o.Side)
	return int64(q.left), int64(room), q.left > room && !q.later()
}

func (q *query) leverage() (need, have int64, refuse bool) {
	room := q.f.Maker.leverageRoom(q.o.Side)
	return int64(q.left), int64(room), q.left > room && !q.later()
}

func (q *query) unpriced() (need, have int64, refuse bool) { return 0, 0, q.f.Unpriced }
