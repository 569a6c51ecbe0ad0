package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"backstop/certify"
	"backstop/config"
	"backstop/spec"
)

// conformOptions are the flags of conform.
type conformOptions struct {
	to           certify.Target
	tls          tlsOptions
	suite, only  string
	junit        string
	seed         int64
	asJSON, list bool
}

func conformCommand() config.Command {
	var o conformOptions
	return config.Command{
		Path: "conform", Group: groupCertify,
		Short: "Play scenarios against a FIX acceptor, ours or any",
		Long: `Plays the scenarios of a suite, one after the other, and prints a line for each;
of one that fails the rule, the line that does not hold and the message. Suites:

  session    the rules of the FIX session, from Logon to Logout
  malformed  what must not harm an acceptor; generated from --seed
  markets    what each certification market does (gateway demo --cert)
  FILE, DIR  scenarios of your own or of QuickFIX (*.def), as they are

Sequence numbers of the session are reset (141=Y), and it is logged out at the
end: use one that nobody trades on. The password comes from GATEWAY_PASSWORD,
the demo's is known; without one no Username is sent. Exit 7: a scenario fails;
8: we are not let in; 5: nobody answers.`,
		Examples: `gateway conform --against 127.0.0.1:9878 --suite session
gateway conform --against 127.0.0.1:9878 --suite malformed --seed 7
gateway conform --against 127.0.0.1:5001 --target ISLD --sender TW --suite d`,
		Flags: func(f *config.Flags) {
			f.StringVar(&o.to.Addr, "against", "", "`HOST:PORT` of the acceptor")
			f.StringVar(&o.suite, "suite", certify.SuiteSession, "`SUITE`: one of those above, a FILE or a DIR")
			f.StringVar(&o.only, "only", "", "only cases whose name has this `TEXT` in it")
			f.StringVar(&o.to.BeginString, "begin-string", "FIX.4.4", "`VERSION`: FIX.4.2, FIX.4.4 or FIXT.1.1")
			f.StringVar(&o.to.Sender, "sender", "DEMO1", "our SenderCompID(49)")
			f.StringVar(&o.to.Target, "target", "BACKSTOP", "the acceptor's CompID(56)")
			f.StringVar(&o.to.Username, "username", "", "Username(553); without it --sender")
			f.StringVar(&o.to.DefaultApplVerID, "appl-ver-id", "9", "DefaultApplVerID(1137), with FIXT.1.1")
			f.Int64Var(&o.seed, "seed", 1, "of what is generated")
			f.DurationVar(&o.to.Wait, "timeout", certify.WaitMax, "longest wait for one message")
			o.tls.flags(f)
			f.StringVar(&o.junit, "junit", "", "write the outcomes to `FILE` as JUnit XML, too")
			f.BoolVar(&o.list, "list", false, "print what the suite has in it, and play nothing")
			jsonFlag(f, &o.asJSON)
		},
		Run: func(ctx context.Context, env *config.Env, _ []string) int { return o.run(ctx, env) },
	}
}

func (o *conformOptions) run(ctx context.Context, env *config.Env) int {
	if err := o.check(env); err != nil {
		return env.Fail(config.ExitUsage, err, "`gateway conform --help` shows the flags and examples")
	}
	if code := o.tls.secure(env, &o.to); code != config.ExitOK {
		return code
	}
	suite, err := certify.LoadSuite(o.suite, o.seed, o.to)
	if errors.Is(err, certify.ErrNoSuite) {
		return env.Fail(config.ExitNotFound, err, "suites are "+strings.Join(certify.SuiteNames, ", ")+"; else a FILE or DIR of *.def")
	}
	if err != nil {
		return env.Fail(config.ExitFailure, err)
	}
	if suite = suite.Only(o.only); len(suite.Cases) == 0 {
		return env.Fail(config.ExitNotFound, fmt.Errorf("no case of %s has %q in its name", o.suite, o.only), "--list prints the names")
	}
	if o.list {
		return showSuite(env, o.asJSON, suite)
	}
	if slices.Contains(certify.SuiteNames, o.suite) {
		if code := greet(ctx, env, o.to); code != config.ExitOK {
			return code
		}
	}
	tell := func(c certify.Outcome) {
		if !o.asJSON {
			env.Print(c.String())
		}
	}
	results, err := certify.Run(ctx, suite, o.to, tell)
	if ctx.Err() != nil {
		return config.ExitInterrupted
	}
	if code, told := failConnect(env, err); told {
		return code
	}
	if err != nil {
		return env.Fail(config.ExitFailure, err)
	}
	return o.answer(env, results)
}

// greet finds out whether the acceptor lets us in at all.
func greet(ctx context.Context, env *config.Env, to certify.Target) int {
	err := certify.Greet(ctx, to)
	if ctx.Err() != nil {
		return config.ExitInterrupted
	}
	if code, told := failConnect(env, err); told {
		return code
	}
	if err != nil {
		return env.Fail(config.ExitRefused, fmt.Errorf("%s is not let in by %s: %w", to.Sender, to.Target, errors.Unwrap(err)),
			"--sender and --target are the CompIDs, "+passwordVariable+" the password", "the session must allow ResetSeqNumFlag(141)",
			"does the acceptor want --tls, or a --cert?")
	}
	return config.ExitOK
}

func (o *conformOptions) check(env *config.Env) error {
	if err := config.CheckAddr(o.to.Addr); err != nil {
		return fmt.Errorf("--against: %w", err)
	}
	if _, known := spec.VersionOf(o.to.BeginString); !known {
		return errVersion
	}
	credentials(env, &o.to)
	return checkWait(o.to.Wait)
}

// waitMin is the shortest wait that an answer over a network may take.
const waitMin = 100 * time.Millisecond

func checkWait(wait time.Duration) error {
	if wait < waitMin {
		return fmt.Errorf("--timeout is at least %v", waitMin)
	}
	return nil
}

// credentials fills in what goes into a Logon: nothing without a password. That of
// the demo is known.
func credentials(env *config.Env, to *certify.Target) {
	to.Password, _ = env.Lookup(passwordVariable)
	if to.Password == "" && config.IsLoopback(to.Addr) && to.Target == demoTarget && listedClient(to.Sender) {
		to.Password = demoPassword
	}
	if to.Password == "" {
		to.Username = ""
	} else {
		to.Username = either(to.Username, to.Sender)
	}
}

// demoTarget is the CompID of the demo's gateway.
const demoTarget = "BACKSTOP"

func showSuite(env *config.Env, inJSON bool, suite certify.Suite) int {
	if inJSON {
		return env.JSON(suite.Cases)
	}
	var b strings.Builder
	for _, c := range suite.Cases {
		fmt.Fprintf(&b, "%-50s %s\n", c.Name, either(c.Rule, c.Expect))
	}
	return env.Print(b.String())
}

func (o *conformOptions) answer(env *config.Env, r *certify.Results) int {
	var code int
	if o.asJSON {
		code = env.JSON(r)
	} else {
		code = env.Print(r.Summary() + "\n")
	}
	if o.junit != "" {
		text, err := r.JUnit()
		if err == nil {
			err = os.WriteFile(o.junit, text, 0o644)
		}
		if err != nil {
			return env.Fail(config.ExitFailure, fmt.Errorf("writing JUnit: %w", err))
		}
	}
	if code == config.ExitOK && !r.OK() {
		return config.ExitCheck
	}
	return code
}
