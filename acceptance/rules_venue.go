package acceptance

import (
	"fmt"
	"strings"
)

// rulesMarkets are the markets in which every rule of engagement is tried: what a
// rule needs beside a client's messages is the script of the price, or a limit.
var rulesMarkets = []struct{ symbol, script, keys, oracle string }{
	{"CERT-A", "steady", lookOff + "valid_for = \"20s\"\n", ""},
	{"CERT-HALT", "steady", lookOff, ""},
	{"CERT-REDUCE", "steady", lookOff, ""},
	{"CERT-OVER", "steady", lookOff, ""},
	{"CERT-OVER2", "steady", lookOff, ""},
	{"CERT-PART", "steady", lookOff + "levels = 1\ntop_share = \"0.0001\"\n", ""},
	{"CERT-FEW", "steady", lookOff + "[market.vamm]\nsoft_leverage = \"0.00005\"\nmax_leverage = \"0.0001\"\n", ""},
	{"CERT-BUST", "steady", lookOff + "levels = 1\ntop_share = \"0.0001\"\n", ""},
	{"CERT-BUST2", "steady", lookOff + "[market.vamm]\nsoft_leverage = \"0.00005\"\nmax_leverage = \"0.0001\"\n", ""},
	{"CERT-OI", "steady", lookOff + "[market.risk]\nopen_interest = \"5\"\n", ""},
	{"CERT-LEVER", "steady", lookOff + "[market.risk]\nmaker_leverage = \"0.00001\"\n", ""},
	{"CERT-NONE", "steady", lookOff + "[market.vamm]\nsoft_leverage = \"0.000001\"\nmax_leverage = \"0.000002\"\n", ""},
	{"CERT-ROOM", "steady", "[market.quote]\nlast_look = \"off\"\nfill_bucket = \"0.1\"\n", ""},
	{"CERT-WAVE", "wave", lookOff + "valid_for = \"20s\"\n", ""},
	{"CERT-TIGHT", "wave", lookOff + "[market.risk]\nopen_interest = \"5\"\n", ""},
	{"CERT-JUMP", "wave", lookOff, "max_travel_bps = \"30\"\n"},
	{"CERT-LOSS", "wave", lookOff + "[market.risk]\ndrawdown_loss = \"0.01\"\ndrawdown_share = \"0\"\n", ""},
	{"CERT-LOSS2", "wave", lookOff + "[market.risk]\ndrawdown_loss = \"0.01\"\ndrawdown_share = \"0\"\n", ""},
	{"CERT-THIN", "wave", lookOff + "[market.risk]\ninitial_margin = \"0.0301\"\nmaintenance_margin = \"0.03\"\nsize_premium = \"0\"\nsettle_every = \"1s\"\n", ""},
	{"CERT-HOLD", "slow", "[market.quote]\nlast_look = \"always\"\nlook_tolerance = \"1\"\nfill_bucket = \"0\"\n", ""},
	{"CERT-LOOK", "wave", "[market.quote]\nlast_look = \"always\"\nlook_tolerance = \"0\"\nfill_bucket = \"0\"\n", ""},
	{"CERT-STALE", "stale", "[market.quote]\nlast_look = \"always\"\nfill_bucket = \"0\"\n", ""},
	{"CERT-TIER", "steady", "[market.toxicity]\nprobation_fills = 1\ntier_dwell = \"0s\"\n", ""},
	{"CERT-LAY", "steady", lookOff + "[market.lay_off]\nfrom = \"0.002\"\nto = \"0.001\"\nwithin_bps = \"5\"\n", ""},
	{"CERT-FUND", "steady", lookOff + "[market.funding]\nevery = \"1s\"\nbase_bps = \"100\"\n[market.risk]\nsettle_every = \"1s\"\n", ""},
}

// thin is an account that may deal all that its margin carries.
const thin = "max_order_leverage = \"0\"\n"

// keepsLong are prices that stay good for longer than any machine takes to deal on
// them: what ends a price here is its script.
const keepsLong = "[market.oracle]\nwide_age = \"40s\"\nreduce_age = \"50s\"\nmax_age = \"1m\"\n"

const lookOff = "[market.quote]\nlast_look = \"off\"\nfill_bucket = \"0\"\n"

// rulesClients are its sessions, each with an account of its name; the keys are of
// the session and of the limits of its account.
var rulesClients = []struct{ name, deposit, session, limits string }{
	{name: "GENERAL"}, {name: "OTHER"}, {name: "FORM"}, {name: "QUOTER"}, {name: "HOLDER"}, {name: "LOOKER"}, {name: "STALER"}, {name: "STALER2"}, {name: "WAVER"},
	{name: "LOSER"}, {name: "JUMPER"}, {name: "ASKER"}, {name: "LEAVER"}, {name: "REPEATER"}, {name: "FUNDED"}, {name: "PARTIAL"}, {name: "OVER"}, {name: "BUSTER"},
	{name: "PRICES", session: "roles = [\"md\"]\n"},
	{name: "SLOW", session: "[session.limits]\norders_per_second = 1\n"},
	{name: "ONE", limits: "open_orders = 1\n"},
	{name: "SMALL", limits: "max_position = { \"CERT-A\" = \"5\" }\n"},
	{name: "VALUE", limits: "max_notional = \"1000\"\n"},
	{name: "BOUND", deposit: "1000", limits: "max_order_leverage = \"1\"\n"},
	{name: "POOR", deposit: "100"},
	{name: "LONG", deposit: "1000", limits: thin},
	{name: "SHORT", deposit: "1000", limits: thin},
	{name: "LONG2", deposit: "1000", limits: thin},
	{name: "SHORT2", deposit: "1000", limits: thin},
	{name: "NEWS"}, {name: "NEWS2"}, {name: "TIERED"}, {name: "TIERED2"}, {name: "FIRM"}, {name: "LOADER"}, {name: "VALUER"},
	{name: "PROVIDER", session: "accounts = [\"PROVIDER\"]\nroles = [\"lp\"]\n", limits: "[account.protection]\nfills = 1\nwindow = \"1h\"\n"},
	{name: "REFUSED", session: "[session.inject]\nrefuse_each = 1\n"},
	{name: "WATCHER", deposit: "0", session: "roles = [\"drop_copy\"]\naccounts = [\"LONG\", \"SHORT\"]\n"},
	{name: "WATCHER2", deposit: "0", session: "roles = [\"drop_copy\"]\naccounts = [\"LONG2\", \"SHORT2\"]\n"},
}

// rulesVenue is the configuration of a gateway with these markets and clients.
func rulesVenue() string {
	var b strings.Builder
	b.WriteString("[server]\ndata_dir = \"data\"\ndashboard = \"127.0.0.1:0\"\n[fix]\nlisten = \"127.0.0.1:0\"\ncomp_id = \"BACKSTOP\"\nban = \"1s\"\n")
	for _, m := range rulesMarkets {
		fmt.Fprintf(&b, "[[market]]\nsymbol = %q\ntick = \"0.01\"\nlot = \"1\"\nmin_order = \"2\"\nmax_order = \"1000\"\n%s", m.symbol, m.keys)
		if m.script != "stale" {
			b.WriteString(keepsLong + m.oracle)
		}
	}
	for _, c := range rulesClients {
		deposit := c.deposit
		if deposit == "" {
			deposit = "1000000"
		}
		if deposit != "0" {
			fmt.Fprintf(&b, "[[account]]\nname = %q\ndeposit = %q\n", c.name, deposit)
		}
		if c.limits != "" {
			b.WriteString("[account.limits]\n" + c.limits)
		}
		fmt.Fprintf(&b, "[[session]]\ncomp_id = %q\nsecret = \"plain:demo\"\nallow_reset = true\n", c.name)
		if !strings.Contains(c.session, "roles") {
			fmt.Fprintf(&b, "accounts = [%q]\n", c.name)
		}
		b.WriteString(c.session)
	}
	for _, m := range rulesMarkets {
		fmt.Fprintf(&b, "[[feed]]\nkind = \"scripted\"\nscript = %q\nsymbols = [%q]\nstart = { %q = \"100\" }\n", m.script, m.symbol, m.symbol)
	}
	return b.String()
}
