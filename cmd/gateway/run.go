package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"backstop/config"
	"backstop/perp"
	"backstop/store"
)

// overrides are flags that stand in for keys of the file.
type overrides struct{ config, dataDir, fix, http, portsFile string }

// runCommand is the service.
func runCommand() config.Command {
	var o overrides
	return config.Command{
		Path: "run", Group: groupRun,
		Short:    "Run the service with a configuration file",
		Long:     "Runs until SIGTERM or an interrupt, then logs every session out, saves the\nstate and ends. A second gateway on the same data directory ends with 75; a\ncommit that fails ends the process with 70, and a restart goes on from what is\non disk.",
		Examples: "gateway config init > gateway.toml\ngateway run --config gateway.toml",
		Flags: func(f *config.Flags) {
			f.StringVar(&o.config, "config", "gateway.toml", "configuration `FILE`")
			f.StringVar(&o.dataDir, "data-dir", "", "`DIR` instead of server.data_dir")
			f.StringVar(&o.fix, "fix", "", "`ADDR` instead of fix.listen; port 0 takes a free one")
			f.StringVar(&o.http, "http", "", "`ADDR` instead of server.dashboard; port 0 takes a free one")
			f.StringVar(&o.portsFile, "ports-file", "", "write where to connect to `FILE` once ready")
		},
		Run: func(ctx context.Context, env *config.Env, _ []string) int {
			cfg, err := config.Load(o.config)
			if errors.Is(err, fs.ErrNotExist) {
				return env.Fail(config.ExitConfig, err, "make one with: gateway config init > "+o.config, "or try it without: gateway demo")
			}
			if err != nil {
				return env.Fail(config.ExitConfig, err)
			}
			if err := o.apply(cfg); err != nil {
				return env.Fail(config.ExitUsage, err)
			}
			for _, w := range cfg.Warnings {
				env.Say("%s:%d:%d: warning: %s", o.config, w.Line, w.Col, w.What)
			}
			return serve(ctx, env, cfg, logger(cfg.Log, passwords(cfg)), o.portsFile, func(a *app) error {
				env.Say("FIX on %s, ready", a.door.Addr())
				return nil
			})
		},
	}
}

// apply puts the flags over the file. An address must be one that the file's own
// check allows.
func (o overrides) apply(cfg *config.Config) error {
	if o.fix != "" {
		if err := cfg.MayListen(o.fix); err != nil {
			return fmt.Errorf("--fix: %w", err)
		}
		cfg.Fix.Listen = o.fix
	}
	if o.http != "" {
		if err := config.CheckAddr(o.http); err != nil {
			return fmt.Errorf("--http: %w", err)
		}
		if !config.IsLoopback(o.http) {
			return fmt.Errorf("--http: %s can be reached from other machines; only loopback is allowed", o.http)
		}
		cfg.Server.Dashboard = o.http
	}
	if o.dataDir != "" {
		cfg.Server.DataDir = o.dataDir
	}
	return nil
}

// redactMin is the shortest secret that is looked for in records: shorter ones
// stand in every other word.
const redactMin = 4

// passwords are the secrets that the gateway holds as they are. The demo's is
// known to everybody.
func passwords(cfg *config.Config) (all []string) {
	for _, s := range cfg.Sessions {
		if len(s.Password) >= redactMin && !strings.HasPrefix(s.Secret, "plain:") {
			all = append(all, s.Password)
		}
	}
	return all
}

// redact hides secrets in a record, in case somebody typed one where a name
// belongs.
func redact(secrets []string) func([]string, slog.Attr) slog.Attr {
	if len(secrets) == 0 {
		return nil
	}
	pairs := make([]string, 0, 2*len(secrets))
	for _, s := range secrets {
		pairs = append(pairs, s, "***")
	}
	hide := strings.NewReplacer(pairs...)
	return func(_ []string, a slog.Attr) slog.Attr {
		switch v := a.Value.Any().(type) {
		case string:
			a.Value = slog.StringValue(hide.Replace(v))
		case error:
			a.Value = slog.StringValue(hide.Replace(v.Error()))
		}
		return a
	}
}

// logger writes to stderr in the format that the configuration asks for, and
// never one of the secrets.
func logger(l config.Log, secrets []string) *slog.Logger {
	level := slog.LevelInfo
	// The configuration has checked the name.
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		level = slog.LevelInfo
	}
	opt := &slog.HandlerOptions{Level: level, ReplaceAttr: redact(secrets)}
	if l.Format == "json" || (l.Format == "auto" && !terminal(os.Stderr)) {
		return slog.New(slog.NewJSONHandler(os.Stderr, opt))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, opt))
}

// serve starts the gateway, says that it is ready, runs it and maps how it
// ended to an exit code.
func serve(ctx context.Context, env *config.Env, cfg *config.Config, log *slog.Logger, portsFile string, ready func(*app) error) int {
	if err := noCore(); err != nil {
		return failed(env, fmt.Errorf("no limit on core files: %w", err))
	}
	a, err := start(cfg, log)
	if err != nil {
		return failed(env, err)
	}
	if portsFile != "" {
		p, perr := a.ports(os.Getpid())
		if perr == nil {
			perr = p.write(portsFile)
		}
		err = perr
	}
	if err == nil {
		err = ready(a)
	}
	if err == nil {
		err = a.run(ctx)
	}
	log.Info("stopping")
	err = errors.Join(err, a.stop(err == nil))
	if err != nil {
		return failed(env, err)
	}
	return config.ExitOK
}

// failed prints why the gateway could not start or go on.
func failed(env *config.Env, err error) int {
	var fault perp.Fault
	switch {
	case errors.Is(err, store.ErrLocked):
		return env.Fail(config.ExitLocked, err, "another gateway uses this data directory; stop it, or use another with --data-dir")
	case errors.Is(err, errCommit), store.DiskFailed(err):
		return env.Fail(config.ExitCommit, err, "nothing that is not saved was said to anyone", "check the disk, then start again: it goes on from what was saved")
	case errors.As(err, &fault):
		return env.Fail(config.ExitCommit, err, "this is a bug; keep the data directory: its journal is the test case")
	case errors.Is(err, fs.ErrNotExist):
		return env.Fail(config.ExitNotFound, err)
	}
	return env.Fail(config.ExitFailure, err)
}
