package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"backstop/config"
	"backstop/store"
)

func dbCheck() config.Command {
	var o booksOptions
	return config.Command{
		Path: "db check", Group: groupBooks,
		Short: "Check pages and rows of the database",
		Long: "Runs SQLite's own check of pages and indexes, then the hash chains, the books,\n" +
			"positions and orders; exit 7 if any is damaged. ledger verify also replays.",
		Examples: "gateway db check --data-dir gateway-data\ngateway db check --json",
		Flags:    o.flags,
		Run: func(_ context.Context, env *config.Env, _ []string) int {
			return withReader(env, o.dir, func(r *store.Reader) (int, error) {
				found, err := r.Check()
				if err != nil {
					return 0, err
				}
				return showDamage(env, o.asJSON, found), nil
			})
		},
	}
}

func showDamage(env *config.Env, asJSON bool, found []store.Difference) int {
	return showFound(env, asJSON, found, nil, "damaged in %d places", "pages, hash chains, books, positions and orders are as they should be\n",
		"restore a backup; keep this data directory for the investigation")
}

func dbBackup() config.Command {
	var o booksOptions
	var to string
	return config.Command{
		Path: "db backup", Group: groupBooks,
		Short: "Copy the database at one moment, also of a running gateway",
		Long: "The copy gets its name only after it was synced and checked like db check does.\n" +
			"A file that exists is never overwritten.",
		Examples: "gateway db backup --data-dir gateway-data --to gateway-1.db\ngateway db backup --to gateway-2.db --json",
		Flags: func(f *config.Flags) {
			o.flags(f)
			f.StringVar(&to, "to", "", "new `FILE` for the copy")
		},
		Run: func(_ context.Context, env *config.Env, _ []string) int {
			if to == "" {
				return env.Fail(config.ExitUsage, errors.New("--to names no file"))
			}
			c, err := store.Backup(o.dir, to)
			return showCopy(env, o.asJSON, c, err)
		},
	}
}

func dbRestore() config.Command {
	var o booksOptions
	var from string
	return config.Command{
		Path: "db restore", Group: groupBooks,
		Short: "Make a data directory from a backup",
		Long: "Checks the backup first. A directory that has a database already, or in which a\n" +
			"gateway runs, stays as it is: move the old database away yourself.",
		Examples: "gateway db restore --from gateway-1.db --data-dir gateway-new\ngateway db restore --from gateway-1.db --json",
		Flags: func(f *config.Flags) {
			o.flags(f)
			f.StringVar(&from, "from", "", "backup `FILE`")
		},
		Run: func(_ context.Context, env *config.Env, _ []string) int {
			if from == "" {
				return env.Fail(config.ExitUsage, errors.New("--from names no file"))
			}
			c, err := store.Restore(from, o.dir)
			return showCopy(env, o.asJSON, c, err)
		},
	}
}

func showCopy(env *config.Env, asJSON bool, c store.Copied, err error) int {
	switch {
	case errors.Is(err, store.ErrExists):
		return env.Fail(config.ExitRefused, err, "name another one, or move it away")
	case errors.Is(err, store.ErrLocked):
		return env.Fail(config.ExitLocked, err, "stop the gateway first")
	case errors.Is(err, fs.ErrNotExist):
		return env.Fail(config.ExitNotFound, err)
	case errors.Is(err, store.ErrDamaged), errors.Is(err, store.ErrForeign), errors.Is(err, store.ErrNewer):
		return env.Fail(config.ExitCheck, err, "nothing was kept of the copy")
	case err != nil:
		return env.Fail(config.ExitFailure, err)
	}
	if asJSON {
		return env.JSON(map[string]any{"path": c.Path, "bytes": c.Bytes, "commands": c.Seq})
	}
	return env.Print(fmt.Sprintf("%s: %d bytes, %d commands, checked\n", c.Path, c.Bytes, c.Seq))
}
