package fix

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"time"
)

// TLS is how the door proves who it is, and what clients have to show.
type TLS struct {
	Certificate tls.Certificate
	// ClientCAs sign the certificates that clients must show; nil: none is asked
	// for.
	ClientCAs *x509.CertPool
}

// suites12 are the cipher suites of TLS 1.2 that the FIX-over-TLS guidelines
// leave: forward secret, authenticated. Those of TLS 1.3 need no list.
var suites12 = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
}

// server is the library's own form; nil for plain TCP.
func (t *TLS) server() *tls.Config {
	if t == nil {
		return nil
	}
	c := &tls.Config{
		Certificates: []tls.Certificate{t.Certificate}, MinVersion: tls.VersionTLS12, CipherSuites: suites12,
		// A session lasts for days: resuming one would save nothing, and a
		// certificate would not be looked at again.
		SessionTicketsDisabled: true,
	}
	if t.ClientCAs != nil {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, t.ClientCAs
	}
	return c
}

// Recertify has connections from now on meet another certificate, and other CAs of
// clients. Those that are there go on. Whether clients have to show one at all stays
// as it was. It may be called at any time, of a door that has TLS.
func (d *Door) Recertify(t TLS) { d.certificates.Store(t.server()) }

// overTLS is what each handshake asks for the certificates of the moment.
func (d *Door) overTLS() *tls.Config {
	c := d.cfg.TLS.server()
	if c != nil {
		d.certificates.Store(c)
		c = c.Clone()
		c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return d.certificates.Load(), nil }
	}
	return c
}

// handshake lets a client show its certificate; on plain TCP it does nothing.
func (c *conn) handshake(wait time.Duration) error {
	t, ok := c.Conn.(*tls.Conn)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	if err := t.HandshakeContext(ctx); err != nil {
		c.noHandshake(err)
		return io.EOF
	}
	if shown := t.ConnectionState().PeerCertificates; len(shown) > 0 {
		c.shown = shown[0]
	}
	return nil
}

// noHandshake counts and logs why there is no TLS. Who only looked whether the
// port is open is not worth a line.
func (c *conn) noHandshake(err error) {
	var plain tls.RecordHeaderError
	var bad *tls.CertificateVerificationError
	reason := "TLS handshake failed"
	switch {
	case errors.Is(err, io.EOF):
		return
	case errors.As(err, &plain):
		reason = "no TLS"
	case errors.As(err, &bad):
		reason = "client certificate refused"
	}
	if !c.guard.door.gate.knock(c.host, "", reason) {
		return
	}
	c.guard.door.log.Warn("fix connection cut", "addr", c.host, "reason", reason, "error", clean(err.Error()))
}

// certified tells whether the certificate that a client showed is that of this
// session: its key, if the session names one, else its common name.
func certified(cfg SessionConfig, asked bool, shown *x509.Certificate) bool {
	if !asked {
		return true
	}
	if shown == nil {
		return false
	}
	if cfg.CertSPKI == "" {
		return shown.Subject.CommonName == cfg.CompID
	}
	sum := sha256.Sum256(shown.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(sum[:]) == cfg.CertSPKI
}
