package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"backstop/config"
	"backstop/ops"
	"backstop/perp"
)

// viewOptions are the flags of the commands that read a view of the admin socket.
type viewOptions struct {
	dir    string
	wait   time.Duration
	asJSON bool
}

func (o *viewOptions) flags(f *config.Flags) {
	f.StringVar(&o.dir, "data-dir", "gateway-data", "data `DIR` of the running gateway; its admin socket is there")
	f.DurationVar(&o.wait, "wait", 5*time.Second, "longest wait for the answer")
	jsonFlag(f, &o.asJSON)
}

// read asks for a view; on an error it has been said and code is the exit code.
func (o *viewOptions) read(ctx context.Context, env *config.Env, view string, into any) (code int) {
	waiting, cancel := context.WithTimeout(ctx, o.wait)
	defer cancel()
	err := ops.ReadDesk(waiting, filepath.Join(o.dir, adminSocket), view, into)
	switch {
	case err == nil:
		return config.ExitOK
	case errors.Is(err, ops.ErrNoDesk):
		return env.Fail(config.ExitUnreachable, err, "name the data directory of the running gateway with --data-dir")
	case ctx.Err() != nil:
		return config.ExitInterrupted
	case errors.Is(err, context.DeadlineExceeded):
		return env.Fail(config.ExitTimeout, err, "--wait takes a longer time")
	}
	return env.Fail(config.ExitFailure, err)
}

func sessionList() config.Command {
	var o viewOptions
	return config.Command{
		Path: "session list", Group: groupDesk,
		Short:    "List the FIX sessions of a running gateway",
		Examples: "gateway session list\ngateway session list --json",
		Flags:    o.flags,
		Run: func(ctx context.Context, env *config.Env, _ []string) int {
			all := []ops.Session{}
			if code := o.read(ctx, env, "sessions", &all); code != config.ExitOK {
				return code
			}
			if o.asJSON {
				return env.JSON(all)
			}
			var text strings.Builder
			fmt.Fprintf(&text, "%-16s %-9s %10s %10s %12s %-21s %s\n", "session", "state", "next in", "next out", "queue bytes", "address", "last in")
			for _, s := range all {
				fmt.Fprintf(&text, "%-16s %-9s %10d %10d %12d %-21s %s\n", s.CompID, sessionState(s), s.InSeq, s.OutSeq, s.Queue, dash(s.Addr), dash(s.LastIn))
			}
			return env.Print(text.String())
		},
	}
}

func sessionState(s ops.Session) string {
	switch {
	case s.Disabled != "":
		return "disabled"
	case s.Up:
		return "up"
	}
	return "down"
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func sessionShow() config.Command {
	var o viewOptions
	return config.Command{
		Path: "session show", Group: groupDesk, Args: "SESSION", MinArgs: 1, MaxArgs: 1,
		Short:    "Show one FIX session: state, numbers, who was turned away",
		Examples: "gateway session show DEMO1\ngateway session show DEMO1 --json",
		Flags:    o.flags,
		Run: func(ctx context.Context, env *config.Env, args []string) int {
			all, knocks := []ops.Session{}, []ops.Knock{}
			if code := o.read(ctx, env, "sessions", &all); code != config.ExitOK {
				return code
			}
			if code := o.read(ctx, env, "knocks", &knocks); code != config.ExitOK {
				return code
			}
			var names []string
			for _, s := range all {
				if s.CompID == args[0] {
					return showSession(env, o.asJSON, s, knocksOf(knocks, s.CompID))
				}
				names = append(names, s.CompID)
			}
			return env.Fail(config.ExitNotFound, fmt.Errorf("there is no session %q; there are %s", args[0], strings.Join(names, ", ")))
		},
	}
}

func knocksOf(all []ops.Knock, compID string) []ops.Knock {
	of := []ops.Knock{}
	for _, k := range all {
		if k.CompID == compID {
			of = append(of, k)
		}
	}
	return of
}

func showSession(env *config.Env, asJSON bool, s ops.Session, knocks []ops.Knock) int {
	if asJSON {
		return env.JSON(map[string]any{"session": s, "knocks": knocks})
	}
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-16s %s\n", name, fmt.Sprintf(format, args...))
	}
	state := sessionState(s)
	if s.Disabled != "" {
		state += ": " + s.Disabled
	}
	line("session", "%s", s.CompID)
	line("state", "%s", state)
	line("address", "%s", dash(s.Addr))
	line("next numbers", "in %d, out %d", s.InSeq, s.OutSeq)
	line("last message", "in %s, out %s", dash(s.LastIn), dash(s.LastOut))
	line("queue", "%d bytes", s.Queue)
	ends := "stay"
	if s.CancelOnDisconnect {
		ends = "are canceled"
	}
	line("orders", "%s when the connection ends, unless the Logon asks otherwise", ends)
	for _, k := range knocks {
		line("turned away", "%s", knockText(k))
	}
	return env.Print(b.String())
}

func knockText(k ops.Knock) string {
	return fmt.Sprintf("%d times from %s, last %s: %s", k.Count, k.Addr, k.Last, k.Reason)
}

func sessionKnocks() config.Command {
	var o viewOptions
	return config.Command{
		Path: "session knocks", Group: groupDesk,
		Short:    "List connections that were turned away, newest first",
		Examples: "gateway session knocks\ngateway session knocks --json",
		Flags:    o.flags,
		Run: func(ctx context.Context, env *config.Env, _ []string) int {
			all := []ops.Knock{}
			if code := o.read(ctx, env, "knocks", &all); code != config.ExitOK {
				return code
			}
			if o.asJSON {
				return env.JSON(all)
			}
			var text strings.Builder
			for _, k := range all {
				fmt.Fprintf(&text, "%-16s %s\n", dash(k.CompID), knockText(k))
			}
			return env.Print(text.String())
		},
	}
}

// sessionVerb is a command of the desk about one session.
func sessionVerb(path, short, long, example string, verb perp.SessionVerb, flags func(*config.Flags, *ops.DeskCommand)) config.Command {
	var o deskOptions
	return o.command(deskTexts{"session " + path, short, long, "gateway session " + path + " DEMO1 " + example}, "SESSION",
		func(f *config.Flags) {
			if flags != nil {
				flags(f, &o.c)
			}
		},
		func(args []string) {
			o.c.Kind, o.c.Session, o.c.Verb = perp.SteerSession{}.Kind(), args[0], verb.String()
		})
}

func sessionEnable() config.Command {
	return sessionVerb("enable", "Let a disabled client log on again", "", `--reason "paid"`, perp.EnableSession, nil)
}

func sessionDisable() config.Command {
	return sessionVerb("disable", "Log a client out and keep it out",
		"The client reads the reason in the Logout, and at every Logon until session\nenable. No number moves meanwhile. Its working orders end as with any\ndisconnect.",
		`--reason "limit breach"`, perp.DisableSession, nil)
}

func sessionKick() config.Command {
	return sessionVerb("kick", "Log a client out; it may come back",
		"The client reads the reason in the Logout. Its working orders end as with any\ndisconnect.", `--reason "stuck engine"`, perp.KickSession, nil)
}

func sessionSetSeq() config.Command {
	return sessionVerb("set-seq", "Set the next sequence numbers of a session",
		"Only while the client is logged out (else exit 8). A number that is not given\nstays. A smaller --out begins a new epoch; reports that the client is not known\nto have come again in it.",
		"--in 120 --out 4711 --reason \"agreed by phone\"", perp.SetNumbers, func(f *config.Flags, c *ops.DeskCommand) {
			f.Int64Var(&c.In, "in", 0, "`NUMBER` expected next from the client")
			f.Int64Var(&c.Out, "out", 0, "`NUMBER` of the next message to the client")
		})
}

func sessionResetProtection() config.Command {
	return sessionVerb("reset-protection", "Let a liquidity provider quote again",
		"After the protection of an account of the session has acted: as if the client\nhad said 22090=Y itself. Without --symbol in every market. The client is not\ntold, so agree on it before. Exit 8: no protection has acted.",
		"--symbol BTC-PERP --reason agreed", perp.ResetProtection, func(f *config.Flags, c *ops.DeskCommand) {
			f.StringVar(&c.Symbol, "symbol", "", "`MARKET`; without it every one")
		})
}

func sessionResetSeq() config.Command {
	return sessionVerb("reset-seq", "Begin both numbers of a session at 1",
		"Only while the client is logged out (else exit 8).", `--reason "agreed by phone"`, perp.ResetNumbers, nil)
}
