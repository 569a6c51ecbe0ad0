package sim_test

import (
	"strconv"
	"testing"

	"backstop/engine"
	"backstop/perp"
	"backstop/quoting"
	"backstop/risk"
)

// What happened to other venues (vAMM reference §14), replayed: each test plays
// the mechanism against this engine and shows what stops it.

// past is a small world with the parameters of an ordinary market.
type past struct {
	t     *testing.T
	seq   *engine.Sequencer
	e     *engine.Engine
	books *moneyBooks
	now   perp.Time
	n     int
	quote map[string]perp.Quote
	seen  []perp.Event
}

// pastMarket says what differs from the defaults.
type pastMarket struct {
	symbol string
	equity perp.Money // whole quote
	change func(*quoting.Params, *risk.MarketLimits)
}

func newPast(t *testing.T, markets []pastMarket, accounts map[string]perp.Money) *past {
	e := engine.New()
	p := &past{t: t, e: e, seq: engine.NewSequencer(e), books: newMoneyBooks(), now: 1_000_000 * perp.Second, quote: map[string]perp.Quote{}}
	p.do(p.configuration(markets, accounts))
	for _, m := range markets {
		p.do(perp.Deposit{Account: perp.Maker, Symbol: m.symbol, Amount: m.equity * perp.MoneyOne, Key: "m" + m.symbol})
	}
	for name, amount := range accounts {
		p.do(perp.Deposit{Account: name, Amount: amount * perp.MoneyOne, Key: "a" + name})
	}
	for _, m := range markets {
		p.walk(m.symbol, 100, 100, 10)
	}
	return p
}

func (p *past) configuration(markets []pastMarket, accounts map[string]perp.Money) engine.Configure {
	c := engine.Configure{}
	for _, m := range markets {
		q, l := quoting.DefaultParams(), risk.DefaultMarketLimits()
		l.MaxPosition, l.OpenInterest = 1_000_000*perp.SizeOne, 1_000_000*perp.SizeOne
		if m.change != nil {
			m.change(&q, &l)
		}
		c.Markets = append(c.Markets, engine.MarketSpec{Instrument: perp.Instrument{
			Symbol: m.symbol, Currency: "USDC", Tick: perp.PriceOne / 100, Lot: perp.SizeOne / 100,
			MinSize: perp.SizeOne / 100, MaxSize: 1_000_000 * perp.SizeOne,
		}, Quoting: q, Limits: l})
	}
	for name := range accounts {
		c.Accounts = append(c.Accounts, risk.Account{Name: name, Sessions: []string{name}, Limits: risk.DefaultLimits()})
	}
	return c
}

func (p *past) do(c perp.Command) []perp.Event {
	p.t.Helper()
	events := p.seq.Step([]perp.Input{{Command: c, Source: "test"}}, p.now)[0].Events
	if err := p.books.follow(events); err != nil {
		p.t.Fatalf("%s: %v", c.Kind(), err)
	}
	for _, ev := range events {
		if q, ok := ev.(perp.QuoteChanged); ok {
			p.quote[q.Quote.Symbol] = q.Quote
		}
	}
	p.seen = append(p.seen, events...)
	return events
}

// walk moves a price from one whole value to another in steps of 100 ms.
func (p *past) walk(symbol string, from, to float64, steps int) {
	for i := 1; i <= steps; i++ {
		p.now += 100 * perp.Millisecond
		price := perp.Price((from + (to-from)*float64(i)/float64(steps)) * float64(perp.PriceOne))
		p.do(perp.OracleTick{Symbol: symbol, Price: price, Confidence: price / 50_000, Publish: p.now, Receive: p.now, Sources: 3})
		p.do(perp.ClockTick{})
	}
}

// hold lets a price stand for some seconds.
func (p *past) hold(symbol string, price float64, seconds int) {
	p.walk(symbol, price, price, seconds*10)
}

func (p *past) order(account, symbol string, side perp.Side, size float64) []perp.Event {
	p.n++
	lots := perp.Size(size * 100)
	return p.do(perp.PlaceOrder{
		Origin: perp.Origin{Session: account, Arrival: p.now}, ClOrdID: "o" + strconv.Itoa(p.n), Account: account, Symbol: symbol,
		Side: side, Type: perp.Market, TIF: perp.IOC, Size: lots * perp.SizeOne / 100, Transact: p.now,
	})
}

// flatten closes what the curve takes of a position.
func (p *past) flatten(account string) {
	size, side := p.size(account, x), perp.Sell
	if size < 0 {
		size, side = -size, perp.Buy
	}
	if size > 0 {
		p.order(account, x, side, float64(size)/float64(perp.SizeOne)+0.001)
	}
}

// withdraw asks for whole quote and returns the verdict.
func (p *past) withdraw(account string, amount perp.Money) perp.Verdict {
	p.n++
	a, n := last[perp.OperatorAnswered](p.do(perp.Withdraw{
		Operator: perp.Operator{Key: "w" + strconv.Itoa(p.n), By: "desk"}, Account: account, Amount: amount * perp.MoneyOne,
	}))
	if n != 1 {
		p.t.Fatalf("%d answers", n)
	}
	return a.Verdict
}

func (p *past) view(account string) perp.CollateralView {
	r, _ := last[perp.CollateralReported](p.do(perp.RequestCollateral{Origin: perp.Origin{Session: account}, Account: account}))
	return r.View
}

func (p *past) held(owner, name, symbol string) perp.Money {
	return p.books.balance[perp.LedgerAccount{Owner: owner, Name: name, Symbol: symbol}]
}

func (p *past) size(account, symbol string) perp.Size {
	return p.books.size[[2]string{account, symbol}]
}

func last[E perp.Event](events []perp.Event) (found E, n int) {
	for _, ev := range events {
		if e, ok := ev.(E); ok {
			found, n = e, n+1
		}
	}
	return found, n
}

const x = "X-PERP"

func fills(events []perp.Event) (size perp.Size, cash perp.Money) {
	for _, ev := range events {
		if f, ok := ev.(perp.Filled); ok {
			size += f.Size
			cash += perp.Notional(f.Price, f.Size, perp.Ceil)
		}
	}
	return size, cash
}

// Perpetual Protocol v1: the curve stood where it was launched, everybody was on
// one side and was paid for it by the insurance fund. Here reserves follow the
// oracle, and funding that the maker pays is bounded by a third of its budget.
func TestHistoryPerpetualV1(t *testing.T) {
	p := newPast(t, []pastMarket{{x, 100_000, func(q *quoting.Params, _ *risk.MarketLimits) {
		q.FundingEvery, q.FundingSpan, q.FundingMax, q.FundingBase = 60*perp.Second, 10*perp.Second, perp.RatioOne/2, perp.RatioOne/2
	}}}, map[string]perp.Money{"a": 50_000, "b": 50_000})
	p.do(perp.Deposit{Account: perp.Maker, Symbol: x, Fund: perp.Insurance, Amount: 10_000 * perp.MoneyOne, Key: "ins"})
	for range 10 { // Everybody is short, and shorts receive the largest rate there is.
		p.order("a", x, perp.Sell, 200)
		p.order("b", x, perp.Sell, 200)
		p.hold(x, 100, 1)
	}
	before := p.held(perp.Maker, perp.Equity, x) + p.held(perp.Maker, perp.Fees, x)
	p.walk(x, 100, 140, 20_000)
	if q := p.quote[x]; q.Mid < 139*perp.PriceOne || q.Mid > 141*perp.PriceOne {
		t.Errorf("the mid stands at %s, the oracle at 140", q.Mid)
	}
	p.hold(x, 140, 300)
	paid := map[string]perp.Money{}
	for _, ev := range p.seen {
		if f, ok := ev.(perp.FundingPaid); ok && f.Account == perp.Maker {
			paid[f.FundingID] -= f.Payment
		}
	}
	if len(paid) < 5 {
		t.Fatalf("funding was booked %d times", len(paid))
	}
	for id, amount := range paid {
		if amount > before/3 {
			t.Errorf("%s cost the maker %s of %s", id, amount, before)
		}
	}
	if got := p.held(perp.Maker, perp.Insurance, x); got < 10_000*perp.MoneyOne {
		t.Errorf("funding took from the insurance: %s left", got)
	}
}

// Drift v1 (LUNA): realised profit left the venue with no loss paid in for it.
// Here a claim is not money: two accounts that win and go bankrupt against each
// other take out what was paid in and no more, and nothing before it is settled.
func TestHistoryDriftV1(t *testing.T) {
	p := newPast(t, []pastMarket{{x, 5_000, nil}}, map[string]perp.Money{"winner": 3_000, "loser": 400})
	for range 6 {
		p.order("winner", x, perp.Buy, 12)
		p.order("loser", x, perp.Sell, 12)
	}
	p.walk(x, 100, 160, 400)
	v := p.view("winner")
	if v.Unrealised+v.Claims <= 500*perp.MoneyOne {
		t.Fatalf("the winner has won only %s", v.Unrealised+v.Claims)
	}
	if v.Withdrawable > 3_000*perp.MoneyOne+v.Claims {
		t.Errorf("unrealised profit can be withdrawn: %s", v.Withdrawable)
	}
	for range 12 {
		p.order("winner", x, perp.Sell, 12)
		p.hold(x, 160, 1)
	}
	p.hold(x, 160, 120)
	paidIn := p.books.paidIn[x]
	if got := p.books.settled["winner"]; got > paidIn {
		t.Errorf("the winner collected %s, %s was paid in", got, paidIn)
	}
	if all := p.held("winner", perp.Cash, "") + p.held("loser", perp.Cash, ""); all > (3_400+5_000)*perp.MoneyOne {
		t.Errorf("the two have %s, 8400 was brought by anybody", all)
	}
	if v := p.withdraw("winner", 1_000_000); v.OK() {
		t.Error("took a million")
	}
}

// Audaces: unlevered accounts were liquidated whole when funding turned and
// others withdrew. Here only what cures is closed, and who is not levered is
// not touched.
func TestHistoryAudaces(t *testing.T) {
	p := newPast(t, []pastMarket{{x, 1_000_000, nil}}, map[string]perp.Money{"calm": 20_000, "levered": 1_500, "other": 30_000})
	p.order("calm", x, perp.Buy, 200)
	p.order("levered", x, perp.Buy, 200)
	if v := p.withdraw("other", 20_000); !v.OK() {
		t.Fatalf("other could not leave: %+v", v)
	}
	p.walk(x, 100, 94, 600)
	p.hold(x, 94, 120)
	if got := p.size("calm", x); got != 200*perp.SizeOne {
		t.Errorf("the unlevered account has %s left of 200", got)
	}
	if got := p.size("levered", x); got <= 0 || got >= 200*perp.SizeOne {
		t.Errorf("the levered account has %s left of 200: it was to be cut to what it can bear", got)
	}
	if i := p.view("levered"); i.Liquidating {
		t.Error("the liquidation does not end")
	}
}

// Audius: an initialisation that could be run again. Here configuration and
// deposits at every start change no money and no position.
func TestHistoryAudius(t *testing.T) {
	markets, accounts := []pastMarket{{x, 100_000, nil}}, map[string]perp.Money{"a": 5_000}
	p := newPast(t, markets, accounts)
	p.order("a", x, perp.Buy, 20)
	cash, size := p.held("a", perp.Cash, ""), p.size("a", x)
	p.do(p.configuration(markets, accounts))
	p.do(perp.Deposit{Account: "a", Amount: 5_000 * perp.MoneyOne, Key: "aa"})
	p.do(perp.Deposit{Account: perp.Maker, Symbol: x, Amount: 100_000 * perp.MoneyOne, Key: "m" + x})
	if p.held("a", perp.Cash, "") != cash || p.size("a", x) != size || p.held(perp.Maker, perp.Equity, x) != 100_000*perp.MoneyOne {
		t.Error("a second start paid in again or forgot a position")
	}
}

// nftperp v1: nearly all clients were short in a falling market and the house
// was the other side of all of them. Here the maker's inventory is bounded by
// its funds, so what it can owe is too.
func TestHistoryNFTPerp(t *testing.T) {
	accounts := map[string]perp.Money{}
	for i := range 20 {
		accounts["s"+strconv.Itoa(i)] = 20_000
	}
	p := newPast(t, []pastMarket{{x, 50_000, nil}}, accounts)
	for range 5 {
		for name := range 20 {
			p.order("s"+strconv.Itoa(name), x, perp.Sell, 500)
			p.hold(x, 100, 1)
			if lev := p.quote[x].Leverage; lev > 3*perp.RatioOne {
				t.Fatalf("leverage %s", lev)
			}
		}
	}
	p.walk(x, 100, 70, 20_000)
	for name := range 20 {
		for range 10 {
			p.order("s"+strconv.Itoa(name), x, perp.Buy, 500)
		}
	}
	p.hold(x, 70, 120)
	if got := p.held(perp.Maker, perp.Equity, x); got < 0 {
		t.Errorf("the maker's equity is %s", got)
	}
	if out, in := p.books.paidOut[x], p.books.paidIn[x]; out > in {
		t.Errorf("winners collected %s of %s", out, in)
	}
}

// Hubble v1: makers could not re-price and held the unpopular side. Here every
// quote stands around the newest price, before anybody deals on it.
func TestHistoryHubble(t *testing.T) {
	p := newPast(t, []pastMarket{{x, 100_000, nil}}, map[string]perp.Money{"a": 50_000})
	price := 100.0
	for _, to := range []float64{103, 99, 106, 95, 110} {
		p.walk(x, price, to, 300)
		price = to
		q := p.quote[x]
		bid, okB := q.Best(perp.Sell)
		ask, okA := q.Best(perp.Buy)
		at := perp.Price(to * float64(perp.PriceOne))
		if !okA || !okB || bid.Price >= at || ask.Price <= at || ask.Price-bid.Price > at/10 {
			t.Errorf("at %s: %v / %v", at, bid, ask)
		}
		p.order("a", x, perp.Buy, 50)
	}
}

// Synthetix: trades ahead of oracle updates, and a print that was 1000 times
// too high. Here an order waits for a price that is newer than it is, and a
// print that cannot be is not dealt on.
func TestHistorySynthetix(t *testing.T) {
	p := newPast(t, []pastMarket{{x, 100_000, func(q *quoting.Params, _ *risk.MarketLimits) { q.LastLook = quoting.LookAlways }}},
		map[string]perp.Money{"a": 50_000})
	p.now += 50 * perp.Millisecond // The world has moved to 101; the maker does not know yet.
	if _, n := last[perp.Filled](p.order("a", x, perp.Buy, 10)); n != 0 {
		t.Fatal("filled at the old price")
	}
	start := len(p.seen)
	p.walk(x, 101, 101, 1)
	for _, ev := range p.seen[start:] {
		if f, ok := ev.(perp.Filled); ok && f.Price < 101*perp.PriceOne {
			t.Errorf("filled at %s, the price was 101", f.Price)
		}
	}
	start = len(p.seen)
	p.walk(x, 101_000, 101_000, 1)
	p.order("a", x, perp.Sell, 10)
	for _, ev := range p.seen[start:] {
		if f, ok := ev.(perp.Filled); ok {
			t.Errorf("filled at %s on a print of 101000", f.Price)
		}
	}
	if s := p.quote[x].State; s != perp.Halted {
		t.Errorf("the market is %s", s)
	}
}

// GMX and AVAX: any size at the oracle price, so that moving the thin outside
// market a little paid. Here the price worsens with the size and the size is
// bounded by the maker's funds.
func TestHistoryGMX(t *testing.T) {
	p := newPast(t, []pastMarket{{x, 100_000, nil}}, map[string]perp.Money{"a": 5_000_000, "b": 5_000_000})
	small, smallCash := fills(p.order("b", x, perp.Buy, 1))
	got, cash := fills(p.order("a", x, perp.Buy, 2_000))
	if got == 0 || got >= 2_000*perp.SizeOne {
		t.Fatalf("took %s at once", got)
	}
	average := perp.MulDiv(int64(cash), int64(perp.SizeOne), int64(got), perp.Floor)
	if best := perp.MulDiv(int64(smallCash), int64(perp.SizeOne), int64(small), perp.Ceil); average <= best {
		t.Errorf("%s cost %d on average, one unit %d", got, average, best)
	}
	p.walk(x, 100, 100.2, 3) // The outside market is pushed by 20 bp, and comes back.
	for range 3 {
		p.flatten("a")
	}
	p.walk(x, 100.2, 100, 3)
	for range 20 {
		p.flatten("a")
		p.hold(x, 100, 1)
	}
	if p.size("a", x) != 0 {
		t.Fatalf("still holds %s", p.size("a", x))
	}
	p.hold(x, 100, 70)
	if won := p.held("a", perp.Cash, "") - 5_000_000*perp.MoneyOne; won > 0 {
		t.Errorf("pushing the price by 20 bp paid %s", won)
	}
}

// Mango: unrealised profit at a pushed price was borrowed against. Here profit
// counts up to a cap for opening and not at all for withdrawing.
func TestHistoryMango(t *testing.T) {
	p := newPast(t, []pastMarket{{x, 1_000_000, nil}}, map[string]perp.Money{"a": 10_000})
	for range 5 {
		p.order("a", x, perp.Buy, 300)
	}
	p.walk(x, 100, 160, 600)
	v := p.view("a")
	if v.Unrealised < 10_000*perp.MoneyOne {
		t.Fatalf("the push made only %s", v.Unrealised)
	}
	if v.Counted > v.Cash+100*perp.MoneyOne {
		t.Errorf("%s of the profit counts", v.Counted-v.Cash)
	}
	if got := p.withdraw("a", 10_000); got.OK() {
		t.Error("took out what margin needs, against paper profit")
	}
}

// Hyperliquid, JELLY: the house took over a liquidated short of any size, with
// the collateral of everything. Here the maker takes what its funds in that
// market bear, the rest is closed against the other side, and no other market
// pays.
func TestHistoryJelly(t *testing.T) {
	const y = "Y-PERP"
	p := newPast(t, []pastMarket{{x, 20_000, nil}, {y, 500_000, nil}}, map[string]perp.Money{"short": 20_000, "long": 60_000})
	for range 40 {
		p.order("short", x, perp.Sell, 100)
		p.order("long", x, perp.Buy, 100)
		p.hold(x, 100, 1)
	}
	if p.size("short", x) > -1_500*perp.SizeOne {
		t.Fatalf("the short is only %s", p.size("short", x))
	}
	before, beyond := p.quote[x].Inventory, false
	for i := range 600 {
		p.walk(x, 100+0.1*float64(i), 100.1+0.1*float64(i), 50)
		q := p.quote[x]
		if beyond && perp.Abs(q.Inventory) > perp.Abs(before) {
			t.Fatalf("at leverage %s the maker took over more: %s after %s", q.Leverage, q.Inventory, before)
		}
		before, beyond = q.Inventory, q.Leverage > 3*perp.RatioOne
	}
	p.hold(x, 160, 120)
	if v := p.view("short"); v.Liquidating || p.size("short", x) < -15*perp.SizeOne {
		t.Errorf("the short still has %s: %+v", p.size("short", x), v)
	}
	if got := p.held(perp.Maker, perp.Equity, y); got != 500_000*perp.MoneyOne {
		t.Errorf("the other market paid: %s left of 500000", got)
	}
}

// Drift v2 (2026): whoever held the keys raised limits and emptied the vaults.
// Here nothing that a client sends changes a limit, and what leaves in a day is
// bounded however many commands the desk gives.
func TestHistoryDriftV2(t *testing.T) {
	accounts := map[string]perp.Money{}
	for i := range 10 {
		accounts["c"+strconv.Itoa(i)] = 100_000
	}
	p := newPast(t, []pastMarket{{x, 100_000, nil}}, accounts)
	var out perp.Money
	for round := range 20 {
		for i := range 10 {
			if p.withdraw("c"+strconv.Itoa(i), 90_000/perp.Money(round+1)).OK() {
				out += 90_000 / perp.Money(round+1)
			}
		}
	}
	if out > 500_000 {
		t.Errorf("%d of 1000000 left at once", out)
	}
	if _, n := last[perp.WithdrawalsStopped](p.seen); n == 0 {
		t.Error("nobody was told")
	}
}
