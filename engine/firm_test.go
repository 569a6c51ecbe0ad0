package engine_test

import (
	"strings"
	"testing"

	"backstop/perp"
	"backstop/quoting"
)

const grace = 50 * ms

// tiered is a market in which only those wait against whom something is known.
func tiered(p *quoting.Params) { p.LastLook, p.FirmAge, p.Grace = quoting.LookTiered, 0, grace }

// firm asks for a quote on which no order waits.
func (w *holdWorld) firm(change func(*perp.RequestQuote)) []perp.Event {
	r := perp.RequestQuote{
		Origin: perp.Origin{Session: "alice", Arrival: w.now}, ReqID: "r", Account: "alice", Symbol: "BTC-PERP",
		Side: perp.Buy, Size: perp.SizeOne / 10, Firm: true,
	}
	change(&r)
	return w.do(r)
}

func asIs(*perp.RequestQuote) {}

// TestFirmQuotesAreGivenWhereNothingWaits: a firm quote is given only where an order
// would be dealt at once, and for no longer than that holds; else the reason is told.
func TestFirmQuotesAreGivenWhereNothingWaits(t *testing.T) {
	life := quoting.DefaultParams().TTL
	for _, c := range []struct {
		name   string
		change func(*quoting.Params)
		ask    func(*perp.RequestQuote)
		life   perp.Time // zero: it is refused
		why    string
	}{
		{"no last look", func(p *quoting.Params) { p.LastLook = quoting.LookOff }, asIs, life, ""},
		{"a good client", tiered, asIs, grace, ""},
		{"where only a wide market waits", func(p *quoting.Params) { tiered(p); p.LastLook = quoting.LookWide }, asIs, grace, ""},
		{"a grace as long as the life", func(p *quoting.Params) { tiered(p); p.Grace = life }, asIs, life, ""},
		{"everybody waits", func(*quoting.Params) {}, asIs, 0, "not firm: always"},
		{"no grace", func(p *quoting.Params) { tiered(p); p.Grace = 0 }, asIs, 0, "not firm: always"},
		{"a new client", func(p *quoting.Params) { tiered(p); p.Probation = 30 }, asIs, 0, "not firm: tier"},
		{"an old price", func(p *quoting.Params) { tiered(p); p.FirmAge = 100 * ms }, asIs, 0, "not firm: age"},
		{"more than quotes are firm for", func(p *quoting.Params) { tiered(p); p.FillBucket = 1 }, asIs, 0, "not firm: size"},
		{"a stream where somebody may wait", tiered, func(r *perp.RequestQuote) { r.Stream.Wanted = true }, 0, "not firm: stream"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := holdWorldWith(t, c.change)
			events := w.firm(c.ask)
			q, given := only[perp.QuoteIssued](events)
			no, refused := only[perp.QuoteRefused](events)
			switch {
			case given+refused != 1 || (given == 1) != (c.life > 0):
				t.Errorf("given %+v, refused %+v", q, no)
			case given == 1 && (!q.Firm || q.Held || q.ValidUntil-w.now != c.life):
				t.Errorf("given %+v, for %d, want %d", q, q.ValidUntil-w.now, c.life)
			case refused == 1 && (no.Verdict.Reject != perp.PriceUnavailable || no.Verdict.Detail != c.why):
				t.Errorf("refused with %+v, want %s", no.Verdict, c.why)
			}
			if c.life == 0 && !strings.Contains(c.why, "stream") { // Asked for as it is, there is one.
				if q, n := only[perp.QuoteIssued](w.firm(func(r *perp.RequestQuote) { r.Firm = false })); n != 1 || q.Firm || !q.Held {
					t.Errorf("the same not firm: %+v", q)
				}
			}
		})
	}
	w := holdWorldWith(t, func(p *quoting.Params) { p.LastLook = quoting.LookOff })
	if _, n := only[perp.StreamQuoted](w.firm(func(r *perp.RequestQuote) { r.Stream.Wanted = true })); n != 1 {
		t.Error("no firm stream where nothing waits")
	}
}

// TestFirmQuotesAreDealtAtOnce: an order on a firm quote never waits, whatever became of
// the price or the client meanwhile; after its time it is refused, as is what is more
// than quotes are firm for.
func TestFirmQuotesAreDealtAtOnce(t *testing.T) {
	hit := func(id string) func(*perp.PlaceOrder) {
		return func(o *perp.PlaceOrder) {
			o.ClOrdID, o.Type, o.TIF, o.QuoteID, o.Price = "D"+id, perp.PreviouslyQuoted, perp.FOK, id, 0
		}
	}
	given := func(w *holdWorld) perp.QuoteIssued {
		q, n := only[perp.QuoteIssued](w.firm(asIs))
		if n != 1 {
			t.Fatal("no firm quote")
		}
		return q
	}
	w := holdWorldWith(t, tiered)
	q := given(w)
	w.now += grace - ms
	f, n := only[perp.Filled](w.order(hit(q.QuoteID)))
	if n != 1 || f.Price != q.Ask.Price || f.Order.Status != perp.FullyFilled {
		t.Errorf("dealt as %+v, quoted %+v", f, q)
	}
	if r, n := only[perp.OrderRejected](w.order(func(o *perp.PlaceOrder) { hit(q.QuoteID)(o); o.ClOrdID = "again" })); n != 1 || r.Verdict.Reject != perp.QuoteConsumed {
		t.Errorf("dealt twice: %+v", r)
	}

	q = given(w)
	w.now += grace
	if r, n := only[perp.OrderRejected](w.order(hit(q.QuoteID))); n != 1 || r.Verdict.Reject != perp.QuoteExpired {
		t.Errorf("after its time: %+v", r)
	}

	// The price gets old while the quote stands: who names it does not wait, who names
	// none does.
	w = holdWorldWith(t, func(p *quoting.Params) { tiered(p); p.FirmAge = 160 * ms })
	q = given(w)
	w.now += grace - ms
	if _, n := only[perp.OrderHeld](w.order(func(o *perp.PlaceOrder) { o.ClOrdID = "plain" })); n != 1 {
		t.Error("an order without a quote did not wait")
	}
	if _, n := only[perp.Filled](w.order(hit(q.QuoteID))); n != 1 {
		t.Error("an order on a firm quote waited")
	}

	// Several firm quotes together are more than is dealt in a second.
	w = holdWorldWith(t, func(p *quoting.Params) { tiered(p); p.FillBucket = quoting.DefaultParams().FillBucket })
	var all []perp.QuoteIssued
	for range 8 {
		if q, n := only[perp.QuoteIssued](w.firm(func(r *perp.RequestQuote) { r.Size = 2 * perp.SizeOne })); n == 1 {
			all = append(all, q)
		}
	}
	refused := 0
	for _, q := range all {
		events := w.order(func(o *perp.PlaceOrder) { hit(q.QuoteID)(o); o.Size = 2 * perp.SizeOne })
		if _, held := only[perp.OrderHeld](events); held > 0 {
			t.Fatal("an order on a firm quote waited")
		}
		if r, n := only[perp.OrderRejected](events); n == 1 && r.Verdict.Reject == perp.FillLimit {
			refused++
		}
	}
	if refused == 0 || refused == len(all) {
		t.Errorf("%d refused of %d firm quotes that were dealt on within a moment", refused, len(all))
	}
}
