package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"backstop/config"
	"backstop/fix"
	"backstop/perp"
	"backstop/store"
)

// grepMax is how many messages a search looks through: an order's lane needs all of
// them in memory.
const grepMax = 1_000_000

// grepOptions are the flags of fix grep.
type grepOptions struct {
	logs          []string
	dir, order    string
	kinds         []string
	whole, asJSON bool
}

func fixGrep() config.Command {
	var o grepOptions
	return config.Command{
		Path: "fix grep", Group: groupFix, Args: "[CONDITION]...", MaxArgs: config.ArgsAny,
		Short: "Find messages, or all that was said about an order",
		Long: `Looks through text with one message a line: the log of an engine, or what the
gateway logs with log.level = "debug"; with --data-dir through what the gateway
has stored of what it said. Prints a line for each message for which every
CONDITION holds: TAG=VALUE, TAG~PATTERN (a regular expression that is found
somewhere in the value) or TAG alone, where a tag is a number or a name.

--order follows one order over all its ids, from the first request on: OrderID,
ClOrdID, and those that were replaced. Secrets are not shown. Exit 4: there is
no such message.`,
		Examples: `gateway fix grep --log messages.log --order A-17
gateway fix grep --log messages.log 35=8 OrdStatus=8 Text~MARGIN
gateway fix grep --data-dir gateway-data --type 8,9 --whole Account=ACME`,
		Flags: func(f *config.Flags) {
			f.StringSliceVar(&o.logs, "log", nil, "`FILE` with messages; without one and without --data-dir standard input")
			f.StringVar(&o.dir, "data-dir", "", "data `DIR` of a gateway, running or not")
			f.StringVar(&o.order, "order", "", "all about the order that has this `ID`")
			f.StringSliceVar(&o.kinds, "type", nil, "only these `TYPES`, such as D,8 or NewOrderSingle")
			f.BoolVar(&o.whole, "whole", false, "print the fields one a line, as fix decode does")
			jsonFlag(f, &o.asJSON)
		},
		Run: func(ctx context.Context, env *config.Env, args []string) int { return o.run(ctx, env, args) },
	}
}

func (o grepOptions) run(ctx context.Context, env *config.Env, args []string) int {
	search, err := fix.ParseSearch(o.order, o.kinds, args)
	if err != nil {
		return env.Fail(config.ExitUsage, err, "a condition is TAG=VALUE, TAG~PATTERN or TAG, such as 11=A-17 or Text~MARGIN")
	}
	if search.Any() {
		return env.Fail(config.ExitUsage, errors.New("nothing to look for"), "name a condition, --order or --type")
	}
	if o.dir == "" {
		messages, err := readMessages(ctx, env.Stdin, o.logs)
		if ctx.Err() != nil {
			return config.ExitInterrupted
		}
		if err != nil {
			return env.Fail(config.ExitNotFound, err)
		}
		return o.show(env, messages, search)
	}
	if len(o.logs) > 0 {
		return env.Fail(config.ExitUsage, errors.New("--log and --data-dir do not go together"))
	}
	return withReader(env, o.dir, func(r *store.Reader) (int, error) {
		var messages []fix.Message
		err := r.Said(func(m perp.WireMessage) error {
			messages = append(messages, fix.ParseMessage(m.Bytes))
			return errors.Join(ctx.Err(), tooMany(len(messages)))
		})
		if ctx.Err() != nil {
			return config.ExitInterrupted, nil
		}
		if err != nil {
			return config.ExitFailure, err
		}
		return o.show(env, messages, search), nil
	})
}

func tooMany(n int) error {
	if n > grepMax {
		return fmt.Errorf("there are more than %d messages", grepMax)
	}
	return nil
}

// show prints the messages that are looked for.
func (o grepOptions) show(env *config.Env, messages []fix.Message, search fix.Search) int {
	if err := tooMany(len(messages)); err != nil {
		return env.Fail(config.ExitFailure, err)
	}
	found := []jsonMessage{}
	var text strings.Builder
	for _, m := range search.Find(messages) {
		found = append(found, asJSON(m))
		if o.whole {
			fmt.Fprintf(&text, "%s (35=%s)\n%s\n", either(m.Name, "unknown message"), m.Type, m)
		} else {
			text.WriteString(m.Line() + "\n")
		}
	}
	if len(found) == 0 {
		return env.Fail(config.ExitNotFound, errors.New("there is no such message"))
	}
	if o.asJSON {
		return env.JSON(found)
	}
	return env.Print(text.String())
}
