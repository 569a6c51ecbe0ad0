package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"backstop/bench"
	"backstop/config"
	"backstop/perp"
)

// benchOptions are the flags of bench.
type benchOptions struct {
	short, asJSON bool
	only          []string
	out           string
}

func benchCommand() config.Command {
	var o benchOptions
	return config.Command{
		Path: "bench", Group: groupMore,
		Short: "Measure this gateway beside its peers on this machine",
		Long: `Starts a gateway of its own and its peers, one by one or by turns: the stock
quickfix library with its file and SQL stores, and QuickFIX C++ where g++ and
libquickfix-dev are installed. All of them get the same orders from the same
client. Everything is on loopback, in a temporary directory that is removed.

Only ratios carry over to other machines; nothing else should run meanwhile.
The full form takes several minutes and a gigabyte of disk. A target that is
not met is no failure: the exit code tells whether everything was measured. An
interrupt ends it all and prints the rows that were done.`,
		Examples: `gateway bench --short
gateway bench --only P1,P4
gateway bench --json --out bench.json`,
		Flags: func(f *config.Flags) {
			f.BoolVar(&o.short, "short", false, "end within a minute: fewer rounds, rows, clients")
			f.StringSliceVar(&o.only, "only", nil, "only these `IDS` of rows, P1 to P9, A6")
			f.StringVar(&o.out, "out", "", "write the answer to `FILE` instead of printing it")
			jsonFlag(f, &o.asJSON)
		},
		Run: func(ctx context.Context, env *config.Env, _ []string) int {
			if said := os.Getenv(bench.PeerEnv); said != "" {
				if err := bench.RunPeer(ctx, said); err != nil {
					return env.Fail(config.ExitFailure, err)
				}
				return config.ExitOK
			}
			return o.run(ctx, env)
		},
	}
}

func (o *benchOptions) run(ctx context.Context, env *config.Env) int {
	program, err := os.Executable()
	if err != nil {
		return env.Fail(config.ExitFailure, err)
	}
	tty := term.IsTerminal(int(os.Stderr.Fd()))
	say := func(text string) {
		if tty {
			fmt.Fprintf(os.Stderr, "\r%-70.70s", text)
		}
	}
	results, err := bench.Measure(ctx, bench.Options{
		Program: program, Short: o.short, Only: o.only, Setup: benchSetup, Progress: say,
	})
	say("")
	if tty {
		fmt.Fprint(os.Stderr, "\r")
	}
	var unknown bench.UnknownID
	switch {
	case errors.As(err, &unknown):
		return env.Fail(config.ExitUsage, err)
	case ctx.Err() != nil && len(results) == 0:
		return config.ExitInterrupted
	case len(results) == 0 && err != nil:
		return env.Fail(config.ExitFailure, err)
	}
	// What was measured is printed even if not everything was.
	if code := o.answer(env, results); code != config.ExitOK {
		return code
	}
	switch {
	case ctx.Err() != nil:
		return config.ExitInterrupted
	case err != nil:
		return env.Fail(config.ExitFailure, err)
	}
	return config.ExitOK
}

func (o *benchOptions) answer(env *config.Env, results []bench.Result) int {
	text := bench.Table(bench.ThisMachine(), o.short, results)
	if o.asJSON {
		var err error
		if text, err = bench.JSON(bench.ThisMachine(), o.short, results); err != nil {
			return env.Fail(config.ExitFailure, err)
		}
	}
	if o.out == "" {
		return env.Print(text)
	}
	if err := os.WriteFile(o.out, []byte(text), 0o600); err != nil {
		return env.Fail(config.ExitFailure, err)
	}
	env.Say("wrote %s", o.out)
	return config.ExitOK
}

// benchSetup is the first commands of a gateway with this configuration.
func benchSetup(toml string) ([]perp.Input, error) {
	cfg, err := config.Parse("bench", []byte(toml))
	if err != nil {
		return nil, fmt.Errorf("configuration of the benchmark: %s", strings.TrimSpace(err.Error()))
	}
	return configuration(cfg), nil
}
