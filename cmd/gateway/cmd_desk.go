package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os/user"
	"path/filepath"
	"time"

	"backstop/config"
	"backstop/ops"
	"backstop/perp"
)

// deskOptions are the flags of the commands that change something.
type deskOptions struct {
	dir, token string
	wait       time.Duration
	asJSON     bool
	c          ops.DeskCommand
}

// deskTexts is what the help of a desk command says.
type deskTexts struct{ path, short, long, examples string }

func (o *deskOptions) command(t deskTexts, args string, flags func(*config.Flags), fill func([]string)) config.Command {
	n := 0
	if args != "" {
		n = 1
	}
	return config.Command{
		Path: t.path, Group: groupDesk, Args: args, MinArgs: n, MaxArgs: n, Short: t.short, Long: t.long, Examples: t.examples,
		Flags: func(f *config.Flags) {
			f.StringVar(&o.dir, "data-dir", "gateway-data", "data `DIR` of the running gateway; its admin socket is there")
			f.StringVar(&o.c.Key, "key", "", "`KEY` under which this counts once; without it: a new one, which is said")
			f.StringVar(&o.c.Reason, "reason", "", "`TEXT` for the audit")
			f.DurationVar(&o.wait, "wait", 15*time.Second, "longest wait for the answer")
			f.StringVar(&o.token, "token-file", "", "`FILE` with your token, mode 0600, where persons are configured")
			if t.path != approvePath {
				f.BoolVar(&o.c.Propose, "propose", false, "let another person approve it (desk approve)")
			}
			if flags != nil {
				flags(f)
			}
			jsonFlag(f, &o.asJSON)
		},
		Run: func(ctx context.Context, env *config.Env, args []string) int {
			fill(args)
			return o.ask(ctx, env)
		},
	}
}

// ask sends the command and turns its end into an exit code.
func (o *deskOptions) ask(ctx context.Context, env *config.Env) int {
	if o.c.Key == "" {
		o.c.Key = newKey()
		env.Say("key %s", o.c.Key)
	}
	if err := o.readToken(); err != nil {
		return env.Fail(config.ExitConfig, err, "keep the token in a file of your own: chmod 600")
	}
	if u, err := user.Current(); err == nil {
		o.c.By = u.Username
	}
	ctx, cancel := context.WithTimeout(ctx, o.wait)
	defer cancel()
	answer, err := ops.AskDesk(ctx, filepath.Join(o.dir, adminSocket), o.c)
	again := "it may have been done: ask again with --key " + o.c.Key
	switch {
	case errors.Is(err, ops.ErrNoDesk):
		return env.Fail(config.ExitUnreachable, err, "name the data directory of the running gateway with --data-dir")
	case errors.Is(err, context.DeadlineExceeded):
		return env.Fail(config.ExitTimeout, err, again)
	case errors.Is(err, context.Canceled):
		return env.Fail(config.ExitInterrupted, err, again)
	case err != nil:
		return env.Fail(config.ExitFailure, err, again)
	}
	if o.asJSON {
		if code := env.JSON(answer); code != config.ExitOK || answer.Done {
			return code
		}
	}
	if answer.Done {
		return env.Print(answer.Text + "\n")
	}
	return env.Fail(refusalCode(answer.Reject), refusal(answer))
}

// refusalCode is the exit code of a refusal.
func refusalCode(reject string) int {
	switch reject {
	case perp.UnknownAccount.String(), perp.UnknownSymbol.String(), perp.UnknownSession.String(),
		perp.UnknownTrade.String():
		return config.ExitNotFound
	case perp.BadRequest.String():
		return config.ExitUsage
	case perp.NotReady.String(), perp.Throttled.String():
		return config.ExitFailure
	}
	return config.ExitRefused
}

func refusal(a ops.DeskAnswer) error {
	text := "refused: " + a.Reject
	if a.Detail != "" {
		text += " " + a.Detail
	}
	if a.Need != 0 || a.Have != 0 {
		text += fmt.Sprintf(" (needs %s, has %s)", perp.Money(a.Need), perp.Money(a.Have))
	}
	return errors.New(text)
}

// newKey is a random key: 16 hex digits.
func newKey() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // It never fails.
	return hex.EncodeToString(b[:])
}

// money are the flags of a command that moves it.
func (o *deskOptions) money(f *config.Flags) {
	f.StringVar(&o.c.Account, "account", "", "`ACCOUNT` of a client, or maker")
	f.StringVar(&o.c.Amount, "amount", "", "`AMOUNT` as a decimal")
	f.StringVar(&o.c.Symbol, "symbol", "", "`MARKET`, for the maker")
	f.StringVar(&o.c.Fund, "fund", "", "equity (the default) or insurance, for the maker")
}

func accountDeposit() config.Command {
	var o deskOptions
	return o.command(deskTexts{
		"account deposit", "Pay collateral into an account, or into the maker's funds",
		"The money comes from outside the books. Debts of the account are settled with\nit at once.",
		"gateway account deposit --account DEMO1 --amount 1000 --key wire-4711\ngateway account deposit --account maker --symbol BTC-PERP --amount 5000",
	}, "", o.money, func([]string) { o.c.Kind = perp.Deposit{}.Kind() })
}

func accountWithdraw() config.Command {
	var o deskOptions
	return o.command(deskTexts{
		"account withdraw", "Pay settled free collateral out",
		"Claims are settled first. What margin needs stays; profits that are not\nsettled do not count, losses do. Too much of all client cash within a day\nstops withdrawals for everybody (account resume-withdrawals). From the maker:\nspare equity, or insurance. Exit 8: refused, and nothing changed.",
		"gateway account withdraw --account DEMO1 --amount 250.5",
	}, "", o.money, func([]string) { o.c.Kind = perp.Withdraw{}.Kind() })
}

func accountResume() config.Command {
	var o deskOptions
	return o.command(deskTexts{
		"account resume-withdrawals", "Let withdrawals go on again", "The outflow limit or the desk had stopped them.", "gateway account resume-withdrawals",
	}, "", nil, func([]string) { o.c.Kind = perp.OpenWithdrawals{}.Kind() })
}

func accountStop() config.Command {
	var o deskOptions
	return o.command(deskTexts{
		"account stop-withdrawals", "Let nothing leave any account", "It lasts until account resume-withdrawals. Deposits and trading go on.",
		"gateway account stop-withdrawals --reason \"books are looked at\"",
	}, "", nil, func([]string) { o.c.Kind = perp.StopWithdrawals{}.Kind() })
}

// marketMode is a command that sets the mode of a market.
func marketMode(verb, mode, short, long string) config.Command {
	var o deskOptions
	return o.command(deskTexts{"market " + verb, short, long, "gateway market " + verb + " BTC-PERP --reason \"feed incident\""},
		"SYMBOL", nil, func(args []string) {
			o.c.Kind, o.c.Symbol, o.c.Mode = perp.SetMarket{}.Kind(), args[0], mode
		})
}

func marketHalt() config.Command {
	return marketMode("halt", "halted", "Stop quotes and fills in a market", "Cancels keep working; orders stay. It lasts until market resume.")
}

func marketResume() config.Command {
	return marketMode("resume", "normal", "End a halt or reduce-only", "The market opens again after its next good prices.")
}

func marketReduceOnly() config.Command {
	return marketMode("reduce-only", "reduce_only", "Let clients only reduce in a market", "")
}

func marketExpire() config.Command {
	c := marketMode("expire", "expired", "Close a market for ever",
		"Ends all orders, closes every position at the price at which the market's cash\ncovers all claims (the slow average of the oracle, if it does), and settles:\nlosers first. The market must be halted or reduce-only. Needs --yes.")
	c.Examples = "gateway market halt OLD-PERP\ngateway market expire OLD-PERP --yes"
	return sure(c, "really do it; nothing brings the market back", "would be closed for ever")
}

// sure has a command that nothing undoes done with --yes alone. Usage says what the
// flag means, would what became of its first argument.
func sure(c config.Command, usage, would string) config.Command {
	yes := false
	flags, run := c.Flags, c.Run
	c.Flags = func(f *config.Flags) {
		flags(f)
		f.BoolVar(&yes, "yes", false, usage)
	}
	c.Run = func(ctx context.Context, env *config.Env, args []string) int {
		if !yes {
			return env.Fail(config.ExitRefused, fmt.Errorf("%s %s", args[0], would), "say --yes if that is meant")
		}
		return run(ctx, env, args)
	}
	return c
}
