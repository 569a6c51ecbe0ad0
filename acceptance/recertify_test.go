package acceptance

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// newServerPair writes a certificate with a serial number, and its key, in the place of
// those of the gateway.
func newServerPair(t *testing.T, dir string, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(30 * 24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []struct {
		name, kind string
		bytes      []byte
	}{{"server.key", "PRIVATE KEY", private}, {"server.crt", "CERTIFICATE", der}} {
		path := filepath.Join(dir, file.name)
		if err := os.WriteFile(path+".new", pem.EncodeToMemory(&pem.Block{Type: file.kind, Bytes: file.bytes}), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
}

// shows waits until a new connection meets the certificate with a serial number.
func shows(ctx context.Context, t *testing.T, addr string, serial int64) {
	t.Helper()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	// Who it is from does not matter here: its number is all that is looked at.
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec
	for {
		c, err := dialer.DialContext(ctx, "tcp", addr)
		if err != nil {
			t.Fatalf("no handshake: %v", err)
		}
		got := c.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64()
		c.Close()
		if got == serial {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("the certificate has number %d, want %d", got, serial)
		}
	}
}

// logged waits until the log of a gateway has the words.
func logged(ctx context.Context, t *testing.T, g *Gateway, words string) {
	t.Helper()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		text, err := os.ReadFile(g.cmd.Stdout.(*os.File).Name())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), words) {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("the log does not say %q", words)
		}
	}
}

// TestCertificatesWithoutRestart: new certificates are taken while the gateway runs,
// whether it is told or not; files that are no good change nothing.
func TestCertificatesWithoutRestart(t *testing.T) {
	args, data := lastingVenue(t, Venue{})
	dir := filepath.Dir(data)
	newServerPair(t, dir, 1)
	config := strings.Replace(Venue{}.TOML(), "[[market]]", "[fix.tls]\ncert = \"server.crt\"\nkey = \"server.key\"\n[[market]]", 1)
	if err := os.WriteFile(args[len(args)-1], []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	g := startGateway(t, args...)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // It may have been built first.
	defer cancel()
	shows(ctx, t, g.FIX, 1)
	newServerPair(t, dir, 2)
	shows(ctx, t, g.FIX, 2) // Seen without a word.
	if err := os.WriteFile(filepath.Join(dir, "server.crt"), []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	tell := func() {
		if err := syscall.Kill(g.PID, syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	tell()
	logged(ctx, t, g, "certificates not taken") // Only then have they been looked at.
	shows(ctx, t, g.FIX, 2)
	newServerPair(t, dir, 3)
	tell()
	shows(ctx, t, g.FIX, 3)
}
