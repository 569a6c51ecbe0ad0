package main

import (
	"fmt"
	"strings"

	"backstop/config"
	"backstop/perp"
)

// demoClients are the sessions that the demo is made for. Each may do
// everything, with an account of its own name.
var demoClients = []string{"DEMO1", "DEMO2", "DEMO3", "DEMO4"}

// demoCopy is the session that gets a copy of what those do.
const demoCopy = "DEMODC"

// demoTaker is the session of the background taker that makes the demo move.
const demoTaker = "TAKER"

// demoMarket is a market of the demo with where its price starts.
type demoMarket struct{ symbol, tick, lot, max, start string }

var demoMarkets = []demoMarket{
	{"BTC-PERP", "0.5", "0.001", "25", "60000"},
	{"ETH-PERP", "0.05", "0.01", "400", "2500"},
	{"SOL-PERP", "0.01", "0.1", "10000", "150"},
}

// demoOptions are the flags of `gateway demo`.
type demoOptions struct {
	dir, fix, http, feed, portsFile string
	speed                           string
	seed                            int
	quiet, cert                     bool
}

// demoConfig writes the configuration of the demo and reads it back through
// the same door as any other, so that the demo cannot do what a file cannot.
// played is the market that a feed file prices; its symbol is empty without one.
func demoConfig(o demoOptions, played demoMarket) (*config.Config, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "[server]\ndata_dir = %q\ndashboard = %q\n", o.dir, o.http)
	fmt.Fprintf(&b, "[fix]\nlisten = %q\ncomp_id = \"BACKSTOP\"\n", o.fix)
	if o.cert {
		b.WriteString(certMarkets())
		return parseDemo(b.String())
	}
	markets := demoMarkets
	if played.symbol != "" && !listed(markets, played.symbol) {
		markets = append([]demoMarket{played}, markets...)
	}
	var synthetic, start []string
	for _, m := range markets {
		fmt.Fprintf(&b, "[[market]]\nsymbol = %q\ntick = %q\nlot = %q\nmax_order = %q\n", m.symbol, m.tick, m.lot, m.max)
		if m.symbol != played.symbol {
			synthetic = append(synthetic, fmt.Sprintf("%q", m.symbol))
			start = append(start, fmt.Sprintf("%q = %q", m.symbol, m.start))
		}
	}
	b.WriteString(demoSessions(append([]string{demoTaker}, demoClients...)))
	b.WriteString(demoDropCopy())
	fmt.Fprintf(&b, "[[feed]]\nkind = \"synthetic\"\nseed = %d\nspeed = %q\nsymbols = [%s]\nstart = { %s }\n",
		o.seed, o.speed, strings.Join(synthetic, ", "), strings.Join(start, ", "))
	if played.symbol != "" {
		fmt.Fprintf(&b, "[[feed]]\nkind = \"file\"\nsymbols = [%q]\npath = %q\nspeed = %q\n", played.symbol, o.feed, o.speed)
	}
	return parseDemo(b.String())
}

// demoSessions gives each client a session and an account of its name.
func demoSessions(clients []string) string {
	var b strings.Builder
	for _, c := range clients {
		fmt.Fprintf(&b, "[[account]]\nname = %q\ndeposit = \"1000000\"\n", c)
		fmt.Fprintf(&b, "[[session]]\ncomp_id = %q\nsecret = %q\naccounts = [%q]\n", c, "plain:"+demoPassword, c)
	}
	return b.String()
}

// demoDropCopy is the session that gets copies of what the demo's clients are told.
func demoDropCopy() string {
	quoted := make([]string, 0, len(demoClients))
	for _, c := range demoClients {
		quoted = append(quoted, fmt.Sprintf("%q", c))
	}
	return fmt.Sprintf("[[session]]\ncomp_id = %q\nsecret = %q\naccounts = [%s]\nroles = [\"drop_copy\"]\n",
		demoCopy, "plain:"+demoPassword, strings.Join(quoted, ", "))
}

func parseDemo(text string) (*config.Config, error) {
	cfg, err := config.Parse("demo", []byte(text))
	if err != nil {
		return nil, err
	}
	for i := range cfg.Sessions {
		cfg.Sessions[i].Password = demoPassword
	}
	return cfg, nil
}

// demoPassword is that of every session of the demo, on loopback only.
const demoPassword = "demo"

func listed(markets []demoMarket, symbol string) bool {
	for _, m := range markets {
		if m.symbol == symbol {
			return true
		}
	}
	return false
}

// lots is a number of lots as a quantity. The lots of the demo are constants
// that parse.
func (m demoMarket) lots(n int) string {
	lot, err := perp.ParseSize(m.lot)
	if err != nil {
		panic(err)
	}
	return (lot * perp.Size(n)).String()
}
