package acceptance

import (
	"fmt"
	"strings"
)

// Venue is a configuration with one market like the demo's BTC-PERP and the
// sessions DEMO1 to DEMO4, where a test says only what is not the default.
type Venue struct {
	Feed     string            // file of prices to play; empty: made-up ones
	Speed    string            // of the file; empty: "1"
	LastLook string            // market.quote last_look; empty: the default, by tier
	Bucket   string            // market.quote fill_bucket; empty: the default
	Rate     int               // orders_per_second of each session; 0: any, so that a load is not throttled
	Interval string            // market.oracle max_interval; empty: the default
	Clients  int               // DEMO1, DEMO2 …; 0: four
	OrderAge string            // fix max_order_age; empty: the default
	More     string            // further sections as they are
	Market   string            // further sections of its market as they are
	Begin    map[string]string // begin_string of some sessions
}

// venueClients are its sessions, each with an account of its name.
var venueClients = []string{"DEMO1", "DEMO2", "DEMO3", "DEMO4"}

// TOML is the configuration; the data directory is `data` beside the file.
func (v Venue) TOML() string {
	var b strings.Builder
	b.WriteString("[server]\ndata_dir = \"data\"\ndashboard = \"127.0.0.1:0\"\n" +
		"[fix]\nlisten = \"127.0.0.1:0\"\ncomp_id = \"BACKSTOP\"\n")
	if v.OrderAge != "" {
		fmt.Fprintf(&b, "max_order_age = %q\n", v.OrderAge)
	}
	b.WriteString(v.More)
	b.WriteString("[[market]]\nsymbol = \"BTC-PERP\"\ntick = \"0.5\"\nlot = \"0.001\"\nmax_order = \"25\"\n")
	if v.Interval != "" {
		fmt.Fprintf(&b, "[market.oracle]\nmax_interval = %q\n", v.Interval)
	}
	if v.LastLook != "" || v.Bucket != "" {
		b.WriteString("[market.quote]\n")
	}
	if v.LastLook != "" {
		fmt.Fprintf(&b, "last_look = %q\n", v.LastLook)
	}
	if v.Bucket != "" {
		fmt.Fprintf(&b, "fill_bucket = %q\n", v.Bucket)
	}
	b.WriteString(v.Market)
	clients := venueClients
	for i := len(clients); i < v.Clients; i++ {
		clients = append(clients[:i:i], fmt.Sprintf("DEMO%d", i+1))
	}
	for _, c := range clients {
		fmt.Fprintf(&b, "[[account]]\nname = %q\ndeposit = \"1000000\"\n", c)
		begin := v.Begin[c]
		if begin == "" {
			begin = "FIX.4.4"
		}
		fmt.Fprintf(&b, "[[session]]\ncomp_id = %q\nsecret = \"plain:demo\"\nbegin_string = %q\naccounts = [%q]\n", c, begin, c)
		fmt.Fprintf(&b, "[session.limits]\norders_per_second = %d\n", v.Rate)
	}
	if v.Feed == "" {
		b.WriteString("[[feed]]\nkind = \"synthetic\"\nsymbols = [\"BTC-PERP\"]\nstart = { \"BTC-PERP\" = \"60000\" }\n")
		return b.String()
	}
	speed := v.Speed
	if speed == "" {
		speed = "1"
	}
	fmt.Fprintf(&b, "[[feed]]\nkind = \"file\"\nsymbols = [\"BTC-PERP\"]\npath = %q\nspeed = %q\n", v.Feed, speed)
	return b.String()
}
