package engine

import (
	"fmt"
	"reflect"
	"testing"

	"backstop/perp"
	"backstop/quoting"
	"backstop/risk"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// twins are two engines that get the same commands; one judges every account at
// every tick.
type twins struct {
	t          *rapid.T
	with       *Engine
	without    *Engine
	now        perp.Time
	prices     []perp.Price
	trend      perp.Ratio
	n          int
	calls      int
	liquidated int
}

var twinClients = []string{"alice", "bob", "carol", "dave"}

func twinSymbol(i int) string { return string(rune('A'+i)) + "-PERP" }

// twinDeposit is what each client begins with: some much more than others.
func twinDeposit(i int) int { return 1_000 * (3*i*i + 1) }

func newTwins(t *rapid.T, limits risk.MarketLimits, markets int) *twins {
	w := &twins{t: t, with: New(), without: New(), now: 1_000_000 * perp.Second}
	w.without.bounds.off = true
	p := quoting.DefaultParams()
	p.LastLook, p.FillBucket = quoting.LookOff, 0
	var c Configure
	for i := range markets {
		c.Markets = append(c.Markets, MarketSpec{Instrument: perp.Instrument{
			Symbol: twinSymbol(i), Currency: "USDC", Tick: perp.PriceOne / 2, Lot: perp.SizeOne / 1000,
			MinSize: perp.SizeOne / 1000, MaxSize: 1000 * perp.SizeOne,
		}, Quoting: p, Limits: limits})
		w.prices = append(w.prices, 1_000*perp.PriceOne)
	}
	for _, name := range twinClients {
		c.Accounts = append(c.Accounts, risk.Account{Name: name, Sessions: []string{name}, Limits: risk.DefaultLimits()})
	}
	w.do(c)
	for i := range markets {
		w.do(perp.Deposit{Account: perp.Maker, Symbol: twinSymbol(i), Amount: 1_000_000 * perp.MoneyOne, Key: fmt.Sprint("m", i)})
	}
	for i, name := range twinClients {
		w.do(perp.Deposit{Account: name, Amount: perp.Money(twinDeposit(i)) * perp.MoneyOne, Key: name})
	}
	for range 12 {
		for i := range markets {
			w.now += 100 * perp.Millisecond
			w.tick(i)
		}
	}
	return w
}

func (w *twins) do(c perp.Command) []perp.Event {
	seq := w.with.Seq() + 1
	got, want := w.with.Apply(c, seq, w.now), w.without.Apply(c, seq, w.now)
	if !reflect.DeepEqual(want, got) { // Slow, and knows that a restored engine has nil for empty.
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			w.t.Fatalf("%s %d went another way:\n%s", c.Kind(), seq, d)
		}
	}
	for _, ev := range got {
		switch ev.(type) {
		case perp.MarginCalled:
			w.calls++
		case perp.LiquidationChanged:
			w.liquidated++
		}
	}
	return got
}

func (w *twins) tick(i int) {
	w.do(perp.OracleTick{
		Symbol: twinSymbol(i), Price: w.prices[i], Confidence: w.prices[i] / 50_000, Publish: w.now, Receive: w.now, Sources: 3,
	})
}

// step is one command at random: mostly ticks, and orders as large as an account
// can bear.
func (w *twins) step() {
	i := rapid.IntRange(0, len(w.prices)-1).Draw(w.t, "market")
	n := rapid.IntRange(0, len(twinClients)-1).Draw(w.t, "who")
	who := twinClients[n]
	w.n++
	key := fmt.Sprint("k", w.n)
	switch kind := rapid.IntRange(0, 19).Draw(w.t, "step"); {
	case kind < 9:
		w.now += perp.Time(rapid.IntRange(50, 900).Draw(w.t, "wait")) * perp.Millisecond
		w.prices[i] = max(perp.PriceOne, w.prices[i]+w.prices[i].Of(w.trend+perp.Ratio(rapid.IntRange(-2_000, 2_000).Draw(w.t, "move")), perp.Trunc))
		w.tick(i)
	case kind < 10:
		w.now += perp.Time(rapid.IntRange(1, 4_000).Draw(w.t, "long")) * perp.Second
		w.do(perp.ClockTick{})
	case kind < 12:
		w.now += 100 * perp.Millisecond
		w.do(perp.ClockTick{})
	case kind < 17:
		o := perp.PlaceOrder{
			Origin: perp.Origin{Session: who, Arrival: w.now}, ClOrdID: key, Account: who, Symbol: twinSymbol(i),
			Side: perp.Side(rapid.IntRange(1, 2).Draw(w.t, "side")), Type: perp.Market, TIF: perp.IOC,
			Size: perp.Size(twinDeposit(n)*rapid.SampledFrom([]int{1, 4, 8, 16}).Draw(w.t, "leverage")) * perp.SizeOne / 1000, Transact: w.now,
		}
		if rapid.Bool().Draw(w.t, "rests") {
			o.Type, o.TIF = perp.Limit, perp.GTC
			away := w.prices[i].Of(perp.Ratio(rapid.IntRange(-9_000, 9_000).Draw(w.t, "away")), perp.Trunc)
			o.Price = (w.prices[i] + away) / (perp.PriceOne / 2) * (perp.PriceOne / 2)
			switch rapid.IntRange(0, 5).Draw(w.t, "kind") {
			case 0: // A stop takes no margin until it is set off.
				o.Type, o.Stop, o.Price = perp.Stop, o.Price, 0
			case 1:
				o.Reduce = perp.Reducing
			}
		}
		w.do(o)
	case kind < 18:
		w.do(perp.CancelOrder{Origin: perp.Origin{Session: who, Arrival: w.now}, ClOrdID: key, OrigClOrdID: fmt.Sprint("k", max(1, w.n-3)), Account: who, Symbol: twinSymbol(i)})
	case kind < 19:
		w.do(perp.Withdraw{Operator: perp.Operator{Key: key, By: "desk"}, Account: who, Amount: perp.Money(rapid.IntRange(1, 2_000).Draw(w.t, "amount")) * perp.MoneyOne})
	default:
		w.do(perp.Deposit{Account: who, Amount: perp.Money(rapid.IntRange(1, 300).Draw(w.t, "amount")) * perp.MoneyOne, Key: key})
	}
}

// boundRounds is how often twins are played anew until something happened to them.
const boundRounds = 20

// TestBoundsChangeNothing: an engine that judges only the accounts whose bound
// does not hold says and becomes exactly what one does that judges all of them.
func TestBoundsChangeNothing(t *testing.T) {
	var calls, liquidated, spared int
	for range boundRounds {
		rapid.Check(t, func(t *rapid.T) {
			c, l, s := boundsChangeNothing(t)
			calls, liquidated, spared = calls+c, liquidated+l, spared+s
		})
		if t.Failed() || calls > 0 && liquidated > 0 && spared > 0 {
			break
		}
	}
	t.Logf("%d calls, %d liquidations began or ended, %d times a holder was spared", calls, liquidated, spared)
	if calls == 0 || liquidated == 0 || spared == 0 {
		t.Error("the run says nothing")
	}
}

func boundsChangeNothing(t *rapid.T) (calls, liquidated, spared int) {
	limits := risk.DefaultMarketLimits()
	limits.SizePremium = perp.Ratio(rapid.SampledFrom([]int{0, 200, 20_000}).Draw(t, "premium"))
	w := newTwins(t, limits, rapid.IntRange(1, 3).Draw(t, "markets"))
	w.trend = perp.Ratio(rapid.SampledFrom([]int{-3_000, -1_000, 0, 1_000, 3_000}).Draw(t, "trend"))
	for range rapid.IntRange(50, 180).Draw(t, "steps") {
		w.step()
		if rapid.IntRange(0, 60).Draw(t, "restarts") == 0 {
			next, err := Restore(w.with.Snapshot())
			if err != nil {
				t.Fatal(err)
			}
			w.with = next
		}
		for _, x := range w.with.bounds.known {
			if x.holds && !w.with.flat(x.account) {
				spared++
			}
		}
	}
	if w.with.StateHash() != w.without.StateHash() {
		t.Fatalf("states differ:\n%s", cmp.Diff(string(w.without.Snapshot()), string(w.with.Snapshot())))
	}
	return w.calls, w.liquidated, spared
}

// TestBoundEnds: whatever can change an account's margin takes its bound away by
// the time of the next tick, and the tick gives it another.
func TestBoundEnds(t *testing.T) {
	for _, what := range []string{
		"order alice x side=sell size=0.1", "order alice x side=buy size=0.1 type=limit price=59000 tif=gtc",
		"cancel alice x of=rest side=buy", "replace alice x of=rest side=buy size=2 type=limit price=58000",
		"withdraw alice 1000 w", "deposit alice 1000 d", "funding", "limits", "rise", "fall",
	} {
		s := opened(t)
		s.run("order alice a side=buy size=1")
		s.run("order alice rest side=buy size=1 type=limit price=58000 tif=gtc")
		s.run("tick BTC-PERP 60000")
		m, x := s.e.markets["BTC-PERP"], s.e.bounds.known["alice"]
		if x == nil || !x.holds {
			t.Fatal("no bound to begin with")
		}
		reach := m.limits.rises[0].at
		switch what {
		case "funding":
			s.e.drifted(m, quoting.Accrual{Long: m.limits.drifts[0].at, Short: 1})
		case "limits":
			s.e.list(MarketSpec{m.Instrument, m.Quoting.Params, m.Limits})
			s.e.note()
			if !s.e.bounds.lost {
				t.Error("limits: the bounds stay")
			}
			continue
		case "rise":
			m.limits.rises.rise(reach+1, &s.e.bounds)
		case "fall":
			m.limits.falls.rise(m.limits.falls[0].at+1, &s.e.bounds)
		default:
			s.run(what)
		}
		if x.holds {
			t.Errorf("%s: the bound stays", what)
		}
		s.run("tick BTC-PERP 60000")
		if !x.holds {
			t.Errorf("%s: no new bound", what)
		}
	}
}

// TestTriggersAreFew: triggers of bounds that were lost are cleared away.
func TestTriggersAreFew(t *testing.T) {
	s := opened(t)
	s.run("order alice a side=buy size=1")
	for i := range 1_000 {
		s.run(fmt.Sprintf("deposit alice 1 d%d", i))
		s.run("tick BTC-PERP 60000")
	}
	l := s.e.markets["BTC-PERP"].limits
	if n := max(len(l.rises), len(l.falls), len(l.drifts)); n > 2*len(s.e.bounds.known)+triggersFew {
		t.Errorf("%d triggers for %d accounts", n, len(s.e.bounds.known))
	}
}

// TestStrangersGetNoBound: names that are nobody's account are not kept.
func TestStrangersGetNoBound(t *testing.T) {
	s := opened(t)
	s.run("tick BTC-PERP 60000")
	s.run("order bob x2 side=buy size=0.1 account=ghost")
	if s.e.bounds.known["ghost"] != nil {
		t.Error("a name that a client made up is kept")
	}
}

// TestToldChangesEndBounds: each event that tells of a change of an account's
// margin takes its bound away, and nobody else's.
func TestToldChangesEndBounds(t *testing.T) {
	s := opened(t)
	s.run("order alice a side=buy size=1")
	s.run("order bob b side=buy size=1")
	o := perp.Order{Account: "alice"}
	cash := perp.LedgerAccount{Owner: "alice", Name: perp.Cash}
	fees := perp.LedgerAccount{Owner: perp.Maker, Name: perp.Fees, Symbol: "BTC-PERP"}
	for _, ev := range []perp.Event{
		perp.OrderAccepted{Order: o}, perp.OrderHeld{Order: o}, perp.OrderRejected{Order: o}, perp.OrderReplaced{Order: o},
		perp.OrderTriggered{Order: o}, perp.OrderCanceled{Order: o}, perp.Filled{Order: o},
		perp.PositionChanged{Account: "alice"}, perp.MarginCalled{Account: "alice"}, perp.LiquidationChanged{Account: "alice"},
		perp.Posted{Transfer: perp.Transfer{Debit: cash, Credit: fees}}, perp.Posted{Transfer: perp.Transfer{Debit: fees, Credit: cash}},
	} {
		s.run("tick BTC-PERP 60000")
		alice, bob := s.e.bounds.known["alice"], s.e.bounds.known["bob"]
		if !alice.holds || !bob.holds {
			t.Fatal("no bounds to begin with")
		}
		s.e.out, s.e.bounds.read = []perp.Event{ev}, 0
		s.e.note()
		if alice.holds || !bob.holds {
			t.Errorf("%s: the bound of alice holds: %v, that of bob: %v", ev.Kind(), alice.holds, bob.holds)
		}
	}
}

// TestRunningFundingDrifts: funding that runs with the clock comes nearer to where
// bounds end.
func TestRunningFundingDrifts(t *testing.T) {
	s := opened(t)
	s.run("order alice a side=buy size=20")
	m := s.e.markets["BTC-PERP"]
	before := m.limits.drift
	for range 60 {
		s.now += perp.Second
		s.run("tick BTC-PERP 60000")
		s.e.Apply(perp.ClockTick{}, s.e.Seq()+1, s.now)
	}
	if f := m.Quoting.Funding; f.Long == 0 && f.Short == 0 {
		t.Fatal("no funding runs")
	}
	if m.limits.drift <= before {
		t.Errorf("drift %d, before %d", m.limits.drift, before)
	}
}
