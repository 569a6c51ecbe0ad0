package acceptance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quickfixgo/quickfix"
	"github.com/quickfixgo/quickfix/store/file"
)

// packClient is a stock application: it adds to the Logon what the README of the
// pack says, and notes what comes.
type packClient struct {
	dialect string
	heard   chan string // MsgType(35) of what passed validation
	refused chan string // of what this end refused, or was told off for
}

func (c *packClient) OnCreate(quickfix.SessionID)                       {}
func (c *packClient) OnLogout(quickfix.SessionID)                       {}
func (c *packClient) ToApp(*quickfix.Message, quickfix.SessionID) error { return nil }

// OnLogon asks for markets and prices, from the session's own goroutine: with
// EnableLastMsgSeqNumProcessed quickfix v0.9.11 reads the store without a lock when
// it sends, so that any other goroutine would race with what comes in.
func (c *packClient) OnLogon(id quickfix.SessionID) {
	ask := func(kind string, body func(*quickfix.Body)) {
		msg := quickfix.NewMessage()
		msg.Header.SetString(35, kind)
		body(&msg.Body)
		if err := quickfix.SendToTarget(msg, id); err != nil {
			c.refused <- err.Error()
		}
	}
	ask("x", func(b *quickfix.Body) { b.SetString(320, "L1").SetString(559, "4") })
	ask("V", func(b *quickfix.Body) {
		b.SetString(262, "M1").SetString(263, "0").SetString(264, "0")
		types := quickfix.NewRepeatingGroup(267, quickfix.GroupTemplate{quickfix.GroupElement(269)})
		types.Add().SetString(269, "0")
		b.SetGroup(types)
		symbols := quickfix.NewRepeatingGroup(146, quickfix.GroupTemplate{quickfix.GroupElement(55)})
		symbols.Add().SetString(55, "BTC-PERP")
		b.SetGroup(symbols)
	})
}

func (c *packClient) ToAdmin(msg *quickfix.Message, _ quickfix.SessionID) {
	switch kind, _ := msg.MsgType(); kind {
	case "A":
		msg.Body.SetString(553, "ACME")
		msg.Body.SetString(554, "demo-pass-9")
		if c.dialect != "STRICT44" {
			msg.Body.SetString(22000, c.dialect)
		}
	case "3":
		c.refused <- msg.String()
	}
}

func (c *packClient) FromAdmin(msg *quickfix.Message, _ quickfix.SessionID) quickfix.MessageRejectError {
	if kind, _ := msg.MsgType(); kind == "3" {
		c.refused <- msg.String()
	}
	return nil
}

func (c *packClient) FromApp(msg *quickfix.Message, _ quickfix.SessionID) quickfix.MessageRejectError {
	kind, _ := msg.MsgType()
	c.heard <- kind
	return nil
}

// TestConnectPack: an institution unpacks its connect pack and starts a stock
// engine with the settings in it: it logs on, and what comes passes the
// dictionary of the pack. The other settings can be read too.
func TestConnectPack(t *testing.T) {
	for name, c := range map[string]struct {
		dialect string
		tls     bool
	}{"plain": {"STRICT44", false}, "TLS, VAMM1": {"VAMM1", true}} {
		t.Run(name, func(t *testing.T) {
			pack := packOf(t, c.dialect, c.tls)
			for _, engine := range []string{"quickfixj", "quickfixn", "quickfix-cpp", "quickfixgo"} {
				settings := readSettings(t, filepath.Join(pack, engine+".cfg"))
				if len(settings.SessionSettings()) != 1 {
					t.Errorf("%s: %d sessions", engine, len(settings.SessionSettings()))
				}
				for id := range settings.SessionSettings() {
					if want := (quickfix.SessionID{BeginString: "FIX.4.4", SenderCompID: "ACME", TargetCompID: "BACKSTOP"}); id != want {
						t.Errorf("%s: session %v", engine, id)
					}
				}
			}
			t.Chdir(pack)
			talk(t, c.dialect, readSettings(t, "quickfixgo.cfg"))
		})
	}
}

func readSettings(t *testing.T, path string) *quickfix.Settings {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	settings, err := quickfix.ParseSettings(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return settings
}

// packVenue starts a gateway with one client, in a folder with its configuration.
func packVenue(t *testing.T, secure bool) (g *Gateway, dir string) {
	t.Helper()
	dir = t.TempDir()
	toml := "[server]\ndata_dir = \"data\"\ndashboard = \"127.0.0.1:0\"\n[fix]\nlisten = \"127.0.0.1:0\"\ncomp_id = \"BACKSTOP\"\n"
	if secure {
		toml += "[fix.tls]\nkey = \"server.key\"\ncert = \"server.crt\"\nclient_ca = \"ca.crt\"\n"
		issueAll(t, dir)
	}
	toml += "[[market]]\nsymbol = \"BTC-PERP\"\ntick = \"0.5\"\nlot = \"0.001\"\nmax_order = \"25\"\n" +
		"[[account]]\nname = \"ACME\"\ndeposit = \"1000000\"\n[[session]]\ncomp_id = \"ACME\"\nsecret = \"plain:demo-pass-9\"\naccounts = [\"ACME\"]\n" +
		"[[feed]]\nkind = \"synthetic\"\nsymbols = [\"BTC-PERP\"]\nstart = { \"BTC-PERP\" = \"60000\" }\n"
	config := filepath.Join(dir, "gateway.toml")
	if err := os.WriteFile(config, []byte(toml), 0o600); err != nil {
		t.Fatal(err)
	}
	return startGateway(t, "run", "--config", config), dir
}

// packOf starts a gateway and writes the pack of its session.
func packOf(t *testing.T, dialect string, secure bool) string {
	t.Helper()
	g, dir := packVenue(t, secure)
	args := []string{"session", "pack", "ACME", "--config", filepath.Join(dir, "gateway.toml"), "--connect", g.FIX, "--dialect", dialect, "--out", filepath.Join(dir, "pack")}
	if secure {
		args = append(args, "--ca", filepath.Join(dir, "ca.crt"))
	}
	if out, talk, code, err := Run(t.Context(), args...); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, talk)
	}
	for _, name := range []string{"client.crt", "client.key"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err == nil { // What the client has already.
			if err := os.WriteFile(filepath.Join(dir, "pack", name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		} else if secure {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "pack")
}

// talk logs on with the settings, waits for markets and prices, and logs out.
func talk(t *testing.T, dialect string, settings *quickfix.Settings) {
	t.Helper()
	app := &packClient{dialect: dialect, heard: make(chan string, 1024), refused: make(chan string, 16)}
	initiator, err := quickfix.NewInitiator(app, file.NewStoreFactory(settings), settings, quickfix.NewNullLogFactory())
	if err != nil {
		t.Fatal(err)
	}
	if err := initiator.Start(); err != nil {
		t.Fatal(err)
	}
	defer initiator.Stop()
	late := time.After(30 * time.Second)
	for want := "y W"; want != ""; {
		select {
		case kind := <-app.heard:
			want = strings.TrimSpace(strings.Replace(want, kind, "", 1))
		case text := <-app.refused:
			t.Fatalf("refused: %s", strings.ReplaceAll(text, "\x01", "|"))
		case <-late:
			t.Fatalf("no %s came", want)
		}
	}
}

// issueAll makes a CA, a certificate of the gateway and one of the client.
func issueAll(t *testing.T, dir string) {
	t.Helper()
	var ca *x509.Certificate
	var caKey *ecdsa.PrivateKey
	for i, c := range []struct {
		file string
		cert x509.Certificate
	}{
		{"ca", x509.Certificate{Subject: pkix.Name{CommonName: "desk CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}},
		{"server", x509.Certificate{Subject: pkix.Name{CommonName: "gateway"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}},
		{"client", x509.Certificate{Subject: pkix.Name{CommonName: "ACME"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}},
	} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c.cert.SerialNumber = big.NewInt(int64(i + 1))
		c.cert.NotBefore, c.cert.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(90*24*time.Hour)
		if ca == nil {
			ca, caKey = &c.cert, key
		}
		der, err := x509.CreateCertificate(rand.Reader, &c.cert, ca, &key.PublicKey, caKey)
		if err != nil {
			t.Fatal(err)
		}
		private, err := x509.MarshalECPrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		for name, block := range map[string]*pem.Block{c.file + ".crt": {Type: "CERTIFICATE", Bytes: der}, c.file + ".key": {Type: "EC PRIVATE KEY", Bytes: private}} {
			if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
