package fix

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// newsDesk is a desk with sessions that differ in what a market is to them.
type newsDesk struct {
	*desk
	t    *testing.T
	away map[string]bool // not logged on, or without room
	now  perp.Time
}

// The market is SOL-PERP: QUOTES has a live V of it, STREAMS a live stream, ACME a
// position; BOB has one in the other market. COPIES and BOOKS have to do with the
// account of ACME, and may neither deal nor ask for prices.
func newNewsDesk(t *testing.T) *newsDesk {
	k := &newsDesk{desk: testDesk(), t: t, away: map[string]bool{}, now: testTime}
	for session, role := range map[string]string{"QUOTES": roleMarket, "STREAMS": roleQuote, "COPIES": roleDropCopy, "BOOKS": roleAccount} {
		k.users[session] = userFacts{roles: []string{role}}
	}
	k.note(perp.AccountOpened{Account: "ACME-MAIN", Sessions: []string{"ACME", "COPIES", "BOOKS"}})
	k.note(perp.AccountOpened{Account: "BOBS", Sessions: []string{"BOB"}})
	k.note(perp.PositionChanged{Account: "BOBS", Symbol: "BTC-PERP", Size: 1})
	subscribe(t, k.desk, "QUOTES", with(stream, 269, "2"))
	stream := perp.RequestQuote{Origin: perp.Origin{Session: "STREAMS", InSeq: 1}, Symbol: "SOL-PERP", Stream: perp.Stream{Wanted: true}}
	if _, replies := k.admit(stream, quickfix.NewMessage()); len(replies) > 0 {
		t.Fatalf("a stream is answered with %v", replies)
	}
	k.told()
	return k
}

// told lets something happen and tells which News came of it, with who heard it.
func (k *newsDesk) told(events ...perp.Event) string {
	var said []string
	for _, m := range k.publish([]perp.Entry{{Time: k.now, Events: events}}, func(s string) bool { return !k.away[s] }) {
		if kindOf(m.msg) == "B" {
			f := ParseMessage(outbound(m.msg))
			said = append(said, fmt.Sprintf("%s: %s [%s] %s", m.session, f.Get(148), f.Get(61), f.Get(58)))
		}
	}
	slices.Sort(said)
	return strings.Join(said, "\n")
}

func (k *newsDesk) want(what, got string, want ...string) {
	k.t.Helper()
	if got != strings.Join(want, "\n") {
		k.t.Errorf("%s: told\n%s\nwant\n%s", what, got, strings.Join(want, "\n"))
	}
}

func entered(to perp.MarketState, cause perp.Reject) perp.Event {
	return perp.StateChanged{Symbol: "SOL-PERP", To: to, Cause: cause}
}

func refusedTick(quality string) perp.Event {
	return perp.TickRefused{Symbol: "SOL-PERP", Quality: quality, State: perp.WideSpread}
}

// all is what everybody concerned hears.
func all(text string) []string {
	return []string{"ACME: " + text, "QUOTES: " + text, "STREAMS: " + text}
}

// TestOracleNews: each change of what the outside price is worth is told once, in its
// words, to those concerned and to nobody else.
func TestOracleNews(t *testing.T) {
	for _, c := range []struct {
		name string
		then []perp.Event
		want string // empty: nothing is told
	}{
		{"stale", []perp.Event{entered(perp.Halted, perp.OracleStale)}, "ORACLE_STALE SOL-PERP [1] SOL-PERP market=halted reason=ORACLE_STALE"},
		{"wide", []perp.Event{refusedTick("wide"), entered(perp.WideSpread, perp.OracleDivergent)}, "ORACLE_WIDE SOL-PERP [1] SOL-PERP market=wide reason=ORACLE_DIVERGENT"},
		{"divergent", []perp.Event{refusedTick("divergent"), entered(perp.ReduceOnly, perp.OracleDivergent)}, "ORACLE_DIVERGENT SOL-PERP [1] SOL-PERP market=reduce_only reason=ORACLE_DIVERGENT"},
		{"a jump", []perp.Event{refusedTick("jump"), entered(perp.WideSpread, perp.OracleDivergent)}, "ORACLE_DIVERGENT SOL-PERP [1] SOL-PERP market=wide reason=ORACLE_DIVERGENT"},
		{"invalid", []perp.Event{refusedTick("invalid"), entered(perp.Halted, perp.OracleDivergent)}, "ORACLE_INVALID SOL-PERP [1] SOL-PERP market=halted reason=ORACLE_DIVERGENT"},
		{"no tick of this start", []perp.Event{entered(perp.Halted, perp.OracleDivergent)}, "ORACLE_DIVERGENT SOL-PERP [1] SOL-PERP market=halted reason=ORACLE_DIVERGENT"},
		{"the desk closes it", []perp.Event{entered(perp.Halted, perp.MarketHalted)}, ""},
		{"the maker lost too much", []perp.Event{entered(perp.ReduceOnly, perp.Drawdown)}, ""},
		{"it expires", []perp.Event{entered(perp.Expired, perp.OracleStale)}, ""},
		{"a tick that is not believed changes nothing", []perp.Event{refusedTick("wide")}, ""},
		{"there and back at once", []perp.Event{entered(perp.Halted, perp.OracleStale), entered(perp.Open, 0)}, ""},
	} {
		k := newNewsDesk(t)
		var want []string
		if c.want != "" {
			want = all(c.want)
		}
		k.want(c.name, k.told(c.then...), want...)
		k.want(c.name+", again", k.told(c.then[len(c.then)-1]))
		k.now += newsEvery
		if c.want != "" {
			k.want(c.name+", recovered", k.told(entered(perp.Open, 0)), all("ORACLE_RECOVERED SOL-PERP [0] SOL-PERP market=open")...)
		}
	}
}

// TestOracleNewsIsBounded: what comes and goes is told once in the time, and then as it
// is; what the desk does meanwhile is no recovery; a warm-up is no incident.
func TestOracleNewsIsBounded(t *testing.T) {
	stale, open := entered(perp.Halted, perp.OracleStale), entered(perp.Open, 0)
	k := newNewsDesk(t)
	k.want("the first", k.told(stale), all("ORACLE_STALE SOL-PERP [1] SOL-PERP market=halted reason=ORACLE_STALE")...)
	for range 20 {
		k.now += newsEvery / 50
		k.want("flaps", k.told(open))
		k.want("flaps", k.told(stale))
	}
	k.now = testTime + newsEvery
	k.want("it is as it was told", k.told())
	k.want("then a change is told at once", k.told(open), all("ORACLE_RECOVERED SOL-PERP [0] SOL-PERP market=open")...)
	k.want("the next one has to wait", k.told(stale))
	k.now += newsEvery - 1
	k.want("nearly", k.told())
	k.now++
	k.want("until now", k.told(), all("ORACLE_STALE SOL-PERP [1] SOL-PERP market=halted reason=ORACLE_STALE")...)
	k.now += newsEvery
	k.want("the desk", k.told(entered(perp.Halted, perp.MarketHalted)))
	k.want("good again", k.told(open), all("ORACLE_RECOVERED SOL-PERP [0] SOL-PERP market=open")...)

	k.restate([]perp.Event{perp.StateChanged{Symbol: "SOL-PERP", To: perp.Warming, Cause: perp.OracleStale}})
	k.now += newsEvery
	k.want("warming up", k.told())
	k.want("the first price", k.told(open))
}

// TestNewsFindsItsReader: who reads slowly hears the newest when it has room, who was
// away hears nothing of it.
func TestNewsFindsItsReader(t *testing.T) {
	k := newNewsDesk(t)
	k.away["QUOTES"], k.away["ACME"] = true, true
	k.want("one reads, one is slow, one is away", k.told(entered(perp.Halted, perp.OracleStale)),
		"STREAMS: ORACLE_STALE SOL-PERP [1] SOL-PERP market=halted reason=ORACLE_STALE")
	k.now += newsEvery
	k.want("over", k.told(entered(perp.Open, 0)), "STREAMS: ORACLE_RECOVERED SOL-PERP [0] SOL-PERP market=open")
	clear(k.away)
	k.want("there is room", k.told(), "QUOTES: ORACLE_RECOVERED SOL-PERP [0] SOL-PERP market=open")
	k.forget("QUOTES")
	k.forget("STREAMS")
	k.note(perp.PositionChanged{Account: "ACME-MAIN", Symbol: "SOL-PERP"})
	k.now += newsEvery
	k.want("nobody is concerned any more", k.told(entered(perp.Halted, perp.OracleStale)))
}

// TestBustNews: that trades of a market are void is told to those concerned, with how
// many, once in the time; whose they were is not.
func TestBustNews(t *testing.T) {
	bust := perp.TradeBusted{ExecID: "E-30", Fill: "E-3", TradeID: "T-9001", Order: bustedOrder(), Price: price("150.03"), Size: size("250"), Why: "oracle error"}
	said := func(n int) []string {
		return all(fmt.Sprintf("BUSTS SOL-PERP [0] SOL-PERP busts=%d yours are told in 150=H, the others stand", n))
	}
	k := newNewsDesk(t)
	k.want("the first", k.told(bust), said(1)...)
	k.want("two more are too early", k.told(bust, bust))
	k.now += newsEvery
	k.want("both at once", k.told(), said(3)...)
	k.now += newsEvery
	k.want("no more", k.told())
	bust.Order.Symbol = "BTC-PERP"
	k.want("in the other market", k.told(bust), "BOB: BUSTS BTC-PERP [0] BTC-PERP busts=1 yours are told in 150=H, the others stand")
}

// TestTierNews: a session is told of other terms of its own, once in the time, and of
// nobody else's; the first terms, and the same again, are no News.
func TestTierNews(t *testing.T) {
	in := func(session string, tier perp.Tier, surcharge perp.Ratio, until perp.Time, why string) perp.Event {
		return perp.ClientGraded{Session: session, Symbol: "SOL-PERP", Class: perp.Class{Tier: tier, Surcharge: surcharge}, Until: until, Why: why, Since: testTime}
	}
	since := " since=" + stamp(testTime)
	k := newNewsDesk(t)
	k.want("the first", k.told(in("ACME", perp.TierHeld, 0, 0, "new"), in("COPIES", perp.TierHeld, 0, 0, "new")))
	k.want("the same", k.told(in("ACME", perp.TierHeld, 0, 0, "new")))
	k.want("one that may not ask for prices", k.told(in("COPIES", perp.TierFirm, 0, 0, "recovered")))
	k.want("firm", k.told(in("ACME", perp.TierFirm, 0, 0, "recovered")),
		"ACME: TIER SOL-PERP [0] SOL-PERP tier=0 surcharge=0.00bp last_look=off reason=recovered"+since)
	k.want("too early", k.told(in("ACME", perp.TierFirm, 0, testTime+perp.Second*60, "strike")))
	k.now += newsEvery
	k.want("a strike", k.told(), "ACME: TIER SOL-PERP [0] SOL-PERP tier=0 surcharge=0.00bp last_look=on reason=strike"+since)
	k.now += newsEvery
	k.want("priced", k.told(in("ACME", perp.TierPriced, 50, 0, "markout")),
		"ACME: TIER SOL-PERP [0] SOL-PERP tier=2 surcharge=0.50bp last_look=off reason=markout"+since)
	k.now += newsEvery
	k.forget("ACME")
	k.away["ACME"] = true
	k.want("while it is away", k.told(in("ACME", perp.TierToxic, 50, 0, "markout")))
	clear(k.away)
	k.want("and back", k.told())
}

// newsForms adds each form of News about a market.
func newsForms(k *desk, d dialect, add func(string, ...*quickfix.Message)) {
	m := k.markets["SOL-PERP"]
	m.incident.since, m.offers.grades["ACME"] = testTime, grade{class: perp.Class{Tier: perp.TierPriced, Surcharge: 50}, why: "markout", since: testTime}
	for told := range doubtCount {
		m.incident.told = told
		add("news_oracle", m.incidentNews().in(d))
	}
	m.voided = voided{is: 2, told: 2, since: testTime}
	add("news_busts", m.bustNews().in(d))
	add("news_tier", m.tierNews("ACME", testTime).in(d))
}
