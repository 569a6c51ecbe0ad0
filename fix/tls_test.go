package fix

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"log/slog"
	"math/big"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// authority makes certificates for a test.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

var serials atomic.Int64

func newAuthority(t testing.TB, name string) *authority {
	a := &authority{t: t}
	made := a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	a.cert, a.key = made.Leaf, made.PrivateKey.(*ecdsa.PrivateKey)
	return a
}

// sign completes a certificate with a new key; without an authority it signs
// itself.
func (a *authority) sign(template *x509.Certificate) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(serials.Add(1))
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (a *authority) server() tls.Certificate {
	return a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "gateway"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
}

func (a *authority) client(name string) tls.Certificate {
	return a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// trusting is what a client of this authority starts from.
func (a *authority) trusting(shown ...tls.Certificate) *tls.Config {
	return &tls.Config{RootCAs: a.pool(), ServerName: "127.0.0.1", Certificates: shown}
}

func spki(c tls.Certificate) string {
	sum := sha256.Sum256(c.Leaf.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(sum[:])
}

// overTLS makes a world whose clients have to show certificates: ALICE has one
// besides a password, CAROL needs no password, PIN is known by its key.
func overTLS(t testing.TB, a *authority, pin string, change func(*Config)) *world {
	return newWorld(t, func(c *Config) {
		c.TLS = &TLS{Certificate: a.server(), ClientCAs: a.pool()}
		c.Sessions = append(c.Sessions, SessionConfig{CompID: "CAROL", Auth: AuthMTLS}, SessionConfig{CompID: "PIN", Auth: AuthMTLS, CertSPKI: pin})
		if change != nil {
			change(c)
		}
	})
}

// secure is a peer whose handshake may have failed.
func (w *world) secure(name string, cfg *tls.Config) (*peer, error) {
	w.t.Helper()
	p := w.dial(name)
	c := tls.Client(p.conn, cfg)
	p.conn, p.in = c, bufio.NewReader(c)
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		w.t.Fatal(err)
	}
	return p, c.Handshake()
}

// TestRecertify: a connection that comes after the certificates were changed meets
// the new ones, on both sides; one that is there goes on.
func TestRecertify(t *testing.T) {
	t.Parallel()
	old, other := newAuthority(t, "the CA"), newAuthority(t, "the next CA")
	w := overTLS(t, old, spki(old.client("PIN")), nil)
	before, err := w.secure("CAROL", old.trusting(old.client("CAROL")))
	if err != nil {
		t.Fatal(err)
	}
	before.send("A", "98=0|108=30|")
	before.expect("35=A")
	w.door.Recertify(TLS{Certificate: other.server(), ClientCAs: other.pool()})
	if _, err := w.secure("ALICE", old.trusting(old.client("ALICE"))); err == nil {
		t.Error("the old certificate is still shown")
	}
	p, err := w.secure("ALICE", other.trusting(other.client("ALICE")))
	if err != nil {
		t.Fatal(err)
	}
	p.send("A", "98=0|108=30|553=ALICE|554=demo|")
	p.expect("35=A")
	stranger := other.trusting(old.client("PIN"))
	if p, err := w.secure("PIN", stranger); err == nil { // TLS 1.3 tells the client with the first read.
		p.ended()
	}
	before.order("GOES-ON")
	before.expect("35=8", "11=GOES-ON")
}

// TestTLS: who shows the right certificate trades as on plain TCP, and both ends
// close in order.
func TestTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "the CA")
	pin := a.client("whatever it is called")
	w := overTLS(t, a, spki(pin), nil)
	for _, c := range []struct {
		name, proof string
		shown       tls.Certificate
		change      func(*tls.Config)
		version     uint16
	}{
		{"ALICE", "553=ALICE|554=demo|", a.client("ALICE"), nil, tls.VersionTLS13},
		{"CAROL", "", a.client("CAROL"), nil, tls.VersionTLS13},
		{"PIN", "", pin, nil, tls.VersionTLS13},
		{"CAROL", "", a.client("CAROL"), func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, tls.VersionTLS12},
	} {
		cfg := a.trusting(c.shown)
		if c.change != nil {
			c.change(cfg)
		}
		p, err := w.secure(c.name, cfg)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := p.conn.(*tls.Conn).ConnectionState().Version; got != c.version {
			t.Errorf("%s: version %x, want %x", c.name, got, c.version)
		}
		in, _ := w.door.byComp[c.name].numbers.next()
		p.seq = int(in)
		p.send("A", "98=0|108=30|"+c.proof)
		p.expect("35=A")
		p.order("O1")
		p.expect("35=8", "11=O1")
		p.send("5", "")
		p.expect("35=5")
		p.ended()
		p.conn.Close()
	}
	if k := w.door.Knocks(); len(k) != 0 {
		t.Errorf("knocks %+v", k)
	}
}

// TestTLSRefusals: C6. Whoever does not show the right certificate is refused
// before the session library: no number moves, each is a knock.
func TestTLSRefusals(t *testing.T) {
	t.Parallel()
	a, other := newAuthority(t, "the CA"), newAuthority(t, "another CA")
	pin := a.client("PIN")
	w := overTLS(t, a, spki(pin), nil)
	usage := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	expired := a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "CAROL"}, ExtKeyUsage: usage, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour),
	})
	early := a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "CAROL"}, ExtKeyUsage: usage, NotBefore: time.Now().Add(time.Hour), NotAfter: time.Now().Add(2 * time.Hour),
	})
	server := a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "CAROL"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	selfSigned := (&authority{t: t}).sign(&x509.Certificate{Subject: pkix.Name{CommonName: "CAROL"}, ExtKeyUsage: usage})
	password := "553=ALICE|554=demo|"
	old := func(version uint16) func(*tls.Config) {
		return func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, version }
	}
	cbc := func(c *tls.Config) {
		c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
	}
	for _, c := range []struct {
		what, name, proof string
		shown             []tls.Certificate
		change            func(*tls.Config)
		knock             string
	}{
		{"no certificate", "ALICE", password, nil, nil, "TLS handshake failed"},
		{"unknown CA", "CAROL", "", []tls.Certificate{other.client("CAROL")}, nil, "client certificate refused"},
		{"self-signed", "CAROL", "", []tls.Certificate{selfSigned}, nil, "client certificate refused"},
		{"expired", "CAROL", "", []tls.Certificate{expired}, nil, "client certificate refused"},
		{"not valid yet", "CAROL", "", []tls.Certificate{early}, nil, "client certificate refused"},
		{"a server's certificate", "CAROL", "", []tls.Certificate{server}, nil, "client certificate refused"},
		{"CompID swap, no password", "CAROL", "", []tls.Certificate{a.client("ALICE")}, nil, foreignCert},
		{"CompID swap, right password", "ALICE", password, []tls.Certificate{a.client("CAROL")}, nil, foreignCert},
		{"nearly the name", "CAROL", "", []tls.Certificate{a.client("carol")}, nil, foreignCert},
		{"another key of the pinned name", "PIN", "", []tls.Certificate{a.client("PIN")}, nil, foreignCert},
		{"unknown CompID", "EVE", "", []tls.Certificate{a.client("EVE")}, nil, unknownCompID},
		{"TLS 1.0", "CAROL", "", []tls.Certificate{a.client("CAROL")}, old(tls.VersionTLS10), "TLS handshake failed"},
		{"TLS 1.1", "CAROL", "", []tls.Certificate{a.client("CAROL")}, old(tls.VersionTLS11), "TLS handshake failed"},
		{"CBC", "CAROL", "", []tls.Certificate{a.client("CAROL")}, cbc, "TLS handshake failed"},
	} {
		cfg := a.trusting()
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &append(c.shown, tls.Certificate{})[0], nil // Also one that the server does not ask for.
		}
		if c.change != nil {
			c.change(cfg)
		}
		w.refusedOverTLS(c.what, c.name, c.proof, cfg)
		if all := w.knocked(0); all[0].Reason != c.knock {
			t.Errorf("%s: knock %+v, want %q", c.what, all[0], c.knock)
		}
		w.door.gate.mu.Lock()
		w.door.gate.knocks = nil
		w.door.gate.mu.Unlock()
	}
	w.untouched()
}

// refusedOverTLS checks that a Logon gets no answer, or a Logout without a
// number if it carries a password.
func (w *world) refusedOverTLS(what, name, proof string, cfg *tls.Config) {
	w.t.Helper()
	p, err := w.secure(name, cfg)
	if err != nil {
		return
	}
	defer p.conn.Close()
	// A client of TLS 1.3 does not wait for the server's verdict on its
	// certificate; its first message meets it.
	if _, err := p.conn.Write(p.message("A", "34=1", "98=0|108=30|"+proof)); err != nil {
		return
	}
	got, err := p.next(cutMax)
	if strings.Contains(got, "|35=5|34=0|") && proof != "" {
		got, err = p.next(cutMax)
	}
	if err == nil || got != "" {
		w.t.Errorf("%s: got %q, %v", what, got, err)
	}
}

// TestPlainTCPIsCut where TLS is spoken; so is a client that begins a handshake
// and says no more, and both count to the limit of connections.
func TestPlainTCPIsCut(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "the CA")
	w := overTLS(t, a, "", func(c *Config) { c.Limits.LogonTimeout, c.Limits.PerAddress = 300*time.Millisecond, 2 })
	plain := w.dial("ALICE")
	plain.logon("")
	got, err := plain.next(cutMax)
	if strings.Contains(got, "8=FIX") || err == nil {
		t.Errorf("plain TCP got %q, %v", got, err)
	}
	plain.conn.Close()
	if k := w.knocked(0); k[0].Reason != "no TLS" {
		t.Errorf("knocks %+v", k)
	}
	w.door.guard.emptied(t)
	silent, half := w.dial("A"), w.dial("B")
	half.raw([]byte{22, 3, 1, 2, 0}) // The head of a record.
	over := w.dial("C")
	over.ended()
	if k := w.knocked(1); k[0].Reason != "too many connections" {
		t.Errorf("knocks %+v", k)
	}
	for _, p := range []*peer{silent, half} {
		if got, err := p.next(cutMax); strings.Contains(got, "8=FIX") || err == nil {
			t.Errorf("%s got %q, %v", p.name, got, err)
		}
	}
	w.untouched()
}

// TestSlowClientOverTLSIsCut: F1 and C8 hold over TLS.
func TestSlowClientOverTLSIsCut(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "the CA")
	w := overTLS(t, a, "", func(c *Config) { c.Limits.WriteStall, c.Limits.WriteStalls = 50*time.Millisecond, 3 })
	p, err := w.secure("CAROL", a.trusting(a.client("CAROL")))
	if err != nil {
		t.Fatal(err)
	}
	p.send("A", "98=0|108=30|")
	p.expect("35=A")
	id := strings.Repeat("z", 3000)
	for seq := 2; ; seq++ { // Until the gateway has had enough.
		if err := p.conn.SetWriteDeadline(time.Now().Add(4 * cutMax)); err != nil {
			t.Fatal(err)
		}
		if _, err := p.conn.Write(p.message("1", "34="+strconv.Itoa(seq), "112="+id+"|")); err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				t.Fatal("a client that does not read is not cut")
			}
			return
		}
	}
}

// TestMTLSNeedsCertificates: a session that only a certificate proves is not
// opened where none is asked for.
func TestMTLSNeedsCertificates(t *testing.T) {
	for _, c := range []*TLS{nil, {}} {
		_, err := New(Config{CompID: "G", TLS: c, Sessions: []SessionConfig{{CompID: "A", Auth: AuthMTLS}}}, nil, nil, nil, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), "needs TLS") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// knocked waits until there are more than so many kinds of knocks.
func (w *world) knocked(before int) []Knock {
	w.t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	end := time.After(patience)
	for {
		if k := w.door.Knocks(); len(k) > before {
			return k
		}
		select {
		case <-look.C:
		case <-end:
			w.t.Fatalf("no knock; there are %+v", w.door.Knocks())
		}
	}
}

// emptied waits until no connection is left.
func (g *guard) emptied(t testing.TB) {
	t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	end := time.After(cutMax)
	for {
		g.mu.Lock()
		left := len(g.conns)
		g.mu.Unlock()
		if left == 0 {
			return
		}
		select {
		case <-look.C:
		case <-end:
			t.Fatalf("%d connections are left", left)
		}
	}
}

// untouched checks that nobody's numbers have moved.
func (w *world) untouched() {
	w.t.Helper()
	for _, l := range w.door.links {
		if in, out := l.numbers.next(); in != 1 || out != 1 {
			w.t.Errorf("%s: next numbers %d, %d; want 1, 1", l.cfg.CompID, in, out)
		}
	}
}
