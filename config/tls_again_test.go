package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// newPair writes a certificate of its own and its key, and says when it is good.
func newPair(t *testing.T, dir, name string, serial int64, until time.Time) TLS {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: until.Add(-48 * time.Hour), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	files := TLS{Cert: filepath.Join(dir, name+".crt"), Key: filepath.Join(dir, name+".key")}
	for file, block := range map[string]*pem.Block{files.Cert: {Type: "CERTIFICATE", Bytes: der}, files.Key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// TestCertificatesAgain: files are read anew, and refused for what a start would
// refuse them for.
func TestCertificatesAgain(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	good := newPair(t, dir, "good", 7, now.Add(time.Hour))
	old := newPair(t, dir, "old", 8, now.Add(-time.Hour))
	none := filepath.Join(dir, "none")
	if err := os.WriteFile(none, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	withCA := good
	withCA.ClientCA = good.Cert
	for _, c := range []struct {
		name  string
		files TLS
		says  string
	}{
		{"good", good, ""},
		{"with CAs", withCA, ""},
		{"no certificate", TLS{Cert: filepath.Join(dir, "gone"), Key: good.Key}, "cannot be read"},
		{"no key", TLS{Cert: good.Cert, Key: filepath.Join(dir, "gone")}, "cannot be read"},
		{"no pair", TLS{Cert: good.Cert, Key: old.Key}, "no pair"},
		{"ended", old, "is good from"},
		{"no CAs", TLS{Cert: good.Cert, Key: good.Key, ClientCA: none}, "holds no certificate"},
	} {
		got, err := c.files.Again(now)
		switch {
		case c.says != "":
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v, want %q", c.name, err, c.says)
			}
		case err != nil || got.Pair.Leaf.SerialNumber.Int64() != 7 || (got.Clients != nil) != (c.files.ClientCA != ""):
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}
