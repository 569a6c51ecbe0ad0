package acceptance

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// ask is R in the market; further fields stand in the order of the group.
func ask(id string, further ...string) []string {
	return append(append([]string{"R", "131=" + id, "146=1", "55=BTC-PERP"}, further...), "60="+Now())
}

// hit is AJ with which an order deals on a quote.
func hit(resp, id, side, quote string, further ...string) []string {
	return append([]string{"AJ", "693=" + resp, "117=" + quote, "694=1", "11=" + id, "55=BTC-PERP", "54=" + side, "38=0.01", "60=" + Now(), "40=D"}, further...)
}

// quotes reads until the stream of a request has a quote that is not one of those
// told before.
func (w *heldWorld) quotes(h *Heard, msgType, id string) Fields {
	w.t.Helper()
	f, err := h.Until(w.ctx, func(f Fields) bool {
		return f.Get(131) == id && (f.Get(35) == msgType || f.Get(35) == "AG") || f.Get(35) == "3"
	})
	if err != nil || f.Get(35) != msgType {
		w.t.Fatalf("%s of %s: %s, %v", msgType, id, f, err)
	}
	return f
}

// deals hits the newest quote of a stream until it is not too late for one: who is
// slow may be overtaken by the next quote.
func (w *heldWorld) deals(h *Heard, stream, id, side string) Fields {
	w.t.Helper()
	for try := range 10 {
		quote := w.quotes(h, "S", stream)
		order := fmt.Sprintf("%s%d", id, try)
		w.send(h, hit("Q"+order, order, side, quote.Get(117)))
		w.ended(h, order)
		if f := h.Report(order, "F"); f != nil {
			says(w.t, "a hit", f, "693=Q"+order, "39=2", "40=D", "59=4", "32=0.01")
			says(w.t, "a hit accepted", h.Report(order, "0"), "693=Q"+order, "39=0")
			return f
		}
		if word := token(h.Report(order, "8")); word != "QUOTE_SUPERSEDED" && word != "QUOTE_EXPIRED" {
			w.t.Fatalf("%s: %v", order, h.Reports(order))
		}
	}
	w.t.Fatal("overtaken ten times")
	return nil
}

// TestQuoteStreams is the life of quote streams over the wire in both dialects:
// dealt on, passed, ended, indicative, a ladder, at its time, when the price moves;
// and each way in which a request about them is refused.
func TestQuoteStreams(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	w, g, dir := kindsWorld(ctx, t, "off")
	for _, h := range []*Heard{w.stock, w.rich} {
		w.row(h, 0, len(w.prices)-1)
		w.reference(h)
		w.streamDealt(h)
		w.streamsEnded(h)
		w.streamsRefused(h)
	}
	for _, h := range []*Heard{w.stock, w.rich} {
		w.streamMoves(h)
	}
	w.stockIsStock()
	for _, h := range []*Heard{w.stock, w.rich} {
		if err := h.Logout(ctx); err != nil {
			t.Error(err)
		}
	}
	verify(ctx, t, g, dir)
}

// reference: what the venue and its markets are, and what is no question about it.
func (w *heldWorld) reference(h *Heard) {
	w.t.Helper()
	w.send(h,
		[]string{"g", "335=G1", "263=1"}, []string{"g", "335=G2", "336=NIGHT", "263=0"}, []string{"g", "335=G1", "263=2"}, []string{"g", "335=G3", "263=2"},
		[]string{"c", "320=C1", "321=0", "55=BTC-PERP"}, []string{"c", "320=C2", "321=3", "55=BTC-PERP"}, []string{"c", "320=C3", "321=0", "55=NO-PERP"},
		[]string{"e", "324=E1", "55=NO-PERP", "263=0"}, []string{"e", "324=E2", "55=BTC-PERP", "263=0"},
	)
	says(w.t, "another session of the venue", w.answered(h, "h", 335, "G2"), "340=6", "567=1", "336=MAIN")
	says(w.t, "a subscription that is not there", w.answered(h, "j", 379, "G3"), "372=g", "380=1")
	says(w.t, "a market", w.answered(h, "d", 320, "C1"), "322=C1-D", "323=1", "55=BTC-PERP", "167=FUT", "762=PERP", "561=0.001")
	says(w.t, "a list by c", w.answered(h, "d", 320, "C2"), "323=5", "58=UNSUPPORTED 321=3")
	says(w.t, "an unknown market", w.answered(h, "d", 320, "C3"), "323=5", "58=UNKNOWN_SYMBOL NO-PERP")
	says(w.t, "an unknown market's state", w.answered(h, "f", 324, "E1"), "326=20", "58=UNKNOWN_SYMBOL")
	says(w.t, "a market's state", w.answered(h, "f", 324, "E2"), "326=17")
}

// streamDealt: a hit is an order at the quoted price, and the last of its stream.
func (w *heldWorld) streamDealt(h *Heard) {
	w.t.Helper()
	w.send(h, ask("RFS1", "303=2", "537=1", "38=0.01"))
	f := w.deals(h, "RFS1", "HA", "1")
	over := w.answered(h, "Z", 131, "RFS1")
	says(w.t, "a stream that was dealt on", over, "117=*", "298=1", "295=1", "55=BTC-PERP")
	var quote Fields
	for _, q := range h.All {
		if q.Get(35) == "S" && q.Get(133) == f.Get(31) {
			quote = q
		}
	}
	says(w.t, "the quote", quote, "131=RFS1", "537=1", "134=0.01", "135=0.01")
	w.send(h, hit("Q9", "HX", "1", quote.Get(117)), []string{"a", "649=W1", "117=" + quote.Get(117), "55=BTC-PERP"})
	w.ended(h, "HX")
	w.is(h, "HX", "8.")
	says(w.t, "a hit on what is over", h.Report("HX", "8"), "693=Q9", "39=8")
	w.send(h, []string{"AN", "710=P1", "724=0", "453=1", "448=ME", "447=D", "452=13", "1=" + h.Sender, "581=1", "715=" + Now()[:8], "60=" + Now()})
	position := w.answered(h, "AP", 710, "P1")
	says(w.t, "the position", position, "704=0.01")
	if w.rich == h {
		says(w.t, "the position in VAMM1", position, "22015="+position.Get(730), "22070=0", "22071=0", "22078="+f.Get(31))
		if position.Get(22077) != "" { // A hundredth on a million is never liquidated.
			w.t.Errorf("liquidated at %s: %s", position.Get(22077), position)
		}
		says(w.t, "the end in VAMM1", over, "22034=6")
		says(w.t, "the quote in VAMM1", quote, "22033=2")
	}
}

// streamsEnded: by a pass, by Z in each form, by time.
func (w *heldWorld) streamsEnded(h *Heard) {
	w.t.Helper()
	w.send(h, ask("ONE", "303=2", "54=1", "38=0.01"))
	one := w.quotes(h, "S", "ONE")
	if one.Get(132) != "" || one.Get(133) == "" {
		w.t.Errorf("one way: %s", one)
	}
	w.send(h, hit("QS", "WS", "2", one.Get(117)), []string{"AJ", "693=QP", "117=" + one.Get(117), "694=6", "55=BTC-PERP"})
	says(w.t, "passed", w.answered(h, "AI", 693, "QP"), "297=11", "117="+one.Get(117), "55=BTC-PERP")
	w.ended(h, "WS")
	if word := token(h.Report("WS", "8")); word != "QUOTE_SIDE" && word != "QUOTE_SUPERSEDED" {
		w.t.Errorf("the other side of a one-way quote: %s", h.Report("WS", "8"))
	}
	w.send(h, ask("IND", "303=2", "537=0", "38=0.01"))
	shown := w.quotes(h, "S", "IND")
	says(w.t, "indicative", shown, "537=0")
	w.send(h, hit("QI", "WI", "1", shown.Get(117)), []string{"Z", "131=IND", "117=*", "298=1", "295=1", "55=BTC-PERP"})
	says(w.t, "ended by Z", w.answered(h, "AI", 131, "IND"), "297=1", "117=*", "55=BTC-PERP")
	w.ended(h, "WI")
	if word := token(h.Report("WI", "8")); word != "QUOTE_UNKNOWN" {
		w.t.Errorf("an order on an indicative quote: %s", h.Report("WI", "8"))
	}
	w.send(h, ask("LAD", "303=2"))
	ladder := w.quotes(h, "i", "LAD")
	says(w.t, "a ladder", ladder, "537=1", "301=0", "296=1", "302=1", "304="+ladder.Get(295))
	if ids := ladder.All(299); len(ids) < 2 || ids[0] != ladder.Get(117) || len(ladder.All(132)) < 2 || len(ladder.All(135)) < 2 {
		w.t.Errorf("a ladder: %s", ladder)
	}
	w.send(h, []string{"a", "649=W2", "117=" + ladder.All(299)[1], "55=BTC-PERP"}, []string{"Z", "117=*", "298=4"})
	if live := w.answered(h, "AI", 649, "W2"); live.Get(297) != "0" && live.Get(297) != "7" || live.Get(297) == "0" && live.Get(132) != ladder.All(132)[1] {
		w.t.Errorf("a level of the ladder: %s", live)
	}
	says(w.t, "all ended by Z", w.answered(h, "AI", 297, "4"), "117=*", "55=[N/A]")
	w.send(h, ask("SHORT", "303=2", "38=0.01", "126="+in(700*time.Millisecond)))
	says(w.t, "at its time", w.answered(h, "Z", 131, "SHORT"), "117=*", "298=4")
}

// streamsRefused: each refusal of R, then of AJ, Z and a.
func (w *heldWorld) streamsRefused(h *Heard) {
	w.t.Helper()
	for i, c := range []struct {
		code, reason string
		further      []string
	}{
		{"99", "EXPIRE_TIME", []string{"303=2", "38=0.01", "126=" + in(400*time.Second)}},
		{"99", "EXPIRE_TIME", []string{"303=2", "38=0.01", "126=" + in(-time.Second)}},
		{"99", "UNSUPPORTED", []string{"303=1", "38=0.01", "126=" + in(time.Minute)}},
		{"99", "UNSUPPORTED", []string{"303=2", "537=2", "38=0.01"}},
		{"99", "COND_FIELD:38", []string{"303=1"}},
		{"3", "MAX_ORDER_SIZE", []string{"303=2", "38=1000"}},
		{"99", "BAD_LOT", []string{"303=2", "38=0.0001"}},
		{"6", "UNKNOWN_ACCOUNT", []string{"303=2", "38=0.01", "1=NOBODY"}},
		{"6", "ACCOUNT_NOT_PERMITTED", []string{"303=2", "38=0.01", "1=DEMO4"}},
	} {
		id := fmt.Sprintf("RR%d", i)
		w.send(h, ask(id, c.further...))
		f := w.answered(h, "AG", 131, id)
		says(w.t, c.reason, f, "658="+c.code, "146=1", "55=BTC-PERP")
		if !strings.HasPrefix(f.Get(58), c.reason) {
			w.t.Errorf("%s: %s", c.reason, f)
		}
	}
	w.send(h, []string{"R", "131=NS", "146=1", "55=NO-PERP", "303=2", "38=0.01"})
	says(w.t, "unknown symbol", w.answered(h, "AG", 131, "NS"), "658=1", "58=UNKNOWN_SYMBOL Symbol")
	for i := range 21 {
		w.send(h, ask(fmt.Sprintf("MANY%d", i), "303=2", "38=0.01"))
	}
	says(w.t, "too many streams", w.answered(h, "AG", 131, "MANY20"), "658=3")
	w.send(h, []string{"Z", "117=*", "298=1", "295=1", "55=BTC-PERP"}, ask("AFTER", "303=2", "38=0.01"))
	quote := w.quotes(h, "S", "AFTER")
	w.send(h, ask("AFTER", "303=2", "38=0.01"))
	says(w.t, "a stream that runs", w.answered(h, "AG", 131, "AFTER"), "658=99", "58=BAD_REQUEST stream AFTER is live")
	w.answersRefused(h, quote)
}

// answersRefused: each refusal of what is said about a quote.
func (w *heldWorld) answersRefused(h *Heard, quote Fields) {
	w.t.Helper()
	for i, c := range []struct {
		status, reason string
		fields         []string
	}{
		{"5", "COUNTER_UNSUPPORTED", []string{"117=" + quote.Get(117), "694=2", "11=CU", "54=1", "38=0.01", "44=1"}},
		{"5", "UNSUPPORTED 694=5", []string{"117=" + quote.Get(117), "694=5"}},
		{"5", "COND_FIELD:11", []string{"117=" + quote.Get(117), "694=1", "54=1", "38=0.01"}},
		{"5", "COND_FIELD:117", []string{"694=6"}},
		{"9", "QUOTE_NOT_LIVE", []string{"117=S1-1", "694=6"}},
	} {
		id := fmt.Sprintf("QR%d", i)
		w.send(h, append([]string{"AJ", "693=" + id, "55=BTC-PERP"}, c.fields...))
		says(w.t, c.reason, w.answered(h, "AI", 693, id), "297="+c.status, "58="+c.reason)
	}
	for id, c := range map[string]struct {
		reason string
		fields []string
	}{
		"HN": {"QUOTE_UNKNOWN", []string{"117=S1-1", "54=1", "38=0.01"}},
		"HS": {"COND_FIELD:54", []string{"117=" + quote.Get(117), "38=0.01"}},
		"HQ": {"COND_FIELD:38", []string{"117=" + quote.Get(117), "54=1"}},
		"HI": {"COND_FIELD:117", []string{"54=1", "38=0.01"}},
	} {
		w.send(h, append([]string{"AJ", "693=" + id, "694=1", "55=BTC-PERP", "11=" + id, "60=" + Now()}, c.fields...))
		w.ended(h, id)
		if f := h.Report(id, "8"); f == nil || f.Get(693) != id || !strings.HasPrefix(f.Get(58), c.reason) {
			w.t.Errorf("%s: %v", c.reason, h.Reports(id))
		}
	}
	w.send(h, []string{"Z", "131=NONE", "117=*", "298=1", "295=1", "55=BTC-PERP"}, []string{"Z", "131=ALSO", "117=*", "298=1"},
		[]string{"a", "649=W3", "117=S1-1"}, []string{"a", "649=W4", "117=S1-1", "263=1"}, []string{"AJ", "693=BAD", "55=BTC-PERP"})
	says(w.t, "no such stream", w.answered(h, "AI", 131, "NONE"), "297=9", "58=QUOTE_NOT_LIVE")
	says(w.t, "no market", w.answered(h, "AI", 131, "ALSO"), "297=5", "58=COND_FIELD:55")
	says(w.t, "no such quote", w.answered(h, "AI", 649, "W3"), "297=9", "58=QUOTE_UNKNOWN")
	says(w.t, "no subscription", w.answered(h, "AI", 649, "W4"), "297=5", "58=UNSUPPORTED 263=1")
	says(w.t, "no QuoteRespType", w.answered(h, "3", 371, "694"), "372=AJ", "373=1")
}

// streamMoves: when the price rises, the stream says so without being asked.
func (w *heldWorld) streamMoves(h *Heard) {
	w.t.Helper()
	risen := dec("60035") // Above every offer of before.
	if _, err := h.Until(w.ctx, func(f Fields) bool {
		return f.Get(35) == "S" && f.Get(131) == "AFTER" && f.Get(133) != "" && dec(f.Get(133)).GreaterThan(risen)
	}); err != nil {
		w.t.Fatal(err)
	}
}
