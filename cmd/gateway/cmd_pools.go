package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"backstop/config"
	"backstop/perp"
	"backstop/store"
)

// poolRow is what the books hold in one market.
type poolRow struct {
	Symbol    string `json:"symbol"`
	Pool      string `json:"pool"`
	Equity    string `json:"equity"`
	Fees      string `json:"fees"`
	Insurance string `json:"insurance"`
	Claims    string `json:"claims"` // owed to clients
	Debts     string `json:"debts"`  // owed by clients

	PoolUnits      int64 `json:"pool_units"`
	EquityUnits    int64 `json:"equity_units"`
	FeesUnits      int64 `json:"fees_units"`
	InsuranceUnits int64 `json:"insurance_units"`
	ClaimsUnits    int64 `json:"claims_units"`
	DebtsUnits     int64 `json:"debts_units"`
}

func ledgerPools() config.Command {
	var o booksOptions
	return config.Command{
		Path: "ledger pools", Group: groupBooks,
		Short: "Show what each market holds and owes",
		Long: "Winners are paid from the pool. Equity and fees are the maker's, insurance\n" +
			"covers bankruptcies. Claims and debts are realised and not yet settled.",
		Examples: "gateway ledger pools\ngateway ledger pools --json",
		Flags:    o.flags,
		Run: func(_ context.Context, env *config.Env, _ []string) int {
			return withReader(env, o.dir, func(r *store.Reader) (int, error) {
				rows, err := r.Balances()
				if err != nil {
					return 0, err
				}
				return showPools(env, o.asJSON, pools(rows)), nil
			})
		},
	}
}

// pools adds up the accounts of each market, sorted by symbol.
func pools(rows []store.Balance) (all []poolRow) {
	at := map[string]*poolRow{}
	for _, b := range rows {
		name, symbol, ofMarket := strings.Cut(b.Account, "/")
		if !ofMarket {
			continue
		}
		if at[symbol] == nil {
			at[symbol] = &poolRow{Symbol: symbol}
		}
		p := at[symbol]
		switch {
		case name == perp.Claim && b.Owner != perp.Maker && b.Balance > 0:
			p.ClaimsUnits += b.Balance
		case name == perp.Claim && b.Owner != perp.Maker:
			p.DebtsUnits -= b.Balance
		case name == perp.Pool:
			p.PoolUnits = b.Balance
		case name == perp.Equity:
			p.EquityUnits = b.Balance
		case name == perp.Fees:
			p.FeesUnits = b.Balance
		case name == perp.Insurance:
			p.InsuranceUnits = b.Balance
		}
	}
	for _, p := range at {
		for into, units := range map[*string]int64{
			&p.Pool: p.PoolUnits, &p.Equity: p.EquityUnits, &p.Fees: p.FeesUnits,
			&p.Insurance: p.InsuranceUnits, &p.Claims: p.ClaimsUnits, &p.Debts: p.DebtsUnits,
		} {
			*into = perp.Money(units).String()
		}
		all = append(all, *p)
	}
	slices.SortFunc(all, func(a, b poolRow) int { return strings.Compare(a.Symbol, b.Symbol) })
	return all
}

func showPools(env *config.Env, asJSON bool, all []poolRow) int {
	if asJSON {
		return env.JSON(map[string]any{"pools": all})
	}
	var text strings.Builder
	row := func(cells ...string) {
		fmt.Fprintf(&text, "%-12s %16s %18s %16s %16s %16s %16s\n", cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6])
	}
	row("market", "pool", "equity", "fees", "insurance", "claims", "debts")
	for _, p := range all {
		row(p.Symbol, p.Pool, p.Equity, p.Fees, p.Insurance, p.Claims, p.Debts)
	}
	return env.Print(text.String())
}

func ledgerSettlements() config.Command {
	var o newestOptions
	var account string
	return config.Command{
		Path: "ledger settlements", Group: groupBooks,
		Short:    "List the newest settlements",
		Long:     "What was owed (claim; negative: the account owed), what moved, and what stayed\na claim because there was no cash.",
		Examples: "gateway ledger settlements --account DEMO1\ngateway ledger settlements --number 50 --json",
		Flags: func(f *config.Flags) {
			o.flags(f)
			f.StringVar(&account, "account", "", "only of this `ACCOUNT`")
		},
		Run: func(_ context.Context, env *config.Env, _ []string) int {
			return o.read(env, func(r *store.Reader) (int, error) {
				rows, err := r.Settlements(account, o.n)
				if err != nil {
					return 0, err
				}
				return showSettlements(env, o.asJSON, rows), nil
			})
		},
	}
}

func showSettlements(env *config.Env, asJSON bool, rows []store.Settlement) int {
	out := make([]map[string]any, 0, len(rows))
	var text strings.Builder
	fmt.Fprintf(&text, "%-30s %-8s %-12s %-12s %16s %16s %16s\n", "time", "id", "account", "market", "claim", "cash", "deferred")
	for _, s := range rows {
		out = append(out, map[string]any{
			"settlement_id": s.SettlementID, "account": s.Account, "symbol": s.Symbol, "time": stamp(s.Time),
			"claim": s.Claim.String(), "cash": s.Cash.String(), "deferred": s.Deferred.String(),
			"claim_units": int64(s.Claim), "cash_units": int64(s.Cash), "deferred_units": int64(s.Deferred),
		})
		fmt.Fprintf(&text, "%-30s %-8s %-12s %-12s %16s %16s %16s\n", stamp(s.Time), s.SettlementID, s.Account, s.Symbol, s.Claim, s.Cash, s.Deferred)
	}
	if asJSON {
		return env.JSON(map[string]any{"settlements": out})
	}
	return env.Print(text.String())
}

// accountRow is one client account: its cash, what is not settled, its positions.
type accountRow struct {
	Account    string            `json:"account"`
	Cash       string            `json:"cash"`
	Claims     string            `json:"claims"`
	CashUnits  int64             `json:"cash_units"`
	ClaimUnits int64             `json:"claims_units"`
	Positions  map[string]string `json:"positions"`
}

func accountList() config.Command {
	var o booksOptions
	return config.Command{
		Path: "account list", Group: groupDesk,
		Short:    "List the accounts with cash and positions",
		Examples: "gateway account list\ngateway account list --json",
		Flags:    o.flags,
		Run: func(_ context.Context, env *config.Env, _ []string) int {
			return withReader(env, o.dir, func(r *store.Reader) (int, error) {
				balances, err := r.Balances()
				if err != nil {
					return 0, err
				}
				positions, err := r.Positions()
				if err != nil {
					return 0, err
				}
				return showAccounts(env, o.asJSON, accountRows(balances, positions)), nil
			})
		},
	}
}

func accountRows(balances []store.Balance, positions []store.Position) (all []accountRow) {
	at := map[string]*accountRow{}
	of := func(name string) *accountRow {
		if at[name] == nil {
			at[name] = &accountRow{Account: name, Positions: map[string]string{}}
		}
		return at[name]
	}
	for _, b := range balances {
		switch name, _, _ := strings.Cut(b.Account, "/"); {
		case b.Owner == perp.Maker || b.Owner == perp.Outside:
		case name == perp.Cash:
			of(b.Owner).CashUnits += b.Balance
		case name == perp.Claim:
			of(b.Owner).ClaimUnits += b.Balance
		}
	}
	for _, p := range positions {
		if p.Account != perp.Maker && p.Size != 0 {
			of(p.Account).Positions[p.Symbol] = p.Size.String()
		}
	}
	for _, a := range at {
		a.Cash, a.Claims = perp.Money(a.CashUnits).String(), perp.Money(a.ClaimUnits).String()
		all = append(all, *a)
	}
	slices.SortFunc(all, func(a, b accountRow) int { return strings.Compare(a.Account, b.Account) })
	return all
}

func showAccounts(env *config.Env, asJSON bool, all []accountRow) int {
	if asJSON {
		return env.JSON(map[string]any{"accounts": all})
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%-16s %18s %16s  %s\n", "account", "cash", "claims", "positions")
	for _, a := range all {
		var held []string
		for symbol, size := range a.Positions {
			held = append(held, symbol+" "+size)
		}
		slices.Sort(held)
		fmt.Fprintf(&text, "%-16s %18s %16s  %s\n", a.Account, a.Cash, a.Claims, strings.Join(held, ", "))
	}
	return env.Print(text.String())
}
