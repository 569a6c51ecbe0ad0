package acceptance

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// twinMarket has a price that stands still and is said each 500 ms; every order
// waits for it.
const twinMarket = "CERT-LLHOLD-500"

// ofTheClock are fields that differ between two gateways whoever asks for what: of the
// session (9, 10, 34, 52), of the clock (60, 62, 126, 715, 22005, 22006, 22011, 22032,
// 22052, and what funding has run up to by now: 22022 to 22025), and ids and counts that
// take all commands and prices into account (117, 299, 721, 908, 22031).
var ofTheClock = []string{
	"9", "10", "34", "52", "60", "62", "126", "715", "22005", "22006", "22011", "22032", "22052", "22022", "22023", "22024", "22025",
	"117", "299", "721", "908", "22031",
}

// sinceWhen is a time in the text of BF.
var sinceWhen = regexp.MustCompile(` since=\S+`)

// shown is what a message says, without those.
func shown(f Fields) string {
	kept := make([]string, 0, len(f))
	for _, field := range f {
		if tag, _, _ := strings.Cut(field, "="); !slices.Contains(ofTheClock, tag) {
			kept = append(kept, field)
		}
	}
	return sinceWhen.ReplaceAllString(strings.Join(kept, "|"), "")
}

// twin is one of two gateways that are alike: who asks, and who looks on.
type twin struct {
	t           *testing.T
	asks, looks *guidedClient
	fences      int
}

func newTwin(t *testing.T) *twin {
	t.Helper()
	g := startGateway(t, "demo", "--cert", "--fix", "127.0.0.1:0", "--http", "127.0.0.1:0")
	w := &twin{t: t}
	for who, c := range map[string]**guidedClient{"DEMO1": &w.asks, "DEMO2": &w.looks} {
		*c = &guidedClient{Client: NewClient(who, "BACKSTOP", who, "demo"), t: t}
		if _, err := (*c).Logon(t.Context(), g.FIX, "141=Y", "22000=VAMM1"); err != nil {
			t.Fatal(err)
		}
	}
	w.looks.say("V", "262=LIVE", "263=1", "264=0", "265=0", "267=5", "269=0", "269=1", "269=2", "269=3", "269=C", "146=1", "55="+twinMarket)
	return w
}

// fence returns all that a client is told by now.
func (w *twin) fence(c *guidedClient) (all []Fields) {
	w.t.Helper()
	w.fences++
	id := "FENCE" + strconv.Itoa(w.fences)
	// An unknown market is refused at once, behind all that was said before.
	c.say("R", "131="+id, "146=1", "55=NONE-PERP", "38=1", "60="+Now())
	for {
		f := c.next()
		if f.Get(131) == id {
			return all
		}
		all = append(all, f)
	}
}

// priced waits until the market has a price that has just come: so there is time until
// the next.
func (w *twin) priced() {
	w.t.Helper()
	w.fence(w.looks)
	for {
		if f := w.looks.next(); f.Get(35) == "W" && f.Get(22060) != "" {
			return
		}
	}
}

// sample is all that somebody who looks on is told: prices for small and large sizes,
// the whole book, the market and its state, that of the venue, how the session stands,
// what its account has, and what comes by itself.
func (w *twin) sample() (all []string) {
	w.t.Helper()
	w.fences++
	n := strconv.Itoa(w.fences)
	for _, size := range []string{"1", "5", "900"} {
		w.looks.say("R", "131=Q"+n+"-"+size, "146=1", "55="+twinMarket, "38="+size, "1=DEMO2", "60="+Now())
	}
	w.looks.say("V", "262=B"+n, "263=0", "264=0", "265=0", "267=5", "269=0", "269=1", "269=2", "269=3", "269=C", "146=1", "55="+twinMarket)
	w.looks.say("e", "324=E"+n, "55="+twinMarket, "263=0")
	w.looks.say("x", "320=L"+n, "559=0", "55="+twinMarket)
	w.looks.say("g", "335=G"+n, "263=0")
	w.looks.say("BE", "923=U"+n, "924=4", "553=DEMO2")
	w.looks.say("BB", "909=C"+n, "1=DEMO2")
	w.looks.say("AN", "710=P"+n, "724=0", "453=1", "448=X", "447=D", "452=13", "1=DEMO2", "581=1", "715=20260101", "60="+Now())
	same := strings.NewReplacer("131=Q"+n, "131=Q", "262=B"+n, "262=B", "324=E"+n, "324=E", "320=L"+n, "320=L", "322=L"+n, "322=L",
		"335=G"+n, "335=G", "923=U"+n, "923=U", "909=C"+n, "909=C", "710=P"+n, "710=P")
	for _, f := range w.fence(w.looks) {
		said := same.Replace(shown(f))
		if f.Get(262) == "LIVE" && slices.Contains(all, said) {
			continue // How often a price is said is the clock's affair.
		}
		all = append(all, said)
	}
	slices.Sort(all)
	return all
}

// hold sends orders that wait, and returns once they do.
func (w *twin) hold(run int) (ids []string) {
	w.t.Helper()
	for i, o := range [][]string{{"54=1", "38=900", "40=1"}, {"54=1", "38=7", "40=2", "44=101", "59=1"}, {"54=2", "38=300", "40=1"}} {
		id := fmt.Sprintf("T%d-%d", run, i)
		w.asks.say("D", append([]string{"11=" + id, "1=DEMO1", "55=" + twinMarket, "60=" + Now()}, o...)...)
		ids = append(ids, id)
	}
	for _, id := range ids {
		w.asks.answer("35=8", "11="+id, "150=A")
	}
	return ids
}

// undecided tells whether an order still waits, as far as its client was told by now.
func (w *twin) undecided() bool {
	w.t.Helper()
	return !slices.ContainsFunc(w.fence(w.asks), func(f Fields) bool { return f.Get(35) == "8" && f.Get(150) != "A" })
}

// differs names what one list has and the other lacks; nothing if they are the same.
func differs(a, b []string) (lines []string) {
	for _, of := range []struct {
		name      string
		has, want []string
	}{{"with", a, b}, {"without", b, a}} {
		for _, s := range of.has {
			if !slices.Contains(of.want, s) {
				lines = append(lines, of.name+": "+s)
			}
		}
	}
	if len(lines) == 0 && len(a) != len(b) {
		lines = append(lines, fmt.Sprintf("%d messages with, %d without", len(a), len(b)))
	}
	return lines
}

// late tells whether a message says that the price is: that is the machine's affair.
func late(said string) bool {
	return strings.Contains(said, "|22013=1|") || strings.Contains(said, "ORACLE_STALE")
}

// unasked tells whether a message is of the stream of prices.
func unasked(said string) bool { return strings.Contains(said, "|262=LIVE|") }

// twinTold are the messages that are compared, or the comparison says too little.
var twinTold = []string{"S", "W", "f", "y", "h", "BF", "BG", "BA", "AO"}

// TestTwinWithAHeldOrder (C35): of two gateways that are alike, one holds orders. What
// others are told meanwhile is the same in both, but for clocks and for ids that count
// everything; once the orders deal it is not, which shows that the comparison sees.
func TestTwinWithAHeldOrder(t *testing.T) {
	t.Parallel()
	const tries = 5
	for try := range tries {
		with, without := newTwin(t), newTwin(t)
		with.priced()
		ids := with.hold(try)
		during := with.sample()
		if !with.undecided() {
			t.Logf("try %d: the orders were decided too soon for this machine", try)
			continue
		}
		without.priced()
		beside := without.sample()
		// In the one that holds nothing a new price comes by itself, if it comes.
		if slices.ContainsFunc(beside, unasked) {
			t.Logf("try %d: the next price came before the machine had asked for all", try)
			continue
		}
		if slices.ContainsFunc(slices.Concat(during, beside), late) {
			t.Logf("try %d: a price was late", try)
			continue
		}
		if lines := differs(during, beside); len(lines) > 0 {
			t.Fatalf("others can tell that orders are held:\n%s", strings.Join(lines, "\n"))
		}
		for _, kind := range twinTold {
			if !slices.ContainsFunc(during, func(said string) bool { return strings.Contains(said, "|35="+kind+"|") }) {
				t.Fatalf("nobody was told %s: %q", kind, during)
			}
		}
		// The reports of the decision are behind the fence, or still to come.
		with.asks.answer("35=8", "11="+ids[2], "39=2")
		with.priced()
		if lines := differs(with.sample(), beside); len(lines) == 0 {
			t.Error("the orders have dealt, and the comparison does not see it")
		}
		return
	}
	t.Errorf("in %d tries the machine was too slow to look at a hold", tries)
}

// TestTwinSeesALeak: the least difference is seen, and what belongs to the clock is not.
func TestTwinSeesALeak(t *testing.T) {
	base := "35=W|34=7|52=20260701-10:00:00.000|262=B|22032=500|22020=0.01|22024=0.5|22060=100|268=1|269=0|270=99.97|271=1250|126=20260701-10:00:01.000|299=Q1B|290=1"
	say := func(m string) []string { return []string{shown(Parse(m)), "35=f|326=17"} }
	for name, c := range map[string]struct {
		m    string
		leak bool
	}{
		"the same":          {base, false},
		"later":             {strings.NewReplacer("34=7", "34=9", "10:00:00", "10:00:03", "Q1B", "Q44B", "22032=500", "22032=499").Replace(base), false},
		"funding ran on":    {strings.Replace(base, "22024=0.5", "22024=0.6", 1), false},
		"a funding rate":    {strings.Replace(base, "22020=0.01", "22020=0.02", 1), true},
		"a price":           {strings.Replace(base, "99.97", "99.96", 1), true},
		"a size":            {strings.Replace(base, "1250", "1249", 1), true},
		"a part of a price": {strings.Replace(base, "22060=100", "22060=100.001", 1), true},
		"a field more":      {base + "|58=x", true},
	} {
		if got := len(differs(say(c.m), say(base))) > 0; got != c.leak {
			t.Errorf("%s: seen as different: %v", name, got)
		}
	}
	if len(differs(say(base), say(base)[:1])) == 0 || len(differs(say(base)[1:], say(base))) == 0 || len(differs(append(say(base), "35=f|326=17"), say(base))) == 0 {
		t.Error("a message more or less is not seen")
	}
}
