package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writePair writes a self-signed certificate and its key.
func writePair(t *testing.T, dir, name string, from, to time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writeMode(t, dir, name+".crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})), 0o644)
	writeMode(t, dir, name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})), 0o600)
}

func writeMode(t *testing.T, dir, name, text string, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// TestTLSFilesAreRead: what Load says of the files of [fix.tls].
func TestTLSFilesAreRead(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	const day = 24 * time.Hour
	writePair(t, dir, "good", now.Add(-day), now.Add(365*day))
	writePair(t, dir, "soon", now.Add(-day), now.Add(2*day))
	writePair(t, dir, "old", now.Add(-2*day), now.Add(-day))
	writePair(t, dir, "early", now.Add(day), now.Add(2*day))
	writeMode(t, dir, "open.key", read(t, filepath.Join(dir, "good.key")), 0o640)
	writeMode(t, dir, "text", "no PEM", 0o600)
	t.Setenv("ACME_PASSWORD", "x")
	for _, c := range []struct{ cert, key, ca, fault, at string }{
		{"good.crt", "good.key", "good.crt", "", ""},
		{"good.crt", "good.key", "", "", ""},
		{"soon.crt", "soon.key", "", "warning: the certificate ends on ", ""},
		{"none", "good.key", "", "cannot be read", ":29:8: "},
		{"good.crt", "none", "", "cannot be read", ":30:7: "},
		{"good.crt", "open.key", "", "has mode 0640: others may read it", ":30:7: "},
		{"good.crt", ".", "", "is not a plain file", ":30:7: "},
		{"good.crt", "text", "", "are no pair", ":29:8: "},
		{"good.crt", "soon.key", "", "are no pair", ":29:8: "},
		{"old.crt", "old.key", "", "the certificate ended on ", ":29:8: "},
		{"early.crt", "early.key", "", "the certificate begins on ", ":29:8: "},
		{"good.crt", "good.key", "none", "cannot be read", ":31:13: "},
		{"good.crt", "good.key", "text", "holds no certificate", ":31:13: "},
	} {
		src := read(t, "testdata/base.toml") + "[fix.tls]\ncert = \"" + c.cert + "\"\nkey = \"" + c.key + "\"\nclient_ca = \"" + c.ca + "\"\n"
		writeMode(t, dir, "gateway.toml", src, 0o644)
		got, err := Load(filepath.Join(dir, "gateway.toml"))
		said := ""
		if err != nil {
			said = err.Error()
		} else if len(got.Warnings) > 0 {
			said = "warning: " + got.Warnings[0].What
		}
		if (c.fault == "") != (said == "") || !strings.Contains(said, c.fault) || !strings.Contains(said, c.at) {
			t.Errorf("%+v: %s", c, said)
		}
		if err == nil && (got.Fix.TLS.Pair == nil || (got.Fix.TLS.Clients != nil) != (c.ca != "")) {
			t.Errorf("%+v: not read: %+v", c, got.Fix.TLS)
		}
	}
}

// TestSecretsMayBeHashes: wherever a session's secret is, it may be a hash.
func TestSecretsMayBeHashes(t *testing.T) {
	dir := t.TempDir()
	hash := NewHash("hunter2")
	writeMode(t, dir, "hashed", hash+"\n", 0o600)
	writeMode(t, dir, "broken", hashStart+"v=19$hunter2\n", 0o600)
	t.Setenv("HASHED", hash)
	for _, c := range []struct{ secret, fault string }{
		{"argon2id:" + hash, ""}, {"file:hashed", ""}, {"env:HASHED", ""}, {"file:broken", "the hash is not of the form"},
	} {
		writeMode(t, dir, "gateway.toml", strings.Replace(read(t, "testdata/base.toml"), "env:ACME_PASSWORD", c.secret, 1), 0o644)
		got, err := Load(filepath.Join(dir, "gateway.toml"))
		if c.fault != "" {
			if err == nil || !strings.Contains(err.Error(), c.fault) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: %v", c.secret, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.secret, err)
			continue
		}
		if s := got.Sessions[0]; s.Password != "" || s.Hash == nil || !s.Hash.Matches("hunter2") {
			t.Errorf("%s: not read as a hash", c.secret)
		}
		if strings.Contains(got.Show(), hash) {
			t.Errorf("%s: the hash is shown", c.secret)
		}
	}
}

// TestClientTLS: a key that others may read, half a pair and files that are none
// are refused.
func TestClientTLS(t *testing.T) {
	dir := t.TempDir()
	writePair(t, dir, "good", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	writeMode(t, dir, "open.key", read(t, filepath.Join(dir, "good.key")), 0o644)
	at := func(name string) string {
		if name == "" {
			return ""
		}
		return filepath.Join(dir, name)
	}
	for _, c := range []struct{ ca, cert, key, fault string }{
		{"", "", "", ""}, {"good.crt", "good.crt", "good.key", ""},
		{"none", "", "", "cannot be read"}, {"", "good.crt", "", "needs its key"}, {"", "", "good.key", "needs its key"},
		{"", "good.crt", "open.key", "others may read it"}, {"", "none", "good.key", "reading the certificate"}, {"", "good.key", "good.key", "are no pair"},
	} {
		got, err := ClientTLS("desk.example:1", at(c.ca), at(c.cert), at(c.key))
		switch {
		case c.fault == "" && (err != nil || got.ServerName != "desk.example" || (got.RootCAs != nil) != (c.ca != "") || len(got.Certificates) == 1 != (c.cert != "")):
			t.Errorf("%+v: %v, %v", c, got, err)
		case c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)):
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestMayListen: what the file may not, a flag may not either.
func TestMayListen(t *testing.T) {
	const over = "[fix.tls]\ncert = \"c\"\nkey = \"k\"\n"
	base := read(t, "testdata/base.toml")
	for _, c := range []struct{ src, addr, fault string }{
		{base, "127.0.0.1:1", ""}, {base, "192.0.2.1:1", "without [fix.tls]"}, {base, "nowhere", "is not an address"},
		{base + over, "192.0.2.1:1", ""},
		{strings.Replace(base, "env:ACME_PASSWORD", "plain:x", 1) + over, "192.0.2.1:1", "plain secret"},
		{strings.Replace(base, `secret   = "env:ACME_PASSWORD"`, `auth = "none"`, 1) + over, "192.0.2.1:1", "auth none"},
	} {
		cfg, err := Parse("gateway.toml", []byte(c.src))
		if err != nil {
			t.Fatal(err)
		}
		if err := cfg.MayListen(c.addr); (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%s: %v, want %q", c.addr, err, c.fault)
		}
	}
}
