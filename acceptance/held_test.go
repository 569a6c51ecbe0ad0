package acceptance

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// The written feed: calm, a jump, two more prices, silence.
const (
	calmRow = 10 // from here the gateway knows how far apart prices are
	jumpRow = 22
	lastRow = 24
)

// steppedPrices rise by a third of a basis point each, and at jumpRow by ten.
func steppedPrices() (prices []decimal.Decimal) {
	price := decimal.NewFromInt(60000)
	for i := range lastRow + 1 {
		prices = append(prices, price)
		price = price.Add(decimal.NewFromInt(2))
		if i+1 == jumpRow {
			price = price.Add(decimal.NewFromInt(58))
		}
	}
	return prices
}

// heldWorld is a gateway on the written feed with a stock client and one that
// chose VAMM1.
type heldWorld struct {
	t      *testing.T
	ctx    context.Context
	prices []decimal.Decimal
	stock  *Heard // DEMO1
	rich   *Heard // DEMO2
}

// followed logs a client on and subscribes to bids, offers and the index.
func followed(ctx context.Context, t *testing.T, addr, who string, logon ...string) *Heard {
	t.Helper()
	h := &Heard{Client: NewClient(who, "BACKSTOP", who, "demo")}
	answer, err := h.Logon(ctx, addr, logon...)
	if err == nil {
		h.All = append(h.All, answer)
		err = h.Send("V", "262=MD", "263=1", "264=1", "265=0", "267=3", "269=0", "269=1", "269=3", "146=1", "55=BTC-PERP")
	}
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// row reads until the newest message is a book whose index is that of a row from
// first to last, and both sides of which are quoted.
func (w *heldWorld) row(h *Heard, first, last int) Fields {
	w.t.Helper()
	f, err := h.Until(w.ctx, func(f Fields) bool {
		index, _ := f.Entry("3")
		return f.Get(35) == "W" && len(h.news) == 0 && !dec(index).LessThan(w.prices[first]) && len(f.All(299)) == 2
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if index, _ := f.Entry("3"); dec(index).GreaterThan(w.prices[last]) {
		w.t.Fatalf("the prices have overtaken the test: index %s, wanted at most %s", index, w.prices[last])
	}
	return f
}

// order is a D of a hundredth; 40, 44, 59 and 117 are further.
func order(id, side string, further ...string) []string {
	return append([]string{"D", "11=" + id, "55=BTC-PERP", "54=" + side, "60=" + Now(), "38=0.01"}, further...)
}

func (w *heldWorld) send(h *Heard, messages ...[]string) {
	w.t.Helper()
	if err := h.SendTogether(messages...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *heldWorld) ended(h *Heard, ids ...string) {
	w.t.Helper()
	if err := h.Ended(w.ctx, ids...); err != nil {
		w.t.Fatal(err)
	}
}

// is fails the test unless the order went that way.
func (w *heldWorld) is(h *Heard, id, want string) {
	w.t.Helper()
	if got := h.Sequence(id); got != want {
		w.t.Errorf("%s is %q, want %q: %v", id, got, want, h.Reports(id))
	}
}

// says fails the test unless the message has these fields.
func says(t *testing.T, what string, f Fields, fields ...string) {
	t.Helper()
	if f == nil {
		t.Errorf("%s: there is no such message", what)
		return
	}
	for _, want := range fields {
		if tag, _, _ := strings.Cut(want, "="); !strings.Contains("|"+f.String()+"|", "|"+want+"|") {
			t.Errorf("%s: %s is not %s: %s", what, tag, want, f)
		}
	}
}

// answer is the first message of a type with that id in that tag.
func (h *Heard) answer(msgType string, tag int, id string) Fields {
	for _, f := range h.All {
		if f.Get(35) == msgType && f.Get(tag) == id {
			return f
		}
	}
	return nil
}

// place is where a message stands in all that was told.
func (h *Heard) place(f Fields) int {
	return slices.IndexFunc(h.All, func(g Fields) bool { return f != nil && &g[0] == &f[0] })
}

// A try counts if the machine was quick: what was sent referred to a book no older
// than that, and the next price came no sooner after it. A beat is four times as long.
const (
	freshMax     = 100 * time.Millisecond
	aheadMin     = 100 * time.Millisecond
	heldTriesMax = 5
)

// fresh is row for a try: false if the prices have overtaken it.
func (w *heldWorld) fresh(h *Heard, first, last int) (Fields, bool) {
	w.t.Helper()
	for {
		f, err := h.Until(w.ctx, func(f Fields) bool {
			index, _ := f.Entry("3")
			return f.Get(35) == "W" && len(h.news) == 0 && !dec(index).LessThan(w.prices[first]) && len(f.All(299)) == 2
		})
		if err != nil {
			w.t.Fatal(err)
		}
		index, _ := f.Entry("3")
		age := time.Since(w.sent(f))
		switch {
		case dec(index).GreaterThan(w.prices[last]) || age >= freshMax && first == last:
			w.t.Logf("the prices have overtaken the try: index %s, %s old, wanted at most %s", index, age, w.prices[last])
			return nil, false
		case age < freshMax:
			return f, true
		}
	}
}

// sent is SendingTime.
func (w *heldWorld) sent(f Fields) time.Time {
	w.t.Helper()
	at, err := time.Parse("20060102-15:04:05.000", f.Get(52))
	if err != nil {
		w.t.Fatalf("%v: %s", err, f)
	}
	return at
}

// ahead reads until a price newer than that of a book has come, and tells whether
// that was long enough after the orders.
func (w *heldWorld) ahead(h *Heard, book Fields, orders time.Time) bool {
	w.t.Helper()
	index, _ := book.Entry("3")
	newer := func(f Fields) bool {
		next, _ := f.Entry("3")
		return f.Get(35) == "W" && dec(next).GreaterThan(dec(index))
	}
	var f Fields
	if at := slices.IndexFunc(h.All, newer); at >= 0 {
		f = h.All[at]
	} else if next, err := h.Until(w.ctx, newer); err != nil {
		w.t.Fatal(err)
	} else {
		f = next
	}
	ahead := w.sent(f).Sub(orders)
	if ahead < aheadMin {
		w.t.Logf("the next price came %s after the orders", ahead)
	}
	return ahead >= aheadMin
}

// TestHeldOrders is the life of held orders on one gateway: dealt, asked for,
// taken back in vain, refused as the price moved, refused as there is none; then
// the books say the same as the wire did.
func TestHeldOrders(t *testing.T) {
	t.Parallel()
	for range heldTriesMax {
		if heldOrders(t) {
			return
		}
	}
	t.Errorf("in none of %d tries was the machine quick enough for the prices", heldTriesMax)
}

// heldOrders is a try.
func heldOrders(t *testing.T) (counts bool) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	w := &heldWorld{t: t, ctx: ctx, prices: steppedPrices()}
	feed, err := writeFeed(t.TempDir(), w.prices)
	if err != nil {
		t.Fatal(err)
	}
	args, dir := lastingVenue(t, Venue{Feed: feed, Speed: beatSpeed})
	g := startGateway(t, args...)
	w.stock = followed(ctx, t, g.FIX, "DEMO1")
	w.rich = followed(ctx, t, g.FIX, "DEMO2", "22000=VAMM1")

	if counts = w.dealt(w.stock) && w.dealt(w.rich) && w.quoted(w.rich) && w.moved() && w.silent(); counts {
		w.stockIsStock()
		w.richIsExact()
		w.reported(dir)
	}
	for _, h := range []*Heard{w.stock, w.rich} {
		if err := h.Logout(ctx); err != nil {
			t.Error(err)
		}
	}
	verify(ctx, t, g, dir)
	return counts
}

// dealt: orders of each kind are held, asked for, taken back and repeated in vain,
// and deal at the next price.
func (w *heldWorld) dealt(h *Heard) (counts bool) {
	w.t.Helper()
	f, ok := w.fresh(h, calmRow, jumpRow-3)
	if !ok {
		return false
	}
	ask, id := f.Entry("1")
	bid, _ := f.Entry("0")
	w.send(h,
		order("M1", "1", "40=1", "59=3"), order("M2", "2", "40=1", "59=4"),
		order("L1", "1", "40=2", "44="+ask, "59=3"), order("L2", "2", "40=2", "44="+bid, "59=1"),
		order("Q1", "1", "40=D", "44="+ask, "59=4", "117="+id),
		order("N1", "1", "40=2", "44=59000", "59=3"), order("N2", "1", "40=2", "44=59000", "59=4"), order("N3", "1", "40=D", "117=Q0A"),
		[]string{"H", "11=M1", "55=BTC-PERP", "54=1", "790=HM1"},
		[]string{"F", "41=M1", "11=XM1", "55=BTC-PERP", "54=1", "60=" + Now(), "38=0.01"},
		[]string{"G", "41=L2", "11=GL2", "55=BTC-PERP", "54=2", "60=" + Now(), "38=0.02", "40=2", "44=" + bid},
		order("M1", "1", "40=1", "59=3"),
		order("Q2", "1", "40=D", "44="+ask, "59=4", "117="+id),
		order("P1", "1", "40=2", "44=59000", "59=1"),
		[]string{"G", "41=P1", "11=P2", "55=BTC-PERP", "54=1", "60=" + Now(), "38=0.01", "40=2", "44=" + dec(ask).Add(decimal.NewFromInt(20)).String()},
	)
	ahead := w.ahead(h, f, time.Now())
	w.ended(h, "P2", "M1", "M2", "L1", "L2", "Q1", "N1", "N2", "N3", "Q2")
	if !ahead {
		return false
	}
	for _, dealt := range []string{"M1", "M2", "L1", "L2", "Q1"} {
		w.is(h, dealt, "A, 0, F(2).")
		says(w.t, dealt, h.Report(dealt, "A"), "39=A", "38=0.01", "151=0.01", "14=0", "6=0")
		says(w.t, dealt, h.Report(dealt, "0"), "39=0", "151=0.01", "14=0")
		says(w.t, dealt, h.Report(dealt, "F"), "39=2", "32=0.01", "151=0", "14=0.01", "851=2")
		if word := token(h.Report(dealt, "0")); !lookAccepted[word] {
			w.t.Errorf("%s accepted as %q", dealt, word)
		}
	}
	// Nothing was held where nothing would deal, and a quote that is held on is spent.
	w.is(h, "N1", "0, 4.")
	w.is(h, "N2", "0, 4.")
	w.is(h, "N3", "8.")
	w.is(h, "Q2", "8.")
	says(w.t, "a spent quote", h.Report("Q2", "8"), "39=8")
	if word := token(h.Report("Q2", "8")); word != "QUOTE_CONSUMED" {
		w.t.Errorf("a quote that an order is held on is refused as %q", word)
	}
	says(w.t, "status during the hold", h.answer("8", 790, "HM1"), "150=I", "39=A", "11=M1", "151=0.01", "14=0")
	says(w.t, "cancel during the hold", h.answer("9", 11, "XM1"), "434=1", "102=0", "39=A", "41=M1")
	says(w.t, "replace during the hold", h.answer("9", 11, "GL2"), "434=2", "102=0", "39=A", "41=L2")
	says(w.t, "repeated during the hold", h.answer("8", 103, "6"), "150=8", "39=A", "11=M1", "151=0.01", "37="+h.Report("M1", "A").Get(37))
	// A change that would be held as a new order rests until the price is newer.
	w.is(h, "P1", "0")
	w.is(h, "P2", "5, F(2).")
	if h.place(h.Report("P2", "F")) < h.place(h.Report("M1", "0")) {
		w.t.Errorf("dealt before the newer price: %s", h.Report("P2", "F"))
	}
	w.send(h, []string{"F", "41=M1", "11=YM1", "55=BTC-PERP", "54=1", "60=" + Now(), "38=0.01"})
	if _, err := h.Until(w.ctx, func(f Fields) bool { return f.Get(11) == "YM1" }); err != nil {
		w.t.Fatal(err)
	}
	says(w.t, "cancel after the fill", h.answer("9", 11, "YM1"), "102=0", "39=2")
	return true
}

// quoted: an answer to R is dealt on, through a hold as well.
func (w *heldWorld) quoted(h *Heard) (counts bool) {
	w.t.Helper()
	f, ok := w.fresh(h, calmRow, jumpRow-3)
	if !ok {
		return false
	}
	w.send(h, []string{"R", "131=R1", "146=1", "55=BTC-PERP", "537=1", "38=0.01", "60=" + Now()})
	quote, err := h.Until(w.ctx, func(f Fields) bool { return f.Get(131) == "R1" })
	if err != nil || quote.Get(35) != "S" {
		w.t.Fatalf("R answered with %s, %v", quote, err)
	}
	w.send(h, order("S1", "2", "40=D", "117="+quote.Get(117)))
	ahead := w.ahead(h, f, time.Now())
	w.ended(h, "S1")
	if !ahead {
		return false
	}
	w.is(h, "S1", "A, 0, F(2).")
	says(w.t, "an order on a quote", h.Report("S1", "A"), "22030="+quote.Get(117), "44="+quote.Get(132))
	return true
}

// moved: the next price is ten basis points up. Who is favoured by that is refused
// unless its limit allows the new price; who is hurt gets the whole move.
func (w *heldWorld) moved() (counts bool) {
	w.t.Helper()
	var books []Fields
	for _, h := range []*Heard{w.stock, w.rich} {
		f, ok := w.fresh(h, jumpRow-1, jumpRow-1)
		if !ok {
			return false
		}
		books = append(books, f)
		ask, _ := f.Entry("1")
		w.send(h, order("J1", "1", "40=2", "44="+ask, "59=3"), order("J2", "1", "40=1", "59=3"), order("J3", "2", "40=1", "59=3"))
	}
	now := time.Now()
	ahead := w.ahead(w.stock, books[0], now) && w.ahead(w.rich, books[1], now)
	for _, h := range []*Heard{w.stock, w.rich} {
		w.ended(h, "J1", "J2", "J3")
		if !ahead {
			return false
		}
		w.is(h, "J1", "A, 8.")
		w.is(h, "J2", "A, 0, F(2).")
		w.is(h, "J3", "A, 0, F(2).")
		for id, want := range map[string]string{"J2": "LAST_LOOK_CURRENT move=+", "J3": "LAST_LOOK_IMPROVED move=-"} {
			if text := h.Report(id, "0").Get(58); !strings.HasPrefix(text, want) {
				w.t.Errorf("%s: %q should begin with %q", id, text, want)
			}
		}
		if text := h.Report("J1", "8").Get(58); !strings.HasPrefix(text, "LAST_LOOK_PRICE A-1 move=+") {
			w.t.Errorf("J1: %q", text)
		}
	}
	says(w.t, "refused as the price moved", w.stock.Report("J1", "8"), "39=8", "103=99", "151=0", "14=0", "6=0")
	says(w.t, "the same in VAMM1", w.rich.Report("J1", "8"), "39=8", "103=30", "22004=LAST_LOOK_PRICE", "22040=2")
	says(w.t, "at the current price", w.rich.Report("J2", "F"), "22040=3", "22046=0")
	says(w.t, "at a better price", w.rich.Report("J3", "F"), "22040=6")
	// The whole move is the client's: the improvement is from a bid that was shown.
	f := w.rich.Report("J3", "F")
	quoted := dec(f.Get(31)).Sub(dec(f.Get(22046)))
	shown := slices.ContainsFunc(w.rich.All, func(book Fields) bool {
		index, _ := book.Entry("3")
		bid, _ := book.Entry("0")
		return book.Get(35) == "W" && dec(index).Equal(dec(f.Get(22044))) && dec(bid).Equal(quoted)
	})
	if !shown {
		w.t.Errorf("no bid of %s was shown before: %s", quoted, f)
	}
	return true
}

// silent: after the last price, held orders are refused when they have waited
// long enough, and the next ones at once.
func (w *heldWorld) silent() (counts bool) {
	w.t.Helper()
	for _, h := range []*Heard{w.stock, w.rich} {
		if _, ok := w.fresh(h, lastRow, lastRow); !ok {
			return false
		}
		w.send(h, order("T1", "1", "40=1", "59=3"), []string{"F", "41=T1", "11=XT1", "55=BTC-PERP", "54=1", "60=" + Now(), "38=0.01"})
	}
	for _, h := range []*Heard{w.stock, w.rich} {
		began := time.Now()
		w.ended(h, "T1")
		if waited := time.Since(began); waited > 10*time.Second {
			w.t.Errorf("an order for which no price came was held for %s", waited)
		}
		w.is(h, "T1", "A, 8.")
		says(w.t, "taken back in vain", h.answer("9", 11, "XT1"), "102=0", "39=A")
		said := h.Report("T1", "8")
		if !strings.HasPrefix(said.Get(58), "LAST_LOOK_VALIDITY C-1 no newer price in time hold=") || saidOf(w.t, said, "hold").LessThan(decimal.NewFromInt(500)) {
			w.t.Errorf("T1: %s", said)
		}
	}
	says(w.t, "no price came", w.stock.Report("T1", "8"), "39=8", "103=99")
	says(w.t, "the same in VAMM1", w.rich.Report("T1", "8"), "39=8", "103=31", "22004=LAST_LOOK_VALIDITY", "22040=5")
	w.send(w.stock, order("T2", "1", "40=1", "59=3"))
	w.ended(w.stock, "T2")
	w.is(w.stock, "T2", "8.")
	return true
}
