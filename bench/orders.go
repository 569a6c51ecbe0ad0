package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// contest runs rounds of one shape on several servers by turns, so that what the
// machine does meanwhile meets them all alike.
func (r *run) contest(ctx context.Context, id string, sh shape, span time.Duration, rounds int, all ...*server) (map[string][]*taken, error) {
	got := map[string][]*taken{}
	for round := range rounds {
		for _, s := range all {
			r.Progress(fmt.Sprintf("%s %s %s, round %d of %d", id, sh, s.name, round+1, rounds))
			t, err := load(ctx, s, sh, span, round)
			if err != nil {
				return nil, err
			}
			got[s.name] = append(got[s.name], t)
		}
	}
	return got, nil
}

// of is the median over rounds of what one says.
func of(all []*taken, what func(*taken) float64) float64 {
	values := make([]float64, 0, len(all))
	for _, t := range all {
		values = append(values, what(t))
	}
	return median(values)
}

func p50(t *taken) float64 { return t.took.quantile(.5) }

func lost(all []*taken) (n int64) {
	for _, t := range all {
		n += t.lost
	}
	return n
}

// stopAll ends servers; each waits for its own end.
func stopAll(all []*server) {
	for _, s := range all {
		s.stop()
	}
}

// latency is P1: one order in flight, until its report, beside the stock library
// with the store that it comes with.
func (r *run) latency(ctx context.Context) ([]Result, error) {
	var all []*server
	defer func() { stopAll(all) }()
	g, err := r.gateway(ctx, venue{sessions: 1}, "")
	if err != nil {
		return nil, err
	}
	all = append(all, g)
	p, err := r.peer(ctx, peerFile, 1)
	if err != nil {
		return nil, err
	}
	all = append(all, p)
	got, err := r.contest(ctx, "P1", shape{1, 1}, pick(r, 400*time.Millisecond, 2*time.Second), pick(r, 3, 5), all...)
	if err != nil {
		return nil, err
	}
	mine := got[g.name]
	return []Result{
		measured("P1", "order to report, 1 in flight, p50", of(mine, p50), "µs").against("quickfix, file store", of(got[p.name], p50)).atMost(.6),
		measured("P1", "order to report, 1 in flight, p99", of(mine, func(t *taken) float64 { return t.took.quantile(.99) }), "µs").
			against("quickfix, file store", of(got[p.name], func(t *taken) float64 { return t.took.quantile(.99) })),
	}, nil
}

// rival is a peer of P2 with its target; a target of 0 is none.
type rival struct {
	name   string
	target float64
	start  func(ctx context.Context, sessions int) (*server, error)
}

func (r *run) rivals() []rival {
	stock := func(kind string) func(context.Context, int) (*server, error) {
		return func(ctx context.Context, n int) (*server, error) { return r.peer(ctx, kind, n) }
	}
	cpp := func(kind string) func(context.Context, int) (*server, error) {
		return func(ctx context.Context, n int) (*server, error) { return r.cppPeer(ctx, kind, n) }
	}
	return []rival{
		{"quickfix, SQL store", 25, stock(peerSQL)},
		{"the same, not spinning", 10, stock(peerUnspun)},
		{"QuickFIX C++, file store", .7, cpp("file")},
		{"QuickFIX C++, memory", 1, cpp("memory")},
	}
}

// throughput is P2: many orders in flight beside peers that store less, or the
// same one order at a time.
func (r *run) throughput(ctx context.Context) (results []Result, err error) {
	for _, sh := range pick(r, []shape{{8, 16}}, []shape{{8, 16}, {64, 4}}) {
		some, err := r.throughputOf(ctx, sh)
		results = append(results, some...)
		if err != nil {
			return results, err
		}
	}
	return results, nil
}

func (r *run) throughputOf(ctx context.Context, sh shape) (results []Result, err error) {
	var all []*server
	defer func() { stopAll(all) }()
	g, err := r.gateway(ctx, venue{sessions: sh.sessions}, "")
	if err != nil {
		return nil, err
	}
	all = append(all, g)
	names := map[string]*server{}
	what := fmt.Sprintf("orders a second, %s in flight", sh)
	for _, v := range r.rivals() {
		s, err := v.start(ctx, sh.sessions)
		if errors.Is(err, errNoCPP) {
			none := unmeasured("P2", what, err.Error())
			none.With = v.name
			results = append(results, none)
			continue
		}
		if err != nil {
			return results, err
		}
		all, names[v.name] = append(all, s), s
	}
	got, err := r.contest(ctx, "P2", sh, pick(r, 400*time.Millisecond, 2*time.Second), pick(r, 1, 3), all...)
	if err != nil {
		return results, err
	}
	rate := of(got[g.name], (*taken).rate)
	for _, v := range r.rivals() {
		s, there := names[v.name]
		if !there {
			continue
		}
		one := measured("P2", what, rate, "1/s").against(v.name, of(got[s.name], (*taken).rate)).atLeast(v.target)
		if n := lost(got[s.name]); n > 0 {
			one = one.noting("the peer left %d orders without an answer", n)
		}
		if v.name == "QuickFIX C++, memory" {
			one.Target += " (stretch)"
		}
		results = append(results, one)
	}
	if n := lost(got[g.name]); n > 0 {
		return results, fmt.Errorf("the gateway left %d orders without an answer within %s", n, lostMax)
	}
	return results, nil
}

// processor is P3: what an order costs when many are in flight.
func (r *run) processor(ctx context.Context) ([]Result, error) {
	var all []*server
	defer func() { stopAll(all) }()
	sh := shape{8, 16}
	g, err := r.gateway(ctx, venue{sessions: sh.sessions}, "")
	if err != nil {
		return nil, err
	}
	all = append(all, g)
	p, err := r.peer(ctx, peerUnspun, sh.sessions)
	if err != nil {
		return nil, err
	}
	all = append(all, p)
	got, err := r.contest(ctx, "P3", sh, pick(r, 700*time.Millisecond, 3*time.Second), pick(r, 1, 3), all...)
	if err != nil {
		return nil, err
	}
	mine, theirs := of(got[g.name], (*taken).cpuPer), of(got[p.name], (*taken).cpuPer)
	one := measured("P3", "processor time of an order", mine, "µs").atMost(90).against("quickfix, SQL store, not spinning", theirs)
	return []Result{one.noting("stretch: ≤ 30 µs")}, nil
}
