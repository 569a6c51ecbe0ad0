package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"backstop/certify"
	"backstop/config"
)

// messagesName is the log of a run, beside its report.
const messagesName = "messages.log"

// repeatMax bounds how often a scenario is played: a log has a limit.
const repeatMax = 1000

// certifyRunOptions are the flags of certify run.
type certifyRunOptions struct {
	to        certify.Target
	a         certify.Active
	only, out string
}

func certifyRun() config.Command {
	var o certifyRunOptions
	return config.Command{
		Path: "certify run", Group: groupCertify,
		Short: "Have a reference client trade, and judge both sides",
		Long: `Plays a client that does what a client has to do, scenario by scenario: a line
for each says how the gateway did. What was said is kept in messages.log and
judged as any other session is (certify grade): that says how the client did.

It places small orders, some of which fill. Numbers of the session are reset
(141=Y). The password comes from GATEWAY_PASSWORD, the demo's is known; without
one no Username is sent. Exit 7: a scenario or a check fails;
8: we are not let in; 5: nobody answers.`,
		Examples: `gateway demo --quiet
gateway certify run --against 127.0.0.1:9878 --out certified
gateway certify run --against 127.0.0.1:9878 --size 0.002 --out small
gateway certify run --against 127.0.0.1:9878 --only c34 --repeat 9 --out fair`,
		Flags: func(f *config.Flags) {
			f.StringVar(&o.to.Addr, "against", "", "`HOST:PORT` of the gateway")
			f.StringVar(&o.to.Sender, "sender", "DEMO1", "our SenderCompID(49)")
			f.StringVar(&o.to.Target, "target", "BACKSTOP", "the gateway's CompID(56)")
			f.StringVar(&o.to.Username, "username", "", "Username(553); without it --sender")
			f.StringVar(&o.a.Account, "account", "", "Account(1); without it --sender")
			f.StringVar(&o.a.Symbol, "symbol", "BTC-PERP", "market")
			f.StringVar(&o.a.Size, "size", "0.01", "of each order")
			f.StringVar(&o.a.Away, "away", "500", "how far below the bid orders rest")
			f.StringVar(&o.only, "only", "", "only scenarios whose name has this `TEXT` in it")
			f.IntVar(&o.a.Repeat, "repeat", 1, "play each scenario so many times")
			f.StringVar(&o.out, "out", "", "write the log and the report into `DIR`")
			f.DurationVar(&o.to.Wait, "timeout", certify.WaitMax, "longest wait for one message")
		},
		Run: func(ctx context.Context, env *config.Env, _ []string) int { return o.run(ctx, env) },
	}
}

func (o *certifyRunOptions) check(env *config.Env) error {
	if err := config.CheckAddr(o.to.Addr); err != nil {
		return fmt.Errorf("--against: %w", err)
	}
	if o.out == "" {
		return errors.New("--out is missing: the log and the report are written there")
	}
	o.to.BeginString = "FIX.4.4"
	if o.a.Repeat < 1 || o.a.Repeat > repeatMax {
		return fmt.Errorf("--repeat is 1 to %d", repeatMax)
	}
	credentials(env, &o.to)
	o.a.Account = either(o.a.Account, o.to.Sender)
	return errors.Join(checkWait(o.to.Wait), checkSize("--size", o.a.Size), checkSize("--away", o.a.Away))
}

func (o *certifyRunOptions) run(ctx context.Context, env *config.Env) int {
	if err := o.check(env); err != nil {
		return env.Fail(config.ExitUsage, fmt.Errorf("certify run: %w", err), "`gateway certify run --help` shows the flags and examples")
	}
	if code := greet(ctx, env, o.to); code != config.ExitOK {
		return code
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return env.Fail(config.ExitFailure, err)
	}
	log, err := os.Create(filepath.Join(o.out, messagesName))
	if err != nil {
		return env.Fail(config.ExitFailure, err)
	}
	results, report, err := certify.RunClient(ctx, o.to, o.a, o.only, log, func(c certify.Outcome) { env.Print(c.String()) })
	err = errors.Join(err, log.Close())
	switch {
	case ctx.Err() != nil:
		return config.ExitInterrupted
	case errors.Is(err, certify.ErrUnreachable):
		return env.Fail(config.ExitUnreachable, err, "--against says where the gateway listens")
	case errors.Is(err, certify.ErrNoSuite):
		return env.Fail(config.ExitNotFound, err)
	case err != nil:
		return env.Fail(config.ExitFailure, err)
	}
	if err := writeReport(o.out, report); err != nil {
		return env.Fail(config.ExitFailure, fmt.Errorf("writing the report: %w", err))
	}
	code := env.Print(results.Summary() + "\n\n" + report.Text())
	env.Say("wrote %s", filepath.Join(o.out, reportName))
	if code == config.ExitOK && (!results.OK() || report.Failed() > 0) {
		return config.ExitCheck
	}
	return code
}
