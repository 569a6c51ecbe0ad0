package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// reminders are how long before a planned stop clients are told of it, besides at
// once.
var reminders = []time.Duration{60 * time.Second, 30 * time.Second, 10 * time.Second}

// moments are when, from now, clients are told of a stop that is to be in notice.
func moments(notice time.Duration) (waits []time.Duration) {
	if notice <= 0 {
		return nil
	}
	waits = append(waits, 0)
	for _, r := range reminders {
		if r < notice {
			waits = append(waits, notice-r)
		}
	}
	return waits
}

// giveNotice tells clients of the stop and goes on serving them until it is time,
// or the operator asks again.
func (a *app) giveNotice(ctx context.Context, failed <-chan error) error {
	notice := a.cfg.Server.Notice
	if notice <= 0 {
		return nil
	}
	again, done := signal.NotifyContext(context.WithoutCancel(ctx), os.Interrupt, syscall.SIGTERM)
	defer done()
	now := time.Now()
	at := now.Add(notice)
	a.log.Info("stop announced", "at", at.UTC().Format(time.RFC3339))
	end := time.NewTimer(notice)
	defer end.Stop()
	waits := moments(notice)
	next := time.NewTimer(waits[0])
	defer next.Stop()
	for {
		select {
		case <-next.C:
			a.door.Announce(time.Now(), at)
			if waits = waits[1:]; len(waits) > 0 {
				next.Reset(time.Until(now.Add(waits[0])))
			}
		case <-end.C:
			return nil
		case <-again.Done():
			return nil
		case err := <-failed:
			return err
		case err := <-a.loopDone:
			a.dead = true
			return err
		}
	}
}
