package ledger

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"backstop/perp"
)

func TestPositionVectors(t *testing.T) { runVectors(t, "position") }

// runVectors holds the reference to one family of published cases: inputs and
// results as facts. The folder in BACKSTOP_VECTORS may hold fewer or others.
func runVectors(t *testing.T, family string) {
	dir := cmp.Or(os.Getenv("BACKSTOP_VECTORS"), filepath.Join("testdata", "vectors"))
	src, err := os.ReadFile(filepath.Join(dir, family+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no %s.json in %s", family, dir)
	}
	must(t, err)
	var file struct {
		Cases []struct {
			Name, Fn         string
			Inputs, Expected map[string]json.RawMessage
		}
	}
	must(t, json.Unmarshal(src, &file))
	good := 0
	for _, c := range file.Cases {
		if t.Run(c.Name, func(t *testing.T) {
			w := newVectorWorld(t, c.Inputs["market"])
			delete(c.Inputs, "market")
			if c.Fn == "seq" {
				w.sequence(t, c.Inputs, c.Expected)
			} else {
				w.call(t, c.Fn, c.Inputs, c.Expected)
			}
		}) {
			good++
		}
	}
	fmt.Printf("vectors: %d of %d (%s)\n", good, len(file.Cases), family)
}

// vectorWorld is the market of a case. Fields that no rule here reads are
// carried along unchanged, and compared as such.
type vectorWorld struct {
	m    refMarket
	rest map[string]json.RawMessage
}

func newVectorWorld(t *testing.T, market json.RawMessage) *vectorWorld {
	w := &vectorWorld{rest: map[string]json.RawMessage{}}
	w.set(t, json.RawMessage(`{"status":"Initialized","contract_tier":"HighlySpeculative"}`))
	if market != nil {
		w.set(t, market)
	}
	return w
}

func (w *vectorWorld) set(t *testing.T, fields json.RawMessage) {
	t.Helper()
	must(t, json.Unmarshal(fields, &w.rest))
	must(t, json.Unmarshal(fields, &w.m))
}

// fields is the market as it would be written.
func (w *vectorWorld) fields(t *testing.T) map[string]json.RawMessage {
	all := maps.Clone(w.rest)
	maps.Copy(all, object(t, w.m))
	return all
}

func (w *vectorWorld) sequence(t *testing.T, in, want map[string]json.RawMessage) {
	var steps []struct {
		Fn   string
		Args map[string]json.RawMessage
	}
	var results []map[string]json.RawMessage
	must(t, json.Unmarshal(in["steps"], &steps))
	must(t, json.Unmarshal(want["steps"], &results))
	if len(in) != 1 || len(want) != 1 || len(steps) != len(results) {
		t.Fatalf("a sequence of %d steps with %d results, or with more than steps", len(steps), len(results))
	}
	for i, s := range steps {
		w.call(t, s.Fn, s.Args, results[i])
		if t.Failed() {
			t.Fatalf("in step %d, %s", i, s.Fn)
		}
	}
}

// call runs one function and compares every result that is named. An input
// that the function did not look at is an error.
func (w *vectorWorld) call(t *testing.T, fn string, in, want map[string]json.RawMessage) {
	t.Helper()
	run, known := vectorFns[fn]
	if !known {
		t.Fatalf("no such function: %s", fn)
	}
	if fn == "set" {
		fields, err := json.Marshal(in)
		must(t, err)
		w.set(t, fields)
		in = nil
	}
	a := vectorArgs{t: t, in: maps.Clone(in)}
	before := w.m
	got, err := run(&w.m, a)
	for name := range a.in {
		t.Errorf("%s: input %s was not looked at", fn, name)
	}
	if string(want["error"]) == "true" {
		if !errors.Is(err, errRefused) {
			t.Errorf("%s was not refused: %v", fn, err)
		}
		if w.m != before {
			t.Errorf("%s was refused and half applied", fn)
		}
		return
	}
	must(t, err)
	if want["market"] != nil {
		got["market"] = w.fields(t)
	}
	compare(t, fn, object(t, got), want)
}

// compare wants every result in want to be in got: objects and lists by their
// parts, all else by its text.
func compare(t *testing.T, where string, got, want map[string]json.RawMessage) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		have, known := got[name]
		if !known {
			t.Errorf("%s: no result %s", where, name)
			continue
		}
		compareValue(t, where+" "+name, have, want[name])
	}
}

func compareValue(t *testing.T, where string, have, want json.RawMessage) {
	t.Helper()
	switch {
	case want[0] == '{':
		compare(t, where, object(t, have), object(t, want))
	case want[0] == '[':
		var a, b []json.RawMessage
		must(t, json.Unmarshal(have, &a))
		must(t, json.Unmarshal(want, &b))
		if len(a) != len(b) {
			t.Fatalf("%s has %d entries, want %d", where, len(a), len(b))
		}
		for i := range a {
			compareValue(t, fmt.Sprint(where, " ", i), a[i], b[i])
		}
	case !bytes.Equal(have, want):
		t.Errorf("%s is %s, want %s", where, have, want)
	}
}

// object is any value as the fields of its JSON.
func object(t *testing.T, v any) (fields map[string]json.RawMessage) {
	t.Helper()
	src, err := json.Marshal(v)
	must(t, err)
	must(t, json.Unmarshal(src, &fields))
	return fields
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// vectorArgs are the inputs of a call; those that were read are struck off.
type vectorArgs struct {
	t  *testing.T
	in map[string]json.RawMessage
}

// read decodes an input into v, which stays as it is if there is none. A field
// that v does not have is an error.
func (a vectorArgs) read(name string, v any) {
	a.t.Helper()
	if src, ok := a.in[name]; ok {
		d := json.NewDecoder(bytes.NewReader(src))
		d.DisallowUnknownFields()
		must(a.t, d.Decode(v))
		delete(a.in, name)
	}
}

func (a vectorArgs) number(name string) (v exact) { a.read(name, &v); return v }

func (a vectorArgs) position() (p refPosition) { a.read("position", &p); return p }

type vectorResults map[string]any

var vectorFns = map[string]func(*refMarket, vectorArgs) (vectorResults, error){
	"set":                   func(*refMarket, vectorArgs) (vectorResults, error) { return vectorResults{}, nil },
	"update_position":       vectorTrade,
	"update_position_seq":   vectorTrades,
	"settle_funding":        vectorFunding,
	"net_user_pnl":          vectorNetPnl,
	"expiry_price":          vectorExpiry,
	"settle_pnl":            vectorSettle,
	"update_pool_balances":  vectorBalance,
	"revenue_pool_transfer": vectorRevenue,
	"resolve_bankruptcy":    vectorResolve,
	"bankruptcy_rate_delta": vectorLossRate,
	"is_bankrupt":           vectorBankrupt,
}

func positionResults(p refPosition, pnl exact) vectorResults {
	return vectorResults{"pnl": pnl, "position": p, "entry_price": p.price(p.Entry), "break_even_price": p.price(p.BreakEven)}
}

func vectorTrade(m *refMarket, a vectorArgs) (vectorResults, error) {
	p, base, quote := a.position(), a.number("delta_base"), a.number("delta_quote")
	old := p
	pnl, err := m.trade(&p, base, quote)
	if err == nil {
		sameAsBooks(a.t, old, p, base, quote, pnl)
	}
	return positionResults(p, pnl), err
}

// sameAsBooks holds the product's own Apply to the same facts.
func sameAsBooks(t *testing.T, old, next refPosition, base, quote, pnl exact) {
	t.Helper()
	for _, v := range []exact{old.Base, old.Entry, base, quote, next.Base} {
		if !v.int().IsInt64() {
			return // more than the books can hold
		}
	}
	if base.sign() == 0 {
		return // no fill
	}
	before := perp.Position{Size: perp.Size(old.Base.int().Int64()), Entry: perp.Money(old.Entry.int().Int64())}
	after, realised := Apply(before, perp.Size(base.int().Int64()), perp.Money(quote.int().Int64()))
	if !exactly(int64(after.Size)).equal(next.Base) || !exactly(int64(after.Entry)).equal(next.Entry) || !exactly(int64(realised)).equal(pnl) {
		t.Errorf("Apply gives %+v and %d, the reference %v, %v and %v", after, realised, next.Base, next.Entry, pnl)
	}
}

// vectorTrades applies fills one after another to one position; each is named
// like the inputs of a single one, or is a list of base and quote.
func vectorTrades(m *refMarket, a vectorArgs) (vectorResults, error) {
	p := a.position()
	var deltas []json.RawMessage
	a.read("deltas", &deltas)
	next, last := *m, vectorResults{}
	var steps []vectorResults
	for _, d := range deltas {
		base, quote := delta(a.t, d)
		pnl, err := next.trade(&p, base, quote)
		if err != nil {
			return nil, err
		}
		last = positionResults(p, pnl)
		last["market"] = next
		steps = append(steps, last)
	}
	*m = next
	result := maps.Clone(last)
	result["steps"] = steps
	return result, nil
}

func delta(t *testing.T, src json.RawMessage) (base, quote exact) {
	t.Helper()
	if src[0] == '[' {
		var both [2]exact
		must(t, json.Unmarshal(src, &both))
		return both[0], both[1]
	}
	a := vectorArgs{t: t, in: object(t, src)}
	names := [][2]string{{"delta_base", "delta_quote"}, {"base", "quote"}}
	for _, n := range names {
		if a.in[n[0]] != nil {
			base, quote = a.number(n[0]), a.number(n[1])
		}
	}
	if len(a.in) > 0 {
		t.Fatalf("a fill of unknown form: %s", src)
	}
	return base, quote
}

func vectorFunding(m *refMarket, a vectorArgs) (vectorResults, error) {
	p := a.position()
	paid := m.fund(&p)
	return vectorResults{"payment": paid, "position": p}, nil
}
