package fix

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
	"pgregory.net/rapid"
)

// priced is a quote for a class.
func priced(version int64, class perp.Class, bid, ask string) perp.ClassQuoted {
	q := testQuote(version, bid, ask)
	q.Class, q.Held = class, class.Tier > perp.TierFirm
	return perp.ClassQuoted{Quote: q}
}

func gradedAs(session string, class perp.Class) perp.ClientGraded {
	return perp.ClientGraded{Session: session, Symbol: "SOL-PERP", Class: class}
}

// toldTo publishes and returns what one session is told.
func toldTo(k *desk, session string, events ...perp.Event) string {
	var out []string
	for _, m := range k.publish([]perp.Entry{{Time: testTime, Events: events}}, func(s string) bool { return s == session }) {
		out = append(out, plain(m.msg))
	}
	return strings.Join(out, "\n")
}

func subscribe(t rapid.TB, k *desk, session, text string) {
	t.Helper()
	if replies, rej := k.local(inbound(text), session, testTime); rej != nil || len(replies) > 0 {
		t.Fatalf("%s: %v %v", text, replies, rej)
	}
}

// A session is told the quote of its class: from the first message on, never that
// of a better class, and of its new one from the next publish.
func TestStreamsAreByClass(t *testing.T) {
	k := testDesk()
	k.dialect = func(string) dialect { return vamm1 }
	slow := perp.Class{Tier: perp.TierPriced, Surcharge: 200}
	k.restate([]perp.Event{gradedAs("SLOW", slow), perp.QuoteChanged{Quote: testQuote(770, "149.9", "150.1")}})
	subscribe(t, k, "ACME", stream)
	subscribe(t, k, "SLOW", stream)
	if got := toldTo(k, "SLOW"); !strings.Contains(got, "|268=0|") {
		t.Errorf("its class has no quote yet, but: %s", got)
	}
	for _, c := range []struct {
		session string
		events  []perp.Event
		want    []string
	}{
		{"ACME", []perp.Event{perp.QuoteChanged{Quote: testQuote(771, "149.98", "150.02")}, priced(772, slow, "149.9", "150.1")}, []string{"35=W", "299=Q771B", "22033=2", "22050=0"}},
		{"SLOW", nil, []string{"35=X", "299=Q772B", "270=150.1|", "22033=1", "22050=2"}},
		{"ACME", []perp.Event{priced(773, slow, "149.8", "150.2")}, nil},
		{"SLOW", nil, []string{"299=Q773B", "270=150.2|"}},
		{"SLOW", []perp.Event{perp.QuoteChanged{Quote: testQuote(774, "149.97", "150.03")}}, nil},
		{"SLOW", []perp.Event{gradedAs("SLOW", perp.Class{})}, []string{"279=1|269=0", "299=Q774B", "22033=2", "22050=0"}},
		{"ACME", []perp.Event{gradedAs("ACME", perp.Class{Tier: perp.TierToxic})}, []string{"279=2|269=0", "299=Q771A"}},
		{"ACME", []perp.Event{gradedAs("ACME", slow)}, []string{"279=0|269=0", "299=Q773B"}},
	} {
		got := toldTo(k, c.session, c.events...)
		if (got == "") != (c.want == nil) {
			t.Errorf("%s, %v: got %q", c.session, c.events, got)
		}
		for _, f := range c.want {
			if !strings.Contains(got, f) {
				t.Errorf("%s: got %s\nwant %s", c.session, got, f)
			}
		}
	}
}

// An old quote of a class is not shown to who comes into it; a quote that waits,
// or a session that does, is never called firm.
func TestFirmness(t *testing.T) {
	held := perp.Class{Tier: perp.TierHeld}
	old := priced(771, held, "149.9", "150.1")
	old.Quote.ValidUntil = testTime
	waits, wide := testQuote(772, "149.9", "150.1"), testQuote(773, "149.9", "150.1")
	waits.Held, wide.Held, wide.State = true, true, perp.WideSpread
	strike := gradedAs("ACME", perp.Class{})
	strike.Until = testTime + perp.Second
	for name, c := range map[string]struct {
		events []perp.Event
		want   string
	}{
		"firm":      {[]perp.Event{perp.QuoteChanged{Quote: testQuote(770, "149.9", "150.1")}}, "|22033=2|"},
		"old quote": {[]perp.Event{gradedAs("ACME", held), old}, "|268=0|"},
		"tier":      {[]perp.Event{gradedAs("ACME", held), priced(771, held, "149.9", "150.1")}, "|22033=1|"},
		"quote":     {[]perp.Event{perp.QuoteChanged{Quote: waits}}, "|22033=1|"},
		"market":    {[]perp.Event{perp.QuoteChanged{Quote: wide}}, "|22013=2|22032=500|22033=1|"},
		"strike":    {[]perp.Event{perp.QuoteChanged{Quote: testQuote(770, "149.9", "150.1")}, strike}, "|22033=1|"},
	} {
		k := testDesk()
		k.dialect = func(string) dialect { return vamm1 }
		subscribe(t, k, "ACME", stream)
		if got := toldTo(k, "ACME", c.events...); !strings.Contains(got, c.want) {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

// TestAnswersSayHowFirm: what an answer to R is worth is what was given, also where
// orders of the session, or in the market, wait.
func TestAnswersSayHowFirm(t *testing.T) {
	for name, c := range map[string]struct {
		given perp.QuoteIssued
		tier  perp.Tier
		want  string
	}{
		"where nothing waits":   {perp.QuoteIssued{}, perp.TierFirm, firm},
		"where it may wait":     {perp.QuoteIssued{Held: true}, perp.TierFirm, lastLook},
		"who waits":             {perp.QuoteIssued{}, perp.TierHeld, lastLook},
		"firm":                  {perp.QuoteIssued{Firm: true}, perp.TierFirm, firm},
		"firm, then regraded":   {perp.QuoteIssued{Firm: true}, perp.TierHeld, firm},
		"shown":                 {perp.QuoteIssued{Indicative: true}, perp.TierFirm, indicative},
		"shown, where it waits": {perp.QuoteIssued{Indicative: true, Held: true}, perp.TierHeld, indicative},
	} {
		k := testDesk()
		k.dialect = func(string) dialect { return vamm1 }
		codec := newCodec(nil, k)
		held := testQuote(770, "149.9", "150.1")
		held.Class, held.Held = perp.Class{Tier: c.tier}, c.tier != perp.TierFirm
		codec.stands(perp.ClassQuoted{Quote: held})
		codec.stands(gradedAs("ACME", held.Class))
		q := c.given
		q.Origin, q.ReqID, q.QuoteID, q.Symbol, q.ValidUntil = asked, "R1", "Q1", "SOL-PERP", testTime+perp.Second
		q.Ask = perp.Level{Price: price("150.1"), Size: size("1")}
		got := codec.encode(q, testTime, 1)
		if len(got) != 1 || ParseMessage(outbound(got[0].msg)).Get(22033) != c.want {
			t.Errorf("%s: told %v, want 22033=%s", name, got, c.want)
		}
	}
}

// What is written once for many is what each would have been told alone: any
// selection, dialect and class, in any order of events, with slow readers.
func TestSharedBodiesAreWhatEachWouldGet(t *testing.T) {
	names := []string{"A", "B", "C", "D"}
	classes := []perp.Class{{}, {Tier: perp.TierHeld}, {Tier: perp.TierPriced, Surcharge: 100}}
	speak := func(s string) dialect { return dialect(s[0] % 2) }
	rapid.Check(t, func(t *rapid.T) {
		all, alone := testDesk(), map[string]*desk{}
		all.dialect = speak
		for _, s := range names {
			alone[s] = testDesk()
			alone[s].dialect = speak
			text := with(with(stream, 264, rapid.SampledFrom([]string{"0", "1"}).Draw(t, "depth")), 265, rapid.SampledFrom([]string{"0", "1"}).Draw(t, "update"))
			if rapid.Bool().Draw(t, "trades") {
				text = with(text, 269, "2")
			}
			subscribe(t, all, s, text)
			subscribe(t, alone[s], s, text)
		}
		for v := range rapid.Int64Range(1, 20).Draw(t, "steps") {
			var ev perp.Event
			side := func(name string) string {
				return rapid.SampledFrom([]string{"", "149.9", "150"}).Draw(t, name)
			}
			switch class := rapid.SampledFrom(classes).Draw(t, "class"); rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				ev = perp.QuoteChanged{Quote: testQuote(v, side("bid"), side("ask"))}
			case 1:
				ev = priced(v, class, side("bid"), side("ask"))
			case 2:
				ev = gradedAs(rapid.SampledFrom(names).Draw(t, "who"), class)
			default:
				ev = perp.Filled{Order: filledOrder("250"), Price: price("150.02"), Size: size("250")}
			}
			entries := []perp.Entry{{Time: testTime, Events: []perp.Event{ev}}}
			ready := rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID).Draw(t, "ready")
			up := func(s string) bool { return slices.Contains(ready, s) }
			got, want := map[string][]string{}, map[string][]string{}
			for _, m := range all.publish(entries, up) {
				got[m.session] = append(got[m.session], plain(m.msg))
			}
			for _, s := range names {
				for _, m := range alone[s].publish(entries, up) {
					if m.session == s { // News of its terms finds others here too.
						want[s] = append(want[s], plain(m.msg))
					}
				}
				if !slices.Equal(got[s], want[s]) {
					t.Fatalf("%s got\n%s\nalone\n%s", s, strings.Join(got[s], "\n"), strings.Join(want[s], "\n"))
				}
			}
		}
	})
}

// BenchmarkStream is one new quote for 1,000 subscribers of one class with ten
// levels a side: when each message is written on its own, when the body is
// written once, and what writing the same bytes to sockets takes.
func BenchmarkStream(b *testing.B) {
	const subscribers = 1000
	deep := func(version int64) perp.Quote {
		q := testQuote(version, "", "")
		for i := range perp.Price(10) {
			q.Bids = append(q.Bids, perp.Level{Price: price("149.9") - i*10_000 + perp.Price(version%2)*5000, Size: size("500")})
			q.Asks = append(q.Asks, perp.Level{Price: price("150.1") + i*10_000 + perp.Price(version%2)*5000, Size: size("500")})
		}
		return q
	}
	for _, d := range []dialect{strict44, vamm1} {
		k := testDesk()
		k.dialect = func(string) dialect { return d }
		for i := range subscribers {
			subscribe(b, k, "S"+strconv.Itoa(i), with(stream, 264, "0"))
		}
		version := int64(1)
		change := func() []outMessage {
			version++
			return k.publish([]perp.Entry{{Time: testTime, Events: []perp.Event{perp.QuoteChanged{Quote: deep(version)}}}}, always)
		}
		change()
		name := fmt.Sprintf("dialect %d/", d)
		b.Run(name+"each", func(b *testing.B) {
			s := &bookSubscription{reqID: "MD1", types: []byte{entryBid, entryOffer}}
			m := k.markets["SOL-PERP"]
			for v := range b.N {
				was, is := deep(int64(v)), deep(int64(v+1))
				from := &view{symbol: "SOL-PERP", entries: s.entries(m, was)}
				for range subscribers {
					to := &view{symbol: "SOL-PERP", quote: is, entries: s.entries(m, is)}
					msg := newBody("X").add(262, s.reqID).add(22031, "1")
					if d == vamm1 {
						msg.outside(is, sound).offered(is, firm, perp.Second, 5000, to.best())
					}
					sinkMessage = msg.sorted(268, changeOrder, from.changes(to)).in(d)
				}
			}
		})
		b.Run(name+"shared", func(b *testing.B) {
			for range b.N {
				if out := change(); len(out) != subscribers {
					b.Fatal(len(out))
				}
			}
		})
		raw := outbound(change()[0].msg)
		b.Run(name+"raw write", func(b *testing.B) {
			b.SetBytes(int64(subscribers * len(raw)))
			c := drainedConn(b)
			for range b.N * subscribers {
				if _, err := c.Write(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

var sinkMessage *quickfix.Message

// drainedConn is a connection whose other end reads and forgets.
func drainedConn(b *testing.B) net.Conn {
	b.Helper()
	c, other := connected(b)
	go io.Copy(io.Discard, other)
	return c
}

func connected(b *testing.B) (c, other net.Conn) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	c, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	other, err = l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close(); other.Close() })
	return c, other
}
