package sim

import (
	"os"
	"slices"
	"strconv"
	"testing"

	"backstop/engine"
	"backstop/perp"
)

func setting(t *testing.T, name string, short, long int) int {
	if v := os.Getenv(name); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if testing.Short() {
		return short
	}
	return long
}

// TestZeroSumAfterEveryCommand runs many seeds with every check on.
// BACKSTOP_SEEDS and BACKSTOP_STEPS ask for more.
func TestZeroSumAfterEveryCommand(t *testing.T) {
	seeds, steps := setting(t, "BACKSTOP_SEEDS", 40, 200), setting(t, "BACKSTOP_STEPS", 300, 300)
	var all Result
	for seed := range seeds {
		r, err := Run(uint64(seed), steps)
		if err != nil {
			t.Fatal(err)
		}
		all.Commands, all.Fills, all.Rejects = all.Commands+r.Commands, all.Fills+r.Fills, all.Rejects+r.Rejects
	}
	t.Logf("%d seeds, %d commands, %d fills, %d rejects", seeds, all.Commands, all.Fills, all.Rejects)
	if all.Fills < seeds || all.Rejects < seeds {
		t.Error("too little happened for the run to mean anything")
	}
}

// TestOneTerminalAnswer: the checker counts the answers of every request; here
// that it really saw requests of each kind.
func TestOneTerminalAnswer(t *testing.T) {
	r, err := Run(7, 2000)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, e := range r.Journal {
		kinds[e.Kind]++
	}
	for _, k := range []string{"PlaceOrder", "CancelOrder", "ReplaceOrder", "RequestStatus", "RequestQuote", "RequestPositions", "CancelOrders", "RequestOrders"} {
		if kinds[k] == 0 {
			t.Errorf("no %s among %v", k, kinds)
		}
	}
}

// TestTwinRun: a seed twice, and its journal through encoding, snapshot and
// restore again and again: one state.
func TestTwinRun(t *testing.T) {
	for seed := range uint64(10) {
		a, err := Run(seed, 400)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Run(seed, 400)
		if err != nil {
			t.Fatal(err)
		}
		if a.Hash != b.Hash {
			t.Fatalf("seed %d: %s and %s", seed, a.Hash, b.Hash)
		}
		e := engine.New()
		for i, entry := range a.Journal {
			c, err := engine.Decode(entry.Kind, entry.Payload)
			if err != nil {
				t.Fatal(err)
			}
			e.Apply(c, entry.Seq, entry.Time)
			if i%7 == 3 { // What a snapshot does not keep may not count.
				if e, err = engine.Restore(e.Snapshot()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if e.StateHash() != a.Hash {
			t.Fatalf("seed %d: replay through a snapshot ends elsewhere", seed)
		}
	}
}

// TestCheckerCatches bends the events of a good run, one way each; every bend
// must be noticed.
func TestCheckerCatches(t *testing.T) {
	bends := map[string]func(entry *perp.Entry) bool{
		"answer dropped": func(e *perp.Entry) bool {
			_, is := e.Command.(perp.PlaceOrder)
			if is {
				e.Events = nil
			}
			return is
		},
		"ExecID twice":        eachEvent(func(ev perp.Filled) perp.Event { ev.ExecID = "E-1"; return ev }),
		"transfer of nothing": eachEvent(func(ev perp.Posted) perp.Event { ev.Transfer.Amount = 0; return ev }),
		"money from nowhere":  eachEvent(func(ev perp.Posted) perp.Event { ev.Transfer.Credit = ev.Transfer.Debit; return ev }),
		"position off":        eachEvent(func(ev perp.PositionChanged) perp.Event { ev.Size++; return ev }),
		"crossed quote": eachEvent(func(ev perp.QuoteChanged) perp.Event {
			// A bid above the oracle price, on a quote that need have no sides.
			ev.Quote.Bids = []perp.Level{{Price: ev.Quote.Oracle + 1, Size: 1}}
			return ev
		}),
		"cum off":   eachEvent(func(ev perp.Filled) perp.Event { ev.Order.Cum++; return ev }),
		"free fill": eachEvent(func(ev perp.Filled) perp.Event { ev.Price = 0; return ev }),
	}
	r, err := Run(3, 1500)
	if err != nil {
		t.Fatal(err)
	}
	for name, bend := range bends {
		c, bent, caught := NewChecker(), false, false
		for _, e := range r.Journal {
			if !bent {
				bent = bend(&e)
			}
			if err := c.After(e.Command, e.Events); err != nil {
				caught = true
				break
			}
		}
		if !bent || !caught {
			t.Errorf("%s: bent %v, caught %v", name, bent, caught)
		}
	}
}

// eachEvent bends the last event of a type in an entry, on a copy: a later one
// could otherwise set right what an earlier one bent.
func eachEvent[E perp.Event](change func(E) perp.Event) func(*perp.Entry) bool {
	return func(e *perp.Entry) bool {
		for i, ev := range slices.Backward(e.Events) {
			if x, ok := ev.(E); ok {
				e.Events = append([]perp.Event(nil), e.Events...)
				e.Events[i] = change(x)
				return true
			}
		}
		return false
	}
}
