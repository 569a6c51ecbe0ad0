package config

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"backstop/perp"
	"backstop/quoting"
	"backstop/risk"

	"github.com/google/go-cmp/cmp"
)

// TestEveryMarketKeyCounts changes each key of a market's sections by one unit:
// what the rooms get must change too, or the key would be a lie.
func TestEveryMarketKeyCounts(t *testing.T) {
	c, err := Parse("gateway.toml", []byte(Default()))
	if err != nil {
		t.Fatal(err)
	}
	before := c.Specs()
	market := reflect.ValueOf(&c.Markets[0]).Elem()
	changed := 0
	for i := range market.NumField() {
		if market.Field(i).Kind() != reflect.Struct {
			continue
		}
		for j := range market.Field(i).NumField() {
			key := market.Field(i).Field(j)
			was := reflect.ValueOf(key.Interface())
			if key.Kind() == reflect.String { // last_look, the only word
				key.SetString("always")
			} else {
				key.SetInt(was.Int() + 1)
			}
			if reflect.DeepEqual(before, c.Specs()) {
				t.Errorf("market.%s.%s changes nothing", market.Type().Field(i).Name, market.Field(i).Type().Field(j).Name)
			}
			key.Set(was)
			changed++
		}
	}
	if changed < 60 {
		t.Errorf("only %d keys were tried", changed)
	}
}

// TestDefaultsOfRooms: a market that says nothing gets what the rooms hold to
// be a sound start, and an account the limits of its room.
func TestDefaultsOfRooms(t *testing.T) {
	c, err := Parse("base.toml", []byte(read(t, "testdata/base.toml")))
	if err != nil {
		t.Fatal(err)
	}
	want := []Spec{{
		Instrument: perp.Instrument{
			Symbol: "BTC-PERP", Currency: "USDC", Tick: perp.PriceOne / 2, Lot: perp.SizeOne / 1000,
			MinSize: perp.SizeOne / 1000, MaxSize: 25 * perp.SizeOne,
		},
		Quoting: quoting.DefaultParams(), Limits: risk.DefaultMarketLimits(),
	}}
	if diff := cmp.Diff(want, c.Specs()); diff != "" {
		t.Errorf("specs (-want +got):\n%s", diff)
	}
	accounts := []risk.Account{{Name: "ACME", Sessions: []string{"ACME1"}, Limits: risk.DefaultLimits()}}
	if diff := cmp.Diff(accounts, c.RiskAccounts()); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
}

// TestRuleKeysExist: each parameter that a rule may name stands for a key.
func TestRuleKeysExist(t *testing.T) {
	keys := map[string]bool{}
	keysUnder(reflect.TypeFor[Market](), "", keys)
	for name, key := range ruleKeys {
		_, quoted := reflect.TypeFor[quoting.Params]().FieldByName(name)
		_, limited := reflect.TypeFor[risk.MarketLimits]().FieldByName(name)
		if !keys[key] || !quoted && !limited {
			t.Errorf("%s stands for %s: no such parameter or key", name, key)
		}
	}
}

func TestAccountsKnowTheirSessions(t *testing.T) {
	src := strings.Replace(Default(), `#max_position = { "BTC-PERP" = "100" }`, `max_position = { "ETH-PERP" = "5", "BTC-PERP" = "0" }`, 1)
	src += "[[session]]\ncomp_id = \"DESK\"\nsecret = \"env:X\"\naccounts = [\"DEMO1\"]\n"
	c, err := Parse("gateway.toml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	got := c.RiskAccounts()[0]
	if !slices.Equal(got.Sessions, []string{"DEMO1", "DESK"}) {
		t.Errorf("sessions %q", got.Sessions)
	}
	want := []risk.PositionLimit{{Symbol: "BTC-PERP", Size: 0}, {Symbol: "ETH-PERP", Size: 5 * perp.SizeOne}}
	if diff := cmp.Diff(want, got.Limits.Positions); diff != "" {
		t.Errorf("position limits (-want +got):\n%s", diff)
	}
}

func TestProfile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "acme.toml")
	good := "fix = \"127.0.0.1:1\"\ncomp_id = \"ACME\"\ntarget = \"US\"\nsecret = \"env:PROFILE_PASSWORD\"\n"
	for _, c := range []struct{ text, fault string }{
		{good, ""},
		{good + "account = \"A\"\nusername = \"U\"\n", ""},
		{strings.Replace(good, "comp_id", "compid", 1), `did you mean "comp_id"`},
		{strings.Replace(good, "127.0.0.1:1", "127.0.0.1", 1), "is not an address"},
		{strings.Replace(good, "env:PROFILE_PASSWORD", "hunter2", 1), "no known form"},
		{strings.Replace(good, "env:PROFILE_PASSWORD", "file:none", 1), "cannot be read"},
		{strings.Replace(good, "env:PROFILE_PASSWORD", "", 1), "neither a secret nor a tls_cert"},
		{"fix = ", "not valid TOML"},
	} {
		t.Setenv("PROFILE_PASSWORD", "correct-horse")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := LoadProfile(path)
		switch {
		case c.fault == "" && (err != nil || p.Password != "correct-horse"):
			t.Errorf("%q: %+v, %v", c.text, p, err)
		case c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault) || strings.Contains(err.Error(), "hunter2")):
			t.Errorf("%q: %v; want a fault with %q, without the secret", c.text, err, c.fault)
		}
	}
}

// TestClientKeys: the words of last_look are the modes of the maker; the firm
// and the largest order of an account, and the rate of a session, arrive.
func TestClientKeys(t *testing.T) {
	for mode := quoting.LookOff; mode <= quoting.LookAlways; mode++ {
		var m Market
		m.Quote.setDefaults()
		m.Quote.LastLook = mode.String()
		if got := m.params().LastLook; got != mode {
			t.Errorf("last_look %q is %s", mode, got)
		}
		if tag, _ := reflect.TypeFor[MarketQuote]().FieldByName("LastLook"); !slices.Contains(strings.Split(tag.Tag.Get("oneof"), "|"), mode.String()) {
			t.Errorf("no last_look %q", mode)
		}
	}
	src := read(t, "testdata/base.toml") + "[session.limits]\norders_per_second = 7\n[[account]]\nname = \"TWO\"\nfirm = \"ACME-CO\"\n" +
		"limits = { max_order_leverage = \"2.5\", max_slippage_bps = \"12.5\" }\n"
	c, err := Parse("base.toml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.RiskAccounts()[1]; got.Firm != "ACME-CO" || got.Limits.OrderLeverage != 5*perp.RatioOne/2 || got.Limits.Slippage != 125*perp.BP/10 {
		t.Errorf("%+v", got)
	}
	if got := c.Sessions[0].Limits.OrdersPerSecond; got != 7 {
		t.Errorf("%d orders a second", got)
	}
}
