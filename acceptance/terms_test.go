package acceptance

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestWhatIsToldBesidePrices: in VAMM1 the list of markets has the funding of each, its
// state the price outside, prices the mark, and collateral the tier of the session and
// why. STRICT44 has nothing of it.
func TestWhatIsToldBesidePrices(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	args, dir := lastingVenue(t, Venue{LastLook: "off", Market: fundedMarket})
	g := startGateway(t, args...)
	w := &heldWorld{t: t, ctx: ctx}
	w.stock = followed(ctx, t, g.FIX, "DEMO1")
	w.rich = followed(ctx, t, g.FIX, "DEMO2", "22000=VAMM1")
	for _, h := range []*Heard{w.stock, w.rich} {
		book, err := h.Until(ctx, func(f Fields) bool { return f.Get(35) == "W" && len(f.All(299)) == 2 })
		if err != nil {
			t.Fatal(err)
		}
		w.send(h, []string{"x", "320=L", "559=4"}, []string{"e", "324=E", "55=BTC-PERP", "263=0"}, []string{"BB", "909=C", "1=" + h.Sender})
		list, state, money := w.answered(h, "y", 320, "L"), w.answered(h, "f", 324, "E"), w.answered(h, "BA", 909, "C")
		if h == w.stock {
			for _, f := range []Fields{book, list, state, money} {
				if strings.Contains("|"+f.String(), "|22") {
					t.Errorf("STRICT44 is told %s", f)
				}
			}
			continue
		}
		says(t, "the list", list, "55=BTC-PERP", "22021=1")
		for _, tag := range fundingTags {
			if list.Get(tag) == "" {
				t.Errorf("no %d in %s", tag, list)
			}
		}
		if next := list.Get(22022); strings.Compare(next, Now()[:len("20060102")]) < 0 {
			t.Errorf("the next funding is at %s", next)
		}
		says(t, "the state", state, "326=17", "22013=0")
		if !dec(state.Get(22010)).IsPositive() || state.Get(22012) == "" {
			t.Errorf("the state has no price: %s", state)
		}
		says(t, "prices", book, "22015="+book.Get(22010))
		// Nobody knows anything of a client that has not dealt.
		says(t, "collateral", money, "22050=1", "22051=NEW")
		if money.Get(22052) == "" {
			t.Errorf("since when is not said: %s", money)
		}
	}
	for _, h := range []*Heard{w.stock, w.rich} {
		if err := h.Logout(ctx); err != nil {
			t.Error(err)
		}
	}
	verify(ctx, t, g, dir)
}
