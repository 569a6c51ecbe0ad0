package config

import (
	"crypto/tls"
	"fmt"
	"os"
	"time"
)

// Again reads the files of [fix.tls] anew, while the gateway runs. They are held to
// what they are held to at the start; the first fault is the error.
func (t TLS) Again(now time.Time) (TLS, error) {
	key, err := readPrivate("key", t.Key, pemMax)
	if err != nil {
		return TLS{}, err
	}
	cert, err := os.ReadFile(t.Cert)
	if err != nil {
		return TLS{}, fmt.Errorf("the certificate's file cannot be read: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return TLS{}, fmt.Errorf("%s and %s are no pair: %w", t.Cert, t.Key, err)
	}
	if leaf := pair.Leaf; now.After(leaf.NotAfter) || now.Before(leaf.NotBefore) {
		return TLS{}, fmt.Errorf("the certificate %s is good from %s to %s", t.Cert, leaf.NotBefore.UTC(), leaf.NotAfter.UTC())
	}
	t.Pair = &pair
	if t.ClientCA == "" {
		return t, nil
	}
	t.Clients, err = readPool(t.ClientCA)
	return t, err
}
