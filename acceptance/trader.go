package acceptance

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// windowMax is how many requests a Trader leaves unanswered.
const windowMax = 64

// failuresMax bounds the failures that a Trader remembers.
const failuresMax = 100

// Trader sends a seeded mix of every request that the gateway takes, good and
// bad, and checks that each gets exactly one answer of the right type and that
// what the reports say adds up.
type Trader struct {
	Client  *Client
	Symbol  string
	Tick    decimal.Decimal
	Lot     decimal.Decimal
	Account string
	Tag     string // begins every id, so that runs do not share ids
	// PerTick paces the run with the market: after so many requests it waits for
	// the next market data, until there is none for a second. Zero: as fast as answers come.
	PerTick int

	random   *rand.Rand
	pending  map[string]string // open request id -> what answers it
	orders   map[string]*traded
	ids      []string // of orders, in order of sending
	root     map[string]string
	masses   map[string]int // reports of each mass status
	swept    int            // orders that ended by a mass cancel that is not answered yet
	execs    map[string]bool
	bid, ask touch
	quote    Fields
	Report   Report
}

type touch struct{ price, id string }

// traded is what a Trader knows of one order.
type traded struct {
	side          string
	latest        string
	status        string // 39 of the last report; empty before the first
	answers, ends int
	killable      bool // FOK: it may end without a fill
	held, owed    bool // held it was; accepted after a hold, and not filled yet
	working       bool
	triggered     bool
	limit         decimal.Decimal // zero: none
	cum, paid     decimal.Decimal
}

// Report counts what a Trader sent and got.
type Report struct {
	Requests, Orders, Accepted, Rejected, Fills, Canceled, Replaced   int
	CancelRejected, Statuses, Quotes, QuoteRejects, MarketData, Money int
	Held, HeldRefused, HeldTooLate                                    int // 150=A; 150=8 after it; 9 during it
	Triggered, Expired, MassCancels                                   int
	Reasons                                                           map[string]int
	Position                                                          decimal.Decimal
	Failures                                                          []string
}

// Run sends n requests, then takes back every working order, and waits for all
// answers. The report lists every promise that did not hold.
func (t *Trader) Run(ctx context.Context, n int, seed uint64) (Report, error) {
	t.random = rand.New(rand.NewPCG(seed, seed))
	t.pending, t.orders, t.root, t.execs = map[string]string{}, map[string]*traded{}, map[string]string{}, map[string]bool{}
	t.masses, t.Report = map[string]int{}, Report{Reasons: map[string]int{}}
	if err := t.subscribe(ctx); err != nil {
		return t.Report, err
	}
	for i := range n {
		for len(t.pending) >= windowMax {
			if err := t.next(ctx); err != nil {
				return t.Report, t.stuck(err)
			}
		}
		if err := t.one(ctx, fmt.Sprintf("%s-%d", t.Tag, i)); err != nil {
			return t.Report, t.stuck(err)
		}
		if t.PerTick > 0 && i%t.PerTick == 0 {
			if err := t.tick(ctx); err != nil {
				return t.Report, t.stuck(err)
			}
		}
	}
	if err := t.finish(ctx); err != nil {
		return t.Report, t.stuck(err)
	}
	t.judge()
	return t.Report, nil
}

// tick deals with messages until market data comes; a second without any ends
// the pacing.
func (t *Trader) tick(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Second, errNoTick)
	defer cancel()
	for seen := t.Report.MarketData; t.Report.MarketData == seen; {
		if err := t.next(ctx); err != nil {
			if context.Cause(ctx) == errNoTick {
				t.PerTick = 0 // The prices have ended: there is nothing to keep pace with.
				return nil
			}
			return err
		}
	}
	return nil
}

var errNoTick = errors.New("no market data")

func (t *Trader) stuck(err error) error {
	left := make([]string, 0, 5)
	for id, what := range t.pending {
		if left = append(left, id+" ("+what+")"); len(left) == 5 {
			break
		}
	}
	return fmt.Errorf("%d requests open, such as %s: %w", len(t.pending), strings.Join(left, ", "), err)
}

func (t *Trader) judge() {
	for _, id := range t.ids {
		o := t.orders[id]
		if o.answers != 1 {
			t.fail("%s has %d answers", id, o.answers)
		}
		if o.ends != 1 {
			t.fail("%s has %d ends", id, o.ends)
		}
	}
}

func (t *Trader) fail(format string, args ...any) {
	if len(t.Report.Failures) < failuresMax {
		t.Report.Failures = append(t.Report.Failures, fmt.Sprintf(format, args...))
	}
}

func (t *Trader) subscribe(ctx context.Context) error {
	err := t.Client.Send("V", bestOf("MD"+t.Tag, t.Symbol, changes)...)
	for err == nil && (t.bid.id == "" || t.ask.id == "") {
		err = t.next(ctx)
	}
	return err
}

// finish waits for what is open, cancels what works and waits again.
func (t *Trader) finish(ctx context.Context) error {
	for round := 0; ; round++ {
		for len(t.pending) > 0 {
			if err := t.next(ctx); err != nil {
				return err
			}
		}
		left := false
		for _, id := range t.ids {
			if o := t.orders[id]; o.working {
				left = true
				if err := t.cancel(o, fmt.Sprintf("%s-x%d", id, round)); err != nil {
					return err
				}
			}
			for len(t.pending) >= windowMax {
				if err := t.next(ctx); err != nil {
					return err
				}
			}
		}
		if !left {
			return nil
		}
	}
}

func (t *Trader) cancel(o *traded, id string) error {
	t.root[id] = t.root[o.latest]
	t.open(id, "cancel")
	return t.Client.Send("F", "41="+o.latest, "11="+id, "55="+t.Symbol, "54="+o.side, "60="+Now(), "38="+t.Lot.String())
}

func (t *Trader) open(id, what string) {
	t.pending[id] = what
	t.Report.Requests++
}

func (t *Trader) closed(id, by string) {
	if _, ok := t.pending[id]; !ok {
		t.fail("%s answers no open request: %s", by, id)
	}
	delete(t.pending, id)
}

// next deals with one message.
func (t *Trader) next(ctx context.Context) error {
	f, err := t.Client.Next(ctx)
	if err != nil {
		return err
	}
	switch f.Get(35) {
	case "8":
		t.execution(f)
	case "9":
		t.Report.CancelRejected++
		t.tooLate(f)
		t.closed(f.Get(11), "9")
	case "r":
		t.massCanceled(f)
	case "S":
		t.Report.Quotes++
		t.quote = f
		t.closed(f.Get(131), "S")
	case "AG":
		t.Report.QuoteRejects++
		t.Report.Reasons[token(f)]++
		t.closed(f.Get(131), "AG")
	case "W", "X":
		t.book(f)
	case "AO", "AP", "B":
	case "AM", "AX": // What the account's money does by itself.
		t.Report.Money++
	default:
		t.fail("unexpected message %s", f)
	}
	return nil
}

func token(f Fields) string {
	word, _, _ := strings.Cut(f.Get(58), " ")
	return word
}

// book keeps the touch of each side.
func (t *Trader) book(f Fields) {
	t.Report.MarketData++
	if f.Get(35) == "W" {
		t.bid, t.ask = touch{}, touch{}
	}
	var kind, action string
	var at touch
	put := func() {
		side := &t.bid
		if kind == "1" {
			side = &t.ask
		}
		if kind == "0" || kind == "1" {
			*side = at
			if action == "2" {
				*side = touch{}
			}
		}
	}
	for _, field := range f {
		tag, value, _ := strings.Cut(field, "=")
		switch {
		case tag == "279", tag == "269" && f.Get(35) == "W":
			put()
			kind, action, at = "", "", touch{}
		}
		switch tag {
		case "279":
			action = value
		case "269":
			kind = value
		case "270":
			at.price = value
		case "299":
			at.id = value
		}
	}
	put()
}

func dec(s string) decimal.Decimal {
	d, err := decimal.NewFromString(s)
	if err != nil {
		return decimal.Zero
	}
	return d
}

func (t *Trader) execution(f Fields) {
	if t.execs[f.Get(17)] {
		t.fail("ExecID twice: %s", f)
	}
	t.execs[f.Get(17)] = true
	id := f.Get(11)
	if f.Get(584) != "" {
		t.massReported(f)
		return
	}
	if f.Get(150) == "I" {
		t.Report.Statuses++
		if first := t.root[id]; first != "" {
			id = first // The report carries the order's latest id.
		}
		t.closed("H"+id, "150=I")
		t.same(t.orders[t.root[id]], f)
		return
	}
	o := t.orders[t.root[id]]
	if o == nil {
		t.fail("report for no order of ours: %s", f)
		return
	}
	if f.Get(150) == "8" {
		t.rejected(o, id, f)
		return
	}
	o.status = f.Get(39)
	switch f.Get(150) {
	case "A":
		t.holds(o, f)
	case "0":
		t.Report.Accepted++
		t.accepted(o, f)
		o.answers++
		o.working = true
		t.closed(id, "150=0")
	case "F":
		t.filled(o, f)
	case "4":
		t.Report.Canceled++
		if o.owed && !o.killable {
			t.fail("accepted after a hold and canceled without a fill: %s", f)
		}
		if f.Get(41) != "" {
			t.closed(id, "150=4")
		}
		if token(f) == "MASS_CANCEL" {
			t.swept++
		}
	case "C":
		t.over(f)
	case "D":
		t.triggered(o, f)
	case "5":
		t.Report.Replaced++
		o.latest, o.limit = id, dec(f.Get(44))
		t.closed(id, "150=5")
	default:
		t.fail("unexpected ExecType: %s", f)
	}
	t.state(o, f)
}

func (t *Trader) rejected(o *traded, id string, f Fields) {
	t.Report.Rejected++
	t.Report.Reasons[token(f)]++
	if f.Get(103) == "6" {
		t.closed("dup"+id, "150=8 103=6")
		t.same(o, f)
		return
	}
	if o.working || o.answers > 0 {
		t.fail("reject after an answer: %s", f)
	}
	t.refused(o, f)
	o.status = f.Get(39)
	o.answers++
	o.ends++
	t.closed(id, "150=8")
}

func (t *Trader) filled(o *traded, f Fields) {
	t.Report.Fills++
	if !o.working {
		t.fail("fill of an order that does not work: %s", f)
	}
	size, price := dec(f.Get(32)), dec(f.Get(31))
	o.cum = o.cum.Add(size)
	o.paid = o.paid.Add(size.Mul(price))
	o.owed = false
	if !o.limit.IsZero() && (f.Get(54) == "1" && price.GreaterThan(o.limit) || f.Get(54) == "2" && price.LessThan(o.limit)) {
		t.fail("LastPx is worse than the limit %s: %s", o.limit, f)
	}
	if !price.Mod(t.Tick).IsZero() {
		t.fail("LastPx is not on the tick: %s", f)
	}
	if f.Get(54) == "1" {
		t.Report.Position = t.Report.Position.Add(size)
	} else {
		t.Report.Position = t.Report.Position.Sub(size)
	}
}

// state checks what every report of a working order must say.
func (t *Trader) state(o *traded, f Fields) {
	cum, leaves, size := dec(f.Get(14)), dec(f.Get(151)), dec(f.Get(38))
	if !cum.Equal(o.cum) {
		t.fail("CumQty is not the sum of fills (%s): %s", o.cum, f)
	}
	// AvgPx is rounded to 1e-6, so the product is off by half a unit at most.
	if d := dec(f.Get(6)).Mul(cum).Sub(o.paid).Abs(); d.GreaterThan(decimal.New(5, -7).Mul(cum)) {
		t.fail("AvgPx x CumQty is off by %s: %s", d, f)
	}
	switch f.Get(39) {
	case "0", "1", "A":
		if !size.Equal(cum.Add(leaves)) {
			t.fail("OrderQty is not CumQty + LeavesQty: %s", f)
		}
	case "2", "4", "C":
		o.ends++
		o.working = false
		if !leaves.IsZero() {
			t.fail("LeavesQty at the end: %s", f)
		}
	default:
		t.fail("unexpected OrdStatus: %s", f)
	}
}
