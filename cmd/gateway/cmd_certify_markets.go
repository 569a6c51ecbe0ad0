package main

import (
	"fmt"
	"strings"
)

// certMarket is a market whose price and terms are made so that a client meets one
// thing whenever it likes, with nobody at the other end.
type certMarket struct {
	symbol, script string
	keys           string // beyond what all have, and of its tables
}

// What all certification markets have: the first price, the lot, and but for those
// that say otherwise the largest order.
const (
	certStart = "100"
	certLot   = "1"
	certMax   = "1000"
)

// certAlone is how many of the demo's clients are not guided: a suite that is played
// wants to hear nothing but answers.
const certAlone = 2

// certLiq makes what an account of the demo has little beside a position of 9,300
// sold at 100: 930,000 of its 1,000,000 is margin. A rise of 6 to 7 % calls for more,
// one of 9 to 10 % liquidates, slowly enough that the account can try again. The
// price is meant to go far, so neither its distance from the average nor what the
// maker loses on its way back closes the market.
const certLiq = `[market.oracle]
max_travel_bps = "10000"
[market.quote]
last_look = "off"
fill_bucket = "0"
top_share = "0.2"
[market.vamm]
inventory_widen = "0"
leverage_widen = "0"
flow_widen = "0"
[market.risk]
initial_margin = "1"
maintenance_margin = "0.9"
size_premium = "0"
max_position = "20000"
open_interest = "100000"
drawdown_loss = "0"
liquidation_start = "0.05"
liquidation_time = "5m"
`

// certMaxOf is the largest order of a market where certMax is too small.
var certMaxOf = map[string]string{"CERT-LIQ": "20000"}

// certTable is what demo --cert lists; docs/certify.md says what a client meets
// there.
var certTable = []certMarket{
	{"CERT-FILL", "steady", "[market.quote]\nlast_look = \"off\"\nfill_bucket = \"0\"\n"},
	{"CERT-PARTIAL", "steady", "[market.quote]\nlast_look = \"off\"\nfill_bucket = \"0\"\nlevels = 1\ntop_share = \"0.0001\"\n"},
	{"CERT-LLHOLD-500", "slow", "[market.quote]\nlast_look = \"always\"\nlook_tolerance = \"1\"\nfill_bucket = \"0\"\n"},
	{"CERT-LLREJ", "wave", "[market.quote]\nlast_look = \"always\"\nlook_tolerance = \"0\"\nfill_bucket = \"0\"\n"},
	{"CERT-JUMP", "jump", "[market.quote]\nlast_look = \"always\"\nlook_tolerance = \"0\"\nfill_bucket = \"0\"\n"},
	{"CERT-STALE", "stale", "[market.quote]\nlast_look = \"off\"\nfill_bucket = \"0\"\n"},
	{"CERT-FUND", "steady", "[market.quote]\nlast_look = \"off\"\nfill_bucket = \"0\"\n[market.funding]\nevery = \"5s\"\nbase_bps = \"100\"\n"},
	{"CERT-GAP", "steady", "inject = \"gap\"\n[market.quote]\nlast_look = \"off\"\nfill_bucket = \"0\"\n"},
	{"CERT-DUP", "steady", "inject = \"duplicate\"\n[market.quote]\nlast_look = \"off\"\nfill_bucket = \"0\"\n"},
	{"CERT-SILENT", "steady", "inject = \"silent\"\n[market.quote]\nlast_look = \"off\"\nfill_bucket = \"0\"\n"},
	{"CERT-HALT", "halt", "[market.quote]\nlast_look = \"off\"\nfill_bucket = \"0\"\n"},
	{"CERT-LIQ", "squeeze", certLiq},
}

// certMarkets is their configuration, with the clients of the demo.
func certMarkets() string {
	var b strings.Builder
	for _, m := range certTable {
		fmt.Fprintf(&b, "[[market]]\nsymbol = %q\ntick = \"0.01\"\nlot = %q\nmax_order = %q\n%s", m.symbol, certLot, either(certMaxOf[m.symbol], certMax), m.keys)
	}
	b.WriteString(demoSessions(demoClients[:certAlone]))
	for _, c := range demoClients[certAlone:] {
		b.WriteString(demoSessions([]string{c}) + "guided = true\n")
	}
	b.WriteString(demoDropCopy())
	for _, m := range certTable {
		fmt.Fprintf(&b, "[[feed]]\nkind = \"scripted\"\nscript = %q\nsymbols = [%q]\nstart = { %q = %q }\n", m.script, m.symbol, m.symbol, certStart)
	}
	return b.String()
}
