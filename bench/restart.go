package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"backstop/engine"
	"backstop/perp"
	"backstop/store"
)

// restart is P8: how soon there is a quote after a start with a long journal, and
// how fast the journal is replayed from its beginning.
func (r *run) restart(ctx context.Context) ([]Result, error) {
	h, _, err := r.longHistory(ctx)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	g, err := r.gateway(ctx, h.v, h.dir) // Returns with the first quote.
	if err != nil {
		return nil, err
	}
	defer g.stop()
	took := time.Since(start).Seconds()
	g.stop()
	r.Progress("P8 replay")
	rate, err := replayRate(filepath.Join(h.dir, "data"), h.rows)
	if err != nil {
		return nil, err
	}
	first := measured("P8", fmt.Sprintf("start to first quote, %d rows", h.rows), took, "s").atMost(5)
	return []Result{
		first.noting("the newest snapshot is %d rows old", h.rows-h.snapped),
		measured("P8", fmt.Sprintf("full replay of %d rows", h.rows), rate, "1/s").atLeast(200_000),
	}, nil
}

// replayGC is by how many percent the heap may grow during a replay. A gateway collects
// as rarely then.
const replayGC = 800

// replayRate applies the journal to a new engine, as a start without a snapshot
// does, and tells how many commands a second that was.
func replayRate(dir string, rows int64) (rate float64, err error) {
	reader, err := store.OpenReadOnly(dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	defer debug.SetGCPercent(debug.SetGCPercent(replayGC))
	e, n := engine.New(), int64(0)
	start := time.Now()
	err = reader.Replay(1, func(entry perp.Entry) error {
		c, err := engine.Decode(entry.Kind, entry.Payload)
		if err != nil {
			return err
		}
		e.Reapply(c, entry.Seq, entry.Time)
		n++
		return nil
	})
	if err == nil && n < rows {
		err = fmt.Errorf("%d rows were replayed of %d", n, rows)
	}
	return float64(n) / math.Max(time.Since(start).Seconds(), 1e-9), err
}

// killSpan is how long a gateway of the kills is under load before each.
const killSpan = time.Second

// kills is A6: a gateway that has filled many orders is killed under load and
// started again, many times; measured is from its start to its first Logon.
func (r *run) kills(ctx context.Context) ([]Result, error) {
	sh := shape{8, 16}
	orders := int64(pick(r, 5_000, 100_000))
	g, err := r.gateway(ctx, venue{sessions: sh.sessions}, "")
	if err != nil {
		return nil, err
	}
	defer func() { g.stop() }()
	var fills int64
	for round := 0; fills < orders; round++ {
		r.Progress(fmt.Sprintf("A6 %d orders of %d before the kills", fills, orders))
		t, err := load(ctx, g, sh, killSpan, round)
		if err != nil {
			return nil, err
		}
		fills += t.fills
	}
	var times []float64
	for round := range pick(r, 3, 15) {
		r.Progress(fmt.Sprintf("A6 kill %d", round+1))
		t, err := load(ctx, g, sh, killSpan, -1-round)
		if err != nil {
			return nil, err
		}
		fills += t.fills
		g.kill()
		start := time.Now()
		if g, err = r.launchGateway(ctx, g.dir); err != nil {
			return nil, err
		}
		c, err := connect(ctx, g.addr, 0, "141=Y|")
		if err != nil {
			return nil, err
		}
		times = append(times, time.Since(start).Seconds())
		if err := c.conn.Close(); err != nil {
			return nil, err
		}
		if err := quoting(ctx, g); err != nil {
			return nil, err
		}
	}
	slices.Sort(times)
	what := fmt.Sprintf("killed under load, start to first Logon, %d orders", fills)
	return []Result{
		measured("A6", what+", p50", median(times), "s").atMost(.7),
		measured("A6", what+", max", times[len(times)-1], "s").atMost(1.5),
	}, nil
}
