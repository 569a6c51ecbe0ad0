package main

import (
	"context"
	"log/slog"
	"time"

	"backstop/store"
)

// laps is how long each part of a start took, for operators whose start takes long.
type laps struct {
	began, last time.Time
	parts       []any
}

func newLaps() *laps {
	now := time.Now()
	return &laps{began: now, last: now}
}

// lap ends a part.
func (l *laps) lap(name string) {
	now := time.Now()
	l.parts = append(l.parts, slog.Duration(name, now.Sub(l.last).Round(time.Microsecond)))
	l.last = now
}

// store ends the part in which the store was opened, of which it has parts itself.
func (l *laps) store(steps []store.Step) {
	inside := make([]any, 0, len(steps))
	for _, s := range steps {
		inside = append(inside, slog.Duration(s.Name, s.Took.Round(time.Microsecond)))
	}
	l.lap("store")
	l.parts = append(l.parts, slog.Group("opening", inside...))
}

// tell logs the whole and its parts.
func (l *laps) tell(log *slog.Logger, level slog.Level, what string, more ...any) {
	took := slog.Duration("took", time.Since(l.began).Round(time.Microsecond))
	log.Log(context.Background(), level, what, append(append(more, took), l.parts...)...)
}
