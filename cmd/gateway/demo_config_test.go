package main

import (
	"slices"
	"testing"

	"backstop/config"
	"backstop/oracle"
)

// TestCertDemoHasWhatItSays: the sessions that welcome names are there with
// --cert too, and what it says to try fits the lot.
func TestCertDemoHasWhatItSays(t *testing.T) {
	cfg, err := demoConfig(demoOptions{dir: t.TempDir(), fix: "127.0.0.1:0", http: "127.0.0.1:0", cert: true}, demoMarket{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append([]string{demoCopy}, demoClients...) {
		if !slices.ContainsFunc(cfg.Sessions, func(s config.Session) bool { return s.CompID == name && s.Password == demoPassword }) {
			t.Errorf("%s has no session", name)
		}
	}
	for _, m := range cfg.Markets {
		if m.Lot.String() != certLot {
			t.Errorf("%s has the lot %s, not %s", m.Symbol, m.Lot, certLot)
		}
	}
	for _, f := range cfg.Feeds {
		if !slices.Contains(oracle.Scripts, f.Script) {
			t.Errorf("%s follow the script %q, which is none", f.Symbols, f.Script)
		}
	}
	if len(cfg.Markets) != len(certTable) || len(cfg.Feeds) != len(certTable) {
		t.Errorf("%d markets and %d feeds of %d", len(cfg.Markets), len(cfg.Feeds), len(certTable))
	}
}
