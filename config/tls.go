package config

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// TLS names the files of [fix.tls].
type TLS struct {
	// Cert and Key are what the gateway shows; empty: plain TCP.
	Cert string `toml:"cert"`
	Key  string `toml:"key"`
	// ClientCA has the CAs whose certificates clients must show; empty: none.
	ClientCA string `toml:"client_ca"`

	// Pair and Clients are what the files hold, once Load has read them.
	Pair    *tls.Certificate
	Clients *x509.CertPool
}

// expirySoon is how long before the end of a certificate validate warns.
const expirySoon = 21 * 24 * time.Hour

// pemMax is the largest certificate or key file that is read.
const pemMax = 1 << 20

// tls checks which keys of [fix.tls] stand together.
func (k *checker) tls() {
	t := k.c.Fix.TLS
	if t == (TLS{}) {
		return
	}
	for _, f := range []struct{ key, value string }{{"cert", t.Cert}, {"key", t.Key}} {
		if f.value == "" && !k.atFault("fix.tls."+f.key) {
			k.faultKey("fix.tls", Problem{
				What: fmt.Sprintf("[fix.tls] needs the key %q", f.key), Hint: "docs/operate.md shows how to make a certificate",
			})
		}
	}
}

// readTLS reads the files of [fix.tls].
func (k *checker) readTLS(dir string, now time.Time) {
	t := &k.c.Fix.TLS
	t.Cert, t.Key, t.ClientCA = under(dir, t.Cert), under(dir, t.Key), under(dir, t.ClientCA)
	if t.Cert == "" || t.Key == "" {
		return
	}
	key, err := readPrivate("key", t.Key, pemMax)
	if err != nil {
		k.fault("fix.tls.key", Problem{What: err.Error(), Hint: hintOf(err)})
	}
	cert, certErr := os.ReadFile(t.Cert)
	if certErr != nil {
		k.fault("fix.tls.cert", Problem{What: fmt.Sprintf("the certificate's file %s cannot be read", t.Cert), Hint: relativeHint})
	}
	if err == nil && certErr == nil {
		k.pair(t, cert, key, now)
	}
	if t.ClientCA == "" {
		return
	}
	if t.Clients, err = readPool(t.ClientCA); err != nil {
		k.fault("fix.tls.client_ca", Problem{What: err.Error(), Hint: hintOf(err)})
	}
}

const relativeHint = "a relative path counts from the directory of this file"

// pair puts certificate and key together and looks at the dates.
func (k *checker) pair(t *TLS, cert, key []byte, now time.Time) {
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		k.fault("fix.tls.cert", Problem{
			What: fmt.Sprintf("%s and %s are no pair: %s", t.Cert, t.Key, strings.TrimPrefix(err.Error(), "tls: ")),
			Hint: "both are PEM; the key belongs to the first certificate of the file",
		})
		return
	}
	t.Pair = &pair
	const day = "2006-01-02 15:04 MST"
	switch leaf := pair.Leaf; {
	case now.After(leaf.NotAfter):
		k.fault("fix.tls.cert", Problem{What: "the certificate ended on " + leaf.NotAfter.UTC().Format(day), Hint: "ask for a new one"})
	case now.Before(leaf.NotBefore):
		k.fault("fix.tls.cert", Problem{What: "the certificate begins on " + leaf.NotBefore.UTC().Format(day), Hint: "is the clock of this machine right?"})
	case now.Add(expirySoon).After(leaf.NotAfter):
		line, col, length := k.spots.find("fix.tls.cert").value.at(k.src)
		k.c.Warnings = append(k.c.Warnings, Problem{
			Line: line, Col: col, Length: length,
			What: "the certificate ends on " + leaf.NotAfter.UTC().Format(day), Hint: "put a new one in place before; a running gateway takes it",
		})
	}
}

// readPool reads the certificates of CAs.
func readPool(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &secretError{fmt.Sprintf("the file of CAs %s cannot be read", path), relativeHint}
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, &secretError{fmt.Sprintf("the file of CAs %s holds no certificate", path), "PEM, one or more"}
	}
	return pool, nil
}

// readPrivate reads a file that nobody but its owner may read; what names it in
// errors.
func readPrivate(what, path string, most int64) ([]byte, error) {
	mend := fmt.Sprintf("create it with the %s alone and mode 0600", what)
	f, err := os.Open(path)
	if err != nil {
		return nil, &secretError{fmt.Sprintf("the %s's file %s cannot be read", what, path), mend}
	}
	defer f.Close() //nolint:errcheck // only read from
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, &secretError{fmt.Sprintf("the %s's file %s is not a plain file", what, path), mend}
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, &secretError{fmt.Sprintf("the %s's file %s has mode %04o: others may read it", what, path, mode), "chmod 600 " + path}
	}
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, fmt.Errorf("reading the %s: %w", what, err)
	}
	if int64(len(b)) > most {
		return nil, &secretError{fmt.Sprintf("the %s's file %s is larger than %d bytes", what, path, most), mend}
	}
	return b, nil
}

// ClientTLS is what the bundled client needs to connect to addr: the CAs that
// it trusts (empty: those of this machine), and what it shows (empty: nothing).
func ClientTLS(addr, ca, cert, key string) (*tls.Config, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%q is not an address", addr)
	}
	c := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if ca != "" {
		if c.RootCAs, err = readPool(ca); err != nil {
			return nil, err
		}
	}
	if (cert == "") != (key == "") {
		return nil, &secretError{"a certificate needs its key, and a key its certificate", "name both files"}
	}
	if cert == "" {
		return c, nil
	}
	private, err := readPrivate("key", key, pemMax)
	if err != nil {
		return nil, err
	}
	public, err := os.ReadFile(cert)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(public, private)
	if err != nil {
		return nil, fmt.Errorf("%s and %s are no pair: %w", cert, key, err)
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

// MayListen refuses an address for the FIX port that the file's own check would
// refuse.
func (c *Config) MayListen(addr string) error {
	if err := CheckAddr(addr); err != nil || IsLoopback(addr) {
		return err
	}
	if c.Fix.TLS.Cert == "" {
		return fmt.Errorf("%s can be reached from other machines; without [fix.tls] only loopback is allowed", addr)
	}
	for _, s := range c.Sessions {
		if s.Auth == "none" || strings.HasPrefix(s.Secret, "plain:") {
			return fmt.Errorf("%s can be reached from other machines; session %s has auth none or a plain secret, which are for loopback", addr, s.CompID)
		}
	}
	return nil
}
