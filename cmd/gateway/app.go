package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"backstop/config"
	"backstop/engine"
	"backstop/fix"
	"backstop/ops"
	"backstop/oracle"
	"backstop/perp"
	"backstop/store"
)

// app is the running gateway: every room, in the order in which it is built.
type app struct {
	cfg   *config.Config
	log   *slog.Logger
	store *store.Store
	loop  *loop
	door  *fix.Door
	model *ops.Model
	page  *ops.Server // nil when it is turned off
	// search looks through messages for the page.
	search *messageSearch
	admin  *ops.Admin
	feeds  []oracle.Feed
	books  *booksCheck
	// guides judge the sessions of a certification; nil without any.
	guides *guides
	// certificates is how their files looked when the gateway began to start, which may
	// take minutes.
	certificates string

	stopLoop context.CancelFunc
	loopDone chan error // one value: how the loop ended
	dead     bool       // the loop ended by itself: nothing more can be said or kept
}

// start builds the rooms in order. Each step needs those above it. On an error
// everything that was opened is closed again.
func start(cfg *config.Config, log *slog.Logger) (_ *app, err error) {
	spareHeap()
	defer largePages()()
	a := &app{cfg: cfg, log: log, loopDone: make(chan error, 1), certificates: looks(cfg.Fix.TLS)}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.abandon())
		}
	}()
	laps := newLaps()
	// Feeds first: a bad file is refused before anything is opened.
	if a.feeds, err = openFeeds(cfg); err != nil {
		return nil, err
	}
	laps.lap("feeds")
	// The store, which locks the data directory.
	if a.store, err = store.OpenWith(cfg.Server.DataDir, walLimits(cfg)); err != nil {
		return nil, err
	}
	laps.store(a.store.Opening())
	// The state as it was.
	e, snapped, err := restore(a.store, log)
	if err != nil {
		return nil, err
	}
	laps.lap("state")
	if a.guides, err = newGuides(cfg, log); err != nil {
		return nil, err
	}
	box := newInbox()
	// The FIX door, not listening yet.
	if err := a.makeDoor(e, box); err != nil {
		return nil, err
	}
	laps.lap("door")
	// What operators see.
	a.books = &booksCheck{auditor: store.NewAuditor(a.store.Reader)}
	a.makeModel(e)
	if err := a.makeAdmin(box); err != nil {
		return nil, err
	}
	// The loop, and the configuration as its first command.
	a.loop = &loop{
		inbox: box, engine: e, sequencer: engine.NewSequencer(e), door: a.door, journal: a.store,
		memory: a.store, durable: e.Seq(), calms: make(chan chan<- struct{}), ended: make(chan struct{}),
		seen: a.seen, committed: a.model.Committed, now: time.Now, clockEvery: clockInterval, snapped: snapped, snappedAt: time.Now(), log: log,
	}
	if err := a.loop.step(configuration(cfg)); err != nil {
		return nil, err
	}
	laps.lap("configuration")
	var ctx context.Context
	ctx, a.stopLoop = context.WithCancel(context.Background())
	go func() { a.loopDone <- a.loop.run(ctx) }()
	// Only now listen.
	if err := a.door.Start(); err != nil {
		return nil, err
	}
	if a.guides != nil {
		a.guides.start(a.door.Tell)
	}
	a.admin.Start()
	if cfg.Server.Dashboard != "" {
		if err := a.openPage(); err != nil {
			return nil, err
		}
	}
	laps.tell(log, slog.LevelDebug, "started")
	return a, nil
}

// makeAdmin is what the desk changes; it does not answer yet.
func (a *app) makeAdmin(box *inbox) (err error) {
	a.admin, err = ops.NewAdmin(filepath.Join(a.cfg.Server.DataDir, adminSocket), a.steer(box), a.log)
	if err != nil {
		return err
	}
	a.admin.Persons(persons(a.cfg.Admin))
	a.admin.Show("sessions", func() any { return a.sessionViews() })
	a.admin.Show("knocks", func() any { return a.knockViews() })
	return nil
}

// walLimits are the bounds of the write-ahead log, which the file has in MiB.
func walLimits(cfg *config.Config) store.WALLimits {
	return store.WALLimits{Truncate: int64(cfg.Store.WALTruncate) << 20, Alarm: int64(cfg.Store.WALAlarm) << 20}
}

// adminSocket is the name of the desk's socket in the data directory.
const adminSocket = "admin.sock"

// steer puts commands of the desk in the inbox. Those that the FIX door has to be
// ready for are shown to it first.
func (a *app) steer(box *inbox) func(perp.Input) bool {
	return func(in perp.Input) bool {
		var undo func()
		in.Command, undo = a.door.Prepare(in.Command)
		done := box.put(in)
		if !done {
			undo()
		}
		return done
	}
}

// seen is told what a commit made durable.
func (a *app) seen(entries []perp.Entry) {
	a.model.Apply(entries)
	a.admin.Apply(entries)
}

func (a *app) makeDoor(e *engine.Engine, box *inbox) error {
	numbers, err := a.store.Sessions()
	if err != nil {
		return err
	}
	events, err := a.store.AccountEvents()
	if err != nil {
		return err
	}
	sessions := make([]fix.SessionConfig, 0, len(a.cfg.Sessions))
	for _, s := range a.cfg.Sessions {
		one := fix.SessionConfig{
			CompID: s.CompID, OurCompID: s.OurCompID, BeginString: s.BeginString, Auth: s.Auth,
			Username: s.Username, Password: s.Password, ResetOnLogon: s.ResetOnLogon, AllowReset: s.AllowReset,
			Roles: s.Roles, Accounts: s.Accounts, AllowIPs: s.AllowIPs,
			HeartbeatMin: s.HeartbeatMin, HeartbeatMax: s.HeartbeatMax,
			OrdersPerSecond: s.Limits.OrdersPerSecond, CancelOnDisconnect: s.CancelOnDisconnect,
			CertSPKI: strings.TrimPrefix(s.CertSPKI, "sha256:"), Inject: injection(s.Inject),
		}
		if s.Key != nil {
			one.SigningKey = fix.SigningKey{Secret: s.Key.Secret, Public: s.Key.Public}
		}
		if s.Hash != nil {
			one.Proof = s.Hash.Matches
		}
		sessions = append(sessions, one)
	}
	var over *fix.TLS
	if t := a.cfg.Fix.TLS; t.Pair != nil {
		over = &fix.TLS{Certificate: *t.Pair, ClientCAs: t.Clients}
	}
	var overhear fix.Overhear
	if a.guides != nil {
		overhear = a.guides.overhear
	}
	a.door, err = fix.New(fix.Config{
		Inject: injected(a.cfg.Markets),
		Listen: a.cfg.Fix.Listen, CompID: a.cfg.Fix.CompID, Sessions: sessions, TLS: over,
		AccountEvents: events,
		Overhear:      overhear,
		Limits:        fix.Limits{Skew: a.cfg.Fix.MaxClockSkew, Ban: a.cfg.Fix.Ban},
	}, box.put, numbers, a.store.Messages, a.log)
	if err != nil {
		return err
	}
	a.door.Restate(e.Restate())
	return nil
}

// configuration is what the operator said, as commands. Deposits carry a key
// each, so that only the first start pays them in.
func configuration(cfg *config.Config) []perp.Input {
	specs := cfg.Specs()
	c := engine.Configure{
		Markets: marketSpecs(specs), Accounts: cfg.RiskAccounts(), Venue: cfg.Outflow(), Sessions: sessionSpecs(cfg),
		RequestAge: requestAge(cfg.Fix.MaxOrderAge), TwoPerson: twoPerson(cfg.Admin),
	}
	all := []perp.Input{{Command: c, Source: "config"}}
	deposit := func(d perp.Deposit) {
		if d.Amount > 0 {
			all = append(all, perp.Input{Command: d, Source: "config"})
		}
	}
	for _, s := range specs {
		symbol := s.Instrument.Symbol
		deposit(perp.Deposit{Account: perp.Maker, Symbol: symbol, Amount: cfg.Maker.Equity, Key: "first/maker/" + symbol})
		deposit(perp.Deposit{
			Account: perp.Maker, Symbol: symbol, Fund: perp.Insurance, Amount: cfg.Maker.Insurance, Key: "first/insurance/" + symbol,
		})
	}
	for _, acc := range cfg.Accounts {
		deposit(perp.Deposit{Account: acc.Name, Amount: acc.Deposit, Key: "first/" + acc.Name})
	}
	return all
}

// run lets prices in and waits until ctx ends, a feed fails or the loop ends by
// itself.
func (a *app) run(ctx context.Context) error {
	asked := ctx // to stop
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	failed := make(chan error, len(a.feeds))
	var wait sync.WaitGroup
	for _, f := range a.feeds {
		wait.Go(func() {
			if err := f.Run(ctx, a.loop.inbox.tick); err != nil && ctx.Err() == nil {
				failed <- fmt.Errorf("feed: %w", err)
			}
		})
	}
	wait.Go(func() { a.watchBooks(ctx, booksEvery) })
	if !a.store.Whole() {
		wait.Go(func() { a.scrub(ctx, booksEvery) })
	}
	wait.Go(func() { a.watchCertificates(ctx, certificatesEvery) })
	defer wait.Wait()
	defer cancel()
	select {
	case <-asked.Done():
		return a.giveNotice(asked, failed)
	case err := <-failed:
		return err
	case err := <-a.loopDone:
		a.dead = true
		return err
	}
}

// stop ends the gateway in order: time stands still, sessions are logged out while
// the loop still commits, the state is saved, the store is closed.
func (a *app) stop(clean bool) error {
	if a.dead {
		// Without the loop no Logout can become durable, so none may be sent: the
		// sessions end with the process.
		return errors.Join(a.guides.stop(), a.store.Close())
	}
	var errs []error
	if a.page != nil {
		errs = append(errs, a.page.Stop(a.cfg.Server.Drain), a.search.reader.Close())
	}
	errs = append(errs, a.admin.Stop(a.cfg.Server.Drain))
	a.loop.calm()
	errs = append(errs, a.door.Stop(a.cfg.Server.Drain))
	errs = append(errs, a.guides.stop())
	a.stopLoop()
	errs = append(errs, <-a.loopDone)
	if clean {
		now := perp.Time(time.Now().UnixNano())
		errs = append(errs, a.loop.step(nil), a.loop.snapshot(now))
	}
	errs = append(errs, a.store.Close())
	return errors.Join(errs...)
}

// abandon closes what start had opened when a later step failed.
func (a *app) abandon() error {
	var errs []error
	if a.stopLoop != nil {
		a.stopLoop()
		<-a.loopDone
	}
	if a.admin != nil {
		errs = append(errs, a.admin.Stop(0))
	}
	errs = append(errs, a.guides.stop())
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	return errors.Join(errs...)
}

// ports says where the running gateway can be reached.
func (a *app) ports(pid int) (ports, error) {
	dir, err := filepath.Abs(a.cfg.Server.DataDir)
	p := ports{FIX: a.door.Addr().String(), Admin: filepath.Join(dir, adminSocket), PID: pid, DataDir: dir}
	if a.page != nil {
		p.HTTP = a.page.Addr().String()
	}
	return p, err
}

// requestAge is the oldest order taken, in the engine's words: zero is its default there.
func requestAge(d time.Duration) perp.Time {
	if d == 0 {
		return -1
	}
	return perp.Time(d)
}

// sessionSpecs turns what the configuration says of sessions into the engine's words.
func sessionSpecs(cfg *config.Config) []engine.SessionSpec {
	all := make([]engine.SessionSpec, 0, len(cfg.Sessions))
	for _, s := range cfg.Sessions {
		all = append(all, engine.SessionSpec{Name: s.CompID, Cancel: s.CancelOnDisconnect, Grace: perp.Time(s.CancelGrace)})
	}
	return all
}

// marketSpecs turns what the configuration says of markets into the engine's words.
func marketSpecs(specs []config.Spec) []engine.MarketSpec {
	all := make([]engine.MarketSpec, 0, len(specs))
	for _, s := range specs {
		all = append(all, engine.MarketSpec{Instrument: s.Instrument, Quoting: s.Quoting, Limits: s.Limits})
	}
	return all
}
