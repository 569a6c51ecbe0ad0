package engine

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"backstop/perp"
	"backstop/quoting"
	"backstop/risk"
)

var update = flag.Bool("update", false, "rewrite expected events; commit only what you understand")

// TestScripts runs testdata/*.txt: commands, then ----, then what happened. A
// blank line ends a step. Prices that the curve makes are part of the output,
// so a change of the curve shows here too.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := newScript(t)
			got := s.run(string(src))
			s.again()
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(src) {
				t.Errorf("events differ; run with -update and read the diff:\n%s", got)
			}
		})
	}
}

// script plays commands of a text against an engine of its own.
type script struct {
	t          *testing.T
	e          *Engine
	s          *Sequencer
	now        perp.Time
	msg        int64
	lastRFQ    string
	lastStream string
	top        map[string]perp.Quote
	told       map[string]perp.StateChanged      // the last word on each market
	stated     map[[2]string]perp.ProviderStated // and on each provider there
	stating    bool                              // what is stated of providers is shown
	quiet      bool                              // transfers are not shown, nor what is accepted
	terse      bool                              // transfers are not shown
	guarded    bool                              // ticks that are not believed are shown
	journal    []perp.Entry
	hashes     []string // of the state after each
}

func newScript(t *testing.T) *script {
	e := New()
	return &script{t: t, e: e, s: NewSequencer(e), now: 1_000 * perp.Second, top: map[string]perp.Quote{}, told: map[string]perp.StateChanged{}, stated: map[[2]string]perp.ProviderStated{}}
}

func (s *script) run(src string) string {
	var out strings.Builder
	for step := range strings.SplitSeq(strings.TrimSpace(src), "\n\n") {
		commands, _, _ := strings.Cut(step, "\n----")
		var events strings.Builder
		for line := range strings.Lines(commands) {
			if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
				continue
			}
			if text, done := s.aside(strings.Fields(line)); done {
				events.WriteString(text)
				continue
			}
			f, times := strings.Fields(line), int64(1)
			if f[0] == "ticks" { // ticks BTC-PERP 60000 50: so many in a row
				f[0], times = "tick", s.number(f[3])
			}
			for range times {
				s.step(s.command(f), &events)
			}
		}
		fmt.Fprintf(&out, "%s\n----\n%s\n", strings.TrimRight(commands, "\n"), events.String())
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

// step applies a command and writes down what happened.
func (s *script) step(c perp.Command, events *strings.Builder) {
	for _, entry := range s.s.Step([]perp.Input{{Command: c, Source: "script"}}, s.now) {
		s.journal, s.hashes = append(s.journal, entry), append(s.hashes, s.e.StateHash())
		for _, ev := range entry.Events {
			if text := s.show(ev); text != "" {
				events.WriteString(text + "\n")
			}
		}
		s.tells(entry.Events)
	}
}

// tells holds what was told of each market against what it refuses for.
func (s *script) tells(events []perp.Event) {
	for _, ev := range events {
		if c, ok := ev.(perp.StateChanged); ok {
			s.told[c.Symbol] = c
		}
	}
	for symbol, c := range s.told {
		if state, why := s.e.markets[symbol].Quoting.State(); state != c.To || why != c.Cause {
			s.t.Errorf("%s is %s (%s), told %s (%s)", symbol, state, why, c.To, c.Cause)
		}
	}
	for _, ev := range events {
		if f, ok := ev.(perp.Filled); ok {
			s.decidedWith(f, events)
		}
	}
	s.states(events)
}

// decidedWith holds what a fill says of the outside price against what else is known
// of it: every price of the market comes of the newest tick that was believed.
func (s *script) decidedWith(f perp.Filled, events []perp.Event) {
	now := s.e.markets[f.Order.Symbol].Quoting.OracleState()
	if f.Oracle.Price != now.Price || f.Oracle.Time != now.Time || f.Oracle.Confidence != now.Confidence || f.Oracle.Price == 0 {
		s.t.Errorf("%s was dealt with %+v, the price is %+v", f.ExecID, f.Oracle, now)
	}
	for _, ev := range events {
		switch ev := ev.(type) {
		case perp.LastLook:
			if ev.OrderID == f.Order.OrderID && (ev.After != f.Oracle.Price || ev.Source != f.Oracle.Time) {
				s.t.Errorf("%s was looked at with %s, dealt with %+v", f.ExecID, ev.After, f.Oracle)
			}
		case perp.StateChanged:
			if ev.Symbol == f.Order.Symbol && f.Oracle.State != ev.From && f.Oracle.State != ev.To {
				s.t.Errorf("%s was dealt while the market was %s, which went from %s to %s", f.ExecID, f.Oracle.State, ev.From, ev.To)
			}
		}
	}
}

// fillsOf are the fills among events: what clients were told of one is told of it again.
func fillsOf(events []perp.Event) (all []perp.Filled) {
	for _, ev := range events {
		if f, ok := ev.(perp.Filled); ok {
			all = append(all, f)
		}
	}
	return all
}

// again plays the journal through another engine that is restored from a snapshot
// after each command, so that nothing counts that a snapshot does not keep; and through
// one that nobody hears before the last command.
func (s *script) again() {
	e, quiet := New(), New()
	for i, entry := range s.journal {
		c, err := Decode(entry.Kind, entry.Payload)
		if err != nil {
			s.t.Fatal(err)
		}
		if got, was := fillsOf(e.Apply(c, entry.Seq, entry.Time)), fillsOf(entry.Events); !slices.Equal(got, was) {
			s.t.Fatalf("command %d, %T: filled %+v, and again %+v", entry.Seq, c, was, got)
		}
		if e.StateHash() != s.hashes[i] {
			s.t.Fatalf("restored before command %d, %T, the journal leads to another state", entry.Seq, c)
		}
		e = must(Restore(e.Snapshot()))
		if i < len(s.journal)-1 {
			quiet.Reapply(c, entry.Seq, entry.Time)
		} else if got := quiet.Apply(c, entry.Seq, entry.Time); !reflect.DeepEqual(got, entry.Events) {
			s.t.Fatalf("unheard until %T, the journal leads to %v, was %v", c, got, entry.Events)
		}
		if quiet.StateHash() != s.hashes[i] {
			s.t.Fatalf("unheard, command %d, %T, leads to another state", entry.Seq, c)
		}
	}
}

func (s *script) command(f []string) perp.Command {
	switch f[0] {
	case "market":
		if len(f) > 2 && f[2] == "wild" {
			return s.wild(f[1])
		}
		c := s.market(f[1], len(f) > 2 && f[2] == "guarded")
		if len(f) > 2 && f[2] == "laying" { // off to providers, and what is left to a venue
			q := &c.Markets[0].Quoting
			q.LayOffFrom, q.LayOffTo, q.LayOffWithin = perp.RatioOne/10, perp.RatioOne/20, 5*perp.BP
			if len(f) > 3 {
				q.HedgeFrom, q.HedgeTo = perp.RatioOne/10, perp.RatioOne/20
			}
		}
		return c
	case "account":
		return Configure{Accounts: []risk.Account{{Name: f[1], Sessions: []string{f[1]}, Limits: risk.DefaultLimits()}}}
	case "deposit":
		d := perp.Deposit{Account: f[1], Amount: must(perp.ParseMoney(f[2])), Key: f[3]}
		if f[1] == perp.Maker {
			d.Symbol = f[4]
		}
		if len(f) > 5 {
			d.Fund = f[5]
		}
		return d
	case "wait": // wait 500 (milliseconds)
		ms, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			s.t.Fatal(err)
		}
		s.now += perp.Time(ms) * perp.Millisecond
		return perp.ClockTick{}
	case "tick":
		s.now += 100 * perp.Millisecond
		price := must(perp.ParsePrice(f[2]))
		lag := perp.Time(0)
		if s.guarded { // as in life, a price is older than what comes with it
			lag = 150 * perp.Millisecond
		}
		return perp.OracleTick{Symbol: f[1], Price: price, Confidence: price / 10_000, Publish: s.now - lag, Receive: s.now, Sources: 3}
	case "order", "cancel", "replace", "status", "quote", "positions":
		return s.request(f)
	case "stream", "unquote", "pass", "worth", "gone":
		return s.streams(f)
	case "provide", "protect":
		return s.provides(f)
	case "mass", "orders":
		return s.mass(f)
	}
	return s.money(f)
}

// market is a market in which every client is trusted and nothing is improved;
// guarded, one with all that the maker does about those who trade with it.
func (s *script) market(symbol string, guarded bool) Configure {
	q := quoting.DefaultParams()
	q.LastLook = quoting.LookTiered
	s.guarded = guarded
	if !guarded {
		q = trusting(q)
	}
	return Configure{Markets: []MarketSpec{{
		Instrument: perp.Instrument{
			Symbol: symbol, Currency: "USDC", Tick: perp.PriceOne / 2, Lot: perp.SizeOne / 1000,
			MinSize: perp.SizeOne / 1000, MaxSize: 100 * perp.SizeOne,
		},
		Quoting: q, Limits: risk.DefaultMarketLimits(),
	}}}
}

func trusting(q quoting.Params) quoting.Params {
	q.LastLook, q.Probation, q.StrikeSpan, q.FillBucket, q.Improve, q.RestFrom, q.DrawdownLoss = quoting.LookOff, 0, 0, 0, 0, 0, 0
	return q
}

// request reads: who, id, then key=value words.
func (s *script) request(f []string) perp.Command {
	s.msg++
	o := perp.Origin{Session: f[1], InSeq: s.msg, Arrival: s.now, Sent: s.now}
	k := words(f[3:])
	k["symbol"] = or(k["symbol"], "BTC-PERP")
	o.PossResend = k["resend"] == "yes"
	side := map[string]perp.Side{"buy": perp.Buy, "sell": perp.Sell}[k["side"]]
	size := must(perp.ParseSize(or(k["size"], "0")))
	price := must(perp.ParsePrice(or(k["price"], "0")))
	kind, tif := orderTypes[k["type"]], tifWords[k["tif"]]
	switch f[0] {
	case "order":
		return perp.PlaceOrder{
			Origin: o, ClOrdID: f[2], Account: or(k["account"], f[1]), Symbol: k["symbol"], Side: side, Type: kind, TIF: tif,
			Size: size, Price: price, QuoteID: s.quoteID(k["quote"], k["symbol"], side), Transact: s.now - perp.Time(s.number(or(k["late"], "0")))*perp.Millisecond,
			Conditions: s.conditions(k), MaxAge: perp.Time(s.number(or(k["age"], "0"))) * perp.Millisecond,
		}
	case "cancel":
		return perp.CancelOrder{Origin: o, ClOrdID: f[2], OrigClOrdID: k["of"], Account: f[1], Symbol: k["symbol"], Side: side}
	case "replace":
		return perp.ReplaceOrder{
			Origin: o, ClOrdID: f[2], OrigClOrdID: k["of"], Account: f[1], Symbol: k["symbol"], Side: side, Type: kind, Size: size, Price: price,
			Conditions: s.conditions(k), Transact: s.now - perp.Time(s.number(or(k["late"], "0")))*perp.Millisecond,
			MaxAge: perp.Time(s.number(or(k["age"], "0"))) * perp.Millisecond,
		}
	case "status":
		return perp.RequestStatus{Origin: o, ClOrdID: f[2], Account: f[1], Symbol: k["symbol"], Side: side}
	case "quote":
		return perp.RequestQuote{Origin: o, ReqID: f[2], Account: f[1], Symbol: k["symbol"], Side: side, Size: size}
	}
	return perp.RequestPositions{Origin: o, ReqID: f[2], Account: f[1]}
}

// quoteID understands rfq (the last answer) and top (the best published level).
func (s *script) quoteID(word, symbol string, side perp.Side) string {
	switch word {
	case "rfq":
		return s.lastRFQ
	case "stream":
		return s.lastStream
	case "top":
		return perp.QuoteID(s.top[symbol].Version, side, 0)
	}
	return word
}

// words reads key=value words.
func words(f []string) map[string]string {
	k := map[string]string{}
	for _, word := range f {
		key, value, _ := strings.Cut(word, "=")
		k[key] = value
	}
	return k
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// show prints an event in one line; what is not of interest prints nothing.
func (s *script) show(ev perp.Event) string {
	switch ev := ev.(type) {
	case perp.QuoteChanged:
		s.top[ev.Quote.Symbol] = ev.Quote
		return ""
	case perp.OrderAccepted:
		if s.quiet {
			return ""
		}
		return "accepted " + order1(ev.Order)
	case perp.OrderRejected:
		return fmt.Sprintf("rejected %s %s", ev.Verdict.Reject, order1(ev.Order))
	case perp.Filled:
		if s.quiet && ev.Order.Status == perp.PartiallyFilled {
			return ""
		}
		if s.quiet {
			return fmt.Sprintf("%s %ss %s at %s on average%s", ev.Order.Account, ev.Order.Side, ev.Order.Size, ev.Order.AvgPrice(), liquidated(ev.Order))
		}
		return fmt.Sprintf("filled %s at %s fee %s realised %s %s | %s", ev.Size, ev.Price, ev.Fee, ev.Realised, ev.Liquidity, order1(ev.Order))
	case perp.OrderCanceled:
		return fmt.Sprintf("canceled %s%s %s", ev.Reason, clipped(ev), order1(ev.Order))
	case perp.OrderReplaced:
		return fmt.Sprintf("replaced %s by %s", ev.OrigClOrdID, order1(ev.Order))
	case perp.CancelRejected:
		return fmt.Sprintf("cancel rejected %s %s of %s status %s", ev.Verdict.Reject, ev.ClOrdID, ev.OrigClOrdID, ev.Order.Status)
	case perp.StatusReported:
		return strings.TrimSpace(fmt.Sprintf("status %s %s", order1(ev.Order), ev.Reject))
	case perp.OrderHeld:
		return "held " + order1(ev.Order)
	case perp.LastLook:
		return fmt.Sprintf("look %s: held %d ms by %s as %s, moved %s, tolerated %s, quoted %s, at %s",
			ev.Outcome, ev.Hold()/perp.Millisecond, ev.Why, ev.Tier, ev.Move, ev.Tolerance, ev.Quoted, ev.Price)
	case perp.ClientGraded:
		if ev.From == ev.Class && ev.Until == 0 {
			return ""
		}
		return fmt.Sprintf("graded %s %s: %s + %s, %s", ev.Session, ev.Symbol, ev.Class.Tier, ev.Class.Surcharge, ev.Why)
	case perp.TickRefused:
		if !s.guarded {
			return ""
		}
		return fmt.Sprintf("tick %s: %s", ev.Quality, ev.Check)
	case perp.QuoteIssued:
		s.lastRFQ = ev.QuoteID
		return fmt.Sprintf("quote %s bid %s x %s ask %s x %s", ev.ReqID, ev.Bid.Price, ev.Bid.Size, ev.Ask.Price, ev.Ask.Size)
	case perp.QuoteRefused:
		return fmt.Sprintf("quote %s refused %s", ev.ReqID, ev.Verdict.Reject)
	case perp.PositionsReported:
		text := "positions " + ev.Account
		for _, p := range ev.Positions {
			text += fmt.Sprintf(" %s %s entry %s claim %s settled %s", p.Symbol, p.Size, p.EntryNotional, p.Claim, p.Settled)
		}
		return strings.TrimSpace(text + " " + ev.Verdict.Reject.String())
	case perp.StateChanged:
		return fmt.Sprintf("state %s %s -> %s %s", ev.Symbol, ev.From, ev.To, ev.Cause)
	case perp.Posted:
		if s.quiet || s.terse {
			return ""
		}
		tr := ev.Transfer
		return fmt.Sprintf("  post %s %s.%s -> %s.%s %s", tr.Amount, tr.Debit.Owner, tr.Debit, tr.Credit.Owner, tr.Credit, tr.Reason)
	case perp.StreamQuoted, perp.StreamWithdrawn, perp.QuoteStatusReported:
		return s.showStreams(ev)
	case perp.QuotesProvided, perp.QuotesPulled, perp.ProviderStated, perp.LaidOff, perp.HedgeWanted:
		return s.showProvided(ev)
	}
	return s.showOrders(ev)
}

func liquidated(o perp.Order) string {
	if o.Liquidation {
		return ", liquidated"
	}
	return ""
}

func order1(o perp.Order) string {
	return fmt.Sprintf("%s %s %s %s cum %s leaves %s avg %s", o.ClOrdID, o.Side, o.Size, o.Status, o.Cum, o.Leaves(), o.AvgPrice())
}
