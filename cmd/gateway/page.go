package main

import (
	"errors"
	"time"

	"backstop/engine"
	"backstop/ops"
)

// makeModel builds what operators see and tells it the present state.
func (a *app) makeModel(e *engine.Engine) {
	a.model = ops.NewModel(version)
	for _, s := range a.cfg.Specs() {
		a.model.Limit(s.Instrument.Symbol, ops.Limits{LeverageCap: s.Quoting.LeverageCap, OracleMaxAge: s.Quoting.HaltAge})
	}
	a.model.Stored(a.storage)
	a.model.Restate(e.Restate())
}

func (a *app) storage() ops.Storage {
	size, limits, err := a.store.WAL()
	return ops.Storage{WAL: size, WALAlarm: limits.Alarm, Cut: a.store.Cut(), Err: err, Books: a.books.state()}
}

// openPage starts the read-only HTTP port.
func (a *app) openPage() error {
	a.model.Watch(a.sessionViews, ops.Check{Name: "acceptor", Ask: func() error {
		if a.door.Addr() == nil {
			return errors.New("does not listen")
		}
		return nil
	}})
	search, err := newMessageSearch(a.cfg)
	if err != nil {
		return err
	}
	page, err := ops.NewServer(a.cfg.Server.Dashboard, a.model, a.log)
	if err != nil {
		return errors.Join(err, search.reader.Close())
	}
	page.Find(search.find)
	a.page, a.search = page, search
	page.Start()
	return nil
}

func (a *app) sessionViews() []ops.Session {
	all := make([]ops.Session, 0, len(a.cfg.Sessions))
	for _, s := range a.door.Status() {
		all = append(all, ops.Session{
			CompID: s.CompID, Up: s.Up, Addr: s.Addr, InSeq: s.InSeq, OutSeq: s.OutSeq, Queue: s.Queue,
			LastIn: timeText(s.LastIn), LastOut: timeText(s.LastOut),
			Disabled: s.Disabled, CancelOnDisconnect: s.Cancels,
		})
	}
	return all
}

// knockViews are the refused connections, the most recent first.
func (a *app) knockViews() []ops.Knock {
	all := []ops.Knock{}
	for _, k := range a.door.Knocks() {
		all = append(all, ops.Knock{Addr: k.Addr, CompID: k.CompID, Reason: k.Reason, Count: k.Count, Last: timeText(k.Last)})
	}
	return all
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
