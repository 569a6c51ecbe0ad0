package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"backstop/config"
	"backstop/ops"
	"backstop/perp"
	"backstop/quoting"
)

// liveOptions are the flags of the commands that ask a running gateway.
type liveOptions struct {
	addr, portsFile string
	wait            time.Duration
	asJSON          bool
}

func (o *liveOptions) flags(f *config.Flags) {
	f.StringVar(&o.addr, "http", "127.0.0.1:8080", "HTTP `ADDR` of the gateway")
	f.StringVar(&o.portsFile, "ports-file", "", "take --http from the `FILE` that demo or run wrote")
	f.DurationVar(&o.wait, "wait", 5*time.Second, "longest wait for the answer")
	jsonFlag(f, &o.asJSON)
}

// markets asks for the markets of the running gateway; on an error it has been
// said and code is the exit code.
func (o *liveOptions) markets(ctx context.Context, env *config.Env) (all []ops.Market, code int) {
	addr := o.addr
	if o.portsFile != "" {
		p, err := readPorts(o.portsFile)
		if err != nil {
			return nil, env.Fail(config.ExitNotFound, err, "a gateway writes it with --ports-file once it is ready")
		}
		if addr = p.HTTP; addr == "" {
			return nil, env.Fail(config.ExitUnreachable, errors.New("that gateway has no HTTP port"), "set server.dashboard, or run it with --http")
		}
	}
	if err := config.CheckAddr(addr); err != nil {
		return nil, env.Fail(config.ExitUsage, fmt.Errorf("--http: %w", err), "HOST:PORT, such as 127.0.0.1:8080")
	}
	status, _, err := askStatus(ctx, addr, o.wait)
	if err != nil {
		return nil, statusFailed(ctx, env, err)
	}
	return status.Markets, config.ExitOK
}

func (o *liveOptions) market(ctx context.Context, env *config.Env, symbol string) (ops.Market, int) {
	all, code := o.markets(ctx, env)
	if code != config.ExitOK {
		return ops.Market{}, code
	}
	var names []string
	for _, m := range all {
		if m.Symbol == symbol {
			return m, config.ExitOK
		}
		names = append(names, m.Symbol)
	}
	return ops.Market{}, env.Fail(config.ExitNotFound, fmt.Errorf("there is no market %q; there are %s", symbol, strings.Join(names, ", ")))
}

func marketList() config.Command {
	var o liveOptions
	return config.Command{
		Path: "market list", Group: groupDesk,
		Short:    "List the markets of a running gateway",
		Examples: "gateway market list\ngateway market list --json",
		Flags:    o.flags,
		Run: func(ctx context.Context, env *config.Env, _ []string) int {
			all, code := o.markets(ctx, env)
			if code != config.ExitOK {
				return code
			}
			if o.asJSON {
				return env.JSON(all)
			}
			var text strings.Builder
			fmt.Fprintf(&text, "%-12s %-12s %-12s %16s %16s %16s %10s\n", "market", "state", "mode", "bid", "ask", "oracle", "leverage")
			for _, m := range all {
				fmt.Fprintf(&text, "%-12s %-12s %-12s %16s %16s %16s %10s\n", m.Symbol, m.State, m.Mode, best(m.Bids), best(m.Asks), m.Oracle, m.Leverage)
			}
			return env.Print(text.String())
		},
	}
}

func marketShow() config.Command {
	var o liveOptions
	return config.Command{
		Path: "market show", Group: groupDesk, Args: "SYMBOL", MinArgs: 1, MaxArgs: 1,
		Short:    "Show a market: leverage, funds, funding, states",
		Examples: "gateway market show BTC-PERP\ngateway market show BTC-PERP --json",
		Flags:    o.flags,
		Run: func(ctx context.Context, env *config.Env, args []string) int {
			m, code := o.market(ctx, env, args[0])
			if code != config.ExitOK {
				return code
			}
			if o.asJSON {
				return env.JSON(m)
			}
			return env.Print(marketText(m))
		},
	}
}

func marketText(m ops.Market) string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-16s %s\n", name, fmt.Sprintf(format, args...))
	}
	state := m.State
	if m.Cause != "" {
		state += " (" + m.Cause + ")"
	}
	line("market", "%s, prices in %s", m.Symbol, m.Currency)
	line("state", "%s; the desk asks for: %s", state, m.Mode)
	line("quote", "%s / %s, oracle %s, %d ms old, %d sources", best(m.Bids), best(m.Asks), m.Oracle, m.OracleAge, m.Sources)
	line("leverage", "%s of %s: inventory %s against funds of %s", m.Leverage, m.LeverageCap, m.Inventory, m.Equity)
	line("open interest", "%s", m.Interest)
	line("funding", "longs pay %s a day, shorts receive %s; booked %s%s", m.FundingLong, m.FundingShort, m.FundingNext, capped(m))
	line("pool", "%s; claims of clients %s, debts %s", m.Pool, m.Claims, m.Debts)
	line("fees", "%s", m.Fees)
	line("insurance", "%s", m.Insurance)
	b.WriteString("\nwhat each state allows\n")
	states := []perp.MarketState{perp.Open, perp.WideSpread, perp.ReduceOnly, perp.Halted, perp.Warming, perp.Expired}
	fmt.Fprintf(&b, "  %-14s", "")
	for _, s := range states {
		fmt.Fprintf(&b, " %-12s", s)
	}
	b.WriteString("\n")
	for _, row := range quoting.ActionTable() {
		fmt.Fprintf(&b, "  %-14s", row.Action)
		for _, s := range states {
			mark := "-"
			if quoting.Allows(row.Action, s) {
				mark = "yes"
			}
			fmt.Fprintf(&b, " %-12s", mark)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func capped(m ops.Market) string {
	if m.FundingCapped {
		return " (capped by the maker's budget)"
	}
	return ""
}

func explainQuote() config.Command {
	var o liveOptions
	return config.Command{
		Path: "explain quote", Group: groupDesk, Args: "SYMBOL", MinArgs: 1, MaxArgs: 1,
		Short:    "Show what each part adds to the best prices",
		Long:     "They add up to the price exactly; exit 7 if they do not.",
		Examples: "gateway explain quote BTC-PERP\ngateway explain quote BTC-PERP --json",
		Flags:    o.flags,
		Run: func(ctx context.Context, env *config.Env, args []string) int {
			m, code := o.market(ctx, env, args[0])
			if code != config.ExitOK {
				return code
			}
			return showParts(env, o.asJSON, m)
		},
	}
}

func showParts(env *config.Env, asJSON bool, m ops.Market) int {
	adds := true
	var text strings.Builder
	sides := map[string]any{}
	for _, side := range []struct {
		name   string
		levels []ops.Level
		parts  []ops.Component
	}{{"bid", m.Bids, m.BidParts}, {"ask", m.Asks, m.AskParts}} {
		if len(side.levels) == 0 {
			fmt.Fprintf(&text, "%s: not offered (%s %s)\n", side.name, m.State, m.Cause)
			continue
		}
		var sum int64
		fmt.Fprintf(&text, "%s %s for %s\n", side.name, side.levels[0].Price, side.levels[0].Size)
		for _, p := range side.parts {
			sum += p.Units
			fmt.Fprintf(&text, "  %-12s %18s\n", p.Name, p.Amount)
		}
		fmt.Fprintf(&text, "  %-12s %18s\n", "sum", perp.Price(sum))
		adds = adds && sum == side.levels[0].PriceUnits
		sides[side.name] = map[string]any{"price": side.levels[0].Price, "size": side.levels[0].Size, "components": slices.Clone(side.parts), "sum": perp.Price(sum).String()}
	}
	fmt.Fprintf(&text, "maker leverage %s of %s: inventory %s, funds %s\n", m.Leverage, m.LeverageCap, m.Inventory, m.Equity)
	code := config.ExitOK
	if asJSON {
		code = env.JSON(map[string]any{"symbol": m.Symbol, "sides": sides, "adds_up": adds, "leverage": m.Leverage, "equity": m.Equity})
	} else {
		code = env.Print(text.String())
	}
	if code == config.ExitOK && !adds {
		return env.Fail(config.ExitCheck, errors.New("the parts do not add up to the price"))
	}
	return code
}
