package acceptance

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tlsConfig is the gateway of conformConfig with certificates in a folder. Its client,
// ACME as the certificate says, shows that one and nothing else.
func tlsConfig(dir string) string {
	return strings.NewReplacer(
		"[[market]]", strings.ReplaceAll("[fix.tls]\nkey = \"DIR/server.key\"\ncert = \"DIR/server.crt\"\nclient_ca = \"DIR/ca.crt\"\n[[market]]", "DIR", dir),
		`secret = "plain:conform-1"`, `auth = "mtls"`, "TRY", "ACME").Replace(conformConfig)
}

// TestConformOverTLS: conform and certify run trust the gateway by a CA and show a
// certificate; a gateway of another CA or name is not spoken to, and the mistakes that
// people make are told apart.
func TestConformOverTLS(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	issueAll(t, dir)
	issueAll(t, other)
	g := startWith(t, tlsConfig(dir))
	in := func(dir, name string) string { return filepath.Join(dir, name) }
	shown := []string{"--tls-cert", in(dir, "client.crt"), "--tls-key", in(dir, "client.key")}
	play := []string{"conform", "--against", g.FIX, "--sender", "ACME", "--suite", "session", "--only", "heartbeat", "--timeout", "5s"}
	run := []string{"certify", "run", "--against", g.FIX, "--sender", "ACME", "--only", "c13", "--out", in(t.TempDir(), "out"), "--timeout", "5s"}
	try := func(want int, says string, args ...string) {
		t.Helper()
		out, talk, code, err := Run(t.Context(), args...)
		if err != nil || code != want || !strings.Contains(out+talk, says) {
			t.Errorf("%q ended with %d, want %d and %q; %v\n%s%s", args[1:], code, want, says, err, out, talk)
		}
	}
	with := func(args []string, more ...string) []string { return slices.Concat(args, more) }
	for _, command := range [][]string{play, run} {
		good := with(with(command, shown...), "--tls-ca", in(dir, "ca.crt"))
		try(0, "0 failed", good...)
		try(8, "unknown authority", with(with(command, shown...), "--tls-ca", in(other, "ca.crt"))...)
		try(8, "wanted to match gateway.example", with(good, "--tls-name", "gateway.example")...)
		try(8, "certificate required", with(command, "--tls-ca", in(dir, "ca.crt"))...)
		try(8, "unknown certificate authority", with(command, "--tls-ca", in(dir, "ca.crt"), "--tls-cert", in(other, "client.crt"), "--tls-key", in(other, "client.key"))...)
		try(8, "--tls", command...)
		try(3, "a certificate needs its key", with(command, "--tls-ca", in(dir, "ca.crt"), "--tls-cert", in(dir, "client.crt"))...)
		try(3, "nowhere.crt", with(command, "--tls-ca", in(dir, "nowhere.crt"))...)
		try(3, "client.key", with(command, "--tls-ca", in(dir, "client.key"))...)
	}
	// A selection of nothing is said before anybody is asked.
	try(4, `no scenario has "c99" in its name`, "certify", "run", "--against", "127.0.0.1:1", "--only", "c99", "--out", in(t.TempDir(), "out"))
	try(4, `no case of session has "c99" in its name`, "conform", "--against", "127.0.0.1:1", "--only", "c99")
	plain := startWith(t, conformConfig)
	try(8, "no TLS with the acceptor", "conform", "--against", plain.FIX, "--sender", "TRY", "--tls", "--timeout", "5s")
}
