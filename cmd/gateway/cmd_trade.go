package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"backstop/config"
	"backstop/perp"
	"backstop/store"
)

// tradeRow is one trade as it is listed.
type tradeRow struct {
	Time      string `json:"time"`
	TradeID   string `json:"trade_id"`
	ExecID    string `json:"exec_id"`
	OrderID   string `json:"order_id"`
	ClOrdID   string `json:"cl_ord_id"`
	Account   string `json:"account"`
	Symbol    string `json:"symbol"`
	Side      string `json:"side"`
	Size      string `json:"size"`
	Price     string `json:"price"`
	Fee       string `json:"fee"`
	Liquidity string `json:"liquidity"`

	SizeUnits  int64 `json:"size_units"`
	PriceUnits int64 `json:"price_units"`
	FeeUnits   int64 `json:"fee_units"`

	Busted bool     `json:"busted"`
	Bust   *bustRow `json:"bust,omitempty"`
}

// bustRow says how a trade was taken back. Realised is by how much the realised P&L
// of the account changed.
type bustRow struct {
	Time     string `json:"time"`
	ExecID   string `json:"exec_id"`
	By       string `json:"by"`
	Reason   string `json:"reason"`
	Realised string `json:"realised_change"`
}

func tradeRowOf(t store.Trade) tradeRow {
	r := tradeRow{
		Time: stamp(t.Time), TradeID: t.TradeID, ExecID: t.ExecID, OrderID: t.OrderID, ClOrdID: t.ClOrdID, Account: t.Account,
		Symbol: t.Symbol, Side: t.Side, Size: t.Size.String(), Price: t.Price.String(), Fee: t.Fee.String(), Liquidity: t.Liquidity,
		SizeUnits: int64(t.Size), PriceUnits: int64(t.Price), FeeUnits: int64(t.Fee),
	}
	if b := t.Bust; b != nil {
		r.Busted, r.Bust = true, &bustRow{stamp(b.Time), b.ExecID, b.By, b.Reason, b.Realised.String()}
	}
	return r
}

// line is the trade in one line.
func (r tradeRow) line() string {
	text := fmt.Sprintf("%s  %-8s %-12s %-4s %s %s at %s, fee %s", r.Time, r.TradeID, r.Account, r.Side, r.Size, r.Symbol, r.Price, r.Fee)
	if r.Busted {
		text += "  BUSTED"
	}
	return text + "\n"
}

func tradeList() config.Command {
	var o newestOptions
	return config.Command{
		Path: "trade list", Group: groupBooks,
		Short:    "List the newest trades, and which of them were busted",
		Long:     "Newest first. What is BUSTED was taken back: nothing of it counts.",
		Examples: "gateway trade list\ngateway trade list --number 50 --json",
		Flags:    o.flags,
		Run: func(_ context.Context, env *config.Env, _ []string) int {
			return o.read(env, func(r *store.Reader) (int, error) {
				all, err := r.Trades(o.n)
				if err != nil {
					return 0, err
				}
				rows, text := []tradeRow{}, ""
				for _, t := range all {
					rows = append(rows, tradeRowOf(t))
					text += rows[len(rows)-1].line()
				}
				if o.asJSON {
					return env.JSON(map[string]any{"trades": rows}), nil
				}
				return env.Print(cmp.Or(text, "no trades\n")), nil
			})
		},
	}
}

func tradeShow() config.Command {
	var o booksOptions
	return config.Command{
		Path: "trade show", Group: groupBooks, Args: "TRADE-ID", MinArgs: 1, MaxArgs: 1,
		Short:    "Show a trade, and what became of it",
		Long:     "TRADE-ID is what clients know as SecondaryExecID(527).",
		Examples: "gateway trade show T-17",
		Flags:    o.flags,
		Run: func(_ context.Context, env *config.Env, args []string) int {
			return withReader(env, o.dir, func(r *store.Reader) (int, error) {
				t, found, err := r.Trade(args[0])
				if err != nil {
					return 0, err
				}
				if !found {
					return env.Fail(config.ExitNotFound, fmt.Errorf("there is no trade %q", args[0])), nil
				}
				row := tradeRowOf(t)
				if o.asJSON {
					return env.JSON(row), nil
				}
				text := row.line() + fmt.Sprintf("  order %s %s, report %s, liquidity %s\n", row.OrderID, row.ClOrdID, row.ExecID, row.Liquidity)
				if b := row.Bust; b != nil {
					text += fmt.Sprintf("  busted %s by %s: %s (report %s; realised P&L changed by %s)\n", b.Time, b.By, b.Reason, b.ExecID, b.Realised)
				}
				return env.Print(text), nil
			})
		},
	}
}

func tradeBust() config.Command {
	var o deskOptions
	c := o.command(deskTexts{
		"trade bust", "Take a trade back as if it had never been",
		"Position, average price, realised P&L, fee and the maker's inventory are what\nthey would be without it; the client is told (150=H). Funding stays as paid.\n" +
			"Refused (exit 8): a trade that is busted already, or that something was built\non which cannot be undone, such as an expiry or a liquidation. Exit 4: no such\n" +
			"trade, or none of the last 1000 of its account. Needs --yes and --reason.",
		"gateway trade show T-17\ngateway trade bust T-17 --reason \"dealt on a wrong price\" --yes",
	}, "TRADE-ID", nil, func(args []string) { o.c.Kind, o.c.Trade = perp.BustTrade{}.Kind(), args[0] })
	c = sure(c, "really do it; nothing brings the trade back", "would be taken back for ever")
	run := c.Run
	c.Run = func(ctx context.Context, env *config.Env, args []string) int {
		if strings.TrimSpace(o.c.Reason) == "" {
			return env.Fail(config.ExitUsage, errors.New("--reason is missing"), "the client is told why")
		}
		return run(ctx, env, args)
	}
	return c
}
