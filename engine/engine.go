package engine

import (
	"slices"

	"backstop/ledger"
	"backstop/perp"
	"backstop/quoting"
	"backstop/risk"
)

// Engine is the state of everything and the only code that changes it. It is
// not safe for concurrent use: one goroutine owns it.
type Engine struct {
	state   state
	markets map[string]*market
	firms   map[string][]string // that a session trades for; made from the accounts
	seats   map[string]*seat    // of the accounts; made from them
	seated  *seat               // that was looked for
	traded  map[string][]string // accounts that a session may use; made from them
	traders []string            // sessions that may use any, by their first account
	levels  []perp.Level        // used again by each order
	out     []perp.Event        // of the command being applied
	bounds  bounds              // of accounts that need not be judged
	now     perp.Time
	quiet   bool // quotes are not told

	arena     arena
	orderIDs  names
	execIDs   names
	tradeIDs  names
	histories map[string]*history // by account; made from the state
	touched   []touched           // providers of whom there is news
	snapshot  int                 // bytes of the last one
	stakes    []ledger.Stake      // used again by each portfolio
	exposures []risk.Exposure     // likewise
	checker   risk.Checker        // likewise by each order
}

// state is all that a snapshot keeps. Slices stand in a fixed order; nothing
// here is a map, so its encoding is the same bytes for the same state.
type state struct {
	Seq      int64
	Now      perp.Time
	Orders   int64
	Execs    int64
	Trades   int64
	Versions int64
	Markets  []*market
	Accounts []risk.Account
	Ledger   *ledger.Ledger
	Book     *book
	Forgot   bool `json:",omitempty"` // some orders are only in the store

	Fundings int64
	Hedges   int64
	Losses   int64
	Calls    int64
	Venue    risk.Venue
	Outflow  risk.Outflow
	Dangers  []danger   // accounts under a margin call or in liquidation, sorted
	History  []*history // the last trades of each account
	Sessions []session  `json:",omitempty"` // FIX sessions, sorted by name

	RequestAge perp.Time `json:",omitempty"` // as in Configure

	TwoPerson TwoPerson  `json:",omitzero"`
	Proposals []proposal `json:",omitempty"` // in order of their numbers
	Proposed  int64      `json:",omitempty"`
}

// market is one market with the requests that wait in it.
type market struct {
	Instrument perp.Instrument
	Limits     risk.MarketLimits
	Quoting    *quoting.Market
	RFQs       []rfq      // answered quote requests that may still be dealt on
	Streams    []stream   `json:",omitempty"` // quote streams, in order of their beginning
	Consumed   []consumed // level ids dealt on, until nobody can use them any more
	Mode       perp.MarketMode
	Settled    perp.Time  // when claims last became cash on schedule
	ToldLong   perp.Ratio // funding rates last told
	ToldShort  perp.Ratio
	Held       []held    // orders that wait for the deciding tick, in order of arrival
	Graded     perp.Time // when all sessions were last judged
	Reported   int64     // number of the venue's last report

	Providers []provider `json:",omitempty"` // what is quoted to the maker, sorted by account

	resting resting
	limits  limits
}

// New returns an engine without markets or accounts; Configure brings them.
func New() *Engine {
	e := &Engine{state: state{Ledger: ledger.New(), Book: newBook(), Venue: risk.DefaultVenue()}}
	e.markets, e.histories = map[string]*market{}, map[string]*history{}
	e.bounds.lost = true
	e.enumerate()
	return e
}

// Seq is the number of the last command applied.
func (e *Engine) Seq() int64 { return e.state.Seq }

// Apply changes the state by one command and returns what happened. seq must
// be the next number, now not before the last one; anything else is a Fault,
// as are books that do not sum to zero afterwards.
func (e *Engine) Apply(c perp.Command, seq int64, now perp.Time) []perp.Event {
	if seq != e.state.Seq+1 || now < e.state.Now {
		panic(perp.Fault{What: "command out of order", Args: []int64{seq, e.state.Seq, int64(now), int64(e.state.Now)}})
	}
	e.state.Seq, e.state.Now, e.now = seq, now, now
	e.out = e.arena.begin()
	e.dispatch(c)
	e.note()
	e.stateProviders()
	e.audit(c)
	done := e.arena.end(e.out)
	e.out, e.bounds.read = nil, 0
	return done
}

// Reapply is Apply of a command from the journal that nobody hears the events of:
// the state is the same, but the quotes that follow from it are not even told.
func (e *Engine) Reapply(c perp.Command, seq int64, now perp.Time) {
	e.quiet = true
	e.Apply(c, seq, now)
	e.quiet = false
}

// audit holds after every command: the books sum to zero, and what the maker
// has in each market is what its curve says it owns, to the last unit (vAMM
// reference §9.4). Anything else is a Fault. After a command about one market
// only that market and those that the books changed in are looked at; all of them
// are with everything else, so at the latest with the next tick of the clock.
func (e *Engine) audit(c perp.Command) {
	changed, err := e.state.Ledger.CheckChanged()
	if err != nil {
		panic(perp.Fault{What: "books after " + c.Kind() + ": " + err.Error(), Args: []int64{e.state.Seq}})
	}
	if symbol, one := about(c); one {
		if m := e.markets[symbol]; m != nil {
			e.auditMarket(m, c)
		}
		for _, other := range changed {
			if m := e.markets[other]; m != nil && other != symbol {
				e.auditMarket(m, c)
			}
		}
		return
	}
	for _, m := range e.state.Markets {
		e.auditMarket(m, c)
	}
}

// about is the market that a command is about, if it is about one.
func about(c perp.Command) (symbol string, one bool) {
	switch c := c.(type) {
	case perp.OracleTick:
		return c.Symbol, true
	case perp.PlaceOrder:
		return c.Symbol, true
	case perp.CancelOrder:
		return c.Symbol, true
	case perp.ReplaceOrder:
		return c.Symbol, true
	case perp.RequestQuote:
		return c.Symbol, true
	}
	return "", false
}

func (e *Engine) auditMarket(m *market, c perp.Command) {
	worth, backing := e.state.Ledger.Worth(m.Instrument.Symbol), m.Quoting.Backing()
	if worth != backing {
		panic(perp.Fault{
			What: "equity of " + m.Instrument.Symbol + " after " + c.Kind(),
			Args: []int64{e.state.Seq, int64(worth), int64(backing)},
		})
	}
}

func (e *Engine) dispatch(c perp.Command) {
	if !e.refuseAlone(c) {
		e.perform(c)
	}
}

func (e *Engine) perform(c perp.Command) {
	switch c := c.(type) {
	case perp.OracleTick:
		e.tick(c)
	case perp.ClockTick:
		e.clock()
	case perp.PlaceOrder:
		e.place(c)
	case perp.CancelOrder:
		e.cancel(c)
	case perp.ReplaceOrder:
		e.replace(c)
	case perp.CancelOrders:
		e.cancelOrders(c)
	case perp.RequestOrders:
		e.requestOrders(c)
	case perp.RequestStatus:
		e.status(c)
	case perp.RequestQuote:
		e.requestQuote(c)
	case perp.ProvideQuotes:
		e.provide(c)
	case perp.CancelQuotes:
		e.cancelQuotes(c)
	case perp.DeclineQuote:
		e.declineQuote(c)
	case perp.RequestQuoteStatus:
		e.quoteStatus(c)
	case perp.RequestPositions:
		e.positions(c)
	case perp.Deposit:
		e.deposit(c)
	case perp.Withdraw:
		e.withdraw(c)
	case perp.SetMarket:
		e.setMarket(c)
	case perp.BustTrade:
		e.bust(c)
	case perp.ProposeChange:
		e.propose(c)
	case perp.ApproveChange:
		e.approve(c)
	case perp.StopWithdrawals:
		e.stopWithdrawals(c)
	case perp.OpenWithdrawals:
		e.openWithdrawals(c)
	case perp.RequestCollateral:
		e.collateral(c)
	case perp.RequestTrades:
		e.trades(c)
	case perp.SessionStarted:
		e.started(c)
	case perp.SessionEnded:
		e.ended(c)
	case perp.SteerSession:
		e.steer(c)
	case perp.LogonsRefused:
		e.noteRefused(c)
	case perp.HedgeReport:
		e.hedged(c)
	case perp.ForgetOrders:
		e.forgetOrders(c)
	case perp.RecallOrder:
		e.recall(c)
	case Configure:
		e.configure(c)
	default:
		panic(perp.Fault{What: "unknown command " + c.Kind()})
	}
}

func (e *Engine) emit(events ...perp.Event) { e.out = append(e.out, events...) }

// account returns the account of this name, or nil.
func (e *Engine) account(name string) *risk.Account {
	s := e.seat(name)
	if s == nil {
		return nil
	}
	return &e.state.Accounts[s.at]
}

// seat is where an account and what belongs to it are found with one look.
type seat struct {
	account string
	at      int      // among the accounts
	past    *history // as far as it is known
	orders  *shelf   // likewise
	bound   *bound   // likewise, if it is of the present era
}

// seat of the account of this name, or nil. Most of a command is about one.
func (e *Engine) seat(name string) *seat {
	if s := e.seated; s != nil && s.account == name {
		return s
	}
	s := e.seats[name]
	if s != nil {
		e.seated = s
	}
	return s
}

// working is the orders of an account that may still fill.
func (e *Engine) working(account string) []*order {
	s := e.seat(account)
	if s == nil {
		return e.state.Book.at(account)
	}
	if s.orders == nil {
		s.orders = e.state.Book.shelf(account)
	}
	return s.orders.orders
}

// ownAccount fills in the account of a request that names none: the only one
// its session may use. With none or several it stays empty.
func (e *Engine) ownAccount(session, account string) string {
	if all := e.traded[session]; account == "" && len(all) == 1 {
		return all[0]
	}
	return account
}

// permitted returns the account if it exists and the session may use it.
func (e *Engine) permitted(session, account string) *risk.Account {
	if a := e.account(account); a != nil && slices.Contains(a.Sessions, session) {
		return a
	}
	return nil
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
