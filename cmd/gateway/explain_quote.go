package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"backstop/config"
	"backstop/engine"
	"backstop/ops"
	"backstop/perp"
	"backstop/store"
)

// quoteOptions are the flags of explain quote.
type quoteOptions struct {
	liveOptions
	account, at, dir string
}

func explainQuote() config.Command {
	var o quoteOptions
	return config.Command{
		Path: "explain quote", Group: groupDesk, Args: "SYMBOL", MinArgs: 1, MaxArgs: 1,
		Short: "Show what each part adds to the best prices",
		Long: `They add up to the price exactly; exit 7 if they do not. With --account also
how the sessions of the account are treated, and the quote made for them. With
--at the journal in --data-dir is replayed up to that time, and nothing is asked
of a running gateway. A time is 2026-01-31T12:00:00Z, or a day: its beginning.`,
		Examples: "gateway explain quote BTC-PERP\ngateway explain quote BTC-PERP --account DEMO1 --json\ngateway explain quote BTC-PERP --at 2026-01-31T12:00:00.25Z",
		Flags: func(f *config.Flags) {
			o.flags(f)
			f.StringVar(&o.account, "account", "", "the quote for clients of this `ACCOUNT`")
			f.StringVar(&o.at, "at", "", "as of `TIME`, from the journal")
			f.StringVar(&o.dir, "data-dir", "gateway-data", "data `DIR` of the gateway, running or not, for --at")
		},
		Run: func(ctx context.Context, env *config.Env, args []string) int {
			if o.at == "" {
				return o.live(ctx, env, args[0])
			}
			at, err := statementTime(o.at, 0)
			if err != nil {
				return env.Fail(config.ExitUsage, err, spanHint)
			}
			return withReader(env, o.dir, func(r *store.Reader) (int, error) { return o.past(env, r, args[0], at) })
		},
	}
}

// explained is what there is to show of a quote.
type explained struct {
	market  ops.Market
	classes ops.Classes
	asOf    string // empty: now
	command int64
}

// live asks the running gateway.
func (o *quoteOptions) live(ctx context.Context, env *config.Env, symbol string) int {
	m, code := o.market(ctx, env, symbol)
	if code != config.ExitOK {
		return code
	}
	x := explained{market: m}
	if o.account != "" {
		if x.classes, code = o.classes(ctx, env); code != config.ExitOK {
			return code
		}
	}
	return x.show(env, o.account, o.asJSON)
}

// classes asks for the quotes that are not everybody's.
func (o *liveOptions) classes(ctx context.Context, env *config.Env) (all ops.Classes, code int) {
	addr, code := o.address(env)
	if code != config.ExitOK {
		return all, code
	}
	raw, err := askHTTP(ctx, addr, "/api/v1/classes", o.wait)
	if err == nil {
		if err = json.Unmarshal(raw, &all); err != nil {
			err = fmt.Errorf("%w: %w", errNotStatus, err)
		}
	}
	if err != nil {
		return all, statusFailed(ctx, env, err)
	}
	return all, config.ExitOK
}

// past replays the journal up to a time, with the same Apply as a start does.
func (o *quoteOptions) past(env *config.Env, r *store.Reader, symbol string, at perp.Time) (int, error) {
	x, found, err := asOf(r, symbol, at)
	if err != nil {
		return 0, err
	}
	if !found {
		return env.Fail(config.ExitNotFound, fmt.Errorf("the journal knows no market %q at %s", symbol, stamp(at)), "it begins later, or the market was listed later"), nil
	}
	return x.show(env, o.account, o.asJSON), nil
}

// asOf makes the view that operators had at a time. It begins at the newest
// snapshot if that is not later.
func asOf(r *store.Reader, symbol string, at perp.Time) (x explained, found bool, err error) {
	e, model := engine.New(), ops.NewModel(version)
	snap, saved, err := r.LatestSnapshot()
	if err != nil {
		return x, false, err
	}
	if saved && snap.Time <= at {
		if e, err = engine.Restore(snap.State); err != nil {
			return x, false, fmt.Errorf("snapshot %d: %w", snap.Seq, err)
		}
		model.Restate(e.Restate())
		x.asOf, x.command = stamp(snap.Time), snap.Seq
	}
	err = replayWith(r, e, func(entry perp.Entry) bool { return entry.Time <= at }, func(entry perp.Entry) {
		if c, is := entry.Command.(engine.Configure); is {
			for _, s := range c.Markets {
				model.Limit(s.Instrument.Symbol, ops.Limits{LeverageCap: s.Quoting.LeverageCap, OracleMaxAge: s.Quoting.HaltAge})
			}
		}
		model.Apply([]perp.Entry{entry})
		x.asOf, x.command = stamp(entry.Time), entry.Seq
	})
	if err != nil {
		return x, false, err
	}
	markets := model.Status().Markets
	i := slices.IndexFunc(markets, func(m ops.Market) bool { return m.Symbol == symbol })
	if i < 0 {
		return x, false, nil
	}
	x.market, x.classes = markets[i], model.Classes()
	return x, true, nil
}

// tierTexts say what a tier means for orders and quotes.
var tierTexts = map[string]string{
	perp.TierFirm.String():   "orders deal at once, except in a wide market",
	perp.TierHeld.String():   "orders wait for a newer price (last look); half the size",
	perp.TierPriced.String(): "last look with half the tolerance; a quarter of the size",
	perp.TierToxic.String():  "last look without tolerance; a quarter of the size",
}

// show prints everybody's quote, or those for the sessions of an account, and
// checks that the parts add up.
func (x explained) show(env *config.Env, account string, asJSON bool) int {
	var text strings.Builder
	out := map[string]any{"symbol": x.market.Symbol}
	if x.asOf != "" {
		fmt.Fprintf(&text, "as of %s, after command %d: quote %d of %s\n", x.asOf, x.command, x.market.Version, x.market.Time)
		out["as_of"], out["command"] = x.asOf, x.command
	}
	adds := true
	if account == "" {
		out["sides"] = x.sides(&text, x.everybody(), &adds)
	} else {
		i := slices.IndexFunc(x.classes.Accounts, func(a ops.Access) bool { return a.Account == account })
		if i < 0 {
			return env.Fail(config.ExitNotFound, fmt.Errorf("there is no account %q", account), "`gateway account list` shows them")
		}
		sessions := []map[string]any{}
		for _, s := range x.classes.Accounts[i].Sessions {
			sessions = append(sessions, x.session(&text, s, &adds))
		}
		if len(sessions) == 0 {
			fmt.Fprintf(&text, "no session may trade %s\n", account)
		}
		out["account"], out["sessions"] = account, sessions
	}
	m := x.market
	limit := ""
	if m.LeverageCap != "" {
		limit = " of " + m.LeverageCap
	}
	fmt.Fprintf(&text, "maker leverage %s%s: inventory %s, funds %s\n", m.Leverage, limit, m.Inventory, m.Equity)
	out["adds_up"], out["leverage"], out["equity"] = adds, m.Leverage, m.Equity
	code := config.ExitOK
	if asJSON {
		code = env.JSON(out)
	} else {
		code = env.Print(text.String())
	}
	if code == config.ExitOK && !adds {
		return env.Fail(config.ExitCheck, errors.New("the parts do not add up to the price"))
	}
	return code
}

// everybody is the quote for clients that nothing is known against.
func (x explained) everybody() ops.ClassQuote {
	m := x.market
	return ops.ClassQuote{
		Symbol: m.Symbol, Version: m.Version, Time: m.Time, Bids: m.Bids, Asks: m.Asks, BidParts: m.BidParts, AskParts: m.AskParts,
	}
}

// session shows how one session is treated and what it is quoted.
func (x explained) session(text *strings.Builder, name string, adds *bool) map[string]any {
	c := ops.Client{Session: name, Symbol: x.market.Symbol, Tier: perp.TierFirm.String(), Surcharge: perp.Ratio(0).String()}
	for _, known := range x.classes.Clients {
		if known.Session == name && known.Symbol == x.market.Symbol {
			c = known
		}
	}
	fmt.Fprintf(text, "%s: tier %s, surcharge %s bp", name, c.Tier, bp(perp.Ratio(c.SurchargeUnits)))
	if c.Why != "" {
		fmt.Fprintf(text, " (%s, score %s)", c.Why, c.Score)
	}
	fmt.Fprintf(text, "; %s\n", tierTexts[c.Tier])
	if c.Until != "" {
		fmt.Fprintf(text, "%s: orders are held until %s\n", name, c.Until)
	}
	q := x.everybody()
	if c.Tier != perp.TierFirm.String() || c.SurchargeUnits != 0 {
		i := slices.IndexFunc(x.classes.Quotes, func(q ops.ClassQuote) bool {
			return q.Symbol == c.Symbol && q.Tier == c.Tier && q.SurchargeUnits == c.SurchargeUnits
		})
		if i >= 0 {
			q = x.classes.Quotes[i]
		} else {
			fmt.Fprintf(text, "%s: no quote was made for this class yet; this is everybody's\n", name)
		}
	}
	return map[string]any{
		"session": name, "tier": c.Tier, "surcharge": c.Surcharge, "surcharge_units": c.SurchargeUnits, "why": c.Why, "score": c.Score,
		"held_until": c.Until, "quote_version": q.Version, "sides": x.sides(text, q, adds),
	}
}

// sides prints the parts of both best prices with their sum.
func (x explained) sides(text *strings.Builder, q ops.ClassQuote, adds *bool) map[string]any {
	sides := map[string]any{}
	for _, side := range []struct {
		name   string
		levels []ops.Level
		parts  []ops.Component
	}{{"bid", q.Bids, q.BidParts}, {"ask", q.Asks, q.AskParts}} {
		if len(side.levels) == 0 {
			fmt.Fprintf(text, "%s: not offered (%s %s)\n", side.name, x.market.State, x.market.Cause)
			continue
		}
		var sum int64
		fmt.Fprintf(text, "%s %s for %s\n", side.name, side.levels[0].Price, side.levels[0].Size)
		for _, p := range side.parts {
			sum += p.Units
			fmt.Fprintf(text, "  %-12s %18s\n", p.Name, p.Amount)
		}
		fmt.Fprintf(text, "  %-12s %18s\n", "sum", perp.Price(sum))
		*adds = *adds && sum == side.levels[0].PriceUnits
		sides[side.name] = map[string]any{
			"price": side.levels[0].Price, "size": side.levels[0].Size, "components": side.parts, "sum": perp.Price(sum).String(),
		}
	}
	return sides
}
