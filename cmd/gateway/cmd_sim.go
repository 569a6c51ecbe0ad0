package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/term"

	"backstop/config"
	"backstop/oracle"
	"backstop/perp"
	"backstop/sim"
)

// seedsMax bounds how many worlds one command makes.
const seedsMax = 1_000

// simOptions are the flags of sim run.
type simOptions struct {
	scenario, feed, out string
	designs             []string
	seed, seeds         int64
	asJSON              bool
}

func simRun() config.Command {
	var o simOptions
	return config.Command{
		Path: "sim run", Group: groupMore,
		Short: "Try designs of the maker on made-up or recorded prices",
		Long: `Runs the gateway's own engine in virtual time: benign takers, followers of
the last seconds, and takers that see prices before the maker does. Designs are
full (this maker, with last look on every aggressive order), firm (the same
without last look), reference (the spreads and gates of the reference vAMM),
pegged (follows the oracle with a fixed spread) and naive (x*y=k alone). The
same seed gives the same state hash. Scenarios are gbm, jump, jump400, crowd
and outage; without --scenario and --feed: all of them.`,
		Examples: `gateway sim run --scenario jump
gateway sim run --seeds 5 --out report.html
gateway sim run --feed prices.csv.gz --design naive,full --json`,
		Flags: func(f *config.Flags) {
			f.StringVar(&o.scenario, "scenario", "", "only this `NAME`")
			f.StringVar(&o.feed, "feed", "", "the prices of this `FILE` instead of made-up ones")
			f.StringSliceVar(&o.designs, "design", []string{"naive", "pegged", "reference", "firm", "full"}, "`NAMES` of designs")
			f.Int64Var(&o.seed, "seed", 1, "first seed")
			f.Int64Var(&o.seeds, "seeds", 1, "`NUMBER` of seeds to average over")
			f.StringVar(&o.out, "out", "", "also write a page with plots to `FILE`")
			jsonFlag(f, &o.asJSON)
		},
		Run: func(ctx context.Context, env *config.Env, _ []string) int { return o.run(ctx, env) },
	}
}

func (o *simOptions) run(ctx context.Context, env *config.Env) int {
	designs, err := o.chosen()
	if err != nil {
		return env.Fail(config.ExitUsage, err)
	}
	scenarios, err := o.worlds()
	var unknown unknownScenario
	switch {
	case errors.As(err, &unknown):
		return env.Fail(config.ExitUsage, err)
	case errors.Is(err, fs.ErrNotExist):
		return env.Fail(config.ExitNotFound, err)
	case err != nil:
		return env.Fail(config.ExitFailure, err)
	}
	if o.seeds < 1 || o.seeds > seedsMax {
		return env.Fail(config.ExitUsage, fmt.Errorf("--seeds %d: from 1 to %d are allowed", o.seeds, seedsMax))
	}
	all, err := o.trials(ctx, scenarios, designs)
	if errors.Is(err, context.Canceled) {
		return config.ExitInterrupted
	}
	if err != nil {
		return env.Fail(config.ExitFailure, err)
	}
	if o.out != "" {
		if err := o.report(all); err != nil {
			return env.Fail(config.ExitFailure, err)
		}
		env.Say("wrote %s", o.out)
	}
	if !o.asJSON {
		return env.Print(sim.Table(all))
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return env.Fail(config.ExitFailure, err)
	}
	return env.Print(string(text) + "\n")
}

// trials runs every design in every scenario with every seed.
func (o *simOptions) trials(ctx context.Context, scenarios []sim.Scenario, designs []sim.Design) (all []sim.Score, err error) {
	tty := term.IsTerminal(int(os.Stderr.Fd()))
	done, total := 0, len(scenarios)*len(designs)*int(o.seeds)
	for _, s := range scenarios {
		for _, d := range designs {
			var scores []sim.Score
			for k := range o.seeds {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				score, err := sim.Try(s, d, uint64(o.seed+k))
				if err != nil {
					return nil, err
				}
				scores = append(scores, score)
				if done++; tty {
					fmt.Fprintf(os.Stderr, "\r%s %3d %% %-24s", bar(done, total), done*100/total, s.Name+" "+d.Name)
				}
			}
			all = append(all, sim.Mean(scores))
		}
	}
	if tty {
		fmt.Fprintf(os.Stderr, "\r%s\r", strings.Repeat(" ", 60))
	}
	return all, nil
}

func bar(done, total int) string {
	const wide = 24
	n := done * wide / max(1, total)
	return "[" + strings.Repeat("#", n) + strings.Repeat(".", wide-n) + "]"
}

func (o *simOptions) chosen() (designs []sim.Design, err error) {
	known := sim.Designs()
	for _, name := range o.designs {
		i := slices.IndexFunc(known, func(d sim.Design) bool { return d.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no design %q; known: naive, pegged, reference, firm, full", name)
		}
		designs = append(designs, known[i])
	}
	return designs, nil
}

// unknownScenario is a name that no scenario has.
type unknownScenario string

func (u unknownScenario) Error() string {
	var names []string
	for _, s := range sim.Scenarios(0) {
		names = append(names, s.Name)
	}
	return fmt.Sprintf("there is no scenario %q; known: %s", string(u), strings.Join(names, ", "))
}

func (o *simOptions) worlds() ([]sim.Scenario, error) {
	if o.feed != "" {
		var path sim.Path
		var first perp.Time
		err := oracle.Prices(o.feed, func(at perp.Time, price perp.Price) {
			if len(path) == 0 {
				first = at
			}
			path = append(path, sim.Point{At: at - first, Price: price})
		})
		if err != nil {
			return nil, err
		}
		return []sim.Scenario{sim.FromPoints(strings.TrimSuffix(strings.TrimSuffix(filepath.Base(o.feed), ".gz"), ".csv"), path)}, nil
	}
	all := sim.Scenarios(0)
	if o.scenario == "" {
		return all, nil
	}
	for _, s := range all {
		if s.Name == o.scenario {
			return []sim.Scenario{s}, nil
		}
	}
	return nil, unknownScenario(o.scenario)
}

func (o *simOptions) report(all []sim.Score) (err error) {
	f, err := os.Create(o.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return sim.Report(f, all)
}
