package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"backstop/config"
	"backstop/fix"

	"github.com/rogpeppe/go-internal/testscript"
)

// issuer makes certificates for scripts.
type issuer struct {
	ts   *testscript.TestScript
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
}

// issue writes name.crt and name.key.
func (i *issuer) issue(name string, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	i.ts.Check(err)
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	if c.NotAfter.IsZero() {
		c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(365*24*time.Hour)
	}
	parent, signer := i.cert, i.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	i.ts.Check(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	i.ts.Check(err)
	for _, f := range []struct {
		file, kind string
		bytes      []byte
	}{{name + ".crt", "CERTIFICATE", der}, {name + ".key", "PRIVATE KEY", private}} {
		i.ts.Check(os.WriteFile(filepath.Join(i.dir, f.file), pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.bytes}), 0o600))
	}
	leaf, err := x509.ParseCertificate(der)
	i.ts.Check(err)
	return leaf, key
}

// certs makes a CA, a certificate of the server, and one for each client, one of
// them too old, and another CA with a client: certs DIR CLIENT... The variable
// SPKI is the fingerprint of the last client's key.
func certs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: certs DIR CLIENT...")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	ca := func(name string) *issuer {
		i := &issuer{ts: ts, dir: dir}
		i.cert, i.key = i.issue(name, &x509.Certificate{
			Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		})
		return i
	}
	ours, other := ca("ca"), ca("other-ca")
	ours.issue("server", &x509.Certificate{
		Subject: pkix.Name{CommonName: "gateway"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	client := func(name string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	}
	for _, name := range args[1:] {
		leaf, _ := ours.issue(name, client(name))
		sum := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
		ts.Setenv("SPKI", hex.EncodeToString(sum[:]))
	}
	old := client(args[1])
	old.NotBefore, old.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	ours.issue("expired", old)
	other.issue("stranger", client(args[1]))
}

// modes fails unless every file below is of mode 0600 and every directory of
// 0700: modes PATH...
func modes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: modes PATH...")
	}
	for _, root := range args {
		seen := 0
		ts.Check(filepath.WalkDir(ts.MkAbs(root), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			seen++
			want := fs.FileMode(0o600)
			if d.IsDir() {
				want = 0o700
			}
			if got := info.Mode().Perm(); got != want {
				ts.Fatalf("%s has mode %04o, want %04o", path, got, want)
			}
			return nil
		}))
		ts.Logf("%d files and directories in %s", seen, root)
	}
}

// nowhere fails if a text stands in a file or below a directory: nowhere TEXT
// PATH...; stdout and stderr are those of the last command.
func nowhere(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: nowhere TEXT PATH...")
	}
	look := func(path string, b []byte) {
		if bytes.Contains(b, []byte(args[0])) {
			ts.Fatalf("%q stands in %s", args[0], path)
		}
	}
	for _, root := range args[1:] {
		if root == "stdout" || root == "stderr" {
			look(root, []byte(ts.ReadFile(root)))
			continue
		}
		ts.Check(filepath.WalkDir(ts.MkAbs(root), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !d.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			look(path, b)
			return err
		}))
	}
}

// TestLogHidesSecrets: a password that is typed where a name belongs does not
// reach the log, as text or in an error; times stay as they are.
func TestLogHidesSecrets(t *testing.T) {
	cfg := &config.Config{Sessions: []config.Session{
		{Secret: "env:A", Password: "correct-horse"}, {Secret: "plain:demo", Password: "demo"}, {Secret: "file:short", Password: "ab"},
	}}
	var b bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{ReplaceAttr: redact(passwords(cfg))}))
	log.Info("knock of correct-horse", "comp_id", "correct-horse", "error", errors.New("no correct-horse"), slog.Group("in", "x", "correct-horse"), "kept", "demo ab")
	text := b.String()
	if strings.Contains(text, "horse") || strings.Count(text, "***") != 4 || !strings.Contains(text, "demo ab") {
		t.Errorf("logged %s", text)
	}
	if _, rest, _ := strings.Cut(text, `"time":"`); len(rest) < 10 || rest[4] != '-' {
		t.Errorf("the time is %s", text)
	}
}

// TestDemoNeedsNoTLS: the client connects as before where no flag asks for TLS.
func TestDemoNeedsNoTLS(t *testing.T) {
	var o clientOptions
	if over, err := o.transport(); over != nil || err != nil {
		t.Errorf("%v, %v", over, err)
	}
	o.fix, o.tls = "desk.example:1", true
	over, err := o.transport()
	if err != nil || over.ServerName != "desk.example" || over.MinVersion != tls.VersionTLS12 {
		t.Errorf("%+v, %v", over, err)
	}
}

// TestCertificatesOfTheDocs runs the commands of docs/operate.md as they stand
// there, and starts from what they make.
func TestCertificatesOfTheDocs(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("needs the program openssl")
	}
	doc, err := os.ReadFile("../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(doc), "### Certificates\n")
	text, _, _ := strings.Cut(rest, "```toml")
	var script strings.Builder
	for line := range strings.Lines(text) {
		if command, ok := strings.CutPrefix(line, "    "); ok {
			script.WriteString(command)
		}
	}
	if !found || !strings.Contains(script.String(), "openssl req") {
		t.Fatal("docs/operate.md has no commands under Certificates")
	}
	dir := t.TempDir()
	sh := exec.Command("sh", "-e")
	sh.Dir, sh.Stdin = dir, strings.NewReader(script.String())
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	spki, err := os.ReadFile(filepath.Join(dir, "acme.spki"))
	if err != nil {
		t.Fatal(err)
	}
	sum, _, _ := strings.Cut(string(spki), " ")
	src := strings.NewReplacer(`"127.0.0.1:9878"`, `"127.0.0.1:0"`, `dashboard = "127.0.0.1:8080"`, `dashboard = ""`,
		`#[fix.tls]`, "[fix.tls]\ncert = \"server.crt\"\nkey = \"server.key\"\nclient_ca = \"ca.crt\"",
		`secret         = "plain:demo"`, `cert_spki = "sha256:`+sum+`"`, `= "password"`, `= "mtls"`).Replace(config.Default())
	path := filepath.Join(dir, "gateway.toml")
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	a, err := start(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.stop(true); err != nil {
			t.Error(err)
		}
	}()
	over, err := config.ClientTLS(a.door.Addr().String(), filepath.Join(dir, "ca.crt"), filepath.Join(dir, "acme.crt"), filepath.Join(dir, "acme.key"))
	if err != nil {
		t.Fatal(err)
	}
	client, err := fix.Dial(t.Context(), fix.ClientConfig{Addr: a.door.Addr().String(), CompID: "DEMO1", Target: "BACKSTOP", TLS: over})
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
}
