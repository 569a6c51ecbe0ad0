package oracle

import (
	"context"
	"fmt"
	"slices"

	"backstop/perp"
)

// Scripts of a scripted feed: what the price of a certification market does.
const (
	ScriptSteady = "steady" // stands still, said each 100 ms
	ScriptSlow   = "slow"   // stands still, said each 500 ms
	ScriptWave   = "wave"   // moves 5 bp each 500 ms, up for 30 s, then down
	ScriptJump   = "jump"   // goes 10 bp up and back, said each 100 ms
	ScriptStale  = "stale"  // stands still for 10 s, then nothing is said for 10 s
)

// Scripts lists them.
var Scripts = []string{ScriptSteady, ScriptSlow, ScriptWave, ScriptJump, ScriptStale}

// scriptedSource is the name of the venue that a scripted feed stands for.
const scriptedSource = "script"

const (
	slowStep   = 500 * perp.Millisecond
	waveStep   = 5 * perp.BP // of the first price
	waveHalf   = 60          // steps of slowStep up, and as many down
	jumpStep   = 10 * perp.BP
	staleTalks = 10 * perp.Second
	staleSpan  = staleTalks + 10*perp.Second
)

// ScriptedOptions say which markets follow which script, and from which price.
type ScriptedOptions struct {
	Script  string
	Markets []SyntheticMarket
	Clock   Clock // nil: the machine's
}

type scripted struct {
	opt   ScriptedOptions
	clock Clock
	board *board
}

// NewScripted says prices that somebody who tests against them can rely on. Run
// refuses bad options.
func NewScripted(opt ScriptedOptions) Feed {
	clock := clockOr(opt.Clock)
	return &scripted{opt: opt, clock: clock, board: newBoard(clock)}
}

// Status implements Feed.
func (s *scripted) Status() []SourceStatus { return s.board.status() }

// Run implements Feed; it ends only with its context.
func (s *scripted) Run(ctx context.Context, emit func(perp.OracleTick)) error {
	if !slices.Contains(Scripts, s.opt.Script) {
		return fmt.Errorf("oracle: there is no script %q", s.opt.Script)
	}
	if err := (SyntheticOptions{Speed: 1, Markets: s.opt.Markets}).validate(); err != nil {
		return err
	}
	s.board.reset()
	every := step
	if s.opt.Script == ScriptSlow || s.opt.Script == ScriptWave {
		every = slowStep
	}
	start := s.clock.Now()
	for at := perp.Time(0); ; at += every {
		if err := s.clock.Wait(ctx, start+at); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		now := s.clock.Now()
		if now >= start+at+every {
			continue // Late: the next one is due already, and a price is not said twice.
		}
		for _, m := range s.opt.Markets {
			price, said := s.opt.price(m.Start, at)
			if !said {
				continue
			}
			s.board.message(m.Symbol, scriptedSource, start+at, Kept)
			s.board.judged(m.Symbol, []Standing{{Venue: scriptedSource, Reason: Kept}})
			emit(perp.OracleTick{Symbol: m.Symbol, Price: price, Publish: start + at, Receive: now, Sources: 1})
		}
	}
}

// price is what the script says at this time after its start, if anything.
func (o ScriptedOptions) price(start perp.Price, at perp.Time) (perp.Price, bool) {
	switch o.Script {
	case ScriptStale:
		return start, at%staleSpan < staleTalks
	case ScriptWave:
		n := int64(at/slowStep) % (2 * waveHalf)
		if n > waveHalf {
			n = 2*waveHalf - n
		}
		return start + start/perp.Price(perp.RatioOne/waveStep)*perp.Price(n), true
	case ScriptJump:
		return start + start/perp.Price(perp.RatioOne/jumpStep)*perp.Price(at/step%2), true
	}
	return start, true
}
