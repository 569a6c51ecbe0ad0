package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"backstop/config"
	"backstop/fix"
)

// certificatesEvery is how often the files of certificates are looked at; SIGHUP has
// them read at once.
const certificatesEvery = 5 * time.Second

// watchCertificates takes new certificates without a restart: what is good for months
// must not cost the sessions of a day. Files that are no good change nothing.
func (a *app) watchCertificates(ctx context.Context, every time.Duration) {
	files := a.cfg.Fix.TLS
	if files.Pair == nil {
		return
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGHUP)
	defer signal.Stop(asked)
	tick := time.NewTicker(every)
	defer tick.Stop()
	last := a.certificates
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if looks(files) == last {
				continue
			}
		case <-asked:
		}
		last = looks(files) // Before they are read: what changes meanwhile is seen the next time.
		again, err := files.Again(time.Now())
		if err != nil {
			a.log.Error("certificates not taken, the former ones stay", "error", err)
			continue
		}
		a.door.Recertify(fix.TLS{Certificate: *again.Pair, ClientCAs: again.Clients})
		a.log.Info("certificates taken for new connections", "serial", again.Pair.Leaf.SerialNumber.String(), "until", again.Pair.Leaf.NotAfter.UTC())
	}
}

// looks is how the files look from outside: one that was written anew looks
// different.
func looks(t config.TLS) (all string) {
	for _, file := range []string{t.Cert, t.Key, t.ClientCA} {
		if info, err := os.Stat(file); err == nil {
			all += fmt.Sprint(file, info.Size(), info.ModTime().UnixNano(), ";")
		}
	}
	return all
}
