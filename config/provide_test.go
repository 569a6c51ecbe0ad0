package config

import (
	"strings"
	"testing"

	"backstop/perp"
	"backstop/risk"
)

// provider is the default configuration with a market that lays off and an account
// that quotes to it.
func provider(keys string) string {
	src := strings.Replace(Default(), `from       = "0" `, `from       = "0.1" `, 1)
	return src + "[[session]]\ncomp_id = \"LP1\"\nsecret = \"plain:lp\"\naccounts = [\"LP1\"]\nroles = [\"lp\", \"account\"]\n" +
		"[[account]]\nname = \"LP1\"\n" + keys
}

func TestProviderIsConfigured(t *testing.T) {
	c, err := Parse("gateway.toml", []byte(provider("[account.protection]\nfills = 3\nnotional = \"250000\"\nwindow = \"5s\"\ncool_off = \"1m\"\n")))
	if err != nil {
		t.Fatal(err)
	}
	if p := c.Specs()[0].Quoting; p.LayOffFrom != perp.RatioOne/10 || p.LayOffTo != perp.RatioOne/20 || p.LayOffWithin != 2*perp.BP {
		t.Errorf("lays off from %s to %s within %s", p.LayOffFrom, p.LayOffTo, p.LayOffWithin)
	}
	if p := c.Specs()[1].Quoting; p.LayOffFrom != 0 {
		t.Errorf("a market that says nothing lays off from %s", p.LayOffFrom)
	}
	accounts := c.RiskAccounts()
	want := risk.Protection{Fills: 3, Notional: 250_000 * perp.MoneyOne, Window: 5 * perp.Second, Cool: 60 * perp.Second}
	if got := accounts[len(accounts)-1]; got.Name != "LP1" || got.Protection != want {
		t.Errorf("%s has %+v, want %+v", got.Name, got.Protection, want)
	}
	if got := accounts[0].Protection; got != (risk.Protection{}) {
		t.Errorf("an account that says nothing has %+v", got)
	}
}

func TestProviderFaults(t *testing.T) {
	for _, c := range []struct{ old, new, fault string }{
		{`within_bps = "2"`, `within_bps = "6.01"`, "a provider could load the maker"},
		{`within_bps = "2"`, `within_bps = "0"`, "within_bps"},
		{`to         = "0.05"`, `to         = "0.1"`, "LayOffTo must be below LayOffFrom"},
		{`fills    = 50`, `fills    = 0`, "fills"},
		{`roles = ["lp", "account"]`, `roles = ["maker"]`, "roles"},
		{"accounts = [\"LP1\"]\n", "", "may quote to the maker but names no account"},
	} {
		src := strings.Replace(provider(""), c.old, c.new, 1)
		if _, err := Parse("gateway.toml", []byte(src)); err == nil || !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%s: %v, want a fault about %q", c.new, err, c.fault)
		}
	}
	// What costs as much as it brings is allowed.
	if _, err := Parse("gateway.toml", []byte(strings.Replace(provider(""), `within_bps = "2"`, `within_bps = "6"`, 1))); err != nil {
		t.Error(err)
	}
}
