package main

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"backstop/config"
	"backstop/fix"
	"backstop/perp"
)

// orderConditions are what an order asks for beyond side, size and price.
type orderConditions struct {
	stop, trigger, minQty, slippage string
	postOnly, reduceOnly, closing   bool
	expireIn, maxAge                time.Duration
}

func (o *orderConditions) flags(f *config.Flags) {
	f.StringVar(&o.stop, "stop", "", "wait until this `PRICE` is reached (40=3; with --limit 40=4)")
	f.StringVar(&o.trigger, "trigger", "", "`oracle|mark|maker`: which price that is (22080); without it oracle")
	f.BoolVar(&o.postOnly, "post-only", false, "never take the offer (18=6)")
	f.BoolVar(&o.reduceOnly, "reduce-only", false, "deal no more than closes the position (18=E)")
	f.BoolVar(&o.closing, "close", false, "the same, and refused without a position of that size (77=C)")
	f.StringVar(&o.minQty, "min-qty", "", "deal at least this `SIZE` at a time (110)")
	f.DurationVar(&o.expireIn, "expire-in", 0, "end the order after this time (59=6, 126)")
	f.StringVar(&o.slippage, "max-slippage", "", "with --market or --stop: at most so many `BPS` off the best level (22081)")
	f.DurationVar(&o.maxAge, "max-age", 0, "refuse the order if it is older than this when judged (22002)")
}

// triggers are the codes of TriggerPxType(22080).
var triggers = map[string]string{"oracle": "1", "mark": "2", "maker": "3"}

// fields are the conditions as a NewOrderSingle has them.
func (o *orderConditions) fields() (fields []fix.Field, err error) {
	switch {
	case o.trigger != "" && (o.stop == "" || triggers[o.trigger] == ""):
		return nil, errors.New("--trigger is oracle, mark or maker, and goes with --stop")
	case o.expireIn < 0 || o.maxAge < 0 || o.maxAge%time.Millisecond != 0:
		return nil, errors.New("--expire-in and --max-age are times above 0, the latter in whole milliseconds")
	}
	if o.stop != "" {
		if v, err := perp.ParsePrice(o.stop); err != nil || v <= 0 {
			return nil, errors.New("--stop is a positive decimal such as 60000.5")
		}
		fields = append(fields, field(99, o.stop))
	}
	if o.minQty != "" {
		if err := checkSize("--min-qty", o.minQty); err != nil {
			return nil, err
		}
		fields = append(fields, field(110, o.minQty))
	}
	var words []string
	if o.postOnly {
		words = append(words, "6")
	}
	if o.reduceOnly {
		words = append(words, "E")
	}
	for _, f := range []struct {
		tag   int
		given bool
		value string
	}{
		{18, len(words) > 0, strings.Join(words, " ")}, {77, o.closing, "C"}, {22080, o.trigger != "", triggers[o.trigger]},
		{126, o.expireIn > 0, time.Now().Add(o.expireIn).UTC().Format("20060102-15:04:05.000")}, {22081, o.slippage != "", o.slippage},
		{22002, o.maxAge > 0, strconv.FormatInt(o.maxAge.Milliseconds(), 10)},
	} {
		if f.given {
			fields = append(fields, field(f.tag, f.value))
		}
	}
	return fields, nil
}

// cancelMany asks for the end of all working orders of the session (q).
func (c *conversation) cancelMany(ctx context.Context, symbol, side string) int {
	id := c.id("Q")
	fields := []fix.Field{field(11, id), field(530, "7"), field(60, now())}
	if symbol != "" {
		fields[1] = field(530, "1")
		fields = append(fields, field(55, symbol))
	}
	if side != "" {
		fields = append(fields, field(54, sides[side]))
	}
	if code := c.send("q", fields...); code != config.ExitOK {
		return code
	}
	return c.read(ctx, c.opt.wait, func(m fix.Message) verdict {
		switch {
		case m.Type != "r" || m.Get(11) != id:
			return more
		case m.Get(531) == "0":
			return refused(m)
		}
		return fine
	})
}

// working asks for all orders that may still fill (AF).
func (c *conversation) working(ctx context.Context) int {
	id := c.id("AF")
	fields := []fix.Field{field(584, id), field(585, "7")}
	if c.opt.account != "" {
		fields = append(fields, field(1, c.opt.account))
	}
	if code := c.send("AF", fields...); code != config.ExitOK {
		return code
	}
	return c.read(ctx, c.opt.wait, func(m fix.Message) verdict {
		switch {
		case m.Type != "8" || m.Get(584) != id || m.Get(912) != "Y":
			return more
		case m.Get(911) == "0" && m.Get(58) != perp.NoOrders.String():
			return refused(m)
		}
		return fine
	})
}

func clientCancelAll() config.Command {
	var o clientOptions
	var symbol, side string
	return config.Command{
		Path: "client cancel-all", Group: groupClient,
		Short: "Cancel all working orders of the session",
		Long: `Cancels what this session placed and is still working, held orders excepted.
That there are none is no failure.

` + clientLong,
		Examples: `gateway client cancel-all
gateway client cancel-all --symbol BTC-PERP --side buy`,
		Flags: func(f *config.Flags) {
			f.StringVar(&symbol, "symbol", "", "only orders in this market")
			f.StringVar(&side, "side", "", "`buy|sell`: only orders of this side")
			o.flags(f)
		},
		Run: func(ctx context.Context, env *config.Env, _ []string) int {
			if err := checkSide(side, true); err != nil {
				return env.Fail(config.ExitUsage, err)
			}
			return o.talk(ctx, env, func(ctx context.Context, c *conversation) int { return c.cancelMany(ctx, symbol, side) })
		},
	}
}

func clientOrders() config.Command {
	var o clientOptions
	return config.Command{
		Path: "client orders", Group: groupClient,
		Short: "Show all orders that may still fill",
		Long: `Of --account, or of every account that the session may use. That there are none
is no failure.

` + clientLong,
		Examples: `gateway client orders
gateway client orders --account DEMO1 --json`,
		Flags: o.flags,
		Run: func(ctx context.Context, env *config.Env, _ []string) int {
			return o.talk(ctx, env, func(ctx context.Context, c *conversation) int { return c.working(ctx) })
		},
	}
}
