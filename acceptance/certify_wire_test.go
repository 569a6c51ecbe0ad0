package acceptance

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"backstop/certify"
)

// certWireConfig has markets that spoil the wire, and a session for drop copies.
func certWireConfig() string {
	var b strings.Builder
	b.WriteString("[log]\nlevel = \"debug\"\n[server]\ndata_dir = \"data\"\ndashboard = \"\"\nnotice = \"2s\"\n[fix]\nlisten = \"127.0.0.1:0\"\ncomp_id = \"BACKSTOP\"\n")
	for _, m := range []struct{ symbol, inject string }{{"CERT-FILL", "none"}, {"CERT-GAP", "gap"}, {"CERT-DUP", "duplicate"}} {
		b.WriteString("[[market]]\nsymbol = \"" + m.symbol + "\"\ntick = \"0.01\"\nlot = \"1\"\nmax_order = \"1000\"\ninject = \"" + m.inject + "\"\n" +
			"[market.quote]\nlast_look = \"off\"\nfill_bucket = \"0\"\n" +
			"[[feed]]\nkind = \"scripted\"\nscript = \"steady\"\nsymbols = [\"" + m.symbol + "\"]\nstart = { \"" + m.symbol + "\" = \"100\" }\n")
	}
	b.WriteString("[[account]]\nname = \"TRY\"\ndeposit = \"1000000\"\n")
	b.WriteString("[[session]]\ncomp_id = \"TRY\"\nsecret = \"plain:conform-1\"\naccounts = [\"TRY\"]\n")
	b.WriteString("[[session]]\ncomp_id = \"COPY\"\nsecret = \"plain:conform-1\"\naccounts = [\"TRY\"]\nroles = [\"drop_copy\"]\n")
	return b.String()
}

// logTo starts a gateway that logs into a file.
func logTo(t *testing.T, log, config string) *Gateway {
	t.Helper()
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	g, err := Start(t.Context(), f, "run", "--config", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Kill)
	return g
}

// TestCertifyWire: on a gateway with certification markets the reference client
// earns what can only be seen when the wire is spoilt, when there are other
// connections and when it does not read; the gateway's own log, which says what was
// left out on purpose, bears it out as far as it has the messages. A stop that is
// announced completes it.
func TestCertifyWire(t *testing.T) {
	dir := t.TempDir()
	config, logged, out := filepath.Join(dir, "gateway.toml"), filepath.Join(dir, "gateway.log"), filepath.Join(dir, "out")
	if err := os.WriteFile(config, []byte(certWireConfig()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GATEWAY_PASSWORD", "conform-1")
	g := logTo(t, logged, config)
	text, talk, code, err := Run(t.Context(), "certify", "run", "--against", g.FIX, "--sender", "TRY", "--cert", "--drop-copy", "COPY", "--out", out)
	if err != nil || code != 0 {
		t.Fatalf("certify run ended with %d, %v\n%s%s", code, err, text, talk)
	}
	toldOfFaults(t, g)
	g = logTo(t, logged, config)
	comesBack(t, g)
	if code, err := g.Stop(); err != nil || code != 0 {
		t.Fatalf("gateway ended with %d, %v", code, err)
	}
	// Last look and a long time are not there, nor are markets that move, nor is a stop in the log of the run; other
	// connections are in the client's record alone.
	for source, unseen := range map[string][]string{
		filepath.Join(out, "messages.log"): {"C12", "C19", "C30", "C32", "C33", "C34", "C40"},
		logged:                             {"C02", "C19", "C37", "C30", "C32", "C33", "C34", "C40"},
	} {
		for _, f := range graded(t, source).Findings {
			want := certify.Passed
			if slices.Contains(unseen, f.Check.ID) {
				want = certify.NotObserved
			}
			if f.Verdict != want {
				t.Errorf("%s: %s is %s: %s %v", filepath.Base(source), f.Check.ID, f.Verdict, f.Why, f.Evidence)
			}
		}
	}
}

// toldOfFaults asks the gateway to stop while a client is there, which leaves when it is told.
func toldOfFaults(t *testing.T, g *Gateway) {
	t.Helper()
	c := NewClient("TRY", "BACKSTOP", "TRY", "conform-1")
	if _, err := c.Logon(t.Context(), g.FIX, "141=Y"); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() {
		_, err := g.Stop()
		stopped <- err
	}()
	if f, err := c.NextOf(t.Context(), "B"); err != nil || f.Get(148) != "PLANNED_MAINTENANCE" {
		t.Errorf("announced with %s, %v", f, err)
	}
	if err := c.Logout(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
}

// comesBack logs on again, and out.
func comesBack(t *testing.T, g *Gateway) {
	t.Helper()
	c := NewClient("TRY", "BACKSTOP", "TRY", "conform-1")
	if _, err := c.Logon(t.Context(), g.FIX, "141=Y"); err != nil {
		t.Fatal(err)
	}
	if err := c.Logout(t.Context()); err != nil {
		t.Error(err)
	}
}
