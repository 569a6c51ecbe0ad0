package acceptance

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// riseRow is where the written feed of these tests rises by five basis points.
const riseRow = 26

// risingPrices are calm, rise once and are calm again.
func risingPrices() (prices []decimal.Decimal) {
	for i := range 3 * riseRow {
		price := decimal.NewFromInt(60000)
		if i >= riseRow {
			price = decimal.NewFromInt(60030)
		}
		prices = append(prices, price)
	}
	return prices
}

// kindsWorld is a gateway on that feed with a stock client and one that chose VAMM1.
func kindsWorld(ctx context.Context, t *testing.T, look string) (w *heldWorld, g *Gateway, dir string) {
	t.Helper()
	w = &heldWorld{t: t, ctx: ctx, prices: risingPrices()}
	feed, err := writeFeed(t.TempDir(), w.prices)
	if err != nil {
		t.Fatal(err)
	}
	args, dir := lastingVenue(t, Venue{Feed: feed, Speed: beatSpeed, LastLook: look})
	g = startGateway(t, args...)
	w.stock = followed(ctx, t, g.FIX, "DEMO1")
	w.rich = followed(ctx, t, g.FIX, "DEMO2", "22000=VAMM1")
	return w, g, dir
}

// until reads until the last report of an order is of a kind.
func (w *heldWorld) until(h *Heard, id, kind string) Fields {
	w.t.Helper()
	if f := h.Report(id, kind); f != nil {
		return f
	}
	f, err := h.Until(w.ctx, func(f Fields) bool { return f.Get(35) == "8" && f.Get(11) == id && f.Get(150) == kind })
	if err != nil {
		w.t.Fatalf("%s 150=%s: %v", id, kind, err)
	}
	return f
}

func (w *heldWorld) answered(h *Heard, msgType string, tag int, id string) Fields {
	w.t.Helper()
	if f := h.answer(msgType, tag, id); f != nil {
		return f
	}
	f, err := h.Until(w.ctx, func(f Fields) bool { return f.Get(35) == msgType && f.Get(tag) == id })
	if err != nil {
		w.t.Fatalf("%s %d=%s: %v", msgType, tag, id, err)
	}
	return f
}

// in is a UTC timestamp some time from now.
func in(d time.Duration) string { return time.Now().Add(d).UTC().Format("20060102-15:04:05.000") }

// TestOrderKinds is the life of every kind of order over the wire, in both
// dialects, and of requests about many of them; then the books say the same.
func TestOrderKinds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	w, g, dir := kindsWorld(ctx, t, "off")
	for _, h := range []*Heard{w.stock, w.rich} {
		w.row(h, 0, riseRow-10)
		w.kindsAtOnce(h)
		w.kindsRefused(h)
		w.kindsWait(h)
	}
	for _, h := range []*Heard{w.stock, w.rich} {
		w.kindsRise(h)
		w.kindsMany(h)
	}
	w.stockIsStock()
	says(t, "set off in STRICT44", w.stock.Report("ST", "D"), "39=0", "378=99", "636=Y", "151=0.01", "40=3", "99=60020")
	says(t, "set off in VAMM1", w.rich.Report("ST", "L"), "39=0", "636=Y", "22080=1")
	says(t, "clipped in VAMM1", w.rich.Report("RO", "4"), "22004=REDUCE_ONLY", "22083=0.02", "22084=10")
	says(t, "expired in VAMM1", w.rich.Report("GT", "C"), "22084=6")
	for _, h := range []*Heard{w.stock, w.rich} {
		if err := h.Logout(ctx); err != nil {
			t.Error(err)
		}
	}
	verify(ctx, t, g, dir)
}

// kindsAtOnce: a minimum, a bound and a reduction of what deals at once.
func (w *heldWorld) kindsAtOnce(h *Heard) {
	w.t.Helper()
	w.send(h,
		order("B1", "1", "40=1", "59=3", "110=0.01", "22081=5"),
		[]string{"D", "11=RO", "55=BTC-PERP", "54=2", "60=" + Now(), "38=0.03", "40=1", "18=E"},
		order("RC", "2", "40=1", "77=C"),
		order("AG", "1", "40=1", "22002=60000"),
	)
	w.ended(h, "B1", "RO", "RC", "AG")
	w.is(h, "B1", "0, F(2).")
	w.is(h, "RO", "0, F(1), 4.")
	w.is(h, "RC", "8.")
	w.is(h, "AG", "0, F(2).")
	says(w.t, "a minimum", h.Report("B1", "F"), "110=0.01", "32=0.01")
	says(w.t, "a reduction", h.Report("RO", "4"), "39=4", "378=99", "58=REDUCE_ONLY", "18=E", "14=0.01", "151=0")
}

// kindsRefused: each reason that came with the kinds.
func (w *heldWorld) kindsRefused(h *Heard) {
	w.t.Helper()
	for i, c := range []struct {
		reason, code string
		fields       []string
	}{
		{"REDUCE_ONLY_FLAT", "99", []string{"40=1", "77=C"}},
		{"POST_ONLY_MARKETABLE", "99", []string{"40=2", "44=60500", "59=1", "18=6"}},
		{"UNSUPPORTED", "11", []string{"40=2", "44=60500", "59=3", "18=6"}},
		{"EXPIRE_TIME", "99", []string{"40=2", "44=59000", "59=6", "126=" + in(-time.Second)}},
		{"COND_FIELD:126", "99", []string{"40=2", "44=59000", "59=6"}},
		{"COND_FIELD:99", "99", []string{"40=3"}},
		{"COND_FIELD:44", "99", []string{"40=4", "99=61000"}},
		{"MIN_QTY", "13", []string{"40=1", "110=0.02"}},
		{"STALE_REQUEST", "8", []string{"40=1", "22002=1"}},
	} {
		id := fmt.Sprintf("X%d", i)
		o := order(id, "1", c.fields...) // Long the position, so that a buy closes nothing.
		if c.reason == "STALE_REQUEST" {
			o[4] = "60=" + in(-5*time.Second)
		}
		w.send(h, o)
		w.ended(h, id)
		w.is(h, id, "8.")
		says(w.t, c.reason, h.Report(id, "8"), "39=8", "103="+c.code)
		if word := token(h.Report(id, "8")); word != c.reason {
			w.t.Errorf("%s: %s", c.reason, h.Report(id, "8"))
		}
	}
	w.send(h, order("XT", "1", "40=3", "99=61000", "22080=4"))
	says(w.t, "a trigger that is none", w.answered(h, "3", 371, "22080"), "372=D", "373=5")
}

// kindsWait: orders that wait, and what changes them.
func (w *heldWorld) kindsWait(h *Heard) {
	w.t.Helper()
	w.send(h,
		order("GT", "1", "40=2", "44=59000", "59=6", "126="+in(1500*time.Millisecond)),
		order("PO", "2", "40=2", "44=60001", "59=1", "18=6"),
		order("ST", "1", "40=3", "99=60020"),
		order("SL", "1", "40=4", "99=60020", "44=60021"),
		order("S1", "2", "40=3", "99=59000", "22080=3"),
		[]string{"G", "41=S1", "11=S2", "55=BTC-PERP", "54=2", "60=" + Now(), "38=0.02", "40=3", "99=59100"},
		[]string{"G", "41=S2", "11=S3", "55=BTC-PERP", "54=2", "60=" + Now(), "38=0.02", "40=3", "99=59100", "22080=1"},
		[]string{"G", "41=S2", "11=S4", "55=BTC-PERP", "54=2", "60=" + Now(), "38=0.02", "40=4", "44=59000", "99=59100"},
		[]string{"AF", "584=MS1", "585=1", "55=BTC-PERP", "54=2"},
	)
	for _, id := range []string{"GT", "PO", "ST", "SL", "S1"} {
		says(w.t, id, w.until(h, id, "0"), "39=0", "151=0.01")
	}
	says(w.t, "a stop", h.Report("ST", "0"), "636=N", "99=60020", "40=3", "59=1")
	says(w.t, "a changed stop", w.until(h, "S2", "5"), "39=0", "41=S1", "99=59100", "151=0.02")
	says(w.t, "another trigger", w.answered(h, "9", 11, "S3"), "434=2", "102=2", "39=0")
	says(w.t, "another type", w.answered(h, "9", 11, "S4"), "434=2", "102=2")
	w.answered(h, "8", 912, "Y")
	told := []string{}
	for _, f := range h.All {
		if f.Get(584) == "MS1" {
			told = append(told, f.Get(11)+" "+f.Get(39)+" "+f.Get(911)+f.Get(912))
		}
	}
	if got := strings.Join(told, ", "); got != "PO 0 2, S2 0 2Y" {
		w.t.Errorf("mass status says %q", got)
	}
	says(w.t, "over", w.until(h, "GT", "C"), "39=C", "151=0", "58=EXPIRED", "59=6")
	w.is(h, "GT", "0, C.")
}

// kindsRise: the price rises to what waited for it.
func (w *heldWorld) kindsRise(h *Heard) {
	w.t.Helper()
	w.ended(h, "PO", "ST", "SL")
	w.is(h, "PO", "0, F(2).")
	says(w.t, "post-only", h.Report("PO", "F"), "851=1", "18=6")
	trigger := map[*Heard]string{w.stock: "D", w.rich: "L"}[h]
	w.is(h, "ST", "0, "+trigger+", F(2).")
	w.is(h, "SL", "0, "+trigger+", 4.")
	says(w.t, "a stop that dealt", h.Report("ST", "F"), "636=Y", "39=2", "851=2", "32=0.01")
	says(w.t, "a stop limit out of reach", h.Report("SL", "4"), "378=99", "58=IOC_REMAINDER")
}

// kindsMany: requests about many orders at once.
func (w *heldWorld) kindsMany(h *Heard) {
	w.t.Helper()
	w.send(h,
		order("R1", "1", "40=2", "44=59000", "59=1"),
		[]string{"q", "11=Q1", "530=3", "60=" + Now()},
		[]string{"q", "11=Q2", "530=1", "55=NO-SUCH", "60=" + Now()},
		[]string{"q", "11=Q3", "530=1", "60=" + Now()},
		[]string{"q", "11=Q4", "530=1", "55=BTC-PERP", "54=2", "60=" + Now()},
		[]string{"q", "11=Q5", "530=7", "60=" + Now()},
		[]string{"q", "11=Q6", "530=7", "60=" + Now()},
		[]string{"AF", "584=MS2", "585=7"},
		[]string{"AF", "584=MS3", "585=7", "1=DEMO3"},
	)
	says(w.t, "no such scope", w.answered(h, "r", 11, "Q1"), "530=3", "531=0", "532=0")
	says(w.t, "no such market", w.answered(h, "r", 11, "Q2"), "531=0", "532=1")
	says(w.t, "no market", w.answered(h, "r", 11, "Q3"), "531=0", "532=99", "58=COND_FIELD:55")
	says(w.t, "those that sell", w.answered(h, "r", 11, "Q4"), "531=1", "533=1")
	says(w.t, "all", w.answered(h, "r", 11, "Q5"), "37=Q5", "531=7", "533=1", "534=1", "41=R1", "535="+h.Report("R1", "0").Get(37))
	says(w.t, "none", w.answered(h, "r", 11, "Q6"), "531=7", "533=0")
	says(w.t, "ended by it", h.Report("S2", "4"), "39=4", "58=MASS_CANCEL", "151=0")
	says(w.t, "and the other", h.Report("R1", "4"), "39=4", "58=MASS_CANCEL")
	if h.place(h.Report("R1", "4")) > h.place(h.answer("r", 11, "Q5")) || h.place(h.Report("S2", "4")) > h.place(h.answer("r", 11, "Q4")) {
		w.t.Error("the answer came before the reports that it counts")
	}
	says(w.t, "no orders", w.answered(h, "8", 584, "MS2"), "150=I", "37=NONE", "39=8", "911=0", "912=Y", "58=NO_ORDERS")
	says(w.t, "not ours", w.answered(h, "8", 584, "MS3"), "39=8", "911=0", "912=Y")
}

// TestStopsAreHeld: where a new order would be held, what a stop lets go is held:
// too late to take back, decided by the next price.
func TestStopsAreHeld(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	w, g, dir := kindsWorld(ctx, t, "always")
	h := w.rich
	w.row(h, calmRow, riseRow-5)
	w.send(h, order("ST", "1", "40=3", "99=60020"), order("SB", "1", "40=3", "99=60900"))
	says(t, "set off", w.until(h, "ST", "L"), "636=Y", "39=0")
	w.send(h, []string{"F", "41=ST", "11=FT", "55=BTC-PERP", "54=1", "60=" + Now(), "38=0.01"},
		[]string{"H", "11=ST", "55=BTC-PERP", "54=1", "790=HT"})
	says(t, "too late", w.answered(h, "9", 11, "FT"), "102=0", "39=A")
	says(t, "while it is held", w.answered(h, "8", 790, "HT"), "150=I", "39=A", "151=0.01")
	w.ended(h, "ST")
	w.is(h, "ST", "0, L, F(2).")
	says(t, "decided", h.Report("ST", "F"), "22040=1", "851=2")
	h.Drop()
	again := &Heard{Client: h.Client}
	if _, err := again.Logon(ctx, g.FIX, "22000=VAMM1"); err != nil {
		t.Fatal(err)
	}
	says(t, "ended with the session", w.until(again, "SB", "4"), "58=CANCEL_ON_DISCONNECT", "636=N", "378=99")
	verify(ctx, t, g, dir)
}
