package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
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
	addr, code := o.address(env)
	if code != config.ExitOK {
		return nil, code
	}
	status, _, err := askStatus(ctx, addr, o.wait)
	if err != nil {
		return nil, statusFailed(ctx, env, err)
	}
	return status.Markets, config.ExitOK
}

// address is where the gateway's HTTP port is; on an error it has been said and
// code is the exit code.
func (o *liveOptions) address(env *config.Env) (addr string, code int) {
	addr = o.addr
	if o.portsFile != "" {
		p, err := readPorts(o.portsFile)
		if err != nil {
			return "", env.Fail(config.ExitNotFound, err, "a gateway writes it with --ports-file once it is ready")
		}
		if addr = p.HTTP; addr == "" {
			return "", env.Fail(config.ExitUnreachable, errors.New("that gateway has no HTTP port"), "set server.dashboard, or run it with --http")
		}
	}
	if err := config.CheckAddr(addr); err != nil {
		return "", env.Fail(config.ExitUsage, fmt.Errorf("--http: %w", err), "HOST:PORT, such as 127.0.0.1:8080")
	}
	return addr, config.ExitOK
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
		Short:    "Show a market: leverage, funds, funding, providers, states",
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
	if m.HedgedUnits != 0 {
		line("hedged outside", "%s", m.Hedged)
	}
	line("open interest", "%s", m.Interest)
	if len(m.Refused) > 0 {
		var all []string
		for _, quality := range slices.Sorted(maps.Keys(m.Refused)) {
			all = append(all, fmt.Sprintf("%d %s", m.Refused[quality], quality))
		}
		line("ticks refused", "%s", strings.Join(all, ", "))
	}
	line("funding", "longs pay %s a day, shorts receive %s; booked %s%s", m.FundingLong, m.FundingShort, m.FundingNext, capped(m))
	line("pool", "%s; claims of clients %s, debts %s", m.Pool, m.Claims, m.Debts)
	line("fees", "%s", m.Fees)
	line("insurance", "%s", m.Insurance)
	providersText(&b, m.Providers)
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
