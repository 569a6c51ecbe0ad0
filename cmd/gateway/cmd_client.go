package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	"backstop/config"
	"backstop/fix"
	"backstop/perp"
)

func clientQuote() config.Command {
	var o clientOptions
	var symbol, size, side string
	return config.Command{
		Path: "client quote", Group: groupClient,
		Short: "Ask for one firm quote",
		Long:  clientLong,
		Examples: `gateway client quote --symbol BTC-PERP --size 0.5
gateway client quote --symbol ETH-PERP --size 10 --side buy --json`,
		Flags: func(f *config.Flags) {
			f.StringVar(&symbol, "symbol", "BTC-PERP", "market")
			f.StringVar(&size, "size", "1", "for how much")
			f.StringVar(&side, "side", "", "`buy|sell`; without it both")
			o.flags(f)
		},
		Run: func(ctx context.Context, env *config.Env, _ []string) int {
			if err := errors.Join(checkSize("--size", size), checkSide(side, true)); err != nil {
				return env.Fail(config.ExitUsage, err)
			}
			return o.talk(ctx, env, func(ctx context.Context, c *conversation) int {
				request := []fix.Field{field(131, c.id("Q")), field(146, "1"), field(55, symbol)}
				if side != "" {
					request = append(request, field(54, sides[side]))
				}
				request = append(request, field(38, size))
				if o.account != "" { // In the group, whose members have an order: before 60.
					request = append(request, field(1, o.account))
				}
				request = append(request, field(60, now()))
				if code := c.send("R", request...); code != config.ExitOK {
					return code
				}
				return c.read(ctx, o.wait, func(m fix.Message) verdict {
					switch m.Type {
					case "S":
						return fine
					case "AG":
						return refused(m)
					}
					return more
				})
			})
		},
	}
}

func clientMD() config.Command {
	var o clientOptions
	var symbol string
	var depth, limit int
	var until time.Duration
	return config.Command{
		Path: "client md", Group: groupClient,
		Short: "Show live market data",
		Long: `Subscribes to the book, the trades and the index of one market, and prints a
snapshot at each change. Without --count and --for it goes on until Ctrl-C.

` + clientLong,
		Examples: `gateway client md --symbol BTC-PERP
gateway client md --symbol BTC-PERP --depth 5 --count 1
gateway client md --symbol ETH-PERP --for 30s --json`,
		Flags: func(f *config.Flags) {
			f.StringVar(&symbol, "symbol", "BTC-PERP", "market")
			f.IntVar(&depth, "depth", 1, "levels a side; 0 shows all")
			f.IntVar(&limit, "count", 0, "end after this many snapshots")
			f.DurationVar(&until, "for", 0, "end after this time")
			o.flags(f)
		},
		Run: func(ctx context.Context, env *config.Env, _ []string) int {
			if depth < 0 || limit < 0 || until < 0 {
				return env.Fail(config.ExitUsage, errors.New("--depth, --count and --for must not be negative"))
			}
			return o.talk(ctx, env, func(ctx context.Context, c *conversation) int {
				code := c.send("V", field(262, c.id("M")), field(263, "1"), field(264, strconv.Itoa(depth)), field(265, "0"),
					field(267, "4"), field(269, "0"), field(269, "1"), field(269, "2"), field(269, "3"), field(146, "1"), field(55, symbol))
				if code != config.ExitOK {
					return code
				}
				return c.watch(ctx, until, limit)
			})
		},
	}
}

// watch prints market data until the count or the time is over; zero means no
// end. The first snapshot must come within the usual wait.
func (c *conversation) watch(ctx context.Context, until time.Duration, limit int) int {
	end, cancel := context.WithCancel(ctx)
	if until > 0 {
		end, cancel = context.WithTimeout(ctx, until)
	}
	defer cancel()
	seen := 0
	for {
		code := c.read(end, c.opt.wait, func(m fix.Message) verdict {
			if m.Type == "Y" {
				return refused(m)
			}
			if m.Type == "W" {
				seen++
			}
			return fine
		})
		switch {
		case ctx.Err() == nil && end.Err() != nil:
			return config.ExitOK
		case code != config.ExitOK:
			return code
		case limit > 0 && seen >= limit:
			return config.ExitOK
		}
	}
}

// sides are the codes of Side(54).
var sides = map[string]string{"buy": "1", "sell": "2"}

func checkSide(side string, optional bool) error {
	if _, ok := sides[side]; ok || (side == "" && optional) {
		return nil
	}
	return errors.New("--side is buy or sell")
}

// checkSize refuses a size before it travels; the gateway checks it again.
func checkSize(flag, text string) error {
	v, err := perp.ParseSize(text)
	if err == nil && v > 0 {
		return nil
	}
	return errors.New(flag + " is a positive decimal such as 0.5, with at most nine decimal places")
}
