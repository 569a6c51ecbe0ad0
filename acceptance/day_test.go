package acceptance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// dayVenue books funding and settles every second, and its prices stay good for
// longer than any machine takes to deal on them. In ETH-PERP every order is held.
const dayVenue = `
[server]
data_dir = "data"
dashboard = "127.0.0.1:0"
notice = "1s"
[fix]
listen = "127.0.0.1:0"
comp_id = "BACKSTOP"
[[market]]
symbol = "BTC-PERP"
tick = "0.5"
lot = "0.001"
max_order = "25"
[market.oracle]
wide_age = "20s"
reduce_age = "30s"
max_age = "40s"
[market.quote]
last_look = "off"
valid_for = "1m"
grace = "30s"
[market.funding]
every = "1s"
average = "1s"
base_bps = "5000"
max_bps = "5000"
shift = "0"
[market.risk]
settle_every = "1s"
[[market]]
symbol = "ETH-PERP"
tick = "0.05"
lot = "0.01"
max_order = "400"
[market.oracle]
wide_age = "20s"
reduce_age = "30s"
max_age = "40s"
[market.quote]
last_look = "always"
[[account]]
name = "DAY"
deposit = "1000000"
[[session]]
comp_id = "DAY"
secret = "plain:demo"
accounts = ["DAY"]
[session.limits]
orders_per_second = 0
[[feed]]
kind = "synthetic"
symbols = ["BTC-PERP", "ETH-PERP"]
start = { "BTC-PERP" = "60000", "ETH-PERP" = "2500" }
`

// dayTypes are what a full day brings, one way or another.
var dayTypes = strings.Fields("A 0 3 4 5 8 9 AE AG AI AM AO AP AQ B BA BF BG S W X Y Z d f h i j r y")

// daySettings have every check of the engine on, and its day begin half a day from
// now, so that it is not in the middle of the test.
func daySettings(t *testing.T, g *Gateway, dir, dictionary string) {
	t.Helper()
	host, port, _ := strings.Cut(g.FIX, ":")
	turn := time.Now().UTC().Add(12 * time.Hour)
	text := fmt.Sprintf("[DEFAULT]\nConnectionType=initiator\nHeartBtInt=30\nReconnectInterval=1\nStartTime=%s\nEndTime=%s\nFileStorePath=store\n"+
		"UseDataDictionary=Y\nDataDictionary=%s\nValidateLengthAndChecksum=Y\nValidateFieldsOutOfOrder=Y\nValidateFieldsHaveValues=Y\n"+
		"ValidateUserDefinedFields=Y\nAllowUnknownMsgFields=N\nCheckCompID=Y\nCheckLatency=Y\n"+
		"[SESSION]\nBeginString=FIX.4.4\nSenderCompID=DAY\nTargetCompID=BACKSTOP\nSocketConnectHost=%s\nSocketConnectPort=%s\n",
		turn.Format("15:04:05"), turn.Add(-time.Second).Format("15:04:05"), dictionary, host, port)
	if err := os.WriteFile(filepath.Join(dir, "day.cfg"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestStockClientsDay is a full day of a client on the C++ engine, with the stock
// dictionary and every check on, and the next morning. It refuses nothing, is
// refused nothing that it did not provoke, gets the answer to each request, and has
// seen every type of message at the end.
func TestStockClientsDay(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	g, start := dayClients(ctx, t, stockFIX44(t))
	heard := map[string]int{}
	logon := func() *stockClient {
		c := start()
		c.heard = heard
		c.up("108=30")
		return c
	}
	c := logon()
	dayMarkets(c)
	dayQuotes(c)
	dayOrders(c)
	dayWaiting(c)
	dayHeld(c)
	dayRefusals(c)
	dayAccount(c)
	c.lose(func() { dayDesk(c, g) })
	if c.asked > 0 {
		t.Errorf("the client missed something %d times", c.asked)
	}
	c = dayAgain(logon(), g)
	c.say(place("NIGHT", "1", "0.01", "40=2", "44=57000", "59=1"))
	c.reports("NIGHT", "0", "39=0")
	c.logout()
	deposit(c, g, "500", "at-night")

	m := logon()
	if m.last <= c.last {
		t.Errorf("the day ended with %d, the next one begins with %d", c.last, m.last)
	}
	// What happened at night comes again, in the order in which it did.
	over := m.until("35=8", "11=NIGHT", "150=4", "43=Y")
	says(t, "an order at the end of its session", over, "58=CANCEL_ON_DISCONNECT", "39=4")
	m.until("35=AM", "713=at-night", "43=Y", "707=CASH", "708=500")
	m.say(place("MORNING", "2", "0.01", "40=1", "59=3"))
	m.reports("MORNING", "0 F", "39=2")
	stopped := make(chan error, 1)
	go func() {
		_, err := g.Stop()
		stopped <- err
	}()
	m.until("35=B", "148=PLANNED_MAINTENANCE")
	m.until("35=5")
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	m.end()
	verified(ctx, t, g.DataDir)
	var all []string
	for kind := range heard {
		all = append(all, kind)
	}
	slices.Sort(all)
	t.Logf("heard by type: %v", heard)
	if want := slices.Sorted(slices.Values(dayTypes)); !slices.Equal(all, want) {
		t.Errorf("types that came:\n%v, want\n%v", all, want)
	}
}

// dayClients starts the venue of the day, and says how to start its client. All
// that are started have one store, so that their numbers go on.
func dayClients(ctx context.Context, t *testing.T, dictionary string) (*Gateway, func() *stockClient) {
	t.Helper()
	binary := cppBinary(t, "relay")
	if binary == "" {
		t.Skip("without the C++ client: libquickfix-dev is not installed")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "gateway.toml"), []byte(dayVenue), 0o600); err != nil {
		t.Fatal(err)
	}
	g := startGateway(t, "run", "--config", filepath.Join(dir, "gateway.toml"))
	daySettings(t, g, dir, dictionary)
	return g, func() *stockClient {
		return startStockClient(ctx, t, binary, dir, "day.cfg", stockFIX44(t), "DAY", "demo")
	}
}

// TestStockClientRefuses: the day would not pass if anything came that the
// dictionary of the client does not have, here a field of a fill.
func TestStockClientRefuses(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	text, err := os.ReadFile(stockFIX44(t))
	if err != nil {
		t.Fatal(err)
	}
	const field = "<field name='LastLiquidityInd' required='N' />"
	poorer := strings.Replace(string(text), field, "", 1)
	if poorer == string(text) {
		t.Fatalf("the dictionary has no %s", field)
	}
	file := filepath.Join(t.TempDir(), "poorer.xml")
	if err := os.WriteFile(file, []byte(poorer), 0o600); err != nil {
		t.Fatal(err)
	}
	_, start := dayClients(ctx, t, file)
	c := start()
	c.up()
	var refused Fields
	c.refused = func(f Fields) { refused = f }
	c.say("35=V|262=M1|263=1|264=1|265=0|267=2|269=0|269=1|146=1|55=BTC-PERP")
	c.until("35=W", "290=1") // Now it deals.
	c.say(place("POOR", "1", "0.01", "40=1"))
	c.reports("POOR", "0")
	for refused == nil {
		c.line()
	}
	if !has(refused, []string{"371=851", "372=8"}) {
		t.Errorf("refused with %s", refused)
	}
	c.logout()
}

// place is an order in BTC-PERP, as the relay reads it.
func place(id, side, size string, further ...string) string {
	return strings.Join(append([]string{"35=D", "11=" + id, "1=DAY", "55=BTC-PERP", "54=" + side, "60=" + Now(), "38=" + size}, further...), "|")
}

// change is a cancel (F) or a replace (G) of one.
func change(kind, orig, id, side, size string, further ...string) string {
	return strings.Join(append([]string{"35=" + kind, "41=" + orig, "11=" + id, "55=BTC-PERP", "54=" + side, "60=" + Now(), "38=" + size}, further...), "|")
}

// desk runs a command of the desk.
func desk(c *stockClient, args ...string) {
	c.t.Helper()
	if out, talk, code, err := Run(c.ctx, args...); err != nil || code != 0 {
		c.t.Fatalf("gateway %v: exit %d, %v\n%s%s", args, code, err, out, talk)
	}
}

// dayMarkets: which markets there are, their state, and their prices.
func dayMarkets(c *stockClient) {
	c.say("35=1|112=PING")
	c.until("35=0", "112=PING")
	c.say("35=x|320=L1|559=4")
	c.until("35=y", "320=L1", "560=0", "393=2", "55=BTC-PERP", "55=ETH-PERP")
	c.say("35=c|320=C1|321=0|55=BTC-PERP")
	c.until("35=d", "320=C1", "323=1", "561=0.001")
	c.say("35=g|335=G1|263=1")
	c.until("35=h", "335=G1", "340=2")
	c.say("35=e|324=E1|55=ETH-PERP|263=1")
	c.until("35=f", "324=E1", "326=17")
	// The first prices may be still to come.
	c.say("35=V|262=M0|263=1|264=1|265=0|267=2|269=0|269=1|146=2|55=BTC-PERP|55=ETH-PERP")
	c.until("35=W", "262=M0", "55=BTC-PERP", "290=1")
	c.until("35=W", "262=M0", "55=ETH-PERP", "290=1")
	c.say("35=V|262=M0|263=2|264=1|267=2|269=0|269=1|146=2|55=BTC-PERP|55=ETH-PERP")
	c.say("35=V|262=M1|263=0|264=0|267=2|269=0|269=1|146=1|55=BTC-PERP")
	c.until("35=W", "262=M1", "55=BTC-PERP", "290=1")
	c.say("35=V|262=M2|263=1|264=1|265=1|267=4|269=0|269=1|269=2|269=3|146=2|55=BTC-PERP|55=ETH-PERP")
	c.until("35=W", "262=M2", "55=BTC-PERP")
	c.until("35=X", "262=M2")
	c.say("35=BE|923=U1|924=4|553=DAY")
	c.until("35=BF", "923=U1", "926=1")
}

// dayQuotes: one quote is dealt on, a stream is passed on, one is taken back, one
// comes to its end.
func dayQuotes(c *stockClient) {
	c.say("35=R|131=R1|146=1|55=BTC-PERP|537=1|38=0.01|60=" + Now())
	quote := c.until("35=S", "131=R1", "537=1", "134=0.01")
	c.say(place("ON-QUOTE", "1", "0.01", "40=D", "117="+quote.Get(117)))
	c.reports("ON-QUOTE", "0 F", "39=2", "31="+quote.Get(133), "32=0.01")
	c.say("35=a|649=S1|117=" + quote.Get(117) + "|55=BTC-PERP")
	c.until("35=AI", "649=S1", "297=6")
	c.say("35=R|131=R2|146=1|55=BTC-PERP|303=2|537=1|38=0.01|60=" + Now())
	quote = c.until("35=S", "131=R2")
	c.say("35=AJ|693=P2|117=" + quote.Get(117) + "|694=6|55=BTC-PERP")
	c.until("35=AI", "693=P2", "297=11")
	c.say("35=R|131=R3|146=1|55=BTC-PERP|303=2|537=1|60=" + Now())
	c.until("35=i", "131=R3", "537=1")
	c.say("35=Z|131=R3|117=*|298=1|295=1|55=BTC-PERP")
	for { // The ladder goes on until the gateway has read that.
		f := c.next()
		if f == nil {
			c.t.Fatal("the session ended")
		}
		if has(f, []string{"35=AI", "131=R3", "297=1"}) {
			break
		}
	}
	c.say("35=R|131=R4|146=1|55=BTC-PERP|303=2|537=1|38=0.01|60=" + Now() + "|126=" + in(700*time.Millisecond))
	for f := (Fields{}); f.Get(35) != "Z" || f.Get(117) != "*"; {
		if f = c.next(); f == nil {
			c.t.Fatal("the session ended")
		}
	}
}

// dayOrders: every type in every time in force that deals or ends at once.
func dayOrders(c *stockClient) {
	for i, o := range []struct {
		side  string
		terms []string
		kinds string
		last  []string
	}{
		{"1", []string{"40=1"}, "0 F", []string{"39=2", "59=3"}},
		{"1", []string{"40=1", "59=3"}, "0 F", []string{"39=2"}},
		{"2", []string{"40=1", "59=4"}, "0 F", []string{"39=2"}},
		{"1", []string{"40=2", "44=61000", "59=3"}, "0 F", []string{"39=2"}},
		{"1", []string{"40=2", "44=61000", "59=4"}, "0 F", []string{"39=2"}},
		{"1", []string{"40=2", "44=61000", "59=1"}, "0 F", []string{"39=2"}},
		{"1", []string{"40=2", "44=61000", "59=6", "126=" + in(time.Hour)}, "0 F", []string{"39=2"}},
		{"1", []string{"40=2", "44=58500", "59=3"}, "0 4", []string{"39=4"}},
		{"1", []string{"40=2", "44=58500", "59=4"}, "0 4", []string{"39=4"}},
		{"2", []string{"40=1", "18=E"}, "0 F", []string{"39=2", "18=E"}},
		{"1", []string{"40=1", "59=0"}, "8", []string{"103=11"}}, // There is no day order: a venue that never closes has no day.
		{"1", []string{"40=2", "44=61000", "59=1", "18=6"}, "8", []string{"103=99"}},
	} {
		id := fmt.Sprintf("AT-ONCE-%d", i)
		c.say(place(id, o.side, "0.01", o.terms...))
		c.reports(id, o.kinds, o.last...)
	}
}

// dayWaiting: what waits is changed, asked for, canceled, taken back together, ends
// at its time, or is set off.
func dayWaiting(c *stockClient) {
	c.say(place("REST", "1", "0.01", "40=2", "44=57000"))
	c.reports("REST", "0", "39=0", "59=1")
	c.say(change("G", "REST", "REST-2", "1", "0.02", "40=2", "44=57100"))
	c.reports("REST-2", "5", "39=0", "41=REST", "38=0.02", "44=57100")
	c.say("35=H|11=REST-2|55=BTC-PERP|54=1|790=ASK")
	c.reports("REST-2", "I", "39=0", "790=ASK", "151=0.02")
	c.say(change("F", "REST-2", "REST-3", "1", "0.02"))
	c.reports("REST-3", "4", "39=4", "41=REST-2")
	c.say(change("F", "REST-2", "REST-4", "1", "0.02"))
	c.until("35=9", "11=REST-4", "102=0", "39=4", "434=1")
	c.say(place("TIMED", "1", "0.01", "40=2", "44=57000", "59=6", "126="+in(time.Second)))
	c.reports("TIMED", "0 C", "39=C")

	c.say(place("STOP", "1", "0.01", "40=3", "99=64000", "59=1"), place("STOP-LIMIT", "2", "0.01", "40=4", "99=57000", "44=56900", "59=6", "126="+in(time.Hour)))
	c.reports("STOP", "0", "39=0", "636=N")
	c.reports("STOP-LIMIT", "0", "39=0", "40=4", "99=57000")
	c.say(change("G", "STOP", "STOP-2", "1", "0.01", "40=3", "99=64500"))
	c.reports("STOP-2", "5", "99=64500")
	c.say("35=AF|584=ALL|585=7")
	first, second := c.until("35=8", "150=I", "584=ALL", "911=2"), c.until("35=8", "150=I", "584=ALL", "912=Y")
	if ids := []string{first.Get(11), second.Get(11)}; !slices.Contains(ids, "STOP-2") || !slices.Contains(ids, "STOP-LIMIT") {
		c.t.Errorf("all orders are %v", ids)
	}
	c.say("35=q|11=END|530=7|60=" + Now())
	c.until("35=8", "150=4", "39=4")
	c.until("35=8", "150=4", "39=4")
	c.until("35=r", "11=END", "531=7", "533=2")
	c.say("35=AF|584=NONE|585=7")
	c.until("35=8", "584=NONE", "911=0")
	// A price that is there already sets it off with the next one.
	c.say(place("SET-OFF", "1", "0.01", "40=3", "99=57000"))
	c.reports("SET-OFF", "0 D F", "39=2")
	c.say(place("SET-OFF-2", "2", "0.01", "40=4", "99=61500", "44=59000"))
	c.reports("SET-OFF-2", "0 D F", "39=2")
}

// dayHeld: an order waits for the next price, unless one came just before it.
func dayHeld(c *stockClient) {
	for i := range 20 {
		id := fmt.Sprintf("HELD-%d", i)
		c.say(strings.Replace(place(id, "1", "0.01", "40=1"), "BTC", "ETH", 1))
		held := false
		for f := (Fields{}); f.Get(39) != "2" && f.Get(39) != "8"; {
			if f = c.next(); f == nil {
				c.t.Fatal("the session ended")
			}
			if f.Get(35) != "8" {
				f = nil
				continue
			}
			held = held || has(f, []string{"11=" + id, "150=A", "39=A"})
		}
		if held {
			return
		}
	}
	c.t.Error("no order of 20 was held")
}

// dayRefusals: each way to be refused, asked for.
func dayRefusals(c *stockClient) {
	c.say("35=V|262=M3|263=0|264=0|267=1|269=0|146=1|55=NO-PERP")
	c.until("35=Y", "262=M3", "281=0")
	c.say("35=R|131=R9|146=1|55=NO-PERP|537=1|38=0.01|60=" + Now())
	c.until("35=AG", "131=R9", "658=1")
	c.say(strings.Replace(place("BAD", "1", "0.01", "40=1"), "BTC", "NO", 1))
	c.reports("BAD", "8", "103=1")
	c.say(change("F", "NONE", "BAD-F", "1", "0.01"))
	c.until("35=9", "11=BAD-F", "102=1")
	c.say("35=6|23=I1|28=N|55=BTC-PERP|54=1|27=S")
	c.until("35=j", "372=6", "380=3")
	c.say("!35=D|11=NO-SIDE|55=BTC-PERP|60=" + Now() + "|38=0.01|40=1")
	c.until("35=3", "372=D", "371=54", "373=1")
}

// dayAccount: positions, collateral and trades, and what funding and settlement do.
func dayAccount(c *stockClient) {
	c.say("35=AN|710=P1|724=0|263=1|453=1|448=DAY|447=D|452=13|1=DAY|581=1|715=" + Now()[:8] + "|60=" + Now())
	c.until("35=AO", "710=P1", "728=0", "729=0")
	c.until("35=AP", "710=P1", "55=BTC-PERP", "704=0.05")
	c.say("35=BB|909=C1|1=DAY|263=1")
	c.until("35=BG", "909=C1", "945=0")
	c.until("35=BA", "909=C1", "910=3")
	c.say(place("LONG", "1", "1", "40=1"))
	c.reports("LONG", "0 F", "39=2")
	c.until("35=AP", "325=Y", "55=BTC-PERP", "704=1.05")
	c.moved("FUNDING")
	c.moved("SETTLEMENT")
	want := slices.Clone(c.fills)
	c.say("35=AD|568=T1|569=0|263=0")
	c.until("35=AQ", "568=T1", fmt.Sprintf("748=%d", len(want)), "749=0")
	for i, exec := range want {
		c.until("35=AE", "17="+exec, "912="+map[bool]string{true: "Y", false: "N"}[i == len(want)-1])
	}
}

// moved reads to an AM whose Text(58) begins with the word.
func (c *stockClient) moved(word string) {
	c.t.Helper()
	for {
		if f := c.until("35=AM", "1=DAY", "55=BTC-PERP"); token(f) == word {
			return
		}
	}
}

// dayDesk: what the desk does while nobody reads.
func dayDesk(c *stockClient, g *Gateway) {
	desk(c, "market", "halt", "ETH-PERP", "--data-dir", g.DataDir, "--reason", "a look at the feed")
	deposit(c, g, "250", "at-noon")
}

func deposit(c *stockClient, g *Gateway, amount, key string) {
	c.t.Helper()
	desk(c, "account", "deposit", "--data-dir", g.DataDir, "--account", "DAY", "--amount", amount, "--key", key)
}

// dayAgain: back after a line that went dead. Prices are not sent again, money is;
// then what the desk does is told as it happens.
func dayAgain(c *stockClient, g *Gateway) *stockClient {
	c.until("35=4", "123=Y", "43=Y")
	c.until("35=AM", "713=at-noon", "43=Y", "707=CASH", "708=250")
	c.say("35=e|324=E2|55=ETH-PERP|263=1")
	c.until("35=f", "324=E2", "326=2", "58=MARKET_HALTED")
	desk(c, "market", "resume", "ETH-PERP", "--data-dir", g.DataDir, "--reason", "a look at the feed")
	c.until("35=f", "325=Y", "55=ETH-PERP", "326=3")
	deposit(c, g, "125", "in-the-afternoon")
	c.until("35=AM", "713=in-the-afternoon", "707=CASH", "708=125")
	c.say("35=AN|710=P2|724=0|453=1|448=DAY|447=D|452=13|1=DAY|581=1|715=" + Now()[:8] + "|60=" + Now())
	c.until("35=AP", "710=P2", "55=BTC-PERP", "704=1.05")
	return c
}
