package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// TestKilledWhileHeld: the gateway dies while orders are held. When it is back,
// each of them is refused, once, and none is filled; a resend says the same again.
func TestKilledWhileHeld(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	// Nothing but the end of their time could decide the orders after the last row.
	prices := steppedPrices()
	feed, err := writeFeed(t.TempDir(), prices)
	if err != nil {
		t.Fatal(err)
	}
	args, dir := lastingVenue(t, Venue{Feed: feed, Speed: beatSpeed})
	g := startGateway(t, args...)
	w := &heldWorld{t: t, ctx: ctx, prices: prices, stock: followed(ctx, t, g.FIX, "DEMO1")}
	h := w.stock
	f := w.row(h, lastRow, lastRow)
	ask, id := f.Entry("1")
	bid, _ := f.Entry("0")
	w.send(h, order("K1", "1", "40=1", "59=3"), order("K2", "2", "40=2", "44="+bid, "59=1"), order("K3", "1", "40=D", "44="+ask, "117="+id))
	ids := []string{"K1", "K2", "K3"}
	for _, id := range ids {
		if h.Report(id, "A") != nil {
			continue
		}
		if _, err := h.Until(ctx, func(f Fields) bool { return f.Get(11) == id }); err != nil {
			t.Fatal(err)
		}
	}
	g.Kill()
	for {
		f, err := h.Next(ctx)
		if err != nil {
			break // The connection is over; what it was told before counts.
		}
		h.All = append(h.All, f)
	}
	for _, id := range ids {
		w.is(h, id, "A")
	}

	g = startGateway(t, args...)
	if _, err := h.Logon(ctx, g.FIX); err != nil {
		t.Fatal(err)
	}
	w.ended(h, ids...)
	// The answer to a status request stands behind all that was to be told before.
	w.send(h, []string{"H", "11=K1", "55=BTC-PERP", "54=1", "790=H2"})
	if _, err := h.Until(ctx, func(f Fields) bool { return f.Get(790) == "H2" }); err != nil {
		t.Fatal(err)
	}
	says(t, "status after the restart", h.answer("8", 790, "H2"), "150=I", "39=8", "14=0")
	for _, id := range ids {
		w.is(h, id, "A, 8.")
		said := h.Report(id, "8")
		says(t, id, said, "39=8", "103=99", "151=0", "14=0", "37="+h.Report(id, "A").Get(37))
		if word := "LAST_LOOK_VALIDITY C-1 restart hold="; len(said.Get(58)) < len(word) || said.Get(58)[:len(word)] != word {
			t.Errorf("%s: %s", id, said)
		}
		w.resent(said)
	}
	if err := h.Logout(ctx); err != nil && !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	verify(ctx, t, g, dir)
	w.nothingDealt(dir, ids)
}

// resent asks for one report again: it comes as it was, flagged.
func (w *heldWorld) resent(report Fields) {
	w.t.Helper()
	c := w.stock.Client
	_, in := c.Numbers()
	n := report.Int(34)
	c.Expect(n) // As if it had not been received.
	if err := c.Send("2", fmt.Sprintf("7=%d", n), fmt.Sprintf("16=%d", n)); err != nil {
		w.t.Fatal(err)
	}
	again, err := c.NextOf(w.ctx, "8")
	if err != nil {
		w.t.Fatal(err)
	}
	says(w.t, "resent", again, "43=Y", "17="+report.Get(17), "150=8", "58="+report.Get(58))
	c.Expect(in)
}

// nothingDealt: the books know the orders, as refused, and no fill.
func (w *heldWorld) nothingDealt(dir string, ids []string) {
	w.t.Helper()
	for _, id := range ids {
		out, talk, code, err := Run(w.ctx, "explain", "order", id, "--account", "DEMO1", "--data-dir", dir, "--json")
		var said struct {
			Events []struct{ Kind, Text string }
		}
		if jerr := json.Unmarshal([]byte(out), &said); err != nil || jerr != nil || code != 0 {
			w.t.Fatalf("explain order %s: exit %d, %v, %v\n%s%s", id, code, err, jerr, out, talk)
		}
		kinds := map[string]int{}
		for _, e := range said.Events {
			kinds[e.Kind]++
		}
		if kinds["OrderHeld"] != 1 || kinds["LastLook"] != 1 || kinds["OrderRejected"] != 1 || kinds["Filled"] != 0 {
			w.t.Errorf("%s in the books of %s: %v", id, filepath.Base(dir), kinds)
		}
	}
	out, talk, code, err := Run(w.ctx, "report", "symmetry", "--data-dir", dir, "--account", "DEMO1", "--format", "json")
	var said struct {
		Rows []symmetryRow `json:"held_orders"`
	}
	if jerr := json.Unmarshal([]byte(out), &said); err != nil || jerr != nil || code != 0 || len(said.Rows) == 0 {
		w.t.Fatalf("report symmetry: exit %d, %v, %v\n%s%s", code, err, jerr, out, talk)
	}
	if row := said.Rows[0]; row.Held != int64(len(ids)) || row.Invalid != row.Held || !decimal.RequireFromString(row.Improvement).IsZero() {
		w.t.Errorf("report symmetry: %+v", row)
	}
}
