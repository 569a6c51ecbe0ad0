package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"strings"

	"backstop/config"
	"backstop/engine"
	"backstop/perp"
	"backstop/store"
)

// booksOptions are the flags of the commands that read a data directory.
type booksOptions struct {
	dir    string
	asJSON bool
}

func (o *booksOptions) flags(f *config.Flags) {
	f.StringVar(&o.dir, "data-dir", "gateway-data", "data `DIR` of the gateway, running or not")
	jsonFlag(f, &o.asJSON)
}

// newestOptions are the flags of the commands that list the newest rows of the books.
type newestOptions struct {
	booksOptions
	n int
}

// newestMax is how many rows are listed at most.
const newestMax = 200

func (o *newestOptions) flags(f *config.Flags) {
	o.booksOptions.flags(f)
	f.IntVarP(&o.n, "number", "n", 20, fmt.Sprintf("at most this `NUMBER`, 1 to %d", newestMax))
}

// read is withReader, if the number of rows is one that is listed.
func (o *newestOptions) read(env *config.Env, work func(*store.Reader) (int, error)) int {
	if o.n < 1 || o.n > newestMax {
		return env.Fail(config.ExitUsage, fmt.Errorf("--number %d: 1 to %d", o.n, newestMax))
	}
	return withReader(env, o.dir, work)
}

// withReader opens the data directory for reading and maps errors to exit codes.
func withReader(env *config.Env, dir string, work func(*store.Reader) (int, error)) int {
	r, err := store.OpenReadOnly(dir)
	if err != nil {
		return env.Fail(config.ExitNotFound, err, "name the data directory with --data-dir")
	}
	code, err := work(r)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	switch {
	case errors.Is(err, store.ErrDamaged):
		return env.Fail(config.ExitCheck, err, "restore a backup; keep this data directory for the investigation")
	case errors.Is(err, fs.ErrNotExist):
		return env.Fail(config.ExitNotFound, err)
	case err != nil:
		return env.Fail(config.ExitFailure, err)
	}
	return code
}

func ledgerBalances() config.Command {
	var o booksOptions
	return config.Command{
		Path: "ledger balances", Group: groupBooks,
		Short:    "List every account of the books; they sum to zero",
		Examples: "gateway ledger balances --data-dir gateway-data\ngateway ledger balances --json",
		Flags:    o.flags,
		Run: func(_ context.Context, env *config.Env, _ []string) int {
			return withReader(env, o.dir, func(r *store.Reader) (int, error) {
				rows, err := r.Balances()
				if err != nil {
					return 0, err
				}
				return showBalances(env, o.asJSON, rows), nil
			})
		},
	}
}

// balanceRow is one account with its balance in both forms: a decimal for
// people, the integer unit (1e-6) for adding up.
type balanceRow struct {
	Owner    string `json:"owner"`
	Account  string `json:"account"`
	Currency string `json:"currency"`
	Balance  string `json:"balance"`
	Units    int64  `json:"units"`
}

func showBalances(env *config.Env, asJSON bool, rows []store.Balance) int {
	var sum int64
	out := make([]balanceRow, 0, len(rows))
	var text strings.Builder
	for _, b := range rows {
		sum += b.Balance
		out = append(out, balanceRow{b.Owner, b.Account, b.Currency, perp.Money(b.Balance).String(), b.Balance})
		fmt.Fprintf(&text, "%-12s %-20s %20s %s\n", b.Owner, b.Account, perp.Money(b.Balance), b.Currency)
	}
	fmt.Fprintf(&text, "%-12s %-20s %20s\n", "sum", "", perp.Money(sum))
	if asJSON {
		return env.JSON(map[string]any{"balances": out, "sum_units": sum})
	}
	return env.Print(text.String())
}

func ledgerVerify() config.Command {
	var o booksOptions
	return config.Command{
		Path: "ledger verify", Group: groupBooks,
		Short: "Recompute the books and compare; exit 7 if they differ",
		Long: "Re-adds every balance from its transfers, every position and order from its\n" +
			"fills, and all of them again by replaying the journal through the engine.",
		Examples: "gateway ledger verify --data-dir gateway-data\ngateway ledger verify --json",
		Flags:    o.flags,
		Run: func(_ context.Context, env *config.Env, _ []string) int {
			return withReader(env, o.dir, func(r *store.Reader) (int, error) {
				found, err := r.Differences()
				if err != nil {
					return 0, err
				}
				rows, last, err := balancesAt(r)
				if err != nil {
					return 0, err
				}
				e := engine.New()
				if err := replay(r, e, last); err != nil {
					return 0, err
				}
				found = append(found, replayed(rows, e)...)
				return showDifferences(env, o.asJSON, found, len(rows), e.Seq()), nil
			})
		},
	}
}

// balancesAt reads the balances and the number of the command after which they
// were so. A running gateway moves them, so it reads until nothing came between.
func balancesAt(r *store.Reader) ([]store.Balance, int64, error) {
	for range 1_000 {
		before, err := r.LastSeq()
		if err != nil {
			return nil, 0, err
		}
		rows, err := r.Balances()
		if err != nil {
			return nil, 0, err
		}
		after, err := r.LastSeq()
		if err != nil || before == after {
			return rows, after, err
		}
	}
	return nil, 0, errors.New("the gateway is too busy to read its balances at one moment; ask again")
}

// replayed compares the stored balances with those that the engine has after
// the whole journal.
func replayed(rows []store.Balance, e *engine.Engine) (found []store.Difference) {
	have := map[[2]string]perp.Money{}
	for _, b := range rows {
		have[[2]string{b.Owner, b.Account}] = perp.Money(b.Balance)
	}
	for _, ev := range e.Restate() {
		b, ok := ev.(perp.BalanceStated)
		if !ok {
			continue
		}
		key := [2]string{b.Account.Owner, b.Account.String()}
		if have[key] != b.Balance {
			found = append(found, store.Difference{What: "replayed balance of " + key[0] + " " + key[1], Have: have[key].String(), Want: b.Balance.String()})
		}
		delete(have, key)
	}
	for key, balance := range have {
		if balance != 0 {
			found = append(found, store.Difference{What: "balance of " + key[0] + " " + key[1], Have: balance.String(), Want: "0, as the journal says"})
		}
	}
	return found
}

func showDifferences(env *config.Env, asJSON bool, found []store.Difference, accounts int, commands int64) int {
	return showFound(env, asJSON, found, map[string]any{"accounts": accounts, "commands": commands}, "the books differ in %d places",
		fmt.Sprintf("books add up: %d accounts, %d commands replayed, 0 differences\n", accounts, commands))
}

// showFound ends a check of what is stored: with exit code 7 and a line for each
// difference, or with fine. More is what the JSON tells besides.
func showFound(env *config.Env, asJSON bool, found []store.Difference, more map[string]any, differ, fine string, hints ...string) int {
	code := config.ExitOK
	if len(found) > 0 {
		code = config.ExitCheck
	}
	if asJSON {
		rows := make([]map[string]any, 0, len(found))
		for _, d := range found {
			rows = append(rows, map[string]any{"what": d.What, "have": d.Have, "want": d.Want})
		}
		all := map[string]any{"ok": len(found) == 0, "differences": rows}
		maps.Copy(all, more)
		if c := env.JSON(all); c != config.ExitOK {
			return c
		}
		return code
	}
	for _, d := range found {
		env.Say("%s", d)
	}
	if len(found) > 0 {
		return env.Fail(code, fmt.Errorf(differ, len(found)), hints...)
	}
	return env.Print(fine)
}

func journalVerify() config.Command {
	var o booksOptions
	return config.Command{
		Path: "journal verify", Group: groupBooks,
		Short: "Replay the journal twice; exit 7 if the states differ",
		Long: "Checks the hash chain of the journal, replays it from the beginning and from\n" +
			"the newest snapshot, and compares the hashes of the two states.",
		Examples: "gateway journal verify --data-dir gateway-data\ngateway journal verify --json",
		Flags:    o.flags,
		Run: func(_ context.Context, env *config.Env, _ []string) int {
			return withReader(env, o.dir, func(r *store.Reader) (int, error) {
				second, from, err := restore(r, slog.New(slog.DiscardHandler))
				if err != nil {
					return 0, fmt.Errorf("%w: %w", store.ErrDamaged, err)
				}
				first := engine.New() // as far as the other one: a running gateway has gone on
				if err := replay(r, first, second.Seq()); err != nil {
					return 0, err
				}
				return showReplays(env, o.asJSON, first, second, from), nil
			})
		},
	}
}

func showReplays(env *config.Env, asJSON bool, first, second *engine.Engine, from int64) int {
	a, b := first.StateHash(), second.StateHash()
	code := config.ExitOK
	if a != b || first.Seq() != second.Seq() {
		code = config.ExitCheck
	}
	if asJSON {
		if c := env.JSON(map[string]any{
			"ok": code == config.ExitOK, "commands": first.Seq(), "snapshot": from, "hash_genesis": a, "hash_snapshot": b,
		}); c != config.ExitOK {
			return c
		}
		return code
	}
	if code != config.ExitOK {
		return env.Fail(code, fmt.Errorf("from genesis the state is %s after %d commands, from snapshot %d it is %s after %d", a, first.Seq(), from, b, second.Seq()))
	}
	return env.Print(fmt.Sprintf("journal replays alike: %d commands, from genesis and from snapshot %d, state %s\n", first.Seq(), from, a))
}
