package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"backstop/config"
)

// TestCertificatesOfALongStart: files that were changed while the gateway started are
// read at the first look; the watch ends with the gateway.
func TestCertificatesOfALongStart(t *testing.T) {
	dir := t.TempDir()
	cfg := &config.Config{}
	cfg.Fix.TLS = config.TLS{Cert: filepath.Join(dir, "server.crt"), Key: filepath.Join(dir, "server.key"), Pair: &tls.Certificate{}}
	var log lockedBuffer
	a := &app{cfg: cfg, log: slog.New(slog.NewTextHandler(&log, nil)), certificates: looks(cfg.Fix.TLS)}
	if err := os.WriteFile(cfg.Fix.TLS.Cert, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var watch sync.WaitGroup
	watch.Go(func() { a.watchCertificates(ctx, time.Millisecond) })
	waitUntil(t, func() bool { return strings.Contains(log.String(), "certificates not taken") })
	cancel()
	watch.Wait()
}
