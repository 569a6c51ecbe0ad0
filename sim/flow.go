package sim

import (
	"fmt"
	"math/rand/v2"

	"backstop/engine"
	"backstop/perp"
	"backstop/quoting"
	"backstop/risk"
)

// Flow makes commands from a seed: markets that walk, jump and fall silent, and
// clients that ask for everything, sensible or not.
type Flow struct {
	random *rand.Rand
	now    perp.Time
	price  map[string]perp.Price
	n      int64
	ids    []string // ClOrdIDs used
	quotes []string // quote ids seen
}

// Accounts and markets of the world. The sessions have the accounts' names.
var (
	accounts = []string{"alice", "bob", "carol", "dave"}
	symbols  = []string{"BTC-PERP", "SOL-PERP", "TINY-PERP"}
	steps    = map[string]perp.Instrument{
		"BTC-PERP":  {Tick: perp.PriceOne / 2, Lot: perp.SizeOne / 1000, MaxSize: 50 * perp.SizeOne},
		"SOL-PERP":  {Tick: perp.PriceOne / 100, Lot: perp.SizeOne / 10, MaxSize: 20_000 * perp.SizeOne},
		"TINY-PERP": {Tick: perp.PriceOne / 1_000_000, Lot: perp.SizeOne, MaxSize: 50_000_000 * perp.SizeOne},
	}
	starts = map[string]perp.Price{"BTC-PERP": 60_000 * perp.PriceOne, "SOL-PERP": 150 * perp.PriceOne, "TINY-PERP": 12_300}
)

// NewFlow returns the flow of a seed.
func NewFlow(seed uint64) *Flow {
	f := &Flow{random: rand.New(rand.NewPCG(seed, 11)), now: 1_000 * perp.Second, price: map[string]perp.Price{}}
	for s, p := range starts {
		f.price[s] = p
	}
	return f
}

// Opening lists the markets, opens and funds the accounts.
func (f *Flow) Opening() []perp.Command {
	c := engine.Configure{}
	for _, s := range symbols {
		i := steps[s]
		i.Symbol, i.Currency, i.MinSize = s, "USDC", i.Lot
		l := risk.DefaultMarketLimits()
		l.MaxPosition, l.OpenInterest = i.MaxSize*10, i.MaxSize*20
		c.Markets = append(c.Markets, engine.MarketSpec{Instrument: i, Quoting: quoting.DefaultParams(), Limits: l})
	}
	all := []perp.Command{}
	for _, a := range accounts {
		c.Accounts = append(c.Accounts, risk.Account{Name: a, Sessions: []string{a}, Limits: risk.DefaultLimits()})
		all = append(all, perp.Deposit{Account: a, Amount: 50_000 * perp.MoneyOne, Key: "first/" + a})
	}
	for _, s := range symbols {
		all = append(all, perp.Deposit{Account: perp.Maker, Symbol: s, Amount: 200_000 * perp.MoneyOne, Key: "maker/" + s})
	}
	return append([]perp.Command{c}, all...)
}

func (f *Flow) pick(n int) int          { return f.random.IntN(n) }
func (f *Flow) chance(percent int) bool { return f.pick(100) < percent }

func one[T any](f *Flow, from []T) T { return from[f.pick(len(from))] }

// Next is the next command and the time at which it happens.
func (f *Flow) Next() (perp.Command, perp.Time) {
	f.now += perp.Time(f.random.Int64N(int64(200 * perp.Millisecond)))
	if f.chance(1) {
		f.now += 7 * perp.Second // Silence.
	}
	switch f.pick(12) {
	case 0, 1, 2, 3:
		return f.tick(), f.now
	case 4:
		return perp.ClockTick{}, f.now
	case 5:
		return f.other(), f.now
	case 6:
		return f.amend(), f.now
	default:
		return f.order(), f.now
	}
}

func (f *Flow) tick() perp.Command {
	s := one(f, symbols)
	p := f.price[s]
	p += p.Of(perp.Ratio(f.random.Int64N(2001)-1000), perp.Trunc)
	if f.chance(1) {
		p = p * perp.Price(1+f.pick(2)*2) / 2 // Half, or half as much again.
	}
	f.price[s] = max(p, 10)
	t := perp.OracleTick{Symbol: s, Price: f.price[s], Confidence: p / 10_000, Publish: f.now - perp.Time(f.pick(300))*perp.Millisecond, Receive: f.now, Sources: 3}
	switch f.pick(60) {
	case 0:
		t.Price = 0
	case 1:
		t.Price = -t.Price
	case 2:
		t.Publish = f.now + 9*perp.Second
	case 3:
		t.Publish = f.now - 9*perp.Second
	case 4:
		t.Confidence = t.Price
	case 5:
		t.Symbol = "NO-SUCH"
	case 6:
		t.Sources = 0
	case 7:
		t.Divergence = perp.RatioOne
	case 8:
		t.Price *= 5
	}
	return t
}

// origin is a request of a session, now and then one that repeats.
func (f *Flow) origin(session string) perp.Origin {
	f.n++
	return perp.Origin{Session: session, InSeq: f.n, Arrival: f.now, Sent: f.now, PossDup: f.chance(3), PossResend: f.chance(3)}
}

// id is a fresh ClOrdID, or one that was used before.
func (f *Flow) id() string {
	if len(f.ids) > 0 && f.chance(8) {
		return one(f, f.ids)
	}
	id := fmt.Sprintf("c%d", f.n)
	f.ids = append(f.ids, id)
	return id
}

func (f *Flow) order() perp.Command {
	who := one(f, accounts)
	s := one(f, symbols)
	i := steps[s]
	o := perp.PlaceOrder{
		Origin: f.origin(who), ClOrdID: f.id(), Account: who, Symbol: s, Side: perp.Side(1 + f.pick(2)),
		Type: perp.OrderType(1 + f.pick(5)), TIF: perp.TimeInForce(1 + f.pick(4)), Size: i.Lot * perp.Size(1+f.random.Int64N(500)), Transact: f.now,
	}
	switch o.Type {
	case perp.Limit:
		o.Price = (f.price[s] + f.price[s].Of(perp.Ratio(f.random.Int64N(20_001)-10_000), perp.Trunc)) / i.Tick * i.Tick
	case perp.PreviouslyQuoted:
		o.QuoteID = "nonsense"
		if len(f.quotes) > 0 {
			o.QuoteID = f.quotes[len(f.quotes)-1-f.pick(min(8, len(f.quotes)))]
		}
	}
	f.conditions(&o)
	switch f.pick(40) {
	case 0:
		o.Symbol = "NO-SUCH"
	case 1:
		o.Size++
	case 2:
		o.Price++
	case 3:
		o.Account = "ghost"
	case 4:
		o.Account = one(f, accounts)
	case 5:
		o.Size = 9_000_000_000_000_000_000
	case 6:
		o.Price = 9_000_000_000_000_000_000
	case 7:
		o.Size = -o.Size
	case 8:
		o.Flaws = []perp.Verdict{{Reject: perp.CondField, Detail: "44"}}
	case 9:
		o.Account = ""
	}
	return o
}

func (f *Flow) amend() perp.Command {
	who := one(f, accounts)
	s := one(f, symbols)
	old := "none"
	if len(f.ids) > 0 {
		old = f.ids[len(f.ids)-1-f.pick(min(30, len(f.ids)))]
	}
	if f.chance(50) {
		return perp.CancelOrder{Origin: f.origin(who), ClOrdID: f.id(), OrigClOrdID: old, Account: who, Symbol: s, Side: perp.Side(1 + f.pick(2))}
	}
	i := steps[s]
	g := perp.ReplaceOrder{
		Origin: f.origin(who), ClOrdID: f.id(), OrigClOrdID: old, Account: who, Symbol: s, Side: perp.Side(1 + f.pick(2)),
		Type: perp.Limit, Size: i.Lot * perp.Size(1+f.random.Int64N(500)), Price: f.price[s] / i.Tick * i.Tick,
	}
	switch f.pick(5) {
	case 0:
		g.Type, g.Price, g.Stop = perp.Stop, 0, g.Price
	case 1:
		g.Type, g.Stop = perp.StopLimit, g.Price
	case 2:
		g.Expires, g.MinSize = f.now+perp.Time(f.random.Int64N(int64(5*perp.Second))), i.Lot*perp.Size(f.pick(100))
	}
	return g
}

func (f *Flow) other() perp.Command {
	who := one(f, accounts)
	s := one(f, symbols)
	switch f.pick(8) {
	case 6:
		return f.streamed(who, s)
	case 7:
		return perp.RequestQuote{Origin: f.origin(who), ReqID: one(f, []string{"s1", "s2", "s3"}), Account: who, Symbol: s, Side: perp.Side(f.pick(3)),
			Size: steps[s].Lot * perp.Size(f.pick(50)), Stream: perp.Stream{Wanted: true, Until: f.now + perp.Time(f.pick(400))*perp.Second}}
	case 4:
		return perp.CancelOrders{Origin: f.origin(who), ClOrdID: f.id(), Scope: perp.Scope(f.pick(4)), Said: "7", Symbol: s, Side: perp.Side(f.pick(3))}
	case 5:
		return perp.RequestOrders{Origin: f.origin(who), ReqID: "m", Scope: perp.Scope(f.pick(4)), Account: one(f, []string{"", who, "ghost"}), Symbol: s}
	case 0:
		return perp.RequestStatus{Origin: f.origin(who), ClOrdID: f.id(), Account: who, Symbol: s, Side: perp.Buy}
	case 1:
		return perp.RequestPositions{Origin: f.origin(who), ReqID: "p", Account: one(f, append([]string{"ghost"}, accounts...))}
	case 2:
		return perp.Deposit{Account: who, Amount: perp.Money(f.random.Int64N(2_000_000_000) - 500_000_000), Key: fmt.Sprintf("d%d", f.pick(50))}
	}
	return perp.RequestQuote{Origin: f.origin(who), ReqID: "r", Account: who, Symbol: s, Side: perp.Side(f.pick(3)), Size: steps[s].Lot * perp.Size(1+f.pick(50))}
}

// streamed is a request about what is quoted to a client already.
func (f *Flow) streamed(who, symbol string) perp.Command {
	quote := ""
	if len(f.quotes) > 0 {
		quote = f.quotes[len(f.quotes)-1-f.pick(min(5, len(f.quotes)))]
	}
	switch f.pick(3) {
	case 0:
		return perp.CancelQuotes{Origin: f.origin(who), ReqID: one(f, []string{"", "s1", "s2"}), Symbol: symbol, All: f.chance(20)}
	case 1:
		return perp.DeclineQuote{Origin: f.origin(who), RespID: "d", QuoteID: quote, Symbol: symbol}
	}
	return perp.RequestQuoteStatus{Origin: f.origin(who), StatusID: "t", QuoteID: quote}
}

// Saw lets the flow use quote ids that were published.
func (f *Flow) Saw(events []perp.Event) {
	for _, ev := range events {
		switch ev := ev.(type) {
		case perp.QuoteIssued:
			f.quotes = append(f.quotes, ev.QuoteID)
		case perp.StreamQuoted:
			if f.chance(20) {
				f.quotes = append(f.quotes, ev.QuoteID)
			}
		case perp.QuoteChanged:
			if f.chance(10) {
				f.quotes = append(f.quotes, perp.QuoteID(ev.Quote.Version, perp.Side(1+f.pick(2)), f.pick(3)))
			}
		}
	}
}
