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

// What all certification markets have: the first price, and the lot.
const (
	certStart = "100"
	certLot   = "1"
)

// certAlone is how many of the demo's clients are not guided: a suite that is played
// wants to hear nothing but answers.
const certAlone = 2

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
}

// certMarkets is their configuration, with the clients of the demo.
func certMarkets() string {
	var b strings.Builder
	for _, m := range certTable {
		fmt.Fprintf(&b, "[[market]]\nsymbol = %q\ntick = \"0.01\"\nlot = %q\nmax_order = \"1000\"\n%s", m.symbol, certLot, m.keys)
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
