package oracle

import (
	"context"
	"errors"
	"fmt"
	"io"

	"backstop/perp"
)

// Limits of a played file.
const (
	emitGap  = 50 * perp.Millisecond // at most one tick in this much of the gateway's time
	speedMin = 0.001
	speedMax = 1_000_000
)

// bookLimits are the tolerances among the venues of a multi-venue file, in its
// own time. A file with one source keeps its last word; its age shows in
// Publish, and the market's own guard judges it.
var bookLimits = AggregatorLimits{Stale: 10 * perp.Second, MaxDeviation: 100 * perp.BP}

// FileOptions say how to play a file.
type FileOptions struct {
	Symbol string  // empty: what the file suggests
	Speed  float64 // times faster than it was; 0 is 1
	Clock  Clock   // nil: the machine's
}

// FileInfo is what a full reading of a file tells.
type FileInfo struct {
	Kind       string // "books and trades", "oracle series", "minute bars", "blocks"
	Symbol     string
	FirstPrice perp.Price
	Tick       perp.Price // suggested
	Lot        perp.Size  // suggested; tick x lot is a whole number of 1e-6 quote
	Rows       int64      // below the header
	Span       perp.Time  // from the first price to the last
	Dropped    int64      // rows that do not count, such as crossed books
}

type fileFeed struct {
	path   string
	symbol string
	speed  float64
	clock  Clock
	board  *board
}

// Check reads the whole file and says what is in it, or what is wrong with it
// and where (a Problem).
func Check(path string) (info FileInfo, err error) {
	r, err := openRows(path)
	if err != nil {
		return FileInfo{}, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	info = FileInfo{Kind: r.format.kind, Symbol: symbolOf(path, r.format)}
	var first, last perp.Time
	for {
		o, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return FileInfo{}, err
		}
		if o.reason != Kept {
			info.Dropped++
			continue
		}
		if info.FirstPrice == 0 {
			info.FirstPrice, first = o.price, o.at
		}
		last = o.at
	}
	if info.FirstPrice == 0 {
		return FileInfo{}, &Problem{File: path, Line: r.line, What: "no row with a price", Hint: "a feed file needs at least one usable row below its header"}
	}
	info.Rows, info.Span = r.rows, last-first
	info.Tick, info.Lot = suggest(info.FirstPrice)
	return info, nil
}

// OpenFile checks a file and makes a Feed that plays it. Nothing of the file
// stays in memory; Run reads it again, row by row.
func OpenFile(path string, opt FileOptions) (Feed, FileInfo, error) {
	if opt.Speed == 0 {
		opt.Speed = 1
	}
	if !(opt.Speed >= speedMin && opt.Speed <= speedMax) { // NaN is refused too.
		return nil, FileInfo{}, fmt.Errorf("oracle: speed %v of %s: from %v to %v are allowed", opt.Speed, path, speedMin, speedMax)
	}
	info, err := Check(path)
	if err != nil {
		return nil, FileInfo{}, err
	}
	if opt.Symbol != "" {
		info.Symbol = opt.Symbol
	}
	clock := clockOr(opt.Clock)
	return &fileFeed{path: path, symbol: info.Symbol, speed: opt.Speed, clock: clock, board: newBoard(clock)}, info, nil
}

// Status implements Feed.
func (f *fileFeed) Status() []SourceStatus { return f.board.status() }

// Run implements Feed: it plays the file once, from its first row.
func (f *fileFeed) Run(ctx context.Context, emit func(perp.OracleTick)) (err error) {
	r, err := openRows(f.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	limits := AggregatorLimits{}
	if r.format.venues {
		limits = bookLimits
	}
	agg, err := NewAggregator(limits)
	if err != nil {
		return err
	}
	f.board.reset()
	p := &player{feed: f, agg: agg, emit: emit, sent: f.clock.Now() - emitGap}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		o, err := r.next()
		if errors.Is(err, io.EOF) {
			return p.finish(ctx)
		}
		if err != nil {
			return err
		}
		if err := p.play(ctx, o); err != nil {
			return err
		}
	}
}

// player holds back what changed until the next tick is allowed, so that the
// newest price wins.
type player struct {
	feed    *fileFeed
	agg     *Aggregator
	emit    func(perp.OracleTick)
	line    timeline
	newest  perp.Time // source time of the newest observation
	sent    perp.Time // gateway time of the last tick
	waiting bool      // something changed since
	changed perp.Time // when it first did
}

func (p *player) play(ctx context.Context, o observation) error {
	clock := p.feed.clock
	if p.line.speed == 0 {
		p.line = timeline{start: clock.Now(), t0: o.at, speed: p.feed.speed}
	}
	due, now := p.line.wall(o.at), clock.Now()
	// A reader that cannot keep up still sends: late is better than never.
	if p.waiting && (due > max(now, p.sent+emitGap) || now >= p.changed+emitGap) {
		if err := p.send(ctx); err != nil {
			return err
		}
	}
	if err := clock.Wait(ctx, due); err != nil {
		return err
	}
	reason := o.reason
	if reason == Kept && !(o.trade && p.agg.Alive(o.venue, o.at)) {
		reason = p.agg.Vote(Vote{Venue: o.venue, Price: o.price, Half: o.half, At: o.at})
	}
	p.feed.board.message(p.feed.symbol, o.venue, due, reason)
	p.newest = o.at
	if reason == Kept && !p.waiting {
		p.waiting, p.changed = true, clock.Now()
	}
	return nil
}

// send waits until a tick is allowed and sends the price of that moment.
func (p *player) send(ctx context.Context) error {
	clock := p.feed.clock
	if err := clock.Wait(ctx, p.sent+emitGap); err != nil {
		return err
	}
	r, ok := p.agg.Price(p.newest)
	p.feed.board.judged(p.feed.symbol, r.Standings)
	p.sent, p.waiting = clock.Now(), false
	if ok {
		p.emit(tick(p.feed.symbol, r, p.line.wall(r.Publish), p.sent))
	}
	return nil
}

func (p *player) finish(ctx context.Context) error {
	if p.waiting {
		if err := p.send(ctx); err != nil {
			return err
		}
	}
	p.feed.board.end()
	return nil
}

// suggest proposes a tick of about 1e-5 of the price and a lot worth tens of
// quote units, at most one base unit.
func suggest(p perp.Price) (perp.Price, perp.Size) {
	top := perp.Price(1) // the largest power of ten not above p
	for top <= p/10 {
		top *= 10
	}
	step := max(1, top/100_000)
	lot := perp.SizeOne
	for whole := top / (10 * perp.PriceOne); whole > 1; whole /= 10 {
		lot /= 10
	}
	return step, max(1, lot)
}
