package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"backstop/config"
	"backstop/perp"
	"backstop/store"
)

// journalRow is a command of the journal as --json prints it.
type journalRow struct {
	Seq     int64           `json:"seq"`
	TimeNS  int64           `json:"time_ns"`
	Source  string          `json:"source"`
	Kind    string          `json:"kind"`
	Command json.RawMessage `json:"command"`
}

// journalDump prints what went into the engine.
func journalDump() config.Command {
	var o booksOptions
	var from, to int64
	var kind string
	return config.Command{
		Path: "journal dump", Group: groupBooks,
		Short: "Print the commands that went into the engine",
		Long: "One line a command, the oldest first: number, time, source, kind, and the\n" +
			"command as JSON. The hash chain is checked on the way; exit 7 if it is broken.",
		Examples: "gateway journal dump --data-dir gateway-data --from 100 --to 120\ngateway journal dump --kind PlaceOrder --json",
		Flags: func(f *config.Flags) {
			o.flags(f)
			f.Int64Var(&from, "from", 1, "number of the first command")
			f.Int64Var(&to, "to", 0, "number of the last command; without it the last there is")
			f.StringVar(&kind, "kind", "", "only commands of this `KIND`, such as PlaceOrder or SetMarket")
		},
		Run: func(ctx context.Context, env *config.Env, _ []string) int {
			last := to
			if to == 0 {
				last = math.MaxInt64
			}
			if from < 1 || last < from {
				return env.Fail(config.ExitUsage, errors.New("--from is 1 or more, --to not before it"))
			}
			return withReader(env, o.dir, func(r *store.Reader) (int, error) {
				code := config.ExitOK
				err := r.Replay(from, func(e perp.Entry) error {
					if ctx.Err() != nil {
						code = config.ExitInterrupted
						return errEnough
					}
					if e.Seq > last {
						return errEnough
					}
					if kind == "" || e.Kind == kind {
						code = printRow(env, o.asJSON, e)
					}
					if code != config.ExitOK {
						return errEnough
					}
					return nil
				})
				if errors.Is(err, errEnough) {
					err = nil
				}
				return code, err
			})
		},
	}
}

func printRow(env *config.Env, asJSON bool, e perp.Entry) int {
	if asJSON {
		text, err := json.Marshal(journalRow{e.Seq, int64(e.Time), e.Source, e.Kind, e.Payload})
		if err != nil {
			return env.Fail(config.ExitFailure, fmt.Errorf("row %d: %w", e.Seq, err))
		}
		return env.Print(string(text) + "\n")
	}
	at := time.Unix(0, int64(e.Time)).UTC().Format("2006-01-02T15:04:05.000Z")
	return env.Print(fmt.Sprintf("%8d %s %-7s %-18s %s\n", e.Seq, at, e.Source, e.Kind, e.Payload))
}
