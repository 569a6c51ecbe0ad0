package main

import (
	"crypto/tls"
	"errors"
	"fmt"

	"backstop/certify"
	"backstop/config"
)

// tlsOptions are the flags of commands that connect to an acceptor over TLS.
type tlsOptions struct {
	on                        bool
	ca, cert, key, serverName string
}

func (o *tlsOptions) flags(f *config.Flags) {
	f.BoolVar(&o.on, "tls", false, "connect over TLS; the CAs of this machine are trusted")
	f.StringVar(&o.ca, "tls-ca", "", "connect over TLS; the CAs in `FILE` are trusted")
	f.StringVar(&o.cert, "tls-cert", "", "connect over TLS and show the certificate in `FILE`")
	f.StringVar(&o.key, "tls-key", "", "`FILE` of mode 0600 with the key of --tls-cert")
	f.StringVar(&o.serverName, "tls-name", "", "connect over TLS; `NAME` that the certificate must have, not that of --against")
}

// transport is how the connection is made; nil for plain TCP.
func (o *tlsOptions) transport(addr string) (*tls.Config, error) {
	if !o.on && o.ca == "" && o.cert == "" && o.key == "" && o.serverName == "" {
		return nil, nil
	}
	over, err := config.ClientTLS(addr, o.ca, o.cert, o.key)
	if err != nil {
		return nil, err
	}
	if o.serverName != "" {
		over.ServerName = o.serverName
	}
	return over, nil
}

// secure makes the target one over TLS if a flag says so.
func (o *tlsOptions) secure(env *config.Env, to *certify.Target) int {
	over, err := o.transport(to.Addr)
	if err != nil {
		return env.Fail(config.ExitConfig, fmt.Errorf("TLS: %w", err), "--tls-ca, --tls-cert and --tls-key name PEM files")
	}
	to.TLS = over
	return config.ExitOK
}

// failConnect says why there is no connection to an acceptor; ok is false for an error
// of another kind.
func failConnect(env *config.Env, err error) (code int, ok bool) {
	switch {
	case errors.Is(err, certify.ErrUnreachable):
		return env.Fail(config.ExitUnreachable, err, "--against says where the acceptor listens"), true
	case errors.Is(err, certify.ErrHandshake):
		return env.Fail(config.ExitRefused, err, "check --tls-ca, --tls-cert and the address: the acceptor's certificate must name it, or --tls-name",
			"does the acceptor speak TLS there?"), true
	}
	return config.ExitOK, false
}
