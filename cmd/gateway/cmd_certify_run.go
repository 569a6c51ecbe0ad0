package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

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
	tls       tlsOptions
	a         certify.Active
	only, out string
	through   string
}

func certifyRun() config.Command {
	var o certifyRunOptions
	return config.Command{
		Path: "certify run", Group: groupCertify,
		Short: "Have a reference client trade, and judge both sides",
		Long: `Plays a client that does what a client has to do, scenario by scenario: a line
for each says how the gateway did. What was said is kept in messages.log and
judged as any other session is (certify grade): that says how the client did.

It places small orders, some of which fill, and once sends 300 requests at a
time, so as to be throttled. Numbers of the session are reset (141=Y). The
password comes from GATEWAY_PASSWORD, the demo's is known; without one no
Username is sent. A session for drop copies has the same password.
Scenarios that need a market which is not listed, --drop-copy or a password are
left out. One Logon has wrong credentials: five runs in a minute lock the
session out.
Exit 7: a scenario or a check fails; 8: we are not let in; 5: nobody answers.

With --through your own FIX engine says and hears all that: a program that sends
the messages it reads and prints those that pass (acceptance/README.md). Session
messages are then its own, and the report is on it. COMMAND is cut at spaces.`,
		Examples: `gateway demo --quiet
gateway certify run --against 127.0.0.1:9878 --out certified
gateway certify run --against 127.0.0.1:9878 --size 0.002 --out small
gateway demo --cert --quiet
gateway certify run --against 127.0.0.1:9878 --cert --out certified
gateway certify run --against 127.0.0.1:9878 --only c34 --repeat 9 --out fair
gateway certify run --through "./relay client.cfg FIX44.xml" --out certified`,
		Flags: func(f *config.Flags) {
			f.StringVar(&o.to.Addr, "against", "", "`HOST:PORT` of the gateway")
			f.StringVar(&o.through, "through", "", "`COMMAND` of an engine that connects, instead of --against")
			f.StringVar(&o.to.Sender, "sender", "DEMO1", "our SenderCompID(49)")
			f.StringVar(&o.to.Target, "target", "BACKSTOP", "the gateway's CompID(56)")
			f.StringVar(&o.to.Username, "username", "", "Username(553); without it --sender")
			f.StringVar(&o.a.Account, "account", "", "Account(1); without it --sender")
			f.BoolVar(&o.a.Cert, "cert", false, "there are certification markets (demo --cert)")
			f.StringVar(&o.a.Copy, "drop-copy", "", "CompID of a drop copy session; DEMODC of the demo")
			f.StringVar(&o.a.Symbol, "symbol", "", "market; without it BTC-PERP, with --cert CERT-FILL")
			f.StringVar(&o.a.Size, "size", "", "of each order; without it 0.01, with --cert 1")
			f.StringVar(&o.a.Away, "away", "", "how far below the bid orders rest; without it 500 or 1")
			o.tls.flags(f)
			f.StringVar(&o.only, "only", "", "only scenarios whose name has this `TEXT` in it")
			f.IntVar(&o.a.Repeat, "repeat", 1, "play each scenario so many times")
			f.StringVar(&o.out, "out", "", "write the log and the report into `DIR`")
			f.DurationVar(&o.to.Wait, "timeout", certify.WaitMax, "longest wait for one message")
		},
		Run: func(ctx context.Context, env *config.Env, _ []string) int { return o.run(ctx, env) },
	}
}

func (o *certifyRunOptions) check(env *config.Env) error {
	o.to.Through, o.to.Talk = strings.Fields(o.through), env.Stderr
	switch {
	case o.through != "" && o.to.Addr != "":
		return errors.New("--through and --against: the engine knows where to connect to")
	case o.through != "" && len(o.to.Through) == 0:
		return errors.New("--through: no command")
	case o.through == "":
		if err := config.CheckAddr(o.to.Addr); err != nil {
			return fmt.Errorf("--against: %w", err)
		}
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
	if o.to.Password == demoPassword && o.to.Target == demoTarget && listedClient(o.to.Sender) {
		o.a.Copy = either(o.a.Copy, demoCopy)
	}
	symbol, size, away := "BTC-PERP", "0.01", "500"
	if o.a.Cert {
		symbol, size, away = "CERT-FILL", certLot, "1"
	}
	o.a.Symbol, o.a.Size, o.a.Away = either(o.a.Symbol, symbol), either(o.a.Size, size), either(o.a.Away, away)
	return errors.Join(checkWait(o.to.Wait), checkSize("--size", o.a.Size), checkSize("--away", o.a.Away))
}

func (o *certifyRunOptions) run(ctx context.Context, env *config.Env) int {
	if err := o.check(env); err != nil {
		return env.Fail(config.ExitUsage, fmt.Errorf("certify run: %w", err), "`gateway certify run --help` shows the flags and examples")
	}
	// Before anybody is connected to, and before the files of an earlier run are gone.
	if _, err := certify.ClientSuite(o.only); err != nil {
		return env.Fail(config.ExitNotFound, err, "scenarios are named as their checks: certify list")
	}
	if code := o.tls.secure(env, &o.to); code != config.ExitOK {
		return code
	}
	if len(o.to.Through) == 0 {
		if code := greet(ctx, env, o.to); code != config.ExitOK {
			return code
		}
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
	if code, told := failConnect(env, err); told {
		return code
	}
	switch {
	case ctx.Err() != nil:
		return config.ExitInterrupted
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
