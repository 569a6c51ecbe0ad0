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

// orderOptions are the terms of an order.
type orderOptions struct {
	clientOptions
	symbol, buy, sell, limit, quote, tif, id string
	market                                   bool
	conditions                               orderConditions
}

func (o *orderOptions) flags(f *config.Flags) {
	f.StringVar(&o.symbol, "symbol", "BTC-PERP", "market")
	f.StringVar(&o.buy, "buy", "", "buy this `SIZE`")
	f.StringVar(&o.sell, "sell", "", "sell this `SIZE`")
	f.BoolVar(&o.market, "market", false, "at whatever the maker offers (40=1)")
	f.StringVar(&o.limit, "limit", "", "at this `PRICE` or better (40=2)")
	f.StringVar(&o.quote, "quote", "", "on the quote with this `ID` (40=D)")
	f.StringVar(&o.tif, "tif", "", "`ioc|fok|gtc`; without it ioc for a market order, fok on a quote, else gtc")
	f.StringVar(&o.id, "cl-ord-id", "", "ClOrdID(11); without it a new one")
	o.conditions.flags(f)
	o.clientOptions.flags(f)
}

// tifs are the codes of TimeInForce(59).
var tifs = map[string]string{"gtc": "1", "ioc": "3", "fok": "4", "gtd": "6"}

// fields are the terms as a NewOrderSingle, and whether the order may wait.
func (o *orderOptions) fields() (fields []fix.Field, waits bool, err error) {
	side, size, sizeFlag := "1", o.buy, "--buy"
	if o.sell != "" {
		side, size, sizeFlag = "2", o.sell, "--sell"
	}
	kinds := 0
	stop := o.conditions.stop != ""
	for _, given := range []bool{o.market, o.limit != "" || stop, o.quote != ""} {
		if given {
			kinds++
		}
	}
	switch {
	case (o.buy == "") == (o.sell == ""):
		return nil, false, errors.New("say one of --buy SIZE and --sell SIZE")
	case kinds != 1:
		return nil, false, errors.New("say one of --market, --limit PRICE, --stop PRICE and --quote ID")
	case o.tif != "" && (tifs[o.tif] == "" || o.tif == "gtd"):
		return nil, false, errors.New("--tif is ioc, fok or gtc; --expire-in makes an order gtd")
	case o.tif != "" && o.conditions.expireIn != 0:
		return nil, false, errors.New("--expire-in goes without --tif")
	}
	if err := checkSize(sizeFlag, size); err != nil {
		return nil, false, err
	}
	fields = []fix.Field{field(11, o.id), field(55, o.symbol), field(54, side), field(60, now()), field(38, size)}
	further, err := o.conditions.fields()
	if err != nil {
		return nil, false, err
	}
	tif := o.tif
	if o.conditions.expireIn > 0 {
		tif = "gtd"
	}
	switch {
	case o.market:
		fields, tif = append(fields, field(40, "1")), either(tif, "ioc")
	case o.quote != "":
		fields, tif = append(fields, field(40, "D"), field(117, o.quote)), either(tif, "fok")
	case stop && o.limit == "":
		fields, tif = append(fields, field(40, "3")), either(tif, "gtc")
	default:
		if v, err := perp.ParsePrice(o.limit); err != nil || v <= 0 {
			return nil, false, errors.New("--limit is a positive decimal such as 60000.5")
		}
		kind := map[bool]string{false: "2", true: "4"}[stop]
		fields, tif = append(fields, field(40, kind), field(44, o.limit)), either(tif, "gtc")
	}
	fields = append(append(fields, field(59, tifs[tif])), further...)
	if o.account != "" {
		fields = append(fields, field(1, o.account))
	}
	return fields, tif == "gtc" || tif == "gtd", nil
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func clientOrder() config.Command {
	var o orderOptions
	return config.Command{
		Path: "client order", Group: groupClient,
		Short: "Send an order and show what becomes of it",
		Long: `Ends when the order has ended or, for one that may wait, when the gateway has
said what state it is in. An order may be held first, until a newer price
decides it (150=A, then 150=0 or 150=8). Exit 8: it was refused.

` + clientLong,
		Examples: `gateway client order --buy 0.5 --symbol BTC-PERP --market
gateway client order --sell 0.5 --limit 61000 --tif gtc
gateway client order --sell 0.5 --stop 59000 --reduce-only
gateway client order --buy 0.5 --limit 59000 --post-only --expire-in 10m
gateway client order --buy 1 --quote Q42A
gateway client order --buy 0.5 --market --dialect VAMM1`,
		Flags: o.flags,
		Run: func(ctx context.Context, env *config.Env, _ []string) int {
			if o.id == "" {
				o.id = "C" + strconv.FormatInt(time.Now().UnixNano(), 36)
			}
			fields, waits, err := o.fields()
			if err != nil {
				return env.Fail(config.ExitUsage, err, "`gateway client order --help` has examples")
			}
			return o.talk(ctx, env, func(ctx context.Context, c *conversation) int {
				if code := c.send("D", fields...); code != config.ExitOK {
					return code
				}
				accepted := false
				code := c.read(ctx, o.wait, func(m fix.Message) verdict {
					v := orderVerdict(m, o.id)
					accepted = waits && m.Get(150) == "0" && m.Get(11) == o.id
					v.done = v.done || accepted
					return v
				})
				if code != config.ExitOK || !accepted {
					return code
				}
				// Fills that came at once stand before the answer to this.
				side := fields[2].Value
				return c.ask(ctx, "", field(11, o.id), field(55, o.symbol), field(54, side))
			})
		},
	}
}

// orderVerdict tells whether a report ends an order, and how.
func orderVerdict(m fix.Message, id string) verdict {
	if m.Type != "8" || m.Get(11) != id {
		return more
	}
	switch {
	case m.Get(150) == "8": // Of a repeated id, 39 tells the first order's state.
		return refused(m)
	case m.Get(39) == "2", m.Get(39) == "4", m.Get(39) == "C":
		return fine
	}
	return more
}

// orderName names an order that exists.
type orderName struct{ orderID, clOrdID, symbol, side string }

func (n *orderName) flags(f *config.Flags) {
	f.StringVar(&n.orderID, "order-id", "", "the gateway's `ID` of the order (37)")
	f.StringVar(&n.clOrdID, "cl-ord-id", "", "the client's `ID` of the order (11); needs --side")
	f.StringVar(&n.symbol, "symbol", "BTC-PERP", "market of the order")
	f.StringVar(&n.side, "side", "", "`buy|sell`: side of the order")
}

// fields name the order in a status request.
func (n *orderName) fields() ([]fix.Field, error) {
	if n.orderID != "" {
		return []fix.Field{field(37, n.orderID)}, nil
	}
	if n.clOrdID == "" {
		return nil, errors.New("say --order-id, or --cl-ord-id with --symbol and --side")
	}
	if err := checkSide(n.side, false); err != nil {
		return nil, err
	}
	return []fix.Field{field(11, n.clOrdID), field(55, n.symbol), field(54, sides[n.side])}, nil
}

// ask sends a status request and reads to its answer. An unknown order ends
// with "not found".
func (c *conversation) ask(ctx context.Context, unknown string, fields ...fix.Field) int {
	code, _ := c.lookUp(ctx, unknown, fields)
	return code
}

// lookUp is ask, and hands back the report.
func (c *conversation) lookUp(ctx context.Context, unknown string, fields []fix.Field) (code int, report fix.Message) {
	statusID := c.id("H")
	if code := c.send("H", append(fields, field(790, statusID))...); code != config.ExitOK {
		return code, report
	}
	code = c.read(ctx, c.opt.wait, func(m fix.Message) verdict {
		if m.Type != "8" || m.Get(150) != "I" || m.Get(790) != statusID {
			return more
		}
		report = m
		if m.Get(37) == "NONE" {
			return verdict{done: true, code: config.ExitNotFound, why: either(unknown, "there is no such order")}
		}
		return fine
	})
	return code, report
}

func clientCancel() config.Command {
	var o clientOptions
	var n orderName
	return config.Command{
		Path: "client cancel", Group: groupClient,
		Short: "Cancel a working order",
		Long: `Asks for the state of the order first, then cancels it. Exit 4: there is no such
order. Exit 8: it could not be cancelled, for example because it has filled.

` + clientLong,
		Examples: `gateway client cancel --order-id O-17
gateway client cancel --cl-ord-id C1 --symbol BTC-PERP --side buy`,
		Flags: func(f *config.Flags) { n.flags(f); o.flags(f) },
		Run: func(ctx context.Context, env *config.Env, _ []string) int {
			name, err := n.fields()
			if err != nil {
				return env.Fail(config.ExitUsage, err)
			}
			return o.talk(ctx, env, func(ctx context.Context, c *conversation) int {
				code, order := c.lookUp(ctx, "there is no such order to cancel", name)
				if code != config.ExitOK {
					return code
				}
				id := c.id("X")
				code = c.send("F", field(41, order.Get(11)), field(11, id), field(37, order.Get(37)), field(55, order.Get(55)),
					field(54, order.Get(54)), field(60, now()), field(38, order.Get(38)))
				if code != config.ExitOK {
					return code
				}
				return c.read(ctx, o.wait, func(m fix.Message) verdict {
					if m.Type == "9" && m.Get(11) == id {
						return refused(m)
					}
					if m.Type == "8" && m.Get(150) == "4" && m.Get(37) == order.Get(37) {
						return fine
					}
					return more
				})
			})
		},
	}
}

func clientStatus() config.Command {
	var o clientOptions
	var n orderName
	return config.Command{
		Path: "client status", Group: groupClient,
		Short: "Show the state of an order, or the positions",
		Long: `With --order-id or --cl-ord-id: one order. Otherwise: the positions of
--account, which without the flag is named like --comp-id.

` + clientLong,
		Examples: `gateway client status
gateway client status --order-id O-17
gateway client status --cl-ord-id C1 --symbol BTC-PERP --side buy`,
		Flags: func(f *config.Flags) { n.flags(f); o.flags(f) },
		Run: func(ctx context.Context, env *config.Env, _ []string) int {
			if n.orderID == "" && n.clOrdID == "" {
				return o.talk(ctx, env, func(ctx context.Context, c *conversation) int { return c.positions(ctx) })
			}
			name, err := n.fields()
			if err != nil {
				return env.Fail(config.ExitUsage, err)
			}
			return o.talk(ctx, env, func(ctx context.Context, c *conversation) int { return c.ask(ctx, "", name...) })
		},
	}
}

// positions asks for all positions of the account.
func (c *conversation) positions(ctx context.Context) int {
	account := either(c.opt.account, c.opt.compID)
	code := c.send("AN", field(710, c.id("P")), field(724, "0"), field(453, "1"), field(448, c.opt.compID), field(447, "D"), field(452, "1"),
		field(1, account), field(581, "1"), field(715, time.Now().UTC().Format("20060102")), field(60, now()))
	if code != config.ExitOK {
		return code
	}
	seen := 0
	return c.read(ctx, c.opt.wait, func(m fix.Message) verdict {
		switch {
		case m.Type == "AO" && m.Get(729) == "2":
			return refused(m)
		case m.Type == "AO":
			return fine // There are none.
		case m.Type == "AP":
			seen++
			return verdict{done: strconv.Itoa(seen) == m.Get(727)}
		}
		return more
	})
}
