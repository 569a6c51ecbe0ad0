package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/term"

	"backstop/config"
	"backstop/oracle"
	"backstop/perp"
	"backstop/sim"
)

// seedsMax bounds how many worlds one command makes, sideMax how many of them at
// a time: one that plays days keeps every order, which is a gigabyte or two.
const (
	seedsMax = 1_000
	sideMax  = 4
)

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
the last seconds, and takers that see prices before the maker does, one of them
in disguise. Designs that are compared: naive (x*y=k alone), pegged (follows the
oracle with a fixed spread), reference (the spreads and gates of the reference
vAMM) and full (this maker, with an outside venue). Less of the full design:
full-nolook (also called firm), full-nosurcharge, full-noskew. Under the table
the full design is compared with its goals. The same seed gives the same state
hash.

Scenarios are gbm, jump, jump400, crowd and outage; without --scenario and
--feed: all of them. A feed is played at its own times: where it is silent, so
is the oracle. Of minute bars the prices between open, low, high and close are
drawn from the seed.`,
		Examples: `gateway sim run --scenario jump
gateway sim run --seeds 5 --out report.html
gateway sim run --feed prices.csv.gz --design naive,full --json`,
		Flags: func(f *config.Flags) {
			f.StringVar(&o.scenario, "scenario", "", "only this `NAME`")
			f.StringVar(&o.feed, "feed", "", "the prices of this `FILE` instead of made-up ones")
			f.StringSliceVar(&o.designs, "design", sim.SideBySide(), "`NAMES` of designs")
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
		return env.Print(tables(all))
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return env.Fail(config.ExitFailure, err)
	}
	return env.Print(string(text) + "\n")
}

// tables is what people read: the scores, and under them the goals if the full
// design was run.
func tables(all []sim.Score) string {
	text := sim.Table(all)
	if goals := sim.Goals(all); len(goals) > 0 {
		text += "\n" + sim.GoalTable(goals)
	}
	return text
}

// trials runs every design in every scenario with every seed, several at a time
// if the machine has processors for it; each is a world of its own.
func (o *simOptions) trials(ctx context.Context, scenarios []sim.Scenario, designs []sim.Design) ([]sim.Score, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	seeds := int(o.seeds)
	total := len(scenarios) * len(designs) * seeds
	scores, faults := make([]sim.Score, total), make([]error, total)
	p := progress{total: total, tty: term.IsTerminal(int(os.Stderr.Fd()))}
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), sideMax, total) {
		wait.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= total {
					return
				}
				s, d := scenarios[i/seeds/len(designs)], designs[i/seeds%len(designs)]
				if scores[i], faults[i] = sim.Try(ctx, s, d, uint64(o.seed)+uint64(i%seeds)); faults[i] != nil {
					cancel() // One that failed ends them all.
				}
				p.step(s.Name + " " + d.Name)
			}
		})
	}
	wait.Wait()
	p.clear()
	if err := first(faults); err != nil {
		return nil, err
	}
	var all []sim.Score
	for of := range slices.Chunk(scores, seeds) {
		all = append(all, sim.Mean(of))
	}
	return all, nil
}

// first is the fault that ended the others, if there is one.
func first(faults []error) (err error) {
	for _, f := range faults {
		if f != nil && (err == nil || errors.Is(err, context.Canceled)) {
			err = f
		}
	}
	return err
}

// progress is a line on a terminal that tells how many trials are done.
type progress struct {
	mutex       sync.Mutex
	done, total int
	tty         bool
}

func (p *progress) step(name string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.done++; p.tty {
		fmt.Fprintf(os.Stderr, "\r%s %3d %% %-32s", bar(p.done, p.total), p.done*100/p.total, name)
	}
}

func (p *progress) clear() {
	if p.tty {
		fmt.Fprintf(os.Stderr, "\r%s\r", strings.Repeat(" ", 70))
	}
}

func bar(done, total int) string {
	const wide = 24
	n := done * wide / max(1, total)
	return "[" + strings.Repeat("#", n) + strings.Repeat(".", wide-n) + "]"
}

func (o *simOptions) chosen() (designs []sim.Design, err error) {
	for _, name := range o.designs {
		d, known := sim.DesignOf(name)
		if !known {
			return nil, fmt.Errorf("there is no design %q; known: %s", name, strings.Join(sim.DesignNames(), ", "))
		}
		designs = append(designs, d)
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
		s, err := feedWorld(o.feed)
		return []sim.Scenario{s}, err
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

// feedWorld is the world of a file: its bars if it is made of bars, else its
// prices.
func feedWorld(file string) (sim.Scenario, error) {
	name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), ".gz"), ".csv")
	var bars []sim.Bar
	if err := oracle.Bars(file, func(b oracle.Bar) { bars = append(bars, sim.Bar(b)) }); err != nil {
		return sim.Scenario{}, err
	}
	if len(bars) > 0 {
		return sim.FromBars(name, bars), nil
	}
	var path sim.Path
	var first perp.Time
	err := oracle.Prices(file, func(at perp.Time, price perp.Price) {
		if len(path) == 0 {
			first = at
		}
		path = append(path, sim.Point{At: at - first, Price: price})
	})
	if err != nil {
		return sim.Scenario{}, err
	}
	return sim.FromPoints(name, path), nil
}

func (o *simOptions) report(all []sim.Score) (err error) {
	f, err := os.OpenFile(o.out, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return sim.Report(f, all)
}
