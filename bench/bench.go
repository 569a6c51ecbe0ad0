package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"backstop/perp"
)

// Options say what is measured, and how.
type Options struct {
	Program string   // the gateway's own executable
	Short   bool     // within a minute, with fewer rows, clients and rounds
	Only    []string // ids of rows; empty: all
	// Setup turns a configuration file into the first commands of its journal, as a
	// start of the gateway does.
	Setup func(toml string) ([]perp.Input, error)
	// Progress is told what is being measured.
	Progress func(what string)
}

// Result is one line of the answer. What was not measured is null, and Note says
// why.
type Result struct {
	ID     string   `json:"id"`
	What   string   `json:"what"`
	Value  *float64 `json:"value"`
	With   string   `json:"with,omitempty"` // what it is compared with
	Peer   *float64 `json:"peer"`
	Ratio  *float64 `json:"ratio"` // value / peer
	Unit   string   `json:"unit"`
	Target string   `json:"target,omitempty"`
	Met    *bool    `json:"met,omitempty"` // absent: there is no target, or nothing to hold against it
	Note   string   `json:"note,omitempty"`
}

// row is one line of the list of what is measured.
type row struct {
	id, about string
	measure   func(*run, context.Context) ([]Result, error)
}

// rows is everything that can be measured, in order.
var rows = []row{
	{"P1", "durable order, one in flight", (*run).latency},
	{"P2", "durable throughput", (*run).throughput},
	{"P3", "processor time of a durable order", (*run).processor},
	{"P4", "the engine alone", (*run).core},
	{"P5", "market data to many", (*run).fanOut},
	{"P6", "growth", (*run).growth},
	{"P7", "memory with idle sessions", (*run).memory},
	{"P8", "restart", (*run).restart},
	{"P9", "price to quote", (*run).prices},
	{"A6", "restart after a kill", (*run).kills},
}

// IDs are the ids of all rows.
func IDs() []string {
	var all []string
	for _, r := range rows {
		all = append(all, r.id)
	}
	return all
}

// UnknownID is an id that no row has.
type UnknownID string

func (u UnknownID) Error() string {
	return fmt.Sprintf("there is no row %q; known: %s", string(u), strings.Join(IDs(), ", "))
}

// shortMax is when the short form gives up what it has not measured, so that it
// ends within a minute on a busy machine too.
const shortMax = 55 * time.Second

// run is one measurement of everything that was asked for.
type run struct {
	Options
	dir  string // temporary; gone at the end
	cpp  string // the C++ executor, once it was built
	made int    // directories in it
	long *history
}

// Measure does what the options ask for. A row that could not be measured is in
// the results with a note, and in the error.
func Measure(ctx context.Context, o Options) (results []Result, err error) {
	for _, id := range o.Only {
		if !slices.Contains(IDs(), id) {
			return nil, UnknownID(id)
		}
	}
	r := &run{Options: o}
	if r.dir, err = os.MkdirTemp("", "gateway-bench-*"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.dir)) }()
	within := ctx
	if o.Short {
		var cancel context.CancelFunc
		within, cancel = context.WithTimeout(ctx, shortMax)
		defer cancel()
	}
	var faults []error
	for _, row := range rows {
		if len(o.Only) > 0 && !slices.Contains(o.Only, row.id) {
			continue
		}
		o.Progress(row.id + " " + row.about)
		some, fault := row.measure(r, within)
		if ctx.Err() != nil {
			return results, ctx.Err()
		}
		results = append(results, some...)
		if fault != nil {
			if within.Err() != nil {
				fault = errors.New("the time of the short form was up")
			}
			faults = append(faults, fmt.Errorf("%s: %w", row.id, fault))
			results = append(results, unmeasured(row.id, row.about, fault.Error()))
		}
	}
	return results, errors.Join(faults...)
}

func unmeasured(id, what, why string) Result {
	if first, _, more := strings.Cut(why, "\n"); more {
		why = first
	}
	return Result{ID: id, What: what, Note: "not measured: " + why}
}

// measured is a result by itself.
func measured(id, what string, value float64, unit string) Result {
	return Result{ID: id, What: what, Value: &value, Unit: unit}
}

// against compares it with a peer.
func (r Result) against(name string, peer float64) Result {
	q := ratio(*r.Value, peer)
	r.With, r.Peer, r.Ratio = name, &peer, &q
	return r
}

// atMost and atLeast hold the ratio, or the value of a result without one,
// against its target.
func (r Result) atMost(limit float64) Result  { return r.judge("≤", limit, r.judged() <= limit) }
func (r Result) atLeast(limit float64) Result { return r.judge("≥", limit, r.judged() >= limit) }

func (r Result) judged() float64 {
	if r.Ratio != nil {
		return *r.Ratio
	}
	return *r.Value
}

func (r Result) judge(sign string, limit float64, met bool) Result {
	unit := " " + r.Unit
	if r.Ratio != nil {
		unit = " ×"
	}
	r.Target, r.Met = fmt.Sprintf("%s %g%s", sign, limit, unit), &met
	return r
}

func (r Result) noting(format string, args ...any) Result {
	r.Note = fmt.Sprintf(format, args...)
	return r
}

// pick is the first value in the short form, else the second.
func pick[T any](r *run, short, full T) T {
	if r.Short {
		return short
	}
	return full
}

// home makes a directory for a server.
func (r *run) home() (string, error) {
	r.made++
	dir := fmt.Sprintf("%s/%d", r.dir, r.made)
	return dir, os.Mkdir(dir, 0o700)
}
