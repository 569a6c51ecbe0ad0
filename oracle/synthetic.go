package oracle

import (
	"context"
	"fmt"

	"backstop/perp"
)

// Limits of a synthetic feed.
const (
	syntheticSpeedMax   = 1_000 // ten steps a millisecond
	syntheticMarketsMax = 256
)

// syntheticLimits let a silent venue drop out after a second of its own time.
var syntheticLimits = AggregatorLimits{Stale: perp.Second, MaxDeviation: 100 * perp.BP}

// SyntheticMarket is one market with made-up prices.
type SyntheticMarket struct {
	Symbol string
	Start  perp.Price
}

// SyntheticOptions say which prices to make up.
type SyntheticOptions struct {
	Seed    int64
	Speed   float64 // times faster; 0 is 1, above 1000 is 1000
	Markets []SyntheticMarket
	Clock   Clock // nil: the machine's
}

type synthetic struct {
	opt   SyntheticOptions
	clock Clock
	board *board
}

// NewSynthetic makes up prices of three venues for each market: a calm minute,
// then trends, jumps, a venue down and short outages in turn, a step each
// 100 ms / Speed. The same seed gives the same prices. Run refuses bad options.
func NewSynthetic(opt SyntheticOptions) Feed {
	if opt.Speed == 0 {
		opt.Speed = 1
	}
	opt.Speed = min(opt.Speed, syntheticSpeedMax)
	clock := clockOr(opt.Clock)
	return &synthetic{opt: opt, clock: clock, board: newBoard(clock)}
}

// Status implements Feed.
func (s *synthetic) Status() []SourceStatus { return s.board.status() }

func (o SyntheticOptions) validate() error {
	if !(o.Speed >= speedMin) { // NaN is refused too.
		return fmt.Errorf("oracle: synthetic speed %v: at least %v", o.Speed, speedMin)
	}
	if len(o.Markets) == 0 || len(o.Markets) > syntheticMarketsMax {
		return fmt.Errorf("oracle: %d markets of the feed: from 1 to %d are allowed", len(o.Markets), syntheticMarketsMax)
	}
	seen := map[string]bool{}
	for _, m := range o.Markets {
		if m.Symbol == "" || seen[m.Symbol] {
			return fmt.Errorf("oracle: market %q: every market needs a symbol of its own", m.Symbol)
		}
		if m.Start <= 0 || m.Start > priceMax {
			return fmt.Errorf("oracle: market %s: start %v: above 0, at most %v", m.Symbol, m.Start, priceMax)
		}
		seen[m.Symbol] = true
	}
	return nil
}

// synthMarket is one market while the feed runs.
type synthMarket struct {
	symbol string
	path   *path
	agg    *Aggregator
	votes  []Vote
}

// Run implements Feed; it ends only with its context.
func (s *synthetic) Run(ctx context.Context, emit func(perp.OracleTick)) error {
	if err := s.opt.validate(); err != nil {
		return err
	}
	s.board.reset()
	markets := make([]*synthMarket, 0, len(s.opt.Markets))
	for _, m := range s.opt.Markets {
		agg, err := NewAggregator(syntheticLimits)
		if err != nil {
			return err
		}
		markets = append(markets, &synthMarket{symbol: m.Symbol, path: newPath(s.opt.Seed, m), agg: agg})
	}
	line := timeline{start: s.clock.Now(), speed: s.opt.Speed}
	sent := line.start
	for at := perp.Time(0); ; at += step {
		if err := s.clock.Wait(ctx, line.wall(at)); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		// When the next step is due too, its price wins; but a feed that cannot
		// keep up still sends.
		now := s.clock.Now()
		send := line.wall(at+step) > now || now >= sent+emitGap
		if send {
			sent = now
		}
		for _, m := range markets {
			s.step(m, at, line, send, emit)
		}
	}
}

func (s *synthetic) step(m *synthMarket, at perp.Time, line timeline, send bool, emit func(perp.OracleTick)) {
	m.votes = m.path.advance(at, m.votes[:0])
	for _, v := range m.votes {
		s.board.message(m.symbol, v.Venue, line.wall(at), m.agg.Vote(v))
	}
	r, ok := m.agg.Price(at)
	s.board.judged(m.symbol, r.Standings)
	if ok && send && len(m.votes) > 0 {
		emit(tick(m.symbol, r, line.wall(r.Publish), s.clock.Now()))
	}
}
