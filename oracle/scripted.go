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
	// stands still; agreed on for 6 s, then its sources are 200 bp apart for 3 s and 50 bp for 3 s
	ScriptHalt = "halt"
	// stands still for 4 s, rises by 10 % in 10 s, stays there for 2 s and is back after 4 s
	ScriptSqueeze = "squeeze"
)

// Scripts lists them.
var Scripts = []string{ScriptSteady, ScriptSlow, ScriptWave, ScriptJump, ScriptStale, ScriptHalt, ScriptSqueeze}

// scriptedSource is the name of the venue that a scripted feed stands for.
const scriptedSource = "script"

const (
	slowStep   = 500 * perp.Millisecond
	waveStep   = 5 * perp.BP // of the first price
	waveHalf   = 60          // steps of slowStep up, and as many down
	jumpStep   = 10 * perp.BP
	staleTalks = 10 * perp.Second
	staleSpan  = staleTalks + 10*perp.Second

	haltFrom   = 6 * perp.Second
	haltEases  = haltFrom + 3*perp.Second
	haltSpan   = haltEases + 3*perp.Second
	haltApart  = 200 * perp.BP // beyond what any market deals on by default
	easedApart = 50 * perp.BP  // positions may be reduced on that

	squeezeFrom = 4 * perp.Second
	squeezeTop  = squeezeFrom + 10*perp.Second
	squeezeBack = squeezeTop + 2*perp.Second
	squeezeSpan = squeezeBack + 4*perp.Second
	squeezeMost = 1_000 * perp.BP // of the first price
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
			price, apart, said := s.opt.price(m.Start, at)
			if !said {
				continue
			}
			s.board.message(m.Symbol, scriptedSource, start+at, Kept)
			s.board.judged(m.Symbol, []Standing{{Venue: scriptedSource, Reason: Kept}})
			emit(perp.OracleTick{Symbol: m.Symbol, Price: price, Publish: start + at, Receive: now, Sources: 1, Divergence: apart})
		}
	}
}

// price is what the script says at this time after its start, if anything, and how
// far apart its sources are said to be.
func (o ScriptedOptions) price(start perp.Price, at perp.Time) (price perp.Price, apart perp.Ratio, said bool) {
	switch o.Script {
	case ScriptStale:
		return start, 0, at%staleSpan < staleTalks
	case ScriptWave:
		n := int64(at/slowStep) % (2 * waveHalf)
		if n > waveHalf {
			n = 2*waveHalf - n
		}
		return start + start/perp.Price(perp.RatioOne/waveStep)*perp.Price(n), 0, true
	case ScriptJump:
		return start + start/perp.Price(perp.RatioOne/jumpStep)*perp.Price(at/step%2), 0, true
	case ScriptHalt:
		switch at %= haltSpan; {
		case at >= haltEases:
			apart = easedApart
		case at >= haltFrom:
			apart = haltApart
		}
	case ScriptSqueeze:
		return start + perp.Price(perp.MulDiv(int64(start), int64(squeezed(at%squeezeSpan)), int64(perp.RatioOne), perp.Floor)), 0, true
	}
	return start, apart, true
}

// squeezed is how far above the first price a squeeze is, at a time of its span.
func squeezed(at perp.Time) perp.Ratio {
	part := func(done, whole perp.Time) perp.Ratio {
		return perp.Ratio(perp.MulDiv(int64(squeezeMost), int64(done), int64(whole), perp.Floor))
	}
	switch {
	case at < squeezeFrom:
		return 0
	case at < squeezeTop:
		return part(at-squeezeFrom, squeezeTop-squeezeFrom)
	case at < squeezeBack:
		return squeezeMost
	}
	return part(squeezeSpan-at, squeezeSpan-squeezeBack)
}
