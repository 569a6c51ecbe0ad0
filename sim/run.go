package sim

import (
	"fmt"

	"backstop/engine"
	"backstop/perp"
)

// Result is how a run ended.
type Result struct {
	Hash     string
	Commands int
	Fills    int
	Rejects  int
	Journal  []perp.Entry
}

// Run plays a flow of steps commands and checks after each of them. An error
// names the seed, the step and the command.
func Run(seed uint64, steps int) (r Result, err error) {
	f, c, e := NewFlow(seed), NewChecker(), engine.New()
	s := engine.NewSequencer(e)
	play := func(cmd perp.Command, now perp.Time, step int) (err error) {
		defer func() {
			if p := recover(); p != nil {
				fault, ok := p.(perp.Fault)
				if !ok {
					panic(p)
				}
				err = fmt.Errorf("seed %d, step %d, %s %+v: %w", seed, step, cmd.Kind(), cmd, fault)
			}
		}()
		for _, entry := range s.Step([]perp.Input{{Command: cmd, Source: "sim"}}, now) {
			r.note(entry)
			f.Saw(entry.Events)
			if err := c.After(entry.Command, entry.Events); err != nil {
				return fmt.Errorf("seed %d, step %d, %s %+v: %w", seed, step, cmd.Kind(), cmd, err)
			}
		}
		return nil
	}
	for _, cmd := range f.Opening() {
		if err := play(cmd, f.now, 0); err != nil {
			return r, err
		}
	}
	for step := 1; step <= steps; step++ {
		cmd, now := f.Next()
		if err := play(cmd, now, step); err != nil {
			return r, err
		}
	}
	r.Hash = e.StateHash()
	return r, nil
}

func (r *Result) note(entry perp.Entry) {
	r.Commands++
	r.Journal = append(r.Journal, entry)
	for _, ev := range entry.Events {
		switch ev.(type) {
		case perp.Filled:
			r.Fills++
		case perp.OrderRejected, perp.CancelRejected, perp.QuoteRefused:
			r.Rejects++
		}
	}
}
