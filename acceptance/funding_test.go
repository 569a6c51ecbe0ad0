package acceptance

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// fundedMarket charges funding every second.
const fundedMarket = "[market.funding]\nevery = \"1s\"\naverage = \"1s\"\nbase_bps = \"5000\"\nmax_bps = \"5000\"\n"

var fundingTags = []int{22020, 22021, 22022, 22023, 22024, 22025}

// TestFundingCanBeWorkedOut: in VAMM1 prices come with the rates and indexes of
// funding, and each payment is the move of the index times the position, rounded
// down, from one payment to the next, for a long and for a short. STRICT44 has
// nothing of it.
func TestFundingCanBeWorkedOut(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args, dir := lastingVenue(t, Venue{LastLook: "off", Market: fundedMarket})
	g := startGateway(t, args...)
	w := &heldWorld{t: t, ctx: ctx}
	w.stock = followed(ctx, t, g.FIX, "DEMO1")
	w.rich = followed(ctx, t, g.FIX, "DEMO2", "22000=VAMM1")
	short := followed(ctx, t, g.FIX, "DEMO3", "22000=VAMM1")
	for h, side := range map[*Heard]string{w.stock: "1", w.rich: "1", short: "2"} {
		if _, err := h.Until(ctx, func(f Fields) bool { return f.Get(35) == "W" && len(f.All(299)) == 2 }); err != nil {
			t.Fatal(err)
		}
		w.send(h, order("F1", side, "40=1", "59=3"))
		w.ended(h, "F1")
		w.is(h, "F1", "0, F(2).")
	}
	w.payments(w.rich, 704, 22024, decimal.NewFromInt(-1))
	w.payments(short, 705, 22025, decimal.NewFromInt(1))
	w.fundingWithPrices(w.rich)
	if _, err := w.stock.Until(ctx, func(f Fields) bool { return token(f) == "FUNDING" }); err != nil {
		t.Fatal(err)
	}
	for _, f := range w.stock.All {
		for _, tag := range fundingTags {
			if f.Get(tag) != "" {
				t.Fatalf("%d in STRICT44: %s", tag, f)
			}
		}
	}
	for _, h := range []*Heard{w.stock, w.rich, short} {
		if err := h.Logout(ctx); err != nil {
			t.Error(err)
		}
	}
	verify(ctx, t, g, dir)
}

// payments reads four of them, and works out all but the first from the one before.
func (w *heldWorld) payments(h *Heard, position, index int, sign decimal.Decimal) {
	w.t.Helper()
	var before Fields
	for range 4 {
		f, err := h.Until(w.ctx, func(f Fields) bool { return f.Get(35) == "AM" && token(f) == "FUNDING" })
		if err != nil {
			w.t.Fatal(err)
		}
		says(w.t, "a payment", f, "55=BTC-PERP", "22021=1", "707=VADJ")
		if rate := dec(f.Get(22020)); !rate.IsPositive() || f.Get(22022) != "" || f.Get(22023) != "" {
			w.t.Errorf("a payment: %s", f)
		}
		if before != nil {
			moved := dec(f.Get(index)).Sub(dec(before.Get(index)))
			if want := moved.Mul(dec(f.Get(position))).Mul(sign).RoundFloor(6); want.IsZero() || !want.Equal(dec(f.Get(708))) {
				w.t.Errorf("the index moved by %s, which is %s\nafter %s\nof %s", moved, want, before, f)
			}
		}
		before = f
	}
}

// fundingWithPrices: every W tells it; times and indexes go up, as longs pay all
// the time, and the index of a payment is that of the prices about it.
func (w *heldWorld) fundingWithPrices(h *Heard) {
	w.t.Helper()
	told, booked := 0, false
	last := Fields(nil)
	for _, f := range h.All {
		switch {
		case f.Get(35) == "AM" && token(f) == "FUNDING" && last != nil:
			if dec(f.Get(22024)).LessThan(dec(last.Get(22024))) {
				w.t.Errorf("an index went back\nfrom %s\nto %s", last, f)
			}
		case f.Get(35) == "W" && f.Get(22010) != "":
			for _, tag := range fundingTags {
				if f.Get(tag) == "" {
					w.t.Fatalf("no %d in %s", tag, f)
				}
			}
			if last != nil && (dec(f.Get(22024)).LessThan(dec(last.Get(22024))) || strings.Compare(f.Get(22022), last.Get(22022)) < 0) {
				w.t.Errorf("an index or a time went back\nfrom %s\nto %s", last, f)
			}
			says(w.t, "prices", f, "22021=1")
			booked = booked || dec(f.Get(22020)).IsPositive()
			last = f
			told++
		}
	}
	if told == 0 || !booked || !dec(last.Get(22023)).IsPositive() {
		w.t.Errorf("%d books told it, the last is %s", told, last)
	}
}
