package acceptance

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// provideVenue is a market of which the maker lays off what it bears of more than a
// tenth of its million, with two liquidity providers; the first is protected after
// two fills.
func provideVenue(feed string) Venue {
	provider := "[[account]]\nname = %[1]q\ndeposit = \"1000000\"\n%[2]s[[session]]\ncomp_id = %[1]q\nsecret = \"plain:demo\"\naccounts = [%[1]q]\nroles = [\"lp\", \"account\"]\n"
	return Venue{
		Feed: feed, Speed: beatSpeed, LastLook: "off", Bucket: "0",
		More: "[maker]\nequity = \"1000000\"\n" + fmt.Sprintf(provider, "LP1", "[account.protection]\nfills = 2\nwindow = \"1h\"\n") + fmt.Sprintf(provider, "LP2", ""),
		Market: "[market.lay_off]\nfrom = \"0.1\"\nto = \"0.05\"\nwithin_bps = \"5\"\n" +
			"[market.risk]\ndrawdown_loss = \"0\"\n",
	}
}

// provided is i with one set; an entry is id, market, prices of a bid and an offer, and
// their sizes, empty where there is none.
func provided(id string, entries ...[6]string) []string {
	m := []string{"i", "117=" + id, "296=1", "302=S", fmt.Sprintf("304=%d", len(entries)), fmt.Sprintf("295=%d", len(entries))}
	for _, e := range entries {
		for i, tag := range []string{"299=", "55=", "132=", "133=", "134=", "135="} {
			if e[i] != "" {
				m = append(m, tag+e[i])
			}
		}
	}
	return m
}

func offer(id, price, size string) [6]string { return [6]string{id, "BTC-PERP", "", price, "", size} }

func bid(id, price, size string) [6]string { return [6]string{id, "BTC-PERP", price, "", size, ""} }

// TestProvidersTakeInventory is what a liquidity provider lives through: its quotes are
// taken, a crowd of clients loads the maker, which lays off to it; its protection
// acts; each bad quote is refused; a halt and the end of its session take them away. In
// the end all positions sum to zero.
func TestProvidersTakeInventory(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	feed, err := writeFeed(t.TempDir(), slices.Repeat([]decimal.Decimal{decimal.NewFromInt(60000)}, 8000))
	if err != nil {
		t.Fatal(err)
	}
	args, dir := lastingVenue(t, provideVenue(feed))
	g := startGateway(t, args...)
	w := &heldWorld{t: t, ctx: ctx, prices: []decimal.Decimal{decimal.NewFromInt(60000)}}
	w.stock = followed(ctx, t, g.FIX, "DEMO1")
	first, second := provider(ctx, t, g.FIX, "LP1"), provider(ctx, t, g.FIX, "LP2", "22000=VAMM1")
	w.row(w.stock, 0, 0)

	w.laidOff(first, second)
	w.refusals(first, second)
	w.protectedAgain(g, first)
	w.pulled(g, first)
	sum, positions := decimal.Zero, map[*Heard]decimal.Decimal{}
	for _, h := range []*Heard{w.stock, first, second} {
		positions[h] = w.position(h)
		sum = sum.Add(positions[h])
	}
	if !positions[w.stock].Equal(dec("5")) || !positions[first].Equal(dec("-1")) || !positions[second].IsNegative() {
		t.Errorf("positions are %v", positions)
	}
	out, _, _, err := Run(ctx, "market", "show", "BTC-PERP", "--http", g.HTTP, "--json")
	if want := sum.Neg().String(); err != nil || !strings.Contains(out, want) {
		t.Errorf("the clients have %s together; the maker, not %s: %s, %v", sum, want, out, err)
	}
	for _, h := range []*Heard{w.stock, first, second} {
		if err := h.Logout(ctx); err != nil {
			t.Error(err)
		}
	}
	verify(ctx, t, g, dir)
}

// provider logs a liquidity provider on; it subscribes to nothing.
func provider(ctx context.Context, t *testing.T, addr, who string, logon ...string) *Heard {
	t.Helper()
	h := &Heard{Client: NewClient(who, "BACKSTOP", who, "demo")}
	if _, err := h.Logon(ctx, addr, logon...); err != nil {
		t.Fatal(err)
	}
	return h
}

// laidOff: the maker deals on the better quotes first, until a protection acts, and no
// further than it wants to; each fill comes after a 150=0, without a ClOrdID.
func (w *heldWorld) laidOff(first, second *Heard) {
	w.t.Helper()
	w.send(first, append(provided("A1", offer("a", "60001", "0.25"), offer("b", "60002", "0.25"), offer("c", "60003", "5")), "1=LP1"))
	says(w.t, "good quotes", w.answered(first, "b", 117, "A1"), "297=0", "1=LP1")
	w.send(second, provided("B1", offer("x", "60020.5", "5"), offer("y", "60031", "5")))
	says(w.t, "good quotes", w.answered(second, "b", 117, "B1"), "297=0")
	w.send(w.stock, []string{"D", "11=crowd", "55=BTC-PERP", "54=1", "60=" + Now(), "38=2.5", "40=1"})
	w.ended(w.stock, "crowd")

	for _, want := range []struct {
		h              *Heard
		id, price, qty string
	}{{first, "a", "60001", "0.25"}, {first, "b", "60002", "0.25"}, {second, "x", "60020.5", ""}} {
		fill, err := want.h.Until(w.ctx, func(f Fields) bool { return f.Get(35) == "8" && f.Get(150) == "F" })
		if err != nil {
			w.t.Fatal(err)
		}
		before := want.h.All[len(want.h.All)-2]
		says(w.t, "a quote dealt on", fill, "39=2", "54=2", "31="+want.price, "151=0", "851=1", "137=0", "58=LAID_OFF "+want.id)
		says(w.t, "and before that", before, "150=0", "39=0", "37="+fill.Get(37), "44="+want.price, "14=0", "58=LAID_OFF "+want.id)
		if fill.Get(11) != "" || want.qty != "" && fill.Get(32) != want.qty {
			w.t.Errorf("a quote dealt on: %s", fill)
		}
	}
	says(w.t, "what VAMM1 says", second.All[len(second.All)-1], "22030=x", "22040=0")
	says(w.t, "its protection", w.answered(first, "AI", 117, "A1"), "297=1", "55=BTC-PERP", "58=MMP_FROZEN fills=2")
}

// protectedAgain: the desk sees what a provider quotes and that its protection has
// acted, and lets it quote again, once; the audit has that.
func (w *heldWorld) protectedAgain(g *Gateway, first *Heard) {
	w.t.Helper()
	// From another process: the view follows the commit that the client was told of.
	shows := func(command []string, want string) {
		w.t.Helper()
		for {
			out, talk, code, err := Run(w.ctx, append(command, "--http", g.HTTP)...)
			if err != nil || code != 0 {
				w.t.Fatalf("%s: exit %d, %v: %s", command, code, err, talk)
			}
			if regexp.MustCompile(want).MatchString(out) {
				return
			}
			if w.ctx.Err() != nil {
				w.t.Fatalf("%s says no %q: %s", command, want, out)
			}
		}
	}
	steer := func(want int, says string, more ...string) {
		w.t.Helper()
		out, talk, code, err := Run(w.ctx, append([]string{"session", "reset-protection", "--data-dir", g.DataDir}, more...)...)
		if err != nil || code != want || !strings.Contains(out+talk, says) {
			w.t.Errorf("reset-protection %s: exit %d, want %d, %v: %s%s", more, code, want, err, out, talk)
		}
	}
	show := []string{"market", "show", "BTC-PERP"}
	w.send(first, provided("A6", offer("a", "60001", "0.25"), offer("b", "60002", "0.25"), bid("c", "59000", "1")))
	says(w.t, "good quotes", w.answered(first, "b", 117, "A6"), "297=0")
	shows(show, `(?m)^  LP1, session LP1, quote A6\n    offer +60001 x 0.25 +a until .*\n    offer +60002 x 0.25 +b until .*\n    bid +59000 x 1 +c until 2`)
	steer(8, "WRONG_STATE no protection of LP1 has acted", "LP1")

	w.send(w.stock, []string{"D", "11=crowd2", "55=BTC-PERP", "54=1", "60=" + Now(), "38=2.5", "40=1"})
	w.ended(w.stock, "crowd2")
	says(w.t, "its protection", w.answered(first, "AI", 117, "A6"), "297=1", "58=MMP_FROZEN fills=2")
	shows(show, `(?m)^  LP1, session LP1, quote A6\n    stopped by its protection until the client .* ends it$`)
	shows(append(show, "--json"), `"frozen": true`)
	shows([]string{"status"}, `(?m)^BTC-PERP +liquidity providers: [12], quotes: \d, stopped by their protection: 1$`)
	steer(4, "UNKNOWN_SESSION NOBODY", "NOBODY")
	steer(4, "UNKNOWN_SYMBOL ETH-PERP", "LP1", "--symbol", "ETH-PERP")
	steer(8, "WRONG_STATE no protection of DEMO1 has acted", "DEMO1")
	steer(0, "LP1 may quote again in BTC-PERP", "LP1", "--symbol", "BTC-PERP", "--reason", "agreed")
	w.send(first, provided("A3", offer("a", "60100", "1")))
	says(w.t, "quotes of who may again", w.answered(first, "b", 117, "A3"), "297=0")
	shows(show, `(?m)^  LP1, session LP1, quote A3$`)
	out, _, _, err := Run(w.ctx, "audit", "list", "--data-dir", g.DataDir)
	for _, line := range []string{
		"session reset-protection LP1 --symbol BTC-PERP -> LP1 may quote again in BTC-PERP (agreed)",
		"session reset-protection LP1 -> refused: WRONG_STATE",
	} {
		if err != nil || !strings.Contains(out, line) {
			w.t.Errorf("the audit has no %q: %s, %v", line, out, err)
		}
	}
}

// refusals: what is not taken, and why. A refusal of all names each entry at fault.
func (w *heldWorld) refusals(first, second *Heard) {
	w.t.Helper()
	w.send(first, provided("A2", offer("a", "60100", "1")))
	says(w.t, "quotes of who is frozen", w.answered(first, "b", 117, "A2"), "297=5", "300=99", "58=MMP_FROZEN 22090=Y ends it")
	w.send(first, append(provided("A3", offer("a", "60100", "1")), "22090=Y"))
	says(w.t, "quotes of who goes on", w.answered(first, "b", 117, "A3"), "297=0")
	many := provided("R9", slices.Repeat([][6]string{offer("", "60100", "1")}, 201)...)
	for i := range many {
		if many[i] == "55=BTC-PERP" {
			many[i] = fmt.Sprintf("299=%d%s55=BTC-PERP", i, soh)
		}
	}
	crossed := provided("R5", offer("a", "60010", "1"), bid("b", "60010", "1"))
	for _, c := range []struct {
		message []string
		fields  []string
	}{
		{provided("R1", [6]string{"a", "NO-PERP", "1", "", "1", ""}), []string{"300=1", "58=UNKNOWN_SYMBOL Symbol", "302=S", "299=a", "55=NO-PERP", "368=1"}},
		{provided("R2", bid("a", "60000.25", "1")), []string{"300=8", "368=8"}},
		{provided("R3", bid("a", "60000", "0.0001")), []string{"300=99", "368=99"}},
		{provided("R4", [6]string{"a", "BTC-PERP", "60001", "60001", "1", "1"}), []string{"300=7", "368=7"}},
		{crossed, []string{"300=7", "299=b", "304=1"}},
		{provided("R6", bid("a", "60000", "26")), []string{"300=3", "368=3"}},
		{provided("R7", bid("a", "60000", "")), []string{"300=99", "58=COND_FIELD:134"}},
		{append(provided("R8", bid("a", "59000", "1")), "1=DEMO1"), []string{"300=9", "58=ACCOUNT_NOT_PERMITTED Account"}},
		{many, []string{"300=3", "58=QUOTE_ENTRIES entries need=200 have=201"}},
		{append(provided("R10", bid("a", "59000", "1")), "537=0"), []string{"300=99", "58=UNSUPPORTED 537=0"}},
	} {
		w.send(second, c.message)
		id := strings.TrimPrefix(c.message[1], "117=")
		says(w.t, id, w.answered(second, "b", 117, id), append(c.fields, "297=5")...)
	}
	// A level of 0 asks for no good news; the next answer is that to the next request.
	w.send(second, append(provided("R11", bid("a", "59000", "1")), "301=0"), []string{"Z", "117=R11", "298=4"})
	says(w.t, "quotes that are taken back", w.answered(second, "AI", 117, "R11"), "297=4")
	if f := second.answer("b", 117, "R11"); f != nil {
		w.t.Errorf("an answer that nobody asked for: %s", f)
	}
	w.send(second, []string{"Z", "117=R11", "298=4"})
	if f, err := second.Until(w.ctx, func(f Fields) bool { return f.Get(35) == "AI" }); err != nil || f.Get(297) != "9" {
		w.t.Errorf("what is taken back twice: %s, %v", f, err)
	}
	w.send(w.stock, provided("D1", bid("a", "59000", "1")))
	says(w.t, "quotes of a client", w.answered(w.stock, "j", 372, "i"), "379=D1", "380=6")
	w.send(second, []string{"D", "11=LO", "55=BTC-PERP", "54=1", "60=" + Now(), "38=1", "40=1"})
	says(w.t, "an order of a provider", w.answered(second, "j", 372, "D"), "379=LO", "380=6")
}

// pulled: a halt and the end of the session take quotes away; who comes back has none.
func (w *heldWorld) pulled(g *Gateway, first *Heard) {
	w.t.Helper()
	first.Drop()
	if _, err := first.Logon(w.ctx, g.FIX); err != nil {
		w.t.Fatal(err)
	}
	w.send(first, []string{"Z", "117=A3", "298=4"})
	says(w.t, "quotes of an ended session", w.answered(first, "AI", 117, "A3"), "297=9")
	w.send(first, provided("A4", offer("a", "60100", "1")))
	says(w.t, "quotes before a halt", w.answered(first, "b", 117, "A4"), "297=0")
	if out, talk, code, err := Run(w.ctx, "market", "halt", "BTC-PERP", "--data-dir", g.DataDir, "--reason", "a look"); err != nil || code != 0 {
		w.t.Fatalf("halt: %d, %v: %s%s", code, err, out, talk)
	}
	says(w.t, "quotes in a halt", w.answered(first, "AI", 117, "A4"), "297=1", "58=MARKET_HALTED halted")
	w.send(first, provided("A5", offer("a", "60100", "1")))
	says(w.t, "quotes after a halt", w.answered(first, "b", 117, "A5"), "297=5", "300=2", "368=2")
}

// position asks for what an account has.
func (w *heldWorld) position(h *Heard) decimal.Decimal {
	w.t.Helper()
	w.send(h, []string{"AN", "710=SUM", "724=0", "453=1", "448=ME", "447=D", "452=13", "1=" + h.Sender, "581=1", "715=" + Now()[:8], "60=" + Now()})
	f := w.answered(h, "AP", 710, "SUM")
	return dec(f.Get(704)).Sub(dec(f.Get(705)))
}
